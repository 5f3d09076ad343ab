// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guest instructions per second of the interpreter, on small loops. An item is an instruction.

use divan::{Bencher, counter::ItemsCount};
use power::{Cpu, Exit, GuestMemory, msr, spr};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const START: u64 = 0x1000;
const TURNS: u64 = 10_000;

/// A loop: its body, whose last word branches back, and the number of instructions that a turn runs.
struct Loop {
    body: &'static [u32],
    per_turn: u64,
}

const SC_1: u32 = 0x4400_0022;

const ALU: Loop = Loop {
    body: &[
        0x7c64_2a14, // add r3,r4,r5
        0x3884_0001, // addi r4,r4,1
        0x7ca5_1a14, // add r5,r5,r3
        0x38c6_ffff, // addi r6,r6,-1
        0x7ce7_2214, // add r7,r7,r4
        0x7d08_3a14, // add r8,r8,r7
        0x3929_0007, // addi r9,r9,7
        0x7d4a_4a14, // add r10,r10,r9
        0x4200_ffe0, // bdnz -32
    ],
    per_turn: 9,
};

const MEMORY: Loop = Loop {
    body: &[
        0xe862_0000, // ld r3,0(r2)
        0x3863_0001, // addi r3,r3,1
        0xf862_0000, // std r3,0(r2)
        0xe882_0008, // ld r4,8(r2)
        0x7c84_1a14, // add r4,r4,r3
        0xf882_0008, // std r4,8(r2)
        0xe8a2_0010, // ld r5,16(r2)
        0xf8a2_0018, // std r5,24(r2)
        0x4200_ffe0, // bdnz -32
    ],
    per_turn: 9,
};

const CALL: Loop = Loop {
    body: &[
        0x4800_000d, // bl +12
        0x4200_fffc, // bdnz -4
        SC_1,
        0x3863_0001, // addi r3,r3,1
        0x4e80_0020, // blr
    ],
    per_turn: 4,
};

const VMX: Loop = Loop {
    body: &[
        0x7c60_10ce, // lvx v3,0,r2
        0x1083_196b, // vperm v4,v3,v3,v5
        0x10c4_1c06, // vcmpequb. v6,v4,v3
        0x10e6_1cc4, // vxor v7,v6,v3
        0x7ce0_11ce, // stvx v7,0,r2
        0x4200_ffec, // bdnz -20
    ],
    per_turn: 6,
};

const VSX: Loop = Loop {
    body: &[
        0x7c60_1698, // lxvd2x vs3,0,r2
        0xf063_1a50, // xxpermdi vs3,vs3,vs3,2
        0xf482_0011, // lxv vs4,16(r2)
        0xf0a3_24d0, // xxlxor vs5,vs3,vs4
        0xf4a2_0015, // stxv vs5,16(r2)
        0x7c60_1798, // stxvd2x vs3,0,r2
        0x4200_ffe8, // bdnz -24
    ],
    per_turn: 7,
};

/// x <- 3.9 x (1 - x), which stays between 0 and 1 however often it is repeated, and values made of it.
const FLOAT: Loop = Loop {
    body: &[
        0xfc81_1828, // fsub f4,f1,f3
        0xfca3_00b2, // fmul f5,f3,f2
        0xfc65_0132, // fmul f3,f5,f4
        0xfcc3_08ba, // fmadd f6,f3,f2,f1
        0xfce6_1024, // fdiv f7,f6,f2
        0xed07_082a, // fadds f8,f7,f1
        0xfc07_3000, // fcmpu cr0,f7,f6
        0xf127_3180, // xsmuldp vs9,vs7,vs6
        0xfd40_3e5e, // fctidz f10,f7
        0xfd60_569c, // fcfid f11,f10
        0x4200_ffd8, // bdnz -40
    ],
    per_turn: 11,
};

/// A CPU with the loop in its RAM.
fn cpu(code: &Loop, little: bool) -> Cpu {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), 1 << 20)]).expect("1 MiB of RAM");
    for (i, word) in code.body.iter().chain(&[SC_1]).enumerate() {
        let bytes = if little { word.to_le_bytes() } else { word.to_be_bytes() };
        ram.write_slice(&bytes, GuestAddress(START + 4 * i as u64)).expect("in RAM");
    }
    let mut cpu = Cpu::new(Arc::new(ram));
    let facilities = msr::FP | msr::VEC | msr::VSX;
    cpu.set_msr(msr::SF | msr::ME | facilities | if little { msr::LE } else { 0 });
    cpu.gpr[2] = 0x8000;
    for (n, v) in [(1, 1.0f64), (2, 3.9), (3, 0.3)] {
        cpu.set_vsr(n, u128::from(v.to_bits()) << 64);
    }
    cpu
}

fn run(bencher: Bencher, code: &Loop, little: bool) {
    run_on(&mut cpu(code, little), bencher, code);
}

fn run_on(cpu: &mut Cpu, bencher: Bencher, code: &Loop) {
    bencher.counter(ItemsCount::new(TURNS * code.per_turn)).bench_local(|| {
        cpu.set_nip(START);
        cpu.set_ctr(TURNS);
        assert_eq!(cpu.run(), Exit::Hcall);
    });
}

#[divan::bench]
fn alu(bencher: Bencher) {
    run(bencher, &ALU, true);
}

#[divan::bench(args = [true, false])]
fn memory(bencher: Bencher, little: bool) {
    run(bencher, &MEMORY, little);
}

/// The loop of `memory` with its data in the page of its code: in other cache lines, and in the code's own line.
#[divan::bench(args = [0x800, 0x28])]
fn memory_beside_code(bencher: Bencher, offset: u64) {
    let mut cpu = cpu(&MEMORY, true);
    cpu.gpr[2] = START + offset;
    run_on(&mut cpu, bencher, &MEMORY);
}

/// A loop whose turn stores an instruction, synchronizes, and runs that instruction.
const PATCH: Loop = Loop {
    body: &[
        0x7cc4_3378, // mr r4,r6
        0x90a4_0000, // stw r5,0(r4)
        0x4c00_012c, // isync
        0x4800_0011, // bl to the callee
        0x4200_fff0, // bdnz -16
        SC_1,
        0x6000_0000, // nop
        0x3863_0001, // addi r3,r3,1, which is stored
        0x4e80_0020, // blr
    ],
    per_turn: 7,
};

#[divan::bench]
fn patched(bencher: Bencher) {
    let mut cpu = cpu(&PATCH, true);
    (cpu.gpr[5], cpu.gpr[6]) = (0x3863_0001, START + 4 * 7);
    run_on(&mut cpu, bencher, &PATCH);
}

#[divan::bench]
fn call(bencher: Bencher) {
    run(bencher, &CALL, true);
}

#[divan::bench(args = [true, false])]
fn vmx(bencher: Bencher, little: bool) {
    run(bencher, &VMX, little);
}

#[divan::bench(args = [true, false])]
fn vsx(bencher: Bencher, little: bool) {
    run(bencher, &VSX, little);
}

/// The loop by rounding mode: to nearest, which the host's arithmetic does, and toward zero.
#[divan::bench(args = [0, 1])]
fn float(bencher: Bencher, rn: u64) {
    let mut cpu = cpu(&FLOAT, true);
    cpu.set_fpscr(rn);
    run_on(&mut cpu, bencher, &FLOAT);
}

/// The loop of `memory` while the performance monitor counts: no event in PMC1 to PMC4, or loads in PMC1.
#[divan::bench(args = [0, 0xfc00_0000])]
fn counted(bencher: Bencher, mmcr1: u64) {
    let mut cpu = cpu(&MEMORY, true);
    spr::spr(spr::MMCR1).expect("MMCR1").set(&mut cpu, mmcr1);
    spr::spr(spr::MMCR0).expect("MMCR0").set(&mut cpu, 0);
    run_on(&mut cpu, bencher, &MEMORY);
}

/// An exit from the CPU and the return to it, as for a hypercall. An item is a call.
#[divan::bench]
fn hypercall(bencher: Bencher) {
    let code = Loop { body: &[SC_1, 0x4200_fffc /* bdnz -4 */], per_turn: 1 };
    let mut cpu = cpu(&code, true);
    bencher.counter(ItemsCount::new(TURNS)).bench_local(|| {
        cpu.set_nip(START);
        cpu.set_ctr(TURNS);
        for _ in 0..TURNS {
            assert_eq!(cpu.run(), Exit::Hcall);
        }
    });
}

fn main() {
    divan::main();
}
