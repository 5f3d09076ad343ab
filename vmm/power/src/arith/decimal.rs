// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Signed decimal numbers of vector registers (Power ISA 3.0B, Book I, chapter 6, Decimal
//! Integer Instructions).

use crate::vocabulary::{EQ, GT, LT};

/// Bit of CR6 for a result that does not fit, or an operand that is no number.
pub(crate) const OVERFLOW: u8 = 1;

/// Digits of a packed number beside its sign.
const DIGITS: u32 = 31;

/// A number of up to 31 digits, four bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    /// The digits, the last one in the last four bits.
    pub(crate) digits: u128,
    /// The sign; a zero has one too.
    pub(crate) negative: bool,
}

/// True if all of some four-bit digits are 0 to 9.
pub(crate) fn are_digits(digits: u128) -> bool {
    (0..32).all(|i| digits >> (4 * i) & 15 <= 9)
}

/// The four-bit digits of a number, the last 32 of them.
pub(crate) fn to_digits(mut n: u128) -> u128 {
    let mut digits = 0;
    for i in 0..32 {
        digits |= (n % 10) << (4 * i);
        n /= 10;
    }
    digits
}

/// The number that four-bit digits are.
pub(crate) fn of_digits(digits: u128) -> u128 {
    (0..32).rev().fold(0, |n, i| n * 10 + (digits >> (4 * i) & 15))
}

impl Decimal {
    /// A number from its packed form; `None` if it has an invalid digit or sign.
    pub(crate) fn unpack(v: u128) -> Option<Decimal> {
        let negative = match v & 15 {
            0xa | 0xc | 0xe | 0xf => false,
            0xb | 0xd => true,
            _ => return None,
        };
        are_digits(v >> 4).then_some(Decimal { digits: v >> 4, negative })
    }
    /// The packed form, with one of two codes for plus.
    pub(crate) fn pack(self, ps: u32) -> u128 {
        let plus = if ps == 0 { 0xc } else { 0xf };
        self.digits << 4 | if self.negative { 0xd } else { plus }
    }
    /// A number, and whether it has more than 31 digits, of which the last ones are kept.
    pub(crate) fn new(n: i128) -> (Decimal, bool) {
        let magnitude = n.unsigned_abs();
        let digits = to_digits(magnitude) & (u128::MAX >> 4);
        (Decimal { digits, negative: n < 0 }, magnitude >= 10u128.pow(DIGITS))
    }
    /// The number as an integer.
    pub(crate) fn value(self) -> i128 {
        let magnitude = of_digits(self.digits) as i128; // 31 digits are less than 2^103
        if self.negative { -magnitude } else { magnitude }
    }
    /// CR6: the number compared with 0.
    pub(crate) fn compared(self) -> u8 {
        let sign = if self.negative { LT } else { GT };
        (if self.digits == 0 { EQ } else { sign }) as u8
    }
}

/// Shifts four-bit digits, to the left if `by` is positive, in a field of `width` digits, and
/// is set if any but zeros went out at the left.
pub(crate) fn shifted(digits: u128, by: i32, width: u32) -> (u128, bool) {
    let mask = u128::MAX >> (128 - 4 * width);
    let n = by.unsigned_abs().min(width);
    let shift = |v: u128, n: u32| if n == 32 { (0, 0) } else { (v << (4 * n), v >> (4 * n)) };
    let (left, right) = shift(digits, n);
    if by <= 0 {
        return (right, false);
    }
    let lost = shift(digits, width - n).1;
    (left & mask, lost != 0)
}

/// A packed number and CR6 from seven characters `0` to `9` of 16 bits, then `+` or `-`.
pub(crate) fn from_national(b: u128, ps: u32) -> Option<(u128, u8)> {
    let negative = match b as u16 {
        0x2b => false,
        0x2d => true,
        _ => return None,
    };
    let mut digits = 0;
    for i in (1..8).rev() {
        let digit = ((b >> (16 * i)) as u16).checked_sub(0x30).filter(|d| *d <= 9)?;
        digits = digits << 4 | u128::from(digit);
    }
    let n = Decimal { digits, negative };
    Some((n.pack(ps), n.compared()))
}

/// The last seven digits of a packed number as characters.
pub(crate) fn to_national(b: u128) -> Option<(u128, u8)> {
    let n = Decimal::unpack(b)?;
    let sign = if n.negative { 0x2d } else { 0x2b };
    let v = (0..7).fold(sign, |v, i| v | (0x30 | n.digits >> (4 * i) & 15) << (16 * (i + 1)));
    Some((v, n.compared() | u8::from(n.digits >> 28 != 0)))
}

/// A packed number and CR6 from sixteen bytes with a zone and a digit each; the last zone is
/// the sign.
pub(crate) fn from_zoned(b: u128, ps: u32) -> Option<(u128, u8)> {
    let sign = b as u8 >> 4;
    let (zone, negative) = match ps {
        0 => (3, sign & 4 != 0),
        _ if sign < 10 => return None,
        _ => (15, matches!(sign, 0xb | 0xd)),
    };
    let mut digits = 0;
    for i in (0..16).rev() {
        let byte = (b >> (8 * i)) as u8;
        if byte & 15 > 9 || (i != 0 && byte >> 4 != zone) {
            return None;
        }
        digits = digits << 4 | u128::from(byte & 15);
    }
    let n = Decimal { digits, negative };
    Some((n.pack(0), n.compared()))
}

/// The last sixteen digits of a packed number with zones.
pub(crate) fn to_zoned(b: u128, ps: u32) -> Option<(u128, u8)> {
    let n = Decimal::unpack(b)?;
    let (zone, plus, minus) = if ps == 0 { (3, 3, 7) } else { (15, 12, 13) };
    let v = (0..16).fold(0, |v, i| {
        let zone = match i {
            0 if n.negative => minus,
            0 => plus,
            _ => zone,
        };
        v | (zone << 4 | n.digits >> (4 * i) & 15) << (8 * i)
    });
    Some((v, n.compared() | u8::from(n.digits >> 64 != 0)))
}
