// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector multiplication (Power ISA 3.0B, Book I, 6.9).

use crate::{
    arith::vector::{Lane, Vector, clamp3, clamped},
    form,
    isa::elements,
    vocabulary::{LaneOp, Size},
};

fn product(a: i16, b: i16) -> i64 {
    i64::from(a) * i64::from(b)
}

/// Sum of the products of the elements in word `i`.
#[inline(always)]
pub(super) fn dot<A: Lane + Into<i64>, B: Lane + Into<i64>>(a: Vector, b: Vector, i: usize) -> i64 {
    let n = A::COUNT / 4;
    (n * i..n * (i + 1)).map(|k| a.lane::<A>(k).into() * b.lane::<B>(k).into()).sum()
}

crate::isa![
    Insn {
        name: vmuleub,
        form: form::vx(520),
        asm: "vmuleub VT,VA,VB",
        book: "Book I, Vector Multiply Even Unsigned Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyEvenUnsigned(Size::Byte))?;
        },
        cases: &[
            "10642a08 vmuleub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000007f008100000000000040000000"
        ],
    },
    Insn {
        name: vmuloub,
        form: form::vx(8),
        asm: "vmuloub VT,VA,VB",
        book: "Book I, Vector Multiply Odd Unsigned Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyOddUnsigned(Size::Byte))?;
        },
        cases: &[
            "10642808 vmuloub v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00ff400001fc7f80000000ff00000000"
        ],
    },
    Insn {
        name: vmulesb,
        form: form::vx(776),
        asm: "vmulesb VT,VA,VB",
        book: "Book I, Vector Multiply Even Signed Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyEvenSigned(Size::Byte))?;
        },
        cases: &[
            "10642b08 vmulesb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=0000007fff8100000000000040000000"
        ],
    },
    Insn {
        name: vmulosb,
        form: form::vx(264),
        asm: "vmulosb VT,VA,VB",
        book: "Book I, Vector Multiply Odd Signed Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyOddSigned(Size::Byte))?;
        },
        cases: &[
            "10642908 vmulosb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=ffff4000fffc00800000ffff00000000"
        ],
    },
    Insn {
        name: vmuleuh,
        form: form::vx(584),
        asm: "vmuleuh VT,VA,VB",
        book: "Book I, Vector Multiply Even Unsigned Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyEvenUnsigned(Size::Half))?;
        },
        cases: &[
            "10642a48 vmuleuh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000001ff008301fc0000000040000000"
        ],
    },
    Insn {
        name: vmulouh,
        form: form::vx(72),
        asm: "vmulouh VT,VA,VB",
        book: "Book I, Vector Multiply Odd Unsigned Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyOddUnsigned(Size::Half))?;
        },
        cases: &[
            "10642848 vmulouh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00bf4000002aff800000ffff00000000"
        ],
    },
    Insn {
        name: vmulesh,
        form: form::vx(840),
        asm: "vmulesh VT,VA,VB",
        book: "Book I, Vector Multiply Even Signed Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyEvenSigned(Size::Half))?;
        },
        cases: &[
            "10642b48 vmulesh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000001ffff8101fc0000000040000000"
        ],
    },
    Insn {
        name: vmulosh,
        form: form::vx(328),
        asm: "vmulosh VT,VA,VB",
        book: "Book I, Vector Multiply Odd Signed Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyOddSigned(Size::Half))?;
        },
        cases: &[
            "10642948 vmulosh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00bf4000002aff80ffffffff00000000"
        ],
    },
    Insn {
        name: vmuleuw,
        form: form::vx(648),
        asm: "vmuleuw VT,VA,VB",
        book: "Book I, Vector Multiply Even Unsigned Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyEvenUnsigned(Size::Word))?;
        },
        cases: &[
            "10642a88 vmuleuw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000002fd82bf4000000000007fffffff"
        ],
    },
    Insn {
        name: vmulouw,
        form: form::vx(136),
        asm: "vmulouw VT,VA,VB",
        book: "Book I, Vector Multiply Odd Unsigned Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyOddUnsigned(Size::Word))?;
        },
        cases: &[
            "10642888 vmulouw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00830293aa28ff8040007fff80000000"
        ],
    },
    Insn {
        name: vmulesw,
        form: form::vx(904),
        asm: "vmulesw VT,VA,VB",
        book: "Book I, Vector Multiply Even Signed Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyEvenSigned(Size::Word))?;
        },
        cases: &[
            "10642b88 vmulesw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000002fd82bf4000000000007fffffff"
        ],
    },
    Insn {
        name: vmulosw,
        form: form::vx(392),
        asm: "vmulosw VT,VA,VB",
        book: "Book I, Vector Multiply Odd Signed Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::MultiplyOddSigned(Size::Word))?;
        },
        cases: &[
            "10642988 vmulosw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=ff810213aa28ff803fff800080000000"
        ],
    },
    Insn {
        name: vmuluwm,
        form: form::vx(137),
        asm: "vmuluwm VT,VA,VB",
        book: "Book I, Vector Multiply Unsigned Word Modulo",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::Multiply(Size::Word))?;
        },
        cases: &[
            "10642889 vmuluwm v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=82bf4000aa28ff807fffffff80000000"
        ],
    },
    Insn {
        name: vmladduhm,
        form: form::va(4, 34),
        asm: "vmladduhm VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Low-Add Unsigned Halfword Modulo",
        does: |m, w| {
            elements::v_of_three(m, w, |m, [a, b, c]| {
                let product = m.lanes(LaneOp::Multiply(Size::Half), a, b);
                m.lanes(LaneOp::Add(Size::Half), product, c)
            })?;
        },
        cases: &[
            "106429a2 vmladduhm v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=0301430407020688090a0b0b0d0e0f10"
        ],
    },
    Insn {
        name: vmhaddshs,
        form: form::va(4, 32),
        asm: "vmhaddshs VT,VA,VB,VC",
        book: "Book I, Vector Multiply-High-Add Signed Halfword Saturate",
        does: |m, w| {
            m.vector(
                |c, w| c.v3_sat(w, clamp3(|a: i16, b, c| (product(a, b) >> 15) + i64::from(c))),
                w,
            )?;
        },
        cases: &[
            "106429a0 vmhaddshs v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=010204820408075d090a0b0b7fff0f10 vscr=1",
            "106429a0 vmhaddshs v3,v4,v5,v6 | v4=8000 v5=8000 v6=0 | v3=00000000000000000000000000007fff vscr=1"
        ],
    },
    Insn {
        name: vmhraddshs,
        form: form::va(4, 33),
        asm: "vmhraddshs VT,VA,VB,VC",
        book: "Book I, Vector Multiply-High-Round-Add Signed Halfword Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3_sat(
                        w,
                        clamp3(|a: i16, b, c| ((product(a, b) + 0x4000) >> 15) + i64::from(c)),
                    )
                },
                w,
            )?;
        },
        cases: &[
            "106429a1 vmhraddshs v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=010204830408075e090a0b0c7fff0f10 vscr=1"
        ],
    },
    Insn {
        name: vmsumubm,
        form: form::va(4, 36),
        asm: "vmsumubm VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Unsigned Byte Modulo",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3(w, |a, b, c| {
                        Vector::build(|i| {
                            c.lane::<u32>(i).wrapping_add(dot::<u8, u8>(a, b, i) as u32)
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a4 vmsumubm v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=0102448205068905090a0c0b0d0e4f10"
        ],
    },
    Insn {
        name: vmsummbm,
        form: form::va(4, 37),
        asm: "vmsummbm VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Mixed Byte Modulo",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3(w, |a, b, c| {
                        Vector::build(|i| {
                            c.lane::<u32>(i).wrapping_add(dot::<i8, u8>(a, b, i) as u32)
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a5 vmsummbm v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=0101c48205060605090a0b0b0d0dcf10"
        ],
    },
    Insn {
        name: vmsumuhm,
        form: form::va(4, 38),
        asm: "vmsumuhm VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Unsigned Halfword Modulo",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3(w, |a, b, c| {
                        Vector::build(|i| {
                            c.lane::<u32>(i).wrapping_add(dot::<u16, u16>(a, b, i) as u32)
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a6 vmsumuhm v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=01c1450305b40884090b0b0b4d0e0f10"
        ],
    },
    Insn {
        name: vmsumuhs,
        form: form::va(4, 39),
        asm: "vmsumuhs VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Unsigned Halfword Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3_sat(w, |a, b, c| {
                        clamped::<u32>(|i| dot::<u16, u16>(a, b, i) + i64::from(c.lane::<u32>(i)))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a7 vmsumuhs v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=01c1450305b40884090b0b0b4d0e0f10",
            "106429a7 vmsumuhs v3,v4,v5,v6 | v4=-1 v5=-1 v6=-1 | v3=-1 vscr=1"
        ],
    },
    Insn {
        name: vmsumshm,
        form: form::va(4, 40),
        asm: "vmsumshm VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Signed Halfword Modulo",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3(w, |a, b, c| {
                        Vector::build(|i| {
                            c.lane::<u32>(i).wrapping_add(dot::<i16, i16>(a, b, i) as u32)
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a8 vmsumshm v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=01c1450304b20884090a0b0b4d0e0f10"
        ],
    },
    Insn {
        name: vmsumshs,
        form: form::va(4, 41),
        asm: "vmsumshs VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Signed Halfword Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3_sat(w, |a, b, c| {
                        clamped::<i32>(|i| dot::<i16, i16>(a, b, i) + i64::from(c.lane::<i32>(i)))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a9 vmsumshs v3,v4,v5,v6 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff v6=0102030405060708090a0b0c0d0e0f10 | v3=01c1450304b20884090a0b0b4d0e0f10",
            "106429a9 vmsumshs v3,v4,v5,v6 | v4=80008000 v5=80008000 v6=7fffffff | v3=0000000000000000000000007fffffff vscr=1"
        ],
    },
    Insn {
        name: vmsumudm,
        form: form::va(4, 35),
        asm: "vmsumudm VT,VA,VB,VC",
        book: "Book I, Vector Multiply-Sum Unsigned Doubleword Modulo",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3(w, |a, b, c| {
                        let product =
                            |i| u128::from(a.lane::<u64>(i)) * u128::from(b.lane::<u64>(i));
                        u128::from(c).wrapping_add(product(0)).wrapping_add(product(1)).into()
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429a3 vmsumudm v3,v4,v5,v6 | v4=-1 v5=-1 v6=-1 | v3=fffffffffffffffc0000000000000001",
            "106429a3 vmsumudm v3,v4,v5,v6 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00017f8081fe55ff7fffffff80000000 v6=0102030405060708090a0b0c0d0e0f10 | v3=3d3819042c753236a2135195d9ebd289"
        ],
    },
];
