// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX scalar arithmetic of one and two operands (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::{
        float::{self, DP, SP},
        float_arith::Arith,
    },
    form,
};

crate::isa![
    Insn {
        name: xsadddp,
        form: form::xx3(32),
        asm: "xsadddp XT,XA,XB",
        book: "Book I, VSX Scalar Add Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::ADD, DP) }, w)?;
        },
        cases: &[
            "f0642904 xsadddp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=3ca00000000000010000000000000009 fpscr=2 | vs3=3ff00000000000010000000000000000 fpscr=82064002",
            "f0642904 xsadddp vs3,vs36,vs5 | vs36=fff00000000000000000000000000007 vs5=7ff00000000000000000000000000009 | vs3=7ff80000000000000000000000000000 fpscr=a0811000",
            "f0642904 xsadddp vs3,vs36,vs5 | vs36=7ff40000000000010000000000000007 vs5=fff81234000000000000000000000009 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xssubdp,
        form: form::xx3(40),
        asm: "xssubdp XT,XA,XB",
        book: "Book I, VSX Scalar Subtract Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::SUB, DP) }, w)?;
        },
        cases: &[
            "f0642944 xssubdp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=3c800000000000000000000000000009 fpscr=1 | vs3=3fefffffffffffff0000000000000000 fpscr=82024001",
            "f0642944 xssubdp vs3,vs36,vs5 | vs36=7ff00000000000000000000000000007 vs5=7ff00000000000000000000000000009 fpscr=ff000 | vs3=7ff80000000000000000000000000000 fpscr=a0891000",
            "f0642944 xssubdp vs3,vs36,vs5 | vs36=7ff80000000000020000000000000007 vs5=7ff40000000000010000000000000009 | vs3=7ff80000000000020000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsmuldp,
        form: form::xx3(48),
        asm: "xsmuldp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::MUL, DP) }, w)?;
        },
        cases: &[
            "f0642984 xsmuldp vs3,vs36,vs5 | vs36=3fd55555555555550000000000000007 vs5=400921fb54442d180000000000000009 | vs3=3ff0c152382d73650000000000000000 fpscr=82024000",
            "f0642984 xsmuldp vs3,vs36,vs5 | vs36=7 vs5=7ff00000000000000000000000000009 | vs3=7ff80000000000000000000000000000 fpscr=a0111000",
            "f0642984 xsmuldp vs3,vs36,vs5 | vs36=100000000000000000000000000007 vs5=3fe00000000000010000000000000009 | vs3=80000000000000000000000000000 fpscr=8a034000"
        ],
    },
    Insn {
        name: xsdivdp,
        form: form::xx3(56),
        asm: "xsdivdp XT,XA,XB",
        book: "Book I, VSX Scalar Divide Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::DIV, DP) }, w)?;
        },
        cases: &[
            "f06429c4 xsdivdp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=40080000000000000000000000000009 | vs3=3fd55555555555550000000000000000 fpscr=82024000",
            "f06429c4 xsdivdp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=80000000000000000000000000000009 | vs3=fff00000000000000000000000000000 fpscr=84009000",
            "f06429c4 xsdivdp vs3,vs36,vs5 | vs36=40140000000000000000000000000007 vs5=9 fpscr=10 | fpscr=c4000010",
            "f06429c4 xsdivdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 fpscr=10 msr=8000000002803100 | fpscr=c4000010 nip=700 srr1=8000000002903100"
        ],
    },
    Insn {
        name: xssqrtdp,
        form: form::xx2(75).zero(form::RA),
        asm: "xssqrtdp XT,XB",
        book: "Book I, VSX Scalar Square Root Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::SQRT, DP) }, w)?;
        },
        cases: &[
            "f060292d xssqrtdp vs35,vs5 | vs5=40000000000000000000000000000009 fpscr=2 | vs35=3ff6a09e667f3bcd0000000000000000 fpscr=82064002",
            "f060292d xssqrtdp vs35,vs5 | vs5=bff00000000000000000000000000009 | vs35=7ff80000000000000000000000000000 fpscr=a0011200",
            "f060292d xssqrtdp vs35,vs5 | vs5=80000000000000000000000000000009 fpscr=1f000 | vs35=80000000000000000000000000000000 fpscr=12000"
        ],
    },
    Insn {
        name: xsredp,
        form: form::xx2(90).zero(form::RA),
        asm: "xsredp XT,XB",
        book: "Book I, VSX Scalar Reciprocal Estimate Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::RECIPROCAL, DP) }, w)?;
        },
        cases: &[
            "f0602969 xsredp vs35,vs5 | vs5=40100000000000000000000000000009 | vs35=3fd00000000000000000000000000000 fpscr=4000",
            "f0602969 xsredp vs35,vs5 | vs5=80000000000000000000000000000009 | vs35=fff00000000000000000000000000000 fpscr=84009000",
            "f0602969 xsredp vs35,vs5 | vs5=7ff40000000000010000000000000009 | vs35=7ffc0000000000010000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsrsqrtedp,
        form: form::xx2(74).zero(form::RA),
        asm: "xsrsqrtedp XT,XB",
        book: "Book I, VSX Scalar Reciprocal Square Root Estimate Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::RECIPROCAL_ROOT, DP) }, w)?;
        },
        cases: &[
            "f0602929 xsrsqrtedp vs35,vs5 | vs5=40100000000000000000000000000009 | vs35=3fe00000000000000000000000000000 fpscr=4000",
            "f0602929 xsrsqrtedp vs35,vs5 | vs5=c0100000000000000000000000000009 | vs35=7ff80000000000000000000000000000 fpscr=a0011200",
            "f0602929 xsrsqrtedp vs35,vs5 | vs5=9 | vs35=7ff00000000000000000000000000000 fpscr=84005000"
        ],
    },
    Insn {
        name: xsaddsp,
        form: form::xx3(0),
        asm: "xsaddsp XT,XA,XB",
        book: "Book I, VSX Scalar Add Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::ADD, SP) }, w)?;
        },
        cases: &[
            "f0642804 xsaddsp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=3e600000000000000000000000000009 fpscr=2 | vs3=3ff00000200000000000000000000000 fpscr=82064002",
            "f0642804 xsaddsp vs3,vs36,vs5 | vs36=7ff40000000000010000000000000007 vs5=3ff00000000000000000000000000009 | vs3=7ffc0000000000000000000000000000 fpscr=a1011000"
        ],
    },
    Insn {
        name: xssubsp,
        form: form::xx3(8),
        asm: "xssubsp XT,XA,XB",
        book: "Book I, VSX Scalar Subtract Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::SUB, SP) }, w)?;
        },
        cases: &[
            "f0642844 xssubsp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=3e600000000000000000000000000009 fpscr=1 | vs3=3fefffffe00000000000000000000000 fpscr=82024001",
            "f0642844 xssubsp vs3,vs36,vs5 | vs36=7ff00000000000000000000000000007 vs5=7ff00000000000000000000000000009 | vs3=7ff80000000000000000000000000000 fpscr=a0811000"
        ],
    },
    Insn {
        name: xsmulsp,
        form: form::xx3(16),
        asm: "xsmulsp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::MUL, SP) }, w)?;
        },
        cases: &[
            "f0642884 xsmulsp vs3,vs36,vs5 | vs36=3ff00000200000000000000000000007 vs5=3ff00000200000000000000000000009 | vs3=3ff00000400000000000000000000000 fpscr=82024000",
            "f0642884 xsmulsp vs3,vs36,vs5 | vs36=39b00000000000000000000000000007 vs5=3ce80000000000000000000000000009 | vs3=36b00000000000000000000000000000 fpscr=8a074000",
            "f0642884 xsmulsp vs3,vs36,vs5 | vs36=46300000000000000000000000000007 vs5=46300000000000000000000000000009 fpscr=40 | vs3=40700000000000000000000000000000 fpscr=d0004040"
        ],
    },
    Insn {
        name: xsdivsp,
        form: form::xx3(24),
        asm: "xsdivsp XT,XA,XB",
        book: "Book I, VSX Scalar Divide Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_ab(&float::DIV, SP) }, w)?;
        },
        cases: &[
            "f06428c4 xsdivsp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=40080000000000000000000000000009 | vs3=3fd55555600000000000000000000000 fpscr=82064000",
            "f06428c4 xsdivsp vs3,vs36,vs5 | vs36=3ff00000000000000000000000000007 vs5=9 | vs3=7ff00000000000000000000000000000 fpscr=84005000"
        ],
    },
    Insn {
        name: xssqrtsp,
        form: form::xx2(11).zero(form::RA),
        asm: "xssqrtsp XT,XB",
        book: "Book I, VSX Scalar Square Root Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::SQRT, SP) }, w)?;
        },
        cases: &[
            "f060282d xssqrtsp vs35,vs5 | vs5=40000000000000000000000000000009 fpscr=2 | vs35=3ff6a09e800000000000000000000000 fpscr=82064002"
        ],
    },
    Insn {
        name: xsresp,
        form: form::xx2(26).zero(form::RA),
        asm: "xsresp XT,XB",
        book: "Book I, VSX Scalar Reciprocal Estimate Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::RECIPROCAL, SP) }, w)?;
        },
        cases: &[
            "f0602869 xsresp vs35,vs5 | vs5=40100000000000000000000000000009 | vs35=3fd00000000000000000000000000000 fpscr=4000"
        ],
    },
    Insn {
        name: xsrsqrtesp,
        form: form::xx2(10).zero(form::RA),
        asm: "xsrsqrtesp XT,XB",
        book: "Book I, VSX Scalar Reciprocal Square Root Estimate Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_b(&float::RECIPROCAL_ROOT, SP) }, w)?;
        },
        cases: &[
            "f0602829 xsrsqrtesp vs35,vs5 | vs5=40100000000000000000000000000009 | vs35=3fe00000000000000000000000000000 fpscr=4000"
        ],
    },
];
