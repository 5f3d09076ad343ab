// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exchange of the commit, and its later form for several entries. Both are `Xchg`:
//!
//! | Linux | here | kills |
//! |---|---|---|
//! | `iommu_tce_xchg` (the commit) | [`tce_xchg`], `Xchg::tce_xchg` | each entry at once |
//! | `iommu_tce_xchg_no_kill`, `iommu_tce_kill` (5.4) | [`Batch`] | all entries once, at the end |
//!
//! The order is **exchange → kill → dirty → release**, and `Xchg::settle` is the only place where a
//! displaced entry is killed, marks its page dirty and releases it. A page is not released while a
//! bridge may still hold a translation of it, and not before its dirt is recorded. A device write
//! between the mark and the kill would be lost, so the kill comes first (papr-tce 4.5.7, bug 45).

use crate::LIST_ENTRIES;
use crate::exchange::tally::Tally;
use crate::exchange::work::Work;
use crate::frames::{Frames, Pins};
use crate::sync::fence_after_swap;
use crate::table::IommuTable;
use crate::table::platform::Exchange;
use crate::words::addr::HwEntry;
use crate::words::error::Error;
use crate::words::tce::{AtomicTce, Tce};
use std::ops::Range;

/// Exchanges of entries of one table, compiled for one entry at a time and for many.
pub(crate) struct Xchg<'a, R: Room> {
    table: &'a IommuTable,
    /// The platform's operation.
    exchange: &'a Exchange,
    frames: &'a Frames,
    work: &'a mut Work,
    room: R,
}

/// Entries that are exchanged and not settled yet.
pub(crate) trait Room {
    /// True when pages are never reserved: of a [plain](Work::plain) agent.
    const PLAIN: bool;
    /// Swaps an entry by the platform's operation.
    fn swap(by: &Exchange, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce;
    /// Adds an entry, and what was displaced from it if that was live.
    fn keep(&mut self, work: &mut Work, entry: HwEntry, old: Tce);
    /// Entries to kill: the first, and how many. From then on none.
    fn take_touched(&mut self) -> (HwEntry, u64);
    /// Live entries that were displaced. From then on none.
    fn take_displaced<'w>(
        &mut self,
        room: &'w [Tce; LIST_ENTRIES],
    ) -> impl ExactSizeIterator<Item = Tce> + 'w;
    /// A fault that is injected comes before the kill.
    fn before_kill(&self, table: &IommuTable, work: &Work);
    /// Reports the exchanges, which are complete, to the observer of the table.
    fn report(&self, table: &IommuTable, work: &mut Work);
}

/// Room for one entry, of a [plain](Work::plain) agent on a [plain](IommuTable::is_plain) table.
pub(crate) struct One {
    entry: HwEntry,
    old: Tce,
}

/// Room for up to [`LIST_ENTRIES`] displaced entries.
pub(crate) struct Many {
    /// Exchanged and not killed yet: from `first` to before `end`.
    first: u64,
    end: u64,
    /// How much of the thread's room is used.
    displaced: usize,
}

impl Room for One {
    const PLAIN: bool = true;

    #[inline(always)]
    fn swap(_: &Exchange, _: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        slot.swap(new)
    }

    #[inline(always)]
    fn keep(&mut self, _: &mut Work, entry: HwEntry, old: Tce) {
        *self = One { entry, old };
    }

    #[inline(always)]
    fn take_touched(&mut self) -> (HwEntry, u64) {
        (self.entry, 1)
    }

    #[inline(always)]
    fn take_displaced<'w>(
        &mut self,
        _: &'w [Tce; LIST_ENTRIES],
    ) -> impl ExactSizeIterator<Item = Tce> + 'w {
        self.old.is_live().then_some(self.old).into_iter()
    }

    #[inline(always)]
    fn before_kill(&self, _: &IommuTable, _: &Work) {}

    #[inline(always)]
    fn report(&self, _: &IommuTable, _: &mut Work) {}
}

impl Room for Many {
    const PLAIN: bool = false;

    #[inline]
    fn swap(by: &Exchange, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        by.exchange_no_kill(entry, slot, new)
    }

    #[inline]
    fn keep(&mut self, work: &mut Work, entry: HwEntry, old: Tce) {
        self.touch(entry, 1);
        if old.is_live() {
            work.displaced[self.displaced] = old;
            self.displaced += 1;
        }
    }

    #[inline(always)]
    fn take_touched(&mut self) -> (HwEntry, u64) {
        let (first, end) = (self.first, self.end);
        (self.first, self.end) = (u64::MAX, 0);
        (HwEntry(first), end.saturating_sub(first))
    }

    #[inline(always)]
    fn take_displaced<'w>(
        &mut self,
        room: &'w [Tce; LIST_ENTRIES],
    ) -> impl ExactSizeIterator<Item = Tce> + 'w {
        let here = std::mem::take(&mut self.displaced).min(LIST_ENTRIES);
        room[..here].iter().copied()
    }

    #[inline]
    fn before_kill(&self, table: &IommuTable, work: &Work) {
        if let Some(faults) = &work.faults {
            faults.before_kill(table.window().liobn());
        }
    }

    #[inline]
    fn report(&self, table: &IommuTable, work: &mut Work) {
        if !work.watched.is_empty() {
            report_displaced(table, work);
        }
    }
}

impl Many {
    fn new() -> Many {
        Many { first: u64::MAX, end: 0, displaced: 0 }
    }

    /// Entries to kill.
    #[inline]
    fn touch(&mut self, first: HwEntry, count: u64) {
        self.first = self.first.min(first.0);
        self.end = self.end.max(first.0 + count);
    }
}

impl<R: Room> Xchg<'_, R> {
    /// Exchanges an entry that was checked and reserved, and settles it. Returns the old one.
    ///
    /// Linux: `iommu_tce_xchg`.
    #[inline(always)]
    pub(crate) fn tce_xchg(&mut self, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        let old = self.tce_xchg_no_kill(entry, slot, new);
        self.settle();
        old
    }

    /// Pins the new page, then exchanges the entry, so that no page is ever mapped and not pinned.
    ///
    /// Linux: `iommu_tce_xchg_no_kill`.
    #[inline(always)]
    fn tce_xchg_no_kill(&mut self, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        pin::<R>(self.frames, &self.work.pins, [new], |count| self.work.totals.pinned += count);
        let old = R::swap(self.exchange, entry, slot, new);
        self.room.keep(self.work, entry, old);
        old
    }

    /// The rest of the order behind the exchanges: kill → dirty → release.
    #[inline(always)]
    fn settle(&mut self) {
        let (table, frames) = (self.table, self.frames);
        let (first, touched) = self.room.take_touched();
        if touched != 0 {
            self.room.before_kill(table, self.work);
            self.exchange.kill(first, touched); // kill
            self.work.totals.kills += 1;
            // Before the dirt is tested (`Frames::mark_dirty`), and before the seal is (`IommuTable::seal`).
            fence_after_swap();
        }
        let page_shift = table.window().page_shift();
        let Work { pins, totals, displaced, .. } = &mut *self.work;
        let displaced = self.room.take_displaced(displaced);
        totals.released += displaced.len() as u64;
        for_runs(displaced, |old, count| {
            if old.device_writes() {
                frames.mark_dirty(old.hpa(), page_shift); // dirty, by the old direction
                totals.dirtied += u64::from(count);
            }
            match R::PLAIN {
                true => pins.unpin(frames.frame(old.hpa()), count), // release
                false => frames.unpin(pins, old.hpa(), count),
            }
        });
        self.room.report(table, self.work);
        if touched != 0 && table.is_sealed() {
            clear_again(table, frames, self.work, first, touched);
        }
    }
}

impl Xchg<'_, Many> {
    /// [`settle`](Self::settle)s, in one piece of code for all callers.
    #[inline(never)]
    fn settle_all(&mut self) {
        self.settle();
    }
}

impl<'a> Xchg<'a, One> {
    /// Exchanges that are settled one by one, for a [plain](Work::plain) agent and a
    /// [plain](IommuTable::is_plain) table. Errors: [`Error::NoExchange`].
    #[inline(always)]
    pub(crate) fn one(
        table: &'a IommuTable,
        frames: &'a Frames,
        work: &'a mut Work,
    ) -> Result<Xchg<'a, One>, Error> {
        debug_assert!(work.plain && table.is_plain(), "as `One` wants it");
        let (exchange, room) = (table.exchange()?, One { entry: HwEntry(0), old: Tce::CLEAR });
        Ok(Xchg { table, exchange, frames, work, room })
    }

    /// The work, between two exchanges.
    #[inline(always)]
    pub(crate) fn work(&mut self) -> &mut Work {
        self.work
    }
}

#[cold]
fn report_displaced(table: &IommuTable, work: &mut Work) {
    let watched = std::mem::take(&mut work.watched);
    if let Some(watch) = table.watch() {
        watched.iter().for_each(|&(entry, old)| watch.displaced(entry, old));
    }
}

/// The table was given up meanwhile: nothing may stay in it ([`IommuTable::seal`]).
#[cold]
pub(crate) fn clear_again(
    table: &IommuTable,
    frames: &Frames,
    work: &mut Work,
    first: HwEntry,
    count: u64,
) {
    if let Ok(mut batch) = Batch::new(table, frames, work) {
        for entry in (first.0..first.0 + count).map(HwEntry) {
            if table.load(entry).is_live() {
                batch.exchange(entry, Tce::CLEAR);
            }
        }
    }
}

/// Exchanges that share one kill. Dropping it kills, dirties and releases, so a displaced page cannot
/// be forgotten.
#[must_use = "displaced pages stay pinned until the batch is dropped"]
pub struct Batch<'a>(Xchg<'a, Many>);

impl<'a> Batch<'a> {
    /// No exchange yet. The agent is one for these frames, and no other frames are mapped in the
    /// table. Errors: [`Error::NoExchange`].
    pub fn new(
        table: &'a IommuTable,
        frames: &'a Frames,
        by: &'a mut impl AsMut<Work>,
    ) -> Result<Batch<'a>, Error> {
        let (exchange, room) = (table.exchange()?, Many::new());
        Ok(Batch(Xchg { table, exchange, frames, work: by.as_mut(), room }))
    }

    /// Exchanges an entry: pins the new page, and keeps the displaced one until the batch ends,
    /// when it is marked dirty by its **old** direction and released. [`Tce::CLEAR`] clears; where
    /// the entry's level does not exist, that succeeds with [`Tce::CLEAR`] and allocates none.
    /// Returns the displaced entry.
    ///
    /// Errors: [`Error::NoEntry`]; [`Error::LowBits`], [`Error::NotOwned`] and [`Error::Foreign`]
    /// when the page is not one of the table's size or not guest memory; [`Error::NoMemory`] for a
    /// level of the table; [`Error::NotRegistered`]. Then nothing has changed.
    ///
    /// Linux: `iommu_tce_xchg_no_kill`.
    pub fn tce_xchg(&mut self, entry: HwEntry, new: Tce) -> Result<Tce, Error> {
        let Xchg { table, frames, work, .. } = &self.0;
        table.check(entry)?;
        if new.is_live() {
            let page_shift = table.window().page_shift();
            frames.check_page(new.hpa(), page_shift)?;
            reserve_levels(table, work, entry, 1, |_| true)?;
            frames.reserve(new.hpa(), page_shift, 1)?;
        }
        Ok(self.exchange(entry, new))
    }

    /// [`tce_xchg`](Self::tce_xchg) of an entry that was checked and reserved before.
    pub(crate) fn exchange(&mut self, entry: HwEntry, new: Tce) -> Tce {
        let table = self.0.table;
        let Some(slot) = table.slot(entry) else {
            debug_assert!(!new.is_live(), "not reserved");
            return Tce::CLEAR;
        };
        if let Some(watch) = table.watch()
            && new.is_live()
        {
            watch.stores(entry, new);
        }
        if self.0.room.displaced == LIST_ENTRIES {
            self.0.settle_all();
        }
        let old = self.0.tce_xchg_no_kill(entry, slot, new);
        if table.watch().is_some() && old.is_live() {
            self.0.work.watched.push((entry, old));
        }
        old
    }

    /// Exchanges at most [`LIST_ENTRIES`] entries from `first` on, which were checked and reserved,
    /// for `new(0)`, `new(1)` and so on. The swap itself is left out where the entry holds its new
    /// value already. That is still an exchange: a page for itself, dirty by its direction.
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
        if self.0.table.watch().is_some() {
            return self.exchange_each(first, count, new);
        }
        if self.0.room.displaced != 0 {
            self.0.settle_all();
        }
        let Xchg { table, exchange, frames, work, room } = &mut self.0;
        let mut live = 0;
        pin::<Many>(frames, &work.pins, (0..count).map(new), |count| live += count);
        work.totals.pinned += live;
        let mut swaps = Swaps::default();
        let (here, slots) = table.slots(first, count);
        swaps.swap(exchange, first, slots, &mut work.displaced, new);
        if here < count {
            swaps.swap_rest(table, exchange, first, here..count, &mut work.displaced, new);
        }
        room.displaced = swaps.displaced;
        if swaps.swapped {
            room.touch(first, count as u64);
        }
        let cleared = swaps.displaced as u64 - swaps.replaced;
        Tally { puts: 0, replaced: swaps.replaced, cleared, mapped: live - swaps.replaced }
    }

    /// Exchanges the entries one after the other, for a table that is watched.
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
        let table = self.0.table;
        table.for_each_live(&mut |entry, _| self.clear(entry));
    }

    /// Clears those of `count` entries from `first` on, which were checked, that are live. Levels
    /// that do not exist are passed over.
    ///
    /// Linux: `tce_iommu_clear`.
    pub(crate) fn clear_range(&mut self, first: HwEntry, count: u64) {
        let (table, mut done) = (self.0.table, 0);
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
        if entry.0.saturating_sub(self.0.room.first) >= LIST_ENTRIES as u64 {
            self.0.settle_all();
        }
        self.exchange(entry, Tce::CLEAR);
    }
}

impl Drop for Batch<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.settle_all();
    }
}

/// Swaps of consecutive entries, and what they came to.
#[derive(Default)]
struct Swaps {
    displaced: usize,
    /// Of the displaced entries those in whose place another live one is.
    replaced: u64,
    swapped: bool,
}

impl Swaps {
    /// Swaps the entries of one level. There are none where the level does not exist: there all is
    /// clear, and stays so.
    #[inline(always)]
    fn swap(
        &mut self,
        exchange: &Exchange,
        first: HwEntry,
        slots: &[AtomicTce],
        room: &mut [Tce; LIST_ENTRIES],
        new: impl Fn(usize) -> Tce,
    ) {
        if exchange.is_in_memory() {
            self.swap_by(slots, room, new, |_, slot, new| slot.swap(new));
        } else {
            self.swap_by(slots, room, new, |n, slot, new| {
                exchange.exchange_no_kill(HwEntry(first.0 + n as u64), slot, new)
            });
        }
    }

    #[inline(always)]
    fn swap_by(
        &mut self,
        slots: &[AtomicTce],
        room: &mut [Tce; LIST_ENTRIES],
        new: impl Fn(usize) -> Tce,
        swap: impl Fn(usize, &AtomicTce, Tce) -> Tce,
    ) {
        let Swaps { mut displaced, mut replaced, mut swapped } = *self;
        for (i, slot) in slots.iter().enumerate() {
            let new = new(i);
            let mut old = slot.load();
            if old != new {
                old = swap(i, slot, new);
                swapped = true;
            }
            room[displaced % LIST_ENTRIES] = old;
            displaced += usize::from(old.is_live());
            replaced += u64::from(old.is_live() & new.is_live());
        }
        *self = Swaps { displaced, replaced, swapped };
    }

    /// Goes on in the next levels of the table.
    #[cold]
    fn swap_rest(
        &mut self,
        table: &IommuTable,
        exchange: &Exchange,
        first: HwEntry,
        mut left: Range<usize>,
        room: &mut [Tce; LIST_ENTRIES],
        new: impl Fn(usize) -> Tce,
    ) {
        while !left.is_empty() {
            let at = HwEntry(first.0 + left.start as u64);
            let (here, slots) = table.slots(at, left.len());
            self.swap(exchange, at, slots, room, |i| new(left.start + i));
            left.start += here;
        }
    }
}

/// Exchanges one entry, and kills, dirties and releases what was displaced. Returns the old entry.
///
/// Errors: [`Error::NoExchange`]; else as [`Batch::tce_xchg`].
///
/// Linux: `iommu_tce_xchg`.
#[inline(always)]
pub fn tce_xchg(
    table: &IommuTable,
    frames: &Frames,
    by: &mut impl AsMut<Work>,
    entry: HwEntry,
    new: Tce,
) -> Result<Tce, Error> {
    let work = by.as_mut();
    if !(work.plain && table.is_plain()) {
        return Batch::new(table, frames, work)?.tce_xchg(entry, new);
    }
    table.check(entry)?;
    if new.is_live() {
        frames.check_page(new.hpa(), table.window().page_shift())?;
    }
    let slot = table.place(entry, new.is_live(), work.may_allocate)?;
    let mut xchg = Xchg::one(table, frames, work)?;
    match slot {
        Some(slot) => Ok(xchg.tce_xchg(entry, slot, new)),
        None => Ok(Tce::CLEAR),
    }
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

/// Takes a pin for each live entry that is about to be stored, and reports their number. Where pages may
/// be unregistered they were pinned when they were reserved.
#[inline(always)]
fn pin<R: Room>(
    frames: &Frames,
    pins: &Pins,
    new: impl IntoIterator<Item = Tce>,
    mut pinned: impl FnMut(u64),
) {
    let here = R::PLAIN || frames.all_registered();
    for_runs(new, |tce, count| {
        if tce.is_live() {
            if here {
                pins.pin(frames.frame(tce.hpa()), count);
            }
            pinned(u64::from(count));
        }
    });
}

/// Calls `each` with every run of equal entries and its length: calls often map or displace one
/// page many times over.
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
