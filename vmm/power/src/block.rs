// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Blocks: straight runs of decoded instructions, and the cache that keeps them.
//!
//! A block ends at an instruction that may change what comes next, at the end of its page,
//! or at [`MAX`] instructions. Each operation calls the next one in tail position, so that an
//! optimised build jumps from handler to handler. The last one of a block, which is a sentinel if the
//! last instruction does not end it, goes on in the same way in the block that comes next, if
//! that one was there lately; a block remembers two. So the way from block to block, which code goes
//! every five instructions or so, is some comparisons and no search.
//!
//! It ends when events are to be looked at, so that an unoptimised build, which has a frame for
//! each operation, is not too deep in them: see `run.rs`.
#![allow(unsafe_code)]

use std::cell::Cell;

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
            return leave(cpu);
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
fn sentinel(cpu: &mut Cpu, _: Cursor) -> Stop {
    leave(cpu)
}

/// The end of the block that runs: goes on in the next one, or back to the loop.
#[inline(always)]
fn leave(cpu: &mut Cpu) -> Stop {
    let block = cpu.running.block();
    cpu.retired += block.len();
    if cpu.retired >= cpu.look_at || cpu.has_changes() {
        return Stop::Next;
    }
    match block.next(cpu) {
        Some(next) => next.run(cpu),
        None => Stop::Next,
    }
}

/// Stands for a word that no row is: a facility that is off, or illegal.
fn without_row(cpu: &mut Cpu, at: Cursor) -> Stop {
    run_one(cpu, at, |cpu, word| Err(isa::stop_without_row(cpu, word)), true)
}

/// A decoded block.
pub(crate) struct Block {
    /// When `next` is right.
    epoch: Cell<u64>,
    /// Where the CPU went from here lately, the last one first.
    targets: [Cell<u64>; 2],
    /// The blocks there.
    next: [Cell<Place>; 2],
    /// First operation, in the arena.
    first: Cursor,
    /// Effective address behind the last instruction.
    end: u64,
    /// Number of instructions.
    len: u32,
    /// Real page number of the code.
    page: u32,
    /// Generation of that page when it was decoded.
    generation: u32,
    /// Fetch context in which the block was found to be at `page`.
    context: Cell<u32>,
}

/// The address of no instruction.
const NOWHERE: u64 = u64::MAX;

impl Block {
    fn new(first: Cursor, start: u64, len: u32) -> Block {
        Block {
            epoch: Cell::new(0),
            targets: [const { Cell::new(NOWHERE) }; 2],
            next: [const { Cell::new(Place::NONE) }; 2],
            first,
            end: start.wrapping_add(4 * u64::from(len)),
            len,
            page: 0,
            generation: 0,
            context: Cell::new(0),
        }
    }

    /// Effective address of the first instruction.
    pub(crate) fn start(&self) -> u64 {
        self.end.wrapping_sub(4 * self.len())
    }

    /// Number of instructions.
    #[inline(always)]
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.len)
    }

    /// How many of its instructions completed before the CPU stopped in it.
    pub(crate) fn completed(&self, cpu: &Cpu) -> u64 {
        ((cpu.stopped_at - self.first.0 as usize) / size_of::<Op>()) as u64
    }

    /// The block at NIP, if it came after this one lately.
    #[inline(always)]
    fn next(&self, cpu: &Cpu) -> Option<Place> {
        if self.epoch.get() != cpu.mmu.epoch {
            return None;
        }
        let pc = cpu.nip & cpu.pc_mask;
        if self.targets[0].get() == pc {
            return Some(self.next[0].get());
        }
        (self.targets[1].get() == pc).then(|| self.next[1].get())
    }

    /// Notes that the block at `pc` came after this one.
    fn note(&self, epoch: u64, pc: u64, next: Place) {
        if self.epoch.replace(epoch) != epoch {
            self.targets[0].set(NOWHERE);
        }
        self.targets[1].set(self.targets[0].replace(pc));
        self.next[1].set(self.next[0].replace(next));
    }
}

/// Where a block is. Only `Cache` makes one.
#[derive(Clone, Copy)]
pub(crate) struct Place(*const Block);

// SAFETY: a place is used by the CPU that has the cache, which moves with it.
unsafe impl Send for Place {}

impl Place {
    /// Where no block is: of a CPU that does not run.
    pub(crate) const NONE: Place = Place(std::ptr::null());

    /// The block.
    #[inline(always)]
    pub(crate) fn block<'a>(self) -> &'a Block {
        // SAFETY: while a CPU runs, its `running` and what blocks keep for its epoch are places in its
        // cache. Blocks stay where they are until everything is forgotten; then `running` becomes
        // the place of the block that is none, which has always been there.
        unsafe { &*self.0 }
    }

    /// Runs it, and those that come after it, until something is to be done.
    #[inline(always)]
    pub(crate) fn run(self, cpu: &mut Cpu) -> Stop {
        let block = self.block();
        cpu.running = self;
        cpu.nip = block.end;
        (block.first.run())(cpu, block.first)
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
    last: Place,
    /// Never grows beyond its first capacity, so that blocks stay put. The first one is none.
    blocks: Vec<Block>,
    /// The block of each address, if it is not another's that falls into the same set: its place
    /// among the blocks.
    sets: Box<[u32; SETS]>,
    /// Decoded operations, which stay put as blocks do.
    arena: Vec<Op>,
    /// The instruction that is traced, and the sentinel.
    traced: Box<[Op; 2]>,
    /// Their block.
    traced_block: Box<Block>,
}

// SAFETY: the cursors in `blocks` point into `arena`, whose operations move with them.
unsafe impl Send for Cache {}

impl Cache {
    /// A cache without blocks.
    #[cold]
    #[inline(never)]
    pub(crate) fn empty() -> Box<Cache> {
        let sets = vec![0; SETS].into_boxed_slice();
        let none = || Block::new(Cursor(std::ptr::null()), NOWHERE, 0);
        let mut cache = Box::new(Cache {
            last: Place::NONE,
            blocks: Vec::with_capacity(BLOCKS),
            sets: sets.try_into().unwrap_or_else(|_| unreachable!("SETS indices")),
            arena: Vec::with_capacity(ARENA),
            traced: Box::new([Op::new(sentinel, Word::new(0)); 2]),
            traced_block: Box::new(none()),
        });
        cache.blocks.push(none());
        cache.last = cache.place(0);
        cache
    }

    /// Takes a CPU in, which then may run blocks.
    #[inline(always)]
    pub(crate) fn enter(&self, cpu: &mut Cpu) {
        cpu.running = self.last;
    }

    /// Lets it out.
    #[inline(always)]
    pub(crate) fn leave(&mut self, cpu: &mut Cpu) {
        self.last = std::mem::replace(&mut cpu.running, Place::NONE);
    }

    fn place(&self, index: u32) -> Place {
        Place(&self.blocks[index as usize])
    }

    /// The block at NIP, decoded if need be; `None` when NIP is not in RAM.
    #[inline(always)]
    pub(crate) fn find(&mut self, cpu: &mut Cpu) -> Option<Place> {
        if cpu.has_changes() {
            cpu.follow_changes();
        }
        match cpu.running.block().next(cpu) {
            Some(next) => Some(next),
            None => self.search(cpu),
        }
    }

    /// Searches it, and notes that it came after the one that ran last.
    #[inline(never)]
    fn search(&mut self, cpu: &mut Cpu) -> Option<Place> {
        let pc = cpu.nip & cpu.pc_mask;
        let set = (pc / 4) as usize % SETS;
        let block = &self.blocks[self.sets[set] as usize];
        let fresh = block.start() == pc
            && block.context.get() == cpu.mmu.fetch_context
            && block.generation == cpu.bus.generation(block.page as usize);
        if !fresh {
            self.renew(cpu, pc)?;
        }
        let found = self.place(self.sets[set]);
        cpu.running.block().note(cpu.mmu.epoch, pc, found);
        Some(found)
    }

    /// Makes the set of `pc` hold its block: the one that is there, if the context changed in
    /// nothing but what was forgotten and the code is still at the same place, else a newly
    /// decoded one.
    #[cold]
    #[inline(never)]
    fn renew(&mut self, cpu: &mut Cpu, pc: u64) -> Option<()> {
        let ra = cpu.fetch_address(pc)?;
        let block = &self.blocks[self.sets[(pc / 4) as usize % SETS] as usize];
        let page = block.page as usize;
        if block.start() == pc
            && mmu::same_mode(block.context.get(), cpu.mmu.fetch_context)
            && page as u64 == ra / PAGE
            && block.generation == cpu.bus.generation(page)
        {
            block.context.set(cpu.mmu.fetch_context);
            return Some(());
        }
        self.decode(cpu, pc, ra)
    }

    /// Forgets everything.
    fn clear(&mut self, cpu: &mut Cpu) {
        cpu.running = self.place(0);
        self.blocks.truncate(1);
        self.blocks[0].epoch.set(0);
        self.blocks[0].targets.iter().for_each(|target| target.set(NOWHERE));
        self.sets.fill(0);
        self.arena.clear();
    }

    fn decode(&mut self, cpu: &mut Cpu, pc: u64, ra: u64) -> Option<()> {
        if self.arena.len() + MAX + 1 > ARENA || self.blocks.len() == BLOCKS {
            self.clear(cpu);
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
        let context = Cell::new(cpu.mmu.fetch_context);
        self.sets[(pc / 4) as usize % SETS] = self.blocks.len() as u32;
        self.blocks.push(Block { page, generation, context, ..Block::new(first, pc, len) });
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

    /// A block of the one instruction at NIP, for tracing. It is not found again, and none comes
    /// after it.
    pub(crate) fn single(&mut self, cpu: &mut Cpu) -> Option<(Place, Word)> {
        let pc = cpu.nip & cpu.pc_mask;
        let ra = cpu.fetch_address(pc)?;
        let word = Word::new(cpu.fetch(ra)?);
        let run = isa::decode(word).map_or(without_row as Run, |row| row.run_of(word));
        self.traced[0] = Op::new(run, word);
        *self.traced_block = Block::new(Cursor(self.traced.as_ptr()), pc, 1);
        Some((Place(&*self.traced_block), word))
    }
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
