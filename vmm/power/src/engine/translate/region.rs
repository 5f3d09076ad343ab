// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Regions: the blocks of one page that are translated together, cut into pieces at every place that is jumped to.

use super::{
    BLOCK, is_apart,
    scan::Scan,
    values::{GUESTS, Guest},
};
use crate::{
    form::Then,
    interrupt::Stop,
    isa,
    row::{Meaning, Visitor},
    storage::tlb::PAGE,
    word::Word,
};
use std::sync::LazyLock;

/// Instructions in a page.
const SLOTS: usize = PAGE as usize / 4;

/// Most instructions in a region.
const MOST: usize = 400;

/// An instruction.
#[derive(Clone, Copy)]
pub(super) struct Insn {
    pub(super) word: Word,
    /// Place of its row among the rows.
    pub(super) row: usize,
    pub(super) then: Then,
    /// It always stops.
    pub(super) stops: bool,
    pub(super) scan: Scan,
}

/// A straight run of instructions; only its first one is jumped to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Place of the first instruction in the page.
    pub(super) first: usize,
    /// How many there are.
    pub(super) len: usize,
    /// The end of it is the end of a block.
    pub(super) ends_block: bool,
}

/// The code that a region is made from.
pub(super) trait Source {
    /// The word at a place of the page.
    fn fetch(&mut self, slot: usize) -> Option<u32>;
    /// True if the block at an address in the page shall be in the region.
    fn wants(&self, address: u64) -> bool;
}

/// A region before it is translated.
pub(super) struct Region {
    /// Effective address of the page.
    pub(super) page: u64,
    /// Place in the page of the block that it was made for.
    pub(super) start: usize,
    /// Addresses are 32 bits wide, or 64.
    pub(super) mask: u64,
    /// Its instructions, in the order in which they were found.
    insns: Vec<Insn>,
    /// For each place of the page that has an instruction, the number of that.
    numbers: [u16; SLOTS],
    /// The places that have one.
    places: Places,
    /// The places that are jumped to.
    leaders: Places,
    /// The places at which a piece begins.
    starts: Places,
    /// For each of these, the number of the piece.
    piece_numbers: [u16; SLOTS],
    pub(super) pieces: Vec<Piece>,
    /// Pieces behind instructions that set LR to their address.
    pub(super) returns: Vec<usize>,
    /// Addresses of blocks, in the order in which they were found.
    blocks: Vec<u64>,
}

/// Takes notes of a word of a row.
type Notes = fn(&mut Scan, Word) -> Result<(), Stop>;

/// Of each row, by its place among the rows.
static SCANS: LazyLock<Vec<Notes>> = LazyLock::new(|| {
    struct Table(Vec<Notes>);
    impl Visitor for Table {
        fn row<R: Meaning>(&mut self) {
            self.0.push(R::does::<Scan>);
        }
    }
    let mut table = Table(Vec::new());
    isa::each(&mut table);
    table.0
});

/// True if a branch goes to its target whatever CR and CTR are.
fn is_always(word: Word) -> bool {
    const B: u32 = 18;
    word.opcd() == B || word.bo() & 0b10100 == 0b10100
}

fn insn(word: u32) -> Option<Insn> {
    let word = Word::new(word);
    let (row, index) = isa::find(word)?;
    if is_apart(row, word) {
        return None;
    }
    let mut scan = Scan::default();
    let _ = SCANS[index](&mut scan, word); // takes notes, never stops
    // The machine answers a hypercall, and may see and change all registers.
    scan.calls |= row.form.stops;
    Some(Insn { word, row: index, then: row.form.then, stops: row.form.stops, scan })
}

impl Region {
    /// A region without instructions.
    pub(super) fn new() -> Region {
        Region {
            page: 0,
            start: 0,
            mask: 0,
            insns: Vec::new(),
            numbers: [0; SLOTS],
            places: Places::default(),
            leaders: Places::default(),
            starts: Places::default(),
            piece_numbers: [0; SLOTS],
            pieces: Vec::new(),
            returns: Vec::new(),
            blocks: Vec::new(),
        }
    }

    /// Becomes the region around the block at `start`.
    pub(super) fn surround(&mut self, start: u64, mask: u64, source: &mut impl Source) {
        let page = start & !(PAGE - 1);
        (self.page, self.start, self.mask) = (page, (start % PAGE) as usize / 4, mask);
        (self.places, self.leaders, self.starts) = Default::default();
        self.insns.clear();
        self.pieces.clear();
        self.returns.clear();
        self.blocks.clear();
        self.blocks.push(start);
        let mut taken = 0;
        while let Some(&at) = self.blocks.get(taken)
            && self.insns.len() < MOST
        {
            taken += 1;
            let after = self.block(at, source).into_iter().flatten();
            self.blocks.extend(after.filter(|ea| ea & !(PAGE - 1) == page && source.wants(*ea)));
        }
        self.cut();
    }

    fn slot(&self, address: u64) -> usize {
        (address % PAGE) as usize / 4
    }

    /// Takes the block at an address in; returns the addresses of what may come after it.
    fn block(&mut self, start: u64, source: &mut impl Source) -> [Option<u64>; 2] {
        let mut slot = self.slot(start);
        self.leaders.insert(slot);
        loop {
            if self.has(slot) {
                return [None; 2];
            }
            let Some(insn) = source.fetch(slot).and_then(insn) else { return [None; 2] };
            self.insns.push(insn);
            self.numbers[slot] = (self.insns.len() - 1) as u16;
            self.places.insert(slot);
            let cia = self.page + 4 * slot as u64;
            let next = cia.wrapping_add(4) & self.mask;
            let (ends, falls) = match insn.then {
                Then::Next => (next.is_multiple_of(BLOCK), true),
                _ => (true, !is_always(insn.word) || insn.word.lk()),
            };
            if ends {
                let target = match insn.then {
                    Then::Fork(displacement) => Some(self.target(cia, insn.word, displacement)),
                    _ => None,
                };
                return [target, falls.then_some(next)];
            }
            slot += 1;
        }
    }

    fn target(&self, cia: u64, word: Word, displacement: fn(Word) -> u64) -> u64 {
        let from = if word.aa() { 0 } else { cia };
        from.wrapping_add(displacement(word)) & self.mask & !3
    }

    /// Cuts it into pieces.
    fn cut(&mut self) {
        let mut next = self.next_from(0);
        while let Some(first) = next {
            let mut slot = first;
            let ends_block = loop {
                let ends = !matches!(self.insn(slot).then, Then::Next);
                slot += 1;
                if ends || (4 * slot as u64).is_multiple_of(BLOCK) {
                    break true;
                }
                if !self.has(slot) {
                    break true; // an instruction apart is there
                }
                if self.leaders.has(slot) {
                    break false;
                }
            };
            if self.follows_call(first) {
                self.returns.push(self.pieces.len());
            }
            self.starts.insert(first);
            self.piece_numbers[first] = self.pieces.len() as u16; // one of at most SLOTS
            self.pieces.push(Piece { first, len: slot - first, ends_block });
            next = self.next_from(slot);
        }
    }

    /// True if the instruction before a place is in the region and sets LR to that place.
    fn follows_call(&self, first: usize) -> bool {
        first.checked_sub(1).is_some_and(|before| {
            self.has(before) && {
                let insn = self.insn(before);
                !matches!(insn.then, Then::Next) && insn.word.lk()
            }
        })
    }

    /// The first place from one on that has an instruction.
    fn next_from(&self, slot: usize) -> Option<usize> {
        self.places.from(slot)
    }

    fn has(&self, slot: usize) -> bool {
        self.places.has(slot)
    }

    /// The instruction at a place that has one.
    pub(super) fn insn(&self, slot: usize) -> &Insn {
        &self.insns[usize::from(self.numbers[slot])]
    }

    /// How many instructions it has.
    pub(super) fn len(&self) -> usize {
        self.insns.len()
    }

    /// Its instructions, with their places.
    pub(super) fn words(&self) -> impl Iterator<Item = (u16, u32)> {
        let slots = self.pieces.iter().flat_map(|piece| piece.first..piece.first + piece.len);
        slots.map(|slot| (slot as u16, self.insn(slot).word.raw()))
    }

    /// The piece that begins at an address, if there is one.
    pub(super) fn piece_at(&self, address: u64) -> Option<usize> {
        if address & !(PAGE - 1) != self.page || !address.is_multiple_of(4) {
            return None;
        }
        let slot = self.slot(address);
        self.starts.has(slot).then(|| self.piece_numbers[slot].into())
    }

    /// The address of the branch's target, if the word says it.
    pub(super) fn branch_target(&self, slot: usize) -> Option<u64> {
        let insn = self.insn(slot);
        let Then::Fork(displacement) = insn.then else { return None };
        Some(self.target(self.page + 4 * slot as u64, insn.word, displacement))
    }

    /// How often guest registers are used, those of loops more.
    pub(super) fn uses(&self) -> [u64; GUESTS] {
        const MOST_DEPTH: u32 = 6;
        let mut depth = vec![0; self.pieces.len()];
        for (i, piece) in self.pieces.iter().enumerate() {
            let target = self.branch_target(piece.first + piece.len - 1);
            if let Some(first) = target.and_then(|target| self.piece_at(target))
                && first <= i
            {
                depth[first..=i].iter_mut().for_each(|depth| *depth += 1);
            }
        }
        let mut uses = [0; GUESTS];
        for (piece, depth) in self.pieces.iter().zip(depth) {
            let weight = 1 << (3 * depth.min(MOST_DEPTH));
            for slot in piece.first..piece.first + piece.len {
                let scan = self.insn(slot).scan;
                for mut registers in [scan.reads, scan.writes] {
                    while registers != 0 {
                        uses[registers.trailing_zeros() as usize] += weight;
                        registers &= registers - 1;
                    }
                }
            }
        }
        uses
    }
}

/// Places of a page.
#[derive(Default)]
pub(super) struct Places([u64; SLOTS / 64]);

impl Places {
    pub(super) fn has(&self, slot: usize) -> bool {
        self.0.get(slot / 64).is_some_and(|bits| bits >> (slot % 64) & 1 != 0)
    }
    pub(super) fn insert(&mut self, slot: usize) {
        self.0[slot / 64] |= 1 << (slot % 64);
    }
    /// The first one from `slot` on.
    fn from(&self, slot: usize) -> Option<usize> {
        let mut bits = self.0.get(slot / 64)? & u64::MAX << (slot % 64);
        let mut at = slot / 64;
        while bits == 0 {
            at += 1;
            bits = *self.0.get(at)?;
        }
        Some(64 * at + bits.trailing_zeros() as usize)
    }
}

/// The guest register that an instruction's load may go to before the instruction is complete: nothing of it reads
/// what was there.
pub(super) fn load_target(insn: &Insn) -> Option<Guest> {
    let scan = &insn.scan;
    let g = scan.loaded.filter(|_| scan.loads == 1 && !scan.calls)?;
    let alone = scan.writes == 1 << g;
    (alone || scan.reads >> g & 1 == 0).then_some(g)
}
