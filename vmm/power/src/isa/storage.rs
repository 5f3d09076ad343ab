// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Byte-reversed and quadword loads and stores (Power ISA 3.0B, Book I, 3.3.4 and 3.3.5).

use super::address;
use crate::{
    Cpu, form,
    state::interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// RT <- storage with its bytes reversed.
#[inline(always)]
fn reversed_load<M: Vocabulary>(m: &mut M, w: Word, size: Size) -> Result<(), Stop> {
    let ea = address::x(m, w);
    let v = m.load(ea, size)?;
    let v = m.bswap(v, size);
    m.set_gpr(w.rt(), v);
    Ok(())
}

/// Storage <- the low bytes of RS, reversed.
#[inline(always)]
fn reversed_store<M: Vocabulary>(m: &mut M, w: Word, size: Size) -> Result<(), Stop> {
    let ea = address::x(m, w);
    let v = m.gpr(w.rs());
    let v = m.bswap(v, size);
    m.store(ea, size, v)
}

crate::isa![
    Insn {
        name: lhbrx,
        form: form::x(31, 790).loads(),
        asm: "lhbrx RT,RA0,RB",
        book: "Book I, Load Halfword Byte-Reverse Indexed",
        does: |m, w| {
            reversed_load(m, w, Size::Half)?;
        },
        cases: &[
            "7c642e2c lhbrx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8281",
            "7c642e2c lhbrx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8182",
        ],
    },
    Insn {
        name: lwbrx,
        form: form::x(31, 534).loads(),
        asm: "lwbrx RT,RA0,RB",
        book: "Book I, Load Word Byte-Reverse Indexed",
        does: |m, w| {
            reversed_load(m, w, Size::Word)?;
        },
        cases: &[
            "7c642c2c lwbrx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=84838281",
            "7c642c2c lwbrx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=81828384",
        ],
    },
    Insn {
        name: ldbrx,
        form: form::x(31, 532).loads(),
        asm: "ldbrx RT,RA0,RB",
        book: "Book I, Load Doubleword Byte-Reverse Indexed",
        does: |m, w| {
            reversed_load(m, w, Size::Double)?;
        },
        cases: &[
            "7c642c28 ldbrx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8887868584838281",
            "7c642c28 ldbrx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8182838485868788",
        ],
    },
    Insn {
        name: sthbrx,
        form: form::x(31, 918).stores(),
        asm: "sthbrx RS,RA0,RB",
        book: "Book I, Store Halfword Byte-Reverse Indexed",
        does: |m, w| {
            reversed_store(m, w, Size::Half)?;
        },
        cases: &[
            "7c642f2c sthbrx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877",
            "7c642f2c sthbrx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 | [2008]=7788",
        ],
    },
    Insn {
        name: stwbrx,
        form: form::x(31, 662).stores(),
        asm: "stwbrx RS,RA0,RB",
        book: "Book I, Store Word Byte-Reverse Indexed",
        does: |m, w| {
            reversed_store(m, w, Size::Word)?;
        },
        cases: &[
            "7c642d2c stwbrx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88776655",
            "7c642d2c stwbrx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 | [2008]=55667788",
        ],
    },
    Insn {
        name: stdbrx,
        form: form::x(31, 660).stores(),
        asm: "stdbrx RS,RA0,RB",
        book: "Book I, Store Doubleword Byte-Reverse Indexed",
        does: |m, w| {
            reversed_store(m, w, Size::Double)?;
        },
        cases: &[
            "7c642d28 stdbrx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877665544332211",
            "7c642d28 stdbrx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 | [2008]=1122334455667788",
        ],
    },
    Insn {
        name: lq,
        form: form::dq(56).loads().zero(15).valid(|w| w.rt() % 2 == 0 && w.rt() != w.ra()),
        asm: "lq RT,DQ(RA0)",
        book: "Book I, Load Quadword; alignment as Book III, 6.5.8",
        does: |m, w| {
            m.call(Cpu::load_quad, w)?;
        },
        cases: &[
            "e0c40010 lq r6,16(r4) | r4=2000 [2010]=0102030405060708090a0b0c0d0e0f10 | r6=102030405060708 r7=90a0b0c0d0e0f10",
            "e0c40010 lq r6,16(r4) | msr=8000000000001001 r4=2000 [2010]=0102030405060708090a0b0c0d0e0f10 | r6=100f0e0d0c0b0a09 r7=807060504030201",
            "e0c40010 lq r6,16(r4) | r4=2008 | nip=600 dar=2018 srr0=1000 srr1=8000000000001000",
        ],
    },
    Insn {
        name: stq,
        form: form::ds(62, 2).stores().valid(|w| w.rs() % 2 == 0),
        asm: "stq RS,DS(RA0)",
        book: "Book I, Store Quadword; alignment as Book III, 6.5.8",
        does: |m, w| {
            m.call(Cpu::store_quad, w)?;
        },
        cases: &[
            "f8c40012 stq r6,16(r4) | r4=2000 r6=102030405060708 r7=90a0b0c0d0e0f10 | [2010]=0102030405060708090a0b0c0d0e0f10",
            "f8c40012 stq r6,16(r4) | msr=8000000000001001 r4=2000 r6=100f0e0d0c0b0a09 r7=807060504030201 | [2010]=0102030405060708090a0b0c0d0e0f10",
            "f8c40012 stq r6,16(r4) | r4=2004 | nip=600 dar=2014 srr0=1000 srr1=8000000000001000",
        ],
    },
];
