// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The translated code of one CPU.
#![allow(unsafe_code)]

use super::{
    CODE_MEMORY, Found, HostCode, Refusal, TRANSLATED,
    compile::{LINK, Rows},
    emit::{Emitter, Layout, Mode, Site},
    has_memory,
    host::{Frame, Host, Jumps, TlbShape},
    memory::CodeMemory,
    region::{self, Places, Region},
    thunks,
    values::{CTR, GUESTS, Guest, LR},
    x86_64::X86_64,
};
use crate::{
    Cpu,
    interrupt::Stop,
    state::{facility::Vectors, usage::thread_time},
    storage::{
        tlb::{self, PAGE, TLB, Tlb},
        watch::CodeReader,
    },
    word::Word,
};
use std::{
    collections::{HashMap, hash_map::Entry},
    mem::offset_of,
    ops::Range,
};

/// Parts of code memory that are emptied as one.
const SEGMENTS: usize = 8;
/// Most links of a region.
const LINKS: usize = 1024;
/// log2 of the entries of the table of jumps.
const JUMPS: u32 = 12;
/// Bytes of an entry.
const JUMP: usize = 32;
/// Bytes that all regions share: the prelude, and the table of jumps.
const SHARED: usize = (JUMP << JUMPS) + (64 << 10);
/// The epoch of no link.
const NO_EPOCH: u64 = u64::MAX;

/// A region that was translated.
struct Translated {
    /// Effective and real address of its page.
    page: (u64, u64),
    /// The page's generation when its words were last found to be the region's.
    generation: u64,
    /// The mode of its context.
    mode: u64,
    /// Effective address of the instruction for which it was translated.
    start: u64,
    /// The offsets of its code, with the first entry.
    code: Range<usize>,
    words: Vec<(u16, u32)>,
    pieces: Vec<Piece>,
    /// Its guest registers that are pinned.
    pinned: Box<[Guest]>,
    /// Calls of helpers that may stop.
    sites: Box<[Site]>,
    /// How many segments had been begun when it was last entered by what has no link to it.
    used: u64,
}

/// A piece of a region that was translated.
struct Piece {
    /// Its place in the page.
    first: u16,
    /// The offset of its code.
    code: usize,
    /// The guest registers that it needs; `None` if only the piece before goes to it.
    live: Option<u64>,
    /// The offset of the entry, once it has one.
    entry: Option<usize>,
}

/// The translated code of one CPU.
///
/// Code memory has segments, which are filled one after the other. When the last one is full, the first is emptied and
/// filled again. Each new segment begins an epoch, so that no link leads into the old one, and all code that runs is looked for
/// again, which marks its region. So a region of the segment that is emptied is hot if it was marked since the segment before
/// was begun. Its blocks are translated again as soon as they run.
pub(crate) struct Translator {
    memory: CodeMemory,
    /// Address of the code that enters other code.
    enter: usize,
    emitter: Emitter<X86_64>,
    rows: Rows<X86_64>,
    /// The region that is being translated.
    region: Region,
    /// Bytes of a segment.
    segment: usize,
    /// The regions of each segment. Region n is in segment n % `SEGMENTS`.
    regions: [Vec<Translated>; SEGMENTS],
    /// How many segments have been begun. The last one is being filled.
    begun: u64,
    /// Pages by effective and real address.
    by_page: HashMap<(u64, u64), Page>,
}

/// The regions of a page.
#[derive(Default)]
struct Page {
    /// Their numbers, the newest last.
    regions: Vec<u32>,
    /// The places at which one of them has, or has had, a piece.
    places: Places,
}

impl Translator {
    /// The translator of a CPU; `None` if the host lacks what it needs.
    pub(crate) fn new(cpu: &Cpu) -> Option<Translator> {
        let segment = cpu.translated.code_memory.unwrap_or(CODE_MEMORY) / SEGMENTS;
        let segment = segment & !(JUMP - 1);
        let mut memory = match CodeMemory::new(SHARED + segment * SEGMENTS) {
            Ok(memory) => memory,
            Err(error) => {
                log::warn!("guest code is interpreted: no memory for translated code: {error}");
                return None;
            }
        };
        memory.open(0..SHARED);
        let layout = layout();
        let mut host = X86_64::new(layout.guests[0]);
        host.begin();
        let prelude = host.prelude(layout.frame, &thunks::helpers());
        host.finish();
        let at = memory.push(host.code())?;
        let jumps = memory.push_data((JUMP / 8) << JUMPS)?;
        let enter = memory.address(at + prelude.enter);
        let mut translator = Translator {
            memory,
            enter,
            emitter: Emitter::new(host, layout, &prelude, Jumps { at: jumps, bits: JUMPS }),
            rows: Rows::new(),
            region: Region::new(),
            segment,
            regions: Default::default(),
            begun: 0,
            by_page: HashMap::new(),
        };
        for i in 0..1 << JUMPS {
            translator.memory.write(jumps + JUMP * i + 8, NO_EPOCH);
        }
        translator.open_segment();
        Some(translator)
    }

    /// Has a CPU enter this code.
    #[inline(always)]
    pub(crate) fn enter(&self, cpu: &mut Cpu) {
        cpu.translated.enter = self.enter;
    }

    /// The segment that is being filled.
    fn filling(&self) -> usize {
        (self.begun % SEGMENTS as u64) as usize
    }

    /// How many helpers the code for an instruction calls: see [`Emitter::calls_of`].
    pub(crate) fn calls_of(&mut self, word: Word) -> Option<u32> {
        self.emitter.calls_of(&self.rows, word)
    }

    fn open_segment(&mut self) {
        let start = SHARED + self.segment * self.filling();
        self.memory.open(start..start + self.segment);
    }

    /// True if the next segment to be emptied has a region.
    pub(crate) fn is_oldest(&self, number: u32) -> bool {
        number as usize % SEGMENTS == (self.filling() + 1) % SEGMENTS
    }

    /// True if a region was entered since the segment that is being filled was begun.
    pub(crate) fn is_hot(&self, number: u32) -> bool {
        self.region(number).used == self.begun
    }

    /// Empties the oldest segment, and fills it from now on. No code is running, and no block has code of it.
    pub(crate) fn begin_segment(&mut self, cpu: &mut Cpu) {
        self.begun += 1;
        let filling = self.filling();
        for region in &self.regions[filling] {
            if let Entry::Occupied(mut page) = self.by_page.entry(region.page) {
                page.get_mut().regions.retain(|number| *number as usize % SEGMENTS != filling);
                if page.get().regions.is_empty() {
                    page.remove();
                }
            }
        }
        cpu.translated.counts.dropped += self.regions[filling].len() as u64;
        self.regions[filling].clear();
        self.open_segment();
        cpu.translated.link = 0;
        cpu.begin_epoch(); // ends all links
    }

    fn region(&self, number: u32) -> &Translated {
        &self.regions[number as usize % SEGMENTS][number as usize / SEGMENTS]
    }

    fn region_mut(&mut self, number: u32) -> &mut Translated {
        &mut self.regions[number as usize % SEGMENTS][number as usize / SEGMENTS]
    }

    /// Has the code of the block at `pc` be found by what leaves to it, for as long as this epoch lasts.
    #[inline]
    pub(crate) fn link(&mut self, cpu: &mut Cpu, pc: u64, (code, number): Found) {
        let begun = self.begun;
        self.region_mut(number).used = begun;
        let epoch = cpu.mmu.epoch;
        let jump = self.emitter.jumps.at + JUMP * ((pc / 4) as usize & ((1 << JUMPS) - 1));
        self.memory.write(jump, pc);
        self.memory.write(jump + 8, epoch);
        self.memory.write(jump + 16, code as u64);
        let link = std::mem::take(&mut cpu.translated.link) as usize;
        // An interrupt may have come in between.
        if link != 0 && self.memory.read(link + 16) == [pc] {
            self.memory.write(link, epoch);
            self.memory.write(link + 8, code as u64);
        }
    }

    /// Code for the block at `pc`, whose real address is `ra`, in the mode in force, if a region has that block. A piece
    /// that only the piece before goes to stays interpreted when something else does.
    pub(crate) fn known(
        &mut self,
        cpu: &mut Cpu,
        pc: u64,
        ra: u64,
    ) -> Option<Result<Found, Refusal>> {
        let (number, piece) = self.region_with(cpu, pc, ra)?;
        Some(self.entry(number, piece).map(|entry| (entry, number)))
    }

    /// The newest region that has a block, and the piece that begins there. Regions whose words have changed are no
    /// longer found.
    fn region_with(&mut self, cpu: &mut Cpu, pc: u64, ra: u64) -> Option<(u32, usize)> {
        let at = (pc & !(PAGE - 1), ra & !(PAGE - 1));
        let slot = (pc % PAGE / 4) as u16;
        let page = self.by_page.get(&at).filter(|page| page.places.has(slot.into()))?;
        let (mut i, mode) = (page.regions.len(), mode_of(cpu));
        while i > 0 {
            i -= 1;
            let number = self.by_page[&at].regions[i];
            let region = self.region(number);
            let piece = region.pieces.binary_search_by_key(&slot, |piece| piece.first);
            if let Ok(piece) = piece
                && region.mode == mode
            {
                if self.is_current(cpu, number) {
                    return Some((number, piece));
                }
                self.by_page.entry(at).or_default().regions.remove(i);
            }
        }
        None
    }

    /// The code of each region.
    pub(crate) fn code(&self) -> impl Iterator<Item = HostCode> {
        let segments = (1..=SEGMENTS).map(|n| (self.filling() + n) % SEGMENTS);
        segments.flat_map(|segment| &self.regions[segment]).map(|region| HostCode {
            host: self.memory.address(region.code.start),
            bytes: region.code.len(),
            ea: region.start,
            ra: region.page.1 + region.start % PAGE,
        })
    }

    /// The addresses of a region's pieces.
    pub(crate) fn pieces(&self, number: u32) -> impl Iterator<Item = u64> {
        let region = self.region(number);
        region.pieces.iter().map(|piece| region.page.0 + 4 * u64::from(piece.first))
    }

    /// True if a region's words, which become watched, are still those that it was translated from.
    pub(crate) fn is_current(&mut self, cpu: &mut Cpu, number: u32) -> bool {
        let region = self.region_mut(number);
        let (_, real) = region.page;
        let generation = cpu.bus.generation(real);
        if generation == region.generation {
            return true;
        }
        let mut code = CodeReader::default();
        let mut words = region.words.iter();
        let same =
            words.all(|&(slot, word)| code.fetch(cpu, real + 4 * u64::from(slot)) == Some(word));
        if same && ram::is_settled(generation) {
            region.generation = generation;
        }
        same
    }

    /// Completes the state of a CPU if a helper of translated code has just stopped it: pinned registers, the count of
    /// instructions, the address of the one that stops.
    pub(crate) fn complete(&self, cpu: &mut Cpu) {
        let behind = std::mem::take(&mut cpu.translated.behind) as usize;
        if behind == 0 {
            return; // the code has done all of that
        }
        let offset = self.memory.offset(behind);
        let regions = &self.regions[(offset - SHARED) / self.segment];
        let region = &regions[regions.partition_point(|region| region.code.start < offset) - 1];
        let behind = (offset - region.code.start) as u32;
        let sites = &region.sites;
        let site = sites[sites.partition_point(|site| site.behind < behind)];
        for (i, &g) in region.pinned.iter().enumerate().filter(|(i, _)| site.dirty >> i & 1 != 0) {
            let value = cpu.translated.pins[i];
            match g {
                LR => cpu.lr = value,
                CTR => cpu.ctr = value,
                r => cpu.gpr[usize::from(r)] = value,
            }
        }
        cpu.retired += u64::from(site.index);
        cpu.translated.stop_cia = region.page.0 + 4 * u64::from(site.slot);
    }

    /// Address of the entry to a piece of a region.
    fn entry(&mut self, number: u32, piece: usize) -> Result<usize, Refusal> {
        let base = self.memory.room().start;
        let begun = self.begun;
        let region = &mut self.regions[number as usize % SEGMENTS][number as usize / SEGMENTS];
        region.used = begun;
        let piece = &mut region.pieces[piece];
        let entry = match piece.entry {
            Some(entry) => entry,
            None => {
                self.emitter.base = base;
                let live = piece.live.ok_or(Refusal::Always)?;
                let code = self.emitter.entry(&region.pinned, live, piece.code);
                let entry = self.memory.push(code).ok_or(Refusal::Full)?;
                piece.entry = Some(entry);
                entry
            }
        };
        Ok(self.memory.address(entry))
    }

    /// Translates the block at `pc`, whose real address is `ra`, with the blocks that are wanted around it.
    pub(crate) fn translate(
        &mut self,
        cpu: &mut Cpu,
        pc: u64,
        ra: u64,
        wants: impl Fn(&Cpu, u64) -> bool,
    ) -> Result<Found, Refusal> {
        let real = ra & !(PAGE - 1);
        let begin = thread_time();
        let generation = cpu.bus.generation(real);
        if !ram::is_settled(generation) || !has_memory() {
            return Err(Refusal::Now);
        }
        let (mode, mask) = (mode_of(cpu), cpu.ea_mask);
        let mut source = Source { cpu, real, code: CodeReader::default(), wants };
        self.region.surround(pc, mask, &mut source);
        let cpu = source.cpu;
        let first = self.region.piece_at(pc).ok_or(Refusal::Always)?;
        if cpu.bus.generation(real) != generation {
            return Err(Refusal::Now);
        }
        let room = self.memory.room();
        self.emitter.base = room.start;
        self.emitter.mode =
            Mode { wide: mask == u64::MAX, little: cpu.little, problem: cpu.problem_state() };
        self.emitter.link_room = room.end.saturating_sub(LINKS * LINK).max(room.start)..room.end;
        if !self.emitter.translate(&self.region, &self.rows) {
            let too_small = room.len() < LINKS * LINK;
            return Err(if too_small { Refusal::Full } else { Refusal::Always });
        }
        let code = self.emitter.host.code();
        let (base, bytes) = (self.memory.push(code).ok_or(Refusal::Full)?, code.len());
        let links = &self.emitter.links;
        self.memory.push_data(LINK / 8 * links.len()).ok_or(Refusal::Full)?;
        for &(link, nip) in links {
            self.memory.write(link, NO_EPOCH);
            self.memory.write(link + 16, nip);
        }
        let filling = self.filling();
        let number = (self.regions[filling].len() * SEGMENTS + filling) as u32;
        let emitter = &self.emitter;
        let pieces = self.region.pieces.iter().enumerate().map(|(i, piece)| Piece {
            first: piece.first as u16,
            code: base + emitter.inside(i),
            live: emitter.flow.entered(i),
            entry: None,
        });
        let page = (self.region.page, real);
        self.regions[filling].push(Translated {
            page,
            generation,
            mode,
            start: pc,
            code: base..base,
            words: self.region.words().collect(),
            pieces: pieces.collect(),
            pinned: emitter.pinned.as_slice().into(),
            sites: emitter.sites.as_slice().into(),
            used: self.begun,
        });
        let entry = self.entry(number, first);
        let end = self.memory.room().start;
        self.region_mut(number).code.end = end;
        let of_page = self.by_page.entry(page).or_default();
        of_page.regions.push(number);
        self.region.pieces.iter().for_each(|piece| of_page.places.insert(piece.first));
        let counts = &mut cpu.translated.counts;
        counts.regions += 1;
        counts.instructions += self.region.len() as u64;
        counts.bytes += bytes as u64;
        counts.nanoseconds += thread_time().saturating_sub(begin).as_nanos() as u64;
        log::trace!("translated {} instructions at {pc:#x}", self.region.len());
        Ok((entry?, number))
    }
}

/// A page of code, as a CPU reads it.
struct Source<'a, W> {
    cpu: &'a mut Cpu,
    /// Real address of the page.
    real: u64,
    code: CodeReader,
    /// True for an address whose block is wanted.
    wants: W,
}

impl<W: Fn(&Cpu, u64) -> bool> region::Source for Source<'_, W> {
    fn fetch(&mut self, slot: usize) -> Option<u32> {
        self.code.fetch(self.cpu, self.real + 4 * slot as u64)
    }
    fn wants(&self, address: u64) -> bool {
        (self.wants)(self.cpu, address)
    }
}

fn mode_of(cpu: &Cpu) -> u64 {
    crate::storage::mmu::mode(cpu.mmu.fetch_context)
}

/// Runs the code at an address, which [`Translator::find`] has given and which is not forgotten since.
#[inline(always)]
pub(crate) fn enter(cpu: &mut Cpu, code: usize) -> Stop {
    let before = cpu.retired;
    // SAFETY: the prelude's entry is a function of this type, and `code` is in the same code memory, which lives as
    // long as the cache that has the block.
    let stop = unsafe {
        let enter: extern "sysv64" fn(*mut Cpu, usize) -> u64 =
            std::mem::transmute(cpu.translated.enter);
        enter(cpu, code)
    };
    cpu.vectors.settle();
    cpu.translated.counts.ran += cpu.retired - before;
    if stop == Stop::Next as u64 {
        return Stop::Next;
    }
    cpu.stopped_at = TRANSLATED;
    Stop::of_code(stop as u8)
}

macro_rules! at {
    ($($field:tt)*) => { offset_of!(Cpu, $($field)*) as i32 };
}

/// Where the parts of a CPU are.
fn layout() -> Layout {
    let mut guests = [0; GUESTS];
    for (r, guest) in guests.iter_mut().enumerate().take(32) {
        *guest = at!(gpr) + 8 * r as i32;
    }
    guests[usize::from(LR)] = at!(lr);
    guests[usize::from(CTR)] = at!(ctr);
    let shape = |tag| TlbShape {
        table: at!(tlb) + Tlb::AT_HAND as i32,
        bits: TLB.ilog2(),
        tag: tag as i32,
        addend: tlb::Entry::ADDEND as i32,
    };
    Layout {
        guests,
        cr: at!(cr),
        so: at!(so),
        ov: at!(ov),
        ov32: at!(ov32),
        ca: at!(ca),
        ca32: at!(ca32),
        xer_rest: at!(xer_rest),
        vsr: at!(vectors) + Vectors::VSR as i32,
        vectors_msr: at!(vectors) + Vectors::MSR as i32,
        fpscr: at!(vectors) + Vectors::FPSCR as i32,
        deferred: at!(vectors) + Vectors::DEFERRED as i32,
        sprs: at!(sprs),
        nip: at!(nip),
        stop_cia: at!(translated.stop_cia),
        scratch: at!(translated.scratch),
        epoch: at!(mmu.epoch),
        link: at!(translated.link),
        operands: at!(translated.comparisons.operands),
        kinds: at!(translated.comparisons.kinds),
        load: shape(tlb::Entry::READ),
        store: shape(tlb::Entry::WRITE),
        frame: Frame {
            retired: at!(retired),
            look_at: at!(look_at),
            budget_mask: at!(translated.budget_mask),
            behind: at!(translated.behind),
            pins: at!(translated.pins),
            ask: at!(answer.ask),
            closure: at!(answer.closure),
        },
    }
}
