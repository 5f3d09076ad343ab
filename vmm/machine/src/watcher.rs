// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine's interface to whatever observes a run.
//!
//! A machine without a [`Watcher`] pays one test of a pointer for each hypercall and for each access of a device. With
//! one, each vCPU has a [`CpuWatcher`] of its own, which needs no lock for what it keeps; devices share one
//! [`vio::Observer`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::{Call, Memory, Meter, Regs, Tier};
use iommu::{Container, Totals};

/// Observes a machine. Each method has a default that observes nothing.
pub trait Watcher: Send + Sync {
    /// The observer of a vCPU's hypercalls and states; with none, its hypercalls cost nothing more.
    fn cpu(&self, _server: u32) -> Option<Box<dyn CpuWatcher>> {
        None
    }

    /// The observer of the devices' DMA and interrupts.
    fn devices(&self) -> Option<Arc<dyn vio::Observer>> {
        None
    }

    /// True when the tries of each tier are to be timed ([`Made::tier`]).
    fn times_tiers(&self) -> bool {
        false
    }

    /// The guest writes to its console. Whoever overrides this calls `print` with all of the bytes, in order.
    fn console(&self, bytes: &[u8], print: &mut dyn FnMut(&[u8])) {
        print(bytes);
    }

    /// The machine was put back to its start: no window but the default one is left.
    fn reset(&self) {}
}

/// Observes one vCPU, in its thread.
pub trait CpuWatcher: Send {
    /// The vCPU begins to run guest code, or stops itself.
    fn runs(&mut self, _running: bool) {}

    /// The vCPU makes a hypercall with these registers, r3 to r12. `make` makes it: at the first use, or when this
    /// returns.
    fn hypercall(&mut self, _asked: &Regs, _guest: Guest<'_>, make: &mut dyn FnMut() -> Made) {
        make();
    }
}

/// The guest, as observers need it.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// Its DMA windows and page frames.
    pub container: &'a Container,
    /// Its RAM.
    pub memory: &'a Memory,
}

/// A hypercall that was made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// The number of the vCPU.
    pub server: u32,
    /// r3 to r12 as the guest set them.
    pub asked: Regs,
    /// r3 to r12 as they were answered.
    pub answered: Regs,
    /// The row of the call, and the status.
    pub call: Call,
    /// The tier that answered, if the call has tiers and they are timed.
    pub tier: Option<Tier>,
    /// The effect of the vCPU's calls on pages, all calls up to this one.
    pub pages: Totals,
    /// When it began.
    pub start: Instant,
    /// How long it took.
    pub time: Duration,
    /// How much of that the vCPU waited.
    pub idle: Duration,
}

/// The name under which calls with a token that PAPR does not know are counted together.
pub const UNKNOWN: &str = "unknown";

impl Made {
    /// Its name, of which there are no more than PAPR has.
    pub fn name(&self) -> &'static str {
        let row = self.call.hcall.map(|row| row.name);
        row.or_else(|| hcall::token_name(self.asked[0])).unwrap_or(UNKNOWN)
    }
}

/// The tier of the last try between two readings of a meter.
pub(crate) fn answered(before: &Meter, after: &Meter) -> Option<Tier> {
    let tried = |tier: &Tier| after.laps[tier.index()].calls != before.laps[tier.index()].calls;
    Tier::ALL.into_iter().rfind(tried)
}
