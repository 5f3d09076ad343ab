// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX scalar rounding and conversion (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::single::{double_of_single, single_of_double},
    arith::{
        float::{
            self, DOUBLE, DP, HALF, Mode, Rounded, Rounding, Route, SINGLE, SP, arithmetic,
            integer,
            integer::{SD, SW, UD, UW},
            to_integral,
        },
        float_arith::Arith,
        float_operands::{Conversion, Way, twice},
        vector::Vector,
    },
    form,
};

/// A double-precision value as a single-precision word.
fn narrowed(b: u128, mode: Mode) -> Rounded {
    let (v, facts) = arithmetic(mode, &float::CONVERT, [b], Route::between(DOUBLE, SINGLE));
    (v << 32 | v, facts)
}

crate::isa![
    Insn {
        name: xsrdpi,
        form: form::xx2(73).zero(form::RA),
        asm: "xsrdpi XT,XB",
        book: "Book I, VSX Scalar Round to Double-Precision Integer using round to Nearest Away",
        does: |m, w| {
            m.vector(
                |c, w| c.xs_number(w, |b, _| to_integral(b, DOUBLE, Rounding::Away, false)),
                w,
            )?;
        },
        cases: &[
            "f0602925 xsrdpi vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=60000 | vs35=40080000000000000000000000000000 fpscr=4000",
            "f0602925 xsrdpi vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=7ffc0000000000010000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsrdpiz,
        form: form::xx2(89).zero(form::RA),
        asm: "xsrdpiz XT,XB",
        book: "Book I, VSX Scalar Round to Double-Precision Integer using round toward Zero",
        does: |m, w| {
            m.vector(
                |c, w| c.xs_number(w, |b, _| to_integral(b, DOUBLE, Rounding::Zero, false)),
                w,
            )?;
        },
        cases: &[
            "f0602965 xsrdpiz vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=60000 | vs35=40000000000000000000000000000000 fpscr=4000",
            "f0602965 xsrdpiz vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=7ffc0000000000010000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsrdpip,
        form: form::xx2(105).zero(form::RA),
        asm: "xsrdpip XT,XB",
        book: "Book I, VSX Scalar Round to Double-Precision Integer using round toward +Infinity",
        does: |m, w| {
            m.vector(|c, w| c.xs_number(w, |b, _| to_integral(b, DOUBLE, Rounding::Up, false)), w)?;
        },
        cases: &[
            "f06029a5 xsrdpip vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=60000 | vs35=40080000000000000000000000000000 fpscr=4000",
            "f06029a5 xsrdpip vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=7ffc0000000000010000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsrdpim,
        form: form::xx2(121).zero(form::RA),
        asm: "xsrdpim XT,XB",
        book: "Book I, VSX Scalar Round to Double-Precision Integer using round toward -Infinity",
        does: |m, w| {
            m.vector(
                |c, w| c.xs_number(w, |b, _| to_integral(b, DOUBLE, Rounding::Down, false)),
                w,
            )?;
        },
        cases: &[
            "f06029e5 xsrdpim vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=60000 | vs35=40000000000000000000000000000000 fpscr=4000",
            "f06029e5 xsrdpim vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=7ffc0000000000010000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsrdpic,
        form: form::xx2(107).zero(form::RA),
        asm: "xsrdpic XT,XB",
        book: "Book I, VSX Scalar Round to Double-Precision Integer exact using Current rounding mode",
        does: |m, w| {
            m.vector(
                |c, w| c.xs_number(w, |b, mode| to_integral(b, DOUBLE, mode.rounding, true)),
                w,
            )?;
        },
        cases: &[
            "f06029ad xsrdpic vs35,vs5 | vs5=40040000000000000000000000000009 | vs35=40000000000000000000000000000000 fpscr=82024000",
            "f06029ad xsrdpic vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=2 | vs35=40080000000000000000000000000000 fpscr=82064002",
            "f06029ad xsrdpic vs35,vs5 | vs5=bfd00000000000000000000000000009 | vs35=80000000000000000000000000000000 fpscr=82032000"
        ],
    },
    Insn {
        name: xsrsp,
        form: form::xx2(281).zero(form::RA),
        asm: "xsrsp XT,XB",
        book: "Book I, VSX Scalar Round to Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::CONVERT, SP) }, w)?;
        },
        cases: &[
            "f0602c65 xsrsp vs35,vs5 | vs5=400921fb54442d180000000000000009 | vs35=400921fb600000000000000000000000 fpscr=82064000",
            "f0602c65 xsrsp vs35,vs5 | vs5=7ff40000200000010000000000000009 | vs35=7ffc0000200000000000000000000000 fpscr=a1011000",
            "f0602c65 xsrsp vs35,vs5 | vs5=7fefffffffffffff0000000000000009 fpscr=1 | vs35=47efffffe00000000000000000000000 fpscr=92024001"
        ],
    },
    Insn {
        name: xscvdpsp,
        form: form::xx2(265).zero(form::RA),
        asm: "xscvdpsp XT,XB",
        book: "Book I, VSX Scalar Convert with Round Double-Precision to Single-Precision",
        does: |m, w| {
            m.vector(|c, w| c.xs_number(w, narrowed), w)?;
        },
        cases: &[
            "f0602c25 xscvdpsp vs35,vs5 | vs5=400921fb54442d180000000000000009 | vs35=40490fdb40490fdb0000000000000000 fpscr=82064000",
            "f0602c25 xscvdpsp vs35,vs5 | vs5=7ff40000200000010000000000000009 | vs35=7fe000017fe000010000000000000000 fpscr=a1011000",
            "f0602c25 xscvdpsp vs35,vs5 | vs5=36a80000000000000000000000000009 | vs35=2000000020000000000000000 fpscr=8a074000"
        ],
    },
    Insn {
        name: xscvspdp,
        form: form::xx2(329).zero(form::RA),
        asm: "xscvspdp XT,XB",
        book: "Book I, VSX Scalar Convert Single-Precision to Double-Precision",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xs_number(w, |b, mode| {
                        arithmetic(mode, &float::CONVERT, [b >> 32], Route::between(SINGLE, DOUBLE))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "f0602d25 xscvspdp vs35,vs5 | vs5=40490fdb000000000000000000000009 | vs35=400921fb600000000000000000000000 fpscr=4000",
            "f0602d25 xscvspdp vs35,vs5 | vs5=7fa00000000000000000000000000009 | vs35=7ffc0000000000000000000000000000 fpscr=a1011000",
            "f0602d25 xscvspdp vs35,vs5 | vs5=1000000000000000000000009 | vs35=36a00000000000000000000000000000 fpscr=4000"
        ],
    },
    Insn {
        name: xscvdpspn,
        form: form::xx2(267).zero(form::RA),
        asm: "xscvdpspn XT,XB",
        book: "Book I, VSX Scalar Convert Scalar Single-Precision to Vector Single-Precision Non-signalling",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.x1(w, |b| {
                        let word = single_of_double(b.lane(0));
                        Vector::ZERO.with(0, word).with(1, word)
                    })
                },
                w,
            )?;
        },
        cases: &[
            "f0602c2d xscvdpspn vs35,vs5 | vs5=400921fb600000000000000000000009 | vs35=40490fdb40490fdb0000000000000000",
            "f0602c2d xscvdpspn vs35,vs5 | vs5=7ff40000200000000000000000000009 | vs35=7fa000017fa000010000000000000000"
        ],
    },
    Insn {
        name: xscvspdpn,
        form: form::xx2(331).zero(form::RA),
        asm: "xscvspdpn XT,XB",
        book: "Book I, VSX Scalar Convert Single-Precision to Double-Precision Non-signalling",
        does: |m, w| {
            m.vector(|c, w| c.x1(w, |b| Vector::new(double_of_single(b.lane(0)), 0)), w)?;
        },
        cases: &[
            "f0602d2d xscvspdpn vs35,vs5 | vs5=40490fdb000000000000000000000009 | vs35=400921fb600000000000000000000000",
            "f0602d2d xscvspdpn vs35,vs5 | vs5=7fa00000000000000000000000000009 | vs35=7ff40000000000000000000000000000"
        ],
    },
    Insn {
        name: xscvdphp,
        form: form::xx2_eo(347, 17),
        asm: "xscvdphp XT,XB",
        book: "Book I, VSX Scalar Convert with Round Double-Precision to Half-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xs_number(w, |b, mode| {
                        arithmetic(mode, &float::CONVERT, [b], Route::between(DOUBLE, HALF))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "f0712d6d xscvdphp vs35,vs5 | vs5=400921fb54442d180000000000000009 | vs35=42480000000000000000 fpscr=82024000",
            "f0712d6d xscvdphp vs35,vs5 | vs5=40effe00000000000000000000000009 | vs35=7c000000000000000000 fpscr=92065000",
            "f0712d6d xscvdphp vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=7f000000000000000000 fpscr=a1011000",
            "f0712d6d xscvdphp vs35,vs5 | vs5=3e600000000000000000000000000009 fpscr=2 | vs35=10000000000000000 fpscr=8a074002"
        ],
    },
    Insn {
        name: xscvhpdp,
        form: form::xx2_eo(347, 16),
        asm: "xscvhpdp XT,XB",
        book: "Book I, VSX Scalar Convert Half-Precision to Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xs_number(w, |b, mode| {
                        arithmetic(
                            mode,
                            &float::CONVERT,
                            [b & 0xffff],
                            Route::between(HALF, DOUBLE),
                        )
                    })
                },
                w,
            )?;
        },
        cases: &[
            "f0702d6d xscvhpdp vs35,vs5 | vs5=ffff0000000042480000000000000009 | vs35=40092000000000000000000000000000 fpscr=4000",
            "f0702d6d xscvhpdp vs35,vs5 | vs5=7d010000000000000009 | vs35=7ffc0400000000000000000000000000 fpscr=a1011000",
            "f0702d6d xscvhpdp vs35,vs5 | vs5=10000000000000009 | vs35=3e700000000000000000000000000000 fpscr=4000"
        ],
    },
    Insn {
        name: xscvdpsxds,
        form: form::xx2(344).zero(form::RA),
        asm: "xscvdpsxds XT,XB",
        book: "Book I, VSX Scalar Convert with round to zero Double-Precision to Signed Doubleword",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::ToInteger(SD)),
                |c, w| c.xs_integer(w, |b| integer::from_float(b, DOUBLE, Rounding::Zero, SD)),
                w,
            )?;
        },
        cases: &[
            "f0602d61 xscvdpsxds vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=2 | vs35=20000000000000000 fpscr=82020002",
            "f0602d61 xscvdpsxds vs35,vs5 | vs5=bffc0000000000000000000000000009 | vs35=ffffffffffffffff0000000000000000 fpscr=82020000",
            "f0602d61 xscvdpsxds vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=80000000000000000000000000000000 fpscr=a1000100",
            "f0602d61 xscvdpsxds vs35,vs5 | vs5=7ff80000000000020000000000000009 fpscr=60080 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvdpuxds,
        form: form::xx2(328).zero(form::RA),
        asm: "xscvdpuxds XT,XB",
        book: "Book I, VSX Scalar Convert with round to zero Double-Precision to Unsigned Doubleword",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::ToInteger(UD)),
                |c, w| c.xs_integer(w, |b| integer::from_float(b, DOUBLE, Rounding::Zero, UD)),
                w,
            )?;
        },
        cases: &[
            "f0602d21 xscvdpuxds vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=2 | vs35=20000000000000000 fpscr=82020002",
            "f0602d21 xscvdpuxds vs35,vs5 | vs5=bffc0000000000000000000000000009 | fpscr=a0000100",
            "f0602d21 xscvdpuxds vs35,vs5 | vs5=7ff40000000000010000000000000009 | fpscr=a1000100",
            "f0602d21 xscvdpuxds vs35,vs5 | vs5=7ff80000000000020000000000000009 fpscr=60080 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvdpsxws,
        form: form::xx2(88).zero(form::RA),
        asm: "xscvdpsxws XT,XB",
        book: "Book I, VSX Scalar Convert with round to zero Double-Precision to Signed Word",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::ToInteger(SW)),
                |c, w| {
                    c.xs_integer(w, |b| twice(integer::from_float(b, DOUBLE, Rounding::Zero, SW)))
                },
                w,
            )?;
        },
        cases: &[
            "f0602961 xscvdpsxws vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=2 | vs35=2000000020000000000000000 fpscr=82020002",
            "f0602961 xscvdpsxws vs35,vs5 | vs5=bffc0000000000000000000000000009 | vs35=ffffffffffffffff0000000000000000 fpscr=82020000",
            "f0602961 xscvdpsxws vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=80000000800000000000000000000000 fpscr=a1000100",
            "f0602961 xscvdpsxws vs35,vs5 | vs5=7ff80000000000020000000000000009 fpscr=60080 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvdpuxws,
        form: form::xx2(72).zero(form::RA),
        asm: "xscvdpuxws XT,XB",
        book: "Book I, VSX Scalar Convert with round to zero Double-Precision to Unsigned Word",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::ToInteger(UW)),
                |c, w| {
                    c.xs_integer(w, |b| twice(integer::from_float(b, DOUBLE, Rounding::Zero, UW)))
                },
                w,
            )?;
        },
        cases: &[
            "f0602921 xscvdpuxws vs35,vs5 | vs5=40040000000000000000000000000009 fpscr=2 | vs35=2000000020000000000000000 fpscr=82020002",
            "f0602921 xscvdpuxws vs35,vs5 | vs5=bffc0000000000000000000000000009 | fpscr=a0000100",
            "f0602921 xscvdpuxws vs35,vs5 | vs5=7ff40000000000010000000000000009 | fpscr=a1000100",
            "f0602921 xscvdpuxws vs35,vs5 | vs5=7ff80000000000020000000000000009 fpscr=60080 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvsxddp,
        form: form::xx2(376).zero(form::RA),
        asm: "xscvsxddp XT,XB",
        book: "Book I, VSX Scalar Convert with round Signed Doubleword to Double-Precision",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::from(SD, DP)),
                |c, w| c.xs_number(w, |b, mode| integer::to_float(SD.value(b as u64), mode, DP)),
                w,
            )?;
        },
        cases: &[
            "f0602de1 xscvsxddp vs35,vs5 | vs5=fffffffffffffffd0000000000000009 | vs35=c0080000000000000000000000000000 fpscr=8000",
            "f0602de1 xscvsxddp vs35,vs5 | vs5=40000000000000010000000000000009 fpscr=2 | vs35=43d00000000000010000000000000000 fpscr=82064002",
            "f0602de1 xscvsxddp vs35,vs5 | vs5=9 | fpscr=2000"
        ],
    },
    Insn {
        name: xscvuxddp,
        form: form::xx2(360).zero(form::RA),
        asm: "xscvuxddp XT,XB",
        book: "Book I, VSX Scalar Convert with round Unsigned Doubleword to Double-Precision",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::from(UD, DP)),
                |c, w| c.xs_number(w, |b, mode| integer::to_float(UD.value(b as u64), mode, DP)),
                w,
            )?;
        },
        cases: &[
            "f0602da1 xscvuxddp vs35,vs5 | vs5=fffffffffffffffd0000000000000009 | vs35=43f00000000000000000000000000000 fpscr=82064000",
            "f0602da1 xscvuxddp vs35,vs5 | vs5=40000000000000010000000000000009 fpscr=2 | vs35=43d00000000000010000000000000000 fpscr=82064002",
            "f0602da1 xscvuxddp vs35,vs5 | vs5=9 | fpscr=2000"
        ],
    },
    Insn {
        name: xscvsxdsp,
        form: form::xx2(312).zero(form::RA),
        asm: "xscvsxdsp XT,XB",
        book: "Book I, VSX Scalar Convert with round Signed Doubleword to Single-Precision",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::from(SD, SP)),
                |c, w| c.xs_number(w, |b, mode| integer::to_float(SD.value(b as u64), mode, SP)),
                w,
            )?;
        },
        cases: &[
            "f0602ce1 xscvsxdsp vs35,vs5 | vs5=fffffffffffffffd0000000000000009 | vs35=c0080000000000000000000000000000 fpscr=8000",
            "f0602ce1 xscvsxdsp vs35,vs5 | vs5=40000000000000010000000000000009 fpscr=2 | vs35=43d00000200000000000000000000000 fpscr=82064002",
            "f0602ce1 xscvsxdsp vs35,vs5 | vs5=9 | fpscr=2000"
        ],
    },
    Insn {
        name: xscvuxdsp,
        form: form::xx2(296).zero(form::RA),
        asm: "xscvuxdsp XT,XB",
        book: "Book I, VSX Scalar Convert with round Unsigned Doubleword to Single-Precision",
        does: |m, w| {
            m.convert(
                Conversion::xs(w, Way::from(UD, SP)),
                |c, w| c.xs_number(w, |b, mode| integer::to_float(UD.value(b as u64), mode, SP)),
                w,
            )?;
        },
        cases: &[
            "f0602ca1 xscvuxdsp vs35,vs5 | vs5=fffffffffffffffd0000000000000009 | vs35=43f00000000000000000000000000000 fpscr=82064000",
            "f0602ca1 xscvuxdsp vs35,vs5 | vs5=40000000000000010000000000000009 fpscr=2 | vs35=43d00000200000000000000000000000 fpscr=82064002",
            "f0602ca1 xscvuxdsp vs35,vs5 | vs5=9 | fpscr=2000"
        ],
    },
];
