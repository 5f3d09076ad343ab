// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The sigmas of SHA-2 (FIPS 180-4, 4.1.2 and 4.1.3) on vector registers, as data.

use crate::{
    arith::vector::{Vector, map1},
    size::Size,
};

/// The sum, without carries, of two rotations of an element to the right, and of a third one or a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sigma {
    /// The width: a word, or a doubleword.
    pub size: Size,
    /// By how much it is rotated.
    pub rotations: [u32; 2],
    /// By how much it is rotated or shifted.
    pub last: u32,
    /// The last one is a shift.
    pub shifts: bool,
}

impl Sigma {
    /// A sigma of upper case.
    pub(crate) const fn upper(size: Size, i: u32, j: u32, k: u32) -> Sigma {
        Sigma { size, rotations: [i, j], last: k, shifts: false }
    }

    /// A sigma of lower case.
    pub(crate) const fn lower(size: Size, i: u32, j: u32, k: u32) -> Sigma {
        Sigma { size, rotations: [i, j], last: k, shifts: true }
    }

    /// The sigma of each element.
    #[inline(always)]
    pub fn apply(self, x: Vector) -> Vector {
        let Sigma { size, rotations: [i, j], last, shifts } = self;
        macro_rules! sum {
            ($t:ty) => {{
                let third = move |x: $t| if shifts { x >> last } else { x.rotate_right(last) };
                map1(move |x: $t| x.rotate_right(i) ^ x.rotate_right(j) ^ third(x))(x)
            }};
        }
        match size {
            Size::Double => sum!(u64),
            _ => sum!(u32),
        }
    }
}
