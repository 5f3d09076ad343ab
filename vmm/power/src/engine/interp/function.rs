// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How a meaning becomes a function of the interpreter, and the table of all of them.

use super::{
    block::{Count, Cursor, OpFn, run_one, run_two},
    often::{Kind, NONE, OFTEN},
};
use crate::{
    Cpu,
    form::Then,
    interrupt::Stop,
    isa,
    row::{Meaning, Row, Visitor},
    vocabulary::Vocabulary,
    word::Word,
};
use std::{marker::PhantomData, sync::LazyLock};

/// A meaning of which more bits of the word are known: those under `MASK` are `VALUE`.
pub(super) struct With<R, const MASK: u32, const VALUE: u32>(PhantomData<R>);

impl<R, const MASK: u32, const VALUE: u32> With<R, MASK, VALUE> {
    pub(super) const MASK: u32 = MASK;
    pub(super) const VALUE: u32 = VALUE;
}

impl<R: Meaning, const MASK: u32, const VALUE: u32> Meaning for With<R, MASK, VALUE> {
    const ROW: Row = R::ROW;

    #[inline(always)]
    fn does<M: Vocabulary>(m: &mut M, w: Word) -> Result<(), Stop> {
        R::does(m, w.with_bits(MASK, VALUE))
    }
}

/// Runs one operation and those after it.
pub(super) fn run<R: Meaning>(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
    run_one(cpu, at, count, R::does::<Cpu>, const { R::ROW.form.then })
}

/// Runs a pair of operations and those after it; the first one does not end its block.
pub(super) fn run_pair<A: Meaning, B: Meaning>(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
    const { assert!(matches!(A::ROW.form.then, Then::Next)) };
    run_two(cpu, at, count, A::does::<Cpu>, B::does::<Cpu>, const { B::ROW.form.then })
}

/// The functions of a row.
struct Functions {
    /// For all words.
    any: OpFn,
    /// Its entries in [`OFTEN`].
    often: Vec<Kind>,
}

/// The functions of each row, by its place among the rows.
static FUNCTIONS: LazyLock<Vec<Functions>> = LazyLock::new(|| {
    let mut table = Table(Vec::new());
    isa::each(&mut table);
    let Table(mut table) = table;
    for (kind, often) in (0..).zip(OFTEN) {
        if let Some(functions) = isa::index_of(&often.row).and_then(|index| table.get_mut(index)) {
            functions.often.push(kind);
        }
    }
    table
});

struct Table(Vec<Functions>);

impl Table {
    // Not in `row`, which is compiled for each row.
    #[inline(never)]
    fn add(&mut self, any: OpFn) {
        self.0.push(Functions { any, often: Vec::new() });
    }
}

impl Visitor for Table {
    fn row<R: Meaning>(&mut self) {
        self.add(run::<R>);
    }
}

/// The function of a word of the row at a place, and its kind.
pub(super) fn of(index: usize, word: Word) -> (OpFn, Kind) {
    let functions = &FUNCTIONS[index];
    let often = functions.often.iter().map(|kind| (*kind, &OFTEN[usize::from(*kind)]));
    match often.clone().find(|(_, often)| often.matches(word)) {
        Some((kind, often)) => (often.run, kind),
        None => (functions.any, NONE),
    }
}
