// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a run cost and did, for `--stats`. [`Calls`] counts while the guest runs; [`Report`] is
//! the sum at the end, which [`text`] writes for people and [`json`] for programs.

mod histogram;
pub mod json;
pub mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use hcall::{Lap, Meter, Status, Tier};

pub use histogram::Histogram;

use crate::observe::Made;

/// Counts and times of hypercalls, by name in the order of their first call. A guest cannot make
/// it large: there are no more names than PAPR has, nor more statuses of one.
#[derive(Debug, Default)]
pub struct Calls(Vec<CallStats>);

/// One hypercall.
#[derive(Clone, Debug)]
pub struct CallStats {
    /// Its name.
    pub name: &'static str,
    /// How often it was called.
    pub count: u64,
    /// How often it answered what, H_SUCCESS aside.
    pub errors: Vec<(Status, u64)>,
    /// Time on the host: all calls, the shortest, the longest. H_CEDE counts its sleep.
    pub total: Duration,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// How many took how long.
    pub times: Histogram,
}

/// Parts of the calls whose times are shown.
pub const HALF: f64 = 0.5;
/// All but the slowest hundredth.
pub const MOST: f64 = 0.99;

impl Calls {
    /// Counts one call.
    pub fn record(&mut self, made: &Made<'_>) {
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

    /// Adds what another vCPU counted.
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

    /// Time per call; a row has at least one call.
    pub fn mean(&self) -> Duration {
        self.total.div_f64(self.count.max(1) as f64)
    }
}

/// Everything that `--stats` shows.
#[derive(Debug)]
pub struct Report {
    /// Guest instructions completed, if they were counted.
    pub instructions: Option<u64>,
    /// Words that the guest ran into and that are no instruction (of each CPU the first few), and how
    /// often each was met.
    pub illegal: BTreeMap<u32, u64>,
    /// From the first instruction to the last, on the host's clock.
    pub elapsed: Duration,
    /// How much of it a CPU of the guest was idle (H_CEDE), on average.
    pub idle: Duration,
    /// CPU time of the vCPUs' threads, together.
    pub cpu: Duration,
    /// Hypercalls.
    pub calls: Calls,
    /// The tries of TCE hypercalls, by tier.
    pub tiers: Meter,
    /// DMA windows and page frames, as the guest left them.
    pub dma: iommu::Stats,
    /// What the end of the machine did to them, if it has come.
    pub tear_down: Option<TearDown>,
    /// The virtual I/O devices.
    pub devices: Vec<vio::Report>,
    /// What `--check` found, if it looked.
    pub findings: Option<Findings>,
    /// How many faults happened, if there were any to happen.
    pub faults: Option<u64>,
}

/// What the detector found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// How often it found something.
    pub count: u64,
    /// The first findings.
    pub reports: Vec<iommu::detector::Report>,
    /// Entries that were stored and not watched, because there was no room for their history.
    pub unwatched: u64,
}

/// What happened to the pages that a guest left mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TearDown {
    /// Pins given back.
    pub released: u64,
    /// Times a page was marked dirty.
    pub dirtied: u64,
    /// Pins that nothing gave back: 0 unless the accounting is broken.
    pub pins_left: u64,
}

impl Report {
    /// The tries of TCE hypercalls in each tier, from the inside out.
    pub fn tiers(&self) -> impl Iterator<Item = (Tier, Lap)> {
        Tier::ALL.into_iter().zip(self.tiers.laps)
    }

    /// Millions of guest instructions per second of the host's clock, hypercalls included and idle time not:
    /// of all CPUs of the guest together, and less where the host runs something else.
    pub fn mips(&self) -> Option<f64> {
        self.rate(self.elapsed.saturating_sub(self.idle))
    }

    /// Millions of guest instructions per second of CPU time, hypercalls included: of one CPU of the guest,
    /// whatever else the host runs.
    pub fn mips_of_cpu(&self) -> Option<f64> {
        self.rate(self.cpu)
    }

    fn rate(&self, time: Duration) -> Option<f64> {
        let (seconds, instructions) = (time.as_secs_f64(), self.instructions? as f64);
        Some(if seconds > 0.0 { instructions / seconds / 1e6 } else { 0.0 })
    }
}
