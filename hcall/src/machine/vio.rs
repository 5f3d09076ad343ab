// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Devices on the virtual I/O bus: the sides of them that hypercalls reach.
//!
//! Addresses are bus addresses (IOBA) in the window of the device.

use crate::words::status::Status;
use iommu::Ioba;

/// The virtual I/O bus.
pub trait VioBus {
    /// The device at a unit address.
    fn device(&self, unit: u32) -> Option<&dyn VioDevice>;
}

/// A device on the virtual I/O bus.
pub trait VioDevice {
    /// Enables the device's interrupt, or disables it. Messages that are queued while it is disabled are signalled when
    /// it is enabled.
    fn signal(&self, enabled: bool);
    /// The logical LAN, if the device is one.
    fn lan(&self) -> Option<&dyn LogicalLan> {
        None
    }
    /// The CRQ, if the device has one.
    fn crq(&self) -> Option<&dyn CommandQueue> {
        None
    }
}

/// The client's side of a reliable command/response transport (LoPAR 2.9, "Reliable
/// Command/Response Transport Option").
pub trait CommandQueue {
    /// Registers the guest's queue. Errors: [`Status::Parameter`], [`Status::Resource`] when one is
    /// registered, [`Status::Closed`] when it is registered but the partner is not there.
    fn register(&self, queue: Ioba, len: u64) -> Result<(), Status>;
    /// Deregisters the queue. After a success the device no longer touches the guest's memory.
    /// Errors: [`Status::LongBusyOrder10Msec`].
    fn free(&self) -> Result<(), Status>;
    /// Sends 16 bytes to the partner. Errors: [`Status::Parameter`] for an invalid header,
    /// [`Status::Closed`], [`Status::Dropped`] when the partner has no room.
    fn send(&self, message: [u8; 16]) -> Result<(), Status>;
    /// Resumes after a suspension of the partner. Ours is never suspended.
    fn enable(&self) -> Result<(), Status>;
}

/// A logical LAN adapter (LoPAR 2.9, "Interpartition Logical LAN (ILLAN) Option").
pub trait LogicalLan {
    /// Opens the adapter: its buffer list, its receive queue (a buffer descriptor), its filter list and
    /// its address. Errors: [`Status::Parameter`], [`Status::Resource`] when it is open.
    fn register(
        &self,
        list: Ioba,
        queue: Descriptor,
        filters: Ioba,
        mac: Mac,
    ) -> Result<(), Status>;
    /// Closes the adapter, which then no longer touches the guest's memory.
    fn free(&self) -> Result<(), Status>;
    /// Adds a receive buffer. Errors: [`Status::Parameter`], [`Status::Resource`].
    fn add_buffer(&self, buffer: Descriptor) -> Result<(), Status>;
    /// Returns a receive buffer of this size to the guest, through the receive queue. Errors:
    /// [`Status::NotFound`].
    fn free_buffer(&self, size: u64) -> Result<(), Status>;
    /// Sends the frame in these buffers, up to the first of length 0. Errors:
    /// [`Status::Parameter`], [`Status::Dropped`].
    fn send(&self, buffers: &[Descriptor; 6]) -> Result<(), Status>;
    /// Changes the reception of multicast frames. Replies with the state.
    fn multicast(&self, change: Multicast, filter: FilterChange) -> Reply;
    /// Sets the adapter's address.
    fn set_mac(&self, mac: Mac);
    /// Clears and sets attributes. Replies with those that are set.
    fn attributes(&self, reset: u64, set: u64) -> Reply;
}

/// A buffer descriptor: control byte, 24 bits of length, 32 bits of bus address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Descriptor(pub u64);

impl Descriptor {
    /// Control bit 0.
    pub const VALID: u64 = 1 << 63;

    /// True when control bit 0 is set.
    pub fn is_valid(self) -> bool {
        self.0 & Descriptor::VALID != 0
    }

    /// Bytes, less than 2^24.
    pub fn len(self) -> u64 {
        self.0 >> 32 & 0xff_ffff
    }

    /// True when all these bits of the control byte are set.
    pub fn has(self, control: u8) -> bool {
        let [byte, ..] = self.0.to_be_bytes();
        byte & control == control
    }

    /// True when the length is 0.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Where the buffer begins.
    pub fn address(self) -> Ioba {
        Ioba(self.0 & 0xffff_ffff)
    }
}

/// An Ethernet address.
pub type Mac = [u8; 6];

/// Changes of the two enables by H_MULTICAST_CTRL; `None` keeps one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multicast {
    /// Receives multicast frames.
    pub receive: Option<bool>,
    /// Receives only those whose address is in the filter table.
    pub filter: Option<bool>,
}

/// A change of the filter table by H_MULTICAST_CTRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterChange {
    /// Leaves the table as it is.
    Keep,
    /// Adds an address.
    Add(Mac),
    /// Removes an address.
    Remove(Mac),
    /// Removes all addresses.
    Clear,
}

/// An answer in r4 that comes with any status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// r4.
    pub value: u64,
    /// r3.
    pub status: Status,
}
