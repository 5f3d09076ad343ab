// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point division and modulo (Power ISA 3.0B, Book I, 3.3.9).
//!
//! The architecture leaves the result undefined when the divisor is 0 or the quotient does not
//! fit, and bits 0:31 of word results always. Here a word result is extended as in QEMU.

use crate::{
    form,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// RT <- `quotient`, with `XER[OV]` and CR0 as an XO-form word asks.
#[inline(always)]
fn finish<M: Vocabulary>(m: &mut M, w: Word, quotient: M::Val, overflow: M::Val) {
    m.set_gpr(w.rt(), quotient);
    if w.oe() {
        m.set_ov(overflow, overflow);
    }
    m.record(w, quotient);
}

/// RT <- `quotient` if `fits`, else 0, with `XER[OV]` and CR0.
#[inline(always)]
fn finish_extended<M: Vocabulary>(m: &mut M, w: Word, quotient: M::Val, fits: M::Val) {
    let (zero, overflow) = (m.imm(0), m.is_zero(fits));
    let quotient = m.select(fits, quotient, zero);
    finish(m, w, quotient, overflow);
}

/// True if dividing doublewords overflows: by 0, or the least number by -1.
#[inline(always)]
fn signed_overflow<M: Vocabulary>(m: &mut M, a: M::Val, b: M::Val) -> M::Val {
    let (least, minus_one) = (m.imm(1 << 63), m.imm(u64::MAX));
    let (least, minus_one) = (m.eq(a, least), m.eq(b, minus_one));
    let (too_big, by_zero) = (m.and(least, minus_one), m.is_zero(b));
    m.or(too_big, by_zero)
}

/// RT <- `a` modulo `b`, both signed.
#[inline(always)]
fn modulo<M: Vocabulary>(
    m: &mut M,
    w: Word,
    (a, b): (M::Val, M::Val),
    divide: fn(&mut M, M::Val, M::Val) -> M::Val,
) {
    let quotient = divide(m, a, b);
    let whole = m.mul(quotient, b);
    let rest = m.sub(a, whole);
    m.set_gpr(w.rt(), rest);
}

/// Both operands, their low words sign- or zero-extended.
#[inline(always)]
fn words<M: Vocabulary>(
    m: &mut M,
    w: Word,
    extend: fn(&mut M, M::Val, Size) -> M::Val,
) -> (M::Val, M::Val) {
    let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
    (extend(m, a, Size::Word), extend(m, b, Size::Word))
}

/// `a || 0` divided by `b`, signed; `None` if the quotient does not fit.
fn quotient_extended(a: u64, b: u64) -> Option<u64> {
    let dividend = i128::from(a.cast_signed()) << 64;
    let quotient = dividend.checked_div(i128::from(b.cast_signed()))?;
    i64::try_from(quotient).ok().map(i64::cast_unsigned)
}

/// `a || 0` divided by `b`, unsigned; `None` if the quotient does not fit.
fn quotient_extended_unsigned(a: u64, b: u64) -> Option<u64> {
    u64::try_from((u128::from(a) << 64).checked_div(u128::from(b))?).ok()
}

crate::isa![
    Insn {
        name: divw,
        form: form::xo(31, 491),
        asm: "divw[o][.] RT,RA,RB",
        book: "Book I, Divide Word",
        does: |m, w| {
            let (a, b) = words(m, w, M::sext);
            let quotient = m.divs(a, b);
            let (word, low) = (m.sext(quotient, Size::Word), m.zext(quotient, Size::Word));
            let (by_zero, fits) = (m.is_zero(b), m.eq(word, quotient));
            let too_big = m.is_zero(fits);
            let overflow = m.or(by_zero, too_big);
            finish(m, w, low, overflow);
        },
        cases: &[
            "7c642bd6 divw r3,r4,r5 | r4=-7 r5=2 | r3=fffffffd",
            "7c642fd7 divwo. r3,r4,r5 | r4=17 r5=500000007 ov=1 ov32=1 msr=1000 | r3=3 ov=0 ov32=0 cr0=4",
            "7c642fd6 divwo r3,r4,r5 | r4=17 r5=0 | r3=0 so=1 ov=1 ov32=1",
            "7c642fd6 divwo r3,r4,r5 | r4=80000000 r5=ffffffff | r3=80000000 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divwu,
        form: form::xo(31, 459),
        asm: "divwu[o][.] RT,RA,RB",
        book: "Book I, Divide Word Unsigned",
        does: |m, w| {
            let (a, b) = words(m, w, M::zext);
            let (quotient, overflow) = (m.divu(a, b), m.is_zero(b));
            finish(m, w, quotient, overflow);
        },
        cases: &[
            "7c642b96 divwu r3,r4,r5 | r4=-7 r5=2 | r3=7ffffffc",
            "7c642f96 divwuo r3,r4,r5 | r4=7 r5=500000000 | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divwe,
        form: form::xo(31, 427),
        asm: "divwe[o][.] RT,RA,RB",
        book: "Book I, Divide Word Extended",
        does: |m, w| {
            let (a, b) = words(m, w, M::sext);
            let n = m.imm(32);
            let a = m.shl(a, n);
            let (quotient, overflow) = (m.divs(a, b), signed_overflow(m, a, b));
            let word = m.sext(quotient, Size::Word);
            let (divides, fits) = (m.is_zero(overflow), m.eq(word, quotient));
            let fits = m.and(divides, fits);
            finish_extended(m, w, quotient, fits);
        },
        cases: &[
            "7c642b56 divwe r3,r4,r5 | r4=1 r5=4 | r3=40000000",
            "7c642b56 divwe r3,r4,r5 | r4=ffffffff r5=2 | r3=-80000000",
            "7c642f56 divweo r3,r4,r5 | r4=1 r5=2 | r3=0 so=1 ov=1 ov32=1",
            "7c642f56 divweo r3,r4,r5 | r4=80000000 r5=ffffffff | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divweu,
        form: form::xo(31, 395),
        asm: "divweu[o][.] RT,RA,RB",
        book: "Book I, Divide Word Extended Unsigned",
        does: |m, w| {
            let (a, b) = words(m, w, M::zext);
            let (fits, n) = (m.lt_u(a, b), m.imm(32));
            let a = m.shl(a, n);
            let quotient = m.divu(a, b);
            finish_extended(m, w, quotient, fits);
        },
        cases: &[
            "7c642b16 divweu r3,r4,r5 | r4=1 r5=2 | r3=80000000",
            "7c642f16 divweuo r3,r4,r5 | r4=2 r5=2 | r3=0 so=1 ov=1 ov32=1",
            "7c642f16 divweuo r3,r4,r5 | r4=0 r5=0 | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divd,
        form: form::xo(31, 489),
        asm: "divd[o][.] RT,RA,RB",
        book: "Book I, Divide Doubleword",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (quotient, overflow) = (m.divs(a, b), signed_overflow(m, a, b));
            finish(m, w, quotient, overflow);
        },
        cases: &[
            "7c642bd3 divd. r3,r4,r5 | r4=-7 r5=2 | r3=-3 cr0=8",
            "7c642fd2 divdo r3,r4,r5 | r4=8000000000000000 r5=2 ov=1 ov32=1 | r3=c000000000000000 ov=0 ov32=0",
            "7c642fd2 divdo r3,r4,r5 | r4=8000000000000000 r5=-1 | r3=0 so=1 ov=1 ov32=1",
            "7c642fd2 divdo r3,r4,r5 | r4=7 r5=0 | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divdu,
        form: form::xo(31, 457),
        asm: "divdu[o][.] RT,RA,RB",
        book: "Book I, Divide Doubleword Unsigned",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (quotient, overflow) = (m.divu(a, b), m.is_zero(b));
            finish(m, w, quotient, overflow);
        },
        cases: &[
            "7c642b93 divdu. r3,r4,r5 | r4=-1 r5=10 | r3=fffffffffffffff cr0=4",
            "7c642f92 divduo r3,r4,r5 | r4=7 r5=0 | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divde,
        form: form::xo(31, 425),
        asm: "divde[o][.] RT,RA,RB",
        book: "Book I, Divide Doubleword Extended",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let quotient = m.pure2(|a, b| quotient_extended(a, b).unwrap_or(0), a, b);
            let fits = m.pure2(|a, b| quotient_extended(a, b).is_some().into(), a, b);
            finish_extended(m, w, quotient, fits);
        },
        cases: &[
            "7c642b52 divde r3,r4,r5 | r4=1 r5=4 | r3=4000000000000000",
            "7c642f52 divdeo r3,r4,r5 | r4=-1 r5=2 | r3=8000000000000000",
            "7c642f52 divdeo r3,r4,r5 | r4=1 r5=2 | r3=0 so=1 ov=1 ov32=1",
            "7c642f52 divdeo r3,r4,r5 | r4=8000000000000000 r5=-1 | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: divdeu,
        form: form::xo(31, 393),
        asm: "divdeu[o][.] RT,RA,RB",
        book: "Book I, Divide Doubleword Extended Unsigned",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let quotient = m.pure2(|a, b| quotient_extended_unsigned(a, b).unwrap_or(0), a, b);
            let fits = m.lt_u(a, b);
            finish_extended(m, w, quotient, fits);
        },
        cases: &[
            "7c642b12 divdeu r3,r4,r5 | r4=1 r5=2 | r3=8000000000000000",
            "7c642f12 divdeuo r3,r4,r5 | r4=-2 r5=-1 | r3=-2",
            "7c642f12 divdeuo r3,r4,r5 | r4=0 r5=0 | r3=0 so=1 ov=1 ov32=1",
        ],
    },
    Insn {
        name: modsw,
        form: form::x(31, 779),
        asm: "modsw RT,RA,RB",
        book: "Book I, Modulo Signed Word",
        level: V3_0,
        does: |m, w| {
            let operands = words(m, w, M::sext);
            modulo(m, w, operands, M::divs);
        },
        cases: &[
            "7c642e16 modsw r3,r4,r5 | r4=fffffff9 r5=2 | r3=-1",
            "7c642e16 modsw r3,r4,r5 | r4=7 r5=5fffffffe | r3=1",
        ],
    },
    Insn {
        name: moduw,
        form: form::x(31, 267),
        asm: "moduw RT,RA,RB",
        book: "Book I, Modulo Unsigned Word",
        level: V3_0,
        does: |m, w| {
            let operands = words(m, w, M::zext);
            modulo(m, w, operands, M::divu);
        },
        cases: &["7c642a16 moduw r3,r4,r5 | r4=-7 r5=50000000a | r3=9"],
    },
    Insn {
        name: modsd,
        form: form::x(31, 777),
        asm: "modsd RT,RA,RB",
        book: "Book I, Modulo Signed Doubleword",
        level: V3_0,
        does: |m, w| {
            let operands = (m.gpr(w.ra()), m.gpr(w.rb()));
            modulo(m, w, operands, M::divs);
        },
        cases: &[
            "7c642e12 modsd r3,r4,r5 | r4=-7 r5=4 | r3=-3",
            "7c642e12 modsd r3,r4,r5 | r4=7 r5=-4 | r3=3",
        ],
    },
    Insn {
        name: modud,
        form: form::x(31, 265),
        asm: "modud RT,RA,RB",
        book: "Book I, Modulo Unsigned Doubleword",
        level: V3_0,
        does: |m, w| {
            let operands = (m.gpr(w.ra()), m.gpr(w.rb()));
            modulo(m, w, operands, M::divu);
        },
        cases: &["7c642a12 modud r3,r4,r5 | r4=-1 r5=10 | r3=f"],
    },
];
