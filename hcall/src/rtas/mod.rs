// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_RTAS: run-time abstraction services by hypercall, as KVM and QEMU offer them; one row per
//! service, in the files [`basic`], [`system`], [`nmi`], [`ddw`] and [`xics`].
//!
//! The argument block is big-endian words: token, number of inputs, number of outputs, inputs,
//! outputs, of which the first is the status (LoPAR 2.9, "RTAS Argument Call Buffer").

pub mod basic;
pub mod ddw;
pub mod nmi;
pub mod system;
pub mod xics;

use crate::abi::hcalls;
use crate::machine::{Caller, Memory};
use crate::status::Status;
use iommu::Gpa;
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
pub const MAX_CELLS: usize = 16;

/// Why a service did not do what it was asked for (LoPAR 2.9, "RTAS Status Word Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtasError {
    /// -1.
    Hardware,
    /// -2: try again later.
    Busy,
    /// -3.
    Parameter,
    /// -9999, of services whose -3 means something else.
    BadParameter,
    /// 1: no error was found that could be told.
    NoErrorsFound,
}

impl RtasError {
    const fn code(self) -> i32 {
        match self {
            RtasError::Hardware => -1,
            RtasError::Busy => -2,
            RtasError::Parameter => -3,
            RtasError::BadParameter => -9999,
            RtasError::NoErrorsFound => 1,
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
    /// The family that the service belongs to: the rows of one file.
    pub family: &'static str,
    /// Names of the inputs.
    pub args: &'static [&'static str],
    /// Names of the outputs after the status; more than one row of them where the caller chooses
    /// by their number.
    pub returns: &'static [&'static [&'static str]],
    /// Where the service is specified.
    pub spec: &'static str,
    run: Run,
}

/// What a service returns: the outputs after the status, as many as its row has names for.
trait Outputs {
    fn write(self, to: &mut [u32]);
}

impl<const N: usize> Outputs for [u32; N] {
    fn write(self, to: &mut [u32]) {
        to.iter_mut().zip(self).for_each(|(to, value)| *to = value);
    }
}

macro_rules! services {
    ($(Service {
        token: $token:expr,
        name: $name:expr,
        call: $call:ident($($arg:ident),*),
        returns: $([$($ret:ident),*])or+,
        spec: $spec:expr $(,)?
    }),* $(,)?) => {
        /// The services of this file.
        pub const SERVICES: &[super::Service] = &[$(super::Service {
            token: $token,
            name: $name,
            family: $crate::abi::family(module_path!()),
            args: &[$(stringify!($arg)),*],
            returns: &[$(&[$(stringify!($ret)),*]),+],
            spec: $spec,
            run: |caller, inputs, outputs| {
                let &[$($arg),*] = inputs else { return Err(super::RtasError::Parameter) };
                super::Outputs::write($call(caller, $($arg),*)?, outputs);
                Ok(())
            },
        }),*];
    };
}
use services;

/// Every service, one line per file.
pub const SERVICES: &[&[Service]] =
    &[basic::SERVICES, system::SERVICES, nmi::SERVICES, ddw::SERVICES, xics::SERVICES];

/// Every service.
pub fn all_services() -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().flat_map(|services| services.iter())
}

/// The properties of `/rtas` that give each service's token.
pub fn rtas_tokens() -> impl Iterator<Item = (&'static str, u32)> {
    all_services().map(|service| (service.name, service.token))
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

    let service = all_services().find(|service| service.token == token);
    let service = service.filter(|s| {
        s.args.len() == inputs && s.returns.iter().any(|names| names.len() == values.len())
    });
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

    #[test]
    fn tokens_and_names_of_services_are_unique() {
        let all: Vec<_> = all_services().collect();
        for (i, a) in all.iter().enumerate() {
            assert!(a.args.len() <= MAX_CELLS);
            assert!(a.returns.iter().all(|names| names.len() < MAX_CELLS));
            for b in &all[..i] {
                assert!(a.token != b.token && a.name != b.name);
            }
        }
    }
}
