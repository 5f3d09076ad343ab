// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector integer comparisons (Power ISA 3.0B, Book I, 6.9).

use crate::{
    form,
    isa::elements,
    vocabulary::{LaneOp, Size},
};

crate::isa![
    Insn {
        name: vcmpequb,
        form: form::vc(6),
        asm: "vcmpequb[.] VT,VA,VB",
        book: "Book I, Vector Compare Equal Unsigned Byte",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::Equal(Size::Byte))?;
        },
        cases: &[
            "10642806 vcmpequb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000000ff0000000000000000ffff0000",
            "10642c06 vcmpequb. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | v3=-1 cr6=8",
            "10642c06 vcmpequb. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | cr6=2"
        ],
    },
    Insn {
        name: vcmpequh,
        form: form::vc(70),
        asm: "vcmpequh[.] VT,VA,VB",
        book: "Book I, Vector Compare Equal Unsigned Halfword",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::Equal(Size::Half))?;
        },
        cases: &[
            "10642846 vcmpequh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000000000000000000000000ffff0000",
            "10642c46 vcmpequh. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | v3=-1 cr6=8",
            "10642c46 vcmpequh. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | cr6=2"
        ],
    },
    Insn {
        name: vcmpequw,
        form: form::vc(134),
        asm: "vcmpequw[.] VT,VA,VB",
        book: "Book I, Vector Compare Equal Unsigned Word",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::Equal(Size::Word))?;
        },
        cases: &[
            "10642886 vcmpequw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff |",
            "10642c86 vcmpequw. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | v3=-1 cr6=8",
            "10642c86 vcmpequw. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | cr6=2"
        ],
    },
    Insn {
        name: vcmpequd,
        form: form::vc(199),
        asm: "vcmpequd[.] VT,VA,VB",
        book: "Book I, Vector Compare Equal Unsigned Doubleword",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::Equal(Size::Double))?;
        },
        cases: &[
            "106428c7 vcmpequd v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff |",
            "10642cc7 vcmpequd. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | v3=-1 cr6=8",
            "10642cc7 vcmpequd. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | cr6=2"
        ],
    },
    Insn {
        name: vcmpgtub,
        form: form::vc(518),
        asm: "vcmpgtub[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Unsigned Byte",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterUnsigned(Size::Byte))?;
        },
        cases: &[
            "10642a06 vcmpgtub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000ff00ffffffffffffffff00000000",
            "10642e06 vcmpgtub. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642e06 vcmpgtub. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=0000000000ff00ffffffffffff000000"
        ],
    },
    Insn {
        name: vcmpgtuh,
        form: form::vc(582),
        asm: "vcmpgtuh[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Unsigned Halfword",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterUnsigned(Size::Half))?;
        },
        cases: &[
            "10642a46 vcmpgtuh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000ffffffffffffffffffff00000000",
            "10642e46 vcmpgtuh. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642e46 vcmpgtuh. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=0000000000000000ffffffffffff0000"
        ],
    },
    Insn {
        name: vcmpgtuw,
        form: form::vc(646),
        asm: "vcmpgtuw[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Unsigned Word",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterUnsigned(Size::Word))?;
        },
        cases: &[
            "10642a86 vcmpgtuw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00000000ffffffffffffffff00000000",
            "10642e86 vcmpgtuw. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642e86 vcmpgtuw. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=0000000000000000ffffffffffffffff"
        ],
    },
    Insn {
        name: vcmpgtud,
        form: form::vc(711),
        asm: "vcmpgtud[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Unsigned Doubleword",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterUnsigned(Size::Double))?;
        },
        cases: &[
            "10642ac7 vcmpgtud v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000000000000000ffffffffffffffff",
            "10642ec7 vcmpgtud. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642ec7 vcmpgtud. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=0000000000000000ffffffffffffffff"
        ],
    },
    Insn {
        name: vcmpgtsb,
        form: form::vc(774),
        asm: "vcmpgtsb[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Signed Byte",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterSigned(Size::Byte))?;
        },
        cases: &[
            "10642b06 vcmpgtsb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00ffff000000ffffff0000000000ffff",
            "10642f06 vcmpgtsb. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642f06 vcmpgtsb. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=ffffff0000ffffffff00000000000000"
        ],
    },
    Insn {
        name: vcmpgtsh,
        form: form::vc(838),
        asm: "vcmpgtsh[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Signed Halfword",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterSigned(Size::Half))?;
        },
        cases: &[
            "10642b46 vcmpgtsh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000ffff0000ffffffff00000000ffff",
            "10642f46 vcmpgtsh. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642f46 vcmpgtsh. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=ffffffff0000ffffffff000000000000"
        ],
    },
    Insn {
        name: vcmpgtsw,
        form: form::vc(902),
        asm: "vcmpgtsw[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Signed Word",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterSigned(Size::Word))?;
        },
        cases: &[
            "10642b86 vcmpgtsw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000000000000000ffffffff00000000",
            "10642f86 vcmpgtsw. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642f86 vcmpgtsw. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=ffffffff00000000ffffffff00000000"
        ],
    },
    Insn {
        name: vcmpgtsd,
        form: form::vc(967),
        asm: "vcmpgtsd[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Signed Doubleword",
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::GreaterSigned(Size::Double))?;
        },
        cases: &[
            "10642bc7 vcmpgtsd v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000000000000000ffffffffffffffff",
            "10642fc7 vcmpgtsd. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642fc7 vcmpgtsd. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpneb,
        form: form::vc(7),
        asm: "vcmpneb[.] VT,VA,VB",
        book: "Book I, Vector Compare Not Equal Byte",
        level: V3_0,
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::NotEqual(Size::Byte))?;
        },
        cases: &[
            "10642807 vcmpneb v3,v4,v5 | v4=00017f00ff00 v5=00017f00fe01 | v3=0000000000000000000000000000ffff",
            "10642c07 vcmpneb. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642c07 vcmpneb. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpneh,
        form: form::vc(71),
        asm: "vcmpneh[.] VT,VA,VB",
        book: "Book I, Vector Compare Not Equal Halfword",
        level: V3_0,
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::NotEqual(Size::Half))?;
        },
        cases: &[
            "10642847 vcmpneh v3,v4,v5 | v4=00017f00ff00 v5=00017f00fe01 | v3=0000000000000000000000000000ffff",
            "10642c47 vcmpneh. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642c47 vcmpneh. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpnew,
        form: form::vc(135),
        asm: "vcmpnew[.] VT,VA,VB",
        book: "Book I, Vector Compare Not Equal Word",
        level: V3_0,
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::NotEqual(Size::Word))?;
        },
        cases: &[
            "10642887 vcmpnew v3,v4,v5 | v4=00017f00ff00 v5=00017f00fe01 | v3=000000000000000000000000ffffffff",
            "10642c87 vcmpnew. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642c87 vcmpnew. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpnezb,
        form: form::vc(263),
        asm: "vcmpnezb[.] VT,VA,VB",
        book: "Book I, Vector Compare Not Equal or Zero Byte",
        level: V3_0,
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::NotEqualOrZero(Size::Byte))?;
        },
        cases: &[
            "10642907 vcmpnezb v3,v4,v5 | v4=00017f00ff00 v5=00017f00fe01 | v3=ffffffffffffffffffffff0000ffffff",
            "10642d07 vcmpnezb. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642d07 vcmpnezb. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpnezh,
        form: form::vc(327),
        asm: "vcmpnezh[.] VT,VA,VB",
        book: "Book I, Vector Compare Not Equal or Zero Halfword",
        level: V3_0,
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::NotEqualOrZero(Size::Half))?;
        },
        cases: &[
            "10642947 vcmpnezh v3,v4,v5 | v4=00017f00ff00 v5=00017f00fe01 | v3=ffffffffffffffffffff00000000ffff",
            "10642d47 vcmpnezh. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642d47 vcmpnezh. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpnezw,
        form: form::vc(391),
        asm: "vcmpnezw[.] VT,VA,VB",
        book: "Book I, Vector Compare Not Equal or Zero Word",
        level: V3_0,
        does: |m, w| {
            elements::v_compare(m, w, LaneOp::NotEqualOrZero(Size::Word))?;
        },
        cases: &[
            "10642987 vcmpnezw v3,v4,v5 | v4=00017f00ff00 v5=00017f00fe01 | v3=ffffffffffffffff00000000ffffffff",
            "10642d87 vcmpnezw. v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 cr6=1 | cr6=2",
            "10642d87 vcmpnezw. v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=-1 cr6=8"
        ],
    },
];
