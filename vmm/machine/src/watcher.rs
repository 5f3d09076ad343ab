// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine's interface to the observer of a run.
//!
//! A machine without a [`Watcher`] pays one test of a pointer for each hypercall and for each access of a device. With
//! one, each vCPU has a [`CpuWatcher`] of its own, whose records need no lock; devices share one
//! [`vio::Observer`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::{Call, Memory, Meter, Regs, Tier};
use iommu::{Container, Totals};

/// An observer of a machine. Each method has a default that observes nothing.
pub trait Watcher: Send + Sync {
    /// The observer of a vCPU's hypercalls and states. Without one, hypercalls cost nothing more.
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

    /// Receives console output of the guest. An implementation must pass all of the bytes to `print`, in order.
    fn console(&self, bytes: &[u8], print: &mut dyn FnMut(&[u8])) {
        print(bytes);
    }

    /// Receives a reset of the machine. No window but the default one is left.
    fn reset(&self) {}
}

/// An observer of one vCPU, in the vCPU's thread.
pub trait CpuWatcher: Send {
    /// Receives that the vCPU begins to run guest code, or stops itself.
    fn runs(&mut self, _running: bool) {}

    /// Receives a hypercall with its registers, r3 to r12. The call is made by the first use of `make`, or after this
    /// returns.
    fn hypercall(&mut self, _asked: &Regs, _guest: Guest<'_>, make: &mut dyn FnMut() -> Made) {
        make();
    }
}

/// The guest as observers see it.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// The DMA windows and page frames of the guest.
    pub container: &'a Container,
    /// The RAM of the guest.
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
    /// The effect on pages of all calls of the vCPU up to this one.
    pub pages: Totals,
    /// The time at which the call began.
    pub start: Instant,
    /// The duration of the call.
    pub time: Duration,
    /// The part of the duration for which the vCPU waited.
    pub idle: Duration,
}

/// The name under which all calls with tokens unknown to PAPR are counted.
pub const UNKNOWN: &str = "unknown";

impl Made {
    /// The name of the call. There are no more names than PAPR has.
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
