// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX scalar signs, exponents and significands, which are no arithmetic (Power ISA 3.0B,
//! Book I, 7.6).

use super::float_move::{copy_sign, magnitude, negated, negative, scalar_moved};
use crate::{
    form,
    interrupt::Stop,
    vocabulary::{Facility, Vocabulary},
    word::Word,
};

/// Doubleword 0 of VSR\[XT\] <- f(that of VSR\[XB\]).
#[inline(always)]
fn moved<M: Vocabulary>(
    m: &mut M,
    w: Word,
    f: impl FnOnce(&mut M, M::Val) -> M::Val,
) -> Result<(), Stop> {
    scalar_moved(m, Facility::Vsx, (w.xb(), w.xt()), f)
}

/// The exponent as it is encoded.
fn exponent(bits: u64) -> u64 {
    bits >> 52 & 0x7ff
}

/// The significand with its hidden bit.
fn significand(bits: u64) -> u64 {
    let hidden = if matches!(exponent(bits), 0 | 0x7ff) { 0 } else { 1 << 52 };
    bits & (u64::MAX >> 12) | hidden
}

crate::isa![
    Insn {
        name: xsabsdp,
        form: form::xx2(345).zero(form::RA),
        asm: "xsabsdp XT,XB",
        book: "Book I, VSX Scalar Absolute Double-Precision",
        does: |m, w| {
            moved(m, w, magnitude)?;
        },
        cases: &[
            "f0602d66 xsabsdp vs3,vs37 | vs37=fff40000000000010000000000000007 | vs3=7ff40000000000010000000000000000"
        ],
    },
    Insn {
        name: xsnabsdp,
        form: form::xx2(361).zero(form::RA),
        asm: "xsnabsdp XT,XB",
        book: "Book I, VSX Scalar Negative Absolute Double-Precision",
        does: |m, w| {
            moved(m, w, negative)?;
        },
        cases: &[
            "f0602da6 xsnabsdp vs3,vs37 | vs37=fff40000000000010000000000000007 | vs3=fff40000000000010000000000000000"
        ],
    },
    Insn {
        name: xsnegdp,
        form: form::xx2(377).zero(form::RA),
        asm: "xsnegdp XT,XB",
        book: "Book I, VSX Scalar Negate Double-Precision",
        does: |m, w| {
            moved(m, w, negated)?;
        },
        cases: &[
            "f0602de6 xsnegdp vs3,vs37 | vs37=fff40000000000010000000000000007 | vs3=7ff40000000000010000000000000000"
        ],
    },
    Insn {
        name: xscpsgndp,
        form: form::xx3(176),
        asm: "xscpsgndp XT,XA,XB",
        book: "Book I, VSX Scalar Copy Sign Double-Precision",
        does: |m, w| {
            moved(m, w, |m, b| {
                let a = m.fpr(w.xa());
                copy_sign(m, a, b)
            })?;
        },
        cases: &[
            "f0642d84 xscpsgndp vs3,vs36,vs5 | vs36=80000000000000000000000000000007 vs5=3ff00000000000000000000000000000 | vs3=bff00000000000000000000000000000"
        ],
    },
    Insn {
        name: xsxexpdp,
        form: form::xx2_eo(347, 0).zero(1),
        asm: "xsxexpdp RT,XB",
        book: "Book I, VSX Scalar Extract Exponent Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let v = m.vs(w.xb());
            let v = m.doubleword(v, 0);
            let v = m.pure1(exponent, v);
            m.set_gpr(w.rt(), v);
        },
        cases: &["f0602d6e xsxexpdp r3,vs37 | vs37=c0080000000000000000000000000000 | r3=400"],
    },
    Insn {
        name: xsxsigdp,
        form: form::xx2_eo(347, 1).zero(1),
        asm: "xsxsigdp RT,XB",
        book: "Book I, VSX Scalar Extract Significand Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let v = m.vs(w.xb());
            let v = m.doubleword(v, 0);
            let v = m.pure1(significand, v);
            m.set_gpr(w.rt(), v);
        },
        cases: &[
            "f0612d6e xsxsigdp r3,vs37 | vs37=c0080000000000000000000000000000 | r3=18000000000000",
            "f0612d6e xsxsigdp r3,vs37 | vs37=50000000000000000 | r3=5",
            "f0612d6e xsxsigdp r3,vs37 | vs37=7ff40000000000010000000000000000 | r3=4000000000001"
        ],
    },
    Insn {
        name: xsiexpdp,
        form: form::xx1(60, 918),
        asm: "xsiexpdp XT,RA,RB",
        book: "Book I, VSX Scalar Insert Exponent Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let v = m.pure2(|a, b| a & !(0x7ff << 52) | (b & 0x7ff) << 52, a, b);
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "f0642f2d xsiexpdp vs35,r4,r5 | r4=fff8000000000001 r5=ffffffff00000c00 | vs35=c0080000000000010000000000000000"
        ],
    },
];
