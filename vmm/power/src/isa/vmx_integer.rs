// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector maxima, averages, differences, signs and parity (Power ISA 3.0B, Book I, 6.9).

use crate::{
    arith::vector::{Vector, map1},
    form,
    isa::elements::{self, constant},
    vocabulary::{LaneOp, Size},
};

crate::isa![
    Insn {
        name: vmaxub,
        form: form::vx(2),
        asm: "vmaxub VT,VA,VB",
        book: "Book I, Vector Maximum Unsigned Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxUnsigned(Size::Byte))?;
        },
        cases: &[
            "10642802 vmaxub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff7f8081fe55ff7fffffff8000ffff"
        ],
    },
    Insn {
        name: vmaxuh,
        form: form::vx(66),
        asm: "vmaxuh VT,VA,VB",
        book: "Book I, Vector Maximum Unsigned Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxUnsigned(Size::Half))?;
        },
        cases: &[
            "10642842 vmaxuh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff7f8081fe55ff7fffffff8000ffff"
        ],
    },
    Insn {
        name: vmaxuw,
        form: form::vx(130),
        asm: "vmaxuw VT,VA,VB",
        book: "Book I, Vector Maximum Unsigned Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxUnsigned(Size::Word))?;
        },
        cases: &[
            "10642882 vmaxuw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff018081fe55ff7fffffff8000ffff"
        ],
    },
    Insn {
        name: vmaxud,
        form: form::vx(194),
        asm: "vmaxud VT,VA,VB",
        book: "Book I, Vector Maximum Unsigned Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxUnsigned(Size::Double))?;
        },
        cases: &[
            "106428c2 vmaxud v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff0180010200807fffffff80000000"
        ],
    },
    Insn {
        name: vmaxsb,
        form: form::vx(258),
        asm: "vmaxsb VT,VA,VB",
        book: "Book I, Vector Maximum Signed Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxSigned(Size::Byte))?;
        },
        cases: &[
            "10642902 vmaxsb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01017f80010255ff7f00000180000000"
        ],
    },
    Insn {
        name: vmaxsh,
        form: form::vx(322),
        asm: "vmaxsh VT,VA,VB",
        book: "Book I, Vector Maximum Signed Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxSigned(Size::Half))?;
        },
        cases: &[
            "10642942 vmaxsh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff7f80010255ff7fff000180000000"
        ],
    },
    Insn {
        name: vmaxsw,
        form: form::vx(386),
        asm: "vmaxsw VT,VA,VB",
        book: "Book I, Vector Maximum Signed Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxSigned(Size::Word))?;
        },
        cases: &[
            "10642982 vmaxsw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff0180010200807fffffff8000ffff"
        ],
    },
    Insn {
        name: vmaxsd,
        form: form::vx(450),
        asm: "vmaxsd VT,VA,VB",
        book: "Book I, Vector Maximum Signed Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MaxSigned(Size::Double))?;
        },
        cases: &[
            "106429c2 vmaxsd v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff0180010200807fffffff80000000"
        ],
    },
    Insn {
        name: vminub,
        form: form::vx(514),
        asm: "vminub VT,VA,VB",
        book: "Book I, Vector Minimum Unsigned Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinUnsigned(Size::Byte))?;
        },
        cases: &[
            "10642a02 vminub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00010180010200800000000180000000"
        ],
    },
    Insn {
        name: vminuh,
        form: form::vx(578),
        asm: "vminuh VT,VA,VB",
        book: "Book I, Vector Minimum Unsigned Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinUnsigned(Size::Half))?;
        },
        cases: &[
            "10642a42 vminuh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00010180010200800000000180000000"
        ],
    },
    Insn {
        name: vminuw,
        form: form::vx(642),
        asm: "vminuw VT,VA,VB",
        book: "Book I, Vector Minimum Unsigned Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinUnsigned(Size::Word))?;
        },
        cases: &[
            "10642a82 vminuw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00017f80010200800000000180000000"
        ],
    },
    Insn {
        name: vminud,
        form: form::vx(706),
        asm: "vminud VT,VA,VB",
        book: "Book I, Vector Minimum Unsigned Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinUnsigned(Size::Double))?;
        },
        cases: &[
            "10642ac2 vminud v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00017f8081fe55ff000000018000ffff"
        ],
    },
    Insn {
        name: vminsb,
        form: form::vx(770),
        asm: "vminsb VT,VA,VB",
        book: "Book I, Vector Minimum Signed Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinSigned(Size::Byte))?;
        },
        cases: &[
            "10642b02 vminsb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00ff018081fe008000ffffff8000ffff"
        ],
    },
    Insn {
        name: vminsh,
        form: form::vx(834),
        asm: "vminsh VT,VA,VB",
        book: "Book I, Vector Minimum Signed Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinSigned(Size::Half))?;
        },
        cases: &[
            "10642b42 vminsh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0001018081fe00800000ffff8000ffff"
        ],
    },
    Insn {
        name: vminsw,
        form: form::vx(898),
        asm: "vminsw VT,VA,VB",
        book: "Book I, Vector Minimum Signed Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinSigned(Size::Word))?;
        },
        cases: &[
            "10642b82 vminsw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00017f8081fe55ff0000000180000000"
        ],
    },
    Insn {
        name: vminsd,
        form: form::vx(962),
        asm: "vminsd VT,VA,VB",
        book: "Book I, Vector Minimum Signed Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MinSigned(Size::Double))?;
        },
        cases: &[
            "10642bc2 vminsd v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00017f8081fe55ff000000018000ffff"
        ],
    },
    Insn {
        name: vavgub,
        form: form::vx(1026),
        asm: "vavgub VT,VA,VB",
        book: "Book I, Vector Average Unsigned Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::AverageUnsigned(Size::Byte))?;
        },
        cases: &[
            "10642c02 vavgub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0180408041802bc04080808080008080"
        ],
    },
    Insn {
        name: vavguh,
        form: form::vx(1090),
        asm: "vavguh VT,VA,VB",
        book: "Book I, Vector Average Unsigned Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::AverageUnsigned(Size::Half))?;
        },
        cases: &[
            "10642c42 vavguh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0100408041802b404000800080008000"
        ],
    },
    Insn {
        name: vavguw,
        form: form::vx(1154),
        asm: "vavguw VT,VA,VB",
        book: "Book I, Vector Average Unsigned Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::AverageUnsigned(Size::Word))?;
        },
        cases: &[
            "10642c82 vavguw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0100408041802b404000000080008000"
        ],
    },
    Insn {
        name: vavgsb,
        form: form::vx(1282),
        asm: "vavgsb VT,VA,VB",
        book: "Book I, Vector Average Signed Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::AverageSigned(Size::Byte))?;
        },
        cases: &[
            "10642d02 vavgsb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01004080c1002bc04000000080000000"
        ],
    },
    Insn {
        name: vavgsh,
        form: form::vx(1346),
        asm: "vavgsh VT,VA,VB",
        book: "Book I, Vector Average Signed Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::AverageSigned(Size::Half))?;
        },
        cases: &[
            "10642d42 vavgsh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01004080c1802b404000000080000000"
        ],
    },
    Insn {
        name: vavgsw,
        form: form::vx(1410),
        asm: "vavgsw VT,VA,VB",
        book: "Book I, Vector Average Signed Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::AverageSigned(Size::Word))?;
        },
        cases: &[
            "10642d82 vavgsw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01004080c1802b404000000080008000"
        ],
    },
    Insn {
        name: vabsdub,
        form: form::vx(1027),
        asm: "vabsdub VT,VA,VB",
        book: "Book I, Vector Absolute Difference Unsigned Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Distance(Size::Byte))?;
        },
        cases: &[
            "10642c03 vabsdub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01fe7e0080fc557f7ffffffe0000ffff"
        ],
    },
    Insn {
        name: vabsduh,
        form: form::vx(1091),
        asm: "vabsduh VT,VA,VB",
        book: "Book I, Vector Absolute Difference Unsigned Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Distance(Size::Half))?;
        },
        cases: &[
            "10642c43 vabsduh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01fe7e0080fc557f7ffffffe0000ffff"
        ],
    },
    Insn {
        name: vabsduw,
        form: form::vx(1155),
        asm: "vabsduw VT,VA,VB",
        book: "Book I, Vector Absolute Difference Unsigned Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Distance(Size::Word))?;
        },
        cases: &[
            "10642c83 vabsduw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01fd820080fc557f7ffffffe0000ffff"
        ],
    },
    Insn {
        name: vnegw,
        form: form::vx_eo(1538, 6),
        asm: "vnegw VT,VB",
        book: "Book I, Vector Negate Word",
        level: V3_0,
        does: |m, w| {
            elements::v_of(m, w, |m, _, b| {
                let zero = constant(m, Vector::ZERO);
                m.lanes(LaneOp::Sub(Size::Word), zero, b)
            })?;
        },
        cases: &[
            "10662e02 vnegw v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=fffe80807e01aa018000000180000000"
        ],
    },
    Insn {
        name: vnegd,
        form: form::vx_eo(1538, 7),
        asm: "vnegd VT,VB",
        book: "Book I, Vector Negate Doubleword",
        level: V3_0,
        does: |m, w| {
            elements::v_of(m, w, |m, _, b| {
                let zero = constant(m, Vector::ZERO);
                m.lanes(LaneOp::Sub(Size::Double), zero, b)
            })?;
        },
        cases: &[
            "10672e02 vnegd v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=fffe807f7e01aa018000000080000000"
        ],
    },
    Insn {
        name: vextsb2w,
        form: form::vx_eo(1538, 16),
        asm: "vextsb2w VT,VB",
        book: "Book I, Vector Extend Sign Byte to Word",
        level: V3_0,
        does: |m, w| {
            elements::v_b(m, w, LaneOp::ExtendByte(Size::Word))?;
        },
        cases: &[
            "10702e02 vextsb2w v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=ffffff80ffffffffffffffff00000000"
        ],
    },
    Insn {
        name: vextsh2w,
        form: form::vx_eo(1538, 17),
        asm: "vextsh2w VT,VB",
        book: "Book I, Vector Extend Sign Halfword to Word",
        level: V3_0,
        does: |m, w| {
            elements::v_b(m, w, LaneOp::ExtendHalf(Size::Word))?;
        },
        cases: &[
            "10712e02 vextsh2w v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00007f80000055ffffffffff00000000"
        ],
    },
    Insn {
        name: vextsb2d,
        form: form::vx_eo(1538, 24),
        asm: "vextsb2d VT,VB",
        book: "Book I, Vector Extend Sign Byte to Doubleword",
        level: V3_0,
        does: |m, w| {
            elements::v_b(m, w, LaneOp::ExtendByte(Size::Double))?;
        },
        cases: &[
            "10782e02 vextsb2d v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=ffffffffffffffff0000000000000000"
        ],
    },
    Insn {
        name: vextsh2d,
        form: form::vx_eo(1538, 25),
        asm: "vextsh2d VT,VB",
        book: "Book I, Vector Extend Sign Halfword to Doubleword",
        level: V3_0,
        does: |m, w| {
            elements::v_b(m, w, LaneOp::ExtendHalf(Size::Double))?;
        },
        cases: &[
            "10792e02 vextsh2d v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00000000000055ff0000000000000000"
        ],
    },
    Insn {
        name: vextsw2d,
        form: form::vx_eo(1538, 26),
        asm: "vextsw2d VT,VB",
        book: "Book I, Vector Extend Sign Word to Doubleword",
        level: V3_0,
        does: |m, w| {
            elements::v_b(m, w, LaneOp::ExtendWord(Size::Double))?;
        },
        cases: &[
            "107a2e02 vextsw2d v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=ffffffff81fe55ffffffffff80000000"
        ],
    },
    Insn {
        name: vprtybw,
        form: form::vx_eo(1538, 8),
        asm: "vprtybw VT,VB",
        book: "Book I, Vector Parity Byte Word",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u32| (b & 0x0101_0101).count_ones() & 1)), w)?;
        },
        cases: &[
            "10682e02 vprtybw v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00000000000000010000000000000000",
            "10682e02 vprtybw v3,v5 | v5=0102030405060708090a0b0c0d0e0f10 |"
        ],
    },
    Insn {
        name: vprtybd,
        form: form::vx_eo(1538, 9),
        asm: "vprtybd VT,VB",
        book: "Book I, Vector Parity Byte Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.v1(w, map1(|b: u64| u64::from((b & (u64::MAX / 255)).count_ones() & 1))),
                w,
            )?;
        },
        cases: &[
            "10692e02 vprtybd v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00000000000000010000000000000000",
            "10692e02 vprtybd v3,v5 | v5=0102030405060708090a0b0c0d0e0f10 |"
        ],
    },
    Insn {
        name: vprtybq,
        form: form::vx_eo(1538, 10),
        asm: "vprtybq VT,VB",
        book: "Book I, Vector Parity Byte Quadword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v1(w, map1(|b: u128| u128::from((b & (u128::MAX / 255)).count_ones() & 1)))
                },
                w,
            )?;
        },
        cases: &[
            "106a2e02 vprtybq v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00000000000000000000000000000001",
            "106a2e02 vprtybq v3,v5 | v5=01ff018001020080000000018000ffff | v3=00000000000000000000000000000001"
        ],
    },
];
