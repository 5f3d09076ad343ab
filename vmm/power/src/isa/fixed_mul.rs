// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point multiplication (Power ISA 3.0B, Book I, 3.3.9).
//!
//! The architecture leaves bits 0:31 of `mulhw` and `mulhwu` undefined; here, as in QEMU, they
//! are 0.

use crate::{
    form,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// RT <- `product`, with `XER[OV]` and CR0 as an XO-form word asks. It overflowed unless `high`,
/// what lies above its sign bit, only repeats `sign`.
#[inline(always)]
fn finish<M: Vocabulary>(m: &mut M, w: Word, product: M::Val, high: M::Val, sign: M::Val) {
    m.set_gpr(w.rt(), product);
    if w.oe() {
        let fits = m.eq(high, sign);
        let ov = m.is_zero(fits);
        m.set_ov(ov, ov);
    }
    m.record(w, product);
}

/// RT <- high word of a product of words, with CR0.
#[inline(always)]
fn high_word<M: Vocabulary>(m: &mut M, w: Word, extend: fn(&mut M, M::Val, Size) -> M::Val) {
    let (a, b, n) = (m.gpr(w.ra()), m.gpr(w.rb()), m.imm(32));
    let (a, b) = (extend(m, a, Size::Word), extend(m, b, Size::Word));
    let product = m.mul(a, b);
    let high = m.shr(product, n);
    m.set_gpr(w.rt(), high);
    m.record(w, high);
}

/// RT <- high doubleword of a product, with CR0.
#[inline(always)]
fn high_double<M: Vocabulary>(m: &mut M, w: Word, mul: fn(&mut M, M::Val, M::Val) -> M::Val) {
    let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
    let high = mul(m, a, b);
    m.set_gpr(w.rt(), high);
    m.record(w, high);
}

/// RT <- high doubleword of RA × RB + RC, given those of the product and of RC.
#[inline(always)]
fn multiply_add_high<M: Vocabulary>(m: &mut M, w: Word, high: M::Val, c_high: M::Val) {
    let (a, b, c) = (m.gpr(w.ra()), m.gpr(w.rb()), m.gpr(w.r_c()));
    let low = m.mul(a, b);
    let sum = m.add(low, c);
    let carry = m.lt_u(sum, low);
    let high = m.add(high, c_high);
    let high = m.add(high, carry);
    m.set_gpr(w.rt(), high);
}

crate::isa![
    Insn {
        name: mulli,
        form: form::d(7),
        asm: "mulli RT,RA,SI",
        book: "Book I, Multiply Low Immediate",
        does: |m, w| {
            let (a, si) = (m.gpr(w.ra()), m.imm(w.si()));
            let product = m.mul(a, si);
            m.set_gpr(w.rt(), product);
        },
        cases: &[
            "1c64fffd mulli r3,r4,-3 | r4=5 | r3=-f",
            "1c640010 mulli r3,r4,16 | r4=f000000000000001 | r3=10",
        ],
    },
    Insn {
        name: mullw,
        form: form::xo(31, 235),
        asm: "mullw[o][.] RT,RA,RB",
        book: "Book I, Multiply Low Word",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (a, b) = (m.sext(a, Size::Word), m.sext(b, Size::Word));
            let product = m.mul(a, b);
            let low = m.sext(product, Size::Word);
            finish(m, w, product, product, low);
        },
        cases: &[
            "7c6429d6 mullw r3,r4,r5 | r4=5ffffffff r5=2 | r3=-2",
            "7c642dd7 mullwo. r3,r4,r5 | r4=40000000 r5=2 | r3=80000000 so=1 ov=1 ov32=1 cr0=5",
            "7c642dd7 mullwo. r3,r4,r5 | r4=40000000 r5=2 msr=1000 | r3=80000000 so=1 ov=1 ov32=1 cr0=9",
            "7c642dd7 mullwo. r3,r4,r5 | r4=40000000 r5=fffffffe ov=1 ov32=1 | r3=-80000000 ov=0 ov32=0 cr0=8",
        ],
    },
    Insn {
        name: mulhw,
        form: form::xrc(31, 75),
        asm: "mulhw[.] RT,RA,RB",
        book: "Book I, Multiply High Word",
        does: |m, w| {
            high_word(m, w, M::sext);
        },
        cases: &[
            "7c642896 mulhw r3,r4,r5 | r4=80000000 r5=80000000 | r3=40000000",
            "7c642897 mulhw. r3,r4,r5 | r4=ffffffff r5=1 msr=1000 | r3=ffffffff cr0=8",
        ],
    },
    Insn {
        name: mulhwu,
        form: form::xrc(31, 11),
        asm: "mulhwu[.] RT,RA,RB",
        book: "Book I, Multiply High Word Unsigned",
        does: |m, w| {
            high_word(m, w, M::zext);
        },
        cases: &[
            "7c642816 mulhwu r3,r4,r5 | r4=7ffffffff r5=ffffffff | r3=fffffffe",
            "7c642817 mulhwu. r3,r4,r5 | r4=ffffffff r5=1 msr=1000 | r3=0 cr0=2",
        ],
    },
    Insn {
        name: mulld,
        form: form::xo(31, 233),
        asm: "mulld[o][.] RT,RA,RB",
        book: "Book I, Multiply Low Doubleword",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let product = m.mul(a, b);
            let (high, n) = (m.mulhs(a, b), m.imm(63));
            let sign = m.sar(product, n);
            finish(m, w, product, high, sign);
        },
        cases: &[
            "7c6429d2 mulld r3,r4,r5 | r4=-1 r5=3 | r3=-3",
            "7c642dd3 mulldo. r3,r4,r5 | r4=-1 r5=3 ov=1 ov32=1 | r3=-3 ov=0 ov32=0 cr0=8",
            "7c642dd3 mulldo. r3,r4,r5 | r4=4000000000000000 r5=4 | r3=0 so=1 ov=1 ov32=1 cr0=3",
            "7c642dd2 mulldo r3,r4,r5 | r4=8000000000000000 r5=-1 | r3=8000000000000000 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: mulhd,
        form: form::xrc(31, 73),
        asm: "mulhd[.] RT,RA,RB",
        book: "Book I, Multiply High Doubleword",
        does: |m, w| {
            high_double(m, w, M::mulhs);
        },
        cases: &[
            "7c642893 mulhd. r3,r4,r5 | r4=-1 r5=1 | r3=-1 cr0=8",
            "7c642892 mulhd r3,r4,r5 | r4=4000000000000000 r5=4 | r3=1",
        ],
    },
    Insn {
        name: mulhdu,
        form: form::xrc(31, 9),
        asm: "mulhdu[.] RT,RA,RB",
        book: "Book I, Multiply High Doubleword Unsigned",
        does: |m, w| {
            high_double(m, w, M::mulhu);
        },
        cases: &[
            "7c642812 mulhdu r3,r4,r5 | r4=-1 r5=-1 | r3=-2",
            "7c642813 mulhdu. r3,r4,r5 | r4=-1 r5=1 | r3=0 cr0=2",
        ],
    },
    Insn {
        name: maddhd,
        form: form::va(4, 48),
        asm: "maddhd RT,RA,RB,RC",
        book: "Book I, Multiply-Add High Doubleword",
        level: V3_0,
        does: |m, w| {
            let (a, b, c, n) = (m.gpr(w.ra()), m.gpr(w.rb()), m.gpr(w.r_c()), m.imm(63));
            let (high, sign) = (m.mulhs(a, b), m.sar(c, n));
            multiply_add_high(m, w, high, sign);
        },
        cases: &[
            "106429b0 maddhd r3,r4,r5,r6 | r4=-1 r5=1 r6=0 | r3=-1",
            "106429b0 maddhd r3,r4,r5,r6 | r4=-1 r5=1 r6=2 | r3=0",
            "106429b0 maddhd r3,r4,r5,r6 | r4=1 r5=1 r6=-2 | r3=-1",
        ],
    },
    Insn {
        name: maddhdu,
        form: form::va(4, 49),
        asm: "maddhdu RT,RA,RB,RC",
        book: "Book I, Multiply-Add High Doubleword Unsigned",
        level: V3_0,
        does: |m, w| {
            let (a, b, zero) = (m.gpr(w.ra()), m.gpr(w.rb()), m.imm(0));
            let high = m.mulhu(a, b);
            multiply_add_high(m, w, high, zero);
        },
        cases: &[
            "106429b1 maddhdu r3,r4,r5,r6 | r4=-1 r5=-1 r6=-1 | r3=-1",
            "106429b1 maddhdu r3,r4,r5,r6 | r4=1 r5=1 r6=-2 | r3=0",
        ],
    },
    Insn {
        name: maddld,
        form: form::va(4, 51),
        asm: "maddld RT,RA,RB,RC",
        book: "Book I, Multiply-Add Low Doubleword",
        level: V3_0,
        does: |m, w| {
            let (a, b, c) = (m.gpr(w.ra()), m.gpr(w.rb()), m.gpr(w.r_c()));
            let product = m.mul(a, b);
            let sum = m.add(product, c);
            m.set_gpr(w.rt(), sum);
        },
        cases: &["106429b3 maddld r3,r4,r5,r6 | r4=3 r5=5 r6=-1 | r3=e"],
    },
];
