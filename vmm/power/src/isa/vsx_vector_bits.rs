// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX vector signs, exponents, significands and tests, which are no arithmetic (Power ISA 3.0B,
//! Book I, 7.6).

use crate::{
    arith::{
        float::{DOUBLE, SINGLE, compare},
        vector::{map1, map2},
    },
    form,
    interrupt::Stop,
    vocabulary::{Facility, Vocabulary},
    word::Word,
};

/// A doubleword of signs.
const DP_SIGNS: u64 = 1 << 63;
const SP_SIGNS: u64 = 1 << 63 | 1 << 31;

/// VSR\[XT\] <- f(VSR\[XB\], signs).
#[inline(always)]
fn signs<M: Vocabulary>(
    m: &mut M,
    w: Word,
    signs: u64,
    f: impl FnOnce(&mut M, M::Vec, M::Vec) -> M::Vec,
) -> Result<(), Stop> {
    m.need(Facility::Vsx)?;
    let (b, signs) = (m.vs(w.xb()), m.imm(signs));
    let signs = m.vec(signs, signs);
    let v = f(m, b, signs);
    m.set_vs(w.xt(), v);
    Ok(())
}

/// The significand with its hidden bit.
fn dp_significand(bits: u64) -> u64 {
    let hidden = if matches!(bits >> 52 & 0x7ff, 0 | 0x7ff) { 0 } else { 1 << 52 };
    bits & (u64::MAX >> 12) | hidden
}

/// The significand with its hidden bit.
fn sp_significand(bits: u32) -> u32 {
    let hidden = if matches!(bits >> 23 & 0xff, 0 | 0xff) { 0 } else { 1 << 23 };
    bits & (u32::MAX >> 9) | hidden
}

crate::isa![
    Insn {
        name: xvabsdp,
        form: form::xx2(473).zero(form::RA),
        asm: "xvabsdp XT,XB",
        book: "Book I, VSX Vector Absolute Value Double-Precision",
        does: |m, w| {
            signs(m, w, DP_SIGNS, |m, b, signs| {
                let magnitudes = m.vec_not(signs);
                m.vec_and(b, magnitudes)
            })?;
        },
        cases: &[
            "f0602f66 xvabsdp vs3,vs37 | vs37=fff40000000000013ff0000000000000 | vs3=7ff40000000000013ff0000000000000"
        ],
    },
    Insn {
        name: xvnabsdp,
        form: form::xx2(489).zero(form::RA),
        asm: "xvnabsdp XT,XB",
        book: "Book I, VSX Vector Negative Absolute Value Double-Precision",
        does: |m, w| {
            signs(m, w, DP_SIGNS, |m, b, signs| m.vec_or(b, signs))?;
        },
        cases: &[
            "f0602fa6 xvnabsdp vs3,vs37 | vs37=fff40000000000013ff0000000000000 | vs3=fff4000000000001bff0000000000000"
        ],
    },
    Insn {
        name: xvnegdp,
        form: form::xx2(505).zero(form::RA),
        asm: "xvnegdp XT,XB",
        book: "Book I, VSX Vector Negate Double-Precision",
        does: |m, w| {
            signs(m, w, DP_SIGNS, |m, b, signs| m.vec_xor(b, signs))?;
        },
        cases: &[
            "f0602fe6 xvnegdp vs3,vs37 | vs37=fff40000000000013ff0000000000000 | vs3=7ff4000000000001bff0000000000000"
        ],
    },
    Insn {
        name: xvcpsgndp,
        form: form::xx3(240),
        asm: "xvcpsgndp XT,XA,XB",
        book: "Book I, VSX Vector Copy Sign Double-Precision",
        does: |m, w| {
            signs(m, w, DP_SIGNS, |m, b, signs| {
                let (a, magnitudes) = (m.vs(w.xa()), m.vec_not(signs));
                let (a, b) = (m.vec_and(a, signs), m.vec_and(b, magnitudes));
                m.vec_or(a, b)
            })?;
        },
        cases: &[
            "f0642f84 xvcpsgndp vs3,vs36,vs5 | vs36=80000000000000050000000000000007 vs5=fff40000000000013ff0000000000000 | vs3=fff40000000000013ff0000000000000"
        ],
    },
    Insn {
        name: xvxexpdp,
        form: form::xx2_eo(475, 0),
        asm: "xvxexpdp XT,XB",
        book: "Book I, VSX Vector Extract Exponent Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x1(w, map1(|b: u64| b >> 52 & 0x7ff)), w)?;
        },
        cases: &[
            "f0602f6e xvxexpdp vs3,vs37 | vs37=c0080000000000000000000000000005 | vs3=4000000000000000000",
            "f0602f6e xvxexpdp vs3,vs37 | vs37=7ff40000000000013fe0000000000000 | vs3=7ff00000000000003fe"
        ],
    },
    Insn {
        name: xvxsigdp,
        form: form::xx2_eo(475, 1),
        asm: "xvxsigdp XT,XB",
        book: "Book I, VSX Vector Extract Significand Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x1(w, map1(dp_significand)), w)?;
        },
        cases: &[
            "f0612f6e xvxsigdp vs3,vs37 | vs37=c0080000000000000000000000000005 | vs3=180000000000000000000000000005",
            "f0612f6e xvxsigdp vs3,vs37 | vs37=7ff40000000000013fe0000000000000 | vs3=40000000000010010000000000000"
        ],
    },
    Insn {
        name: xviexpdp,
        form: form::xx3(248),
        asm: "xviexpdp XT,XA,XB",
        book: "Book I, VSX Vector Insert Exponent Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x2(w, map2(|a: u64, b| a & !(0x7ff << 52) | (b & 0x7ff) << 52)), w)?;
        },
        cases: &[
            "f0642fc4 xviexpdp vs3,vs36,vs5 | vs36=80000000000000037ff0000000000001 vs5=ffffffffffffffff0000000000000085 | vs3=fff00000000000030850000000000001"
        ],
    },
    Insn {
        name: xvtstdcdp,
        form: form::xx2_dcmx(15, 5),
        asm: "xvtstdcdp XT,XB,DCMXV",
        book: "Book I, VSX Vector Test Data Class Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.xv_test::<u64>(w, |b| compare::is_of_class(b, DOUBLE, w.dcmx_xv())),
                w,
            )?;
        },
        cases: &[
            "f0602fea xvtstdcdp vs3,vs37,64 | vs3=7 vs37=7ff80000000000027ff0000000000000 | vs3=ffffffffffffffff0000000000000000",
            "f0702faa xvtstdcdp vs3,vs37,16 | vs3=7 vs37=7ff0000000000000fff0000000000000 | vs3=ffffffffffffffff",
            "f0682faa xvtstdcdp vs3,vs37,8 | vs3=7 vs37=8000000000000000 | vs3=ffffffffffffffff0000000000000000",
            "f0612faa xvtstdcdp vs3,vs37,1 | vs3=7 vs37=18000000000000001 | vs3=ffffffffffffffff",
            "f07f2fee xvtstdcdp vs3,vs37,127 | vs3=7 vs37=3ff00000000000008000000000000000 | vs3=ffffffffffffffff"
        ],
    },
    Insn {
        name: xvtdivdp,
        form: form::xx3_bf(125),
        asm: "xvtdivdp BF,XA,XB",
        book: "Book I, VSX Vector Test for software Divide Double-Precision",
        does: |m, w| {
            m.float_compare(
                |c, w| c.xv_flags::<u64>(w, |a, b| compare::test_divide(a, b, DOUBLE)),
                w,
            )?;
        },
        cases: &[
            "f1842bec xvtdivdp cr3,vs36,vs5 | vs36=3ff00000000000004000000000000000 vs5=40000000000000003ff0000000000000 | cr3=8",
            "f1842bec xvtdivdp cr3,vs36,vs5 | vs36=3ff00000000000007ff0000000000000 vs5=3ff00000000000003ff0000000000000 | cr3=e",
            "f1842bec xvtdivdp cr3,vs36,vs5 | vs36=3ff00000000000003ff0000000000000 vs5=3ff00000000000007ff8000000000002 | cr3=a",
            "f1842bec xvtdivdp cr3,vs36,vs5 | vs36=3ff00000000000003ff0000000000000 vs5=13ff0000000000000 | cr3=e"
        ],
    },
    Insn {
        name: xvtsqrtdp,
        form: form::xx2_bf(234),
        asm: "xvtsqrtdp BF,XB",
        book: "Book I, VSX Vector Test for software Square Root Double-Precision",
        does: |m, w| {
            m.float_compare(
                |c, w| c.xv_flags::<u64>(w, |_, b| compare::test_square_root(b, DOUBLE)),
                w,
            )?;
        },
        cases: &[
            "f1802baa xvtsqrtdp cr3,vs37 | vs37=3ff00000000000004000000000000000 | cr3=8",
            "f1802baa xvtsqrtdp cr3,vs37 | vs37=3ff0000000000000bff0000000000000 | cr3=a",
            "f1802baa xvtsqrtdp cr3,vs37 | vs37=13ff0000000000000 | cr3=e"
        ],
    },
    Insn {
        name: xvabssp,
        form: form::xx2(409).zero(form::RA),
        asm: "xvabssp XT,XB",
        book: "Book I, VSX Vector Absolute Value Single-Precision",
        does: |m, w| {
            signs(m, w, SP_SIGNS, |m, b, signs| {
                let magnitudes = m.vec_not(signs);
                m.vec_and(b, magnitudes)
            })?;
        },
        cases: &[
            "f0602e66 xvabssp vs3,vs37 | vs37=ffa000013f800000ffa000013f800000 | vs3=7fa000013f8000007fa000013f800000"
        ],
    },
    Insn {
        name: xvnabssp,
        form: form::xx2(425).zero(form::RA),
        asm: "xvnabssp XT,XB",
        book: "Book I, VSX Vector Negative Absolute Value Single-Precision",
        does: |m, w| {
            signs(m, w, SP_SIGNS, |m, b, signs| m.vec_or(b, signs))?;
        },
        cases: &[
            "f0602ea6 xvnabssp vs3,vs37 | vs37=ffa000013f800000ffa000013f800000 | vs3=ffa00001bf800000ffa00001bf800000"
        ],
    },
    Insn {
        name: xvnegsp,
        form: form::xx2(441).zero(form::RA),
        asm: "xvnegsp XT,XB",
        book: "Book I, VSX Vector Negate Single-Precision",
        does: |m, w| {
            signs(m, w, SP_SIGNS, |m, b, signs| m.vec_xor(b, signs))?;
        },
        cases: &[
            "f0602ee6 xvnegsp vs3,vs37 | vs37=ffa000013f800000ffa000013f800000 | vs3=7fa00001bf8000007fa00001bf800000"
        ],
    },
    Insn {
        name: xvcpsgnsp,
        form: form::xx3(208),
        asm: "xvcpsgnsp XT,XA,XB",
        book: "Book I, VSX Vector Copy Sign Single-Precision",
        does: |m, w| {
            signs(m, w, SP_SIGNS, |m, b, signs| {
                let (a, magnitudes) = (m.vs(w.xa()), m.vec_not(signs));
                let (a, b) = (m.vec_and(a, signs), m.vec_and(b, magnitudes));
                m.vec_or(a, b)
            })?;
        },
        cases: &[
            "f0642e84 xvcpsgnsp vs3,vs36,vs5 | vs36=80000005000000078000000500000007 vs5=ffa000013f800000ffa000013f800000 | vs3=ffa000013f800000ffa000013f800000"
        ],
    },
    Insn {
        name: xvxexpsp,
        form: form::xx2_eo(475, 8),
        asm: "xvxexpsp XT,XB",
        book: "Book I, VSX Vector Extract Exponent Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x1(w, map1(|b: u32| b >> 23 & 0xff)), w)?;
        },
        cases: &[
            "f0682f6e xvxexpsp vs3,vs37 | vs37=c0400000000000057fa000013f000000 | vs3=8000000000000000ff0000007e"
        ],
    },
    Insn {
        name: xvxsigsp,
        form: form::xx2_eo(475, 9),
        asm: "xvxsigsp XT,XB",
        book: "Book I, VSX Vector Extract Significand Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x1(w, map1(sp_significand)), w)?;
        },
        cases: &[
            "f0692f6e xvxsigsp vs3,vs37 | vs37=c0400000000000057fa000013f000000 | vs3=c00000000000050020000100800000"
        ],
    },
    Insn {
        name: xviexpsp,
        form: form::xx3(216),
        asm: "xviexpsp XT,XA,XB",
        book: "Book I, VSX Vector Insert Exponent Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(|c, w| c.x2(w, map2(|a: u32, b| a & !(0xff << 23) | (b & 0xff) << 23)), w)?;
        },
        cases: &[
            "f0642ec4 xviexpsp vs3,vs36,vs5 | vs36=800000037f800001800000037f800001 vs5=ffffffff00000085ffffffff00000085 | vs3=ff80000342800001ff80000342800001"
        ],
    },
    Insn {
        name: xvtstdcsp,
        form: form::xx2_dcmx(13, 5),
        asm: "xvtstdcsp XT,XB,DCMXV",
        book: "Book I, VSX Vector Test Data Class Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.xv_test::<u32>(w, |b| compare::is_of_class(b, SINGLE, w.dcmx_xv())),
                w,
            )?;
        },
        cases: &[
            "f0602eea xvtstdcsp vs3,vs37,64 | vs3=7 vs37=7fc000027f8000007fc000027f800000 | vs3=ffffffff00000000ffffffff00000000",
            "f0702eaa xvtstdcsp vs3,vs37,16 | vs3=7 vs37=7f800000ff8000007f800000ff800000 | vs3=ffffffff00000000ffffffff",
            "f0682eaa xvtstdcsp vs3,vs37,8 | vs3=7 vs37=800000000000000080000000 | vs3=ffffffff00000000ffffffff00000000",
            "f0612eaa xvtstdcsp vs3,vs37,1 | vs3=7 vs37=1800000010000000180000001 | vs3=ffffffff00000000ffffffff",
            "f07f2eee xvtstdcsp vs3,vs37,127 | vs3=7 vs37=3f800000800000003f80000080000000 | vs3=ffffffff00000000ffffffff"
        ],
    },
    Insn {
        name: xvtdivsp,
        form: form::xx3_bf(93),
        asm: "xvtdivsp BF,XA,XB",
        book: "Book I, VSX Vector Test for software Divide Single-Precision",
        does: |m, w| {
            m.float_compare(
                |c, w| c.xv_flags::<u32>(w, |a, b| compare::test_divide(a, b, SINGLE)),
                w,
            )?;
        },
        cases: &[
            "f1842aec xvtdivsp cr3,vs36,vs5 | vs36=3f800000400000003f80000040000000 vs5=400000003f800000400000003f800000 | cr3=8",
            "f1842aec xvtdivsp cr3,vs36,vs5 | vs36=3f8000007f8000003f8000007f800000 vs5=3f8000003f8000003f8000003f800000 | cr3=e",
            "f1842aec xvtdivsp cr3,vs36,vs5 | vs36=3f8000003f8000003f8000003f800000 vs5=3f8000007fc000023f8000007fc00002 | cr3=a",
            "f1842aec xvtdivsp cr3,vs36,vs5 | vs36=3f8000003f8000003f8000003f800000 vs5=13f800000000000013f800000 | cr3=e"
        ],
    },
    Insn {
        name: xvtsqrtsp,
        form: form::xx2_bf(170),
        asm: "xvtsqrtsp BF,XB",
        book: "Book I, VSX Vector Test for software Square Root Single-Precision",
        does: |m, w| {
            m.float_compare(
                |c, w| c.xv_flags::<u32>(w, |_, b| compare::test_square_root(b, SINGLE)),
                w,
            )?;
        },
        cases: &[
            "f1802aaa xvtsqrtsp cr3,vs37 | vs37=3f800000400000003f80000040000000 | cr3=8",
            "f1802aaa xvtsqrtsp cr3,vs37 | vs37=3f800000bf8000003f800000bf800000 | cr3=a",
            "f1802aaa xvtsqrtsp cr3,vs37 | vs37=13f800000000000013f800000 | cr3=e"
        ],
    },
];
