// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Words that occur often: some of their bits are known when the crate is compiled, so that the compiler leaves out
//! what other words of the instruction need.

use super::{
    block::OpFn,
    function::{With, run},
};
use crate::{
    form::{DOT, OE},
    isa,
    row::{Meaning, Row},
    word::Word,
};

/// The place of an entry in [`OFTEN`].
pub type Kind = u8;

/// The kind of a word that no entry matches.
pub(crate) const NONE: Kind = Kind::MAX;

/// Words of one row whose bits under `mask` are `value`.
pub struct Often {
    /// The row.
    pub row: Row,
    /// Bits that are known.
    pub mask: u32,
    /// Their value.
    pub value: u32,
    pub(super) run: OpFn,
}

impl Often {
    /// True if a word of the row is one of these.
    pub fn matches(&self, word: Word) -> bool {
        word.raw() & self.mask == self.value
    }
}

/// An entry as a type.
pub(super) trait Listed: Meaning {
    /// Its place.
    const KIND: Kind;
}

/// Lists entries: a type's name, a file, a row, and mask and value of the known bits. The first ones are in
/// the middle of a block, those under `end` end one; pairs are made of these two (`pairs.rs`). A mask of 0 is
/// for a row that is in pairs and nothing else.
macro_rules! often {
    (
        middle: [$($m:ident: $fm:ident::$rm:ident($mm:expr, $vm:expr),)*],
        end: [$($e:ident: $fe:ident::$re:ident($me:expr, $ve:expr),)*],
        alone: [$($a:ident: $fa:ident::$ra:ident($ma:expr, $va:expr),)*],
    ) => {
        /// Places in the list.
        enum Number { $($m,)* $($e,)* $($a,)* }
        $(often!(@entry $m $fm $rm $mm, $vm);)*
        $(often!(@entry $e $fe $re $me, $ve);)*
        $(often!(@entry $a $fa $ra $ma, $va);)*

        /// Every entry.
        pub const OFTEN: &[Often] =
            &[$(often!(@row $m $fm $rm),)* $(often!(@row $e $fe $re),)* $(often!(@row $a $fa $ra),)*];

        /// Hands the names of the entries in the middle and at the end of a block to a macro.
        macro_rules! for_pairs {
            ($then:ident) => { $then!([$($m)*] [$($m)* $($e)*]); };
        }
        pub(super) use for_pairs;
    };
    (@entry $name:ident $file:ident $row:ident $mask:expr, $value:expr) => {
        pub(super) type $name = With<isa::$file::$row, { $mask }, { $value }>;
        impl Listed for $name {
            const KIND: Kind = Number::$name as Kind;
        }
    };
    (@row $name:ident $file:ident $row:ident) => {
        Often {
            row: <$name as Meaning>::ROW,
            mask: $name::MASK,
            value: $name::VALUE,
            run: match $name::MASK {
                0 => run::<isa::$file::$row>, // compiled once
                _ => run::<$name>,
            },
        }
    };
}

/// BO: CR is disregarded.
const NO_CR: u32 = 16 << 21;
/// BO: CTR is disregarded.
const NO_CTR: u32 = 4 << 21;
/// BO: the value of the CR bit for which the branch is taken.
const CR: u32 = 8 << 21;
/// BO: the branch is taken when CTR is 0.
const CTR_0: u32 = 2 << 21;
/// Target absolute.
const AA: u32 = 2;
/// Link.
const LK: u32 = 1;
/// The number of a special-purpose register, whose low five bits come first.
const SPR: u32 = 0x3ff << 11;
/// LR's number, 8, in that field.
const LR: u32 = 8 << 16;
/// CTR's, 9.
const CTR: u32 = 9 << 16;

// The greater part of Linux and of C programs.
often! {
    middle: [
        Addi: fixed_add::addi(0, 0),
        Addis: fixed_add::addis(0, 0),
        Add: fixed_add::add(OE | DOT, 0),
        Subf: fixed_sub::subf(OE | DOT, 0),
        Neg: fixed_sub::neg(OE | DOT, 0),
        Or: logical::or(DOT, 0),
        Ori: logical::ori(0, 0),
        And: logical::and(DOT, 0),
        AndiRc: logical::andi_rc(0, 0),
        Xor: logical::xor(DOT, 0),
        Xori: logical::xori(0, 0),
        Extsw: logical::extsw(DOT, 0),
        Rlwinm: rotate::rlwinm(DOT, 0),
        Rldicl: rotate::rldicl(DOT, 0),
        Rldicr: rotate::rldicr(DOT, 0),
        Cmpi: fixed_compare::cmpi(0, 0),
        Cmpli: fixed_compare::cmpli(0, 0),
        Cmp: fixed_compare::cmp(0, 0),
        Cmpl: fixed_compare::cmpl(0, 0),
        Ld: load::ld(0, 0),
        Lwz: load::lwz(0, 0),
        Lbz: load::lbz(0, 0),
        Std: store::std(0, 0),
        Stw: store::stw(0, 0),
    ],
    end: [
        B: branch::b(AA | LK, 0),
        Bl: branch::b(AA | LK, LK),
        BcIf: branch::bc(NO_CR | CR | NO_CTR | AA | LK, CR | NO_CTR),
        BcIfNot: branch::bc(NO_CR | CR | NO_CTR | AA | LK, NO_CTR),
        BcCounting: branch::bc(NO_CR | NO_CTR | CTR_0 | AA | LK, NO_CR),
        Blr: branch::bclr(NO_CR | NO_CTR | LK, NO_CR | NO_CTR),
        Sc: branch::sc(0, 0),
    ],
    alone: [
        Bctr: branch::bcctr(NO_CR | NO_CTR | LK, NO_CR | NO_CTR),
        Bctrl: branch::bcctr(NO_CR | NO_CTR | LK, NO_CR | NO_CTR | LK),
        Mflr: system::mfspr(SPR, LR),
        Mfctr: system::mfspr(SPR, CTR),
        Mtlr: system::mtspr(SPR, LR),
        Mtctr: system::mtspr(SPR, CTR),
    ],
}

/// How many functions a row has: one for each of its entries, and one for all other words unless an entry takes them
/// all.
pub fn functions(row: &Row) -> usize {
    let entries = || OFTEN.iter().filter(|often| often.row.name == row.name);
    entries().count() + usize::from(entries().all(|often| often.mask != 0))
}

/// The number of the function that performs a word of the row.
pub fn function(row: &Row, word: Word) -> usize {
    let mut entries = OFTEN.iter().filter(|often| often.row.name == row.name);
    entries.position(|often| often.matches(word)).unwrap_or(functions(row) - 1)
}
