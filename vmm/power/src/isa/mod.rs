// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The instructions, a row each. A new file of rows gets a line of its own twice: `mod`, and in `files!`.
//!
//! Rows name the vocabulary ([`crate::vocabulary`]) and the state that it works on. They name no engine.

mod address;
pub(crate) mod atomic;
pub(crate) mod bcd;
pub(crate) mod bits;
pub(crate) mod branch;
pub(crate) mod branch_history;
pub(crate) mod cr;
mod elements;
pub(crate) mod fixed_add;
pub(crate) mod fixed_compare;
pub(crate) mod fixed_div;
pub(crate) mod fixed_mul;
pub(crate) mod fixed_sub;
pub(crate) mod fixed_trap;
pub(crate) mod float_arithmetic;
pub(crate) mod float_compare;
pub(crate) mod float_convert;
pub(crate) mod float_load;
pub(crate) mod float_move;
pub(crate) mod float_multiply_add;
pub(crate) mod float_pair;
pub(crate) mod float_status;
pub(crate) mod float_store;
pub(crate) mod load;
pub(crate) mod logical;
pub(crate) mod random;
pub(crate) mod rotate;
pub(crate) mod shift;
pub(crate) mod storage;
pub(crate) mod store;
pub(crate) mod string;
pub(crate) mod sync;
pub(crate) mod system;
mod unavailable;
pub(crate) mod vmx_add;
pub(crate) mod vmx_bits;
pub(crate) mod vmx_compare;
pub(crate) mod vmx_convert;
pub(crate) mod vmx_crypto;
pub(crate) mod vmx_decimal;
pub(crate) mod vmx_extract;
pub(crate) mod vmx_float;
pub(crate) mod vmx_integer;
pub(crate) mod vmx_logical;
pub(crate) mod vmx_multiply;
pub(crate) mod vmx_pack;
pub(crate) mod vmx_permute;
pub(crate) mod vmx_shift;
pub(crate) mod vmx_storage;
pub(crate) mod vmx_sum;
pub(crate) mod vsx_load;
pub(crate) mod vsx_move;
pub(crate) mod vsx_permute;
pub(crate) mod vsx_quad_arithmetic;
pub(crate) mod vsx_quad_bits;
pub(crate) mod vsx_quad_compare;
pub(crate) mod vsx_quad_convert;
pub(crate) mod vsx_scalar_arithmetic;
pub(crate) mod vsx_scalar_bits;
pub(crate) mod vsx_scalar_compare;
pub(crate) mod vsx_scalar_convert;
pub(crate) mod vsx_scalar_multiply_add;
pub(crate) mod vsx_store;
pub(crate) mod vsx_vector_arithmetic;
pub(crate) mod vsx_vector_bits;
pub(crate) mod vsx_vector_compare;
pub(crate) mod vsx_vector_convert;
pub(crate) mod vsx_vector_multiply_add;
pub(crate) mod vsx_vector_round;

pub(crate) use unavailable::stop as stop_without_row;

use crate::{
    row::{Level, Row, Visitor},
    word::Word,
};
use std::sync::LazyLock;

/// Lists the files of rows.
macro_rules! files {
    ($($file:ident,)*) => {
        /// Every row, a slice for each file.
        pub static ROWS: &[&[Row]] = &[$($file::ROWS),*];

        /// Visits every row, in the order of [`rows`].
        pub fn each(visitor: &mut impl Visitor) {
            $($file::each(visitor);)*
        }
    };
}

files! {
    atomic,
    bcd,
    bits,
    branch,
    branch_history,
    cr,
    fixed_add,
    fixed_compare,
    fixed_div,
    fixed_mul,
    fixed_sub,
    fixed_trap,
    float_arithmetic,
    float_compare,
    float_convert,
    float_multiply_add,
    float_status,
    float_load,
    float_move,
    float_pair,
    float_store,
    load,
    logical,
    random,
    rotate,
    shift,
    storage,
    store,
    string,
    sync,
    system,
    vmx_add,
    vmx_bits,
    vmx_compare,
    vmx_convert,
    vmx_crypto,
    vmx_decimal,
    vmx_extract,
    vmx_float,
    vmx_integer,
    vmx_logical,
    vmx_multiply,
    vmx_pack,
    vmx_permute,
    vmx_shift,
    vmx_storage,
    vmx_sum,
    vsx_load,
    vsx_move,
    vsx_permute,
    vsx_quad_arithmetic,
    vsx_quad_bits,
    vsx_quad_compare,
    vsx_quad_convert,
    vsx_scalar_arithmetic,
    vsx_scalar_bits,
    vsx_scalar_compare,
    vsx_scalar_convert,
    vsx_scalar_multiply_add,
    vsx_store,
    vsx_vector_arithmetic,
    vsx_vector_bits,
    vsx_vector_compare,
    vsx_vector_convert,
    vsx_vector_multiply_add,
    vsx_vector_round,
}

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().flat_map(|rows| rows.iter())
}

/// A row with its place among [`rows`].
#[derive(Clone, Copy)]
struct Entry {
    /// Those of its form: most entries of a bucket differ in them, so that no other row has to be fetched.
    mask: u32,
    value: u32,
    row: &'static Row,
    index: usize,
}

impl Entry {
    #[inline(always)]
    fn matches(&self, word: Word) -> bool {
        word.raw() & self.mask == self.value && self.row.matches(word)
    }
}

/// Rows by primary opcode and bits 26:30, which most extended opcodes differ in. Each row is put
/// where it belongs: trying all rows for all buckets takes longer than a short guest.
static BUCKETS: LazyLock<Vec<Vec<Entry>>> = LazyLock::new(|| {
    let mut buckets = vec![Vec::new(); 64 * 32];
    for (index, row) in rows().enumerate() {
        let (mask, value) = (row.form.mask, row.form.value);
        let opcode = value >> 26;
        for low in (0..32).filter(|low| (low ^ value >> 1) & mask >> 1 & 31 == 0) {
            buckets[(opcode << 5 | low) as usize].push(Entry { mask, value, row, index });
        }
    }
    buckets
});

fn bucket(word: Word) -> &'static [Entry] {
    &BUCKETS[(word.opcd() << 5 | word.raw() >> 1 & 31) as usize]
}

/// The row of a word, with its place among [`rows`].
pub(crate) fn find(word: Word) -> Option<(&'static Row, usize)> {
    bucket(word).iter().find(|entry| entry.matches(word)).map(|entry| (entry.row, entry.index))
}

/// The place of a row among [`rows`].
pub(crate) fn index_of(row: &Row) -> Option<usize> {
    let mut bucket = bucket(Word::new(row.form.value)).iter();
    bucket.find(|entry| entry.row.name == row.name).map(|entry| entry.index)
}

/// The row of a word in the newest version of the Power ISA that this crate has.
pub fn decode(word: Word) -> Option<&'static Row> {
    find(word).map(|(row, _)| row)
}

/// The row of a word in the version `level` of the Power ISA.
pub fn find_at(level: Level, word: Word) -> Option<&'static Row> {
    decode(word).filter(|row| row.level <= level)
}
