// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Properties of the processors: H_GET_CPU_CHARACTERISTICS, H_HOME_NODE_ASSOCIATIVITY; and system resets:
//! H_SIGNAL_SYS_RESET.

use crate::call::Caller;
use crate::call::rows::hcalls;
use crate::machine::processors::Processors;
use crate::words::status::Status;

hcalls![
    Hcall {
        name: H_GET_CPU_CHARACTERISTICS,
        call: h_get_cpu_characteristics(),
        returns: [characteristics, behaviour],
        // Guests try it.
        set: None,
        spec: "Linux: H_GET_CPU_CHARACTERISTICS of asm/hvcall.h",
    },
    Hcall {
        name: H_HOME_NODE_ASSOCIATIVITY,
        call: h_home_node_associativity(flags, id),
        needs: [Processors],
        returns: [domains0, domains1, domains2, domains3, domains4, domains5],
        // hcall-vphn also promises counters of changes, and nothing changes.
        set: None,
        spec: "LoPAR 2.9, H_HOME_NODE_ASSOCIATIVITY",
    },
    Hcall {
        name: H_SIGNAL_SYS_RESET,
        call: h_signal_sys_reset(target),
        needs: [Processors, Nmi],
        returns: [],
        // Guests try it.
        set: None,
        spec: "Linux: plpar_signal_sys_reset; QEMU: h_signal_sys_reset",
    },
];

fn processors<'a>(on: &'a mut Caller<'_>) -> Result<&'a mut dyn Processors, Status> {
    on.machine.processors().ok_or(Status::Function)
}

/// Behaviour: the first-level cache need not be flushed on the way into the kernel (bit 7) nor
/// before it reads user memory (bit 8), and stores need no barrier (bit 9).
const NO_FLUSH_ON_ENTRY: u64 = 1 << (63 - 7);
const NO_FLUSH_ON_USER_ACCESS: u64 = 1 << (63 - 8);
const NO_STORE_BARRIER: u64 = 1 << (63 - 9);

/// The processor does not speculate: it has no means against that, and needs none.
fn h_get_cpu_characteristics(_: &mut Caller<'_>) -> Result<[u64; 2], Status> {
    Ok([0, NO_FLUSH_ON_ENTRY | NO_FLUSH_ON_USER_ACCESS | NO_STORE_BARRIER])
}

/// The id is a processor that the hypervisor dispatches (flags: LoPAR's virtual processor).
const VIRTUAL_PROCESSOR: u64 = 1;
/// This bit marks a domain number of 16 bits.
const DOMAIN: u64 = 0x8000;
/// Ends the list of domains: the rest of the registers are ones.
const END: u64 = u64::MAX;

/// All processors are near all memory: one domain, number 0, on each level.
fn h_home_node_associativity(on: &mut Caller<'_>, flags: u64, id: u64) -> Result<[u64; 6], Status> {
    if flags != VIRTUAL_PROCESSOR {
        return Err(Status::Parameter);
    }
    if id >= u64::from(processors(on)?.count()) {
        return Err(Status::P2);
    }
    Ok([DOMAIN << 48 | DOMAIN << 32 | DOMAIN << 16 | DOMAIN, END, END, END, END, END])
}

/// Targets of H_SIGNAL_SYS_RESET that mean several processors: all, and all but the caller.
const ALL: u64 = -1i64 as u64;
const ALL_OTHERS: u64 = -2i64 as u64;

/// Sends system reset interrupts to processors that are not stopped. H_PARAMETER when there
/// is no such processor, H_HARDWARE when a processor has no such interrupt.
fn h_signal_sys_reset(on: &mut Caller<'_>, target: u64) -> Result<(), Status> {
    let caller = u64::from(on.server);
    let servers = processors(on)?.count();
    if !matches!(target, ALL | ALL_OTHERS) && target >= u64::from(servers) {
        return Err(Status::Parameter);
    }
    let meant = |server: u64| match target {
        ALL => true,
        ALL_OTHERS => server != caller,
        one => server == one,
    };
    for server in (0..servers).filter(|&server| meant(server.into())) {
        if processors(on)?.is_stopped(server) == Some(false) {
            on.machine.nmi().ok_or(Status::Function)?.signal_system_reset(server)?;
        }
    }
    Ok(())
}
