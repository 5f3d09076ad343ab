// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Branches and system calls (Power ISA 3.0B, Book I, 2.4 and 3.3.13).

use crate::{
    form,
    state::{interrupt::Stop, spr},
    vocabulary::Vocabulary,
    word::Word,
};

/// The condition of a branch; decrements CTR if BO says so (Book I, figure 40).
#[inline(always)]
fn condition<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
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
fn link<M: Vocabulary>(m: &mut M, w: Word) {
    if w.lk() {
        let (cia, four) = (m.cia(), m.imm(4));
        let next = m.add(cia, four);
        let next = m.narrow(next);
        m.set_lr(next);
    }
}

/// Target of a branch with a displacement.
#[inline(always)]
fn target<M: Vocabulary>(m: &mut M, w: Word, displacement: u64) -> M::Val {
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
        form: form::branch_form(18).branch_by(Word::li),
        asm: "b[l][a] LI",
        book: "Book I, Branch",
        does: |m, w| {
            let target = target(m, w, w.li());
            link(m, w);
            let always = m.imm(1);
            m.jump_if(always, target);
        },
        cases: &[
            "48000010 b 0x1010 |  | nip=1010",
            "48000011 bl 0x1010 |  | nip=1010 lr=1004",
            "4bfffff0 b 0xff0 |  | nip=ff0",
            "48000103 bla 0x100 |  | nip=100 lr=1004",
        ],
    },
    Insn {
        name: bc,
        form: form::branch_form(16).branch_by(Word::bd),
        asm: "bc[l][a] BO,BI,BD",
        book: "Book I, Branch Conditional; figure 40 for BO",
        does: |m, w| {
            let taken = condition(m, w);
            let target = target(m, w, w.bd());
            link(m, w);
            m.jump_if(taken, target);
        },
        cases: &[
            "4082fff8 bc 4,eq,0xff8 | cr0=2 | ",
            "4082fff8 bc 4,eq,0xff8 | cr0=4 | nip=ff8",
            "41860008 bc 12,4*cr1+eq,0x1008 | cr1=2 | nip=1008",
            "4200fff8 bc 16,lt,0xff8 | ctr=2 | ctr=1 nip=ff8",
            "4200fff8 bc 16,lt,0xff8 | ctr=1 | ctr=0",
            "4240fff8 bc 18,lt,0xff8 | ctr=2 | ctr=1",
            "4240fff8 bc 18,lt,0xff8 | ctr=1 | ctr=0 nip=ff8",
            "4002fff8 bc 0,eq,0xff8 | ctr=2 cr0=d | ctr=1 nip=ff8",
            "4002fff8 bc 0,eq,0xff8 | ctr=2 cr0=2 | ctr=1",
            "4102fff8 bc 8,eq,0xff8 | ctr=2 cr0=2 | ctr=1 nip=ff8",
            "4142fff8 bc 10,eq,0xff8 | ctr=1 cr0=2 | ctr=0 nip=ff8",
            "4042fff8 bc 2,eq,0xff8 | ctr=1 cr0=2 | ctr=0",
            "4200fff8 bc 16,lt,0xff8 | msr=1000 ctr=100000001 | ctr=100000000",
            "4200fff8 bc 16,lt,0xff8 | ctr=100000001 | ctr=100000000 nip=ff8",
            "429f0005 bcl 20,4*cr7+so,0x1004 |  | lr=1004",
            "4082fff9 bcl 4,eq,0xff8 | cr0=2 | lr=1004",
            "41820102 bca 12,eq,0x100 | cr0=2 | nip=100",
        ],
    },
    Insn {
        name: bclr,
        form: form::xl_lk(19, 16).zero(7 << 13).branch(),
        asm: "bclr[l] BO,BI,BH",
        book: "Book I, Branch Conditional to Link Register",
        does: |m, w| {
            let taken = condition(m, w);
            let target = m.lr();
            link(m, w);
            m.jump_if(taken, target);
        },
        cases: &[
            "4e800020 bclr 20,lt,0 | lr=2003 | nip=2000",
            "4e801821 bclrl 20,lt,3 | lr=2000 | nip=2000 lr=1004",
            "4c820020 bclr 4,eq,0 | lr=2000 cr0=2 | ",
            "4e000020 bclr 16,lt,0 | ctr=3 lr=2000 | ctr=2 nip=2000",
        ],
    },
    Insn {
        name: bcctr,
        form: form::xl_lk(19, 528).zero(7 << 13).branch(),
        asm: "bcctr[l] BO,BI,BH",
        book: "Book I, Branch Conditional to Count Register; decrementing it is an invalid form",
        does: |m, w| {
            m.invalid_form_if(w.bo() & 4 == 0)?;
            let taken = condition(m, w);
            let target = m.ctr();
            link(m, w);
            m.jump_if(taken, target);
        },
        cases: &[
            "4e800420 bcctr 20,lt,0 | ctr=2003 | nip=2000",
            "4e800421 bcctrl 20,lt,0 | ctr=2000 | nip=2000 lr=1004",
            "4d821c20 bcctr 12,eq,3 | ctr=2000 cr0=d | ",
            "4c000420 bcctr 0,lt,0 | ctr=2000 | nip=700 srr0=1000 srr1=8000000000081000",
        ],
    },
    Insn {
        name: bctar,
        form: form::xl_lk(19, 560).zero(7 << 13).branch(),
        asm: "bctar[l] BO,BI,BH",
        book: "Book I, Branch Conditional to Target Address Register; Book III, FSCR[TAR]",
        does: |m, w| {
            m.call(|cpu, _| cpu.require_facility(spr::FSCR_TAR), w)?;
            let taken = condition(m, w);
            let target = m.held_spr(spr::TAR);
            link(m, w);
            m.jump_if(taken, target);
        },
        cases: &[
            "4e800460 bctar 20,lt,0 | tar=2003 | nip=2000",
            "4d820461 bctarl 12,eq,0 | tar=2000 cr0=2 | nip=2000 lr=1004",
            "4e000460 bctar 16,lt,0 | tar=2000 ctr=1 | ctr=0",
            "4e800460 bctar 20,lt,0 | msr=8000000000005000 tar=2000 fscr=100 | nip=2000",
            "4e800460 bctar 20,lt,0 | msr=8000000000005000 tar=2000 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=800000000000000 msr=8000000000001000",
        ],
    },
    Insn {
        name: sc,
        form: form::sc(17, 2).zero(0x03ff_f01c).stops(),
        asm: "sc LEV",
        book: "Book I, System Call; LEV=1 is a hypercall, its other bits are reserved",
        does: |m, w| {
            let stop = if w.lev() & 1 != 0 { Stop::Hypercall } else { Stop::SystemCall };
            let always = m.imm(1);
            m.stop_if(always, stop)?;
        },
        cases: &[
            "44000002 sc 0 |  | nip=c00 srr0=1004 srr1=8000000000001000",
            "44000022 sc 1 |  | ",
            "44000042 sc 2 | msr=8000000000005000 | nip=c00 srr0=1004 srr1=8000000000005000 msr=8000000000001000",
        ],
    },
];
