// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Comparisons, minima and maxima, and tests (Power ISA 3.0B, Book I, 4.6.8 and 7.6).

use super::{
    Rounded,
    format::{Float, Format, Kind},
};
use crate::state::fpscr::{FE, FG, FL, FU, VXSNAN, VXVC};
use std::cmp::Ordering;

/// How two values compare; a NaN does not.
#[inline(always)]
pub fn order(a: u128, b: u128, format: Format) -> Option<Ordering> {
    // A sign and a magnitude make an integer of the same order; both zeros are 0.
    let key = |bits: u128| {
        let magnitude = (bits & (format.sign() - 1)) as i128;
        if bits & format.sign() != 0 { -magnitude } else { magnitude }
    };
    let nan = format.is_nan(a) || format.is_nan(b);
    (!nan).then(|| key(a).cmp(&key(b)))
}

/// FPCC for an order.
#[inline(always)]
pub const fn code(order: Option<Ordering>) -> u64 {
    match order {
        Some(Ordering::Less) => FL,
        Some(Ordering::Greater) => FG,
        Some(Ordering::Equal) => FE,
        None => FU,
    }
}

/// Exceptions of a comparison: `ordered` ones do not like any NaN. With `ve`, a signalling one
/// is reported alone.
#[inline(always)]
pub fn exceptions(a: u128, b: u128, format: Format, ordered: bool, ve: bool) -> u64 {
    let any = |is: fn(Format, u128) -> bool| is(format, a) || is(format, b);
    match (any(Format::is_signalling), any(Format::is_nan)) {
        (true, _) if ordered && !ve => VXSNAN | VXVC,
        (true, _) => VXSNAN,
        (_, true) if ordered => VXVC,
        _ => 0,
    }
}

/// The choice between two values, by how the first compares with the second.
pub type Choice = fn(Ordering) -> bool;
/// The lesser one.
pub const LEAST: Choice = Ordering::is_lt;
/// The greater one.
pub const MOST: Choice = Ordering::is_gt;

fn snan(a: u128, b: u128, format: Format) -> u64 {
    if format.is_signalling(a) || format.is_signalling(b) { VXSNAN } else { 0 }
}

fn first_nan(a: u128, b: u128, format: Format) -> u128 {
    if format.is_nan(a) { a } else { b }
}

/// The minimum or maximum of IEEE 754-2008: a number rather than a quiet NaN, and -0 below +0.
pub fn choose(a: u128, b: u128, format: Format, choice: Choice) -> Rounded {
    let signed = |bits: u128| bits & format.sign() != 0;
    let bits = match order(a, b, format) {
        None if snan(a, b, format) != 0 => first_nan(a, b, format) | format.quiet(),
        None if format.is_nan(a) && !format.is_nan(b) => b,
        None => a,
        Some(Ordering::Equal) if signed(a) != signed(b) => {
            let first = if signed(a) { Ordering::Less } else { Ordering::Greater };
            if choice(first) { a } else { b }
        }
        Some(order) if choice(order) => a,
        Some(_) => b,
    };
    (bits, snan(a, b, format))
}

/// As C's `a < b ? a : b`.
pub fn choose_c(a: u128, b: u128, format: Format, choice: Choice) -> Rounded {
    let bits = if order(a, b, format).is_some_and(choice) { a } else { b };
    (bits, snan(a, b, format))
}

/// As Java's Math.min and Math.max: the first NaN, as it is, and -0 below +0.
pub fn choose_j(a: u128, b: u128, format: Format, choice: Choice) -> Rounded {
    let facts = snan(a, b, format);
    match order(a, b, format) {
        None => (first_nan(a, b, format), facts),
        Some(_) => choose(a, b, format, choice),
    }
}

/// FE and FG flags of ftdiv and its kin, as a CR field.
pub fn test_divide(a: u128, b: u128, format: Format) -> u8 {
    let [x, y] = [a, b].map(|bits| Float::unpack(bits, format));
    let exponent = |bits| format.biased(bits) as i32 - format.greatest();
    let (e_a, e_b) = (exponent(a), exponent(b));
    let (least, greatest) = (format.least(), format.greatest());
    let denormal = |bits| format.biased(bits) == 0;
    let special = |x: Float| x.is_nan() || x.kind == Kind::Infinity;
    let difference = e_a - e_b;
    let far = difference >= greatest
        || difference <= least + 1
        || e_a < least + format.precision() as i32;
    let fe = special(x)
        || special(y)
        || e_b <= least
        || e_b >= greatest - 2
        || x.kind != Kind::Zero && far;
    let fg = x.kind == Kind::Infinity || y.kind == Kind::Infinity || denormal(b);
    flags(fg, fe)
}

/// FE and FG flags of ftsqrt and its kin.
pub fn test_square_root(b: u128, format: Format) -> u8 {
    let y = Float::unpack(b, format);
    let exponent = format.biased(b) as i32 - format.greatest();
    let special = y.is_nan() || matches!(y.kind, Kind::Infinity | Kind::Zero) || y.negative;
    let fe = special || exponent < format.least() + format.precision() as i32;
    let fg = y.kind == Kind::Infinity || format.biased(b) == 0;
    flags(fg, fe)
}

/// FL says that estimates are good to 14 bits.
fn flags(fg: bool, fe: bool) -> u8 {
    8 | u8::from(fg) << 2 | u8::from(fe) << 1
}

/// True if a value is of one of the classes of a mask: NaN, +infinity, -infinity, +0, -0,
/// +denormal, -denormal.
pub fn is_of_class(bits: u128, format: Format, mask: u32) -> bool {
    let value = Float::unpack(bits, format);
    let pair = match value.kind {
        Kind::Quiet | Kind::Signalling => return mask & 0x40 != 0,
        Kind::Infinity => 4,
        Kind::Zero => 2,
        Kind::Number if value.exponent < format.least() => 0,
        Kind::Number => return false,
    };
    mask >> pair >> u32::from(!value.negative) & 1 != 0
}
