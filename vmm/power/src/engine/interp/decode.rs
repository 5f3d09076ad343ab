// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Decoding: the words of a block become functions.

use super::{
    block::{NOWHERE, OpFn, without_row},
    function,
    often::{Kind, NONE},
    pairs,
};
use crate::{
    Cpu,
    engine::translate::{BLOCK, is_apart},
    form::Then,
    isa,
    storage::watch::CodeReader,
    word::Word,
};

/// An instruction that was decoded.
pub(super) struct Insn {
    pub(super) run: OpFn,
    kind: Kind,
    pub(super) word: Word,
    pub(super) then: Then,
    /// It is a block of its own.
    apart: bool,
}

impl Insn {
    fn new(word: Word) -> Insn {
        match isa::find(word) {
            Some((row, index)) => {
                let (run, kind) = function::of(index, word);
                Insn { run, kind, word, then: row.form.then, apart: is_apart(row, word) }
            }
            None => {
                let run: OpFn = without_row;
                Insn { run, kind: NONE, word, then: Then::Anything, apart: true }
            }
        }
    }

    fn for_pair(&self) -> (Kind, Word) {
        (self.kind, self.word)
    }
}

/// A block that was decoded.
#[derive(Default)]
pub(super) struct Decoded {
    /// Effective address of the first instruction.
    pub(super) start: u64,
    pub(super) ops: Vec<Insn>,
}

impl Decoded {
    /// The empty block: no instructions, at no address.
    pub(super) fn none() -> Decoded {
        Decoded { start: NOWHERE, ops: Vec::new() }
    }

    /// Becomes the block of one instruction.
    pub(super) fn decode_one(&mut self, start: u64, word: Word) {
        self.start = start;
        self.ops.clear();
        self.ops.push(Insn::new(word));
    }

    /// Decodes what is at `start`, whose real address is `ra`.
    pub(super) fn decode(&mut self, cpu: &mut Cpu, start: u64, ra: u64) -> Option<()> {
        self.start = start;
        self.ops.clear();
        let mut at = ra;
        let mut code = CodeReader::default();
        loop {
            let insn = Insn::new(Word::new(code.fetch(cpu, at)?));
            if insn.apart && !self.ops.is_empty() {
                break;
            }
            let ends = insn.apart || !matches!(insn.then, Then::Next);
            self.ops.push(insn);
            at = at.wrapping_add(4);
            if ends || at.is_multiple_of(BLOCK) {
                break;
            }
        }
        self.join();
        Some(())
    }

    /// Makes pairs of those for which there is a function, from the last one on: a comparison is
    /// best together with its branch.
    fn join(&mut self) {
        let mut rest = self.ops.len();
        while rest >= 2 {
            let (first, second) = (rest - 2, rest - 1);
            match pairs::run(self.ops[first].for_pair(), self.ops[second].for_pair()) {
                Some(run) => {
                    self.ops[first].run = run;
                    rest -= 2;
                }
                None => rest -= 1,
            }
        }
    }
}
