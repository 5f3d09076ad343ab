// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The common case on the host's own arithmetic: round to nearest, no NaN, no infinity, nothing
//! near the ends of the exponents' range. There the error of a rounded result is itself a
//! number; computed exactly, it gives FI and FR.

use super::round::Rounding;
use crate::state::fpscr::{C, FE, FG, FI, FL, FR, XX};

/// A result rounded to double precision, and a number with the sign of what is missing.
pub type Near = (f64, f64);

/// Far enough from overflow for every intermediate result.
const GREAT: f64 = f64::from_bits((1023 + 1000) << 52);
/// Far enough from underflow for every error of a product to be exact.
const SMALL: f64 = f64::from_bits((1023 - 900) << 52);

/// A number with room around it, or 0.
fn roomy(v: f64) -> bool {
    v == 0.0 || (SMALL..GREAT).contains(&v.abs())
}

/// The sum, and its error (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> Near {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// `a` + `b`.
#[inline(always)]
pub fn add([a, b]: [f64; 2]) -> Option<Near> {
    // A sum is exact where it is denormal.
    (a.abs() < GREAT && b.abs() < GREAT).then(|| two_sum(a, b))
}

/// `a` - `b`.
#[inline(always)]
pub fn subtract([a, b]: [f64; 2]) -> Option<Near> {
    add([a, -b])
}

/// `a` * `b`.
#[inline(always)]
pub fn multiply([a, b]: [f64; 2]) -> Option<Near> {
    let product = a * b;
    let exact = product == 0.0 && (a == 0.0 || b == 0.0);
    if exact {
        return Some((product, 0.0));
    }
    (product != 0.0 && roomy(product)).then(|| (product, a.mul_add(b, -product)))
}

/// `a` / `b`.
#[inline(always)]
pub fn divide([a, b]: [f64; 2]) -> Option<Near> {
    let quotient = a / b;
    let numbers = a != 0.0 && b != 0.0 && quotient != 0.0;
    if !numbers || !roomy(a) || !roomy(b) || !roomy(quotient) {
        return None;
    }
    let rest = (-quotient).mul_add(b, a);
    Some((quotient, if b < 0.0 { -rest } else { rest }))
}

/// 1 / `b`.
#[inline(always)]
pub fn reciprocal([b]: [f64; 1]) -> Option<Near> {
    divide([1.0, b])
}

/// The square root of `b`.
#[inline(always)]
pub fn square_root([b]: [f64; 1]) -> Option<Near> {
    let root = b.sqrt();
    (b > 0.0 && roomy(b)).then(|| (root, (-root).mul_add(root, b)))
}

/// `a` * `c` + `b`; the error as Boldo and Muller have it (Exact and approximated error of the
/// FMA, IEEE Transactions on Computers 60, 2011).
#[inline(always)]
pub fn multiply_add([a, b, c]: [f64; 3]) -> Option<Near> {
    let product = a * c;
    let exact = product == 0.0 && (a == 0.0 || c == 0.0);
    if !(exact || product != 0.0 && roomy(product)) || !roomy(b) {
        return None;
    }
    let result = a.mul_add(c, b);
    if !roomy(result) {
        return None;
    }
    let small = if exact { 0.0 } else { a.mul_add(c, -product) };
    let (middle, rest) = two_sum(b, small);
    let (high, low) = two_sum(product, middle);
    Some((result, ((high - result) + low) + rest))
}

/// `a` * `c` - `b`.
#[inline(always)]
pub fn multiply_subtract([a, b, c]: [f64; 3]) -> Option<Near> {
    multiply_add([a, -b, c])
}

/// `b`.
#[inline(always)]
pub fn convert([b]: [f64; 1]) -> Option<Near> {
    Some((b, 0.0))
}

/// True if the host rounds so.
#[inline(always)]
pub fn rounds(rounding: Rounding) -> bool {
    rounding == Rounding::Nearest
}

/// FPRF of a normal number or 0.
#[inline(always)]
fn class(v: f64) -> u64 {
    match (v == 0.0, v.is_sign_negative()) {
        (false, false) => FG,
        (false, true) => FL,
        (true, false) => FE,
        (true, true) => C | FE,
    }
}

/// The facts about a result that misses `error`.
#[inline(always)]
fn facts(v: f64, error: f64) -> u64 {
    let greater = error != 0.0 && (error < 0.0) != v.is_sign_negative();
    let inexact = if error != 0.0 { XX | FI } else { 0 };
    class(v) | inexact | if greater { FR } else { 0 }
}

/// A double-precision result and its facts, if it is a normal number or an exact 0.
#[inline(always)]
pub fn double((v, error): Near) -> Option<(f64, u64)> {
    let plain = v.is_normal() && v.abs() < GREAT || v == 0.0 && error == 0.0;
    plain.then(|| (v, facts(v, error)))
}

/// A single-precision result and its facts. A second rounding is right unless the first one was
/// inexact and came to a number of single precision or between two of them.
#[inline(always)]
pub fn single((v, error): Near) -> Option<(f32, u64)> {
    let result = v as f32;
    let plain = result.is_normal() && v.abs() < f64::from(f32::MAX) || v == 0.0 && error == 0.0;
    let tail = v.to_bits() & 0x1fff_ffff;
    if !plain || error != 0.0 && matches!(tail, 0 | 0x1000_0000) {
        return None;
    }
    let tiny = result.abs() <= f32::MIN_POSITIVE && v != 0.0; // perhaps only after rounding
    if tiny {
        return None;
    }
    let second = v - f64::from(result);
    Some((result, facts(v, if second == 0.0 { error } else { second })))
}
