// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Quad-precision comparisons and tests (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::float::{QUAD, compare},
    form,
    state::fpscr::{FE, FG, FL, FU},
};
use std::cmp::Ordering;

crate::isa![
    Insn {
        name: xscmpuqp,
        form: form::x(63, 644).zero(form::AFTER_BF),
        asm: "xscmpuqp BF,VA,VB",
        book: "Book I, VSX Scalar Compare Unordered Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    Ok(c.compare([c.q(w.ra()), c.q(w.rb())], QUAD, false))
                },
                w,
            )?;
        },
        cases: &[
            "fd842d08 xscmpuqp cr3,v4,v5 | v4=3fff0000000000000000000000000000 v5=40000000000000000000000000000000 | cr3=8 fpscr=8000",
            "fd842d08 xscmpuqp cr3,v4,v5 | v4=0 v5=80000000000000000000000000000000 | cr3=2 fpscr=2000",
            "fd842d08 xscmpuqp cr3,v4,v5 | v4=40000000000000000000000000000000 v5=ffff0000000000000000000000000000 fpscr=70000 | cr3=4 fpscr=74000",
            "fd842d08 xscmpuqp cr3,v4,v5 | v4=7fff8000000000000000000000000002 v5=3fff0000000000000000000000000000 | cr3=1 fpscr=1000",
            "fd842d08 xscmpuqp cr3,v4,v5 | v4=7fff0000000000000000000000000001 v5=3fff0000000000000000000000000000 | cr3=1 fpscr=a1001000",
            "fd842d08 xscmpuqp cr3,v4,v5 | v4=7fff0000000000000000000000000001 v5=3fff0000000000000000000000000000 fpscr=80 | cr3=1 fpscr=e1001080"
        ],
    },
    Insn {
        name: xscmpoqp,
        form: form::x(63, 132).zero(form::AFTER_BF),
        asm: "xscmpoqp BF,VA,VB",
        book: "Book I, VSX Scalar Compare Ordered Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    Ok(c.compare([c.q(w.ra()), c.q(w.rb())], QUAD, true))
                },
                w,
            )?;
        },
        cases: &[
            "fd842908 xscmpoqp cr3,v4,v5 | v4=3fff0000000000000000000000000000 v5=40000000000000000000000000000000 | cr3=8 fpscr=8000",
            "fd842908 xscmpoqp cr3,v4,v5 | v4=0 v5=80000000000000000000000000000000 | cr3=2 fpscr=2000",
            "fd842908 xscmpoqp cr3,v4,v5 | v4=40000000000000000000000000000000 v5=ffff0000000000000000000000000000 fpscr=70000 | cr3=4 fpscr=74000",
            "fd842908 xscmpoqp cr3,v4,v5 | v4=7fff8000000000000000000000000002 v5=3fff0000000000000000000000000000 | cr3=1 fpscr=a0081000",
            "fd842908 xscmpoqp cr3,v4,v5 | v4=7fff0000000000000000000000000001 v5=3fff0000000000000000000000000000 | cr3=1 fpscr=a1081000",
            "fd842908 xscmpoqp cr3,v4,v5 | v4=7fff0000000000000000000000000001 v5=3fff0000000000000000000000000000 fpscr=80 | cr3=1 fpscr=e1001080"
        ],
    },
    Insn {
        name: xscmpexpqp,
        form: form::x(63, 164).zero(form::AFTER_BF),
        asm: "xscmpexpqp BF,VA,VB",
        book: "Book I, VSX Scalar Compare Exponents Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    let (a, b) = (c.q(w.ra()), c.q(w.rb()));
                    let code = match QUAD.biased(a).cmp(&QUAD.biased(b)) {
                        _ if QUAD.is_nan(a) || QUAD.is_nan(b) => FU,
                        Ordering::Less => FL,
                        Ordering::Greater => FG,
                        Ordering::Equal => FE,
                    };
                    Ok(c.set_fpcc(code))
                },
                w,
            )?;
        },
        cases: &[
            "fd842948 xscmpexpqp cr3,v4,v5 | v4=3fff0000000000000000000000000000 v5=3fff8000000000000000000000000000 | cr3=2 fpscr=2000",
            "fd842948 xscmpexpqp cr3,v4,v5 | v4=3fff0000000000000000000000000000 v5=40000000000000000000000000000000 | cr3=8 fpscr=8000",
            "fd842948 xscmpexpqp cr3,v4,v5 | v4=7fff0000000000000000000000000000 v5=3fff0000000000000000000000000000 | cr3=4 fpscr=4000",
            "fd842948 xscmpexpqp cr3,v4,v5 | v4=7fff0000000000000000000000000001 v5=3fff0000000000000000000000000000 | cr3=1 fpscr=1000"
        ],
    },
    Insn {
        name: xststdcqp,
        form: form::x(63, 708),
        asm: "xststdcqp BF,VB,DCMX",
        book: "Book I, VSX Scalar Test Data Class Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    let b = c.q(w.rb());
                    let sign = if b & QUAD.sign() != 0 { FL } else { 0 };
                    let of_class = if compare::is_of_class(b, QUAD, w.dcmx()) { FE } else { 0 };
                    Ok(c.set_fpcc(sign | of_class))
                },
                w,
            )?;
        },
        cases: &[
            "fdc02d88 xststdcqp cr3,v5,64 | v5=7fff8000000000000000000000000002 | cr3=2 fpscr=2000",
            "fda02d88 xststdcqp cr3,v5,32 | v5=7fff0000000000000000000000000000 | cr3=2 fpscr=2000",
            "fda02d88 xststdcqp cr3,v5,32 | v5=ffff0000000000000000000000000000 | cr3=8 fpscr=8000",
            "fd882d88 xststdcqp cr3,v5,8 | v5=0 | cr3=2 fpscr=2000",
            "fd842d88 xststdcqp cr3,v5,4 | v5=80000000000000000000000000000000 | cr3=a fpscr=a000",
            "fd822d88 xststdcqp cr3,v5,2 | v5=1 | cr3=2 fpscr=2000",
            "fdff2d88 xststdcqp cr3,v5,127 | v5=3fff0000000000000000000000000000 | cr3=0"
        ],
    },
];
