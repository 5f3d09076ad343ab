// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point stores (Power ISA 3.0B, Book I, 4.6.3).

use super::address;
use crate::{
    form,
    vocabulary::{Facility, Size},
};

crate::isa![
    Insn {
        name: stfs,
        form: form::d(52).stores(),
        asm: "stfs FRS,D(RA0)",
        book: "Book I, Store Floating-Point Single",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.fpr(w.rs());
            let v = m.single_of_double(v);
            m.store(ea, Size::Word, v)?;
        },
        cases: &[
            "d0640008 stfs f3,8(r4) | r4=2000 f3=c00921fb40000000 | [2008]=c0490fda",
            "d0640008 stfs f3,8(r4) | r4=2000 f3=c00921fb40000000 msr=8000000002803001 | [2008]=da0f49c0",
            "d0640008 stfs f3,8(r4) | r4=2000 f3=36a0000000000000 | [200b]=01",
            "d0640008 stfs f3,8(r4) | r4=2000 f3=380fffffffffffff | [2009]=7fffff"
        ],
    },
    Insn {
        name: stfsx,
        form: form::x(31, 663).stores(),
        asm: "stfsx FRS,RA0,RB",
        book: "Book I, Store Floating-Point Single Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.fpr(w.rs());
            let v = m.single_of_double(v);
            m.store(ea, Size::Word, v)?;
        },
        cases: &["7c642d2e stfsx f3,r4,r5 | r4=2000 r5=8 f3=c00921fb40000000 | [2008]=c0490fda"],
    },
    Insn {
        name: stfsu,
        form: form::d(53).stores().valid(address::updates),
        asm: "stfsu FRS,D(RA)",
        book: "Book I, Store Floating-Point Single with Update",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.fpr(w.rs());
            let v = m.single_of_double(v);
            m.store(ea, Size::Word, v)?;
            address::update(m, w, ea);
        },
        cases: &[
            "d4640008 stfsu f3,8(r4) | r4=2000 f3=c00921fb40000000 | r4=2008 [2008]=c0490fda",
            "d4640008 stfsu f3,8(r4) | r4=2000 f3=c00921fb40000000 msr=8000000002803001 | r4=2008 [2008]=da0f49c0"
        ],
    },
    Insn {
        name: stfsux,
        form: form::x(31, 695).stores().valid(address::updates),
        asm: "stfsux FRS,RA,RB",
        book: "Book I, Store Floating-Point Single with Update Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.fpr(w.rs());
            let v = m.single_of_double(v);
            m.store(ea, Size::Word, v)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c642d6e stfsux f3,r4,r5 | r4=2000 r5=8 f3=c00921fb40000000 | r4=2008 [2008]=c0490fda"
        ],
    },
    Insn {
        name: stfd,
        form: form::d(54).stores(),
        asm: "stfd FRS,D(RA0)",
        book: "Book I, Store Floating-Point Double",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.fpr(w.rs());
            m.store(ea, Size::Double, v)?;
        },
        cases: &[
            "d8640008 stfd f3,8(r4) | r4=2000 f3=c00921fb54442d18 | [2008]=c00921fb54442d18",
            "d8640008 stfd f3,8(r4) | r4=2000 f3=c00921fb54442d18 msr=8000000002803001 | [2008]=182d4454fb2109c0"
        ],
    },
    Insn {
        name: stfdx,
        form: form::x(31, 727).stores(),
        asm: "stfdx FRS,RA0,RB",
        book: "Book I, Store Floating-Point Double Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.fpr(w.rs());
            m.store(ea, Size::Double, v)?;
        },
        cases: &[
            "7c642dae stfdx f3,r4,r5 | r4=2000 r5=8 f3=c00921fb54442d18 | [2008]=c00921fb54442d18"
        ],
    },
    Insn {
        name: stfdu,
        form: form::d(55).stores().valid(address::updates),
        asm: "stfdu FRS,D(RA)",
        book: "Book I, Store Floating-Point Double with Update",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::d(m, w);
            let v = m.fpr(w.rs());
            m.store(ea, Size::Double, v)?;
            address::update(m, w, ea);
        },
        cases: &[
            "dc640008 stfdu f3,8(r4) | r4=2000 f3=c00921fb54442d18 | r4=2008 [2008]=c00921fb54442d18",
            "dc640008 stfdu f3,8(r4) | r4=2000 f3=c00921fb54442d18 msr=8000000002803001 | r4=2008 [2008]=182d4454fb2109c0"
        ],
    },
    Insn {
        name: stfdux,
        form: form::x(31, 759).stores().valid(address::updates),
        asm: "stfdux FRS,RA,RB",
        book: "Book I, Store Floating-Point Double with Update Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.fpr(w.rs());
            m.store(ea, Size::Double, v)?;
            address::update(m, w, ea);
        },
        cases: &[
            "7c642dee stfdux f3,r4,r5 | r4=2000 r5=8 f3=c00921fb54442d18 | r4=2008 [2008]=c00921fb54442d18"
        ],
    },
    Insn {
        name: stfiwx,
        form: form::x(31, 983).stores(),
        asm: "stfiwx FRS,RA0,RB",
        book: "Book I, Store Floating-Point as Integer Word Indexed",
        does: |m, w| {
            m.need(Facility::Fp)?;
            let ea = address::x(m, w);
            let v = m.fpr(w.rs());
            m.store(ea, Size::Word, v)?;
        },
        cases: &["7c642fae stfiwx f3,r4,r5 | r4=2000 r5=8 f3=8182838485868788 | [2008]=85868788"],
    },
];
