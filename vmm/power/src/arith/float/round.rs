// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rounding: the one place where an exact value becomes one of a format, and what that
//! says about it (Power ISA 3.0B, Book I, 4.4.3 to 4.4.6, 4.6 and 7.3.2.6).

use super::{
    format::{Float, Format, Kind},
    wide::Wide,
};
use crate::state::fpscr::{FI, FR, OX, UX, XX};

/// Where a value between two numbers goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, of two to the even one.
    Nearest,
    /// Toward zero.
    Zero,
    /// Toward plus infinity.
    Up,
    /// Toward minus infinity.
    Down,
    /// To the nearest, of two to the one away from zero.
    Away,
    /// To the one with an odd significand.
    Odd,
}

impl Rounding {
    /// The rounding of FPSCR\[RN\].
    #[inline(always)]
    pub const fn of(rn: u64) -> Rounding {
        match rn & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::Zero,
            2 => Rounding::Up,
            _ => Rounding::Down,
        }
    }

    /// True to take the greater magnitude: of a significand that is `odd` and followed by
    /// two bits, the second of which stands for all the rest.
    const fn increments(self, negative: bool, odd: bool, rest: u128) -> bool {
        match self {
            Rounding::Nearest => rest == 3 || (rest == 2 && odd),
            Rounding::Zero => false,
            Rounding::Up => rest != 0 && !negative,
            Rounding::Down => rest != 0 && negative,
            Rounding::Away => rest >= 2,
            Rounding::Odd => rest != 0 && !odd,
        }
    }
}

/// The bits of FPSCR about rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// The rounding mode.
    pub rounding: Rounding,
    /// Overflow exceptions are enabled.
    pub trap_overflow: bool,
    /// Underflow exceptions are enabled.
    pub trap_underflow: bool,
}

/// Rounds a significand to its first `bits`, which may be none or less. Gives the bits, and FI
/// and FR.
fn significand(x: Float, bits: i32, rounding: Rounding) -> (u128, u64) {
    let all = x.significand.right_sticky((254 - bits).max(0) as u32).low();
    let (kept, rest) = (all >> 2, all & 3);
    let incremented = rounding.increments(x.negative, kept & 1 != 0, rest);
    let inexact = if rest != 0 { FI } else { 0 };
    (kept + u128::from(incremented), inexact | if incremented { FR } else { 0 })
}

/// The number whose significand's last of `bits` counts 2^(exponent - bits + 1).
fn of_bits(x: Float, bits: i32, exponent: i32, kept: u128) -> Float {
    Float::number(x.negative, exponent - bits + 128, Wide::from_high(kept))
}

/// Rounds a value to a format. Gives the value, and OX, UX, XX, FI and FR. Tininess is
/// detected before rounding; enabled overflow and underflow adjust the exponent.
pub fn round(x: Float, to: Format, mode: Mode) -> (Float, u64) {
    if x.kind != Kind::Number {
        return (x, 0);
    }
    let precision = to.precision() as i32;
    let below = to.least() - x.exponent;
    let (bits, exponent, mut facts) = match below > 0 {
        true if mode.trap_underflow => (precision, x.exponent + to.adjustment(), UX),
        true => (precision - below, x.exponent, 0),
        false => (precision, x.exponent, 0),
    };
    let (kept, inexact) = significand(x, bits, mode.rounding);
    facts |= inexact;
    if inexact & FI != 0 {
        facts |= if below > 0 { UX | XX } else { XX };
    }
    let rounded = of_bits(x, bits, exponent, kept);
    if rounded.kind != Kind::Number || rounded.exponent <= to.greatest() || below > 0 {
        return (rounded, facts);
    }
    if mode.trap_overflow {
        return (Float { exponent: rounded.exponent - to.adjustment(), ..rounded }, facts | OX);
    }
    overflowed(x.negative, to, mode.rounding)
}

/// The result of an overflow that is not enabled (Book I, 4.4.3.2). FR is undefined: here it
/// says whether the magnitude is greater.
fn overflowed(negative: bool, to: Format, rounding: Rounding) -> (Float, u64) {
    let infinite = match rounding {
        Rounding::Nearest | Rounding::Away => true,
        Rounding::Zero | Rounding::Odd => false,
        Rounding::Up => !negative,
        Rounding::Down => negative,
    };
    if infinite {
        return (Float::infinity(negative), OX | XX | FI | FR);
    }
    let most = (1 << to.precision()) - 1;
    let exponent = to.greatest() - to.precision() as i32 + 128;
    (Float::number(negative, exponent, Wide::from_high(most)), OX | XX | FI)
}

/// Rounds a value to an integer, in a format of which it is a number. Gives FI and FR.
pub fn to_integral(x: Float, rounding: Rounding) -> (Float, u64) {
    if x.kind != Kind::Number || x.exponent >= 112 {
        return (x, 0);
    }
    let bits = x.exponent + 1;
    let (kept, facts) = significand(x, bits, rounding);
    (of_bits(x, bits, x.exponent, kept), facts)
}

/// Rounds a number below 2^112 to an integer's magnitude. Gives FI and FR.
pub fn magnitude(x: Float, rounding: Rounding) -> (u128, u64) {
    match x.kind {
        Kind::Number => significand(x, x.exponent + 1, rounding),
        _ => (0, 0),
    }
}
