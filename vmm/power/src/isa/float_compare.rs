// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point comparisons, tests and selection (Power ISA 3.0B, Book I, 4.6.8 and 4.6.9).

use crate::{
    arith::float::{DOUBLE, compare},
    form,
    vocabulary::Facility,
};

crate::isa![
    Insn {
        name: fcmpu,
        form: form::x(63, 0).zero(form::AFTER_BF),
        asm: "fcmpu BF,FRA,FRB",
        book: "Book I, Floating Compare Unordered",
        does: |m, w| {
            m.float_order(
                Facility::Fp,
                [w.ra(), w.rb()],
                |c, w| {
                    c.fp()?;
                    Ok(c.compare([c.f(w.ra()), c.f(w.rb())], DOUBLE, false))
                },
                w,
            )?;
        },
        cases: &[
            "fd842800 fcmpu cr3,f4,f5 | f4=3ff0000000000000 f5=4000000000000000 | cr3=8 fpscr=8000",
            "fd842800 fcmpu cr3,f4,f5 | f4=0 f5=8000000000000000 | cr3=2 fpscr=2000",
            "fd842800 fcmpu cr3,f4,f5 | f4=4000000000000000 f5=fff0000000000000 fpscr=70000 | cr3=4 fpscr=74000",
            "fd842800 fcmpu cr3,f4,f5 | f4=7ff8000000000002 f5=3ff0000000000000 | cr3=1 fpscr=1000",
            "fd842800 fcmpu cr3,f4,f5 | f4=7ff4000000000001 f5=3ff0000000000000 | cr3=1 fpscr=a1001000",
            "fd842800 fcmpu cr3,f4,f5 | f4=7ff4000000000001 f5=3ff0000000000000 fpscr=80 | cr3=1 fpscr=e1001080"
        ],
    },
    Insn {
        name: fcmpo,
        form: form::x(63, 32).zero(form::AFTER_BF),
        asm: "fcmpo BF,FRA,FRB",
        book: "Book I, Floating Compare Ordered",
        does: |m, w| {
            m.float_order(
                Facility::Fp,
                [w.ra(), w.rb()],
                |c, w| {
                    c.fp()?;
                    Ok(c.compare([c.f(w.ra()), c.f(w.rb())], DOUBLE, true))
                },
                w,
            )?;
        },
        cases: &[
            "fd842840 fcmpo cr3,f4,f5 | f4=3ff0000000000000 f5=4000000000000000 | cr3=8 fpscr=8000",
            "fd842840 fcmpo cr3,f4,f5 | f4=0 f5=8000000000000000 | cr3=2 fpscr=2000",
            "fd842840 fcmpo cr3,f4,f5 | f4=4000000000000000 f5=fff0000000000000 fpscr=70000 | cr3=4 fpscr=74000",
            "fd842840 fcmpo cr3,f4,f5 | f4=7ff8000000000002 f5=3ff0000000000000 | cr3=1 fpscr=a0081000",
            "fd842840 fcmpo cr3,f4,f5 | f4=7ff4000000000001 f5=3ff0000000000000 | cr3=1 fpscr=a1081000",
            "fd842840 fcmpo cr3,f4,f5 | f4=7ff4000000000001 f5=3ff0000000000000 fpscr=80 | cr3=1 fpscr=e1001080",
            "fd842840 fcmpo cr3,f4,f5 | f4=7ff4000000000001 fpscr=80 msr=8000000002803900 | nip=700 srr1=8000000002903900 cr3=1 fpscr=e1001080"
        ],
    },
    Insn {
        name: ftdiv,
        form: form::x(63, 128).zero(form::AFTER_BF),
        asm: "ftdiv BF,FRA,FRB",
        book: "Book I, Floating Test for software Divide",
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.fp()?;
                    Ok(compare::test_divide(c.f(w.ra()), c.f(w.rb()), DOUBLE).into())
                },
                w,
            )?;
        },
        cases: &[
            "fd842900 ftdiv cr3,f4,f5 | f4=3ff0000000000000 f5=4000000000000000 | cr3=8",
            "fd842900 ftdiv cr3,f4,f5 | f4=7ff0000000000000 f5=3ff0000000000000 | cr3=e",
            "fd842900 ftdiv cr3,f4,f5 | f4=3ff0000000000000 f5=1 | cr3=e",
            "fd842900 ftdiv cr3,f4,f5 | f4=340000000000000 f5=3ff0000000000000 | cr3=a",
            "fd842900 ftdiv cr3,f4,f5 | f4=0 f5=7fc0000000000000 | cr3=a",
            "fd842900 ftdiv cr3,f4,f5 | f4=1a56e1fc2f8f359 f5=6974e718d7d7625a | cr3=a"
        ],
    },
    Insn {
        name: ftsqrt,
        form: form::x(63, 160).zero(form::AFTER_BF | form::RA),
        asm: "ftsqrt BF,FRB",
        book: "Book I, Floating Test for software Square Root",
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.fp()?;
                    Ok(compare::test_square_root(c.f(w.rb()), DOUBLE).into())
                },
                w,
            )?;
        },
        cases: &[
            "fd802940 ftsqrt cr3,f5 | f5=4000000000000000 | cr3=8",
            "fd802940 ftsqrt cr3,f5 | f5=c000000000000000 | cr3=a",
            "fd802940 ftsqrt cr3,f5 | f5=0 | cr3=e",
            "fd802940 ftsqrt cr3,f5 | f5=1 | cr3=e",
            "fd802940 ftsqrt cr3,f5 | f5=350000000000000 | cr3=a",
            "fd802940 ftsqrt cr3,f5 | f5=7ff8000000000002 | cr3=a"
        ],
    },
    Insn {
        name: fsel,
        form: form::a_rc(63, 23),
        asm: "fsel[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Select",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let (a, b, c) = (m.fpr(w.ra()), m.fpr(w.rb()), m.fpr(w.r_c()));
            let (zero, one, infinity) = (m.imm(0), m.imm(1), m.imm(0x7ff << 53));
            // Without its sign, a NaN is greater than infinity, and both zeros are 0.
            let magnitude = m.shl(a, one);
            let (negative, nan) = (m.lt_s(a, zero), m.lt_u(infinity, magnitude));
            let is_zero = m.is_zero(magnitude);
            let v = m.select(negative, b, c);
            let v = m.select(is_zero, c, v);
            let v = m.select(nan, b, v);
            m.set_scalar(w.rt(), v);
            m.record1(w)?;
        },
        cases: &[
            "fc6429ae fsel f3,f4,f6,f5 | f4=8000000000000000 f5=5 f6=6 | f3=6",
            "fc6429ae fsel f3,f4,f6,f5 | f4=3ff0000000000000 f5=5 f6=6 | f3=6",
            "fc6429ae fsel f3,f4,f6,f5 | f4=bff0000000000000 f5=5 f6=6 | f3=5",
            "fc6429ae fsel f3,f4,f6,f5 | f4=7ff8000000000002 f5=5 f6=6 | f3=5",
            "fc6429af fsel. f3,f4,f6,f5 | f4=7ff4000000000001 f5=5 f6=6 fpscr=90000000 | f3=5 cr1=9"
        ],
    },
];
