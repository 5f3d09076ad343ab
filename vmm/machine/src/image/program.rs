// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! ELF files that run on an operating system and not on a machine, and the marks by which they are recognized.

use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

/// True for a program of an operating system. Such a program names its dynamic linker and the
/// libraries that it needs (System V ABI, PT_INTERP and DT_NEEDED), or the system (Linux Standard Base,
/// NT_GNU_ABI_TAG). One of the first two alone is no mark: linkers write an interpreter into guests that
/// relocate themselves, and kernels of FreeBSD have both, but their interpreter is no linker.
pub fn is_one(file: &[u8]) -> bool {
    says_so::<FileHeader64<Endianness>>(file) || says_so::<FileHeader32<Endianness>>(file)
}

fn says_so<H: FileHeader<Endian = Endianness>>(file: &[u8]) -> bool {
    (interpreter::<H>(file).is_some_and(is_linker) && needs_libraries::<H>(file))
        || has_note::<H>(file, b"GNU", elf::NT_GNU_ABI_TAG.0)
        || has_note::<H>(file, b"Go", 4) // the build ID of a program of Go
}

fn is_linker(path: &[u8]) -> bool {
    path.rsplit(|byte| *byte == b'/')
        .next()
        .is_some_and(|name| name.starts_with(b"ld") || name.starts_with(b"linker"))
}

/// True for a kernel for PCs, by the notes in which Linux and others describe their entry to a hypervisor.
pub fn is_pc_kernel(file: &[u8]) -> bool {
    const PHYS32_ENTRY: u32 = 18; // Xen: public/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY
    has_note::<FileHeader64<Endianness>>(file, b"Xen", PHYS32_ENTRY)
}

/// The program headers of a file of this class, if they can be read.
fn headers<H: FileHeader<Endian = Endianness>>(
    file: &[u8],
) -> Option<(Endianness, &[H::ProgramHeader])> {
    let header = H::parse(file).ok()?;
    let endian = header.endian().ok()?;
    Some((endian, header.program_headers(endian, file).ok()?))
}

fn interpreter<H: FileHeader<Endian = Endianness>>(file: &[u8]) -> Option<&[u8]> {
    let (endian, headers) = headers::<H>(file)?;
    headers.iter().find_map(|header| header.interpreter(endian, file).ok()?)
}

fn needs_libraries<H: FileHeader<Endian = Endianness>>(file: &[u8]) -> bool {
    let Some((endian, headers)) = headers::<H>(file) else { return false };
    headers
        .iter()
        .filter_map(|header| header.dynamic(endian, file).ok()?)
        .any(|entries| entries.iter().any(|entry| entry.d_tag(endian) == elf::DT_NEEDED))
}

fn has_note<H: FileHeader<Endian = Endianness>>(file: &[u8], name: &[u8], kind: u32) -> bool {
    let Some((endian, headers)) = headers::<H>(file) else { return false };
    headers.iter().filter_map(|header| header.notes(endian, file).ok()?).any(|mut notes| {
        // Damaged notes count as absent.
        std::iter::from_fn(|| notes.next().ok().flatten())
            .any(|note| note.name() == name && note.n_type(endian).0 == kind)
    })
}
