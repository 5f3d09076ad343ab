// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cache of blocks of one CPU.

use super::{
    arena::{Arena, LARGEST},
    block::Place,
    decode::Decoded,
};
use crate::{
    Cpu,
    storage::{mmu, tlb::PAGE},
    word::Word,
};

/// Addresses that the cache keeps apart.
const SETS: usize = 1 << 16;
/// Slots that are filled before everything is forgotten: 4 MiB, of which only what is used
/// takes memory. With twice as many a boot of Linux, and its programs, are no faster.
const ARENA: usize = 256 * 1024;

/// The decoded code of one CPU.
pub(crate) struct Cache {
    /// The block that ran last, while none does.
    last: Place,
    arena: Arena,
    /// The block of each address, if it is not another's that falls into the same set: where its
    /// head is. At 0 is the empty block.
    sets: Box<[u32; SETS]>,
    /// The instruction that is traced.
    traced: Arena,
    /// The block that is being decoded.
    decoded: Decoded,
}

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
        let none = cache.arena.add(&Decoded::none(), 0, 0, cpu);
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
        self.arena.clear_but_none();
        self.sets.fill(0);
    }

    /// A block of the one instruction at NIP, for tracing. It is not found again, and none comes
    /// after it.
    pub(crate) fn single(&mut self, cpu: &mut Cpu) -> Option<(Place, Word)> {
        let pc = cpu.nip & cpu.pc_mask;
        let ra = cpu.fetch_address(pc)?;
        let word = Word::new(cpu.fetch(ra)?);
        self.decoded.decode_one(pc, word);
        self.traced.clear();
        let head = self.traced.add(&self.decoded, 0, 0, cpu);
        Some((self.traced.place(head), word))
    }
}
