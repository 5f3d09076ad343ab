// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exchanges of one call on one hardware table, in the order that is safe:
//! exchange all → kill once → mark dirty → release.
//!
//! A displaced page cannot be forgotten: whatever ends the batch releases it. It is not released
//! while a bridge may still hold a translation of it, and not before its dirt is recorded; a
//! device write between the mark and the kill would be lost, so the kill comes first
//! (papr-tce 4.5.7, bug 45).

use crate::LIST_ENTRIES;
use crate::addr::HwEntry;
use crate::agent::{Agent, Work};
use crate::error::Error;
use crate::frames::{Frames, Pins};
use crate::table::IommuTable;
use crate::tally::Tally;
use crate::tce::{AtomicTce, Tce};
use crate::window::PageShift;

/// Exchanges that share one kill. Dropping it kills, dirties and releases.
#[must_use = "displaced pages stay pinned until the batch is dropped"]
pub struct Batch<'a> {
    table: &'a IommuTable,
    frames: &'a Frames,
    work: &'a mut Work,
    page_shift: PageShift,
    /// Entries exchanged and not killed yet: from `first` to before `end`.
    first: u64,
    end: u64,
    /// How much of the agent's room is used.
    displaced: usize,
}

impl<'a> Batch<'a> {
    /// No exchange yet. The agent is one for these frames, and no other frames are mapped in the
    /// table.
    pub fn new(table: &'a IommuTable, frames: &'a Frames, agent: &'a mut Agent) -> Batch<'a> {
        Batch::with(table, frames, &mut agent.work)
    }

    pub(crate) fn with(table: &'a IommuTable, frames: &'a Frames, work: &'a mut Work) -> Batch<'a> {
        let page_shift = table.window().page_shift();
        Batch { table, frames, work, page_shift, first: u64::MAX, end: 0, displaced: 0 }
    }

    /// Exchanges an entry: pins the new page, and keeps the displaced one until the batch ends,
    /// when it is marked dirty by its **old** direction and released. [`Tce::CLEAR`] clears; where
    /// no level of the table is, that is success with [`Tce::CLEAR`], and allocates none.
    /// Returns what was displaced.
    ///
    /// Errors: [`Error::NoEntry`]; [`Error::LowBits`], [`Error::NotOwned`] and [`Error::Foreign`]
    /// when the page is not one of the table's size or not guest memory; [`Error::NoMemory`] for a
    /// level of the table; [`Error::NotRegistered`]. Then nothing has changed.
    ///
    /// Linux: `iommu_tce_xchg`; later `iommu_tce_xchg_no_kill` and `iommu_tce_kill`.
    pub fn tce_xchg(&mut self, entry: HwEntry, new: Tce) -> Result<Tce, Error> {
        self.table.check(entry)?;
        if new.is_live() {
            self.frames.check_page(new.hpa(), self.page_shift)?;
            reserve_levels(self.table, self.work, entry, 1, |_| true)?;
            self.frames.reserve(new.hpa(), self.page_shift, 1)?;
        }
        Ok(self.exchange(entry, new))
    }

    /// [`tce_xchg`](Self::tce_xchg) of what was checked and reserved before.
    pub(crate) fn exchange(&mut self, entry: HwEntry, new: Tce) -> Tce {
        if self.displaced == LIST_ENTRIES {
            self.settle();
        }
        self.work.totals.pinned += pin(self.frames, &self.work.pins, [new]);
        self.watch_store(entry, new);
        let old = self.table.exchange(entry, new);
        self.touch(entry, 1);
        if old.is_live() {
            self.work.displaced[self.displaced] = old;
            self.displaced += 1;
            self.watch_displaced(entry, old);
        }
        old
    }

    /// Exchanges at most [`LIST_ENTRIES`] entries from `first` on, which were checked and reserved,
    /// for `new(0)`, `new(1)` and so on; the swap itself is left out where the entry is the same
    /// already. That is still an exchange: a page for itself, dirty by its direction.
    ///
    /// A locked swap is slow and waits for every store before it, so all that can be done before
    /// and after the swaps is not done between them.
    #[inline(always)]
    pub(crate) fn exchange_all(
        &mut self,
        first: HwEntry,
        count: usize,
        new: impl Fn(usize) -> Tce + Copy,
    ) -> Tally {
        if self.table.watch().is_some() {
            return self.exchange_each(first, count, new);
        }
        self.settle();
        let live = pin(self.frames, &self.work.pins, (0..count).map(new));
        self.work.totals.pinned += live;
        let mut run = Run::default();
        let (here, slots) = self.table.slots(first, count);
        run.swap(slots, &mut self.work.displaced, new);
        if here < count {
            run = self.swap_rest(first, here, count, run, new);
        }
        self.displaced = run.displaced;
        if run.swapped {
            self.touch(first, count as u64);
        }
        let cleared = run.displaced as u64 - run.replaced;
        Tally { puts: 0, replaced: run.replaced, cleared, mapped: live - run.replaced }
    }

    /// Goes on in the next levels of the table.
    #[cold]
    fn swap_rest(
        &mut self,
        first: HwEntry,
        mut done: usize,
        count: usize,
        mut run: Run,
        new: impl Fn(usize) -> Tce,
    ) -> Run {
        while done < count {
            let (here, slots) = self.table.slots(HwEntry(first.0 + done as u64), count - done);
            run.swap(slots, &mut self.work.displaced, |i| new(done + i));
            done += here;
        }
        run
    }

    /// The same, one after the other, for a table that is watched.
    #[cold]
    fn exchange_each(&mut self, first: HwEntry, count: usize, new: impl Fn(usize) -> Tce) -> Tally {
        let mut tally = Tally::default();
        for n in 0..count {
            let old = self.exchange(HwEntry(first.0 + n as u64), new(n));
            tally.note(old.is_live(), new(n).is_live());
        }
        tally
    }

    /// Clears every entry that is live.
    pub fn clear_all(&mut self) {
        let table = self.table;
        table.for_each_live(&mut |entry, _| self.clear(entry));
    }

    /// Clears those of `count` entries from `first` on, which were checked, that are live. Levels
    /// that do not exist are passed over.
    ///
    /// Linux: `tce_iommu_clear`.
    pub(crate) fn clear_range(&mut self, first: HwEntry, count: u64) {
        let (table, mut done) = (self.table, 0);
        while done < count {
            let first = first.0 + done;
            let left = usize::try_from(count - done).unwrap_or(usize::MAX);
            let (here, slots) = table.slots(HwEntry(first), left);
            for (entry, slot) in (first..).zip(slots) {
                if slot.load().is_live() {
                    self.clear(HwEntry(entry));
                }
            }
            done += here as u64;
        }
    }

    fn clear(&mut self, entry: HwEntry) {
        // A kill is for all entries from the first to the last.
        if entry.0.saturating_sub(self.first) >= LIST_ENTRIES as u64 {
            self.settle();
        }
        self.exchange(entry, Tce::CLEAR);
    }

    /// Entries to kill.
    fn touch(&mut self, first: HwEntry, count: u64) {
        self.first = self.first.min(first.0);
        self.end = self.end.max(first.0 + count);
    }

    /// Kill, dirty, release.
    #[inline]
    fn settle(&mut self) {
        let (first, end) = (self.first, self.end);
        if first < end {
            if let Some(faults) = &self.work.faults {
                faults.before_kill(self.table.window().liobn());
            }
            self.table.kill(HwEntry(first), end - first);
            self.work.totals.kills += 1;
            (self.first, self.end) = (u64::MAX, 0);
        }
        let Work { pins, totals, displaced, .. } = &mut *self.work;
        let displaced = &displaced[..self.displaced.min(LIST_ENTRIES)];
        totals.released += displaced.len() as u64;
        for_runs(displaced.iter().copied(), |old, count| {
            totals.dirtied += release(self.frames, pins, self.page_shift, old, count);
        });
        self.displaced = 0;
        if !self.work.watched.is_empty() {
            self.watch_settled();
        }
        if first < end && self.table.is_sealed() {
            self.clear_again(first, end);
        }
    }

    /// The table was given up meanwhile: nothing may stay in it ([`IommuTable::seal`]).
    #[cold]
    fn clear_again(&mut self, first: u64, end: u64) {
        for entry in (first..end).map(HwEntry) {
            if self.table.load(entry).is_live() {
                self.exchange(entry, Tce::CLEAR);
            }
        }
        self.settle();
    }

    #[inline]
    fn watch_store(&self, entry: HwEntry, new: Tce) {
        if let Some(watch) = self.table.watch()
            && new.is_live()
        {
            watch.stores(entry, new);
        }
    }

    #[inline]
    fn watch_displaced(&mut self, entry: HwEntry, old: Tce) {
        if self.table.watch().is_some() {
            self.work.watched.push((entry, old));
        }
    }

    #[cold]
    fn watch_settled(&mut self) {
        let watched = std::mem::take(&mut self.work.watched);
        if let Some(watch) = self.table.watch() {
            watched.iter().for_each(|&(entry, old)| watch.displaced(entry, old));
        }
    }
}

/// What a run of swaps came to.
#[derive(Default)]
struct Run {
    displaced: usize,
    replaced: u64,
    swapped: bool,
}

impl Run {
    /// Swaps the entries of one level. There are none where the level does not exist: there all is
    /// clear, and stays so.
    #[inline(always)]
    fn swap(
        &mut self,
        slots: &[AtomicTce],
        room: &mut [Tce; LIST_ENTRIES],
        new: impl Fn(usize) -> Tce,
    ) {
        let Run { mut displaced, mut replaced, mut swapped } = *self;
        for (i, slot) in slots.iter().enumerate() {
            let new = new(i);
            let mut old = slot.load();
            if old != new {
                old = slot.swap(new);
                swapped = true;
            }
            room[displaced % LIST_ENTRIES] = old;
            displaced += usize::from(old.is_live());
            replaced += u64::from(old.is_live() & new.is_live());
        }
        *self = Run { displaced, replaced, swapped };
    }
}

impl Drop for Batch<'_> {
    #[inline]
    fn drop(&mut self) {
        self.settle();
    }
}

/// Exchanges one entry, and kills, dirties and releases what was displaced: a [`Batch`] of one.
/// Returns what that was.
///
/// Errors: as [`Batch::tce_xchg`].
///
/// Linux: `iommu_tce_xchg` as the commit made it.
#[inline(always)]
pub fn tce_xchg(
    table: &IommuTable,
    frames: &Frames,
    by: &mut Agent,
    entry: HwEntry,
    new: Tce,
) -> Result<Tce, Error> {
    if !by.work.plain || table.watch().is_some() {
        return Batch::new(table, frames, by).tce_xchg(entry, new);
    }
    table.check(entry)?;
    if new.is_live() {
        frames.check_page(new.hpa(), table.window().page_shift())?;
    }
    Ok(match table.place(entry, new.is_live(), by.work.may_allocate)? {
        Some(slot) => tce_xchg_plain(table, frames, &mut by.work, entry, slot, new),
        None => Tce::CLEAR,
    })
}

/// One exchange with its kill: a [`Batch`] of one, without the room that a batch needs, for a
/// [plain](Work::plain) agent and a table that is not watched. `slot` is the entry's place.
#[inline(always)]
pub(crate) fn tce_xchg_plain(
    table: &IommuTable,
    frames: &Frames,
    work: &mut Work,
    entry: HwEntry,
    slot: &AtomicTce,
    new: Tce,
) -> Tce {
    if new.is_live() {
        work.pins.pin(frames.frame(new.hpa()), 1);
        work.totals.pinned += 1;
    }
    let old = slot.swap(new);
    table.kill(entry, 1);
    work.totals.kills += 1;
    if old.is_live() {
        work.totals.released += 1;
        if old.device_writes() {
            frames.mark_dirty(old.hpa(), table.window().page_shift());
            work.totals.dirtied += 1;
        }
        work.pins.unpin(frames.frame(old.hpa()), 1);
    }
    if table.is_sealed() {
        clear_sealed(table, frames, work, entry);
    }
    old
}

/// The table was given up meanwhile.
#[cold]
fn clear_sealed(table: &IommuTable, frames: &Frames, work: &mut Work, entry: HwEntry) {
    Batch::with(table, frames, work).exchange(entry, Tce::CLEAR);
}

/// Makes the levels of the entries that are `needed(n)`. Errors: [`Error::NoMemory`].
#[inline]
pub(crate) fn reserve_levels(
    table: &IommuTable,
    work: &Work,
    first: HwEntry,
    count: u64,
    needed: impl Fn(u64) -> bool,
) -> Result<(), Error> {
    let liobn = table.window().liobn();
    table.reserve(first, count, needed, &mut || work.has_memory(liobn))
}

/// Takes a pin for each live entry that is about to be stored: before the swap, so that no page
/// is ever mapped and not pinned. Returns how many.
#[inline(always)]
fn pin(frames: &Frames, pins: &Pins, new: impl IntoIterator<Item = Tce>) -> u64 {
    let mut pinned = 0;
    let here = frames.all_registered(); // else they were pinned when they were reserved
    for_runs(new, |tce, count| {
        if tce.is_live() {
            if here {
                pins.pin(frames.frame(tce.hpa()), count);
            }
            pinned += u64::from(count);
        }
    });
    pinned
}

/// Gives back the pins of `count` equal live entries, after their kill: marks the page dirty by the
/// direction that they had, then unpins it. Returns how many of them were marked.
#[inline(always)]
fn release(frames: &Frames, pins: &Pins, page_shift: PageShift, old: Tce, count: u32) -> u64 {
    let dirty = old.device_writes();
    if dirty {
        frames.mark_dirty(old.hpa(), page_shift);
    }
    frames.unpin(pins, old.hpa(), count);
    if dirty { u64::from(count) } else { 0 }
}

/// Calls `each` with every run of equal entries and its length: calls often map or displace one
/// page many times over. It is called in one place, so that it is inlined there.
#[inline(always)]
fn for_runs(tces: impl IntoIterator<Item = Tce>, mut each: impl FnMut(Tce, u32)) {
    let mut tces = tces.into_iter();
    let mut first = tces.next();
    while let Some(tce) = first {
        let mut count = 1;
        first = loop {
            match tces.next() {
                Some(next) if next == tce => count += 1,
                next => break next,
            }
        };
        each(tce, count);
    }
}
