// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The places of segments in guest RAM, and the address where the guest starts.
//!
//! * A relocatable image (ET_DYN) goes to 4 MiB, as under QEMU: to the low 28 bits of its addresses
//!   plus 0x400000. It relocates itself.
//! * A fixed image (ET_EXEC) goes to its physical addresses. For POWER the upper four bits, which
//!   select a quadrant of the effective address space, are dropped, as real-mode addressing does
//!   (Power ISA 3.0B, Book III, Real Mode Storage Addressing): an image linked at
//!   0xc000000000400000 is at 4 MiB.
//! * The guest starts at the entry address of the file, moved with the segment that contains it.

use hcall::Memory;
use thiserror::Error;
use vm_memory::{Bytes, GuestAddress, GuestMemoryError};

use super::elf::{Arch, Elf, Kind, Segment};
use crate::map::{ClaimError, Map};

/// The place of relocatable images (QEMU: `KERNEL_LOAD_ADDR`).
const RELOCATABLE_BASE: u64 = 0x40_0000;
const RELOCATABLE_MASK: u64 = 0x0fff_ffff;
pub(super) const REAL_MODE_MASK: u64 = u64::MAX >> 4;
/// The bound of the first instruction's address. A POWER guest starts in 32-bit mode.
const ENTRY_TOP: u64 = 1 << 32;

/// An image in guest RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The physical address of the first instruction.
    pub entry: u64,
    /// The end of its highest segment.
    pub end: u64,
}

/// The reason for which an image could not be put into guest RAM.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum PlaceError {
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error("cannot write segment {index}: {source}")]
    Write { index: usize, source: GuestMemoryError },
    #[error(
        "the entry address {0:#x} is not in an executable segment; \
         link with -e and the name of the first instruction (not of a function descriptor)"
    )]
    EntryOutside(u64),
    #[error("the entry address {0:#x} is not a multiple of 4; instructions are words")]
    EntryMisaligned(u64),
    #[error("the entry address {0:#x} is not below 4 GiB, where the CPU starts; link it lower")]
    EntryHigh(u64),
}

/// Claims a place for every segment, then writes them.
pub fn place(image: &Elf<'_>, map: &mut Map, memory: &Memory) -> Result<Placed, PlaceError> {
    let mut end = 0;
    for segment in &image.segments {
        let owner = format!("segment {} of the image", segment.index);
        let start = address(image, segment);
        map.claim(owner, start, segment.size)?;
        end = end.max(start + segment.size); // in RAM, so it cannot overflow
    }
    let entry = entry(image)?;
    for segment in &image.segments {
        let start = GuestAddress(address(image, segment));
        memory
            .write_slice(segment.data, start)
            .map_err(|source| PlaceError::Write { index: segment.index, source })?;
    }
    Ok(Placed { entry, end })
}

/// The address of a segment in guest RAM.
pub(super) fn address(image: &Elf<'_>, segment: &Segment<'_>) -> u64 {
    match (image.kind, image.arch) {
        (Kind::Relocatable, _) => (segment.phys & RELOCATABLE_MASK) + RELOCATABLE_BASE,
        (Kind::Fixed, Arch::Power) => segment.phys & REAL_MODE_MASK,
        (Kind::Fixed, Arch::X86) => segment.phys,
    }
}

/// The physical address of the first instruction. Every segment must have been claimed.
fn entry(image: &Elf<'_>) -> Result<u64, PlaceError> {
    let contains = |s: &&Segment<'_>| {
        s.executable && image.entry.checked_sub(s.virt).is_some_and(|offset| offset < s.size)
    };
    let segment =
        image.segments.iter().find(contains).ok_or(PlaceError::EntryOutside(image.entry))?;
    // The offset is below the size, and the segment is in RAM.
    let entry = address(image, segment) + (image.entry - segment.virt);
    match image.arch {
        Arch::Power if !entry.is_multiple_of(4) => Err(PlaceError::EntryMisaligned(image.entry)),
        Arch::Power if entry >= ENTRY_TOP => Err(PlaceError::EntryHigh(entry)),
        _ => Ok(entry),
    }
}
