// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_RTAS: run-time abstraction services by hypercall, as KVM and QEMU offer them, and one row per
//! service.
//!
//! The argument block is big-endian words: token, number of inputs, number of outputs, inputs,
//! outputs, of which the first is the status (LoPAR 2.9, "RTAS Argument Call Buffer").

use crate::abi::hcalls;
use crate::machine::{Caller, Memory};
use crate::status::Status;
use iommu::Gpa;
use std::time::{Duration, UNIX_EPOCH};
use vm_memory::{Be32, Bytes, GuestAddress};

hcalls![Hcall {
    name: H_RTAS,
    call: h_rtas(block),
    returns: [],
    // Private: the guest finds it by the absence of `linux,rtas-entry`, or behind that.
    set: None,
    spec: "QEMU and KVM: KVMPPC_H_RTAS; LoPAR 2.9, RTAS call mechanism",
}];

/// Most inputs and most outputs of a call; ours have up to 8.
const MAX_CELLS: usize = 16;

/// Why a service failed (LoPAR 2.9, "RTAS Status Word Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtasError {
    /// -1.
    Hardware,
    /// -2: try again later.
    Busy,
    /// -3.
    Parameter,
}

impl RtasError {
    const fn code(self) -> i32 {
        match self {
            RtasError::Hardware => -1,
            RtasError::Busy => -2,
            RtasError::Parameter => -3,
        }
    }
}

/// Does a service: reads inputs, fills outputs.
type Run = fn(&mut Caller<'_>, &[u32], &mut [u32]) -> Result<(), RtasError>;

/// One service. Made by `services!`, beside the function that does it.
#[derive(Debug)]
pub struct Service {
    /// First word of the argument block, and the value of the property.
    pub token: u32,
    /// Name of the property of `/rtas`.
    pub name: &'static str,
    /// Names of the inputs.
    pub args: &'static [&'static str],
    /// Names of the outputs after the status.
    pub returns: &'static [&'static str],
    /// Where the service is specified.
    pub spec: &'static str,
    run: Run,
}

macro_rules! services {
    ($(Service {
        token: $token:expr,
        name: $name:expr,
        call: $call:ident($($arg:ident),*),
        returns: [$($ret:ident),*],
        spec: $spec:expr $(,)?
    }),* $(,)?) => {
        /// Every service.
        pub const SERVICES: &[Service] = &[$(Service {
            token: $token,
            name: $name,
            args: &[$(stringify!($arg)),*],
            returns: &[$(stringify!($ret)),*],
            spec: $spec,
            run: |caller, inputs, outputs| {
                let &[$($arg),*] = inputs else { return Err(RtasError::Parameter) };
                let [$($ret),*] = $call(caller, $($arg),*)?;
                outputs.copy_from_slice(&[$($ret),*]);
                Ok(())
            },
        }),*];
    };
}

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
];

/// The properties of `/rtas` that give each service's token.
pub fn rtas_tokens() -> impl Iterator<Item = (&'static str, u32)> {
    SERVICES.iter().map(|service| (service.name, service.token))
}

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

/// Runs the service that the block at `block` asks for, and writes its outputs there.
///
/// A block that is not wholly memory, or has no room for a status or more than 16 cells of a
/// kind, is H_PARAMETER. All else is told by the status in the block: -3 when the token is unknown
/// or the counts are not the service's (LoPAR 2.9: where RTAS checks its input, -3 is the answer).
fn h_rtas(on: &mut Caller<'_>, block: Gpa) -> Result<(), Status> {
    let mut header = [0; 3];
    read(on.memory, block, 0, &mut header)?;
    let [token, inputs, outputs] = header;
    let (inputs, outputs) = (cells(inputs)?, cells(outputs)?);
    let (mut args, mut rets) = ([0; MAX_CELLS], [0; MAX_CELLS]);
    let (args, rets) = (&mut args[..inputs], &mut rets[..outputs]);
    // The outputs are read too, to know before anything happens that they can be written.
    read(on.memory, block, header.len(), args)?;
    read(on.memory, block, header.len() + inputs, rets)?;
    let (status, values) = rets.split_first_mut().ok_or(Status::Parameter)?;

    let service = SERVICES.iter().find(|service| service.token == token);
    let service = service.filter(|s| s.args.len() == inputs && s.returns.len() == values.len());
    let result = match service {
        Some(service) => (service.run)(on, args, values),
        None => {
            log::debug!("RTAS has no call {token:#x} with {inputs} inputs and {outputs} outputs");
            Err(RtasError::Parameter)
        }
    };
    *status = result.map_or_else(RtasError::code, |()| 0).cast_unsigned();
    write(on.memory, block, header.len() + inputs, rets)
}

fn cells(count: u32) -> Result<usize, Status> {
    let count = usize::try_from(count).map_err(|_| Status::Parameter)?;
    if count <= MAX_CELLS { Ok(count) } else { Err(Status::Parameter) }
}

/// Address of a word of the block.
fn word(block: Gpa, index: usize) -> Result<GuestAddress, Status> {
    let address = block.0.checked_add(4 * index as u64);
    address.map(GuestAddress).ok_or(Status::Parameter)
}

/// Reads words of the block from the one with this index on.
fn read(memory: &Memory, block: Gpa, first: usize, to: &mut [u32]) -> Result<(), Status> {
    for (i, cell) in to.iter_mut().enumerate() {
        let value: Be32 =
            memory.read_obj(word(block, first + i)?).map_err(|_| Status::Parameter)?;
        *cell = value.to_native();
    }
    Ok(())
}

/// Writes words of the block from the one with this index on.
fn write(memory: &Memory, block: Gpa, first: usize, from: &[u32]) -> Result<(), Status> {
    for (i, &cell) in from.iter().enumerate() {
        memory
            .write_obj(Be32::from(cell), word(block, first + i)?)
            .map_err(|_| Status::Parameter)?;
    }
    Ok(())
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

    #[test]
    fn tokens_and_names_of_services_are_unique() {
        for (i, a) in SERVICES.iter().enumerate() {
            assert!(a.args.len() <= MAX_CELLS && a.returns.len() < MAX_CELLS);
            for b in &SERVICES[..i] {
                assert!(a.token != b.token && a.name != b.name);
            }
        }
    }
}
