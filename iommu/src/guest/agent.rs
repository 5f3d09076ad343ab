// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A thread that makes calls: its accounting, and the windows as it saw them last.

use crate::exchange::faults::Faults;
use crate::exchange::tally::{Tally, Totals};
use crate::exchange::work::Work;
use crate::frames::Frames;
use crate::guest::guest_table::GuestTable;
use crate::guest::windows::{Windows, WindowsCache};
use arc_swap::{ArcSwap, Cache};
use std::fmt;
use std::sync::Arc;

/// A thread's side of a container: the windows as it saw them last, its share of the pin counts,
/// its tallies, and room for the pages that its current call has displaced. One for each vCPU,
/// made by [`Container::agent`](crate::Container::agent) and used with that container only.
pub struct Agent {
    pub(crate) windows: WindowsCache,
    pub(crate) work: Work,
    /// Where the windows come from, and an empty list for a thread that waits ([`rest`](Self::rest)).
    source: Arc<ArcSwap<Windows>>,
    none: Arc<ArcSwap<Windows>>,
}

impl Agent {
    pub(crate) fn new(
        frames: &Frames,
        source: Arc<ArcSwap<Windows>>,
        faults: Option<Arc<dyn Faults>>,
    ) -> Agent {
        let (windows, work) = (Cache::new(source.clone()), Work::new(frames, faults));
        Agent { windows, work, source, none: Arc::default() }
    }

    /// All changes that this thread made to pages.
    pub fn totals(&self) -> Totals {
        self.work.totals
    }

    /// All changes that this thread made to a window.
    pub fn tally(&self, window: &GuestTable) -> Tally {
        self.work.tally(window.key())
    }

    /// Replaces the sum of all changes to pages by that of a saved state. The pins stay.
    pub fn set_totals(&mut self, totals: Totals) {
        self.work.totals = totals;
    }

    /// Replaces the sum of all changes to a window by that of a saved state.
    pub fn set_tally(&mut self, window: &GuestTable, tally: Tally) {
        self.work.set_tally(window.key(), tally);
    }

    /// Allows or forbids calls to allocate. A call that may not, and would have to, is
    /// [`Error::NoMemory`](crate::Error::NoMemory) and has changed nothing. Clearing never
    /// allocates.
    pub fn set_may_allocate(&mut self, may: bool) {
        self.work.may_allocate = may;
    }

    /// Lets go of windows that were removed since the agent's last call: the memory of a removed window
    /// is free when no agent holds it.
    pub fn refresh(&mut self) {
        self.windows.load();
    }

    /// Holds no window while the thread waits for something.
    pub fn rest<T>(&mut self, wait: impl FnOnce() -> T) -> T {
        self.windows = Cache::new(self.none.clone());
        let done = wait();
        self.windows = Cache::new(self.source.clone());
        done
    }

    /// The windows as they are now.
    pub(crate) fn windows(&mut self) -> &Windows {
        self.windows.load()
    }
}

impl Frames {
    /// An agent for a thread that maps these frames without a guest's windows.
    pub fn agent(&self) -> Agent {
        Agent::new(self, Arc::default(), None)
    }
}

impl AsMut<Work> for Agent {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut Work {
        &mut self.work
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("totals", &self.work.totals).finish_non_exhaustive()
    }
}
