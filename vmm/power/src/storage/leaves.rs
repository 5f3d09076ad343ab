// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The second level of translations of one CPU: leaves of radix trees, each for the whole page that it maps.
//!
//! A leaf is kept as the tree has it, without regard to who used it. So the look-up of a leaf is the same for every
//! context, and its rights are checked at each use, against the AMR and IAMR of that time. A leaf that lacks a right, or whose
//! change bit is 0 when a store comes, does not serve: the tree is walked. Software may therefore grant
//! rights without an invalidation, as on POWER9. Entries that are not valid are not kept.
//!
//! Leaves are keyed by a number of their process (`spaces.rs`) and by their address without its quadrant, because
//! quadrants 0 and 3 of process 0 are one tree.

use super::radix::Leaf;

/// Page sizes that are kept apart, as bits of an address. A leaf of another size is kept as a piece of it.
const SIZES: [u32; 4] = [12, 16, 21, 30];

/// Leaves that have the same place.
const WAYS: usize = 4;
/// Places. With the ways, and 24 bytes for each leaf: 96 KiB.
const SETS: usize = 1024;

/// A kept leaf.
#[derive(Clone, Copy)]
struct Way {
    /// The number of its process, which begins at 1; 0 if there is no leaf.
    space: u64,
    /// Its address in units of its size, and the index of that.
    page: u64,
    leaf: u64,
}

/// The kept leaves of one CPU.
pub(crate) struct Leaves {
    sets: Box<[[Way; WAYS]]>,
    /// The sizes of which there may be any.
    sizes: [bool; SIZES.len()],
}

/// The address of a leaf in units of its size, and the index of that.
fn page(ea: u64, size: usize) -> u64 {
    (ea & (u64::MAX >> 2)) >> SIZES[size] << 2 | size as u64
}

/// The place of a page. Pages that follow one another have different ones; so do most that lie apart by a power of two.
fn set(space: u64, page: u64) -> usize {
    let number = page >> 2;
    let of_space = space.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    (number ^ number >> 10 ^ of_space ^ (page & 3) << 8) as usize % SETS
}

impl Leaves {
    /// No leaves.
    pub(super) fn new() -> Leaves {
        let none = Way { space: 0, page: 0, leaf: 0 };
        Leaves { sets: vec![[none; WAYS]; SETS].into(), sizes: [false; SIZES.len()] }
    }

    /// The leaf of an address, if it is kept.
    #[inline]
    pub(super) fn find(&self, space: u64, ea: u64) -> Option<Leaf> {
        (0..SIZES.len()).filter(|&size| self.sizes[size]).find_map(|size| {
            let page = page(ea, size);
            let ways = &self.sets[set(space, page)];
            let way = ways.iter().find(|way| way.page == page && way.space == space)?;
            Some(Leaf { entry: way.leaf, page_bits: SIZES[size] })
        })
    }

    /// Keeps the leaf of an address, in place of an older one of that page or of the oldest in its place.
    pub(super) fn keep(&mut self, space: u64, ea: u64, leaf: Leaf) {
        let Some(size) = SIZES.iter().rposition(|&bits| bits <= leaf.page_bits) else { return };
        let Some(piece) = leaf.piece(ea, SIZES[size]) else { return };
        let page = page(ea, size);
        let ways = &mut self.sets[set(space, page)];
        let older = ways.iter().position(|way| way.page == page && way.space == space);
        ways[..=older.unwrap_or(WAYS - 1)].rotate_right(1);
        ways[0] = Way { space, page, leaf: piece.entry };
        self.sizes[size] = true;
    }

    /// Forgets the leaves of `bytes` from `ea` on, whatever their sizes.
    pub(super) fn forget(&mut self, space: u64, ea: u64, bytes: u64) {
        for size in (0..SIZES.len()).filter(|&size| self.sizes[size]) {
            let pieces = (bytes >> SIZES[size]).max(1);
            for piece in 0..pieces {
                let page = page(ea.wrapping_add(piece << SIZES[size]), size);
                for way in &mut self.sets[set(space, page)] {
                    if way.page == page && way.space == space {
                        way.space = 0;
                    }
                }
            }
        }
    }
}
