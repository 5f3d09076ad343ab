// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random programs on our CPU and on QEMU's user mode: functions with branches, loops, calls, loads and
//! stores, of fixed-point, condition-register, floating-point and vector instructions. Each function starts
//! with a random state; its registers and storage after it are written with `sc`, and must be equal. Single
//! instructions are compared in `differential.rs`; this test covers the effects between them: decoded code,
//! branches, loops, and the state that one instruction leaves for the next.
//!
//! `TCEVM_SEED` chooses other programs, `TCEVM_FUNCTIONS` the number of functions in one.

use crate::support::asm::*;
use crate::support::generator::{Generator, STACK};
use crate::support::machines;
use crate::support::program::{CODE, DATA, Program};
use crate::support::record::{self, Endian, MEMORY};
use crate::tool::is_translated;
use power::{Exit, GuestMemory, interrupt, msr, spr, text};
use std::fmt::Write;
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

/// Linux: system call numbers of powerpc.
const SYS_EXIT: u64 = 1;
const SYS_WRITE: u64 = 4;

/// Address of the state of a function.
fn record_at(index: usize) -> u64 {
    DATA + (index * record::SIZE) as u64
}

/// Loads a state, calls the function that will be at `function`, stores the state and writes it.
fn call(code: &mut Vec<u32>, record: u64, function: u64) {
    code.extend(li32(31, record));
    code.extend([
        ld(0, record::CR as i32, 31),
        mtcr(0),
        ld(0, record::XER as i32, 31),
        mtspr(1, 0),
    ]);
    code.extend([lxv(32, record::VSCR as i32, 31), MTVSCR_V0]);
    code.extend([lfd(0, record::FPSCR as i32, 31), MTFSF_F0]);
    code.extend((0..64).map(|n| lxv(n, record::vsr(n as usize) as i32, 31)));
    code.extend((0..31).map(|r| ld(r, record::gpr(r as usize) as i32, 31)));
    let here = CODE + 4 * code.len() as u64;
    code.push(b(here, function) | 1); // bl
    code.extend((0..31).map(|r| std(r, record::gpr(r as usize) as i32, 31)));
    code.extend([
        mfcr(0),
        std(0, record::CR as i32, 31),
        mfspr(0, 1),
        std(0, record::XER as i32, 31),
    ]);
    code.extend([mfspr(0, 9), std(0, record::CTR as i32, 31)]);
    code.extend((0..64).map(|n| stxv(n, record::vsr(n as usize) as i32, 31)));
    code.extend([MFVSCR_V0, stxv(32, record::VSCR as i32, 31)]);
    code.extend([MFFS_F0, stfd(0, record::FPSCR as i32, 31)]);
    code.extend([addi(0, 0, SYS_WRITE as i32), addi(3, 0, 1)]);
    code.extend(li32(4, record));
    code.extend([addi(5, 0, record::SIZE as i32), SC]);
}

/// A program, and the addresses of the functions that [`call`] calls first.
struct Made {
    program: Program,
    /// First and last address of each function.
    functions: Vec<(u64, u64)>,
    words: Vec<u32>,
}

fn make(generator: &mut Generator, count: usize, endian: Endian) -> Made {
    let mut code = Vec::new();
    let functions: Vec<_> = (0..count)
        .map(|_| {
            let start = CODE + 4 * code.len() as u64;
            let function = generator.function(&mut code);
            (function, start, CODE + 4 * code.len() as u64)
        })
        .collect();
    let entry = CODE + 4 * code.len() as u64;
    for (index, (function, ..)) in functions.iter().enumerate() {
        call(&mut code, record_at(index), *function);
    }
    code.extend([addi(0, 0, SYS_EXIT as i32), addi(3, 0, 0), SC]);
    assert!(CODE + 4 * (code.len() as u64) < DATA, "too many functions");
    let mut data = vec![0; count * record::SIZE];
    for record in data.chunks_mut(record::SIZE) {
        let stack = DATA + (count * record::SIZE) as u64 + STACK / 2;
        generator.state(stack).store(record, endian);
    }
    data.resize(data.len() + STACK as usize, 0);
    let bytes = code.iter().flat_map(|word| endian.word(*word)).collect();
    let program = Program { code: bytes, data, entry, endian };
    let functions = functions.into_iter().map(|(_, start, end)| (start, end)).collect();
    Made { program, functions, words: code }
}

/// Runs the program on our CPU in problem state; returns its output.
fn ours(program: &Program) -> Vec<u8> {
    let length = (DATA - CODE) as usize + program.data.len().next_multiple_of(0x1000);
    let ranges = [(GuestAddress(0), 0x2000), (GuestAddress(CODE), length)];
    let ram = Arc::new(GuestMemory::from_ranges(&ranges).expect("RAM"));
    ram.write_slice(&program.code, GuestAddress(CODE)).expect("in RAM");
    ram.write_slice(&program.data, GuestAddress(DATA)).expect("in RAM");
    for interrupt in interrupt::INTERRUPTS {
        let handler = program.endian.word(0x4400_0022); // sc 1: leaves the run, so that the interrupt is reported
        ram.write_slice(&handler, GuestAddress(interrupt.vector)).expect("in RAM");
    }
    let mut cpu = crate::tool::cpu(Arc::clone(&ram));
    spr::by_name("fscr").expect("FSCR").set(&mut cpu, u64::MAX >> 8);
    let little = program.endian == Endian::Little;
    let mode = msr::SF | msr::PR | msr::ME | msr::FP | msr::VEC | msr::VSX;
    let mode = if little { mode | msr::LE } else { mode };
    cpu.set_msr(mode);
    cpu.set_interrupt_little_endian(little);
    cpu.set_nip(program.entry);
    let mut written = Vec::new();
    loop {
        assert_eq!(cpu.run(), Exit::Hcall);
        let vector = cpu.nip() - 4;
        let srr0 = spr::by_name("srr0").expect("SRR0").value(&mut cpu);
        assert_eq!(vector, interrupt::SYSTEM_CALL.vector, "an interrupt at {srr0:#x}");
        match cpu.gpr[0] {
            SYS_EXIT => {
                assert_eq!(cpu.translation().ran > 0, is_translated());
                return written;
            }
            SYS_WRITE => {
                let mut bytes = vec![0; cpu.gpr[5] as usize];
                ram.read_slice(&mut bytes, GuestAddress(cpu.gpr[4])).expect("in RAM");
                written.extend(bytes);
                cpu.gpr[3] = cpu.gpr[5];
            }
            other => panic!("system call {other} at {srr0:#x}"),
        }
        // rfid to problem state would turn translation on.
        cpu.set_msr(mode);
        cpu.set_nip(srr0);
    }
}

/// The FPSCR bits that are compared when ours is `ours`: the exceptions. QEMU does not keep FR, FI and FPRF
/// by the book, and loses a vector's underflow beside an overflow (`support/float_errata.rs`).
fn compared(ours: u64) -> u64 {
    const EXCEPTIONS: u64 = 0xfff8_07ff;
    const OX: u64 = 1 << 28;
    const UX: u64 = 1 << 27;
    if ours & OX != 0 { EXCEPTIONS & !UX } else { EXCEPTIONS }
}

/// The differences between two records of a function, as text.
fn differences(ours: &[u8], theirs: &[u8], e: Endian) -> String {
    let mut out = String::new();
    for (name, at) in record::fields() {
        let [o, t] = [ours, theirs].map(|record| e.get(record, at));
        let mask = if at == record::FPSCR { compared(o) } else { u64::MAX };
        if (o ^ t) & mask != 0 {
            let _ = writeln!(out, "    {name}: ours {o:#x}, QEMU {t:#x}");
        }
    }
    for (name, at) in record::quads() {
        let [o, t] = [ours, theirs].map(|record| e.get_quad(record, at));
        if o != t {
            let _ = writeln!(out, "    {name}: ours {o:#034x}\n{t:#43x} QEMU");
        }
    }
    for at in (0..MEMORY).filter(|at| ours[*at] != theirs[*at]).take(8) {
        let _ = writeln!(out, "    byte {at:#x}: ours {:02x}, QEMU {:02x}", ours[at], theirs[at]);
    }
    out
}

fn listing(made: &Made, (start, end): (u64, u64)) -> String {
    let line = |at: u64| {
        let word = made.words[((at - CODE) / 4) as usize];
        format!("{at:x}: {word:08x} {}\n", text::disassemble(word, at))
    };
    (start..end).step_by(4).map(line).collect()
}

fn compare(emulator: &'static str, endian: Endian) {
    let test = format!("programs {endian:?}");
    if crate::tool::find(&[emulator]).is_none() {
        return tests::skip(&test, &format!("{emulator} is not installed (package qemu-user)"));
    }
    let seed = crate::tool::from_env("TCEVM_SEED", 0x7ce);
    let count = crate::tool::from_env("TCEVM_FUNCTIONS", FUNCTIONS) as usize;
    eprintln!("{test}: TCEVM_SEED={seed} TCEVM_FUNCTIONS={count}");
    let mut generator = Generator::new(seed ^ u64::from(endian == Endian::Little) << 63, CODE);
    let mut functions = 0;
    for _ in 0..PROGRAMS {
        let made = make(&mut generator, count, endian);
        let theirs = machines::qemu(emulator, &made.program, count * record::SIZE)
            .unwrap_or_else(|error| panic!("{test} with seed {seed}: {error}"));
        let ours = ours(&made.program);
        assert_eq!(ours.len(), theirs.len(), "{test} with seed {seed}");
        let both = ours.chunks(record::SIZE).zip(theirs.chunks(record::SIZE));
        for ((ours, theirs), place) in both.zip(&made.functions) {
            let found = differences(ours, theirs, endian);
            assert!(
                found.is_empty(),
                "{test} with seed {seed}, after {functions} functions:\n{found}{}",
                listing(&made, *place)
            );
            functions += 1;
        }
    }
    if functions >= PROGRAMS * FUNCTIONS as usize {
        generator.assert_all_tried();
    }
}

/// Number of programs in each byte order.
const PROGRAMS: usize = 4;
/// Number of functions in each program.
const FUNCTIONS: u64 = 400;

#[test]
fn little_endian_programs_as_qemu() {
    compare("qemu-ppc64le", Endian::Little);
}

#[test]
fn big_endian_programs_as_qemu() {
    compare("qemu-ppc64", Endian::Big);
}
