// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest image with scripts appended: one self-contained ELF file.
//!
//! The runner's committed image is not changed. A program header for one more segment is added at the end of
//! the file, which ELF allows, and the segment contains the scripts.

use object::elf::{EM_PPC64, FileHeader64, PF_R, PT_LOAD, ProgramHeader64};
use object::endian::{Endian, Endianness, U32, U64};
use object::pod::bytes_of_slice;
use object::read::elf::{FileHeader, ProgramHeader};

/// Offset of the scripts from the start of the image in memory.
const BLOB_AT: u64 = 0x10_0000;

/// Address of the scripts in memory: images start at 4 MiB.
pub const STEPS_AT: u64 = 0x40_0000 + BLOB_AT;

/// The runner for little-endian POWER, for big-endian POWER, and for x86-64.
pub const RUNNERS: [(&str, &[u8]); 3] = [
    ("le", include_bytes!("../images/comply-le.elf")),
    ("be", include_bytes!("../images/comply-be.elf")),
    ("x86", include_bytes!("../images/comply-x86.elf")),
];

/// The runner of this kind.
pub fn runner(kind: &str) -> Option<&'static [u8]> {
    RUNNERS.iter().find(|(name, _)| *name == kind).map(|(_, image)| *image)
}

/// The runner with scripts appended. Errors: the runner is not an ELF file as the linker makes them.
pub fn with_blob(runner: &[u8], blob: &[u8]) -> Result<Vec<u8>, object::read::Error> {
    let header = FileHeader64::<Endianness>::parse(runner)?;
    let endian = header.endian()?;
    let mut headers = header.program_headers(endian, runner)?.to_vec();
    let loads = headers.iter().filter(|segment| segment.p_type(endian) == PT_LOAD);
    let start = loads.map(|segment| segment.p_vaddr(endian)).min().unwrap_or(0);

    let mut image = runner.to_vec();
    image.resize(image.len().next_multiple_of(256), 0);
    let size = (headers.len() + 1) * size_of::<ProgramHeader64<Endianness>>();
    let (table, data) = (image.len() as u64, (image.len() + size).next_multiple_of(256) as u64);
    headers.push(segment(endian, start + BLOB_AT, data, blob.len() as u64));
    image.extend_from_slice(bytes_of_slice(&headers));
    image.resize(image.len().next_multiple_of(256), 0);
    image.extend_from_slice(blob);

    let count = u16::try_from(headers.len()).unwrap_or(u16::MAX);
    put(&mut image, E_PHOFF, &bytes(endian, table));
    let count = u64::from(count).to_be_bytes();
    let count = if endian.is_big_endian() { [count[6], count[7]] } else { [count[7], count[6]] };
    put(&mut image, E_PHNUM, &count);
    Ok(image)
}

/// Offsets of fields of an ELF64 header (System V ABI, chapter 4).
const E_PHOFF: usize = 32;
const E_PHNUM: usize = 56;

fn put(image: &mut [u8], at: usize, bytes: &[u8]) {
    image[at..at + bytes.len()].copy_from_slice(bytes);
}

fn bytes(endian: Endianness, value: u64) -> [u8; 8] {
    if endian.is_big_endian() { value.to_be_bytes() } else { value.to_le_bytes() }
}

fn segment(endian: Endianness, at: u64, offset: u64, size: u64) -> ProgramHeader64<Endianness> {
    let number = |value| U64::new(endian, value);
    ProgramHeader64 {
        p_type: U32::new(endian, PT_LOAD),
        p_flags: U32::new(endian, PF_R),
        p_offset: number(offset),
        p_vaddr: number(at),
        p_paddr: number(at),
        p_filesz: number(size),
        p_memsz: number(size),
        p_align: number(256),
    }
}

/// True for a runner for POWER.
pub fn is_power(image: &[u8]) -> bool {
    FileHeader64::<Endianness>::parse(image)
        .and_then(|header| Ok(header.e_machine(header.endian()?) == EM_PPC64))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_with_the_scripts_is_added_and_the_others_stay() {
        for (kind, runner) in RUNNERS {
            let image = with_blob(runner, b"scripts!").expect(kind);
            let header = FileHeader64::<Endianness>::parse(&*image).expect(kind);
            let endian = header.endian().expect(kind);
            let before = FileHeader64::<Endianness>::parse(runner).expect(kind);
            let old = before.program_headers(endian, runner).expect(kind);
            let new = header.program_headers(endian, &*image).expect(kind);
            assert_eq!(new.len(), old.len() + 1, "{kind}");
            assert_eq!(bytes_of_slice(&new[..old.len()]), bytes_of_slice(old), "{kind}");
            let last = new.last().expect(kind);
            let first = old[0].p_vaddr(endian);
            assert_eq!(last.p_vaddr(endian), first + 0x10_0000, "{kind}");
            assert_eq!(last.data(endian, &*image), Ok(&b"scripts!"[..]), "{kind}");
        }
    }
}
