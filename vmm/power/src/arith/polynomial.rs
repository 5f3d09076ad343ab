// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Products of polynomials over GF(2), whose coefficients are bits.

use crate::{
    arith::vector::{Vector, map2},
    size::Size,
};

#[inline(always)]
fn product(a: u64, b: u64) -> u128 {
    (0..64).fold(0, |sum, i| sum ^ (u128::from(a) << i & u128::from(b >> i & 1).wrapping_neg()))
}

/// Sum of the products of two pairs of `bits`-wide polynomials.
#[inline(always)]
fn pair(a: u64, b: u64, bits: u32) -> u64 {
    let low = (1 << bits) - 1;
    (product(a >> bits, b >> bits) ^ product(a & low, b & low)) as u64
}

/// Sums of the products of the elements' pairs, which are twice as wide.
#[inline(always)]
pub(crate) fn sums(size: Size, a: Vector, b: Vector) -> Vector {
    match size {
        Size::Byte => map2(|a: u16, b| pair(a.into(), b.into(), 8) as u16)(a, b),
        Size::Half => map2(|a: u32, b| pair(a.into(), b.into(), 16) as u32)(a, b),
        Size::Word => map2(|a: u64, b| pair(a, b, 32))(a, b),
        Size::Double => (product(a.lane(0), b.lane(0)) ^ product(a.lane(1), b.lane(1))).into(),
    }
}
