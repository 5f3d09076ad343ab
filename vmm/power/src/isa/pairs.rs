// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Pairs: two instructions that often follow one another run as one function, made of their two
//! rows. What an interpreter spends on an instruction is mostly the jump to the next one, of whose
//! target the host knows nothing before it has loaded it; a pair has one such jump instead of two.
//!
//! Of some pairs more than the rows is known, namely that the second reads what the first wrote. Then the
//! compiler takes it from there, and not out of the CPU, where it is found some cycles later.

use crate::{
    Cpu,
    block::{self, Cursor, Run},
    form::Then,
    interrupt::Stop,
    word::Word,
};
use std::marker::PhantomData;

/// The place in the list below of one of the functions of a row.
pub(crate) type Kind = u8;

/// What is not in the list.
pub(crate) const NONE: Kind = Kind::MAX;

/// An entry of the list, as the compiler needs it.
trait Meaning {
    const KIND: Kind;
    const THEN: Then;
    fn does(cpu: &mut Cpu, w: Word) -> Result<(), Stop>;
}

/// A meaning of which more bits of the word are known.
struct With<M, const MASK: u32, const VALUE: u32>(PhantomData<M>);

impl<M: Meaning, const MASK: u32, const VALUE: u32> Meaning for With<M, MASK, VALUE> {
    const KIND: Kind = M::KIND;
    const THEN: Then = M::THEN;
    #[inline(always)]
    fn does(cpu: &mut Cpu, w: Word) -> Result<(), Stop> {
        M::does(cpu, w.with_bits(MASK, VALUE))
    }
}

fn run_two<A: Meaning, B: Meaning>(cpu: &mut Cpu, at: Cursor, count: u64) -> Stop {
    const { assert!(matches!(A::THEN, Then::Next)) };
    block::run_two(cpu, at, count, A::does, B::does, B::THEN)
}

/// Makes the functions of all pairs of something in the middle of a block and anything. An entry is
/// its type, a file, a row, and which of the row's functions: the place in `often`, or behind those
/// the one for all words.
macro_rules! pairs {
    (
        middle: [$($a:ident: $fa:ident::$ra:ident $na:literal,)*],
        end: [$($b:ident: $fb:ident::$rb:ident $nb:literal,)*],
    ) => {
        /// Places in the list.
        enum Number { $($a,)* $($b),* }
        $(pairs!(@meaning $a $fa $ra $na);)*
        $(pairs!(@meaning $b $fb $rb $nb);)*
        const KINDS: &[(&str, usize)] =
            &[$((stringify!($ra), $na),)* $((stringify!($rb), $nb)),*];
        const RUNS: &[&[Run]] = pairs!(@rows [$($a)*] [$($a)* $($b)*]);
    };
    (@meaning $name:ident $file:ident $row:ident $n:literal) => {
        struct $name;
        impl Meaning for $name {
            const KIND: Kind = Number::$name as Kind;
            const THEN: Then = super::$file::known::$row.then;
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

/// A function for some words of a pair.
struct Close {
    first: Words,
    second: Words,
    run: Run,
}

/// Words of a kind whose bits under `mask` are `value`.
struct Words {
    kind: Kind,
    mask: u32,
    value: u32,
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
const fn on_field_0<A: Meaning, B: Meaning, const MASK: u32, const VALUE: u32>() -> Close {
    Close {
        first: Words { kind: A::KIND, mask: MASK, value: VALUE },
        second: Words { kind: B::KIND, mask: BI_FIELD, value: 0 },
        run: run_two::<With<A, MASK, VALUE>, With<B, BI_FIELD, 0>>,
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

/// Pairs of which the second reads what the first wrote.
const CLOSE: [&[Close]; 2] = [
    &compared![Cmpi, Cmpli, Cmp, Cmpl],
    &[on_field_0::<AndiRc, BcIf, 0, 0>(), on_field_0::<AndiRc, BcIfNot, 0, 0>()],
];

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

/// The function of two words of these kinds, if there is one.
pub(crate) fn run(first: (Kind, Word), second: (Kind, Word)) -> Option<Run> {
    let any = RUNS.get(usize::from(first.0))?.get(usize::from(second.0))?;
    let close = CLOSE.iter().copied().flatten();
    let mut close = close.filter(|close| close.first.have(first) && close.second.have(second));
    Some(close.next().map_or(*any, |close| close.run))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exit, GuestMemory, isa, msr, spr};
    use std::sync::Arc;
    use vm_memory::{Bytes, GuestAddress};

    const RAM: u64 = 0x1_0000;
    const AT: u64 = 0x1000;
    /// `sc 1`: leaves the guest.
    const LEAVE: u32 = 0x4400_0022;

    /// A CPU before these two words, in RAM that else is full of [`LEAVE`].
    fn machine(words: [u32; 2], values: impl Fn(u64) -> u64) -> (Cpu, Arc<GuestMemory>) {
        let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM as usize)]).expect("RAM");
        let ram = Arc::new(ram);
        let leave = LEAVE.to_be_bytes().repeat(RAM as usize / 4);
        ram.write_slice(&leave, GuestAddress(0)).expect("in RAM");
        for (at, word) in (AT..).step_by(4).zip(words) {
            ram.write_slice(&word.to_be_bytes(), GuestAddress(at)).expect("in RAM");
        }
        let mut cpu = Cpu::new(Arc::clone(&ram));
        cpu.set_msr(msr::SF | msr::ME);
        cpu.set_nip(AT);
        cpu.gpr = std::array::from_fn(|r| values(r as u64));
        (cpu.lr, cpu.ctr) = (AT + 0x100, values(40));
        cpu.set_cr(values(41) as u32);
        (cpu, ram)
    }

    /// All that a pair may change.
    fn state((cpu, ram): (Cpu, Arc<GuestMemory>)) -> impl PartialEq + std::fmt::Debug {
        let mut bytes = vec![0; RAM as usize];
        ram.read_slice(&mut bytes, GuestAddress(0)).expect("in RAM");
        let sprs = [spr::SRR0, spr::SRR1, spr::DAR, spr::DSISR].map(|n| cpu.sprs[n]);
        let special = (cpu.lr, cpu.ctr, cpu.cr(), cpu.xer(), cpu.nip(), cpu.msr(), cpu.retired);
        (cpu.gpr, special, sprs, bytes)
    }

    /// The words of the examples of a kind.
    fn words((name, function): (&str, usize)) -> Vec<u32> {
        let row = isa::rows().find(|row| row.name == name).expect(name);
        let words = row.cases.iter().map(|case| {
            u32::from_str_radix(case.split(' ').next().unwrap_or_default(), 16).expect(case)
        });
        let words: Vec<_> = words.filter(|w| row.function(Word::new(*w)) == function).collect();
        assert!(!words.is_empty(), "{name} {function}");
        words
    }

    /// Whether the words do the same as a pair and one after the other.
    fn assert_same(a: u32, b: u32) {
        let addresses = |n: u64| 0x8000 + 0x108 * n;
        let outside = |n: u64| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n + 1);
        let small = |n: u64| n % 3;
        for values in [&addresses as &dyn Fn(u64) -> u64, &outside, &small] {
            let mut paired = machine([a, b], values);
            assert_eq!(paired.0.run(), Exit::Hcall);
            let mut stepped = machine([a, b], values);
            let left = (0..8).find_map(|_| stepped.0.step());
            assert_eq!(left, Some(Exit::Hcall));
            let (paired, stepped) = (state(paired), state(stepped));
            assert!(paired == stepped, "{a:08x} {b:08x}: {paired:?}\n{stepped:?}");
        }
    }

    #[test]
    fn a_pair_does_what_its_two_instructions_do_one_after_the_other() {
        for (first, row) in KINDS.iter().zip(RUNS) {
            assert_eq!(row.len(), KINDS.len());
            for second in KINDS {
                for (a, b) in words(*first).into_iter().zip(words(*second).into_iter().cycle()) {
                    assert_same(a, b);
                }
            }
        }
    }

    #[test]
    fn so_does_one_whose_second_reads_what_the_first_wrote() {
        for Close { first, second, .. } in CLOSE.into_iter().flatten() {
            let words = |of: &Words| {
                let words = words(KINDS[usize::from(of.kind)]);
                words.into_iter().map(|w| w & !of.mask | of.value).collect::<Vec<_>>()
            };
            for a in words(first) {
                // Each bit of the field, in turn.
                for b in words(second)
                    .into_iter()
                    .flat_map(|b| (0..4).map(move |bi| b & !(3 << 16) | bi << 16))
                {
                    assert_same(a, b);
                }
            }
        }
    }
}
