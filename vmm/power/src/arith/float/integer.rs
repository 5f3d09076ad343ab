// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Conversions from and to integers (Power ISA 3.0B, Book I, 4.6.7 and 7.6).

use super::{
    Rounded, Route, fast,
    format::{DOUBLE, Float, Format, Kind, SINGLE},
    round::{self, Mode, Rounding},
};
use crate::state::fpscr::{FI, FR, VXCVI, VXSNAN, XX};

/// A type of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Its width.
    pub bits: u32,
    /// It has negative numbers.
    pub signed: bool,
}

/// Signed word.
pub const SW: Integer = Integer { bits: 32, signed: true };
/// Unsigned word.
pub const UW: Integer = Integer { bits: 32, signed: false };
/// Signed doubleword.
pub const SD: Integer = Integer { bits: 64, signed: true };
/// Unsigned doubleword.
pub const UD: Integer = Integer { bits: 64, signed: false };

impl Integer {
    /// The greatest magnitude of a sign.
    const fn most(self, negative: bool) -> u128 {
        match (self.signed, negative) {
            (true, true) => 1 << (self.bits - 1),
            (true, false) => (1 << (self.bits - 1)) - 1,
            (false, true) => 0,
            (false, false) => (1 << self.bits) - 1,
        }
    }
}

/// A value as an integer, sign-extended to 64 bits, and the facts. A value that can not be represented
/// becomes the nearest number that can, a NaN the least.
#[inline(always)]
pub fn from_float(bits: u128, format: Format, rounding: Rounding, to: Integer) -> (u64, u64) {
    match simple_from_float(bits, format, rounding, to) {
        Some(outcome) => outcome,
        None => from_any_float(bits, format, rounding, to),
    }
}

/// On the host, what it can.
#[inline(always)]
pub fn simple_from_float(
    bits: u128,
    format: Format,
    rounding: Rounding,
    to: Integer,
) -> Option<(u64, u64)> {
    let value = match format {
        DOUBLE => f64::from_bits(bits as u64),
        SINGLE => f64::from(f32::from_bits(bits as u32)),
        _ => return None,
    };
    let whole = match rounding {
        Rounding::Nearest => value.round_ties_even(),
        Rounding::Zero => value.trunc(),
        _ => return None,
    };
    let n = whole as i64;
    let least = if to.signed { -(to.most(true) as i128) } else { 0 };
    let fits = whole.abs() < f64::from(1u32 << 31) * f64::from(1u32 << 31);
    if !fits || !(least..=to.most(false) as i128).contains(&n.into()) {
        return None;
    }
    let incremented = if whole.abs() > value.abs() { FR } else { 0 };
    Some((n as u64, if whole == value { 0 } else { XX | FI | incremented }))
}

/// Every case.
#[inline(never)]
pub fn from_any_float(bits: u128, format: Format, rounding: Rounding, to: Integer) -> (u64, u64) {
    let value = Float::unpack(bits, format);
    let with_sign = |magnitude: u128, negative: bool| match negative {
        true => (magnitude as u64).wrapping_neg(),
        false => magnitude as u64,
    };
    let negative = value.negative || value.is_nan();
    let saturated = with_sign(to.most(negative), negative);
    match value.kind {
        Kind::Signalling => return (saturated, VXSNAN | VXCVI),
        Kind::Quiet | Kind::Infinity => return (saturated, VXCVI),
        Kind::Number if value.exponent > 64 => return (saturated, VXCVI),
        _ => (),
    }
    let (magnitude, inexact) = round::magnitude(value, rounding);
    if magnitude > to.most(negative) {
        return (saturated, VXCVI);
    }
    let facts = if inexact & FI != 0 { inexact | XX } else { 0 };
    (with_sign(magnitude, negative), facts)
}

/// An integer as a value.
#[inline(always)]
pub fn to_float(n: i128, mode: Mode, route: Route) -> Rounded {
    match simple_to_float(n, mode, route) {
        Some(outcome) => outcome,
        None => to_any_float(n, mode, route),
    }
}

/// On the host, what it can: to double precision.
#[inline(always)]
pub fn simple_to_float(n: i128, mode: Mode, route: Route) -> Option<Rounded> {
    if !fast::rounds(mode.rounding) || route.to != DOUBLE {
        return None;
    }
    // The host converts 64 bits at once.
    let v = match i64::try_from(n) {
        Ok(n) => n as f64,
        Err(_) => n as f64,
    };
    let (v, facts) = fast::double((v, (n - v as i128) as f64))?;
    Some((v.to_bits().into(), facts))
}

/// Every case.
#[inline(never)]
pub fn to_any_float(n: i128, mode: Mode, route: Route) -> Rounded {
    let exact = Float::integer(n < 0, n.unsigned_abs());
    let (result, facts) = round::round(exact, route.to, mode);
    (result.pack(route.register), facts | result.class(route.to))
}

impl Integer {
    /// The number that the low bits of a register are.
    #[inline]
    pub fn value(self, bits: u64) -> i128 {
        match (self.signed, self.bits) {
            (true, 32) => i128::from(bits as i32),
            (true, _) => i128::from(bits as i64),
            (false, 32) => i128::from(bits as u32),
            (false, _) => i128::from(bits),
        }
    }
}
