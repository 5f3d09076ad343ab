// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Decimal instructions (Power ISA 3.0B, Book I, chapter 6).
//!
//! The result for an operand that is no number is undefined; here the target stays.

use crate::{
    arith::{
        decimal::{
            Decimal, OVERFLOW, are_digits, from_national, from_zoned, of_digits, shifted,
            to_digits, to_national, to_zoned,
        },
        vector::map2,
    },
    form,
    state::{facility::Vectors, interrupt::Stop},
    vocabulary::{EQ, GT, LT},
    word::Word,
};

/// VRT <- `f` of VRB and PS, if there is a result; what CR6 becomes.
fn result(
    c: &mut Vectors,
    w: Word,
    f: impl Fn(u128, u32) -> Option<(u128, u8)>,
) -> Result<u64, Stop> {
    result2(c, w, |_, b| f(b, w.ps()))
}

/// VRT <- `f` of VRA and VRB, if there is a result; what CR6 becomes.
fn result2(
    c: &mut Vectors,
    w: Word,
    f: impl Fn(u128, u128) -> Option<(u128, u8)>,
) -> Result<u64, Stop> {
    c.vmx()?;
    Ok(match f(c.vr(w.ra()).into(), c.vr(w.rb()).into()) {
        Some((v, cr)) => {
            c.set_vr(w.rt(), v.into());
            cr.into()
        }
        None => OVERFLOW.into(),
    })
}

/// A sum or a difference; CR6 describes it before it is cut to 31 digits.
fn arithmetic(c: &mut Vectors, w: Word, f: impl Fn(i128, i128) -> i128) -> Result<u64, Stop> {
    result2(c, w, |a, b| {
        let exact = f(Decimal::unpack(a)?.value(), Decimal::unpack(b)?.value());
        let (n, over) = Decimal::new(exact);
        let sign = if n.negative { LT } else { GT } as u8;
        let cr = if over { sign | OVERFLOW } else { n.compared() };
        Some((n.pack(w.ps()), cr))
    })
}

/// The signed byte that shifts count with: byte 7 of VRA.
fn count(a: u128) -> i32 {
    i32::from((a >> 64) as i8)
}

/// CR6 of a number without a sign.
fn unsigned(digits: u128, over: bool) -> u8 {
    (if digits == 0 { EQ } else { GT }) as u8 | u8::from(over)
}

/// A shift of a signed number, rounded if digits go out at the right and `round`.
fn shift(c: &mut Vectors, w: Word, round: bool) -> Result<u64, Stop> {
    result2(c, w, |a, b| {
        let n = Decimal::unpack(b)?;
        let by = count(a).clamp(-31, 31);
        let (mut digits, over) = shifted(n.digits, by, 31);
        if round && by < 0 && shifted(n.digits, by + 1, 31).0 & 15 >= 5 {
            digits = to_digits(of_digits(digits) + 1);
        }
        let n = Decimal { digits, ..n };
        Some((n.pack(w.ps()), n.compared() | u8::from(over)))
    })
}

/// The last digits, as many as halfword 3 of VRA says.
fn truncated(digits: u128, a: u128) -> u128 {
    match (a >> 64) as u16 {
        n @ 0..32 => digits & !(u128::MAX << (4 * n)),
        _ => digits,
    }
}

/// High part of ten times `a`, plus a digit.
fn carry_of_ten(a: u128, digit: u128) -> u128 {
    let low = u128::from(a as u64) * 10 + digit;
    ((a >> 64) * 10 + (low >> 64)) >> 64
}

crate::isa![
    Insn {
        name: bcdadd,
        form: form::vx_ps(1025),
        asm: "bcdadd. VT,VA,VB,PS",
        book: "Book I, Decimal Add Modulo",
        does: |m, w| {
            m.record6(|c, w| arithmetic(c, w, |a, b| a + b), w)?;
        },
        cases: &[
            "10642c01 bcdadd. v3,v4,v5,0 | v4=1234567890123456789012345678901c v5=0000000000000000000000000000012d | v3=1234567890123456789012345678889c cr6=4",
            "10642e01 bcdadd. v3,v4,v5,1 | v4=1234567890123456789012345678901c v5=0000000000000000000000000000012d | v3=1234567890123456789012345678889f cr6=4",
            "10642c01 bcdadd. v3,v4,v5,0 | v4=0000000000000000000000000000012d v5=12c | v3=0000000000000000000000000000000c cr6=2",
            "10642c01 bcdadd. v3,v4,v5,0 | v4=9999999999999999999999999999999c v5=2c | v3=0000000000000000000000000000001c cr6=5",
            "10642c01 bcdadd. v3,v4,v5,0 | v4=1234567890123456789012345678901c v5=0000000000000000000000000000a00c v3=-1 | cr6=1"
        ],
    },
    Insn {
        name: bcdsub,
        form: form::vx_ps(1089),
        asm: "bcdsub. VT,VA,VB,PS",
        book: "Book I, Decimal Subtract Modulo",
        does: |m, w| {
            m.record6(|c, w| arithmetic(c, w, |a, b| a - b), w)?;
        },
        cases: &[
            "10642c41 bcdsub. v3,v4,v5,0 | v4=1234567890123456789012345678901c v5=0000000000000000000000000000012d | v3=1234567890123456789012345678913c cr6=4",
            "10642e41 bcdsub. v3,v4,v5,1 | v4=1234567890123456789012345678901c v5=0000000000000000000000000000012d | v3=1234567890123456789012345678913f cr6=4",
            "10642c41 bcdsub. v3,v4,v5,0 | v4=0000000000000000000000000000012d v5=11d | v3=0000000000000000000000000000001d cr6=8"
        ],
    },
    Insn {
        name: bcdcfn,
        form: form::vx_ps(1409).with(form::RA, 7 << 16),
        asm: "bcdcfn. VT,VB,PS",
        book: "Book I, Decimal Convert From National",
        level: V3_0,
        does: |m, w| {
            m.record6(|c, w| result(c, w, from_national), w)?;
        },
        cases: &[
            "10672d81 bcdcfn. v3,v5,0 | v5=0031003200330034003500360037002d | v3=0000000000000000000000001234567d cr6=8",
            "10672f81 bcdcfn. v3,v5,1 | v5=0030003000300030003000300030002b | v3=0000000000000000000000000000000f cr6=2",
            "10672d81 bcdcfn. v3,v5,0 | v5=0031003200330034003500360037002e | cr6=1"
        ],
    },
    Insn {
        name: bcdctn,
        form: form::vx_eo(1409, 5),
        asm: "bcdctn. VT,VB",
        book: "Book I, Decimal Convert To National",
        level: V3_0,
        does: |m, w| {
            m.record6(|c, w| result(c, w, |b, _| to_national(b)), w)?;
        },
        cases: &[
            "10652d81 bcdctn. v3,v5 | v5=1234567d | v3=0031003200330034003500360037002d cr6=8",
            "10652d81 bcdctn. v3,v5 | v5=912345678c | v3=0032003300340035003600370038002b cr6=5"
        ],
    },
    Insn {
        name: bcdcfz,
        form: form::vx_ps(1409).with(form::RA, 6 << 16),
        asm: "bcdcfz. VT,VB,PS",
        book: "Book I, Decimal Convert From Zoned",
        level: V3_0,
        does: |m, w| {
            m.record6(|c, w| result(c, w, from_zoned), w)?;
        },
        cases: &[
            "10662d81 bcdcfz. v3,v5,0 | v5=31323334353637383930313233343576 | v3=0000000000000001234567890123456d cr6=8",
            "10662f81 bcdcfz. v3,v5,1 | v5=f1f2f3f4f5f6f7f8f9f0f1f2f3f4f5d6 | v3=0000000000000001234567890123456d cr6=8",
            "10662f81 bcdcfz. v3,v5,1 | v5=f1f2f3f4f5f6f7f8f9f0f1f2f3f4f516 | cr6=1"
        ],
    },
    Insn {
        name: bcdctz,
        form: form::vx_ps(1409).with(form::RA, 4 << 16),
        asm: "bcdctz. VT,VB,PS",
        book: "Book I, Decimal Convert To Zoned",
        level: V3_0,
        does: |m, w| {
            m.record6(|c, w| result(c, w, to_zoned), w)?;
        },
        cases: &[
            "10642d81 bcdctz. v3,v5,0 | v5=1234567890123456d | v3=31323334353637383930313233343576 cr6=8",
            "10642f81 bcdctz. v3,v5,1 | v5=1234567890123456c | v3=f1f2f3f4f5f6f7f8f9f0f1f2f3f4f5c6 cr6=4",
            "10642d81 bcdctz. v3,v5,0 | v5=91234567890123456d | v3=31323334353637383930313233343576 cr6=9"
        ],
    },
    Insn {
        name: bcdcfsq,
        form: form::vx_ps(1409).with(form::RA, 2 << 16),
        asm: "bcdcfsq. VT,VB,PS",
        book: "Book I, Decimal Convert From Signed Quadword",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result(c, w, |b, ps| {
                        let (n, over) = Decimal::new(b as i128);
                        (!over).then(|| (n.pack(ps), n.compared()))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10622d81 bcdcfsq. v3,v5,0 | v5=-4d2 | v3=0000000000000000000000000001234d cr6=8",
            "10622f81 bcdcfsq. v3,v5,1 | v5=7e37be2022c0914b267fffffff | v3=9999999999999999999999999999999f cr6=4",
            "10622d81 bcdcfsq. v3,v5,0 | v5=7e37be2022c0914b2680000000 | cr6=1"
        ],
    },
    Insn {
        name: bcdctsq,
        form: form::vx_eo(1409, 0),
        asm: "bcdctsq. VT,VB",
        book: "Book I, Decimal Convert To Signed Quadword",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result(c, w, |b, _| {
                        let n = Decimal::unpack(b)?;
                        Some((n.value() as u128, n.compared()))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10602d81 bcdctsq. v3,v5 | v5=1234d | v3=fffffffffffffffffffffffffffffb2e cr6=8",
            "10602d81 bcdctsq. v3,v5 | v5=9999999999999999999999999999999c | v3=0000007e37be2022c0914b267fffffff cr6=4"
        ],
    },
    Insn {
        name: bcdcpsgn,
        form: form::vx(833),
        asm: "bcdcpsgn. VT,VA,VB",
        book: "Book I, Decimal Copy Sign",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result2(c, w, |a, b| {
                        let (n, s) = (Decimal::unpack(a)?, Decimal::unpack(b)?);
                        let n = Decimal { negative: s.negative, ..n };
                        Some((n.digits << 4 | b & 15, n.compared()))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642b41 bcdcpsgn. v3,v4,v5 | v4=123f v5=5b | v3=0000000000000000000000000000123b cr6=8",
            "10642b41 bcdcpsgn. v3,v4,v5 | v4=0c v5=5d | v3=0000000000000000000000000000000d cr6=2"
        ],
    },
    Insn {
        name: bcdsetsgn,
        form: form::vx_ps(1409).with(form::RA, 31 << 16),
        asm: "bcdsetsgn. VT,VB,PS",
        book: "Book I, Decimal Set Sign",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result(c, w, |b, ps| {
                        let n = Decimal::unpack(b)?;
                        Some((n.pack(ps), n.compared()))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "107f2f81 bcdsetsgn. v3,v5,1 | v5=123a | v3=0000000000000000000000000000123f cr6=4",
            "107f2d81 bcdsetsgn. v3,v5,0 | v5=123b | v3=0000000000000000000000000000123d cr6=8",
            "107f2d81 bcdsetsgn. v3,v5,0 | v5=1239 | cr6=1"
        ],
    },
    Insn {
        name: bcds,
        form: form::vx_ps(1217),
        asm: "bcds. VT,VA,VB,PS",
        book: "Book I, Decimal Shift",
        level: V3_0,
        does: |m, w| {
            m.record6(|c, w| shift(c, w, false), w)?;
        },
        cases: &[
            "10642cc1 bcds. v3,v4,v5,0 | v4=00000000000000030000000000000000 v5=12345d | v3=0000000000000000000000012345000d cr6=8",
            "10642ec1 bcds. v3,v4,v5,1 | v4=00000000000000fd0000000000000000 v5=12345c | v3=0000000000000000000000000000012f cr6=4",
            "10642cc1 bcds. v3,v4,v5,0 | v4=00000000000000030000000000000000 v5=1234567890123456789012345678901c | v3=4567890123456789012345678901000c cr6=5"
        ],
    },
    Insn {
        name: bcdsr,
        form: form::vx_ps(1473),
        asm: "bcdsr. VT,VA,VB,PS",
        book: "Book I, Decimal Shift and Round",
        level: V3_0,
        does: |m, w| {
            m.record6(|c, w| shift(c, w, true), w)?;
        },
        cases: &[
            "10642dc1 bcdsr. v3,v4,v5,0 | v4=00000000000000fd0000000000000000 v5=12500d | v3=0000000000000000000000000000013d cr6=8",
            "10642dc1 bcdsr. v3,v4,v5,0 | v4=00000000000000fd0000000000000000 v5=12499d | v3=0000000000000000000000000000012d cr6=8",
            "10642fc1 bcdsr. v3,v4,v5,1 | v4=00000000000000030000000000000000 v5=12345c | v3=0000000000000000000000012345000f cr6=4"
        ],
    },
    Insn {
        name: bcdus,
        form: form::vx(1153),
        asm: "bcdus. VT,VA,VB",
        book: "Book I, Decimal Unsigned Shift",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result2(c, w, |a, b| {
                        if !are_digits(b) {
                            return None;
                        }
                        let (digits, over) = shifted(b, count(a), 32);
                        Some((digits, unsigned(digits, over)))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642c81 bcdus. v3,v4,v5 | v4=00000000000000030000000000000000 v5=12345 | v3=12345000 cr6=4",
            "10642c81 bcdus. v3,v4,v5 | v4=00000000000000fd0000000000000000 v5=12345 | v3=12 cr6=4",
            "10642c81 bcdus. v3,v4,v5 | v4=00000000000000030000000000000000 v5=12345678901234567890123456789012 | v3=45678901234567890123456789012000 cr6=5"
        ],
    },
    Insn {
        name: bcdtrunc,
        form: form::vx_ps(1281),
        asm: "bcdtrunc. VT,VA,VB,PS",
        book: "Book I, Decimal Truncate",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result2(c, w, |a, b| {
                        let n = Decimal::unpack(b)?;
                        let digits = truncated(n.digits, a);
                        let over = digits != n.digits;
                        let n = Decimal { digits, ..n };
                        Some((n.pack(w.ps()), n.compared() | u8::from(over)))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642d01 bcdtrunc. v3,v4,v5,0 | v4=00000000000000030000000000000000 v5=12345d | v3=0000000000000000000000000000345d cr6=9",
            "10642f01 bcdtrunc. v3,v4,v5,1 | v4=00000000000000030000000000000000 v5=45c | v3=0000000000000000000000000000045f cr6=4"
        ],
    },
    Insn {
        name: bcdutrunc,
        form: form::vx(1345),
        asm: "bcdutrunc. VT,VA,VB",
        book: "Book I, Decimal Unsigned Truncate",
        level: V3_0,
        does: |m, w| {
            m.record6(
                |c, w| {
                    result2(c, w, |a, b| {
                        if !are_digits(b) {
                            return None;
                        }
                        let digits = truncated(b, a);
                        Some((digits, unsigned(digits, digits != b)))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642d41 bcdutrunc. v3,v4,v5 | v4=00000000000000030000000000000000 v5=12345 | v3=00000000000000000000000000000345 cr6=5",
            "10642d41 bcdutrunc. v3,v4,v5 | v4=00000000000000030000000000000000 v5=45 | v3=00000000000000000000000000000045 cr6=4"
        ],
    },
    Insn {
        name: vmul10uq,
        form: form::vx(513).zero(form::RB),
        asm: "vmul10uq VT,VA",
        book: "Book I, Vector Multiply-by-10 Unsigned Quadword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, _| a.wrapping_mul(10))), w)?;
        },
        cases: &[
            "10640201 vmul10uq v3,v4 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=68d23ba50e77e14ab41d86f059c32c96"
        ],
    },
    Insn {
        name: vmul10cuq,
        form: form::vx(1).zero(form::RB),
        asm: "vmul10cuq VT,VA",
        book: "Book I, Vector Multiply-by-10 and Write Carry Unsigned Quadword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, _| carry_of_ten(a, 0))), w)?;
        },
        cases: &[
            "10640001 vmul10cuq v3,v4 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=00000000000000000000000000000009"
        ],
    },
    Insn {
        name: vmul10euq,
        form: form::vx(577),
        asm: "vmul10euq VT,VA,VB",
        book: "Book I, Vector Multiply-by-10 Extended Unsigned Quadword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.v2(w, map2(|a: u128, b| a.wrapping_mul(10).wrapping_add(b & 15))),
                w,
            )?;
        },
        cases: &[
            "10642a41 vmul10euq v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=9 | v3=68d23ba50e77e14ab41d86f059c32c9f"
        ],
    },
    Insn {
        name: vmul10ecuq,
        form: form::vx(65),
        asm: "vmul10ecuq VT,VA,VB",
        book: "Book I, Vector Multiply-by-10 Extended and Write Carry Unsigned Quadword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v2(w, map2(|a: u128, b| carry_of_ten(a, b & 15))), w)?;
        },
        cases: &[
            "10642841 vmul10ecuq v3,v4,v5 | v4=19999999999999999999999999999999 v5=6 | v3=00000000000000000000000000000001",
            "10642841 vmul10ecuq v3,v4,v5 | v4=19999999999999999999999999999999 v5=5 v3=1 | v3=0"
        ],
    },
];
