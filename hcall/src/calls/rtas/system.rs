// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Services for an operating system's start and end: reboot, last message, NVRAM, system parameters, and event
//! scans, which find no events.

use super::service::services;
use crate::call::Caller;
use crate::machine::Capabilities;
use crate::machine::nvram::Nvram;
use crate::words::rtas_error::RtasError;
use ram::GuestMemory as Memory;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend};

services![
    Service {
        token: 0x2030,
        name: "system-reboot",
        call: system_reboot(),
        needs: [PowerControl],
        returns: [],
        spec: "LoPAR 2.9, system-reboot",
    },
    Service {
        token: 0x2031,
        name: "ibm,os-term",
        call: os_term(message),
        needs: [PowerControl],
        returns: [],
        spec: "LoPAR 2.9, ibm,os-term",
    },
    Service {
        token: 0x2032,
        name: "nvram-fetch",
        call: nvram_fetch(index, buffer, length),
        needs: [Nvram],
        returns: [copied],
        spec: "LoPAR 2.9, nvram-fetch",
    },
    Service {
        token: 0x2033,
        name: "nvram-store",
        call: nvram_store(index, buffer, length),
        needs: [Nvram],
        returns: [copied],
        spec: "LoPAR 2.9, nvram-store",
    },
    Service {
        token: 0x2034,
        name: "ibm,get-system-parameter",
        call: get_system_parameter(parameter, buffer, length),
        needs: [Processors],
        returns: [],
        spec: "LoPAR 2.9, ibm,get-system-parameter",
    },
    Service {
        token: 0x2035,
        name: "event-scan",
        call: event_scan(mask, critical, buffer, length),
        returns: [],
        spec: "LoPAR 2.9, event-scan",
    },
];

/// Resets the machine, which then starts again.
fn system_reboot(on: &mut Caller<'_>) -> Result<[u32; 0], RtasError> {
    let power = on.machine.power().ok_or(RtasError::Parameter)?;
    if power.reboot() { Ok([]) } else { Err(RtasError::Hardware) }
}

/// Most bytes of the last message.
const LAST_WORD: usize = 2048;

/// Records the termination of the operating system, with its message: a string that ends with a null.
fn os_term(on: &mut Caller<'_>, message: u32) -> Result<[u32; 0], RtasError> {
    let mut text = vec![0; LAST_WORD];
    // The message ends at the end of RAM.
    let read = on.memory.read(&mut text, GuestAddress(message.into())).unwrap_or(0);
    let text = text[..read].split(|&byte| byte == 0).next().unwrap_or_default();
    let power = on.machine.power().ok_or(RtasError::Parameter)?;
    power.os_terminated(&String::from_utf8_lossy(text));
    Ok([])
}

/// A range of guest memory, or -3.
fn range(memory: &Memory, start: u32, length: u32) -> Result<(GuestAddress, usize), RtasError> {
    let (start, length) = (GuestAddress(start.into()), length as usize);
    if memory.check_range(start, length) { Ok((start, length)) } else { Err(RtasError::Parameter) }
}

/// The NVRAM and the start of a range that is inside it, or -3.
fn part(
    machine: &mut dyn Capabilities,
    index: u32,
    length: usize,
) -> Result<(&dyn Nvram, usize), RtasError> {
    let nvram = machine.nvram().ok_or(RtasError::Parameter)?;
    let index = index as usize;
    let end = index.checked_add(length).filter(|end| *end <= nvram.size());
    end.map(|_| (nvram, index)).ok_or(RtasError::Parameter)
}

fn nvram_fetch(
    on: &mut Caller<'_>,
    index: u32,
    buffer: u32,
    length: u32,
) -> Result<[u32; 1], RtasError> {
    let (buffer, length) = range(on.memory, buffer, length)?;
    let (nvram, index) = part(on.machine, index, length)?;
    let mut bytes = vec![0; length]; // no longer than the NVRAM
    nvram.fetch(index, &mut bytes)?;
    on.memory.write_slice(&bytes, buffer).map_err(|_| RtasError::Parameter)?;
    Ok([length as u32]) // as it came
}

fn nvram_store(
    on: &mut Caller<'_>,
    index: u32,
    buffer: u32,
    length: u32,
) -> Result<[u32; 1], RtasError> {
    let (buffer, length) = range(on.memory, buffer, length)?;
    let (nvram, index) = part(on.machine, index, length)?;
    let mut bytes = vec![0; length]; // no longer than the NVRAM
    on.memory.read_slice(&mut bytes, buffer).map_err(|_| RtasError::Parameter)?;
    nvram.store(index, &bytes)?;
    Ok([length as u32]) // as it came
}

/// The parameter "SPLPAR characteristics": what a shared-processor partition has.
const SPLPAR_CHARACTERISTICS: u32 = 20;

fn get_system_parameter(
    on: &mut Caller<'_>,
    parameter: u32,
    buffer: u32,
    length: u32,
) -> Result<[u32; 0], RtasError> {
    if parameter != SPLPAR_CHARACTERISTICS {
        return Err(RtasError::Parameter);
    }
    let memory = (on.memory.last_addr().0 / (1 << 20)) + 1;
    let cpus = on.machine.processors().ok_or(RtasError::Parameter)?.count();
    let value = format!(
        "MaxEntCap={},DesMem={memory},DesProcs={cpus},MaxPlatProcs={cpus}\0",
        100 * u64::from(cpus)
    );
    let size = u16::try_from(value.len()).map_err(|_| RtasError::Hardware)?;
    let returned = [size.to_be_bytes().as_slice(), value.as_bytes()].concat();
    let (buffer, length) = range(on.memory, buffer, length).map_err(|_| RtasError::BadParameter)?;
    let fits = &returned[..returned.len().min(length)];
    on.memory.write_slice(fits, buffer).map_err(|_| RtasError::BadParameter)?;
    Ok([])
}

/// Reports no event: none exists.
fn event_scan(
    _: &mut Caller<'_>,
    _mask: u32,
    _critical: u32,
    _buffer: u32,
    _length: u32,
) -> Result<[u32; 0], RtasError> {
    Err(RtasError::NoErrorsFound)
}
