// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX vector conversions (Power ISA 3.0B, Book I, 7.6).
//!
//! Words beside the results of wider elements are undefined; they repeat the result.

use crate::{
    arith::{
        float::{
            self, DOUBLE, DP, HALF, Mode, Rounded, Rounding, Route, SINGLE, SP_ELEMENT, arithmetic,
            integer,
            integer::{Integer, SD, SW, UD, UW},
        },
        float_operands::twice,
    },
    form,
};

/// A word as an outcome that fills a doubleword.
fn filling((bits, facts): Rounded) -> Rounded {
    (bits << 32 | bits, facts)
}

/// A number cut to an integer.
fn cut(b: u128, format: float::Format, to: Integer) -> Rounded {
    let (n, facts) = integer::from_float(b, format, Rounding::Zero, to);
    (n.into(), facts)
}

/// A number cut to a word, which is in both halves of a doubleword.
fn cut_word(b: u128, to: Integer) -> Rounded {
    let (n, facts) = twice(integer::from_float(b, DOUBLE, Rounding::Zero, to));
    (n.into(), facts)
}

/// A number in another format.
fn converted(b: u128, mode: Mode, from: float::Format, to: float::Format) -> Rounded {
    arithmetic(mode, &float::CONVERT, [b], Route::between(from, to))
}

/// An integer as a number.
fn number(b: u128, mode: Mode, from: Integer, route: Route) -> Rounded {
    integer::to_float(from.value(b as u64), mode, route)
}

crate::isa![
    Insn {
        name: xvcvdpsp,
        form: form::xx2(393).zero(form::RA),
        asm: "xvcvdpsp XT,XB",
        book: "Book I, VSX Vector Convert with round Double-Precision to Single-Precision",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u64, u64>(w, |b, mode| filling(converted(b, mode, DOUBLE, SINGLE)))
                },
                w,
            )?;
        },
        cases: &[
            "f0602e26 xvcvdpsp vs3,vs37 | vs37=400921fb54442d188000000000000000 | vs3=40490fdb40490fdb8000000080000000 fpscr=82000000",
            "f0602e26 xvcvdpsp vs3,vs37 | vs37=7ff400000000000137364cfda3281e39 fpscr=2 | vs3=7fe000007fe00000000002ca000002ca fpscr=ab000002",
            "f0602e26 xvcvdpsp vs3,vs37 | vs37=7fefffffffffffff3ff0000000000000 fpscr=40 | fpscr=d2000040"
        ],
    },
    Insn {
        name: xvcvspdp,
        form: form::xx2(457).zero(form::RA),
        asm: "xvcvspdp XT,XB",
        book: "Book I, VSX Vector Convert Single-Precision to Double-Precision",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u32, u64>(w, |b, mode| converted(b, mode, SINGLE, DOUBLE)),
                w,
            )?;
        },
        cases: &[
            "f0602f26 xvcvspdp vs3,vs37 | vs37=40490fdb00000001000116c27fa00001 | vs3=400921fb6000000037a16c2000000000",
            "f0602f26 xvcvspdp vs3,vs37 | vs37=7fa00001000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvcvsphp,
        form: form::xx2_eo(475, 25),
        asm: "xvcvsphp XT,XB",
        book: "Book I, VSX Vector Convert with round Single-Precision to Half-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u32, u32>(w, |b, mode| converted(b, mode, SINGLE, HALF)),
                w,
            )?;
        },
        cases: &[
            "f0792f6e xvcvsphp vs3,vs37 | vs37=40490fdb4788b80033d6bf957fa00001 | vs3=424800007c000000000200007f00 fpscr=bb000000",
            "f0792f6e xvcvsphp vs3,vs37 | vs37=40490fdb4788b800b3d6bf953f800000 fpscr=1 | vs3=424800007bff0000800100003c00 fpscr=9a000001"
        ],
    },
    Insn {
        name: xvcvhpsp,
        form: form::xx2_eo(475, 24),
        asm: "xvcvhpsp XT,XB",
        book: "Book I, VSX Vector Convert Half-Precision to Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u32, u32>(w, |b, mode| converted(b & 0xffff, mode, HALF, SINGLE))
                },
                w,
            )?;
        },
        cases: &[
            "f0782f6e xvcvhpsp vs3,vs37 | vs37=ffff4248000000010000fc0000007d01 | vs3=4049000033800000ff8000007fe02000 fpscr=a1000000"
        ],
    },
    Insn {
        name: xvcvdpsxds,
        form: form::xx2(472).zero(form::RA),
        asm: "xvcvdpsxds XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Double-Precision to Signed Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u64, u64>(w, |b, _| cut(b, DOUBLE, SD)), w)?;
        },
        cases: &[
            "f0602f62 xvcvdpsxds vs3,vs37 | vs37=4004000000000000c6293e5939a08cea fpscr=2 | vs3=28000000000000000 fpscr=a2000102",
            "f0602f62 xvcvdpsxds vs3,vs37 | vs37=7ff40000000000017ff8000000000002 | vs3=80000000000000008000000000000000 fpscr=a1000100"
        ],
    },
    Insn {
        name: xvcvspsxds,
        form: form::xx2(408).zero(form::RA),
        asm: "xvcvspsxds XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Single-Precision to Signed Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u32, u64>(w, |b, _| cut(b, SINGLE, SD)), w)?;
        },
        cases: &[
            "f0602e62 xvcvspsxds vs3,vs37 | vs37=402000003f800000f149f2cac0400000 fpscr=2 | vs3=28000000000000000 fpscr=a2000102",
            "f0602e62 xvcvspsxds vs3,vs37 | vs37=7fa00001bf0000004f32d05e7fc00002 fpscr=80 | fpscr=e1000180",
            "f0602e62 xvcvspsxds vs3,vs37 | vs37=7fc00002bf0000004f32d05e7fc00002 | vs3=800000000000000000000000b2d05e00 fpscr=a0000100"
        ],
    },
    Insn {
        name: xvcvsxddp,
        form: form::xx2(504).zero(form::RA),
        asm: "xvcvsxddp XT,XB",
        book: "Book I, VSX Vector Convert Signed Doubleword to Double-Precision",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u64, u64>(w, |b, mode| number(b, mode, SD, DP)), w)?;
        },
        cases: &[
            "f0602fe2 xvcvsxddp vs3,vs37 | vs37=80000000000004010000000000000005 fpscr=2 | vs3=c3dffffffffffffe4014000000000000 fpscr=82000002"
        ],
    },
    Insn {
        name: xvcvsxdsp,
        form: form::xx2(440).zero(form::RA),
        asm: "xvcvsxdsp XT,XB",
        book: "Book I, VSX Vector Convert with round Signed Doubleword to Single-Precision",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u64, u64>(w, |b, mode| filling(number(b, mode, SD, SP_ELEMENT))),
                w,
            )?;
        },
        cases: &[
            "f0602ee2 xvcvsxdsp vs3,vs37 | vs37=80000000000004010000000000000005 fpscr=2 | vs3=deffffffdeffffff40a0000040a00000 fpscr=82000002"
        ],
    },
    Insn {
        name: xvcvdpuxds,
        form: form::xx2(456).zero(form::RA),
        asm: "xvcvdpuxds XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Double-Precision to Unsigned Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u64, u64>(w, |b, _| cut(b, DOUBLE, UD)), w)?;
        },
        cases: &[
            "f0602f22 xvcvdpuxds vs3,vs37 | vs37=4004000000000000c6293e5939a08cea fpscr=2 | vs3=20000000000000000 fpscr=a2000102",
            "f0602f22 xvcvdpuxds vs3,vs37 | vs37=7ff40000000000017ff8000000000002 | fpscr=a1000100"
        ],
    },
    Insn {
        name: xvcvspuxds,
        form: form::xx2(392).zero(form::RA),
        asm: "xvcvspuxds XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Single-Precision to Unsigned Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u32, u64>(w, |b, _| cut(b, SINGLE, UD)), w)?;
        },
        cases: &[
            "f0602e22 xvcvspuxds vs3,vs37 | vs37=402000003f800000f149f2cac0400000 fpscr=2 | vs3=20000000000000000 fpscr=a2000102",
            "f0602e22 xvcvspuxds vs3,vs37 | vs37=7fa00001bf0000004f32d05e7fc00002 fpscr=80 | fpscr=e1000180",
            "f0602e22 xvcvspuxds vs3,vs37 | vs37=7fc00002bf0000004f32d05e7fc00002 | vs3=b2d05e00 fpscr=a0000100"
        ],
    },
    Insn {
        name: xvcvuxddp,
        form: form::xx2(488).zero(form::RA),
        asm: "xvcvuxddp XT,XB",
        book: "Book I, VSX Vector Convert Unsigned Doubleword to Double-Precision",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u64, u64>(w, |b, mode| number(b, mode, UD, DP)), w)?;
        },
        cases: &[
            "f0602fa2 xvcvuxddp vs3,vs37 | vs37=80000000000004010000000000000005 fpscr=2 | vs3=43e00000000000014014000000000000 fpscr=82000002"
        ],
    },
    Insn {
        name: xvcvuxdsp,
        form: form::xx2(424).zero(form::RA),
        asm: "xvcvuxdsp XT,XB",
        book: "Book I, VSX Vector Convert with round Unsigned Doubleword to Single-Precision",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u64, u64>(w, |b, mode| filling(number(b, mode, UD, SP_ELEMENT))),
                w,
            )?;
        },
        cases: &[
            "f0602ea2 xvcvuxdsp vs3,vs37 | vs37=80000000000004010000000000000005 fpscr=2 | vs3=5f0000015f00000140a0000040a00000 fpscr=82000002"
        ],
    },
    Insn {
        name: xvcvdpsxws,
        form: form::xx2(216).zero(form::RA),
        asm: "xvcvdpsxws XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Double-Precision to Signed Word",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u64, u64>(w, |b, _| cut_word(b, SW)), w)?;
        },
        cases: &[
            "f0602b62 xvcvdpsxws vs3,vs37 | vs37=4004000000000000c6293e5939a08cea fpscr=2 | vs3=2000000028000000080000000 fpscr=a2000102",
            "f0602b62 xvcvdpsxws vs3,vs37 | vs37=7ff40000000000017ff8000000000002 | vs3=80000000800000008000000080000000 fpscr=a1000100"
        ],
    },
    Insn {
        name: xvcvspsxws,
        form: form::xx2(152).zero(form::RA),
        asm: "xvcvspsxws XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Single-Precision to Signed Word",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u32, u32>(w, |b, _| cut(b, SINGLE, SW)), w)?;
        },
        cases: &[
            "f0602a62 xvcvspsxws vs3,vs37 | vs37=402000003f800000f149f2cac0400000 fpscr=2 | vs3=20000000180000000fffffffd fpscr=a2000102",
            "f0602a62 xvcvspsxws vs3,vs37 | vs37=7fa00001bf0000004f32d05e7fc00002 fpscr=80 | fpscr=e3000180",
            "f0602a62 xvcvspsxws vs3,vs37 | vs37=7fc00002bf0000004f32d05e7fc00002 | vs3=80000000000000007fffffff80000000 fpscr=a2000100"
        ],
    },
    Insn {
        name: xvcvsxwdp,
        form: form::xx2(248).zero(form::RA),
        asm: "xvcvsxwdp XT,XB",
        book: "Book I, VSX Vector Convert Signed Word to Double-Precision",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u32, u64>(w, |b, mode| number(b, mode, SW, DP)), w)?;
        },
        cases: &[
            "f0602be2 xvcvsxwdp vs3,vs37 | vs37=80000001000000057fffffff00000009 fpscr=1 | vs3=c1dfffffffc0000041dfffffffc00000"
        ],
    },
    Insn {
        name: xvcvsxwsp,
        form: form::xx2(184).zero(form::RA),
        asm: "xvcvsxwsp XT,XB",
        book: "Book I, VSX Vector Convert with round Signed Word to Single-Precision",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u32, u32>(w, |b, mode| number(b, mode, SW, SP_ELEMENT)),
                w,
            )?;
        },
        cases: &[
            "f0602ae2 xvcvsxwsp vs3,vs37 | vs37=80000001000000057fffffff00000009 fpscr=1 | vs3=ceffffff40a000004effffff41100000 fpscr=82000001"
        ],
    },
    Insn {
        name: xvcvdpuxws,
        form: form::xx2(200).zero(form::RA),
        asm: "xvcvdpuxws XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Double-Precision to Unsigned Word",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u64, u64>(w, |b, _| cut_word(b, UW)), w)?;
        },
        cases: &[
            "f0602b22 xvcvdpuxws vs3,vs37 | vs37=4004000000000000c6293e5939a08cea fpscr=2 | vs3=2000000020000000000000000 fpscr=a2000102",
            "f0602b22 xvcvdpuxws vs3,vs37 | vs37=7ff40000000000017ff8000000000002 | fpscr=a1000100"
        ],
    },
    Insn {
        name: xvcvspuxws,
        form: form::xx2(136).zero(form::RA),
        asm: "xvcvspuxws XT,XB",
        book: "Book I, VSX Vector Convert with round to zero Single-Precision to Unsigned Word",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u32, u32>(w, |b, _| cut(b, SINGLE, UW)), w)?;
        },
        cases: &[
            "f0602a22 xvcvspuxws vs3,vs37 | vs37=402000003f800000f149f2cac0400000 fpscr=2 | vs3=2000000010000000000000000 fpscr=a2000102",
            "f0602a22 xvcvspuxws vs3,vs37 | vs37=7fa00001bf0000004f32d05e7fc00002 fpscr=80 | fpscr=e3000180",
            "f0602a22 xvcvspuxws vs3,vs37 | vs37=7fc00002bf0000004f32d05e7fc00002 | vs3=b2d05e0000000000 fpscr=a2000100"
        ],
    },
    Insn {
        name: xvcvuxwdp,
        form: form::xx2(232).zero(form::RA),
        asm: "xvcvuxwdp XT,XB",
        book: "Book I, VSX Vector Convert Unsigned Word to Double-Precision",
        does: |m, w| {
            m.vector(|c, w| c.xv_each::<u32, u64>(w, |b, mode| number(b, mode, UW, DP)), w)?;
        },
        cases: &[
            "f0602ba2 xvcvuxwdp vs3,vs37 | vs37=80000001000000057fffffff00000009 fpscr=1 | vs3=41e000000020000041dfffffffc00000"
        ],
    },
    Insn {
        name: xvcvuxwsp,
        form: form::xx2(168).zero(form::RA),
        asm: "xvcvuxwsp XT,XB",
        book: "Book I, VSX Vector Convert with round Unsigned Word to Single-Precision",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u32, u32>(w, |b, mode| number(b, mode, UW, SP_ELEMENT)),
                w,
            )?;
        },
        cases: &[
            "f0602aa2 xvcvuxwsp vs3,vs37 | vs37=80000001000000057fffffff00000009 fpscr=1 | vs3=4f00000040a000004effffff41100000 fpscr=82000001"
        ],
    },
];
