// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What an instruction row is, and how rows become functions.

#[cfg(test)]
use crate::interrupt::Stop;
use crate::{
    block::Run,
    form::{Form, Then},
    word::Word,
};

/// A worked example on one line: `word text | state before | state after`.
///
/// The word and the text come from an independent assembler, the state from the book.
/// States are `name=value` in hexadecimal: `r3`, `cr`, `cr0`..`cr7`, `xer`, `so`, `ov`,
/// `ca`, `ov32`, `ca32`, `lr`, `ctr`, `nip`, `msr`, an SPR's name, `vs0`..`vs63`, `v0`..`v31`
/// (which are `vs32`..`vs63`), `f0`..`f31` (doubleword 0 of `vs0`..`vs31`; doubleword 1 is 0),
/// `vscr`, `fpscr`, or `[address]=bytes`; `-1` is all ones. What a case does not name must not change; NIP goes on by 4.
/// An interrupt shows as its vector in `nip`. The instruction is at address 0x1000,
/// RAM is 64 KiB, MSR is 64-bit big-endian with ME, and with FP, VEC and VSX for an instruction
/// of those facilities, unless the case says otherwise.
pub type Case = &'static str;

/// One instruction.
pub struct Row {
    /// Identifier of the row.
    pub name: &'static str,
    /// Encoding.
    pub form: Form,
    /// Operand template, e.g. `add[o][.] RT,RA,RB`.
    pub asm: &'static str,
    /// Where the Power ISA defines it.
    pub book: &'static str,
    /// Meaning, computed; goes on to the next instruction of the block by itself.
    pub run: Run,
    /// The same, compiled anew for words that are met often.
    pub often: &'static [Often],
    /// Meaning, written down instead of computed.
    #[cfg(test)]
    pub(crate) record: fn(&mut crate::recorder::Recorder, Word) -> Result<(), Stop>,
    /// Worked examples.
    pub cases: &'static [Case],
}

/// Meaning of the words whose bits under `mask` are `value`: the compiler knows those bits, and
/// leaves out what is for others.
pub struct Often {
    /// Bits that are known.
    pub mask: u32,
    /// Their value.
    pub value: u32,
    /// As [`Row::run`].
    pub run: Run,
}

/// What a macro can know of a row.
pub(crate) struct Known {
    /// Masks and values of [`Row::often`], and last those of all words.
    pub(crate) often: &'static [(u32, u32)],
    /// As in [`Form`].
    pub(crate) then: Then,
}

impl Row {
    /// Which of [`often`](Self::often) is for `word`, which is this instruction; or else how many
    /// there are.
    pub fn function(&self, word: Word) -> usize {
        let mut often = self.often.iter();
        often.position(|often| word.raw() & often.mask == often.value).unwrap_or(self.often.len())
    }

    /// What runs `word`, which is this instruction.
    pub(crate) fn run_of(&self, word: Word) -> Run {
        self.often.get(self.function(word)).map_or(self.run, |often| often.run)
    }

    /// Whether `word` is this instruction.
    pub fn matches(&self, word: Word) -> bool {
        word.raw() & self.form.mask == self.form.value && (self.form.valid)(word)
    }
}

/// Turns a list of `Insn { .. }` rows into a `ROWS` table.
///
/// The rows are valid Rust expressions, so rustfmt formats them. `does` is written once,
/// generic over [`crate::machine::Machine`]; its block may use `?`. `often`, which may be left out,
/// lists masks and values of bits: see [`Often`].
#[macro_export]
macro_rules! isa {
    ($(Insn {
        name: $name:ident,
        form: $form:expr,
        asm: $asm:expr,
        book: $book:expr,
        $(often: [$(($mask:expr, $value:expr)),* $(,)?],)?
        does: |$m:ident, $w:ident| $body:block,
        cases: $cases:expr $(,)?
    }),* $(,)?) => {
        $(
            #[allow(unused_variables, non_snake_case)]
            #[inline(always)]
            pub(crate) fn $name<M: $crate::machine::Machine>(
                $m: &mut M,
                $w: $crate::word::Word,
            ) -> Result<(), $crate::interrupt::Stop> {
                $body
                Ok(())
            }
        )*
        /// What else is known of each row of this file when the crate is compiled.
        #[allow(non_upper_case_globals, unused_imports, dead_code)]
        pub(crate) mod known {
            use super::*;
            $(pub(crate) const $name: $crate::row::Known = $crate::row::Known {
                often: &[$($(($mask, $value),)*)? (0, 0)],
                then: $form.then,
            };)*
        }
        /// The rows of this file.
        pub(crate) const ROWS: &[$crate::row::Row] = &[$($crate::row::Row {
            name: stringify!($name),
            form: $form,
            asm: $asm,
            book: $book,
            run: |cpu, at, count| {
                $crate::block::run_one(cpu, at, count, $name, known::$name.then)
            },
            often: &[$($($crate::row::Often {
                mask: $mask,
                value: $value,
                run: |cpu, at, count| $crate::block::run_one(
                    cpu,
                    at,
                    count,
                    |cpu, w| $name(cpu, w.with_bits($mask, $value)),
                    known::$name.then,
                ),
            }),*)?],
            #[cfg(test)]
            record: $name::<$crate::recorder::Recorder>,
            cases: $cases,
        }),*];
    };
}
