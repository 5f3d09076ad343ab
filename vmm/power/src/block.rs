// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Blocks: straight runs of decoded instructions, and the cache that keeps them.
//!
//! A block ends at an instruction that may change what comes next, at the end of its page,
//! or at [`MAX`] instructions. Each operation calls the next one in tail position, so that an
//! optimised build jumps from handler to handler; an unoptimised one is at most [`MAX`] + 1
//! frames deep. An instruction that ends its block ends the chain, else a sentinel does.
//!
//! A block remembers which two blocks came next lately. So the way from block to block, which code
//! goes every five instructions or so, is some comparisons and no search.
#![allow(unsafe_code)]

use crate::{
    Cpu,
    interrupt::Stop,
    isa::{
        self,
        pairs::{self, Kind},
    },
    mem::PAGE,
    mmu,
    word::{Packed, Word},
};

/// Most instructions in a block.
pub const MAX: usize = 64;

/// Runs one operation and those after it.
pub type Run = fn(&mut Cpu, Cursor) -> Stop;

/// A decoded instruction.
#[derive(Clone, Copy)]
pub struct Op {
    run: Run,
    word: Packed,
}

impl Op {
    fn new(run: Run, word: Word) -> Op {
        Op { run, word: Packed::new(word) }
    }
}

/// A place in a block. Only `Cache` makes one, from operations that end in the sentinel.
#[derive(Clone, Copy)]
pub struct Cursor(*const Op);

impl Cursor {
    #[inline(always)]
    fn run(self) -> Run {
        // SAFETY: a cursor points into a live block; see `next`.
        unsafe { (*self.0).run }
    }
    #[inline(always)]
    fn word(self) -> Word {
        // SAFETY: as in `run`.
        unsafe { &(*self.0).word }.word()
    }
    /// The next operation.
    #[inline(always)]
    fn next(self) -> Cursor {
        // SAFETY: called only after an operation that is not the sentinel, so there is another one
        // after it in the same allocation.
        Cursor(unsafe { self.0.add(1) })
    }
}

/// Runs one instruction, then what comes after it.
#[inline(always)]
pub(crate) fn step(
    cpu: &mut Cpu,
    at: Cursor,
    does: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    then: impl FnOnce(&mut Cpu, Cursor) -> Stop,
) -> Stop {
    match does(cpu, at.word()) {
        Ok(()) => then(cpu, at),
        Err(stop) => {
            cpu.stopped_at = at.0 as usize;
            stop
        }
    }
}

/// Runs one instruction, then the rest of the block unless the instruction `ends` it.
#[inline(always)]
pub(crate) fn run_one(
    cpu: &mut Cpu,
    at: Cursor,
    does: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    ends: bool,
) -> Stop {
    step(cpu, at, does, |cpu, at| {
        if ends {
            return Stop::Next;
        }
        let next = at.next();
        (next.run())(cpu, next)
    })
}

/// The same for two instructions, of which the first does not end the block.
#[inline(always)]
pub(crate) fn run_two(
    cpu: &mut Cpu,
    at: Cursor,
    first: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    second: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    ends: bool,
) -> Stop {
    step(cpu, at, first, |cpu, at| run_one(cpu, at.next(), second, ends))
}

/// Ends a block whose last instruction does not.
fn sentinel(_: &mut Cpu, _: Cursor) -> Stop {
    Stop::Next
}

/// Stands for a word that no row is: a facility that is off, or illegal.
fn without_row(cpu: &mut Cpu, at: Cursor) -> Stop {
    run_one(cpu, at, |cpu, word| Err(isa::stop_without_row(cpu, word)), true)
}

/// A decoded block: a cache line of the host.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Block {
    /// Effective address of the first instruction; all ones for the block that is none.
    pub(crate) start: u64,
    /// First operation, in the arena.
    first: Cursor,
    /// Fetch context in which `start` was found to be at `page`.
    context: u32,
    /// Real page number of the code.
    page: u32,
    /// Generation of that page when it was decoded.
    generation: u32,
    /// Number of instructions.
    len: u32,
    /// When `next` is right.
    epoch: u64,
    /// Where the CPU went from here lately, the last one first.
    targets: [u64; 2],
    /// The blocks there.
    next: [Index; 2],
}

/// A block's place in the cache.
pub(crate) type Index = u32;

/// The place of the block that is none.
pub(crate) const NONE: Index = 0;

/// The address of no instruction.
const NOWHERE: u64 = u64::MAX;

impl Block {
    const NONE: Block = Block {
        start: NOWHERE,
        first: Cursor(std::ptr::null()),
        context: 0,
        page: 0,
        generation: 0,
        len: 0,
        epoch: 0,
        targets: [NOWHERE; 2],
        next: [NONE; 2],
    };

    /// Number of instructions.
    #[inline(always)]
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.len)
    }

    /// How many of its instructions completed before the CPU stopped.
    pub(crate) fn completed(&self, cpu: &Cpu) -> u64 {
        ((cpu.stopped_at - self.first.0 as usize) / size_of::<Op>()) as u64
    }
}

/// Addresses that the cache keeps apart.
const SETS: usize = 1 << 16;
/// Operations the arena holds before everything is forgotten: 4 MiB, of which only what is used
/// takes memory. With twice as many a boot of Linux, and its programs, are no faster.
const ARENA: usize = 256 * 1024;
/// The same for blocks.
const BLOCKS: usize = ARENA / 4;

/// The decoded code of one CPU.
pub(crate) struct Cache {
    /// The block that ran last, while none does.
    pub(crate) last: Index,
    blocks: Vec<Block>,
    /// The block of each address, if it is not another's that falls into the same set.
    sets: Box<[Index; SETS]>,
    /// Decoded operations. It never grows beyond its first capacity, so that they stay put.
    arena: Vec<Op>,
    /// The instruction that is traced, and the sentinel.
    traced: Box<[Op; 2]>,
}

// SAFETY: the cursors in `blocks` point into `arena`, whose operations move with them.
unsafe impl Send for Cache {}

impl Cache {
    /// A cache without blocks.
    #[cold]
    #[inline(never)]
    pub(crate) fn empty() -> Box<Cache> {
        let sets = vec![NONE; SETS].into_boxed_slice();
        let sets = sets.try_into().unwrap_or_else(|_| unreachable!("SETS indices"));
        let traced = Box::new([Op::new(sentinel, Word::new(0)); 2]);
        let mut blocks = Vec::with_capacity(BLOCKS);
        blocks.push(Block::NONE);
        Box::new(Cache { last: NONE, blocks, sets, arena: Vec::with_capacity(ARENA), traced })
    }

    /// The place of the block at NIP, which comes after the one at `last`; decoded if need be.
    /// `None` when NIP is not in RAM.
    #[inline(always)]
    pub(crate) fn next(&mut self, cpu: &mut Cpu, last: Index) -> Option<Index> {
        if cpu.has_changes() {
            cpu.follow_changes();
        }
        let pc = cpu.nip & cpu.pc_mask;
        let from = self.block(last);
        if from.epoch == cpu.mmu.epoch {
            if from.targets[0] == pc {
                return Some(from.next[0]);
            }
            if from.targets[1] == pc {
                return Some(from.next[1]);
            }
        }
        self.find(cpu, pc, last)
    }

    /// The block at a place that [`next`](Self::next) gave last.
    #[inline(always)]
    pub(crate) fn block(&self, at: Index) -> &Block {
        &self.blocks[at as usize]
    }

    /// Searches the block at `pc`, and notes that it came after the last one.
    #[inline(never)]
    fn find(&mut self, cpu: &mut Cpu, pc: u64, last: Index) -> Option<Index> {
        let set = (pc / 4) as usize % SETS;
        let block = &self.blocks[self.sets[set] as usize];
        let fresh = block.start == pc
            && block.context == cpu.mmu.fetch_context
            && block.generation == cpu.bus.generation(block.page as usize);
        if !fresh {
            self.renew(cpu, pc)?;
        }
        let found = self.sets[set];
        // If everything was forgotten meanwhile, another block is there, or none yet. That a block
        // is at `pc` is right from wherever the CPU came.
        if let Some(last) = self.blocks.get_mut(last as usize) {
            if last.epoch != cpu.mmu.epoch {
                (last.epoch, last.targets) = (cpu.mmu.epoch, [NOWHERE; 2]);
            }
            last.targets = [pc, last.targets[0]];
            last.next = [found, last.next[0]];
        }
        Some(found)
    }

    /// Makes the set of `pc` hold its block: the one that is there, if the context changed in
    /// nothing but what was forgotten and the code is still at the same place, else a newly
    /// decoded one.
    #[cold]
    #[inline(never)]
    fn renew(&mut self, cpu: &mut Cpu, pc: u64) -> Option<()> {
        let ra = cpu.fetch_address(pc)?;
        let block = &mut self.blocks[self.sets[(pc / 4) as usize % SETS] as usize];
        let page = block.page as usize;
        if block.start == pc
            && mmu::same_mode(block.context, cpu.mmu.fetch_context)
            && page as u64 == ra / PAGE
            && block.generation == cpu.bus.generation(page)
        {
            block.context = cpu.mmu.fetch_context;
            return Some(());
        }
        self.decode(cpu, pc, ra)
    }

    /// Forgets everything.
    fn clear(&mut self) {
        self.blocks.clear();
        self.blocks.push(Block::NONE);
        self.sets.fill(NONE);
        self.arena.clear();
    }

    fn decode(&mut self, cpu: &mut Cpu, pc: u64, ra: u64) -> Option<()> {
        if self.arena.len() + MAX + 1 > ARENA || self.blocks.len() == BLOCKS {
            self.clear();
        }
        let page = u32::try_from(ra / PAGE).ok()?;
        let generation = cpu.bus.generation(page as usize);
        let first = self.arena.len();
        let mut at = ra;
        let mut before = pairs::NONE;
        loop {
            let word = Word::new(cpu.fetch(at)?);
            let (run, kind, ends) = match isa::decode_for_pair(word) {
                Some((row, kind)) => (row.run_of(word), kind, row.form.ends_block),
                None => (without_row as Run, pairs::NONE, true),
            };
            self.arena.push(Op::new(run, word));
            before = self.join(before, kind);
            at = at.wrapping_add(4);
            if ends || at.is_multiple_of(PAGE) || self.arena.len() - first == MAX {
                break;
            }
        }
        let len = (self.arena.len() - first) as u32;
        self.arena.push(Op::new(sentinel, Word::new(0)));
        // SAFETY: `first` is an index of the arena; taking the pointer from the whole
        // allocation lets a cursor walk to the sentinel.
        let first = Cursor(unsafe { self.arena.as_ptr().add(first) });
        let context = cpu.mmu.fetch_context;
        self.sets[(pc / 4) as usize % SETS] = self.blocks.len() as Index;
        self.blocks.push(Block { start: pc, first, context, page, generation, len, ..Block::NONE });
        Some(())
    }

    /// Makes a pair of the last operation and the one before it, if there is a function for both.
    /// Returns what the last operation is to the next one.
    fn join(&mut self, before: Kind, last: Kind) -> Kind {
        match (pairs::run(before, last), self.arena.iter_mut().nth_back(1)) {
            (Some(run), Some(first)) => {
                first.run = run;
                pairs::NONE
            }
            _ => last,
        }
    }

    /// A block of the one instruction at NIP, for tracing; it is not found again.
    pub(crate) fn single(&mut self, cpu: &mut Cpu) -> Option<(Block, Word)> {
        let pc = cpu.nip & cpu.pc_mask;
        let ra = cpu.fetch_address(pc)?;
        let word = Word::new(cpu.fetch(ra)?);
        let run = isa::decode(word).map_or(without_row as Run, |row| row.run_of(word));
        self.traced[0] = Op::new(run, word);
        let first = Cursor(self.traced.as_ptr());
        Some((Block { start: pc, len: 1, first, ..Block::NONE }, word))
    }
}

/// Runs a block that the cache just gave.
#[inline(always)]
pub(crate) fn run(block: &Block, cpu: &mut Cpu) -> Stop {
    cpu.nip = block.start.wrapping_add(4 * block.len());
    (block.first.run())(cpu, block.first)
}

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
