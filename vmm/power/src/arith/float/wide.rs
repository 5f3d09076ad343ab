// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Numbers of 256 bits: twice what the significand of a quad-precision product needs.

/// An unsigned number of 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wide {
    hi: u128,
    lo: u128,
}

impl Wide {
    /// 0.
    pub const ZERO: Wide = Wide { hi: 0, lo: 0 };

    /// A number from its high half.
    pub const fn from_high(hi: u128) -> Wide {
        Wide { hi, lo: 0 }
    }
    /// The high half.
    pub const fn high(self) -> u128 {
        self.hi
    }
    /// The low half.
    pub const fn low(self) -> u128 {
        self.lo
    }
    /// `a` times `b`.
    pub fn product(a: u128, b: u128) -> Wide {
        let halves = |v: u128| (v >> 64, v & u128::from(u64::MAX));
        let ((a1, a0), (b1, b0)) = (halves(a), halves(b));
        let (middle, carry) = (a1 * b0).overflowing_add(a0 * b1);
        let (lo, low_carry) = (a0 * b0).overflowing_add(middle << 64);
        let hi = a1 * b1 + (middle >> 64) + (u128::from(carry) << 64) + u128::from(low_carry);
        Wide { hi, lo }
    }
    /// Number of bits before the first 1.
    pub fn leading_zeros(self) -> u32 {
        if self.hi != 0 { self.hi.leading_zeros() } else { 128 + self.lo.leading_zeros() }
    }
    /// Shifts left by less than 256.
    pub fn left(self, n: u32) -> Wide {
        match n {
            0 => self,
            1..128 => Wide { hi: self.hi << n | self.lo >> (128 - n), lo: self.lo << n },
            _ => Wide { hi: self.lo << (n - 128), lo: 0 },
        }
    }
    /// Shifts right; a 1 that falls out stays as a 1 in the lowest bit.
    pub fn right_sticky(self, n: u32) -> Wide {
        let (v, lost) = match n {
            0 => return self,
            1..128 => {
                let lo = self.lo >> n | self.hi << (128 - n);
                (Wide { hi: self.hi >> n, lo }, self.lo << (128 - n) != 0)
            }
            128 => (Wide { hi: 0, lo: self.hi }, self.lo != 0),
            129..256 => {
                let lost = self.hi << (256 - n) != 0 || self.lo != 0;
                (Wide { hi: 0, lo: self.hi >> (n - 128) }, lost)
            }
            _ => (Wide::ZERO, self != Wide::ZERO),
        };
        Wide { lo: v.lo | u128::from(lost), ..v }
    }
    /// The sum modulo 2^256, and whether it is another one.
    pub fn sum(self, other: Wide) -> (Wide, bool) {
        let (lo, carry) = self.lo.overflowing_add(other.lo);
        let (hi, over) = self.hi.overflowing_add(other.hi);
        let (hi, more) = hi.overflowing_add(u128::from(carry));
        (Wide { hi, lo }, over || more)
    }
    /// The difference from a number that is not greater.
    pub fn difference(self, other: Wide) -> Wide {
        let (lo, borrow) = self.lo.overflowing_sub(other.lo);
        let hi = self.hi.wrapping_sub(other.hi).wrapping_sub(u128::from(borrow));
        Wide { hi, lo }
    }
}
