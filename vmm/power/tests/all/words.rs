// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random words of a row: every operand takes any value, reserved bits are 0.

use crate::tool::Rng;
use power::{isa, row::Row, text, word::Word};
use std::collections::HashMap;

/// The operands of a row, by name.
pub(crate) fn operands(row: &Row) -> impl Iterator<Item = &'static str> {
    let all = row.asm.split_once(' ').map_or("", |(_, operands)| operands);
    all.split([',', '(', ')'])
}

/// Makes words of rows.
#[derive(Default)]
pub(crate) struct Words {
    bits: HashMap<&'static str, u32>,
}

impl Words {
    /// A random word of `row`'s opcode; the form may be invalid.
    pub(crate) fn any(&mut self, row: &'static Row, rng: &mut Rng) -> Word {
        let bits = *self.bits.entry(row.name).or_insert_with(|| operand_bits(row, rng));
        Word::new(row.form.value | rng.next() as u32 & bits)
    }
}

/// True if a word decodes as this row.
pub(crate) fn is(row: &Row, word: u32) -> bool {
    isa::decode(Word::new(word)).is_some_and(|r| std::ptr::eq(r, row))
}

/// The bits of a row's words that its operands occupy; they change the text.
fn operand_bits(row: &'static Row, rng: &mut Rng) -> u32 {
    let words = (0..20_000).map(|_| row.form.value | rng.next() as u32 & !row.form.mask);
    let mut bits = 0;
    for word in words.filter(|word| is(row, *word)).take(64) {
        let text = text::disassemble(word, 0);
        for bit in (0..32).map(|n| 1 << n).filter(|bit| row.form.mask & bit == 0) {
            if text::disassemble(word ^ bit, 0) != text {
                bits |= bit;
            }
        }
    }
    bits
}

/// True if a row has an operand of this name.
pub(crate) fn has_operand(row: &Row, name: &str) -> bool {
    operands(row).any(|operand| operand == name)
}
