// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Quad-precision signs, exponents and significands, which are no arithmetic (Power ISA 3.0B,
//! Book I, 7.6).

use crate::form;

const SIGN: u128 = 1 << 127;
const EXPONENT: u128 = 0x7fff << 112;
const FRACTION: u128 = (1 << 112) - 1;

/// The significand with its hidden bit.
fn significand(b: u128) -> u128 {
    let hidden = if matches!(b & EXPONENT, 0 | EXPONENT) { 0 } else { 1 << 112 };
    b & FRACTION | hidden
}

crate::isa![
    Insn {
        name: xsabsqp,
        form: form::x(63, 804).with(form::RA, 0 << 16),
        asm: "xsabsqp VT,VB",
        book: "Book I, VSX Scalar Absolute Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_bits(w, |b| b & !SIGN), w)?;
        },
        cases: &[
            "fc602e48 xsabsqp v3,v5 | v5=ffff0000000000000000000000000001 | v3=7fff0000000000000000000000000001"
        ],
    },
    Insn {
        name: xsnabsqp,
        form: form::x(63, 804).with(form::RA, 8 << 16),
        asm: "xsnabsqp VT,VB",
        book: "Book I, VSX Scalar Negative Absolute Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_bits(w, |b| b | SIGN), w)?;
        },
        cases: &[
            "fc682e48 xsnabsqp v3,v5 | v5=ffff0000000000000000000000000001 | v3=ffff0000000000000000000000000001"
        ],
    },
    Insn {
        name: xsnegqp,
        form: form::x(63, 804).with(form::RA, 16 << 16),
        asm: "xsnegqp VT,VB",
        book: "Book I, VSX Scalar Negate Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_bits(w, |b| b ^ SIGN), w)?;
        },
        cases: &[
            "fc702e48 xsnegqp v3,v5 | v5=ffff0000000000000000000000000001 | v3=7fff0000000000000000000000000001"
        ],
    },
    Insn {
        name: xscpsgnqp,
        form: form::x(63, 100),
        asm: "xscpsgnqp VT,VA,VB",
        book: "Book I, VSX Scalar Copy Sign Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let a = c.q(w.ra());
                    c.q_bits(w, |b| a & SIGN | b & !SIGN)
                },
                w,
            )?;
        },
        cases: &[
            "fc6428c8 xscpsgnqp v3,v4,v5 | v4=80000000000000000000000000000000 v5=3fff0000000000000000000000000000 | v3=bfff0000000000000000000000000000"
        ],
    },
    Insn {
        name: xsxexpqp,
        form: form::x(63, 804).with(form::RA, 2 << 16),
        asm: "xsxexpqp VT,VB",
        book: "Book I, VSX Scalar Extract Exponent Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_bits(w, |b| (b & EXPONENT) >> 112 << 64), w)?;
        },
        cases: &[
            "fc622e48 xsxexpqp v3,v5 | v5=c0008000000000000000000000000000 | v3=40000000000000000000"
        ],
    },
    Insn {
        name: xsxsigqp,
        form: form::x(63, 804).with(form::RA, 18 << 16),
        asm: "xsxsigqp VT,VB",
        book: "Book I, VSX Scalar Extract Significand Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.q_bits(w, significand), w)?;
        },
        cases: &[
            "fc722e48 xsxsigqp v3,v5 | v5=c0008000000000000000000000000000 | v3=18000000000000000000000000000",
            "fc722e48 xsxsigqp v3,v5 | v5=5 | v3=5",
            "fc722e48 xsxsigqp v3,v5 | v5=7fff0000000000000000000000000001 | v3=1"
        ],
    },
    Insn {
        name: xsiexpqp,
        form: form::x(63, 868),
        asm: "xsiexpqp VT,VA,VB",
        book: "Book I, VSX Scalar Insert Exponent Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let a = c.q(w.ra());
                    c.q_bits(w, |b| a & !EXPONENT | (b >> 64 << 112) & EXPONENT)
                },
                w,
            )?;
        },
        cases: &[
            "fc642ec8 xsiexpqp v3,v4,v5 | v4=ffff0000000000000000000000000007 v5=c0000000000000000005 | v3=c0000000000000000000000000000007"
        ],
    },
];
