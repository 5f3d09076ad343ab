// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX vector multiply-add (Power ISA 3.0B, Book I, 7.6): the target is the addend of an A-form,
//! a factor of an M-form.

use crate::{
    arith::{
        float::{self, DP, SP_ELEMENT},
        float_arith::{Arith, Target},
    },
    form,
};

crate::isa![
    Insn {
        name: xvmaddadp,
        form: form::xx3(97),
        asm: "xvmaddadp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Add Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MADD, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f0642b0c xvmaddadp vs3,vs36,vs5 | vs3=3ff00000000000007ff8000000000002 vs36=3fd55555555555557ff0000000000000 vs5=40080000000000000000000000000000 | vs3=40000000000000007ff8000000000002 fpscr=a2100000"
        ],
    },
    Insn {
        name: xvmaddmdp,
        form: form::xx3(105),
        asm: "xvmaddmdp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Add Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MADD, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f0642b4c xvmaddmdp vs3,vs36,vs5 | vs3=40080000000000000000000000000000 vs36=3fd55555555555557ff0000000000000 vs5=3ff00000000000007ff8000000000002 | vs3=40000000000000007ff8000000000002 fpscr=a2100000"
        ],
    },
    Insn {
        name: xvmsubadp,
        form: form::xx3(113),
        asm: "xvmsubadp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Subtract Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MSUB, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f0642b8c xvmsubadp vs3,vs36,vs5 | vs3=3ff00000000000007ff0000000000000 vs36=3fd55555555555557ff0000000000000 vs5=40080000000000003ff0000000000000 | vs3=bc900000000000007ff8000000000000 fpscr=a0800000"
        ],
    },
    Insn {
        name: xvmsubmdp,
        form: form::xx3(121),
        asm: "xvmsubmdp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Subtract Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MSUB, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f0642bcc xvmsubmdp vs3,vs36,vs5 | vs3=40080000000000003ff0000000000000 vs36=3fd55555555555557ff0000000000000 vs5=3ff00000000000007ff0000000000000 | vs3=bc900000000000007ff8000000000000 fpscr=a0800000"
        ],
    },
    Insn {
        name: xvnmaddadp,
        form: form::xx3(225),
        asm: "xvnmaddadp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Add Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMADD, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f0642f0c xvnmaddadp vs3,vs36,vs5 | vs3=3ff0000000000000fff8123400000000 vs36=3fd55555555555553ff0000000000000 vs5=40080000000000004000000000000000 fpscr=2 | vs3=c000000000000000fff8123400000000 fpscr=82000002"
        ],
    },
    Insn {
        name: xvnmaddmdp,
        form: form::xx3(233),
        asm: "xvnmaddmdp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Add Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMADD, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f0642f4c xvnmaddmdp vs3,vs36,vs5 | vs3=40080000000000004000000000000000 vs36=3fd55555555555553ff0000000000000 vs5=3ff0000000000000fff8123400000000 fpscr=2 | vs3=c000000000000000fff8123400000000 fpscr=82000002"
        ],
    },
    Insn {
        name: xvnmsubadp,
        form: form::xx3(241),
        asm: "xvnmsubadp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Subtract Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMSUB, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f0642f8c xvnmsubadp vs3,vs36,vs5 | vs3=3ff0000000000000c010000000000000 vs36=3fd55555555555554000000000000000 vs5=40080000000000004000000000000000 | vs3=3c90000000000000c020000000000000"
        ],
    },
    Insn {
        name: xvnmsubmdp,
        form: form::xx3(249),
        asm: "xvnmsubmdp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Subtract Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMSUB, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f0642fcc xvnmsubmdp vs3,vs36,vs5 | vs3=40080000000000004000000000000000 vs36=3fd55555555555554000000000000000 vs5=3ff0000000000000c010000000000000 | vs3=3c90000000000000c020000000000000"
        ],
    },
    Insn {
        name: xvmaddasp,
        form: form::xx3(65),
        asm: "xvmaddasp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Add Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MADD, Target::Addend, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642a0c xvmaddasp vs3,vs36,vs5 | vs3=3300000040490fdb3f80000071800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=40400000800000007fc00002f1800000 fpscr=2 | vs3=4040000140490fdb7fe00001ff7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvmaddmsp,
        form: form::xx3(73),
        asm: "xvmaddmsp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Add Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MADD, Target::Factor, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642a4c xvmaddmsp vs3,vs36,vs5 | vs3=40400000800000007fc00002f1800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=4040000140490fdb7fe00001ff7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvmsubasp,
        form: form::xx3(81),
        asm: "xvmsubasp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Subtract Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MSUB, Target::Addend, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642a8c xvmsubasp vs3,vs36,vs5 | vs3=3300000040490fdb3f80000071800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=40400000800000007fc00002f1800000 fpscr=2 | vs3=40400000c0490fdb7fe00001ff7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvmsubmsp,
        form: form::xx3(89),
        asm: "xvmsubmsp XT,XA,XB",
        book: "Book I, VSX Vector Multiply-Subtract Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::MSUB, Target::Factor, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642acc xvmsubmsp vs3,vs36,vs5 | vs3=40400000800000007fc00002f1800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=40400000c0490fdb7fe00001ff7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvnmaddasp,
        form: form::xx3(193),
        asm: "xvnmaddasp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Add Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMADD, Target::Addend, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642e0c xvnmaddasp vs3,vs36,vs5 | vs3=3300000040490fdb3f80000071800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=40400000800000007fc00002f1800000 fpscr=2 | vs3=c0400001c0490fdb7fe000017f7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvnmaddmsp,
        form: form::xx3(201),
        asm: "xvnmaddmsp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Add Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMADD, Target::Factor, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642e4c xvnmaddmsp vs3,vs36,vs5 | vs3=40400000800000007fc00002f1800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=c0400001c0490fdb7fe000017f7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvnmsubasp,
        form: form::xx3(209),
        asm: "xvnmsubasp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Subtract Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMSUB, Target::Addend, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642e8c xvnmsubasp vs3,vs36,vs5 | vs3=3300000040490fdb3f80000071800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=40400000800000007fc00002f1800000 fpscr=2 | vs3=c040000040490fdb7fe000017f7fffff fpscr=b3000002"
        ],
    },
    Insn {
        name: xvnmsubmsp,
        form: form::xx3(217),
        asm: "xvnmsubmsp XT,XA,XB",
        book: "Book I, VSX Vector Negative Multiply-Subtract Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xv_abt(&float::NMSUB, Target::Factor, SP_ELEMENT) }, w)?;
        },
        cases: &[
            "f0642ecc xvnmsubmsp vs3,vs36,vs5 | vs3=40400000800000007fc00002f1800000 vs36=3f8000003eaaaaab7fa0000171800000 vs5=3300000040490fdb3f80000071800000 fpscr=2 | vs3=c040000040490fdb7fe000017f7fffff fpscr=b3000002"
        ],
    },
];
