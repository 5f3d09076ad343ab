// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rotates (Power ISA 3.0B, Book I, 3.3.14.1).

use crate::{form, vocabulary::Vocabulary, word::Word};

/// MASK(`first`, `last`): ones from bit `first` to bit `last`, around the end if need be.
#[inline(always)]
fn mask(first: u32, last: u32) -> u64 {
    let ones = i64::MIN >> (last.wrapping_sub(first) & 63);
    ones.cast_unsigned().rotate_right(first)
}

/// The mask of an M-form word.
#[inline(always)]
fn mask_word(w: Word) -> u64 {
    mask(w.mb() + 32, w.me() + 32)
}

/// ROTL32 of RS.
#[inline(always)]
fn rotl32<M: Vocabulary>(m: &mut M, w: Word, n: M::Val) -> M::Val {
    let s = m.gpr(w.rs());
    m.rotl_word(s, n)
}

/// RS rotated left by the immediate of an MD-form word.
#[inline(always)]
fn rotl64<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
    let (s, n) = (m.gpr(w.rs()), m.imm(w.sh6().into()));
    m.rotl(s, n)
}

/// RA <- `rotated` and `mask`, with CR0.
#[inline(always)]
fn and_mask<M: Vocabulary>(m: &mut M, w: Word, rotated: M::Val, mask: u64) {
    let mask = m.imm(mask);
    let result = m.and(rotated, mask);
    m.set_gpr(w.ra(), result);
    m.record(w, result);
}

/// RA <- `rotated` under `mask`, RA elsewhere, with CR0.
#[inline(always)]
fn insert<M: Vocabulary>(m: &mut M, w: Word, rotated: M::Val, mask: u64) {
    let (a, mask, rest) = (m.gpr(w.ra()), m.imm(mask), m.imm(!mask));
    let (inserted, kept) = (m.and(rotated, mask), m.and(a, rest));
    let result = m.or(inserted, kept);
    m.set_gpr(w.ra(), result);
    m.record(w, result);
}

crate::isa![
    Insn {
        name: rlwinm,
        form: form::m(21),
        asm: "rlwinm[.] RA,RS,SH,MB,ME",
        book: "Book I, Rotate Left Word Immediate then AND with Mask",
        does: |m, w| {
            let n = m.imm(w.sh().into());
            let rotated = rotl32(m, w, n);
            and_mask(m, w, rotated, mask_word(w));
        },
        cases: &[
            "5483463e rlwinm r3,r4,8,24,31 | r4=ffffffff12345678 | r3=12",
            "5483203e rlwinm r3,r4,4,0,31 | r4=ffffffff12345678 | r3=23456781",
            "54832707 rlwinm. r3,r4,4,28,3 | r4=12345678 | r3=2345678120000001 cr0=4",
            "54830001 rlwinm. r3,r4,0,0,0 | r4=92345678 msr=1000 | r3=80000000 cr0=8",
            "5483f87e rlwinm r3,r4,31,1,31 | r4=80000001 | r3=40000000",
        ],
    },
    Insn {
        name: rlwnm,
        form: form::m(23),
        asm: "rlwnm[.] RA,RS,RB,MB,ME",
        book: "Book I, Rotate Left Word then AND with Mask",
        does: |m, w| {
            let n = m.gpr(w.rb());
            let rotated = rotl32(m, w, n);
            and_mask(m, w, rotated, mask_word(w));
        },
        cases: &[
            "5c832e3e rlwnm r3,r4,r5,24,31 | r4=12345678 r5=68 | r3=12",
            "5c83283f rlwnm. r3,r4,r5,0,31 | r4=12345678 r5=20 | r3=12345678 cr0=4",
        ],
    },
    Insn {
        name: rlwimi,
        form: form::m(20),
        asm: "rlwimi[.] RA,RS,SH,MB,ME",
        book: "Book I, Rotate Left Word Immediate then Mask Insert",
        does: |m, w| {
            let n = m.imm(w.sh().into());
            let rotated = rotl32(m, w, n);
            insert(m, w, rotated, mask_word(w));
        },
        cases: &[
            "5083801e rlwimi r3,r4,16,0,15 | r3=-1 r4=12345678 | r3=ffffffff5678ffff",
            "508307c1 rlwimi. r3,r4,0,31,0 | r3=0 r4=80000001 | r3=8000000180000001 cr0=8",
        ],
    },
    Insn {
        name: rldicl,
        form: form::md(30, 0),
        asm: "rldicl[.] RA,RS,SH6,MB6",
        book: "Book I, Rotate Left Doubleword Immediate then Clear Left",
        does: |m, w| {
            let rotated = rotl64(m, w);
            and_mask(m, w, rotated, u64::MAX >> w.mb6());
        },
        cases: &[
            "78830020 rldicl r3,r4,0,32 | r4=-1 | r3=ffffffff",
            "7883e103 rldicl. r3,r4,60,4 | r4=8000000000000001 | r3=800000000000000 cr0=4",
            "78830fe0 rldicl r3,r4,1,63 | r4=8000000000000000 | r3=1",
        ],
    },
    Insn {
        name: rldicr,
        form: form::md(30, 1),
        asm: "rldicr[.] RA,RS,SH6,MB6",
        book: "Book I, Rotate Left Doubleword Immediate then Clear Right",
        does: |m, w| {
            let rotated = rotl64(m, w);
            and_mask(m, w, rotated, u64::MAX << (63 - w.mb6()));
        },
        cases: &[
            "788307c6 rldicr r3,r4,32,31 | r4=123456789 | r3=2345678900000000",
            "78830005 rldicr. r3,r4,0,0 | r4=-1 | r3=8000000000000000 cr0=8",
        ],
    },
    Insn {
        name: rldic,
        form: form::md(30, 2),
        asm: "rldic[.] RA,RS,SH6,MB6",
        book: "Book I, Rotate Left Doubleword Immediate then Clear",
        does: |m, w| {
            let rotated = rotl64(m, w);
            and_mask(m, w, rotated, mask(w.mb6(), 63 - w.sh6()));
        },
        cases: &[
            "78832028 rldic r3,r4,4,32 | r4=-1 | r3=fffffff0",
            "78834729 rldic. r3,r4,8,60 | r4=-1 | r3=ffffffffffffff0f cr0=8",
        ],
    },
    Insn {
        name: rldimi,
        form: form::md(30, 3),
        asm: "rldimi[.] RA,RS,SH6,MB6",
        book: "Book I, Rotate Left Doubleword Immediate then Mask Insert",
        does: |m, w| {
            let rotated = rotl64(m, w);
            insert(m, w, rotated, mask(w.mb6(), 63 - w.sh6()));
        },
        cases: &[
            "7883000e rldimi r3,r4,32,0 | r3=11111111 r4=80000001 | r3=8000000111111111",
            "7883472d rldimi. r3,r4,8,60 | r3=0 r4=-1 | r3=ffffffffffffff0f cr0=8",
        ],
    },
    Insn {
        name: rldcl,
        form: form::mds(30, 8),
        asm: "rldcl[.] RA,RS,RB,MB6",
        book: "Book I, Rotate Left Doubleword then Clear Left",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let rotated = m.rotl(s, n);
            and_mask(m, w, rotated, u64::MAX >> w.mb6());
        },
        cases: &["78832c31 rldcl. r3,r4,r5,48 | r4=1234000000000000 r5=50 | r3=1234 cr0=4"],
    },
    Insn {
        name: rldcr,
        form: form::mds(30, 9),
        asm: "rldcr[.] RA,RS,RB,MB6",
        book: "Book I, Rotate Left Doubleword then Clear Right",
        does: |m, w| {
            let (s, n) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let rotated = m.rotl(s, n);
            and_mask(m, w, rotated, u64::MAX << (63 - w.mb6()));
        },
        cases: &["788329d3 rldcr. r3,r4,r5,7 | r4=ff12 r5=70 | r3=ff00000000000000 cr0=8"],
    },
];
