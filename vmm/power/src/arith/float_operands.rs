// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operand shapes of floating-point instructions: which registers, which part of them, and what
//! of the result goes where. Those of arithmetic are in `float_arith.rs`.
//!
//! Doubleword 1 of a scalar result is undefined in version 3.0B; here it becomes 0, as version
//! 3.1 requires. Words that are undefined beside a result of a word repeat it, as there.

use crate::{
    arith::{
        float::{Format, Mode, Rounded, Rounding, Route, SINGLE, compare, integer::Integer},
        vector::{Lane, Vector},
    },
    state::{
        facility::{Facility, Vectors},
        fpscr::{FPCC, INTEGER, NOTHING, RESULT, VE},
        interrupt::Stop,
    },
    word::Word,
};
use std::cmp::Ordering;

type Result = std::result::Result<(), Stop>;

/// An element that holds a floating-point number or an integer.
pub(crate) trait Element: Lane + Default {
    /// The value as the bits of a register.
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

/// A conversion between an integer and a double-precision number in doubleword 0 of two VSRs.
#[derive(Clone, Copy, Debug)]
pub struct Conversion {
    /// The facility.
    pub facility: Facility,
    /// The VSR that it reads.
    pub from: usize,
    /// The VSR that it writes.
    pub to: usize,
    /// The way.
    pub way: Way,
}

/// The two formats of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A doubleword to a number, which is rounded to single precision on request.
    FromInteger {
        /// It has negative numbers.
        signed: bool,
        /// Single precision.
        single: bool,
    },
    /// A number to an integer, truncated. A word fills the doubleword twice.
    ToInteger(Integer),
}

impl Conversion {
    /// FRT <- FRB.
    pub(crate) fn f(w: Word, way: Way) -> Conversion {
        Conversion { facility: Facility::Fp, from: w.rb(), to: w.rt(), way }
    }
    /// VSR\[XT\] <- VSR\[XB\].
    pub(crate) fn xs(w: Word, way: Way) -> Conversion {
        Conversion { facility: Facility::Vsx, from: w.xb(), to: w.xt(), way }
    }
}

impl Way {
    /// Signed or not, to double precision or to single precision.
    pub(crate) const fn from(integer: Integer, route: Route) -> Way {
        Way::FromInteger { signed: integer.signed, single: matches!(route.to, SINGLE) }
    }
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
