// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Condition register logic and moves (Power ISA 3.0B, Book I, 2.5, 3.3.17).

use crate::{form, vocabulary::Vocabulary, word::Word};

/// CR bits BA and BB.
#[inline(always)]
fn operands<M: Vocabulary>(m: &mut M, w: Word) -> (M::Val, M::Val) {
    (m.crb(w.ba()), m.crb(w.bb()))
}

/// The field that a one-field FXM names.
#[inline(always)]
fn one_field(w: Word) -> u32 {
    w.fxm().leading_zeros() & 7
}

/// CR field <- the same place of the low word of `v`.
#[inline(always)]
fn set_field<M: Vocabulary>(m: &mut M, field: u32, v: M::Val) {
    let (place, mask) = (m.imm(u64::from(28 - 4 * field)), m.imm(15));
    let v = m.shr(v, place);
    let v = m.and(v, mask);
    m.set_crf(field, v);
}

crate::isa![
    Insn {
        name: crand,
        form: form::x(19, 257),
        asm: "crand BT,BA,BB",
        book: "Book I, Condition Register And",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.and(a, b);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453a02 crand eq,4*cr1+gt,4*cr1+so | cr0=b cr1=0 | cr0=9",
            "4c453a02 crand eq,4*cr1+gt,4*cr1+so | cr0=b cr1=1 | cr0=9",
            "4c453a02 crand eq,4*cr1+gt,4*cr1+so | cr0=b cr1=4 | cr0=9",
            "4c453a02 crand eq,4*cr1+gt,4*cr1+so | cr0=d cr1=5 | cr0=f",
        ],
    },
    Insn {
        name: crnand,
        form: form::x(19, 225),
        asm: "crnand BT,BA,BB",
        book: "Book I, Condition Register NAND",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.and(a, b);
            let v = m.is_zero(v);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c4539c2 crnand eq,4*cr1+gt,4*cr1+so | cr0=d cr1=0 | cr0=f",
            "4c4539c2 crnand eq,4*cr1+gt,4*cr1+so | cr0=d cr1=1 | cr0=f",
            "4c4539c2 crnand eq,4*cr1+gt,4*cr1+so | cr0=d cr1=4 | cr0=f",
            "4c4539c2 crnand eq,4*cr1+gt,4*cr1+so | cr0=b cr1=5 | cr0=9",
        ],
    },
    Insn {
        name: cror,
        form: form::x(19, 449),
        asm: "cror BT,BA,BB",
        book: "Book I, Condition Register OR",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.or(a, b);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453b82 cror eq,4*cr1+gt,4*cr1+so | cr0=b cr1=0 | cr0=9",
            "4c453b82 cror eq,4*cr1+gt,4*cr1+so | cr0=d cr1=1 | cr0=f",
            "4c453b82 cror eq,4*cr1+gt,4*cr1+so | cr0=d cr1=4 | cr0=f",
            "4c453b82 cror eq,4*cr1+gt,4*cr1+so | cr0=d cr1=5 | cr0=f",
        ],
    },
    Insn {
        name: crxor,
        form: form::x(19, 193),
        asm: "crxor BT,BA,BB",
        book: "Book I, Condition Register XOR",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.xor(a, b);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453982 crxor eq,4*cr1+gt,4*cr1+so | cr0=b cr1=0 | cr0=9",
            "4c453982 crxor eq,4*cr1+gt,4*cr1+so | cr0=d cr1=1 | cr0=f",
            "4c453982 crxor eq,4*cr1+gt,4*cr1+so | cr0=d cr1=4 | cr0=f",
            "4c453982 crxor eq,4*cr1+gt,4*cr1+so | cr0=b cr1=5 | cr0=9",
        ],
    },
    Insn {
        name: crnor,
        form: form::x(19, 33),
        asm: "crnor BT,BA,BB",
        book: "Book I, Condition Register NOR",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.or(a, b);
            let v = m.is_zero(v);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453842 crnor eq,4*cr1+gt,4*cr1+so | cr0=d cr1=0 | cr0=f",
            "4c453842 crnor eq,4*cr1+gt,4*cr1+so | cr0=b cr1=1 | cr0=9",
            "4c453842 crnor eq,4*cr1+gt,4*cr1+so | cr0=b cr1=4 | cr0=9",
            "4c453842 crnor eq,4*cr1+gt,4*cr1+so | cr0=b cr1=5 | cr0=9",
        ],
    },
    Insn {
        name: creqv,
        form: form::x(19, 289),
        asm: "creqv BT,BA,BB",
        book: "Book I, Condition Register Equivalent",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.eq(a, b);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453a42 creqv eq,4*cr1+gt,4*cr1+so | cr0=d cr1=0 | cr0=f",
            "4c453a42 creqv eq,4*cr1+gt,4*cr1+so | cr0=b cr1=1 | cr0=9",
            "4c453a42 creqv eq,4*cr1+gt,4*cr1+so | cr0=b cr1=4 | cr0=9",
            "4c453a42 creqv eq,4*cr1+gt,4*cr1+so | cr0=d cr1=5 | cr0=f",
        ],
    },
    Insn {
        name: crandc,
        form: form::x(19, 129),
        asm: "crandc BT,BA,BB",
        book: "Book I, Condition Register AND with Complement",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.lt_u(b, a);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453902 crandc eq,4*cr1+gt,4*cr1+so | cr0=b cr1=0 | cr0=9",
            "4c453902 crandc eq,4*cr1+gt,4*cr1+so | cr0=b cr1=1 | cr0=9",
            "4c453902 crandc eq,4*cr1+gt,4*cr1+so | cr0=d cr1=4 | cr0=f",
            "4c453902 crandc eq,4*cr1+gt,4*cr1+so | cr0=b cr1=5 | cr0=9",
        ],
    },
    Insn {
        name: crorc,
        form: form::x(19, 417),
        asm: "crorc BT,BA,BB",
        book: "Book I, Condition Register OR with Complement",
        does: |m, w| {
            let (a, b) = operands(m, w);
            let v = m.lt_u(a, b);
            let v = m.is_zero(v);
            m.set_crb(w.bt(), v);
        },
        cases: &[
            "4c453b42 crorc eq,4*cr1+gt,4*cr1+so | cr0=d cr1=0 | cr0=f",
            "4c453b42 crorc eq,4*cr1+gt,4*cr1+so | cr0=b cr1=1 | cr0=9",
            "4c453b42 crorc eq,4*cr1+gt,4*cr1+so | cr0=d cr1=4 | cr0=f",
            "4c453b42 crorc eq,4*cr1+gt,4*cr1+so | cr0=d cr1=5 | cr0=f",
        ],
    },
    Insn {
        name: mcrf,
        form: form::x(19, 0).zero(3 << 21 | 3 << 16 | form::RB),
        asm: "mcrf BF,BFA",
        book: "Book I, Move Condition Register Field",
        does: |m, w| {
            let field = m.crf(w.bfa());
            m.set_crf(w.bf(), field);
        },
        cases: &["4d940000 mcrf cr3,cr5 | cr=12345678 | cr3=6",],
    },
    Insn {
        name: mcrxrx,
        form: form::x(31, 576).zero(3 << 21 | form::RA | form::RB),
        asm: "mcrxrx BF",
        book: "Book I, Move to Condition Register from XER Extended: OV OV32 CA CA32",
        level: V3_0,
        does: |m, w| {
            let bits = [m.ov(), m.ov32(), m.ca(), m.ca32()];
            let (one, mut field) = (m.imm(1), m.imm(0));
            for bit in bits {
                let above = m.shl(field, one);
                field = m.or(above, bit);
            }
            m.set_crf(w.bf(), field);
        },
        cases: &[
            "7d800480 mcrxrx cr3 | ov=1 ca32=1 | cr3=9",
            "7d800480 mcrxrx cr3 | cr3=f ov32=1 ca=1 so=1 | cr3=6",
        ],
    },
    Insn {
        name: mtcrf,
        form: form::x(31, 144).zero(1 << 20 | 1 << 11),
        asm: "mtcrf FXM,RS",
        book: "Book I, Move to Condition Register Fields",
        does: |m, w| {
            let v = m.gpr(w.rs());
            for field in (0..8).filter(|field| w.fxm() & 0x80 >> field != 0) {
                set_field(m, field, v);
            }
        },
        cases: &[
            "7c881120 mtcrf 129,r4 | r4=ffffffff87654321 cr=0 | cr=80000001",
            "7c8ff120 mtcrf 255,r4 | r4=87654321 cr=ffffffff | cr=87654321",
            "7c800120 mtcrf 0,r4 | r4=87654321 cr=ffffffff | ",
        ],
    },
    Insn {
        name: mtocrf,
        form: form::x(31, 144)
            .with(1 << 20, 1 << 20)
            .zero(1 << 11)
            .valid(|w| w.fxm().is_power_of_two()),
        asm: "mtocrf FXM,RS",
        book: "Book I, Move to One Condition Register Field",
        does: |m, w| {
            let v = m.gpr(w.rs());
            set_field(m, one_field(w), v);
        },
        cases: &[
            "7c920120 mtocrf 32,r4 | r4=87654321 | cr2=6",
            "7c980120 mtocrf 128,r4 | r4=87654321 cr0=f | cr0=8",
        ],
    },
    Insn {
        name: mfcr,
        form: form::x(31, 19).zero(form::RA | form::RB),
        asm: "mfcr RT",
        book: "Book I, Move From Condition Register",
        does: |m, w| {
            let cr = m.cr();
            m.set_gpr(w.rt(), cr);
        },
        cases: &["7c800026 mfcr r4 | r4=-1 cr=87654321 | r4=87654321",],
    },
    Insn {
        name: mfocrf,
        form: form::x(31, 19)
            .with(1 << 20, 1 << 20)
            .zero(1 << 11)
            .valid(|w| w.fxm().is_power_of_two()),
        asm: "mfocrf RT,FXM",
        book: "Book I, Move From One Condition Register Field; the other bits are undefined",
        does: |m, w| {
            let field = one_field(w);
            let (v, place) = (m.crf(field), m.imm(u64::from(28 - 4 * field)));
            let v = m.shl(v, place);
            m.set_gpr(w.rt(), v);
        },
        cases: &[
            "7c920026 mfocrf r4,32 | r4=-1 cr=87654321 | r4=600000",
            "7c901026 mfocrf r4,1 | cr=87654321 | r4=1",
        ],
    },
];
