// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual I/O: H_VIO_SIGNAL, the command/response queue (CRQ), and the logical LAN.
//!
//! The rows reach a device through the traits of this file. A unit address that names no device, or a
//! device of another kind, is H_PARAMETER; all else is for the device to check. Addresses in these
//! calls are bus addresses (IOBA) in the window of the device.

use crate::abi::{Ret, Unit, hcalls};
use crate::machine::Caller;
use crate::status::Status;
use iommu::Ioba;

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
    fn multicast(&self, change: Multicast, filter: FilterChange) -> Outcome;
    /// Gives the adapter another address.
    fn set_mac(&self, mac: Mac);
    /// Clears and sets attributes. Returns those that are set, and how it went.
    fn attributes(&self, reset: u64, set: u64) -> Outcome;
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
pub struct Outcome {
    /// r4.
    pub value: u64,
    /// r3.
    pub status: Status,
}

impl Ret for Outcome {
    fn to_regs(self, regs: &mut crate::abi::Regs) -> Status {
        regs[1] = self.value;
        self.status
    }
}

hcalls![
    Hcall {
        name: H_VIO_SIGNAL,
        call: h_vio_signal(unit, mode),
        returns: [],
        set: Some("hcall-vio"),
        spec: "LoPAR 2.9, H_VIO_SIGNAL",
    },
    Hcall {
        name: H_REG_CRQ,
        call: h_reg_crq(unit, queue, len),
        returns: [],
        set: Some("hcall-crq"),
        spec: "LoPAR 2.9, H_REG_CRQ",
    },
    Hcall {
        name: H_FREE_CRQ,
        call: h_free_crq(unit),
        returns: [],
        set: Some("hcall-crq"),
        spec: "LoPAR 2.9, H_FREE_CRQ",
    },
    Hcall {
        name: H_SEND_CRQ,
        call: h_send_crq(unit, msg_high, msg_low),
        returns: [],
        set: Some("hcall-crq"),
        spec: "LoPAR 2.9, H_SEND_CRQ",
    },
    Hcall {
        name: H_ENABLE_CRQ,
        call: h_enable_crq(unit),
        returns: [],
        // hcall-suspend also promises that a guest can be suspended.
        set: None,
        spec: "LoPAR 2.9, H_ENABLE_CRQ",
    },
    Hcall {
        name: H_REGISTER_LOGICAL_LAN,
        call: h_register_logical_lan(unit, buf_list, rec_queue, filter_list, mac_address),
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_REGISTER_LOGICAL_LAN",
    },
    Hcall {
        name: H_FREE_LOGICAL_LAN,
        call: h_free_logical_lan(unit),
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_FREE_LOGICAL_LAN",
    },
    Hcall {
        name: H_ADD_LOGICAL_LAN_BUFFER,
        call: h_add_logical_lan_buffer(unit, buf),
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_ADD_LOGICAL_LAN_BUFFER",
    },
    Hcall {
        name: H_FREE_LOGICAL_LAN_BUFFER,
        call: h_free_logical_lan_buffer(unit, bufsize),
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_FREE_LOGICAL_LAN_BUFFER",
    },
    Hcall {
        name: H_SEND_LOGICAL_LAN,
        call: h_send_logical_lan(unit, b1, b2, b3, b4, b5, b6, token, mss),
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_SEND_LOGICAL_LAN",
    },
    Hcall {
        name: H_MULTICAST_CTRL,
        call: h_multicast_ctrl(unit, flags, address),
        returns: [state],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_MULTICAST_CTRL",
    },
    Hcall {
        name: H_CHANGE_LOGICAL_LAN_MAC,
        call: h_change_logical_lan_mac(unit, mac_address),
        returns: [],
        set: Some("hcall-ILAN"),
        spec: "LoPAR 2.9, H_CHANGE_LOGICAL_LAN_MAC",
    },
    Hcall {
        name: H_ILLAN_ATTRIBUTES,
        call: h_illan_attributes(unit, reset, set),
        returns: [attributes],
        set: Some("hcall-illan-options"),
        spec: "LoPAR 2.9, H_ILLAN_ATTRIBUTES",
    },
];

fn device<'a>(on: &'a Caller<'_>, unit: Unit) -> Result<&'a dyn VioDevice, Status> {
    on.machine.vio(unit.0).ok_or(Status::Parameter)
}

fn crq<'a>(on: &'a Caller<'_>, unit: Unit) -> Result<&'a dyn CommandQueue, Status> {
    device(on, unit)?.crq().ok_or(Status::Parameter)
}

fn lan<'a>(on: &'a Caller<'_>, unit: Unit) -> Result<&'a dyn LogicalLan, Status> {
    device(on, unit)?.lan().ok_or(Status::Parameter)
}

/// Bit 63 is the device's one interrupt; the others are no source's and are ignored.
fn h_vio_signal(on: &mut Caller<'_>, unit: Unit, mode: u64) -> Result<(), Status> {
    device(on, unit)?.signal(mode & 1 != 0);
    Ok(())
}

fn h_reg_crq(on: &mut Caller<'_>, unit: Unit, queue: Ioba, len: u64) -> Result<(), Status> {
    crq(on, unit)?.register(queue, len)
}

fn h_free_crq(on: &mut Caller<'_>, unit: Unit) -> Result<(), Status> {
    crq(on, unit)?.free()
}

fn h_send_crq(on: &mut Caller<'_>, unit: Unit, high: u64, low: u64) -> Result<(), Status> {
    crq(on, unit)?.send((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
}

fn h_enable_crq(on: &mut Caller<'_>, unit: Unit) -> Result<(), Status> {
    crq(on, unit)?.enable()
}

fn h_register_logical_lan(
    on: &mut Caller<'_>,
    unit: Unit,
    list: Ioba,
    queue: u64,
    filters: Ioba,
    mac: u64,
) -> Result<(), Status> {
    lan(on, unit)?.register(list, Descriptor(queue), filters, low_mac(mac))
}

fn h_free_logical_lan(on: &mut Caller<'_>, unit: Unit) -> Result<(), Status> {
    lan(on, unit)?.free()
}

fn h_add_logical_lan_buffer(on: &mut Caller<'_>, unit: Unit, buf: u64) -> Result<(), Status> {
    lan(on, unit)?.add_buffer(Descriptor(buf))
}

fn h_free_logical_lan_buffer(on: &mut Caller<'_>, unit: Unit, size: u64) -> Result<(), Status> {
    lan(on, unit)?.free_buffer(size)
}

/// We never answer H_BUSY, so a continue-token is none of ours; large send is not offered, so `mss`
/// means nothing.
#[allow(clippy::too_many_arguments)] // LoPAR's
fn h_send_logical_lan(
    on: &mut Caller<'_>,
    unit: Unit,
    b1: u64,
    b2: u64,
    b3: u64,
    b4: u64,
    b5: u64,
    b6: u64,
    token: u64,
    _mss: u64,
) -> Result<(), Status> {
    let lan = lan(on, unit)?;
    if token != 0 {
        return Err(Status::Parameter);
    }
    lan.send(&[b1, b2, b3, b4, b5, b6].map(Descriptor))
}

const MODIFY_RECEIVE: u64 = 1 << 19;
const MODIFY_FILTER: u64 = 1 << 18;
const RECEIVE: u64 = 1 << 17;
const FILTER: u64 = 1 << 16;
const TABLE: u64 = 3;

/// Flags are bits 44 to 47 and 62 to 63; every other one is refused, and so is an address of more
/// than 48 bits.
fn h_multicast_ctrl(
    on: &mut Caller<'_>,
    unit: Unit,
    flags: u64,
    address: u64,
) -> Result<Outcome, Status> {
    let lan = lan(on, unit)?;
    let known = MODIFY_RECEIVE | MODIFY_FILTER | RECEIVE | FILTER | TABLE;
    let change = match flags & TABLE {
        1 => FilterChange::Add(low_mac(address)),
        2 => FilterChange::Remove(low_mac(address)),
        3 => FilterChange::Clear,
        _ => FilterChange::Keep,
    };
    let takes_address = matches!(change, FilterChange::Add(_) | FilterChange::Remove(_));
    if flags & !known != 0 || takes_address && address >> 48 != 0 {
        return Err(Status::Parameter);
    }
    let enable = |modify, bit| (flags & modify != 0).then_some(flags & bit != 0);
    let (receive, filter) = (enable(MODIFY_RECEIVE, RECEIVE), enable(MODIFY_FILTER, FILTER));
    Ok(lan.multicast(Multicast { receive, filter }, change))
}

fn h_change_logical_lan_mac(on: &mut Caller<'_>, unit: Unit, mac: u64) -> Result<(), Status> {
    lan(on, unit)?.set_mac(low_mac(mac));
    Ok(())
}

fn h_illan_attributes(
    on: &mut Caller<'_>,
    unit: Unit,
    reset: u64,
    set: u64,
) -> Result<Outcome, Status> {
    Ok(lan(on, unit)?.attributes(reset, set))
}

/// The low-order 6 bytes.
fn low_mac(register: u64) -> Mac {
    let [_, _, mac @ ..] = register.to_be_bytes();
    mac
}
