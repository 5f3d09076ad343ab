// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Pairs: two instructions that often follow one another run as one function, made of their two
//! rows. Most of the time that an interpreter spends on an instruction is the jump to the next one, whose
//! target the host has to load first; a pair has one such jump instead of two.
//!
//! In a close pair, the second reads what the first wrote. The compiler passes that on in a register, where loading it
//! from the CPU would take some cycles.

use super::{
    block::OpFn,
    function::{With, run_pair},
    often::*,
};
use crate::word::Word;

/// Makes the functions of all pairs.
macro_rules! pairs {
    ([$($first:ident)*] $second:tt) => {
        /// By the kinds of the two.
        const RUNS: &[&[OpFn]] = &[$(pairs!(@row $first $second)),*];
    };
    (@row $first:ident [$($second:ident)*]) => { &[$(run_pair::<$first, $second>),*] };
}

for_pairs!(pairs);

/// How many kinds may be the first and the second of a pair.
pub const SIZE: (usize, usize) = (RUNS.len(), RUNS[0].len());

/// A function for some words of a close pair.
pub struct Close {
    /// The first of the pair.
    pub first: Words,
    /// The second.
    pub second: Words,
    run: OpFn,
}

/// Words of a kind whose bits under `mask` are `value`.
pub struct Words {
    /// The kind.
    pub kind: Kind,
    /// Bits that are known.
    pub mask: u32,
    /// Their value.
    pub value: u32,
}

impl Words {
    fn have(&self, (kind, word): (Kind, Word)) -> bool {
        kind == self.kind && word.raw() & self.mask == self.value
    }
}

/// The bits of BI that are the number of a CR field.
const BI_FIELD: u32 = 7 << 18;

/// A branch on CR field 0, behind what writes that field if the bits of its word under `MASK` are
/// `VALUE`.
const fn on_field_0<A: Listed, B: Listed, const MASK: u32, const VALUE: u32>() -> Close {
    Close {
        first: Words { kind: A::KIND, mask: MASK, value: VALUE },
        second: Words { kind: B::KIND, mask: BI_FIELD, value: 0 },
        run: run_pair::<With<A, MASK, VALUE>, With<B, BI_FIELD, 0>>,
    }
}

/// Comparisons of words and of doublewords, and the branches on them.
macro_rules! compared {
    ($($compare:ident),*) => { [$(
        on_field_0::<$compare, BcIf, { BF | L }, 0>(),
        on_field_0::<$compare, BcIf, { BF | L }, L>(),
        on_field_0::<$compare, BcIfNot, { BF | L }, 0>(),
        on_field_0::<$compare, BcIfNot, { BF | L }, L>(),
    )* ] };
}

/// The target field of a comparison.
const BF: u32 = 7 << 23;
/// The bit that says to compare doublewords.
const L: u32 = 1 << 21;

/// The close pairs.
pub const CLOSE: [&[Close]; 2] = [
    &compared![Cmpi, Cmpli, Cmp, Cmpl],
    &[on_field_0::<AndiRc, BcIf, 0, 0>(), on_field_0::<AndiRc, BcIfNot, 0, 0>()],
];

/// The function of two words of these kinds, if there is one.
pub(crate) fn run(first: (Kind, Word), second: (Kind, Word)) -> Option<OpFn> {
    let any = RUNS.get(usize::from(first.0))?.get(usize::from(second.0))?;
    if !matches!(second.0, BcIf::KIND | BcIfNot::KIND) {
        return Some(*any); // all close pairs end in one of these
    }
    let close = CLOSE.iter().copied().flatten();
    let mut close = close.filter(|close| close.first.have(first) && close.second.have(second));
    Some(close.next().map_or(*any, |close| close.run))
}
