// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of a CPU.

use crate::{
    Engine, Exit, HostCode, Translation,
    engine::{
        answer::Answer,
        interp::{block::Place, cache::Cache},
        signals::Signals,
        translate,
    },
    state::{facility::Vectors, illegal::Illegal, msr, pmu::Pmu, spr, time::Clock, usage::Usage},
    storage::{
        bus::{Bus, Io},
        mmu::Mmu,
        reservation::Reservation,
        shootdown::Post,
        tlb::Tlb,
        watch::Stored,
    },
};
use ram::GuestMemory;
use std::sync::{
    Arc,
    atomic::{Ordering::Acquire, fence},
};

/// A POWER9 thread in software.
pub struct Cpu {
    /// General-purpose registers.
    pub gpr: [u64; 32],
    /// Condition register, a field a byte.
    pub(crate) cr: [u8; 8],
    pub(crate) lr: u64,
    pub(crate) ctr: u64,
    /// XER\[SO\], \[OV\], \[CA\], \[OV32\], \[CA32\], each 0 or 1.
    pub(crate) so: u8,
    pub(crate) ov: u8,
    pub(crate) ca: u8,
    pub(crate) ov32: u8,
    pub(crate) ca32: u8,
    /// The other bits of XER that hold what was written: the byte count of lswx and stswx.
    pub(crate) xer_rest: u32,
    /// Address of the next instruction; during a block, of the one after the block.
    pub(crate) nip: u64,
    /// The last branch was taken.
    pub(crate) jumped: bool,
    msr: u64,
    pub(crate) vectors: Vectors,
    /// MSR\[SF\] as a mask of addresses.
    pub(crate) ea_mask: u64,
    /// This mask for addresses of instructions, whose two low bits are 0.
    pub(crate) pc_mask: u64,
    /// MSR\[LE\].
    pub(crate) little: bool,
    pub(crate) tlb: Tlb,
    pub(crate) mmu: Mmu,
    pub(crate) bus: Bus,
    pub(crate) post: Post,
    /// The pages that plain stores are allowed to.
    pub(crate) stored: Stored,
    /// Announcements of pages with code that were followed.
    pub(crate) watched_seen: u64,
    pub(crate) reservation: Option<Reservation>,
    /// Storage of the special-purpose registers that only hold what was written, by number.
    pub(crate) sprs: Box<[u64; 1024]>,
    pub(crate) clock: Clock,
    pub(crate) usage: Usage,
    /// LPCR\[ILE\]: interrupts are taken in little-endian mode.
    pub(crate) interrupt_little_endian: bool,
    /// LPCR\[AIL\] is 3: interrupts keep translation on.
    pub(crate) alternate_interrupt_location: bool,
    /// SRR1 bits of a pending machine check.
    pub(crate) srr1_info: u64,
    /// Address of the operation that stopped the block.
    pub(crate) stopped_at: usize,
    /// Count of retired instructions at which events are looked at; 0 for at once.
    pub(crate) look_at: u64,
    pub(crate) retired: u64,
    pub(crate) signals: Arc<Signals>,
    /// Why the CPU can not go on, if it can not.
    pub(crate) dead: Option<Exit>,
    /// Non-maskable interrupts end the run.
    pub(crate) firmware_assisted: bool,
    /// The one that the machine has yet to handle.
    pub(crate) non_maskable: Option<Exit>,
    /// Retired count at the last interrupt, and how many came since then at that count.
    pub(crate) loop_watch: (u64, u32),
    pub(crate) illegal: Illegal,
    pub(crate) pmu: Box<Pmu>,
    /// MMCR0\[FC\] is 0: a counter of the performance monitor may count.
    pub(crate) monitoring: bool,
    /// The performance monitor wants blocks to run one by one.
    pub(crate) slowly: bool,
    pub(crate) cache: Option<Box<Cache>>,
    /// The part that translated code uses.
    pub(crate) translated: translate::State,
    /// The block that runs, of the cache.
    pub(crate) running: Place,
    /// Answers hypercalls.
    pub(crate) answer: Answer,
}

impl Cpu {
    /// A CPU at reset: real mode, 32-bit, big-endian, all registers 0, machine checks enabled.
    pub fn new(memory: Arc<GuestMemory>) -> Cpu {
        Cpu::at_reset(Bus::new(memory), Clock::new())
    }

    /// Another CPU of the same machine: the same storage, invalidations and timebase, and the same engine.
    pub fn sibling(&self) -> Cpu {
        let mut sibling = Cpu::at_reset(self.bus.clone(), self.clock.sibling());
        sibling.set_engine(self.engine());
        sibling
    }

    /// Has devices answer where there is no RAM. Call it before [`sibling`](Self::sibling): each CPU has the devices of the one that
    /// it was made from.
    pub fn set_io(&mut self, io: Arc<dyn Io>) {
        self.bus.set_io(io);
    }

    /// Goes back to the state after a reset: nothing decoded, nothing translated. Instructions that
    /// were completed stay counted, and a [`Kicker`](crate::Kicker) stays good.
    pub fn reset(&mut self) {
        let (bus, clock) = (self.bus.clone(), self.clock.sibling());
        let signals = std::mem::take(&mut self.signals);
        let (retired, illegal) = (self.retired, self.illegal);
        let (usage, look_at) = (self.usage.after_reset(), retired);
        let translated = self.translated.after_reset();
        let at_reset = Cpu::at_reset(bus, clock);
        *self = Cpu { signals, retired, illegal, usage, look_at, translated, ..at_reset };
    }

    fn at_reset(bus: Bus, clock: Clock) -> Cpu {
        Cpu {
            gpr: [0; 32],
            cr: [0; 8],
            lr: 0,
            ctr: 0,
            so: 0,
            ov: 0,
            ca: 0,
            ov32: 0,
            ca32: 0,
            xer_rest: 0,
            nip: spr::RESET_VECTOR,
            jumped: false,
            msr: msr::ME,
            vectors: Vectors::default(),
            ea_mask: u64::from(u32::MAX),
            pc_mask: u64::from(u32::MAX) & !3,
            little: false,
            tlb: Tlb::new(),
            mmu: Mmu::new(),
            post: bus.shootdown().join(),
            stored: Stored::new(bus.plain_pages()),
            watched_seen: 0,
            bus,
            reservation: None,
            sprs: spr::at_reset(),
            clock,
            usage: Usage::default(),
            interrupt_little_endian: false,
            alternate_interrupt_location: false,
            srr1_info: 0,
            stopped_at: 0,
            look_at: 0,
            retired: 0,
            signals: Arc::default(),
            dead: None,
            firmware_assisted: false,
            non_maskable: None,
            loop_watch: (0, 0),
            illegal: Illegal::default(),
            pmu: Box::default(),
            monitoring: false,
            slowly: false,
            cache: None,
            translated: Default::default(),
            running: Place::NONE,
            answer: Answer::NONE,
        }
    }

    /// Address of the next instruction.
    pub fn nip(&self) -> u64 {
        self.nip
    }
    /// Goes on at `nip`.
    pub fn set_nip(&mut self, nip: u64) {
        self.nip = nip;
    }
    /// Machine state register.
    pub fn msr(&self) -> u64 {
        self.msr
    }
    /// Writes the whole MSR and what is derived from it. All that synchronizes the context, but for `isync`, comes here.
    pub fn set_msr(&mut self, msr: u64) {
        fence(Acquire); // later loads are later: see `storage/mem.rs`
        self.msr = msr;
        self.vectors.follow_msr(msr);
        self.ea_mask = if msr & msr::SF != 0 { u64::MAX } else { u64::from(u32::MAX) };
        self.pc_mask = self.ea_mask & !3;
        self.little = msr & msr::LE != 0;
        self.switch_context();
        self.look_at = 0; // a pending interrupt may have become enabled
    }
    /// MSR\[PR\].
    pub fn problem_state(&self) -> bool {
        self.msr & msr::PR != 0
    }
    /// Chooses the endianness in which interrupts are taken (LPCR\[ILE\]).
    pub fn set_interrupt_little_endian(&mut self, little: bool) {
        self.interrupt_little_endian = little;
    }
    /// Chooses whether interrupts keep translation on (LPCR\[AIL\] = 3) or not.
    pub fn set_alternate_interrupt_location(&mut self, on: bool) {
        self.alternate_interrupt_location = on;
    }
    /// Writes SPRG0.
    pub fn set_sprg0(&mut self, value: u64) {
        self.sprs[spr::SPRG0] = value;
    }
    /// Sets MSR\[EE\].
    pub fn enable_external_interrupts(&mut self) {
        self.set_msr(self.msr | msr::EE);
    }
    /// Instructions completed so far.
    pub fn instructions(&self) -> u64 {
        self.retired
    }
    /// Chooses the engine; a host without a translator always interprets.
    pub fn set_engine(&mut self, engine: Engine) {
        self.translated.engine = engine;
        self.cache = None;
    }
    /// Chooses how many bytes translated code may take: 32 MiB, unless a test wants less. Code is forgotten.
    #[doc(hidden)]
    pub fn set_code_memory(&mut self, bytes: usize) {
        self.translated.code_memory = Some(bytes);
        self.cache = None;
    }
    /// The engine that was chosen.
    pub fn engine(&self) -> Engine {
        self.translated.engine
    }
    /// The work of the translator so far.
    pub fn translation(&self) -> Translation {
        self.translated.counts
    }
    /// The host's code of each region that is translated now, in the order of translation. The ranges do not overlap, also
    /// not with those of other CPUs, as long as no CPU runs.
    pub fn translated_code(&self) -> Vec<HostCode> {
        self.cache.as_ref().map(|cache| cache.translated_code()).unwrap_or_default()
    }
    /// Illegal instructions met so far.
    pub fn illegal(&self) -> Illegal {
        self.illegal
    }
    /// Condition register.
    pub fn cr(&self) -> u32 {
        self.fields().iter().fold(0, |cr, field| cr << 4 | u32::from(*field))
    }
    /// Sets the condition register.
    pub fn set_cr(&mut self, cr: u32) {
        self.settle();
        for (i, field) in self.cr.iter_mut().enumerate() {
            *field = (cr >> (28 - 4 * i) & 15) as u8;
        }
    }
    /// Link register.
    pub fn lr(&self) -> u64 {
        self.lr
    }
    /// Sets the link register.
    pub fn set_lr(&mut self, lr: u64) {
        self.lr = lr;
    }
    /// Count register.
    pub fn ctr(&self) -> u64 {
        self.ctr
    }
    /// Sets the count register.
    pub fn set_ctr(&mut self, ctr: u64) {
        self.ctr = ctr;
    }
    /// Fixed-point exception register (Book I, 3.2.2).
    pub fn xer(&self) -> u64 {
        u64::from(self.so) << 31
            | u64::from(self.ov) << 30
            | u64::from(self.ca) << 29
            | u64::from(self.ov32) << 19
            | u64::from(self.ca32) << 18
            | u64::from(self.xer_rest)
    }
    /// Sets the fixed-point exception register.
    pub fn set_xer(&mut self, xer: u64) {
        self.settle(); // the fields have the old SO
        let bit = |n: u32| (xer >> n & 1) as u8;
        (self.so, self.ov, self.ca, self.ov32, self.ca32) =
            (bit(31), bit(30), bit(29), bit(19), bit(18));
        self.xer_rest = (xer & 0x7f) as u32;
    }
    /// Flushes cached translations: needed after the dirty log of RAM was cleared.
    pub fn flush_translations(&mut self) {
        self.forget_translations();
    }
}
