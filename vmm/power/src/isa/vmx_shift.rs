// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Shifts and rotates of vector elements (Power ISA 3.0B, Book I, 6.9).

use crate::{
    arith::vector::{map2, map3},
    form,
    isa::elements,
    vocabulary::{LaneOp, Size},
};

/// The mask of a rotate: ones from its first to its last bit, around the end if need be.
const fn mask(first: u64, last: u64) -> u64 {
    let (from, to) = (u64::MAX >> first, u64::MAX << (63 - last));
    if first <= last { from & to } else { from | to }
}

/// The mask that a word of VRB asks for, in its bits 11:15 and 19:23.
fn mask32(b: u32) -> u32 {
    mask(u64::from(32 + (b >> 16 & 31)), u64::from(32 + (b >> 8 & 31))) as u32
}

/// The mask that a doubleword of VRB asks for, in its bits 42:47 and 50:55.
fn mask64(b: u64) -> u64 {
    mask(b >> 16 & 63, b >> 8 & 63)
}

/// `new` under the mask, `old` elsewhere.
fn insert(new: u64, old: u64, mask: u64) -> u64 {
    new & mask | old & !mask
}

crate::isa![
    Insn {
        name: vrlb,
        form: form::vx(4),
        asm: "vrlb VT,VA,VB",
        book: "Book I, Vector Rotate Left Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::RotateLeft(Size::Byte))?;
        },
        cases: &[
            "10642804 vrlb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0004fb0830bfaafffeffffff10000000"
        ],
    },
    Insn {
        name: vrlh,
        form: form::vx(68),
        asm: "vrlh VT,VA,VB",
        book: "Book I, Vector Rotate Left Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::RotateLeft(Size::Half))?;
        },
        cases: &[
            "10642844 vrlh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0004f8077fa0ff55fdffffff20000000"
        ],
    },
    Insn {
        name: vrlw,
        form: form::vx(132),
        asm: "vrlw VT,VA,VB",
        book: "Book I, Vector Rotate Left Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::RotateLeft(Size::Word))?;
        },
        cases: &[
            "10642884 vrlw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0017f800fe55ff81fffff7ff00008000"
        ],
    },
    Insn {
        name: vrld,
        form: form::vx(196),
        asm: "vrld VT,VA,VB",
        book: "Book I, Vector Rotate Left Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::RotateLeft(Size::Double))?;
        },
        cases: &[
            "106428c4 vrld v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=017f8081fe55ff00ffff800000007fff"
        ],
    },
    Insn {
        name: vslb,
        form: form::vx(260),
        asm: "vslb VT,VA,VB",
        book: "Book I, Vector Shift Left Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftLeft(Size::Byte))?;
        },
        cases: &[
            "10642904 vslb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0004f800208080fffefcf8f000000000"
        ],
    },
    Insn {
        name: vslh,
        form: form::vx(324),
        asm: "vslh VT,VA,VB",
        book: "Book I, Vector Shift Left Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftLeft(Size::Half))?;
        },
        cases: &[
            "10642944 vslh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0004f8007f80ff00fc00f00000000000"
        ],
    },
    Insn {
        name: vslw,
        form: form::vx(388),
        asm: "vslw VT,VA,VB",
        book: "Book I, Vector Shift Left Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftLeft(Size::Word))?;
        },
        cases: &[
            "10642984 vslw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0017f800fe55ff00fffff00000000000"
        ],
    },
    Insn {
        name: vsld,
        form: form::vx(1476),
        asm: "vsld VT,VA,VB",
        book: "Book I, Vector Shift Left Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftLeft(Size::Double))?;
        },
        cases: &[
            "10642dc4 vsld v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=017f8081fe55ff00ffff800000000000"
        ],
    },
    Insn {
        name: vsrb,
        form: form::vx(516),
        asm: "vsrb VT,VA,VB",
        book: "Book I, Vector Shift Right Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRight(Size::Byte))?;
        },
        cases: &[
            "10642a04 vsrb v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=00000f08040300ff3f3f1f0f04000000"
        ],
    },
    Insn {
        name: vsrh,
        form: form::vx(580),
        asm: "vsrh VT,VA,VB",
        book: "Book I, Vector Shift Right Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRight(Size::Half))?;
        },
        cases: &[
            "10642a44 vsrh v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=000007f802070055001f000f00020000"
        ],
    },
    Insn {
        name: vsrw,
        form: form::vx(644),
        asm: "vsrw VT,VA,VB",
        book: "Book I, Vector Shift Right Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRight(Size::Word))?;
        },
        cases: &[
            "10642a84 vsrw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=000017f80081fe550007ffff00008000"
        ],
    },
    Insn {
        name: vsrd,
        form: form::vx(1732),
        asm: "vsrd VT,VA,VB",
        book: "Book I, Vector Shift Right Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRight(Size::Double))?;
        },
        cases: &[
            "10642ec4 vsrd v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0000017f8081fe5500007fffffff8000"
        ],
    },
    Insn {
        name: vsrab,
        form: form::vx(772),
        asm: "vsrab VT,VA,VB",
        book: "Book I, Vector Shift Right Algebraic Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRightSigned(Size::Byte))?;
        },
        cases: &[
            "10642b04 vsrab v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=00000ff8fcff00ff3ffffffffc000000"
        ],
    },
    Insn {
        name: vsrah,
        form: form::vx(836),
        asm: "vsrah VT,VA,VB",
        book: "Book I, Vector Shift Right Algebraic Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRightSigned(Size::Half))?;
        },
        cases: &[
            "10642b44 vsrah v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=000007f8fe070055001ffffffffe0000"
        ],
    },
    Insn {
        name: vsraw,
        form: form::vx(900),
        asm: "vsraw VT,VA,VB",
        book: "Book I, Vector Shift Right Algebraic Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRightSigned(Size::Word))?;
        },
        cases: &[
            "10642b84 vsraw v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=000017f8ff81fe550007ffffffff8000"
        ],
    },
    Insn {
        name: vsrad,
        form: form::vx(964),
        asm: "vsrad VT,VA,VB",
        book: "Book I, Vector Shift Right Algebraic Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::ShiftRightSigned(Size::Double))?;
        },
        cases: &[
            "10642bc4 vsrad v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=0102030405060708090a0b0c0d0e0f10 | v3=0000017f8081fe5500007fffffff8000"
        ],
    },
    Insn {
        name: vrlwnm,
        form: form::vx(389),
        asm: "vrlwnm VT,VA,VB",
        book: "Book I, Vector Rotate Left Word then AND with Mask",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u32, b| a.rotate_left(b) & mask32(b))), w)?;
        },
        cases: &[
            "10642985 vrlwnm v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00041c080018070400001f1000100810 | v3=01d2c3f04a00007b5a4b78691e003c2d"
        ],
    },
    Insn {
        name: vrlwmi,
        form: form::vx(133),
        asm: "vrlwmi VT,VA,VB",
        book: "Book I, Vector Rotate Left Word then Mask Insert",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.vr(w.rt());
                    c.v2(w, |a, b| {
                        map3(|a: u32, b, t| {
                            insert(a.rotate_left(b).into(), t.into(), mask32(b).into()) as u32
                        })(a, b, old)
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642885 vrlwmi v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00041c080018070400001f1000100810 v3=0102030405060708090a0b0c0d0e0f10 | v3=01d2c3f44a06077b5a4b78691e0e3c2d"
        ],
    },
    Insn {
        name: vrldnm,
        form: form::vx(453),
        asm: "vrldnm VT,VA,VB",
        book: "Book I, Vector Rotate Left Doubleword then AND with Mask",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u64, b| a.rotate_left(b as u32) & mask64(b))), w)?;
        },
        cases: &[
            "106429c5 vrldnm v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00000000000c3820000000000030100c | v3=00059687f0e1d28095a480000000f786"
        ],
    },
    Insn {
        name: vrldmi,
        form: form::vx(197),
        asm: "vrldmi VT,VA,VB",
        book: "Book I, Vector Rotate Left Doubleword then Mask Insert",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.vr(w.rt());
                    c.v2(w, |a, b| {
                        map3(|a: u64, b, t| insert(a.rotate_left(b as u32), t, mask64(b)))(
                            a, b, old,
                        )
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106428c5 vrldmi v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00000000000c3820000000000030100c v3=0102030405060708090a0b0c0d0e0f10 | v3=01059687f0e1d28895a48b0c0d0ef786"
        ],
    },
];
