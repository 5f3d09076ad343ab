// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The floating-point status and control register (Power ISA 3.0B, Book I, 4.2.2 and 7.2.2),
//! and the one place where an instruction's exceptions go into it.

use crate::{
    arith::float::{Mode, Rounding},
    state::{facility::Vectors, interrupt::Stop, msr},
};

macro_rules! bits {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        $($(#[$doc])* pub const $name: u64 = 1 << (63 - $bit);)*
    };
}

bits! {
    /// Exception summary: an exception bit changed from 0 to 1; sticky.
    FX = 32;
    /// Enabled exception summary.
    FEX = 33;
    /// Invalid operation summary.
    VX = 34;
    /// Overflow.
    OX = 35;
    /// Underflow.
    UX = 36;
    /// Zero divide.
    ZX = 37;
    /// Inexact.
    XX = 38;
    /// A signalling NaN.
    VXSNAN = 39;
    /// Infinity minus infinity.
    VXISI = 40;
    /// Infinity by infinity.
    VXIDI = 41;
    /// Zero by zero.
    VXZDZ = 42;
    /// Infinity times zero.
    VXIMZ = 43;
    /// A comparison of NaNs.
    VXVC = 44;
    /// The fraction was incremented.
    FR = 45;
    /// The result is inexact.
    FI = 46;
    /// The C of FPRF; FL, FG, FE and FU follow it.
    C = 47;
    /// Less than, or negative.
    FL = 48;
    /// Greater than, or positive.
    FG = 49;
    /// Equal, or zero.
    FE = 50;
    /// Unordered, or a NaN.
    FU = 51;
    /// Set by software.
    VXSOFT = 53;
    /// Square root of a negative number.
    VXSQRT = 54;
    /// An integer that can not be represented.
    VXCVI = 55;
    /// Invalid operation exceptions are enabled.
    VE = 56;
    /// Overflow exceptions are enabled.
    OE = 57;
    /// Underflow exceptions are enabled.
    UE = 58;
    /// Zero divide exceptions are enabled.
    ZE = 59;
    /// Inexact exceptions are enabled.
    XE = 60;
}

/// Every cause of an invalid operation.
pub const VX_ALL: u64 = VXSNAN | VXISI | VXIDI | VXZDZ | VXIMZ | VXVC | VXSOFT | VXSQRT | VXCVI;
/// Every exception.
pub const EXCEPTIONS: u64 = OX | UX | ZX | XX | VX_ALL;
/// Result flags: class and sign.
pub const FPRF: u64 = C | FPCC;
/// Condition code: the result of a comparison.
pub const FPCC: u64 = FL | FG | FE | FU;
/// VE, OE, UE, ZE and XE.
pub const ENABLES: u64 = VE | OE | UE | ZE | XE;
/// NI and RN: the bits that control binary results.
pub const NI_RN: u64 = 7;
/// RN: the rounding mode.
pub const RN: u64 = 3;
/// DRN: the rounding mode of decimals.
pub const DRN: u64 = 7 << 32;
/// Bits that a move to FPSCR writes: FEX and VX follow from others, bits 0:28 and 52 are reserved.
pub const WRITABLE: u64 = 0x7_ffff_ffff & !(FEX | VX | 1 << 11);

/// The bits that an instruction's facts replace besides exceptions: results of arithmetic FR, FI and
/// FPRF; integers FR and FI, for they leave FPRF undefined; others nothing.
pub(crate) const RESULT: u64 = FR | FI | FPRF;
pub(crate) const INTEGER: u64 = FR | FI;
pub(crate) const NOTHING: u64 = 0;

/// The exceptions that are enabled.
#[inline(always)]
fn enabled(fpscr: u64) -> u64 {
    // OE to XE are 22 bits below OX to XX.
    let four = fpscr << 22 & (OX | UX | ZX | XX);
    if fpscr & VE != 0 { four | VX_ALL } else { four }
}

/// A value with FEX and VX as they follow from the other bits.
#[inline(always)]
pub(crate) fn summed(fpscr: u64) -> u64 {
    let vx = if fpscr & VX_ALL != 0 { VX } else { 0 };
    let fex = if fpscr & enabled(fpscr) != 0 { FEX } else { 0 };
    fpscr & !(FEX | VX) | vx | fex
}

/// A value with more exceptions: FX is set if one is new.
#[inline(always)]
pub(crate) fn raised(fpscr: u64, exceptions: u64) -> u64 {
    let new = exceptions & !fpscr & EXCEPTIONS;
    let fx = if new != 0 { FX } else { 0 };
    summed(fpscr | exceptions | fx)
}

impl Vectors {
    /// How results are rounded now.
    #[inline(always)]
    pub(crate) fn mode(&self) -> Mode {
        Mode {
            rounding: Rounding::of(self.fpscr & RN),
            trap_overflow: self.fpscr & OE != 0,
            trap_underflow: self.fpscr & UE != 0,
        }
    }

    /// Puts the facts about a scalar result into FPSCR; `replaced` is which of FR, FI and FPRF
    /// they replace. True if the result goes into the target: an enabled invalid operation or
    /// zero divide leaves target and FPRF alone, and clears FR and FI (4.4.1, 4.4.2).
    #[inline(always)]
    pub(crate) fn conclude(&mut self, facts: u64, replaced: u64) -> bool {
        let kept = facts & enabled(self.fpscr) & (VX_ALL | ZX) == 0;
        let replaced = if kept { replaced } else { replaced & !FPRF };
        self.put_facts(facts, replaced);
        kept
    }

    /// As [`conclude`](Self::conclude) for a vector: any enabled exception leaves the target alone (7.4).
    #[inline(always)]
    pub(crate) fn conclude_vector(&mut self, facts: u64) -> bool {
        let kept = facts & enabled(self.fpscr) == 0;
        self.put_facts(facts, NOTHING);
        kept
    }

    #[inline(always)]
    fn put_facts(&mut self, facts: u64, replaced: u64) {
        let old = self.fpscr & !replaced | facts & replaced;
        self.fpscr = match facts & EXCEPTIONS {
            0 => old,
            exceptions => raised(old, exceptions),
        };
    }

    /// Stops with the program interrupt if an enabled exception occurred and MSR\[FE0,FE1\]
    /// asks for it: always precisely.
    #[inline(always)]
    pub(crate) fn float_trap(&self, facts: u64) -> Result<(), Stop> {
        let asked = facts & enabled(self.fpscr) != 0 && self.msr() & (msr::FE0 | msr::FE1) != 0;
        if asked { Err(Stop::FloatEnabled) } else { Ok(()) }
    }
}
