// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random functions for `programs.rs`. All of them end: a loop counts down in a register, or CTR, that
//! nothing else changes, and a function calls only functions below it.

use super::asm::*;
use super::record::{MEMORY, State};
use crate::tool::Rng;
use crate::words::{Words, has_operand, is, operands};
use power::{isa, row::Row, word::Word};
use std::collections::BTreeSet;

/// Size of the stacks in bytes.
pub(crate) const STACK: u64 = 0x2000;

/// Registers that random instructions do not use: stack, loop counters, index of the storage, its address.
const SP: u32 = 1;
const LEAF_COUNT: u32 = 28;
const COUNT: u32 = 29;
const INDEX: u32 = 30;
const BASE: u32 = 31;

/// Rows that are left out, by the start of their names, with the reason.
const LEFT_OUT: &[(&[&str], &str)] = &[
    (&["tw", "td", "sc", "rf", "wait", "cpabort", "msg", "slb", "tlb"], "they interrupt"),
    (
        &["mtspr", "mfspr", "mftb", "mtmsr", "mfmsr", "darn", "clrb", "mfbh"],
        "time, state of the system, chance",
    ),
    (&["sync", "eieio", "isync", "icb", "dcbt", "dcbs", "dcbf", "ds"], "no result"),
    (&["mulhw", "div", "mod", "mfocrf", "fctiw", "mtvsrd", "mtvsrw"], "parts are undefined"),
    (&["lxsd", "lxss", "lxsi", "lve"], "parts are undefined"),
    (&["vextu", "vmul10", "bcd"], "undefined for most operands"),
    (&["mcrfs", "mffs", "mtfs"], "FR, FI and FPRF, which QEMU has otherwise"),
    (
        &["vrldmi", "xsrqp", "xsnmsubqp", "xststdcsp", "xsmax", "xsmin", "xvmax", "xvmin"],
        "QEMU errs",
    ),
    (&["xvcv", "vexptefp", "vlogefp"], "as above"),
    (&["fre", "frsqrte", "xsre", "xvre", "xsrsqrte", "xvrsqrte"], "estimates"),
    (&["lq", "stq", "lmw", "stmw", "lsw", "stsw", "lxvl", "stxvl"], "alignment, lengths"),
    (&["lwarx", "ldarx", "lbarx", "lharx", "lqarx"], "reservations: differential.rs has them"),
];

/// Rows that are left out, by their whole names.
const LEFT_OUT_ALONE: &[&str] = &["vsl", "vsr", "mtvscr", "stbcx", "sthcx", "stwcx", "stdcx"];

fn left_out(row: &Row) -> bool {
    let starts = |(names, _): &(&[&str], &str)| names.iter().any(|n| row.name.starts_with(n));
    row.form.branch || LEFT_OUT_ALONE.contains(&row.name) || LEFT_OUT.iter().any(starts)
}

/// The shift of the field of an operand that is a general-purpose register.
fn gpr_field(operand: &str) -> Option<u32> {
    match operand {
        "RT" | "RS" => Some(21),
        "RA" | "RA0" => Some(16),
        "RB" => Some(11),
        "RC" => Some(6),
        _ => None,
    }
}

const fn field(shift: u32, value: u32) -> u32 {
    value << shift
}

/// Makes functions and states.
pub(crate) struct Generator {
    rng: Rng,
    words: Words,
    /// Address of the code.
    base: u64,
    /// Rows of instructions between registers, and rows with an address.
    plain: Vec<&'static Row>,
    storage: Vec<&'static Row>,
    tried: BTreeSet<&'static str>,
}

impl Generator {
    pub(crate) fn new(seed: u64, base: u64) -> Generator {
        let rows = || isa::rows().filter(|row| !left_out(row));
        // An instruction with update would change the address.
        let addresses = |row: &&Row| {
            ["l", "st", "dcbz"].iter().any(|start| row.name.starts_with(start))
                && (has_operand(row, "RA0") || has_operand(row, "RA"))
        };
        Generator {
            rng: Rng(seed),
            words: Words::default(),
            base,
            plain: rows().filter(|row| !addresses(row)).collect(),
            storage: rows().filter(|row| addresses(row) && has_operand(row, "RA0")).collect(),
            tried: BTreeSet::new(),
        }
    }

    /// Checks that every row was in some function.
    pub(crate) fn assert_all_tried(&self) {
        let all = self.plain.iter().chain(&self.storage).map(|row| row.name);
        let missing: Vec<_> = all.filter(|name| !self.tried.contains(name)).collect();
        assert!(self.tried.len() > 500, "only {} rows", self.tried.len());
        assert!(missing.is_empty(), "not tried: {missing:?}");
    }

    /// A start state: numbers of all sizes, and the addresses that functions need.
    pub(crate) fn state(&mut self, stack: u64) -> State {
        let rng = &mut self.rng;
        let mut gpr = std::array::from_fn(|_| rng.next() >> rng.below(64));
        (gpr[SP as usize], gpr[INDEX as usize]) = (stack, 0);
        let vsr = std::array::from_fn(|_| vector(rng));
        let memory: Vec<u8> = (0..MEMORY / 16).flat_map(|_| vector(rng).to_ne_bytes()).collect();
        State {
            gpr,
            cr: rng.next() as u32,
            xer: rng.next() & 0xe00c_0000,
            lr: 0,
            ctr: 0,
            tar: 0,
            vsr,
            vscr: rng.next() as u32 & 0x1_0000,
            fpscr: 0,
            memory: memory.try_into().expect("so many bytes"),
        }
    }

    fn here(&self, code: &[u32]) -> u64 {
        self.base + 4 * code.len() as u64
    }

    /// Writes two functions, of which the second calls the first. Returns the address of the second.
    pub(crate) fn function(&mut self, code: &mut Vec<u32>) -> u64 {
        let leaf = self.here(code);
        self.leaf(code);
        let function = self.here(code);
        // mflr r0; std r0,16(r1); addi r1,r1,-64
        code.extend([mfspr(0, 8), std(0, 16, SP), addi(SP, SP, -64)]);
        self.straight(code, 6);
        self.looped(code, COUNT, |generator, code| {
            generator.straight(code, 4);
            generator.skipped(code);
            let here = generator.here(code);
            if generator.rng.one_in(2) {
                code.push(b(here, leaf) | 1);
            } else {
                code.extend(li32(27, leaf));
                code.extend([mtspr(9, 27), BCTRL]);
            }
            generator.straight(code, 4);
        });
        code.extend([addi(SP, SP, 64), ld(0, 16, SP), mtspr(8, 0)]);
        code.push(BLR);
        function
    }

    /// A function that calls no other: a loop that contains a loop by CTR.
    fn leaf(&mut self, code: &mut Vec<u32>) {
        self.straight(code, 4);
        self.looped(code, LEAF_COUNT, |generator, code| {
            generator.skipped(code);
            code.extend([addi(27, 0, 1 + generator.rng.below(4) as i32), mtspr(9, 27)]);
            let top = generator.here(code);
            generator.straight(code, 5);
            let back = generator.here(code);
            code.push(BDNZ | top.wrapping_sub(back) as u32 & 0xfffc);
            generator.straight(code, 3);
        });
        code.push(BLR);
    }

    /// A loop of one to four rounds, counted down in a register.
    fn looped(
        &mut self,
        code: &mut Vec<u32>,
        count: u32,
        body: impl FnOnce(&mut Generator, &mut Vec<u32>),
    ) {
        code.push(addi(count, 0, 1 + self.rng.below(4) as i32));
        let top = self.here(code);
        body(self, code);
        code.extend([addi(count, count, -1), cmpdi0(count)]);
        let back = self.here(code);
        code.push(BNE_CR1 | top.wrapping_sub(back) as u32 & 0xfffc);
    }

    /// Instructions that a condition skips, and an alternative to them.
    fn skipped(&mut self, code: &mut Vec<u32>) {
        let (branch, condition) = (code.len(), self.rng.below(32) as u32);
        let taken_if = self.rng.pick(&[12, 4]);
        code.push(0);
        self.straight(code, 3);
        let over = code.len();
        code.push(0);
        let to = 4 * (code.len() - branch) as u32;
        code[branch] = field(26, 16) | field(21, taken_if) | field(16, condition) | to;
        self.straight(code, 3);
        code[over] = b(self.base + 4 * over as u64, self.here(code));
    }

    /// A few instructions.
    fn straight(&mut self, code: &mut Vec<u32>, most: u64) {
        for _ in 0..1 + self.rng.below(most) {
            match self.rng.below(4) {
                0 => self.access(code),
                _ => {
                    let row = self.rng.pick(&self.plain);
                    let word = self.plain_word(row);
                    self.tried.insert(row.name);
                    code.push(word);
                }
            }
        }
    }

    /// A word of a row that does not change the registers that a function needs.
    fn plain_word(&mut self, row: &'static Row) -> u32 {
        loop {
            let mut word = self.words.valid(row, &mut self.rng).raw();
            for shift in operands(row).filter_map(gpr_field) {
                word = word & !field(shift, 31) | field(shift, 2 + self.rng.below(26) as u32);
            }
            if is(row, word) {
                return word;
            }
        }
    }

    /// A load or store in the state's storage.
    fn access(&mut self, code: &mut Vec<u32>) {
        let row = self.rng.pick(&self.storage);
        self.tried.insert(row.name);
        if has_operand(row, "RB") && self.rng.one_in(2) {
            // rlwinm r30,rN,0,24,27: a multiple of 16 below 256.
            let from = 2 + self.rng.below(26) as u32;
            code.push(field(26, 21) | field(21, from) | field(16, INDEX) | 24 << 6 | 27 << 1);
        }
        let displacement = 16 * self.rng.below(MEMORY as u64 / 16) as u32;
        loop {
            let mut word = self.plain_word(row);
            word = word & !field(16, 31) | field(16, BASE);
            if has_operand(row, "RB") {
                word = word & !field(11, 31) | field(11, INDEX);
            } else {
                // D, DS or DQ: the bits below 16 are another part of the opcode or the register.
                word = word & !0xfff0 | displacement;
                let aligned = has_operand(row, "D");
                word = if aligned { word & !0xf } else { word };
            }
            let there = Word::new(word);
            let inside = has_operand(row, "RB") || there.ds() < MEMORY as u64;
            if is(row, word) && inside {
                code.push(word);
                return;
            }
        }
    }
}

/// A vector of integers, or of floating-point numbers that are close to each other.
fn vector(rng: &mut Rng) -> u128 {
    let double = |rng: &mut Rng| ((rng.below(4001) as f64 - 2000.0) / 16.0).to_bits();
    let single = |rng: &mut Rng| ((rng.below(401) as f32 - 200.0) / 8.0).to_bits();
    match rng.below(3) {
        0 => u128::from(double(rng)) << 64 | u128::from(double(rng)),
        1 => (0..4).fold(0, |v, _| v << 32 | u128::from(single(rng))),
        _ => u128::from(rng.next()) << 64 | u128::from(rng.next()),
    }
}

const BLR: u32 = 0x4e80_0020;
const BCTRL: u32 = 0x4e80_0421;
const BDNZ: u32 = 0x4200_0000;
/// bne cr1.
const BNE_CR1: u32 = field(26, 16) | field(21, 4) | field(16, 6);

/// cmpdi cr1,RA,0.
fn cmpdi0(ra: u32) -> u32 {
    field(26, 11) | field(23, 1) | 1 << 21 | field(16, ra)
}
