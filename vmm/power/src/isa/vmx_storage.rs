// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector loads and stores, and the VSCR (Power ISA 3.0B, Book I, chapter 6).
//!
//! The data stream hints left the architecture; POWER9 still takes them, and does nothing.

use super::address;
use crate::{
    Cpu, form,
    state::interrupt::Stop,
    vocabulary::{Facility, Size, Vocabulary},
    word::Word,
};

/// Address of a quadword: the low four bits do not count.
#[inline(always)]
fn quadword<M: Vocabulary>(m: &mut M, w: Word) -> M::Val {
    let (ea, mask) = (address::x(m, w), m.imm(!15));
    m.and(ea, mask)
}

#[inline(always)]
fn load<M: Vocabulary>(m: &mut M, w: Word) -> Result<(), Stop> {
    m.need(Facility::Vmx)?;
    let ea = quadword(m, w);
    let v = m.load_vec(ea)?;
    m.set_vs(32 + w.rt(), v);
    Ok(())
}

#[inline(always)]
fn store<M: Vocabulary>(m: &mut M, w: Word) -> Result<(), Stop> {
    m.need(Facility::Vmx)?;
    let (ea, v) = (quadword(m, w), m.vs(32 + w.rs()));
    m.store_vec(ea, v)
}

/// VRT <- sixteen bytes that count up; the first one is `n`, or 16 - `n`, for the last four bits `n` of the address.
#[inline(always)]
fn permutation<M: Vocabulary>(m: &mut M, w: Word, left: bool) -> Result<(), Stop> {
    const ONES: u64 = u64::MAX / 255;
    m.need(Facility::Vmx)?;
    let (ea, last) = (address::x(m, w), m.imm(15));
    let (n, ones) = (m.and(ea, last), m.imm(ONES));
    let n = m.mul(n, ones);
    let [high, low] = [0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f].map(|from_zero| {
        let from = m.imm(if left { from_zero } else { from_zero + 16 * ONES });
        if left { m.add(from, n) } else { m.sub(from, n) }
    });
    let v = m.vec(high, low);
    m.set_vs(32 + w.rt(), v);
    Ok(())
}

/// Address of an element, and by how much it is shifted in its register: its place is that
/// of its bytes in a quadword.
fn element(c: &Cpu, w: Word, size: Size) -> (u64, u64) {
    let ea = c.ea_indexed(w) & !(size.bytes() - 1);
    let from_right = if c.little { ea & 15 } else { 16 - size.bytes() - (ea & 15) };
    (ea, 8 * from_right)
}

/// The other elements of the register are undefined; here they stay.
fn load_element(c: &mut Cpu, w: Word, size: Size) -> Result<(), Stop> {
    c.vectors.need(Facility::Vmx)?;
    let (ea, shift) = element(c, w, size);
    let v = u128::from(c.load_value(ea, size)?) << shift;
    let mask = (u128::MAX >> (128 - 8 * size.bytes())) << shift;
    let old = u128::from(c.vectors.vr(w.rt()));
    c.vectors.set_vr(w.rt(), (old & !mask | v).into());
    Ok(())
}

fn store_element(c: &mut Cpu, w: Word, size: Size) -> Result<(), Stop> {
    c.vectors.need(Facility::Vmx)?;
    let (ea, shift) = element(c, w, size);
    let v = u128::from(c.vectors.vr(w.rs())) >> shift;
    c.store_value(ea, size, v as u64)
}

crate::isa![
    Insn {
        name: lvebx,
        form: form::x(31, 7).loads(),
        asm: "lvebx VT,RA0,RB",
        book: "Book I, Load Vector Element Byte Indexed",
        does: |m, w| {
            m.call(|c, w| load_element(c, w, Size::Byte), w)?;
        },
        cases: &[
            "7c64280e lvebx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | v3=f0e1d2c3b4a5068778695a4b3c2d1e0f",
            "7c64280e lvebx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | v3=f0e1d2c3b4a5968778065a4b3c2d1e0f"
        ],
    },
    Insn {
        name: lvehx,
        form: form::x(31, 39).loads(),
        asm: "lvehx VT,RA0,RB",
        book: "Book I, Load Vector Element Halfword Indexed",
        does: |m, w| {
            m.call(|c, w| load_element(c, w, Size::Half), w)?;
        },
        cases: &[
            "7c64284e lvehx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | v3=f0e1d2c3b4a5060778695a4b3c2d1e0f",
            "7c64284e lvehx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | v3=f0e1d2c3b4a5968707065a4b3c2d1e0f"
        ],
    },
    Insn {
        name: lvewx,
        form: form::x(31, 71).loads(),
        asm: "lvewx VT,RA0,RB",
        book: "Book I, Load Vector Element Word Indexed",
        does: |m, w| {
            m.call(|c, w| load_element(c, w, Size::Word), w)?;
        },
        cases: &[
            "7c64288e lvewx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | v3=f0e1d2c30405060778695a4b3c2d1e0f",
            "7c64288e lvewx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | v3=f0e1d2c3b4a59687070605043c2d1e0f"
        ],
    },
    Insn {
        name: lvx,
        form: form::x(31, 103).loads(),
        asm: "lvx VT,RA0,RB",
        book: "Book I, Load Vector Indexed",
        does: |m, w| {
            load(m, w)?;
        },
        cases: &[
            "7c6428ce lvx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | v3=000102030405060708090a0b0c0d0e0f",
            "7c6428ce lvx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | v3=0f0e0d0c0b0a09080706050403020100",
            "7c6428ce lvx v3,r4,r5 | r4=2000 r5=0 msr=8000000000803000 | nip=f20"
        ],
    },
    Insn {
        name: lvxl,
        form: form::x(31, 359).loads(),
        asm: "lvxl VT,RA0,RB",
        book: "Book I, Load Vector Indexed Last",
        does: |m, w| {
            load(m, w)?;
        },
        cases: &[
            "7c642ace lvxl v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f | v3=000102030405060708090a0b0c0d0e0f",
            "7c642ace lvxl v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f [2000]=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f msr=8000000002803001 | v3=0f0e0d0c0b0a09080706050403020100"
        ],
    },
    Insn {
        name: stvebx,
        form: form::x(31, 135).stores(),
        asm: "stvebx VS,RA0,RB",
        book: "Book I, Store Vector Element Byte Indexed",
        does: |m, w| {
            m.call(|c, w| store_element(c, w, Size::Byte), w)?;
        },
        cases: &[
            "7c64290e stvebx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=96",
            "7c64290e stvebx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=69"
        ],
    },
    Insn {
        name: stvehx,
        form: form::x(31, 167).stores(),
        asm: "stvehx VS,RA0,RB",
        book: "Book I, Store Vector Element Halfword Indexed",
        does: |m, w| {
            m.call(|c, w| store_element(c, w, Size::Half), w)?;
        },
        cases: &[
            "7c64294e stvehx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2006]=9687",
            "7c64294e stvehx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2006]=6978"
        ],
    },
    Insn {
        name: stvewx,
        form: form::x(31, 199).stores(),
        asm: "stvewx VS,RA0,RB",
        book: "Book I, Store Vector Element Word Indexed",
        does: |m, w| {
            m.call(|c, w| store_element(c, w, Size::Word), w)?;
        },
        cases: &[
            "7c64298e stvewx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2004]=b4a59687",
            "7c64298e stvewx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2004]=4b5a6978"
        ],
    },
    Insn {
        name: stvx,
        form: form::x(31, 231).stores(),
        asm: "stvx VS,RA0,RB",
        book: "Book I, Store Vector Indexed",
        does: |m, w| {
            store(m, w)?;
        },
        cases: &[
            "7c6429ce stvx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2000]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c6429ce stvx v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2000]=0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        ],
    },
    Insn {
        name: stvxl,
        form: form::x(31, 487).stores(),
        asm: "stvxl VS,RA0,RB",
        book: "Book I, Store Vector Indexed Last",
        does: |m, w| {
            store(m, w)?;
        },
        cases: &[
            "7c642bce stvxl v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | [2000]=f0e1d2c3b4a5968778695a4b3c2d1e0f",
            "7c642bce stvxl v3,r4,r5 | r4=2000 r5=6 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f msr=8000000002803001 | [2000]=0f1e2d3c4b5a69788796a5b4c3d2e1f0"
        ],
    },
    Insn {
        name: lvsl,
        form: form::x(31, 6),
        asm: "lvsl VT,RA0,RB",
        book: "Book I, Load Vector for Shift Left Indexed",
        does: |m, w| {
            permutation(m, w, true)?;
        },
        cases: &["7c60280c lvsl v3,0,r5 | r5=2006 | v3=060708090a0b0c0d0e0f101112131415"],
    },
    Insn {
        name: lvsr,
        form: form::x(31, 38),
        asm: "lvsr VT,RA0,RB",
        book: "Book I, Load Vector for Shift Right Indexed",
        does: |m, w| {
            permutation(m, w, false)?;
        },
        cases: &["7c64284c lvsr v3,r4,r5 | r4=2000 r5=6 | v3=0a0b0c0d0e0f10111213141516171819"],
    },
    Insn {
        name: mfvscr,
        form: form::vx(1540).zero(form::RA | form::RB),
        asm: "mfvscr VT",
        book: "Book I, Move From Vector Status and Control Register",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.vmx()?;
                    c.set_vr(w.rt(), u128::from(c.vscr).into());
                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "10600604 mfvscr v3 | vscr=10001 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=00000000000000000000000000010001"
        ],
    },
    Insn {
        name: mtvscr,
        form: form::vx(1604).zero(form::RT | form::RA),
        asm: "mtvscr VB",
        book: "Book I, Move To Vector Status and Control Register",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.vmx()?;
                    c.set_vscr(c.vr(w.rb()).lane(3));
                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "10002e44 mtvscr v5 | v5=10001 | vscr=10001",
            "10002e44 mtvscr v5 | v5=ffffffff00010000 vscr=1 | vscr=10000"
        ],
    },
    Insn {
        name: dst,
        form: form::x(31, 342).with(7 << 23, 0 << 25),
        asm: "dst RA,RB,STRM",
        book: "Book I, version 2.03, Data Stream Touch",
        does: |m, w| {},
        cases: &["7c642aac dst r4,r5,3 | r4=2000 |"],
    },
    Insn {
        name: dstt,
        form: form::x(31, 342).with(7 << 23, 1 << 25),
        asm: "dstt RA,RB,STRM",
        book: "Book I, version 2.03, Data Stream Touch Transient",
        does: |m, w| {},
        cases: &["7e642aac dstt r4,r5,3 | r4=2000 |"],
    },
    Insn {
        name: dstst,
        form: form::x(31, 374).with(7 << 23, 0 << 25),
        asm: "dstst RA,RB,STRM",
        book: "Book I, version 2.03, Data Stream Touch for Store",
        does: |m, w| {},
        cases: &["7c642aec dstst r4,r5,3 | r4=2000 |"],
    },
    Insn {
        name: dststt,
        form: form::x(31, 374).with(7 << 23, 1 << 25),
        asm: "dststt RA,RB,STRM",
        book: "Book I, version 2.03, Data Stream Touch for Store Transient",
        does: |m, w| {},
        cases: &["7e642aec dststt r4,r5,3 | r4=2000 |"],
    },
    Insn {
        name: dss,
        form: form::x(31, 822).zero(7 << 23 | form::RA | form::RB),
        asm: "dss STRM",
        book: "Book I, version 2.03, Data Stream Stop",
        does: |m, w| {},
        cases: &["7c40066c dss 2 |  |"],
    },
    Insn {
        name: dssall,
        form: form::x(31, 822).with(31 << 21, 1 << 25).zero(form::RA | form::RB),
        asm: "dssall",
        book: "Book I, version 2.03, Data Stream Stop All",
        does: |m, w| {},
        cases: &["7e00066c dssall |  |"],
    },
];
