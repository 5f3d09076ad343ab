// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Disassembly, driven by the rows' operand templates.
//!
//! The text is what binutils' `objdump -M raw` prints: no simplified mnemonics.

use crate::{isa, word::Word};
use std::fmt::Write;

/// Prints one operand. The address of the instruction is for branch targets.
type Print = fn(Word, u64) -> String;

/// Operands by name, as templates write them.
pub const OPERANDS: &[(&str, Print)] = &[
    ("RT", |w, _| reg(w.rt())),
    ("RS", |w, _| reg(w.rs())),
    ("RA", |w, _| reg(w.ra())),
    ("RA0", |w, _| if w.ra() == 0 { "0".into() } else { reg(w.ra()) }),
    ("RB", |w, _| reg(w.rb())),
    ("RC", |w, _| reg(w.r_c())),
    ("SI", |w, _| signed(w.si())),
    ("UI", |w, _| w.ui().to_string()),
    ("D", |w, _| signed(w.si())),
    ("DS", |w, _| signed(w.ds())),
    ("DQ", |w, _| signed(w.dq())),
    ("DX", |w, _| signed(w.d())),
    ("BF", |w, _| format!("cr{}", w.bf())),
    ("BFA", |w, _| format!("cr{}", w.bfa())),
    ("L", |w, _| w.l10().to_string()),
    ("L2", |w, _| w.l2().to_string()),
    ("L15", |w, _| w.l15().to_string()),
    ("TO", |w, _| w.to().to_string()),
    ("SH", |w, _| w.sh().to_string()),
    ("SH6", |w, _| w.sh6().to_string()),
    ("MB", |w, _| w.mb().to_string()),
    ("ME", |w, _| w.me().to_string()),
    ("MB6", |w, _| w.mb6().to_string()),
    ("L14", |w, _| w.l14().to_string()),
    ("CY", |w, _| w.cy().to_string()),
    ("BC", |w, _| cr_bit(w.bc())),
    ("LEV", |w, _| w.lev().to_string()),
    ("BO", |w, _| w.bo().to_string()),
    ("BI", |w, _| cr_bit(w.bi())),
    ("BH", |w, _| w.bh().to_string()),
    ("LI", |w, pc| target(w, pc, w.li())),
    ("BD", |w, pc| target(w, pc, w.bd())),
    ("BT", |w, _| cr_bit(w.bt())),
    ("BA", |w, _| cr_bit(w.ba())),
    ("BB", |w, _| cr_bit(w.bb())),
    ("NB", |w, _| if w.nb() == 0 { "32".into() } else { w.nb().to_string() }),
    ("EH", |w, _| u32::from(w.rc()).to_string()),
    ("TH", |w, _| w.th().to_string()),
    ("CT", |w, _| w.ct().to_string()),
    ("IH", |w, _| w.ih().to_string()),
    ("RIC", |w, _| w.ric().to_string()),
    ("PRS", |w, _| w.prs().to_string()),
    ("R", |w, _| w.r().to_string()),
    ("S", |w, _| w.s().to_string()),
    ("SPR", |w, _| w.spr().to_string()),
    ("BHRBE", |w, _| w.bhrbe().to_string()),
    ("FXM", |w, _| w.fxm().to_string()),
    ("VT", |w, _| vector(w.rt())),
    ("VS", |w, _| vector(w.rs())),
    ("VA", |w, _| vector(w.ra())),
    ("VB", |w, _| vector(w.rb())),
    ("VC", |w, _| vector(w.r_c())),
    ("XT", |w, _| vsr(w.xt())),
    ("XS", |w, _| vsr(w.xt())),
    ("XTDQ", |w, _| vsr(w.xt_dq())),
    ("XA", |w, _| vsr(w.xa())),
    ("XB", |w, _| vsr(w.xb())),
    ("XC", |w, _| vsr(w.xc())),
    ("FRT", |w, _| float(w.rt())),
    ("FRS", |w, _| float(w.rs())),
    ("FRA", |w, _| float(w.ra())),
    ("FRB", |w, _| float(w.rb())),
    ("FRC", |w, _| float(w.r_c())),
    ("FLM", |w, _| w.flm().to_string()),
    ("L6", |w, _| w.l6().to_string()),
    ("W15", |w, _| w.w15().to_string()),
    ("U", |w, _| w.u().to_string()),
    ("DRM", |w, _| w.drm().to_string()),
    ("RM", |w, _| w.rm().to_string()),
    ("BFN", |w, _| w.bf().to_string()),
    ("BTF", |w, _| w.bt().to_string()),
    ("DCMX", |w, _| w.dcmx().to_string()),
    ("DCMXV", |w, _| w.dcmx_xv().to_string()),
    ("RMC", |w, _| w.rmc().to_string()),
    ("UIM", |w, _| w.uim().to_string()),
    ("SIM", |w, _| w.sim().to_string()),
    ("SHB", |w, _| w.shb().to_string()),
    ("SHW", |w, _| w.shw().to_string()),
    ("DM", |w, _| w.dm().to_string()),
    ("IMM8", |w, _| w.imm8().to_string()),
    ("ST", |w, _| w.st().to_string()),
    ("SIX", |w, _| w.six().to_string()),
    ("PS", |w, _| w.ps().to_string()),
    ("STRM", |w, _| w.l2().to_string()),
];

fn reg(r: usize) -> String {
    format!("r{r}")
}

fn vector(r: usize) -> String {
    format!("v{r}")
}

fn vsr(r: usize) -> String {
    format!("vs{r}")
}

fn float(r: usize) -> String {
    format!("f{r}")
}

/// A CR bit, as `lt` in CR0 or `4*cr6+lt` elsewhere.
fn cr_bit(bit: u32) -> String {
    let name = ["lt", "gt", "eq", "so"][bit as usize % 4];
    match bit / 4 {
        0 => name.into(),
        field => format!("4*cr{field}+{name}"),
    }
}

fn signed(v: u64) -> String {
    (v as i64).to_string()
}

fn target(w: Word, pc: u64, displacement: u64) -> String {
    let base = if w.aa() { 0 } else { pc };
    format!("{:#x}", base.wrapping_add(displacement))
}

/// Prints the instruction at address `pc`.
pub fn disassemble(word: u32, pc: u64) -> String {
    let w = Word::new(word);
    let Some(row) = isa::decode(w) else {
        return format!(".long 0x{word:x}");
    };
    let (mnemonic, operands) = row.asm.split_once(' ').unwrap_or((row.asm, ""));
    let mut out = mnemonic.to_string();
    // Comparisons of VC-form and XX3-form have their record bit elsewhere.
    let record = if matches!(w.opcd(), 4 | 60) { w.vrc() } else { w.rc() };
    // Quad precision: round to odd; fixed point: overflow enable.
    let odd = if w.opcd() == 63 { w.rc() } else { w.oe() };
    for (suffix, letter, on) in [
        ("[o]", "o", odd),
        ("[x]", "x", w.rc()),
        ("[l]", "l", w.lk()),
        ("[a]", "a", w.aa()),
        ("[.]", ".", record),
    ] {
        out = out.replace(suffix, if on { letter } else { "" });
    }
    if !operands.is_empty() {
        out.push(' ');
    }
    let mut rest = operands;
    while !rest.is_empty() {
        let end = rest.find([',', '(', ')']).unwrap_or(rest.len());
        let name = &rest[..end];
        match OPERANDS.iter().find(|(operand, _)| *operand == name) {
            Some((_, print)) => out.push_str(&print(w, pc)),
            None => out.push_str(name),
        }
        let _ = write!(out, "{}", &rest[end..rest.len().min(end + 1)]);
        rest = &rest[rest.len().min(end + 1)..];
    }
    out
}
