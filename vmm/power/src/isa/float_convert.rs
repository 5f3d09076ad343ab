// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point rounding and conversion (Power ISA 3.0B, Book I, 4.6.7).

use crate::{
    arith::{
        float::{
            self, DOUBLE, DP, Rounded, Rounding, SP, integer,
            integer::{SD, SW, UD, UW},
            to_integral,
        },
        float_arith::Arith,
        float_operands::{Conversion, Way, twice},
    },
    form,
};

/// A value rounded to an integer, which is never inexact.
fn integral(b: u128, rounding: Rounding) -> Rounded {
    to_integral(b, DOUBLE, rounding, false)
}

crate::isa![
    Insn {
        name: frsp,
        form: form::xrc(63, 12).zero(form::RA),
        asm: "frsp[.] FRT,FRB",
        book: "Book I, Floating Round to Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::CONVERT, SP) }, w)?;
        },
        cases: &[
            "fc602818 frsp f3,f5 | f5=400921fb54442d18 | f3=400921fb60000000 fpscr=82064000",
            "fc602819 frsp. f3,f5 | f5=7ff4000020000001 | f3=7ffc000020000000 fpscr=a1011000 cr1=a",
            "fc602818 frsp f3,f5 | f5=7fefffffffffffff fpscr=1 | f3=47efffffe0000000 fpscr=92024001",
            "fc602818 frsp f3,f5 | f5=36a8000000000000 | f3=36b0000000000000 fpscr=8a074000",
            "fc602818 frsp f3,f5 | f5=47efffffffffffff fpscr=40 | f3=3bf0000000000000 fpscr=d2064040",
            "fc602818 frsp f3,f5 | f5=3690000000000001 fpscr=20 | f3=4290000000000000 fpscr=ca024020"
        ],
    },
    Insn {
        name: frin,
        form: form::xrc(63, 392).zero(form::RA),
        asm: "frin[.] FRT,FRB",
        book: "Book I, Floating Round to Integer Nearest",
        does: |m, w| {
            m.float(|c, w| c.f_number(w, |b, _| integral(b, Rounding::Away)), w)?;
        },
        cases: &[
            "fc602b10 frin f3,f5 | f5=4004000000000000 fpscr=60000 | f3=4008000000000000 fpscr=4000",
            "fc602b11 frin. f3,f5 | f5=bfe0000000000000 | f3=bff0000000000000 fpscr=8000 cr1=0",
            "fc602b10 frin f3,f5 | f5=7ff4000000000001 | f3=7ffc000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: friz,
        form: form::xrc(63, 424).zero(form::RA),
        asm: "friz[.] FRT,FRB",
        book: "Book I, Floating Round to Integer toward Zero",
        does: |m, w| {
            m.float(|c, w| c.f_number(w, |b, _| integral(b, Rounding::Zero)), w)?;
        },
        cases: &[
            "fc602b50 friz f3,f5 | f5=4004000000000000 fpscr=60000 | f3=4000000000000000 fpscr=4000",
            "fc602b51 friz. f3,f5 | f5=bfe0000000000000 | f3=8000000000000000 fpscr=12000 cr1=0",
            "fc602b50 friz f3,f5 | f5=7ff4000000000001 | f3=7ffc000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: frip,
        form: form::xrc(63, 456).zero(form::RA),
        asm: "frip[.] FRT,FRB",
        book: "Book I, Floating Round to Integer Plus",
        does: |m, w| {
            m.float(|c, w| c.f_number(w, |b, _| integral(b, Rounding::Up)), w)?;
        },
        cases: &[
            "fc602b90 frip f3,f5 | f5=4004000000000000 fpscr=60000 | f3=4008000000000000 fpscr=4000",
            "fc602b91 frip. f3,f5 | f5=bfe0000000000000 | f3=8000000000000000 fpscr=12000 cr1=0",
            "fc602b90 frip f3,f5 | f5=7ff4000000000001 | f3=7ffc000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: frim,
        form: form::xrc(63, 488).zero(form::RA),
        asm: "frim[.] FRT,FRB",
        book: "Book I, Floating Round to Integer Minus",
        does: |m, w| {
            m.float(|c, w| c.f_number(w, |b, _| integral(b, Rounding::Down)), w)?;
        },
        cases: &[
            "fc602bd0 frim f3,f5 | f5=4004000000000000 fpscr=60000 | f3=4000000000000000 fpscr=4000",
            "fc602bd1 frim. f3,f5 | f5=bfe0000000000000 | f3=bff0000000000000 fpscr=8000 cr1=0",
            "fc602bd0 frim f3,f5 | f5=7ff4000000000001 | f3=7ffc000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: fctid,
        form: form::xrc(63, 814).zero(form::RA),
        asm: "fctid[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Double-Precision To Signed Doubleword",
        does: |m, w| {
            m.float(
                |c, w| c.f_integer(w, |b, rounding| integer::from_float(b, DOUBLE, rounding, SD)),
                w,
            )?;
        },
        cases: &[
            "fc602e5c fctid f3,f5 | f5=4004000000000000 | f3=2 fpscr=82020000",
            "fc602e5d fctid. f3,f5 | f5=bffc000000000000 fpscr=3 | f3=fffffffffffffffe fpscr=82060003 cr1=8",
            "fc602e5c fctid f3,f5 | f5=7ff4000000000001 | f3=8000000000000000 fpscr=a1000100",
            "fc602e5c fctid f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=7fffffffffffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctidz,
        form: form::xrc(63, 815).zero(form::RA),
        asm: "fctidz[.] FRT,FRB",
        book: "Book I, Floating Convert with Truncate Double-Precision To Signed Doubleword",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::ToInteger(SD)),
                |c, w| c.f_integer(w, |b, _| integer::from_float(b, DOUBLE, Rounding::Zero, SD)),
                w,
            )?;
        },
        cases: &[
            "fc602e5e fctidz f3,f5 | f5=4004000000000000 | f3=2 fpscr=82020000",
            "fc602e5f fctidz. f3,f5 | f5=bffc000000000000 fpscr=3 | f3=ffffffffffffffff fpscr=82020003 cr1=8",
            "fc602e5e fctidz f3,f5 | f5=7ff4000000000001 | f3=8000000000000000 fpscr=a1000100",
            "fc602e5e fctidz f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=7fffffffffffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctidu,
        form: form::xrc(63, 942).zero(form::RA),
        asm: "fctidu[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Double-Precision To Unsigned Doubleword",
        does: |m, w| {
            m.float(
                |c, w| c.f_integer(w, |b, rounding| integer::from_float(b, DOUBLE, rounding, UD)),
                w,
            )?;
        },
        cases: &[
            "fc602f5c fctidu f3,f5 | f5=4004000000000000 | f3=2 fpscr=82020000",
            "fc602f5d fctidu. f3,f5 | f5=bffc000000000000 fpscr=3 | fpscr=a0000103 cr1=a",
            "fc602f5c fctidu f3,f5 | f5=7ff4000000000001 | fpscr=a1000100",
            "fc602f5c fctidu f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=ffffffffffffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctiduz,
        form: form::xrc(63, 943).zero(form::RA),
        asm: "fctiduz[.] FRT,FRB",
        book: "Book I, Floating Convert with Truncate Double-Precision To Unsigned Doubleword",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::ToInteger(UD)),
                |c, w| c.f_integer(w, |b, _| integer::from_float(b, DOUBLE, Rounding::Zero, UD)),
                w,
            )?;
        },
        cases: &[
            "fc602f5e fctiduz f3,f5 | f5=4004000000000000 | f3=2 fpscr=82020000",
            "fc602f5f fctiduz. f3,f5 | f5=bffc000000000000 fpscr=3 | fpscr=a0000103 cr1=a",
            "fc602f5e fctiduz f3,f5 | f5=7ff4000000000001 | fpscr=a1000100",
            "fc602f5e fctiduz f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=ffffffffffffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctiw,
        form: form::xrc(63, 14).zero(form::RA),
        asm: "fctiw[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Double-Precision To Signed Word",
        does: |m, w| {
            m.float(
                |c, w| {
                    c.f_integer(w, |b, rounding| {
                        twice(integer::from_float(b, DOUBLE, rounding, SW))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc60281c fctiw f3,f5 | f5=4004000000000000 | f3=200000002 fpscr=82020000",
            "fc60281d fctiw. f3,f5 | f5=bffc000000000000 fpscr=3 | f3=fffffffefffffffe fpscr=82060003 cr1=8",
            "fc60281c fctiw f3,f5 | f5=7ff4000000000001 | f3=8000000080000000 fpscr=a1000100",
            "fc60281c fctiw f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=7fffffff7fffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctiwz,
        form: form::xrc(63, 15).zero(form::RA),
        asm: "fctiwz[.] FRT,FRB",
        book: "Book I, Floating Convert with Truncate Double-Precision To Signed Word",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::ToInteger(SW)),
                |c, w| {
                    c.f_integer(w, |b, _| twice(integer::from_float(b, DOUBLE, Rounding::Zero, SW)))
                },
                w,
            )?;
        },
        cases: &[
            "fc60281e fctiwz f3,f5 | f5=4004000000000000 | f3=200000002 fpscr=82020000",
            "fc60281f fctiwz. f3,f5 | f5=bffc000000000000 fpscr=3 | f3=ffffffffffffffff fpscr=82020003 cr1=8",
            "fc60281e fctiwz f3,f5 | f5=7ff4000000000001 | f3=8000000080000000 fpscr=a1000100",
            "fc60281e fctiwz f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=7fffffff7fffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctiwu,
        form: form::xrc(63, 142).zero(form::RA),
        asm: "fctiwu[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Double-Precision To Unsigned Word",
        does: |m, w| {
            m.float(
                |c, w| {
                    c.f_integer(w, |b, rounding| {
                        twice(integer::from_float(b, DOUBLE, rounding, UW))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc60291c fctiwu f3,f5 | f5=4004000000000000 | f3=200000002 fpscr=82020000",
            "fc60291d fctiwu. f3,f5 | f5=bffc000000000000 fpscr=3 | fpscr=a0000103 cr1=a",
            "fc60291c fctiwu f3,f5 | f5=7ff4000000000001 | fpscr=a1000100",
            "fc60291c fctiwu f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=ffffffffffffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fctiwuz,
        form: form::xrc(63, 143).zero(form::RA),
        asm: "fctiwuz[.] FRT,FRB",
        book: "Book I, Floating Convert with Truncate Double-Precision To Unsigned Word",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::ToInteger(UW)),
                |c, w| {
                    c.f_integer(w, |b, _| twice(integer::from_float(b, DOUBLE, Rounding::Zero, UW)))
                },
                w,
            )?;
        },
        cases: &[
            "fc60291e fctiwuz f3,f5 | f5=4004000000000000 | f3=200000002 fpscr=82020000",
            "fc60291f fctiwuz. f3,f5 | f5=bffc000000000000 fpscr=3 | fpscr=a0000103 cr1=a",
            "fc60291e fctiwuz f3,f5 | f5=7ff4000000000001 | fpscr=a1000100",
            "fc60291e fctiwuz f3,f5 | f5=46293e5939a08cea fpscr=60000 | f3=ffffffffffffffff fpscr=a0000100"
        ],
    },
    Insn {
        name: fcfid,
        form: form::xrc(63, 846).zero(form::RA),
        asm: "fcfid[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Signed Doubleword to Double-Precision",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::from(SD, DP)),
                |c, w| c.f_number(w, |b, mode| integer::to_float(SD.value(b as u64), mode, DP)),
                w,
            )?;
        },
        cases: &[
            "fc602e9c fcfid f3,f5 | f5=fffffffffffffffd | f3=c008000000000000 fpscr=8000",
            "fc602e9d fcfid. f3,f5 | f5=4000000000000001 fpscr=2 | f3=43d0000000000001 fpscr=82064002 cr1=8",
            "fc602e9c fcfid f3,f5 | f5=0 fpscr=1f000 | fpscr=2000"
        ],
    },
    Insn {
        name: fcfidu,
        form: form::xrc(63, 974).zero(form::RA),
        asm: "fcfidu[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Unsigned Doubleword to Double-Precision",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::from(UD, DP)),
                |c, w| c.f_number(w, |b, mode| integer::to_float(UD.value(b as u64), mode, DP)),
                w,
            )?;
        },
        cases: &[
            "fc602f9c fcfidu f3,f5 | f5=fffffffffffffffd | f3=43f0000000000000 fpscr=82064000",
            "fc602f9d fcfidu. f3,f5 | f5=4000000000000001 fpscr=2 | f3=43d0000000000001 fpscr=82064002 cr1=8",
            "fc602f9c fcfidu f3,f5 | f5=0 fpscr=1f000 | fpscr=2000"
        ],
    },
    Insn {
        name: fcfids,
        form: form::xrc(59, 846).zero(form::RA),
        asm: "fcfids[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Signed Doubleword to Single-Precision",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::from(SD, SP)),
                |c, w| c.f_number(w, |b, mode| integer::to_float(SD.value(b as u64), mode, SP)),
                w,
            )?;
        },
        cases: &[
            "ec602e9c fcfids f3,f5 | f5=fffffffffffffffd | f3=c008000000000000 fpscr=8000",
            "ec602e9d fcfids. f3,f5 | f5=4000000000000001 fpscr=2 | f3=43d0000020000000 fpscr=82064002 cr1=8",
            "ec602e9c fcfids f3,f5 | f5=0 fpscr=1f000 | fpscr=2000"
        ],
    },
    Insn {
        name: fcfidus,
        form: form::xrc(59, 974).zero(form::RA),
        asm: "fcfidus[.] FRT,FRB",
        book: "Book I, Floating Convert with Round Unsigned Doubleword to Single-Precision",
        does: |m, w| {
            m.convert(
                Conversion::f(w, Way::from(UD, SP)),
                |c, w| c.f_number(w, |b, mode| integer::to_float(UD.value(b as u64), mode, SP)),
                w,
            )?;
        },
        cases: &[
            "ec602f9c fcfidus f3,f5 | f5=fffffffffffffffd | f3=43f0000000000000 fpscr=82064000",
            "ec602f9d fcfidus. f3,f5 | f5=4000000000000001 fpscr=2 | f3=43d0000020000000 fpscr=82064002 cr1=8",
            "ec602f9c fcfidus f3,f5 | f5=0 fpscr=1f000 | fpscr=2000"
        ],
    },
];
