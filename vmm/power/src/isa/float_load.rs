// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point loads (Power ISA 3.0B, Book I, 4.6.2).

use super::address;
use crate::{
    form,
    vocabulary::{Facility, Size},
};

crate::isa![
    Insn {
        name: lfs,
        form: form::d(48).loads(),
        asm: "lfs FRT,D(RA0)",
        book: "Book I, Load Floating-Point Single",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.double_of_single(v);
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "c0640008 lfs f3,8(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c00921fb60000000",
            "c0640008 lfs f3,8(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 msr=8000000002803001 | f3=c361e93800000000",
            "c0640000 lfs f3,0(r4) | r4=2000 msr=8000000002801000 | nip=800",
            "c064000c lfs f3,12(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 | f3=36a0000000000000"
        ],
    },
    Insn {
        name: lfsx,
        form: form::x(31, 535).loads(),
        asm: "lfsx FRT,RA0,RB",
        book: "Book I, Load Floating-Point Single Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.double_of_single(v);
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "7c642c2e lfsx f3,r4,r5 | r4=2000 r5=8 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c00921fb60000000"
        ],
    },
    Insn {
        name: lfsu,
        form: form::d(49).loads().valid(address::updates),
        asm: "lfsu FRT,D(RA)",
        book: "Book I, Load Floating-Point Single with Update",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.double_of_single(v);
            m.set_scalar(w.rt(), v);
            address::update(m, w, ea);
        },
        cases: &[
            "c4640008 lfsu f3,8(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 | r4=2008 f3=c00921fb60000000",
            "c4640008 lfsu f3,8(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 msr=8000000002803001 | r4=2008 f3=c361e93800000000"
        ],
    },
    Insn {
        name: lfsux,
        form: form::x(31, 567).loads().valid(address::updates),
        asm: "lfsux FRT,RA,RB",
        book: "Book I, Load Floating-Point Single with Update Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.double_of_single(v);
            m.set_scalar(w.rt(), v);
            address::update(m, w, ea);
        },
        cases: &[
            "7c642c6e lfsux f3,r4,r5 | r4=2000 r5=8 [2000]=c00921fb54442d18c0490fdb00000001 | r4=2008 f3=c00921fb60000000"
        ],
    },
    Insn {
        name: lfd,
        form: form::d(50).loads(),
        asm: "lfd FRT,D(RA0)",
        book: "Book I, Load Floating-Point Double",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.load(ea, Size::Double)?;
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "c8640000 lfd f3,0(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c00921fb54442d18",
            "c8640000 lfd f3,0(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 msr=8000000002803001 | f3=182d4454fb2109c0",
            "c8640000 lfd f3,0(r4) | r4=2000 msr=8000000002801000 | nip=800"
        ],
    },
    Insn {
        name: lfdx,
        form: form::x(31, 599).loads(),
        asm: "lfdx FRT,RA0,RB",
        book: "Book I, Load Floating-Point Double Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Double)?;
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "7c642cae lfdx f3,r4,r5 | r4=2000 r5=0 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c00921fb54442d18"
        ],
    },
    Insn {
        name: lfdu,
        form: form::d(51).loads().valid(address::updates),
        asm: "lfdu FRT,D(RA)",
        book: "Book I, Load Floating-Point Double with Update",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.load(ea, Size::Double)?;
            m.set_scalar(w.rt(), v);
            address::update(m, w, ea);
        },
        cases: &[
            "cc640000 lfdu f3,0(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c00921fb54442d18",
            "cc640000 lfdu f3,0(r4) | r4=2000 [2000]=c00921fb54442d18c0490fdb00000001 msr=8000000002803001 | f3=182d4454fb2109c0"
        ],
    },
    Insn {
        name: lfdux,
        form: form::x(31, 631).loads().valid(address::updates),
        asm: "lfdux FRT,RA,RB",
        book: "Book I, Load Floating-Point Double with Update Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Double)?;
            m.set_scalar(w.rt(), v);
            address::update(m, w, ea);
        },
        cases: &[
            "7c642cee lfdux f3,r4,r5 | r4=2000 r5=0 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c00921fb54442d18"
        ],
    },
    Insn {
        name: lfiwax,
        form: form::x(31, 855).loads(),
        asm: "lfiwax FRT,RA0,RB",
        book: "Book I, Load Floating-Point as Integer Word Algebraic Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.sext(v, Size::Word);
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "7c642eae lfiwax f3,r4,r5 | r4=2000 r5=8 [2000]=c00921fb54442d18c0490fdb00000001 | f3=ffffffffc0490fdb"
        ],
    },
    Insn {
        name: lfiwzx,
        form: form::x(31, 887).loads(),
        asm: "lfiwzx FRT,RA0,RB",
        book: "Book I, Load Floating-Point as Integer Word and Zero Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            m.set_scalar(w.rt(), v);
        },
        cases: &[
            "7c642eee lfiwzx f3,r4,r5 | r4=2000 r5=8 [2000]=c00921fb54442d18c0490fdb00000001 | f3=c0490fdb"
        ],
    },
];
