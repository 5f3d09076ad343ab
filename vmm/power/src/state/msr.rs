// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Machine state register bits (Power ISA 3.0B, Book III, 3.2.1).

/// Sixty-four-bit mode.
pub const SF: u64 = 1 << 63;
/// Hypervisor state; always 0 for a pseries guest.
pub const HV: u64 = 1 << 60;
/// VMX available.
pub const VEC: u64 = 1 << 25;
/// VSX available.
pub const VSX: u64 = 1 << 23;
/// External interrupts enabled.
pub const EE: u64 = 1 << 15;
/// Problem state.
pub const PR: u64 = 1 << 14;
/// Floating point available.
pub const FP: u64 = 1 << 13;
/// Machine check interrupts enabled; a guest cannot clear it.
pub const ME: u64 = 1 << 12;
/// Floating-point exception mode 0.
pub const FE0: u64 = 1 << 11;
/// Single-step trace.
pub const SE: u64 = 1 << 10;
/// Branch trace.
pub const BE: u64 = 1 << 9;
/// Floating-point exception mode 1.
pub const FE1: u64 = 1 << 8;
/// Instruction relocation.
pub const IR: u64 = 1 << 5;
/// Data relocation.
pub const DR: u64 = 1 << 4;
/// Performance monitor mark.
pub const PMM: u64 = 1 << 2;
/// Recoverable interrupt.
pub const RI: u64 = 1 << 1;
/// Little-endian mode.
pub const LE: u64 = 1 << 0;

/// Bits that this CPU implements and a guest may change.
pub const WRITABLE: u64 =
    SF | VEC | VSX | EE | PR | FP | FE0 | SE | BE | FE1 | IR | DR | PMM | RI | LE;

use crate::{
    Cpu,
    state::{
        fpscr,
        interrupt::{PROGRAM, Stop, program},
        spr,
    },
    word::Word,
};

/// Problem state implies interrupts and relocation.
const fn implied(value: u64) -> u64 {
    if value & PR != 0 { value | EE | IR | DR } else { value }
}

impl Cpu {
    fn change_msr(&mut self, value: u64, mask: u64) {
        self.set_msr(self.msr() & !mask | implied(value) & mask);
    }

    /// mfmsr
    pub(crate) fn mfmsr(&mut self, w: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        self.gpr[w.rt()] = self.msr();
        Ok(())
    }

    /// mtmsr: the low word, or EE and RI alone.
    pub(crate) fn mtmsr(&mut self, w: Word) -> Result<(), Stop> {
        self.write_msr(w, u64::from(u32::MAX))
    }

    /// mtmsrd: both words, or EE and RI alone.
    pub(crate) fn mtmsrd(&mut self, w: Word) -> Result<(), Stop> {
        self.write_msr(w, u64::MAX)
    }

    fn write_msr(&mut self, w: Word, width: u64) -> Result<(), Stop> {
        self.require_supervisor()?;
        let value = self.gpr[w.rs()];
        if w.l15() == 1 {
            self.set_msr(self.msr() & !(EE | RI) | value & (EE | RI));
        } else {
            let before = self.msr();
            self.change_msr(value, WRITABLE & !LE & width);
            self.float_exception_waiting(before);
        }
        Ok(())
    }

    /// rfid
    pub(crate) fn rfid(&mut self, _: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        self.return_to(self.sprs[spr::SRR0], self.sprs[spr::SRR1]);
        Ok(())
    }

    /// rfscv
    pub(crate) fn rfscv(&mut self, _: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        self.return_to(self.lr, self.ctr);
        Ok(())
    }

    fn return_to(&mut self, nip: u64, msr: u64) {
        let before = self.msr();
        self.change_msr(msr, WRITABLE);
        self.nip = nip & !3 & self.ea_mask;
        self.float_exception_waiting(before);
    }

    /// An enabled floating-point exception that FPSCR still has interrupts as soon as the MSR
    /// asks for it (Book III, 6.5.9).
    fn float_exception_waiting(&mut self, before: u64) {
        let asked = before & (FE0 | FE1) == 0 && self.msr() & (FE0 | FE1) != 0;
        if asked && self.vectors.fpscr & fpscr::FEX != 0 {
            let next = self.nip & self.ea_mask;
            self.take(PROGRAM, next, program::FLOAT_ENABLED | program::LATER);
        }
    }
}
