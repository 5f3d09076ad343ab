// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A count of the words that were no instruction.

use crate::word::Word;

/// How many different words [`Illegal`] keeps apart.
const KEPT: usize = 8;

/// Words that were no instruction: how many, the last one, and which.
#[derive(Clone, Copy, Debug, Default)]
pub struct Illegal {
    /// How often an illegal instruction was met.
    pub count: u64,
    /// The last such word.
    pub last: u32,
    /// The first different words, and how often each came.
    words: [(u32, u64); KEPT],
}

impl Illegal {
    pub(crate) fn note(&mut self, word: Word) {
        self.count += 1;
        self.last = word.raw();
        let known = |&&mut (of, count): &&mut (u32, u64)| count == 0 || of == word.raw();
        if let Some(kept) = self.words.iter_mut().find(known) {
            *kept = (word.raw(), kept.1 + 1);
        }
    }

    /// The first different words, and how often each came; what came after they were full is only
    /// counted.
    pub fn words(&self) -> impl Iterator<Item = (u32, u64)> {
        self.words.into_iter().take_while(|(_, count)| *count > 0)
    }
}
