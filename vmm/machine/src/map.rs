// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The places in guest RAM before the guest starts: those of the device tree, the segments of the
//! image, and the initrd. Each user claims its range here. A claim that leaves RAM or overlaps another
//! claim is refused, and only claimed ranges of guest RAM are written.

use std::collections::BTreeMap;
use std::ops::Range;

use thiserror::Error;

use crate::memory::RamSize;

/// The room for the device tree, as in QEMU.
const DEVICE_TREE_ROOM: u64 = 2 << 20;
/// The room for the code of RTAS, behind the device tree.
const RTAS_ROOM: u64 = 4096;
/// The upper bound of the device tree, which a 32-bit guest can reach.
const DEVICE_TREE_TOP: u64 = 2 << 30;

/// The claimed ranges of guest RAM.
#[derive(Debug)]
pub struct Map {
    ram: RamSize,
    claims: BTreeMap<u64, Claim>, // by start; disjoint and not empty
}

#[derive(Debug)]
struct Claim {
    end: u64,
    owner: String,
}

/// The reason for which a range could not be claimed.
#[derive(Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum ClaimError {
    #[error("{owner} ({len} bytes at {start:#x}) does not fit into {ram} bytes of guest RAM")]
    Outside { owner: String, start: u64, len: u64, ram: u64 },
    #[error("{owner} ({len} bytes at {start:#x}) overlaps {other}; link the image elsewhere")]
    Overlap { owner: String, start: u64, len: u64, other: String },
}

impl Map {
    /// A map in which only the device tree and RTAS have their places.
    pub fn new(ram: RamSize) -> Map {
        let mut map = Map { ram, claims: BTreeMap::new() };
        let room = map.device_tree().start..map.rtas().end;
        let owner = "the device tree".to_owned();
        map.claims.insert(room.start, Claim { end: room.end, owner });
        map
    }

    /// The size of guest RAM.
    pub fn ram(&self) -> RamSize {
        self.ram
    }

    /// The place of the device tree: the last 2 MiB of RAM below 2 GiB (pseries-boot A.2).
    pub fn device_tree(&self) -> Range<u64> {
        let end = self.rtas().end;
        end - DEVICE_TREE_ROOM..end - RTAS_ROOM
    }

    /// The place of the code of RTAS.
    pub fn rtas(&self) -> Range<u64> {
        let end = self.ram.bytes().min(DEVICE_TREE_TOP);
        end - RTAS_ROOM..end
    }

    /// Claims `len` bytes at `start`. An empty range claims nothing and always succeeds.
    pub fn claim(&mut self, owner: String, start: u64, len: u64) -> Result<(), ClaimError> {
        if len == 0 {
            return Ok(());
        }
        let ram = self.ram.bytes();
        let Some(end) = start.checked_add(len).filter(|end| *end <= ram) else {
            return Err(ClaimError::Outside { owner, start, len, ram });
        };
        if let Some(other) = self.owner_in(start..end) {
            let other = other.to_owned();
            return Err(ClaimError::Overlap { owner, start, len, other });
        }
        self.claims.insert(start, Claim { end, owner });
        Ok(())
    }

    /// True when there are `len` free bytes at a multiple of `len`.
    pub fn has_room(&self, len: u64) -> bool {
        let mut starts = (0..self.ram.bytes()).step_by(usize::try_from(len).unwrap_or(usize::MAX));
        let free = |start: u64| {
            start
                .checked_add(len)
                .is_some_and(|end| end <= self.ram.bytes() && self.owner_in(start..end).is_none())
        };
        starts.any(free)
    }

    /// The owner of an overlapping claim. Claims are disjoint, so only the last claim that starts below the range's end
    /// can reach into the range from below; any other claim that overlaps the range starts inside it.
    fn owner_in(&self, range: Range<u64>) -> Option<&str> {
        let (_, last) = self.claims.range(..range.end).next_back()?;
        (last.end > range.start).then_some(last.owner.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(ram: &str) -> Map {
        Map::new(ram.parse().unwrap())
    }

    #[test]
    fn the_device_tree_lives_where_qemu_puts_it() {
        assert_eq!(map("512M").device_tree(), 0x1fe0_0000..0x1fff_f000);
        assert_eq!(map("4G").device_tree(), 0x7fe0_0000..0x7fff_f000);
        assert_eq!(map("4G").rtas(), 0x7fff_f000..0x8000_0000);
    }

    #[test]
    fn claims_may_touch_but_not_overlap() {
        let mut map = map("8M");
        map.claim("a".into(), 0x1000, 0x1000).unwrap();
        map.claim("b".into(), 0x2000, 0x1000).unwrap();
        map.claim("c".into(), 0, 0x1000).unwrap();
        for (start, len) in [(0x1fff, 1), (0x1fff, 2), (0x0, 0x10000), (0x2fff, 0x100)] {
            let refused = map.claim("d".into(), start, len);
            assert!(matches!(refused, Err(ClaimError::Overlap { .. })), "{start:#x} {len:#x}");
        }
        map.claim("d".into(), 0x3000, 0x5f_d000).unwrap(); // up to the device tree at 6 MiB
    }

    #[test]
    fn room_is_free_whole_and_aligned() {
        const MIB: u64 = 1 << 20;
        let mut map = map("24M"); // the device tree is in the last 2 MiB
        assert!(map.has_room(8 * MIB) && map.has_room(16 * MIB) && !map.has_room(32 * MIB));
        map.claim("a".into(), 7 * MIB, 2 * MIB).unwrap();
        assert!(map.has_room(4 * MIB) && !map.has_room(8 * MIB) && !map.has_room(16 * MIB));
    }

    #[test]
    fn a_claim_stays_in_ram() {
        let mut map = map("8M");
        for (start, len) in [(8 << 20, 1), ((8 << 20) - 1, 2), (u64::MAX, 1), (1, u64::MAX)] {
            let refused = map.claim("a".into(), start, len);
            assert!(matches!(refused, Err(ClaimError::Outside { .. })), "{start:#x} {len:#x}");
        }
        map.claim("nothing".into(), u64::MAX, 0).unwrap();
    }
}
