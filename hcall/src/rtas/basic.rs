// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Services of the machine as a whole: console, clock, power, processors.

use super::{RtasError, services};
use crate::machine::Caller;
use crate::status::Status;
use std::time::{Duration, UNIX_EPOCH};

services![
    Service {
        token: 0x2000,
        name: "display-character",
        call: display_character(value),
        returns: [],
        spec: "LoPAR 2.9, display-character",
    },
    Service {
        token: 0x2001,
        name: "get-time-of-day",
        call: get_time_of_day(),
        returns: [year, month, day, hour, minute, second, nanosecond],
        spec: "LoPAR 2.9, get-time-of-day",
    },
    Service {
        token: 0x2002,
        name: "power-off",
        call: power_off(power_on_mask_hi, power_on_mask_lo),
        returns: [],
        spec: "LoPAR 2.9, power-off",
    },
    Service {
        token: 0x2003,
        name: "start-cpu",
        call: start_cpu(server, entry, r3),
        returns: [],
        spec: "LoPAR 2.9, start-cpu",
    },
    Service {
        token: 0x2004,
        name: "stop-self",
        call: stop_self(),
        returns: [],
        spec: "LoPAR 2.9, stop-self",
    },
    Service {
        token: 0x2005,
        name: "query-cpu-stopped-state",
        call: query_cpu_stopped_state(server),
        returns: [state],
        spec: "LoPAR 2.9, query-cpu-stopped-state",
    },
];

/// Shows a character on the first console.
fn display_character(on: &mut Caller<'_>, value: u32) -> Result<[u32; 0], RtasError> {
    let byte = u8::try_from(value).map_err(|_| RtasError::Parameter)?;
    match on.machine.term_write(0, &[byte]) {
        Ok(()) => Ok([]),
        Err(Status::Busy) => Err(RtasError::Busy),
        Err(_) => Err(RtasError::Hardware),
    }
}

/// The wall clock in UTC.
fn get_time_of_day(on: &mut Caller<'_>) -> Result<[u32; 7], RtasError> {
    let now = on.machine.now().duration_since(UNIX_EPOCH).map_err(|_| RtasError::Hardware)?;
    date(now).ok_or(RtasError::Hardware)
}

/// Year, month, day, hour, minute, second and nanosecond of a time since 1970.
fn date(since_1970: Duration) -> Option<[u32; 7]> {
    let seconds = since_1970.as_secs();
    // Count from 1 March of year 0 in eras of 400 years, so that the leap day ends each year.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let time = seconds % 86_400;
    let fields = [year, month, day, time / 3600, time / 60 % 60, time % 60];
    let mut out = [0; 7];
    for (out, field) in out.iter_mut().zip(fields) {
        *out = u32::try_from(field).ok()?;
    }
    out[6] = since_1970.subsec_nanos();
    Some(out)
}

/// Ends the run. The events that could power the machine on again do not exist.
fn power_off(on: &mut Caller<'_>, _mask_hi: u32, _mask_lo: u32) -> Result<[u32; 0], RtasError> {
    on.machine.power_off();
    Ok([])
}

/// Starts a stopped processor. Addresses below 4 GiB only: cells have 32 bits.
fn start_cpu(on: &mut Caller<'_>, server: u32, entry: u32, r3: u32) -> Result<[u32; 0], RtasError> {
    on.machine.start_cpu(server, entry.into(), r3.into()).map(|()| [])
}

/// Stops the calling processor until start-cpu starts it.
fn stop_self(on: &mut Caller<'_>) -> Result<[u32; 0], RtasError> {
    on.machine.stop_self();
    Ok([])
}

/// 0: stopped by RTAS; 2: not stopped. A processor that stops takes no time for it.
fn query_cpu_stopped_state(on: &mut Caller<'_>, server: u32) -> Result<[u32; 1], RtasError> {
    let stopped = on.machine.is_stopped(server).ok_or(RtasError::Parameter)?;
    Ok([if stopped { 0 } else { 2 }])
}

#[cfg(test)]
mod tests {
    use super::*;

    // Worked out with `date -u -d @N`.
    #[test]
    fn dates_are_right_over_leap_days_and_ends_of_years() {
        for (seconds, expected) in [
            (0, [1970, 1, 1, 0, 0, 0]),
            (68_169_600, [1972, 2, 29, 0, 0, 0]),
            (951_782_399, [2000, 2, 28, 23, 59, 59]),
            (951_782_400, [2000, 2, 29, 0, 0, 0]),
            (951_868_800, [2000, 3, 1, 0, 0, 0]),
            (978_307_199, [2000, 12, 31, 23, 59, 59]),
            (1_000_000_000, [2001, 9, 9, 1, 46, 40]),
            (4_107_542_399, [2100, 2, 28, 23, 59, 59]),
            (4_107_542_400, [2100, 3, 1, 0, 0, 0]),
        ] {
            let date = date(Duration::new(seconds, 7)).expect("in range");
            assert_eq!((&date[..6], date[6]), (&expected[..], 7), "{seconds}");
        }
    }

    #[test]
    fn a_time_too_late_for_the_block_is_no_date() {
        assert_eq!(date(Duration::from_secs(u64::MAX)), None);
    }
}
