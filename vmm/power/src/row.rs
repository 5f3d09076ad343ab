// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Instruction rows: data about an instruction, and its one meaning.
//!
//! A row is a type. [`Meaning::ROW`] is its data; [`Meaning::does`] is generic over the vocabulary. An engine
//! visits all rows with [`crate::isa::each`] and compiles each meaning for its own [`Vocabulary`]: the
//! interpreter makes a function of it, a test records its operations. A row knows no engine.

use crate::{form::Form, state::interrupt::Stop, vocabulary::Vocabulary, word::Word};

/// A worked example on one line: `word text | state before | state after`.
///
/// The word and the text come from an independent assembler, the state from the book.
/// States are `name=value` in hexadecimal, with the names of [`crate::registers`], and `[address]=bytes`
/// for storage; `-1` is all ones. `f0`..`f31` set doubleword 0 of `vs0`..`vs31`, and doubleword 1 to 0.
/// Registers that a case does not name must not change; NIP advances by 4.
/// An interrupt shows as its vector in `nip`. The instruction is at address 0x1000,
/// RAM is 64 KiB, MSR is 64-bit big-endian with ME, and with FP, VEC and VSX for an instruction
/// of those facilities, unless the case says otherwise.
pub type Case = &'static str;

/// Version of the Power ISA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Version 2.07 B (POWER8), or an earlier one.
    V2_07,
    /// Version 3.0 B (POWER9).
    V3_0,
    /// Version 3.1 (POWER10).
    V3_1,
}

/// Data about one instruction.
#[derive(Clone, Copy)]
pub struct Row {
    /// Identifier of the row.
    pub name: &'static str,
    /// The encoding: opcodes and fields.
    pub form: Form,
    /// Operand template, e.g. `add[o][.] RT,RA,RB`.
    pub asm: &'static str,
    /// Where the Power ISA defines it.
    pub book: &'static str,
    /// The first version of the Power ISA, of those in [`Level`], that has it.
    pub level: Level,
    /// Worked examples.
    pub cases: &'static [Case],
}

impl Row {
    /// True if `word` is this instruction.
    pub fn matches(&self, word: Word) -> bool {
        word.raw() & self.form.mask == self.form.value && (self.form.valid)(word)
    }
}

/// An instruction as a type.
pub trait Meaning {
    /// The data of the instruction's row.
    const ROW: Row;

    /// Performs `w`, a word of this instruction, in the terms of a machine. The next instruction of a block
    /// follows without a jump.
    fn does<M: Vocabulary>(m: &mut M, w: Word) -> Result<(), Stop>;
}

/// A visitor of every row, in the order of [`crate::isa::ROWS`].
pub trait Visitor {
    /// Called for each row.
    fn row<R: Meaning>(&mut self);
}

/// Turns a list of `Insn { .. }` rows into a type for each row, a `ROWS` table of their data, and `each`, which
/// visits them.
///
/// The rows are valid Rust expressions, so rustfmt formats them. The block of `does` may use `?`. Without
/// `level`, a row is in [`Level::V2_07`].
#[macro_export]
macro_rules! isa {
    ($(Insn {
        name: $name:ident,
        form: $form:expr,
        asm: $asm:expr,
        book: $book:expr,
        $(level: $level:ident,)?
        does: |$m:ident, $w:ident| $body:block,
        cases: $cases:expr $(,)?
    }),* $(,)?) => {
        $(
            /// The instruction as a type.
            #[allow(non_camel_case_types)]
            pub(crate) enum $name {}

            impl $crate::row::Meaning for $name {
                const ROW: $crate::row::Row = $crate::row::Row {
                    name: stringify!($name),
                    form: $form,
                    asm: $asm,
                    book: $book,
                    level: $crate::isa!(@level $($level)?),
                    cases: $cases,
                };

                #[allow(unused_variables)]
                #[inline(always)]
                fn does<M: $crate::vocabulary::Vocabulary>(
                    $m: &mut M,
                    $w: $crate::word::Word,
                ) -> Result<(), $crate::interrupt::Stop> {
                    $body
                    Ok(())
                }
            }
        )*
        /// The rows of this file.
        pub(crate) const ROWS: &[$crate::row::Row] =
            &[$(<$name as $crate::row::Meaning>::ROW),*];

        /// Visits the rows of this file.
        pub(crate) fn each(visitor: &mut impl $crate::row::Visitor) {
            $(visitor.row::<$name>();)*
        }
    };
    (@level) => { $crate::row::Level::V2_07 };
    (@level $level:ident) => { $crate::row::Level::$level };
}
