// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The instructions, a row each. A new file of rows gets one line in [`ROWS`].

mod address;
mod atomic;
mod bcd;
mod bits;
mod branch;
mod branch_history;
mod cr;
mod fixed_add;
mod fixed_compare;
mod fixed_div;
mod fixed_mul;
mod fixed_sub;
mod fixed_trap;
mod float_arithmetic;
mod float_compare;
mod float_convert;
mod float_load;
mod float_move;
mod float_multiply_add;
mod float_pair;
mod float_status;
mod float_store;
mod load;
mod logical;
pub(crate) mod pairs;
mod random;
mod rotate;
mod shift;
mod storage;
mod store;
mod string;
mod sync;
mod system;
mod unavailable;
mod vmx_add;
mod vmx_bits;
mod vmx_compare;
mod vmx_convert;
mod vmx_crypto;
mod vmx_decimal;
mod vmx_extract;
mod vmx_float;
mod vmx_integer;
mod vmx_logical;
mod vmx_multiply;
mod vmx_pack;
mod vmx_permute;
mod vmx_shift;
mod vmx_storage;
mod vmx_sum;
mod vsx_load;
mod vsx_move;
mod vsx_permute;
mod vsx_quad_arithmetic;
mod vsx_quad_bits;
mod vsx_quad_compare;
mod vsx_quad_convert;
mod vsx_scalar_arithmetic;
mod vsx_scalar_bits;
mod vsx_scalar_compare;
mod vsx_scalar_convert;
mod vsx_scalar_multiply_add;
mod vsx_store;
mod vsx_vector_arithmetic;
mod vsx_vector_bits;
mod vsx_vector_compare;
mod vsx_vector_convert;
mod vsx_vector_multiply_add;
mod vsx_vector_round;

pub(crate) use unavailable::stop as stop_without_row;

use crate::{row::Row, word::Word};
use pairs::{Kind, Kinds};
use std::sync::LazyLock;

/// Every row, one line per file.
pub const ROWS: &[&[Row]] = &[
    atomic::ROWS,
    bcd::ROWS,
    bits::ROWS,
    branch::ROWS,
    branch_history::ROWS,
    cr::ROWS,
    fixed_add::ROWS,
    fixed_compare::ROWS,
    fixed_div::ROWS,
    fixed_mul::ROWS,
    fixed_sub::ROWS,
    fixed_trap::ROWS,
    float_arithmetic::ROWS,
    float_compare::ROWS,
    float_convert::ROWS,
    float_multiply_add::ROWS,
    float_status::ROWS,
    float_load::ROWS,
    float_move::ROWS,
    float_pair::ROWS,
    float_store::ROWS,
    load::ROWS,
    logical::ROWS,
    random::ROWS,
    rotate::ROWS,
    shift::ROWS,
    storage::ROWS,
    store::ROWS,
    string::ROWS,
    sync::ROWS,
    system::ROWS,
    vmx_add::ROWS,
    vmx_bits::ROWS,
    vmx_compare::ROWS,
    vmx_convert::ROWS,
    vmx_crypto::ROWS,
    vmx_decimal::ROWS,
    vmx_extract::ROWS,
    vmx_float::ROWS,
    vmx_integer::ROWS,
    vmx_logical::ROWS,
    vmx_multiply::ROWS,
    vmx_pack::ROWS,
    vmx_permute::ROWS,
    vmx_shift::ROWS,
    vmx_storage::ROWS,
    vmx_sum::ROWS,
    vsx_load::ROWS,
    vsx_move::ROWS,
    vsx_permute::ROWS,
    vsx_quad_arithmetic::ROWS,
    vsx_quad_bits::ROWS,
    vsx_quad_compare::ROWS,
    vsx_quad_convert::ROWS,
    vsx_scalar_arithmetic::ROWS,
    vsx_scalar_bits::ROWS,
    vsx_scalar_compare::ROWS,
    vsx_scalar_convert::ROWS,
    vsx_scalar_multiply_add::ROWS,
    vsx_store::ROWS,
    vsx_vector_arithmetic::ROWS,
    vsx_vector_bits::ROWS,
    vsx_vector_compare::ROWS,
    vsx_vector_convert::ROWS,
    vsx_vector_multiply_add::ROWS,
    vsx_vector_round::ROWS,
];

/// Every row.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().flat_map(|rows| rows.iter())
}

/// Rows by primary opcode and bits 26:30, which most extended opcodes differ in. Each row is put
/// where it belongs: trying all rows for all buckets takes longer than a short guest.
static BUCKETS: LazyLock<Vec<Vec<Entry>>> = LazyLock::new(|| {
    let mut buckets = vec![Vec::new(); 64 * 32];
    for row in rows() {
        let (mask, value) = (row.form.mask >> 1 & 31, row.form.value >> 1 & 31);
        let opcode = row.form.value >> 26;
        let entry = Entry { row, kinds: Kinds::of(row.name) };
        for low in (0..32).filter(|low| (low ^ value) & mask == 0) {
            buckets[(opcode << 5 | low) as usize].push(entry);
        }
    }
    buckets
});

/// A row, and what its functions are in pairs.
#[derive(Clone, Copy)]
struct Entry {
    row: &'static Row,
    kinds: Kinds,
}

fn find(word: Word) -> Option<&'static Entry> {
    let key = word.opcd() << 5 | word.raw() >> 1 & 31;
    BUCKETS[key as usize].iter().find(|entry| entry.row.matches(word))
}

/// The row that a word is, if any.
pub fn decode(word: Word) -> Option<&'static Row> {
    find(word).map(|entry| entry.row)
}

/// The same, and what the word is in a pair.
pub(crate) fn decode_for_pair(word: Word) -> Option<(&'static Row, Kind)> {
    find(word).map(|Entry { row, kinds }| (*row, kinds.of_function(row.function(word))))
}
