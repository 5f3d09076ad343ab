// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Translated accesses: hits and misses of the TLB by page size, and switches of processes. An item is a turn of a loop,
//! which loads a byte and stores it.

use divan::{Bencher, counter::ItemsCount};
use power::{Cpu, Exit, GuestMemory, ProcessTable, msr, spr};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const RAM: usize = 96 << 20;
/// Real addresses: the process table, a tree of 13 + 9 + 9 index bits and those of the lowest level, code, data.
const TABLE: u64 = 0x1_0000;
const LEVELS: [u64; 3] = [0x2_0000, 0x3_0000, 0x3_1000];
const LOWEST: u64 = 0x10_0000;
const CODE: u64 = 0x4_0000;
const DATA: u64 = 16 << 20;
/// Bytes of data.
const MOST: u64 = 64 << 20;
/// The code's effective address, and the directory entry of it.
const KERNEL: u64 = 0xc000_0000_0000_0000;
const CODE_ENTRY: u64 = 511;

const VALID: u64 = 1 << 63;
const LEAF: u64 = 1 << 62;
const READ_WRITE_EXECUTE: u64 = 7;
const PRIVILEGED: u64 = 8;

const TURNS: u64 = 100_000;

const CODE_WORDS: [u32; 6] = [
    0x7c66_20ae, // lbzx r3,r6,r4
    0x7c66_21ae, // stbx r3,r6,r4
    0x7c84_2a14, // add r4,r4,r5
    0x7c84_3838, // and r4,r4,r7
    0x4200_fff0, // bdnz -16
    0x4400_0022, // sc 1
];

fn put(ram: &GuestMemory, at: u64, value: u64) {
    ram.write_slice(&value.to_be_bytes(), GuestAddress(at)).expect("in RAM");
}

/// A CPU with the loop, and MOST bytes in pages of this size in quadrants 0 and 3 of processes 0 to 3.
fn cpu(page_bits: u32) -> Cpu {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("RAM");
    for pid in 0..4 {
        put(&ram, TABLE + 16 * pid, 2 << 61 | 5 << 5 | LEVELS[0] | 13);
    }
    put(&ram, LEVELS[0], VALID | LEVELS[1] | 9);
    put(&ram, LEVELS[1], VALID | LEVELS[2] | 9);
    let rights = VALID | LEAF | READ_WRITE_EXECUTE | PRIVILEGED;
    put(&ram, LEVELS[2] + 8 * CODE_ENTRY, rights);
    for big in 0..MOST >> 21 {
        let (entry, first) = (LEVELS[2] + 8 * big, DATA + (big << 21));
        if page_bits == 21 {
            put(&ram, entry, rights | first);
            continue;
        }
        let lowest = LOWEST + 0x1000 * big;
        put(&ram, entry, VALID | lowest | u64::from(21 - page_bits));
        for page in 0..1 << (21 - page_bits) {
            put(&ram, lowest + 8 * page, rights | (first + (page << page_bits)));
        }
    }
    for (i, word) in CODE_WORDS.iter().enumerate() {
        ram.write_slice(&word.to_le_bytes(), GuestAddress(CODE + 4 * i as u64)).expect("in RAM");
    }
    let mut cpu = Cpu::new(Arc::new(ram));
    cpu.set_process_table(ProcessTable { base: TABLE, size: 4096 });
    cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR | msr::LE);
    cpu
}

fn run(cpu: &mut Cpu, turns: u64) {
    cpu.set_nip(KERNEL + (CODE_ENTRY << 21) + CODE);
    cpu.set_ctr(turns);
    assert_eq!(cpu.run(), Exit::Hcall);
}

/// Steps of a page and a cache line through this number of MiB (0 for 64 KiB, which hits), in pages of 4K, 64K or 2M.
#[divan::bench(args = [(12, 0), (12, 4), (12, 16), (12, 64), (16, 4), (16, 16), (16, 64), (21, 16), (21, 64)])]
fn strided(bencher: Bencher, (page_bits, mib): (u32, u64)) {
    let mut cpu = cpu(page_bits);
    let bytes = if mib == 0 { 64 << 10 } else { mib << 20 };
    (cpu.gpr[5], cpu.gpr[6], cpu.gpr[7]) = (4096 + 64, KERNEL, bytes - 1);
    run(&mut cpu, 2 * MOST / 4096);
    bencher.counter(ItemsCount::new(TURNS)).bench_local(|| run(&mut cpu, TURNS));
}

/// Pages that a process uses between two switches.
const USED: u64 = 64;

/// Two processes in turn, each of which uses 64 pages of quadrant 0.
#[divan::bench(args = [12, 16])]
fn switched(bencher: Bencher, page_bits: u32) {
    let mut cpu = cpu(page_bits);
    (cpu.gpr[5], cpu.gpr[6], cpu.gpr[7]) = (4096 + 64, 0, MOST - 1);
    let pidr = spr::spr(spr::PIDR).expect("PIDR");
    bencher.counter(ItemsCount::new(100 * USED)).bench_local(|| {
        for pid in 0..100 {
            pidr.set(&mut cpu, 1 + pid % 2);
            cpu.gpr[4] = 0;
            run(&mut cpu, USED);
        }
    });
}

fn main() {
    divan::main();
}
