// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Load and reserve, store conditional (Power ISA 3.0B, Book II, 4.6.2). The effect of a pair
//! is shown in `tests/system.rs`: a case is one instruction.

use super::address;
use crate::{
    Cpu, form,
    state::interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// RT <- storage, with a reservation.
#[inline(always)]
fn load_reserve<M: Vocabulary>(m: &mut M, w: Word, size: Size) -> Result<(), Stop> {
    let ea = address::x(m, w);
    let v = m.load_reserve(ea, size)?;
    m.set_gpr(w.rt(), v);
    Ok(())
}

/// Storage <- RS if the reservation holds; CR0 <- 0b00 || stored || XER\[SO\].
#[inline(always)]
fn store_conditional<M: Vocabulary>(m: &mut M, w: Word, size: Size) -> Result<(), Stop> {
    let ea = address::x(m, w);
    let v = m.gpr(w.rs());
    let stored = m.store_conditional(ea, size, v)?;
    let one = m.imm(1);
    let (eq, so) = (m.shl(stored, one), m.so());
    let field = m.or(eq, so);
    m.set_crf(0, field);
    Ok(())
}

crate::isa![
    Insn {
        name: lbarx,
        form: form::xrc(31, 52).loads(),
        asm: "lbarx RT,RA0,RB,EH",
        book: "Book II, Load Byte And Reserve Indexed",
        does: |m, w| {
            load_reserve(m, w, Size::Byte)?;
        },
        cases: &["7c642868 lbarx r3,r4,r5,0 | r4=2000 r5=8 [2008]=8182838485868788 | r3=81",],
    },
    Insn {
        name: lharx,
        form: form::xrc(31, 116).loads(),
        asm: "lharx RT,RA0,RB,EH",
        book: "Book II, Load Halfword And Reserve Indexed",
        does: |m, w| {
            load_reserve(m, w, Size::Half)?;
        },
        cases: &[
            "7c6428e8 lharx r3,r4,r5,0 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8182",
            "7c6428e9 lharx r3,r4,r5,1 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8281",
            "7c6028e8 lharx r3,0,r5,0 | r5=2001 | nip=600 dar=2001 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: lwarx,
        form: form::xrc(31, 20).loads(),
        asm: "lwarx RT,RA0,RB,EH",
        book: "Book II, Load Word And Reserve Indexed",
        does: |m, w| {
            load_reserve(m, w, Size::Word)?;
        },
        cases: &[
            "7c642828 lwarx r3,r4,r5,0 | r4=2000 r5=8 [2008]=8182838485868788 | r3=81828384",
            "7c642829 lwarx r3,r4,r5,1 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=84838281",
            "7c602828 lwarx r3,0,r5,0 | r5=2001 | nip=600 dar=2001 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: ldarx,
        form: form::xrc(31, 84).loads(),
        asm: "ldarx RT,RA0,RB,EH",
        book: "Book II, Load Doubleword And Reserve Indexed",
        does: |m, w| {
            load_reserve(m, w, Size::Double)?;
        },
        cases: &[
            "7c6428a8 ldarx r3,r4,r5,0 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8182838485868788",
            "7c6428a9 ldarx r3,r4,r5,1 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8887868584838281",
            "7c6028a8 ldarx r3,0,r5,0 | r5=2001 | nip=600 dar=2001 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: lqarx,
        form: form::xrc(31, 276)
            .loads()
            .valid(|w| w.rt() % 2 == 0 && w.rt() != w.ra() && w.rt() != w.rb()),
        asm: "lqarx RT,RA0,RB,EH",
        book: "Book II, Load Quadword And Reserve Indexed",
        does: |m, w| {
            m.call(Cpu::load_quad_reserved, w)?;
        },
        cases: &[
            "7cc42a28 lqarx r6,r4,r5,0 | r4=2000 r5=10 [2010]=0102030405060708090a0b0c0d0e0f10 | r6=102030405060708 r7=90a0b0c0d0e0f10",
            "7cc42a29 lqarx r6,r4,r5,1 | msr=8000000000001001 r4=2000 r5=10 [2010]=0102030405060708090a0b0c0d0e0f10 | r6=100f0e0d0c0b0a09 r7=807060504030201",
            "7cc42a28 lqarx r6,r4,r5,0 | r4=2000 r5=8 | nip=600 dar=2008 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: stbcx,
        form: form::x(31, 694).stores().dot(),
        asm: "stbcx. RS,RA0,RB",
        book: "Book II, Store Byte Conditional Indexed",
        does: |m, w| {
            store_conditional(m, w, Size::Byte)?;
        },
        cases: &[
            "7c642d6d stbcx. r3,r4,r5 | r4=2000 r5=8 r3=-1 cr0=f | cr0=0",
            "7c602d6d stbcx. r3,0,r5 | r5=2008 so=1 | cr0=1",
        ],
    },
    Insn {
        name: sthcx,
        form: form::x(31, 726).stores().dot(),
        asm: "sthcx. RS,RA0,RB",
        book: "Book II, Store Halfword Conditional Indexed",
        does: |m, w| {
            store_conditional(m, w, Size::Half)?;
        },
        cases: &[
            "7c642dad sthcx. r3,r4,r5 | r4=2000 r5=8 r3=-1 cr0=f | cr0=0",
            "7c602dad sthcx. r3,0,r5 | r5=2008 so=1 | cr0=1",
            "7c642dad sthcx. r3,r4,r5 | r4=2000 r5=1 | nip=600 dar=2001 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: stwcx,
        form: form::x(31, 150).stores().dot(),
        asm: "stwcx. RS,RA0,RB",
        book: "Book II, Store Word Conditional Indexed",
        does: |m, w| {
            store_conditional(m, w, Size::Word)?;
        },
        cases: &[
            "7c64292d stwcx. r3,r4,r5 | r4=2000 r5=8 r3=-1 cr0=f | cr0=0",
            "7c60292d stwcx. r3,0,r5 | r5=2008 so=1 | cr0=1",
            "7c64292d stwcx. r3,r4,r5 | r4=2000 r5=1 | nip=600 dar=2001 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: stdcx,
        form: form::x(31, 214).stores().dot(),
        asm: "stdcx. RS,RA0,RB",
        book: "Book II, Store Doubleword Conditional Indexed",
        does: |m, w| {
            store_conditional(m, w, Size::Double)?;
        },
        cases: &[
            "7c6429ad stdcx. r3,r4,r5 | r4=2000 r5=8 r3=-1 cr0=f | cr0=0",
            "7c6029ad stdcx. r3,0,r5 | r5=2008 so=1 | cr0=1",
            "7c6429ad stdcx. r3,r4,r5 | r4=2000 r5=1 | nip=600 dar=2001 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: stqcx,
        form: form::x(31, 182).stores().dot().valid(|w| w.rs() % 2 == 0),
        asm: "stqcx. RS,RA0,RB",
        book: "Book II, Store Quadword Conditional Indexed",
        does: |m, w| {
            m.call(Cpu::store_quad_conditional, w)?;
        },
        cases: &[
            "7cc4296d stqcx. r6,r4,r5 | r4=2000 r5=10 cr0=f | cr0=0",
            "7cc4296d stqcx. r6,r4,r5 | r4=2000 r5=8 | nip=600 dar=2008 srr0=1000 srr1=8000000000001000",
        ],
    },
];
