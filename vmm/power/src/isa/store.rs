// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Stores (Power ISA 3.0B, Book I, 3.3.3).

use super::address;
use crate::{
    form,
    state::interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// Storage <- the low bytes of RS.
#[inline(always)]
fn store<M: Vocabulary>(m: &mut M, w: Word, ea: M::Val, size: Size) -> Result<(), Stop> {
    let v = m.gpr(w.rs());
    m.store(ea, size, v)
}

crate::isa![
    Insn {
        name: stb,
        form: form::d(38).stores(),
        asm: "stb RS,D(RA0)",
        book: "Book I, Store Byte",
        does: |m, w| {
            let ea = address::d(m, w);
            store(m, w, ea, Size::Byte)?;
        },
        cases: &[
            "98640008 stb r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88",
            "98602008 stb r3,8200(0) | r0=1 r5=2008 r3=1122334455667788 | [2008]=88",
        ],
    },
    Insn {
        name: stbu,
        form: form::d(39).stores().valid(address::updates),
        asm: "stbu RS,D(RA)",
        book: "Book I, Store Byte with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            store(m, w, ea, Size::Byte)?;
            address::update(m, w, ea);
        },
        cases: &[
            "9c640008 stbu r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88 r4=2008",
            "9c640008 stbu r3,8(r4) | r4=20000 | nip=200 dar=20008 srr0=1000 srr1=8000000008141000",
        ],
    },
    Insn {
        name: stbx,
        form: form::x(31, 215).stores(),
        asm: "stbx RS,RA0,RB",
        book: "Book I, Store Byte Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Byte)?;
        },
        cases: &[
            "7c6429ae stbx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88",
        ],
    },
    Insn {
        name: stbux,
        form: form::x(31, 247).stores().valid(address::updates),
        asm: "stbux RS,RA,RB",
        book: "Book I, Store Byte with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Byte)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c6429ee stbux r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88 r4=2008",
        ],
    },
    Insn {
        name: sth,
        form: form::d(44).stores(),
        asm: "sth RS,D(RA0)",
        book: "Book I, Store Halfword",
        does: |m, w| {
            let ea = address::d(m, w);
            store(m, w, ea, Size::Half)?;
        },
        cases: &[
            "b0640008 sth r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=7788",
            "b0640008 sth r3,8(r4) | msr=8000000000001001 r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877",
        ],
    },
    Insn {
        name: sthu,
        form: form::d(45).stores().valid(address::updates),
        asm: "sthu RS,D(RA)",
        book: "Book I, Store Halfword with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            store(m, w, ea, Size::Half)?;
            address::update(m, w, ea);
        },
        cases: &[
            "b4640008 sthu r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=7788 r4=2008",
            "b4640008 sthu r3,8(r4) | msr=8000000000001001 r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877 r4=2008",
        ],
    },
    Insn {
        name: sthx,
        form: form::x(31, 407).stores(),
        asm: "sthx RS,RA0,RB",
        book: "Book I, Store Halfword Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Half)?;
        },
        cases: &[
            "7c642b2e sthx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=7788",
            "7c642b2e sthx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877",
        ],
    },
    Insn {
        name: sthux,
        form: form::x(31, 439).stores().valid(address::updates),
        asm: "sthux RS,RA,RB",
        book: "Book I, Store Halfword with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Half)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c642b6e sthux r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=7788 r4=2008",
            "7c642b6e sthux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877 r4=2008",
        ],
    },
    Insn {
        name: stw,
        form: form::d(36).stores(),
        asm: "stw RS,D(RA0)",
        book: "Book I, Store Word",
        does: |m, w| {
            let ea = address::d(m, w);
            store(m, w, ea, Size::Word)?;
        },
        cases: &[
            "90640008 stw r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=55667788",
            "90640008 stw r3,8(r4) | msr=8000000000001001 r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88776655",
            "90640008 stw r3,8(r4) | msr=1000 r4=100002000 r3=1122334455667788 | [2008]=55667788",
            "90640008 stw r3,8(r4) | r4=1ffe r3=1122334455667788 | [2006]=55667788",
            "90640008 stw r3,8(r4) | msr=8000000000001001 r4=2ff6 r3=1122334455667788 | [2ffe]=88776655",
        ],
    },
    Insn {
        name: stwu,
        form: form::d(37).stores().valid(address::updates),
        asm: "stwu RS,D(RA)",
        book: "Book I, Store Word with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            store(m, w, ea, Size::Word)?;
            address::update(m, w, ea);
        },
        cases: &[
            "94640008 stwu r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=55667788 r4=2008",
            "94640008 stwu r3,8(r4) | msr=8000000000001001 r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88776655 r4=2008",
            "94640008 stwu r3,8(r4) | msr=1000 r4=100002000 r3=1122334455667788 | [2008]=55667788 r4=2008",
        ],
    },
    Insn {
        name: stwx,
        form: form::x(31, 151).stores(),
        asm: "stwx RS,RA0,RB",
        book: "Book I, Store Word Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Word)?;
        },
        cases: &[
            "7c64292e stwx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=55667788",
            "7c64292e stwx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88776655",
            "7c60292e stwx r3,0,r5 | r0=1 r5=2008 r3=1122334455667788 | [2008]=55667788",
        ],
    },
    Insn {
        name: stwux,
        form: form::x(31, 183).stores().valid(address::updates),
        asm: "stwux RS,RA,RB",
        book: "Book I, Store Word with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Word)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c64296e stwux r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=55667788 r4=2008",
            "7c64296e stwux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=88776655 r4=2008",
        ],
    },
    Insn {
        name: std,
        form: form::ds(62, 0).stores(),
        asm: "std RS,DS(RA0)",
        book: "Book I, Store Doubleword",
        does: |m, w| {
            let ea = address::ds(m, w);
            store(m, w, ea, Size::Double)?;
        },
        cases: &[
            "f8640008 std r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=1122334455667788",
            "f8640008 std r3,8(r4) | msr=8000000000001001 r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877665544332211",
            "f8640008 std r3,8(r4) | r4=1ffe r3=1122334455667788 | [2006]=1122334455667788",
            "f8640008 std r3,8(r4) | msr=8000000000001001 r4=2ff6 r3=1122334455667788 | [2ffe]=8877665544332211",
            "f8640008 std r3,8(r4) | r4=fff4 r3=1122334455667788 | nip=200 dar=10003 srr0=1000 srr1=8000000008141000",
        ],
    },
    Insn {
        name: stdu,
        form: form::ds(62, 1).stores().valid(address::updates),
        asm: "stdu RS,DS(RA)",
        book: "Book I, Store Doubleword with Update",
        does: |m, w| {
            let ea = address::ds(m, w);
            store(m, w, ea, Size::Double)?;
            address::update(m, w, ea);
        },
        cases: &[
            "f8640009 stdu r3,8(r4) | r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=1122334455667788 r4=2008",
            "f8640009 stdu r3,8(r4) | msr=8000000000001001 r4=2000 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877665544332211 r4=2008",
            "f821ffe1 stdu r1,-32(r1) | r1=3000 | r1=2fe0 [2fe0]=0000000000003000",
        ],
    },
    Insn {
        name: stdx,
        form: form::x(31, 149).stores(),
        asm: "stdx RS,RA0,RB",
        book: "Book I, Store Doubleword Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Double)?;
        },
        cases: &[
            "7c64292a stdx r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=1122334455667788",
            "7c64292a stdx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877665544332211",
            "7c64292a stdx r3,r4,r5 | r4=fffffffffffffff0 r5=8 | nip=200 dar=fffffffffffffff8 srr0=1000 srr1=8000000008141000",
        ],
    },
    Insn {
        name: stdux,
        form: form::x(31, 181).stores().valid(address::updates),
        asm: "stdux RS,RA,RB",
        book: "Book I, Store Doubleword with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store(m, w, ea, Size::Double)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c64296a stdux r3,r4,r5 | r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=1122334455667788 r4=2008",
            "7c64296a stdux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 r3=1122334455667788 [2007]=ffffffffffffffffffff | [2008]=8877665544332211 r4=2008",
            "7c64296a stdux r3,r4,r5 | msr=1000 r4=100002000 r5=8 r3=1122334455667788 | [2008]=1122334455667788 r4=2008",
        ],
    },
];
