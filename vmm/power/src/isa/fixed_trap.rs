// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Traps (Power ISA 3.0B, Book I, 3.3.11).

use crate::{
    form,
    state::interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// Traps if `a` and `b` compare in one of the ways that TO names.
#[inline(always)]
fn trap<M: Vocabulary>(m: &mut M, w: Word, a: M::Val, b: M::Val) -> Result<(), Stop> {
    let to = w.to();
    let mut cond = m.imm(0);
    let mut either = |m: &mut M, bit: u32, compare: fn(&mut M, M::Val, M::Val) -> M::Val, a, b| {
        if to & bit != 0 {
            let holds = compare(m, a, b);
            cond = m.or(cond, holds);
        }
    };
    either(m, 16, M::lt_s, a, b);
    either(m, 8, M::lt_s, b, a);
    either(m, 4, M::eq, a, b);
    either(m, 2, M::lt_u, a, b);
    either(m, 1, M::lt_u, b, a);
    m.stop_if(cond, Stop::Trap)
}

crate::isa![
    Insn {
        name: twi,
        form: form::d(3),
        asm: "twi TO,RA,SI",
        book: "Book I, Trap Word Immediate",
        does: |m, w| {
            let (a, si) = (m.gpr(w.ra()), m.imm(w.si()));
            let a = m.sext(a, Size::Word);
            trap(m, w, a, si)?;
        },
        cases: &[
            "0e04fffb twi 16,r4,-5 | r4=fffffffa | nip=700 srr0=1000 srr1=8000000000021000",
            "0da4fffb twi 13,r4,-5 | r4=fffffffa |",
            "0c840005 twi 4,r4,5 | r4=700000005 | nip=700 srr0=1000 srr1=8000000000021000",
        ],
    },
    Insn {
        name: tw,
        form: form::x(31, 4),
        asm: "tw TO,RA,RB",
        book: "Book I, Trap Word",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (a, b) = (m.sext(a, Size::Word), m.sext(b, Size::Word));
            trap(m, w, a, b)?;
        },
        cases: &[
            "7fe00008 tw 31,r0,r0 | | nip=700 srr0=1000 srr1=8000000000021000",
            "7d042808 tw 8,r4,r5 | r4=1 r5=180000000 | nip=700 srr0=1000 srr1=8000000000021000",
            "7c242808 tw 1,r4,r5 | r4=1 r5=180000000 |",
        ],
    },
    Insn {
        name: tdi,
        form: form::d(2),
        asm: "tdi TO,RA,SI",
        book: "Book I, Trap Doubleword Immediate",
        does: |m, w| {
            let (a, si) = (m.gpr(w.ra()), m.imm(w.si()));
            trap(m, w, a, si)?;
        },
        cases: &[
            "0844fffb tdi 2,r4,-5 | r4=fffffffa | nip=700 srr0=1000 srr1=8000000000021000",
            "0a04fffb tdi 16,r4,-5 | r4=fffffffa |",
            "0804fffb tdi 0,r4,-5 | r4=-5 |",
        ],
    },
    Insn {
        name: td,
        form: form::x(31, 68),
        asm: "td TO,RA,RB",
        book: "Book I, Trap Doubleword",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            trap(m, w, a, b)?;
        },
        cases: &[
            "7c242888 td 1,r4,r5 | r4=-1 r5=1 | nip=700 srr0=1000 srr1=8000000000021000",
            "7d042888 td 8,r4,r5 | r4=-1 r5=1 |",
            "7c842888 td 4,r4,r5 | r4=700000005 r5=5 |",
        ],
    },
];
