// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Accesses and interrupts of devices, for the observers that record them.

use std::time::Instant;

use iommu::Liobn;
use vio::{DmaAccess, Observer};

use super::Observe;
use super::timeline::What;

/// The observer of the devices.
#[derive(Debug)]
pub(super) struct DeviceEvents(pub(super) Observe);

impl Observer for DeviceEvents {
    fn accessed(&self, access: &DmaAccess) {
        if let Some(history) = &self.0.history {
            let (what, more) = match (access.fault, access.write) {
                (Some(_), _) => (What::Faults, 1),
                (None, true) => (What::Written, access.len),
                (None, false) => (What::Read, access.len),
            };
            history.device(what, access.window.liobn(), access.start, more);
        }
        if let Some(events) = &self.0.events {
            events.access(access);
        }
    }

    fn interrupted(&self, device: Liobn, at: Instant) {
        if let Some(history) = &self.0.history {
            history.device(What::Interrupts, device, at, 1);
        }
        if let Some(events) = &self.0.events {
            events.interrupt(device, at);
        }
    }
}
