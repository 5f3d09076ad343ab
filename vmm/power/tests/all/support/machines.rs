// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The two machines that run a program's trials: QEMU's user-mode emulator and our CPU.

use super::program::{self, CODE, DATA, Program, SIGNAL, Stub};
use super::record::{self, Endian, gpr};
use crate::tool::is_translated;
use power::{Cpu, GuestMemory, msr, spr, testing};
use std::process::{Command, Output};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};
use vmm_sys_util::tempdir::TempDir;

/// Runs the program under QEMU. Returns the records after it. Errors: the messages of QEMU.
pub(crate) fn qemu(emulator: &str, program: &Program, records: usize) -> Result<Vec<u8>, String> {
    let place = std::env::temp_dir().join("tcevm-differential-");
    let place = TempDir::new_with_prefix(place).expect("a temporary directory");
    let path = place.as_path().join(emulator);
    std::fs::write(&path, program.elf()).expect("the temporary directory takes a file");
    make_executable(&path);
    let output = Command::new(emulator).args(["-cpu", "power9"]).arg(&path).output();
    let Output { status, stdout, stderr } = output.expect("QEMU starts");
    let stderr = String::from_utf8_lossy(&stderr);
    match stdout.len() {
        length if status.success() && length == records => Ok(stdout),
        length => Err(format!("{status}, {length} bytes: {stderr}")),
    }
}

fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(path, mode).expect("our own file");
}

/// Runs the program's trials on our CPU. Returns the records after them.
pub(crate) fn ours(program: &Program, stubs: &[Stub], endian: Endian) -> Vec<u8> {
    let length = (DATA - CODE) as usize + program.data.len().next_multiple_of(0x1000);
    let ram = GuestMemory::from_ranges(&[(GuestAddress(CODE), length)]).expect("RAM");
    let ram = Arc::new(ram);
    ram.write_slice(&program.code, GuestAddress(CODE)).expect("in RAM");
    ram.write_slice(&program.data, GuestAddress(DATA)).expect("in RAM");
    let mut cpu = crate::tool::cpu(Arc::clone(&ram));
    // Linux lets programs use every facility that FSCR guards.
    spr::by_name("fscr").expect("FSCR").set(&mut cpu, u64::MAX >> 8);
    let mut record = [0; record::SIZE];
    for (i, stub) in stubs.iter().enumerate() {
        let at = GuestAddress(DATA + (i * record::SIZE) as u64);
        ram.read_slice(&mut record, at).expect("in RAM");
        load(&mut cpu, &record, endian);
        let outcome = run(&mut cpu, *stub);
        ram.read_slice(&mut record, at).expect("in RAM");
        match outcome {
            // A floating-point exception comes after its instruction has completed; the program's handler
            // only records the signal.
            FLOAT_SIGNAL => endian.set(&mut record, record::OUTCOME, outcome),
            _ => save(&mut cpu, &mut record, outcome, endian),
        }
        ram.write_slice(&record, at).expect("in RAM");
    }
    let mut records = vec![0; stubs.len() * record::SIZE];
    ram.read_slice(&mut records, GuestAddress(DATA)).expect("in RAM");
    records
}

/// Facilities that Linux makes available to a program that uses them.
const FACILITIES: u64 = msr::FP | msr::VEC | msr::VSX | msr::FE0 | msr::FE1;

/// The outcome of an enabled floating-point exception.
const FLOAT_SIGNAL: u64 = SIGNAL + program::SIGFPE;

fn load(cpu: &mut Cpu, record: &[u8], endian: Endian) {
    let get = |at| endian.get(record, at);
    let little = if endian == Endian::Little { msr::LE } else { 0 };
    cpu.set_msr(msr::SF | msr::PR | msr::ME | msr::EE | FACILITIES | little);
    cpu.gpr = std::array::from_fn(|r| get(gpr(r)));
    cpu.set_cr(u32::try_from(get(record::CR)).expect("CR has 32 bits"));
    cpu.set_xer(get(record::XER));
    cpu.set_lr(get(record::LR));
    cpu.set_ctr(get(record::CTR));
    spr::by_name("tar").expect("TAR").set(cpu, get(record::TAR));
    for n in 0..64 {
        cpu.set_vsr(n, endian.get_quad(record, record::vsr(n)));
    }
    cpu.set_vscr(endian.get_quad(record, record::VSCR) as u32);
    cpu.set_fpscr(get(record::FPSCR));
}

fn save(cpu: &mut Cpu, record: &mut [u8], outcome: u64, endian: Endian) {
    for r in 0..32 {
        endian.set(record, gpr(r), cpu.gpr[r]);
    }
    let tar = spr::by_name("tar").expect("TAR").value(cpu);
    let others = [
        (record::CR, u64::from(cpu.cr())),
        (record::XER, cpu.xer()),
        (record::LR, cpu.lr()),
        (record::CTR, cpu.ctr()),
        (record::TAR, tar),
        (record::OUTCOME, outcome),
        (record::FPSCR, cpu.fpscr()),
    ];
    for (at, v) in others {
        endian.set(record, at, v);
    }
    for n in 0..64 {
        endian.set_quad(record, record::vsr(n), cpu.vsr(n));
    }
    endian.set_quad(record, record::VSCR, cpu.vscr().into());
}

/// Runs the instructions of a stub.
fn run(cpu: &mut Cpu, stub: Stub) -> u64 {
    cpu.set_nip(stub.first);
    for done in 1..=stub.count {
        let exit = if is_translated() { testing::run_block(cpu) } else { cpu.step() };
        assert_eq!(exit, None, "at {:#x}", stub.first);
        if is_translated() && program::PADS.contains(&cpu.nip()) {
            cpu.set_nip(stub.pad(program::NEXT)); // its branch has ended the block
        }
        if cpu.nip() != stub.first + 4 * done {
            break;
        }
    }
    match stub.outcome(cpu.nip()) {
        Some(outcome) => outcome,
        None => signal(cpu),
    }
}

/// SRR1 bits of a program interrupt (Book III, 6.5.9).
const FLOAT_ENABLED: u64 = 1 << (63 - 43);
const TRAP: u64 = 1 << (63 - 46);

/// The signal that Linux sends for an interrupt.
fn signal(cpu: &mut Cpu) -> u64 {
    let srr1 = spr::by_name("srr1").expect("SRR1").value(cpu);
    match cpu.nip() {
        0x700 if srr1 & FLOAT_ENABLED != 0 => FLOAT_SIGNAL,
        0x700 if srr1 & TRAP != 0 => SIGNAL + program::SIGTRAP,
        0x700 | 0xf60 => SIGNAL + program::SIGILL,
        // There is no storage: a page fault for a program, a bad real address for our CPU in real mode.
        0x200 | 0x300 => SIGNAL + program::SIGSEGV,
        0x600 => SIGNAL + program::SIGBUS,
        nip => nip,
    }
}
