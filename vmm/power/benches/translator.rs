// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cost of translation: pages of code that are changed, and then decoded and translated when they run once. An item is an
//! instruction.

use divan::{Bencher, counter::ItemsCount};
use power::{Cpu, Engine, Exit, GuestMemory, msr};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const START: u64 = 0x1_0000;
const PAGE: u64 = 0x1000;
const PAGES: u64 = 64;
const DATA: u64 = 0x8000;

/// Part of a function, as compilers make them. It is repeated.
const WORDS: [u32; 32] = [
    0x7c08_02a6, // mflr r0
    0xf801_0010, // std r0,16(r1)
    0x3c82_0001, // addis r4,r2,1
    0x3884_0010, // addi r4,r4,16
    0xe862_0008, // ld r3,8(r2)
    0x2c23_0000, // cmpdi r3,0
    0x4182_0010, // beq +16
    0x3863_0001, // addi r3,r3,1
    0xf862_0008, // std r3,8(r2)
    0x8122_0010, // lwz r9,16(r2)
    0x5529_063e, // clrlwi r9,r9,24
    0x2809_0041, // cmplwi r9,65
    0x419d_000c, // bgt +12
    0x7d29_1a14, // add r9,r9,r3
    0x9122_0010, // stw r9,16(r2)
    0x7d2a_4b78, // mr r10,r9
    0x794a_1f24, // rldicr r10,r10,3,60
    0x7d43_5378, // mr r3,r10
    0x8902_0018, // lbz r8,24(r2)
    0x7108_0001, // andi. r8,r8,1
    0x4082_0008, // bne +8
    0x38e0_0000, // li r7,0
    0x98e2_0018, // stb r7,24(r2)
    0x7ce7_5214, // add r7,r7,r10
    0x7c67_3851, // subf. r3,r7,r7
    0x4182_0008, // beq +8
    0x7ce8_3b78, // mr r8,r7
    0x39ad_0000, // addi r13,r13,0
    0xe801_0010, // ld r0,16(r1)
    0x7c08_03a6, // mtlr r0
    0x6000_0000, // nop
    0x4800_0004, // b +4
];

/// Instructions in a page: it ends in a branch to the next page.
const PER_PAGE: u64 = 6 * WORDS.len() as u64;

fn program(nop: u32) -> Vec<u8> {
    let last = |page| {
        if page + 1 == PAGES { 0x4400_0022 } else { 18 << 26 | (PAGE - 4 * PER_PAGE) as u32 }
    };
    let words = (0..PAGES).flat_map(|page| {
        let body = (0..PER_PAGE).map(|n| WORDS[n as usize % WORDS.len()]);
        let body = body.map(move |word| if word == 0x6000_0000 { nop } else { word });
        let filler = std::iter::repeat_n(nop, (PAGE / 4 - PER_PAGE - 1) as usize);
        body.chain([last(page)]).chain(filler)
    });
    words.flat_map(u32::to_be_bytes).collect()
}

fn main() {
    divan::main();
}

fn run(bencher: Bencher, engine: Engine) {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), 1 << 20)]).expect("RAM");
    let ram = Arc::new(ram);
    let mut cpu = Cpu::new(Arc::clone(&ram));
    cpu.set_engine(engine);
    cpu.set_msr(msr::ME | msr::SF);
    // `ori r0,r0,0`, or of two other registers.
    let mut programs = [program(0x6000_0000), program(0x6021_0000)].into_iter().cycle();
    let mut turn = || {
        let program = programs.next().expect("a cycle");
        ram.write_slice(&program, GuestAddress(START)).expect("in RAM");
        cpu.gpr[1] = DATA;
        cpu.gpr[2] = DATA;
        cpu.set_nip(START);
        assert_eq!(cpu.run(), Exit::Hcall);
    };
    bencher.counter(ItemsCount::new(PAGES * PER_PAGE)).bench_local(&mut turn);
    let counts = cpu.translation();
    if counts.instructions > 0 {
        let per = |n: u64| n as f64 / counts.instructions as f64;
        eprintln!(
            "{:.0} ns and {:.1} bytes an instruction, {} regions",
            per(counts.nanoseconds),
            per(counts.bytes),
            counts.regions
        );
    }
}

/// Decoding alone, for comparison.
#[divan::bench]
fn decode(bencher: Bencher) {
    run(bencher, Engine::Interpreter);
}

#[divan::bench]
fn translate(bencher: Bencher) {
    run(bencher, Engine::Translator);
}
