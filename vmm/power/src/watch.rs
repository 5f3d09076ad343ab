// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Stores to code. The instruction cache is coherent: once a store to decoded code is seen by a CPU, the
//! next context synchronization of that CPU runs the new instruction, with no `icbi` (Power ISA 3.0B, Book II,
//! 1.8 lets a processor do so, and Linux relies on it on POWER9).
//!
//! Writes of everybody but a CPU's plain stores reach `ram::CodeWatch` by themselves. A plain store does not look
//! at marks. So a page that holds code has no TLB entry that allows plain stores, on any CPU:
//!
//! * A CPU that allows itself plain stores to a page notes the page in [`Stored`].
//! * A CPU that marks a line of a page takes such entries from its own TLB, and announces the page to the other CPUs in
//!   [`Events`], unless the page has marks of the present generation and its announcement is complete. So a CPU that
//!   decodes beside the one that made the first mark does not rely on an announcement that is still to come.
//! * A CPU that finds an announced page among those it noted takes the entries away, too, and makes the page's code
//!   stale, for it may have stored there since it was decoded. It does so before the next block, before a hypercall,
//!   and in the middle of a block at every instruction that orders its stores (`sync`, `lwsync`, `eieio`, `icbi`).
//!
//! The announcement is visible, and a fence follows it, before the code is read; a `sync` fences before it looks for
//! announcements. So if the code was read before a store of another CPU arrived, that CPU's `sync` makes the code stale
//! before any later store of it is seen. (Book II, 1.8, has a program that modifies code use `sync`. `lwsync` gives the
//! same but for code that is read while the store waits in the host's store buffer; the next block's look makes it stale.)

use crate::{Cpu, mem::PAGE};
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Release, SeqCst},
    fence,
};

/// Announcements that are kept; who is further behind looks at every page it noted.
const KEPT: usize = 64;

/// Pages that came to hold code, in order.
#[derive(Debug)]
pub(crate) struct Events {
    count: AtomicU64,
    /// The page of announcement n is in place n % KEPT, below the low 32 bits of n.
    kept: [AtomicU64; KEPT],
}

impl Default for Events {
    fn default() -> Events {
        Events { count: AtomicU64::new(0), kept: [const { AtomicU64::new(u64::MAX) }; KEPT] }
    }
}

impl Events {
    /// How many there were.
    fn count(&self) -> u64 {
        self.count.load(Acquire)
    }

    fn announce(&self, page: u32) {
        let n = self.count.fetch_add(1, SeqCst);
        self.kept[n as usize % KEPT].store(n << 32 | u64::from(page), Release);
    }

    /// The page of announcement n, unless it is overwritten or not yet there.
    fn page(&self, n: u64) -> Option<usize> {
        let kept = self.kept[n as usize % KEPT].load(Acquire);
        (kept >> 32 == n & u64::from(u32::MAX)).then_some((kept as u32) as usize)
    }
}

/// Stores to pages that held code before plain stores are allowed there again. So many slow stores cost about as much as
/// to take the right away, so a program that stores and runs in turn pays at most twice what it must.
const CALM: u32 = 512;

/// The pages that a CPU has allowed itself plain stores to, and not given up.
pub(crate) struct Stored {
    pages: Vec<u64>,
    /// Stores since a right was given back.
    calm: u32,
}

impl Stored {
    /// Of a CPU with so many pages, none of which it stored to.
    pub(crate) fn new(pages: usize) -> Stored {
        Stored { pages: vec![0; pages.div_ceil(64)], calm: 0 }
    }

    /// Counts a store to a page that held code and no longer does; whether it is to become one for plain stores.
    pub(crate) fn is_calm(&mut self) -> bool {
        self.calm = (self.calm + 1) % CALM;
        self.calm == 0
    }

    #[inline]
    pub(crate) fn insert(&mut self, page: usize) {
        if let Some(word) = self.pages.get_mut(page / 64) {
            *word |= 1 << (page % 64);
        }
    }

    /// Takes a page out; whether it was there.
    fn remove(&mut self, page: usize) -> bool {
        let Some(word) = self.pages.get_mut(page / 64) else { return false };
        let bit = 1 << (page % 64);
        let was = *word & bit != 0;
        *word &= !bit;
        was
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.pages.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(|(at, &word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| 64 * at + bit)
        })
    }
}

impl Cpu {
    /// Has every later store to the line at `ra` make code stale: called before code is read from there.
    pub(crate) fn watch_code(&mut self, ra: u64) {
        let Some(generation) = self.bus.mark_code(ra) else { return };
        let Some(page) = self.bus.plain_page(ra) else { return };
        self.give_up_stores(page);
        if self.bus.shootdown().has_others() {
            self.bus.watched().announce(page as u32);
            self.bus.announce();
            fence(SeqCst);
        }
        self.bus.code_is_announced(ra, generation);
    }

    /// Takes the right to plain stores to a page from the TLB; whether this CPU may have used it.
    fn give_up_stores(&mut self, page: usize) -> bool {
        let stored = self.stored.remove(page);
        if stored {
            self.tlb.forbid_stores(self.bus.plain_host(page));
        }
        stored
    }

    /// Follows the announcements of other CPUs, if there are any.
    #[inline(always)]
    pub(crate) fn follow_watched_if_any(&mut self) {
        if self.has_changes() {
            self.follow_watched();
        }
    }

    /// Follows the announcements since this CPU did so last.
    #[cold]
    #[inline(never)]
    pub(crate) fn follow_watched(&mut self) {
        let count = self.bus.watched().count();
        let seen = std::mem::replace(&mut self.watched_seen, count);
        if seen == count {
            return;
        }
        if count - seen > KEPT as u64 || !self.follow_each(seen, count) {
            self.follow_all();
        }
    }

    /// Whether every announcement between the two was still there to follow.
    fn follow_each(&mut self, seen: u64, count: u64) -> bool {
        (seen..count).all(|n| {
            let page = self.bus.watched().page(n);
            page.is_some_and(|page| {
                self.follow_page(page);
                true
            })
        })
    }

    fn follow_all(&mut self) {
        let pages: Vec<usize> =
            self.stored.iter().filter(|&page| self.bus.holds_code(page)).collect();
        pages.into_iter().for_each(|page| self.follow_page(page));
    }

    fn follow_page(&mut self, page: usize) {
        if self.give_up_stores(page) {
            self.bus.invalidate_code(page as u64 * PAGE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exit, GuestMemory, machine::Machine, msr};
    use std::sync::Arc;
    use vm_memory::{Bytes, GuestAddress};

    const CODE: u64 = 0x1000;
    const PATCHED: u64 = 0x2000;
    const LI_R3: u32 = 0x3860_0000;
    /// stw r5,0(r4); sync; sc 1
    const STORE: [u32; 3] = [0x90a4_0000, 0x7c00_04ac, 0x4400_0022];

    fn put(ram: &GuestMemory, at: u64, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        ram.write_slice(&bytes, GuestAddress(at)).unwrap();
    }

    /// Two CPUs of a machine with `li r3,1; sc 1` at PATCHED.
    fn machine() -> (Arc<GuestMemory>, Cpu, Cpu) {
        let ram = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).unwrap());
        put(&ram, CODE, &STORE);
        put(&ram, PATCHED, &[LI_R3 | 1, 0x4400_0022]);
        let first = Cpu::new(Arc::clone(&ram));
        let second = first.sibling();
        (ram, first, second)
    }

    fn run(cpu: &mut Cpu, nip: u64) {
        cpu.set_msr(msr::SF | msr::ME);
        cpu.set_nip(nip);
        assert_eq!(cpu.run(), Exit::Hcall);
    }

    /// Stores `word` at `at`, syncs, and makes a hypercall.
    fn store(cpu: &mut Cpu, at: u64, word: u32) {
        cpu.set_gpr(4, at);
        cpu.set_gpr(5, word.into());
        run(cpu, CODE);
    }

    fn result(cpu: &mut Cpu) -> u64 {
        run(cpu, PATCHED);
        cpu.gpr(3)
    }

    // The host may run anything between the two steps of the CPU that decodes first.
    #[test]
    fn a_cpu_that_decodes_beside_the_first_one_sees_its_own_stores() {
        let (_ram, mut cpu, other) = machine();
        store(&mut cpu, PATCHED + 0x800, 0); // from now on stores to the page are plain ones
        assert!(other.bus.mark_code(PATCHED).is_some(), "and is about to announce that");
        assert_eq!(result(&mut cpu), 1);
        store(&mut cpu, PATCHED, LI_R3 | 2);
        assert_eq!(result(&mut cpu), 2);
    }

    #[test]
    fn a_cpu_that_decodes_beside_the_first_one_sees_stores_of_a_third() {
        let (_ram, mut cpu, other) = machine();
        let mut third = cpu.sibling();
        store(&mut third, PATCHED + 0x800, 0);
        assert!(other.bus.mark_code(PATCHED).is_some(), "and is about to announce that");
        assert_eq!(result(&mut cpu), 1);
        store(&mut third, PATCHED, LI_R3 | 3);
        assert_eq!(result(&mut cpu), 3);
    }
}
