// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A `zImage` of Linux for POWER: a small ELF program that unpacks the kernel in one of its sections (Linux:
//! `arch/powerpc/boot/wrapper`). Firmware would run it; here the kernel is taken out.

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader};

/// The name of the section with the kernel, packed or not.
const KERNEL: &[u8] = b".kernel:vmlinux.strip";
/// The name of the section with an initrd, packed as the kernel gets it.
const INITRD: &[u8] = b".kernel:initrd";

/// The contents of a `zImage`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents<'a> {
    /// The kernel, packed or not.
    pub kernel: &'a [u8],
    /// The initrd that comes with it.
    pub initrd: Option<&'a [u8]>,
}

/// The contents of a `zImage`, if the file is one. The wrapper is a 32-bit or a 64-bit program, of either endianness.
pub fn contents(file: &[u8]) -> Option<Contents<'_>> {
    let section = |name| {
        section::<FileHeader64<Endianness>>(file, name)
            .or_else(|| section::<FileHeader32<Endianness>>(file, name))
    };
    Some(Contents { kernel: section(KERNEL)?, initrd: section(INITRD) })
}

/// The bytes of a section.
fn section<'a, H: FileHeader<Endian = Endianness>>(
    file: &'a [u8],
    name: &[u8],
) -> Option<&'a [u8]> {
    let header = H::parse(file).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, file).ok()?;
    let (_, section) = sections.section_by_name(endian, name)?;
    section.data(endian, file).ok().filter(|data| !data.is_empty())
}
