// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point multiply-add (Power ISA 3.0B, Book I, 4.6.6.2): rounded once.

use crate::{
    arith::{
        float::{self, DP, SP},
        float_arith::Arith,
    },
    form,
};

crate::isa![
    Insn {
        name: fmadd,
        form: form::a_rc(63, 29),
        asm: "fmadd[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Multiply-Add",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::MADD, DP) }, w)?;
        },
        cases: &[
            "fc6429ba fmadd f3,f4,f6,f5 | f4=3fd5555555555555 f5=3ff0000000000000 f6=4008000000000000 | f3=4000000000000000 fpscr=82064000",
            "fc6429bb fmadd. f3,f4,f6,f5 | f4=7ff0000000000000 f5=7ff8000000000002 f6=0 | f3=7ff8000000000002 fpscr=a0111000 cr1=a",
            "fc6429ba fmadd f3,f4,f6,f5 | f4=4000000000000001 f5=c000000000000002 f6=3ff0000000000000 | f3=bcc0000000000000 fpscr=8000"
        ],
    },
    Insn {
        name: fmsub,
        form: form::a_rc(63, 28),
        asm: "fmsub[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Multiply-Subtract",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::MSUB, DP) }, w)?;
        },
        cases: &[
            "fc6429b8 fmsub f3,f4,f6,f5 | f4=3fd5555555555555 f5=3ff0000000000000 f6=4008000000000000 | f3=bc90000000000000 fpscr=8000",
            "fc6429b9 fmsub. f3,f4,f6,f5 | f4=7ff0000000000000 f5=7ff0000000000000 f6=3ff0000000000000 | f3=7ff8000000000000 fpscr=a0811000 cr1=a"
        ],
    },
    Insn {
        name: fnmadd,
        form: form::a_rc(63, 31),
        asm: "fnmadd[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Negative Multiply-Add",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::NMADD, DP) }, w)?;
        },
        cases: &[
            "fc6429be fnmadd f3,f4,f6,f5 | f4=3fd5555555555555 f5=3ff0000000000000 f6=4008000000000000 fpscr=2 | f3=c000000000000000 fpscr=82068002",
            "fc6429bf fnmadd. f3,f4,f6,f5 | f4=3ff0000000000000 f5=fff8123400000000 f6=4000000000000000 | f3=fff8123400000000 fpscr=11000 cr1=0"
        ],
    },
    Insn {
        name: fnmsub,
        form: form::a_rc(63, 30),
        asm: "fnmsub[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Negative Multiply-Subtract",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::NMSUB, DP) }, w)?;
        },
        cases: &[
            "fc6429bc fnmsub f3,f4,f6,f5 | f4=3fd5555555555555 f5=3ff0000000000000 f6=4008000000000000 | f3=3c90000000000000 fpscr=4000",
            "fc6429bd fnmsub. f3,f4,f6,f5 | f4=4000000000000000 f5=c010000000000000 f6=4000000000000000 fpscr=3 | f3=c020000000000000 fpscr=8003 cr1=0"
        ],
    },
    Insn {
        name: fmadds,
        form: form::a_rc(59, 29),
        asm: "fmadds[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Multiply-Add Single",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::MADD, SP) }, w)?;
        },
        cases: &[
            "ec6429ba fmadds f3,f4,f6,f5 | f4=3ff0000020000000 f5=3ff0000000000000 f6=3ff0000020000000 | f3=4000000020000000 fpscr=82024000"
        ],
    },
    Insn {
        name: fmsubs,
        form: form::a_rc(59, 28),
        asm: "fmsubs[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Multiply-Subtract Single",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::MSUB, SP) }, w)?;
        },
        cases: &[
            "ec6429b8 fmsubs f3,f4,f6,f5 | f4=3ff0000020000000 f5=3ff0000000000000 f6=3ff0000020000000 | f3=3e90000000000000 fpscr=82024000"
        ],
    },
    Insn {
        name: fnmadds,
        form: form::a_rc(59, 31),
        asm: "fnmadds[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Negative Multiply-Add Single",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::NMADD, SP) }, w)?;
        },
        cases: &[
            "ec6429be fnmadds f3,f4,f6,f5 | f4=3ff0000000000000 f5=3c30000000000000 f6=3ff0000000000000 fpscr=2 | f3=bff0000020000000 fpscr=82068002"
        ],
    },
    Insn {
        name: fnmsubs,
        form: form::a_rc(59, 30),
        asm: "fnmsubs[.] FRT,FRA,FRC,FRB",
        book: "Book I, Floating Negative Multiply-Subtract Single",
        does: |m, w| {
            m.arith(const { &Arith::f_abc(&float::NMSUB, SP) }, w)?;
        },
        cases: &[
            "ec6429bc fnmsubs f3,f4,f6,f5 | f4=3ff0000000000000 f5=3c30000000000000 f6=3ff0000000000000 fpscr=1 | f3=bfefffffe0000000 fpscr=82028001"
        ],
    },
];
