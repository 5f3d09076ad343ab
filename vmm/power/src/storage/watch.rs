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
//! # Why no CPU runs old code
//!
//! The argument uses the order of atomics and fences alone, so it holds on any host.
//!
//! | decoding | storing, then `sync` |
//! |---|---|
//! | 1. marks the line | a. stores the new instruction (relaxed) |
//! | 2. announces the page: the list, then `Bus::changes` (release) | b. fence (sequentially consistent) |
//! | 3. fence (sequentially consistent) | c. reads `Bus::changes` (acquire), and follows what is new |
//! | 4. reads the words | d. fence (release), if it followed anything |
//! | 5. reads `Bus::changes` before each block (acquire) | e. stores the flag that says so (relaxed) |
//!
//! By the two fences, 3 and b, either step 4 reads the new instruction or step c sees the announcement. In the second case c
//! makes the code stale before e, because of the fence d: without it, the flag could be seen before the change is. Another CPU
//! that sees the flag, and then synchronizes its context (`isync`, `rfid`, an interrupt: an acquire fence), sees the change
//! at its next block. So it finds the block stale, decodes again, and reads the new instruction, which was stored before the
//! change was counted. On x86, where every store is a release and every locked operation is a full fence, d and the acquire
//! fences cost nothing.
//!
//! Book II, 1.8, has a program that modifies code use `sync`. With `lwsync`, b does not order a before c. The code
//! may then have been read while the store was still in the host's store buffer; the look before the storing CPU's next
//! block makes it stale.
//!
//! Marks are read (acquire) before the right to plain stores is given, and after the last announcement that was followed.
//! So a CPU either sees the mark, and gives itself no right, or has yet to follow the announcement.

use crate::{Cpu, storage::tlb::PAGE};
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

/// Stores to pages that held code before plain stores are allowed there again. This number of slow stores costs about as much as
/// to take the right away, so a program that stores and runs in turn pays at most twice what it must.
const CALM: u32 = 512;

/// The pages that a CPU has allowed itself plain stores to, and not given up.
pub(crate) struct Stored {
    pages: Vec<u64>,
    /// Stores since a right was given back.
    calm: u32,
}

impl Stored {
    /// Of a CPU with `pages` pages, none of which it stored to.
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

/// Reads words of code. The line of a word becomes watched before the word is read, once for words in a row.
#[derive(Default)]
pub(crate) struct CodeReader {
    /// The line of the last word.
    line: Option<u64>,
}

impl CodeReader {
    /// The word at a real address, if that is in RAM.
    pub(crate) fn fetch(&mut self, cpu: &mut Cpu, ra: u64) -> Option<u32> {
        let line = Some(ra / ram::LINE as u64);
        if self.line != line {
            self.line = line;
            cpu.watch_code(ra);
        }
        cpu.fetch(ra)
    }
}

impl Cpu {
    /// Has every later store to the line at `ra` make code stale: called before code is read from there.
    fn watch_code(&mut self, ra: u64) {
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
            fence(Release); // step d
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

    /// True if every announcement between the two was still there to follow.
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
