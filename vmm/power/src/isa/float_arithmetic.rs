// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point arithmetic of one and two operands (Power ISA 3.0B, Book I, 4.6.6).

use crate::{
    arith::{
        float::{self, DP, SP},
        float_arith::Arith,
    },
    form,
};

crate::isa![
    Insn {
        name: fadd,
        form: form::a_rc(63, 21).zero(form::RC),
        asm: "fadd[.] FRT,FRA,FRB",
        book: "Book I, Floating Add",
        does: |m, w| {
            m.arith(const { &Arith::f_ab(&float::ADD, DP) }, w)?;
        },
        cases: &[
            "fc64282a fadd f3,f4,f5 | f4=3ff0000000000000 f5=3ca0000000000001 fpscr=2000000 | f3=3ff0000000000001 fpscr=2064000",
            "fc64282a fadd f3,f4,f5 | f4=3ff0000000000000 f5=3ca0000000000001 fpscr=2 | f3=3ff0000000000001 fpscr=82064002",
            "fc64282b fadd. f3,f4,f5 | f4=fff0000000000000 f5=7ff0000000000000 | f3=7ff8000000000000 fpscr=a0811000 cr1=a",
            "fc64282a fadd f3,f4,f5 | f4=7ff4000000000001 f5=fff8123400000000 fpscr=80 | fpscr=e1000080",
            "fc64282a fadd f3,f4,f5 | f4=400921fb54442d18 f5=c00921fb54442d18 fpscr=3 | f3=8000000000000000 fpscr=12003",
            "fc64282a fadd f3,f4,f5 | f4=7fefffffffffffff f5=7fefffffffffffff fpscr=40 | f3=1fffffffffffffff fpscr=d0004040",
            "fc64282a fadd f3,f4,f5 | f4=7ff4000000000001 f5=3ff0000000000000 fpscr=80 msr=8000000002803900 | fpscr=e1000080 nip=700 srr0=1000 srr1=8000000002903900",
            "fc64282a fadd f3,f4,f5 | msr=8000000002801000 | nip=800"
        ],
    },
    Insn {
        name: fsub,
        form: form::a_rc(63, 20).zero(form::RC),
        asm: "fsub[.] FRT,FRA,FRB",
        book: "Book I, Floating Subtract",
        does: |m, w| {
            m.arith(const { &Arith::f_ab(&float::SUB, DP) }, w)?;
        },
        cases: &[
            "fc642828 fsub f3,f4,f5 | f4=3ff0000000000000 f5=3c80000000000000 fpscr=1 | f3=3fefffffffffffff fpscr=82024001",
            "fc642829 fsub. f3,f4,f5 | f4=7ff0000000000000 f5=7ff0000000000000 fpscr=ff000 | f3=7ff8000000000000 fpscr=a0891000 cr1=a",
            "fc642828 fsub f3,f4,f5 | f4=7ff8000000000002 f5=7ff4000000000001 | f3=7ff8000000000002 fpscr=a1011000"
        ],
    },
    Insn {
        name: fmul,
        form: form::a_rc(63, 25).zero(form::RB),
        asm: "fmul[.] FRT,FRA,FRC",
        book: "Book I, Floating Multiply",
        does: |m, w| {
            m.arith(const { &Arith::f_ac(&float::MUL, DP) }, w)?;
        },
        cases: &[
            "fc6401b2 fmul f3,f4,f6 | f4=3fd5555555555555 f6=400921fb54442d18 | f3=3ff0c152382d7365 fpscr=82024000",
            "fc6401b3 fmul. f3,f4,f6 | f4=0 f6=7ff0000000000000 | f3=7ff8000000000000 fpscr=a0111000 cr1=a",
            "fc6401b2 fmul f3,f4,f6 | f4=10000000000000 f6=3fe0000000000001 | f3=8000000000000 fpscr=8a034000",
            "fc6401b2 fmul f3,f4,f6 | f4=10000000000000 f6=3fd5555555555555 fpscr=20 | f3=5ff5555555555555 fpscr=c8004020",
            "fc6401b2 fmul f3,f4,f6 | f4=7fefffffffffffff f6=4000000000000000 fpscr=1 | f3=7fefffffffffffff fpscr=92024001",
            "fc6401b2 fmul f3,f4,f6 | f4=7fefffffffffffff f6=4000000000000000 fpscr=48 msr=8000000002803100 | f3=1fffffffffffffff fpscr=d0004048 nip=700 srr0=1000 srr1=8000000002903100"
        ],
    },
    Insn {
        name: fdiv,
        form: form::a_rc(63, 18).zero(form::RC),
        asm: "fdiv[.] FRT,FRA,FRB",
        book: "Book I, Floating Divide",
        does: |m, w| {
            m.arith(const { &Arith::f_ab(&float::DIV, DP) }, w)?;
        },
        cases: &[
            "fc642824 fdiv f3,f4,f5 | f4=3ff0000000000000 f5=4008000000000000 | f3=3fd5555555555555 fpscr=82024000",
            "fc642825 fdiv. f3,f4,f5 | f4=3ff0000000000000 f5=8000000000000000 | f3=fff0000000000000 fpscr=84009000 cr1=8",
            "fc642824 fdiv f3,f4,f5 | f4=4014000000000000 f5=0 fpscr=10 | fpscr=c4000010",
            "fc642824 fdiv f3,f4,f5 | f4=0 f5=0 | f3=7ff8000000000000 fpscr=a0211000",
            "fc642824 fdiv f3,f4,f5 | f4=7ff0000000000000 f5=fff0000000000000 | f3=7ff8000000000000 fpscr=a0411000",
            "fc642824 fdiv f3,f4,f5 | f4=3ff0000000000000 f5=0 fpscr=10 msr=8000000002803900 | fpscr=c4000010 nip=700 srr0=1000 srr1=8000000002903900",
            "fc642824 fdiv f3,f4,f5 | msr=8000000002801000 | nip=800"
        ],
    },
    Insn {
        name: fsqrt,
        form: form::a_rc(63, 22).zero(form::RA | form::RC),
        asm: "fsqrt[.] FRT,FRB",
        book: "Book I, Floating Square Root",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::SQRT, DP) }, w)?;
        },
        cases: &[
            "fc60282c fsqrt f3,f5 | f5=4000000000000000 fpscr=2 | f3=3ff6a09e667f3bcd fpscr=82064002",
            "fc60282d fsqrt. f3,f5 | f5=bff0000000000000 | f3=7ff8000000000000 fpscr=a0011200 cr1=a",
            "fc60282c fsqrt f3,f5 | f5=8000000000000000 fpscr=1f000 | f3=8000000000000000 fpscr=12000"
        ],
    },
    Insn {
        name: fre,
        form: form::a_rc(63, 24).zero(form::RA | form::RC),
        asm: "fre[.] FRT,FRB",
        book: "Book I, Floating Reciprocal Estimate",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::RECIPROCAL, DP) }, w)?;
        },
        cases: &[
            "fc602830 fre f3,f5 | f5=4010000000000000 | f3=3fd0000000000000 fpscr=4000",
            "fc602831 fre. f3,f5 | f5=8000000000000000 | f3=fff0000000000000 fpscr=84009000 cr1=8",
            "fc602830 fre f3,f5 | f5=7ff4000000000001 | f3=7ffc000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: frsqrte,
        form: form::a_rc(63, 26).zero(form::RA | form::RC),
        asm: "frsqrte[.] FRT,FRB",
        book: "Book I, Floating Reciprocal Square Root Estimate",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::RECIPROCAL_ROOT, DP) }, w)?;
        },
        cases: &[
            "fc602834 frsqrte f3,f5 | f5=4010000000000000 | f3=3fe0000000000000 fpscr=4000",
            "fc602835 frsqrte. f3,f5 | f5=c010000000000000 | f3=7ff8000000000000 fpscr=a0011200 cr1=a",
            "fc602834 frsqrte f3,f5 | f5=0 | f3=7ff0000000000000 fpscr=84005000"
        ],
    },
    Insn {
        name: fadds,
        form: form::a_rc(59, 21).zero(form::RC),
        asm: "fadds[.] FRT,FRA,FRB",
        book: "Book I, Floating Add Single",
        does: |m, w| {
            m.arith(const { &Arith::f_ab(&float::ADD, SP) }, w)?;
        },
        cases: &[
            "ec64282a fadds f3,f4,f5 | f4=3ff0000000000000 f5=3e60000000000000 fpscr=2 | f3=3ff0000020000000 fpscr=82064002",
            "ec64282b fadds. f3,f4,f5 | f4=7ff4000000000001 f5=3ff0000000000000 | f3=7ffc000000000000 fpscr=a1011000 cr1=a"
        ],
    },
    Insn {
        name: fsubs,
        form: form::a_rc(59, 20).zero(form::RC),
        asm: "fsubs[.] FRT,FRA,FRB",
        book: "Book I, Floating Subtract Single",
        does: |m, w| {
            m.arith(const { &Arith::f_ab(&float::SUB, SP) }, w)?;
        },
        cases: &[
            "ec642828 fsubs f3,f4,f5 | f4=3ff0000000000000 f5=3e60000000000000 fpscr=1 | f3=3fefffffe0000000 fpscr=82024001",
            "ec642829 fsubs. f3,f4,f5 | f4=7ff0000000000000 f5=7ff0000000000000 | f3=7ff8000000000000 fpscr=a0811000 cr1=a"
        ],
    },
    Insn {
        name: fmuls,
        form: form::a_rc(59, 25).zero(form::RB),
        asm: "fmuls[.] FRT,FRA,FRC",
        book: "Book I, Floating Multiply Single",
        does: |m, w| {
            m.arith(const { &Arith::f_ac(&float::MUL, SP) }, w)?;
        },
        cases: &[
            "ec6401b2 fmuls f3,f4,f6 | f4=3ff0000020000000 f6=3ff0000020000000 | f3=3ff0000040000000 fpscr=82024000",
            "ec6401b3 fmuls. f3,f4,f6 | f4=39b0000000000000 f6=3ce8000000000000 | f3=36b0000000000000 fpscr=8a074000 cr1=8",
            "ec6401b2 fmuls f3,f4,f6 | f4=4630000000000000 f6=4630000000000000 fpscr=40 | f3=4070000000000000 fpscr=d0004040"
        ],
    },
    Insn {
        name: fdivs,
        form: form::a_rc(59, 18).zero(form::RC),
        asm: "fdivs[.] FRT,FRA,FRB",
        book: "Book I, Floating Divide Single",
        does: |m, w| {
            m.arith(const { &Arith::f_ab(&float::DIV, SP) }, w)?;
        },
        cases: &[
            "ec642824 fdivs f3,f4,f5 | f4=3ff0000000000000 f5=4008000000000000 | f3=3fd5555560000000 fpscr=82064000",
            "ec642825 fdivs. f3,f4,f5 | f4=3ff0000000000000 f5=0 | f3=7ff0000000000000 fpscr=84005000 cr1=8"
        ],
    },
    Insn {
        name: fsqrts,
        form: form::a_rc(59, 22).zero(form::RA | form::RC),
        asm: "fsqrts[.] FRT,FRB",
        book: "Book I, Floating Square Root Single",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::SQRT, SP) }, w)?;
        },
        cases: &[
            "ec60282c fsqrts f3,f5 | f5=4000000000000000 fpscr=2 | f3=3ff6a09e80000000 fpscr=82064002"
        ],
    },
    Insn {
        name: fres,
        form: form::a_rc(59, 24).zero(form::RA | form::RC),
        asm: "fres[.] FRT,FRB",
        book: "Book I, Floating Reciprocal Estimate Single",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::RECIPROCAL, SP) }, w)?;
        },
        cases: &["ec602830 fres f3,f5 | f5=4010000000000000 | f3=3fd0000000000000 fpscr=4000"],
    },
    Insn {
        name: frsqrtes,
        form: form::a_rc(59, 26).zero(form::RA | form::RC),
        asm: "frsqrtes[.] FRT,FRB",
        book: "Book I, Floating Reciprocal Square Root Estimate Single",
        does: |m, w| {
            m.arith(const { &Arith::f_b(&float::RECIPROCAL_ROOT, SP) }, w)?;
        },
        cases: &["ec602834 frsqrtes f3,f5 | f5=4010000000000000 | f3=3fe0000000000000 fpscr=4000"],
    },
];
