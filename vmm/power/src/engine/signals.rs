// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Signals of other threads to a CPU.

use crate::Cpu;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Signals of other threads to a CPU.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    pub(crate) kicked: AtomicBool,
    /// Level of the external interrupt line.
    pub(crate) external: AtomicBool,
    /// A system reset interrupt is wanted.
    pub(crate) reset: AtomicBool,
}

impl Signals {
    /// True if the kicker was used and [`Cpu::run`] has not returned for it yet.
    pub(crate) fn is_kicked(&self) -> bool {
        self.kicked.load(Ordering::Relaxed)
    }
}

/// Stops a running CPU from another thread or a signal handler.
#[derive(Clone, Debug)]
pub struct Kicker(Arc<Signals>);

impl Kicker {
    /// Makes [`Cpu::run`] return [`Exit::Kicked`](crate::Exit::Kicked) soon; if it is not running, when it next does.
    pub fn kick(&self) {
        self.0.kicked.store(true, Ordering::Release);
    }
    /// Raises or lowers the external interrupt line.
    pub fn set_external(&self, level: bool) {
        self.0.external.store(level, Ordering::Release);
    }
    /// Asks for a system reset interrupt.
    pub fn system_reset(&self) {
        self.0.reset.store(true, Ordering::Release);
    }
}

impl Cpu {
    /// A handle with which other threads reach this CPU.
    pub fn kicker(&self) -> Kicker {
        Kicker(Arc::clone(&self.signals))
    }
}
