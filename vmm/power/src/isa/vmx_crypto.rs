// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! AES, SHA-2 and polynomial multiplication (Power ISA 3.0B, Book I, 6.11).
//!
//! The AES examples are rounds 1 and 10 of FIPS 197, appendix B.

use crate::{
    arith::{
        aes,
        vector::{Vector, map1},
    },
    form,
    isa::elements::{self, constant},
    state::interrupt::Stop,
    vocabulary::{AesOp, LaneOp, Sigma, Size, Vocabulary},
    word::Word,
};

/// The functions of SHA-224 and SHA-256 (FIPS 180-4, 4.1.2), lower case first.
const SIGMAS32: [[Sigma; 2]; 2] = [
    [Sigma::lower(Size::Word, 7, 18, 3), Sigma::lower(Size::Word, 17, 19, 10)],
    [Sigma::upper(Size::Word, 2, 13, 22), Sigma::upper(Size::Word, 6, 11, 25)],
];

/// The functions of SHA-384 and SHA-512 (FIPS 180-4, 4.1.3).
const SIGMAS64: [[Sigma; 2]; 2] = [
    [Sigma::lower(Size::Double, 1, 8, 7), Sigma::lower(Size::Double, 19, 61, 6)],
    [Sigma::upper(Size::Double, 28, 34, 39), Sigma::upper(Size::Double, 14, 18, 41)],
];

/// VRT <- the first or the second sigma of each element of VRA, as the mask says.
#[inline(always)]
fn sigmas<M: Vocabulary>(
    m: &mut M,
    w: Word,
    [first, second]: [Sigma; 2],
    mask: Vector,
) -> Result<(), Stop> {
    elements::v_of(m, w, |m, x, _| {
        if mask == Vector::ZERO {
            return m.sigma(first, x);
        }
        let of_second = m.sigma(second, x);
        if u128::from(mask) == u128::MAX {
            return of_second;
        }
        let (of_first, mask) = (m.sigma(first, x), constant(m, mask));
        elements::selected(m, [of_first, of_second, mask])
    })
}

crate::isa![
    Insn {
        name: vcipher,
        form: form::vx(1288),
        asm: "vcipher VT,VA,VB",
        book: "Book I, Vector AES Cipher",
        does: |m, w| {
            elements::v_of(m, w, |m, a, b| m.aes(AesOp::Round, a, b))?;
        },
        cases: &[
            "10642d08 vcipher v3,v4,v5 | v4=193de3bea0f4e22b9ac68d2ae9f84808 v5=a0fafe1788542cb123a339392a6c7605 | v3=a49c7ff2689f352b6b5bea43026a5049"
        ],
    },
    Insn {
        name: vcipherlast,
        form: form::vx(1289),
        asm: "vcipherlast VT,VA,VB",
        book: "Book I, Vector AES Cipher Last",
        does: |m, w| {
            elements::v_of(m, w, |m, a, b| m.aes(AesOp::LastRound, a, b))?;
        },
        cases: &[
            "10642d09 vcipherlast v3,v4,v5 | v4=eb40f21e592e38848ba113e71bc342d2 v5=d014f9a8c9ee2589e13f0cc8b6630ca6 | v3=3925841d02dc09fbdc118597196a0b32"
        ],
    },
    Insn {
        name: vncipher,
        form: form::vx(1352),
        asm: "vncipher VT,VA,VB",
        book: "Book I, Vector AES Inverse Cipher",
        does: |m, w| {
            elements::v_of(m, w, |m, a, b| m.aes(AesOp::InverseRound, a, b))?;
        },
        cases: &[
            "10642d48 vncipher v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=0102030405060708090a0b0c0d0e0f10 | v3=dd9a04064a097935c6f5aaf17b3f1ccb"
        ],
    },
    Insn {
        name: vncipherlast,
        form: form::vx(1353),
        asm: "vncipherlast VT,VA,VB",
        book: "Book I, Vector AES Inverse Cipher Last",
        does: |m, w| {
            elements::v_of(m, w, |m, a, b| m.aes(AesOp::InverseLastRound, a, b))?;
        },
        cases: &[
            "10642d49 vncipherlast v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=0102030405060708090a0b0c0d0e0f10 | v3=16f845eec3e6eec4c82374f760ea3a23"
        ],
    },
    Insn {
        name: vsbox,
        form: form::vx(1480).zero(form::RB),
        asm: "vsbox VT,VA",
        book: "Book I, Vector AES SubBytes",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.vmx()?;
                    c.set_vr(w.rt(), aes::sub_bytes(c.vr(w.ra())));
                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "106405c8 vsbox v3,v4 | v4=193de3bea0f4e22b9ac68d2ae9f84808 | v3=d42711aee0bf98f1b8b45de51e415230"
        ],
    },
    Insn {
        name: vshasigmaw,
        form: form::vx(1666),
        asm: "vshasigmaw VT,VA,ST,SIX",
        book: "Book I, Vector SHA-256 Sigma Word",
        does: |m, w| {
            let mask = |i: usize| (w.six() >> (3 - i) & 1).wrapping_neg();
            sigmas(m, w, SIGMAS32[w.st() as usize & 1], Vector::build(mask))?;
        },
        cases: &[
            "10642e82 vshasigmaw v3,v4,0,5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=ed4d05c579be05a3cf6f27e72cc972d4",
            "1064d682 vshasigmaw v3,v4,1,10 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=2754fa89cf4ede5f50238dfe8b0a9a1b"
        ],
    },
    Insn {
        name: vshasigmad,
        form: form::vx(1730),
        asm: "vshasigmad VT,VA,ST,SIX",
        book: "Book I, Vector SHA-512 Sigma Doubleword",
        does: |m, w| {
            let mask = |i: usize| u64::from(w.six() >> (3 - 2 * i) & 1).wrapping_neg();
            sigmas(m, w, SIGMAS64[w.st() as usize & 1], Vector::build(mask))?;
        },
        cases: &[
            "106416c2 vshasigmad v3,v4,0,2 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=7e61cb169e8f25f8616a983de6d12386",
            "1064c6c2 vshasigmad v3,v4,1,8 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=5e646d747c464f569ba2fd48467f2095"
        ],
    },
    Insn {
        name: vpmsumb,
        form: form::vx(1032),
        asm: "vpmsumb VT,VA,VB",
        book: "Book I, Vector Polynomial Multiply-Sum Byte",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::PolynomialSum(Size::Byte))?;
        },
        cases: &[
            "10642c08 vpmsumb v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00017f8081fe55ff7fffffff80000000 | v3=00e146ce39725353330f0f0f1e000000"
        ],
    },
    Insn {
        name: vpmsumh,
        form: form::vx(1096),
        asm: "vpmsumh VT,VA,VB",
        book: "Book I, Vector Polynomial Multiply-Sum Halfword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::PolynomialSum(Size::Half))?;
        },
        cases: &[
            "10642c48 vpmsumh v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00017f8081fe55ff7fffffff80000000 | v3=2707506174fdbabb222a9e1e1e168000"
        ],
    },
    Insn {
        name: vpmsumw,
        form: form::vx(1160),
        asm: "vpmsumw VT,VA,VB",
        book: "Book I, Vector Polynomial Multiply-Sum Word",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::PolynomialSum(Size::Word))?;
        },
        cases: &[
            "10642c88 vpmsumw v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00017f8081fe55ff7fffffff80000000 | v3=5a8a29eec4aa84fd0a05141b28273639"
        ],
    },
    Insn {
        name: vpmsumd,
        form: form::vx(1224),
        asm: "vpmsumd VT,VA,VB",
        book: "Book I, Vector Polynomial Multiply-Sum Doubleword",
        does: |m, w| {
            elements::v_ab(m, w, LaneOp::PolynomialSum(Size::Double))?;
        },
        cases: &[
            "10642cc8 vpmsumd v3,v4,v5 | v4=f0e1d2c3b4a5968778695a4b3c2d1e0f v5=00017f8081fe55ff7fffffff80000000 | v3=141343fabc8afb2ad011facb1eee247d"
        ],
    },
    Insn {
        name: vpermxor,
        form: form::va(4, 45),
        asm: "vpermxor VT,VA,VB,VC",
        book: "Book I, Vector Permute and Exclusive-OR",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.v3(w, |a, b, c| {
                        map1(|n: u8| a.lane::<u8>((n >> 4).into()) ^ b.lane::<u8>((n & 15).into()))(
                            c,
                        )
                    })
                },
                w,
            )?;
        },
        cases: &[
            "106429ad vpermxor v3,v4,v5,v6 | v4=0102030405060708090a0b0c0d0e0f10 v5=f0e1d2c3b4a5968778695a4b3c2d1e0f v6=0f1e2d3c4b5a69788796a5b4c3d2e1f0 | v3=0e1c2e384e5c6e708e9caeb8cedceee0"
        ],
    },
];
