// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Looking at the accesses of devices while they happen. Unobserved, an access pays one test of a pointer.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use iommu::{Ioba, Window};

use crate::dma::Fault;

/// An access of a device that is over.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    /// The window; its LIOBN is the device's unit address.
    pub window: Window,
    /// Which of the device's ports: accesses through one do not overlap in time.
    pub port: &'static str,
    /// Where it began on the bus.
    pub ioba: Ioba,
    /// Bytes.
    pub len: u64,
    /// True when the device wrote.
    pub write: bool,
    /// When it began.
    pub start: Instant,
    /// What it took.
    pub time: Duration,
    /// Why it failed, if it did.
    pub fault: Option<Fault>,
}

/// Is told of each access, by the thread that made it. Accesses of one device may be told at once.
pub trait Observer: Send + Sync {
    /// An access is over.
    fn accessed(&self, access: &Access);
}

/// Where the observer of a device is, if there is one.
#[derive(Default)]
pub(crate) struct Eye(OnceLock<Arc<dyn Observer>>);

impl Eye {
    /// From now on `observer` is told. Once only.
    pub(crate) fn open(&self, observer: Arc<dyn Observer>) {
        let _only_once = self.0.set(observer);
    }

    pub(crate) fn get(&self) -> Option<&dyn Observer> {
        self.0.get().map(|observer| &**observer)
    }

    /// The time, if somebody wants to know.
    pub(crate) fn now(&self) -> Option<Instant> {
        self.0.get().map(|_| Instant::now())
    }
}

impl fmt::Debug for Eye {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eye").field("open", &self.0.get().is_some()).finish()
    }
}
