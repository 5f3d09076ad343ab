// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Arithmetic instructions as constants: `Arith::f_ab(&ADD, DP)` is the whole of `fadd`. The interpreter is compiled for
//! each constant; the translator reads it.

use crate::{
    arith::{
        float::{AnyOp, Mode, Op, Rounded, Route, SINGLE},
        float_operands::Element,
        vector::Vector,
    },
    state::{
        facility::{Facility, Vectors},
        fpscr::RESULT,
        interrupt::Stop,
    },
    word::Word,
};

/// The registers of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Floating-point registers: scalars.
    F,
    /// Doubleword 0 of vector-scalar registers: scalars.
    Xs,
    /// All elements of vector-scalar registers.
    Xv,
}

/// The role of an instruction's target as an operand: the addend or a factor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A-forms: the target's old value is added.
    Addend,
    /// M-forms: the target's old value is multiplied.
    Factor,
}

/// The fields of a word that name the operands A, B and C of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operands {
    Frb,
    FraFrb,
    FraFrc,
    FraFrbFrc,
    Xb,
    XaXb,
    XaXtXb,
    XaXbXt,
}

/// An instruction that adds, multiplies, divides, takes a root or rounds.
#[derive(Clone, Copy, Debug)]
pub struct Arith {
    pub(crate) shape: Shape,
    pub(crate) op: AnyOp,
    operands: Operands,
    pub(crate) route: Route,
}

impl Arith {
    /// FRT <- op(FRB).
    pub(crate) const fn f_b(op: &'static Op<1>, route: Route) -> Arith {
        Arith { shape: Shape::F, op: AnyOp::One(op), operands: Operands::Frb, route }
    }
    /// FRT <- op(FRA, FRB).
    pub(crate) const fn f_ab(op: &'static Op<2>, route: Route) -> Arith {
        Arith { shape: Shape::F, op: AnyOp::Two(op), operands: Operands::FraFrb, route }
    }
    /// FRT <- op(FRA, FRC).
    pub(crate) const fn f_ac(op: &'static Op<2>, route: Route) -> Arith {
        Arith { shape: Shape::F, op: AnyOp::Two(op), operands: Operands::FraFrc, route }
    }
    /// FRT <- op(FRA, FRB, FRC).
    pub(crate) const fn f_abc(op: &'static Op<3>, route: Route) -> Arith {
        Arith { shape: Shape::F, op: AnyOp::Three(op), operands: Operands::FraFrbFrc, route }
    }
    /// VSR\[XT\] <- op(VSR\[XB\]), scalars.
    pub(crate) const fn xs_b(op: &'static Op<1>, route: Route) -> Arith {
        Arith { shape: Shape::Xs, op: AnyOp::One(op), operands: Operands::Xb, route }
    }
    /// VSR\[XT\] <- op(VSR\[XA\], VSR\[XB\]), scalars.
    pub(crate) const fn xs_ab(op: &'static Op<2>, route: Route) -> Arith {
        Arith { shape: Shape::Xs, op: AnyOp::Two(op), operands: Operands::XaXb, route }
    }
    /// VSR\[XT\] <- op of VSR\[XA\], VSR\[XB\] and VSR\[XT\], scalars.
    pub(crate) const fn xs_abt(op: &'static Op<3>, target: Target, route: Route) -> Arith {
        let operands = Operands::with(target);
        Arith { shape: Shape::Xs, op: AnyOp::Three(op), operands, route }
    }
    /// As [`xs_b`](Self::xs_b), for each element.
    pub(crate) const fn xv_b(op: &'static Op<1>, route: Route) -> Arith {
        Arith { shape: Shape::Xv, ..Arith::xs_b(op, route) }
    }
    /// As [`xs_ab`](Self::xs_ab), for each element.
    pub(crate) const fn xv_ab(op: &'static Op<2>, route: Route) -> Arith {
        Arith { shape: Shape::Xv, ..Arith::xs_ab(op, route) }
    }
    /// As [`xs_abt`](Self::xs_abt), for each element.
    pub(crate) const fn xv_abt(op: &'static Op<3>, target: Target, route: Route) -> Arith {
        Arith { shape: Shape::Xv, ..Arith::xs_abt(op, target, route) }
    }

    /// The facility that it needs.
    #[inline(always)]
    pub(crate) const fn facility(&self) -> Facility {
        match self.shape {
            Shape::F => Facility::Fp,
            Shape::Xs | Shape::Xv => Facility::Vsx,
        }
    }
    /// It records the exceptions in CR1.
    #[inline(always)]
    pub(crate) const fn records(&self, w: Word) -> bool {
        matches!(self.shape, Shape::F) && w.rc()
    }
    /// The VSR that it writes.
    #[inline(always)]
    pub(crate) const fn target(&self, w: Word) -> usize {
        match self.shape {
            Shape::F => w.rt(),
            Shape::Xs | Shape::Xv => w.xt(),
        }
    }
    /// The VSRs of operands A, B and C; those that the operation does not have are any.
    #[inline(always)]
    pub(crate) const fn operands(&self, w: Word) -> [usize; 3] {
        match self.operands {
            Operands::Frb => [w.rb(), 0, 0],
            Operands::FraFrb => [w.ra(), w.rb(), 0],
            Operands::FraFrc => [w.ra(), w.r_c(), 0],
            Operands::FraFrbFrc => [w.ra(), w.rb(), w.r_c()],
            Operands::Xb => [w.xb(), 0, 0],
            Operands::XaXb => [w.xa(), w.xb(), 0],
            Operands::XaXtXb => [w.xa(), w.xt(), w.xb()],
            Operands::XaXbXt => [w.xa(), w.xb(), w.xt()],
        }
    }
    #[inline(always)]
    fn result(&self, mode: Mode, operands: [u128; 3]) -> Rounded {
        self.op.result(mode, operands, self.route)
    }
}

impl Operands {
    const fn with(target: Target) -> Operands {
        match target {
            Target::Addend => Operands::XaXtXb,
            Target::Factor => Operands::XaXbXt,
        }
    }
}

impl Vectors {
    /// Performs an arithmetic instruction.
    #[inline(always)]
    pub(crate) fn arith(&mut self, a: &'static Arith, w: Word) -> Result<(), Stop> {
        self.need(a.facility())?;
        match a.shape {
            Shape::F | Shape::Xs => {
                let operands = a.operands(w).map(|n| self.xs::<u64>(n));
                let outcome = a.result(self.mode(), operands);
                self.xs_result::<u64>(a.target(w), outcome, RESULT)
            }
            Shape::Xv if a.route.from == SINGLE => self.arith_elements::<u32>(a, w),
            Shape::Xv => self.arith_elements::<u64>(a, w),
        }
    }

    // Without closures, which would not be compiled for the constant.
    #[inline(always)]
    fn arith_elements<T: Element>(&mut self, a: &'static Arith, w: Word) -> Result<(), Stop> {
        let (mode, [x, y, z]) = (self.mode(), a.operands(w));
        let (x, y, z) = (self.x(x), self.x(y), self.x(z));
        let (mut v, mut facts) = (Vector::ZERO, 0);
        for i in 0..T::COUNT {
            let operands = [x.lane::<T>(i).bits(), y.lane::<T>(i).bits(), z.lane::<T>(i).bits()];
            let (bits, more) = a.result(mode, operands);
            v = v.with(i, T::of(bits));
            facts |= more;
        }
        self.xv_put(w, v, facts);
        self.float_trap(facts)
    }
}
