// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Loads and stores (Power ISA 3.0B, Book I, 3.3.2 and 3.3.3).

use crate::{form, machine::Size};

crate::isa![
    Insn {
        name: ld,
        form: form::ds(58, 0),
        asm: "ld RT,DS(RA0)",
        book: "Book I, Load Doubleword",
        does: |m, w| {
            let base = m.gpr_or_zero(w.ra());
            let disp = m.imm(w.ds());
            let ea = m.add(base, disp);
            let v = m.load(ea, Size::Double)?;
            m.set_gpr(w.rt(), v);
        },
        cases: &["e8640008 ld r3,8(r4) | r4=2000 [2008]=0102030405060708 | r3=102030405060708"],
    },
    Insn {
        name: std,
        form: form::ds(62, 0),
        asm: "std RS,DS(RA0)",
        book: "Book I, Store Doubleword",
        does: |m, w| {
            let base = m.gpr_or_zero(w.ra());
            let disp = m.imm(w.ds());
            let ea = m.add(base, disp);
            let v = m.gpr(w.rs());
            m.store(ea, Size::Double, v)?;
        },
        cases: &["f8610008 std r3,8(r1) | r1=2000 r3=5 | [2008]=0000000000000005"],
    },
];
