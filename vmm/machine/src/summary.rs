// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The sums that a machine keeps whether or not it is watched.

use std::collections::BTreeMap;
use std::time::Duration;

use hcall::{Lap, Meter, Tier};
use vio::DeviceReport;

/// The work of a machine, and its cost.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Guest instructions completed, if they were counted.
    pub instructions: Option<u64>,
    /// Words that the guest executed and that are no instruction (of each CPU the first few), and how often
    /// each was met.
    pub illegal: BTreeMap<u32, u64>,
    /// How long a CPU of the guest was idle (H_CEDE), on average.
    pub idle: Duration,
    /// CPU time of the vCPUs' threads, together.
    pub cpu: Duration,
    /// The tries of TCE hypercalls, by tier.
    pub tiers: Meter,
    /// DMA windows and page frames, as the guest left them.
    pub dma: iommu::Stats,
    /// The effect of [`Machine::tear_down`](crate::Machine::tear_down) on them, once it was called.
    pub tear_down: Option<TearDown>,
    /// The virtual I/O devices.
    pub devices: Vec<DeviceReport>,
    /// The findings of the detector, if there is one.
    pub findings: Option<Findings>,
    /// How many faults were injected, if an injector was configured.
    pub faults: Option<u64>,
}

/// The findings of the detector.
#[derive(Clone, Debug)]
pub struct Findings {
    /// How often it found something.
    pub count: u64,
    /// The first findings.
    pub reports: Vec<iommu::detector::Misuse>,
    /// Entries that were stored and not watched, because there was no room for their history.
    pub unwatched: u64,
}

/// The pages that a guest left mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TearDown {
    /// Pins given back.
    pub released: u64,
    /// Times a page was marked dirty.
    pub dirtied: u64,
    /// Pins that nothing gave back: 0 unless the accounting is broken.
    pub pins_left: u64,
}

impl Summary {
    /// The tries of TCE hypercalls in each tier, from the innermost outwards.
    pub fn tiers(&self) -> impl Iterator<Item = (Tier, Lap)> {
        Tier::ALL.into_iter().zip(self.tiers.laps)
    }
}
