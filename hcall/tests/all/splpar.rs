// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Shared processors and their areas, through registers. Expected values are those of LoPAR 2.9.

use hcall::Status::*;
use hcall::rtas_tokens;
use hcall::tokens::*;
use tests::rig::*;
use vm_memory::{Bytes, GuestAddress};

/// Subfunctions of H_REGISTER_VPA: bits 16 to 18 from the left.
const REGISTER_VPA: u64 = 1 << 45;
const REGISTER_LOG: u64 = 2 << 45;
const REGISTER_SLB_SHADOW: u64 = 3 << 45;
const DEREGISTER_VPA: u64 = 5 << 45;
const DEREGISTER_LOG: u64 = 6 << 45;
const DEREGISTER_SLB_SHADOW: u64 = 7 << 45;

/// Processors: the calling vCPU, another that runs, one that is stopped, one that does not exist.
const THIS: u64 = 0;
const RUNNING: u64 = 1;
const STOPPED: u64 = 2;
const NONE: u64 = 3;

/// Writes the length of an area: two bytes for a VPA, four for the others.
fn vpa_of(r: &Rig, at: u64, size: u16) {
    r.memory.write_slice(&size.to_be_bytes(), GuestAddress(at + 4)).expect("in memory");
}
fn area_of(r: &Rig, at: u64, size: u32) {
    r.memory.write_slice(&size.to_be_bytes(), GuestAddress(at + 4)).expect("in memory");
}
fn double(r: &Rig, at: u64) -> u64 {
    let [high, low] = r.words::<2>(at);
    u64::from(high) << 32 | u64::from(low)
}
/// A rig whose vCPU has a VPA at A.
fn with_vpa() -> Rig {
    let mut r = Rig::new();
    vpa_of(&r, A, 640);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_VPA, THIS, A]), Success);
    r
}
/// Dispatch count in the VPA at A.
fn count(r: &Rig) -> u32 {
    r.words::<1>(A + 0x100)[0]
}

#[test]
fn a_vpa_is_refused_for_its_function_its_processor_its_place_and_its_size() {
    let mut r = Rig::new();
    vpa_of(&r, A, 640);
    vpa_of(&r, A + 8, 640);
    vpa_of(&r, A + 0x1000 - 128, 640);
    vpa_of(&r, A + 0x1000 - 640, 641);
    vpa_of(&r, B, 639);
    vpa_of(&r, B + 128, 0xffff);
    for args in [
        [0, THIS, A],
        [4 << 45, THIS, A],
        [8 << 45, THIS, A],
        [REGISTER_VPA | 1, THIS, A],
        [REGISTER_VPA, NONE, A],
        [REGISTER_VPA, 0xbad_bad, A],
        [REGISTER_VPA, 1 << 32, A],
        [REGISTER_VPA, THIS, 0],
        [REGISTER_VPA, THIS, A + 8],
        [REGISTER_VPA, THIS, A + 0x1000 - 128],
        [REGISTER_VPA, THIS, A + 0x1000 - 640],
        [REGISTER_VPA, THIS, B],
        [REGISTER_VPA, THIS, B + 128],
        [REGISTER_VPA, THIS, MEMORY],
        [REGISTER_VPA, THIS, 0xffff_ffff_ffff_ff80],
        [DEREGISTER_VPA, NONE, 0],
    ] {
        assert_eq!(r.status(H_REGISTER_VPA, &args), Parameter, "{args:x?}");
    }
    // No VPA was registered, and without one there is no log.
    area_of(&r, A, 4096);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, A]), Resource);
}

// "verify that the proc-no parameter references an offline virtual proc or that [it] matches the
// current virtual processor making the hcall, else return H_STATE".
#[test]
fn a_processor_registers_for_itself_or_for_a_stopped_one() {
    let mut r = Rig::new();
    vpa_of(&r, A, 640);
    area_of(&r, B, 64);
    for function in [REGISTER_VPA, DEREGISTER_VPA, REGISTER_SLB_SHADOW, DEREGISTER_SLB_SHADOW] {
        assert_eq!(r.status(H_REGISTER_VPA, &[function, RUNNING, A]), State, "{function:#x}");
    }
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_VPA, STOPPED, A]), Success);
    assert_eq!(count(&r) % 2, 1, "it is not dispatched");
    assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_VPA, STOPPED, 0]), Success);
}

#[test]
fn a_vpa_goes_last_and_may_go_without_having_come() {
    let mut r = with_vpa();
    area_of(&r, B, 8);
    area_of(&r, B + 128, 96);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_SLB_SHADOW, THIS, B]), Success);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, B + 128]), Success);
    assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_VPA, THIS, 0]), Resource);
    assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_LOG, THIS, 0]), Success);
    assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_VPA, THIS, 0]), Resource);
    assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_SLB_SHADOW, THIS, 0]), Success);
    for _ in 0..2 {
        assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_VPA, THIS, 0]), Success);
        assert_eq!(r.status(H_REGISTER_VPA, &[DEREGISTER_LOG, THIS, 0]), Success);
    }
}

#[test]
fn an_slb_shadow_and_a_log_need_a_vpa_and_a_size() {
    let mut r = Rig::new();
    area_of(&r, B, 64);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_SLB_SHADOW, THIS, B]), Resource);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, B]), Resource);
    area_of(&r, B, 7);
    area_of(&r, B + 0x1000 - 128, 129);
    area_of(&r, MEMORY - 128, 240);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_SLB_SHADOW, THIS, B]), Parameter);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_SLB_SHADOW, THIS, B + 0x1000 - 128]), Parameter);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, B]), Parameter);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, MEMORY - 128]), Parameter);
}

#[test]
fn the_dispatch_count_is_even_while_the_processor_runs_and_odd_while_it_waits() {
    let mut r = with_vpa();
    let before = count(&r);
    assert_eq!(before % 2, 0);
    for (call, how) in
        [([H_CEDE, 0], "cede"), ([H_CONFER, THIS], "prod"), ([H_CONFER, u64::MAX], "yield")]
    {
        let before = count(&r);
        assert_eq!(r.status(call[0], &[call[1], 0]), Success);
        let (waited, during) = r.machine.waits.pop().expect("it waited");
        assert_eq!((waited, during % 2), (how, 1));
        assert_eq!(count(&r), before.wrapping_add(2));
    }
    assert_eq!(double(&r, A + 0x168), 300, "time until it was ready to run");
    // "the last registration wins"
    vpa_of(&r, B, 640);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_VPA, THIS, B]), Success);
    let left = count(&r);
    assert_eq!(r.status(H_CEDE, &[]), Success);
    assert_eq!((count(&r), r.words::<1>(B + 0x100)[0]), (left, left + 2));
}

#[test]
fn the_dispatch_trace_log_wraps_at_its_last_whole_entry() {
    let mut r = with_vpa();
    area_of(&r, B, 2 * 48 + 47);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, B]), Success);
    assert_eq!(r.status(H_CEDE, &[]), Success);
    assert_eq!(double(&r, A + 0x218), 0, "it is not enabled");
    r.memory.write_slice(&[1], GuestAddress(A + 0xb8)).expect("in memory");
    for _ in 0..3 {
        assert_eq!(r.status(H_CEDE, &[]), Success);
    }
    assert_eq!(double(&r, A + 0x218), 3);
    // Dispatched for its time slice, after H_CEDE, on physical processor 5; it became ready after 100 ticks.
    let entry = |at| {
        (r.words::<4>(at), double(&r, at + 0x10), double(&r, at + 0x20), double(&r, at + 0x28))
    };
    let waited = [0x0702_0005, 0, 0, 100];
    assert_eq!(entry(B), (waited, 1400, 0x4000, 0x8000_0000_0000_0001));
    assert_eq!(entry(B + 48), (waited, 1300, 0x4000, 0x8000_0000_0000_0001));
    assert_eq!(r.words::<12>(B + 96), [0; 12]);
    assert_eq!(r.status(H_CONFER, &[u64::MAX, 0]), Success);
    assert_eq!(r.words::<1>(B + 48), [0x0703_0005]);
}

// "Accumulated virtual processor wait interval 3 timebase cycles. (waiting for physical processor
// availability)", "interval 1 ... (waiting for virtual processor ready to run)".
#[test]
fn what_the_host_takes_is_counted_apart_from_what_the_guest_gives() {
    let mut r = with_vpa();
    let before = count(&r);
    r.machine.moment.stolen = 70;
    r.machine.areas[0].preempted_meanwhile(&r.memory, r.machine.moment);
    assert_eq!((double(&r, A + 0x158), double(&r, A + 0x160), double(&r, A + 0x168)), (70, 0, 0));
    assert_eq!(count(&r), before.wrapping_add(2), "preempted, and dispatched again");
    r.machine.areas[0].preempted_meanwhile(&r.memory, r.machine.moment);
    assert_eq!((double(&r, A + 0x158), count(&r)), (70, before.wrapping_add(2)), "once");
    // The vCPU was ready for the last 30 of the 100 ticks of a wait.
    r.machine.late = 30;
    assert_eq!(r.status(H_CEDE, &[]), Success);
    assert_eq!((double(&r, A + 0x158), double(&r, A + 0x160), double(&r, A + 0x168)), (100, 0, 70));
    // A new VPA counts from 0, and only the time that is stolen after its registration.
    vpa_of(&r, B, 640);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_VPA, THIS, B]), Success);
    r.machine.moment.stolen += 5;
    r.machine.areas[0].preempted_meanwhile(&r.memory, r.machine.moment);
    assert_eq!((double(&r, A + 0x158), double(&r, B + 0x158)), (100, 5));
}

// "Incremented on each virtual processor dispatch if the physical processor differs from that of the last
// dispatch."
#[test]
fn the_dispersion_accumulator_counts_changes_of_the_physical_processor() {
    let mut r = with_vpa();
    r.machine.areas[0].dispatched(&r.memory, None, Some(r.machine.moment));
    for (processor, dispersion) in [(5, 0), (6, 1), (6, 1), (5, 2)] {
        r.machine.moment.processor = processor;
        assert_eq!(r.status(H_CEDE, &[]), Success);
        assert_eq!(r.words::<1>(A + 0x104), [dispersion]);
    }
}

// Bit 6 of the mask: "Trace time slice preempts"; preemption reason 4: "reached the end of its timeslice".
#[test]
fn the_dispatch_trace_log_has_time_slice_preempts_if_they_are_enabled() {
    let mut r = with_vpa();
    area_of(&r, B, 48);
    assert_eq!(r.status(H_REGISTER_VPA, &[REGISTER_LOG, THIS, B]), Success);
    let preempt = |r: &mut Rig, mask: u8| {
        r.memory.write_slice(&[mask], GuestAddress(A + 0xb8)).expect("in memory");
        r.machine.moment.stolen += 70;
        r.machine.areas[0].preempted_meanwhile(&r.memory, r.machine.moment);
        double(r, A + 0x218)
    };
    assert_eq!(preempt(&mut r, 1), 0, "waits alone are enabled");
    assert_eq!(preempt(&mut r, 2), 1);
    assert_eq!(r.words::<4>(B), [0x0704_0005, 70, 0, 0]);
    assert_eq!((double(&r, B + 0x10), double(&r, B + 0x20)), (1000, 0x4000));
    assert_eq!(r.status(H_CEDE, &[]), Success);
    assert_eq!(double(&r, A + 0x218), 1, "waits are not");
}

#[test]
fn h_confer_helps_only_a_processor_that_is_not_dispatched_since_the_caller_looked() {
    let mut r = Rig::new();
    let running = u64::from(r.machine.areas[1].dispatches());
    for dispatch in [running, running + 1] {
        assert_eq!(r.status(H_CONFER, &[RUNNING, dispatch]), Success);
    }
    let waiting = u64::from(r.machine.areas[2].dispatches());
    assert_eq!(r.status(H_CONFER, &[STOPPED, waiting + 2]), Success);
    assert_eq!(r.machine.waits, [], "nobody to confer to");
    assert_eq!(r.status(H_CONFER, &[STOPPED, waiting]), Success);
    assert_eq!(r.machine.waits.pop().expect("it conferred").0, "yield");
    for none in [NONE, 1 << 32, u64::MAX - 1] {
        assert_eq!(r.status(H_CONFER, &[none, 0]), Parameter);
    }
}

#[test]
fn h_prod_names_a_processor() {
    let mut r = Rig::new();
    for server in [THIS, RUNNING, STOPPED] {
        assert_eq!(r.status(H_PROD, &[server]), Success);
    }
    assert_eq!(r.machine.prodded, [0, 1, 2]);
    for none in [NONE, 1 << 32, u64::MAX] {
        assert_eq!(r.status(H_PROD, &[none]), Parameter);
    }
}

// Linux: H_SIGNAL_SYS_RESET_ALL is -1, ..._ALL_OTHERS -2. Processor 2 is stopped.
#[test]
fn a_system_reset_goes_to_one_or_all_that_run() {
    for (target, taken) in
        [(0, &[0][..]), (1, &[1]), (2, &[]), (-1i64 as u64, &[0, 1]), (-2i64 as u64, &[1])]
    {
        let mut r = Rig::new();
        assert_eq!(r.status(H_SIGNAL_SYS_RESET, &[target]), Success);
        assert_eq!(r.machine.resets.as_deref(), Some(taken), "{target:#x}");
    }
    let mut r = Rig::new();
    for none in [NONE, 1 << 32, -3i64 as u64] {
        assert_eq!(r.status(H_SIGNAL_SYS_RESET, &[none]), Parameter);
    }
    r.machine.resets = None;
    assert_eq!(r.status(H_SIGNAL_SYS_RESET, &[0]), Hardware);
}

#[test]
fn performance_parameters_are_told_and_not_changed() {
    let mut r = Rig::new();
    let (status, out) = r.hcall(H_GET_PPP, &[]);
    assert_eq!(status, Success);
    // Three whole processors, uncapped with weight 128, of a pool and a platform of three.
    assert_eq!(out[..4], [300, 0, 0, 0x0000_8000_0003_0003]);
    assert_eq!(r.status(H_SET_PPP, &[300, 128]), Success);
    assert_eq!(r.status(H_SET_PPP, &[200, 128]), Constrained);
    assert_eq!(r.status(H_SET_PPP, &[300, 255]), Constrained);
    assert_eq!(r.status(H_SET_PPP, &[300, 256]), Parameter);
    let (status, out) = r.hcall(H_PURR, &[]);
    assert_eq!((status, out[0]), (Success, 400), "not the timebase, which is 1000");
}

#[test]
fn rtas_tells_which_processors_are_stopped_and_stops_the_caller() {
    let token = |name| rtas_tokens().find(|(n, _)| *n == name).expect("a service").1;
    let mut r = Rig::new();
    for (server, answer) in
        [(0, [0, 2]), (1, [0, 2]), (2, [0, 0]), (3, [(-3i32).cast_unsigned(), 9])]
    {
        r.write_words(LIST, &[token("query-cpu-stopped-state"), 1, 2, server, 9, 9]);
        assert_eq!(r.status(H_RTAS, &[LIST]), Success);
        assert_eq!(r.words::<6>(LIST)[4..], answer, "{server}");
    }
    r.write_words(LIST, &[token("stop-self"), 0, 1, 9]);
    assert_eq!(r.status(H_RTAS, &[LIST]), Success);
    assert!(r.machine.stopped);
}
