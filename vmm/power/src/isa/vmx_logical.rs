// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Logical instructions and selection on whole registers (Power ISA 3.0B, Book I, 6.8,
//! 6.9 and 7.6).

use crate::{form, isa::elements, vocabulary::Facility};

crate::isa![
    Insn {
        name: vand,
        form: form::vx(1028),
        asm: "vand VT,VA,VB",
        book: "Book I, Vector Logical AND",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let v = m.vec_and(a, b);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642c04 vand v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=0002000400060008000a000c000e0010"
        ],
    },
    Insn {
        name: vandc,
        form: form::vx(1092),
        asm: "vandc VT,VA,VB",
        book: "Book I, Vector Logical AND with Complement",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let b = m.vec_not(b);
            let v = m.vec_and(a, b);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642c44 vandc v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=010003000500070009000b000d000f00"
        ],
    },
    Insn {
        name: veqv,
        form: form::vx(1668),
        asm: "veqv VT,VA,VB",
        book: "Book I, Vector Logical Equivalence",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let v = m.vec_xor(a, b);
            let v = m.vec_not(v);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642e84 veqv v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=fe02fc04fa06f808f60af40cf20ef010"
        ],
    },
    Insn {
        name: vnand,
        form: form::vx(1412),
        asm: "vnand VT,VA,VB",
        book: "Book I, Vector Logical NAND",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let v = m.vec_and(a, b);
            let v = m.vec_not(v);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642d84 vnand v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=fffdfffbfff9fff7fff5fff3fff1ffef"
        ],
    },
    Insn {
        name: vor,
        form: form::vx(1156),
        asm: "vor VT,VA,VB",
        book: "Book I, Vector Logical OR",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let v = m.vec_or(a, b);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642c84 vor v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=01ff03ff05ff07ff09ff0bff0dff0fff"
        ],
    },
    Insn {
        name: vorc,
        form: form::vx(1348),
        asm: "vorc VT,VA,VB",
        book: "Book I, Vector Logical OR with Complement",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let b = m.vec_not(b);
            let v = m.vec_or(a, b);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642d44 vorc v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=ff02ff04ff06ff08ff0aff0cff0eff10"
        ],
    },
    Insn {
        name: vnor,
        form: form::vx(1284),
        asm: "vnor VT,VA,VB",
        book: "Book I, Vector Logical NOR",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let v = m.vec_or(a, b);
            let v = m.vec_not(v);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642d04 vnor v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=fe00fc00fa00f800f600f400f200f000"
        ],
    },
    Insn {
        name: vxor,
        form: form::vx(1220),
        asm: "vxor VT,VA,VB",
        book: "Book I, Vector Logical XOR",
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (a, b) = (m.vs(32 + w.ra()), m.vs(32 + w.rb()));
            let v = m.vec_xor(a, b);
            m.set_vs(32 + w.rt(), v);
        },
        cases: &[
            "10642cc4 vxor v3,v4,v5 | v4=0102030405060708090a0b0c0d0e0f10 v5=00ff00ff00ff00ff00ff00ff00ff00ff | v3=01fd03fb05f907f709f50bf30df10fef"
        ],
    },
    Insn {
        name: vsel,
        form: form::va(4, 42),
        asm: "vsel VT,VA,VB,VC",
        book: "Book I, Vector Select",
        does: |m, w| {
            elements::v_of_three(m, w, elements::selected)?;
        },
        cases: &[
            "106429aa vsel v3,v4,v5,v6 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f v6=00ff00ff00ff00ff00ff00ff00ff00ff | v3=01e103c305a5078709690b4b0d2d0f0f"
        ],
    },
    Insn {
        name: xxland,
        form: form::xx3(130),
        asm: "xxland XT,XA,XB",
        book: "Book I, VSX Vector Logical AND",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let v = m.vec_and(a, b);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642c14 xxland vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=0002000400060008000a000c000e0010",
            "f0642c14 xxland vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff msr=8000000002003000 | nip=f40"
        ],
    },
    Insn {
        name: xxlandc,
        form: form::xx3(138),
        asm: "xxlandc XT,XA,XB",
        book: "Book I, VSX Vector Logical AND with Complement",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let b = m.vec_not(b);
            let v = m.vec_and(a, b);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642c54 xxlandc vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=010003000500070009000b000d000f00"
        ],
    },
    Insn {
        name: xxleqv,
        form: form::xx3(186),
        asm: "xxleqv XT,XA,XB",
        book: "Book I, VSX Vector Logical Equivalence",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let v = m.vec_xor(a, b);
            let v = m.vec_not(v);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642dd4 xxleqv vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=fe02fc04fa06f808f60af40cf20ef010"
        ],
    },
    Insn {
        name: xxlnand,
        form: form::xx3(178),
        asm: "xxlnand XT,XA,XB",
        book: "Book I, VSX Vector Logical NAND",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let v = m.vec_and(a, b);
            let v = m.vec_not(v);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642d94 xxlnand vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=fffdfffbfff9fff7fff5fff3fff1ffef"
        ],
    },
    Insn {
        name: xxlor,
        form: form::xx3(146),
        asm: "xxlor XT,XA,XB",
        book: "Book I, VSX Vector Logical OR",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let v = m.vec_or(a, b);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642c94 xxlor vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=01ff03ff05ff07ff09ff0bff0dff0fff"
        ],
    },
    Insn {
        name: xxlorc,
        form: form::xx3(170),
        asm: "xxlorc XT,XA,XB",
        book: "Book I, VSX Vector Logical OR with Complement",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let b = m.vec_not(b);
            let v = m.vec_or(a, b);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642d54 xxlorc vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=ff02ff04ff06ff08ff0aff0cff0eff10"
        ],
    },
    Insn {
        name: xxlnor,
        form: form::xx3(162),
        asm: "xxlnor XT,XA,XB",
        book: "Book I, VSX Vector Logical NOR",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let v = m.vec_or(a, b);
            let v = m.vec_not(v);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642d14 xxlnor vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=fe00fc00fa00f800f600f400f200f000"
        ],
    },
    Insn {
        name: xxlxor,
        form: form::xx3(154),
        asm: "xxlxor XT,XA,XB",
        book: "Book I, VSX Vector Logical XOR",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let (a, b) = (m.vs(w.xa()), m.vs(w.xb()));
            let v = m.vec_xor(a, b);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "f0642cd4 xxlxor vs3,vs36,vs5 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=01fd03fb05f907f709f50bf30df10fef"
        ],
    },
    Insn {
        name: xxsel,
        form: form::xx4(3),
        asm: "xxsel XT,XA,XB,XC",
        book: "Book I, VSX Vector Select",
        does: |m, w| {
            let choice = m.vs(w.xc());
            elements::x_of(m, w, |m, a, b| elements::selected(m, [a, b, choice]))?;
        },
        cases: &[
            "f06429bc xxsel vs3,vs36,vs5,vs38 | vs36=0102030405060708090a0b0c0d0e0f10 vs5=f0e1d2c3b4a5968778695a4b3c2d1e0f vs38=00ff00ff00ff00ff00ff00ff00ff00ff | vs3=01e103c305a5078709690b4b0d2d0f0f"
        ],
    },
];
