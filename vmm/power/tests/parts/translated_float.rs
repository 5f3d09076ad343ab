// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating point as the translator has it, compared with the interpreter: result, FPSCR, CR and where it stops.

use crate::recorder::Rng;
use power::{
    Cpu, Engine, Exit, GuestMemory,
    fpscr::{
        ENABLES, EXCEPTIONS, FEX, FPRF, FR, FX, NI_RN, OX, RN, UX, VE, VX, VX_ALL, XE, XX, ZX,
    },
    isa, msr,
    row::Row,
    word::Word,
};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const RAM: usize = 0x10_0000;
const AT: u64 = 0x1_0000;
/// `sc 1`: leaves the guest.
const LEAVE: u32 = 0x4400_0022;

/// The ends of the formats' ranges, ties, and what the host's arithmetic might treat in another way.
const CORNERS: &[u64] = &[
    0,
    1,
    0x000f_ffff_ffff_ffff, // the greatest denormal number
    0x0010_0000_0000_0000, // the smallest normal one
    0x0010_0000_0000_0001,
    0x0020_0000_0000_0000,
    0x001f_ffff_ffff_ffff,
    0x0018_0000_0000_0000,
    0x1ff0_0000_0000_0000, // its square is tiny
    0x2000_0000_0000_0000,
    0x3680_0000_0000_0000, // below every single
    0x36a0_0000_0000_0000, // the smallest single
    0x380f_ffff_ffff_ffff, // rounds to the smallest normal single
    0x3810_0000_0000_0000, // the smallest normal single
    0x3810_0000_2000_0000,
    0x3820_0000_0000_0000,
    0x3c90_0000_0000_0000, // 2^-54
    0x3ca0_0000_0000_0000, // 2^-53: half a unit of 1
    0x3ca0_0000_0000_0001,
    0x3e70_0000_0000_0000, // 2^-24: half a unit of 1 as a single
    0x3e70_0000_0000_0001,
    0x3e60_0000_0000_0000,
    0x3fd5_5555_5555_5555,
    0x3fef_ffff_ffff_ffff,
    0x3ff0_0000_0000_0000, // 1
    0x3ff0_0000_0000_0001,
    0x3ff0_0000_1000_0000, // a tie of singles
    0x3ff0_0000_1000_0001,
    0x3ff0_0000_0fff_ffff,
    0x3ff0_0000_2000_0000, // the single after 1
    0x3ff0_0000_3000_0000,
    0x3ff8_0000_0000_0000,
    0x4000_0000_0000_0000,
    0x4009_21fb_5444_2d18,
    0x41df_ffff_ffc0_0000, // 2^31 - 1
    0x41e0_0000_0000_0000,
    0x4340_0000_0000_0000, // 2^53
    0x43df_ffff_ffff_ffff,
    0x43e0_0000_0000_0000, // 2^63
    0x43f0_0000_0000_0000,
    0x47ef_ffff_e000_0000, // the greatest single
    0x47ef_ffff_efff_ffff,
    0x47ef_ffff_f000_0000, // rounds to infinity as a single
    0x47f0_0000_0000_0000,
    0x5fe0_0000_0000_0000, // its square is too great
    0x7fe0_0000_0000_0000,
    0x7fef_ffff_ffff_ffff, // the greatest number
    0x7ff0_0000_0000_0000,
    0x7ff4_0000_0000_0001, // signalling
    0x7ff8_0000_0000_0002,
    // Pairs of singles.
    0x3f80_0000_4049_0fdb,
    0x0080_0000_0080_0001,
    0x0000_0001_3f80_0000,
    0x7f7f_ffff_0000_0000,
    0x7f80_0000_3f80_0000,
    0x7fa0_0001_3eaa_aaab,
    0x3380_0000_3f80_0001,
];

/// A doubleword: often a corner, or near 1, or a single.
fn operand(rng: &mut Rng) -> u64 {
    let corner = CORNERS[rng.next() as usize % CORNERS.len()];
    let sign = rng.next() << 63;
    let near_one = 0x3ff0_0000_0000_0000 | rng.next() >> 12;
    sign ^ match rng.next() % 8 {
        0..4 => corner,
        4 => near_one + ((rng.next() % 64) << 52),
        5 => (near_one - ((rng.next() % 64) << 52)) & !0x1fff_ffff,
        6 => near_one & 0xffff_ffff_e000_0000,
        _ => rng.next(),
    }
}

/// A value of FPSCR that a guest can have made: FEX and VX follow from the other bits.
fn fpscr(rng: &mut Rng) -> u64 {
    let any = rng.next() & (FX | EXCEPTIONS | FPRF | FR | ENABLES | NI_RN);
    let fpscr = match rng.next() % 8 {
        0 => any,
        1 => any & !ENABLES,
        2 => any & !XE & !RN | XX,
        3 => 0,
        4 => any & (FX | FPRF | FR | RN),
        _ => any & (FX | FPRF | FR | EXCEPTIONS) | XX,
    };
    let enabled = (fpscr << 22 & (OX | UX | ZX | XX)) | if fpscr & VE != 0 { VX_ALL } else { 0 };
    fpscr | if fpscr & VX_ALL != 0 { VX } else { 0 } | if fpscr & enabled != 0 { FEX } else { 0 }
}

/// A machine with programs, each followed by [`LEAVE`].
struct Machine {
    cpu: Cpu,
    /// Address of each program.
    starts: Vec<u64>,
}

impl Machine {
    fn new(engine: Engine, programs: &[Vec<u32>]) -> Machine {
        let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("RAM");
        let ram = Arc::new(ram);
        let leave = LEAVE.to_be_bytes().repeat(RAM / 4);
        ram.write_slice(&leave, GuestAddress(0)).expect("in RAM");
        let (mut at, mut starts) = (AT, Vec::new());
        for program in programs {
            starts.push(at);
            for word in program {
                ram.write_slice(&word.to_be_bytes(), GuestAddress(at)).expect("in RAM");
                at += 4;
            }
            at += 4;
        }
        let mut cpu = Cpu::new(ram);
        cpu.set_engine(engine);
        Machine { cpu, starts }
    }

    /// Runs a program from a state that the seed determines; the state after it.
    fn run(&mut self, program: usize, seed: u64, operand: Operand) -> (Vec<u128>, [u64; 5]) {
        let mut rng = Rng(seed);
        let traps = if rng.next().is_multiple_of(2) { msr::FE0 | msr::FE1 } else { 0 };
        let cpu = &mut self.cpu;
        cpu.set_msr(msr::SF | msr::ME | msr::FP | msr::VEC | msr::VSX | traps);
        for n in 0..64 {
            let high = operand(&mut rng);
            cpu.set_vsr(n, u128::from(high) << 64 | u128::from(operand(&mut rng)));
        }
        cpu.gpr = std::array::from_fn(|_| rng.next());
        cpu.gpr[2] = 0x8000;
        cpu.set_fpscr(fpscr(&mut rng));
        cpu.set_cr(rng.next() as u32);
        cpu.set_xer(rng.next());
        cpu.set_vscr(rng.next() as u32);
        cpu.set_nip(self.starts[program]);
        assert_eq!(cpu.run(), Exit::Hcall);
        let vsrs = (0..64).map(|n| cpu.vsr(n)).chain(cpu.gpr.map(u128::from)).collect();
        (vsrs, [cpu.fpscr(), cpu.cr().into(), cpu.nip(), cpu.msr(), cpu.vscr().into()])
    }
}

/// Makes a doubleword of a register.
pub(super) type Operand = fn(&mut Rng) -> u64;

/// Asserts that both engines do the same in every program.
pub(super) fn compare(programs: &[Vec<u32>], states: u64, operand: Operand) {
    let mut interpreter = Machine::new(Engine::Interpreter, programs);
    let mut translator = Machine::new(Engine::Translator, programs);
    for (program, words) in programs.iter().enumerate() {
        for state in 1..=states {
            let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(state + 1000 * program as u64) | 1;
            let (want, want_special) = interpreter.run(program, seed, operand);
            let (got, got_special) = translator.run(program, seed, operand);
            let differs = want.iter().zip(&got).enumerate().find(|(_, (a, b))| a != b);
            assert!(
                differs.is_none() && want_special == got_special,
                "{words:08x?}, seed {seed:#x}: {differs:x?} {want_special:x?} {got_special:x?}"
            );
        }
    }
    if cfg!(target_arch = "x86_64") {
        assert!(translator.cpu.translation().ran > 0, "nothing was translated");
    }
}

/// Rows of floating point and vectors that leave storage alone.
fn rows() -> impl Iterator<Item = &'static Row> {
    let float = |row: &&Row| {
        let prefixes = ["f", "xs", "xv", "xx", "v", "mtfs", "mffs", "mcrfs"];
        prefixes.iter().any(|prefix| row.name.starts_with(prefix))
    };
    isa::rows().filter(float)
}

/// Words of a row: its first example, and others with registers of a few.
pub(super) fn words(row: &'static Row, rng: &mut Rng) -> Vec<u32> {
    let first = row.cases[0].split(' ').next().and_then(|w| u32::from_str_radix(w, 16).ok());
    let first = first.expect("an example begins with its word");
    let registers = 0x03ff_f800 & !row.form.mask;
    let others = (0..4).map(|_| {
        let of_four = rng.next() as u32 & 0x0063_1800 & registers;
        first & !registers | of_four
    });
    let words = std::iter::once(first).chain(others);
    words.filter(|word| isa::decode(Word::new(*word)).is_some_and(|r| r.name == row.name)).collect()
}

#[test]
fn each_instruction_does_in_the_translator_what_it_does_in_the_interpreter() {
    let mut rng = Rng(0x7ce);
    let programs: Vec<_> = rows().flat_map(|row| words(row, &mut rng)).map(|w| vec![w]).collect();
    assert!(programs.len() > 1500, "only {}", programs.len());
    compare(&programs, 200, operand);
}

#[test]
fn operations_of_any_order_leave_the_flags_of_the_last_one() {
    let mut rng = Rng(0x7cf);
    let arithmetic = |row: &&Row| {
        ["Add", "Subtract", "Multiply", "Divide", "Round", "Compare", "Square", "Move From FPSCR"]
            .iter()
            .any(|of| row.book.contains(of))
            && !row.name.starts_with('v')
            && !row.book.contains("Quad")
    };
    let rows: Vec<_> = rows().filter(arithmetic).collect();
    let programs: Vec<_> = (0..400)
        .map(|_| {
            let word = |_| {
                let row = rows[rng.next() as usize % rows.len()];
                let words = words(row, &mut rng);
                words[rng.next() as usize % words.len()]
            };
            (0..12).map(word).collect()
        })
        .collect();
    compare(&programs, 60, operand);
}
