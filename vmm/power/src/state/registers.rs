// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every register by its name: `r0`..`r31`, `vs0`..`vs63`, `nip`, `msr`, `cr`, `fpscr`, `vscr`, and each special-purpose
//! register of [`spr::SPRS`] (`lr`, `ctr`, `xer`, `srr0`, ..). Parts of these have names, too: `v0`..`v31`, `f0`..`f31`,
//! `cr0`..`cr7`, and `so`, `ov`, `ca`, `ov32`, `ca32`.
//!
//! [`Cpu::register`] and [`Cpu::set_register`] read and write by name. A [`RegisterPlace`] is a name that was looked up.

use crate::{
    Cpu,
    state::spr::{self, Spr},
};

/// A whole register.
#[derive(Clone, Copy)]
enum Whole {
    Gpr(usize),
    Vsr(usize),
    Nip,
    Msr,
    Cr,
    Fpscr,
    Vscr,
    Spr(&'static Spr),
}

/// The place of a register: a whole one, or some bits of one.
#[derive(Clone, Copy)]
pub struct RegisterPlace {
    whole: Whole,
    /// Bits below the part in the whole register.
    pub shift: u32,
    /// The width in bits.
    pub bits: u32,
}

/// Registers that are numbered: a prefix, their count, and the place of each.
type File = (&'static str, usize, fn(usize) -> RegisterPlace);

/// Registers that are whole.
const FILES: &[File] = &[
    ("r", 32, |n| RegisterPlace { whole: Whole::Gpr(n), shift: 0, bits: 64 }),
    ("vs", 64, |n| RegisterPlace { whole: Whole::Vsr(n), shift: 0, bits: 128 }),
];

/// Parts of others. FPR n is doubleword 0 of VSR n, VR n is VSR 32+n (Book I, 7.2.1).
const VIEWS: &[File] = &[
    ("v", 32, |n| RegisterPlace { whole: Whole::Vsr(32 + n), shift: 0, bits: 128 }),
    ("f", 32, |n| RegisterPlace { whole: Whole::Vsr(n), shift: 64, bits: 64 }),
    ("cr", 8, |n| RegisterPlace { whole: Whole::Cr, shift: 28 - 4 * n as u32, bits: 4 }),
];

/// Registers that have no number, but for the special-purpose ones.
const SINGLE: &[(&str, RegisterPlace)] = &[
    ("nip", RegisterPlace { whole: Whole::Nip, shift: 0, bits: 64 }),
    ("msr", RegisterPlace { whole: Whole::Msr, shift: 0, bits: 64 }),
    ("cr", RegisterPlace { whole: Whole::Cr, shift: 0, bits: 32 }),
    ("fpscr", RegisterPlace { whole: Whole::Fpscr, shift: 0, bits: 64 }),
    ("vscr", RegisterPlace { whole: Whole::Vscr, shift: 0, bits: 32 }),
];

/// Bits of XER that have a name (Book I, 3.2.2).
const XER_BITS: &[(&str, u32)] = &[("so", 31), ("ov", 30), ("ca", 29), ("ov32", 19), ("ca32", 18)];

/// The names of a file's registers.
fn numbered(&(prefix, count, _): &File) -> impl Iterator<Item = String> + use<> {
    (0..count).map(move |n| format!("{prefix}{n}"))
}

/// The names of all registers that are no part of another one in this list. An SPR may still be an alias, or a function
/// of others.
pub fn names() -> impl Iterator<Item = String> {
    let single = SINGLE.iter().map(|(name, _)| (*name).to_owned());
    let sprs = spr::SPRS.iter().map(|spr| spr.name.to_owned());
    FILES.iter().flat_map(numbered).chain(single).chain(sprs)
}

/// The names of parts.
pub fn views() -> impl Iterator<Item = String> {
    let bits = XER_BITS.iter().map(|(name, _)| (*name).to_owned());
    VIEWS.iter().flat_map(numbered).chain(bits)
}

/// Looks a name up.
pub fn find(name: &str) -> Option<RegisterPlace> {
    let single = || SINGLE.iter().find(|(n, _)| *n == name).map(|(_, place)| *place);
    let xer = |shift| {
        spr::by_name("xer").map(|spr| RegisterPlace { whole: Whole::Spr(spr), shift, bits: 1 })
    };
    let bit = || XER_BITS.iter().find(|(n, _)| *n == name).and_then(|(_, bit)| xer(*bit));
    let spr = || {
        let spr = spr::by_name(name)?;
        Some(RegisterPlace { whole: Whole::Spr(spr), shift: 0, bits: spr.width })
    };
    single().or_else(bit).or_else(spr).or_else(|| in_files(name))
}

fn in_files(name: &str) -> Option<RegisterPlace> {
    let digits = name.find(|c: char| c.is_ascii_digit())?;
    let (prefix, number) = name.split_at(digits);
    let (_, count, place) = FILES.iter().chain(VIEWS).find(|(p, ..)| *p == prefix)?;
    let number: usize = number.parse().ok()?;
    // `r07` is no second name.
    (number < *count && number.to_string().len() == name.len() - digits).then(|| place(number))
}

impl RegisterPlace {
    /// The name of the register that this is all or a part of.
    pub fn whole(&self) -> String {
        match self.whole {
            Whole::Gpr(n) => format!("r{n}"),
            Whole::Vsr(n) => format!("vs{n}"),
            Whole::Nip => "nip".into(),
            Whole::Msr => "msr".into(),
            Whole::Cr => "cr".into(),
            Whole::Fpscr => "fpscr".into(),
            Whole::Vscr => "vscr".into(),
            Whole::Spr(spr) => spr.name.into(),
        }
    }

    fn mask(&self) -> u128 {
        u128::MAX >> (128 - self.bits) << self.shift
    }

    /// The value of the part in a value of the whole register.
    pub fn extract(&self, whole: u128) -> u128 {
        (whole & self.mask()) >> self.shift
    }

    /// A value of the whole register with another value of the part. Bits of the value above the part's width are
    /// ignored.
    pub fn insert(&self, whole: u128, value: u128) -> u128 {
        whole & !self.mask() | value << self.shift & self.mask()
    }
}

impl Cpu {
    /// The value of a register. Counters of the performance monitor are brought up to date.
    pub fn register_at(&mut self, place: RegisterPlace) -> u128 {
        place.extract(self.whole_register(place.whole))
    }

    /// Sets a register, by the rules of an `mtspr` for an SPR. Bits above its width are ignored.
    pub fn set_register_at(&mut self, place: RegisterPlace, value: u128) {
        let whole = place.insert(self.whole_register(place.whole), value);
        let low = whole as u64;
        match place.whole {
            Whole::Gpr(n) => self.gpr[n] = low,
            Whole::Vsr(n) => self.set_vsr(n, whole),
            Whole::Nip => self.set_nip(low),
            Whole::Msr => self.set_msr(low),
            Whole::Cr => self.set_cr(low as u32),
            Whole::Fpscr => self.set_fpscr(low),
            Whole::Vscr => self.set_vscr(low as u32),
            Whole::Spr(spr) => spr.set(self, low),
        }
    }

    /// The value of the register of this name; `None` if there is none.
    pub fn register(&mut self, name: &str) -> Option<u128> {
        find(name).map(|place| self.register_at(place))
    }

    /// Sets the register of this name; `None` if there is none.
    pub fn set_register(&mut self, name: &str, value: u128) -> Option<()> {
        find(name).map(|place| self.set_register_at(place, value))
    }

    fn whole_register(&mut self, whole: Whole) -> u128 {
        match whole {
            Whole::Gpr(n) => self.gpr[n].into(),
            Whole::Vsr(n) => self.vsr(n),
            Whole::Nip => self.nip().into(),
            Whole::Msr => self.msr().into(),
            Whole::Cr => self.cr().into(),
            Whole::Fpscr => self.fpscr().into(),
            Whole::Vscr => self.vscr().into(),
            Whole::Spr(spr) => spr.value(self).into(),
        }
    }
}
