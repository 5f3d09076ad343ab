// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operations on the elements of vectors, as data: `LaneOp::Add(Size::Byte)` is the whole of `vaddubm`. The interpreter
//! is compiled for each constant; the translator reads it, and has its host do the operation.

use crate::{
    arith::{
        polynomial,
        vector::{Lane, Vector, map1, map2, merge, pack, test2, unpack_high, unpack_low},
    },
    size::Size,
};

/// An operation on the elements of two vectors, or of the second one alone. The width is that of an element, or of an
/// operand's element where the result has others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneOp {
    /// Sum, modulo 2 to the width.
    Add(Size),
    /// Difference, modulo 2 to the width.
    Sub(Size),
    /// Ones where `a == b`.
    Equal(Size),
    /// Ones where `a != b`.
    NotEqual(Size),
    /// Ones where `a != b` or one of them is 0.
    NotEqualOrZero(Size),
    /// Ones where `a > b`, signed.
    GreaterSigned(Size),
    /// Ones where `a > b`, unsigned.
    GreaterUnsigned(Size),
    /// The greater one, signed.
    MaxSigned(Size),
    /// The greater one, unsigned.
    MaxUnsigned(Size),
    /// The smaller one, signed.
    MinSigned(Size),
    /// The smaller one, unsigned.
    MinUnsigned(Size),
    /// Half of `a + b + 1`, signed.
    AverageSigned(Size),
    /// Half of `a + b + 1`, unsigned.
    AverageUnsigned(Size),
    /// The difference of the greater one and the smaller one, unsigned.
    Distance(Size),
    /// `a` shifted left by the low bits of `b`.
    ShiftLeft(Size),
    /// `a` shifted right by the low bits of `b`.
    ShiftRight(Size),
    /// `a` shifted right by the low bits of `b`, with copies of its sign.
    ShiftRightSigned(Size),
    /// `a` rotated left by the low bits of `b`.
    RotateLeft(Size),
    /// Product, modulo 2 to the width.
    Multiply(Size),
    /// Products of even elements, twice as wide, signed. Not of doublewords.
    MultiplyEvenSigned(Size),
    /// Products of even elements, unsigned.
    MultiplyEvenUnsigned(Size),
    /// Products of odd elements, signed.
    MultiplyOddSigned(Size),
    /// Products of odd elements, unsigned.
    MultiplyOddUnsigned(Size),
    /// The elements of the left halves in turn.
    MergeHigh(Size),
    /// The elements of the right halves in turn.
    MergeLow(Size),
    /// The even elements in turn.
    MergeEven(Size),
    /// The odd elements in turn.
    MergeOdd(Size),
    /// The right halves of all elements of `a`, then of `b`. Not of bytes.
    Pack(Size),
    /// The elements of `b`'s left half, twice as wide, signed. Not of doublewords.
    UnpackHigh(Size),
    /// The elements of `b`'s right half.
    UnpackLow(Size),
    /// Elements of `b` from the byte at their right ends, signed.
    ExtendByte(Size),
    /// Elements of `b` from the halfword at their right ends, signed.
    ExtendHalf(Size),
    /// Elements of `b` from the word at their right ends, signed.
    ExtendWord(Size),
    /// Elements of `b` with their bytes reversed.
    ReverseBytes(Size),
    /// Sums of the products of even and odd elements, as polynomials over GF(2), twice as wide.
    PolynomialSum(Size),
}

/// An operation for each width.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
type Kind = fn(Size) -> LaneOp;

/// All of them, by number.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
const KINDS: [Kind; 35] = [
    LaneOp::Add,
    LaneOp::Sub,
    LaneOp::Equal,
    LaneOp::NotEqual,
    LaneOp::NotEqualOrZero,
    LaneOp::GreaterSigned,
    LaneOp::GreaterUnsigned,
    LaneOp::MaxSigned,
    LaneOp::MaxUnsigned,
    LaneOp::MinSigned,
    LaneOp::MinUnsigned,
    LaneOp::AverageSigned,
    LaneOp::AverageUnsigned,
    LaneOp::Distance,
    LaneOp::ShiftLeft,
    LaneOp::ShiftRight,
    LaneOp::ShiftRightSigned,
    LaneOp::RotateLeft,
    LaneOp::Multiply,
    LaneOp::MultiplyEvenSigned,
    LaneOp::MultiplyEvenUnsigned,
    LaneOp::MultiplyOddSigned,
    LaneOp::MultiplyOddUnsigned,
    LaneOp::MergeHigh,
    LaneOp::MergeLow,
    LaneOp::MergeEven,
    LaneOp::MergeOdd,
    LaneOp::Pack,
    LaneOp::UnpackHigh,
    LaneOp::UnpackLow,
    LaneOp::ExtendByte,
    LaneOp::ExtendHalf,
    LaneOp::ExtendWord,
    LaneOp::ReverseBytes,
    LaneOp::PolynomialSum,
];

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
const SIZES: [Size; 4] = [Size::Byte, Size::Half, Size::Word, Size::Double];

/// An expression for the type of elements of a width.
macro_rules! of_size {
    ($size:ident, $t:ident: $byte:ty, $half:ty, $word:ty, $double:ty => $result:expr) => {
        match $size {
            Size::Byte => {
                type $t = $byte;
                $result
            }
            Size::Half => {
                type $t = $half;
                $result
            }
            Size::Word => {
                type $t = $word;
                $result
            }
            Size::Double => {
                type $t = $double;
                $result
            }
        }
    };
}

macro_rules! unsigned {
    ($size:ident, $t:ident => $result:expr) => { of_size!($size, $t: u8, u16, u32, u64 => $result) };
}
macro_rules! signed {
    ($size:ident, $t:ident => $result:expr) => { of_size!($size, $t: i8, i16, i32, i64 => $result) };
}

/// Products of the left or right halves of elements.
macro_rules! products {
    ($size:ident, $half:ident, $a:ident, $b:ident: $half_type:ty, $word:ty, $double:ty) => {
        match $size {
            Size::Byte => map2(|a: $half_type, b| $half!(a, 8) * $half!(b, 8))($a, $b),
            Size::Half => map2(|a: $word, b| $half!(a, 16) * $half!(b, 16))($a, $b),
            Size::Word | Size::Double => {
                map2(|a: $double, b| $half!(a, 32) * $half!(b, 32))($a, $b)
            }
        }
    };
}

/// The left half of an element.
macro_rules! left {
    ($v:expr, $bits:expr) => {
        ($v >> $bits)
    };
}
/// The right half of an element.
macro_rules! right {
    ($v:expr, $bits:expr) => {
        ($v << $bits >> $bits)
    };
}

impl LaneOp {
    /// Performs the operation.
    #[allow(clippy::unnecessary_cast)] // of one width it is
    #[inline(always)]
    pub fn apply(self, a: Vector, b: Vector) -> Vector {
        use LaneOp::*;
        match self {
            Add(s) => unsigned!(s, T => map2(T::wrapping_add)(a, b)),
            Sub(s) => unsigned!(s, T => map2(T::wrapping_sub)(a, b)),
            Equal(s) => unsigned!(s, T => test2(|a: T, b| a == b)(a, b)),
            NotEqual(s) => unsigned!(s, T => test2(|a: T, b| a != b)(a, b)),
            NotEqualOrZero(s) => {
                unsigned!(s, T => test2(|a: T, b| a != b || a == 0 || b == 0)(a, b))
            }
            GreaterSigned(s) => signed!(s, T => test2(|a: T, b| a > b)(a, b)),
            GreaterUnsigned(s) => unsigned!(s, T => test2(|a: T, b| a > b)(a, b)),
            MaxSigned(s) => signed!(s, T => map2(T::max)(a, b)),
            MaxUnsigned(s) => unsigned!(s, T => map2(T::max)(a, b)),
            MinSigned(s) => signed!(s, T => map2(T::min)(a, b)),
            MinUnsigned(s) => unsigned!(s, T => map2(T::min)(a, b)),
            // It rounds up: a + b = 2 (a | b) - (a ^ b), halved without a wider type.
            AverageSigned(s) => signed!(s, T => map2(|a: T, b| (a | b) - ((a ^ b) >> 1))(a, b)),
            AverageUnsigned(s) => unsigned!(s, T => map2(|a: T, b| (a | b) - ((a ^ b) >> 1))(a, b)),
            Distance(s) => unsigned!(s, T => map2(T::abs_diff)(a, b)),
            ShiftLeft(s) => unsigned!(s, T => map2(|a: T, b| a.wrapping_shl(b as u32))(a, b)),
            ShiftRight(s) => unsigned!(s, T => map2(|a: T, b| a.wrapping_shr(b as u32))(a, b)),
            ShiftRightSigned(s) => signed!(s, T => map2(|a: T, b| a.wrapping_shr(b as u32))(a, b)),
            RotateLeft(s) => unsigned!(s, T => map2(|a: T, b| a.rotate_left(b as u32))(a, b)),
            Multiply(s) => unsigned!(s, T => map2(T::wrapping_mul)(a, b)),
            MergeHigh(s) => unsigned!(s, T => merge::<T>(0)(a, b)),
            MergeLow(s) => unsigned!(s, T => merge::<T>(8 / size_of::<T>())(a, b)),
            MergeEven(s) => unsigned!(s, T => in_turn::<T>(a, b, 0)),
            MergeOdd(s) => unsigned!(s, T => in_turn::<T>(a, b, 1)),
            MultiplyEvenSigned(s) => products!(s, left, a, b: i16, i32, i64),
            MultiplyEvenUnsigned(s) => products!(s, left, a, b: u16, u32, u64),
            MultiplyOddSigned(s) => products!(s, right, a, b: i16, i32, i64),
            MultiplyOddUnsigned(s) => products!(s, right, a, b: u16, u32, u64),
            Pack(Size::Byte | Size::Half) => pack(|x: u16| x as u8)(a, b),
            Pack(Size::Word) => pack(|x: u32| x as u16)(a, b),
            Pack(Size::Double) => pack(|x: u64| x as u32)(a, b),
            UnpackHigh(Size::Byte) => unpack_high(|x: i8| i16::from(x))(b),
            UnpackHigh(Size::Half) => unpack_high(|x: i16| i32::from(x))(b),
            UnpackHigh(Size::Word | Size::Double) => unpack_high(|x: i32| i64::from(x))(b),
            UnpackLow(Size::Byte) => unpack_low(|x: i8| i16::from(x))(b),
            UnpackLow(Size::Half) => unpack_low(|x: i16| i32::from(x))(b),
            UnpackLow(Size::Word | Size::Double) => unpack_low(|x: i32| i64::from(x))(b),
            ExtendByte(s) => signed!(s, T => map1(|b: T| T::from(b as i8))(b)),
            ExtendHalf(Size::Word) => map1(|b: i32| i32::from(b as i16))(b),
            ExtendHalf(Size::Double) => map1(|b: i64| i64::from(b as i16))(b),
            ExtendWord(Size::Double) => map1(|b: i64| i64::from(b as i32))(b),
            ExtendHalf(_) | ExtendWord(_) => b,
            ReverseBytes(s) => unsigned!(s, T => map1(T::swap_bytes)(b)),
            PolynomialSum(s) => polynomial::sums(s, a, b),
        }
    }

    /// Its number, for a helper.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
    pub(crate) fn number(self) -> u64 {
        let all = KINDS.iter().flat_map(|kind| SIZES.map(kind));
        all.take_while(|op| *op != self).count() as u64
    }

    /// The operation of a number.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
    pub(crate) fn of_number(n: u64) -> LaneOp {
        let (kind, size) = (n as usize / SIZES.len(), n as usize % SIZES.len());
        KINDS[kind % KINDS.len()](SIZES[size])
    }
}

/// Element `i` in each place.
#[inline(always)]
pub(crate) fn splat(size: Size, v: Vector, i: usize) -> Vector {
    unsigned!(size, T => Vector::splat(v.lane::<T>(i)))
}

/// The elements of both whose numbers are even, or odd, in turn.
#[inline(always)]
fn in_turn<T: Lane>(a: Vector, b: Vector, odd: usize) -> Vector {
    Vector::build(|i| if i % 2 == 0 { a } else { b }.lane::<T>(i & !1 | odd))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_one_operation() {
        for n in 0..(KINDS.len() * SIZES.len()) as u64 {
            assert_eq!(LaneOp::of_number(n).number(), n);
        }
    }
}
