// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Blocks: straight runs of decoded instructions.
//!
//! A block ends at an instruction that may change the next address or the context, or at a multiple of
//! [`translate::BLOCK`] bytes, wherever it began: so events are looked at after the same instructions by whatever way the CPU came. Each operation calls the next one in tail position, so that an
//! optimised build jumps from handler to handler. If the last instruction does not end the block, a sentinel follows it.
//!
//! Blocks are chained. A block that ends in a branch with a displacement keeps two successors and picks one by the branch's
//! outcome; a block that may go anywhere keeps its two most recent successors and compares addresses. So the way from block to
//! block, which code goes every five instructions or so, is a few comparisons and no search.
//!
//! A block is one piece of memory: head, operations, tail. The head is right before the first operation and the tail right
//! behind the last, so neither has to be loaded to be found: from block to block, one load waits for another.
//!
//! A chain ends when events are to be looked at. An unoptimised build has a frame for each operation, and looks at them
//! more often: see `run.rs`.
#![allow(unsafe_code)]

use crate::{
    Cpu,
    engine::translate,
    form::Then,
    interrupt::Stop,
    isa,
    storage::watch::CodeReader,
    word::{Packed, Word},
};
use std::{cell::Cell, ops::Range};

/// Most instructions in a block.
pub(crate) const MAX: usize = translate::BLOCK as usize / 4;

/// Runs one operation and those after it.
pub(crate) type OpFn = fn(&mut Cpu, Cursor, Count) -> Stop;

/// How many instructions completed before the block. Also in the CPU; but handed on in a register, as
/// loading what was just stored takes longer than most operations.
pub(super) type Count = u64;

/// A decoded instruction.
#[repr(C)]
pub(super) struct Op {
    run: Cell<OpFn>,
    word: Packed,
}

impl Op {
    pub(super) fn new(run: OpFn, word: Word) -> Op {
        Op { run: Cell::new(run), word: Packed::new(word) }
    }
}

/// The part right before the first operation of a block.
#[repr(C)]
pub(super) struct Head {
    pub(super) _unused: u64,
    /// The first operation's function, while another one stands there that enters translated code.
    pub(super) interpreted: Cell<Option<OpFn>>,
    /// Address of the translated code.
    pub(super) code: Cell<usize>,
    /// Its region.
    pub(super) region: Cell<u32>,
    /// How often the block was seen to run.
    pub(super) heat: Cell<u32>,
    /// Fetch context in which the block was found to be at `page`.
    pub(super) context: Cell<u64>,
    /// Generation of its page when its words were last read.
    pub(super) generation: Cell<u64>,
    /// Effective address behind the last instruction.
    pub(super) end: u64,
    /// Real page number of the code.
    pub(super) page: u32,
    /// Number of instructions.
    pub(super) len: u16,
    /// Number of operations.
    pub(super) ops: u16,
}

/// The part right behind the last operation.
#[repr(C)]
pub(super) struct Tail {
    /// When `next` is right.
    epoch: Cell<u64>,
    /// The blocks at `targets`, as far as they are known.
    next: [Cell<Place>; 2],
    /// The two addresses that may come next, or else the two most recent ones, the last
    /// one first.
    targets: [Cell<u64>; 2],
    /// Number of instructions.
    len: u32,
    /// The targets are the former.
    fork: bool,
}

/// The address of no instruction.
pub(super) const NOWHERE: u64 = u64::MAX;

/// The place among a fork's targets of the address behind the block.
const FELL_THROUGH: usize = 0;
/// That of its branch's target.
const JUMPED: usize = 1;

/// A place in a block. Only `Arena` makes one, of blocks that end in a tail.
#[derive(Clone, Copy)]
pub(crate) struct Cursor(*const Op);

impl Cursor {
    #[inline(always)]
    fn run(self) -> OpFn {
        // SAFETY: a cursor points to an operation of a live block; see `next`.
        unsafe { (*self.0).run.get() }
    }
    #[inline(always)]
    fn word(self) -> Word {
        // SAFETY: as in `run`.
        unsafe { &(*self.0).word }.word()
    }
    /// The next operation.
    #[inline(always)]
    fn next(self) -> Cursor {
        // SAFETY: called only after an operation that is not the last one, so there is another one
        // after it in the same allocation.
        Cursor(unsafe { self.0.add(1) })
    }
    /// The part behind the last operation, which this is.
    #[inline(always)]
    fn tail<'a>(self) -> &'a Tail {
        // SAFETY: called only by the last operation of a block: a sentinel, or one that is no
        // `Then::Next`. A tail follows it; as to how long it lives, see `Place`.
        unsafe { &*self.0.add(1).cast() }
    }
}

/// Runs one instruction, then what comes after it.
#[inline(always)]
fn step(
    cpu: &mut Cpu,
    at: Cursor,
    count: Count,
    does: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    then: impl FnOnce(&mut Cpu, Cursor, Count) -> Stop,
) -> Stop {
    match does(cpu, at.word()) {
        Ok(()) => then(cpu, at, count),
        Err(stop) => {
            cpu.stopped_at = at.0 as usize;
            stop
        }
    }
}

/// Runs one instruction, then what comes after it.
#[inline(always)]
pub(super) fn run_one(
    cpu: &mut Cpu,
    at: Cursor,
    count: Count,
    does: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    then: Then,
) -> Stop {
    step(cpu, at, count, does, |cpu, at, count| match then {
        Then::Next => {
            let next = at.next();
            (next.run())(cpu, next, count)
        }
        Then::Anything => leave(cpu, at, count, |tail, cpu| tail.next_at(cpu.nip & cpu.pc_mask)),
        // Not by a table: a conditional jump of the host is predicted early.
        Then::Fork(_) => match cpu.jumped {
            true => leave(cpu, at, count, |tail, _| tail.next[JUMPED].get()),
            false => leave(cpu, at, count, |tail, _| tail.next[FELL_THROUGH].get()),
        },
    })
}

/// Performs two instructions as [`run_one`] performs one. The first does not end the block.
#[inline(always)]
pub(super) fn run_two(
    cpu: &mut Cpu,
    at: Cursor,
    count: Count,
    first: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    second: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    then: Then,
) -> Stop {
    step(cpu, at, count, first, |cpu, at, count| run_one(cpu, at.next(), count, second, then))
}

/// Stands for the first operation of a block that is translated.
fn translated(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
    let head = Place(at.0).head();
    match head.interpreted.get() {
        // The interpreter counts the words of code.
        Some(interpreted) if cpu.monitoring => {
            cpu.settle();
            interpreted(cpu, at, count)
        }
        _ => translate::enter(cpu, head.code.get()),
    }
}

/// Ends a block whose last instruction does not.
pub(super) fn sentinel(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
    leave(cpu, at, count, |tail, _| tail.next[FELL_THROUGH].get())
}

/// The end of the block that runs: goes on in the next one, or back to the loop.
#[inline(always)]
fn leave(
    cpu: &mut Cpu,
    last: Cursor,
    count: Count,
    next: impl FnOnce(&Tail, &Cpu) -> Place,
) -> Stop {
    let tail = last.tail();
    let count = count + u64::from(tail.len);
    cpu.retired = count;
    if count >= cpu.look_at || cpu.has_changes() || tail.epoch.get() != cpu.mmu.epoch {
        return Stop::Next;
    }
    let next = next(tail, cpu);
    if next.is_none() { Stop::Next } else { next.run(cpu, count) }
}

/// Stands for a word that no row is: a facility that is off, or illegal.
pub(super) fn without_row(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
    run_one(cpu, at, count, |cpu, word| Err(isa::stop_without_row(cpu, word)), Then::Anything)
}

impl Tail {
    /// That of a block whose last instruction this is, and that ends at `end`.
    pub(super) fn new(len: u32, end: u64, last: Word, then: Then, pc_mask: u64) -> Tail {
        let jump = |displacement: fn(Word) -> u64| {
            let from = if last.aa() { 0 } else { end.wrapping_sub(4) };
            from.wrapping_add(displacement(last)) & pc_mask
        };
        let (fork, targets) = match then {
            Then::Anything => (false, [NOWHERE; 2]),
            Then::Next => (true, [end & pc_mask, NOWHERE]),
            Then::Fork(displacement) => (true, [end & pc_mask, jump(displacement)]),
        };
        let next = [const { Cell::new(Place::NONE) }; 2];
        Tail { epoch: Cell::new(0), next, targets: targets.map(Cell::new), len, fork }
    }

    /// The block at `pc`, if this tail has it in this epoch.
    #[inline(always)]
    fn next_at(&self, pc: u64) -> Place {
        if self.targets[0].get() == pc {
            return self.next[0].get();
        }
        if self.targets[1].get() == pc { self.next[1].get() } else { Place::NONE }
    }

    /// Notes that the block at `pc` came after this one.
    pub(super) fn note(&self, epoch: u64, pc: u64, next: Place) {
        if self.epoch.replace(epoch) != epoch {
            self.forget();
        }
        if !self.fork {
            self.targets[1].set(self.targets[0].replace(pc));
            self.next[1].set(self.next[0].replace(next));
            return;
        }
        // After an interrupt it is neither.
        for (target, known) in self.targets.iter().zip(&self.next) {
            if target.get() == pc {
                known.set(next);
            }
        }
    }

    pub(super) fn forget(&self) {
        self.next.iter().for_each(|next| next.set(Place::NONE));
    }
}

/// Where a block is: its first operation. Only `Arena` makes one.
///
/// While a CPU runs, its `running` and what tails keep for its epoch are places in its cache. Blocks stay
/// where they are until all of them are dropped; then `running` becomes the place of the empty block, which
/// always exists, and no tail is left but its own.
#[derive(Clone, Copy)]
pub(crate) struct Place(pub(super) *const Op);

// SAFETY: a place is used by the CPU that has the cache, and by that cache, which moves with it; an arena's slots
// stay where they are.
unsafe impl Send for Place {}

impl Place {
    /// Where no block is: of a CPU that does not run.
    pub(crate) const NONE: Place = Place(std::ptr::null());

    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self.0.is_null()
    }

    #[inline(always)]
    pub(super) fn head<'a>(self) -> &'a Head {
        // SAFETY: a head is right before each block's first operation; see `Place`.
        unsafe { &*self.0.cast::<Head>().sub(1) }
    }

    pub(super) fn tail<'a>(self) -> &'a Tail {
        let ops = self.head().ops as usize;
        // SAFETY: a tail is right behind each block's last operation; see `Place`.
        unsafe { &*self.0.add(ops).cast() }
    }

    /// Has translated code run in its place.
    pub(super) fn attach(self, (code, region): translate::Found) {
        let head = self.head();
        head.code.set(code);
        head.region.set(region);
        let first = Cursor(self.0);
        if head.interpreted.get().is_none() {
            head.interpreted.set(Some(first.run()));
            // SAFETY: as in `Cursor::run`; the function is in a cell.
            unsafe { (*self.0).run.set(translated) };
        }
    }

    /// The translated code that runs in its place.
    pub(super) fn translated_as(self) -> translate::Found {
        let head = self.head();
        (head.code.get(), head.region.get())
    }

    /// Has it translated when it runs next.
    pub(super) fn preheat(self, threshold: u32) {
        let heat = &self.head().heat;
        heat.set(heat.get().max(threshold));
    }

    /// True if translated code runs in its place.
    #[inline(always)]
    pub(super) fn is_translated(self) -> bool {
        self.head().interpreted.get().is_some()
    }

    /// Has it interpreted again.
    pub(super) fn detach(self, heat: u32) {
        let head = self.head();
        if let Some(interpreted) = head.interpreted.take() {
            // SAFETY: as in `attach`.
            unsafe { (*self.0).run.set(interpreted) };
        }
        head.heat.set(heat);
    }

    /// Effective address of the first instruction.
    pub(crate) fn start(self) -> u64 {
        self.head().start()
    }

    /// Number of instructions.
    #[inline(always)]
    pub(crate) fn len(self) -> u64 {
        u64::from(self.head().len)
    }

    /// The words of some of its instructions, up to its end.
    pub(crate) fn words(self, of: Range<u64>) -> impl Iterator<Item = Word> {
        // SAFETY: there are at least as many operations as instructions; see `Place`.
        (of.start..of.end.min(self.len()))
            .map(move |i| unsafe { (*self.0.add(i as usize)).word.word() })
    }

    /// How many of its instructions completed before the CPU stopped in it.
    pub(crate) fn completed(self, cpu: &Cpu) -> u64 {
        ((cpu.stopped_at - self.0 as usize) / size_of::<Op>()) as u64
    }

    /// True if the words at a real address, which become watched, are those that it was decoded from.
    pub(super) fn is_at(self, cpu: &mut Cpu, ra: u64) -> bool {
        let mut code = CodeReader::default();
        (0..self.len()).all(|i| {
            let at = ra.wrapping_add(4 * i);
            // SAFETY: an instruction of the block has an operation, also when it is the second of a pair.
            let op = unsafe { &*self.0.add(i as usize) };
            code.fetch(cpu, at) == Some(op.word.word().raw())
        })
    }

    /// The block at NIP, if this block has it as a successor.
    #[inline(always)]
    pub(super) fn next(self, cpu: &Cpu) -> Option<Place> {
        let tail = self.tail();
        if tail.epoch.get() != cpu.mmu.epoch {
            return None;
        }
        let next = tail.next_at(cpu.nip & cpu.pc_mask);
        (!next.is_none()).then_some(next)
    }

    /// Runs it, and those that come after it, until something is to be done.
    #[inline(always)]
    pub(crate) fn run(self, cpu: &mut Cpu, count: Count) -> Stop {
        cpu.running = self;
        cpu.nip = self.head().end;
        let first = Cursor(self.0);
        (first.run())(cpu, first, count)
    }
}

impl Head {
    pub(super) fn start(&self) -> u64 {
        self.end.wrapping_sub(4 * u64::from(self.len))
    }
}
