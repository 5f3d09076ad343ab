// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Counting and gathering bits of vectors (Power ISA 3.0B, Book I, chapter 6).

use crate::{
    arith::vector::{Vector, map1},
    form,
    vocabulary::Facility,
};

/// The least significant bit of each byte.
const LAST_BITS: u128 = u128::MAX / 255;

/// Bit `n` of a register; bits beyond it are 0.
fn bit(a: Vector, n: u8) -> bool {
    n < 128 && u128::from(a) >> (127 - n) & 1 != 0
}

/// The bits that a list of numbers chooses, the first one most significant.
fn choose(numbers: impl Iterator<Item = u8>, bit: impl Fn(u8) -> bool) -> u64 {
    numbers.fold(0, |chosen, n| chosen << 1 | u64::from(bit(n)))
}

/// Exchanges rows and columns of an 8 by 8 bit matrix.
fn transpose(x: u64) -> u64 {
    let swap = |x: u64, mask: u64, by: u32| {
        let t = (x ^ x >> by) & mask;
        x ^ t ^ t << by
    };
    let x = swap(x, 0x00aa_00aa_00aa_00aa, 7);
    let x = swap(x, 0x0000_cccc_0000_cccc, 14);
    swap(x, 0x0000_0000_f0f0_f0f0, 28)
}

crate::isa![
    Insn {
        name: vclzb,
        form: form::vx(1794).zero(form::RA),
        asm: "vclzb VT,VB",
        book: "Book I, Vector Count Leading Zeros Byte",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u8| b.leading_zeros() as u8)), w)?;
        },
        cases: &[
            "10602f02 vclzb v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=08070100000001000100000000080808"
        ],
    },
    Insn {
        name: vctzb,
        form: form::vx_eo(1538, 28),
        asm: "vctzb VT,VB",
        book: "Book I, Vector Count Trailing Zeros Byte",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u8| b.trailing_zeros() as u8)), w)?;
        },
        cases: &[
            "107c2e02 vctzb v3,v5 | v5=01ff018001020080000000018000ffff | v3=00000007000108070808080007080000"
        ],
    },
    Insn {
        name: vpopcntb,
        form: form::vx(1795).zero(form::RA),
        asm: "vpopcntb VT,VB",
        book: "Book I, Vector Population Count Byte",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u8| b.count_ones() as u8)), w)?;
        },
        cases: &[
            "10602f03 vpopcntb v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00010701020704080708080801000000"
        ],
    },
    Insn {
        name: vclzh,
        form: form::vx(1858).zero(form::RA),
        asm: "vclzh VT,VB",
        book: "Book I, Vector Count Leading Zeros Halfword",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u16| b.leading_zeros() as u16)), w)?;
        },
        cases: &[
            "10602f42 vclzh v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=000f0001000000010001000000000010"
        ],
    },
    Insn {
        name: vctzh,
        form: form::vx_eo(1538, 29),
        asm: "vctzh VT,VB",
        book: "Book I, Vector Count Trailing Zeros Halfword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u16| b.trailing_zeros() as u16)), w)?;
        },
        cases: &[
            "107d2e02 vctzh v3,v5 | v5=01ff018001020080000000018000ffff | v3=000000070001000700100000000f0000"
        ],
    },
    Insn {
        name: vpopcnth,
        form: form::vx(1859).zero(form::RA),
        asm: "vpopcnth VT,VB",
        book: "Book I, Vector Population Count Halfword",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u16| b.count_ones() as u16)), w)?;
        },
        cases: &[
            "10602f43 vpopcnth v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=000100080009000c000f001000010000"
        ],
    },
    Insn {
        name: vclzw,
        form: form::vx(1922).zero(form::RA),
        asm: "vclzw VT,VB",
        book: "Book I, Vector Count Leading Zeros Word",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u32| b.leading_zeros())), w)?;
        },
        cases: &[
            "10602f82 vclzw v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=0000000f000000000000000100000000"
        ],
    },
    Insn {
        name: vctzw,
        form: form::vx_eo(1538, 30),
        asm: "vctzw VT,VB",
        book: "Book I, Vector Count Trailing Zeros Word",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u32| b.trailing_zeros())), w)?;
        },
        cases: &[
            "107e2e02 vctzw v3,v5 | v5=01ff018001020080000000018000ffff | v3=00000007000000070000000000000000"
        ],
    },
    Insn {
        name: vpopcntw,
        form: form::vx(1923).zero(form::RA),
        asm: "vpopcntw VT,VB",
        book: "Book I, Vector Population Count Word",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u32| b.count_ones())), w)?;
        },
        cases: &[
            "10602f83 vpopcntw v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=00000009000000150000001f00000001"
        ],
    },
    Insn {
        name: vclzd,
        form: form::vx(1986).zero(form::RA),
        asm: "vclzd VT,VB",
        book: "Book I, Vector Count Leading Zeros Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u64| b.leading_zeros().into())), w)?;
        },
        cases: &[
            "10602fc2 vclzd v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=000000000000000f0000000000000001"
        ],
    },
    Insn {
        name: vctzd,
        form: form::vx_eo(1538, 31),
        asm: "vctzd VT,VB",
        book: "Book I, Vector Count Trailing Zeros Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u64| b.trailing_zeros().into())), w)?;
        },
        cases: &[
            "107f2e02 vctzd v3,v5 | v5=01ff018001020080000000018000ffff | v3=00000000000000070000000000000000"
        ],
    },
    Insn {
        name: vpopcntd,
        form: form::vx(1987).zero(form::RA),
        asm: "vpopcntd VT,VB",
        book: "Book I, Vector Population Count Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(|b: u64| b.count_ones().into())), w)?;
        },
        cases: &[
            "10602fc3 vpopcntd v3,v5 | v5=00017f8081fe55ff7fffffff80000000 | v3=000000000000001e0000000000000020"
        ],
    },
    Insn {
        name: vclzlsbb,
        form: form::vx_eo(1538, 0),
        asm: "vclzlsbb RT,VB",
        book: "Book I, Vector Count Leading Zero Least-Significant Bits Byte",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, zero) = (m.vs(32 + w.rb()), m.imm(0));
            let v = m.value_of_vec(
                |b, _| u64::from((u128::from(b) & LAST_BITS).leading_zeros() / 8),
                b,
                zero,
            );
            m.set_gpr(w.rt(), v);
        },
        cases: &[
            "10602e02 vclzlsbb r3,v5 | v5=fefe0001000000000000000000000000 | r3=3",
            "10602e02 vclzlsbb r3,v5 | v5=00000000000000000000000000000000 r3=1 | r3=10"
        ],
    },
    Insn {
        name: vctzlsbb,
        form: form::vx_eo(1538, 1),
        asm: "vctzlsbb RT,VB",
        book: "Book I, Vector Count Trailing Zero Least-Significant Bits Byte",
        level: V3_0,
        does: |m, w| {
            m.need(Facility::Vmx)?;
            let (b, zero) = (m.vs(32 + w.rb()), m.imm(0));
            let v = m.value_of_vec(
                |b, _| u64::from((u128::from(b) & LAST_BITS).trailing_zeros() / 8),
                b,
                zero,
            );
            m.set_gpr(w.rt(), v);
        },
        cases: &[
            "10612e02 vctzlsbb r3,v5 | v5=fefe0001000000000000000000fefefe | r3=c",
            "10612e02 vctzlsbb r3,v5 | v5=00000000000000000000000000000000 r3=1 | r3=10"
        ],
    },
    Insn {
        name: vgbbd,
        form: form::vx(1292).zero(form::RA),
        asm: "vgbbd VT,VB",
        book: "Book I, Vector Gather Bits by Bytes by Doubleword",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, map1(transpose)), w)?;
        },
        cases: &[
            "10602d0c vgbbd v3,v5 | v5=80808080808080ff0102040810204080 | v3=ff010101010101010102040810204080"
        ],
    },
    Insn {
        name: vbpermq,
        form: form::vx(1356),
        asm: "vbpermq VT,VA,VB",
        book: "Book I, Vector Bit Permute Quadword",
        does: |m, w| {
            m.vector(
                |c, w| c.v2(w, |a, b| Vector::new(choose(b.lanes::<u8>(), |n| bit(a, n)), 0)),
                w,
            )?;
        },
        cases: &[
            "10642d4c vbpermq v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=0001020304050607087f80ff40414243 | v3=000000000000f0c70000000000000000"
        ],
    },
    Insn {
        name: vbpermd,
        form: form::vx(1484),
        asm: "vbpermd VT,VA,VB",
        book: "Book I, Vector Bit Permute Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v2(w, |a, b| {
                        let half = |k: usize| {
                            choose(b.lanes::<u8>().skip(8 * k).take(8), |n| {
                                n < 64 && bit(a, n + 64 * k as u8)
                            })
                        };
                        Vector::new(half(0), half(1))
                    })
                },
                w,
            )?;
        },
        cases: &[
            "10642dcc vbpermd v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=0001020304053f4008090a0b80ff3e3f | v3=00000000000000f20000000000000063"
        ],
    },
];
