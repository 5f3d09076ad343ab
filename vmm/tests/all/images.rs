// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Images as people have them: packed, in a `zImage`, or a file that is not an image, which the message
//! names.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::asm::{self, hcall, power_off, print};
use crate::support::{Files, arg, code, elf, run, stderr, stdout};
use machine::boot::Config;
use machine::image;
use machine::image::initrd::Initrd;
use machine::memory::RamSize;
use tests::skip;
use vm_memory::{Bytes, GuestAddress};

/// Runs an image and returns exit code and stderr.
fn ran(image: &Path, more: &[&str]) -> (i32, String, String) {
    let output = run([&["-m", "16M"], more, &[arg(image)]].concat());
    (code(&output), stdout(&output), stderr(&output))
}

/// Checks that a file is refused in one line that contains these words.
fn refused(path: &Path, says: &[&str]) {
    let (exit, printed, message) = ran(path, &[]);
    assert_eq!((exit, printed.as_str()), (3, ""), "{}: {message}", path.display());
    assert_eq!(message.lines().count(), 1, "{message}");
    for words in says {
        assert!(message.contains(words), "{words:?} is not in {message}");
    }
}

/// The output of a program for an input.
fn through(program: &str, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} {args:?}");
    output.stdout
}

/// The packers of Linux' build (Linux: `scripts/Makefile.lib`, `arch/powerpc/boot/wrapper`), and others.
const PACKERS: [(&str, &[&str]); 8] = [
    ("gzip", &["-n", "-9", "-c"]),
    ("xz", &["--check=crc32", "-6", "-c"]),
    ("xz", &["--check=crc32", "--powerpc", "--lzma2=dict=32MiB", "-c"]),
    ("xz", &["--check=sha256", "-9", "-c"]),
    ("xz", &["--format=lzma", "-9", "-c"]),
    ("zstd", &["-19", "-c"]),
    ("zstd", &["--ultra", "-22", "--long=27", "-c"]),
    ("zstd", &["-1", "--no-check", "-c"]),
];

#[test]
fn a_packed_image_runs() {
    let files = Files::new();
    for (program, args) in PACKERS {
        if skip::tool("a_packed_image_runs", program) {
            let image = through(program, args, &asm::hello("unpacked\n"));
            let image = files.write("vmlinuz", image);
            let expected = (0, "unpacked\n".into(), String::new());
            assert_eq!(ran(&image, &[]), expected, "{program} {args:?}");
        }
    }
}

#[test]
fn a_packed_image_is_unpacked_again_when_its_guest_reboots() {
    let files = Files::new();
    // In the second run the console has input, which a reboot must keep. So the guest reads; without input it
    // reboots.
    let (_, token) = ::hcall::rtas_tokens().find(|(name, _)| *name == "system-reboot").unwrap();
    let args = 0x18_0000;
    let reboot = hcall(0xf000, &[args]);
    let mut guest = asm::guest([print("up\n"), reboot].concat());
    guest.segments[1].data = [token, 0, 1, u32::MAX].map(u32::to_be_bytes).concat();
    let image = files.write("vmlinuz", through("gzip", &["-c"], &guest.bytes()));
    let (exit, printed, message) = ran(&image, &["--timeout", "1"]);
    assert_eq!(exit, 124, "{message}");
    assert!(printed.starts_with("up\nup\n"), "{printed:?}");
}

#[test]
fn a_packed_image_that_is_damaged_or_too_large_is_refused() {
    let files = Files::new();
    let packed = through("gzip", &["-c"], &asm::hello("hello\n"));
    for end in [3, 10, packed.len() / 2, packed.len() - 1] {
        let path = files.write("vmlinuz", &packed[..end]);
        refused(&path, &["packed by gzip, but damaged", "copy or build it again"]);
    }
    let mut large = asm::hello("hello\n");
    large.resize(17 << 20, 0); // more than -m 16M
    let path = files.write("vmlinuz", through("gzip", &["-1", "-c"], &large));
    refused(&path, &["packed by gzip", "larger than 16777216 bytes", "-m"]);
}

/// An ELF file with sections of these names (System V ABI, chapter 4).
fn with_sections(wide: bool, big: bool, machine: u16, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let number = |value: u64, len: usize| match big {
        true => value.to_be_bytes()[8 - len..].to_vec(),
        false => value.to_le_bytes()[..len].to_vec(),
    };
    let word = if wide { 8 } else { 4 };
    let header_len = if wide { 64 } else { 52 };
    let mut names = b"\0.shstrtab\0".to_vec();
    let (mut data, mut headers) = (Vec::new(), vec![[0; 4]]);
    for (name, bytes) in sections {
        headers.push([names.len() as u64, 1, header_len + data.len() as u64, bytes.len() as u64]);
        names.extend(name.bytes().chain([0]));
        data.extend(*bytes);
    }
    headers.push([1, 3, header_len + data.len() as u64, names.len() as u64]);
    data.extend(names);
    let count = headers.len() as u64;
    let mut file = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(wide), 1 + u8::from(big), 1];
    file.resize(16, 0);
    for (value, len) in [
        (2, 2),
        (machine.into(), 2),
        (1, 4),
        (0x40_0000, word), // entry
        (0, word),
        (header_len + data.len() as u64, word), // section headers
        (0, 4),
        (header_len, 2),
        (0, 2),
        (0, 2),
        (if wide { 64 } else { 40 }, 2),
        (count, 2),
        (count - 1, 2),
    ] {
        file.extend(number(value, len));
    }
    file.extend(data);
    for [name, kind, offset, size] in headers {
        for (value, len) in [
            (name, 4),
            (kind, 4),
            (0, word),
            (0, word),
            (offset, word),
            (size, word),
            (0, 4),
            (0, 4),
            (1, word),
            (0, word),
        ] {
            file.extend(number(value, len));
        }
    }
    file
}

/// The wrappers that Linux builds: 32-bit big-endian, 64-bit of either endianness.
const WRAPPERS: [(bool, bool, u16); 3] = [(false, true, 20), (true, true, 21), (true, false, 21)];

#[test]
fn the_kernel_of_a_zimage_runs() {
    let files = Files::new();
    let kernel = asm::hello("from a zImage\n");
    let packed = [kernel.clone(), through("gzip", &["-n", "-9", "-c"], &kernel)];
    for (wide, big, machine) in WRAPPERS {
        for kernel in &packed {
            let sections = [
                (".text", &[0x60, 0, 0, 0][..]),
                (".kernel:dtb", b"\xd0\x0d\xfe\xed"),
                (".kernel:vmlinux.strip", kernel),
            ];
            let zimage = with_sections(wide, big, machine, &sections);
            let expected = (0, "from a zImage\n".into(), String::new());
            assert_eq!(ran(&files.write("zImage", &zimage), &[]), expected, "{wide} {big}");
            // Packed a second time, as distributions do.
            let again = files.write("zImage.gz", through("gzip", &["-c"], &zimage));
            assert_eq!(ran(&again, &[]), expected, "{wide} {big}");
        }
    }
    let nothing = with_sections(false, true, 20, &[(".kernel:vmlinux.strip", b"no kernel")]);
    refused(&files.write("zImage", nothing), &["not an ELF file"]);
}

// Linux: `addsec` of arch/powerpc/boot/wrapper.
#[test]
fn a_zimage_that_binutils_made_runs() {
    let (test, objcopy) = ("a_zimage_that_binutils_made_runs", "powerpc64le-linux-gnu-objcopy");
    if !skip::tool(test, objcopy) {
        return;
    }
    let files = Files::new();
    let kernel = through("gzip", &["-n", "-9", "-c"], &asm::hello("from a zImage\n"));
    let (kernel, zimage) = (files.write("vmlinux.gz", kernel), files.path("zImage"));
    let wrapper =
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/replace-le.elf"));
    let section = format!("--add-section=.kernel:vmlinux.strip={}", kernel.display());
    let flags = "--set-section-flags=.kernel:vmlinux.strip=contents,alloc,load,readonly,data";
    let made = Command::new(objcopy).args([&section, flags, arg(wrapper), arg(&zimage)]).status();
    assert!(made.is_ok_and(|status| status.success()));
    assert_eq!(ran(&zimage, &[]), (0, "from a zImage\n".into(), String::new()));
}

#[test]
fn the_initrd_of_a_zimage_is_loaded_unless_another_is_given() {
    let files = Files::new();
    let kernel = asm::hello("hello\n");
    let sections = [(".kernel:initrd", &b"its own initrd"[..]), (".kernel:vmlinux.strip", &kernel)];
    let zimage = files.write("zImage", with_sections(false, true, 20, &sections));
    let ram = RamSize::new(16 << 20).unwrap();
    let image = image::load(&zimage, ram).unwrap();
    assert_eq!(image.initrd.as_deref(), Some(&b"its own initrd"[..]));
    let boot = Config {
        ram,
        initrd: image.initrd.as_deref().map(Initrd::Bytes),
        ..Config::new(&image.kernel)
    };
    let ready = boot.ready().unwrap();
    let place = ready.initrd.expect("a place");
    let mut loaded = vec![0; (place.end - place.start) as usize];
    ready.memory.read_slice(&mut loaded, GuestAddress(place.start)).unwrap();
    assert_eq!(loaded, b"its own initrd");
    // With --initrd the user's initrd is used, and a message mentions the other one.
    let other = files.write("initrd", "another");
    let (exit, _, message) = ran(&zimage, &["--initrd", arg(&other)]);
    assert_eq!(exit, 0);
    assert!(message.contains("has an initrd of its own"), "{message}");
}

/// Writes bytes at offsets of a file of zeros.
fn made_of(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut file = vec![0; 0x2_0000];
    for (at, bytes) in parts {
        file[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    file
}

#[test]
fn what_is_no_image_is_named_with_what_to_give_instead() {
    let files = Files::new();
    let cpio: &[(usize, &[u8])] = &[(0, b"070701")];
    for (parts, says) in [
        (cpio, ["initrd", "--initrd"]),
        (&[(0, b"\xc7\x71\0\0")], ["initrd", "--initrd"]),
        (&[(0, b"QFI\xfb\0\0\0\x03")], ["qcow2", "--disk"]),
        (&[(510, b"\x55\xaa")], ["a disk", "--disk"]),
        (&[(0x438, b"\x53\xef")], ["file system", "--disk"]),
        (&[(0x8001, b"CD001")], ["ISO 9660", "--disk"]),
        (&[(0, b"KDMV")], ["VMDK", "qemu-img convert"]),
        (&[(0x202, b"HdrS")], ["kernel for x86", "POWER"]),
        (&[(0, b"MZ"), (56, b"ARM\x64")], ["64-bit ARM", "POWER"]),
        (&[(0, b"MZ")], ["EFI", "vmlinux"]),
        (&[(0, b"\xd0\x0d\xfe\xed")], ["device tree", "vmlinux"]),
        (&[(0, b"\x27\x05\x19\x56")], ["U-Boot", "dumpimage"]),
        (&[(0x28, b"magic123")], ["SLOF", "without firmware"]),
        (&[(0, b"!<arch>\ndebian-binary   ")], ["Debian package", "vmlinux"]),
        (&[(0, b"\xed\xab\xee\xdb")], ["RPM", "vmlinux"]),
        (&[(257, b"ustar")], ["tar archive", "vmlinux"]),
        (&[(0, b"BZh9")], ["bzip2", "bunzip2"]),
        (&[(0, b"\x04\x22\x4d\x18")], ["lz4", "unlz4"]),
        (&[(0, b"#!/bin/sh\n")], ["a script", "powerpc64"]),
        (&[(0, b"hello")], ["not an ELF file", "powerpc64"]),
    ] {
        refused(&files.write("file", made_of(parts)), &says);
    }
    refused(&files.write("file", ""), &["an empty file", "powerpc64"]);
}

#[test]
fn what_is_packed_and_no_kernel_is_named_however_large_it_is() {
    let files = Files::new();
    let cpio = [b"070701".to_vec(), vec![0; 64 << 20]].concat(); // larger than guest RAM
    let initrd = files.write("initrd.gz", through("gzip", &["-1", "-c"], &cpio));
    refused(&initrd, &["packed by gzip", "an initrd", "--initrd"]);
    let twice = through("gzip", &["-c"], &through("gzip", &["-c"], &asm::hello("hello\n")));
    refused(&files.write("twice.gz", twice), &["packed by gzip more than once", "gunzip"]);
}

#[test]
fn firmware_is_named() {
    let mut found = false;
    for (path, name) in [
        ("/usr/share/qemu/slof.bin", "SLOF"),
        ("/usr/share/slof/slof.bin", "SLOF"),
        ("/usr/share/qemu/skiboot.lid", "skiboot"),
    ] {
        if Path::new(path).exists() {
            found = true;
            refused(Path::new(path), &["firmware", name, "vmlinux"]);
        }
    }
    if !found {
        skip::skip("firmware_is_named", "QEMU's firmware is not installed");
    }
}

#[test]
fn a_program_of_linux_is_named() {
    let says = ["a program of an operating system", "give a kernel (vmlinux)", "initrd"];
    refused(&env::current_exe().expect("this test"), &says); // an x86-64 program of Linux
    let (test, compiler) = ("a_program_of_linux_is_named", "powerpc64le-linux-gnu-gcc");
    if !skip::tool(test, compiler) {
        return;
    }
    if !Path::new("/usr/powerpc64le-linux-gnu/lib/libc.a").exists() {
        return skip::skip(test, "libc6-dev-ppc64el-cross is not installed");
    }
    let files = Files::new();
    let source = files.write("hello.c", "int main(void) { return 0; }\n");
    for how in ["-static", "-no-pie", "-pie"] {
        let program = files.path("hello");
        let args = [how, "-o", arg(&program), arg(&source)];
        let built = Command::new(compiler).args(args).output();
        assert!(built.is_ok_and(|output| output.status.success()), "{how}");
        refused(&program, &says);
    }
}

// A linker without a script makes such a file of a guest that relocates itself (System V ABI, PT_INTERP).
#[test]
fn a_guest_with_an_interpreter_and_no_library_is_a_guest() {
    let files = Files::new();
    let mut elf = asm::guest([print("a guest\n"), power_off()].concat());
    let name = elf::Segment { addr: 0, data: b"/lib64/ld64.so.2\0".to_vec(), memsz: 17, flags: 4 };
    elf.segments.push(name);
    let interpreter = elf::phdr(2, 0);
    let image = elf::patched(&elf.bytes(), interpreter, &3u32.to_be_bytes()); // PT_INTERP
    let expected = (0, "a guest\n".into(), String::new());
    assert_eq!(ran(&files.write("guest", image), &[]), expected);
}

// Programs without a C library have no note that identifies them: musl's, Go's of old.
#[test]
fn code_that_makes_system_calls_only_is_suspected() {
    let files = Files::new();
    for big in [true, false] {
        // li r0,1; sc; b .; words of a program of that endianness
        let words: [u32; 3] = [0x3800_0001, 0x4400_0002, 0x4800_0000];
        let order = |word: u32| if big { word.to_be_bytes() } else { word.to_le_bytes() };
        let mut elf = elf::Elf::fixed(0x20_0000, words.into_iter().flat_map(order).collect());
        elf.big = big;
        let (exit, _, message) = ran(&files.write("program", elf.bytes()), &["--timeout", "0.5"]);
        assert!(exit == 4 || exit == 124, "{message}");
        assert!(message.contains("system calls (sc)") && message.contains("initrd"), "{message}");
    }
    let (_, _, message) = ran(&files.write("guest", asm::hello("hello\n")), &[]);
    assert_eq!(message, "");
}

#[test]
fn elf_files_for_other_machines_are_named() {
    let files = Files::new();
    for (wide, big, machine, says) in [
        (false, true, 20, ["32-bit ELF file for 32-bit POWER", "-m64"]),
        (false, false, 3, ["32-bit ELF file for x86", "-m64"]),
        (false, false, 40, ["32-bit ARM", "powerpc64"]),
        (true, false, 183, ["another machine", "64-bit ARM"]),
        (true, false, 243, ["another machine", "RISC-V"]),
        (true, true, 22, ["another machine", "IBM Z"]),
    ] {
        let file = with_sections(wide, big, machine, &[(".text", b"1234")]);
        refused(&files.write("file", file), &says);
    }
}

#[test]
fn the_device_tree_that_we_write_is_no_image() {
    let files = Files::new();
    let tree = files.path("tree.dtb");
    let made = run(["--dump-dtb", arg(&tree)]);
    assert_eq!(code(&made), 0, "{made:?}");
    assert!(fs::metadata(&tree).is_ok_and(|about| about.len() > 0));
    refused(&tree, &["device tree", "vmlinux"]);
}
