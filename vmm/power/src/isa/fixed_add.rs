// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point addition and subtraction (Power ISA 3.0B, Book I, 3.3.9).

use crate::{form, machine::Machine, word::Word};

/// RT <- a + b + carry, with XER[OV] and CR0 as the word asks.
#[inline(always)]
fn sum<M: Machine>(m: &mut M, w: Word, a: M::Val, b: M::Val) {
    let sum = m.add(a, b);
    m.set_gpr(w.rt(), sum);
    if w.oe() {
        let (a_s, b_s) = (m.xor(a, sum), m.xor(b, sum));
        let v = m.and(a_s, b_s);
        let (n63, n31, one) = (m.imm(63), m.imm(31), m.imm(1));
        let (ov, v32) = (m.shr(v, n63), m.shr(v, n31));
        let ov32 = m.and(v32, one);
        m.set_ov(ov, ov32);
    }
    m.record(w, sum);
}

crate::isa![
    Insn {
        name: addi,
        form: form::d(14),
        asm: "addi RT,RA0,SI",
        book: "Book I, Add Immediate",
        does: |m, w| {
            let a = m.gpr_or_zero(w.ra());
            let si = m.imm(w.si());
            let sum = m.add(a, si);
            m.set_gpr(w.rt(), sum);
        },
        cases: &["3864ffff addi r3,r4,-1 | r4=1 | r3=0", "38600020 addi r3,0,32 | r0=7 | r3=20",],
    },
    Insn {
        name: add,
        form: form::xo(31, 266),
        asm: "add[o][.] RT,RA,RB",
        book: "Book I, Add",
        does: |m, w| {
            let (a, b) = (m.gpr(w.ra()), m.gpr(w.rb()));
            sum(m, w, a, b);
        },
        cases: &[
            "7c642a14 add r3,r4,r5 | r4=-1 r5=2 | r3=1",
            "7c642e15 addo. r3,r4,r5 | r4=7fffffffffffffff r5=1 | r3=8000000000000000 so=1 ov=1 cr0=9",
        ],
    },
];
