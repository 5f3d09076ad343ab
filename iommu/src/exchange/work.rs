// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One thread's side of the accounting: its pins, its totals, and room for displaced entries.
//!
//! All of it belongs to the thread alone, so counting costs no locked instruction.

use crate::LIST_ENTRIES;
use crate::exchange::faults::Faults;
use crate::exchange::tally::{Tally, Totals};
use crate::frames::{Frames, Pins};
use crate::words::addr::{HwEntry, Liobn};
use crate::words::tce::Tce;
use std::fmt;
use std::sync::Arc;

/// Windows for whose tallies there is room from the start. The first call on a window beyond them
/// allocates, also where a call [may not](Work::may_allocate).
const WINDOWS: usize = 64;

/// A tally that belongs to no window.
const NO_TALLY: (u64, Tally) = (u64::MAX, Tally { puts: 0, replaced: 0, cleared: 0, mapped: 0 });

/// A window as its tallies are found: its place among the windows of its time, and its number among
/// all windows that ever were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowKey {
    pub(crate) slot: usize,
    pub(crate) id: u64,
}

impl WindowKey {
    /// The key of a window that is in no list yet. No agent counts on it.
    pub(crate) const UNPUBLISHED: WindowKey = WindowKey { slot: 0, id: u64::MAX };
}

/// A thread's means to exchange entries. An [`Agent`](crate::Agent) holds one.
///
/// When it is dropped its pins stay counted. Its tallies go with it, so read them before.
pub struct Work {
    pub(crate) pins: Arc<Pins>,
    pub(crate) totals: Totals,
    /// Displaced entries that are not released yet.
    pub(super) displaced: Box<[Tce; LIST_ENTRIES]>,
    /// Displaced entries of a watched table, with their places.
    pub(super) watched: Vec<(HwEntry, Tce)>,
    pub(crate) faults: Option<Arc<dyn Faults>>,
    /// False while a call must not allocate.
    pub(crate) may_allocate: bool,
    /// True when no faults are injected and no page can be unregistered: then pages need not be
    /// reserved.
    pub(crate) plain: bool,
    /// By the window's slot: the window's number, and its tally.
    tallies: Vec<(u64, Tally)>,
}

impl Work {
    pub(crate) fn new(frames: &Frames, faults: Option<Arc<dyn Faults>>) -> Work {
        Work {
            pins: frames.shard(),
            totals: Totals::default(),
            displaced: Box::new([Tce::CLEAR; LIST_ENTRIES]),
            watched: Vec::new(),
            plain: faults.is_none() && frames.all_registered(),
            faults,
            may_allocate: true,
            tallies: vec![NO_TALLY; WINDOWS],
        }
    }

    /// True when an allocation for this window may go ahead.
    #[cold]
    pub(crate) fn has_memory(&self, liobn: Liobn) -> bool {
        self.may_allocate && !self.faults.as_ref().is_some_and(|faults| faults.no_memory(liobn))
    }

    /// The tally of a window.
    pub(crate) fn tally(&self, window: WindowKey) -> Tally {
        match self.tallies.get(window.slot) {
            Some(&(id, tally)) if id == window.id => tally,
            _ => Tally::default(),
        }
    }

    /// Adds to a window's tally.
    #[inline(always)]
    pub(crate) fn count(&mut self, window: WindowKey, more: &Tally) {
        match self.tallies.get_mut(window.slot) {
            Some((id, tally)) if *id == window.id => *tally += *more,
            _ => self.count_new(window, *more),
        }
    }

    /// Replaces a window's tally.
    pub(crate) fn set_tally(&mut self, window: WindowKey, tally: Tally) {
        self.count_new(window, tally);
    }

    /// The first call on a window gives it its place, which a removed window may have had.
    #[cold]
    fn count_new(&mut self, window: WindowKey, tally: Tally) {
        if window.slot >= self.tallies.len() {
            self.tallies.resize(window.slot + 1, NO_TALLY);
        }
        self.tallies[window.slot] = (window.id, tally);
    }
}

/// So that a function takes a `Work`, or an agent that holds one.
impl AsMut<Work> for Work {
    fn as_mut(&mut self) -> &mut Work {
        self
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("totals", &self.totals).finish_non_exhaustive()
    }
}
