// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cache of blocks of one CPU.

use super::{
    arena::{Arena, LARGEST},
    block::Place,
    decode::Decoded,
};
use crate::{
    Cpu, Engine,
    engine::translate::{Found, HostCode, Refusal, Translator, has_memory},
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
    /// Code that runs often is translated.
    translates: bool,
    /// Its engine, from the first such code on.
    translator: Option<Box<Translator>>,
    /// Heat at which a block is translated; 0 for at once.
    threshold: u32,
}

/// The heat of a block that is not to be translated.
const NEVER: u32 = u32::MAX;
/// How often a block that others are linked to is searched before it is translated. Debian's boot and programs take as much
/// CPU time from 24 to 400, and 24 makes twice as much code as 96.
const THRESHOLD: u32 = 96;
/// The heat of a block that ran when events were looked at.
const SAMPLE: u32 = THRESHOLD / 2;

impl Cache {
    /// A cache without blocks.
    #[cold]
    #[inline(never)]
    pub(crate) fn empty(cpu: &Cpu) -> Box<Cache> {
        let sets = vec![0; SETS].into_boxed_slice();
        let engine = cpu.translated.engine;
        let mut cache = Box::new(Cache {
            last: Place::NONE,
            arena: Arena::new(ARENA),
            sets: sets.try_into().unwrap_or_else(|_| unreachable!("SETS indices")),
            traced: Arena::new(LARGEST),
            decoded: Decoded::default(),
            translates: engine != Engine::Interpreter && Engine::Translator.is_available(),
            translator: None,
            threshold: if engine == Engine::Translator { 0 } else { THRESHOLD },
        });
        let none = cache.arena.add(&Decoded::none(), 0, 0, cpu);
        cache.last = cache.arena.place(none);
        cache
    }

    /// Takes a CPU in, which then may run blocks.
    #[inline(always)]
    pub(crate) fn enter(&self, cpu: &mut Cpu) {
        if let Some(translator) = &self.translator {
            translator.enter(cpu);
        }
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
        let found = match cpu.running.next(cpu) {
            Some(next) => next,
            None => self.search(cpu)?,
        };
        let head = found.head();
        if head.interpreted.get().is_some()
            && let Some(translator) = &mut self.translator
        {
            translator.link(cpu, head.start(), found.translated_as());
        }
        Some(found)
    }

    /// Completes the state of a CPU that translated code has stopped.
    pub(crate) fn complete(&self, cpu: &mut Cpu) {
        if let Some(translator) = &self.translator {
            translator.complete(cpu);
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
        if self.translates {
            self.warm(cpu, self.of_set(set), 1);
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
            let same = head.generation.get() == generation;
            head.context.set(cpu.mmu.fetch_context);
            head.generation.set(kept);
            if !same && !self.is_current(cpu, block) {
                block.detach(0);
            }
            return Some(());
        }
        if !self.arena.has_room() {
            self.clear(cpu);
        }
        self.decoded.decode(cpu, pc, ra)?;
        self.sets[set] = self.arena.add(&self.decoded, page, kept, cpu) as u32;
        if kept != ram::UNSETTLED
            && let Some(translator) = &mut self.translator
            && let Some(Ok(found)) = translator.known(cpu, pc, ra)
        {
            self.of_set(set).attach(found);
        }
        Some(())
    }

    /// True unless the block is translated, and its region not as it was.
    fn is_current(&mut self, cpu: &mut Cpu, block: Place) -> bool {
        let Some(translator) = &mut self.translator else { return true };
        block.head().interpreted.get().is_none()
            || translator.is_current(cpu, block.head().region.get())
    }

    /// Notes that the block that ran last runs often.
    pub(crate) fn sample(&mut self, cpu: &mut Cpu) {
        if self.translates && cpu.running.len() > 0 {
            let head = cpu.running.head();
            let fresh = head.context.get() == cpu.mmu.fetch_context
                && head.generation.get() == cpu.bus.generation(u64::from(head.page) * PAGE);
            if fresh {
                self.warm(cpu, cpu.running, SAMPLE);
            }
        }
    }

    /// Warms a block up, and translates it when it is hot.
    fn warm(&mut self, cpu: &mut Cpu, block: Place, by: u32) {
        let head = block.head();
        let heat = head.heat.get();
        if heat == NEVER || head.interpreted.get().is_some() {
            return;
        }
        head.heat.set(heat.saturating_add(by).min(NEVER - 1));
        if head.heat.get() >= self.threshold && head.generation.get() != ram::UNSETTLED {
            self.translate(cpu, block);
        }
    }

    #[cold]
    #[inline(never)]
    fn translate(&mut self, cpu: &mut Cpu, block: Place) {
        if self.translator.is_none() && !has_memory() {
            return block.head().heat.set(0); // interpreted code needs none
        }
        let Some(mut translator) = self.take_translator(cpu) else { return };
        let (pc, page) = (block.start(), u64::from(block.head().page) * PAGE);
        let mut found = self.translated_at(&mut translator, cpu, pc, page + pc % PAGE);
        if found == Err(Refusal::Full) {
            self.begin_segment(&mut translator, cpu);
            found = self.translated_at(&mut translator, cpu, pc, page + pc % PAGE);
        }
        match found {
            Ok(found) => block.attach(found),
            Err(Refusal::Now) => block.head().heat.set(0),
            Err(Refusal::Full | Refusal::Always) => block.head().heat.set(NEVER),
        }
        self.translator = Some(translator);
    }

    /// Code for a block: that of a region which has it, or a new one's.
    fn translated_at(
        &self,
        translator: &mut Translator,
        cpu: &mut Cpu,
        pc: u64,
        ra: u64,
    ) -> Result<Found, Refusal> {
        if let Some(known) = translator.known(cpu, pc, ra) {
            return known;
        }
        let all = self.threshold == 0;
        let found = translator.translate(cpu, pc, ra, |cpu, ea| all || self.has_block(cpu, ea))?;
        // The other blocks of the region have its code as soon as they run.
        let others = translator.pieces(found.1).filter(|ea| self.has_block(cpu, *ea));
        others.for_each(|ea| self.block_at(ea).preheat(self.threshold));
        Ok(found)
    }

    /// Has a segment of code memory filled again. Blocks whose code was there are interpreted, until they run again if their
    /// region is hot.
    fn begin_segment(&self, translator: &mut Translator, cpu: &mut Cpu) {
        for block in (0..SETS).map(|set| self.of_set(set)).filter(|block| block.is_translated()) {
            let (_, number) = block.translated_as();
            if translator.is_oldest(number) {
                block.detach(if translator.is_hot(number) { self.threshold } else { 0 });
            }
        }
        translator.begin_segment(cpu);
    }

    /// The translator, which is made when it is first needed.
    fn take_translator(&mut self, cpu: &mut Cpu) -> Option<Box<Translator>> {
        let translator = self.translator.take().or_else(|| {
            let new = Translator::new(cpu).map(Box::new);
            new.iter().for_each(|new| new.enter(cpu));
            new
        });
        self.translates = translator.is_some();
        translator
    }

    /// The block of the set of an address.
    fn block_at(&self, ea: u64) -> Place {
        self.of_set((ea / 4) as usize % SETS)
    }

    /// True if the block at an address was decoded in the context in force.
    fn has_block(&self, cpu: &Cpu, ea: u64) -> bool {
        let head = self.block_at(ea).head();
        head.start() == ea && head.context.get() == cpu.mmu.fetch_context
    }

    /// The host's code of each region that is translated.
    pub(crate) fn translated_code(&self) -> Vec<HostCode> {
        self.translator.iter().flat_map(|translator| translator.code()).collect()
    }

    /// Forgets all blocks, and no translated code.
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
