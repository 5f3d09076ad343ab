// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The configuration of an adapter: its disks.

use std::sync::{Arc, Mutex, PoisonError};

use super::Vscsi;
use super::backend::{DiskSpec, Image};
use crate::bus::{Device, DeviceConfig, DeviceError, Slot};

/// An adapter with a disk for each of these, at most [`MOST_DISKS`](super::MOST_DISKS).
#[derive(Clone, Debug, Default)]
pub struct Adapter(pub Vec<DiskSpec>);

impl DeviceConfig for Adapter {
    fn build(&self, slot: Slot) -> Result<Arc<dyn Device>, DeviceError> {
        Ok(Vscsi::start(slot, &self.0)?)
    }
}

/// An adapter whose disks are images of the caller's. It is built once; a second one has no disks.
pub struct Images(Mutex<Vec<Box<dyn Image>>>);

impl Images {
    /// An adapter with these disks, which may be written.
    pub fn new(images: Vec<Box<dyn Image>>) -> Images {
        Images(Mutex::new(images))
    }
}

impl DeviceConfig for Images {
    fn build(&self, slot: Slot) -> Result<Arc<dyn Device>, DeviceError> {
        let images = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Vscsi::with_images(slot, images)?)
    }
}

impl std::fmt::Debug for Images {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").finish_non_exhaustive()
    }
}
