// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Loads (Power ISA 3.0B, Book I, 3.3.2).

use super::address;
use crate::{
    form,
    state::interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// RT <- storage, zero-extended.
#[inline(always)]
fn load<M: Vocabulary>(m: &mut M, w: Word, ea: M::Val, size: Size) -> Result<(), Stop> {
    let v = m.load(ea, size)?;
    m.set_gpr(w.rt(), v);
    Ok(())
}

/// RT <- storage, sign-extended.
#[inline(always)]
fn load_algebraic<M: Vocabulary>(m: &mut M, w: Word, ea: M::Val, size: Size) -> Result<(), Stop> {
    let v = m.load(ea, size)?;
    let v = m.sext(v, size);
    m.set_gpr(w.rt(), v);
    Ok(())
}

crate::isa![
    Insn {
        name: lbz,
        form: form::d(34).loads(),
        asm: "lbz RT,D(RA0)",
        book: "Book I, Load Byte and Zero",
        does: |m, w| {
            let ea = address::d(m, w);
            load(m, w, ea, Size::Byte)?;
        },
        cases: &[
            "88640008 lbz r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=81",
            "88602008 lbz r3,8200(0) | r0=1 r5=2008 [2008]=8182838485868788 | r3=81",
            "88640008 lbz r3,8(r4) | r4=20000 | nip=200 dar=20008 dsisr=40 srr0=1000 srr1=8000000000201000",
        ],
    },
    Insn {
        name: lbzu,
        form: form::d(35).loads().valid(address::updates_beside_rt),
        asm: "lbzu RT,D(RA)",
        book: "Book I, Load Byte and Zero with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            load(m, w, ea, Size::Byte)?;
            address::update(m, w, ea);
        },
        cases: &["8c640008 lbzu r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=81 r4=2008",],
    },
    Insn {
        name: lbzx,
        form: form::x(31, 87).loads(),
        asm: "lbzx RT,RA0,RB",
        book: "Book I, Load Byte and Zero Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Byte)?;
        },
        cases: &["7c6428ae lbzx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=81",],
    },
    Insn {
        name: lbzux,
        form: form::x(31, 119).loads().valid(address::updates_beside_rt),
        asm: "lbzux RT,RA,RB",
        book: "Book I, Load Byte and Zero with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Byte)?;
            address::update(m, w, ea);
        },
        cases: &["7c6428ee lbzux r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=81 r4=2008",],
    },
    Insn {
        name: lhz,
        form: form::d(40).loads(),
        asm: "lhz RT,D(RA0)",
        book: "Book I, Load Halfword and Zero",
        does: |m, w| {
            let ea = address::d(m, w);
            load(m, w, ea, Size::Half)?;
        },
        cases: &[
            "a0640008 lhz r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=8182",
            "a0640008 lhz r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=8281",
            "a064fff8 lhz r3,-8(r4) | r4=2010 r5=-8 [2008]=8182838485868788 | r3=8182",
        ],
    },
    Insn {
        name: lhzu,
        form: form::d(41).loads().valid(address::updates_beside_rt),
        asm: "lhzu RT,D(RA)",
        book: "Book I, Load Halfword and Zero with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            load(m, w, ea, Size::Half)?;
            address::update(m, w, ea);
        },
        cases: &[
            "a4640008 lhzu r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=8182 r4=2008",
            "a4640008 lhzu r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=8281 r4=2008",
        ],
    },
    Insn {
        name: lhzx,
        form: form::x(31, 279).loads(),
        asm: "lhzx RT,RA0,RB",
        book: "Book I, Load Halfword and Zero Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Half)?;
        },
        cases: &[
            "7c642a2e lhzx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8182",
            "7c642a2e lhzx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8281",
        ],
    },
    Insn {
        name: lhzux,
        form: form::x(31, 311).loads().valid(address::updates_beside_rt),
        asm: "lhzux RT,RA,RB",
        book: "Book I, Load Halfword and Zero with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Half)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c642a6e lhzux r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8182 r4=2008",
            "7c642a6e lhzux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8281 r4=2008",
        ],
    },
    Insn {
        name: lha,
        form: form::d(42).loads(),
        asm: "lha RT,D(RA0)",
        book: "Book I, Load Halfword and Algebraic",
        does: |m, w| {
            let ea = address::d(m, w);
            load_algebraic(m, w, ea, Size::Half)?;
        },
        cases: &[
            "a8640008 lha r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=ffffffffffff8182",
            "a8640008 lha r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=ffffffffffff8281",
        ],
    },
    Insn {
        name: lhau,
        form: form::d(43).loads().valid(address::updates_beside_rt),
        asm: "lhau RT,D(RA)",
        book: "Book I, Load Halfword and Algebraic with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            load_algebraic(m, w, ea, Size::Half)?;
            address::update(m, w, ea);
        },
        cases: &[
            "ac640008 lhau r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=ffffffffffff8182 r4=2008",
            "ac640008 lhau r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=ffffffffffff8281 r4=2008",
        ],
    },
    Insn {
        name: lhax,
        form: form::x(31, 343).loads(),
        asm: "lhax RT,RA0,RB",
        book: "Book I, Load Halfword and Algebraic Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load_algebraic(m, w, ea, Size::Half)?;
        },
        cases: &[
            "7c642aae lhax r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffffffff8182",
            "7c642aae lhax r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffffffff8281",
        ],
    },
    Insn {
        name: lhaux,
        form: form::x(31, 375).loads().valid(address::updates_beside_rt),
        asm: "lhaux RT,RA,RB",
        book: "Book I, Load Halfword and Algebraic with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load_algebraic(m, w, ea, Size::Half)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c642aee lhaux r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffffffff8182 r4=2008",
            "7c642aee lhaux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffffffff8281 r4=2008",
        ],
    },
    Insn {
        name: lwz,
        form: form::d(32).loads(),
        asm: "lwz RT,D(RA0)",
        book: "Book I, Load Word and Zero",
        does: |m, w| {
            let ea = address::d(m, w);
            load(m, w, ea, Size::Word)?;
        },
        cases: &[
            "80640008 lwz r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=81828384",
            "80640008 lwz r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=84838281",
            "80640008 lwz r3,8(r4) | msr=1000 r4=100002000 [2008]=8182838485868788 | r3=81828384",
            "80640008 lwz r3,8(r4) | r4=1ffe [2006]=8182838485868788 | r3=81828384",
            "80640008 lwz r3,8(r4) | r4=2ff6 [2ffe]=8182838485868788 | r3=81828384",
        ],
    },
    Insn {
        name: lwzu,
        form: form::d(33).loads().valid(address::updates_beside_rt),
        asm: "lwzu RT,D(RA)",
        book: "Book I, Load Word and Zero with Update",
        does: |m, w| {
            let ea = address::d(m, w);
            load(m, w, ea, Size::Word)?;
            address::update(m, w, ea);
        },
        cases: &[
            "84640008 lwzu r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=81828384 r4=2008",
            "84640008 lwzu r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=84838281 r4=2008",
            "84640008 lwzu r3,8(r4) | msr=1000 r4=100002000 [2008]=8182838485868788 | r3=81828384 r4=2008",
            "84640008 lwzu r3,8(r4) | r4=20000 | nip=200 dar=20008 dsisr=40 srr0=1000 srr1=8000000000201000",
        ],
    },
    Insn {
        name: lwzx,
        form: form::x(31, 23).loads(),
        asm: "lwzx RT,RA0,RB",
        book: "Book I, Load Word and Zero Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Word)?;
        },
        cases: &[
            "7c64282e lwzx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=81828384",
            "7c64282e lwzx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=84838281",
            "7c60282e lwzx r3,0,r5 | r0=1 r5=2008 [2008]=8182838485868788 | r3=81828384",
        ],
    },
    Insn {
        name: lwzux,
        form: form::x(31, 55).loads().valid(address::updates_beside_rt),
        asm: "lwzux RT,RA,RB",
        book: "Book I, Load Word and Zero with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Word)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c64286e lwzux r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=81828384 r4=2008",
            "7c64286e lwzux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=84838281 r4=2008",
        ],
    },
    Insn {
        name: lwa,
        form: form::ds(58, 2).loads(),
        asm: "lwa RT,DS(RA0)",
        book: "Book I, Load Word and Algebraic",
        does: |m, w| {
            let ea = address::ds(m, w);
            load_algebraic(m, w, ea, Size::Word)?;
        },
        cases: &[
            "e864000a lwa r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=ffffffff81828384",
            "e864000a lwa r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=ffffffff84838281",
        ],
    },
    Insn {
        name: lwax,
        form: form::x(31, 341).loads(),
        asm: "lwax RT,RA0,RB",
        book: "Book I, Load Word and Algebraic Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load_algebraic(m, w, ea, Size::Word)?;
        },
        cases: &[
            "7c642aaa lwax r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffff81828384",
            "7c642aaa lwax r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffff84838281",
        ],
    },
    Insn {
        name: lwaux,
        form: form::x(31, 373).loads().valid(address::updates_beside_rt),
        asm: "lwaux RT,RA,RB",
        book: "Book I, Load Word and Algebraic with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load_algebraic(m, w, ea, Size::Word)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c642aea lwaux r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffff81828384 r4=2008",
            "7c642aea lwaux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=ffffffff84838281 r4=2008",
        ],
    },
    Insn {
        name: ld,
        form: form::ds(58, 0).loads(),
        asm: "ld RT,DS(RA0)",
        book: "Book I, Load Doubleword",
        does: |m, w| {
            let ea = address::ds(m, w);
            load(m, w, ea, Size::Double)?;
        },
        cases: &[
            "e8640008 ld r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=8182838485868788",
            "e8640008 ld r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=8887868584838281",
            "e8602008 ld r3,8200(0) | r0=1 r5=2008 [2008]=8182838485868788 | r3=8182838485868788",
            "e8640008 ld r3,8(r4) | r4=1ffe [2006]=8182838485868788 | r3=8182838485868788",
            "e8640008 ld r3,8(r4) | r4=2ff6 [2ffe]=8182838485868788 | r3=8182838485868788",
        ],
    },
    Insn {
        name: ldu,
        form: form::ds(58, 1).loads().valid(address::updates_beside_rt),
        asm: "ldu RT,DS(RA)",
        book: "Book I, Load Doubleword with Update",
        does: |m, w| {
            let ea = address::ds(m, w);
            load(m, w, ea, Size::Double)?;
            address::update(m, w, ea);
        },
        cases: &[
            "e8640009 ldu r3,8(r4) | r4=2000 [2008]=8182838485868788 | r3=8182838485868788 r4=2008",
            "e8640009 ldu r3,8(r4) | msr=8000000000001001 r4=2000 [2008]=8182838485868788 | r3=8887868584838281 r4=2008",
        ],
    },
    Insn {
        name: ldx,
        form: form::x(31, 21).loads(),
        asm: "ldx RT,RA0,RB",
        book: "Book I, Load Doubleword Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Double)?;
        },
        cases: &[
            "7c64282a ldx r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8182838485868788",
            "7c64282a ldx r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8887868584838281",
            "7c64282a ldx r3,r4,r5 | r4=2010 r5=-8 [2008]=8182838485868788 | r3=8182838485868788",
            "7c64282a ldx r3,r4,r5 | r4=fffffffffffffff0 r5=8 | nip=200 dar=fffffffffffffff8 dsisr=40 srr0=1000 srr1=8000000000201000",
        ],
    },
    Insn {
        name: ldux,
        form: form::x(31, 53).loads().valid(address::updates_beside_rt),
        asm: "ldux RT,RA,RB",
        book: "Book I, Load Doubleword with Update Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load(m, w, ea, Size::Double)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c64286a ldux r3,r4,r5 | r4=2000 r5=8 [2008]=8182838485868788 | r3=8182838485868788 r4=2008",
            "7c64286a ldux r3,r4,r5 | msr=8000000000001001 r4=2000 r5=8 [2008]=8182838485868788 | r3=8887868584838281 r4=2008",
            "7c64286a ldux r3,r4,r5 | msr=1000 r4=100002000 r5=8 [2008]=8182838485868788 | r3=8182838485868788 r4=2008",
        ],
    },
];
