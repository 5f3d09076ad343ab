// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The registers of operations on elements: `v_ab(m, w, op)` is VRT <- op(VRA, VRB) and `x_ab` is
//! VSR\[XT\] <- op(VSR\[XA\], VSR\[XB\]).

use crate::{
    arith::vector::Vector,
    state::interrupt::Stop,
    vocabulary::{Facility, LaneOp, Size, Vocabulary},
    word::Word,
};

/// A constant.
#[inline(always)]
pub(super) fn constant<M: Vocabulary>(m: &mut M, v: Vector) -> M::Vec {
    let (high, low) = (m.imm(v.lane(0)), m.imm(v.lane(1)));
    m.vec(high, low)
}

/// The low word of a value in each word.
#[inline(always)]
pub(super) fn words<M: Vocabulary>(m: &mut M, v: M::Val) -> M::Vec {
    let (word, bits) = (m.zext(v, Size::Word), m.imm(32));
    let high = m.shl(v, bits);
    let v = m.or(high, word);
    m.vec(v, v)
}

/// VRT <- f(VRA, VRB).
#[inline(always)]
pub(super) fn v_of<M: Vocabulary>(
    m: &mut M,
    w: Word,
    f: impl FnOnce(&mut M, M::Vec, M::Vec) -> M::Vec,
) -> Result<(), Stop> {
    m.need(Facility::Vmx)?;
    let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
    let v = f(m, a, b);
    m.set_vs(32 + w.rt(), v);
    Ok(())
}

/// VRT <- f(VRA, VRB, VRC).
#[inline(always)]
pub(super) fn v_of_three<M: Vocabulary>(
    m: &mut M,
    w: Word,
    f: impl FnOnce(&mut M, [M::Vec; 3]) -> M::Vec,
) -> Result<(), Stop> {
    m.need(Facility::Vmx)?;
    let operands = [w.ra(), w.rb(), w.r_c()].map(|r| m.vs(32 + r));
    let v = f(m, operands);
    m.set_vs(32 + w.rt(), v);
    Ok(())
}

/// VSR\[XT\] <- f(VSR\[XA\], VSR\[XB\]).
#[inline(always)]
pub(super) fn x_of<M: Vocabulary>(
    m: &mut M,
    w: Word,
    f: impl FnOnce(&mut M, M::Vec, M::Vec) -> M::Vec,
) -> Result<(), Stop> {
    m.need(Facility::Vsx)?;
    let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
    let v = f(m, a, b);
    m.set_vs(w.xt(), v);
    Ok(())
}

/// VRT <- op(VRA, VRB).
#[inline(always)]
pub(super) fn v_ab<M: Vocabulary>(m: &mut M, w: Word, op: LaneOp) -> Result<(), Stop> {
    v_of(m, w, |m, a, b| m.lanes(op, a, b))
}

/// VRT <- op(VRB).
#[inline(always)]
pub(super) fn v_b<M: Vocabulary>(m: &mut M, w: Word, op: LaneOp) -> Result<(), Stop> {
    v_of(m, w, |m, _, b| m.lanes(op, b, b))
}

/// VRT <- op(VRA, VRB), a comparison; CR6 says if all or none of the elements are true, if the word asks for it.
#[inline(always)]
pub(super) fn v_compare<M: Vocabulary>(m: &mut M, w: Word, op: LaneOp) -> Result<(), Stop> {
    v_of(m, w, |m, a, b| {
        let v = m.lanes(op, a, b);
        if w.vrc() {
            let field = m.all_or_none(v);
            m.set_crf(6, field);
        }
        v
    })
}

/// VSR\[XT\] <- op(VSR\[XA\], VSR\[XB\]).
#[inline(always)]
pub(super) fn x_ab<M: Vocabulary>(m: &mut M, w: Word, op: LaneOp) -> Result<(), Stop> {
    x_of(m, w, |m, a, b| m.lanes(op, a, b))
}

/// VSR\[XT\] <- op(VSR\[XB\]).
#[inline(always)]
pub(super) fn x_b<M: Vocabulary>(m: &mut M, w: Word, op: LaneOp) -> Result<(), Stop> {
    x_of(m, w, |m, _, b| m.lanes(op, b, b))
}

/// `a` where a bit of `choice` is 0, `b` where it is 1.
#[inline(always)]
pub(super) fn selected<M: Vocabulary>(m: &mut M, [a, b, choice]: [M::Vec; 3]) -> M::Vec {
    let differs = m.vec_xor(a, b);
    let taken = m.vec_and(differs, choice);
    m.vec_xor(a, taken)
}
