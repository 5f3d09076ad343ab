// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The translated code of one CPU.
#![allow(unsafe_code)]

use super::{
    Found, HostCode, Refusal, TRANSLATED,
    compile::{LINK, MIDDLE, Rows},
    emit::{Emitter, Layout, Mode},
    has_memory,
    host::{Frame, Host, Jumps, Reg, TlbShape},
    memory::CodeMemory,
    region::{self, Region},
    thunks,
    values::{CTR, GUESTS, LR},
    x86_64::X86_64,
};
use crate::{
    Cpu,
    interrupt::Stop,
    state::facility::Vectors,
    storage::{
        tlb::{Entry, PAGE, TLB, Tlb},
        watch::CodeReader,
    },
};
use std::{collections::HashMap, mem::offset_of, ops::Range, time::Instant};

/// Bytes of code memory.
const BYTES: usize = 32 << 20;
/// Bytes that a region may need: when fewer are left, all code is forgotten.
const RESERVE: usize = 512 << 10;
/// Most links of a region.
const LINKS: usize = 1024;
/// log2 of the entries of the table of jumps.
const JUMPS: u32 = 12;
/// Bytes of an entry.
const JUMP: usize = 32;
/// The epoch of no link.
const NO_EPOCH: u64 = u64::MAX;

/// A region that was translated.
struct Translated {
    /// Real address of its page.
    real: u64,
    /// The mode of its context.
    mode: u64,
    /// Effective address of the instruction for which it was translated.
    start: u64,
    /// The offsets of its code, with the first entry.
    code: Range<usize>,
    words: Vec<(u16, u32)>,
    pieces: Vec<Piece>,
    pins: [Option<Reg>; GUESTS],
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
pub(crate) struct Translator {
    memory: CodeMemory,
    /// Address of the code that enters other code.
    enter: usize,
    emitter: Emitter<X86_64>,
    rows: Rows<X86_64>,
    /// The parts that all regions share: where their code ends and their data begin.
    shared: (usize, usize),
    regions: Vec<Translated>,
    by_page: HashMap<(u64, u64), Vec<u32>>,
}

impl Translator {
    /// The translator of a CPU; `None` if the host lacks what it needs.
    pub(crate) fn new() -> Option<Translator> {
        let memory = CodeMemory::new(BYTES);
        let mut memory = match memory {
            Ok(memory) => memory,
            Err(error) => {
                log::warn!("guest code is interpreted: no memory for translated code: {error}");
                return None;
            }
        };
        let layout = layout();
        let mut host = X86_64::new(layout.guests[0]);
        let prelude = host.prelude(layout.frame, &thunks::helpers());
        let at = memory.push(&host.take())?;
        let jumps = memory.push_data((JUMP / 8) << JUMPS)?;
        let shared = (memory.next(), memory.data());
        let enter = memory.address(at + prelude.enter);
        let emitter = Emitter::new(host, layout, &prelude, Jumps { at: jumps, bits: JUMPS });
        let (regions, by_page) = Default::default();
        let mut translator =
            Translator { memory, enter, emitter, rows: Rows::new(), shared, regions, by_page };
        translator.clear_jumps();
        Some(translator)
    }

    /// Has a CPU enter this code.
    #[inline(always)]
    pub(crate) fn enter(&self, cpu: &mut Cpu) {
        cpu.translated.enter = self.enter;
    }

    /// True if there is room for another region.
    pub(crate) fn has_room(&self) -> bool {
        self.memory.free() >= RESERVE
    }

    /// Forgets all code. None of it may be running.
    pub(crate) fn clear(&mut self, cpu: &mut Cpu) {
        cpu.translated.counts.dropped += self.regions.len() as u64;
        self.regions.clear();
        self.by_page.clear();
        self.memory.truncate(self.shared.0, self.shared.1);
        self.clear_jumps();
        cpu.translated.link = 0;
    }

    /// The code at NIP, if the link that translated code was left by leads there.
    #[inline(always)]
    pub(crate) fn linked(&self, cpu: &Cpu) -> Option<usize> {
        let link = cpu.translated.link as usize;
        let leads = link != 0
            && self.memory.read(link) == cpu.mmu.epoch
            && self.memory.read(link + 16) == cpu.nip;
        leads.then(|| self.memory.read(link + 8) as usize)
    }

    fn clear_jumps(&mut self) {
        for i in 0..1 << JUMPS {
            self.memory.write(self.emitter.jumps.at + JUMP * i + 8, NO_EPOCH);
        }
    }

    /// Has the code of the block at `pc` be found by what leaves to it, for as long as this epoch lasts.
    #[inline]
    pub(crate) fn link(&mut self, cpu: &mut Cpu, pc: u64, code: usize) {
        let epoch = cpu.mmu.epoch;
        let jump = self.emitter.jumps.at + JUMP * ((pc / 4) as usize & ((1 << JUMPS) - 1));
        self.memory.write(jump, pc);
        self.memory.write(jump + 8, epoch);
        self.memory.write(jump + 16, code as u64);
        let link = std::mem::take(&mut cpu.translated.link) as usize;
        // An interrupt may have come in between.
        if link != 0 && self.memory.read(link + 16) == pc {
            self.memory.write(link, epoch);
            self.memory.write(link + 8, code as u64);
        }
    }

    /// Code for the block at `pc`, whose real address is `ra`, in the mode in force: that of a region which has it, or a
    /// new one with the blocks that are wanted around it.
    pub(crate) fn find(
        &mut self,
        cpu: &mut Cpu,
        pc: u64,
        ra: u64,
        wants: impl Fn(&Cpu, u64) -> bool,
    ) -> Result<Found, Refusal> {
        let (page, real) = (pc & !(PAGE - 1), ra & !(PAGE - 1));
        let slot = (pc % PAGE / 4) as u16;
        let known = self.by_page.get(&(page, real)).map_or(&[][..], Vec::as_slice);
        let found = known.iter().rev().find_map(|&number| {
            let region = &self.regions[number as usize];
            let piece = region.pieces.binary_search_by_key(&slot, |piece| piece.first).ok()?;
            let is_right = region.mode == mode_of(cpu) && self.is_current(cpu, number);
            is_right.then_some((number, piece))
        });
        match found {
            // A piece that only the piece before goes to stays interpreted when something else does.
            Some((number, piece)) => Ok((self.entry(number, piece)?, number)),
            None => self.translate(cpu, pc, real, wants),
        }
    }

    /// The code of each region.
    pub(crate) fn code(&self) -> impl Iterator<Item = HostCode> {
        self.regions.iter().map(|region| HostCode {
            host: self.memory.address(region.code.start),
            bytes: region.code.len(),
            ea: region.start,
            ra: region.real + region.start % PAGE,
        })
    }

    /// True if a region's words, which become watched, are still those that it was translated from.
    pub(crate) fn is_current(&self, cpu: &mut Cpu, number: u32) -> bool {
        let region = &self.regions[number as usize];
        let mut code = CodeReader::default();
        region
            .words
            .iter()
            .all(|&(slot, word)| code.fetch(cpu, region.real + 4 * u64::from(slot)) == Some(word))
    }

    /// Address of the entry to a piece of a region.
    fn entry(&mut self, number: u32, piece: usize) -> Result<usize, Refusal> {
        let region = &mut self.regions[number as usize];
        let piece = &mut region.pieces[piece];
        let entry = match piece.entry {
            Some(entry) => entry,
            None => {
                self.emitter.base = self.memory.next();
                let live = piece.live.ok_or(Refusal::Always)?;
                let bytes = self.emitter.entry(&region.pins, live, piece.code);
                let entry = self.memory.push(&bytes).ok_or(Refusal::Now)?;
                piece.entry = Some(entry);
                entry
            }
        };
        Ok(self.memory.address(entry))
    }

    fn translate(
        &mut self,
        cpu: &mut Cpu,
        pc: u64,
        real: u64,
        wants: impl Fn(&Cpu, u64) -> bool,
    ) -> Result<Found, Refusal> {
        let begin = Instant::now();
        let generation = cpu.bus.generation(real);
        if !ram::is_settled(generation) || !has_memory() {
            return Err(Refusal::Now);
        }
        let mode = mode_of(cpu);
        let mask = cpu.ea_mask;
        let mut source = Source { cpu, real, code: CodeReader::default(), wants };
        let region = Region::around(pc, mask, &mut source);
        let cpu = source.cpu;
        let first = region.piece_at(pc).ok_or(Refusal::Always)?;
        if cpu.bus.generation(real) != generation {
            return Err(Refusal::Now);
        }
        self.emitter.base = self.memory.next();
        self.emitter.mode =
            Mode { wide: mask == u64::MAX, little: cpu.little, problem: cpu.problem_state() };
        self.emitter.link_room = self.memory.data() - LINKS * LINK..self.memory.data();
        let code = self.emitter.translate(&region, &self.rows).ok_or(Refusal::Always)?;
        let base = self.memory.push(&code.bytes).ok_or(Refusal::Now)?;
        self.memory.push_data(LINK / 8 * self.emitter.links.len()).ok_or(Refusal::Now)?;
        for &(link, nip) in &self.emitter.links {
            self.memory.write(link, NO_EPOCH);
            self.memory.write(link + 16, nip);
        }
        let number = self.regions.len() as u32;
        let pieces = region.pieces.iter().zip(&code.pieces).zip(&code.live);
        self.regions.push(Translated {
            real,
            mode,
            start: pc,
            code: base..base,
            words: region.words().collect(),
            pieces: pieces
                .map(|((piece, at), &live)| Piece {
                    first: piece.first as u16,
                    code: base + at,
                    live,
                    entry: None,
                })
                .collect(),
            pins: code.pins,
        });
        self.by_page.entry((region.page, real)).or_default().push(number);
        let entry = self.entry(number, first)?;
        self.regions[number as usize].code.end = self.memory.next();
        let counts = &mut cpu.translated.counts;
        counts.regions += 1;
        counts.instructions += region.len() as u64;
        counts.bytes += code.bytes.len() as u64;
        counts.nanoseconds += begin.elapsed().as_nanos() as u64;
        log::trace!("translated {} instructions at {pc:#x}", region.len());
        Ok((entry, number))
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
    if stop == MIDDLE {
        cpu.translated.middle = true;
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
    let tlb = |tag| TlbShape {
        table: at!(tlb) + Tlb::AT_HAND as i32,
        bits: TLB.ilog2(),
        tag: tag as i32,
        addend: Entry::ADDEND as i32,
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
        budget_mask: at!(translated.budget_mask),
        scratch: at!(translated.scratch),
        epoch: at!(mmu.epoch),
        link: at!(translated.link),
        operands: at!(translated.comparisons.operands),
        kinds: at!(translated.comparisons.kinds),
        load: tlb(Entry::READ),
        store: tlb(Entry::WRITE),
        frame: Frame { retired: at!(retired), look_at: at!(look_at) },
    }
}
