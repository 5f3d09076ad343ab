// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Firmware-assisted non-maskable interrupts (LoPAR 2.9, "Firmware Assisted Non-Maskable Interrupts
//! Option"): registration of the guest's routines, and release of the error log area. The format of the area is
//! in [`error_log`](crate::machine::error_log).

use super::service::services;
use crate::call::Caller;
use crate::machine::nmi::NmiHandlers;
use crate::words::rtas_error::RtasError;
use vm_memory::{GuestAddress, GuestMemoryBackend};

services![
    Service {
        token: 0x2036,
        name: "ibm,nmi-register",
        call: nmi_register(system_reset, machine_check),
        needs: [Nmi],
        returns: [],
        spec: "LoPAR 2.9, ibm,nmi-register",
    },
    Service {
        token: 0x2037,
        name: "ibm,nmi-interlock",
        call: nmi_interlock(),
        needs: [Nmi],
        returns: [],
        spec: "LoPAR 2.9, ibm,nmi-interlock",
    },
];

/// Routines are in the first 32 MiB.
const LIMIT: u32 = 32 << 20;

/// The address of a routine: aligned to an instruction, below the limit and in memory, else -3.
fn routine(on: &Caller<'_>, address: u32) -> Result<u64, RtasError> {
    let whole = address.is_multiple_of(4) && address < LIMIT;
    let start = u64::from(address);
    let good = whole && on.memory.check_range(GuestAddress(start), 4);
    if good { Ok(start) } else { Err(RtasError::Parameter) }
}

/// Routes system resets and machine checks to these routines from now on.
fn nmi_register(
    on: &mut Caller<'_>,
    system_reset: u32,
    machine_check: u32,
) -> Result<[u32; 0], RtasError> {
    let system_reset = routine(on, system_reset)?;
    let machine_check = routine(on, machine_check)?;
    let nmi = on.machine.nmi().ok_or(RtasError::Parameter)?;
    nmi.register(NmiHandlers { system_reset, machine_check });
    Ok([])
}

/// Releases the error log area of the calling processor. -1 when it holds none.
fn nmi_interlock(on: &mut Caller<'_>) -> Result<[u32; 0], RtasError> {
    let nmi = on.machine.nmi().ok_or(RtasError::Parameter)?;
    if nmi.release_error_log() { Ok([]) } else { Err(RtasError::Hardware) }
}
