// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Observing the accesses of devices while they happen. Without an observer an access pays one test of a pointer.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use iommu::{Ioba, Liobn, Window};

use crate::fault::Fault;

/// An access of a device that is over.
#[derive(Clone, Copy, Debug)]
pub struct DmaAccess {
    /// The window; its LIOBN is the device's unit address.
    pub window: Window,
    /// The name of the device's port: accesses through one do not overlap in time.
    pub port: &'static str,
    /// The bus address at which it began.
    pub ioba: Ioba,
    /// The number of bytes.
    pub len: u64,
    /// True when the device wrote.
    pub write: bool,
    /// When it began.
    pub start: Instant,
    /// How long it took.
    pub time: Duration,
    /// The reason for which it failed, if it did.
    pub fault: Option<Fault>,
}

/// Observes the devices. Its methods run in the thread that made the access, or raised the interrupt, and may run in
/// several threads at once.
pub trait Observer: Send + Sync {
    /// An access is over.
    fn accessed(&self, _access: &DmaAccess) {}
    /// A device raised its interrupt; its LIOBN is its unit address.
    fn interrupted(&self, _device: Liobn, _at: Instant) {}
}

/// The observer of a device, if there is one.
#[derive(Default)]
pub(crate) struct Observed(OnceLock<Arc<dyn Observer>>);

impl Observed {
    /// Reports to `observer` from now on. Once only.
    pub(crate) fn by(&self, observer: Arc<dyn Observer>) {
        let _only_once = self.0.set(observer);
    }

    pub(crate) fn get(&self) -> Option<&dyn Observer> {
        self.0.get().map(|observer| &**observer)
    }

    /// The time, if there is an observer.
    pub(crate) fn now(&self) -> Option<Instant> {
        self.0.get().map(|_| Instant::now())
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").field("is", &self.0.get().is_some()).finish()
    }
}
