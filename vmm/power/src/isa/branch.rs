// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Branches and system calls (Power ISA 3.0B, Book I, 2.4 and 3.3.13).

use crate::{form, interrupt::Stop, machine::Machine, word::Word};

/// Whether the branch is taken: decrements CTR if BO says so (Book I, figure 40).
#[inline(always)]
fn condition<M: Machine>(m: &mut M, w: Word) -> M::Val {
    let bo = w.bo();
    let ctr_ok = if bo & 4 != 0 {
        m.imm(1)
    } else {
        let (ctr, one) = (m.ctr(), m.imm(1));
        let ctr = m.sub(ctr, one);
        m.set_ctr(ctr);
        let ctr = m.narrow(ctr);
        let zero = m.is_zero(ctr);
        if bo & 2 != 0 { zero } else { m.is_zero(zero) }
    };
    if bo & 16 != 0 {
        return ctr_ok;
    }
    let bit = m.crb(w.bi());
    let cond_ok = if bo & 8 != 0 { bit } else { m.is_zero(bit) };
    m.and(ctr_ok, cond_ok)
}

/// LR <- address of the next instruction, if LK.
#[inline(always)]
fn link<M: Machine>(m: &mut M, w: Word) {
    if w.lk() {
        let (cia, four) = (m.cia(), m.imm(4));
        let next = m.add(cia, four);
        let next = m.narrow(next);
        m.set_lr(next);
    }
}

/// Target of a branch with a displacement.
#[inline(always)]
fn target<M: Machine>(m: &mut M, w: Word, displacement: u64) -> M::Val {
    let displacement = m.imm(displacement);
    if w.aa() {
        return displacement;
    }
    let cia = m.cia();
    m.add(cia, displacement)
}

crate::isa![
    Insn {
        name: b,
        form: form::branch_form(18).branch(),
        asm: "b[l][a] LI",
        book: "Book I, Branch",
        does: |m, w| {
            let target = target(m, w, w.li());
            link(m, w);
            let always = m.imm(1);
            m.jump_if(always, target);
        },
        cases: &["48000010 b 0x1010 | | nip=1010", "48000011 bl 0x1010 | | nip=1010 lr=1004"],
    },
    Insn {
        name: bc,
        form: form::branch_form(16).branch(),
        asm: "bc[l][a] BO,BI,BD",
        book: "Book I, Branch Conditional",
        does: |m, w| {
            let taken = condition(m, w);
            let target = target(m, w, w.bd());
            link(m, w);
            m.jump_if(taken, target);
        },
        cases: &[
            "4082fff8 bc 4,eq,0xff8 | cr0=2 | ",
            "4082fff8 bc 4,eq,0xff8 | cr0=4 | nip=ff8",
            "4200fff8 bc 16,lt,0xff8 | ctr=1 | ctr=0",
        ],
    },
    Insn {
        name: bclr,
        form: form::xl_lk(19, 16).branch(),
        asm: "bclr[l] BO,BI,BH",
        book: "Book I, Branch Conditional to Link Register",
        does: |m, w| {
            let taken = condition(m, w);
            let target = m.lr();
            link(m, w);
            m.jump_if(taken, target);
        },
        cases: &["4e800020 bclr 20,lt,0 | lr=2003 | nip=2000"],
    },
    Insn {
        name: sc,
        form: form::sc(17, 2),
        asm: "sc LEV",
        book: "Book I, System Call; LEV=1 is a hypercall",
        does: |m, w| {
            let stop = if w.lev() == 1 { Stop::Hypercall } else { Stop::SystemCall };
            let always = m.imm(1);
            m.stop_if(always, stop)?;
        },
        cases: &["44000002 sc 0 | | nip=c00 srr0=1004 srr1=8000000000001000"],
    },
];
