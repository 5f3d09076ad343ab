// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Binary formats, and numbers taken out of them (Power ISA 3.0B, Book I, 4.3 and 7.3.2).

use super::wide::Wide;
use crate::state::fpscr;

/// A binary interchange format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    exponent_bits: u32,
    fraction_bits: u32,
}

/// Half precision.
pub const HALF: Format = Format { exponent_bits: 5, fraction_bits: 10 };
/// Single precision.
pub const SINGLE: Format = Format { exponent_bits: 8, fraction_bits: 23 };
/// Double precision.
pub const DOUBLE: Format = Format { exponent_bits: 11, fraction_bits: 52 };
/// Quad precision.
pub const QUAD: Format = Format { exponent_bits: 15, fraction_bits: 112 };
/// Double-extended precision, to which xsrqpxp rounds. It is kept as a quad.
pub const EXTENDED: Format = Format { exponent_bits: 15, fraction_bits: 63 };

impl Format {
    /// Bits of a significand.
    pub const fn precision(self) -> u32 {
        self.fraction_bits + 1
    }
    /// Greatest exponent of a number.
    pub const fn greatest(self) -> i32 {
        (1 << (self.exponent_bits - 1)) - 1
    }
    /// Least exponent of a normal number.
    pub const fn least(self) -> i32 {
        1 - self.greatest()
    }
    /// The amount that enabled underflow adds to an exponent, and overflow subtracts (Book I, 4.4.3).
    pub const fn adjustment(self) -> i32 {
        3 << (self.exponent_bits - 2)
    }
    /// The sign bit.
    pub const fn sign(self) -> u128 {
        1 << (self.exponent_bits + self.fraction_bits)
    }
    /// Infinity: an exponent of all ones.
    pub const fn infinity(self) -> u128 {
        ((1 << self.exponent_bits) - 1) << self.fraction_bits
    }
    /// The bit that makes a NaN quiet.
    pub const fn quiet(self) -> u128 {
        1 << (self.fraction_bits - 1)
    }
    /// Bits of the fraction.
    pub const fn fraction(self) -> u128 {
        (1 << self.fraction_bits) - 1
    }
    /// The exponent as it is encoded.
    pub const fn biased(self, bits: u128) -> u32 {
        (bits >> self.fraction_bits) as u32 & ((1 << self.exponent_bits) - 1)
    }
    /// True if an encoding is a NaN.
    #[inline(always)]
    pub const fn is_nan(self, bits: u128) -> bool {
        bits & (self.sign() - 1) > self.infinity()
    }
    /// True if an encoding is a signalling NaN.
    #[inline(always)]
    pub const fn is_signalling(self, bits: u128) -> bool {
        self.is_nan(bits) && bits & self.quiet() == 0
    }
}

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Plus or minus 0.
    Zero,
    /// A number other than 0.
    Number,
    /// Plus or minus infinity.
    Infinity,
    /// A quiet NaN.
    Quiet,
    /// A signalling NaN.
    Signalling,
}

/// A value without a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float {
    /// The kind.
    pub kind: Kind,
    /// Its sign.
    pub negative: bool,
    /// Of a number: the exponent of the first bit of the significand.
    pub exponent: i32,
    /// Of a number: the first bit is 1. Of a NaN: the fraction from the first bit on.
    pub significand: Wide,
}

impl Float {
    const fn other(kind: Kind, negative: bool) -> Float {
        Float { kind, negative, exponent: 0, significand: Wide::ZERO }
    }
    /// A zero.
    pub const fn zero(negative: bool) -> Float {
        Float::other(Kind::Zero, negative)
    }
    /// An infinity.
    pub const fn infinity(negative: bool) -> Float {
        Float::other(Kind::Infinity, negative)
    }
    /// The NaN of an invalid operation.
    pub const fn default_nan() -> Float {
        let significand = Wide::from_high(1 << 127);
        Float { significand, ..Float::other(Kind::Quiet, false) }
    }
    /// `significand` * 2^(`exponent` - 255); the first bit need not be 1.
    pub fn number(negative: bool, exponent: i32, significand: Wide) -> Float {
        if significand == Wide::ZERO {
            return Float::zero(negative);
        }
        let n = significand.leading_zeros();
        let significand = significand.left(n);
        Float { kind: Kind::Number, negative, exponent: exponent - n as i32, significand }
    }
    /// An integer.
    pub fn integer(negative: bool, magnitude: u128) -> Float {
        Float::number(negative, 127, Wide::from_high(magnitude))
    }
    /// True for a NaN.
    pub fn is_nan(self) -> bool {
        matches!(self.kind, Kind::Quiet | Kind::Signalling)
    }
    /// This value with the opposite sign. NaNs change theirs, too.
    pub fn negated(self) -> Float {
        Float { negative: !self.negative, ..self }
    }

    /// The value of an encoding.
    pub fn unpack(bits: u128, format: Format) -> Float {
        let negative = bits & format.sign() != 0;
        let fraction = bits & format.fraction();
        let (precision, biased) = (format.precision(), format.biased(bits));
        let infinite = format.biased(format.infinity());
        if biased == infinite && fraction == 0 {
            return Float::infinity(negative);
        }
        if biased == infinite {
            let quiet = bits & format.quiet() != 0;
            let kind = if quiet { Kind::Quiet } else { Kind::Signalling };
            let significand = Wide::from_high(fraction << (128 - format.fraction_bits));
            return Float { significand, ..Float::other(kind, negative) };
        }
        let hidden = if biased == 0 { 0 } else { format.fraction() + 1 };
        let exponent = biased.max(1) as i32 - format.greatest();
        Float::number(negative, exponent, Wide::from_high((hidden | fraction) << (128 - precision)))
    }

    /// The encoding of a value that the format can represent; NaNs become quiet and lose what
    /// there is no room for.
    pub fn pack(self, format: Format) -> u128 {
        let sign = if self.negative { format.sign() } else { 0 };
        let high = self.significand.high();
        sign | match self.kind {
            Kind::Zero => 0,
            Kind::Infinity => format.infinity(),
            Kind::Quiet | Kind::Signalling => {
                format.infinity() | format.quiet() | high >> (128 - format.fraction_bits)
            }
            Kind::Number => {
                let below = (format.least() - self.exponent).clamp(0, 127) as u32;
                let significand = high >> (128 - format.precision()) >> below;
                if below > 0 {
                    return sign | significand;
                }
                let biased = (self.exponent + format.greatest()) as u128;
                // Of an exponent that enabled overflow left too great the high bits are lost.
                (biased << format.fraction_bits) & format.infinity()
                    | significand & format.fraction()
            }
        }
    }

    /// FPRF for a result in a format (Book I, figure 45).
    pub fn class(self, format: Format) -> u64 {
        use fpscr::{C, FE, FG, FL, FU};
        let sign = if self.negative { FL } else { FG };
        match self.kind {
            Kind::Quiet | Kind::Signalling => C | FU,
            Kind::Infinity => sign | FU,
            Kind::Zero if self.negative => C | FE,
            Kind::Zero => FE,
            Kind::Number if self.exponent < format.least() => C | sign,
            Kind::Number => sign,
        }
    }
}
