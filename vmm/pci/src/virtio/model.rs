// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A kind of virtio device, as the transport sees it.

use std::io;
use std::time::Instant;

use saved::{LoadError, Reader, Writer};
use vio::Port;

use super::chain::Chain;
use super::queue::RingError;

/// The identity of a kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The device type of the virtio specification, chapter 5.
    pub number: u16,
    /// The name of its node in the device tree.
    pub node: &'static str,
    /// The PCI class: base class, subclass, interface.
    pub class: u32,
}

/// A kind of device: its features, queues and requests. Methods run in any thread; requests run in the device's own.
pub trait Model: Send + Sync {
    /// The feature bits of this kind. Those of the transport are added.
    fn features(&self) -> u64;
    /// The device configuration as it lies in the BAR.
    fn config(&self) -> Vec<u8>;
    /// The driver is ready, with these features.
    fn start(&self, _features: u64) {}
    /// The driver is gone.
    fn reset(&self) {}
    /// Serves a request of a queue. Returns the number of bytes written to its buffers. Errors: the driver broke the
    /// protocol, and the device needs a reset.
    fn serve(&self, queue: usize, chain: &mut Chain, port: &mut Port) -> Result<u32, RingError>;
    /// The driver notified a queue. Returns true if its chains are buffers that the model takes itself, when it has
    /// something to put into them.
    fn takes(&self, _queue: usize) -> bool {
        false
    }
    /// Its counters, for the statistics.
    fn counters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
    /// Completes what is under way outside the worker, and rests until [`resume`](Self::resume).
    fn rest(&self, _until: Instant) -> io::Result<()> {
        Ok(())
    }
    /// Ends the rest.
    fn resume(&self) {}
    /// Writes what the state of the transport lacks.
    fn save(&self, _to: &mut Writer<'_>) {}
    /// Reads it. Errors: it is of another device.
    fn load(&self, _from: &mut Reader<'_>) -> Result<(), LoadError> {
        Ok(())
    }
    /// Ends its threads; everything that the guest wrote is on the medium then.
    fn stop(&self) {}
}
