// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector permutes, merges, splats and shifts of whole registers (Power ISA 3.0B, Book I, 6.8).

use crate::{
    arith::vector::{Vector, map2, map3},
    form,
    isa::elements::{self, constant},
    vocabulary::{Facility, LaneOp, Size},
};

crate::isa![
    Insn {
        name: vperm,
        form: form::va(4, 43),
        asm: "vperm VT,VA,VB,VC",
        book: "Book I, Vector Permute",
        does: |m, w| {
            elements::v_of_three(m, w, |m, [a, b, c]| m.permute(a, b, c))?;
        },
        cases: &[
            "106429ab vperm v3,v4,v5,v6 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f v6=0011021f040506070809101f1e1dfc0f | v3=01e1030f05060708090af00f1e2d3c10"
        ],
    },
    Insn {
        name: vpermr,
        form: form::va(4, 59),
        asm: "vpermr VT,VA,VB,VC",
        book: "Book I, Vector Permute Right-indexed",
        level: V3_0,
        does: |m, w| {
            elements::v_of_three(m, w, |m, [a, b, c]| {
                let choice = m.vec_not(c);
                m.permute(a, b, choice)
            })?;
        },
        cases: &[
            "106429bb vpermr v3,v4,v5,v6 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f v6=0011021f040506070809101f1e1dfc0f | v3=0f0f2d014b5a697887961001020304f0"
        ],
    },
    Insn {
        name: vsldoi,
        form: form::va(4, 44).zero(1 << 10),
        asm: "vsldoi VT,VA,VB,SHB",
        book: "Book I, Vector Shift Left Double by Octet Immediate",
        does: |m, w| {
            elements::v_of(m, w, |m, a, b| m.shift_double(a, b, w.shb() as usize))?;
        },
        cases: &[
            "1064296c vsldoi v3,v4,v5,5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=060708090a0b0c0d0e0f10f0e1d2c3b4",
            "1064282c vsldoi v3,v4,v5,0 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=0102030405060708090a0b0c0d0e0f10"
        ],
    },
    Insn {
        name: vsl,
        form: form::vx(452),
        asm: "vsl VT,VA,VB",
        book: "Book I, Vector Shift Left",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, b| a << (b & 7))), w)?;
        },
        cases: &[
            "106429c4 vsl v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=05050505050505050505050505050505 | v3=1c3a587694b2d0ef0d2b496785a3c1e0"
        ],
    },
    Insn {
        name: vsr,
        form: form::vx(708),
        asm: "vsr VT,VA,VB",
        book: "Book I, Vector Shift Right",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, b| a >> (b & 7))), w)?;
        },
        cases: &[
            "10642ac4 vsr v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=05050505050505050505050505050505 | v3=07870e961da52cb43bc34ad259e168f0"
        ],
    },
    Insn {
        name: vslo,
        form: form::vx(1036),
        asm: "vslo VT,VA,VB",
        book: "Book I, Vector Shift Left by Octet",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, b| a << (b & 0x78))), w)?;
        },
        cases: &[
            "10642c0c vslo v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=28 | v3=a5968778695a4b3c2d1e0f0000000000"
        ],
    },
    Insn {
        name: vsro,
        form: form::vx(1100),
        asm: "vsro VT,VA,VB",
        book: "Book I, Vector Shift Right by Octet",
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, b| a >> (b & 0x78))), w)?;
        },
        cases: &[
            "10642c4c vsro v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=28 | v3=0000000000f0e1d2c3b4a5968778695a"
        ],
    },
    Insn {
        name: vslv,
        form: form::vx(1860),
        asm: "vslv VT,VA,VB",
        book: "Book I, Vector Shift Left Variable",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2(w, |a, b| {
                        let next = u128::from(a) << 8;
                        map3(|a: u8, b: u8, n: u8| {
                            (u16::from(a) << 8 | u16::from(n))
                                .wrapping_shl(u32::from(b & 7))
                                .to_be_bytes()[0]
                        })(a, b, next.into())
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642f44 vslv v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=0102030405060708090a0b0c0d0e0f10 | v3=e187963b94654387f0a5d2b38547070f"
        ],
    },
    Insn {
        name: vsrv,
        form: form::vx(1796),
        asm: "vsrv VT,VA,VB",
        book: "Book I, Vector Shift Right Variable",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2(w, |a, b| {
                        let previous = u128::from(a) >> 8;
                        map3(|a: u8, b: u8, p: u8| {
                            (u16::from(p) << 8 | u16::from(a)).wrapping_shr(u32::from(b & 7)) as u8
                        })(a, b, previous.into())
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642f04 vsrv v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=0102030405060708090a0b0c0d0e0f10 | v3=78383a2c1dd24b87bc1a2ba459f05a0f"
        ],
    },
    Insn {
        name: vmrghb,
        form: form::vx(12),
        asm: "vmrghb VT,VA,VB",
        book: "Book I, Vector Merge High Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeHigh(Size::Byte))?;
        },
        cases: &[
            "1064280c vmrghb v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=01f002e103d204c305b406a507960887"
        ],
    },
    Insn {
        name: vmrghh,
        form: form::vx(76),
        asm: "vmrghh VT,VA,VB",
        book: "Book I, Vector Merge High Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeHigh(Size::Half))?;
        },
        cases: &[
            "1064284c vmrghh v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=0102f0e10304d2c30506b4a507089687"
        ],
    },
    Insn {
        name: vmrghw,
        form: form::vx(140),
        asm: "vmrghw VT,VA,VB",
        book: "Book I, Vector Merge High Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeHigh(Size::Word))?;
        },
        cases: &[
            "1064288c vmrghw v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=01020304f0e1d2c305060708b4a59687"
        ],
    },
    Insn {
        name: vmrglb,
        form: form::vx(268),
        asm: "vmrglb VT,VA,VB",
        book: "Book I, Vector Merge Low Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeLow(Size::Byte))?;
        },
        cases: &[
            "1064290c vmrglb v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=09780a690b5a0c4b0d3c0e2d0f1e100f"
        ],
    },
    Insn {
        name: vmrglh,
        form: form::vx(332),
        asm: "vmrglh VT,VA,VB",
        book: "Book I, Vector Merge Low Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeLow(Size::Half))?;
        },
        cases: &[
            "1064294c vmrglh v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=090a78690b0c5a4b0d0e3c2d0f101e0f"
        ],
    },
    Insn {
        name: vmrglw,
        form: form::vx(396),
        asm: "vmrglw VT,VA,VB",
        book: "Book I, Vector Merge Low Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeLow(Size::Word))?;
        },
        cases: &[
            "1064298c vmrglw v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=090a0b0c78695a4b0d0e0f103c2d1e0f"
        ],
    },
    Insn {
        name: vmrgew,
        form: form::vx(1932),
        asm: "vmrgew VT,VA,VB",
        book: "Book I, Vector Merge Even Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeEven(Size::Word))?;
        },
        cases: &[
            "10642f8c vmrgew v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=01020304f0e1d2c3090a0b0c78695a4b"
        ],
    },
    Insn {
        name: vmrgow,
        form: form::vx(1676),
        asm: "vmrgow VT,VA,VB",
        book: "Book I, Vector Merge Odd Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MergeOdd(Size::Word))?;
        },
        cases: &[
            "10642e8c vmrgow v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=05060708b4a596870d0e0f103c2d1e0f"
        ],
    },
    Insn {
        name: vspltb,
        form: form::vx(524).zero(1 << 20),
        asm: "vspltb VT,VB,UIM",
        book: "Book I, Vector Splat Byte",
        does: |m, w| {
            elements::v_of(m, w, |m, _, b| m.splat(Size::Byte, b, w.uim() as usize))?;
        },
        cases: &[
            "106b2a0c vspltb v3,v5,11 | v5=0102030405060708090a0b0c0d0e0f10 | v3=0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c"
        ],
    },
    Insn {
        name: vsplth,
        form: form::vx(588).zero(3 << 19),
        asm: "vsplth VT,VB,UIM",
        book: "Book I, Vector Splat Halfword",
        does: |m, w| {
            elements::v_of(m, w, |m, _, b| m.splat(Size::Half, b, w.uim() as usize))?;
        },
        cases: &[
            "10652a4c vsplth v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 | v3=0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c"
        ],
    },
    Insn {
        name: vspltw,
        form: form::vx(652).zero(7 << 18),
        asm: "vspltw VT,VB,UIM",
        book: "Book I, Vector Splat Word",
        does: |m, w| {
            elements::v_of(m, w, |m, _, b| m.splat(Size::Word, b, w.uim() as usize))?;
        },
        cases: &[
            "10622a8c vspltw v3,v5,2 | v5=0102030405060708090a0b0c0d0e0f10 | v3=090a0b0c090a0b0c090a0b0c090a0b0c"
        ],
    },
    Insn {
        name: vspltisb,
        form: form::vx(780).zero(form::RB),
        asm: "vspltisb VT,SIM",
        book: "Book I, Vector Splat Immediate Signed Byte",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let v = constant(m, Vector::splat(w.sim()));
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "1067030c vspltisb v3,7 |  | v3=07070707070707070707070707070707",
            "1077030c vspltisb v3,-9 |  | v3=f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7"
        ],
    },
    Insn {
        name: vspltish,
        form: form::vx(844).zero(form::RB),
        asm: "vspltish VT,SIM",
        book: "Book I, Vector Splat Immediate Signed Halfword",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let v = constant(m, Vector::splat(i16::from(w.sim())));
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "1067034c vspltish v3,7 |  | v3=00070007000700070007000700070007",
            "1077034c vspltish v3,-9 |  | v3=fff7fff7fff7fff7fff7fff7fff7fff7"
        ],
    },
    Insn {
        name: vspltisw,
        form: form::vx(908).zero(form::RB),
        asm: "vspltisw VT,SIM",
        book: "Book I, Vector Splat Immediate Signed Word",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let v = constant(m, Vector::splat(i32::from(w.sim())));
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "1067038c vspltisw v3,7 |  | v3=00000007000000070000000700000007",
            "1077038c vspltisw v3,-9 |  | v3=fffffff7fffffff7fffffff7fffffff7"
        ],
    },
];
