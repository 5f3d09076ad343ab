// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector sums across elements (Power ISA 3.0B, Book I, 6.9).

use super::vmx_multiply::dot;
use crate::{
    arith::vector::{Vector, clamped},
    form,
};
use std::ops::RangeInclusive;

/// Sum of some words.
fn sum(a: Vector, words: RangeInclusive<usize>) -> i64 {
    words.map(|i| i64::from(a.lane::<i32>(i))).sum()
}

crate::isa![
    Insn {
        name: vsum4ubs,
        form: form::vx(1544),
        asm: "vsum4ubs VT,VA,VB",
        book: "Book I, Vector Sum across Quarter Unsigned Byte Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2_sat(w, |a, b| {
                        clamped::<u32>(|i| {
                            dot::<u8, u8>(a, Vector::splat::<u8>(1), i)
                                + i64::from(b.lane::<u32>(i))
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642e08 vsum4ubs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff0280010203530000037d8001007f"
        ],
    },
    Insn {
        name: vsum4sbs,
        form: form::vx(1800),
        asm: "vsum4sbs VT,VA,VB",
        book: "Book I, Vector Sum across Quarter Signed Byte Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2_sat(w, |a, b| {
                        clamped::<i32>(|i| {
                            dot::<i8, i8>(a, Vector::splat::<i8>(1), i)
                                + i64::from(b.lane::<i32>(i))
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642f08 vsum4sbs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff0180010200530000007d8000ff7f"
        ],
    },
    Insn {
        name: vsum4shs,
        form: form::vx(1608),
        asm: "vsum4shs VT,VA,VB",
        book: "Book I, Vector Sum across Quarter Signed Halfword Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2_sat(w, |a, b| {
                        clamped::<i32>(|i| {
                            dot::<i16, i16>(a, Vector::splat::<i16>(1), i)
                                + i64::from(b.lane::<i32>(i))
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642e48 vsum4shs v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=01ff81010101d87d00007fff80007fff"
        ],
    },
    Insn {
        name: vsum2sws,
        form: form::vx(1672),
        asm: "vsum2sws VT,VA,VB",
        book: "Book I, Vector Sum across Half Signed Word Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2_sat(w, |a, b| {
                        clamped::<i32>(|i| {
                            if i % 2 == 0 {
                                0
                            } else {
                                sum(a, i - 1..=i) + i64::from(b.lane::<i32>(i))
                            }
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642e88 vsum2sws v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=000000008301d5ff000000008000fffe"
        ],
    },
    Insn {
        name: vsumsws,
        form: form::vx(1928),
        asm: "vsumsws VT,VA,VB",
        book: "Book I, Vector Sum across Signed Word Saturate",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2_sat(w, |a, b| {
                        clamped::<i32>(|i| {
                            if i < 3 { 0 } else { sum(a, 0..=3) + i64::from(b.lane::<i32>(3)) }
                        })
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642f88 vsumsws v3,v4,v5 | v4=00017f8081fe55ff7fffffff80000000 v5=01ff018001020080000000018000ffff | v3=00000000000000000000000080000000 vscr=1"
        ],
    },
];
