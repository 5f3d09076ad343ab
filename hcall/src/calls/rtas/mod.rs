// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_RTAS: run-time abstraction services by hypercall, as KVM and QEMU offer them; one row per
//! service, in the files [`basic`], [`system`], [`nmi`], [`ddw`], [`pci`], [`eeh`] and [`xics`].
//!
//! The argument block is big-endian words: token, number of inputs, number of outputs, inputs,
//! outputs, of which the first is the status (LoPAR 2.9, "RTAS Argument Call Buffer").

pub mod basic;
pub mod ddw;
pub mod eeh;
pub mod nmi;
pub mod pci;
pub mod service;
pub mod system;
pub mod xics;

pub use service::{MAX_CELLS, Service};

use crate::call::Caller;
use crate::call::rows::hcalls;
use crate::machine::Capability;
use crate::words::rtas_error::RtasError;
use crate::words::status::Status;
use iommu::Gpa;
use ram::GuestMemory as Memory;
use vm_memory::{Be32, Bytes, GuestAddress};

hcalls![Hcall {
    name: H_RTAS,
    call: h_rtas(block),
    returns: [],
    // Private: the guest finds it by the absence of `linux,rtas-entry`, or behind that.
    set: None,
    spec: "QEMU and KVM: KVMPPC_H_RTAS; LoPAR 2.9, RTAS call mechanism",
}];

/// Every service, one line per file.
pub const SERVICES: &[&[Service]] = &[
    basic::SERVICES,
    system::SERVICES,
    nmi::SERVICES,
    ddw::SERVICES,
    pci::SERVICES,
    eeh::SERVICES,
    xics::SERVICES,
];

/// Every service.
pub fn all_services() -> impl Iterator<Item = &'static Service> {
    SERVICES.iter().flat_map(|services| services.iter())
}

/// Names and tokens of every service.
pub fn rtas_tokens() -> impl Iterator<Item = (&'static str, u32)> {
    rtas_tokens_for(Capability::ALL)
}

/// The properties of `/rtas` that give the services' tokens, for a machine that has these capabilities.
pub fn rtas_tokens_for(has: &[Capability]) -> impl Iterator<Item = (&'static str, u32)> {
    let there = |service: &&Service| service.needs.iter().all(|need| has.contains(need));
    all_services().filter(there).map(|service| (service.name, service.token))
}

/// Runs the service that the block at `block` asks for, and writes its outputs there.
///
/// A block that is not wholly memory, or has no room for a status or more than 16 cells of a
/// kind, is H_PARAMETER. All other errors are a status in the block: -3 when the token is unknown, the machine
/// lacks a capability, or the counts are not the service's (LoPAR 2.9: where RTAS checks its input, -3 is the answer).
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
        s.args.len() == inputs
            && s.returns.iter().any(|names| names.len() == values.len())
            && s.needs.iter().all(|need| need.is_in(on.machine))
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
