// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX vector arithmetic of one and two operands (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::{
        float::{self, DP, SP_ELEMENT},
        float_arith::Arith,
    },
    form,
};

crate::isa![
    Insn {
        name: xvadddp,
        form: form::xx3(96),
        asm: "xvadddp XT,XA,XB",
        book: "Book I, VSX Vector Add Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::ADD, DP) }, w)?;
        },
        cases: &[
            "f0642b04 xvadddp vs3,vs36,vs5 | vs3=7 vs36=3ff0000000000000fff0000000000000 vs5=3ca00000000000017ff0000000000000 fpscr=2 | vs3=3ff00000000000017ff8000000000000 fpscr=a2800002",
            "f0642b04 xvadddp vs3,vs36,vs5 | vs3=7 vs36=7fefffffffffffff3ff0000000000000 vs5=7fefffffffffffff4010000000000000 fpscr=40 | fpscr=d0000040"
        ],
    },
    Insn {
        name: xvsubdp,
        form: form::xx3(104),
        asm: "xvsubdp XT,XA,XB",
        book: "Book I, VSX Vector Subtract Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::SUB, DP) }, w)?;
        },
        cases: &[
            "f0642b44 xvsubdp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000007ff0000000000000 vs5=3c800000000000007ff0000000000000 fpscr=1 | vs3=3fefffffffffffff7ff8000000000000 fpscr=a2800001",
            "f0642b44 xvsubdp vs3,vs36,vs5 | vs3=7 vs36=7ff80000000000023ff0000000000000 vs5=7ff40000000000014010000000000000 | vs3=7ff8000000000002c008000000000000 fpscr=a1000000"
        ],
    },
    Insn {
        name: xvmuldp,
        form: form::xx3(112),
        asm: "xvmuldp XT,XA,XB",
        book: "Book I, VSX Vector Multiply Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::MUL, DP) }, w)?;
        },
        cases: &[
            "f0642b84 xvmuldp vs3,vs36,vs5 | vs3=7 vs36=3fd55555555555550000000000000000 vs5=400921fb54442d187ff0000000000000 | vs3=3ff0c152382d73657ff8000000000000 fpscr=a2100000",
            "f0642b84 xvmuldp vs3,vs36,vs5 | vs3=7 vs36=7fefffffffffffff3ff0000000000000 vs5=40000000000000004010000000000000 fpscr=1 | vs3=7fefffffffffffff4010000000000000 fpscr=92000001"
        ],
    },
    Insn {
        name: xvdivdp,
        form: form::xx3(120),
        asm: "xvdivdp XT,XA,XB",
        book: "Book I, VSX Vector Divide Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::DIV, DP) }, w)?;
        },
        cases: &[
            "f0642bc4 xvdivdp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000003ff0000000000000 vs5=40080000000000008000000000000000 | vs3=3fd5555555555555fff0000000000000 fpscr=86000000",
            "f0642bc4 xvdivdp vs3,vs36,vs5 | vs3=7 vs36=7ff00000000000003ff0000000000000 vs5=fff00000000000004010000000000000 | vs3=7ff80000000000003fd0000000000000 fpscr=a0400000"
        ],
    },
    Insn {
        name: xvsqrtdp,
        form: form::xx2(203).zero(form::RA),
        asm: "xvsqrtdp XT,XB",
        book: "Book I, VSX Vector Square Root Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_b(&float::SQRT, DP) }, w)?;
        },
        cases: &[
            "f0602b2c xvsqrtdp vs3,vs5 | vs3=7 vs5=4000000000000000bff0000000000000 fpscr=2 | vs3=3ff6a09e667f3bcd7ff8000000000000 fpscr=a2000202",
            "f0602b2c xvsqrtdp vs3,vs5 | vs3=7 vs5=80000000000000004010000000000000 | vs3=80000000000000004000000000000000"
        ],
    },
    Insn {
        name: xvredp,
        form: form::xx2(218).zero(form::RA),
        asm: "xvredp XT,XB",
        book: "Book I, VSX Vector Reciprocal Estimate Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_b(&float::RECIPROCAL, DP) }, w)?;
        },
        cases: &[
            "f0602b68 xvredp vs3,vs5 | vs3=7 vs5=40100000000000008000000000000000 | vs3=3fd0000000000000fff0000000000000 fpscr=84000000",
            "f0602b68 xvredp vs3,vs5 | vs3=7 vs5=7ff40000000000014010000000000000 | vs3=7ffc0000000000013fd0000000000000 fpscr=a1000000"
        ],
    },
    Insn {
        name: xvrsqrtedp,
        form: form::xx2(202).zero(form::RA),
        asm: "xvrsqrtedp XT,XB",
        book: "Book I, VSX Vector Reciprocal Square Root Estimate Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_b(&float::RECIPROCAL_ROOT, DP) }, w)?;
        },
        cases: &[
            "f0602b28 xvrsqrtedp vs3,vs5 | vs3=7 vs5=4010000000000000c010000000000000 | vs3=3fe00000000000007ff8000000000000 fpscr=a0000200",
            "f0602b28 xvrsqrtedp vs3,vs5 | vs3=7 vs5=4010000000000000 | vs3=7ff00000000000003fe0000000000000 fpscr=84000000"
        ],
    },
    Insn {
        name: xvaddsp,
        form: form::xx3(64),
        asm: "xvaddsp XT,XA,XB",
        book: "Book I, VSX Vector Add Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::ADD, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642a04 xvaddsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=3f800001405e65317fe0000172000000 fpscr=a3000002",
            "f0642a04 xvaddsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003f8000003f8000003f800000 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvsubsp,
        form: form::xx3(72),
        asm: "xvsubsp XT,XA,XB",
        book: "Book I, VSX Vector Subtract Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::SUB, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642a44 xvsubsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=3f800000c033ba857fe0000100000000 fpscr=a3000002",
            "f0642a44 xvsubsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003f8000003f8000003f800000 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvmulsp,
        form: form::xx3(80),
        asm: "xvmulsp XT,XA,XB",
        book: "Book I, VSX Vector Multiply Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::MUL, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642a84 xvmulsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=330000003f860a937fe000017f800000 fpscr=b3000002",
            "f0642a84 xvmulsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003f8000003f8000003f800000 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvdivsp,
        form: form::xx3(88),
        asm: "xvdivsp XT,XA,XB",
        book: "Book I, VSX Vector Divide Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_ab(&float::DIV, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642ac4 xvdivsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=4c0000003dd94cb07fe000013f800000 fpscr=a3000002",
            "f0642ac4 xvdivsp vs3,vs36,vs5 | vs3=7 vs36=3f8000003f8000003f8000003f800000 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvsqrtsp,
        form: form::xx2(139).zero(form::RA),
        asm: "xvsqrtsp XT,XB",
        book: "Book I, VSX Vector Square Root Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_b(&float::SQRT, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0602a2c xvsqrtsp vs3,vs5 | vs3=7 vs5=4080000080000000418000007fa00001 fpscr=2 | vs3=4000000080000000408000007fe00001 fpscr=a1000002",
            "f0602a2c xvsqrtsp vs3,vs5 | vs3=7 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvresp,
        form: form::xx2(154).zero(form::RA),
        asm: "xvresp XT,XB",
        book: "Book I, VSX Vector Reciprocal Estimate Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_b(&float::RECIPROCAL, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0602a68 xvresp vs3,vs5 | vs3=7 vs5=4080000080000000418000007fa00001 fpscr=2 | vs3=3e800000ff8000003d8000007fe00001 fpscr=a5000002",
            "f0602a68 xvresp vs3,vs5 | vs3=7 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvrsqrtesp,
        form: form::xx2(138).zero(form::RA),
        asm: "xvrsqrtesp XT,XB",
        book: "Book I, VSX Vector Reciprocal Square Root Estimate Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_b(&float::RECIPROCAL_ROOT, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0602a28 xvrsqrtesp vs3,vs5 | vs3=7 vs5=408000003e800000418000007fa00001 fpscr=2 | vs3=3f000000400000003e8000007fe00001 fpscr=a1000002",
            "f0602a28 xvrsqrtesp vs3,vs5 | vs3=7 vs5=4080000040800000408000007fa00001 fpscr=80 | fpscr=e1000080"
        ],
    },
];
