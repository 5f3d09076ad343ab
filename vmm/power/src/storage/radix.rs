// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Radix tree translation (Power ISA 3.0B, Book III, 5.7.10): process-scoped, walked by the CPU.
//!
//! The partition-scoped half is the machine's: a guest real address is an address of RAM.
//! This file finds the leaf for an effective address and checks the access; `leaves.rs` keeps leaves.

use crate::storage::bus::Bus;

/// A process table, as `H_REGISTER_PROC_TBL` gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProcessTable {
    /// Real address of entry 0.
    pub base: u64,
    /// The size in bytes.
    pub size: u64,
}

/// The kind of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Load,
    Store,
    Fetch,
}

impl Access {
    /// The right that it needs, and the bits that record it.
    fn needs(self) -> (u64, u64) {
        match self {
            Access::Load => (READ, REFERENCE),
            Access::Store => (WRITE, REFERENCE | CHANGE),
            Access::Fetch => (EXECUTE, REFERENCE),
        }
    }
}

/// The privilege of an access, and the key registers for pages of problem state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority {
    /// MSR[PR].
    pub(crate) problem_state: bool,
    /// AMR, for loads and stores of privileged code to pages of problem state.
    pub(crate) amr: u64,
    /// IAMR, for its fetches.
    pub(crate) iamr: u64,
}

/// Why an access is refused, as DSISR and SRR1 name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The address has no tree: data or instruction segment interrupt.
    Segment,
    /// No valid entry.
    NoEntry,
    /// The page may not be used so.
    Protection,
    /// Instructions may not be fetched from the page.
    NoExecute,
    /// An entry of the tree, or the page, is not in RAM, or an entry makes no sense.
    BadTree,
}

/// A leaf of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The tree's entry, with the reference and change bits that were set for its use.
    pub(crate) entry: u64,
    /// It maps 2 to the power of this bytes.
    pub(crate) page_bits: u32,
}

impl Leaf {
    /// The real address of an effective one in its page.
    pub(crate) fn address(self, ea: u64) -> u64 {
        let inside = (1 << self.page_bits) - 1;
        self.entry & REAL_PAGE & !inside | ea & inside
    }

    /// A leaf for the smaller page of `ea` in its page; `None` if the entry has no room for that one's address.
    pub(crate) fn piece(self, ea: u64, page_bits: u32) -> Option<Leaf> {
        let ra = self.address(ea) >> page_bits << page_bits;
        let entry = self.entry & !REAL_PAGE | ra;
        (ra & !REAL_PAGE == 0).then_some(Leaf { entry, page_bits })
    }

    /// True if it allows loads.
    pub(crate) fn allows_loads(self, who: Authority) -> bool {
        allowed(self.entry, who) & READ != 0
    }

    /// True if the tree need not be looked at for an access: it is allowed, and recorded as far as it has to be.
    pub(crate) fn serves(self, access: Access, who: Authority) -> bool {
        let (need, record) = access.needs();
        allowed(self.entry, who) & need != 0 && self.entry & record == record
    }
}

const VALID: u64 = 1 << 63;
const LEAF: u64 = 1 << 62;
const REFERENCE: u64 = 0x100;
const CHANGE: u64 = 0x80;
const PRIVILEGED: u64 = 8;
const READ: u64 = 4;
const WRITE: u64 = 2;
const EXECUTE: u64 = 1;
const REAL_PAGE: u64 = 0x01ff_ffff_ffff_f000;
const NEXT_LEVEL: u64 = 0x0fff_ffff_ffff_ff00;
/// Levels of a tree; more than an address has bits for is nonsense.
const MAX_LEVELS: u32 = 5;

/// A root: where the top level is, how many bits it indexes, how many the address has.
struct Root {
    base: u64,
    index_bits: u32,
    address_bits: u32,
}

impl Root {
    /// Decodes the first doubleword of a process table entry (figure "Process Table Entry").
    fn new(entry: u64) -> Root {
        let size = (entry >> 61 & 3) << 3 | entry >> 5 & 7;
        Root {
            base: entry & NEXT_LEVEL,
            index_bits: (entry & 31) as u32,
            address_bits: size as u32 + 31,
        }
    }
}

/// The process whose tree an address is in: quadrant 0 is PIDR's, quadrant 3 is process 0's.
pub(crate) fn process(ea: u64, pid: u64) -> Result<u64, Refusal> {
    match ea >> 62 {
        0 => Ok(pid),
        3 => Ok(0),
        _ => Err(Refusal::Segment),
    }
}

impl Bus {
    fn entry(&self, ra: u64) -> Result<u64, Refusal> {
        self.load_be(ra).ok_or(Refusal::BadTree)
    }

    /// Finds the leaf of `ea` and checks the access; sets the reference and change bits.
    pub(crate) fn walk(
        &self,
        table: ProcessTable,
        pid: u64,
        ea: u64,
        access: Access,
        who: Authority,
    ) -> Result<Leaf, Refusal> {
        if table.size == 0 {
            return Err(Refusal::NoEntry);
        }
        let offset = process(ea, pid)? * 16;
        if offset + 16 > table.size {
            return Err(Refusal::NoEntry);
        }
        let root = Root::new(self.entry(table.base.wrapping_add(offset))?);
        let bits = root.address_bits;
        if bits > 62 || (ea & (u64::MAX >> 2)) >> bits != 0 {
            return Err(Refusal::Segment);
        }
        self.descend(root, ea, access, who)
    }

    fn descend(
        &self,
        root: Root,
        ea: u64,
        access: Access,
        who: Authority,
    ) -> Result<Leaf, Refusal> {
        let (mut base, mut index_bits, mut left) = (root.base, root.index_bits, root.address_bits);
        for _ in 0..MAX_LEVELS {
            if index_bits == 0 || index_bits > 16 || left < index_bits + 12 {
                return Err(Refusal::BadTree);
            }
            left -= index_bits;
            let index = ea >> left & ((1 << index_bits) - 1);
            let at = base.wrapping_add(index * 8);
            let entry = self.entry(at)?;
            if entry & VALID == 0 {
                return Err(Refusal::NoEntry);
            }
            if entry & LEAF != 0 {
                return self.leaf(at, entry, left, access, who);
            }
            (base, index_bits) = (entry & NEXT_LEVEL, (entry & 31) as u32);
        }
        Err(Refusal::BadTree)
    }

    fn leaf(
        &self,
        at: u64,
        entry: u64,
        page_bits: u32,
        access: Access,
        who: Authority,
    ) -> Result<Leaf, Refusal> {
        let (need, record) = access.needs();
        if allowed(entry, who) & need == 0 {
            let no_execute = access == Access::Fetch && entry & EXECUTE == 0;
            return Err(if no_execute { Refusal::NoExecute } else { Refusal::Protection });
        }
        if entry & record != record && !self.set_be(at, entry, record) {
            return Err(Refusal::NoEntry); // another CPU changed it: the guest tries again
        }
        Ok(Leaf { entry: entry | record, page_bits })
    }
}

/// The read, write and execute rights that an entry gives (5.7.12, table of EAA; 5.7.12.1
/// for the keys: radix pages of problem state have key 0).
fn allowed(entry: u64, who: Authority) -> u64 {
    let mut rights = entry & (READ | WRITE | EXECUTE);
    if rights & WRITE != 0 {
        rights |= READ;
    }
    if who.problem_state {
        return if entry & PRIVILEGED != 0 { 0 } else { rights };
    }
    if entry & PRIVILEGED == 0 {
        // AMR and IAMR bits 0:1 are key 0: write disable, read disable; execute disable.
        if who.amr >> 63 & 1 != 0 {
            rights &= !WRITE;
        }
        if who.amr >> 62 & 1 != 0 {
            rights &= !READ;
        }
        if who.iamr >> 62 & 1 != 0 {
            rights &= !EXECUTE;
        }
    }
    rights
}
