// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector packs and unpacks (Power ISA 3.0B, Book I, 6.8).

use crate::{
    arith::vector::{pack, pack_clamp, unpack_high, unpack_low},
    form,
    isa::elements,
    vocabulary::{LaneOp, Size},
};

/// A 32-bit pixel as a 16-bit one: bits 7, 8:12, 16:20 and 24:28 of the word.
fn to_pixel(x: u32) -> u16 {
    ((x >> 9 & 0xfc00) | (x >> 6 & 0x3e0) | (x >> 3 & 0x1f)) as u16
}

/// A 16-bit pixel as a 32-bit one: the first bit becomes a byte of copies, each of the three
/// fields of five bits a byte.
fn from_pixel(x: u16) -> u32 {
    let x = u32::from(x);
    let field = |at: u32| x >> at & 31;
    let copies = if field(15) != 0 { 0xff } else { 0 };
    copies << 24 | field(10) << 16 | field(5) << 8 | field(0)
}

crate::isa![
    Insn {
        name: vpkuhum,
        form: form::vx(14),
        asm: "vpkuhum VT,VA,VB",
        book: "Book I, Vector Pack Unsigned Halfword Unsigned Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Pack(Size::Half))?;
        },
        cases: &[
            "1064280e vpkuhum v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0180feffffff0000ff800280000100ff"
        ],
    },
    Insn {
        name: vpkuwum,
        form: form::vx(78),
        asm: "vpkuwum VT,VA,VB",
        book: "Book I, Vector Pack Unsigned Word Unsigned Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Pack(Size::Word))?;
        },
        cases: &[
            "1064284e vpkuwum v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=7f8055ffffff0000018000800001ffff"
        ],
    },
    Insn {
        name: vpkudum,
        form: form::vx(1102),
        asm: "vpkudum VT,VA,VB",
        book: "Book I, Vector Pack Unsigned Doubleword Unsigned Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Pack(Size::Double))?;
        },
        cases: &[
            "10642c4e vpkudum v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=81fe55ff80000000010200808000ffff"
        ],
    },
    Insn {
        name: vpkuhus,
        form: form::vx(142),
        asm: "vpkuhus VT,VA,VB",
        book: "Book I, Vector Pack Unsigned Halfword Unsigned Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<u16, u8>(i64::from)), w)?;
        },
        cases: &[
            "1064288e vpkuhus v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ffffffffffff00ffffff800001ffff vscr=1"
        ],
    },
    Insn {
        name: vpkuwus,
        form: form::vx(206),
        asm: "vpkuwus VT,VA,VB",
        book: "Book I, Vector Pack Unsigned Word Unsigned Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<u32, u16>(i64::from)), w)?;
        },
        cases: &[
            "106428ce vpkuwus v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=ffffffffffffffffffffffff0001ffff vscr=1"
        ],
    },
    Insn {
        name: vpkudus,
        form: form::vx(1230),
        asm: "vpkudus VT,VA,VB",
        book: "Book I, Vector Pack Unsigned Doubleword Unsigned Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<u64, u32>(|x| x.min(1 << 32) as i64)), w)?;
        },
        cases: &[
            "10642cce vpkudus v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=-1 vscr=1"
        ],
    },
    Insn {
        name: vpkshss,
        form: form::vx(398),
        asm: "vpkshss VT,VA,VB",
        book: "Book I, Vector Pack Signed Halfword Signed Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<i16, i8>(i64::from)), w)?;
        },
        cases: &[
            "1064298e vpkshss v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=017f807f7fff80007f7f7f7f000180ff vscr=1"
        ],
    },
    Insn {
        name: vpkswss,
        form: form::vx(462),
        asm: "vpkswss VT,VA,VB",
        book: "Book I, Vector Pack Signed Word Signed Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<i32, i16>(i64::from)), w)?;
        },
        cases: &[
            "106429ce vpkswss v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=7fff80007fff80007fff7fff00018000 vscr=1"
        ],
    },
    Insn {
        name: vpksdss,
        form: form::vx(1486),
        asm: "vpksdss VT,VA,VB",
        book: "Book I, Vector Pack Signed Doubleword Signed Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<i64, i32>(|x| x)), w)?;
        },
        cases: &[
            "10642dce vpksdss v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=7fffffff7fffffff7fffffff7fffffff vscr=1"
        ],
    },
    Insn {
        name: vpkshus,
        form: form::vx(270),
        asm: "vpkshus VT,VA,VB",
        book: "Book I, Vector Pack Signed Halfword Unsigned Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<i16, u8>(i64::from)), w)?;
        },
        cases: &[
            "1064290e vpkshus v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff00ffff000000ffffff8000010000 vscr=1"
        ],
    },
    Insn {
        name: vpkswus,
        form: form::vx(334),
        asm: "vpkswus VT,VA,VB",
        book: "Book I, Vector Pack Signed Word Unsigned Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<i32, u16>(i64::from)), w)?;
        },
        cases: &[
            "1064294e vpkswus v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=ffff0000ffff0000ffffffff00010000 vscr=1"
        ],
    },
    Insn {
        name: vpksdus,
        form: form::vx(1358),
        asm: "vpksdus VT,VA,VB",
        book: "Book I, Vector Pack Signed Doubleword Unsigned Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, pack_clamp::<i64, u32>(|x| x)), w)?;
        },
        cases: &[
            "10642d4e vpksdus v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=-1 vscr=1"
        ],
    },
    Insn {
        name: vpkpx,
        form: form::vx(782),
        asm: "vpkpx VT,VA,VB",
        book: "Book I, Vector Pack Pixel",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, pack(to_pixel)), w)?;
        },
        cases: &[
            "10642b0e vpkpx v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01f0fd5fffff0000fc108010000003ff"
        ],
    },
    Insn {
        name: vupkhsb,
        form: form::vx(526).zero(form::RA),
        asm: "vupkhsb VT,VB",
        book: "Book I, Vector Unpack High Signed Byte",
        does: |m, w| {
            elements::v_b(m, w, LaneOp::UnpackHigh(Size::Byte))?;
        },
        cases: &[
            "10602a0e vupkhsb v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00000001007fff80ff81fffe0055ffff"
        ],
    },
    Insn {
        name: vupklsb,
        form: form::vx(654).zero(form::RA),
        asm: "vupklsb VT,VB",
        book: "Book I, Vector Unpack Low Signed Byte",
        does: |m, w| {
            elements::v_b(m, w, LaneOp::UnpackLow(Size::Byte))?;
        },
        cases: &[
            "10602a8e vupklsb v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=007fffffffffffffff80000000000000"
        ],
    },
    Insn {
        name: vupkhsh,
        form: form::vx(590).zero(form::RA),
        asm: "vupkhsh VT,VB",
        book: "Book I, Vector Unpack High Signed Halfword",
        does: |m, w| {
            elements::v_b(m, w, LaneOp::UnpackHigh(Size::Half))?;
        },
        cases: &[
            "10602a4e vupkhsh v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=0000000100007f80ffff81fe000055ff"
        ],
    },
    Insn {
        name: vupklsh,
        form: form::vx(718).zero(form::RA),
        asm: "vupklsh VT,VB",
        book: "Book I, Vector Unpack Low Signed Halfword",
        does: |m, w| {
            elements::v_b(m, w, LaneOp::UnpackLow(Size::Half))?;
        },
        cases: &[
            "10602ace vupklsh v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00007fffffffffffffff800000000000"
        ],
    },
    Insn {
        name: vupkhsw,
        form: form::vx(1614).zero(form::RA),
        asm: "vupkhsw VT,VB",
        book: "Book I, Vector Unpack High Signed Word",
        does: |m, w| {
            elements::v_b(m, w, LaneOp::UnpackHigh(Size::Word))?;
        },
        cases: &[
            "10602e4e vupkhsw v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=0000000000017f80ffffffff81fe55ff"
        ],
    },
    Insn {
        name: vupklsw,
        form: form::vx(1742).zero(form::RA),
        asm: "vupklsw VT,VB",
        book: "Book I, Vector Unpack Low Signed Word",
        does: |m, w| {
            elements::v_b(m, w, LaneOp::UnpackLow(Size::Word))?;
        },
        cases: &[
            "10602ece vupklsw v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=000000007fffffffffffffff80000000"
        ],
    },
    Insn {
        name: vupkhpx,
        form: form::vx(846).zero(form::RA),
        asm: "vupkhpx VT,VB",
        book: "Book I, Vector Unpack High Pixel",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, unpack_high(from_pixel)), w)?;
        },
        cases: &[
            "10602b4e vupkhpx v3,v5 | v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=ff1c0701ff141603ff0d0505ff051407"
        ],
    },
    Insn {
        name: vupklpx,
        form: form::vx(974).zero(form::RA),
        asm: "vupklpx VT,VB",
        book: "Book I, Vector Unpack Low Pixel",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, unpack_low(from_pixel)), w)?;
        },
        cases: &[
            "10602bce vupklpx v3,v5 | v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=001e03090016120b000f010d0007100f"
        ],
    },
];
