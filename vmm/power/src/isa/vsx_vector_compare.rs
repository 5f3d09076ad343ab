// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX vector comparisons, minima and maxima (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::float::{
        DOUBLE, SINGLE, compare,
        compare::{LEAST, MOST},
    },
    form,
    vocabulary::{Numbers, OrderOp},
};
use std::cmp::Ordering;

crate::isa![
    Insn {
        name: xvcmpeqdp,
        form: form::xx3_rc(99),
        asm: "xvcmpeqdp[.] XT,XA,XB",
        book: "Book I, VSX Vector Compare Equal Double-Precision",
        does: |m, w| {
            m.ordered_compare(
                OrderOp::Equal,
                Numbers::Doubles,
                |c, w| c.xv_compare::<u64>(w, Ordering::is_eq, false),
                w,
            )?;
        },
        cases: &[
            "f0642b1c xvcmpeqdp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000004000000000000000 vs5=3ff00000000000003ff0000000000000 | vs3=ffffffffffffffff0000000000000000",
            "f0642f1c xvcmpeqdp. vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000008000000000000000 vs5=3ff00000000000000000000000000000 | vs3=ffffffffffffffffffffffffffffffff cr6=8",
            "f0642f1c xvcmpeqdp. vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000003ff0000000000000 vs5=40000000000000004000000000000000 | vs3=0 cr6=2",
            "f0642f1c xvcmpeqdp. vs3,vs36,vs5 | vs3=7 vs36=7ff80000000000024000000000000000 vs5=3ff00000000000003ff0000000000000 | vs3=0 cr6=2",
            "f0642b1c xvcmpeqdp vs3,vs36,vs5 | vs3=7 vs36=7ff40000000000014000000000000000 vs5=3ff00000000000003ff0000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvcmpgtdp,
        form: form::xx3_rc(107),
        asm: "xvcmpgtdp[.] XT,XA,XB",
        book: "Book I, VSX Vector Compare Greater Than Double-Precision",
        does: |m, w| {
            m.ordered_compare(
                OrderOp::Greater,
                Numbers::Doubles,
                |c, w| c.xv_compare::<u64>(w, Ordering::is_gt, true),
                w,
            )?;
        },
        cases: &[
            "f0642b5c xvcmpgtdp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000004000000000000000 vs5=3ff00000000000003ff0000000000000 | vs3=ffffffffffffffff",
            "f0642f5c xvcmpgtdp. vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000008000000000000000 vs5=3ff00000000000000000000000000000 | vs3=0 cr6=2",
            "f0642f5c xvcmpgtdp. vs3,vs36,vs5 | vs3=7 vs36=40000000000000004000000000000000 vs5=40000000000000004000000000000000 | vs3=0 cr6=2",
            "f0642f5c xvcmpgtdp. vs3,vs36,vs5 | vs3=7 vs36=7ff80000000000024000000000000000 vs5=3ff00000000000003ff0000000000000 | vs3=ffffffffffffffff fpscr=a0080000 cr6=0",
            "f0642b5c xvcmpgtdp vs3,vs36,vs5 | vs3=7 vs36=7ff40000000000014000000000000000 vs5=3ff00000000000003ff0000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvcmpgedp,
        form: form::xx3_rc(115),
        asm: "xvcmpgedp[.] XT,XA,XB",
        book: "Book I, VSX Vector Compare Greater Than or Equal Double-Precision",
        does: |m, w| {
            m.ordered_compare(
                OrderOp::GreaterOrEqual,
                Numbers::Doubles,
                |c, w| c.xv_compare::<u64>(w, Ordering::is_ge, true),
                w,
            )?;
        },
        cases: &[
            "f0642b9c xvcmpgedp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000004000000000000000 vs5=3ff00000000000003ff0000000000000 | vs3=ffffffffffffffffffffffffffffffff",
            "f0642f9c xvcmpgedp. vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000008000000000000000 vs5=3ff00000000000000000000000000000 | vs3=ffffffffffffffffffffffffffffffff cr6=8",
            "f0642f9c xvcmpgedp. vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000003ff0000000000000 vs5=40000000000000004000000000000000 | vs3=0 cr6=2",
            "f0642f9c xvcmpgedp. vs3,vs36,vs5 | vs3=7 vs36=7ff80000000000024000000000000000 vs5=3ff00000000000003ff0000000000000 | vs3=ffffffffffffffff fpscr=a0080000 cr6=0",
            "f0642b9c xvcmpgedp vs3,vs36,vs5 | vs3=7 vs36=7ff40000000000014000000000000000 vs5=3ff00000000000003ff0000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvmaxdp,
        form: form::xx3(224),
        asm: "xvmaxdp XT,XA,XB",
        book: "Book I, VSX Vector Maximum Double-Precision",
        does: |m, w| {
            m.ordered(
                OrderOp::Max,
                Numbers::Doubles,
                |c, w| c.xv_pick::<u64>(w, |a, b| compare::choose(a, b, DOUBLE, MOST)),
                w,
            )?;
        },
        cases: &[
            "f0642f04 xvmaxdp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000008000000000000000 vs5=40000000000000000000000000000000 | vs3=40000000000000000000000000000000",
            "f0642f04 xvmaxdp vs3,vs36,vs5 | vs3=7 vs36=7ff80000000000023ff0000000000000 vs5=3ff00000000000007ff4000000000001 | vs3=3ff00000000000007ffc000000000001 fpscr=a1000000",
            "f0642f04 xvmaxdp vs3,vs36,vs5 | vs3=7 vs36=7ff40000000000013ff0000000000000 vs5=7ff80000000000024000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvmindp,
        form: form::xx3(232),
        asm: "xvmindp XT,XA,XB",
        book: "Book I, VSX Vector Minimum Double-Precision",
        does: |m, w| {
            m.ordered(
                OrderOp::Min,
                Numbers::Doubles,
                |c, w| c.xv_pick::<u64>(w, |a, b| compare::choose(a, b, DOUBLE, LEAST)),
                w,
            )?;
        },
        cases: &[
            "f0642f44 xvmindp vs3,vs36,vs5 | vs3=7 vs36=3ff00000000000008000000000000000 vs5=40000000000000000000000000000000 | vs3=3ff00000000000008000000000000000",
            "f0642f44 xvmindp vs3,vs36,vs5 | vs3=7 vs36=7ff80000000000023ff0000000000000 vs5=3ff00000000000007ff4000000000001 | vs3=3ff00000000000007ffc000000000001 fpscr=a1000000",
            "f0642f44 xvmindp vs3,vs36,vs5 | vs3=7 vs36=7ff40000000000013ff0000000000000 vs5=7ff80000000000024000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvcmpeqsp,
        form: form::xx3_rc(67),
        asm: "xvcmpeqsp[.] XT,XA,XB",
        book: "Book I, VSX Vector Compare Equal Single-Precision",
        does: |m, w| {
            m.ordered_compare(
                OrderOp::Equal,
                Numbers::Singles,
                |c, w| c.xv_compare::<u32>(w, Ordering::is_eq, false),
                w,
            )?;
        },
        cases: &[
            "f0642a1c xvcmpeqsp vs3,vs36,vs5 | vs3=7 vs36=3f800000400000003f80000040000000 vs5=3f8000003f8000003f8000003f800000 | vs3=ffffffff00000000ffffffff00000000",
            "f0642e1c xvcmpeqsp. vs3,vs36,vs5 | vs3=7 vs36=3f800000800000003f80000080000000 vs5=3f800000000000003f80000000000000 | vs3=ffffffffffffffffffffffffffffffff cr6=8",
            "f0642e1c xvcmpeqsp. vs3,vs36,vs5 | vs3=7 vs36=3f8000003f8000003f8000003f800000 vs5=40000000400000004000000040000000 | vs3=0 cr6=2",
            "f0642e1c xvcmpeqsp. vs3,vs36,vs5 | vs3=7 vs36=7fc00002400000007fc0000240000000 vs5=3f8000003f8000003f8000003f800000 | vs3=0 cr6=2",
            "f0642a1c xvcmpeqsp vs3,vs36,vs5 | vs3=7 vs36=7fa00001400000007fa0000140000000 vs5=3f8000003f8000003f8000003f800000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvcmpgtsp,
        form: form::xx3_rc(75),
        asm: "xvcmpgtsp[.] XT,XA,XB",
        book: "Book I, VSX Vector Compare Greater Than Single-Precision",
        does: |m, w| {
            m.ordered_compare(
                OrderOp::Greater,
                Numbers::Singles,
                |c, w| c.xv_compare::<u32>(w, Ordering::is_gt, true),
                w,
            )?;
        },
        cases: &[
            "f0642a5c xvcmpgtsp vs3,vs36,vs5 | vs3=7 vs36=3f800000400000003f80000040000000 vs5=3f8000003f8000003f8000003f800000 | vs3=ffffffff00000000ffffffff",
            "f0642e5c xvcmpgtsp. vs3,vs36,vs5 | vs3=7 vs36=3f800000800000003f80000080000000 vs5=3f800000000000003f80000000000000 | vs3=0 cr6=2",
            "f0642e5c xvcmpgtsp. vs3,vs36,vs5 | vs3=7 vs36=40000000400000004000000040000000 vs5=40000000400000004000000040000000 | vs3=0 cr6=2",
            "f0642e5c xvcmpgtsp. vs3,vs36,vs5 | vs3=7 vs36=7fc00002400000007fc0000240000000 vs5=3f8000003f8000003f8000003f800000 | vs3=ffffffff00000000ffffffff fpscr=a0080000 cr6=0",
            "f0642a5c xvcmpgtsp vs3,vs36,vs5 | vs3=7 vs36=7fa00001400000007fa0000140000000 vs5=3f8000003f8000003f8000003f800000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvcmpgesp,
        form: form::xx3_rc(83),
        asm: "xvcmpgesp[.] XT,XA,XB",
        book: "Book I, VSX Vector Compare Greater Than or Equal Single-Precision",
        does: |m, w| {
            m.ordered_compare(
                OrderOp::GreaterOrEqual,
                Numbers::Singles,
                |c, w| c.xv_compare::<u32>(w, Ordering::is_ge, true),
                w,
            )?;
        },
        cases: &[
            "f0642a9c xvcmpgesp vs3,vs36,vs5 | vs3=7 vs36=3f800000400000003f80000040000000 vs5=3f8000003f8000003f8000003f800000 | vs3=ffffffffffffffffffffffffffffffff",
            "f0642e9c xvcmpgesp. vs3,vs36,vs5 | vs3=7 vs36=3f800000800000003f80000080000000 vs5=3f800000000000003f80000000000000 | vs3=ffffffffffffffffffffffffffffffff cr6=8",
            "f0642e9c xvcmpgesp. vs3,vs36,vs5 | vs3=7 vs36=3f8000003f8000003f8000003f800000 vs5=40000000400000004000000040000000 | vs3=0 cr6=2",
            "f0642e9c xvcmpgesp. vs3,vs36,vs5 | vs3=7 vs36=7fc00002400000007fc0000240000000 vs5=3f8000003f8000003f8000003f800000 | vs3=ffffffff00000000ffffffff fpscr=a0080000 cr6=0",
            "f0642a9c xvcmpgesp vs3,vs36,vs5 | vs3=7 vs36=7fa00001400000007fa0000140000000 vs5=3f8000003f8000003f8000003f800000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvmaxsp,
        form: form::xx3(192),
        asm: "xvmaxsp XT,XA,XB",
        book: "Book I, VSX Vector Maximum Single-Precision",
        does: |m, w| {
            m.ordered(
                OrderOp::Max,
                Numbers::Singles,
                |c, w| c.xv_pick::<u32>(w, |a, b| compare::choose(a, b, SINGLE, MOST)),
                w,
            )?;
        },
        cases: &[
            "f0642e04 xvmaxsp vs3,vs36,vs5 | vs3=7 vs36=3f800000800000003f80000080000000 vs5=40000000000000004000000000000000 | vs3=40000000000000004000000000000000",
            "f0642e04 xvmaxsp vs3,vs36,vs5 | vs3=7 vs36=7fc000023f8000007fc000023f800000 vs5=3f8000007fa000013f8000007fa00001 | vs3=3f8000007fe000013f8000007fe00001 fpscr=a1000000",
            "f0642e04 xvmaxsp vs3,vs36,vs5 | vs3=7 vs36=7fa000013f8000007fa000013f800000 vs5=7fc00002400000007fc0000240000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xvminsp,
        form: form::xx3(200),
        asm: "xvminsp XT,XA,XB",
        book: "Book I, VSX Vector Minimum Single-Precision",
        does: |m, w| {
            m.ordered(
                OrderOp::Min,
                Numbers::Singles,
                |c, w| c.xv_pick::<u32>(w, |a, b| compare::choose(a, b, SINGLE, LEAST)),
                w,
            )?;
        },
        cases: &[
            "f0642e44 xvminsp vs3,vs36,vs5 | vs3=7 vs36=3f800000800000003f80000080000000 vs5=40000000000000004000000000000000 | vs3=3f800000800000003f80000080000000",
            "f0642e44 xvminsp vs3,vs36,vs5 | vs3=7 vs36=7fc000023f8000007fc000023f800000 vs5=3f8000007fa000013f8000007fa00001 | vs3=3f8000007fe000013f8000007fe00001 fpscr=a1000000",
            "f0642e44 xvminsp vs3,vs36,vs5 | vs3=7 vs36=7fa000013f8000007fa000013f800000 vs5=7fc00002400000007fc0000240000000 fpscr=80 | fpscr=e1000080"
        ],
    },
];
