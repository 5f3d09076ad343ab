// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Shared processors: H_CEDE, H_CONFER, H_PROD, and their accounting (LoPAR 2.9, "Shared
//! Processor LPAR Hypervisor Extensions"). [`vpa`](super::vpa) registers the areas
//! that waits write.

use crate::call::Caller;
use crate::call::args::Server;
use crate::call::rows::hcalls;
use crate::machine::areas::{Moment, Preemption};
use crate::machine::sharing::SharedProcessors;
use crate::words::status::Status;
use iommu::Agent;

hcalls![
    Hcall {
        name: H_CEDE,
        call: h_cede(),
        needs: [SharedProcessors],
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_CEDE",
    },
    Hcall {
        name: H_CONFER,
        call: h_confer(proc, dispatch),
        needs: [SharedProcessors],
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_CONFER",
    },
    Hcall {
        name: H_PROD,
        call: h_prod(proc),
        needs: [SharedProcessors],
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_PROD",
    },
    Hcall {
        name: H_GET_PPP,
        call: h_get_ppp(),
        needs: [Processors],
        returns: [entitled, unallocated, aggregation, resources],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_GET_PPP",
    },
    Hcall {
        name: H_SET_PPP,
        call: h_set_ppp(entitled, variable),
        needs: [Processors],
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_SET_PPP",
    },
    Hcall {
        name: H_PURR,
        call: h_purr(),
        needs: [ProcessorTime],
        returns: [purr],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_PURR",
    },
];

fn sharing<'a>(on: &'a mut Caller<'_>) -> Result<&'a mut dyn SharedProcessors, Status> {
    on.machine.sharing().ok_or(Status::Function)
}

/// The present moment, if the machine knows it.
fn moment(on: &mut Caller<'_>) -> Option<Moment> {
    on.machine.time().map(|time| time.moment())
}

fn processors(on: &mut Caller<'_>) -> Result<u64, Status> {
    on.machine.processors().map(|all| all.count().into()).ok_or(Status::Function)
}

/// Waits, and reports the wait in the vCPU's areas: the dispatch, and the time of the wait if the machine knows it.
fn wait(
    on: &mut Caller<'_>,
    why: Preemption,
    wait: impl FnOnce(&mut dyn SharedProcessors, &mut Agent),
) -> Result<(), Status> {
    let (memory, server) = (on.memory, on.server);
    let before = moment(on);
    let sharing = on.machine.sharing().ok_or(Status::Function)?;
    if let Some(areas) = sharing.areas(server) {
        areas.preempted(memory);
    }
    wait(sharing, on.agent);
    let now = moment(on);
    if let Some(areas) = self::sharing(on)?.areas(server) {
        areas.dispatched(memory, before.map(|before| (why, before)), now);
    }
    Ok(())
}

/// Gives the processor away until an interrupt or a prod.
fn h_cede(on: &mut Caller<'_>) -> Result<(), Status> {
    wait(on, Preemption::Cede, |sharing, agent| agent.rest(|| sharing.cede()))
}

/// All processors of the partition, in H_CONFER.
const ALL: u64 = u64::MAX;

/// Gives the rest of the time slice to the processor that holds the lock which the caller waits for, if that one is
/// still not dispatched. A processor that confers to itself waits for a prod.
///
/// The host schedules time slices: the caller's thread yields to any other.
fn h_confer(on: &mut Caller<'_>, proc: u64, dispatch: u64) -> Result<(), Status> {
    // The argument is an int32.
    let target = match proc.cast_signed() {
        -1 | 0xffff_ffff => ALL,
        _ => proc,
    };
    if target == u64::from(on.server) {
        return wait(on, Preemption::Confer, |sharing, agent| {
            agent.rest(|| sharing.wait_for_prod());
        });
    }
    if target != ALL {
        let server = u32::try_from(target).map_err(|_| Status::Parameter)?;
        let areas = sharing(on)?.areas(server).ok_or(Status::Parameter)?;
        let count = areas.dispatches();
        if count.is_multiple_of(2) || u64::from(count) != dispatch & 0xffff_ffff {
            return Ok(());
        }
    }
    wait(on, Preemption::Confer, |sharing, _| sharing.yield_processor())
}

/// Makes a processor ready to run; one that runs does not wait the next time.
fn h_prod(on: &mut Caller<'_>, proc: Server) -> Result<(), Status> {
    sharing(on)?.prod(proc.0)
}

/// A processor's worth of capacity, in percent.
const WHOLE: u64 = 100;
/// The weight in the distribution of unentitled capacity: the setting of KVM's hosts.
const WEIGHT: u64 = 128;

/// The performance parameters: each processor is entitled to all of one, uncapped; group and pool
/// are 0, and the processors of the platform are the partition's.
fn h_get_ppp(on: &mut Caller<'_>) -> Result<[u64; 4], Status> {
    let cpus = processors(on)?;
    Ok([WHOLE * cpus, 0, 0, WEIGHT << 40 | cpus << 16 | cpus])
}

/// Requests other parameters. There is no capacity to distribute: a value that differs is constrained.
fn h_set_ppp(on: &mut Caller<'_>, entitled: u64, variable: u64) -> Result<(), Status> {
    if variable > 255 {
        return Err(Status::Parameter);
    }
    let as_it_is = entitled == WHOLE * processors(on)? && variable == WEIGHT;
    if as_it_is { Ok(()) } else { Err(Status::Constrained) }
}

/// The ticks for which the processor has run.
fn h_purr(on: &mut Caller<'_>) -> Result<u64, Status> {
    on.machine.time().map(|time| time.purr()).ok_or(Status::Function)
}
