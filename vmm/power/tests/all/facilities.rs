// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The MSR bit that each floating-point, VMX and VSX instruction needs (Power ISA 3.0B, Book I, the first
//! lines of each instruction's description in chapters 4, 6 and 7).

use power::{GuestMemory, isa, msr, row::Row, text, word::Word};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const AT: u64 = 0x1000;

/// A facility: its MSR bit and the vector of its unavailable interrupt.
type Facility = (u64, u64);
const FP: Facility = (msr::FP, 0x800);
const VMX: Facility = (msr::VEC, 0xf20);
const VSX: Facility = (msr::VSX, 0xf40);

/// New in version 3.0: MSR[VSX] for VSRs 0 to 31, MSR[VEC] for the others.
const BY_REGISTER: &[&str] = &[
    "lxv", "lxvx", "lxvl", "lxvll", "lxvb16x", "lxvh8x", "lxvwsx", "lxsibzx", "lxsihzx", "stxv",
    "stxvx", "stxvl", "stxvll", "stxvb16x", "stxvh8x", "stxsibx", "stxsihx", "mfvsrld", "mtvsrdd",
    "mtvsrws", "xxspltib",
];
/// MSR[FP] for VSRs 0 to 31, MSR[VEC] for the others.
const MOVES: &[&str] = &["mfvsrd", "mfvsrwz", "mtvsrd", "mtvsrwa", "mtvsrwz"];

/// The facility of an instruction, if it has one.
fn facility(row: &Row, w: Word) -> Option<Facility> {
    let operands = row.asm.split_once(' ').map_or("", |(_, operands)| operands);
    let of = |names: &[&str]| operands.split([',', '(', ')']).any(|o| names.contains(&o));
    let vsr = if of(&["XTDQ"]) { w.xt_dq() } else { w.xt() };
    if BY_REGISTER.contains(&row.name) {
        return Some(if vsr < 32 { VSX } else { VMX });
    }
    if MOVES.contains(&row.name) {
        return Some(if vsr < 32 { FP } else { VMX });
    }
    let quad_precision = row.name.starts_with("xs"); // in VRs
    if quad_precision || row.name.starts_with("fmrg") || of(&["XT", "XS", "XA", "XB"]) {
        Some(VSX)
    } else if of(&["VT", "VS", "VA", "VB"]) {
        Some(VMX)
    } else if matches!(w.opcd(), 59 | 63) || of(&["FRT", "FRS"]) {
        Some(FP)
    } else {
        None
    }
}

/// The interrupt that an instruction takes, if any.
fn vector(w: Word, bits: u64) -> u64 {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).expect("64 KiB of RAM");
    ram.write_slice(&w.raw().to_be_bytes(), GuestAddress(AT)).expect("in RAM");
    let mut cpu = crate::tool::cpu(Arc::new(ram));
    cpu.set_msr(msr::SF | msr::ME | bits);
    cpu.set_nip(AT);
    cpu.step();
    cpu.nip()
}

/// The words of a row's cases, and those with the other half of the VSRs as target.
fn words(row: &'static Row) -> impl Iterator<Item = Word> {
    let word = |case: &&str| u32::from_str_radix(&case[..8], 16).expect("a word");
    let both = |word| [word, word ^ 1, word ^ 8].map(Word::new);
    row.cases.iter().map(word).flat_map(both).filter(|w| row.matches(*w))
}

#[test]
fn each_instruction_needs_its_facility_and_no_other() {
    let all = msr::FP | msr::VEC | msr::VSX;
    let mut tried = 0;
    for (row, w) in isa::rows().flat_map(|row| words(row).map(move |w| (row, w))) {
        let Some((bit, unavailable)) = facility(row, w) else { continue };
        let text = text::disassemble(w.raw(), AT);
        assert_eq!(vector(w, all & !bit), unavailable, "{text} without its facility");
        let with = vector(w, bit);
        assert!(![0x800, 0xf20, 0xf40].contains(&with), "{text} takes {with:#x} with it");
        tried += 1;
    }
    assert!(tried > 500, "only {tried} words");
}
