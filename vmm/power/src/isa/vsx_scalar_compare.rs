// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX scalar comparisons, minima, maxima and tests (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::float::{
        DOUBLE, compare,
        compare::{LEAST, MOST},
    },
    arith::single::{double_of_single, single_of_double},
    form,
    state::{
        facility::Vectors,
        fpscr::{FE, FG, FL, FU},
        interrupt::Stop,
    },
    vocabulary::{Facility, Numbers, OrderOp},
    word::Word,
};
use std::cmp::Ordering;

/// FPCC <- how exponents compare, which is also a CR field; a NaN's does not.
fn exponents(c: &mut Vectors, w: Word) -> Result<u64, Stop> {
    c.vsx()?;
    let (a, b) = (c.xs::<u64>(w.xa()), c.xs::<u64>(w.xb()));
    let code = match DOUBLE.biased(a).cmp(&DOUBLE.biased(b)) {
        _ if DOUBLE.is_nan(a) || DOUBLE.is_nan(b) => FU,
        Ordering::Less => FL,
        Ordering::Greater => FG,
        Ordering::Equal => FE,
    };
    Ok(c.set_fpcc(code))
}

/// FPCC <- sign, whether the class is one of the mask, and another fact.
fn test_class(c: &mut Vectors, b: u128, of_class: bool, other: bool) -> Result<u64, Stop> {
    let facts = [(b & DOUBLE.sign() != 0, FL), (of_class, FE), (other, FU)];
    let code = facts.iter().filter(|(holds, _)| *holds).fold(0, |code, (_, bit)| code | bit);
    Ok(c.set_fpcc(code))
}

/// The bit of a class mask for denormal numbers of a value's sign.
fn denormal(b: u128) -> u32 {
    if b & DOUBLE.sign() != 0 { 1 } else { 2 }
}

crate::isa![
    Insn {
        name: xscmpudp,
        form: form::xx3_bf(35),
        asm: "xscmpudp BF,XA,XB",
        book: "Book I, VSX Scalar Compare Unordered Double-Precision",
        does: |m, w| {
            m.float_order(
                Facility::Vsx,
                [w.xa(), w.xb()],
                |c, w| {
                    c.vsx()?;
                    Ok(c.compare([w.xa(), w.xb()].map(|n| c.xs::<u64>(n)), DOUBLE, false))
                },
                w,
            )?;
        },
        cases: &[
            "f184291c xscmpudp cr3,vs36,vs5 | vs36=3ff00000000000000000000000000001 vs5=40000000000000000000000000000001 | cr3=8 fpscr=8000",
            "f184291c xscmpudp cr3,vs36,vs5 | vs36=1 vs5=80000000000000000000000000000001 | cr3=2 fpscr=2000",
            "f184291c xscmpudp cr3,vs36,vs5 | vs36=40000000000000000000000000000001 vs5=fff00000000000000000000000000001 fpscr=70000 | cr3=4 fpscr=74000",
            "f184291c xscmpudp cr3,vs36,vs5 | vs36=7ff80000000000020000000000000001 vs5=3ff00000000000000000000000000001 | cr3=1 fpscr=1000",
            "f184291c xscmpudp cr3,vs36,vs5 | vs36=7ff40000000000010000000000000001 vs5=3ff00000000000000000000000000001 | cr3=1 fpscr=a1001000",
            "f184291c xscmpudp cr3,vs36,vs5 | vs36=7ff40000000000010000000000000001 vs5=3ff00000000000000000000000000001 fpscr=80 | cr3=1 fpscr=e1001080"
        ],
    },
    Insn {
        name: xscmpodp,
        form: form::xx3_bf(43),
        asm: "xscmpodp BF,XA,XB",
        book: "Book I, VSX Scalar Compare Ordered Double-Precision",
        does: |m, w| {
            m.float_order(
                Facility::Vsx,
                [w.xa(), w.xb()],
                |c, w| {
                    c.vsx()?;
                    Ok(c.compare([w.xa(), w.xb()].map(|n| c.xs::<u64>(n)), DOUBLE, true))
                },
                w,
            )?;
        },
        cases: &[
            "f184295c xscmpodp cr3,vs36,vs5 | vs36=3ff00000000000000000000000000001 vs5=40000000000000000000000000000001 | cr3=8 fpscr=8000",
            "f184295c xscmpodp cr3,vs36,vs5 | vs36=1 vs5=80000000000000000000000000000001 | cr3=2 fpscr=2000",
            "f184295c xscmpodp cr3,vs36,vs5 | vs36=40000000000000000000000000000001 vs5=fff00000000000000000000000000001 fpscr=70000 | cr3=4 fpscr=74000",
            "f184295c xscmpodp cr3,vs36,vs5 | vs36=7ff80000000000020000000000000001 vs5=3ff00000000000000000000000000001 | cr3=1 fpscr=a0081000",
            "f184295c xscmpodp cr3,vs36,vs5 | vs36=7ff40000000000010000000000000001 vs5=3ff00000000000000000000000000001 | cr3=1 fpscr=a1081000",
            "f184295c xscmpodp cr3,vs36,vs5 | vs36=7ff40000000000010000000000000001 vs5=3ff00000000000000000000000000001 fpscr=80 | cr3=1 fpscr=e1001080"
        ],
    },
    Insn {
        name: xscmpeqdp,
        form: form::xx3(3),
        asm: "xscmpeqdp XT,XA,XB",
        book: "Book I, VSX Scalar Compare Equal Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::Equal,
                Numbers::Scalar,
                |c, w| c.xs_compare(w, Ordering::is_eq, false),
                w,
            )?;
        },
        cases: &[
            "f064281c xscmpeqdp vs3,vs36,vs5 | vs3=5 vs36=0 vs5=80000000000000000000000000000000 | vs3=ffffffffffffffff0000000000000000",
            "f064281c xscmpeqdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=0",
            "f064281c xscmpeqdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=7ff80000000000020000000000000000 | vs3=0",
            "f064281c xscmpeqdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=3ff00000000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xscmpgtdp,
        form: form::xx3(11),
        asm: "xscmpgtdp XT,XA,XB",
        book: "Book I, VSX Scalar Compare Greater Than Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::Greater,
                Numbers::Scalar,
                |c, w| c.xs_compare(w, Ordering::is_gt, true),
                w,
            )?;
        },
        cases: &[
            "f064285c xscmpgtdp vs3,vs36,vs5 | vs3=5 vs36=40000000000000000000000000000000 vs5=3ff00000000000000000000000000000 | vs3=ffffffffffffffff0000000000000000",
            "f064285c xscmpgtdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 | vs3=0",
            "f064285c xscmpgtdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=0 fpscr=a0080000",
            "f064285c xscmpgtdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=3ff00000000000000000000000000000 | vs3=0 fpscr=a1080000"
        ],
    },
    Insn {
        name: xscmpgedp,
        form: form::xx3(19),
        asm: "xscmpgedp XT,XA,XB",
        book: "Book I, VSX Scalar Compare Greater Than or Equal Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::GreaterOrEqual,
                Numbers::Scalar,
                |c, w| c.xs_compare(w, Ordering::is_ge, true),
                w,
            )?;
        },
        cases: &[
            "f064289c xscmpgedp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 | vs3=ffffffffffffffff0000000000000000",
            "f064289c xscmpgedp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=0",
            "f064289c xscmpgedp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff80000000000020000000000000000 fpscr=80 | fpscr=e0080080"
        ],
    },
    Insn {
        name: xscmpexpdp,
        form: form::xx3_bf(59),
        asm: "xscmpexpdp BF,XA,XB",
        book: "Book I, VSX Scalar Compare Exponents Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(exponents, w)?;
        },
        cases: &[
            "f18429dc xscmpexpdp cr3,vs36,vs5 | vs36=3ff00000000000000000000000000000 vs5=3ff80000000000000000000000000000 | cr3=2 fpscr=2000",
            "f18429dc xscmpexpdp cr3,vs36,vs5 | vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | cr3=8 fpscr=8000",
            "f18429dc xscmpexpdp cr3,vs36,vs5 | vs36=7ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 | cr3=4 fpscr=4000",
            "f18429dc xscmpexpdp cr3,vs36,vs5 | vs36=7ff40000000000010000000000000000 vs5=3ff00000000000000000000000000000 | cr3=1 fpscr=1000",
            "f18429dc xscmpexpdp cr3,vs36,vs5 | vs36=7ff00000000000000000000000000000 vs5=fff00000000000000000000000000000 | cr3=2 fpscr=2000"
        ],
    },
    Insn {
        name: xsmaxdp,
        form: form::xx3(160),
        asm: "xsmaxdp XT,XA,XB",
        book: "Book I, VSX Scalar Maximum Double-Precision",
        does: |m, w| {
            m.ordered(
                OrderOp::Max,
                Numbers::Scalar,
                |c, w| c.xs_pick(w, |a, b| compare::choose(a, b, DOUBLE, MOST)),
                w,
            )?;
        },
        cases: &[
            "f0642d04 xsmaxdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=40000000000000000000000000000000",
            "f0642d04 xsmaxdp vs3,vs36,vs5 | vs3=5 vs36=80000000000000000000000000000000 vs5=0 | vs3=0",
            "f0642d04 xsmaxdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642d04 xsmaxdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff40000000000010000000000000000 | vs3=7ffc0000000000010000000000000000 fpscr=a1000000",
            "f0642d04 xsmaxdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=fff81234000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsmaxcdp,
        form: form::xx3(128),
        asm: "xsmaxcdp XT,XA,XB",
        book: "Book I, VSX Scalar Maximum Type-C Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::MaxOrSecond,
                Numbers::Scalar,
                |c, w| c.xs_pick(w, |a, b| compare::choose_c(a, b, DOUBLE, MOST)),
                w,
            )?;
        },
        cases: &[
            "f0642c04 xsmaxcdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=40000000000000000000000000000000",
            "f0642c04 xsmaxcdp vs3,vs36,vs5 | vs3=5 vs36=80000000000000000000000000000000 vs5=0 | vs3=0",
            "f0642c04 xsmaxcdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642c04 xsmaxcdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff40000000000010000000000000000 | vs3=7ff40000000000010000000000000000 fpscr=a1000000",
            "f0642c04 xsmaxcdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=fff81234000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsmaxjdp,
        form: form::xx3(144),
        asm: "xsmaxjdp XT,XA,XB",
        book: "Book I, VSX Scalar Maximum Type-J Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::Max,
                Numbers::Scalar,
                |c, w| c.xs_pick(w, |a, b| compare::choose_j(a, b, DOUBLE, MOST)),
                w,
            )?;
        },
        cases: &[
            "f0642c84 xsmaxjdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=40000000000000000000000000000000",
            "f0642c84 xsmaxjdp vs3,vs36,vs5 | vs3=5 vs36=80000000000000000000000000000000 vs5=0 | vs3=0",
            "f0642c84 xsmaxjdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=7ff80000000000020000000000000000",
            "f0642c84 xsmaxjdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff40000000000010000000000000000 | vs3=7ff40000000000010000000000000000 fpscr=a1000000",
            "f0642c84 xsmaxjdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=fff81234000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsmindp,
        form: form::xx3(168),
        asm: "xsmindp XT,XA,XB",
        book: "Book I, VSX Scalar Minimum Double-Precision",
        does: |m, w| {
            m.ordered(
                OrderOp::Min,
                Numbers::Scalar,
                |c, w| c.xs_pick(w, |a, b| compare::choose(a, b, DOUBLE, LEAST)),
                w,
            )?;
        },
        cases: &[
            "f0642d44 xsmindp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642d44 xsmindp vs3,vs36,vs5 | vs3=5 vs36=80000000000000000000000000000000 vs5=0 | vs3=80000000000000000000000000000000",
            "f0642d44 xsmindp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642d44 xsmindp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff40000000000010000000000000000 | vs3=7ffc0000000000010000000000000000 fpscr=a1000000",
            "f0642d44 xsmindp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=fff81234000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsmincdp,
        form: form::xx3(136),
        asm: "xsmincdp XT,XA,XB",
        book: "Book I, VSX Scalar Minimum Type-C Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::MinOrSecond,
                Numbers::Scalar,
                |c, w| c.xs_pick(w, |a, b| compare::choose_c(a, b, DOUBLE, LEAST)),
                w,
            )?;
        },
        cases: &[
            "f0642c44 xsmincdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642c44 xsmincdp vs3,vs36,vs5 | vs3=5 vs36=80000000000000000000000000000000 vs5=0 | vs3=0",
            "f0642c44 xsmincdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642c44 xsmincdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff40000000000010000000000000000 | vs3=7ff40000000000010000000000000000 fpscr=a1000000",
            "f0642c44 xsmincdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=fff81234000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsminjdp,
        form: form::xx3(152),
        asm: "xsminjdp XT,XA,XB",
        book: "Book I, VSX Scalar Minimum Type-J Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.ordered(
                OrderOp::Min,
                Numbers::Scalar,
                |c, w| c.xs_pick(w, |a, b| compare::choose_j(a, b, DOUBLE, LEAST)),
                w,
            )?;
        },
        cases: &[
            "f0642cc4 xsminjdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | vs3=3ff00000000000000000000000000000",
            "f0642cc4 xsminjdp vs3,vs36,vs5 | vs3=5 vs36=80000000000000000000000000000000 vs5=0 | vs3=80000000000000000000000000000000",
            "f0642cc4 xsminjdp vs3,vs36,vs5 | vs3=5 vs36=7ff80000000000020000000000000000 vs5=3ff00000000000000000000000000000 | vs3=7ff80000000000020000000000000000",
            "f0642cc4 xsminjdp vs3,vs36,vs5 | vs3=5 vs36=3ff00000000000000000000000000000 vs5=7ff40000000000010000000000000000 | vs3=7ff40000000000010000000000000000 fpscr=a1000000",
            "f0642cc4 xsminjdp vs3,vs36,vs5 | vs3=5 vs36=7ff40000000000010000000000000000 vs5=fff81234000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xstdivdp,
        form: form::xx3_bf(61),
        asm: "xstdivdp BF,XA,XB",
        book: "Book I, VSX Scalar Test for software Divide Double-Precision",
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    Ok(compare::test_divide(c.xs::<u64>(w.xa()), c.xs::<u64>(w.xb()), DOUBLE)
                        .into())
                },
                w,
            )?;
        },
        cases: &[
            "f18429ec xstdivdp cr3,vs36,vs5 | vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | cr3=8",
            "f18429ec xstdivdp cr3,vs36,vs5 | vs36=7ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 | cr3=e",
            "f18429ec xstdivdp cr3,vs36,vs5 | vs36=3ff00000000000000000000000000000 vs5=10000000000000000 | cr3=e"
        ],
    },
    Insn {
        name: xstsqrtdp,
        form: form::xx2_bf(106),
        asm: "xstsqrtdp BF,XB",
        book: "Book I, VSX Scalar Test for software Square Root Double-Precision",
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    Ok(compare::test_square_root(c.xs::<u64>(w.xb()), DOUBLE).into())
                },
                w,
            )?;
        },
        cases: &[
            "f18029aa xstsqrtdp cr3,vs37 | vs37=40000000000000000000000000000000 | cr3=8",
            "f18029aa xstsqrtdp cr3,vs37 | vs37=c0000000000000000000000000000000 | cr3=a",
            "f18029aa xstsqrtdp cr3,vs37 | vs37=0 | cr3=e"
        ],
    },
    Insn {
        name: xststdcdp,
        form: form::xx2(362).with(1, 0),
        asm: "xststdcdp BF,XB,DCMX",
        book: "Book I, VSX Scalar Test Data Class Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    let b = c.xs::<u64>(w.xb());
                    test_class(c, b, compare::is_of_class(b, DOUBLE, w.dcmx()), false)
                },
                w,
            )?;
        },
        cases: &[
            "f1c02daa xststdcdp cr3,vs37,64 | vs37=7ff80000000000020000000000000000 | cr3=2 fpscr=2000",
            "f1a02daa xststdcdp cr3,vs37,32 | vs37=7ff00000000000000000000000000000 | cr3=2 fpscr=2000",
            "f1a02daa xststdcdp cr3,vs37,32 | vs37=fff00000000000000000000000000000 | cr3=8 fpscr=8000",
            "f1882daa xststdcdp cr3,vs37,8 | vs37=0 | cr3=2 fpscr=2000",
            "f1842daa xststdcdp cr3,vs37,4 | vs37=80000000000000000000000000000000 | cr3=a fpscr=a000",
            "f1822daa xststdcdp cr3,vs37,2 | vs37=10000000000000000 | cr3=2 fpscr=2000",
            "f1ff2daa xststdcdp cr3,vs37,127 | vs37=3ff00000000000000000000000000000 | cr3=0"
        ],
    },
    Insn {
        name: xststdcsp,
        form: form::xx2(298).with(1, 0),
        asm: "xststdcsp BF,XB,DCMX",
        book: "Book I, VSX Scalar Test Data Class Single-Precision",
        level: V3_0,
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.vsx()?;
                    let b = c.xs::<u64>(w.xb());
                    // A number with an exponent below those of single precision is denormal there.
                    let small =
                        (1..0x381).contains(&DOUBLE.biased(b)) && w.dcmx() & denormal(b) != 0;
                    let of_class = small || compare::is_of_class(b, DOUBLE, w.dcmx());
                    let single = single_of_double(b as u64);
                    test_class(c, b, of_class, b as u64 != double_of_single(single))
                },
                w,
            )?;
        },
        cases: &[
            "f1c02caa xststdcsp cr3,vs37,64 | vs37=7ff80000000000020000000000000000 | cr3=3 fpscr=3000",
            "f1a02caa xststdcsp cr3,vs37,32 | vs37=7ff00000000000000000000000000000 | cr3=2 fpscr=2000",
            "f1a02caa xststdcsp cr3,vs37,32 | vs37=fff00000000000000000000000000000 | cr3=8 fpscr=8000",
            "f1882caa xststdcsp cr3,vs37,8 | vs37=0 | cr3=2 fpscr=2000",
            "f1842caa xststdcsp cr3,vs37,4 | vs37=80000000000000000000000000000000 | cr3=a fpscr=a000",
            "f1822caa xststdcsp cr3,vs37,2 | vs37=10000000000000000 | cr3=3 fpscr=3000",
            "f1ff2caa xststdcsp cr3,vs37,127 | vs37=3ff00000000000000000000000000000 | cr3=0",
            "f1822caa xststdcsp cr3,vs37,2 | vs37=38000000000000000000000000000000 | cr3=2 fpscr=2000",
            "f1802caa xststdcsp cr3,vs37,0 | vs37=3fb999999999999a0000000000000000 | cr3=1 fpscr=1000",
            "f1812caa xststdcsp cr3,vs37,1 | vs37=b7e00000000000000000000000000000 | cr3=a fpscr=a000"
        ],
    },
];
