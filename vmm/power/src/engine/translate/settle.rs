// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! CR fields of comparisons, made when they are read.
//!
//! Most comparisons are read once, by the branch behind them, which compares the operands again. So translated code keeps
//! the operands of each field's comparison, and its kind, and makes the field where something else reads it: another
//! instruction of translated code, a helper that sees the whole CPU, a change of XER\[SO\], which is part of the field, and
//! whatever comes after translated code was left. So the interpreter, a saved state and a debugger never meet such a field.

use crate::{
    Cpu,
    vocabulary::{EQ, GT, LT, Size},
};
use std::cmp::Ordering;

/// The comparisons of CR fields that are not made yet.
#[derive(Default)]
pub(crate) struct Comparisons {
    /// Operands of each field.
    pub(super) operands: [[u64; 2]; 8],
    /// The kind of each comparison, or 0 where the field is in its place.
    pub(super) kinds: [u8; 8],
}

const SIGNED: u8 = 2;
const WORD: u8 = 4;

/// The kind of a comparison.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(super) const fn kind(signed: bool, size: Size) -> u8 {
    1 | if signed { SIGNED } else { 0 } | if matches!(size, Size::Word) { WORD } else { 0 }
}

fn compare(kind: u8, [a, b]: [u64; 2]) -> Ordering {
    match (kind & SIGNED != 0, kind & WORD != 0) {
        (true, true) => (a as i32).cmp(&(b as i32)),
        (true, false) => (a as i64).cmp(&(b as i64)),
        (false, true) => (a as u32).cmp(&(b as u32)),
        (false, false) => a.cmp(&b),
    }
}

impl Comparisons {
    /// The field of a comparison that is kept, but for SO.
    fn field(&self, bf: usize) -> Option<u64> {
        let kind = self.kinds[bf];
        (kind != 0).then(|| match compare(kind, self.operands[bf]) {
            Ordering::Less => LT,
            Ordering::Greater => GT,
            Ordering::Equal => EQ,
        })
    }
}

impl Cpu {
    /// The CR fields, each in a byte.
    pub(crate) fn fields(&self) -> [u8; 8] {
        std::array::from_fn(|bf| match self.translated.comparisons.field(bf) {
            Some(field) => field as u8 | self.so,
            None => self.cr[bf],
        })
    }

    /// Makes every CR field whose comparison is kept.
    #[inline(always)]
    pub(crate) fn settle(&mut self) {
        if self.translated.comparisons.kinds != [0; 8] {
            self.make_fields();
        }
    }

    #[inline(never)]
    fn make_fields(&mut self) {
        let mut kept = u64::from_le_bytes(self.translated.comparisons.kinds);
        while kept != 0 {
            let bf = kept.trailing_zeros() as usize / 8; // mostly one or two of them
            kept &= !(0xff << (8 * bf));
            if let Some(field) = self.translated.comparisons.field(bf) {
                self.cr[bf] = field as u8 | self.so;
            }
        }
        self.translated.comparisons.kinds = [0; 8];
    }
}
