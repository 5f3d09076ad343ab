// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A device's interrupt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The interrupt controller, as devices need it.
pub trait Interrupts: Send + Sync {
    /// An edge on a source: LoPAR 2.9, "CRQ Facility Interrupt Notification": a pulse, not a level.
    fn pulse(&self, source: u32);
}

/// A device's interrupt source, which H_VIO_SIGNAL opens and closes. Closed at first.
pub struct Line {
    source: u32,
    open: AtomicBool,
    pulses: AtomicU64,
    interrupts: Arc<dyn Interrupts>,
}

impl Line {
    /// A closed line.
    pub fn new(source: u32, interrupts: Arc<dyn Interrupts>) -> Line {
        Line { source, open: AtomicBool::new(false), pulses: AtomicU64::new(0), interrupts }
    }

    /// The interrupt source number.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// Opens or closes it.
    ///
    /// Sequentially consistent, as the device's look in [`raise`](Self::raise): a guest that opens the line
    /// and then finds its queue empty is interrupted for what comes after.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::SeqCst);
    }

    /// Signals, if the line is open. The device has stored before what the guest will look for.
    pub fn raise(&self) {
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.open.load(Ordering::SeqCst) {
            self.pulses.fetch_add(1, Ordering::Relaxed);
            self.interrupts.pulse(self.source);
        }
    }

    /// How often it signalled.
    pub fn pulses(&self) -> u64 {
        self.pulses.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("source", &self.source).finish_non_exhaustive()
    }
}
