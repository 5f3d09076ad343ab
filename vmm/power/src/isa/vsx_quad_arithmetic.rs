// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Quad-precision arithmetic (Power ISA 3.0B, Book I, 7.6). With bit 31, RO, results are rounded to
//! odd.

use crate::{arith::float, form};

crate::isa![
    Insn {
        name: xsaddqp,
        form: form::xrc(63, 4),
        asm: "xsaddqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Add Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_ab(w, &float::ADD), w)?;
        },
        cases: &[
            "fc642808 xsaddqp v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=3f8e0000000000000000000000000000 fpscr=2 | v3=3fff0000000000000000000000000001 fpscr=82064002",
            "fc642808 xsaddqp v3,v4,v5 | v3=7 v4=7fff0000000000000000000000000000 v5=ffff0000000000000000000000000000 | v3=7fff8000000000000000000000000000 fpscr=a0811000",
            "fc642808 xsaddqp v3,v4,v5 | v3=7 v4=7fff0000000000000000000000000001 v5=7fff8000000000000000000000000002 fpscr=80 | fpscr=e1000080",
            "fc642808 xsaddqp v3,v4,v5 | v3=7 v4=7ffeffffffffffffffffffffffffffff v5=7ffeffffffffffffffffffffffffffff fpscr=40 | v3=1fffffffffffffffffffffffffffffff fpscr=d0004040",
            "fc642809 xsaddqpo v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=3f8e0000000000000000000000000000 fpscr=2 | v3=3fff0000000000000000000000000001 fpscr=82064002"
        ],
    },
    Insn {
        name: xssubqp,
        form: form::xrc(63, 516),
        asm: "xssubqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Subtract Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_ab(w, &float::SUB), w)?;
        },
        cases: &[
            "fc642c08 xssubqp v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=3f8d0000000000000000000000000000 fpscr=1 | v3=3ffeffffffffffffffffffffffffffff fpscr=82024001",
            "fc642c08 xssubqp v3,v4,v5 | v3=7 v4=7fff8000000000000000000000000002 v5=7fff0000000000000000000000000001 | v3=7fff8000000000000000000000000002 fpscr=a1011000",
            "fc642c09 xssubqpo v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=3f8d0000000000000000000000000000 fpscr=1 | v3=3ffeffffffffffffffffffffffffffff fpscr=82024001"
        ],
    },
    Insn {
        name: xsmulqp,
        form: form::xrc(63, 36),
        asm: "xsmulqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Multiply Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_ab(w, &float::MUL), w)?;
        },
        cases: &[
            "fc642848 xsmulqp v3,v4,v5 | v3=7 v4=3ffd5555555555555555555555555555 v5=3ffd5555555555555555555555555555 | v3=3ffbc71c71c71c71c71c71c71c71c71c fpscr=82064000",
            "fc642848 xsmulqp v3,v4,v5 | v3=7 v4=0 v5=7fff0000000000000000000000000000 | v3=7fff8000000000000000000000000000 fpscr=a0111000",
            "fc642848 xsmulqp v3,v4,v5 | v3=7 v4=10000000000000000000000000000 v5=3ffd5555555555555555555555555555 fpscr=20 | v3=5fff5555555555555555555555555555 fpscr=c8004020",
            "fc642848 xsmulqp v3,v4,v5 | v3=7 v4=10000000000000000000000000000 v5=3ffd5555555555555555555555555555 | v3=5555555555555555555555555555 fpscr=8a034000",
            "fc642849 xsmulqpo v3,v4,v5 | v3=7 v4=3ffd5555555555555555555555555555 v5=3ffd5555555555555555555555555555 | v3=3ffbc71c71c71c71c71c71c71c71c71b fpscr=82024000"
        ],
    },
    Insn {
        name: xsdivqp,
        form: form::xrc(63, 548),
        asm: "xsdivqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Divide Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_ab(w, &float::DIV), w)?;
        },
        cases: &[
            "fc642c48 xsdivqp v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=40008000000000000000000000000000 | v3=3ffd5555555555555555555555555555 fpscr=82024000",
            "fc642c48 xsdivqp v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=80000000000000000000000000000000 | v3=ffff0000000000000000000000000000 fpscr=84009000",
            "fc642c48 xsdivqp v3,v4,v5 | v3=7 v4=40014000000000000000000000000000 v5=0 fpscr=10 | fpscr=c4000010",
            "fc642c49 xsdivqpo v3,v4,v5 | v3=7 v4=3fff0000000000000000000000000000 v5=40008000000000000000000000000000 | v3=3ffd5555555555555555555555555555 fpscr=82024000"
        ],
    },
    Insn {
        name: xssqrtqp,
        form: form::xrc(63, 804).with(form::RA, 27 << 16),
        asm: "xssqrtqp[o] VT,VB",
        book: "Book I, VSX Scalar Square Root Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_b(w, &float::SQRT), w)?;
        },
        cases: &[
            "fc7b2e48 xssqrtqp v3,v5 | v3=7 v5=40000000000000000000000000000000 | v3=3fff6a09e667f3bcc908b2fb1366ea95 fpscr=82024000",
            "fc7b2e48 xssqrtqp v3,v5 | v3=7 v5=bfff0000000000000000000000000000 | v3=7fff8000000000000000000000000000 fpscr=a0011200",
            "fc7b2e49 xssqrtqpo v3,v5 | v3=7 v5=40000000000000000000000000000000 | v3=3fff6a09e667f3bcc908b2fb1366ea95 fpscr=82024000"
        ],
    },
    Insn {
        name: xsmaddqp,
        form: form::xrc(63, 388),
        asm: "xsmaddqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Multiply-Add Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_atb(w, &float::MADD), w)?;
        },
        cases: &[
            "fc642b08 xsmaddqp v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 | v3=40000000000000000000000000000000 fpscr=82064000",
            "fc642b08 xsmaddqp v3,v4,v5 | v3=7fff8000000000000000000000000002 v4=7fff0000000000000000000000000000 v5=0 | fpscr=a0111000",
            "fc642b09 xsmaddqpo v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 | v3=3fffffffffffffffffffffffffffffff fpscr=82024000"
        ],
    },
    Insn {
        name: xsmsubqp,
        form: form::xrc(63, 420),
        asm: "xsmsubqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Multiply-Subtract Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_atb(w, &float::MSUB), w)?;
        },
        cases: &[
            "fc642b48 xsmsubqp v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 | v3=bf8d0000000000000000000000000000 fpscr=8000",
            "fc642b49 xsmsubqpo v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 | v3=bf8d0000000000000000000000000000 fpscr=8000"
        ],
    },
    Insn {
        name: xsnmaddqp,
        form: form::xrc(63, 452),
        asm: "xsnmaddqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Negative Multiply-Add Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_atb(w, &float::NMADD), w)?;
        },
        cases: &[
            "fc642b88 xsnmaddqp v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 fpscr=2 | v3=c0000000000000000000000000000000 fpscr=82068002",
            "fc642b89 xsnmaddqpo v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 fpscr=2 | v3=bfffffffffffffffffffffffffffffff fpscr=82028002"
        ],
    },
    Insn {
        name: xsnmsubqp,
        form: form::xrc(63, 484),
        asm: "xsnmsubqp[o] VT,VA,VB",
        book: "Book I, VSX Scalar Negative Multiply-Subtract Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_atb(w, &float::NMSUB), w)?;
        },
        cases: &[
            "fc642bc8 xsnmsubqp v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 | v3=3f8d0000000000000000000000000000 fpscr=4000",
            "fc642bc9 xsnmsubqpo v3,v4,v5 | v3=3fff0000000000000000000000000000 v4=3ffd5555555555555555555555555555 v5=40008000000000000000000000000000 | v3=3f8d0000000000000000000000000000 fpscr=4000"
        ],
    },
];
