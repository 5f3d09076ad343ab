// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operand shapes of VSX vector floating point: which registers and elements. FR, FI and FPRF stay; any enabled
//! exception leaves the whole target alone.

use crate::{
    arith::{
        float::{Mode, Rounded},
        float_operands::{Element, element_compare},
        vector::Vector,
    },
    state::{
        facility::{Vectors, all_or_none},
        fpscr::VE,
        interrupt::Stop,
    },
    word::Word,
};
use std::cmp::Ordering;

type Result = std::result::Result<(), Stop>;

impl Vectors {
    /// VSR\[XT\] <- the outcomes of its elements, unless any is an enabled exception; their exceptions.
    #[inline(always)]
    fn xv_outcomes<T: Element>(&mut self, w: Word, f: impl Fn(usize) -> Rounded) -> u64 {
        let mut facts = 0;
        let v = Vector::build(|i| {
            let (bits, more) = f(i);
            facts |= more;
            T::of(bits)
        });
        self.xv_put(w, v, facts);
        facts
    }
    /// VSR\[XT\] <- a value, unless a fact about it is an enabled exception.
    #[inline(always)]
    pub(crate) fn xv_put(&mut self, w: Word, v: Vector, facts: u64) {
        if self.conclude_vector(facts) {
            self.set_x(w.xt(), v);
        }
    }
    /// As [`xv_outcomes`](Self::xv_outcomes), then takes the interrupt of an enabled exception.
    #[inline(always)]
    fn xv_result<T: Element>(&mut self, w: Word, f: impl Fn(usize) -> Rounded) -> Result {
        let facts = self.xv_outcomes::<T>(w, f);
        self.float_trap(facts)
    }
    /// VSR\[XT\] <- f of the elements of VSR\[XB\], which may be wider or narrower.
    ///
    /// Of a narrower source every other element is used, from the first one on; the results of
    /// a wider one are doublewords too, see [`crate::arith::float_operands::twice`].
    #[inline(always)]
    pub(crate) fn xv_each<S: Element, T: Element>(
        &mut self,
        w: Word,
        f: impl Fn(u128, Mode) -> Rounded,
    ) -> Result {
        self.vsx()?;
        let (mode, b) = (self.mode(), self.x(w.xb()));
        let outcome = |i: usize| f(b.lane::<S>(i * S::COUNT / T::COUNT).bits(), mode);
        self.xv_result::<T>(w, outcome)
    }
    /// VSR\[XT\] <- f of the elements of VSR\[XA\] and VSR\[XB\].
    #[inline(always)]
    pub(crate) fn xv_pick<T: Element>(
        &mut self,
        w: Word,
        f: impl Fn(u128, u128) -> Rounded,
    ) -> Result {
        self.vsx()?;
        let (a, b) = (self.x(w.xa()), self.x(w.xb()));
        self.xv_result::<T>(w, |i| f(a.lane::<T>(i).bits(), b.lane::<T>(i).bits()))
    }
    /// VSR\[XT\] <- each element all ones if the comparison holds, else 0; what CR6 would be. After an enabled
    /// exception CR6 is undefined: it is of the old target. Exceptions are [noted](Vectors::note).
    #[inline(always)]
    pub(crate) fn xv_compare<T: Element>(
        &mut self,
        w: Word,
        holds: fn(Ordering) -> bool,
        ordered: bool,
    ) -> std::result::Result<u64, Stop> {
        self.vsx()?;
        let (ve, a, b) = (self.fpscr & VE != 0, self.x(w.xa()), self.x(w.xb()));
        let facts = self.xv_outcomes::<T>(w, |i| {
            let [a, b] = [a, b].map(|v| v.lane::<T>(i).bits());
            element_compare::<T>(a, b, holds, ordered, ve)
        });
        self.note(facts);
        Ok(all_or_none(self.x(w.xt())))
    }
}

impl Vectors {
    /// VSR\[XT\] <- each element all ones if the test holds, else 0.
    #[inline(always)]
    pub(crate) fn xv_test<T: Element>(&mut self, w: Word, holds: impl Fn(u128) -> bool) -> Result {
        self.vsx()?;
        let b = self.x(w.xb());
        let element = |i| if holds(b.lane::<T>(i).bits()) { u128::MAX } else { 0 };
        self.set_x(w.xt(), Vector::build(|i| T::of(element(i))));
        Ok(())
    }
    /// All the flags of the elements of VSR\[XA\] and VSR\[XB\], for a CR field.
    #[inline(always)]
    pub(crate) fn xv_flags<T: Element>(
        &mut self,
        w: Word,
        f: impl Fn(u128, u128) -> u8,
    ) -> std::result::Result<u64, Stop> {
        self.vsx()?;
        let (a, b) = (self.x(w.xa()), self.x(w.xb()));
        let flags = |i| f(a.lane::<T>(i).bits(), b.lane::<T>(i).bits());
        Ok((0..T::COUNT).fold(0, |all, i| all | u64::from(flags(i))))
    }
}
