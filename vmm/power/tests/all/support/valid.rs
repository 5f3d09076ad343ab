// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Words that are not tried although they decode, because the book leaves their effect undefined. (Sections
//! are of Book I, or of Book II where that is named.)

use super::vector;
use crate::tool::Rng;
use crate::words::{Words, is};
use power::{row::Row, word::Word};

/// A reason for not making a word, in the book's words, and the condition on the word.
pub(crate) type Rule = (&'static str, fn(&Row, Word) -> bool);

/// Words that are not made.
const RULES: &[Rule] = &[
    ("2.4: if the decrement and test CTR option is specified, the form is invalid", |row, w| {
        row.name == "bcctr" && w.bo() & 4 == 0
    }),
    ("3.3.4: the address must be a multiple of 16", |row, w| {
        row.name == "stq" && w.ra() == 0 && w.ds() % 16 != 0
    }),
    ("3.3.7: if RA or RB is in the range of registers to be loaded", |row, w| {
        // The length is in XER: keep both away from any range of up to 20 registers.
        let near = |r: usize| (r + 32 - w.rt()) % 32 < 20;
        row.name == "lswx" && (near(w.ra()) || near(w.rb()))
    }),
];

impl Words {
    /// A random word that decodes as `row` and that the book defines.
    pub(crate) fn valid(&mut self, row: &'static Row, rng: &mut Rng) -> Word {
        let rules = || RULES.iter().chain(vector::RULES);
        let undefined = |w: Word| rules().any(|(_, about)| about(row, w));
        let words = (0..100_000).map(|_| self.any(row, rng));
        let mut valid = words.filter(|w| is(row, w.raw()) && !undefined(*w));
        valid.next().unwrap_or_else(|| panic!("no valid word of {} found", row.name))
    }
}
