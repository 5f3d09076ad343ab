// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Enhanced I/O error handling (EEH): the state of a PE, and its recovery. A PE is one function, and its config address is the
//! function's.

use super::pci::{bus, function};
use super::service::services;
use crate::call::Caller;
use crate::machine::pci::ConfigAddress;
use crate::machine::pe_errors::{PeErrors, PeState, Side};
use crate::words::rtas_error::RtasError;
use vm_memory::{Bytes, GuestAddress};

services![
    Service {
        token: 0x201a,
        name: "ibm,set-eeh-option",
        call: set_eeh_option(config_addr, buid_hi, buid_lo, function),
        needs: [PciBus, PeErrors],
        returns: [],
        spec: "LoPAR 2.9, ibm,set-eeh-option",
    },
    Service {
        token: 0x201b,
        name: "ibm,get-config-addr-info2",
        call: get_config_addr_info2(config_addr, buid_hi, buid_lo, function),
        needs: [PciBus, PeErrors],
        returns: [info],
        spec: "LoPAR 2.9, ibm,get-config-addr-info2",
    },
    Service {
        token: 0x201c,
        name: "ibm,read-slot-reset-state2",
        call: read_slot_reset_state2(config_addr, buid_hi, buid_lo),
        needs: [PciBus, PeErrors],
        returns: [state, capable, wait] or [state, capable, wait, info] or [state, capable],
        spec: "LoPAR 2.9, ibm,read-slot-reset-state2",
    },
    Service {
        token: 0x201d,
        name: "ibm,set-slot-reset",
        call: set_slot_reset(config_addr, buid_hi, buid_lo, function),
        needs: [PciBus, PeErrors],
        returns: [],
        spec: "LoPAR 2.9, ibm,set-slot-reset",
    },
    Service {
        token: 0x201e,
        name: "ibm,slot-error-detail",
        call: slot_error_detail(
            config_addr,
            buid_hi,
            buid_lo,
            driver_log,
            driver_log_size,
            buffer,
            size,
            function
        ),
        needs: [PciBus, PeErrors],
        returns: [],
        spec: "LoPAR 2.9, ibm,slot-error-detail",
    },
    Service {
        token: 0x201f,
        name: "ibm,configure-pe",
        call: configure_pe(config_addr, buid_hi, buid_lo),
        needs: [PciBus, PeErrors],
        returns: [],
        spec: "LoPAR 2.9, ibm,configure-pe",
    },
];

/// The PEs of the bridge that a BUID names, and the function of a config address.
fn pes<'a>(
    on: &'a mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<(&'a dyn PeErrors, ConfigAddress), RtasError> {
    let at = function(config_addr)?;
    bus(on, buid_hi, buid_lo)?;
    let pes = on.machine.pe_errors().ok_or(RtasError::Parameter)?;
    pes.state(at).ok_or(RtasError::Parameter)?;
    Ok((pes, at))
}

fn done(result: Option<()>) -> Result<[u32; 0], RtasError> {
    result.map(|()| []).ok_or(RtasError::Parameter)
}

/// Disables or enables EEH, or releases one side of a stopped PE (Linux: `EEH_OPT_DISABLE` and others).
fn set_eeh_option(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    option: u32,
) -> Result<[u32; 0], RtasError> {
    let (pes, at) = pes(on, config_addr, buid_hi, buid_lo)?;
    done(match option {
        0 => pes.enable(at, false),
        1 => pes.enable(at, true),
        2 => pes.release(at, Side::Io),
        3 => pes.release(at, Side::Dma),
        _ => None,
    })
}

/// A PE that no other function shares.
const NOT_SHARED: u32 = 1;

/// Reports the config address of the function's PE (0), or how it is shared (1).
fn get_config_addr_info2(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    question: u32,
) -> Result<[u32; 1], RtasError> {
    pes(on, config_addr, buid_hi, buid_lo)?;
    match question {
        0 => Ok([config_addr]),
        1 => Ok([NOT_SHARED]),
        _ => Err(RtasError::Parameter),
    }
}

/// The state as LoPAR numbers it: 0 normal, 1 in reset, 2 stopped, 4 stopped but for loads and stores.
fn number(state: PeState) -> u32 {
    match state {
        PeState { in_reset: true, .. } => 1,
        PeState { io_stopped: true, .. } => 2,
        PeState { dma_stopped: true, .. } => 4,
        _ => 0,
    }
}

/// Reports the state, that EEH is possible, and that there is nothing to wait for.
fn read_slot_reset_state2(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<[u32; 4], RtasError> {
    let (pes, at) = pes(on, config_addr, buid_hi, buid_lo)?;
    let state = pes.state(at).ok_or(RtasError::Parameter)?;
    Ok([number(state), 1, 0, 0])
}

/// Takes the reset back (0), or asserts a hot (1) or a fundamental one (3), which are one here.
fn set_slot_reset(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    option: u32,
) -> Result<[u32; 0], RtasError> {
    let (pes, at) = pes(on, config_addr, buid_hi, buid_lo)?;
    done(match option {
        0 => pes.set_reset(at, false),
        1 | 3 => pes.set_reset(at, true),
        _ => None,
    })
}

/// The fixed part of an error log without more: version 6, severity "error", from PCI to memory, a TCE error (LoPAR 2.9,
/// "RTAS Error Return Format").
const LOG: [u8; 8] = [6, 4 << 5, 2 << 4 | 4, 2, 0, 0, 0, 0];

/// Writes the log of the error that stopped the PE, and says that there is none afterwards.
#[allow(clippy::too_many_arguments)] // as LoPAR has them
fn slot_error_detail(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    _driver_log: u32,
    _driver_log_size: u32,
    buffer: u32,
    size: u32,
    function: u32,
) -> Result<[u32; 0], RtasError> {
    let memory = on.memory;
    let (pes, at) = pes(on, config_addr, buid_hi, buid_lo)?;
    if !matches!(function, 1 | 2) || (size as usize) < LOG.len() {
        return Err(RtasError::Parameter);
    }
    let room = GuestAddress(buffer.into());
    let mut before = LOG;
    memory.read_slice(&mut before, room).map_err(|_| RtasError::Parameter)?;
    if pes.take_error(at) != Some(true) {
        return Err(RtasError::NoErrorsFound);
    }
    memory.write_slice(&LOG, room).map_err(|_| RtasError::Parameter)?;
    Ok([])
}

/// Configures the bridges of a PE after its reset. A PE here has none, and the guest restores its function.
fn configure_pe(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<[u32; 0], RtasError> {
    pes(on, config_addr, buid_hi, buid_lo)?;
    Ok([])
}
