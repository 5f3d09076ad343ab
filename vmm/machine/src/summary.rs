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
    /// The engine of the guest's CPUs, if they are software.
    pub engine: Option<power::Engine>,
    /// The work of the translators of all vCPUs, if they have one.
    pub translation: Option<power::Translation>,
    /// Words that the guest executed and that are no instruction (the first few of each CPU), with the number of times
    /// that each was met.
    pub illegal: BTreeMap<u32, u64>,
    /// The mean idle time (H_CEDE) of a CPU of the guest.
    pub idle: Duration,
    /// The CPU time of all vCPUs' threads together.
    pub cpu: Duration,
    /// The tries of TCE hypercalls, by tier.
    pub tiers: Meter,
    /// DMA windows and page frames, as the guest left them.
    pub dma: iommu::Stats,
    /// The effect of [`Machine::tear_down`](crate::Machine::tear_down) on windows and frames, once it was called.
    pub tear_down: Option<TearDown>,
    /// The reports of the virtual I/O devices.
    pub devices: Vec<DeviceReport>,
    /// The findings of the detector, if there is one.
    pub findings: Option<Findings>,
    /// The number of injected faults, if there is an injector.
    pub faults: Option<u64>,
}

/// The findings of the detector.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The number of findings.
    pub count: u64,
    /// The first findings.
    pub reports: Vec<iommu::detector::Misuse>,
    /// The number of stored entries that were not watched, because there was no room for their history.
    pub unwatched: u64,
}

/// The pages that a guest left mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TearDown {
    /// The number of pins that were released.
    pub released: u64,
    /// The number of times that a page was marked dirty.
    pub dirtied: u64,
    /// The number of pins that are left. It is 0 unless the accounting is broken.
    pub pins_left: u64,
}

impl Summary {
    /// The tries of TCE hypercalls in each tier, from the innermost outwards.
    pub fn tiers(&self) -> impl Iterator<Item = (Tier, Lap)> {
        Tier::ALL.into_iter().zip(self.tiers.laps)
    }
}
