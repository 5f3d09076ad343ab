// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exchanges of one call on one hardware table, in the order that is safe:
//! exchange all → kill once → mark dirty → release.
//!
//! A displaced page cannot be forgotten: whatever ends the batch releases it. It is not released
//! while a bridge may still hold a translation of it, and not before its dirt is recorded; a
//! device write between the mark and the kill would be lost, so the kill comes first
//! (papr-tce 4.5.7, bug 45).

use crate::addr::HwEntry;
use crate::agent::{Agent, Displaced};
use crate::error::Error;
use crate::frames::Frames;
use crate::table::IommuTable;
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
    #[inline]
    pub(crate) fn exchange(&mut self, entry: HwEntry, new: Tce) -> Tce {
        if self.displaced == self.agent.displaced.len() {
            self.settle();
        }
        // Before the swap, so that no page is ever mapped and not pinned.
        if new.is_live() {
            self.agent.pins.pin(self.frames.frame(new.hpa()), 1);
            self.agent.totals.pinned += 1;
        }
        let old = self.table.exchange(entry, new);
        self.first = self.first.min(entry.0);
        self.end = self.end.max(entry.0 + 1);
        if old.is_live() {
            self.displace(old);
        }
        old
    }

    /// True when the entry is `new` already and an exchange would change nothing. The page is
    /// still marked dirty by the old direction, which is the new one; no translation changes, so
    /// there is nothing to kill.
    #[inline]
    pub(crate) fn is_already(&mut self, entry: HwEntry, new: Tce) -> bool {
        let same = self.table.load(entry) == new;
        if same && new.device_writes() {
            self.frames.mark_dirty(new.hpa(), self.page_shift);
            self.agent.totals.dirtied += 1;
        }
        same
    }

    /// Remembers a displaced entry. Many calls displace one page many times: count those as one.
    #[inline]
    fn displace(&mut self, tce: Tce) {
        if let Some(last) = self.displaced.checked_sub(1) {
            let last = &mut self.agent.displaced[last];
            if last.tce == tce {
                last.count += 1;
                return;
            }
        }
        self.agent.displaced[self.displaced] = Displaced { tce, count: 1 };
        self.displaced += 1;
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
        for &Displaced { tce, count } in &displaced[..self.displaced] {
            let n = u64::from(count);
            if tce.device_writes() {
                self.frames.mark_dirty(tce.hpa(), self.page_shift);
                totals.dirtied += n;
            }
            pins.unpin(self.frames.frame(tce.hpa()), count);
            totals.released += n;
        }
        self.displaced = 0;
    }
}

impl Drop for Batch<'_> {
    #[inline]
    fn drop(&mut self) {
        self.settle();
    }
}
