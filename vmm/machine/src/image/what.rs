// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Files that are not ELF files: a row for each kind, with the file to give instead.

use std::fmt;

/// A kind of file that users give as IMAGE.
#[derive(Debug, PartialEq, Eq)]
pub struct What {
    /// The bytes that mark the kind, each with its offset.
    magic: &'static [(usize, &'static [u8])],
    /// The name of the kind.
    is: &'static str,
    /// The advice: what to give instead.
    instead: &'static str,
}

/// The number of bytes of a file that decide its kind.
pub const HEAD: usize = 0x1_0100;

const INITRD: &str = "it is the initrd beside an image, and the image is a Linux kernel (vmlinux)";
const DISK: &str = "it is a disk beside an image, and the image is a kernel";
const CONVERT: &str = "convert it (qemu-img convert -O qcow2); it is a disk beside an image, and the image is a kernel";
const FIRMWARE: &str = "guests start without firmware: give the kernel itself (vmlinux)";
const OTHER_KERNEL: &str = "give one that was built for POWER (vmlinux of a ppc64le system)";
const COMPILER: &str = "build the guest with a powerpc64 or powerpc64le compiler";
const INSIDE: &str = "unpack it and give the kernel inside (vmlinux)";

const fn row(
    magic: &'static [(usize, &'static [u8])],
    is: &'static str,
    instead: &'static str,
) -> What {
    What { magic, is, instead }
}

/// The rows. The first one that fits is right, so longer magics come before shorter ones.
const KINDS: &[What] = &[
    // cpio(5): the new ASCII format without and with checksums, the old one, and the binary one.
    row(&[(0, b"070701")], "an initrd (a cpio archive)", INITRD),
    row(&[(0, b"070702")], "an initrd (a cpio archive)", INITRD),
    row(&[(0, b"070707")], "an initrd (a cpio archive)", INITRD),
    row(&[(0, b"\xc7\x71")], "an initrd (a cpio archive)", INITRD),
    row(&[(0, b"\x71\xc7")], "an initrd (a cpio archive)", INITRD),
    // Linux: Documentation/arch/x86/boot.rst.
    row(&[(0x202, b"HdrS")], "a Linux kernel for x86 (bzImage)", OTHER_KERNEL),
    // Linux: Documentation/arch/arm64/booting.rst, Documentation/arch/riscv/boot-image-header.rst.
    row(&[(56, b"ARM\x64")], "a Linux kernel for 64-bit ARM", OTHER_KERNEL),
    row(&[(56, b"RSC\x05")], "a Linux kernel for RISC-V", OTHER_KERNEL),
    row(
        &[(0, b"MZ")],
        "a program for EFI or Windows (PE)",
        "EFI is not here: give the kernel itself (vmlinux)",
    ),
    // Linux for POWER begins with instructions that it can read in either byte order.
    row(
        &[(0, b"\x08\x00\x00\x48")],
        "a kernel without its ELF headers",
        "give the file that it was made of (vmlinux)",
    ),
    row(&[(0x28, b"magic123")], "firmware (SLOF)", FIRMWARE),
    row(&[(0, b"\x7f\xe0\x00\x08"), (0x10, b"\x08\x00\x00\x48")], "firmware (skiboot)", FIRMWARE),
    row(&[(0, b"PARTITION"), (0x1000, b"PARTITION")], "firmware (a PNOR image)", FIRMWARE),
    row(&[(0, b"<CHRP-BOOT>")], "a boot script of Open Firmware", FIRMWARE),
    row(&[(0, b"\x01\xdf")], "a program for AIX or Open Firmware (XCOFF)", FIRMWARE),
    row(&[(0, b"\x01\xf7")], "a program for AIX or Open Firmware (XCOFF)", FIRMWARE),
    // Devicetree Specification 0.4, 5.2. A FIT image is a device tree, too.
    row(
        &[(0, b"\xd0\x0d\xfe\xed")],
        "a device tree (or a FIT image of U-Boot)",
        "the machine has one of its own: give a kernel (vmlinux)",
    ),
    row(
        &[(0, b"\x27\x05\x19\x56")],
        "an image for U-Boot",
        "take the kernel out of it (dumpimage -p 0 -o vmlinux.gz) and give that",
    ),
    row(&[(0, b"QFI\xfb")], "a disk (qcow2)", DISK),
    row(&[(0, b"KDMV")], "a disk (VMDK)", CONVERT),
    row(&[(0, b"vhdxfile")], "a disk (VHDX)", CONVERT),
    row(&[(0, b"conectix")], "a disk (VHD)", CONVERT),
    row(&[(0x40, b"\x7f\x10\xda\xbe")], "a disk (VDI)", CONVERT),
    row(&[(0x200, b"EFI PART")], "a disk (with a GPT)", DISK),
    row(&[(0x8001, b"CD001")], "a CD (ISO 9660)", DISK),
    row(&[(0x438, b"\x53\xef")], "a file system (ext2, 3 or 4)", DISK),
    row(&[(0x1_0040, b"_BHRfS_M")], "a file system (btrfs)", DISK),
    row(&[(0, b"XFSB")], "a file system (XFS)", DISK),
    row(&[(0, b"hsqs")], "a file system (squashfs)", DISK),
    row(&[(510, b"\x55\xaa")], "a disk (with a boot sector)", DISK),
    row(&[(0, b"!<arch>\ndebian-binary")], "a Debian package", INSIDE),
    row(&[(0, b"!<arch>\n")], "a library (ar)", COMPILER),
    row(&[(0, b"\xed\xab\xee\xdb")], "an RPM package", INSIDE),
    row(&[(257, b"ustar")], "a tar archive", INSIDE),
    row(&[(0, b"PK\x03\x04")], "a zip archive", INSIDE),
    row(&[(0, b"7z\xbc\xaf\x27\x1c")], "a 7z archive", INSIDE),
    row(&[(0, b"BZh")], "packed by bzip2", "unpack it first (bunzip2)"),
    row(&[(0, b"\x04\x22\x4d\x18")], "packed by lz4", "unpack it first (unlz4)"),
    row(&[(0, b"\x02\x21\x4c\x18")], "packed by lz4", "unpack it first (unlz4)"),
    row(&[(0, b"\x89LZO\x00\x0d\x0a\x1a\x0a")], "packed by lzop", "unpack it first (lzop -d)"),
    row(&[(0, b"\x1f\x9d")], "packed by compress", "unpack it first (uncompress)"),
    row(&[(0, b"\x1f\x8b")], "packed by gzip more than once", "unpack it first (gunzip)"),
    row(&[(0, b"\xfd7zXZ\x00")], "packed by xz more than once", "unpack it first (unxz)"),
    row(&[(0, b"\x28\xb5\x2f\xfd")], "packed by zstd more than once", "unpack it first (unzstd)"),
    row(&[(0, b"#!")], "a script", COMPILER),
];

const EMPTY: What = row(&[], "an empty file", COMPILER);
const UNKNOWN: What = row(&[], "", COMPILER);

/// The kind of a file that begins with these bytes. [`HEAD`] bytes are enough.
pub fn of(head: &[u8]) -> &'static What {
    let there =
        |&(at, bytes): &(usize, &[u8])| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    if head.is_empty() {
        return &EMPTY;
    }
    KINDS.iter().find(|kind| kind.magic.iter().all(there)).unwrap_or(&UNKNOWN)
}

impl What {
    /// True for a file that is the initrd beside an image.
    pub fn is_initrd(&self) -> bool {
        self.instead == INITRD
    }

    /// True for a file that is a disk beside an image, perhaps after it is converted.
    pub fn is_disk(&self) -> bool {
        [DISK, CONVERT].contains(&self.instead)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = if self.is.is_empty() { "" } else { ", " };
        write!(f, "{}{comma}not an ELF file; {}", self.is, self.instead)
    }
}
