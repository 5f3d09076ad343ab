// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Logical operations and sign extension (Power ISA 3.0B, Book I, 3.3.13).

use crate::{
    form,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// RA <- `result`, with CR0.
#[inline(always)]
fn finish<M: Vocabulary>(m: &mut M, w: Word, result: M::Val) {
    m.set_gpr(w.ra(), result);
    m.record(w, result);
}

/// RA <- RS and `mask`, always with CR0.
#[inline(always)]
fn and_mask<M: Vocabulary>(m: &mut M, w: Word, mask: u64) {
    let (s, mask) = (m.gpr(w.rs()), m.imm(mask));
    let result = m.and(s, mask);
    m.set_gpr(w.ra(), result);
    m.set_cr0(result);
}

/// RA <- RS or `bits`.
#[inline(always)]
fn or_bits<M: Vocabulary>(m: &mut M, w: Word, bits: u64) {
    let (s, bits) = (m.gpr(w.rs()), m.imm(bits));
    let result = m.or(s, bits);
    m.set_gpr(w.ra(), result);
}

/// RA <- RS exclusive or `bits`.
#[inline(always)]
fn xor_bits<M: Vocabulary>(m: &mut M, w: Word, bits: u64) {
    let (s, bits) = (m.gpr(w.rs()), m.imm(bits));
    let result = m.xor(s, bits);
    m.set_gpr(w.ra(), result);
}

/// RA <- the low `size` of RS, sign-extended.
#[inline(always)]
fn extend<M: Vocabulary>(m: &mut M, w: Word, size: Size) {
    let s = m.gpr(w.rs());
    let result = m.sext(s, size);
    finish(m, w, result);
}

crate::isa![
    Insn {
        name: andi_rc,
        form: form::d(28),
        asm: "andi. RA,RS,UI",
        book: "Book I, AND Immediate",
        does: |m, w| {
            and_mask(m, w, w.ui());
        },
        cases: &[
            "7083ffff andi. r3,r4,65535 | r4=-1 so=1 | r3=ffff cr0=5",
            "70830001 andi. r3,r4,1 | r3=5 r4=fffffffe | r3=0 cr0=2",
        ],
    },
    Insn {
        name: andis_rc,
        form: form::d(29),
        asm: "andis. RA,RS,UI",
        book: "Book I, AND Immediate Shifted",
        does: |m, w| {
            and_mask(m, w, w.ui() << 16);
        },
        cases: &[
            "74838001 andis. r3,r4,32769 | r4=-1 | r3=80010000 cr0=4",
            "74838000 andis. r3,r4,32768 | r4=80000000 msr=1000 | r3=80000000 cr0=8",
        ],
    },
    Insn {
        name: ori,
        form: form::d(24),
        asm: "ori RA,RS,UI",
        book: "Book I, OR Immediate",
        does: |m, w| {
            or_bits(m, w, w.ui());
        },
        cases: &["60838001 ori r3,r4,32769 | r4=10002 | r3=18003", "60000000 ori r0,r0,0 | r0=7 |"],
    },
    Insn {
        name: oris,
        form: form::d(25),
        asm: "oris RA,RS,UI",
        book: "Book I, OR Immediate Shifted",
        does: |m, w| {
            or_bits(m, w, w.ui() << 16);
        },
        cases: &["64838001 oris r3,r4,32769 | r4=2 | r3=80010002"],
    },
    Insn {
        name: xori,
        form: form::d(26),
        asm: "xori RA,RS,UI",
        book: "Book I, XOR Immediate",
        does: |m, w| {
            xor_bits(m, w, w.ui());
        },
        cases: &["6883ffff xori r3,r4,65535 | r4=-1 | r3=ffffffffffff0000"],
    },
    Insn {
        name: xoris,
        form: form::d(27),
        asm: "xoris RA,RS,UI",
        book: "Book I, XOR Immediate Shifted",
        does: |m, w| {
            xor_bits(m, w, w.ui() << 16);
        },
        cases: &["6c83ffff xoris r3,r4,65535 | r4=-1 | r3=ffffffff0000ffff"],
    },
    Insn {
        name: and,
        form: form::xrc(31, 28),
        asm: "and[.] RA,RS,RB",
        book: "Book I, AND",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let result = m.and(s, b);
            finish(m, w, result);
        },
        cases: &[
            "7c832838 and r3,r4,r5 | r4=c r5=a | r3=8",
            "7c832839 and. r3,r4,r5 | r4=-1 r5=8000000000000000 | r3=8000000000000000 cr0=8",
            "7c832839 and. r3,r4,r5 | r4=-1 r5=8000000000000000 msr=1000 | r3=8000000000000000 cr0=2",
        ],
    },
    Insn {
        name: xor,
        form: form::xrc(31, 316),
        asm: "xor[.] RA,RS,RB",
        book: "Book I, XOR",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let result = m.xor(s, b);
            finish(m, w, result);
        },
        cases: &[
            "7c832a78 xor r3,r4,r5 | r4=c r5=a | r3=6",
            "7c832279 xor. r3,r4,r4 | r3=5 r4=7 | r3=0 cr0=2"
        ],
    },
    Insn {
        name: nand,
        form: form::xrc(31, 476),
        asm: "nand[.] RA,RS,RB",
        book: "Book I, NAND",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let both = m.and(s, b);
            let result = m.not(both);
            finish(m, w, result);
        },
        cases: &["7c832bb9 nand. r3,r4,r5 | r4=c r5=a | r3=-9 cr0=8"],
    },
    Insn {
        name: or,
        form: form::xrc(31, 444),
        asm: "or[.] RA,RS,RB",
        book: "Book I, OR",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let result = m.or(s, b);
            finish(m, w, result);
        },
        cases: &[
            "7c832b78 or r3,r4,r5 | r4=c r5=a | r3=e",
            "7c832379 or. r3,r4,r4 | r4=7 so=1 | r3=7 cr0=5"
        ],
    },
    Insn {
        name: nor,
        form: form::xrc(31, 124),
        asm: "nor[.] RA,RS,RB",
        book: "Book I, NOR",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let either = m.or(s, b);
            let result = m.not(either);
            finish(m, w, result);
        },
        cases: &["7c8328f9 nor. r3,r4,r5 | r4=c r5=a | r3=-f cr0=8"],
    },
    Insn {
        name: eqv,
        form: form::xrc(31, 284),
        asm: "eqv[.] RA,RS,RB",
        book: "Book I, Equivalent",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let differ = m.xor(s, b);
            let result = m.not(differ);
            finish(m, w, result);
        },
        cases: &["7c832a39 eqv. r3,r4,r5 | r4=c r5=a | r3=-7 cr0=8"],
    },
    Insn {
        name: andc,
        form: form::xrc(31, 60),
        asm: "andc[.] RA,RS,RB",
        book: "Book I, AND with Complement",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let not_b = m.not(b);
            let result = m.and(s, not_b);
            finish(m, w, result);
        },
        cases: &["7c832879 andc. r3,r4,r5 | r4=c r5=a | r3=4 cr0=4"],
    },
    Insn {
        name: orc,
        form: form::xrc(31, 412),
        asm: "orc[.] RA,RS,RB",
        book: "Book I, OR with Complement",
        does: |m, w| {
            let (s, b) = (m.gpr(w.rs()), m.gpr(w.rb()));
            let not_b = m.not(b);
            let result = m.or(s, not_b);
            finish(m, w, result);
        },
        cases: &["7c832b39 orc. r3,r4,r5 | r4=c r5=a | r3=-3 cr0=8"],
    },
    Insn {
        name: extsb,
        form: form::xrc(31, 954).zero(form::RB),
        asm: "extsb[.] RA,RS",
        book: "Book I, Extend Sign Byte",
        does: |m, w| {
            extend(m, w, Size::Byte);
        },
        cases: &[
            "7c830775 extsb. r3,r4 | r4=180 | r3=-80 cr0=8",
            "7c830774 extsb r3,r4 | r4=-81 | r3=7f"
        ],
    },
    Insn {
        name: extsh,
        form: form::xrc(31, 922).zero(form::RB),
        asm: "extsh[.] RA,RS",
        book: "Book I, Extend Sign Halfword",
        does: |m, w| {
            extend(m, w, Size::Half);
        },
        cases: &[
            "7c830735 extsh. r3,r4 | r4=18000 | r3=-8000 cr0=8",
            "7c830734 extsh r3,r4 | r4=-8001 | r3=7fff"
        ],
    },
    Insn {
        name: extsw,
        form: form::xrc(31, 986).zero(form::RB),
        asm: "extsw[.] RA,RS",
        book: "Book I, Extend Sign Word",
        does: |m, w| {
            extend(m, w, Size::Word);
        },
        cases: &[
            "7c8307b5 extsw. r3,r4 | r4=180000000 | r3=-80000000 cr0=8",
            "7c8307b4 extsw r3,r4 | r4=-80000001 | r3=7fffffff",
        ],
    },
];
