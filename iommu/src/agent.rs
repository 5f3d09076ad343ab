// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One thread's side of the accounting.

use crate::LIST_ENTRIES;
use crate::frames::Pins;
use crate::tally::{Tally, Totals};
use crate::tce::Tce;
use std::sync::Arc;

/// What a thread needs to make calls: its share of the pin counts, its tallies and room for the
/// pages its current call has displaced. One for each vCPU, made by
/// [`Container::agent`](crate::Container::agent) and used with that container only.
///
/// Everything here belongs to the thread alone, so counting costs no locked instruction. When the
/// agent is dropped its pins stay counted; its tallies go with it, so read them before.
#[derive(Debug)]
pub struct Agent {
    pub(crate) pins: Arc<Pins>,
    pub(crate) totals: Totals,
    pub(crate) displaced: Box<[Tce; LIST_ENTRIES]>,
    tallies: Vec<Tally>,
}

impl Agent {
    pub(crate) fn new(pins: Arc<Pins>, windows: usize) -> Agent {
        Agent {
            pins,
            totals: Totals::default(),
            displaced: Box::new([Tce::CLEAR; LIST_ENTRIES]),
            tallies: vec![Tally::default(); windows],
        }
    }

    /// What was done to pages.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What was done to the container's window of this index.
    pub fn tally(&self, window: usize) -> Tally {
        self.tallies.get(window).copied().unwrap_or_default()
    }

    /// Adds to a window's tally.
    #[inline(always)]
    pub(crate) fn count(&mut self, window: usize, more: &Tally) {
        if window >= self.tallies.len() {
            self.grow(window);
        }
        self.tallies[window] += *more;
    }

    /// Gives a window that was added after the agent was made its place.
    #[cold]
    fn grow(&mut self, window: usize) {
        self.tallies.resize(window + 1, Tally::default());
    }
}
