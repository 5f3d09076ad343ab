// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Entries of the host's own, as a platform's set and clear operations see them.

use crate::table::detector::Watch;
use crate::table::radix::Radix;
use crate::words::addr::HwEntry;
use crate::words::tce::{AtomicTce, Tce};
use crate::words::window::PageShift;

/// Consecutive entries of a table that map pages of the host's own. Nothing is pinned, and the old
/// entries are forgotten: the host knows that they were clear.
pub struct HostEntries<'a> {
    pub(super) tces: &'a Radix<AtomicTce>,
    pub(super) watch: Option<&'a Watch>,
    pub(super) page_shift: PageShift,
    pub(super) first: HwEntry,
    pub(super) count: u64,
    /// Displaced entries of a watched table, with their places.
    pub(super) displaced: Vec<(HwEntry, Tce)>,
}

impl HostEntries<'_> {
    /// The first of them.
    pub fn first(&self) -> HwEntry {
        self.first
    }

    /// Their number.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Stores consecutive pages, the first of which is that of `tce`.
    ///
    /// Linux: `pnv_tce_build`.
    pub fn store(&mut self, tce: Tce) {
        let page_shift = self.page_shift.get();
        self.change(|n| tce.further(n << page_shift));
    }

    /// Clears the entries.
    ///
    /// Linux: `pnv_tce_free`.
    pub fn clear(&mut self) {
        self.change(|_| Tce::CLEAR);
    }

    fn change(&mut self, new: impl Fn(u64) -> Tce) {
        let watch = self.watch;
        for n in 0..self.count {
            let (entry, new) = (HwEntry(self.first.0 + n), new(n));
            if let Some(watch) = watch
                && new.is_live()
            {
                watch.stores(entry, new);
            }
            let old = self.tces.get(entry.0).map_or(Tce::CLEAR, |slot| slot.swap(new));
            if watch.is_some() && old.is_live() {
                self.displaced.push((entry, old));
            }
        }
    }

    /// Reports the displaced entries to the observer of the table: the operation is complete.
    pub(super) fn end(self) {
        if let Some(watch) = self.watch {
            self.displaced.iter().for_each(|&(entry, old)| watch.displaced(entry, old));
        }
    }
}
