// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The particulars of trials of vector and floating-point instructions: values of the registers, results that
//! the book leaves undefined, and differences of QEMU.

use super::float;
use super::trials::{Trial, value};
use super::valid::Rule;
use crate::tool::Rng;
use crate::words::{has_operand, operands as names};
use power::row::Row;

/// Single-precision numbers at which arithmetic is prone to errors.
const SINGLES: &[u32] = &[
    0,
    1,
    0x007f_ffff,
    0x0080_0000,
    0x3eff_ffff,
    0x3f00_0000,
    0x3f7f_ffff,
    0x3f80_0000,
    0x4000_0000,
    0x4b00_0001,
    0x4f00_0000,
    0x4f7f_ffff,
    0x7f7f_ffff,
    0x7f80_0000,
    0x7f80_0001,
    0x7fbf_ffff,
    0x7fc0_0000,
    0x7fff_ffff,
];

/// Double-precision numbers at which stores and loads of single precision change their behaviour.
const DOUBLES: &[u64] = &[
    0,
    1,
    0x36a0_0000_0000_0000,
    0x3800_0000_0000_0000,
    0x380f_ffff_e000_0000,
    0x3810_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0x4330_0000_0000_0001,
    0x47ef_ffff_e000_0000,
    0x7ff0_0000_0000_0000,
    0x7ff0_0000_0000_0001,
    0x7ff4_0000_2000_0000,
    0x7ff8_0000_0000_0000,
];

/// A quadword of elements from `f`, each a power of two of bytes long.
fn elements(bytes: u32, mut f: impl FnMut() -> u64) -> u128 {
    (0..16 / bytes).fold(0, |v, _| {
        let element = u128::from(f() & (u64::MAX >> (64 - 8 * bytes)));
        if bytes == 16 { element } else { v << (8 * bytes) | element }
    })
}

fn quad(rng: &mut Rng) -> u128 {
    let bytes = 1 << rng.below(4);
    match rng.below(8) {
        0 => {
            let one = value(rng);
            elements(bytes, || one)
        }
        1 | 2 => elements(bytes, || value(rng)),
        3 => elements(4, || u64::from(rng.pick(SINGLES)) | rng.below(2) << 31),
        4 => elements(8, || rng.pick(DOUBLES) | rng.below(2) << 63),
        5 => elements(4, || (rng.next() >> 40) | 0x3f00_0000), // numbers near 1
        6 => rng.pick(&[0, u128::MAX, 1, 1 << 127]),
        _ => elements(8, || rng.next()),
    }
}

/// A packed decimal number.
fn decimal(rng: &mut Rng) -> u128 {
    let digits = rng.below(32) as u32;
    let nines = rng.one_in(4);
    let n = (0..digits).fold(0, |n, _| n << 4 | if nines { 9 } else { u128::from(rng.below(10)) });
    n << 4 | u128::from(10 + rng.below(6))
}

/// The VSRs that a trial's operands name.
pub(crate) fn operands(trial: &Trial) -> Vec<usize> {
    let w = trial.word();
    let vsr = |name: &str| {
        Some(match name {
            "VT" | "VS" => 32 + w.rt(),
            "VA" => 32 + w.ra(),
            "VB" => 32 + w.rb(),
            "VC" => 32 + w.r_c(),
            "XT" | "XS" => w.xt(),
            "XTDQ" => w.xt_dq(),
            "XA" => w.xa(),
            "XB" => w.xb(),
            "XC" => w.xc(),
            "FRT" | "FRS" => w.rt(),
            "FRA" => w.ra(),
            "FRB" => w.rb(),
            "FRC" => w.r_c(),
            _ => return None,
        })
    };
    names(trial.row).filter_map(vsr).collect()
}

/// True if RB is a number of bytes and RA alone the address.
pub(crate) fn has_length(row: &Row) -> bool {
    matches!(row.name, "lxvl" | "lxvll" | "stxvl" | "stxvll")
}

/// VSCR[NJ] and VSCR[SAT].
const VSCR: u32 = 0x1_0001;

/// Sets the vector registers of a trial.
pub(crate) fn prepare(trial: &mut Trial, rng: &mut Rng) {
    trial.state.vscr = rng.next() as u32 & VSCR;
    for v in &mut trial.state.vsr {
        *v = quad(rng);
    }
    trial.state.fpscr = float::fpscr(rng);
    if let Some(format) = float::operands(trial.row)
        && (format == float::Operands::Singles || !rng.one_in(8))
    {
        let registers = operands(trial);
        format.fill(&mut trial.state.vsr, &registers, rng);
    }
    let (w, name) = (trial.word(), trial.row.name);
    let (a, b) = (32 + w.ra(), 32 + w.rb());
    let (vsr, gpr) = (&mut trial.state.vsr, &mut trial.state.gpr);
    match name {
        // 6.8: if the three low bits of the bytes of VRB differ, the result is undefined.
        "vsl" | "vsr" => vsr[b] = u128::from_be_bytes([rng.next() as u8; 16]),
        "mtvscr" => vsr[b] = vsr[b] >> 32 << 32 | u128::from(rng.next() as u32 & VSCR),
        // The result for a number that is not a digit is undefined.
        "vmul10euq" | "vmul10ecuq" => vsr[b] = vsr[b] >> 4 << 4 | u128::from(rng.below(10)),
        _ if name.starts_with("vcmp") && rng.one_in(2) => {
            vsr[b] = vsr[a] ^ vsr[b] & vsr[32 + w.rt()] & quad(rng);
        }
        _ if name.starts_with("vextu") => {
            let limit = 16 - element(name);
            gpr[w.ra()] = gpr[w.ra()] & !15 | rng.below(limit + 1);
        }
        _ if has_length(trial.row) => gpr[w.rb()] = rng.below(20) << 56 | rng.next() >> 8,
        _ if name.starts_with("bcd") => decimals((name, w.ps()), &mut vsr[..], (a, b), rng),
        _ => (),
    }
}

/// Makes the operands valid decimal numbers; the result for an invalid one is undefined.
fn decimals((name, ps): (&str, u32), vsr: &mut [u128], (a, b): (usize, usize), rng: &mut Rng) {
    let digits = |rng: &mut Rng| decimal(rng) >> 4 | u128::from(rng.below(10)) << 124;
    let digit = |n: u128, i: u32| n >> (4 * i) & 15;
    vsr[a] = decimal(rng);
    vsr[b] = decimal(rng);
    match name {
        "bcds" | "bcdsr" | "bcdus" | "bcdtrunc" | "bcdutrunc" if a != b => {
            let count = rng.below(67) as i8 - 33;
            let count = if name.contains("trunc") { count.unsigned_abs() } else { count as u8 };
            vsr[a] = vsr[a] & !(0xffff << 64) | u128::from(count) << 64;
            if name.contains('u') {
                vsr[b] = digits(rng);
            }
        }
        "bcdus" | "bcdutrunc" => vsr[b] = digits(rng),
        "bcdcfsq" => {
            vsr[b] = (elements(8, || rng.next()) as i128 >> (25 + rng.below(103))) as u128;
        }
        "bcdcfn" => {
            let n = digits(rng);
            let sign = rng.pick(&[0x2b, 0x2d]);
            vsr[b] = (1..8).fold(sign, |v, i| v | (0x30 | digit(n, i)) << (16 * i));
        }
        "bcdcfz" => {
            let n = digits(rng);
            let zone = if ps == 0 { 3 } else { 15 };
            let sign = 10 + u128::from(rng.below(6));
            let v = (0..16).fold(0, |v, i| v | (zone << 4 | digit(n, i)) << (8 * i));
            vsr[b] = v & !0xf0 | sign << 4;
        }
        _ => (),
    }
}

/// Size in bytes of the element that a name ends in.
fn element(name: &str) -> u64 {
    let name = name.trim_start_matches("vextu").trim_end_matches("lx").trim_end_matches("rx");
    match name.chars().last() {
        Some('b') => 1,
        Some('h') => 2,
        Some('w') => 4,
        _ => 8,
    }
}

/// Words that are not tried.
pub(crate) const RULES: &[Rule] = &[
    (
        "6.8: if UIM is greater than 16 minus the element's bytes, the result is undefined",
        |row, w| {
            let partial = row.name.starts_with("vextract")
                || row.name.starts_with("vinsert")
                || matches!(row.name, "xxextractuw" | "xxinsertw");
            partial && u64::from(w.uim()) > 16 - element(row.name)
        },
    ),
    ("7.6: of R || RMC, 0b001 and 0b010 are reserved", |row, w| {
        row.name.starts_with("xsrqp") && w.r() == 0 && matches!(w.rmc(), 1 | 2)
    }),
    ("none: the length would be part of the address", |row, w| has_length(row) && w.ra() == w.rb()),
];

/// Loads and moves to doubleword 0 of a VSR that leave doubleword 1 undefined.
const DOUBLEWORD_0: &[&str] = &[
    "lxsdx", "lxsiwax", "lxsiwzx", "lxsibzx", "lxsihzx", "lxsspx", "lxsd", "lxssp", "mtvsrd",
    "mtvsrwa", "mtvsrwz",
];

/// The VSR, and its bits that the book leaves undefined.
pub(crate) fn undefined(trial: &Trial) -> (usize, u128) {
    // 4.6.7: word 0 is undefined after a conversion to a word.
    if trial.row.name.starts_with("fctiw") {
        return (trial.word().rt(), u128::MAX << 96);
    }
    let scalar = DOUBLEWORD_0.contains(&trial.row.name);
    let target =
        if has_operand(trial.row, "XT") { trial.word().xt() } else { 32 + trial.word().rt() };
    (target, if scalar { u128::from(u64::MAX) } else { 0 })
}

/// A difference between QEMU 7.2 and the book, and the trials concerned.
pub(crate) type Erratum = (&'static str, fn(&Trial) -> bool);
pub(crate) const QEMU_ERRATA: &[Erratum] = &[
    ("vrldmi inserts under the mask; QEMU clears the other bits", |t| t.row.name == "vrldmi"),
    ("bcdadd, bcdsub: a sum of 0 is positive; QEMU has -0 + -0 = -0", |t| {
        let zero = |n: &usize| t.state.vsr[*n] >> 4 == 0;
        matches!(t.row.name, "bcdadd" | "bcdsub") && operands(t)[1..].iter().all(zero)
    }),
    ("bcdcpsgn, bcdctsq: QEMU reads a source after it wrote the target", |t| {
        let operands = operands(t);
        matches!(t.row.name, "bcdcpsgn" | "bcdctsq") && operands[1..].contains(&operands[0])
    }),
    ("bcdus: CR6 compares without a sign; QEMU takes the last digit for one", |t| {
        t.row.name == "bcdus"
    }),
    ("version 2.03, dst: a hint with RA=0, too; QEMU says it is illegal", |t| {
        t.row.name.starts_with("dst") && t.word().ra() == 0
    }),
];
