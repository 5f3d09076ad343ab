// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Effective addresses of storage operands (Power ISA 3.0B, Book I, 1.11.3).

use crate::{vocabulary::Vocabulary, word::Word};

/// `(RA|0) + displacement`.
#[inline(always)]
fn displaced<M: Vocabulary>(m: &mut M, w: Word, displacement: u64) -> M::Val {
    let base = m.gpr_or_zero(w.ra());
    let displacement = m.imm(displacement);
    m.add(base, displacement)
}

/// Address of a D-form.
#[inline(always)]
pub(super) fn d<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
    displaced(m, w, w.si())
}

/// Address of a DS-form.
#[inline(always)]
pub(super) fn ds<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
    displaced(m, w, w.ds())
}

/// Address of a DQ-form.
#[inline(always)]
pub(super) fn dq<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
    displaced(m, w, w.dq())
}

/// Address of an X-form: `(RA|0) + RB`.
#[inline(always)]
pub(super) fn x<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
    let (base, index) = (m.gpr_or_zero(w.ra()), m.gpr(w.rb()));
    m.add(base, index)
}

/// RA <- address, after the access of an update form. In 32-bit mode the address has 32 bits.
#[inline(always)]
pub(super) fn update<M: Vocabulary>(m: &mut M, w: Word, ea: M::Val) {
    let ea = m.narrow(ea);
    m.set_gpr(w.ra(), ea);
}

/// True if a store may update RA.
pub(super) fn updates(w: Word) -> bool {
    w.ra() != 0
}

/// True if a load, which writes RT too, may update RA.
pub(super) fn updates_beside_rt(w: Word) -> bool {
    w.ra() != 0 && w.ra() != w.rt()
}
