// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX loads (Power ISA 3.0B, Book I, 7.6).
//!
//! Doubleword 1 of the target of a scalar load is undefined; here it becomes 0, as version 3.1 requires.

use super::address;
use crate::{
    form,
    isa::elements,
    vocabulary::{Facility, Size},
};

crate::isa![
    Insn {
        name: lxsdx,
        form: form::xx1(31, 588).loads(),
        asm: "lxsdx XT,RA0,RB",
        book: "Book I, Load VSX Scalar Doubleword Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Double)?;
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c642c98 lxsdx vs3,r4,r5 | r4=2000 r5=6 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d0000000000000000",
            "7c642c98 lxsdx vs3,r4,r5 | r4=2000 r5=6 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=0d0c0b0a090807060000000000000000",
            "7c642c99 lxsdx vs35,r4,r5 | r4=2000 r5=0 msr=8000000002003000 | nip=f40"
        ],
    },
    Insn {
        name: lxsiwax,
        form: form::xx1(31, 76).loads(),
        asm: "lxsiwax XT,RA0,RB",
        book: "Book I, Load VSX Scalar as Integer Word Algebraic Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.sext(v, Size::Word);
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c642898 lxsiwax vs3,r4,r5 | r4=2000 r5=6 [2006]=81020304 | vs3=ffffffff810203040000000000000000",
            "7c642898 lxsiwax vs3,r4,r5 | r4=2000 r5=6 [2006]=81020304 msr=8000000002803001 | vs3=00000000040302810000000000000000"
        ],
    },
    Insn {
        name: lxsiwzx,
        form: form::xx1(31, 12).loads(),
        asm: "lxsiwzx XT,RA0,RB",
        book: "Book I, Load VSX Scalar as Integer Word and Zero Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c642818 lxsiwzx vs3,r4,r5 | r4=2000 r5=6 [2006]=81020304 | vs3=00000000810203040000000000000000",
            "7c642818 lxsiwzx vs3,r4,r5 | r4=2000 r5=6 [2006]=81020304 msr=8000000002803001 | vs3=00000000040302810000000000000000"
        ],
    },
    Insn {
        name: lxsibzx,
        form: form::xx1(31, 781).loads(),
        asm: "lxsibzx XT,RA0,RB",
        book: "Book I, Load VSX Scalar as Integer Byte and Zero Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Byte)?;
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c642e1b lxsibzx vs35,r4,r5 | r4=2000 r5=6 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs35=00000000000000060000000000000000"
        ],
    },
    Insn {
        name: lxsihzx,
        form: form::xx1(31, 813).loads(),
        asm: "lxsihzx XT,RA0,RB",
        book: "Book I, Load VSX Scalar as Integer Halfword and Zero Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Half)?;
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c642e5b lxsihzx vs35,r4,r5 | r4=2000 r5=6 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs35=00000000000006070000000000000000",
            "7c642e5b lxsihzx vs35,r4,r5 | r4=2000 r5=6 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs35=00000000000007060000000000000000"
        ],
    },
    Insn {
        name: lxsspx,
        form: form::xx1(31, 524).loads(),
        asm: "lxsspx XT,RA0,RB",
        book: "Book I, Load VSX Scalar Single-Precision Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.double_of_single(v);
            m.set_scalar(w.xt(), v);
        },
        cases: &[
            "7c642c18 lxsspx vs3,r4,r5 | r4=2000 r5=6 [2006]=c0490fdb | vs3=c00921fb600000000000000000000000",
            "7c642c18 lxsspx vs3,r4,r5 | r4=2000 r5=6 [2006]=00000001 | vs3=36a00000000000000000000000000000",
            "7c642c18 lxsspx vs3,r4,r5 | r4=2000 r5=6 [2006]=7fa00001 | vs3=7ff40000200000000000000000000000"
        ],
    },
    Insn {
        name: lxvd2x,
        form: form::xx1(31, 844).loads(),
        asm: "lxvd2x XT,RA0,RB",
        book: "Book I, Load VSX Vector Doubleword*2 Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load_elements(ea, Size::Double)?;
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642e98 lxvd2x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d0e0f101112131415",
            "7c642e98 lxvd2x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=0d0c0b0a090807061514131211100f0e"
        ],
    },
    Insn {
        name: lxvw4x,
        form: form::xx1(31, 780).loads(),
        asm: "lxvw4x XT,RA0,RB",
        book: "Book I, Load VSX Vector Word*4 Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load_elements(ea, Size::Word)?;
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642e18 lxvw4x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d0e0f101112131415",
            "7c642e18 lxvw4x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=090807060d0c0b0a11100f0e15141312"
        ],
    },
    Insn {
        name: lxvh8x,
        form: form::xx1(31, 812).loads(),
        asm: "lxvh8x XT,RA0,RB",
        book: "Book I, Load VSX Vector Halfword*8 Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.load_elements(ea, Size::Half)?;
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642e58 lxvh8x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d0e0f101112131415",
            "7c642e58 lxvh8x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=070609080b0a0d0c0f0e111013121514"
        ],
    },
    Insn {
        name: lxvb16x,
        form: form::xx1(31, 876).loads(),
        asm: "lxvb16x XT,RA0,RB",
        book: "Book I, Load VSX Vector Byte*16 Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.load_elements(ea, Size::Byte)?;
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642ed8 lxvb16x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d0e0f101112131415",
            "7c642ed8 lxvb16x vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=060708090a0b0c0d0e0f101112131415"
        ],
    },
    Insn {
        name: lxvdsx,
        form: form::xx1(31, 332).loads(),
        asm: "lxvdsx XT,RA0,RB",
        book: "Book I, Load VSX Vector Doubleword and Splat Indexed",
        does: |m, w| {
            m.need(Facility::Vsx)?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Double)?;
            let v = m.vec(v, v);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642a98 lxvdsx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d060708090a0b0c0d",
            "7c642a98 lxvdsx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=0d0c0b0a090807060d0c0b0a09080706"
        ],
    },
    Insn {
        name: lxvwsx,
        form: form::xx1(31, 364).loads(),
        asm: "lxvwsx XT,RA0,RB",
        book: "Book I, Load VSX Vector Word and Splat Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = elements::words(m, v);
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642ad8 lxvwsx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=06070809060708090607080906070809",
            "7c642ad8 lxvwsx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=09080706090807060908070609080706"
        ],
    },
    Insn {
        name: lxvx,
        form: form::xx1(31, 268).loads(),
        asm: "lxvx XT,RA0,RB",
        book: "Book I, Load VSX Vector Indexed",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt()))?;
            let ea = address::x(m, w);
            let v = m.load_vec(ea)?;
            m.set_vs(w.xt(), v);
        },
        cases: &[
            "7c642a18 lxvx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=060708090a0b0c0d0e0f101112131415",
            "7c642a18 lxvx vs3,r4,r5 | r4=2000 r5=6 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=1514131211100f0e0d0c0b0a09080706",
            "7c642a19 lxvx vs35,r4,r5 | r4=2000 r5=6 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs35=060708090a0b0c0d0e0f101112131415",
            "7c642a19 lxvx vs35,r4,r5 | r4=2000 r5=0 msr=8000000000803000 | nip=f20",
            "7c642a18 lxvx vs3,r4,r5 | r4=2000 r5=0 msr=8000000002003000 | nip=f40"
        ],
    },
    Insn {
        name: lxv,
        form: form::dq_xo(61, 1).loads(),
        asm: "lxv XTDQ,DQ(RA0)",
        book: "Book I, Load VSX Vector",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::vsx_or_vmx(w.xt_dq()))?;
            let ea = address::dq(m, w);
            let v = m.load_vec(ea)?;
            m.set_vs(w.xt_dq(), v);
        },
        cases: &[
            "f4640019 lxv vs35,16(r4) | r4=2000 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs35=101112131415161718191a1b1c1d1e1f",
            "f4640019 lxv vs35,16(r4) | r4=2000 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs35=1f1e1d1c1b1a19181716151413121110",
            "f4640001 lxv vs3,0(r4) | r4=2001 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=0102030405060708090a0b0c0d0e0f10",
            "f4600021 lxv vs3,32(0) | r0=4 msr=8000000002003000 | nip=f40"
        ],
    },
    Insn {
        name: lxvl,
        form: form::xx1(31, 269).loads(),
        asm: "lxvl XT,RA0,RB",
        book: "Book I, Load VSX Vector with Length",
        level: V3_0,
        does: |m, w| {
            m.call(
                |c, w| {
                    c.vectors.need(Facility::vsx_or_vmx(w.xt()))?;
                    let ea = c.ea_base(w);
                    let v = c.load_length(ea, c.gpr[w.rb()] >> 56, c.little)?;
                    c.vectors.set_x(w.xt(), v);
                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "7c642a1a lxvl vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=03040500000000000000000000000000",
            "7c642a1a lxvl vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=00000000000000000000000000050403",
            "7c642a1a lxvl vs3,r4,r5 | r4=2003 r5=1100000000000000 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=030405060708090a0b0c0d0e0f101112",
            "7c642a1a lxvl vs3,r4,r5 | r4=fffffffffffffff0 r5=10 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | vs3=0"
        ],
    },
    Insn {
        name: lxvll,
        form: form::xx1(31, 301).loads(),
        asm: "lxvll XT,RA0,RB",
        book: "Book I, Load VSX Vector with Length Left-justified",
        level: V3_0,
        does: |m, w| {
            m.call(
                |c, w| {
                    c.vectors.need(Facility::vsx_or_vmx(w.xt()))?;
                    let ea = c.ea_base(w);
                    let v = c.load_length(ea, c.gpr[w.rb()] >> 56, false)?;
                    c.vectors.set_x(w.xt(), v);
                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "7c642a5a lxvll vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=03040500000000000000000000000000",
            "7c642a5a lxvll vs3,r4,r5 | r4=2003 r5=0300000000000005 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | vs3=03040500000000000000000000000000",
            "7c642a5a lxvll vs3,r4,r5 | r4=2003 r5=1100000000000000 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | vs3=030405060708090a0b0c0d0e0f101112"
        ],
    },
    Insn {
        name: lxsd,
        form: form::ds(57, 2).loads(),
        asm: "lxsd VT,DS(RA0)",
        book: "Book I, Load VSX Scalar Doubleword",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let ea = address::ds(m, w);
            let v = m.load(ea, Size::Double)?;
            m.set_scalar(32 + w.rt(), v);
        },
        cases: &[
            "e4640006 lxsd v3,4(r4) | r4=2000 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | v3=0405060708090a0b0000000000000000",
            "e4640006 lxsd v3,4(r4) | r4=2000 [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | v3=0b0a0908070605040000000000000000",
            "e4640006 lxsd v3,4(r4) | r4=2000 msr=8000000000803000 | nip=f20"
        ],
    },
    Insn {
        name: lxssp,
        form: form::ds(57, 3).loads(),
        asm: "lxssp VT,DS(RA0)",
        book: "Book I, Load VSX Scalar Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let ea = address::ds(m, w);
            let v = m.load(ea, Size::Word)?;
            let v = m.double_of_single(v);
            m.set_scalar(32 + w.rt(), v);
        },
        cases: &[
            "e464ffff lxssp v3,-4(r4) | r4=2008 [2004]=3f800000 | v3=3ff00000000000000000000000000000"
        ],
    },
];
