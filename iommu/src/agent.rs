// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One thread's side of the accounting.

use crate::LIST_ENTRIES;
use crate::addr::{HwEntry, Liobn};
use crate::faults::Faults;
use crate::frames::{Frames, Pins};
use crate::guest_table::GuestTable;
use crate::tally::{Tally, Totals};
use crate::tce::Tce;
use crate::windows::{Windows, WindowsCache};
use arc_swap::{ArcSwap, Cache};
use std::fmt;
use std::sync::Arc;

/// Windows for whose tallies an agent has room from the start. The first call on one that is beyond
/// them allocates, also where it [may not](Agent::set_may_allocate).
const WINDOWS: usize = 64;

/// What a thread needs to make calls: the windows as it saw them last, its share of the pin
/// counts, its tallies and room for the pages its current call has displaced. One for each vCPU,
/// made by [`Container::agent`](crate::Container::agent) and used with that container only.
///
/// Everything here belongs to the thread alone, so counting costs no locked instruction. When the
/// agent is dropped its pins stay counted; its tallies go with it, so read them before.
pub struct Agent {
    pub(crate) windows: WindowsCache,
    pub(crate) work: Work,
    /// Where the windows come from, and where none do: see [`rest`](Self::rest).
    source: Arc<ArcSwap<Windows>>,
    none: Arc<ArcSwap<Windows>>,
}

/// The agent without the windows, so that a call can hold a window and change this.
pub(crate) struct Work {
    pub(crate) pins: Arc<Pins>,
    pub(crate) totals: Totals,
    pub(crate) displaced: Box<[Tce; LIST_ENTRIES]>,
    /// Displaced entries of a watched table, with their places.
    pub(crate) watched: Vec<(HwEntry, Tce)>,
    pub(crate) faults: Option<Arc<dyn Faults>>,
    /// False while a call must not allocate.
    pub(crate) may_allocate: bool,
    /// True when no faults are injected and no page can be unregistered: then pages need not be
    /// reserved.
    pub(crate) plain: bool,
    /// By the window's slot: whose the tally is, and the tally.
    tallies: Vec<(u64, Tally)>,
}

impl Agent {
    pub(crate) fn new(
        frames: &Frames,
        source: Arc<ArcSwap<Windows>>,
        faults: Option<Arc<dyn Faults>>,
    ) -> Agent {
        let work = Work {
            pins: frames.shard(),
            totals: Totals::default(),
            displaced: Box::new([Tce::CLEAR; LIST_ENTRIES]),
            watched: Vec::new(),
            plain: faults.is_none() && frames.all_registered(),
            faults,
            may_allocate: true,
            tallies: vec![(u64::MAX, Tally::default()); WINDOWS],
        };
        Agent { windows: Cache::new(source.clone()), work, source, none: Arc::default() }
    }

    /// What was done to pages.
    pub fn totals(&self) -> Totals {
        self.work.totals
    }

    /// What was done to this window.
    pub fn tally(&self, window: &GuestTable) -> Tally {
        match self.work.tallies.get(window.slot()) {
            Some(&(id, tally)) if id == window.id() => tally,
            _ => Tally::default(),
        }
    }

    /// Whether calls may allocate. One that may not, and would have to, is
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

impl Work {
    /// Whether an allocation for this window may go ahead.
    #[cold]
    pub(crate) fn has_memory(&self, liobn: Liobn) -> bool {
        self.may_allocate && !self.faults.as_ref().is_some_and(|faults| faults.no_memory(liobn))
    }

    /// Adds to a window's tally.
    #[inline(always)]
    pub(crate) fn count(&mut self, window: &GuestTable, more: &Tally) {
        match self.tallies.get_mut(window.slot()) {
            Some((id, tally)) if *id == window.id() => *tally += *more,
            _ => self.count_new(window, *more),
        }
    }

    /// The first call on a window: gives it its place, which a removed one may have had.
    #[cold]
    fn count_new(&mut self, window: &GuestTable, tally: Tally) {
        let slot = window.slot();
        if slot >= self.tallies.len() {
            self.tallies.resize(slot + 1, (u64::MAX, Tally::default()));
        }
        self.tallies[slot] = (window.id(), tally);
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").field("totals", &self.work.totals).finish_non_exhaustive()
    }
}
