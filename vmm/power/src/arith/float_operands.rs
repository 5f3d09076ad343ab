// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operand shapes of floating-point instructions: which registers, which part of them, and what
//! of the result goes where. `c.f_ab(w, &ADD, DP)` is the whole of `fadd`.
//!
//! Doubleword 1 of a scalar result is undefined in version 3.0B; here it becomes 0, as version
//! 3.1 requires. Words that are undefined beside a result of a word repeat it, as there.

use crate::{
    arith::{
        float::{Format, Mode, Op, Rounded, Rounding, Route, arithmetic, compare},
        vector::{Lane, Vector},
    },
    state::{
        facility::Vectors,
        fpscr::{FPCC, INTEGER, NOTHING, RESULT, VE},
        interrupt::Stop,
    },
    word::Word,
};
use std::cmp::Ordering;

type Result = std::result::Result<(), Stop>;

/// An element that holds a floating-point number or an integer.
pub(crate) trait Element: Lane + Default {
    /// Its bits.
    fn bits(self) -> u128;
    /// The element of these bits.
    fn of(bits: u128) -> Self;
}

macro_rules! elements {
    ($($t:ty)*) => {$(
        impl Element for $t {
            #[inline(always)]
            fn bits(self) -> u128 {
                self.into()
            }
            #[inline(always)]
            fn of(bits: u128) -> $t {
                bits as $t
            }
        }
    )*};
}

elements!(u32 u64 u128);

/// The role of an instruction's target as an operand: the addend or a factor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A-forms: the target's old value is added.
    Addend,
    /// M-forms: the target's old value is multiplied.
    Factor,
}

/// Scalars in floating-point registers.
impl Vectors {
    #[inline(always)]
    pub(crate) fn f(&self, n: usize) -> u128 {
        self.fpr(n).into()
    }
    /// FRT <- an outcome; `replaced` as in [`Vectors::conclude`].
    #[inline(always)]
    fn f_result(&mut self, w: Word, (bits, facts): Rounded, replaced: u64) -> Result {
        if self.conclude(facts, replaced) {
            self.set_fpr(w.rt(), bits as u64);
        }
        self.float_trap(facts)
    }
    /// FRT <- op(FRB).
    #[inline(always)]
    pub(crate) fn f_b(&mut self, w: Word, op: &'static Op<1>, route: Route) -> Result {
        self.fp()?;
        let outcome = arithmetic(self.mode(), op, [self.f(w.rb())], route);
        self.f_result(w, outcome, RESULT)
    }
    /// FRT <- op(FRA, FRB).
    #[inline(always)]
    pub(crate) fn f_ab(&mut self, w: Word, op: &'static Op<2>, route: Route) -> Result {
        self.fp()?;
        let operands = [self.f(w.ra()), self.f(w.rb())];
        let outcome = arithmetic(self.mode(), op, operands, route);
        self.f_result(w, outcome, RESULT)
    }
    /// FRT <- op(FRA, FRC).
    #[inline(always)]
    pub(crate) fn f_ac(&mut self, w: Word, op: &'static Op<2>, route: Route) -> Result {
        self.fp()?;
        let operands = [self.f(w.ra()), self.f(w.r_c())];
        let outcome = arithmetic(self.mode(), op, operands, route);
        self.f_result(w, outcome, RESULT)
    }
    /// FRT <- op(FRA, FRB, FRC).
    #[inline(always)]
    pub(crate) fn f_abc(&mut self, w: Word, op: &'static Op<3>, route: Route) -> Result {
        self.fp()?;
        let operands = [self.f(w.ra()), self.f(w.rb()), self.f(w.r_c())];
        let outcome = arithmetic(self.mode(), op, operands, route);
        self.f_result(w, outcome, RESULT)
    }
    /// FRT <- f(FRB), a floating-point number.
    #[inline(always)]
    pub(crate) fn f_number(&mut self, w: Word, f: impl Fn(u128, Mode) -> Rounded) -> Result {
        self.fp()?;
        let outcome = f(self.f(w.rb()), self.mode());
        self.f_result(w, outcome, RESULT)
    }
    /// FRT <- f(FRB), an integer.
    #[inline(always)]
    pub(crate) fn f_integer(
        &mut self,
        w: Word,
        f: impl Fn(u128, Rounding) -> (u64, u64),
    ) -> Result {
        self.fp()?;
        let (n, facts) = f(self.f(w.rb()), self.mode().rounding);
        self.f_result(w, (n.into(), facts), INTEGER)
    }
    /// FPCC <- how two values compare, which is also a CR field. Its exceptions are [noted](Vectors::note).
    #[inline(always)]
    pub(crate) fn compare(&mut self, [a, b]: [u128; 2], format: Format, ordered: bool) -> u64 {
        let facts = compare::exceptions(a, b, format, ordered, self.fpscr & VE != 0);
        self.conclude(facts, NOTHING);
        self.note(facts);
        self.set_fpcc(compare::code(compare::order(a, b, format)))
    }
    /// FPCC <- a code; the CR field that it is.
    #[inline(always)]
    pub(crate) fn set_fpcc(&mut self, code: u64) -> u64 {
        self.fpscr = self.fpscr & !FPCC | code;
        code >> 12
    }
}

/// Scalars in doubleword 0 of vector-scalar registers, or in all of one.
impl Vectors {
    /// Element 0 of VSR `n`.
    #[inline(always)]
    pub(crate) fn xs<T: Element>(&self, n: usize) -> u128 {
        self.x(n).lane::<T>(0).bits()
    }
    /// VSR `n` <- an outcome in its first element, the others 0.
    #[inline(always)]
    pub(crate) fn xs_result<T: Element>(
        &mut self,
        n: usize,
        (bits, facts): Rounded,
        replaced: u64,
    ) -> Result {
        if self.conclude(facts, replaced) {
            self.set_x(n, Vector::ZERO.with(0, T::of(bits)));
        }
        self.float_trap(facts)
    }
    /// VSR\[XT\] <- op(VSR\[XB\]).
    #[inline(always)]
    pub(crate) fn xs_b(&mut self, w: Word, op: &'static Op<1>, route: Route) -> Result {
        self.vsx()?;
        let outcome = arithmetic(self.mode(), op, [self.xs::<u64>(w.xb())], route);
        self.xs_result::<u64>(w.xt(), outcome, RESULT)
    }
    /// VSR\[XT\] <- op(VSR\[XA\], VSR\[XB\]).
    #[inline(always)]
    pub(crate) fn xs_ab(&mut self, w: Word, op: &'static Op<2>, route: Route) -> Result {
        self.vsx()?;
        let operands = [self.xs::<u64>(w.xa()), self.xs::<u64>(w.xb())];
        let outcome = arithmetic(self.mode(), op, operands, route);
        self.xs_result::<u64>(w.xt(), outcome, RESULT)
    }
    /// VSR\[XT\] <- op of VSR\[XA\], VSR\[XB\] and VSR\[XT\].
    #[inline(always)]
    pub(crate) fn xs_abt(
        &mut self,
        w: Word,
        op: &'static Op<3>,
        target: Target,
        route: Route,
    ) -> Result {
        self.vsx()?;
        let [a, b, t] = [w.xa(), w.xb(), w.xt()].map(|n| self.xs::<u64>(n));
        let operands = if target == Target::Addend { [a, t, b] } else { [a, b, t] };
        let outcome = arithmetic(self.mode(), op, operands, route);
        self.xs_result::<u64>(w.xt(), outcome, RESULT)
    }
    /// VSR\[XT\] <- f(VSR\[XB\]), a floating-point number.
    #[inline(always)]
    pub(crate) fn xs_number(&mut self, w: Word, f: impl Fn(u128, Mode) -> Rounded) -> Result {
        self.vsx()?;
        let outcome = f(self.xs::<u64>(w.xb()), self.mode());
        self.xs_result::<u64>(w.xt(), outcome, RESULT)
    }
    /// VSR\[XT\] <- f(VSR\[XB\]), an integer.
    #[inline(always)]
    pub(crate) fn xs_integer(&mut self, w: Word, f: impl Fn(u128) -> (u64, u64)) -> Result {
        self.vsx()?;
        let (n, facts) = f(self.xs::<u64>(w.xb()));
        self.xs_result::<u64>(w.xt(), (n.into(), facts), INTEGER)
    }
    /// VSR\[XT\] <- f(VSR\[XA\], VSR\[XB\]), with no other facts than exceptions.
    #[inline(always)]
    pub(crate) fn xs_pick(&mut self, w: Word, f: impl Fn(u128, u128) -> Rounded) -> Result {
        self.vsx()?;
        let outcome = f(self.xs::<u64>(w.xa()), self.xs::<u64>(w.xb()));
        self.xs_result::<u64>(w.xt(), outcome, NOTHING)
    }
    /// VSR\[XT\] <- all ones if the comparison holds, else 0.
    #[inline(always)]
    pub(crate) fn xs_compare(
        &mut self,
        w: Word,
        holds: fn(Ordering) -> bool,
        ordered: bool,
    ) -> Result {
        let ve = self.fpscr & VE != 0;
        self.xs_pick(w, |a, b| element_compare::<u64>(a, b, holds, ordered, ve))
    }
}

/// A word as a result that fills a doubleword.
#[inline(always)]
pub(crate) fn twice((n, facts): (u64, u64)) -> (u64, u64) {
    (n << 32 | n & u64::from(u32::MAX), facts)
}

/// The format of an element.
#[inline(always)]
pub(crate) fn format_of<T: Element>() -> Format {
    match T::BYTES {
        4 => crate::arith::float::SINGLE,
        8 => crate::arith::float::DOUBLE,
        _ => crate::arith::float::QUAD,
    }
}

/// All ones or 0, and the comparison's exceptions.
#[inline(always)]
pub(crate) fn element_compare<T: Element>(
    a: u128,
    b: u128,
    holds: fn(Ordering) -> bool,
    ordered: bool,
    ve: bool,
) -> Rounded {
    let format = format_of::<T>();
    let facts = compare::exceptions(a, b, format, ordered, ve);
    let holds = compare::order(a, b, format).is_some_and(holds);
    (if holds { u128::MAX } else { 0 }, facts)
}
