// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Extracting elements from vectors and inserting them (Power ISA 3.0B, Book I, 6.8 and 7.6).
//!
//! An element that would lie partly outside the register is undefined; here zeros stand outside.

use crate::{arith::vector::Vector, form, vocabulary::Facility};

/// The `bytes` bytes from byte `at` on, counted from the left; `at` is modulo 16.
fn from_left(b: Vector, at: u32, bytes: u32) -> u64 {
    (u128::from(b) << (8 * (at & 15)) >> (128 - 8 * bytes)) as u64
}

/// The `bytes` bytes up to byte `at`, counted from the right; `at` is modulo 16.
fn from_right(b: Vector, at: u32, bytes: u32) -> u64 {
    let right = (u128::from(b) >> (8 * (at & 15))) as u64;
    right & (u64::MAX >> (64 - 8 * bytes))
}

/// Puts the last `bytes` bytes of `source` into `old` at byte `at`. The source of a
/// doubleword is doubleword 0; shorter elements are at its right end.
fn insert(old: Vector, source: u64, at: u32, bytes: u32) -> Vector {
    let place = |v: u64| u128::from(v) << (128 - 8 * bytes) >> (8 * at);
    let mask = place(u64::MAX >> (64 - 8 * bytes));
    (u128::from(old) & !mask | place(source) & mask).into()
}

crate::isa![
    Insn {
        name: vextractub,
        form: form::vx(525).zero(1 << 20),
        asm: "vextractub VT,VB,UIM",
        book: "Book I, Vector Extract Unsigned Byte",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, |b| Vector::new(from_left(b, w.uim(), 1), 0)), w)?;
        },
        cases: &[
            "10652a0d vextractub v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=00000000000000060000000000000000"
        ],
    },
    Insn {
        name: vextractuh,
        form: form::vx(589).zero(1 << 20),
        asm: "vextractuh VT,VB,UIM",
        book: "Book I, Vector Extract Unsigned Halfword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, |b| Vector::new(from_left(b, w.uim(), 2), 0)), w)?;
        },
        cases: &[
            "10652a4d vextractuh v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=00000000000006070000000000000000"
        ],
    },
    Insn {
        name: vextractuw,
        form: form::vx(653).zero(1 << 20),
        asm: "vextractuw VT,VB,UIM",
        book: "Book I, Vector Extract Unsigned Word",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, |b| Vector::new(from_left(b, w.uim(), 4), 0)), w)?;
        },
        cases: &[
            "10652a8d vextractuw v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=00000000060708090000000000000000"
        ],
    },
    Insn {
        name: vextractd,
        form: form::vx(717).zero(1 << 20),
        asm: "vextractd VT,VB,UIM",
        book: "Book I, Vector Extract Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, |b| Vector::new(from_left(b, w.uim(), 8), 0)), w)?;
        },
        cases: &[
            "10652acd vextractd v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=060708090a0b0c0d0000000000000000"
        ],
    },
    Insn {
        name: vinsertb,
        form: form::vx(781).zero(1 << 20),
        asm: "vinsertb VT,VB,UIM",
        book: "Book I, Vector Insert Byte",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.vr(w.rt());
                    c.v1(w, |b| insert(old, b.lane(0), w.uim(), 1))
                },
                w,
            )?;
        },
        cases: &[
            "10652b0d vinsertb v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=f0e1d2c3b408968778695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: vinserth,
        form: form::vx(845).zero(1 << 20),
        asm: "vinserth VT,VB,UIM",
        book: "Book I, Vector Insert Halfword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.vr(w.rt());
                    c.v1(w, |b| insert(old, b.lane(0), w.uim(), 2))
                },
                w,
            )?;
        },
        cases: &[
            "10652b4d vinserth v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=f0e1d2c3b407088778695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: vinsertw,
        form: form::vx(909).zero(1 << 20),
        asm: "vinsertw VT,VB,UIM",
        book: "Book I, Vector Insert Word",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.vr(w.rt());
                    c.v1(w, |b| insert(old, b.lane(0), w.uim(), 4))
                },
                w,
            )?;
        },
        cases: &[
            "10652b8d vinsertw v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=f0e1d2c3b405060708695a4b3c2d1e0f"
        ],
    },
    Insn {
        name: vinsertd,
        form: form::vx(973).zero(1 << 20),
        asm: "vinsertd VT,VB,UIM",
        book: "Book I, Vector Insert Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.vr(w.rt());
                    c.v1(w, |b| insert(old, b.lane(0), w.uim(), 8))
                },
                w,
            )?;
        },
        cases: &[
            "10652bcd vinsertd v3,v5,5 | v5=0102030405060708090a0b0c0d0e0f10 v3=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=f0e1d2c3b401020304050607082d1e0f"
        ],
    },
    Insn {
        name: vextublx,
        form: form::vx(1549),
        asm: "vextublx RT,RA,VB",
        book: "Book I, Vector Extract Unsigned Byte to GPR using GPR-specified Left-Index",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, index) = (m.vs(32 + w.rb()), m.gpr(w.ra()));
            let v = m.value_of_vec(|b, index| from_left(b, index as u32, 1), b, index);
            m.set_gpr(w.rt(), v);
        },
        cases: &["10642e0d vextublx r3,r4,v5 | v5=0102030405060708090a0b0c0d0e0f10 r4=35 | r3=6"],
    },
    Insn {
        name: vextuhlx,
        form: form::vx(1613),
        asm: "vextuhlx RT,RA,VB",
        book: "Book I, Vector Extract Unsigned Halfword to GPR using GPR-specified Left-Index",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, index) = (m.vs(32 + w.rb()), m.gpr(w.ra()));
            let v = m.value_of_vec(|b, index| from_left(b, index as u32, 2), b, index);
            m.set_gpr(w.rt(), v);
        },
        cases: &["10642e4d vextuhlx r3,r4,v5 | v5=0102030405060708090a0b0c0d0e0f10 r4=35 | r3=607"],
    },
    Insn {
        name: vextuwlx,
        form: form::vx(1677),
        asm: "vextuwlx RT,RA,VB",
        book: "Book I, Vector Extract Unsigned Word to GPR using GPR-specified Left-Index",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, index) = (m.vs(32 + w.rb()), m.gpr(w.ra()));
            let v = m.value_of_vec(|b, index| from_left(b, index as u32, 4), b, index);
            m.set_gpr(w.rt(), v);
        },
        cases: &[
            "10642e8d vextuwlx r3,r4,v5 | v5=0102030405060708090a0b0c0d0e0f10 r4=35 | r3=6070809"
        ],
    },
    Insn {
        name: vextubrx,
        form: form::vx(1805),
        asm: "vextubrx RT,RA,VB",
        book: "Book I, Vector Extract Unsigned Byte to GPR using GPR-specified Right-Index",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, index) = (m.vs(32 + w.rb()), m.gpr(w.ra()));
            let v = m.value_of_vec(|b, index| from_right(b, index as u32, 1), b, index);
            m.set_gpr(w.rt(), v);
        },
        cases: &["10642f0d vextubrx r3,r4,v5 | v5=0102030405060708090a0b0c0d0e0f10 r4=35 | r3=b"],
    },
    Insn {
        name: vextuhrx,
        form: form::vx(1869),
        asm: "vextuhrx RT,RA,VB",
        book: "Book I, Vector Extract Unsigned Halfword to GPR using GPR-specified Right-Index",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, index) = (m.vs(32 + w.rb()), m.gpr(w.ra()));
            let v = m.value_of_vec(|b, index| from_right(b, index as u32, 2), b, index);
            m.set_gpr(w.rt(), v);
        },
        cases: &["10642f4d vextuhrx r3,r4,v5 | v5=0102030405060708090a0b0c0d0e0f10 r4=35 | r3=a0b"],
    },
    Insn {
        name: vextuwrx,
        form: form::vx(1933),
        asm: "vextuwrx RT,RA,VB",
        book: "Book I, Vector Extract Unsigned Word to GPR using GPR-specified Right-Index",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, index) = (m.vs(32 + w.rb()), m.gpr(w.ra()));
            let v = m.value_of_vec(|b, index| from_right(b, index as u32, 4), b, index);
            m.set_gpr(w.rt(), v);
        },
        cases: &[
            "10642f8d vextuwrx r3,r4,v5 | v5=0102030405060708090a0b0c0d0e0f10 r4=35 | r3=8090a0b"
        ],
    },
    Insn {
        name: xxextractuw,
        form: form::xx2(165).zero(1 << 20),
        asm: "xxextractuw XT,XB,UIM",
        book: "Book I, VSX Vector Extract Unsigned Word",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x1(w, |b| Vector::new(from_left(b, w.uim(), 4), 0)), w)?;
        },
        cases: &[
            "f0652a96 xxextractuw vs3,vs37,5 | vs37=0102030405060708090a0b0c0d0e0f10 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | vs3=00000000060708090000000000000000"
        ],
    },
    Insn {
        name: xxinsertw,
        form: form::xx2(181).zero(1 << 20),
        asm: "xxinsertw XT,XB,UIM",
        book: "Book I, VSX Vector Insert Word",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    let old = c.x(w.xt());
                    c.x1(w, |b| insert(old, b.lane(0), w.uim(), 4))
                },
                w,
            )?;
        },
        cases: &[
            "f0652ad6 xxinsertw vs3,vs37,5 | vs37=0102030405060708090a0b0c0d0e0f10 vs3=f0e1d2c3b4a5968778695a4b3c2d1e0f | vs3=f0e1d2c3b405060708695a4b3c2d1e0f"
        ],
    },
];
