// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Moves between general-purpose and vector-scalar registers (Power ISA 3.0B, Book I, 7.6).
//!
//! Doubleword 1 of the target of `mtvsrd` and its kin is undefined; here it becomes 0, as version 3.1 requires.

use crate::{
    form,
    isa::elements,
    vocabulary::{Facility, Size},
};

crate::isa![
    Insn {
        name: mfvsrd,
        form: form::xx1(31, 51).zero(form::RB),
        asm: "mfvsrd RA,XS",
        book: "Book I, Move From VSR Doubleword",
        does: |m, w| {
            m.need(Facility::fp_or_vmx(w.xt()))?;
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            m.set_gpr(w.ra(), v);
        },
        cases: &[
            "7c640067 mfvsrd r4,vs35 | vs35=f0e1d2c3b4a5968778695a4b3c2d1e0f | r4=f0e1d2c3b4a59687",
            "7c640066 mfvsrd r4,vs3 | msr=8000000002801000 | nip=800",
            "7c640067 mfvsrd r4,vs35 | msr=8000000000803000 | nip=f20"
        ],
    },
    Insn {
        name: mfvsrwz,
        form: form::xx1(31, 115).zero(form::RB),
        asm: "mfvsrwz RA,XS",
        book: "Book I, Move From VSR Word and Zero",
        does: |m, w| {
            m.need(Facility::fp_or_vmx(w.xt()))?;
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            let v = m.zext(v, Size::Word);
            m.set_gpr(w.ra(), v);
        },
        cases: &["7c6400e6 mfvsrwz r4,vs3 | vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | r4=b4a59687"],
    },
    Insn {
        name: mfvsrld,
        form: form::xx1(31, 307).zero(form::RB),
        asm: "mfvsrld RA,XS",
        book: "Book I, Move From VSR Lower Doubleword",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 1);
            m.set_gpr(w.ra(), v);
        },
        cases: &[
            "7c640266 mfvsrld r4,vs3 | vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | r4=78695a4b3c2d1e0f",
            "7c640266 mfvsrld r4,vs3 | msr=8000000002003000 | nip=f40",
            "7c640267 mfvsrld r4,vs35 | msr=8000000000803000 | nip=f20"
        ],
    },
    Insn {
        name: mtvsrd,
        form: form::xx1(31, 179).zero(form::RB),
        asm: "mtvsrd XT,RA",
        book: "Book I, Move To VSR Doubleword",
        does: |m, w| {
            m.need(Facility::fp_or_vmx(w.xt()))?;
            let v = m.gpr(w.ra());
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c640166 mtvsrd vs3,r4 | r4=8182838485868788 | vs3=81828384858687880000000000000000"
        ],
    },
    Insn {
        name: mtvsrwa,
        form: form::xx1(31, 211).zero(form::RB),
        asm: "mtvsrwa XT,RA",
        book: "Book I, Move To VSR Word Algebraic",
        does: |m, w| {
            m.need(Facility::fp_or_vmx(w.xt()))?;
            let v = m.gpr(w.ra());
            let v = m.sext(v, Size::Word);
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c6401a6 mtvsrwa vs3,r4 | r4=8182838485868788 | vs3=ffffffff858687880000000000000000"
        ],
    },
    Insn {
        name: mtvsrwz,
        form: form::xx1(31, 243).zero(form::RB),
        asm: "mtvsrwz XT,RA",
        book: "Book I, Move To VSR Word and Zero",
        does: |m, w| {
            m.need(Facility::fp_or_vmx(w.xt()))?;
            let v = m.gpr(w.ra());
            let v = m.zext(v, Size::Word);
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c6401e6 mtvsrwz vs3,r4 | r4=8182838485868788 | vs3=00000000858687880000000000000000"
        ],
    },
    Insn {
        name: mtvsrdd,
        form: form::xx1(31, 435),
        asm: "mtvsrdd XT,RA0,RB",
        book: "Book I, Move To VSR Double Doubleword",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let (high, low) = (m.gpr_or_zero(w.ra()), m.gpr(w.rb()));
            let v = m.vec(high, low);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642b67 mtvsrdd vs35,r4,r5 | r4=8182838485868788 r5=1 vs35=f0e1d2c3b4a5968778695a4b3c2d1e0f | vs35=81828384858687880000000000000001",
            "7c602b66 mtvsrdd vs3,0,r5 | r0=5 r5=1 | vs3=00000000000000000000000000000001"
        ],
    },
    Insn {
        name: mtvsrws,
        form: form::xx1(31, 403).zero(form::RB),
        asm: "mtvsrws XT,RA",
        book: "Book I, Move To VSR Word and Splat",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let v = m.gpr(w.ra());
            let v = elements::words(m, v);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c640326 mtvsrws vs3,r4 | r4=8182838485868788 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | vs3=85868788858687888586878885868788"
        ],
    },
];
