// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Arithmetic on values without a format. Bits that do not fit into 256 leave a 1 in the last
//! one, far behind every bit that rounding looks at; so results are as good as exact.
//!
//! Operands are no NaNs, but for those of [`multiply_add`]. The second part of a result is the
//! exceptions: invalid operations and divisions by zero (Power ISA 3.0B, Book I, 4.4.1 and 4.4.2).

use super::{
    format::{Float, Kind},
    round::Rounding,
    wide::Wide,
};
use crate::state::fpscr::{VXIDI, VXIMZ, VXISI, VXSQRT, VXZDZ, ZX};

/// A value, and exceptions.
pub type Exact = (Float, u64);

const fn invalid(cause: u64) -> Exact {
    (Float::default_nan(), cause)
}

/// `a` + `b`. The rounding mode chooses the sign of a sum that is 0.
pub fn add([a, b]: [Float; 2], rounding: Rounding) -> Exact {
    use Kind::{Infinity, Zero};
    let zero = Float::zero(rounding == Rounding::Down);
    match (a.kind, b.kind) {
        (Infinity, Infinity) if a.negative != b.negative => invalid(VXISI),
        (Infinity, _) => (a, 0),
        (_, Infinity) => (b, 0),
        (Zero, Zero) if a.negative != b.negative => (zero, 0),
        (_, Zero) => (a, 0),
        (Zero, _) => (b, 0),
        _ => {
            let sum = sum(a, b);
            (if sum.kind == Zero { zero } else { sum }, 0)
        }
    }
}

/// The sum of two numbers.
fn sum(a: Float, b: Float) -> Float {
    let greater = (a.exponent, a.significand) >= (b.exponent, b.significand);
    let (a, b) = if greater { (a, b) } else { (b, a) };
    let smaller = b.significand.right_sticky((a.exponent - b.exponent) as u32);
    if a.negative != b.negative {
        return Float::number(a.negative, a.exponent, a.significand.difference(smaller));
    }
    match a.significand.sum(smaller) {
        (sum, false) => Float::number(a.negative, a.exponent, sum),
        (sum, true) => {
            let first = Wide::from_high(1 << 127);
            let (significand, _) = sum.right_sticky(1).sum(first);
            Float::number(a.negative, a.exponent + 1, significand)
        }
    }
}

/// `a` - `b`.
pub fn subtract([a, b]: [Float; 2], rounding: Rounding) -> Exact {
    add([a, b.negated()], rounding)
}

/// `a` * `b`.
pub fn multiply([a, b]: [Float; 2], _: Rounding) -> Exact {
    use Kind::{Infinity, Zero};
    let negative = a.negative != b.negative;
    match (a.kind, b.kind) {
        (Infinity, Zero) | (Zero, Infinity) => invalid(VXIMZ),
        (Infinity, _) | (_, Infinity) => (Float::infinity(negative), 0),
        (Zero, _) | (_, Zero) => (Float::zero(negative), 0),
        _ => {
            let significand = Wide::product(a.significand.high(), b.significand.high());
            (Float::number(negative, a.exponent + b.exponent + 1, significand), 0)
        }
    }
}

/// `a` * `c` + `b`. Infinity times zero is reported even if `b` is a NaN.
pub fn multiply_add([a, b, c]: [Float; 3], rounding: Rounding) -> Exact {
    match multiply([a, c], rounding) {
        (_, 0) if b.is_nan() => (b, 0),
        (product, 0) => add([product, b], rounding),
        invalid => invalid,
    }
}

/// `a` * `c` - `b`.
pub fn multiply_subtract([a, b, c]: [Float; 3], rounding: Rounding) -> Exact {
    multiply_add([a, b.negated(), c], rounding)
}

/// Bits of a quotient or a root: more than any format has.
const DIGITS: u32 = 120;

/// A significand of [`DIGITS`] bits; `more` says that it goes on.
fn digits(bits: u128, more: bool) -> Wide {
    Wide::from_high(bits << (128 - DIGITS) | u128::from(more))
}

/// `a` / `b`.
pub fn divide([a, b]: [Float; 2], _: Rounding) -> Exact {
    use Kind::{Infinity, Zero};
    let negative = a.negative != b.negative;
    match (a.kind, b.kind) {
        (Infinity, Infinity) => invalid(VXIDI),
        (Zero, Zero) => invalid(VXZDZ),
        (Infinity, _) => (Float::infinity(negative), 0),
        (Zero, _) | (_, Infinity) => (Float::zero(negative), 0),
        (_, Zero) => (Float::infinity(negative), ZX),
        _ => {
            // Two bits of room; the last bits of a significand are 0 or say that it goes on.
            let (mut rest, divisor) = (a.significand.high() >> 2, b.significand.high() >> 2);
            let less = rest < divisor;
            if less {
                rest <<= 1;
            }
            let mut quotient = 0;
            for _ in 0..DIGITS {
                let fits = rest >= divisor;
                quotient = quotient << 1 | u128::from(fits);
                rest = (if fits { rest - divisor } else { rest }) << 1;
            }
            let exponent = a.exponent - b.exponent - i32::from(less);
            (Float::number(negative, exponent, digits(quotient, rest != 0)), 0)
        }
    }
}

/// The square root of `b`.
pub fn square_root([b]: [Float; 1], _: Rounding) -> Exact {
    match b.kind {
        Kind::Zero => (b, 0),
        _ if b.negative => invalid(VXSQRT),
        Kind::Infinity => (b, 0),
        _ => {
            // Two bits of the radicand a digit, the first ones before the point.
            let odd = b.exponent & 1 != 0;
            let mut radicand = if odd { b.significand } else { b.significand.right_sticky(1) };
            let (mut root, mut rest) = (0, 0);
            for _ in 0..DIGITS {
                rest = rest << 2 | radicand.high() >> 126;
                radicand = radicand.left(2);
                let trial = root << 2 | 1;
                let fits = rest >= trial;
                root = root << 1 | u128::from(fits);
                rest = if fits { rest - trial } else { rest };
            }
            (Float::number(false, b.exponent >> 1, digits(root, rest != 0)), 0)
        }
    }
}

/// 1 / `b`.
pub fn reciprocal([b]: [Float; 1], rounding: Rounding) -> Exact {
    divide([Float::integer(false, 1), b], rounding)
}

/// 1 / the square root of `b`.
pub fn reciprocal_root([b]: [Float; 1], rounding: Rounding) -> Exact {
    match square_root([b], rounding) {
        (root, 0) => reciprocal([root], rounding),
        invalid => invalid,
    }
}

/// `b`, for conversions between formats.
pub fn convert([b]: [Float; 1], _: Rounding) -> Exact {
    (b, 0)
}
