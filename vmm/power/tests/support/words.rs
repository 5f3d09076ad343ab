// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random words of a row: every operand takes any value, reserved bits are 0, and forms that
//! the book calls invalid are left out.

use crate::tool::Rng;
use power::{isa, row::Row, text, word::Word};
use std::collections::HashMap;

/// A reason not to make a word, in the book's words, and which words it is about.
type Rule = (&'static str, fn(&Row, Word) -> bool);

/// Whether the `n` registers from `first` on include `r`; they wrap around (Book I, 3.3.6).
fn in_range(first: usize, n: usize, r: usize) -> bool {
    (r + 32 - first) % 32 < n
}

fn operands(row: &Row) -> &'static str {
    row.asm.split_once(' ').map_or("", |(_, operands)| operands)
}

/// Update forms are named with RA, others with RA0.
fn is_update(row: &Row) -> bool {
    row.name.ends_with('u') || row.name.ends_with("ux")
}

fn is_memory_update(row: &Row) -> bool {
    is_update(row) && (row.name.starts_with('l') || row.name.starts_with("st"))
}

/// Words that are not made.
const RULES: &[Rule] = &[
    ("3.3.2: if RA=0 or RA=RT, the instruction form is invalid", |row, w| {
        is_memory_update(row) && row.name.starts_with('l') && (w.ra() == 0 || w.ra() == w.rt())
    }),
    ("3.3.3: if RA=0, the instruction form is invalid", |row, w| {
        is_memory_update(row) && row.name.starts_with('s') && w.ra() == 0
    }),
    ("3.3.5: if RA is in the range of registers to be loaded, including RA=0", |row, w| {
        row.name == "lmw" && (w.ra() >= w.rt() || w.ra() == 0)
    }),
    ("3.3.6: if RA is in the range of registers to be loaded, including RA=0", |row, w| {
        let n = if w.nb() == 0 { 32 } else { w.nb() as usize };
        row.name == "lswi" && (w.ra() == 0 || in_range(w.rt(), n.div_ceil(4), w.ra()))
    }),
    ("3.3.6: if RA or RB is in the range of registers to be loaded, including RA=0", |row, w| {
        // The length is in XER: keep both away from any range of up to 20 registers.
        let near = |r| in_range(w.rt(), 20, r);
        row.name == "lswx" && (near(w.ra()) || near(w.rb()) || w.ra() == 0)
    }),
    ("3.3.4: if RTp is odd or RTp=RA, the instruction form is invalid", |row, w| {
        row.name == "lq" && (w.rt() % 2 != 0 || w.rt() == w.ra())
    }),
    ("II 4.6.2.2: if RTp is odd, RTp=RA, or RTp=RB, the instruction form is invalid", |row, w| {
        let pair = [w.rt(), w.rt() + 1];
        row.name == "lqarx" && (w.rt() % 2 != 0 || pair.contains(&w.ra()) || pair.contains(&w.rb()))
    }),
    ("3.3.4, II 4.6.2.2: if RSp is odd, the instruction form is invalid", |row, w| {
        (row.name == "stq" || row.name.starts_with("stqcx")) && w.rs() % 2 != 0
    }),
    ("2.4: if the decrement and test CTR option is specified, the form is invalid", |row, w| {
        row.name == "bcctr" && w.bo() & 4 == 0
    }),
    ("3.3.17: exactly one bit of FXM must be set to 1", |row, w| {
        matches!(row.name, "mtocrf" | "mfocrf") && w.fxm().count_ones() != 1
    }),
    ("3.3.9: CY values of 1 to 3 are reserved", |row, w| row.name == "addex" && w.cy() != 0),
];

/// Makes words of rows.
#[derive(Default)]
pub(crate) struct Words {
    bits: HashMap<&'static str, u32>,
}

impl Words {
    /// A random word of `row` without an invalid form.
    pub(crate) fn word(&mut self, row: &'static Row, rng: &mut Rng) -> Word {
        let bits = *self.bits.entry(row.name).or_insert_with(|| operand_bits(row, rng));
        for _ in 0..100_000 {
            let w = Word::new(row.form.value | rng.next() as u32 & bits);
            if is(row, w.raw()) && !RULES.iter().any(|(_, forbids)| forbids(row, w)) {
                return w;
            }
        }
        panic!("no valid word of {} found", row.name);
    }
}

/// Whether a word decodes as this row.
fn is(row: &Row, word: u32) -> bool {
    isa::decode(Word::new(word)).is_some_and(|r| std::ptr::eq(r, row))
}

/// The bits of a row's words that its operands occupy: those that change the text.
fn operand_bits(row: &'static Row, rng: &mut Rng) -> u32 {
    let mut bits = 0;
    for trial in 0..64 {
        let noise = if trial == 0 { 0 } else { rng.next() as u32 };
        let word = row.form.value | noise & !row.form.mask;
        for bit in (0..32).map(|n| 1 << n) {
            let flipped = word ^ bit;
            if row.form.mask & bit == 0
                && is(row, word)
                && is(row, flipped)
                && text::disassemble(word, 0) != text::disassemble(flipped, 0)
            {
                bits |= bit;
            }
        }
    }
    bits
}

/// Whether a row's operands name this one.
pub(crate) fn has_operand(row: &Row, name: &str) -> bool {
    operands(row).split([',', '(', ')']).any(|operand| operand == name)
}
