// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's view of a window: what it wrote, verbatim, in host byte order.
//!
//! H_GET_TCE answers from here. Memory is allocated on the first value that is not zero, so a
//! large window costs what is used of it and clearing what was never written allocates nothing.

use crate::sync::{AtomicU64, Ordering};
use crate::table::budget::Budget;
use crate::table::radix::Radix;
use crate::words::addr::GuestEntry;
use crate::words::error::Error;
use crate::words::tce::RawTce;
use std::sync::Arc;

/// Entries of a chunk, as a shift: 4096, 32 KiB.
const CHUNK_SHIFT: u32 = 12;

/// The values that the guest wrote, one number per entry.
#[derive(Debug)]
pub struct View {
    entries: Radix<AtomicU64>,
}

impl View {
    /// A view of `entries` entries, at least one, all zero. Errors: [`Error::NoMemory`].
    pub fn new(entries: u64) -> Result<View, Error> {
        let bits = u64::BITS - entries.saturating_sub(1).leading_zeros();
        let levels = bits.div_ceil(CHUNK_SHIFT).max(1);
        Ok(View { entries: Radix::new(entries, levels, CHUNK_SHIFT)? })
    }

    /// A view whose memory is charged to a budget. Errors: [`Error::OverBudget`] too.
    pub(crate) fn charged(entries: u64, budget: &Arc<Budget>) -> Result<View, Error> {
        let view = View::new(entries)?;
        view.entries.charge_to(budget)?;
        Ok(view)
    }

    /// True when a budget pays for it.
    pub(crate) fn is_charged(&self) -> bool {
        self.entries.is_charged()
    }

    /// The value that was stored last; 0 where none ever was.
    ///
    /// Sequentially consistent: this is the re-read that follows an exchange
    /// ([`guest_table`](crate::guest::guest_table)). On x86 it is a plain load.
    #[inline]
    pub fn load(&self, entry: GuestEntry) -> RawTce {
        self.entries.get(entry.0).map_or(RawTce(0), View::read)
    }

    /// [`load`](Self::load)s from the place of an entry.
    #[inline(always)]
    pub(crate) fn read(place: &AtomicU64) -> RawTce {
        RawTce(place.load(Ordering::SeqCst))
    }

    /// The place of an entry that is about to be written. It is made if `needed`; otherwise, if
    /// there is none yet, nothing need be stored. Errors: [`Error::NoMemory`], also when memory is
    /// not `allowed`; [`Error::OverBudget`].
    #[inline(always)]
    pub(crate) fn place(
        &self,
        entry: GuestEntry,
        needed: bool,
        allowed: bool,
    ) -> Result<Option<&AtomicU64>, Error> {
        match self.entries.get(entry.0) {
            None if needed => self.new_place(entry, allowed).map(Some),
            place => Ok(place),
        }
    }

    #[cold]
    fn new_place(&self, entry: GuestEntry, allowed: bool) -> Result<&AtomicU64, Error> {
        let (chunk, at) = self.entries.leaf_or_new(entry.0, &mut || allowed)?;
        chunk.get(at).ok_or(Error::NoMemory)
    }

    /// Makes place for the entries among `count` from `first` on that are `needed`.
    /// Errors: [`Error::NoMemory`], [`Error::OverBudget`]; then at most empty places were made (bug 49).
    #[inline]
    pub(crate) fn reserve(
        &self,
        first: GuestEntry,
        count: usize,
        needed: impl Fn(usize) -> bool,
        allowed: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        self.entries.reserve(first.0, count as u64, |n| needed(n as usize), allowed)
    }

    /// Stores `raw(0)`, `raw(1)` and so on into `count` entries from `first` on, which the caller
    /// has checked and [`reserve`](Self::reserve)d.
    ///
    /// Release: a thread that finds the value finds also the level of the hardware table that was made for
    /// it. The exchange or the fence that follows publishes it.
    #[inline]
    pub(crate) fn store(&self, first: GuestEntry, count: usize, raw: impl Fn(usize) -> RawTce) {
        self.for_chunks(first, count, |done, chunk| {
            for (i, slot) in chunk.iter().enumerate() {
                slot.store(raw(done + i).0, Ordering::Release);
            }
        });
    }

    /// [`store`](Self::store)s by swaps: `was` gets the old and the new value of each entry.
    pub(crate) fn swap(
        &self,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce,
        mut was: impl FnMut(RawTce, RawTce),
    ) {
        self.for_chunks(first, count, |done, chunk| {
            for (i, slot) in chunk.iter().enumerate() {
                let new = raw(done + i);
                was(RawTce(slot.swap(new.0, Ordering::AcqRel)), new);
            }
        });
    }

    /// Calls `differs` for each entry that [`load`](Self::load)s other than what was
    /// [`store`](Self::store)d.
    #[inline]
    pub(crate) fn differing(
        &self,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce,
        mut differs: impl FnMut(usize),
    ) {
        self.for_chunks(first, count, |done, chunk| {
            for (i, slot) in chunk.iter().enumerate() {
                if slot.load(Ordering::SeqCst) != raw(done + i).0 {
                    differs(done + i);
                }
            }
        });
    }

    /// Calls `with` for each live entry among `count` from `first` on, which are in the window: how far into
    /// the range it is.
    #[inline]
    pub fn for_each_live(&self, first: GuestEntry, count: usize, mut with: impl FnMut(usize)) {
        self.for_chunks(first, count, |done, chunk| {
            for (i, slot) in chunk.iter().enumerate() {
                if RawTce(slot.load(Ordering::Relaxed)).is_live() {
                    with(done + i);
                }
            }
        });
    }

    /// Calls `with` for each piece of the range that exists: how far into the range it begins, and
    /// its entries.
    #[inline(always)]
    fn for_chunks(
        &self,
        first: GuestEntry,
        count: usize,
        mut with: impl FnMut(usize, &[AtomicU64]),
    ) {
        let mut done = 0;
        while done < count {
            let entry = first.0 + done as u64;
            done += match self.entries.leaf(entry) {
                Some((chunk, at)) => {
                    let here = (count - done).min(chunk.len() - at);
                    with(done, &chunk[at..at + here]);
                    here
                }
                None => (count - done).min(self.entries.left_in_leaf(entry)),
            };
        }
    }

    /// Calls `with` for each entry that is not zero, from the first up.
    pub fn for_each_written(&self, with: &mut dyn FnMut(GuestEntry, RawTce)) {
        self.entries.for_each_leaf(&mut |first, chunk| {
            for (entry, slot) in (first..).zip(chunk.iter()) {
                match View::read(slot) {
                    RawTce(0) => {}
                    raw => with(GuestEntry(entry), raw),
                }
            }
        });
    }

    /// Calls `with` for each run of entries that exists: the first, and how many.
    pub(crate) fn for_each_run(&self, with: &mut dyn FnMut(GuestEntry, usize)) {
        self.entries.for_each_leaf(&mut |first, chunk| with(GuestEntry(first), chunk.len()));
    }

    /// Blocks of memory in use, the top one too: the cost of the view.
    pub fn allocated_chunks(&self) -> usize {
        self.entries.allocated()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view_of(entries: u64) -> View {
        View::new(entries).expect("memory")
    }

    fn store(view: &View, first: u64, count: usize, raw: impl Fn(usize) -> RawTce) {
        let needed = |i| raw(i).0 != 0;
        view.reserve(GuestEntry(first), count, needed, &mut || true).expect("memory");
        view.store(GuestEntry(first), count, &raw);
    }

    // papr-tce 7.35.
    #[test]
    fn a_never_written_entry_reads_zero() {
        assert_eq!(view_of(1 << 18).load(GuestEntry(0x3ffff)), RawTce(0));
    }

    // papr-tce 7.36: any value, also one with high address bits.
    #[test]
    fn a_value_is_kept_verbatim() {
        let view = view_of(1);
        for raw in [u64::MAX, 0x0123_4567_89ab_cdef, 0xdead_0000, 2] {
            store(&view, 0, 1, |_| RawTce(raw));
            assert_eq!(view.load(GuestEntry(0)), RawTce(raw));
        }
    }

    // papr-tce 7.68.
    #[test]
    fn storing_zero_where_nothing_was_allocates_nothing() {
        let view = view_of(1 << 18);
        store(&view, 4000, 512, |_| RawTce(0));
        assert!(view.place(GuestEntry(4000), false, true).expect("no memory needed").is_none());
        assert_eq!(view.allocated_chunks(), 1, "the top");
        store(&view, 4000, 512, |i| RawTce(u64::from(i == 500) * 0x1003));
        assert_eq!(view.allocated_chunks(), 2, "only the chunk with the value");
        assert_eq!(view.load(GuestEntry(4500)), RawTce(0x1003));
    }

    #[test]
    fn a_store_over_a_chunk_boundary_is_whole() {
        let view = view_of(10_000);
        store(&view, 4090, 512, |i| RawTce(i as u64 + 1));
        for i in 0..512 {
            assert_eq!(view.load(GuestEntry(4090 + i)), RawTce(i + 1));
        }
        assert_eq!(view.load(GuestEntry(4089)), RawTce(0));
        assert_eq!(view.load(GuestEntry(4602)), RawTce(0));
        let mut differing = Vec::new();
        view.differing(
            GuestEntry(4090),
            512,
            |i| RawTce(7.max(i as u64 + 1)),
            |i| differing.push(i),
        );
        assert_eq!(differing, [0, 1, 2, 3, 4, 5]);
    }

    // 2^40 bytes of 4 KiB pages.
    #[test]
    fn a_huge_view_costs_what_is_touched() {
        let view = view_of(1 << 28);
        store(&view, (1 << 28) - 1, 1, |_| RawTce(5));
        assert_eq!(view.load(GuestEntry((1 << 28) - 1)), RawTce(5));
        assert_eq!(view.allocated_chunks(), 3);
    }
}
