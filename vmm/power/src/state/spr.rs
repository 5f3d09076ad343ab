// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Special-purpose registers as rows: number, name, privilege, width, value at reset.

use crate::{Cpu, state::interrupt::Stop, word::Word};

/// Where a CPU starts: the system reset vector.
pub const RESET_VECTOR: u64 = 0x100;

/// The privilege that a register needs in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SprAccess {
    /// Problem state and supervisor state.
    Problem,
    /// Supervisor state only.
    Supervisor,
    /// Neither: a guest's attempt does nothing.
    None,
}

/// How a register is kept.
#[derive(Clone, Copy)]
pub enum Keep {
    /// It holds what was written.
    Value,
    /// It holds a value that this function writes.
    Stored(fn(&mut Cpu, u64)),
    /// Another register under a second number.
    Alias(usize),
    /// A register of the performance monitor, by its privileged number.
    Monitor(usize),
    /// Functions of the CPU.
    Special {
        /// Reads it.
        read: fn(&mut Cpu) -> u64,
        /// Writes it.
        write: fn(&mut Cpu, u64),
    },
}

/// A special-purpose register.
pub struct Spr {
    /// Number in mfspr and mtspr.
    pub number: usize,
    /// Name in the Power ISA.
    pub name: &'static str,
    /// The privilege to read it.
    pub read: SprAccess,
    /// The privilege to write it.
    pub write: SprAccess,
    /// Width in bits; the bits above read as 0.
    pub width: u32,
    /// Value at reset.
    pub reset: u64,
    /// How it is kept.
    pub keep: Keep,
}

/// Facilities by their bit of FSCR, which is also their code in FSCR\[IC\] (Book III, 6.2.11).
const FSCR_DSCR: u32 = 2;
/// Transactional memory; MSR\[TM\] enables it.
pub(crate) const FSCR_TM: u32 = 5;
/// Event-based branches.
pub(crate) const FSCR_EBB: u32 = 7;
/// The target address register.
pub(crate) const FSCR_TAR: u32 = 8;
/// System call vectored.
pub(crate) const FSCR_SCV: u32 = 12;

use Keep::{Alias, Monitor, Stored, Value};
use SprAccess::{None as Nobody, Problem, Supervisor};

/// Processor version: a POWER9 at level 2.2.
pub const PVR_POWER9: u64 = 0x004e_1202;

macro_rules! sprs {
    ($($id:ident $number:literal $name:literal $read:ident $write:ident $width:literal $reset:expr, $keep:expr;)*) => {
        $(#[doc = concat!("Number of ", $name, ".")] pub const $id: usize = $number;)*
        /// Every register of the guest's, by number.
        pub const SPRS: &[Spr] = &[$(Spr {
            number: $number, name: $name, read: $read, write: $write, width: $width, reset: $reset, keep: $keep,
        }),*];
    };
}

/// A register that functions of the CPU stand for.
const fn special(read: fn(&mut Cpu) -> u64, write: fn(&mut Cpu, u64)) -> Keep {
    Keep::Special { read, write }
}

/// A register computed from others, not written.
const fn computed(read: fn(&mut Cpu) -> u64) -> Keep {
    Keep::Special { read, write: |_, _| () }
}

sprs! {
    XER     1 "xer"    Problem    Problem    64 0, special(|c| c.xer(), |c, v| c.set_xer(v));
    UDSCR   3 "udscr"  Problem    Problem    64 0, Alias(DSCR);
    LR      8 "lr"     Problem    Problem    64 0, special(|c| c.lr, |c, v| c.lr = v);
    CTR     9 "ctr"    Problem    Problem    64 0, special(|c| c.ctr, |c, v| c.ctr = v);
    UAMR   13 "uamr"   Problem    Problem    64 0, special(|c| c.sprs[AMR], write_uamr);
    DSCR   17 "dscr"   Supervisor Supervisor 64 0, Value;
    DSISR  18 "dsisr"  Supervisor Supervisor 32 0, Value;
    DAR    19 "dar"    Supervisor Supervisor 64 0, Value;
    DEC    22 "dec"    Supervisor Supervisor 64 0, special(|c| c.clock.decrementer(), write_dec);
    SRR0   26 "srr0"   Supervisor Supervisor 64 0, Value;
    SRR1   27 "srr1"   Supervisor Supervisor 64 0, Value;
    CFAR   28 "cfar"   Supervisor Supervisor 64 0, Value;
    AMR    29 "amr"    Supervisor Supervisor 64 0, Stored(write_amr);
    PIDR   48 "pidr"   Supervisor Supervisor 32 0, Stored(write_pidr);
    IAMR   61 "iamr"   Supervisor Supervisor 64 0, Stored(write_iamr);
    CTRLR 136 "ctrl_r" Problem    Nobody     32 0, Alias(CTRL);
    TIDR  144 "tidr"   Supervisor Supervisor 64 0, Value;
    CTRL  152 "ctrl"   Nobody     Supervisor 32 0x8001, Stored(write_ctrl);
    FSCR  153 "fscr"   Supervisor Supervisor 64 0, Value;
    UAMOR 157 "uamor"  Supervisor Supervisor 64 0, Value;
    PSPB  159 "pspb"   Supervisor Supervisor 32 0, Value;
    DPDES 176 "dpdes"  Supervisor Nobody     64 0, Value;
    VRSAVE 256 "vrsave" Problem   Problem    32 0, Value;
    USPRG3 259 "usprg3" Problem   Nobody     64 0, Alias(SPRG3);
    TB    268 "tb"     Problem    Nobody     64 0, computed(|c| c.clock.timebase());
    TBU   269 "tbu"    Problem    Nobody     32 0, computed(|c| c.clock.timebase() >> 32);
    SPRG0 272 "sprg0"  Supervisor Supervisor 64 0, Value;
    SPRG1 273 "sprg1"  Supervisor Supervisor 64 0, Value;
    SPRG2 274 "sprg2"  Supervisor Supervisor 64 0, Value;
    SPRG3 275 "sprg3"  Supervisor Supervisor 64 0, Value;
    CIR   283 "cir"    Supervisor Nobody     32 0, Value;
    PVR   287 "pvr"    Supervisor Nobody     32 PVR_POWER9, Value;
    SPURR 308 "spurr"  Supervisor Nobody     64 0, computed(|c| c.purr());
    PURR  309 "purr"   Supervisor Nobody     64 0, computed(|c| c.purr());
    TIR   446 "tir"    Supervisor Nobody     64 0, Value;
    USIER 768 "usier"  Problem    Nobody     64 0, Monitor(SIER);
    UMMCR2 769 "ummcr2" Problem   Problem    64 0, Monitor(MMCR2);
    UMMCRA 770 "ummcra" Problem   Problem    64 0, Monitor(MMCRA);
    UPMC1 771 "upmc1"  Problem    Problem    32 0, Monitor(PMC1);
    UPMC2 772 "upmc2"  Problem    Problem    32 0, Monitor(PMC2);
    UPMC3 773 "upmc3"  Problem    Problem    32 0, Monitor(PMC3);
    UPMC4 774 "upmc4"  Problem    Problem    32 0, Monitor(PMC4);
    UPMC5 775 "upmc5"  Problem    Problem    32 0, Monitor(PMC5);
    UPMC6 776 "upmc6"  Problem    Problem    32 0, Monitor(PMC6);
    UMMCR0 779 "ummcr0" Problem   Problem    64 0, Monitor(MMCR0);
    USIAR 780 "usiar"  Problem    Nobody     64 0, Monitor(SIAR);
    USDAR 781 "usdar"  Problem    Nobody     64 0, Monitor(SDAR);
    UMMCR1 782 "ummcr1" Problem   Nobody     64 0, Monitor(MMCR1);
    SIER  784 "sier"   Supervisor Supervisor 64 0, Monitor(SIER);
    MMCR2 785 "mmcr2"  Supervisor Supervisor 64 0, Monitor(MMCR2);
    MMCRA 786 "mmcra"  Supervisor Supervisor 64 0, Monitor(MMCRA);
    PMC1  787 "pmc1"   Supervisor Supervisor 32 0, Monitor(PMC1);
    PMC2  788 "pmc2"   Supervisor Supervisor 32 0, Monitor(PMC2);
    PMC3  789 "pmc3"   Supervisor Supervisor 32 0, Monitor(PMC3);
    PMC4  790 "pmc4"   Supervisor Supervisor 32 0, Monitor(PMC4);
    PMC5  791 "pmc5"   Supervisor Supervisor 32 0, Monitor(PMC5);
    PMC6  792 "pmc6"   Supervisor Supervisor 32 0, Monitor(PMC6);
    MMCR0 795 "mmcr0"  Supervisor Supervisor 64 0x8000_0000, Monitor(MMCR0);
    SIAR  796 "siar"   Supervisor Supervisor 64 0, Monitor(SIAR);
    SDAR  797 "sdar"   Supervisor Supervisor 64 0, Monitor(SDAR);
    MMCR1 798 "mmcr1"  Supervisor Supervisor 64 0, Monitor(MMCR1);
    BESCRS 800 "bescrs" Problem   Problem    64 0, special(|c| c.sprs[BESCR], set_bescr);
    BESCRSU 801 "bescrsu" Problem Problem    32 0, special(|c| c.sprs[BESCR] >> 32, |c, v| set_bescr(c, v << 32));
    BESCRR 802 "bescrr" Problem   Problem    64 0, special(|c| c.sprs[BESCR], |c, v| c.sprs[BESCR] &= !v);
    BESCRRU 803 "bescrru" Problem Problem    32 0, special(|c| c.sprs[BESCR] >> 32, |c, v| c.sprs[BESCR] &= !(v << 32));
    EBBHR 804 "ebbhr"  Problem    Problem    64 0, Value;
    EBBRR 805 "ebbrr"  Problem    Problem    64 0, Value;
    BESCR 806 "bescr"  Problem    Problem    64 0, Value;
    TAR   815 "tar"    Problem    Problem    64 0, Value;
    PSSCR 823 "psscr"  Supervisor Supervisor 64 0, Value;
    IC    848 "ic"     Supervisor Nobody     64 0, computed(|c| c.retired);
    VTB   849 "vtb"    Supervisor Nobody     64 0, computed(|c| c.virtual_timebase());
    TRIG1 881 "trig1"  Nobody     Supervisor 64 0, computed(|_| 0);
    TRIG2 882 "trig2"  Nobody     Supervisor 64 0, computed(|_| 0);
    WORT  895 "wort"   Supervisor Supervisor 64 0, Value;
    PPR   896 "ppr"    Problem    Problem    64 0x000c_0000_0000_0000, Value;
    PPR32 898 "ppr32"  Problem    Problem    32 0, special(|c| c.sprs[PPR] >> 32, |c, v| c.sprs[PPR] = v << 32);
    PIR  1023 "pir"    Supervisor Nobody     32 0, Value;
}

/// An event-based branch may have become enabled.
fn set_bescr(cpu: &mut Cpu, bits: u64) {
    cpu.sprs[BESCR] |= bits;
    cpu.look_at = 0;
}

/// An expired decrementer must be noticed at once when it is enabled.
fn write_dec(cpu: &mut Cpu, value: u64) {
    cpu.clock.set_decrementer(value);
    cpu.look_at = 0;
}

/// Problem state changes only the bits of AMR that UAMOR lets it (Book III, 5.7.13.1).
fn write_uamr(cpu: &mut Cpu, value: u64) {
    let mask = if cpu.problem_state() { cpu.sprs[UAMOR] } else { u64::MAX };
    cpu.sprs[AMR] = cpu.sprs[AMR] & !mask | value & mask;
}

/// CTRL\[RUN\] is the one bit that can be written; it shows in bit 48 as the thread's run state
/// (Book III, 5.3.2.1).
fn write_ctrl(cpu: &mut Cpu, value: u64) {
    cpu.before_run_latch();
    let run = value & 1;
    cpu.sprs[CTRL] = cpu.sprs[CTRL] & !0x8001 | run << 15 | run;
}

/// A change of keys changes who may use the pages of problem state.
fn write_amr(cpu: &mut Cpu, value: u64) {
    cpu.sprs[AMR] = value;
    cpu.follow_amr();
}

fn write_iamr(cpu: &mut Cpu, value: u64) {
    if cpu.sprs[IAMR] != value {
        cpu.sprs[IAMR] = value;
        cpu.forget_translations();
    }
}

/// Another process has other translations.
fn write_pidr(cpu: &mut Cpu, value: u64) {
    if cpu.sprs[PIDR] != value {
        cpu.sprs[PIDR] = value;
        cpu.follow_pidr();
    }
}

/// The row of each number.
static BY_NUMBER: [Option<&Spr>; 1024] = {
    let mut table = [const { None }; 1024];
    let mut i = 0;
    while i < SPRS.len() {
        table[SPRS[i].number] = Some(&SPRS[i]);
        i += 1;
    }
    table
};

/// The register with a number.
pub fn spr(number: usize) -> Option<&'static Spr> {
    BY_NUMBER.get(number).copied().flatten()
}

/// The register with a number, if it holds what was written and no facility guards it.
pub(crate) fn held(number: usize) -> Option<&'static Spr> {
    let held = |spr: &&Spr| matches!(spr.keep, Value) && facility(number).is_none();
    spr(number).filter(held)
}

/// The register with a name.
pub fn by_name(name: &str) -> Option<&'static Spr> {
    SPRS.iter().find(|spr| spr.name == name)
}

/// The values at reset, by number.
pub(crate) fn at_reset() -> Box<[u64; 1024]> {
    let mut values = Box::new([0; 1024]);
    for spr in SPRS {
        values[spr.number] = spr.reset;
    }
    values
}

/// The facility that a register belongs to, as FSCR bit and FSCR\[IC\] code.
fn facility(number: usize) -> Option<u32> {
    match number {
        UDSCR => Some(FSCR_DSCR),
        BESCRS..=BESCR => Some(FSCR_EBB),
        TAR => Some(FSCR_TAR),
        _ => None,
    }
}

/// Registers that change by themselves: with time, or with the count of instructions.
pub const MOVING: [usize; 7] = [DEC, TB, TBU, SPURR, PURR, IC, VTB];

impl Spr {
    /// True if the register has a place of its own in [`Cpu::sprs`].
    pub(crate) fn is_stored(&self) -> bool {
        match self.keep {
            Value | Stored(_) => true,
            Monitor(number) => number == self.number,
            Alias(_) | Keep::Special { .. } => false,
        }
    }
    fn width_mask(&self) -> u64 {
        u64::MAX >> (64 - self.width)
    }
    /// Reads the register without a check of privilege.
    pub fn value(&self, cpu: &mut Cpu) -> u64 {
        let value = match self.keep {
            Value | Stored(_) => cpu.sprs[self.number],
            Alias(number) => cpu.sprs[number],
            Monitor(number) => cpu.monitor(self.number, number),
            Keep::Special { read, .. } => read(cpu),
        };
        value & self.width_mask()
    }
    /// Writes the register without a check of privilege.
    pub fn set(&self, cpu: &mut Cpu, value: u64) {
        let value = value & self.width_mask();
        match self.keep {
            Value => cpu.sprs[self.number] = value,
            Stored(write) => write(cpu, value),
            Alias(number) => cpu.sprs[number] = value,
            Monitor(number) => cpu.set_monitor(self.number, number, value),
            Keep::Special { write, .. } => write(cpu, value),
        }
    }
}

impl Cpu {
    /// Refuses problem state (Book III, program interrupt, privileged instruction).
    pub(crate) fn require_supervisor(&self) -> Result<(), Stop> {
        if self.problem_state() { Err(Stop::Privileged) } else { Ok(()) }
    }

    /// The facility must be on in FSCR when problem state uses it.
    pub(crate) fn require_facility(&mut self, bit: u32) -> Result<(), Stop> {
        if self.problem_state() { self.require_fscr(bit) } else { Ok(()) }
    }

    /// The facility must be on in FSCR.
    pub(crate) fn require_fscr(&mut self, bit: u32) -> Result<(), Stop> {
        if self.sprs[FSCR] >> bit & 1 != 0 { Ok(()) } else { Err(self.facility_off(bit)) }
    }

    /// The interrupt of a facility that is off; FSCR\[IC\] has its number (Book III, 6.5.26).
    pub(crate) fn facility_off(&mut self, code: u32) -> Stop {
        self.sprs[FSCR] = self.sprs[FSCR] & (u64::MAX >> 8) | u64::from(code) << 56;
        Stop::FacilityUnavailable
    }

    /// Problem state's use of a register that it may use at all.
    fn require_facility_of(&mut self, number: usize, write: bool) -> Result<(), Stop> {
        match number {
            USIER..=UMMCR1 => self.monitor_access(number, write),
            _ => facility(number).map_or(Ok(()), |bit| self.require_facility(bit)),
        }
    }

    /// The row for an mfspr or mtspr, if this guest has the register and may use it so. Any
    /// other number does nothing in supervisor state, but for those in `undefined`; in problem
    /// state its bit 0x10 distinguishes a privileged register from an illegal one (Book III, 4.4.4).
    fn spr_row(
        &mut self,
        number: usize,
        write: bool,
        undefined: &[usize],
    ) -> Result<Option<&'static Spr>, Stop> {
        let row = spr(number);
        match row.map(|row| if write { row.write } else { row.read }) {
            Some(Problem) => self.require_facility_of(number, write).map(|()| row),
            Some(Supervisor) => self.require_supervisor().map(|()| row),
            _ if number & 0x10 != 0 => self.require_supervisor().map(|()| None),
            _ if self.problem_state() || undefined.contains(&number) => Err(Stop::Illegal),
            _ => Ok(None),
        }
    }

    /// mfspr
    pub(crate) fn mfspr(&mut self, w: Word) -> Result<(), Stop> {
        if let Some(row) = self.spr_row(w.spr() as usize, false, &[0, 4, 5, 6])? {
            self.gpr[w.rt()] = row.value(self);
        }
        Ok(())
    }

    /// mtspr
    pub(crate) fn mtspr(&mut self, w: Word) -> Result<(), Stop> {
        if let Some(row) = self.spr_row(w.spr() as usize, true, &[0])? {
            row.set(self, self.gpr[w.rs()]);
        }
        Ok(())
    }
}
