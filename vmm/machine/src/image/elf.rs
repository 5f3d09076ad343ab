// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! An ELF64 file for POWER (either endianness) or x86-64, from its bytes to checked segments.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader, ProgramHeader, Sym};
use object::{Endian, Endianness};
use thiserror::Error;

use super::program;
use super::what::{self, What};

/// An image as its file describes it. Every range of the file that it names exists.
#[derive(Debug)]
pub struct Elf<'data> {
    /// The architecture of its instructions.
    pub arch: Arch,
    /// The way in which its addresses become addresses of guest RAM.
    pub kind: Kind,
    /// The address of the first instruction, in the image's own (virtual) addresses.
    pub entry: u64,
    /// The segments to load, in the order of the file; none is empty.
    pub segments: Vec<Segment<'data>>,
}

/// The processors that can run an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// POWER, in software.
    Power,
    /// x86-64, under KVM.
    X86,
}

/// The two kinds of image that can be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ET_EXEC: linked to a fixed address.
    Fixed,
    /// ET_DYN: position-independent; it relocates itself.
    Relocatable,
}

/// One PT_LOAD segment.
#[derive(Debug)]
pub struct Segment<'data> {
    /// The index of the program header, for messages.
    pub index: usize,
    /// p_vaddr.
    pub virt: u64,
    /// p_paddr.
    pub phys: u64,
    /// The bytes from the file, which come first.
    pub data: &'data [u8],
    /// The size in memory, at least `data.len()`. The rest is zero.
    pub size: u64,
    /// True when instructions may be in it.
    pub executable: bool,
}

/// The reason for which a file is not an image that can be run.
#[derive(Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum ElfError {
    #[error("{0}")]
    NotElf(&'static What),
    #[error(
        "a program of an operating system, not a guest; run it in Linux: give a kernel (vmlinux) as the image and \
         the program in an initrd, or build a guest (guest-images/README.md)"
    )]
    Program,
    #[error(
        "a Linux kernel for x86-64, which needs a PC; x86-64 guests are built for hypercalls \
         (guest-images/X86-GATE.md), and Linux runs as a POWER guest (vmlinux of a ppc64le system)"
    )]
    PcKernel,
    #[error("truncated: the file ends inside {what}; copy or build it again")]
    Truncated { what: String },
    #[error("a 32-bit ELF file{}; {}", machine_name(*.0), for_32_bit(*.0))]
    Not64Bit(u16),
    #[error("an ELF file with a damaged header ({what}); build it again")]
    Damaged { what: String },
    #[error(
        "built for another machine (ELF machine {0}{name}; POWER is 21, x86-64 is 62); \
         build the guest with a powerpc64, powerpc64le or x86_64 compiler",
        name = machine_name(*.0)
    )]
    OtherMachine(u16),
    #[error("an object file, not an executable; link it")]
    NotLinked,
    #[error("ELF type {0}, not an executable; link the guest with -static or -static-pie")]
    OtherType(u16),
    #[error("has no segment to load; link the guest to an executable")]
    NothingToLoad,
    #[error(
        "segment {index} has more bytes in the file ({file}) than in memory ({size}); link it again"
    )]
    FileExceedsMemory { index: usize, file: u64, size: u64 },
    #[error("segment {index} wraps around the end of the address space; link it elsewhere")]
    Wraps { index: usize },
}

type Header = FileHeader64<Endianness>;

impl<'data> Elf<'data> {
    /// Reads and checks the headers. Nothing in the result is outside the file.
    pub fn parse(file: &'data [u8]) -> Result<Elf<'data>, ElfError> {
        if program::is_one(file) {
            return Err(ElfError::Program);
        }
        let (header, endian) = header(file)?;
        let arch = arch(header, endian)?;
        if arch == Arch::X86 && program::is_pc_kernel(file) {
            return Err(ElfError::PcKernel);
        }
        let kind = kind(header, endian)?;
        let headers = header.program_headers(endian, file).map_err(|error| {
            match header.e_phentsize(endian) {
                // The size of the entries is right, so their place is wrong.
                56 => ElfError::Truncated { what: "the program headers".into() },
                _ => ElfError::Damaged { what: error.to_string() },
            }
        })?;
        let mut segments = Vec::new();
        for (index, header) in headers.iter().enumerate() {
            if header.p_type(endian) == elf::PT_LOAD && header.p_memsz(endian) != 0 {
                segments.push(segment(file, index, header, endian)?);
            }
        }
        if segments.is_empty() {
            return Err(ElfError::NothingToLoad);
        }
        Ok(Elf { arch, kind, entry: header.e_entry(endian), segments })
    }
}

/// The symbol table of an image: for each symbol its section's index, its value, its size and its name. Empty if the file
/// has none or a damaged one.
pub(super) fn symbols(file: &[u8]) -> Vec<Symbol<'_>> {
    let Ok((header, endian)) = header(file) else { return Vec::new() };
    let table = header.sections(endian, file);
    let Ok(table) = table.and_then(|sections| sections.symbols(endian, file, elf::SHT_SYMTAB))
    else {
        return Vec::new();
    };
    let symbol = |symbol: &elf::Sym64<Endianness>| {
        let code = matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_NOTYPE);
        let name = symbol.name(endian, table.strings()).ok()?;
        let (value, size) = (symbol.st_value(endian), symbol.st_size(endian));
        (code && !symbol.is_undefined(endian)).then_some(Symbol { value, size, name })
    };
    table.iter().filter_map(symbol).collect()
}

/// A symbol that may be of code.
pub(super) struct Symbol<'data> {
    /// st_value.
    pub(super) value: u64,
    /// st_size; 0 when it is not known.
    pub(super) size: u64,
    pub(super) name: &'data [u8],
}

/// The file header, and the endianness of the image.
fn header(file: &[u8]) -> Result<(&Header, Endianness), ElfError> {
    let damaged = |error: object::read::Error| ElfError::Damaged { what: error.to_string() };
    if !file.starts_with(&elf::ELFMAG) {
        return Err(ElfError::NotElf(what::of(file)));
    }
    match file.get(4) {
        Some(class) if *class == elf::ELFCLASS32.0 => {
            return Err(ElfError::Not64Bit(machine(file)));
        }
        Some(_) if file.len() >= size_of::<Header>() => {}
        _ => return Err(ElfError::Truncated { what: "the ELF header".into() }),
    }
    let header = Header::parse(file).map_err(damaged)?;
    let endian = header.endian().map_err(damaged)?;
    Ok((header, endian))
}

/// The e_machine of a file of either class, if it can be read.
fn machine(file: &[u8]) -> u16 {
    let (Some(order), Some(&[first, second])) = (file.get(5), file.get(18..20)) else { return 0 };
    let big = *order == elf::ELFDATA2MSB.0;
    if big { u16::from_be_bytes([first, second]) } else { u16::from_le_bytes([first, second]) }
}

/// The name of a machine, for machines whose files users are likely to have.
fn machine_name(machine: u16) -> &'static str {
    match elf::Machine(machine) {
        elf::EM_386 | elf::EM_X86_64 => " for x86",
        elf::EM_ARM => " for 32-bit ARM",
        elf::EM_AARCH64 => " for 64-bit ARM",
        elf::EM_PPC => " for 32-bit POWER",
        elf::EM_RISCV => " for RISC-V",
        elf::EM_S390 => " for IBM Z",
        elf::EM_MIPS => " for MIPS",
        elf::EM_SPARCV9 => " for SPARC",
        _ => "",
    }
}

/// The advice for a 32-bit file. Compilers for POWER and x86 make 64-bit code on request; others cannot build a guest.
fn for_32_bit(machine: u16) -> &'static str {
    match elf::Machine(machine) {
        elf::EM_PPC | elf::EM_PPC64 | elf::EM_386 => "build the guest with -m64",
        _ => "build the guest with a powerpc64 or powerpc64le compiler",
    }
}

fn arch(header: &Header, endian: Endianness) -> Result<Arch, ElfError> {
    match (header.e_machine(endian), endian) {
        (elf::EM_PPC64, _) => Ok(Arch::Power),
        (elf::EM_X86_64, Endianness::Little) => Ok(Arch::X86),
        (other, _) => Err(ElfError::OtherMachine(other.0)),
    }
}

fn kind<E: Endian>(header: &FileHeader64<E>, endian: E) -> Result<Kind, ElfError> {
    match header.e_type(endian) {
        elf::ET_EXEC => Ok(Kind::Fixed),
        elf::ET_DYN => Ok(Kind::Relocatable),
        elf::ET_REL => Err(ElfError::NotLinked),
        other => Err(ElfError::OtherType(other.0)),
    }
}

fn segment<'data>(
    file: &'data [u8],
    index: usize,
    header: &ProgramHeader64<Endianness>,
    endian: Endianness,
) -> Result<Segment<'data>, ElfError> {
    let truncated = |()| ElfError::Truncated { what: format!("segment {index}") };
    let (virt, phys) = (header.p_vaddr(endian), header.p_paddr(endian));
    let (in_file, size) = (header.p_filesz(endian), header.p_memsz(endian));
    if in_file > size {
        return Err(ElfError::FileExceedsMemory { index, file: in_file, size });
    }
    if virt.checked_add(size).is_none() || phys.checked_add(size).is_none() {
        return Err(ElfError::Wraps { index });
    }
    let data = header.data(endian, file).map_err(truncated)?;
    let executable = header.p_flags(endian).0 & elf::PF_X.0 != 0;
    Ok(Segment { index, virt, phys, data, size, executable })
}
