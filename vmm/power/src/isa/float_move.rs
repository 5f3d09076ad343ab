// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point moves and merges, which look at no value (Power ISA 3.0B, Book I, 4.6.6).

use crate::{
    form,
    interrupt::Stop,
    vocabulary::{Facility, Size, Vocabulary},
    word::Word,
};

/// Sign of a double-precision number.
const SIGN: u64 = 1 << 63;

/// Doubleword 0 of VSR `to` <- f(that of VSR `from`).
#[inline(always)]
pub(super) fn scalar_moved<M: Vocabulary>(
    m: &mut M,
    facility: Facility,
    (from, to): (usize, usize),
    f: impl FnOnce(&mut M, M::Val) -> M::Val,
) -> Result<(), Stop> {
    m.need(facility)?;
    let b = m.fpr(from);
    let v = f(m, b);
    m.set_scalar(to, v);
    Ok(())
}

/// FRT <- f(FRB), and CR1 if the word has Rc.
#[inline(always)]
fn moved<M: Vocabulary>(
    m: &mut M,
    w: Word,
    f: impl FnOnce(&mut M, M::Val) -> M::Val,
) -> Result<(), Stop> {
    scalar_moved(m, Facility::Fp, (w.rb(), w.rt()), f)?;
    m.record1(w)
}

/// `b` with the sign 0.
#[inline(always)]
pub(super) fn magnitude<M: Vocabulary>(m: &mut M, b: M::Val) -> M::Val {
    let magnitude = m.imm(!SIGN);
    m.and(b, magnitude)
}

/// `b` with the sign 1.
#[inline(always)]
pub(super) fn negative<M: Vocabulary>(m: &mut M, b: M::Val) -> M::Val {
    let sign = m.imm(SIGN);
    m.or(b, sign)
}

/// `b` with the other sign.
#[inline(always)]
pub(super) fn negated<M: Vocabulary>(m: &mut M, b: M::Val) -> M::Val {
    let sign = m.imm(SIGN);
    m.xor(b, sign)
}

/// The magnitude of `b` with the sign of `a`.
#[inline(always)]
pub(super) fn copy_sign<M: Vocabulary>(m: &mut M, a: M::Val, b: M::Val) -> M::Val {
    let sign = m.imm(SIGN);
    let (sign, magnitude) = (m.and(a, sign), magnitude(m, b));
    m.or(sign, magnitude)
}

crate::isa![
    Insn {
        name: fmr,
        form: form::xrc(63, 72).zero(form::RA),
        asm: "fmr[.] FRT,FRB",
        book: "Book I, Floating Move Register",
        does: |m, w| {
            moved(m, w, |_, b| b)?;
        },
        cases: &[
            "fc602890 fmr f3,f5 | f5=fff4000000000001 | f3=fff4000000000001",
            "fc602891 fmr. f3,f5 | f5=fff4000000000001 fpscr=90000000 | f3=fff4000000000001 cr1=9",
            "fc602890 fmr f3,f5 | f5=1 msr=8000000002801000 | nip=800"
        ],
    },
    Insn {
        name: fneg,
        form: form::xrc(63, 40).zero(form::RA),
        asm: "fneg[.] FRT,FRB",
        book: "Book I, Floating Negate",
        does: |m, w| {
            moved(m, w, negated)?;
        },
        cases: &["fc602850 fneg f3,f5 | f5=fff4000000000001 | f3=7ff4000000000001"],
    },
    Insn {
        name: fabs,
        form: form::xrc(63, 264).zero(form::RA),
        asm: "fabs[.] FRT,FRB",
        book: "Book I, Floating Absolute Value",
        does: |m, w| {
            moved(m, w, magnitude)?;
        },
        cases: &["fc602a10 fabs f3,f5 | f5=fff4000000000001 | f3=7ff4000000000001"],
    },
    Insn {
        name: fnabs,
        form: form::xrc(63, 136).zero(form::RA),
        asm: "fnabs[.] FRT,FRB",
        book: "Book I, Floating Negative Absolute Value",
        does: |m, w| {
            moved(m, w, negative)?;
        },
        cases: &["fc602910 fnabs f3,f5 | f5=3ff0000000000000 | f3=bff0000000000000"],
    },
    Insn {
        name: fcpsgn,
        form: form::xrc(63, 8),
        asm: "fcpsgn[.] FRT,FRA,FRB",
        book: "Book I, Floating Copy Sign",
        does: |m, w| {
            moved(m, w, |m, b| {
                let a = m.fpr(w.ra());
                copy_sign(m, a, b)
            })?;
        },
        cases: &[
            "fc642810 fcpsgn f3,f4,f5 | f4=8000000000000000 f5=3ff0000000000000 | f3=bff0000000000000"
        ],
    },
    Insn {
        name: fmrgew,
        form: form::x(63, 966),
        asm: "fmrgew FRT,FRA,FRB",
        book: "Book I, Floating Merge Even Word",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b, word) = (m.fpr(w.ra()), m.fpr(w.rb()), m.imm(32));
            let (high, low) = (m.shr(a, word), m.shr(b, word));
            let high = m.shl(high, word);
            let v = m.or(high, low);
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "fc642f8c fmrgew f3,f4,f5 | f4=0102030405060708 f5=1112131415161718 | f3=102030411121314"
        ],
    },
    Insn {
        name: fmrgow,
        form: form::x(63, 838),
        asm: "fmrgow FRT,FRA,FRB",
        book: "Book I, Floating Merge Odd Word",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b, word) = (m.fpr(w.ra()), m.fpr(w.rb()), m.imm(32));
            let (high, low) = (m.shl(a, word), m.zext(b, Size::Word));
            let v = m.or(high, low);
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "fc642e8c fmrgow f3,f4,f5 | f4=0102030405060708 f5=1112131415161718 | f3=506070815161718"
        ],
    },
];
