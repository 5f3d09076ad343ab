// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A writer of ELF64 files, valid or not (System V ABI, chapters 4 and 5).

pub const ET_EXEC: u16 = 2;
pub const ET_DYN: u16 = 3;
pub const EM_PPC64: u16 = 21;
pub const PF_X: u32 = 1;
pub const PF_RW: u32 = 6;
pub const EHDR: usize = 64;
pub const PHDR: usize = 56;

/// Offsets of fields in the file header and in a program header.
pub mod at {
    pub const CLASS: usize = 4;
    pub const DATA: usize = 5;
    pub const TYPE: usize = 16;
    pub const MACHINE: usize = 18;
    pub const ENTRY: usize = 24;
    pub const PHOFF: usize = 32;
    pub const SHOFF: usize = 40;
    pub const PHENTSIZE: usize = 54;
    pub const PHNUM: usize = 56;
    pub const SHNUM: usize = 60;
    pub const P_OFFSET: usize = 8;
    pub const P_VADDR: usize = 16;
    pub const P_PADDR: usize = 24;
    pub const P_FILESZ: usize = 32;
    pub const P_MEMSZ: usize = 40;
}

/// A segment; its physical address is its virtual one.
#[derive(Clone)]
pub struct Segment {
    pub addr: u64,
    pub data: Vec<u8>,
    pub memsz: u64,
    pub flags: u32,
}

/// The parts of an ELF file.
#[derive(Clone)]
pub struct Elf {
    pub big: bool,
    pub kind: u16,
    pub entry: u64,
    pub segments: Vec<Segment>,
}

impl Elf {
    /// A big-endian fixed image of one segment that starts at its first byte.
    pub fn fixed(addr: u64, code: Vec<u8>) -> Elf {
        let memsz = code.len() as u64;
        let segment = Segment { addr, data: code, memsz, flags: PF_X | PF_RW };
        Elf { big: true, kind: ET_EXEC, entry: addr, segments: vec![segment] }
    }

    /// This file with another segment of zeros.
    pub fn and_zeros(mut self, addr: u64, memsz: u64) -> Elf {
        self.segments.push(Segment { addr, data: Vec::new(), memsz, flags: PF_RW });
        self
    }

    fn number(&self, value: u64, len: usize) -> Vec<u8> {
        match self.big {
            true => value.to_be_bytes()[8 - len..].to_vec(),
            false => value.to_le_bytes()[..len].to_vec(),
        }
    }

    /// The file: header, program headers, then the data of the segments.
    pub fn bytes(&self) -> Vec<u8> {
        let count = self.segments.len();
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, if self.big { 2 } else { 1 }, 1, 0];
        file.resize(16, 0);
        let header = [
            (u64::from(self.kind), 2),
            (u64::from(EM_PPC64), 2),
            (1, 4),
            (self.entry, 8),
            (EHDR as u64, 8),
            (0, 8),
            (2, 4), // ABI version 2
            (EHDR as u64, 2),
            (PHDR as u64, 2),
            (count as u64, 2),
            (64, 2),
            (0, 2),
            (0, 2),
        ];
        file.extend(header.into_iter().flat_map(|(value, len)| self.number(value, len)));
        let mut offset = (EHDR + count * PHDR) as u64;
        for segment in &self.segments {
            let filesz = segment.data.len() as u64;
            file.extend(self.number(1, 4));
            file.extend(self.number(segment.flags.into(), 4));
            for value in [offset, segment.addr, segment.addr, filesz, segment.memsz, 4] {
                file.extend(self.number(value, 8));
            }
            offset += filesz;
        }
        self.segments.iter().for_each(|segment| file.extend(&segment.data));
        file
    }
}

/// A big-endian file with a symbol table behind it: functions with their addresses and sizes.
pub fn with_functions(mut file: Vec<u8>, functions: &[(&str, u64, u64)]) -> Vec<u8> {
    const FUNC: u8 = 2; // STT_FUNC, local
    const ABSOLUTE: u16 = 0xfff1; // SHN_ABS
    let (mut symbols, mut names) = (vec![0; 24], vec![0]);
    for (name, address, size) in functions {
        symbols.extend((names.len() as u32).to_be_bytes());
        symbols.extend([FUNC, 0]);
        symbols.extend(ABSOLUTE.to_be_bytes());
        symbols.extend([address.to_be_bytes(), size.to_be_bytes()].concat());
        names.extend(name.bytes().chain([0]));
    }
    let count = functions.len() as u32 + 1;
    let (symbols_at, names_at) = (file.len(), file.len() + symbols.len());
    let headers_at = names_at + names.len();
    // Type, offset, size, link, first symbol that is not local, size of an entry.
    let header = |kind: u32, at: usize, size: usize, link: u32, info: u32, entry: u64| {
        let mut header = [0_u32, kind].map(u32::to_be_bytes).concat();
        header.extend([0, 0, at as u64, size as u64].map(u64::to_be_bytes).concat());
        header.extend([link, info].map(u32::to_be_bytes).concat());
        header.extend([1, entry].map(u64::to_be_bytes).concat());
        header
    };
    file.extend(&symbols);
    file.extend(&names);
    file.extend(header(0, 0, 0, 0, 0, 0));
    file.extend(header(2, symbols_at, symbols.len(), 2, count, 24)); // SHT_SYMTAB
    file.extend(header(3, names_at, names.len(), 0, 0, 0)); // SHT_STRTAB
    let file = patched(&file, at::SHOFF, &(headers_at as u64).to_be_bytes());
    patched(&file, at::SHNUM, &[3_u16, 2].map(u16::to_be_bytes).concat())
}

/// A copy of a big-endian file with a field overwritten.
pub fn patched(file: &[u8], offset: usize, value: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[offset..offset + value.len()].copy_from_slice(value);
    file
}

/// The offset of a field of a program header.
pub fn phdr(index: usize, field: usize) -> usize {
    EHDR + index * PHDR + field
}
