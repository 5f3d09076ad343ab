// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Counts, parities, byte compares and bit permutation (Power ISA 3.0B, Book I, 3.3.13).

use crate::{form, vocabulary::Vocabulary, word::Word};

/// RA <- `f`(RS), with CR0 where the word has Rc.
#[inline(always)]
fn apply<M: Vocabulary>(m: &mut M, w: Word, f: fn(u64) -> u64) {
    let s = m.gpr(w.rs());
    let result = m.pure1(f, s);
    m.set_gpr(w.ra(), result);
    m.record(w, result);
}

fn leading_zeros(v: u64) -> u64 {
    v.leading_zeros().into()
}

fn trailing_zeros(v: u64) -> u64 {
    v.trailing_zeros().into()
}

fn ones(v: u64) -> u64 {
    v.count_ones().into()
}

/// The number of ones of each byte, in that byte.
fn ones_of_bytes(v: u64) -> u64 {
    u64::from_ne_bytes(v.to_ne_bytes().map(|byte| byte.count_ones() as u8))
}

/// The number of ones of each word, in that word.
fn ones_of_words(v: u64) -> u64 {
    ones(v >> 32) << 32 | ones(v & 0xffff_ffff)
}

/// The lowest bits of the bytes.
const BYTE_LSB: u64 = 0x0101_0101_0101_0101;

/// True if an odd number of bytes are odd.
fn parity(v: u64) -> u64 {
    ones(v & BYTE_LSB) & 1
}

/// The [`parity`] of each word, in that word.
fn parity_of_words(v: u64) -> u64 {
    parity(v >> 32) << 32 | parity(v & 0xffff_ffff)
}

/// Each byte 0xff where the operands agree, else 0.
fn equal_bytes(a: u64, b: u64) -> u64 {
    u64::from_ne_bytes((a ^ b).to_ne_bytes().map(|byte| if byte == 0 { 0xff } else { 0 }))
}

/// For each byte of `indexes` the bit of `v` that it names, 0 from 64 on; bit 0 is the first.
fn permute_bits(indexes: u64, v: u64) -> u64 {
    let bit = |index: u8| v.checked_shl(index.into()).unwrap_or(0) >> 63;
    indexes.to_be_bytes().iter().fold(0, |bits, index| bits << 1 | bit(*index))
}

crate::isa![
    Insn {
        name: cntlzw,
        form: form::xrc(31, 26).zero(form::RB),
        asm: "cntlzw[.] RA,RS",
        book: "Book I, Count Leading Zeros Word",
        does: |m, w| {
            apply(m, w, |s| leading_zeros(s << 32).min(32));
        },
        cases: &[
            "7c830034 cntlzw r3,r4 | r4=ff00008000 | r3=10",
            "7c830035 cntlzw. r3,r4 | r4=ff00000000 | r3=20 cr0=4",
            "7c830035 cntlzw. r3,r4 | r3=5 r4=80000000 | r3=0 cr0=2",
        ],
    },
    Insn {
        name: cnttzw,
        form: form::xrc(31, 538).zero(form::RB),
        asm: "cnttzw[.] RA,RS",
        book: "Book I, Count Trailing Zeros Word",
        level: V3_0,
        does: |m, w| {
            apply(m, w, |s| trailing_zeros(s).min(32));
        },
        cases: &[
            "7c830434 cnttzw r3,r4 | r4=ff00008000 | r3=f",
            "7c830435 cnttzw. r3,r4 | r4=ff00000000000000 | r3=20 cr0=4",
        ],
    },
    Insn {
        name: cntlzd,
        form: form::xrc(31, 58).zero(form::RB),
        asm: "cntlzd[.] RA,RS",
        book: "Book I, Count Leading Zeros Doubleword",
        does: |m, w| {
            apply(m, w, leading_zeros);
        },
        cases: &[
            "7c830074 cntlzd r3,r4 | r4=ff00008000 | r3=18",
            "7c830075 cntlzd. r3,r4 | r4=0 | r3=40 cr0=4"
        ],
    },
    Insn {
        name: cnttzd,
        form: form::xrc(31, 570).zero(form::RB),
        asm: "cnttzd[.] RA,RS",
        book: "Book I, Count Trailing Zeros Doubleword",
        level: V3_0,
        does: |m, w| {
            apply(m, w, trailing_zeros);
        },
        cases: &[
            "7c830474 cnttzd r3,r4 | r4=ff00000000 | r3=20",
            "7c830475 cnttzd. r3,r4 | r4=0 | r3=40 cr0=4"
        ],
    },
    Insn {
        name: cmpb,
        form: form::x(31, 508),
        asm: "cmpb RA,RS,RB",
        book: "Book I, Compare Bytes",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let result = m.pure2(equal_bytes, s, b);
            m.set_gpr(w.ra(), result);
        },
        cases: &[
            "7c832bf8 cmpb r3,r4,r5 | r4=0102030405060708 r5=0100030005000807 | r3=ff00ff00ff000000"
        ],
    },
    Insn {
        name: popcntb,
        form: form::x(31, 122).zero(form::RB),
        asm: "popcntb RA,RS",
        book: "Book I, Population Count Bytes",
        does: |m, w| {
            apply(m, w, ones_of_bytes);
        },
        cases: &["7c8300f4 popcntb r3,r4 | r4=ff7f3f1f0f070301 | r3=0807060504030201"],
    },
    Insn {
        name: popcntw,
        form: form::x(31, 378).zero(form::RB),
        asm: "popcntw RA,RS",
        book: "Book I, Population Count Words",
        does: |m, w| {
            apply(m, w, ones_of_words);
        },
        cases: &["7c8302f4 popcntw r3,r4 | r4=ffffffff0000f001 | r3=2000000005"],
    },
    Insn {
        name: popcntd,
        form: form::x(31, 506).zero(form::RB),
        asm: "popcntd RA,RS",
        book: "Book I, Population Count Doubleword",
        does: |m, w| {
            apply(m, w, ones);
        },
        cases: &["7c8303f4 popcntd r3,r4 | r4=ffffffff0000f001 | r3=25"],
    },
    Insn {
        name: prtyw,
        form: form::x(31, 154).zero(form::RB),
        asm: "prtyw RA,RS",
        book: "Book I, Parity Word",
        does: |m, w| {
            apply(m, w, parity_of_words);
        },
        cases: &[
            "7c830134 prtyw r3,r4 | r4=0101010301010202 | r3=0",
            "7c830134 prtyw r3,r4 | r4=1fefefe01 | r3=100000001"
        ],
    },
    Insn {
        name: prtyd,
        form: form::x(31, 186).zero(form::RB),
        asm: "prtyd RA,RS",
        book: "Book I, Parity Doubleword",
        does: |m, w| {
            apply(m, w, parity);
        },
        cases: &[
            "7c830174 prtyd r3,r4 | r4=0101010301010201 | r3=1",
            "7c830174 prtyd r3,r4 | r3=5 r4=1fefefe01 | r3=0"
        ],
    },
    Insn {
        name: bpermd,
        form: form::x(31, 252),
        asm: "bpermd RA,RS,RB",
        book: "Book I, Bit Permute Doubleword",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let result = m.pure2(permute_bits, s, b);
            m.set_gpr(w.ra(), result);
        },
        cases: &[
            "7c8329f8 bpermd r3,r4,r5 | r4=003f01023e40ff00 r5=8000000000000001 | r3=c1",
            "7c8329f8 bpermd r3,r4,r5 | r4=0123456789abcdef r5=-1 | r3=c0",
        ],
    },
];
