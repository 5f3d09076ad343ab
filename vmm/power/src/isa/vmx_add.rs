// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector addition and subtraction (Power ISA 3.0B, Book I, 6.9).

use crate::{
    arith::vector::{clamp2, map2, map3},
    form,
    isa::elements,
    vocabulary::{LaneOp, Size},
};

/// Carry out of bit 0 of `a + b +` the last bit of `c`.
fn carry(a: u128, b: u128, c: u128) -> u128 {
    let (sum, first) = a.overflowing_add(b);
    u128::from(first | sum.overflowing_add(c & 1).1)
}

crate::isa![
    Insn {
        name: vaddubm,
        form: form::vx(0),
        asm: "vaddubm VT,VA,VB",
        book: "Book I, Vector Add Unsigned Byte Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Add(Size::Byte))?;
        },
        cases: &[
            "10642800 vaddubm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=010080008200557f7fffff000000ffff",
            "10642800 vaddubm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff msr=8000000000803000 | nip=f20"
        ],
    },
    Insn {
        name: vadduhm,
        form: form::vx(64),
        asm: "vadduhm VT,VA,VB",
        book: "Book I, Vector Add Unsigned Halfword Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Add(Size::Half))?;
        },
        cases: &[
            "10642840 vadduhm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f7fff00000000ffff"
        ],
    },
    Insn {
        name: vadduwm,
        form: form::vx(128),
        asm: "vadduwm VT,VA,VB",
        book: "Book I, Vector Add Unsigned Word Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Add(Size::Word))?;
        },
        cases: &[
            "10642880 vadduwm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f800000000000ffff"
        ],
    },
    Insn {
        name: vaddudm,
        form: form::vx(192),
        asm: "vaddudm VT,VA,VB",
        book: "Book I, Vector Add Unsigned Doubleword Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Add(Size::Double))?;
        },
        cases: &[
            "106428c0 vaddudm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f800000010000ffff"
        ],
    },
    Insn {
        name: vadduqm,
        form: form::vx(256),
        asm: "vadduqm VT,VA,VB",
        book: "Book I, Vector Add Unsigned Quadword Modulo",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(u128::wrapping_add)), w)?;
        },
        cases: &[
            "10642900 vadduqm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f800000010000ffff"
        ],
    },
    Insn {
        name: vaddubs,
        form: form::vx(512),
        asm: "vaddubs VT,VA,VB",
        book: "Book I, Vector Add Unsigned Byte Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: u8, b| i64::from(a) + i64::from(b))), w)?;
        },
        cases: &[
            "10642a00 vaddubs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff80ff82ff55ff7fffffffff00ffff vscr=1",
            "10642a00 vaddubs v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=0102030405060708090a0b0c0d0e0f10 vscr=1 | v3=020406080a0c0e10121416181a1c1e20"
        ],
    },
    Insn {
        name: vadduhs,
        form: form::vx(576),
        asm: "vadduhs VT,VA,VB",
        book: "Book I, Vector Add Unsigned Halfword Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: u16, b| i64::from(a) + i64::from(b))), w)?;
        },
        cases: &[
            "10642a40 vadduhs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f7fffffffffffffff vscr=1"
        ],
    },
    Insn {
        name: vadduws,
        form: form::vx(640),
        asm: "vadduws VT,VA,VB",
        book: "Book I, Vector Add Unsigned Word Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: u32, b| i64::from(a) + i64::from(b))), w)?;
        },
        cases: &[
            "10642a80 vadduws v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f80000000ffffffff vscr=1"
        ],
    },
    Insn {
        name: vaddsbs,
        form: form::vx(768),
        asm: "vaddsbs VT,VA,VB",
        book: "Book I, Vector Add Signed Byte Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: i8, b| i64::from(a) + i64::from(b))), w)?;
        },
        cases: &[
            "10642b00 vaddsbs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01007f80820055807fffff008000ffff vscr=1"
        ],
    },
    Insn {
        name: vaddshs,
        form: form::vx(832),
        asm: "vaddshs VT,VA,VB",
        book: "Book I, Vector Add Signed Halfword Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: i16, b| i64::from(a) + i64::from(b))), w)?;
        },
        cases: &[
            "10642b40 vaddshs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=02007fff8300567f7fff00008000ffff vscr=1"
        ],
    },
    Insn {
        name: vaddsws,
        form: form::vx(896),
        asm: "vaddsws VT,VA,VB",
        book: "Book I, Vector Add Signed Word Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: i32, b| i64::from(a) + i64::from(b))), w)?;
        },
        cases: &[
            "10642b80 vaddsws v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=020081008300567f7fffffff80000000 vscr=1"
        ],
    },
    Insn {
        name: vsububm,
        form: form::vx(1024),
        asm: "vsububm VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Byte Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Sub(Size::Byte))?;
        },
        cases: &[
            "10642c00 vsububm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=ff027e0080fc557f7ffffffe00000101"
        ],
    },
    Insn {
        name: vsubuhm,
        form: form::vx(1088),
        asm: "vsubuhm VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Halfword Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Sub(Size::Half))?;
        },
        cases: &[
            "10642c40 vsubuhm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=fe027e0080fc557f7ffffffe00000001"
        ],
    },
    Insn {
        name: vsubuwm,
        form: form::vx(1152),
        asm: "vsubuwm VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Word Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Sub(Size::Word))?;
        },
        cases: &[
            "10642c80 vsubuwm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=fe027e0080fc557f7ffffffeffff0001"
        ],
    },
    Insn {
        name: vsubudm,
        form: form::vx(1216),
        asm: "vsubudm VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Doubleword Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Sub(Size::Double))?;
        },
        cases: &[
            "10642cc0 vsubudm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=fe027e0080fc557f7ffffffdffff0001"
        ],
    },
    Insn {
        name: vsubuqm,
        form: form::vx(1280),
        asm: "vsubuqm VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Quadword Modulo",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(u128::wrapping_sub)), w)?;
        },
        cases: &[
            "10642d00 vsubuqm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=fe027e0080fc557f7ffffffdffff0001"
        ],
    },
    Insn {
        name: vsububs,
        form: form::vx(1536),
        asm: "vsububs VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Byte Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: u8, b| i64::from(a) - i64::from(b))), w)?;
        },
        cases: &[
            "10642e00 vsububs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00007e0080fc557f7ffffffe00000000 vscr=1"
        ],
    },
    Insn {
        name: vsubuhs,
        form: form::vx(1600),
        asm: "vsubuhs VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Halfword Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: u16, b| i64::from(a) - i64::from(b))), w)?;
        },
        cases: &[
            "10642e40 vsubuhs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00007e0080fc557f7ffffffe00000000 vscr=1"
        ],
    },
    Insn {
        name: vsubuws,
        form: form::vx(1664),
        asm: "vsubuws VT,VA,VB",
        book: "Book I, Vector Subtract Unsigned Word Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: u32, b| i64::from(a) - i64::from(b))), w)?;
        },
        cases: &[
            "10642e80 vsubuws v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000000080fc557f7ffffffe00000000 vscr=1"
        ],
    },
    Insn {
        name: vsubsbs,
        form: form::vx(1792),
        asm: "vsubsbs VT,VA,VB",
        book: "Book I, Vector Subtract Signed Byte Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: i8, b| i64::from(a) - i64::from(b))), w)?;
        },
        cases: &[
            "10642f00 vsubsbs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=ff027e0080fc557f7ffffffe00000101"
        ],
    },
    Insn {
        name: vsubshs,
        form: form::vx(1856),
        asm: "vsubshs VT,VA,VB",
        book: "Book I, Vector Subtract Signed Halfword Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: i16, b| i64::from(a) - i64::from(b))), w)?;
        },
        cases: &[
            "10642f40 vsubshs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=fe027e0080fc557f7ffffffe00000001"
        ],
    },
    Insn {
        name: vsubsws,
        form: form::vx(1920),
        asm: "vsubsws VT,VA,VB",
        book: "Book I, Vector Subtract Signed Word Saturate",
        does: |m, w| {
            m.vector(|c, w| c.v2_sat(w, clamp2(|a: i32, b| i64::from(a) - i64::from(b))), w)?;
        },
        cases: &[
            "10642f80 vsubsws v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=fe027e0080fc557f7ffffffeffff0001"
        ],
    },
    Insn {
        name: vaddcuw,
        form: form::vx(384),
        asm: "vaddcuw VT,VA,VB",
        book: "Book I, Vector Add and Write Carry-Out Unsigned Word",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u32, b| u32::from(a.checked_add(b).is_none()))), w)?;
        },
        cases: &[
            "10642980 vaddcuw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00000000000000000000000000000001"
        ],
    },
    Insn {
        name: vsubcuw,
        form: form::vx(1408),
        asm: "vsubcuw VT,VA,VB",
        book: "Book I, Vector Subtract and Write Carry-Out Unsigned Word",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u32, b| u32::from(a >= b))), w)?;
        },
        cases: &[
            "10642d80 vsubcuw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00000000000000010000000100000000"
        ],
    },
    Insn {
        name: vaddcuq,
        form: form::vx(320),
        asm: "vaddcuq VT,VA,VB",
        book: "Book I, Vector Add and Write Carry Unsigned Quadword",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a, b| carry(a, b, 0))), w)?;
        },
        cases: &["10642940 vaddcuq v3,v4,v5 | v4=-1 v5=1 | v3=00000000000000000000000000000001"],
    },
    Insn {
        name: vaddeuqm,
        form: form::va(4, 60),
        asm: "vaddeuqm VT,VA,VB,VC",
        book: "Book I, Vector Add Extended Unsigned Quadword Modulo",
        does: |m, w| {
            m.vector(
                |c, w| c.v3(w, map3(|a: u128, b, c| a.wrapping_add(b).wrapping_add(c & 1))),
                w,
            )?;
        },
        cases: &[
            "106429bc vaddeuqm v3,v4,v5,v6 | v4=-3 v5=5 v6=3 | v3=00000000000000000000000000000003",
            "106429bc vaddeuqm v3,v4,v5,v6 | v4=7 v5=5 v6=2 | v3=0000000000000000000000000000000c"
        ],
    },
    Insn {
        name: vaddecuq,
        form: form::va(4, 61),
        asm: "vaddecuq VT,VA,VB,VC",
        book: "Book I, Vector Add Extended and Write Carry Unsigned Quadword",
        does: |m, w| {
            m.vector(|c, w| c.v3(w, map3(carry)), w)?;
        },
        cases: &[
            "106429bd vaddecuq v3,v4,v5,v6 | v4=-3 v5=5 v6=3 | v3=00000000000000000000000000000001",
            "106429bd vaddecuq v3,v4,v5,v6 | v4=7 v5=5 v6=2 |"
        ],
    },
    Insn {
        name: vsubcuq,
        form: form::vx(1344),
        asm: "vsubcuq VT,VA,VB",
        book: "Book I, Vector Subtract and Write Carry Unsigned Quadword",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a, b| carry(a, !b, 1))), w)?;
        },
        cases: &["10642d40 vsubcuq v3,v4,v5 | v4=5 v5=5 | v3=00000000000000000000000000000001"],
    },
    Insn {
        name: vsubeuqm,
        form: form::va(4, 62),
        asm: "vsubeuqm VT,VA,VB,VC",
        book: "Book I, Vector Subtract Extended Unsigned Quadword Modulo",
        does: |m, w| {
            m.vector(
                |c, w| c.v3(w, map3(|a: u128, b, c| a.wrapping_add(!b).wrapping_add(c & 1))),
                w,
            )?;
        },
        cases: &[
            "106429be vsubeuqm v3,v4,v5,v6 | v4=-3 v5=5 v6=3 | v3=fffffffffffffffffffffffffffffff8",
            "106429be vsubeuqm v3,v4,v5,v6 | v4=7 v5=5 v6=2 | v3=00000000000000000000000000000001"
        ],
    },
    Insn {
        name: vsubecuq,
        form: form::va(4, 63),
        asm: "vsubecuq VT,VA,VB,VC",
        book: "Book I, Vector Subtract Extended and Write Carry Unsigned Quadword",
        does: |m, w| {
            m.vector(|c, w| c.v3(w, map3(|a, b, c| carry(a, !b, c))), w)?;
        },
        cases: &[
            "106429bf vsubecuq v3,v4,v5,v6 | v4=-3 v5=5 v6=3 | v3=00000000000000000000000000000001",
            "106429bf vsubecuq v3,v4,v5,v6 | v4=7 v5=5 v6=2 | v3=00000000000000000000000000000001"
        ],
    },
];
