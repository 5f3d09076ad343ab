// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Processors that are shared: H_CEDE, H_CONFER, H_PROD, and what they cost (LoPAR 2.9, "Shared
//! Processor LPAR Hypervisor Extensions"). The areas they write are registered in
//! [`areas`](crate::areas).

use crate::abi::{Server, hcalls};
use crate::areas::Preemption;
use crate::machine::Caller;
use crate::status::Status;

hcalls![
    Hcall {
        name: H_CEDE,
        call: h_cede(),
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_CEDE",
    },
    Hcall {
        name: H_CONFER,
        call: h_confer(proc, dispatch),
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_CONFER",
    },
    Hcall {
        name: H_PROD,
        call: h_prod(proc),
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_PROD",
    },
    Hcall {
        name: H_GET_PPP,
        call: h_get_ppp(),
        returns: [entitled, unallocated, aggregation, resources],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_GET_PPP",
    },
    Hcall {
        name: H_SET_PPP,
        call: h_set_ppp(entitled, variable),
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_SET_PPP",
    },
    Hcall {
        name: H_PURR,
        call: h_purr(),
        returns: [purr],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_PURR",
    },
];

/// Waits, with the vCPU's areas telling that it does.
fn wait(on: &mut Caller<'_>, why: Preemption, wait: impl FnOnce(&mut Caller<'_>)) {
    let before = on.machine.moment();
    if let Some(areas) = on.machine.areas(on.machine.server()) {
        areas.preempted(on.memory);
    }
    wait(on);
    let now = on.machine.moment();
    if let Some(areas) = on.machine.areas(on.machine.server()) {
        areas.dispatched(on.memory, Some((why, before)), now);
    }
}

/// Gives the processor away until an interrupt or a prod.
fn h_cede(on: &mut Caller<'_>) -> Result<(), Status> {
    wait(on, Preemption::Cede, |on| on.agent.rest(|| on.machine.cede()));
    Ok(())
}

/// All processors of the partition, in H_CONFER.
const ALL: u64 = u64::MAX;

/// Gives the rest of the time slice to the processor that holds what the caller waits for, if it
/// still is not dispatched. To confer to oneself is to wait for a prod.
///
/// A time slice is the host's to give: the caller's thread lets others run.
fn h_confer(on: &mut Caller<'_>, proc: u64, dispatch: u64) -> Result<(), Status> {
    // The argument is an int32.
    let target = match proc.cast_signed() {
        -1 | 0xffff_ffff => ALL,
        _ => proc,
    };
    if target == u64::from(on.machine.server()) {
        wait(on, Preemption::Confer, |on| on.agent.rest(|| on.machine.wait_for_prod()));
        return Ok(());
    }
    if target != ALL {
        let server = u32::try_from(target).map_err(|_| Status::Parameter)?;
        let areas = on.machine.areas(server).ok_or(Status::Parameter)?;
        let count = areas.dispatches();
        if count.is_multiple_of(2) || u64::from(count) != dispatch & 0xffff_ffff {
            return Ok(());
        }
    }
    wait(on, Preemption::Confer, |on| on.machine.yield_processor());
    Ok(())
}

/// Makes a processor ready to run; one that runs will not wait the next time.
fn h_prod(on: &mut Caller<'_>, proc: Server) -> Result<(), Status> {
    on.machine.prod(proc.0)
}

/// A processor's worth of capacity, in percent.
const WHOLE: u64 = 100;
/// The weight in the distribution of what nobody is entitled to: what KVM's hosts are set to.
const WEIGHT: u64 = 128;

/// The performance parameters: each processor is entitled to all of one, uncapped; group and pool
/// are 0, and the processors of the platform are the partition's.
fn h_get_ppp(on: &mut Caller<'_>) -> Result<[u64; 4], Status> {
    let cpus = u64::from(on.machine.servers());
    Ok([WHOLE * cpus, 0, 0, WEIGHT << 40 | cpus << 16 | cpus])
}

/// Asks for other parameters. There is nothing to distribute: what differs is constrained.
fn h_set_ppp(on: &mut Caller<'_>, entitled: u64, variable: u64) -> Result<(), Status> {
    if variable > 255 {
        return Err(Status::Parameter);
    }
    let as_it_is = entitled == WHOLE * u64::from(on.machine.servers()) && variable == WEIGHT;
    if as_it_is { Ok(()) } else { Err(Status::Constrained) }
}

/// The use that was made of the processor.
fn h_purr(on: &mut Caller<'_>) -> Result<u64, Status> {
    Ok(on.machine.purr())
}
