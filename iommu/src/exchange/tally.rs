// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Counts, and their summary.

use crate::words::addr::Liobn;
use crate::words::window::PageShift;
use std::ops::AddAssign;

/// Changes that one agent made to one window, in entries of the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries written, with whatever value.
    pub puts: u64,
    /// Live entries that were replaced by live ones: the exchange of the commit. When two calls write one
    /// entry at once, the later one may exchange it a second time, and that counts.
    pub replaced: u64,
    /// Live entries that became clear.
    pub cleared: u64,
    /// Clear entries that became live.
    pub mapped: u64,
}

impl Tally {
    /// Counts one entry by what it was and what it became.
    #[inline]
    pub(crate) fn note(&mut self, was_live: bool, is_live: bool) {
        self.replaced += u64::from(was_live & is_live);
        self.cleared += u64::from(was_live & !is_live);
        self.mapped += u64::from(!was_live & is_live);
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Tally) {
        self.puts += more.puts;
        self.replaced += more.replaced;
        self.cleared += more.cleared;
        self.mapped += more.mapped;
    }
}

/// Changes that one agent made to pages, over all windows. One pin is one hardware entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Pins taken.
    pub pinned: u64,
    /// Pins given back.
    pub released: u64,
    /// Times a page was marked dirty: its displaced mapping let the device write.
    pub dirtied: u64,
    /// Invalidations sent to the platform, each for a range of entries.
    pub kills: u64,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Totals) {
        self.pinned += more.pinned;
        self.released += more.released;
        self.dirtied += more.dirtied;
        self.kills += more.kills;
    }
}

/// The summary of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowStats {
    /// The LIOBN of the window.
    pub liobn: Liobn,
    /// The page size of the window's entries.
    pub page_shift: PageShift,
    /// The number of the window's entries.
    pub size: u64,
    /// All changes to it.
    pub tally: Tally,
    /// Entries live now.
    pub live: u64,
    /// Most entries that were live at once.
    pub max_live: u64,
}

/// The summary of a container and some agents: [`Container::stats`](crate::Container::stats).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Each window.
    pub windows: Vec<WindowStats>,
    /// Pages that were pinned, released and dirtied, and kills.
    pub totals: Totals,
    /// Pins without a live entry, or live entries without a pin: 0 unless the accounting is
    /// broken.
    pub leaked: u64,
}
