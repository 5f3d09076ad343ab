// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Single-precision numbers, which registers hold in double-precision format (Power ISA 3.0B, Book I, 4.6.2 and 4.6.3).

/// The double-precision number in a register of a single-precision one in storage.
pub(crate) fn widened(single: u64) -> u64 {
    double_of_single(single as u32)
}

/// The single-precision number in storage of a double-precision one in a register.
pub(crate) fn narrowed(double: u64) -> u64 {
    single_of_double(double).into()
}

/// A single-precision number as the double-precision one a register holds; signalling NaNs
/// stay signalling (Book I, 4.6.2, DOUBLE).
pub(crate) fn double_of_single(single: u32) -> u64 {
    let (sign, exponent) = (u64::from(single >> 31) << 63, single >> 23 & 0xff);
    let fraction = u64::from(single & 0x7f_ffff) << 29;
    match exponent {
        255 => sign | 0x7ff << 52 | fraction,
        0 => f64::from(f32::from_bits(single)).to_bits(), // exact: zeros and denormal numbers
        _ => sign | u64::from(exponent + 1023 - 127) << 52 | fraction,
    }
}

/// The single-precision number that a store makes of a register, without rounding
/// (Book I, 4.6.3, SINGLE). A number too small even for a denormal one is undefined; here
/// it becomes a zero.
pub(crate) fn single_of_double(double: u64) -> u32 {
    let (sign, exponent) = ((double >> 32) as u32 & 1 << 31, double >> 52 & 0x7ff);
    match exponent {
        897.. => (double >> 32) as u32 & 3 << 30 | (double >> 29) as u32 & 0x3fff_ffff,
        874.. => {
            let fraction = 1 << 52 | double & (u64::MAX >> 12);
            sign | (fraction >> (926 - exponent)) as u32
        }
        _ => sign,
    }
}
