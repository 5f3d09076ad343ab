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
use crate::agent::Agent;
use crate::error::Error;
use crate::frames::{Frames, Pins};
use crate::table::IommuTable;
use crate::tally::Tally;
use crate::tce::Tce;
use crate::window::PageShift;

/// Exchanges that share one kill. Dropping it kills, dirties and releases.
#[must_use = "displaced pages stay pinned until the batch is dropped"]
#[derive(Debug)]
pub struct Batch<'a> {
    table: &'a IommuTable,
    frames: &'a Frames,
    agent: &'a mut Agent,
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
        let page_shift = table.window().page_shift();
        Batch { table, frames, agent, page_shift, first: u64::MAX, end: 0, displaced: 0 }
    }

    /// Exchanges an entry: pins the new page, and keeps the displaced one until the batch ends,
    /// when it is marked dirty by its **old** direction and released. [`Tce::CLEAR`] clears.
    /// Returns what was displaced.
    ///
    /// Errors: [`Error::NoEntry`]; [`Error::LowBits`], [`Error::NotOwned`] and [`Error::Foreign`]
    /// when the page is not one of the table's size or not guest memory. Then nothing has changed.
    ///
    /// Linux: `iommu_tce_xchg`; later `iommu_tce_xchg_no_kill` and `iommu_tce_kill`.
    pub fn tce_xchg(&mut self, entry: HwEntry, new: Tce) -> Result<Tce, Error> {
        self.table.check(entry)?;
        if new.is_live() {
            self.frames.check_page(new.hpa(), self.page_shift)?;
        }
        Ok(self.exchange(entry, new))
    }

    /// [`tce_xchg`](Self::tce_xchg) of what was checked before.
    pub(crate) fn exchange(&mut self, entry: HwEntry, new: Tce) -> Tce {
        if self.displaced == LIST_ENTRIES {
            self.settle();
        }
        self.agent.totals.pinned += pin(self.frames, &self.agent.pins, [new]);
        let old = self.table.exchange(entry, new);
        self.touch(entry, 1);
        if old.is_live() {
            self.agent.displaced[self.displaced] = old;
            self.displaced += 1;
        }
        old
    }

    /// Exchanges at most [`LIST_ENTRIES`] entries from `first` on, which were checked, for `new(0)`,
    /// `new(1)` and so on; the swap itself is left out where the entry is the same already. That is
    /// still an exchange: a page for itself, dirty by its direction.
    ///
    /// A locked swap is slow and waits for every store before it, so all that can be done before
    /// and after the swaps is not done between them.
    #[inline(always)]
    pub(crate) fn exchange_all(
        &mut self,
        first: HwEntry,
        count: usize,
        new: impl Fn(usize) -> Tce,
    ) -> Tally {
        self.settle();
        let live = pin(self.frames, &self.agent.pins, (0..count).map(&new));
        self.agent.totals.pinned += live;
        let (mut displaced, mut replaced, mut swapped) = (0, 0, false);
        let room = &mut *self.agent.displaced;
        for (i, slot) in self.table.slots(first, count).iter().enumerate() {
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
        self.displaced = displaced;
        if swapped {
            self.touch(first, count as u64);
        }
        let cleared = displaced as u64 - replaced;
        Tally { puts: 0, replaced, cleared, mapped: live - replaced }
    }

    /// Entries to kill.
    fn touch(&mut self, first: HwEntry, count: u64) {
        self.first = self.first.min(first.0);
        self.end = self.end.max(first.0 + count);
    }

    /// Kill, dirty, release.
    #[inline]
    fn settle(&mut self) {
        if self.first < self.end {
            self.table.kill(HwEntry(self.first), self.end - self.first);
            self.agent.totals.kills += 1;
            (self.first, self.end) = (u64::MAX, 0);
        }
        let Agent { pins, totals, displaced, .. } = &mut *self.agent;
        let displaced = &displaced[..self.displaced.min(LIST_ENTRIES)];
        totals.released += displaced.len() as u64;
        for_runs(displaced.iter().copied(), |old, count| {
            totals.dirtied += release(self.frames, pins, self.page_shift, old, count);
        });
        self.displaced = 0;
    }
}

impl Drop for Batch<'_> {
    #[inline]
    fn drop(&mut self) {
        self.settle();
    }
}

/// One exchange with its kill: a [`Batch`] of one, without the room that a batch needs.
///
/// Linux: `iommu_tce_xchg` as the commit made it.
#[inline(always)]
pub(crate) fn tce_xchg_one(
    table: &IommuTable,
    frames: &Frames,
    agent: &mut Agent,
    entry: HwEntry,
    new: Tce,
) -> Tce {
    agent.totals.pinned += pin(frames, &agent.pins, [new]);
    let old = table.exchange(entry, new);
    table.kill(entry, 1);
    agent.totals.kills += 1;
    if old.is_live() {
        agent.totals.released += 1;
        let page_shift = table.window().page_shift();
        agent.totals.dirtied += release(frames, &agent.pins, page_shift, old, 1);
    }
    old
}

/// Takes a pin for each live entry that is about to be stored: before the swap, so that no page
/// is ever mapped and not pinned. Returns how many.
#[inline(always)]
fn pin(frames: &Frames, pins: &Pins, new: impl IntoIterator<Item = Tce>) -> u64 {
    let mut pinned = 0;
    for_runs(new, |tce, count| {
        if tce.is_live() {
            pins.pin(frames.frame(tce.hpa()), count);
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
    pins.unpin(frames.frame(old.hpa()), count);
    if dirty { u64::from(count) } else { 0 }
}

/// Calls `each` with every run of equal entries and its length: calls often map or displace one
/// page many times over.
#[inline(always)]
fn for_runs(tces: impl IntoIterator<Item = Tce>, mut each: impl FnMut(Tce, u32)) {
    let mut tces = tces.into_iter();
    let Some(mut last) = tces.next() else { return };
    let mut count = 1;
    for tce in tces {
        if tce == last {
            count += 1;
        } else {
            each(last, count);
            (last, count) = (tce, 1);
        }
    }
    each(last, count);
}
