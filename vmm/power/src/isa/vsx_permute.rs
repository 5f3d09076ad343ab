// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX permutes, splats and byte reversals (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::vector::Vector,
    form,
    isa::elements::{self, constant},
    vocabulary::{Facility, LaneOp, Size},
};

crate::isa![
    Insn {
        name: xxpermdi,
        form: form::xx3_dm(10),
        asm: "xxpermdi XT,XA,XB,DM",
        book: "Book I, VSX Vector Permute Doubleword Immediate",
        does: |m, w| {
            let dm = w.dm() as usize;
            elements::x_of(m, w, |m, a, b| m.doublewords(a, dm >> 1, b, dm & 1))?;
        },
        cases: &[
            "f0642854 xxpermdi vs3,vs36,vs5,0 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=0102030405060708f0e1d2c3b4a59687",
            "f0642954 xxpermdi vs3,vs36,vs5,1 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=010203040506070878695a4b3c2d1e0f",
            "f0642a54 xxpermdi vs3,vs36,vs5,2 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=090a0b0c0d0e0f10f0e1d2c3b4a59687",
            "f0642b54 xxpermdi vs3,vs36,vs5,3 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=090a0b0c0d0e0f1078695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: xxsldwi,
        form: form::xx3_dm(2),
        asm: "xxsldwi XT,XA,XB,SHW",
        book: "Book I, VSX Vector Shift Left Double by Word Immediate",
        does: |m, w| {
            elements::x_of(m, w, |m, a, b| m.shift_double(a, b, 4 * w.shw() as usize))?;
        },
        cases: &[
            "f0642915 xxsldwi vs35,vs36,vs5,1 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs35=00017f8081fe55ff7fffffff80000000 | vs35=05060708090a0b0c0d0e0f10f0e1d2c3",
            "f0642810 xxsldwi vs3,vs4,vs5,0 | vs4=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=0102030405060708090a0b0c0d0e0f10"
        ],
    },
    Insn {
        name: xxmrghw,
        form: form::xx3(18),
        asm: "xxmrghw XT,XA,XB",
        book: "Book I, VSX Vector Merge High Word",
        does: |m, w| {
            elements::x_ab(m, w, LaneOp::MergeHigh(Size::Word))?;
        },
        cases: &[
            "f0642894 xxmrghw vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=01020304f0e1d2c305060708b4a59687"
        ],
    },
    Insn {
        name: xxmrglw,
        form: form::xx3(50),
        asm: "xxmrglw XT,XA,XB",
        book: "Book I, VSX Vector Merge Low Word",
        does: |m, w| {
            elements::x_ab(m, w, LaneOp::MergeLow(Size::Word))?;
        },
        cases: &[
            "f0642994 xxmrglw vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs3=00017f8081fe55ff7fffffff80000000 | vs3=090a0b0c78695a4b0d0e0f103c2d1e0f"
        ],
    },
    Insn {
        name: xxperm,
        form: form::xx3(26),
        asm: "xxperm XT,XA,XB",
        book: "Book I, VSX Vector Permute",
        level: V3_0,
        does: |m, w| {
            let t = m.vs(w.xt());
            elements::x_of(m, w, |m, a, b| m.permute(a, t, b))?;
        },
        cases: &[
            "f06428d4 xxperm vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f vs5=0011021f040506070809101f1e1dfc0f | vs3=01e1030f05060708090af00f1e2d3c10"
        ],
    },
    Insn {
        name: xxpermr,
        form: form::xx3(58),
        asm: "xxpermr XT,XA,XB",
        book: "Book I, VSX Vector Permute Right-indexed",
        level: V3_0,
        does: |m, w| {
            let t = m.vs(w.xt());
            elements::x_of(m, w, |m, a, b| {
                let choice = m.vec_not(b);
                m.permute(a, t, choice)
            })?;
        },
        cases: &[
            "f06429d4 xxpermr vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f vs5=0011021f040506070809101f1e1dfc0f | vs3=0f0f2d014b5a697887961001020304f0"
        ],
    },
    Insn {
        name: xxspltw,
        form: form::xx2(164).zero(7 << 18),
        asm: "xxspltw XT,XB,UIM",
        book: "Book I, VSX Vector Splat Word",
        does: |m, w| {
            elements::x_of(m, w, |m, _, b| m.splat(Size::Word, b, w.uim() as usize))?;
        },
        cases: &[
            "f0622a92 xxspltw vs3,vs37,2 | vs37=0102030405060708090a0b0c0d0e0f10 | vs3=090a0b0c090a0b0c090a0b0c090a0b0c"
        ],
    },
    Insn {
        name: xxspltib,
        form: form::xx1(60, 360).zero(3 << 19),
        asm: "xxspltib XT,IMM8",
        book: "Book I, VSX Vector Splat Immediate Byte",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let v = constant(m, Vector::splat(w.imm8() as u8));
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0652ad1 xxspltib vs35,165 |  | vs35=a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
            "f0652ad1 xxspltib vs35,165 | msr=8000000000803000 | nip=f20",
            "f0652ad0 xxspltib vs3,165 | msr=8000000002003000 | nip=f40"
        ],
    },
    Insn {
        name: xxbrh,
        form: form::xx2_eo(475, 7),
        asm: "xxbrh XT,XB",
        book: "Book I, VSX Vector Byte-Reverse Halfword",
        level: V3_0,
        does: |m, w| {
            elements::x_b(m, w, LaneOp::ReverseBytes(Size::Half))?;
        },
        cases: &[
            "f0672f6d xxbrh vs35,vs5 | vs5=0102030405060708090a0b0c0d0e0f10 | vs35=02010403060508070a090c0b0e0d100f"
        ],
    },
    Insn {
        name: xxbrw,
        form: form::xx2_eo(475, 15),
        asm: "xxbrw XT,XB",
        book: "Book I, VSX Vector Byte-Reverse Word",
        level: V3_0,
        does: |m, w| {
            elements::x_b(m, w, LaneOp::ReverseBytes(Size::Word))?;
        },
        cases: &[
            "f06f2f6d xxbrw vs35,vs5 | vs5=0102030405060708090a0b0c0d0e0f10 | vs35=04030201080706050c0b0a09100f0e0d"
        ],
    },
    Insn {
        name: xxbrd,
        form: form::xx2_eo(475, 23),
        asm: "xxbrd XT,XB",
        book: "Book I, VSX Vector Byte-Reverse Doubleword",
        level: V3_0,
        does: |m, w| {
            elements::x_b(m, w, LaneOp::ReverseBytes(Size::Double))?;
        },
        cases: &[
            "f0772f6d xxbrd vs35,vs5 | vs5=0102030405060708090a0b0c0d0e0f10 | vs35=0807060504030201100f0e0d0c0b0a09"
        ],
    },
    Insn {
        name: xxbrq,
        form: form::xx2_eo(475, 31),
        asm: "xxbrq XT,XB",
        book: "Book I, VSX Vector Byte-Reverse Quadword",
        level: V3_0,
        does: |m, w| {
            elements::x_of(m, w, |m, _, b| {
                let v = m.lanes(LaneOp::ReverseBytes(Size::Double), b, b);
                m.doublewords(v, 1, v, 0)
            })?;
        },
        cases: &[
            "f07f2f6d xxbrq vs35,vs5 | vs5=0102030405060708090a0b0c0d0e0f10 | vs35=100f0e0d0c0b0a090807060504030201"
        ],
    },
];
