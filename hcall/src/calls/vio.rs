// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual I/O: H_VIO_SIGNAL, the command/response queue (CRQ), and the logical LAN.
//!
//! A unit address that names no device, or a device of another kind, is H_PARAMETER; the device checks
//! everything else.

use crate::call::Caller;
use crate::call::args::UnitAddress;
use crate::call::rows::hcalls;
use crate::machine::vio::*;
use crate::words::status::Status;
use iommu::Ioba;

hcalls![
    Hcall {
        name: H_VIO_SIGNAL,
        call: h_vio_signal(unit, mode),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-vio"),
        spec: "LoPAR 2.9, H_VIO_SIGNAL",
    },
    Hcall {
        name: H_REG_CRQ,
        call: h_reg_crq(unit, queue, len),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-crq"),
        spec: "LoPAR 2.9, H_REG_CRQ",
    },
    Hcall {
        name: H_FREE_CRQ,
        call: h_free_crq(unit),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-crq"),
        spec: "LoPAR 2.9, H_FREE_CRQ",
    },
    Hcall {
        name: H_SEND_CRQ,
        call: h_send_crq(unit, msg_high, msg_low),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-crq"),
        spec: "LoPAR 2.9, H_SEND_CRQ",
    },
    Hcall {
        name: H_ENABLE_CRQ,
        call: h_enable_crq(unit),
        needs: [VioBus],
        returns: [],
        // hcall-suspend also promises that a guest can be suspended.
        set: None,
        spec: "LoPAR 2.9, H_ENABLE_CRQ",
    },
    Hcall {
        name: H_REGISTER_LOGICAL_LAN,
        call: h_register_logical_lan(unit, buf_list, rec_queue, filter_list, mac_address),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_REGISTER_LOGICAL_LAN",
    },
    Hcall {
        name: H_FREE_LOGICAL_LAN,
        call: h_free_logical_lan(unit),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_FREE_LOGICAL_LAN",
    },
    Hcall {
        name: H_ADD_LOGICAL_LAN_BUFFER,
        call: h_add_logical_lan_buffer(unit, buf),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_ADD_LOGICAL_LAN_BUFFER",
    },
    Hcall {
        name: H_FREE_LOGICAL_LAN_BUFFER,
        call: h_free_logical_lan_buffer(unit, bufsize),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_FREE_LOGICAL_LAN_BUFFER",
    },
    Hcall {
        name: H_SEND_LOGICAL_LAN,
        call: h_send_logical_lan(unit, b1, b2, b3, b4, b5, b6, token, mss),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_SEND_LOGICAL_LAN",
    },
    Hcall {
        name: H_MULTICAST_CTRL,
        call: h_multicast_ctrl(unit, flags, address),
        needs: [VioBus],
        returns: [state],
        set: Some("hcall-lLAN"),
        spec: "LoPAR 2.9, H_MULTICAST_CTRL",
    },
    Hcall {
        name: H_CHANGE_LOGICAL_LAN_MAC,
        call: h_change_logical_lan_mac(unit, mac_address),
        needs: [VioBus],
        returns: [],
        set: Some("hcall-ILAN"),
        spec: "LoPAR 2.9, H_CHANGE_LOGICAL_LAN_MAC",
    },
    Hcall {
        name: H_ILLAN_ATTRIBUTES,
        call: h_illan_attributes(unit, reset, set),
        needs: [VioBus],
        returns: [attributes],
        set: Some("hcall-illan-options"),
        spec: "LoPAR 2.9, H_ILLAN_ATTRIBUTES",
    },
];

fn device<'a>(on: &'a mut Caller<'_>, unit: UnitAddress) -> Result<&'a dyn VioDevice, Status> {
    let bus = on.machine.vio().ok_or(Status::Function)?;
    bus.device(unit.0).ok_or(Status::Parameter)
}

fn crq<'a>(on: &'a mut Caller<'_>, unit: UnitAddress) -> Result<&'a dyn CommandQueue, Status> {
    device(on, unit)?.crq().ok_or(Status::Parameter)
}

fn lan<'a>(on: &'a mut Caller<'_>, unit: UnitAddress) -> Result<&'a dyn LogicalLan, Status> {
    device(on, unit)?.lan().ok_or(Status::Parameter)
}

/// Bit 63 is the device's one interrupt. The other bits belong to no source and are ignored.
fn h_vio_signal(on: &mut Caller<'_>, unit: UnitAddress, mode: u64) -> Result<(), Status> {
    device(on, unit)?.signal(mode & 1 != 0);
    Ok(())
}

fn h_reg_crq(on: &mut Caller<'_>, unit: UnitAddress, queue: Ioba, len: u64) -> Result<(), Status> {
    crq(on, unit)?.register(queue, len)
}

fn h_free_crq(on: &mut Caller<'_>, unit: UnitAddress) -> Result<(), Status> {
    crq(on, unit)?.free()
}

fn h_send_crq(on: &mut Caller<'_>, unit: UnitAddress, high: u64, low: u64) -> Result<(), Status> {
    crq(on, unit)?.send((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
}

fn h_enable_crq(on: &mut Caller<'_>, unit: UnitAddress) -> Result<(), Status> {
    crq(on, unit)?.enable()
}

fn h_register_logical_lan(
    on: &mut Caller<'_>,
    unit: UnitAddress,
    list: Ioba,
    queue: u64,
    filters: Ioba,
    mac: u64,
) -> Result<(), Status> {
    lan(on, unit)?.register(list, Descriptor(queue), filters, low_mac(mac))
}

fn h_free_logical_lan(on: &mut Caller<'_>, unit: UnitAddress) -> Result<(), Status> {
    lan(on, unit)?.free()
}

fn h_add_logical_lan_buffer(
    on: &mut Caller<'_>,
    unit: UnitAddress,
    buf: u64,
) -> Result<(), Status> {
    lan(on, unit)?.add_buffer(Descriptor(buf))
}

fn h_free_logical_lan_buffer(
    on: &mut Caller<'_>,
    unit: UnitAddress,
    size: u64,
) -> Result<(), Status> {
    lan(on, unit)?.free_buffer(size)
}

/// No call answers H_BUSY, so no continue-token is valid. Large send is not offered, so `mss` is ignored.
#[allow(clippy::too_many_arguments)] // LoPAR's
fn h_send_logical_lan(
    on: &mut Caller<'_>,
    unit: UnitAddress,
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
    unit: UnitAddress,
    flags: u64,
    address: u64,
) -> Result<Reply, Status> {
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

fn h_change_logical_lan_mac(
    on: &mut Caller<'_>,
    unit: UnitAddress,
    mac: u64,
) -> Result<(), Status> {
    lan(on, unit)?.set_mac(low_mac(mac));
    Ok(())
}

fn h_illan_attributes(
    on: &mut Caller<'_>,
    unit: UnitAddress,
    reset: u64,
    set: u64,
) -> Result<Reply, Status> {
    Ok(lan(on, unit)?.attributes(reset, set))
}

/// The low-order 6 bytes.
fn low_mac(register: u64) -> Mac {
    let [_, _, mac @ ..] = register.to_be_bytes();
    mac
}
