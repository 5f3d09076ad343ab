// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Services of the machine as a whole: console, clock, power, processors.

use super::service::services;
use crate::call::Caller;
use crate::words::calendar;
use crate::words::rtas_error::RtasError;
use crate::words::status::Status;
use std::time::UNIX_EPOCH;

services![
    Service {
        token: 0x2000,
        name: "display-character",
        call: display_character(value),
        needs: [Terminals],
        returns: [],
        spec: "LoPAR 2.9, display-character",
    },
    Service {
        token: 0x2001,
        name: "get-time-of-day",
        call: get_time_of_day(),
        needs: [TimeOfDay],
        returns: [year, month, day, hour, minute, second, nanosecond],
        spec: "LoPAR 2.9, get-time-of-day",
    },
    Service {
        token: 0x2002,
        name: "power-off",
        call: power_off(power_on_mask_hi, power_on_mask_lo),
        needs: [PowerControl],
        returns: [],
        spec: "LoPAR 2.9, power-off",
    },
    Service {
        token: 0x2003,
        name: "start-cpu",
        call: start_cpu(server, entry, r3),
        needs: [Processors],
        returns: [],
        spec: "LoPAR 2.9, start-cpu",
    },
    Service {
        token: 0x2004,
        name: "stop-self",
        call: stop_self(),
        needs: [Processors],
        returns: [],
        spec: "LoPAR 2.9, stop-self",
    },
    Service {
        token: 0x2005,
        name: "query-cpu-stopped-state",
        call: query_cpu_stopped_state(server),
        needs: [Processors],
        returns: [state],
        spec: "LoPAR 2.9, query-cpu-stopped-state",
    },
    Service {
        token: 0x2006,
        name: "set-time-of-day",
        call: set_time_of_day(year, month, day, hour, minute, second, nanosecond),
        needs: [TimeOfDay],
        returns: [],
        spec: "LoPAR 2.9, set-time-of-day",
    },
];

/// Shows a character on the first console.
fn display_character(on: &mut Caller<'_>, value: u32) -> Result<[u32; 0], RtasError> {
    let byte = u8::try_from(value).map_err(|_| RtasError::Parameter)?;
    let terminals = on.machine.terminals().ok_or(RtasError::Parameter)?;
    match terminals.write(0, &[byte]) {
        Ok(()) => Ok([]),
        Err(Status::Busy) => Err(RtasError::Busy),
        Err(_) => Err(RtasError::Hardware),
    }
}

/// The wall clock in UTC.
fn get_time_of_day(on: &mut Caller<'_>) -> Result<[u32; 7], RtasError> {
    let clock = on.machine.time_of_day().ok_or(RtasError::Parameter)?;
    let now = clock.now().duration_since(UNIX_EPOCH).map_err(|_| RtasError::Hardware)?;
    calendar::date(now).ok_or(RtasError::Hardware)
}

/// Sets the wall clock, in UTC. An invalid date is a parameter error.
#[allow(clippy::too_many_arguments)] // as LoPAR has them
fn set_time_of_day(
    on: &mut Caller<'_>,
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
) -> Result<[u32; 0], RtasError> {
    let time = calendar::time([year, month, day, hour, minute, second, nanosecond]);
    let now = time.and_then(|time| UNIX_EPOCH.checked_add(time)).ok_or(RtasError::Parameter)?;
    let clock = on.machine.time_of_day().ok_or(RtasError::Parameter)?;
    clock.set_now(now).map(|()| [])
}

/// Powers the machine off. The events in the mask, which could power it on again, do not exist.
fn power_off(on: &mut Caller<'_>, _mask_hi: u32, _mask_lo: u32) -> Result<[u32; 0], RtasError> {
    on.machine.power().ok_or(RtasError::Parameter)?.power_off();
    Ok([])
}

/// Starts a stopped processor at an address below 4 GiB: cells have 32 bits.
fn start_cpu(on: &mut Caller<'_>, server: u32, entry: u32, r3: u32) -> Result<[u32; 0], RtasError> {
    let processors = on.machine.processors().ok_or(RtasError::Parameter)?;
    processors.start(server, entry.into(), r3.into()).map(|()| [])
}

/// Stops the calling processor until start-cpu starts it.
fn stop_self(on: &mut Caller<'_>) -> Result<[u32; 0], RtasError> {
    on.machine.processors().ok_or(RtasError::Parameter)?.stop_self();
    Ok([])
}

/// 0: stopped by RTAS; 2: not stopped. A stop takes no time, so that 1 (stop in progress) does not occur.
fn query_cpu_stopped_state(on: &mut Caller<'_>, server: u32) -> Result<[u32; 1], RtasError> {
    let processors = on.machine.processors().ok_or(RtasError::Parameter)?;
    let stopped = processors.is_stopped(server).ok_or(RtasError::Parameter)?;
    Ok([if stopped { 0 } else { 2 }])
}
