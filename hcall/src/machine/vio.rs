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
    /// Enables the device's interrupt, or disables it. What is queued while it is disabled signals nothing before it
    /// is enabled, and is announced then.
    fn signal(&self, enabled: bool);
    /// The device, if it is a logical LAN.
    fn lan(&self) -> Option<&dyn LogicalLan> {
        None
    }
    /// The device, if it is one that talks by a CRQ.
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
    /// Forgets the queue. When this succeeds the device does not touch the guest's memory any more.
    /// Errors: [`Status::LongBusyOrder10Msec`].
    fn free(&self) -> Result<(), Status>;
    /// Gives the partner 16 bytes. Errors: [`Status::Parameter`] for a header that is none,
    /// [`Status::Closed`], [`Status::Dropped`] when it has no room.
    fn send(&self, message: [u8; 16]) -> Result<(), Status>;
    /// Goes on after the partner was suspended, which ours never is.
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
    /// Closes it: when this returns, the adapter does not touch the guest's memory any more.
    fn free(&self) -> Result<(), Status>;
    /// Gives it a receive buffer. Errors: [`Status::Parameter`], [`Status::Resource`].
    fn add_buffer(&self, buffer: Descriptor) -> Result<(), Status>;
    /// Takes a receive buffer of this size back, through the receive queue. Errors:
    /// [`Status::NotFound`].
    fn free_buffer(&self, size: u64) -> Result<(), Status>;
    /// Sends a frame that lies in these buffers, up to the first of length 0. Errors:
    /// [`Status::Parameter`], [`Status::Dropped`].
    fn send(&self, buffers: &[Descriptor; 6]) -> Result<(), Status>;
    /// Changes which multicast frames are received. Returns the state and how it went.
    fn multicast(&self, change: Multicast, filter: FilterChange) -> Reply;
    /// Gives the adapter another address.
    fn set_mac(&self, mac: Mac);
    /// Clears and sets attributes. Returns those that are set, and how it went.
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

/// What H_MULTICAST_CTRL does to the two enables; `None` leaves one alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multicast {
    /// Whether multicast frames are received at all.
    pub receive: Option<bool>,
    /// Whether only those in the filter table are.
    pub filter: Option<bool>,
}

/// What H_MULTICAST_CTRL does to the filter table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterChange {
    /// Nothing.
    Keep,
    /// One address more.
    Add(Mac),
    /// One address less.
    Remove(Mac),
    /// All go.
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
