// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The 32-bit instruction word and its named fields.

use std::{fmt, mem::MaybeUninit};

/// The number of a register: a type that the compiler knows to be below 32, so that reading a
/// register needs no check.
#[rustfmt::skip]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Number {
    R0, R1, R2, R3, R4, R5, R6, R7,
    R8, R9, R10, R11, R12, R13, R14, R15,
    R16, R17, R18, R19, R20, R21, R22, R23,
    R24, R25, R26, R27, R28, R29, R30, R31,
}

#[rustfmt::skip]
const NUMBERS: [Number; 32] = {
    use Number::*;
    [
        R0, R1, R2, R3, R4, R5, R6, R7,
        R8, R9, R10, R11, R12, R13, R14, R15,
        R16, R17, R18, R19, R20, R21, R22, R23,
        R24, R25, R26, R27, R28, R29, R30, R31,
    ]
};

/// An instruction word with its three register fields taken out at decode time.
///
/// Field names and bit numbers are the Power ISA's: bit 0 is the most significant.
#[derive(Clone, Copy)]
pub struct Word {
    word: u32,
    r6: Number,
    r11: Number,
    r16: Number,
    /// Makes the type too large to be passed in registers. As an integer in a register it would
    /// be loaded whole and its fields shifted out; so each that is used is one load.
    _in_memory: [MaybeUninit<u64>; 2],
}

impl PartialEq for Word {
    fn eq(&self, other: &Word) -> bool {
        self.word == other.word
    }
}

impl Eq for Word {}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word({:#010x})", self.word)
    }
}

/// A word as decoded code keeps it.
#[derive(Clone, Copy)]
pub(crate) struct Packed {
    word: u32,
    r6: Number,
    r11: Number,
    r16: Number,
}

impl Packed {
    pub(crate) const fn new(w: Word) -> Packed {
        Packed { word: w.word, r6: w.r6, r11: w.r11, r16: w.r16 }
    }
    #[inline(always)]
    pub(crate) const fn word(&self) -> Word {
        let _in_memory = [MaybeUninit::uninit(); 2];
        Word { word: self.word, r6: self.r6, r11: self.r11, r16: self.r16, _in_memory }
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident: $first:literal..=$last:literal;)*) => {
        impl Word {
            $($(#[$doc])*
            #[inline(always)]
            pub const fn $name(self) -> u32 { self.bits($first, $last) })*
        }
    };
}

fields! {
    /// Primary opcode.
    opcd: 0..=5;
    /// Branch options.
    bo: 6..=10;
    /// CR bit a branch or isel tests.
    bi: 11..=15;
    /// Branch hint of bclr, bcctr and bctar.
    bh: 19..=20;
    /// CR field written by compares.
    bf: 6..=8;
    /// CR field read by mcrf and setb.
    bfa: 11..=13;
    /// CR bit target.
    bt: 6..=10;
    /// CR bit source A.
    ba: 11..=15;
    /// CR bit source B.
    bb: 16..=20;
    /// Operand of isel: the CR bit.
    bc: 21..=25;
    /// Compare doubleword (1) or word (0).
    l10: 10..=10;
    /// Two-bit L field.
    l2: 9..=10;
    /// Two-bit L field of darn.
    l14: 14..=15;
    /// One-bit L field at bit 15 (mtmsrd, mtmsr).
    l15: 15..=15;
    /// Trap conditions.
    to: 6..=10;
    /// Shift amount of a word shift.
    sh: 16..=20;
    /// Mask begin (M-form).
    mb: 21..=25;
    /// Mask end (M-form).
    me: 26..=30;
    /// Number of bytes of lswi and stswi.
    nb: 16..=20;
    /// CR field mask of mtcrf.
    fxm: 12..=19;
    /// Third operand register (VA-form).
    rc_reg: 21..=25;
    /// Level of a system call.
    lev: 20..=26;
    /// Cache hint.
    th: 6..=10;
    /// Cache that icbt fills.
    ct: 7..=10;
    /// Lookaside entries that slbia keeps.
    ih: 8..=10;
    /// The translations that tlbie invalidates.
    ric: 12..=13;
    /// Scope of tlbie: process (1) or partition (0).
    prs: 14..=14;
    /// Radix (1) or hashed (0) tlbie.
    r: 15..=15;
    /// New BESCR\[GE\] of rfebb.
    s: 20..=20;
    /// DX-form d1.
    d1: 11..=15;
    /// DX-form d0.
    d0: 16..=25;
    /// Two-bit CY field (addex).
    cy: 21..=22;
    /// Unsigned immediate of VX-form and XX2-form.
    uim: 11..=15;
    /// Byte count of vsldoi.
    shb: 22..=25;
    /// Word count of xxsldwi.
    shw: 22..=23;
    /// Doubleword choice of xxpermdi.
    dm: 22..=23;
    /// Byte of xxspltib.
    imm8: 13..=20;
    /// Function of vshasigma: lower case (0) or upper case (1) sigma.
    st: 16..=16;
    /// Function of vshasigma for each element.
    six: 17..=20;
    /// Fields that mtfsf writes.
    flm: 7..=14;
    /// Number of an entry of the branch history.
    bhrbe: 11..=20;
    /// mtfsf writes all of FPSCR.
    l6: 6..=6;
    /// The word of FPSCR that mtfsf and mtfsfi write.
    w15: 15..=15;
    /// Immediate of mtfsfi.
    u: 16..=19;
    /// Decimal rounding mode of mffscdrni.
    drm: 18..=20;
    /// Rounding mode of mffscrni.
    rm: 19..=20;
    /// Rounding mode of quad-precision instructions.
    rmc: 21..=22;
    /// Data class mask of scalar tests.
    dcmx: 9..=15;
    /// Preferred sign of decimal results.
    ps: 22..=22;
}

/// A bit of an instruction word as a flag.
macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident: $bit:literal;)*) => {
        impl Word {
            $($(#[$doc])*
            #[inline(always)]
            pub const fn $name(self) -> bool { self.bits($bit, $bit) != 0 })*
        }
    };
}

flags! {
    /// Record: the result is compared with zero into CR0.
    rc: 31;
    /// Record bit of VC-form and XX3-form comparisons.
    vrc: 21;
    /// Overflow enable.
    oe: 21;
    /// Link: the return address goes to LR.
    lk: 31;
    /// Absolute address.
    aa: 30;
}

impl Word {
    /// Splits a word into its fields.
    pub const fn new(word: u32) -> Word {
        Word {
            word,
            r6: NUMBERS[(word >> 21 & 31) as usize],
            r11: NUMBERS[(word >> 16 & 31) as usize],
            r16: NUMBERS[(word >> 11 & 31) as usize],
            _in_memory: [MaybeUninit::uninit(); 2],
        }
    }

    /// This word, which has `value` under `mask` already. The compiler then knows these bits.
    #[inline(always)]
    pub(crate) const fn with_bits(self, mask: u32, value: u32) -> Word {
        debug_assert!(self.word & mask == value);
        Word { word: self.word & !mask | value, ..self }
    }

    /// The word itself.
    #[inline(always)]
    pub const fn raw(self) -> u32 {
        self.word
    }

    #[inline(always)]
    const fn bits(self, first: u32, last: u32) -> u32 {
        (self.word << first) >> (31 - last + first)
    }

    /// Target register.
    #[inline(always)]
    pub const fn rt(self) -> usize {
        self.r6 as usize
    }
    /// Source register; the same bits as RT.
    #[inline(always)]
    pub const fn rs(self) -> usize {
        self.r6 as usize
    }
    /// First operand register.
    #[inline(always)]
    pub const fn ra(self) -> usize {
        self.r11 as usize
    }
    /// Second operand register.
    #[inline(always)]
    pub const fn rb(self) -> usize {
        self.r16 as usize
    }
    /// Third operand register.
    #[inline(always)]
    pub const fn r_c(self) -> usize {
        self.rc_reg() as usize
    }
    /// Target VSR of XX-forms; stores name it XS.
    #[inline(always)]
    pub const fn xt(self) -> usize {
        self.rt() | (self.bits(31, 31) << 5) as usize
    }
    /// First operand VSR of XX3- and XX4-form.
    #[inline(always)]
    pub const fn xa(self) -> usize {
        self.ra() | (self.bits(29, 29) << 5) as usize
    }
    /// Second operand VSR of XX-forms.
    #[inline(always)]
    pub const fn xb(self) -> usize {
        self.rb() | (self.bits(30, 30) << 5) as usize
    }
    /// Third operand VSR of XX4-form.
    #[inline(always)]
    pub const fn xc(self) -> usize {
        self.r_c() | (self.bits(28, 28) << 5) as usize
    }
    /// Target VSR of DQ-form.
    #[inline(always)]
    pub const fn xt_dq(self) -> usize {
        self.rt() | (self.bits(28, 28) << 5) as usize
    }
    /// Signed immediate of vspltis, sign-extended.
    #[inline(always)]
    pub const fn sim(self) -> i8 {
        (self.uim() << 3) as i8 >> 3
    }
    /// Signed 16-bit immediate (SI and D), sign-extended.
    #[inline(always)]
    pub const fn si(self) -> u64 {
        self.word as i16 as i64 as u64
    }
    /// Unsigned 16-bit immediate.
    #[inline(always)]
    pub const fn ui(self) -> u64 {
        self.word as u16 as u64
    }
    /// DS displacement in bytes, sign-extended.
    #[inline(always)]
    pub const fn ds(self) -> u64 {
        (self.word as i16 & !3) as i64 as u64
    }
    /// Data class mask of vector tests: dc || dm || dx.
    #[inline(always)]
    pub const fn dcmx_xv(self) -> u32 {
        self.bits(25, 25) << 6 | self.bits(29, 29) << 5 | self.bits(11, 15)
    }
    /// DQ displacement in bytes, sign-extended.
    #[inline(always)]
    pub const fn dq(self) -> u64 {
        (self.word as i16 & !15) as i64 as u64
    }
    /// I-form branch displacement in bytes, sign-extended.
    #[inline(always)]
    pub const fn li(self) -> u64 {
        (((self.word << 6) as i32 >> 6) & !3) as i64 as u64
    }
    /// B-form branch displacement in bytes, sign-extended.
    #[inline(always)]
    pub const fn bd(self) -> u64 {
        self.ds()
    }
    /// Shift amount of a doubleword shift: sh5 || sh0:4.
    #[inline(always)]
    pub const fn sh6(self) -> u32 {
        self.bits(30, 30) << 5 | self.bits(16, 20)
    }
    /// Mask begin or end of a doubleword rotate: m5 || m0:4.
    #[inline(always)]
    pub const fn mb6(self) -> u32 {
        self.bits(26, 26) << 5 | self.bits(21, 25)
    }
    /// Special-purpose register number, its two halves put in order.
    #[inline(always)]
    pub const fn spr(self) -> u32 {
        self.bits(16, 20) << 5 | self.bits(11, 15)
    }
    /// DX-form immediate d0 || d1 || d2, sign-extended.
    #[inline(always)]
    pub const fn d(self) -> u64 {
        (self.d0() << 6 | self.d1() << 1 | self.word & 1) as u16 as i16 as i64 as u64
    }
}
