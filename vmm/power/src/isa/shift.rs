// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Shifts (Power ISA 3.0B, Book I, 3.3.14.2).

use crate::{
    form,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// Shift amount in RB: six bits for a word, seven for a doubleword.
#[inline(always)]
fn amount<M: Vocabulary>(m: &mut M, w: Word, largest: u64) -> M::Val {
    let (b, mask) = (m.gpr(w.rb()), m.imm(largest));
    m.and(b, mask)
}

/// RA <- `result`, with CR0.
#[inline(always)]
fn finish<M: Vocabulary>(m: &mut M, w: Word, result: M::Val) {
    m.set_gpr(w.ra(), result);
    m.record(w, result);
}

/// RA <- `s` shifted right by `n`, its sign coming in, with CR0. `XER[CA]` is set if `s` is
/// negative and lost ones.
#[inline(always)]
fn shift_algebraic<M: Vocabulary>(m: &mut M, w: Word, s: M::Val, n: M::Val) {
    let (result, sign_bit) = (m.sar(s, n), m.imm(63));
    let (back, negative) = (m.shl(result, n), m.shr(s, sign_bit));
    let lost = m.lt_u(back, s);
    let ca = m.and(negative, lost);
    m.set_ca(ca, ca);
    finish(m, w, result);
}

crate::isa![
    Insn {
        name: slw,
        form: form::xrc(31, 24),
        asm: "slw[.] RA,RS,RB",
        book: "Book I, Shift Left Word",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), amount(m, w, 63));
            let shifted = m.shl(s, n);
            let result = m.zext(shifted, Size::Word);
            finish(m, w, result);
        },
        cases: &[
            "7c832830 slw r3,r4,r5 | r4=f12345678 r5=44 | r3=23456780",
            "7c832831 slw. r3,r4,r5 | r3=5 r4=-1 r5=20 | r3=0 cr0=2",
            "7c832831 slw. r3,r4,r5 | r4=-1 r5=1f msr=1000 | r3=80000000 cr0=8",
        ],
    },
    Insn {
        name: srw,
        form: form::xrc(31, 536),
        asm: "srw[.] RA,RS,RB",
        book: "Book I, Shift Right Word",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), amount(m, w, 63));
            let low = m.zext(s, Size::Word);
            let result = m.shr(low, n);
            finish(m, w, result);
        },
        cases: &[
            "7c832c30 srw r3,r4,r5 | r4=f12345678 r5=44 | r3=1234567",
            "7c832c31 srw. r3,r4,r5 | r3=5 r4=-1 r5=20 | r3=0 cr0=2",
        ],
    },
    Insn {
        name: srawi,
        form: form::xrc(31, 824),
        asm: "srawi[.] RA,RS,SH",
        book: "Book I, Shift Right Algebraic Word Immediate",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), m.imm(w.sh().into()));
            let s = m.sext(s, Size::Word);
            shift_algebraic(m, w, s, n);
        },
        cases: &[
            "7c832671 srawi. r3,r4,4 | r4=80000008 | r3=fffffffff8000000 ca=1 ca32=1 cr0=8",
            "7c832670 srawi r3,r4,4 | r4=80000000 ca=1 | r3=fffffffff8000000 ca=0",
            "7c832670 srawi r3,r4,4 | r4=ffffffff7fffffff | r3=7ffffff",
            "7c830670 srawi r3,r4,0 | r4=80000001 ca=1 ca32=1 | r3=ffffffff80000001 ca=0 ca32=0",
        ],
    },
    Insn {
        name: sraw,
        form: form::xrc(31, 792),
        asm: "sraw[.] RA,RS,RB",
        book: "Book I, Shift Right Algebraic Word",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), amount(m, w, 63));
            let s = m.sext(s, Size::Word);
            shift_algebraic(m, w, s, n);
        },
        cases: &[
            "7c832e30 sraw r3,r4,r5 | r4=80000000 r5=20 | r3=-1 ca=1 ca32=1",
            "7c832e31 sraw. r3,r4,r5 | r4=7fffffff r5=3f ca=1 ca32=1 | r3=0 ca=0 ca32=0 cr0=2",
            "7c832e30 sraw r3,r4,r5 | r4=fffffff8 r5=43 | r3=-1",
        ],
    },
    Insn {
        name: sld,
        form: form::xrc(31, 27),
        asm: "sld[.] RA,RS,RB",
        book: "Book I, Shift Left Doubleword",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), amount(m, w, 127));
            let result = m.shl(s, n);
            finish(m, w, result);
        },
        cases: &[
            "7c832837 sld. r3,r4,r5 | r4=3 r5=bf | r3=8000000000000000 cr0=8",
            "7c832836 sld r3,r4,r5 | r3=5 r4=-1 r5=40 | r3=0",
        ],
    },
    Insn {
        name: srd,
        form: form::xrc(31, 539),
        asm: "srd[.] RA,RS,RB",
        book: "Book I, Shift Right Doubleword",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), amount(m, w, 127));
            let result = m.shr(s, n);
            finish(m, w, result);
        },
        cases: &[
            "7c832c36 srd r3,r4,r5 | r4=c000000000000000 r5=bf | r3=1",
            "7c832c37 srd. r3,r4,r5 | r3=5 r4=-1 r5=40 | r3=0 cr0=2",
        ],
    },
    Insn {
        name: sradi,
        form: form::xs(31, 413),
        asm: "sradi[.] RA,RS,SH6",
        book: "Book I, Shift Right Algebraic Doubleword Immediate",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), m.imm(w.sh6().into()));
            shift_algebraic(m, w, s, n);
        },
        cases: &[
            "7c832677 sradi. r3,r4,36 | r4=8000000000000008 | r3=fffffffff8000000 ca=1 ca32=1 cr0=8",
            "7c832676 sradi r3,r4,36 | r4=8000001000000000 ca=1 | r3=fffffffff8000001 ca=0",
            "7c830674 sradi r3,r4,0 | r4=-1 ca=1 ca32=1 | r3=-1 ca=0 ca32=0",
        ],
    },
    Insn {
        name: srad,
        form: form::xrc(31, 794),
        asm: "srad[.] RA,RS,RB",
        book: "Book I, Shift Right Algebraic Doubleword",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), amount(m, w, 127));
            shift_algebraic(m, w, s, n);
        },
        cases: &[
            "7c832e34 srad r3,r4,r5 | r4=8000000000000000 r5=40 | r3=-1 ca=1 ca32=1",
            "7c832e35 srad. r3,r4,r5 | r4=7fffffffffffffff r5=7f ca=1 | r3=0 ca=0 cr0=2",
            "7c832e34 srad r3,r4,r5 | r4=8000000000000000 r5=bf | r3=-1",
        ],
    },
    Insn {
        name: extswsli,
        form: form::xs(31, 445),
        asm: "extswsli[.] RA,RS,SH6",
        book: "Book I, Extend-Sign Word and Shift Left Immediate",
        level: V3_0,
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), m.imm(w.sh6().into()));
            let s = m.sext(s, Size::Word);
            let result = m.shl(s, n);
            finish(m, w, result);
        },
        cases: &[
            "7c8326f5 extswsli. r3,r4,4 | r4=1fffffffe | r3=-20 cr0=8",
            "7c830ef6 extswsli r3,r4,33 | r4=7fffffff | r3=fffffffe00000000",
        ],
    },
];
