// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector floating-point comparisons and conversions (Power ISA 3.0B, Book I, 6.10).

use super::vmx_float::flushed;
use crate::{
    arith::vector::{Clamp, Lane, Vector},
    form,
    state::{facility::Vectors, interrupt::Stop},
    word::Word,
};

/// VRT <- `f` of the elements; what CR6 would be.
fn compare(c: &mut Vectors, w: Word, f: impl Fn(f32, f32) -> u32) -> Result<u64, Stop> {
    let operand =
        |c: &Vectors, v: Vector| Vector::build(|i| flushed(c, f32::from_bits(v.lane(i))).to_bits());
    let (a, b) = (operand(c, c.vr(w.ra())), operand(c, c.vr(w.rb())));
    c.v_compare(w, |_, _| {
        Vector::build(|i| f(f32::from_bits(a.lane(i)), f32::from_bits(b.lane(i))))
    })
}

/// Bit 0: not less than or equal to the bound; bit 1: not greater than or equal to its negative.
fn bounds(a: f32, b: f32) -> u32 {
    let (above, below) =
        (!matches!(a.partial_cmp(&b), Some(o) if o.is_le()), a < -b || a.is_nan() || b.is_nan());
    u32::from(above) << 31 | u32::from(below) << 30
}

/// Two to the power of UIM.
fn scale(w: Word) -> f32 {
    (1u32 << w.uim()) as f32
}

/// VRT <- elements times two to the power of UIM, cut to integers; a NaN becomes 0.
fn to_integer<T: Lane>(
    c: &mut Vectors,
    w: Word,
    clamp: impl Fn(i64) -> (T, bool),
) -> Result<(), Stop> {
    c.vmx()?;
    let mut any = false;
    let b = c.vr(w.rb());
    let v = Vector::build(|i| {
        let exact = f64::from(b.lane::<f32>(i)) * f64::from(scale(w));
        let (v, clamped) = clamp(exact as i64); // a NaN gives 0, the rest is clamped twice
        any |= clamped;
        v
    });
    c.saturating(w, (v, any));
    Ok(())
}

crate::isa![
    Insn {
        name: vcmpeqfp,
        form: form::vc(198),
        asm: "vcmpeqfp[.] VT,VA,VB",
        book: "Book I, Vector Compare Equal-to Floating-Point",
        does: |m, w| {
            m.vector_compare(|c, w| compare(c, w, |a, b| if a == b { u32::MAX } else { 0 }), w)?;
        },
        cases: &[
            "106428c6 vcmpeqfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=00000000ffffffff0000000000000000",
            "10642cc6 vcmpeqfp. v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=000000000000000000000000ffffffff",
            "10642cc6 vcmpeqfp. v3,v4,v5 | v4=00000000800000000000000080000000 v5=80000000000000000000000000000000 | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpgefp,
        form: form::vc(454),
        asm: "vcmpgefp[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than or Equal-to Floating-Point",
        does: |m, w| {
            m.vector_compare(|c, w| compare(c, w, |a, b| if a >= b { u32::MAX } else { 0 }), w)?;
        },
        cases: &[
            "106429c6 vcmpgefp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=00000000ffffffff00000000ffffffff",
            "10642dc6 vcmpgefp. v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=ffffffff0000000000000000ffffffff",
            "10642dc6 vcmpgefp. v3,v4,v5 | v4=00000000800000000000000080000000 v5=80000000000000000000000000000000 | v3=-1 cr6=8"
        ],
    },
    Insn {
        name: vcmpgtfp,
        form: form::vc(710),
        asm: "vcmpgtfp[.] VT,VA,VB",
        book: "Book I, Vector Compare Greater Than Floating-Point",
        does: |m, w| {
            m.vector_compare(|c, w| compare(c, w, |a, b| if a > b { u32::MAX } else { 0 }), w)?;
        },
        cases: &[
            "10642ac6 vcmpgtfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=000000000000000000000000ffffffff",
            "10642ec6 vcmpgtfp. v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=ffffffff000000000000000000000000",
            "10642ec6 vcmpgtfp. v3,v4,v5 | v4=00000000800000000000000080000000 v5=80000000000000000000000000000000 | cr6=2"
        ],
    },
    Insn {
        name: vcmpbfp,
        form: form::vc(966),
        asm: "vcmpbfp[.] VT,VA,VB",
        book: "Book I, Vector Compare Bounds Floating-Point",
        does: |m, w| {
            m.vector_compare(|c, w| compare(c, w, bounds), w)?;
        },
        cases: &[
            "10642bc6 vcmpbfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=00000000400000004000000080000000",
            "10642fc6 vcmpbfp. v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=80000000c0000000c000000000000000",
            "10642fc6 vcmpbfp. v3,v4,v5 | v4=3f800000bf8000000000000080000000 v5=3f8000003f8000000000000080000000 | cr6=2"
        ],
    },
    Insn {
        name: vcfux,
        form: form::vx(778),
        asm: "vcfux VT,VB,UIM",
        book: "Book I, Vector Convert from Unsigned Word to Floating-Point",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, |b| Vector::build(|i| b.lane::<u32>(i) as f32 / scale(w))), w)?;
        },
        cases: &[
            "10602b0a vcfux v3,v5,0 | v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=4f70e1d34f34a5974ef0d2b54e70b478",
            "107f2b0a vcfux v3,v5,31 | v5=00017f8081fe55ff7fffffff80000000 | v3=383fc0003f81fe563f8000003f800000"
        ],
    },
    Insn {
        name: vcfsx,
        form: form::vx(842),
        asm: "vcfsx VT,VB,UIM",
        book: "Book I, Vector Convert from Signed Word to Floating-Point",
        does: |m, w| {
            m.vector(|c, w| c.v1(w, |b| Vector::build(|i| b.lane::<i32>(i) as f32 / scale(w))), w)?;
        },
        cases: &[
            "10602b4a vcfsx v3,v5,0 | v5=f0e1d2c3b4a5968778695a4b3c2d1e0f | v3=cd71e2d4ce96b4d34ef0d2b54e70b478",
            "107f2b4a vcfsx v3,v5,31 | v5=00017f8081fe55ff7fffffff80000000 | v3=383fc000bf7c03543f800000bf800000"
        ],
    },
    Insn {
        name: vctuxs,
        form: form::vx(906),
        asm: "vctuxs VT,VB,UIM",
        book: "Book I, Vector Convert with Round to Zero from Floating-Point to Unsigned Word Saturate",
        does: |m, w| {
            m.vector(|c, w| to_integer(c, w, <u32 as Clamp>::clamp), w)?;
        },
        cases: &[
            "10602b8a vctuxs v3,v5,0 | v5=3f800000bf800000c0490fdb7f7fffff | v3=000000010000000000000000ffffffff vscr=1",
            "107f2b8a vctuxs v3,v5,31 | v5=3f800000bf800000c0490fdb7f7fffff | v3=800000000000000000000000ffffffff vscr=1",
            "10612b8a vctuxs v3,v5,1 | v5=7f800000ff8000007fa0000080000000 | v3=ffffffff000000000000000000000000 vscr=1",
            "10602b8a vctuxs v3,v5,0 | v5=3fc00000bf4000007f90000042f60000 | v3=0000000100000000000000000000007b"
        ],
    },
    Insn {
        name: vctsxs,
        form: form::vx(970),
        asm: "vctsxs VT,VB,UIM",
        book: "Book I, Vector Convert with Round to Zero from Floating-Point to Signed Word Saturate",
        does: |m, w| {
            m.vector(|c, w| to_integer(c, w, <i32 as Clamp>::clamp), w)?;
        },
        cases: &[
            "10602bca vctsxs v3,v5,0 | v5=3f800000bf800000c0490fdb7f7fffff | v3=00000001fffffffffffffffd7fffffff vscr=1",
            "107f2bca vctsxs v3,v5,31 | v5=3f800000bf800000c0490fdb7f7fffff | v3=7fffffff80000000800000007fffffff vscr=1",
            "10612bca vctsxs v3,v5,1 | v5=7f800000ff8000007fa0000080000000 | v3=7fffffff800000000000000000000000 vscr=1",
            "10602bca vctsxs v3,v5,0 | v5=3fc00000bf4000007f90000042f60000 | v3=0000000100000000000000000000007b"
        ],
    },
];
