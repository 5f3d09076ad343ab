// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Counts and times of hypercalls.

use std::time::Duration;

use hcall::Status;
use machine::watcher::Made;

use super::histogram::Histogram;

/// Counts and times of hypercalls, by name in the order of their first call. They are bounded for any guest: there are
/// no more names than PAPR has, and no more statuses for a name than it has.
#[derive(Debug, Default)]
pub struct Calls(Vec<CallStats>);

/// One hypercall.
#[derive(Clone, Debug)]
pub struct CallStats {
    /// The name of the hypercall.
    pub name: &'static str,
    /// The number of calls.
    pub count: u64,
    /// The number of answers with each status but H_SUCCESS.
    pub errors: Vec<(Status, u64)>,
    /// The time on the host of all calls. H_CEDE counts its sleep.
    pub total: Duration,
    /// The shortest time.
    pub min: Duration,
    /// The longest time.
    pub max: Duration,
    /// The distribution of the times.
    pub times: Histogram,
}

/// The part of the calls that is the faster half.
pub const HALF: f64 = 0.5;
/// The part of the calls that is all but the slowest hundredth.
pub const MOST: f64 = 0.99;

impl Calls {
    /// Counts one call.
    pub fn record(&mut self, made: &Made) {
        let name = made.name();
        match self.0.iter_mut().find(|stats| stats.name == name) {
            Some(stats) => stats.record(made.call.status, made.time),
            None => {
                let mut stats = CallStats::new(name);
                stats.record(made.call.status, made.time);
                self.0.push(stats);
            }
        }
    }

    /// Adds the counts of another vCPU.
    pub fn add(&mut self, other: &Calls) {
        for more in &other.0 {
            match self.0.iter_mut().find(|stats| stats.name == more.name) {
                Some(stats) => stats.add(more),
                None => self.0.push(more.clone()),
            }
        }
    }

    /// All hypercalls, in the order of their first call.
    pub fn rows(&self) -> &[CallStats] {
        &self.0
    }
}

impl CallStats {
    fn new(name: &'static str) -> CallStats {
        let (total, min, max) = (Duration::ZERO, Duration::MAX, Duration::ZERO);
        let times = Histogram::default();
        CallStats { name, count: 0, errors: Vec::new(), total, min, max, times }
    }

    fn record(&mut self, status: Status, time: Duration) {
        self.count += 1;
        self.total = self.total.saturating_add(time);
        self.min = self.min.min(time);
        self.max = self.max.max(time);
        self.times.record(time);
        if status != Status::Success {
            self.failed(status, 1);
        }
    }

    fn failed(&mut self, status: Status, times: u64) {
        match self.errors.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += times,
            None => self.errors.push((status, times)),
        }
    }

    fn add(&mut self, more: &CallStats) {
        self.count += more.count;
        self.total = self.total.saturating_add(more.total);
        self.min = self.min.min(more.min);
        self.max = self.max.max(more.max);
        self.times.add(&more.times);
        more.errors.iter().for_each(|&(status, times)| self.failed(status, times));
    }

    /// The mean time. A row has at least one call.
    pub fn mean(&self) -> Duration {
        self.total.div_f64(self.count.max(1) as f64)
    }
}
