// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The contents of an x86-64 guest's RAM at entry, besides its image: the boot block, the GDT, the page tables and
//! its arguments. Their formats are in X86-GATE.md; the CPU's requirements for GDT and page tables are
//! in Intel's SDM, volume 3, 3.4.5 and 4.5.

use std::ops::Range;

use hcall::Memory;
use iommu::Window;
use kvm_bindings::{kvm_dtable, kvm_segment, kvm_sregs};
use thiserror::Error;
use vm_memory::{Bytes, GuestAddress, GuestMemoryError};

use crate::fdt::VTY_UNIT;
use crate::memory::RamSize;

const PAGE: u64 = 4096;
const GIB: u64 = 1 << 30;

/// "TCEVMX86" in the order of its bytes.
const MAGIC: u64 = u64::from_le_bytes(*b"TCEVMX86");
const VERSION: u32 = 1;

/// The facts that the boot block reports.
#[derive(Clone, Debug)]
pub struct BootFacts<'a> {
    /// The size of guest RAM.
    pub ram: RamSize,
    /// The number of the guest's CPUs.
    pub cpus: u32,
    /// The default DMA window.
    pub dma_window: Window,
    /// The frequency of the time-stamp counter.
    pub tsc_hz: u64,
    /// The command line of the guest.
    pub append: &'a str,
    /// The place of the initial RAM disk.
    pub initrd: Option<Range<u64>>,
}

/// The addresses in the area that the CPU's registers need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootArea {
    /// The address of the boot block.
    pub block: u64,
    gdt: u64,
    page_tables: u64,
}

/// The reason for which the boot area could not be written.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum AreaError {
    #[error("the boot area of an x86-64 guest takes {size} bytes, {room} fit")]
    Room { size: u64, room: u64 },
    #[error("cannot write the boot area: {0}")]
    Write(#[from] GuestMemoryError),
}

/// A segment: its selector is 8 times its place in [`SEGMENTS`].
struct Segment {
    type_: u8,
    long: u8,
}

/// The GDT behind its null descriptor.
const SEGMENTS: [Segment; 2] = [
    Segment { type_: 0xb, long: 1 }, // 0x08: code, 64 bits, ring 0
    Segment { type_: 0x3, long: 0 }, // 0x10: data, ring 0
];

impl Segment {
    fn descriptor(&self) -> u64 {
        let (present, system, granular) = (1 << 47, 1 << 44, 1 << 55);
        let flat = 0x000f_0000_0000_ffff; // base 0, limit 0xfffff
        let (long, short) = (u64::from(self.long) << 53, u64::from(1 - self.long) << 54);
        flat | present | system | granular | long | short | u64::from(self.type_) << 40
    }

    /// The segment in the form in which the CPU caches it.
    fn cached(&self, selector: u16) -> kvm_segment {
        kvm_segment {
            limit: u32::MAX,
            selector,
            type_: self.type_,
            present: 1,
            s: 1,
            l: self.long,
            db: 1 - self.long,
            g: 1,
            ..kvm_segment::default()
        }
    }
}

/// Writes the boot area to its room in guest RAM.
pub fn write(
    memory: &Memory,
    room: &Range<u64>,
    facts: &BootFacts<'_>,
) -> Result<BootArea, AreaError> {
    let directories = facts.ram.bytes().div_ceil(GIB);
    let area =
        BootArea { block: room.start, gdt: room.start + PAGE, page_tables: room.start + 2 * PAGE };
    let bootargs = area.page_tables + (2 + directories) * PAGE;
    let text = [facts.append.as_bytes(), &[0]].concat();
    let end = bootargs + text.len() as u64;
    if end > room.end {
        return Err(AreaError::Room { size: end - room.start, room: room.end - room.start });
    }
    memory.write_slice(&block(facts, bootargs), GuestAddress(area.block))?;
    memory.write_slice(&text, GuestAddress(bootargs))?;
    write_words(memory, area.gdt + 8, SEGMENTS.iter().map(Segment::descriptor))?;
    write_page_tables(memory, area.page_tables, directories)?;
    Ok(area)
}

/// The boot block: the fields in their order, little-endian, without gaps.
fn block(facts: &BootFacts<'_>, bootargs: u64) -> Vec<u8> {
    let window = &facts.dma_window;
    let token = |name| hcall::rtas_tokens().find(|(n, _)| *n == name).map_or(0, |(_, token)| token);
    let initrd = facts.initrd.clone().unwrap_or_default();
    let two = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    let mut words = [
        MAGIC,
        u64::from(VERSION),
        facts.ram.bytes(),
        two(facts.cpus, VTY_UNIT),
        two(window.liobn().0, window.page_shift().get()),
        window.start().0,
        window.len(),
        facts.tsc_hz,
        two(token("power-off"), token("start-cpu")),
        bootargs,
        initrd.start,
        initrd.end - initrd.start,
    ];
    words[1] |= (size_of_val(&words) as u64) << 32;
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Maps memory to equal addresses, in pages of 2 MiB that every ring may read, write and execute. The last of
/// them may reach beyond RAM.
fn write_page_tables(
    memory: &Memory,
    tables: u64,
    directories: u64,
) -> Result<(), GuestMemoryError> {
    const TABLE: u64 = 0b111; // present, writable, user
    const LARGE: u64 = TABLE | 1 << 7;
    let (pointers, first) = (tables + PAGE, tables + 2 * PAGE);
    write_words(memory, tables, [pointers | TABLE])?;
    write_words(memory, pointers, (0..directories).map(|n| (first + n * PAGE) | TABLE))?;
    write_words(memory, first, (0..directories * 512).map(|n| n << 21 | LARGE))
}

fn write_words(
    memory: &Memory,
    at: u64,
    words: impl IntoIterator<Item = u64>,
) -> Result<(), GuestMemoryError> {
    let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
    memory.write_slice(&bytes, GuestAddress(at))
}

impl BootArea {
    /// Sets the system registers of the entry state: 64-bit mode, ring 0, no interrupt table.
    pub(super) fn enter(&self, sregs: &mut kvm_sregs) {
        const CR0: u64 = 1 << 31 | 1 << 5 | 1 << 4 | 1; // PG, NE, ET, PE
        const CR4: u64 = 1 << 5; // PAE
        const EFER: u64 = 1 << 10 | 1 << 8; // LMA, LME
        let [code, data] = &SEGMENTS;
        sregs.cs = code.cached(0x08);
        for place in [&mut sregs.ds, &mut sregs.es, &mut sregs.fs, &mut sregs.gs, &mut sregs.ss] {
            *place = data.cached(0x10);
        }
        let limit = 8 * (SEGMENTS.len() as u16 + 1) - 1;
        sregs.gdt = kvm_dtable { base: self.gdt, limit, ..kvm_dtable::default() };
        sregs.idt = kvm_dtable::default();
        sregs.cr3 = self.page_tables;
        (sregs.cr0, sregs.cr4, sregs.efer) = (CR0, CR4, EFER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory;
    use iommu::{Liobn, PageShift};

    fn facts(ram: &str) -> BootFacts<'static> {
        BootFacts {
            ram: ram.parse().unwrap(),
            cpus: 3,
            dma_window: Window::bytes(Liobn(0x8000_0001), 0x10_0000, 1 << 30, PageShift::K64)
                .unwrap(),
            tsc_hz: 2_300_000_000,
            append: "quiet",
            initrd: Some(0x70_0000..0x70_1234),
        }
    }

    // X86-GATE.md, "Boot block": the offsets there.
    #[test]
    fn the_boot_block_is_as_documented() {
        let block = block(&facts("16M"), 0xabc);
        let u32_at = |at: usize| u32::from_le_bytes(block[at..at + 4].try_into().unwrap());
        let u64_at = |at: usize| u64::from_le_bytes(block[at..at + 8].try_into().unwrap());
        assert_eq!(&block[..8], b"TCEVMX86");
        assert_eq!((u32_at(0x08), u32_at(0x0c)), (1, block.len() as u32));
        assert_eq!(u64_at(0x10), 16 << 20);
        assert_eq!((u32_at(0x18), u32_at(0x1c)), (3, VTY_UNIT));
        assert_eq!((u32_at(0x20), u32_at(0x24)), (0x8000_0001, 16));
        assert_eq!((u64_at(0x28), u64_at(0x30)), (0x10_0000, 1 << 30));
        assert_eq!(u64_at(0x38), 2_300_000_000);
        assert_eq!(u32_at(0x40), 0x2002); // hcall's row of power-off
        assert_eq!(u64_at(0x48), 0xabc);
        assert_eq!((u64_at(0x50), u64_at(0x58)), (0x70_0000, 0x1234));
        assert_eq!(block.len(), 0x60);
    }

    // Intel SDM, volume 3, figure 4-8: bits 47:39, 38:30 and 29:21 of an address select entries.
    #[test]
    fn every_address_of_ram_is_mapped_where_it_is() {
        let ram = "3G".parse().unwrap();
        let memory = memory::map(ram).unwrap();
        let room = 0x7fe0_0000..0x8000_0000;
        let area = write(&memory, &room, &facts("3G")).unwrap();
        let entry = |table: u64, index: u64| -> u64 {
            memory.read_obj(GuestAddress((table & !0xfff) + 8 * index)).unwrap()
        };
        for address in [0, 0x20_0000, GIB - 1, GIB, 0x7fff_ffff, 3 * GIB - 1] {
            let pointers = entry(area.page_tables, address >> 39 & 511);
            let directory = entry(pointers, address >> 30 & 511);
            let page = entry(directory, address >> 21 & 511);
            assert_eq!([pointers & 7, directory & 7, page & 0x87], [7, 7, 0x87]);
            assert_eq!(page & !0x1f_ffff, address & !0x1f_ffff, "{address:#x}");
        }
    }

    #[test]
    fn the_largest_ram_has_room_and_endless_arguments_have_not() {
        let memory = memory::map("64G".parse().unwrap()).unwrap();
        let room = 0x7fe0_0000..0x8000_0000;
        write(&memory, &room, &facts("64G")).unwrap();
        let long = "x".repeat(2 << 20);
        let refused = write(&memory, &room, &BootFacts { append: &long, ..facts("64G") });
        assert!(matches!(refused, Err(AreaError::Room { .. })));
    }
}
