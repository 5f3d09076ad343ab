// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! No action of an x86-64 guest harms us: random registers at the gate, random hypercalls on both kinds of
//! vCPU, random code loaded anywhere.
#![cfg(target_arch = "x86_64")]

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::elf::{at, patched, phdr};
use crate::support::x86::{self, kvm};
use crate::support::{Files, arg, code, stderr, tcevm};
use hcall::Regs;
use machine::Control;
use machine::Ending;
use machine::Machine;
use machine::boot::{Config, Ready};
use machine::console::Console;
use machine::kvm::cpu::Registers;
use machine::kvm::machine::{Options, set_up};
use machine::kvm::probe::Probe;
use machine::kvm::vm::DirtyLog;
use machine::memory::RamSize;
use machine::vcpu::{Vcpu, VcpuExit, power_cpus};
use power::Engine;
use proptest::prelude::*;

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count) }
}

#[test]
fn any_register_values_come_and_go_unchanged() {
    if !kvm("any_register_values_come_and_go_unchanged") {
        return;
    }
    let probe = RefCell::new(Probe::new(Registers::Synced).unwrap());
    let mut runner = proptest::test_runner::TestRunner::new(cases(500));
    let edges = prop_oneof![any::<u64>(), Just(0), Just(u64::MAX), Just(1 << 63), Just(1 << 47)];
    let values = proptest::collection::vec(edges, 10);
    runner
        .run(&values, |values| {
            let (regs, mut probe): (Regs, _) = (values.try_into().unwrap(), probe.borrow_mut());
            probe.cpu.set_hcall_registers(&regs);
            probe.exit().unwrap();
            prop_assert_eq!(probe.cpu.hcall_registers(), regs);
            prop_assert!(!probe.cpu.problem_state());
            Ok(())
        })
        .unwrap();
}

/// The page counts of a run of `chaos`.
type Done = (iommu::Totals, u64);

const RAM: u64 = 32 << 20;

fn ready(image: &str, append: &str) -> Ready {
    let file = format!("{}/../guest-images/images/{image}.elf", env!("CARGO_MANIFEST_DIR"));
    let image = &std::fs::read(file).unwrap();
    Config { ram: RamSize::new(RAM).unwrap(), append, ..Config::new(image) }.ready().unwrap()
}

/// Runs a machine to its end, which must be power-off, and checks the invariants.
fn run<V: Vcpu + Send>(ready: Ready, cpus: Vec<V>) -> Done {
    let control = Arc::new(Control::new(cpus.iter().map(Vcpu::kick).collect()));
    let (over, watch) = mpsc::channel::<()>();
    thread::spawn({
        let (control, limit) = (Arc::clone(&control), Duration::from_secs(60));
        move || {
            if watch.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
                control.stop(Ending::TimedOut(limit));
            }
        }
    });
    let console = Console::new(Arc::clone(&control), Box::new(std::io::sink()));
    let mut machine = Machine::new(ready, cpus, control, console);
    assert_eq!(machine.run(), Ending::PoweredOff);
    drop(over);
    let audit = machine.container().audit();
    assert!(audit.holds(), "{audit:?}");
    (machine.summary().dma.totals, audit.live)
}

fn under_kvm(append: &str, cpus: u32) -> Done {
    let ready = ready("chaos-x86", append);
    let ram = RamSize::new(RAM).unwrap();
    let options = Options { ram, append, cpus, dirty_log: DirtyLog::Off };
    let (_, vcpus) = set_up(&ready, &options).unwrap();
    run(ready, vcpus)
}

fn on_power(append: &str, engine: Engine) -> Done {
    let mut ready = ready("chaos-be", append);
    ready.engine = engine;
    let cpus = power_cpus(&ready, 1);
    run(ready, cpus)
}

// The guest makes the same calls from the same seed, so the counts of both machines must be equal.
#[test]
fn random_calls_do_the_same_from_both_kinds_of_vcpu() {
    if !kvm("random_calls_do_the_same_from_both_kinds_of_vcpu") {
        return;
    }
    for seed in [1, 2, 0xdead_beef_u64, 1 << 60] {
        let append = format!("seed={seed} calls=600");
        let x86 = under_kvm(&append, 1);
        for engine in Engine::ALL {
            assert_eq!(x86, on_power(&append, engine), "{append} {engine:?}");
        }
        assert!(x86.0.released > 50, "entries were replaced: {x86:?}");
    }
}

#[test]
fn cpus_that_race_keep_the_invariants() {
    if !kvm("cpus_that_race_keep_the_invariants") {
        return;
    }
    for seed in 10..13 {
        let done = under_kvm(&format!("seed={seed} calls=400"), 2);
        assert!(done.0.released > 50, "entries were replaced: {done:?}");
    }
}

// The run may end in any way, but it ends, with an exit code of ours.
#[test]
fn random_code_anywhere_is_stopped_and_told() {
    if !kvm("random_code_anywhere_is_stopped_and_told") {
        return;
    }
    let files = Files::new();
    let mut runner = proptest::test_runner::TestRunner::new(cases(24));
    let code_bytes = proptest::collection::vec(any::<u8>(), 16..200);
    let place = prop_oneof![0..20_u64 << 20, 0x5f_0000..0x61_0000_u64, any::<u64>()];
    runner
        .run(&(code_bytes, place, 0..16_u64), |(code_bytes, place, entry)| {
            let image = x86::guest(&[&code_bytes]);
            let image = patched(&image, phdr(0, at::P_VADDR), &place.to_le_bytes());
            let image = patched(&image, phdr(0, at::P_PADDR), &place.to_le_bytes());
            let image = patched(&image, at::ENTRY, &place.wrapping_add(entry).to_le_bytes());
            let path = files.write("random", image);
            let output = tcevm()
                .args(["run", "--timeout", "0.3", "-m", "8M", arg(&path)])
                .output()
                .expect("tcevm starts");
            prop_assert!([0, 1, 3, 4, 124].contains(&code(&output)), "{:?}", output);
            prop_assert!(!stderr(&output).contains("panicked"), "{:?}", output);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_kick_before_the_run_and_after_the_vcpu_is_gone_does_no_harm() {
    if !kvm("a_kick_before_the_run_and_after_the_vcpu_is_gone_does_no_harm") {
        return;
    }
    let mut probe = Probe::new(Registers::Synced).unwrap();
    let kick = probe.cpu.kick();
    kick();
    kick();
    assert!(matches!(probe.cpu.run(), VcpuExit::Kicked)); // two before the run are one
    assert!(matches!(probe.cpu.run(), VcpuExit::Hcall));
    drop(probe);
    kick();
}
