// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Blocks: straight runs of decoded instructions, and the cache that keeps them.
//!
//! A block ends at an instruction that may change what comes next, at the end of its page,
//! or at [`MAX`] instructions. Each operation calls the next one in tail position, so that an
//! optimised build jumps from handler to handler. The last one of a block, which is a sentinel if the
//! last instruction does not end it, goes on in the same way in the block that comes next, if
//! that one was there lately. A block remembers two: where its branch with a displacement goes to if it
//! is taken and if not, or else where the CPU went from here lately. So the way from block to
//! block, which code goes every five instructions or so, is some comparisons and no search.
//!
//! A block is in one piece: head, operations, tail. What is wanted at its start lies right before the
//! first operation, what is wanted at its end right behind the last, and so nothing has to be fetched to
//! find it: from block to block, one load waits for another.
//!
//! It ends when events are to be looked at, so that an unoptimised build, which has a frame for
//! each operation, is not too deep in them: see `run.rs`.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ops::Range;

use crate::{
    Cpu,
    form::Then,
    interrupt::Stop,
    isa::{
        self,
        pairs::{self, Kind},
    },
    mem::PAGE,
    mmu, pmu,
    word::{Packed, Word},
};

/// Most instructions in a block.
pub const MAX: usize = 64;

/// Runs one operation and those after it.
pub type Run = fn(&mut Cpu, Cursor, Count) -> Stop;

/// How many instructions completed before the block. Also in the CPU; but handed on in a register, as
/// loading what was just stored takes longer than most operations.
type Count = u64;

/// A decoded instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Op {
    run: Run,
    word: Packed,
}

/// What is right before the first operation of a block.
#[repr(C)]
struct Head {
    /// Fetch context in which the block was found to be at `page`.
    context: Cell<u64>,
    /// Generation of its page when its words were last read.
    generation: Cell<u64>,
    /// Effective address behind the last instruction.
    end: u64,
    /// Real page number of the code.
    page: u32,
    /// Number of instructions.
    len: u16,
    /// Number of operations.
    ops: u16,
}

/// What is right behind the last one.
#[repr(C)]
struct Tail {
    /// When `next` is right.
    epoch: Cell<u64>,
    /// The blocks at `targets`, as far as they are known.
    next: [Cell<Place>; 2],
    /// The two addresses that may come next, or else where the CPU went from here lately, the last
    /// one first.
    targets: [Cell<u64>; 2],
    /// Number of instructions.
    len: u32,
    /// The targets are the former.
    fork: bool,
}

/// The address of no instruction.
const NOWHERE: u64 = u64::MAX;

/// The place among a fork's targets of the address behind the block.
const FELL_THROUGH: usize = 0;
/// That of its branch's target.
const JUMPED: usize = 1;

/// A place in a block. Only `Arena` makes one, of blocks that end in a tail.
#[derive(Clone, Copy)]
pub struct Cursor(*const Op);

impl Cursor {
    #[inline(always)]
    fn run(self) -> Run {
        // SAFETY: a cursor points to an operation of a live block; see `next`.
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
        // SAFETY: called only after an operation that is not the last one, so there is another one
        // after it in the same allocation.
        Cursor(unsafe { self.0.add(1) })
    }
    /// What is behind the last operation, which this is.
    #[inline(always)]
    fn tail<'a>(self) -> &'a Tail {
        // SAFETY: called only by the last operation of a block: a sentinel, or one that is no
        // `Then::Next`. A tail follows it; as to how long it lives, see `Place`.
        unsafe { &*self.0.add(1).cast() }
    }
}

/// Runs one instruction, then what comes after it.
#[inline(always)]
pub(crate) fn step(
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
pub(crate) fn run_one(
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

/// The same for two instructions, of which the first does not end the block.
#[inline(always)]
pub(crate) fn run_two(
    cpu: &mut Cpu,
    at: Cursor,
    count: Count,
    first: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    second: impl FnOnce(&mut Cpu, Word) -> Result<(), Stop>,
    then: Then,
) -> Stop {
    step(cpu, at, count, first, |cpu, at, count| run_one(cpu, at.next(), count, second, then))
}

/// Ends a block whose last instruction does not.
fn sentinel(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
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
fn without_row(cpu: &mut Cpu, at: Cursor, count: Count) -> Stop {
    run_one(cpu, at, count, |cpu, word| Err(isa::stop_without_row(cpu, word)), Then::Anything)
}

impl Tail {
    /// That of a block whose last instruction this is, and that ends at `end`.
    fn new(len: u32, end: u64, last: Word, then: Then, pc_mask: u64) -> Tail {
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

    /// The block at `pc`, if it came after this one lately, in this epoch.
    #[inline(always)]
    fn next_at(&self, pc: u64) -> Place {
        if self.targets[0].get() == pc {
            return self.next[0].get();
        }
        if self.targets[1].get() == pc { self.next[1].get() } else { Place::NONE }
    }

    /// Notes that the block at `pc` came after this one.
    fn note(&self, epoch: u64, pc: u64, next: Place) {
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

    fn forget(&self) {
        self.next.iter().for_each(|next| next.set(Place::NONE));
    }
}

/// Where a block is: its first operation. Only `Arena` makes one.
///
/// While a CPU runs, its `running` and what tails keep for its epoch are places in its cache. Blocks stay
/// where they are until everything is forgotten; then `running` becomes the place of the block that is
/// none, which has always been there, and no tail is left but its own.
#[derive(Clone, Copy)]
pub(crate) struct Place(*const Op);

// SAFETY: a place is used by the CPU that has the cache, which moves with it.
unsafe impl Send for Place {}

impl Place {
    /// Where no block is: of a CPU that does not run.
    pub(crate) const NONE: Place = Place(std::ptr::null());

    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self.0.is_null()
    }

    #[inline(always)]
    fn head<'a>(self) -> &'a Head {
        // SAFETY: a head is right before each block's first operation; see `Place`.
        unsafe { &*self.0.cast::<Head>().sub(1) }
    }

    fn tail<'a>(self) -> &'a Tail {
        let ops = self.head().ops as usize;
        // SAFETY: a tail is right behind each block's last operation; see `Place`.
        unsafe { &*self.0.add(ops).cast() }
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

    /// The words of some of its instructions, as far as there are so many.
    pub(crate) fn words(self, of: Range<u64>) -> impl Iterator<Item = Word> {
        // SAFETY: there are at least as many operations as instructions; see `Place`.
        (of.start..of.end.min(self.len()))
            .map(move |i| unsafe { (*self.0.add(i as usize)).word.word() })
    }

    /// How many of its instructions completed before the CPU stopped in it.
    pub(crate) fn completed(self, cpu: &Cpu) -> u64 {
        ((cpu.stopped_at - self.0 as usize) / size_of::<Op>()) as u64
    }

    /// Whether the words at a real address, which become watched, are those that it was decoded from.
    fn is_at(self, cpu: &mut Cpu, ra: u64) -> bool {
        (0..self.len()).all(|i| {
            let at = ra.wrapping_add(4 * i);
            if i == 0 || at.is_multiple_of(ram::LINE as u64) {
                cpu.watch_code(at);
            }
            // SAFETY: an instruction of the block has an operation, also when it is the second of a pair.
            let op = unsafe { &*self.0.add(i as usize) };
            cpu.fetch(at) == Some(op.word.word().raw())
        })
    }

    /// The block at NIP, if it came after this one lately.
    #[inline(always)]
    fn next(self, cpu: &Cpu) -> Option<Place> {
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
    fn start(&self) -> u64 {
        self.end.wrapping_sub(4 * u64::from(self.len))
    }
}

/// What an arena is made of: the size of an operation.
type Slot = u128;

/// Where blocks are: in the capacity of a vector that never grows, so that they stay put.
struct Arena {
    slots: Vec<Slot>,
    used: usize,
}

/// A number of slots.
const fn slots<T>() -> usize {
    assert!(
        size_of::<T>().is_multiple_of(size_of::<Slot>()) && align_of::<T>() <= align_of::<Slot>()
    );
    size_of::<T>() / size_of::<Slot>()
}

impl Arena {
    /// With room for so many slots; those that are not used take no memory.
    fn new(room: usize) -> Arena {
        Arena { slots: Vec::with_capacity(room), used: 0 }
    }

    /// Whether there is room for the largest block.
    fn has_room(&self) -> bool {
        self.slots.capacity() - self.used >= LARGEST
    }

    fn push<T>(&mut self, value: T) {
        let at = self.used;
        self.used += const { slots::<T>() };
        assert!(self.used <= self.slots.capacity());
        // SAFETY: these slots are in the vector's capacity, and as large and as much aligned as a `T`.
        unsafe { self.slots.as_mut_ptr().add(at).cast::<T>().write(value) };
    }

    /// The block whose head is there.
    fn place(&self, head: usize) -> Place {
        let first = head + const { slots::<Head>() };
        assert!(first < self.used);
        // SAFETY: in the capacity. The pointer is to all of it, and so one can walk from head to tail.
        Place(unsafe { self.slots.as_ptr().add(first) }.cast())
    }

    /// Puts a block here, and says where its head is.
    fn add(&mut self, block: &Decoded, page: u32, generation: u64, cpu: &Cpu) -> usize {
        let at = self.used;
        let (len, last) = (block.ops.len() as u16, block.ops.last()); // at most MAX
        let (word, then) =
            last.map_or((Word::new(0), Then::Anything), |last| (last.word, last.then));
        let falls_through = matches!(then, Then::Next);
        let end = block.start.wrapping_add(4 * u64::from(len));
        let context = Cell::new(cpu.mmu.fetch_context);
        let ops = len + u16::from(falls_through);
        let generation = Cell::new(generation);
        self.push(Head { context, page, generation, end, len, ops });
        for op in &block.ops {
            self.push(Op { run: op.run, word: Packed::new(op.word) });
        }
        if falls_through {
            self.push(Op { run: sentinel, word: Packed::new(word) });
        }
        self.push(Tail::new(len.into(), end, word, then, cpu.pc_mask));
        at
    }
}

/// The largest block: that many instructions, and a sentinel.
const LARGEST: usize = slots::<Head>() + MAX + 1 + slots::<Tail>();

/// Addresses that the cache keeps apart.
const SETS: usize = 1 << 16;
/// Slots that are filled before everything is forgotten: 4 MiB, of which only what is used
/// takes memory. With twice as many a boot of Linux, and its programs, are no faster.
const ARENA: usize = 256 * 1024;

/// An instruction that was decoded.
struct Insn {
    run: Run,
    kind: Kind,
    word: Word,
    then: Then,
}

impl Insn {
    fn new(word: Word) -> Insn {
        let (run, kind, then) = match isa::decode_for_pair(word) {
            Some((row, kind)) => (row.run_of(word), kind, row.form.then),
            None => (without_row as Run, pairs::NONE, Then::Anything),
        };
        Insn { run, kind, word, then }
    }

    fn for_pair(&self) -> (Kind, Word) {
        (self.kind, self.word)
    }
}

/// A block that was decoded.
#[derive(Default)]
struct Decoded {
    /// Effective address of the first instruction.
    start: u64,
    ops: Vec<Insn>,
}

impl Decoded {
    /// Decodes what is at `start`, whose real address is `ra`.
    fn decode(&mut self, cpu: &mut Cpu, start: u64, ra: u64) -> Option<()> {
        self.start = start;
        self.ops.clear();
        let mut at = ra;
        cpu.watch_code(at);
        loop {
            let insn = Insn::new(Word::new(cpu.fetch(at)?));
            let ends = !matches!(insn.then, Then::Next) || pmu::looks_at_counts(insn.word);
            self.ops.push(insn);
            at = at.wrapping_add(4);
            if ends || at.is_multiple_of(PAGE) || self.ops.len() == MAX {
                break;
            }
            if at.is_multiple_of(ram::LINE as u64) {
                cpu.watch_code(at);
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

/// The decoded code of one CPU.
pub(crate) struct Cache {
    /// The block that ran last, while none does.
    last: Place,
    arena: Arena,
    /// The block of each address, if it is not another's that falls into the same set: where its
    /// head is. At 0 is the one that is none.
    sets: Box<[u32; SETS]>,
    /// The instruction that is traced.
    traced: Arena,
    /// What is being decoded.
    decoded: Decoded,
}

// SAFETY: places in `arena` and `traced` stay right when those move, and are used by nobody else.
unsafe impl Send for Cache {}

impl Cache {
    /// A cache without blocks.
    #[cold]
    #[inline(never)]
    pub(crate) fn empty(cpu: &Cpu) -> Box<Cache> {
        let sets = vec![0; SETS].into_boxed_slice();
        let mut cache = Box::new(Cache {
            last: Place::NONE,
            arena: Arena::new(ARENA),
            sets: sets.try_into().unwrap_or_else(|_| unreachable!("SETS indices")),
            traced: Arena::new(LARGEST),
            decoded: Decoded::default(),
        });
        let none = Decoded { start: NOWHERE, ops: Vec::new() };
        let none = cache.arena.add(&none, 0, 0, cpu);
        cache.last = cache.arena.place(none);
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

    /// The block of this set.
    fn of_set(&self, set: usize) -> Place {
        self.arena.place(self.sets[set] as usize)
    }

    /// The block at NIP, decoded if need be; `None` when NIP is not in RAM.
    #[inline(always)]
    pub(crate) fn find(&mut self, cpu: &mut Cpu) -> Option<Place> {
        if cpu.has_changes() {
            cpu.follow_changes();
        }
        match cpu.running.next(cpu) {
            Some(next) => Some(next),
            None => self.search(cpu),
        }
    }

    /// Searches it, and notes that it came after the one that ran last.
    #[inline(never)]
    fn search(&mut self, cpu: &mut Cpu) -> Option<Place> {
        let pc = cpu.nip & cpu.pc_mask;
        let set = (pc / 4) as usize % SETS;
        let head = self.of_set(set).head();
        let fresh = head.start() == pc
            && head.context.get() == cpu.mmu.fetch_context
            && head.generation.get() == cpu.bus.generation(u64::from(head.page) * PAGE);
        if !fresh {
            self.renew(cpu, pc, set)?;
        }
        let found = self.of_set(set);
        if found.head().generation.get() != ram::UNSETTLED {
            cpu.running.tail().note(cpu.mmu.epoch, pc, found);
        }
        Some(found)
    }

    /// Makes the set of `pc` hold its block: the one that is there, if the context changed in
    /// nothing but what was forgotten and the same words are still at the same place, else a newly
    /// decoded one.
    #[cold]
    #[inline(never)]
    fn renew(&mut self, cpu: &mut Cpu, pc: u64, set: usize) -> Option<()> {
        let ra = cpu.fetch_address(pc)?;
        let page = u32::try_from(ra / PAGE).ok()?;
        // Before marks are made and words are read: see `ram::CodeWatch`.
        let generation = cpu.bus.generation(ra);
        let kept = if ram::is_settled(generation) { generation } else { ram::UNSETTLED };
        let block = self.of_set(set);
        let head = block.head();
        if head.start() == pc
            && mmu::same_mode(head.context.get(), cpu.mmu.fetch_context)
            && head.page == page
            && (head.generation.get() == generation || block.is_at(cpu, ra))
        {
            head.context.set(cpu.mmu.fetch_context);
            head.generation.set(kept);
            return Some(());
        }
        if !self.arena.has_room() {
            self.clear(cpu);
        }
        self.decoded.decode(cpu, pc, ra)?;
        self.sets[set] = self.arena.add(&self.decoded, page, kept, cpu) as u32;
        Some(())
    }

    /// Forgets everything.
    fn clear(&mut self, cpu: &mut Cpu) {
        let none = self.arena.place(0);
        none.tail().forget();
        cpu.running = none;
        self.arena.used = const { slots::<Head>() + slots::<Tail>() };
        self.sets.fill(0);
    }

    /// A block of the one instruction at NIP, for tracing. It is not found again, and none comes
    /// after it.
    pub(crate) fn single(&mut self, cpu: &mut Cpu) -> Option<(Place, Word)> {
        let pc = cpu.nip & cpu.pc_mask;
        let ra = cpu.fetch_address(pc)?;
        let word = Word::new(cpu.fetch(ra)?);
        self.decoded.start = pc;
        self.decoded.ops.clear();
        self.decoded.ops.push(Insn::new(word));
        self.traced.used = 0;
        let head = self.traced.add(&self.decoded, 0, 0, cpu);
        Some((self.traced.place(head), word))
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
