// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Encodings of facilities that have no rows, or not all of them.
//!
//! They take the facility's unavailable interrupt while it is off, and are illegal
//! instructions otherwise. Rows come first: a facility that is built leaves this table alone.

use crate::{
    Cpu,
    state::{interrupt::Stop, msr, spr},
    word::Word,
};

/// The facility that an instruction needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Facility {
    Float,
    Vector,
    VectorScalar,
    /// Transactional memory, which MSR\[TM\] can not turn on.
    Transaction,
    /// Hypervisor privilege, which a guest never has.
    Hypervisor,
}

use Facility::{Float, Hypervisor, Transaction, Vector, VectorScalar};

/// Encodings of a facility: `(facility, mask, value)`.
const OPCODES: &[(Facility, u32, u32)] = &[
    (Float, 0xe000_0000, 48 << 26),      // 48 to 55: lfs to stfdu
    (Float, 0xfc00_0003, 57 << 26),      // lfdp
    (Vector, 0xfc00_0002, 57 << 26 | 2), // lxsd, lxssp
    (Float, 0xfc00_0000, 59 << 26),
    (VectorScalar, 0xfc00_0000, 60 << 26),
    (Float, 0xfc00_0003, 61 << 26),            // stfdp
    (VectorScalar, 0xfc00_000b, 61 << 26 | 1), // lxv, stxv of VSR 0 to 31
    (Vector, 0xfc00_000b, 61 << 26 | 9),       // of VSR 32 to 63
    (Vector, 0xfc00_0002, 61 << 26 | 2),       // stxsd, stxssp
    (VectorScalar, 0xfc00_003c, 63 << 26 | 8), // quadword floating point
    (Float, 0xfc00_0000, 63 << 26),
];

/// Any value of bit 31.
const ANY: Option<u32> = None;

/// Extended opcodes (bits 21:30) of a facility under primary opcode 31, and what
/// bit 31 must be: it distinguishes the halves of the vector-scalar registers.
const EXTENDED_31: &[(Facility, Option<u32>, &[u32])] = &[
    (Vector, ANY, &[6, 7, 38, 39, 71, 103, 135, 167, 199, 231, 359, 487]),
    (Float, ANY, &[535, 567, 599, 631, 663, 695, 727, 759, 791, 855, 887, 919, 983]),
    (VectorScalar, ANY, &[12, 76, 140, 332, 524, 588, 652, 716, 780, 844, 908, 972]),
    (VectorScalar, Some(0), SINCE_3_0),
    (Vector, Some(1), SINCE_3_0),
    (Float, Some(0), &[51, 115, 179, 211, 243]), // mfvsrd, mfvsrwz, mtvsrd, mtvsrwa, mtvsrwz
    (Vector, Some(1), &[51, 115, 179, 211, 243]),
    (Transaction, ANY, &[654, 686, 718, 750, 782, 814, 846, 878, 910, 942, 1006]),
    (Hypervisor, ANY, &[206, 238, 886, 789, 821, 853, 885, 917, 949, 981, 1013]),
];

/// VSX loads, stores and moves of ISA 3.0, for which the register decides the facility.
const SINCE_3_0: &[u32] =
    &[268, 269, 301, 307, 364, 396, 397, 403, 429, 435, 781, 812, 813, 876, 909, 940, 941, 1004];

/// Extended opcodes (bits 21:30) of a facility under primary opcode 19: hrfid, stop.
const EXTENDED_19: &[u32] = &[274, 370];

/// The facility whose encoding a word is.
fn facility(word: Word) -> Option<Facility> {
    let raw = word.raw();
    let extended = raw >> 1 & 0x3ff;
    match word.opcd() {
        19 => EXTENDED_19.contains(&extended).then_some(Hypervisor),
        31 => {
            let is = |bit: &Option<u32>| bit.is_none_or(|bit| bit == raw & 1);
            let row = EXTENDED_31.iter().find(|(_, bit, of)| is(bit) && of.contains(&extended));
            row.map(|row| row.0)
        }
        _ => OPCODES.iter().find(|(_, mask, value)| raw & mask == *value).map(|row| row.0),
    }
}

/// The interrupt of a word that is no row.
pub(crate) fn stop(cpu: &mut Cpu, word: Word) -> Stop {
    let off = |bit| cpu.msr() & bit == 0;
    match facility(word) {
        Some(Float) if off(msr::FP) => Stop::FpUnavailable,
        Some(Vector) if off(msr::VEC) => Stop::VmxUnavailable,
        Some(VectorScalar) if off(msr::VSX) => Stop::VsxUnavailable,
        Some(Transaction) => cpu.facility_off(spr::FSCR_TM),
        Some(Hypervisor) => Stop::Privileged,
        _ => {
            cpu.illegal.note(word);
            Stop::Illegal
        }
    }
}
