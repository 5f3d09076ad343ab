// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point subtraction: `¬a + b + 1` or the carry (Power ISA 3.0B, Book I, 3.3.9).

use super::fixed_add::{finish, immediate_carrying, sum_carrying};
use crate::form;

crate::isa![
    Insn {
        name: subf,
        form: form::xo(31, 40),
        asm: "subf[o][.] RT,RA,RB",
        book: "Book I, Subtract From",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            let (not_a, difference) = (m.not(a), m.sub(b, a));
            finish(m, w, not_a, b, difference);
        },
        cases: &[
            "7c642850 subf r3,r4,r5 | r4=1 r5=0 | r3=-1",
            "7c642c51 subfo. r3,r4,r5 | r4=1 r5=8000000000000000 | r3=7fffffffffffffff so=1 ov=1 cr0=5",
            "7c642c51 subfo. r3,r4,r5 | r4=1 r5=80000000 | r3=7fffffff ov32=1 cr0=4",
            "7c642c51 subfo. r3,r4,r5 | r4=1 r5=80000000 msr=1000 | r3=7fffffff so=1 ov=1 ov32=1 cr0=5",
        ],
    },
    Insn {
        name: subfic,
        form: form::d(8),
        asm: "subfic RT,RA,SI",
        book: "Book I, Subtract From Immediate Carrying",
        does: |m, w| {
            let a = m.gpr(w.ra());
            let not_a = m.not(a);
            immediate_carrying(m, w, not_a, 1);
        },
        cases: &[
            "20640005 subfic r3,r4,5 | r4=3 | r3=2 ca=1 ca32=1",
            "20640005 subfic r3,r4,5 | r4=6 ca=1 ca32=1 | r3=-1 ca=0 ca32=0",
            "2064ffff subfic r3,r4,-1 | r4=0 | r3=-1 ca=1 ca32=1",
            "20640000 subfic r3,r4,0 | r4=100000000 | r3=ffffffff00000000 ca32=1",
        ],
    },
    Insn {
        name: subfc,
        form: form::xo(31, 8),
        asm: "subfc[o][.] RT,RA,RB",
        book: "Book I, Subtract From Carrying",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.gpr(w.rb()), m.imm(1));
            let not_a = m.not(a);
            sum_carrying(m, w, not_a, b, carry);
        },
        cases: &[
            "7c642811 subfc. r3,r4,r5 | r4=5 r5=5 | r3=0 ca=1 ca32=1 cr0=2",
            "7c642810 subfc r3,r4,r5 | r4=1 r5=100000000 | r3=ffffffff ca=1",
            "7c642810 subfc r3,r4,r5 | r4=1 r5=100000000 ca=1 msr=1000 | r3=ffffffff ca=0",
            "7c642c10 subfco r3,r4,r5 | r4=8000000000000000 r5=0 | r3=8000000000000000 ca32=1 so=1 ov=1",
        ],
    },
    Insn {
        name: subfe,
        form: form::xo(31, 136),
        asm: "subfe[o][.] RT,RA,RB",
        book: "Book I, Subtract From Extended",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.gpr(w.rb()), m.ca());
            let not_a = m.not(a);
            sum_carrying(m, w, not_a, b, carry);
        },
        cases: &[
            "7c642910 subfe r3,r4,r5 | r4=1 r5=5 | r3=3 ca=1 ca32=1",
            "7c642911 subfe. r3,r4,r5 | r4=5 r5=5 | r3=-1 cr0=8",
            "7c642d10 subfeo r3,r4,r5 | r4=1 r5=8000000000000000 ca=1 | r3=7fffffffffffffff so=1 ov=1",
        ],
    },
    Insn {
        name: subfme,
        form: form::xo(31, 232).zero(form::RB),
        asm: "subfme[o][.] RT,RA",
        book: "Book I, Subtract From Minus One Extended",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.imm(u64::MAX), m.ca());
            let not_a = m.not(a);
            sum_carrying(m, w, not_a, b, carry);
        },
        cases: &[
            "7c6401d0 subfme r3,r4 | r4=0 | r3=-2 ca=1 ca32=1",
            "7c6401d1 subfme. r3,r4 | r4=-1 | r3=-1 cr0=8",
            "7c6405d0 subfmeo r3,r4 | r4=7fffffffffffffff | r3=7fffffffffffffff ca=1 so=1 ov=1",
        ],
    },
    Insn {
        name: subfze,
        form: form::xo(31, 200).zero(form::RB),
        asm: "subfze[o][.] RT,RA",
        book: "Book I, Subtract From Zero Extended",
        does: |m, w| {
            let (a, b, carry) = (m.gpr(w.ra()), m.imm(0), m.ca());
            let not_a = m.not(a);
            sum_carrying(m, w, not_a, b, carry);
        },
        cases: &[
            "7c640191 subfze. r3,r4 | r4=0 ca=1 | r3=0 ca=1 ca32=1 cr0=2",
            "7c640190 subfze r3,r4 | r4=5 | r3=-6",
            "7c640590 subfzeo r3,r4 | r4=8000000000000000 ca=1 | r3=8000000000000000 ca=0 ca32=1 so=1 ov=1",
        ],
    },
    Insn {
        name: neg,
        form: form::xo(31, 104).zero(form::RB),
        asm: "neg[o][.] RT,RA",
        book: "Book I, Negate",
        does: |m, w| {
            let (a, zero) = (m.gpr(w.ra()), m.imm(0));
            let (not_a, negated) = (m.not(a), m.sub(zero, a));
            finish(m, w, not_a, zero, negated);
        },
        cases: &[
            "7c6400d0 neg r3,r4 | r4=5 | r3=-5",
            "7c6400d1 neg. r3,r4 | r4=1 | r3=-1 cr0=8",
            "7c6404d0 nego r3,r4 | r4=8000000000000000 | r3=8000000000000000 so=1 ov=1",
            "7c6404d0 nego r3,r4 | r4=80000000 | r3=ffffffff80000000 ov32=1",
            "7c6404d1 nego. r3,r4 | r4=80000000 msr=1000 | r3=ffffffff80000000 so=1 ov=1 ov32=1 cr0=9",
        ],
    },
];
