// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Counts and times of tries, by tier.

use crate::words::tier::{Answer, Tier};
use std::time::Duration;

/// The tries of one vCPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// By [`Tier::index`].
    pub laps: [Lap; 3],
}

/// The tries in one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lap {
    /// Number of tries.
    pub calls: u64,
    /// Number of those that were too hard for the tier.
    pub too_hard: u64,
    /// Time of all tries together.
    pub time: Duration,
}

impl Lap {
    /// Time of one try on average.
    pub fn mean(&self) -> Duration {
        self.time.div_f64(self.calls.max(1) as f64)
    }
}

impl Meter {
    /// Adds the tries of another vCPU.
    pub fn add(&mut self, more: &Meter) {
        for (lap, more) in self.laps.iter_mut().zip(&more.laps) {
            lap.calls += more.calls;
            lap.too_hard += more.too_hard;
            lap.time = lap.time.saturating_add(more.time);
        }
    }

    pub(super) fn record(&mut self, tier: Tier, answer: Answer, time: Duration) {
        let lap = &mut self.laps[tier.index()];
        lap.calls += 1;
        lap.too_hard += u64::from(answer == Answer::TooHard);
        lap.time = lap.time.saturating_add(time);
    }
}
