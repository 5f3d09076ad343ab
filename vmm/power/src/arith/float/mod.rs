// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Binary floating point as the book has it (Power ISA 3.0B, Book I, chapters 4 and 7.3).
//!
//! An operation unpacks its operands from their format ([`mod@format`]), computes exactly ([`exact`]),
//! and rounds once ([`round`]); [`fast`] does the same on the host's arithmetic where it is
//! simple. The outcome is the result's encoding and the *facts* about it: exceptions, FR, FI
//! and FPRF, as bits of FPSCR. `fpscr.rs` puts them there.

pub mod compare;
pub mod exact;
pub mod fast;
pub mod format;
pub mod integer;
pub mod round;
pub mod wide;

pub use format::{DOUBLE, EXTENDED, Float, Format, HALF, Kind, QUAD, SINGLE};
pub use round::{Mode, Rounding};

use crate::state::fpscr::{VXIMZ, VXSNAN};

/// A result as a register holds it, and the facts about it.
pub type Rounded = (u128, u64);

/// An arithmetic operation of N operands; those of a multiply-add are A, B, C for A * C + B.
#[derive(Debug)]
pub struct Op<const N: usize> {
    /// The operation, by name.
    operation: Operation,
    /// On the host, where it is simple.
    fast: Option<fn([f64; N]) -> Option<fast::Near>>,
    /// Exactly.
    exact: fn([Float; N], Rounding) -> exact::Exact,
    /// The sign changes after rounding, but not of a NaN.
    negates: bool,
}

/// An arithmetic operation.
#[derive(Clone, Copy, Debug)]
pub enum AnyOp {
    /// Of one operand.
    One(&'static Op<1>),
    /// Of two.
    Two(&'static Op<2>),
    /// Of three.
    Three(&'static Op<3>),
}

impl AnyOp {
    /// The operation, by name.
    pub const fn operation(self) -> Operation {
        match self {
            AnyOp::One(op) => op.operation,
            AnyOp::Two(op) => op.operation,
            AnyOp::Three(op) => op.operation,
        }
    }
    /// How many operands it has.
    pub const fn operands(self) -> usize {
        match self {
            AnyOp::One(_) => 1,
            AnyOp::Two(_) => 2,
            AnyOp::Three(_) => 3,
        }
    }
    /// The result; operands that it does not have are ignored.
    #[inline(always)]
    pub fn result(self, mode: Mode, [a, b, c]: [u128; 3], route: Route) -> Rounded {
        match self {
            AnyOp::One(op) => arithmetic(mode, op, [a], route),
            AnyOp::Two(op) => arithmetic(mode, op, [a, b], route),
            AnyOp::Three(op) => arithmetic(mode, op, [a, b, c], route),
        }
    }
}

macro_rules! any {
    ($($n:literal $any:ident)*) => {$(
        impl From<&'static Op<$n>> for AnyOp {
            fn from(op: &'static Op<$n>) -> AnyOp {
                AnyOp::$any(op)
            }
        }
    )*};
}

any!(1 One 2 Two 3 Three);

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident $op:ident: $n:literal = $fast:expr, $exact:path, $negates:literal;)*) => {
        $($(#[$doc])* pub const $name: Op<$n> = Op {
            operation: Operation::$op,
            fast: $fast,
            exact: $exact,
            negates: $negates,
        };)*

        /// The name of an arithmetic operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation {
            $($(#[$doc])* $op,)*
        }

        impl Operation {
            /// Every one, in order.
            pub const ALL: &[Operation] = &[$(Operation::$op),*];

            /// The operation of this name.
            pub fn op(self) -> AnyOp {
                match self {
                    $(Operation::$op => AnyOp::from(&$name),)*
                }
            }
        }
    };
}

ops! {
    /// A + B
    ADD Add: 2 = Some(fast::add), exact::add, false;
    /// A - B
    SUB Subtract: 2 = Some(fast::subtract), exact::subtract, false;
    /// A * B
    MUL Multiply: 2 = Some(fast::multiply), exact::multiply, false;
    /// A / B
    DIV Divide: 2 = Some(fast::divide), exact::divide, false;
    /// The square root of B.
    SQRT Root: 1 = Some(fast::square_root), exact::square_root, false;
    /// 1 / B
    RECIPROCAL Reciprocal: 1 = Some(fast::reciprocal), exact::reciprocal, false;
    /// 1 / the square root of B
    RECIPROCAL_ROOT ReciprocalRoot: 1 = None, exact::reciprocal_root, false;
    /// A * C + B
    MADD MultiplyAdd: 3 = Some(fast::multiply_add), exact::multiply_add, false;
    /// A * C - B
    MSUB MultiplySubtract: 3 = Some(fast::multiply_subtract), exact::multiply_subtract, false;
    /// -(A * C + B)
    NMADD NegatedMultiplyAdd: 3 = Some(fast::multiply_add), exact::multiply_add, true;
    /// -(A * C - B)
    NMSUB NegatedMultiplySubtract: 3 = Some(fast::multiply_subtract), exact::multiply_subtract, true;
    /// B
    CONVERT Convert: 1 = Some(fast::convert), exact::convert, false;
}

/// The formats on the way of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Of the operands.
    pub from: Format,
    /// To which it is rounded.
    pub to: Format,
    /// In which a register holds it.
    pub register: Format,
}

impl Route {
    /// One format all the way.
    pub const fn within(format: Format) -> Route {
        Route { from: format, to: format, register: format }
    }
    /// From one format to another.
    pub const fn between(from: Format, to: Format) -> Route {
        Route { from, to, register: to }
    }
}

/// Double precision.
pub const DP: Route = Route::within(DOUBLE);
/// Single precision in registers of double precision.
pub const SP: Route = Route { from: DOUBLE, to: SINGLE, register: DOUBLE };
/// Single precision in elements of a vector.
pub const SP_ELEMENT: Route = Route::within(SINGLE);
/// Quad precision.
pub const QP: Route = Route::within(QUAD);

/// The result of an operation.
#[inline(always)]
pub fn arithmetic<const N: usize>(
    mode: Mode,
    op: &'static Op<N>,
    operands: [u128; N],
    route: Route,
) -> Rounded {
    match simple(mode, op, operands, route) {
        Some(outcome) => outcome,
        None => in_full(mode, op, operands, route),
    }
}

/// The result in the common case; `None` in the others.
#[inline(always)]
pub fn simple<const N: usize>(
    mode: Mode,
    op: &Op<N>,
    operands: [u128; N],
    route: Route,
) -> Option<Rounded> {
    let host = |format| format == SINGLE || format == DOUBLE;
    if !host(route.from) || !host(route.to) || !fast::rounds(mode.rounding) {
        return None;
    }
    let value = |bits: u128| match route.from == SINGLE {
        true => f64::from(f32::from_bits(bits as u32)),
        false => f64::from_bits(bits as u64),
    };
    let near = (op.fast?)(operands.map(value))?;
    let (wide, narrow, facts) = match route.to == SINGLE {
        true => fast::single(near).map(|(v, facts)| (f64::from(v), v, facts))?,
        false => fast::double(near).map(|(v, facts)| (v, v as f32, facts))?,
    };
    use crate::state::fpscr::{FG, FL};
    let signs = if facts & (FL | FG) != 0 { FL | FG } else { crate::state::fpscr::C };
    let (wide, narrow, facts) =
        if op.negates { (-wide, -narrow, facts ^ signs) } else { (wide, narrow, facts) };
    match route.register == SINGLE {
        true => Some((narrow.to_bits().into(), facts)),
        false => Some((wide.to_bits().into(), facts)),
    }
}

/// The result in every case.
#[inline(never)]
pub fn in_full<const N: usize>(
    mode: Mode,
    op: &'static Op<N>,
    operands: [u128; N],
    route: Route,
) -> Rounded {
    let operands = operands.map(|bits| Float::unpack(bits, route.from));
    let (exact, invalid) = (op.exact)(operands, mode.rounding);
    if let Some(nan) = operands.iter().find(|x| x.is_nan()) {
        // The first NaN, in the order A, B, C, made quiet (4.3.2).
        let signalling = operands.iter().any(|x| x.kind == Kind::Signalling);
        let facts = if signalling { VXSNAN } else { 0 } | if N == 3 { invalid & VXIMZ } else { 0 };
        return packed(*nan, facts, route);
    }
    let (mut result, facts) = round::round(exact, route.to, mode);
    if op.negates && !result.is_nan() {
        result = result.negated();
    }
    packed(result, invalid | facts, route)
}

/// An outcome with FPRF.
fn packed(result: Float, facts: u64, route: Route) -> Rounded {
    let bits = match result.is_nan() && route.to != EXTENDED {
        // A NaN keeps what fits into the target's format.
        true => Float::unpack(result.pack(route.to), route.to).pack(route.register),
        false => result.pack(route.register),
    };
    (bits, facts | result.class(route.to))
}

/// A value rounded to an integer, in its format. FI and FR are facts only if `exact` asks for
/// inexact exceptions.
pub fn to_integral(bits: u128, format: Format, rounding: Rounding, exact: bool) -> Rounded {
    use crate::state::fpscr::{FI, XX};
    let value = Float::unpack(bits, format);
    let signalling = value.kind == Kind::Signalling;
    let (result, inexact) = round::to_integral(value, rounding);
    let inexact = match exact {
        true if inexact & FI != 0 => inexact | XX,
        _ => 0,
    };
    let invalid = if signalling { VXSNAN } else { 0 };
    (result.pack(format), inexact | invalid | result.class(format))
}
