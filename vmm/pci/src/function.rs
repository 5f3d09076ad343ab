// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The model of a PCI function, and the configuration that builds it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use saved::{LoadError, Reader, Writer};

use crate::description::Description;
use crate::slot::Slot;

/// A function of the bus. Several vCPUs may call it at once; it keeps its own locks.
pub trait Function: Send + Sync {
    /// Its place on the bus.
    fn slot(&self) -> &Slot;
    /// Answers a load from a BAR: fills `to` (1 to 8 bytes, in the order of addresses). All of it is inside the BAR, and
    /// outside the MSI-X table. Registers of PCI functions are little-endian.
    fn read(&self, bar: u8, offset: u64, to: &mut [u8]);
    /// Takes a store to a BAR, of 1 to 8 bytes.
    fn write(&self, bar: u8, offset: u64, from: &[u8]);
    /// A read of a capability's bytes in config space. `to` has the stored bytes of the body from `offset` on, and may be
    /// changed. `capability` counts as [`Description::capabilities`] does.
    fn read_capability(&self, _capability: usize, _offset: usize, _to: &mut [u8]) {}
    /// A guest has written `len` bytes of a capability's body from `offset` on, which are stored where they are writable.
    fn wrote_capability(&self, _capability: usize, _offset: usize, _len: usize) {}
    /// Its own counters, for the statistics: a name and a count. Those of its DMA and its interrupts are added.
    fn counters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
    /// Back to the state at the start; no memory is touched afterwards, until the guest asks again. The slot resets
    /// config space and MSI-X. Called at a reboot, and by the guest's reset of the PE (ibm,set-slot-reset).
    fn reset(&self);
    /// Completes the requests under way, at most until this time, then rests: no thread of the function touches guest
    /// memory or raises an interrupt until [`resume`](Self::resume) or a reset. No vCPU runs meanwhile. Errors: a request
    /// is still under way; the function cannot be saved now.
    fn rest(&self, until: Instant) -> io::Result<()>;
    /// Ends the rest.
    fn resume(&self);
    /// Writes the state that the guest changed. The function rests. The slot's state (config space, MSI-X) is apart.
    fn save(&self, to: &mut Writer<'_>);
    /// Replaces the state by the saved one; afterwards the function rests. A state that a guest could not have made is an
    /// error, and changes nothing.
    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError>;
    /// Ends its threads.
    fn stop(&self) {}
}

/// The reason for which a function could not be made, as its folder defines it.
pub type FunctionError = Box<dyn std::error::Error + Send + Sync>;

/// The configuration of a function, which builds it.
pub trait FunctionConfig: fmt::Debug + Send + Sync {
    /// The facts about the function.
    fn describe(&self) -> Description;
    /// Makes the function in its place and starts its threads.
    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError>;
}
