// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX stores (Power ISA 3.0B, Book I, 7.6).

use super::address;
use crate::{
    form,
    vocabulary::{Facility, Size},
};

crate::isa![
    Insn {
        name: stxsdx,
        form: form::xx1(31, 716).stores(),
        asm: "stxsdx XS,RA0,RB",
        book: "Book I, Store VSX Scalar Doubleword Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            m.store(ea, Size::Double, v)?;
        },
        cases: &[
            "7c642d98 stxsdx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=f0e1d2c3b4a59687",
            "7c642d98 stxsdx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=8796a5b4c3d2e1f0"
        ],
    },
    Insn {
        name: stxsiwx,
        form: form::xx1(31, 140).stores(),
        asm: "stxsiwx XS,RA0,RB",
        book: "Book I, Store VSX Scalar as Integer Word Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            m.store(ea, Size::Word, v)?;
        },
        cases: &[
            "7c642918 stxsiwx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=b4a59687",
            "7c642918 stxsiwx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=8796a5b4"
        ],
    },
    Insn {
        name: stxsibx,
        form: form::xx1(31, 909).stores(),
        asm: "stxsibx XS,RA0,RB",
        book: "Book I, Store VSX Scalar as Integer Byte Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            m.store(ea, Size::Byte, v)?;
        },
        cases: &[
            "7c642f1b stxsibx vs35,r4,r5 | r4=2000 r5=6 vs35=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=87"
        ],
    },
    Insn {
        name: stxsihx,
        form: form::xx1(31, 941).stores(),
        asm: "stxsihx XS,RA0,RB",
        book: "Book I, Store VSX Scalar as Integer Halfword Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            m.store(ea, Size::Half, v)?;
        },
        cases: &[
            "7c642f5a stxsihx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=9687",
            "7c642f5a stxsihx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=8796"
        ],
    },
    Insn {
        name: stxsspx,
        form: form::xx1(31, 652).stores(),
        asm: "stxsspx XS,RA0,RB",
        book: "Book I, Store VSX Scalar Single-Precision Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            let v = m.doubleword(v, 0);
            let v = m.single_of_double(v);
            m.store(ea, Size::Word, v)?;
        },
        cases: &[
            "7c642d18 stxsspx vs3,r4,r5 | r4=2000 r5=6 vs3=400921fb544442d10000000000000000 | [2006]=40490fda",
            "7c642d18 stxsspx vs3,r4,r5 | r4=2000 r5=6 vs3=b6a80000000000000000000000000000 | [2006]=80 [2009]=01",
            "7c642d18 stxsspx vs3,r4,r5 | r4=2000 r5=6 vs3=7ff4000020000000ffffffffffffffff | [2006]=7fa0 [2009]=01"
        ],
    },
    Insn {
        name: stxvd2x,
        form: form::xx1(31, 972).stores(),
        asm: "stxvd2x XS,RA0,RB",
        book: "Book I, Store VSX Vector Doubleword*2 Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            m.store_elements(ea, Size::Double, v)?;
        },
        cases: &[
            "7c642f98 stxvd2x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c642f98 stxvd2x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=8796a5b4c3d2e1f00f1e2d3c4b5a6978"
        ],
    },
    Insn {
        name: stxvw4x,
        form: form::xx1(31, 908).stores(),
        asm: "stxvw4x XS,RA0,RB",
        book: "Book I, Store VSX Vector Word*4 Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            m.store_elements(ea, Size::Word, v)?;
        },
        cases: &[
            "7c642f18 stxvw4x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c642f18 stxvw4x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=c3d2e1f08796a5b44b5a69780f1e2d3c"
        ],
    },
    Insn {
        name: stxvh8x,
        form: form::xx1(31, 940).stores(),
        asm: "stxvh8x XS,RA0,RB",
        book: "Book I, Store VSX Vector Halfword*8 Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            m.store_elements(ea, Size::Half, v)?;
        },
        cases: &[
            "7c642f58 stxvh8x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c642f58 stxvh8x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=e1f0c3d2a5b4879669784b5a2d3c0f1e"
        ],
    },
    Insn {
        name: stxvb16x,
        form: form::xx1(31, 1004).stores(),
        asm: "stxvb16x XS,RA0,RB",
        book: "Book I, Store VSX Vector Byte*16 Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            m.store_elements(ea, Size::Byte, v)?;
        },
        cases: &[
            "7c642fd8 stxvb16x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c642fd8 stxvb16x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=f0e1d2c3b4a5968778695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: stxvx,
        form: form::xx1(31, 396).stores(),
        asm: "stxvx XS,RA0,RB",
        book: "Book I, Store VSX Vector Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.vs(w.xt());
            m.store_vec(ea, v)?;
        },
        cases: &[
            "7c642b18 stxvx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c642b18 stxvx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "7c642b19 stxvx vs35,r4,r5 | r4=2000 r5=6 vs35=0102030405060708090a0b0c0d0e0f10 | [2006]=0102030405060708090a0b0c0d0e0f10",
            "7c642b19 stxvx vs35,r4,r5 | r4=2000 r5=0 msr=8000000000803000 | nip=f20"
        ],
    },
    Insn {
        name: stxv,
        form: form::dq_xo(61, 5).stores(),
        asm: "stxv XTDQ,DQ(RA0)",
        book: "Book I, Store VSX Vector",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt_dq()))?;
            let ea = address::dq(m, w);
            let v = m.vs(w.xt_dq());
            m.store_vec(ea, v)?;
        },
        cases: &[
            "f464001d stxv vs35,16(r4) | r4=2001 vs35=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2011]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "f464001d stxv vs35,16(r4) | r4=2001 vs35=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2011]=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "f464fff5 stxv vs3,-16(r4) | r4=2010 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2000]=f0e1d2c3b4a5968778695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: stxvl,
        form: form::xx1(31, 397).stores(),
        asm: "stxvl XS,RA0,RB",
        book: "Book I, Store VSX Vector with Length",
        level: V3_0,
        does: |m, w| {
            m.call(
                |c, w| {
                    c.vectors.need(Facility::vsx_or_vmx(w.xt()))?;
                    let ea = c.ea_base(w);
                    let v = c.vectors.x(w.xt());
                    c.store_length(ea, c.gpr[w.rb()] >> 56, c.little, v)
                },
                w,
            )?;
        },
        cases: &[
            "7c642b1a stxvl vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2003]=f0e1d2",
            "7c642b1a stxvl vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2003]=0f1e2d",
            "7c642b1a stxvl vs3,r4,r5 | r4=2003 r5=1100000000000000 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2003]=f0e1d2c3b4a5968778695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: stxvll,
        form: form::xx1(31, 429).stores(),
        asm: "stxvll XS,RA0,RB",
        book: "Book I, Store VSX Vector with Length Left-justified",
        level: V3_0,
        does: |m, w| {
            m.call(
                |c, w| {
                    c.vectors.need(Facility::vsx_or_vmx(w.xt()))?;
                    let ea = c.ea_base(w);
                    let v = c.vectors.x(w.xt());
                    c.store_length(ea, c.gpr[w.rb()] >> 56, false, v)
                },
                w,
            )?;
        },
        cases: &[
            "7c642b5a stxvll vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2003]=f0e1d2",
            "7c642b5a stxvll vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2003]=f0e1d2",
            "7c642b5a stxvll vs3,r4,r5 | r4=2003 r5=1100000000000000 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2003]=f0e1d2c3b4a5968778695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: stxsd,
        form: form::ds(61, 2).stores(),
        asm: "stxsd VS,DS(RA0)",
        book: "Book I, Store VSX Scalar Doubleword",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let ea = address::ds(m, w);
            let v = m.vs(32 + w.rs());
            let v = m.doubleword(v, 0);
            m.store(ea, Size::Double, v)?;
        },
        cases: &[
            "f4640006 stxsd v3,4(r4) | r4=2000 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2004]=f0e1d2c3b4a59687",
            "f4640006 stxsd v3,4(r4) | r4=2000 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2004]=8796a5b4c3d2e1f0"
        ],
    },
    Insn {
        name: stxssp,
        form: form::ds(61, 3).stores(),
        asm: "stxssp VS,DS(RA0)",
        book: "Book I, Store VSX Scalar Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let ea = address::ds(m, w);
            let v = m.vs(32 + w.rs());
            let v = m.doubleword(v, 0);
            let v = m.single_of_double(v);
            m.store(ea, Size::Word, v)?;
        },
        cases: &[
            "f464ffff stxssp v3,-4(r4) | r4=2008 v3=bff00000000000000000000000000000 | [2004]=bf80"
        ],
    },
];
