// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rounds of AES (FIPS 197) on vector registers, and the tables they look up.
//!
//! Byte 4c + r of a register is row r of column c of the state; word c is column c.

use crate::arith::vector::{Vector, map1};

/// Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
const fn product(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut sum) = (a, b, 0);
    while b != 0 {
        sum ^= a * (b & 1);
        a = (a << 1) ^ ((a >> 7) * 0x1b);
        b >>= 1;
    }
    sum
}

/// The substitution of FIPS 197, 5.1.1: an affine map of the inverse, which is the 254th power.
const fn substitute(x: u8) -> u8 {
    let (mut inverse, mut i) = (1, 0);
    while i < 254 {
        inverse = product(inverse, x);
        i += 1;
    }
    let s = inverse;
    let rotated = s.rotate_left(1) ^ s.rotate_left(2) ^ s.rotate_left(3) ^ s.rotate_left(4);
    s ^ rotated ^ 0x63
}

const SUB: [u8; 256] = {
    let (mut table, mut x) = ([0; 256], 0);
    while x < 256 {
        table[x] = substitute(x as u8);
        x += 1;
    }
    table
};

const INV_SUB: [u8; 256] = {
    let (mut table, mut x) = ([0; 256], 0);
    while x < 256 {
        table[SUB[x] as usize] = x as u8;
        x += 1;
    }
    table
};

/// A byte of row 0 times a column of factors.
const fn column(x: u8, factors: [u8; 4]) -> u32 {
    let [a, b, c, d] = factors;
    u32::from_be_bytes([product(a, x), product(b, x), product(c, x), product(d, x)])
}

/// The contribution of a byte of row 0 to its column after SubBytes and MixColumns.
const MIX: [u32; 256] = {
    let (mut table, mut x) = ([0; 256], 0);
    while x < 256 {
        table[x] = column(SUB[x], [2, 1, 1, 3]);
        x += 1;
    }
    table
};

/// The contribution of a byte of row 0 to its column in InvMixColumns.
const INV_MIX: [u32; 256] = {
    let (mut table, mut x) = ([0; 256], 0);
    while x < 256 {
        table[x] = column(x as u8, [14, 9, 13, 11]);
        x += 1;
    }
    table
};

/// SubBytes, ShiftRows and MixColumns.
fn round(state: Vector) -> Vector {
    mix(&MIX, shift_rows(state))
}

/// SubBytes and ShiftRows.
fn last_round(state: Vector) -> Vector {
    sub_bytes(shift_rows(state))
}

/// InvShiftRows and InvSubBytes.
fn inv_last_round(state: Vector) -> Vector {
    Vector::build(|i| INV_SUB[usize::from(state.lane::<u8>(i + 12 * (i % 4)))])
}

/// InvMixColumns.
fn inv_mix_columns(state: Vector) -> Vector {
    mix(&INV_MIX, state)
}

/// SubBytes.
pub(crate) fn sub_bytes(state: Vector) -> Vector {
    map1(|x: u8| SUB[usize::from(x)])(state)
}

/// Row r moves left by r columns.
fn shift_rows(state: Vector) -> Vector {
    Vector::build(|i| state.lane::<u8>(i + 4 * (i % 4)))
}

/// Adds up what the four bytes of each column contribute to it.
fn mix(table: &[u32; 256], state: Vector) -> Vector {
    Vector::build(|c| {
        (0..4).fold(0, |sum: u32, r| {
            let byte = usize::from(state.lane::<u8>(4 * c + r));
            sum ^ table[byte].rotate_right(8 * r as u32)
        })
    })
}

/// A round of AES, as the instructions have it: of a state and a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AesOp {
    /// A round of the cipher.
    Round,
    /// The last one.
    LastRound,
    /// A round of the inverse cipher.
    InverseRound,
    /// The last one.
    InverseLastRound,
}

impl AesOp {
    /// All of them, by number.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
    pub(crate) const ALL: [AesOp; 4] =
        [AesOp::Round, AesOp::LastRound, AesOp::InverseRound, AesOp::InverseLastRound];

    /// Performs the round.
    #[inline(always)]
    pub fn apply(self, state: Vector, key: Vector) -> Vector {
        match self {
            AesOp::Round => xor(round(state), key),
            AesOp::LastRound => xor(last_round(state), key),
            AesOp::InverseRound => inv_mix_columns(xor(inv_last_round(state), key)),
            AesOp::InverseLastRound => xor(inv_last_round(state), key),
        }
    }
}

fn xor(a: Vector, b: Vector) -> Vector {
    (u128::from(a) ^ u128::from(b)).into()
}
