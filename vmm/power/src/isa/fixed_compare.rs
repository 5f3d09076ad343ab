// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point compares, setb and isel (Power ISA 3.0B, Book I, 3.3.10, 3.3.12).

use crate::{
    form,
    vocabulary::{GT, LT, Size, Vocabulary},
    word::Word,
};

/// Sets CR field BF from a signed comparison.
#[inline(always)]
fn compare_signed<M: Vocabulary>(m: &mut M, w: Word, a: M::Val, b: M::Val) {
    let (lt, eq) = (m.lt_s(a, b), m.eq(a, b));
    m.set_compare(w.bf(), lt, eq);
}

/// Sets CR field BF from an unsigned comparison.
#[inline(always)]
fn compare_unsigned<M: Vocabulary>(m: &mut M, w: Word, a: M::Val, b: M::Val) {
    let (lt, eq) = (m.lt_u(a, b), m.eq(a, b));
    m.set_compare(w.bf(), lt, eq);
}

/// Width of a compare: a doubleword if L is 1.
#[inline(always)]
fn size(w: Word) -> Size {
    if w.l10() == 1 { Size::Double } else { Size::Word }
}

/// CR field BF <- `0 || found || 00`.
#[inline(always)]
fn set_found<M: Vocabulary>(m: &mut M, w: Word, found: M::Val) {
    let (gt, zero) = (m.imm(GT), m.imm(0));
    let field = m.select(found, gt, zero);
    m.set_crf(w.bf(), field);
}

/// True if `byte` lies between the lowest byte of `bounds` and the next.
#[inline(always)]
fn in_range<M: Vocabulary>(m: &mut M, byte: M::Val, bounds: M::Val) -> M::Val {
    let n = m.imm(8);
    let high = m.shr(bounds, n);
    let (low, high) = (m.zext(bounds, Size::Byte), m.zext(high, Size::Byte));
    let (below, above) = (m.lt_u(byte, low), m.lt_u(high, byte));
    let outside = m.or(below, above);
    m.is_zero(outside)
}

/// 1 if the low byte of `a` equals any byte of `b`, else 0.
fn any_byte_equals(a: u64, b: u64) -> u64 {
    b.to_be_bytes().contains(&a.to_be_bytes()[7]).into()
}

crate::isa![
    Insn {
        name: cmpi,
        form: form::d(11).zero(form::BIT9),
        asm: "cmpi BF,L,RA,SI",
        book: "Book I, Compare Immediate",
        does: |m, w| {
            let (a, si) = (m.gpr(w.ra()), m.imm(w.si()));
            let a = m.sext(a, size(w));
            compare_signed(m, w, a, si);
        },
        cases: &[
            "2c04fffb cmpi cr0,0,r4,-5 | r4=1fffffff9 so=1 | cr0=9",
            "2fa4fffb cmpi cr7,1,r4,-5 | r4=1fffffff9 | cr7=4",
            "2ca40005 cmpi cr1,1,r4,5 | r4=5 cr=ffffffff msr=1000 | cr1=2",
        ],
    },
    Insn {
        name: cmp,
        form: form::x(31, 0).zero(form::BIT9),
        asm: "cmp BF,L,RA,RB",
        book: "Book I, Compare",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (a, b) = (m.sext(a, size(w)), m.sext(b, size(w)));
            compare_signed(m, w, a, b);
        },
        cases: &[
            "7c242800 cmp cr0,1,r4,r5 | r4=-1 r5=1 | cr0=8",
            "7f042800 cmp cr6,0,r4,r5 | r4=500000001 r5=80000000 | cr6=4",
            "7c842800 cmp cr1,0,r4,r5 | r4=500000001 r5=1 so=1 | cr1=3",
            "7ca42800 cmp cr1,1,r4,r5 | r4=500000001 r5=1 msr=1000 | cr1=4",
        ],
    },
    Insn {
        name: cmpli,
        form: form::d(10).zero(form::BIT9),
        asm: "cmpli BF,L,RA,UI",
        book: "Book I, Compare Logical Immediate",
        does: |m, w| {
            let (a, ui) = (m.gpr(w.ra()), m.imm(w.ui()));
            let a = m.zext(a, size(w));
            compare_unsigned(m, w, a, ui);
        },
        cases: &[
            "2824ffff cmpli cr0,1,r4,65535 | r4=-1 | cr0=4",
            "2a84ffff cmpli cr5,0,r4,65535 | r4=50000ffff | cr5=2",
            "2a840001 cmpli cr5,0,r4,1 | r4=0 so=1 | cr5=9",
        ],
    },
    Insn {
        name: cmpl,
        form: form::x(31, 32).zero(form::BIT9),
        asm: "cmpl BF,L,RA,RB",
        book: "Book I, Compare Logical",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (a, b) = (m.zext(a, size(w)), m.zext(b, size(w)));
            compare_unsigned(m, w, a, b);
        },
        cases: &[
            "7c242840 cmpl cr0,1,r4,r5 | r4=-1 r5=1 | cr0=4",
            "7d042840 cmpl cr2,0,r4,r5 | r4=500000001 r5=80000000 | cr2=8",
            "7d042840 cmpl cr2,0,r4,r5 | r4=500000001 r5=600000001 so=1 | cr2=3",
        ],
    },
    Insn {
        name: cmprb,
        form: form::x(31, 192).zero(form::BIT9),
        asm: "cmprb BF,L,RA,RB",
        book: "Book I, Compare Ranged Byte",
        level: V3_0,
        does: |m, w| {
            let (a, b, n) = (m.gpr(w.ra()), m.gpr(w.rb()), m.imm(16));
            let byte = m.zext(a, Size::Byte);
            let mut found = in_range(m, byte, b);
            if w.l10() == 1 {
                let second = m.shr(b, n);
                let in_second = in_range(m, byte, second);
                found = m.or(found, in_second);
            }
            set_found(m, w, found);
        },
        cases: &[
            "7c842980 cmprb cr1,0,r4,r5 | r4=ff61 r5=5a417a61 so=1 | cr1=4",
            "7c842980 cmprb cr1,0,r4,r5 | r4=41 r5=5a417a61 cr=ffffffff | cr1=0",
            "7ca42980 cmprb cr1,1,r4,r5 | r4=5a r5=5a417a61 | cr1=4",
            "7ca42980 cmprb cr1,1,r4,r5 | r4=5b r5=5a417a61 cr=ffffffff | cr1=0",
        ],
    },
    Insn {
        name: cmpeqb,
        form: form::x(31, 224).zero(3 << 21),
        asm: "cmpeqb BF,RA,RB",
        book: "Book I, Compare Equal Byte",
        level: V3_0,
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let found = m.pure2(any_byte_equals, a, b);
            set_found(m, w, found);
        },
        cases: &[
            "7c8429c0 cmpeqb cr1,r4,r5 | r4=ff12 r5=1200000000000000 | cr1=4",
            "7c8429c0 cmpeqb cr1,r4,r5 | r4=1200 r5=1212121212121212 cr1=f | cr1=0",
        ],
    },
    Insn {
        name: setb,
        form: form::x(31, 128).zero(3 << 16 | form::RB),
        asm: "setb RT,BFA",
        book: "Book I, Set Boolean",
        level: V3_0,
        does: |m, w| {
            let field = m.crf(w.bfa());
            let (lt, gt) = (m.imm(LT), m.imm(GT));
            let (lt, gt) = (m.and(field, lt), m.and(field, gt));
            let (minus_one, one, zero) = (m.imm(u64::MAX), m.imm(1), m.imm(0));
            let not_less = m.select(gt, one, zero);
            let result = m.select(lt, minus_one, not_less);
            m.set_gpr(w.rt(), result);
        },
        cases: &[
            "7c640100 setb r3,cr1 | cr1=c | r3=-1",
            "7c7c0100 setb r3,cr7 | cr7=5 | r3=1",
            "7c640100 setb r3,cr1 | r3=5 cr1=3 | r3=0",
        ],
    },
    Insn {
        name: isel,
        form: form::a(31, 15),
        asm: "isel RT,RA0,RB,BC",
        book: "Book I, Integer Select",
        does: |m, w| {
            let (a, b, bit) = (m.gpr_or_zero(w.ra()), m.gpr(w.rb()), m.crb(w.bc()));
            let result = m.select(bit, a, b);
            m.set_gpr(w.rt(), result);
        },
        cases: &[
            "7c64299e isel r3,r4,r5,4*cr1+eq | r4=1 r5=2 cr1=2 | r3=1",
            "7c64299e isel r3,r4,r5,4*cr1+eq | r4=1 r5=2 cr1=d | r3=2",
            "7c60289e isel r3,0,r5,eq | r0=7 r3=5 r5=2 cr0=2 | r3=0",
        ],
    },
];
