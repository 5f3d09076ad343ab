// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector floating-point arithmetic (Power ISA 3.0B, Book I, 6.6 and 6.10): single precision,
//! round to nearest, no exceptions and no FPSCR.

use crate::{
    arith::vector::Vector,
    form,
    state::{
        facility::{NJ, Vectors},
        interrupt::Stop,
    },
    word::Word,
};

/// The NaN of an invalid operation.
const DEFAULT_NAN: u32 = 0x7fc0_0000;
/// Set in quiet NaNs.
const QUIET: u32 = 1 << 22;

/// A zero for a denormal number, if VSCR\[NJ\] asks for it.
#[inline(always)]
pub(super) fn flushed(c: &Vectors, x: f32) -> f32 {
    if c.vscr & NJ != 0 && x.is_subnormal() { 0f32.copysign(x) } else { x }
}

/// VRT <- `f` of the elements. A NaN among the operands, in the order VRA, VRB, VRC, is the
/// result, made quiet (Book I, 6.6.2).
#[inline(always)]
fn float<const N: usize>(
    c: &mut Vectors,
    w: Word,
    operands: [Vector; N],
    f: impl Fn([f32; N]) -> f32,
) -> Result<(), Stop> {
    c.vmx()?;
    let element = |i| {
        let bits: [u32; N] = operands.map(|v| v.lane(i));
        if let Some(nan) = bits.iter().find(|x| f32::from_bits(**x).is_nan()) {
            return nan | QUIET;
        }
        let result = f(bits.map(|x| flushed(c, f32::from_bits(x))));
        if result.is_nan() { DEFAULT_NAN } else { flushed(c, result).to_bits() }
    };
    let v = Vector::build(element);
    c.set_vr(w.rt(), v);
    Ok(())
}

fn float1(c: &mut Vectors, w: Word, f: impl Fn(f32) -> f32) -> Result<(), Stop> {
    float(c, w, [c.vr(w.rb())], |[b]| f(b))
}

fn float2(c: &mut Vectors, w: Word, f: impl Fn(f32, f32) -> f32) -> Result<(), Stop> {
    float(c, w, [c.vr(w.ra()), c.vr(w.rb())], |[a, b]| f(a, b))
}

fn float3(c: &mut Vectors, w: Word, f: impl Fn(f32, f32, f32) -> f32) -> Result<(), Stop> {
    let operands = [c.vr(w.ra()), c.vr(w.rb()), c.vr(w.r_c())];
    float(c, w, operands, |[a, b, c]| f(a, b, c))
}

/// `a` * `c` + `b`, rounded once. Underflow is noticed before rounding: with `nj`, what only
/// rounding makes a normal number is a zero (Book I, 4.4.4 and 6.3.2).
fn fused(nj: bool, a: f32, c: f32, b: f32) -> f32 {
    let rounded = a.mul_add(c, b);
    if !nj || rounded.abs() != f32::MIN_POSITIVE {
        return rounded;
    }
    // In double precision the product is exact, and so is the error of the sum.
    let (product, b) = (f64::from(a) * f64::from(c), f64::from(b));
    let sum = product + b;
    let of_b = sum - product;
    let error = (product - (sum - of_b)) + (b - of_b);
    let least = f64::from(f32::MIN_POSITIVE);
    let tiny = sum.abs() < least || (sum.abs() == least && error * sum < 0.0);
    if tiny { 0f32.copysign(rounded) } else { rounded }
}

crate::isa![
    Insn {
        name: vaddfp,
        form: form::vx(10),
        asm: "vaddfp VT,VA,VB",
        book: "Book I, Vector Add Floating-Point",
        does: |m, w| {
            m.vector(|c, w| float2(c, w, |a, b| a + b), w)?;
        },
        cases: &[
            "1064280a vaddfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=40400000c0000000c0490fdb00000000",
            "1064280a vaddfp v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=7fc000007fc123457fe0000000000000",
            "1064280a vaddfp v3,v4,v5 | v4=00400000807fffff0080000000800001 v5=00800000008000003f0000003f000000 | v3=00c00000000000013f0000003f000000",
            "1064280a vaddfp v3,v4,v5 | v4=00400000807fffff0080000000800001 v5=00800000008000003f00000000400000 vscr=10000 | v3=00800000008000003f00000000800001"
        ],
    },
    Insn {
        name: vsubfp,
        form: form::vx(74),
        asm: "vsubfp VT,VA,VB",
        book: "Book I, Vector Subtract Floating-Point",
        does: |m, w| {
            m.vector(|c, w| float2(c, w, |a, b| a - b), w)?;
        },
        cases: &[
            "1064284a vsubfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=bf80000000000000c0490fdb7f800000",
            "1064284a vsubfp v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=7f8000007fc123457fe0000080000000",
            "1064284a vsubfp v3,v4,v5 | v4=00400000807fffff0080000000800001 v5=00800000008000003f0000003f000000 | v3=8040000080ffffffbf000000bf000000",
            "1064284a vsubfp v3,v4,v5 | v4=00400000807fffff0080000000800001 v5=00800000008000003f00000000400000 vscr=10000 | v3=8080000080800000bf00000000800001"
        ],
    },
    Insn {
        name: vmaxfp,
        form: form::vx(1034),
        asm: "vmaxfp VT,VA,VB",
        book: "Book I, Vector Maximum Floating-Point",
        does: |m, w| {
            m.vector(
                |c, w| {
                    float2(
                        c,
                        w,
                        |a, b| if a > b || (a == b && a.is_sign_positive()) { a } else { b },
                    )
                },
                w,
            )?;
        },
        cases: &[
            "10642c0a vmaxfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=40000000bf800000000000017f7fffff",
            "10642c0a vmaxfp v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=7f8000007fc123457fe0000000000000"
        ],
    },
    Insn {
        name: vminfp,
        form: form::vx(1098),
        asm: "vminfp VT,VA,VB",
        book: "Book I, Vector Minimum Floating-Point",
        does: |m, w| {
            m.vector(
                |c, w| {
                    float2(
                        c,
                        w,
                        |a, b| if a < b || (a == b && a.is_sign_negative()) { a } else { b },
                    )
                },
                w,
            )?;
        },
        cases: &[
            "10642c4a vminfp v3,v4,v5 | v4=3f800000bf800000c0490fdb7f7fffff v5=40000000bf80000000000001ff7fffff | v3=3f800000bf800000c0490fdbff7fffff",
            "10642c4a vminfp v3,v4,v5 | v4=7f800000ff8000007fa0000080000000 v5=ff8000007fc123453f80000000000000 | v3=ff8000007fc123457fe0000080000000"
        ],
    },
    Insn {
        name: vmaddfp,
        form: form::va(4, 46),
        asm: "vmaddfp VT,VA,VC,VB",
        book: "Book I, Vector Multiply-Add Floating-Point",
        does: |m, w| {
            m.vector(
                |c, w| {
                    let nj = c.vscr & NJ != 0;
                    float3(c, w, |a, b, c| fused(nj, a, c, b))
                },
                w,
            )?;
        },
        cases: &[
            "106429ae vmaddfp v3,v4,v6,v5 | v4=3f800000bf800000c0490fdb7f7fffff v6=40000000bf80000000000001ff7fffff v5=00400000807fffff0080000000800001 | v3=400000003f800000007ffffdff800000",
            "106429ae vmaddfp v3,v4,v6,v5 | v4=7f800000ff8000007fa0000080000000 v6=ff8000007fc123453f80000000000000 v5=3f800000bf800000c0490fdb7f7fffff | v3=ff8000007fc123457fe000007f7fffff",
            "106429ae vmaddfp v3,v4,v6,v5 | v4=7f8000003f8000003f8000013f800000 v6=000000003f8000003f8000017f800000 v5=7fa000007fa00001bf800002ff800000 | v3=7fe000007fe00001288000007fc00000",
            "106429ae vmaddfp v3,v4,v6,v5 | v4=00800000000000000000000000000000 v6=3f7fffff000000000000000000000000 v5=0 vscr=10000 v3=-1 | v3=0"
        ],
    },
    Insn {
        name: vnmsubfp,
        form: form::va(4, 47),
        asm: "vnmsubfp VT,VA,VC,VB",
        book: "Book I, Vector Negative Multiply-Subtract Floating-Point",
        does: |m, w| {
            m.vector(
                |c, w| {
                    let nj = c.vscr & NJ != 0;
                    float3(c, w, |a, b, c| -fused(nj, a, c, -b))
                },
                w,
            )?;
        },
        cases: &[
            "106429af vnmsubfp v3,v4,v6,v5 | v4=3f800000bf800000c0490fdb7f7fffff v6=40000000bf80000000000001ff7fffff v5=00400000807fffff0080000000800001 | v3=c0000000bf800000008000037f800000",
            "106429af vnmsubfp v3,v4,v6,v5 | v4=7f800000ff8000007fa0000080000000 v6=ff8000007fc123453f80000000000000 v5=3f800000bf800000c0490fdb7f7fffff | v3=7f8000007fc123457fe000007f7fffff",
            "106429af vnmsubfp v3,v4,v6,v5 | v4=7f8000003f8000003f8000013f800000 v6=000000003f8000003f8000017f800000 v5=7fa000007fa00001bf800002ff800000 | v3=7fe000007fe00001c0000002ff800000"
        ],
    },
    Insn {
        name: vrfin,
        form: form::vx(522).zero(form::RA),
        asm: "vrfin VT,VB",
        book: "Book I, Vector Round to Floating-Point Integer toward Nearest",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| b.round_ties_even()), w)?;
        },
        cases: &[
            "10602a0a vrfin v3,v5 | v5=3fc00000bfc000004020000080000000 | v3=40000000c00000004000000080000000",
            "10602a0a vrfin v3,v5 | v5=7fa00001ff8000004b000001bf000000 | v3=7fe00001ff8000004b00000180000000"
        ],
    },
    Insn {
        name: vrfiz,
        form: form::vx(586).zero(form::RA),
        asm: "vrfiz VT,VB",
        book: "Book I, Vector Round to Floating-Point Integer toward Zero",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| b.trunc()), w)?;
        },
        cases: &[
            "10602a4a vrfiz v3,v5 | v5=3fc00000bfc000004020000080000000 | v3=3f800000bf8000004000000080000000",
            "10602a4a vrfiz v3,v5 | v5=7fa00001ff8000004b000001bf000000 | v3=7fe00001ff8000004b00000180000000"
        ],
    },
    Insn {
        name: vrfip,
        form: form::vx(650).zero(form::RA),
        asm: "vrfip VT,VB",
        book: "Book I, Vector Round to Floating-Point Integer toward +Infinity",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| b.ceil()), w)?;
        },
        cases: &[
            "10602a8a vrfip v3,v5 | v5=3fc00000bfc000004020000080000000 | v3=40000000bf8000004040000080000000",
            "10602a8a vrfip v3,v5 | v5=7fa00001ff8000004b000001bf000000 | v3=7fe00001ff8000004b00000180000000"
        ],
    },
    Insn {
        name: vrfim,
        form: form::vx(714).zero(form::RA),
        asm: "vrfim VT,VB",
        book: "Book I, Vector Round to Floating-Point Integer toward -Infinity",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| b.floor()), w)?;
        },
        cases: &[
            "10602aca vrfim v3,v5 | v5=3fc00000bfc000004020000080000000 | v3=3f800000c00000004000000080000000",
            "10602aca vrfim v3,v5 | v5=7fa00001ff8000004b000001bf000000 | v3=7fe00001ff8000004b000001bf800000"
        ],
    },
    Insn {
        name: vrefp,
        form: form::vx(266).zero(form::RA),
        asm: "vrefp VT,VB",
        book: "Book I, Vector Reciprocal Estimate Floating-Point",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| 1.0 / b), w)?;
        },
        cases: &[
            "1060290a vrefp v3,v5 | v5=40000000bf8000007f80000080000000 | v3=3f000000bf80000000000000ff800000",
            "1060290a vrefp v3,v5 | v5=7fa00001408000003f800000ff800000 | v3=7fe000013e8000003f80000080000000"
        ],
    },
    Insn {
        name: vrsqrtefp,
        form: form::vx(330).zero(form::RA),
        asm: "vrsqrtefp VT,VB",
        book: "Book I, Vector Reciprocal Square Root Estimate Floating-Point",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| 1.0 / b.sqrt()), w)?;
        },
        cases: &[
            "1060294a vrsqrtefp v3,v5 | v5=40000000bf8000007f80000080000000 | v3=3f3504f37fc0000000000000ff800000",
            "1060294a vrsqrtefp v3,v5 | v5=7fa00001408000003f800000ff800000 | v3=7fe000013f0000003f8000007fc00000"
        ],
    },
    Insn {
        name: vexptefp,
        form: form::vx(394).zero(form::RA),
        asm: "vexptefp VT,VB",
        book: "Book I, Vector 2 Raised to the Exponent Estimate Floating-Point",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| b.exp2()), w)?;
        },
        cases: &[
            "1060298a vexptefp v3,v5 | v5=7fa00001408000003f800000ff800000 | v3=7fe00001418000004000000000000000"
        ],
    },
    Insn {
        name: vlogefp,
        form: form::vx(458).zero(form::RA),
        asm: "vlogefp VT,VB",
        book: "Book I, Vector Log Base 2 Estimate Floating-Point",
        does: |m, w| {
            m.vector(|c, w| float1(c, w, |b| b.log2()), w)?;
        },
        cases: &[
            "106029ca vlogefp v3,v5 | v5=40000000bf8000007f80000080000000 | v3=3f8000007fc000007f800000ff800000",
            "106029ca vlogefp v3,v5 | v5=7fa00001408000003f800000ff800000 | v3=7fe0000140000000000000007fc00000"
        ],
    },
];
