// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point addition (Power ISA 3.0B, Book I, 3.3.9).

use crate::{form, vocabulary::Vocabulary, word::Word};

/// RT <- sum of `a` and `b`, with `XER[OV]` and CR0 as an XO-form word asks.
#[inline(always)]
pub(super) fn sum<M: Vocabulary>(m: &mut M, w: Word, a: M::Val, b: M::Val) {
    let sum = m.add(a, b);
    finish(m, w, a, b, sum);
}

/// RT <- `sum` of `a` and `b`, with `XER[OV]` and CR0 as an XO-form word asks.
#[inline(always)]
pub(super) fn finish<M: Vocabulary>(m: &mut M, w: Word, a: M::Val, b: M::Val, sum: M::Val) {
    m.set_gpr(w.rt(), sum);
    if w.oe() {
        let (ov, ov32) = m.overflows(a, b, sum);
        m.set_ov(ov, ov32);
    }
    m.record(w, sum);
}

/// RT <- `a` + `b` + `carry`, with `XER[CA]`, and `XER[OV]` and CR0 as an XO-form word asks.
#[inline(always)]
pub(super) fn sum_carrying<M: Vocabulary>(m: &mut M, w: Word, a: M::Val, b: M::Val, carry: M::Val) {
    let sum = m.add_carrying(a, b, carry);
    finish(m, w, a, b, sum);
}

/// RT <- `a` + SI + `carry`, with `XER[CA]`. Returns the sum.
#[inline(always)]
pub(super) fn immediate_carrying<M: Vocabulary>(
    m: &mut M,
    w: Word,
    a: M::Val,
    carry: u64,
) -> M::Val {
    let (si, carry) = (m.imm(w.si()), m.imm(carry));
    let sum = m.add_carrying(a, si, carry);
    m.set_gpr(w.rt(), sum);
    sum
}

crate::isa![
    Insn {
        name: addi,
        form: form::d(14),
        asm: "addi RT,RA0,SI",
        book: "Book I, Add Immediate",
        does: |m, w| {
            let (a, si) = (m.gpr_or_zero(w.ra()), m.imm(w.si()));
            let sum = m.add(a, si);
            m.set_gpr(w.rt(), sum);
        },
        cases: &["3864ffff addi r3,r4,-1 | r4=1 | r3=0", "38600020 addi r3,0,32 | r0=7 | r3=20"],
    },
    Insn {
        name: addis,
        form: form::d(15),
        asm: "addis RT,RA0,SI",
        book: "Book I, Add Immediate Shifted",
        does: |m, w| {
            let (a, si) = (m.gpr_or_zero(w.ra()), m.imm(w.si() << 16));
            let sum = m.add(a, si);
            m.set_gpr(w.rt(), sum);
        },
        cases: &[
            "3c64ffff addis r3,r4,-1 | r4=10005 | r3=5",
            "3c608000 addis r3,0,-32768 | r0=7 | r3=ffffffff80000000",
        ],
    },
    Insn {
        name: addpcis,
        form: form::dx(19, 2).ends(),
        asm: "addpcis RT,DX",
        book: "Book I, Add PC Immediate Shifted",
        level: V3_0,
        does: |m, w| {
            let (cia, offset) = (m.cia(), m.imm((w.d() << 16).wrapping_add(4)));
            let sum = m.add(cia, offset);
            m.set_gpr(w.rt(), sum);
        },
        cases: &[
            "4c600004 addpcis r3,0 | | r3=1004",
            "4c7f7fc5 addpcis r3,32767 | | r3=7fff1004",
            "4c7fffc5 addpcis r3,-1 | | r3=ffffffffffff1004",
        ],
    },
    Insn {
        name: add,
        form: form::xo(31, 266),
        asm: "add[o][.] RT,RA,RB",
        book: "Book I, Add",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            sum(m, w, a, b);
        },
        cases: &[
            "7c642a14 add r3,r4,r5 | r4=-1 r5=2 | r3=1",
            "7c642e15 addo. r3,r4,r5 | r4=7fffffffffffffff r5=1 | r3=8000000000000000 so=1 ov=1 cr0=9",
            "7c642e15 addo. r3,r4,r5 | r4=7fffffff r5=1 ov=1 | r3=80000000 ov=0 ov32=1 cr0=4",
            "7c642e15 addo. r3,r4,r5 | r4=7fffffff r5=1 msr=1000 | r3=80000000 so=1 ov=1 ov32=1 cr0=9",
        ],
    },
    Insn {
        name: addic,
        form: form::d(12),
        asm: "addic RT,RA,SI",
        book: "Book I, Add Immediate Carrying",
        does: |m, w| {
            let a = m.gpr(w.ra());
            immediate_carrying(m, w, a, 0);
        },
        cases: &[
            "3064ffff addic r3,r4,-1 | r4=0 ca=1 ca32=1 | r3=-1 ca=0 ca32=0",
            "3064ffff addic r3,r4,-1 | r4=100000000 | r3=ffffffff ca=1",
            "3064ffff addic r3,r4,-1 | r4=100000000 ca=1 msr=1000 | r3=ffffffff ca=0",
            "30600001 addic r3,r0,1 | r0=ffffffff | r3=100000000 ca32=1",
        ],
    },
    Insn {
        name: addic_rc,
        form: form::d(13),
        asm: "addic. RT,RA,SI",
        book: "Book I, Add Immediate Carrying and Record",
        does: |m, w| {
            let a = m.gpr(w.ra());
            let sum = immediate_carrying(m, w, a, 0);
            m.set_cr0(sum);
        },
        cases: &[
            "3464ffff addic. r3,r4,-1 | r4=1 | r3=0 ca=1 ca32=1 cr0=2",
            "3464fffe addic. r3,r4,-2 | r4=1 so=1 | r3=-1 cr0=9",
        ],
    },
    Insn {
        name: addc,
        form: form::xo(31, 10),
        asm: "addc[o][.] RT,RA,RB",
        book: "Book I, Add Carrying",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.gpr(w.rb()), m.imm(0));
            sum_carrying(m, w, a, b, carry);
        },
        cases: &[
            "7c642814 addc r3,r4,r5 | r4=ffffffff r5=1 | r3=100000000 ca32=1",
            "7c642815 addc. r3,r4,r5 | r4=ffffffff r5=1 msr=1000 | r3=100000000 ca=1 ca32=1 cr0=2",
            "7c642c14 addco r3,r4,r5 | r4=8000000000000000 r5=8000000000000000 | r3=0 ca=1 so=1 ov=1",
        ],
    },
    Insn {
        name: adde,
        form: form::xo(31, 138),
        asm: "adde[o][.] RT,RA,RB",
        book: "Book I, Add Extended",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.gpr(w.rb()), m.ca());
            sum_carrying(m, w, a, b, carry);
        },
        cases: &[
            "7c642915 adde. r3,r4,r5 | r4=-1 r5=0 ca=1 | r3=0 ca=1 ca32=1 cr0=2",
            "7c642914 adde r3,r4,r5 | r4=3 r5=4 ca=0 ca32=1 | r3=7 ca32=0",
            "7c642d14 addeo r3,r4,r5 | r4=7fffffffffffffff r5=0 ca=1 | r3=8000000000000000 ca=0 ca32=1 so=1 ov=1",
        ],
    },
    Insn {
        name: addme,
        form: form::xo(31, 234).zero(form::RB),
        asm: "addme[o][.] RT,RA",
        book: "Book I, Add to Minus One Extended",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.imm(u64::MAX), m.ca());
            sum_carrying(m, w, a, b, carry);
        },
        cases: &[
            "7c6401d5 addme. r3,r4 | r4=0 | r3=-1 cr0=8",
            "7c6401d4 addme r3,r4 | r4=0 ca=1 | r3=0 ca=1 ca32=1",
            "7c6405d4 addmeo r3,r4 | r4=8000000000000000 | r3=7fffffffffffffff ca=1 so=1 ov=1",
        ],
    },
    Insn {
        name: addze,
        form: form::xo(31, 202).zero(form::RB),
        asm: "addze[o][.] RT,RA",
        book: "Book I, Add to Zero Extended",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.imm(0), m.ca());
            sum_carrying(m, w, a, b, carry);
        },
        cases: &[
            "7c640195 addze. r3,r4 | r4=-1 ca=1 | r3=0 ca=1 ca32=1 cr0=2",
            "7c640594 addzeo r3,r4 | r4=7fffffff ca=1 | r3=80000000 ca=0 ov32=1",
        ],
    },
    Insn {
        name: addex,
        form: form::z23(31, 170).zero(3 << 9),
        asm: "addex RT,RA,RB,CY",
        book: "Book I, Add Extended using alternate carry bit; only CY=0 is defined",
        level: V3_0,
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.gpr(w.rb()), m.ov());
            let sum = m.add(a, b);
            let sum = m.add(sum, carry);
            let (ov, ov32) = m.carries(a, b, sum);
            m.set_ov_only(ov, ov32);
            m.set_gpr(w.rt(), sum);
        },
        cases: &[
            "7c642954 addex r3,r4,r5,0 | r4=-1 r5=0 ov=1 | r3=0 ov32=1",
            "7c642954 addex r3,r4,r5,0 | r4=-1 r5=1 | r3=0 ov=1 ov32=1",
            "7c642954 addex r3,r4,r5,0 | r4=1 r5=1 ov=1 ov32=1 | r3=3 ov=0 ov32=0",
            "7c642954 addex r3,r4,r5,0 | r4=ffffffff r5=1 msr=1000 | r3=100000000 ov=1 ov32=1",
        ],
    },
];
