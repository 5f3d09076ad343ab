// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Binary-coded and densely packed decimals (Power ISA 3.0B, Book I, 3.3.15 and appendix B).

use crate::form;

/// A six in each digit of the sum from which no carry goes out.
fn sixes(a: u64, b: u64) -> u64 {
    let carries = a & b | (a | b) & !a.wrapping_add(b);
    let no_carry = !carries & 0x8888_8888_8888_8888;
    no_carry >> 1 | no_carry >> 2
}

/// Three digits from a declet (appendix B.2). Bits of the declet are `pqr stu v wxy`.
fn digits(declet: u64) -> u64 {
    let small = |at: u32| declet >> at & 7;
    let (pqr, stu, wxy) = (small(7), small(4), small(0));
    let (pq, st) = (pqr & 6, stu & 6);
    // The lowest bit of a digit is its own; 8 and 9 have no other.
    let (r_8, u_8, y_8) = (8 | pqr & 1, 8 | stu & 1, 8 | wxy & 1);
    let (u, y) = (stu & 1, wxy & 1);
    let (high, middle, low) = match (declet >> 3 & 1, wxy >> 1, st >> 1) {
        (0, ..) => (pqr, stu, wxy),
        (_, 0, _) => (pqr, stu, y_8),
        (_, 1, _) => (pqr, u_8, st | y),
        (_, 2, _) => (r_8, stu, pq | y),
        (.., 0) => (r_8, u_8, pq | y),
        (.., 1) => (r_8, pq | u, y_8),
        (.., 2) => (pqr, u_8, y_8),
        _ => (r_8, u_8, y_8),
    };
    high << 8 | middle << 4 | low
}

/// The declet of three digits (appendix B.1).
fn declet(digits: u64) -> u64 {
    let digit = |at: u32| digits >> at & 15;
    let (high, middle, low) = (digit(8), digit(4), digit(0));
    let (d, h, m) = (high & 1, middle & 1, low & 1);
    let (bc, fg, jk) = (high & 6, middle & 6, low & 6);
    let (pqr, stu, vwxy) = match (high >> 3, middle >> 3, low >> 3) {
        (0, 0, 0) => (bc | d, fg | h, jk | m),
        (0, 0, _) => (bc | d, fg | h, 0b1000 | m),
        (0, _, 0) => (bc | d, jk | h, 0b1010 | m),
        (0, _, _) => (bc | d, 0b100 | h, 0b1110 | m),
        (_, 0, 0) => (jk | d, fg | h, 0b1100 | m),
        (_, 0, _) => (fg | d, 0b010 | h, 0b1110 | m),
        (_, _, 0) => (jk | d, h, 0b1110 | m),
        (..) => (d, 0b110 | h, 0b1110 | m),
    };
    pqr << 7 | stu << 4 | vwxy
}

/// Two declets in each word to six digits in each word.
fn declets_to_digits(v: u64) -> u64 {
    let word = |v: u64| digits(v >> 10) << 12 | digits(v);
    word(v >> 32) << 32 | word(v)
}

/// Six digits in each word to two declets in each word.
fn digits_to_declets(v: u64) -> u64 {
    let word = |v: u64| declet(v >> 12) << 10 | declet(v);
    word(v >> 32) << 32 | word(v)
}

crate::isa![
    Insn {
        name: addg6s,
        form: form::x(31, 74),
        asm: "addg6s RT,RA,RB",
        book: "Book I, Add and Generate Sixes",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let result = m.pure2(sixes, a, b);
            m.set_gpr(w.rt(), result);
        },
        cases: &[
            "7c642894 addg6s r3,r4,r5 | r4=0 r5=0 | r3=6666666666666666",
            "7c642894 addg6s r3,r4,r5 | r4=f00000000000008f r5=1000000000000071 | r3=666666666666600",
        ],
    },
    Insn {
        name: cdtbcd,
        form: form::x(31, 282).zero(form::RB),
        asm: "cdtbcd RA,RS",
        book: "Book I, Convert Declets to Binary Coded Decimal",
        does: |m, w| {
            let s = m.gpr(w.rs());
            let result = m.pure1(declets_to_digits, s);
            m.set_gpr(w.ra(), result);
        },
        // 999 is also 3ff, which is not canonical.
        cases: &[
            "7c830234 cdtbcd r3,r4 | r4=b54790000285f | r3=55507900080099",
            "7c830234 cdtbcd r3,r4 | r4=3fcae0004728f | r3=99990800812985",
            "7c830234 cdtbcd r3,r4 | r4=2a0ea000ffc05 | r3=12818600999005"
        ],
    },
    Insn {
        name: cbcdtd,
        form: form::x(31, 314).zero(form::RB),
        asm: "cbcdtd RA,RS",
        book: "Book I, Convert Binary Coded Decimal to Declets",
        does: |m, w| {
            let s = m.gpr(w.rs());
            let result = m.pure1(digits_to_declets, s);
            m.set_gpr(w.ra(), result);
        },
        cases: &[
            "7c830274 cbcdtd r3,r4 | r4=55507900080099 | r3=b54790000285f",
            "7c830274 cbcdtd r3,r4 | r4=99990800812985 | r3=3fcae0004728f",
            "7c830274 cbcdtd r3,r4 | r4=12818600000000 | r3=2a0ea00000000"
        ],
    },
];
