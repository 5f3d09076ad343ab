// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operands of floating-point instructions, and FPSCR. The operands are numbers at which arithmetic is prone
//! to errors, alone and beside each other, in the format that an instruction reads.

use crate::tool::Rng;
use power::row::Row;

/// A binary format: bits of the exponent and of the fraction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Format(u32, pub(crate) u32);

const HALF: Format = Format(5, 10);
pub(crate) const SINGLE: Format = Format(8, 23);
pub(crate) const DOUBLE: Format = Format(11, 52);
const QUAD: Format = Format(15, 112);

/// The form of a row's operands in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operands {
    /// Elements of this format.
    Elements(Format),
    /// Single precision in the format of double precision: the book leaves undefined the results of
    /// single-precision instructions for other operands (4.3.5.2).
    Singles,
}

/// The operands of a row that does floating-point arithmetic, comparisons or conversions.
pub(crate) fn operands(row: &Row) -> Option<Operands> {
    let (name, opcode) = (row.name, row.form.value >> 26);
    let float = match name.get(..2)? {
        "xs" | "xv" => true,
        _ => name.starts_with('f') && matches!(opcode, 59 | 63),
    };
    if !float || name.starts_with("fcf") {
        return None;
    }
    let from = name.split_once("cv").map_or(name, |(_, formats)| &formats[..2]);
    Some(match from {
        "hp" => Operands::Elements(HALF),
        "sx" | "ux" | "sd" | "ud" => return None,
        _ if from.contains("qp") => Operands::Elements(QUAD),
        _ if from.contains("sp") && name.starts_with("xs") && from != "sp" && name != "xsrsp" => {
            Operands::Singles
        }
        _ if from.contains("sp") && name != "xsrsp" && name != "frsp" => Operands::Elements(SINGLE),
        _ if opcode == 59 => Operands::Singles,
        _ => Operands::Elements(DOUBLE),
    })
}

impl Format {
    fn bias(self) -> u128 {
        (1 << (self.0 - 1)) - 1
    }
    pub(crate) fn bytes(self) -> u32 {
        (1 + self.0 + self.1) / 8
    }
    pub(crate) fn of(self, biased: u128, fraction: u128) -> u128 {
        let biased = biased & ((1 << self.0) - 1);
        biased << self.1 | fraction & ((1 << self.1) - 1)
    }

    /// A number, its sign included.
    fn number(self, rng: &mut Rng) -> u128 {
        let any = u128::from(rng.next()) << 64 | u128::from(rng.next());
        let most = (1 << self.0) - 1;
        let near = u128::from(rng.below(5));
        let bits = match rng.below(12) {
            0 => self.of(0, u128::from(rng.below(2))),
            1 => self.of(0, u128::MAX - near),
            2 => self.of(most, 0),
            3 => self.of(most, any >> rng.below(100) | u128::from(rng.one_in(2)) << (self.1 - 1)),
            4 => self.of(most - 1 - near / 2, any | if rng.one_in(2) { u128::MAX } else { 0 }),
            5 => self.of(near, any),
            // Small integers and halves.
            6 | 7 => self.of(self.bias() + near, any << (self.1 - 4)),
            // Just below and above powers of 2, and few bits: exact and halfway results.
            8 => self.of(self.bias() + near - 2, near.wrapping_sub(2)),
            9 => self.of(self.bias() + near - 2, any << (self.1 / 2)),
            10 => self.of(self.bias() + near - 2, any),
            _ => self.of(any >> 64, any),
        };
        bits | u128::from(rng.below(2)) << (self.0 + self.1)
    }

    /// A number, sometimes close to another one.
    fn beside(self, other: u128, rng: &mut Rng) -> u128 {
        let one = self.number(rng);
        match rng.below(6) {
            0 => other,
            1 => other ^ 1 << (self.0 + self.1),
            2 => other.wrapping_add(u128::from(rng.below(3))).wrapping_sub(1),
            // An exponent that differs by at most a few precisions.
            3 | 4 => {
                let exponent = other >> self.1 & ((1 << self.0) - 1);
                let far = u128::from(rng.below(2 * u64::from(self.1) + 6));
                let fraction = one & ((1 << self.1) - 1);
                let sign = one >> (self.0 + self.1) << (self.0 + self.1);
                sign | self.of(exponent + far - u128::from(self.1).min(exponent + far), fraction)
            }
            _ => one,
        }
    }
}

/// The double-precision encoding of a single-precision number; signalling NaNs stay signalling.
fn widened(single: u128) -> u128 {
    let single = single as u32;
    let value = f32::from_bits(single);
    if value.is_nan() {
        let sign = u64::from(single >> 31) << 63;
        return u128::from(sign | 0x7ff << 52 | u64::from(single & 0x7f_ffff) << 29);
    }
    f64::from(value).to_bits().into()
}

impl Operands {
    /// Fills the operand registers of an instruction, with some elements close to each other.
    pub(crate) fn fill(self, vsrs: &mut [u128; 64], of: &[usize], rng: &mut Rng) {
        let (format, bytes) = match self {
            Operands::Elements(format) => (format, format.bytes()),
            Operands::Singles => (SINGLE, 8),
        };
        for at in 0..16 / bytes {
            let shift = 8 * bytes * at;
            let mut last = format.number(rng);
            for n in of {
                last = format.beside(last, rng);
                let held = if self == Operands::Singles { widened(last) } else { last };
                let mask = (u128::MAX >> (128 - 8 * bytes)) << shift;
                vsrs[*n] = vsrs[*n] & !mask | held << shift & mask;
            }
        }
    }
}

/// Causes of VX in FPSCR.
const VX_CAUSES: u64 = 0x01f8_0700;
pub(crate) const EXCEPTIONS: u64 = 0x1e00_0000 | VX_CAUSES;
/// FX, FR, FI, FPRF and RN.
const OTHERS: u64 = 0x8007_f003;
const FX: u64 = 1 << 31;

/// An FPSCR in which no exception that occurred is enabled. NI is 0, because its effect differs between
/// machines.
pub(crate) fn fpscr(rng: &mut Rng) -> u64 {
    let few = |rng: &mut Rng| rng.next() & rng.next();
    let enables = if rng.one_in(4) { few(rng) & 0xf8 } else { 0 };
    let mut occurred = if rng.one_in(2) { few(rng) & EXCEPTIONS } else { 0 };
    if enables & 0x80 != 0 {
        occurred &= !VX_CAUSES;
    }
    occurred &= !(enables << 22);
    let vx = if occurred & VX_CAUSES != 0 { 1 << 29 } else { 0 };
    let fx = if occurred != 0 { FX } else { 0 }; // see `float_errata`
    occurred | enables | vx | fx | rng.next() & OTHERS
}
