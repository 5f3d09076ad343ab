// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Config space and messages of PCI functions.
//!
//! LoPAR 2.9 has two forms of the accesses to config space: the short one without a BUID is for the only bridge of a machine.
//! A function that is not there answers -1, as in QEMU; an argument that no function could have is -3.

use super::service::services;
use crate::call::Caller;
use crate::machine::pci::{ConfigAddress, PciBus};
use crate::words::rtas_error::RtasError;

services![
    Service {
        token: 0x2014,
        name: "read-pci-config",
        call: read_pci_config(config_addr, size),
        needs: [PciBus],
        returns: [value],
        spec: "LoPAR 2.9, read-pci-config",
    },
    Service {
        token: 0x2015,
        name: "write-pci-config",
        call: write_pci_config(config_addr, size, value),
        needs: [PciBus],
        returns: [],
        spec: "LoPAR 2.9, write-pci-config",
    },
    Service {
        token: 0x2016,
        name: "ibm,read-pci-config",
        call: ibm_read_pci_config(config_addr, buid_hi, buid_lo, size),
        needs: [PciBus],
        returns: [value],
        spec: "LoPAR 2.9, ibm,read-pci-config",
    },
    Service {
        token: 0x2017,
        name: "ibm,write-pci-config",
        call: ibm_write_pci_config(config_addr, buid_hi, buid_lo, size, value),
        needs: [PciBus],
        returns: [],
        spec: "LoPAR 2.9, ibm,write-pci-config",
    },
    Service {
        token: 0x2018,
        name: "ibm,query-interrupt-source-number",
        call: query_interrupt_source_number(config_addr, buid_hi, buid_lo, number),
        needs: [PciBus],
        returns: [source, edge],
        spec: "LoPAR 2.9, ibm,query-interrupt-source-number",
    },
    Service {
        token: 0x2019,
        name: "ibm,change-msi",
        call: change_msi(config_addr, buid_hi, buid_lo, function, count, sequence),
        needs: [PciBus],
        returns: [count, sequence] or [count, sequence, kind],
        spec: "LoPAR 2.9, ibm,change-msi",
    },
];

/// The bus that a BUID names.
pub(super) fn bus<'a>(
    on: &'a mut Caller<'_>,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<&'a dyn PciBus, RtasError> {
    let buid = u64::from(buid_hi) << 32 | u64::from(buid_lo);
    on.machine.pci().filter(|bus| bus.buid() == buid).ok_or(RtasError::Parameter)
}

/// The only bus.
fn only_bus<'a>(on: &'a mut Caller<'_>) -> Result<&'a dyn PciBus, RtasError> {
    on.machine.pci().ok_or(RtasError::Parameter)
}

/// The register of an access, and its number of bytes.
fn register(config_addr: u32, size: u32) -> Result<(ConfigAddress, usize), RtasError> {
    let at = ConfigAddress::parse(config_addr).ok_or(RtasError::Parameter)?;
    let size = match size {
        1 | 2 | 4 if u32::from(at.register).is_multiple_of(size) => size as usize,
        _ => return Err(RtasError::Parameter),
    };
    Ok((at, size))
}

/// The function of a call that is about no register.
pub(super) fn function(config_addr: u32) -> Result<ConfigAddress, RtasError> {
    let at = ConfigAddress::parse(config_addr).filter(|at| at.register == 0);
    at.ok_or(RtasError::Parameter)
}

/// Reads a little-endian number from config space.
fn read(bus: &dyn PciBus, config_addr: u32, size: u32) -> Result<[u32; 1], RtasError> {
    let (at, size) = register(config_addr, size)?;
    let mut bytes = [0; 4];
    bus.read_config(at, &mut bytes[..size]).ok_or(RtasError::Hardware)?;
    Ok([u32::from_le_bytes(bytes)])
}

/// Writes a little-endian number to config space. The bits of `value` above its size are ignored.
fn write(bus: &dyn PciBus, config_addr: u32, size: u32, value: u32) -> Result<[u32; 0], RtasError> {
    let (at, size) = register(config_addr, size)?;
    bus.write_config(at, &value.to_le_bytes()[..size]).ok_or(RtasError::Hardware)?;
    Ok([])
}

fn read_pci_config(
    on: &mut Caller<'_>,
    config_addr: u32,
    size: u32,
) -> Result<[u32; 1], RtasError> {
    read(only_bus(on)?, config_addr, size)
}

fn write_pci_config(
    on: &mut Caller<'_>,
    config_addr: u32,
    size: u32,
    value: u32,
) -> Result<[u32; 0], RtasError> {
    write(only_bus(on)?, config_addr, size, value)
}

fn ibm_read_pci_config(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    size: u32,
) -> Result<[u32; 1], RtasError> {
    read(bus(on, buid_hi, buid_lo)?, config_addr, size)
}

fn ibm_write_pci_config(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    size: u32,
    value: u32,
) -> Result<[u32; 0], RtasError> {
    write(bus(on, buid_hi, buid_lo)?, config_addr, size, value)
}

/// An interrupt of a function that is an edge, as all messages are.
const EDGE: u32 = 1;

/// Reports the source of an interrupt that ibm,change-msi gave the function.
fn query_interrupt_source_number(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    number: u32,
) -> Result<[u32; 2], RtasError> {
    let at = function(config_addr)?;
    let source = bus(on, buid_hi, buid_lo)?.source(at, number).ok_or(RtasError::Parameter)?;
    Ok([source, EDGE])
}

/// Functions of ibm,change-msi: the kind that the function has, MSI, MSI-X (Linux: `RTAS_CHANGE_FN` and others).
const CHANGE: u32 = 1;
const CHANGE_MSI: u32 = 3;
const CHANGE_MSIX: u32 = 4;
/// The kind of interrupts that a function was given: MSI-X.
const KIND_MSIX: u32 = 2;

/// Gives a function MSI-X vectors, or takes them back. Functions here have no MSI, so only the count 0 is possible there,
/// which takes all vectors back (Linux: `rtas_disable_msi`). The work is done at once: the sequence number is the first one.
fn change_msi(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    function_number: u32,
    count: u32,
    sequence: u32,
) -> Result<[u32; 3], RtasError> {
    let at = function(config_addr)?;
    let possible = match function_number {
        CHANGE_MSIX => true,
        CHANGE | CHANGE_MSI => count == 0,
        _ => false,
    };
    if !possible || sequence != 1 {
        return Err(RtasError::Parameter);
    }
    let given = bus(on, buid_hi, buid_lo)?.set_messages(at, count).ok_or(RtasError::Parameter)?;
    Ok([given, sequence + 1, KIND_MSIX])
}
