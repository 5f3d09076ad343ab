// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Pairs: two instructions that often follow one another run as one function, made of their two
//! rows. What an interpreter spends on an instruction is mostly the jump to the next one, of whose
//! target the host knows nothing before it has loaded it; a pair has one such jump instead of two.

use crate::{
    Cpu,
    block::{self, Cursor, Run},
    interrupt::Stop,
    word::Word,
};

/// The place in the list below of one of the functions of a row.
pub(crate) type Kind = u8;

/// What is not in the list.
pub(crate) const NONE: Kind = Kind::MAX;

/// An entry of the list, as the compiler needs it.
trait Meaning {
    const ENDS_BLOCK: bool;
    fn does(cpu: &mut Cpu, w: Word) -> Result<(), Stop>;
}

fn run_two<A: Meaning, B: Meaning>(cpu: &mut Cpu, at: Cursor) -> Stop {
    const { assert!(!A::ENDS_BLOCK) };
    block::run_two(cpu, at, A::does, B::does, B::ENDS_BLOCK)
}

/// Makes the functions of all pairs of something in the middle of a block and anything. An entry is
/// its type, a file, a row, and which of the row's functions: the place in `often`, or behind those
/// the one for all words.
macro_rules! pairs {
    (
        middle: [$($a:ident: $fa:ident::$ra:ident $na:literal,)*],
        end: [$($b:ident: $fb:ident::$rb:ident $nb:literal,)*],
    ) => {
        $(pairs!(@meaning $a $fa $ra $na);)*
        $(pairs!(@meaning $b $fb $rb $nb);)*
        const KINDS: &[(&str, usize)] =
            &[$((stringify!($ra), $na),)* $((stringify!($rb), $nb)),*];
        const RUNS: &[&[Run]] = pairs!(@rows [$($a)*] [$($a)* $($b)*]);
    };
    (@meaning $name:ident $file:ident $row:ident $n:literal) => {
        struct $name;
        impl Meaning for $name {
            const ENDS_BLOCK: bool = super::$file::known::$row.ends_block;
            #[inline(always)]
            fn does(cpu: &mut Cpu, w: Word) -> Result<(), Stop> {
                let (mask, value) = const { super::$file::known::$row.often[$n] };
                super::$file::$row(cpu, w.with_bits(mask, value))
            }
        }
    };
    (@rows [$($first:ident)*] $second:tt) => { &[$(pairs!(@row $first $second)),*] };
    (@row $first:ident [$($second:ident)*]) => { &[$(run_two::<$first, $second>),*] };
}

// What Linux and C programs are mostly made of.
pairs! {
    middle: [
        Addi: fixed_add::addi 0,
        Addis: fixed_add::addis 0,
        Add: fixed_add::add 0,
        Subf: fixed_sub::subf 0,
        Neg: fixed_sub::neg 0,
        Or: logical::or 0,
        Ori: logical::ori 0,
        And: logical::and 0,
        AndiRc: logical::andi_rc 0,
        Xor: logical::xor 0,
        Xori: logical::xori 0,
        Extsw: logical::extsw 0,
        Rlwinm: rotate::rlwinm 0,
        Rldicl: rotate::rldicl 0,
        Rldicr: rotate::rldicr 0,
        Cmpi: fixed_compare::cmpi 0,
        Cmpli: fixed_compare::cmpli 0,
        Cmp: fixed_compare::cmp 0,
        Cmpl: fixed_compare::cmpl 0,
        Ld: load::ld 0,
        Lwz: load::lwz 0,
        Lbz: load::lbz 0,
        Std: store::std 0,
        Stw: store::stw 0,
    ],
    end: [
        B: branch::b 0,
        Bl: branch::b 1,
        BcIf: branch::bc 0,
        BcIfNot: branch::bc 1,
        BcCounting: branch::bc 2,
        Blr: branch::bclr 0,
        Sc: branch::sc 0,
    ],
}

/// How many functions a row in the list may have.
const FUNCTIONS: usize = 4;

/// The kinds of a row's functions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds([Kind; FUNCTIONS]);

impl Kinds {
    /// Those of the row of this name.
    pub(super) fn of(name: &str) -> Kinds {
        let mut kinds = [NONE; FUNCTIONS];
        for (kind, &(row, function)) in (0..).zip(KINDS) {
            if row == name {
                kinds[function] = kind;
            }
        }
        Kinds(kinds)
    }

    /// That of one function.
    pub(super) fn of_function(&self, n: usize) -> Kind {
        self.0.get(n).copied().unwrap_or(NONE)
    }
}

/// The function of a pair, if there is one.
pub(crate) fn run(first: Kind, second: Kind) -> Option<Run> {
    RUNS.get(usize::from(first))?.get(usize::from(second)).copied()
}
