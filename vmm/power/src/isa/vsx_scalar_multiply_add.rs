// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX scalar multiply-add (Power ISA 3.0B, Book I, 7.6): the target is the addend of an A-form,
//! a factor of an M-form.

use crate::{
    arith::{
        float::{self, DP, SP},
        float_arith::{Arith, Target},
    },
    form,
};

crate::isa![
    Insn {
        name: xsmaddadp,
        form: form::xx3(33),
        asm: "xsmaddadp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Add Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MADD, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f064290c xsmaddadp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=40080000000000000000000000000000 | vs3=40000000000000000000000000000000 fpscr=82064000",
            "f064290c xsmaddadp vs3,vs36,vs5 | vs3=7ff80000000000020000000000000000 vs36=7ff00000000000000000000000000000 vs5=0 | fpscr=a0111000",
            "f064290c xsmaddadp vs3,vs36,vs5 | vs3=c0000000000000020000000000000000 vs36=40000000000000010000000000000000 vs5=3ff00000000000000000000000000000 | vs3=bcc00000000000000000000000000000 fpscr=8000",
            "f064290c xsmaddadp vs3,vs36,vs5 | vs3=7ff40000000000010000000000000000 vs36=3ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsmaddmdp,
        form: form::xx3(41),
        asm: "xsmaddmdp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Add Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MADD, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f064294c xsmaddmdp vs3,vs36,vs5 | vs3=40080000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=3ff00000000000000000000000000000 | vs3=40000000000000000000000000000000 fpscr=82064000",
            "f064294c xsmaddmdp vs3,vs36,vs5 | vs3=0 vs36=7ff00000000000000000000000000000 vs5=7ff80000000000020000000000000000 | vs3=7ff80000000000020000000000000000 fpscr=a0111000",
            "f064294c xsmaddmdp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=40000000000000010000000000000000 vs5=c0000000000000020000000000000000 | vs3=bcc00000000000000000000000000000 fpscr=8000",
            "f064294c xsmaddmdp vs3,vs36,vs5 | vs3=7ff40000000000010000000000000000 vs36=3ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 fpscr=80 | fpscr=e1000080"
        ],
    },
    Insn {
        name: xsmsubadp,
        form: form::xx3(49),
        asm: "xsmsubadp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Subtract Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MSUB, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f064298c xsmsubadp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=40080000000000000000000000000000 | vs3=bc900000000000000000000000000000 fpscr=8000",
            "f064298c xsmsubadp vs3,vs36,vs5 | vs3=7ff00000000000000000000000000000 vs36=7ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 | vs3=7ff80000000000000000000000000000 fpscr=a0811000"
        ],
    },
    Insn {
        name: xsmsubmdp,
        form: form::xx3(57),
        asm: "xsmsubmdp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Subtract Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MSUB, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f06429cc xsmsubmdp vs3,vs36,vs5 | vs3=40080000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=3ff00000000000000000000000000000 | vs3=bc900000000000000000000000000000 fpscr=8000",
            "f06429cc xsmsubmdp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=7ff00000000000000000000000000000 vs5=7ff00000000000000000000000000000 | vs3=7ff80000000000000000000000000000 fpscr=a0811000"
        ],
    },
    Insn {
        name: xsnmaddadp,
        form: form::xx3(161),
        asm: "xsnmaddadp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Add Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMADD, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f0642d0c xsnmaddadp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=40080000000000000000000000000000 fpscr=2 | vs3=c0000000000000000000000000000000 fpscr=82068002",
            "f0642d0c xsnmaddadp vs3,vs36,vs5 | vs3=fff81234000000000000000000000000 vs36=3ff00000000000000000000000000000 vs5=40000000000000000000000000000000 | fpscr=11000"
        ],
    },
    Insn {
        name: xsnmaddmdp,
        form: form::xx3(169),
        asm: "xsnmaddmdp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Add Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMADD, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f0642d4c xsnmaddmdp vs3,vs36,vs5 | vs3=40080000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=3ff00000000000000000000000000000 fpscr=2 | vs3=c0000000000000000000000000000000 fpscr=82068002",
            "f0642d4c xsnmaddmdp vs3,vs36,vs5 | vs3=40000000000000000000000000000000 vs36=3ff00000000000000000000000000000 vs5=fff81234000000000000000000000000 | vs3=fff81234000000000000000000000000 fpscr=11000"
        ],
    },
    Insn {
        name: xsnmsubadp,
        form: form::xx3(177),
        asm: "xsnmsubadp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Subtract Type-A Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMSUB, Target::Addend, DP) }, w)?;
        },
        cases: &[
            "f0642d8c xsnmsubadp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=40080000000000000000000000000000 | vs3=3c900000000000000000000000000000 fpscr=4000",
            "f0642d8c xsnmsubadp vs3,vs36,vs5 | vs3=c0100000000000000000000000000000 vs36=40000000000000000000000000000000 vs5=40000000000000000000000000000000 fpscr=3 | vs3=c0200000000000000000000000000000 fpscr=8003"
        ],
    },
    Insn {
        name: xsnmsubmdp,
        form: form::xx3(185),
        asm: "xsnmsubmdp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Subtract Type-M Double-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMSUB, Target::Factor, DP) }, w)?;
        },
        cases: &[
            "f0642dcc xsnmsubmdp vs3,vs36,vs5 | vs3=40080000000000000000000000000000 vs36=3fd55555555555550000000000000000 vs5=3ff00000000000000000000000000000 | vs3=3c900000000000000000000000000000 fpscr=4000",
            "f0642dcc xsnmsubmdp vs3,vs36,vs5 | vs3=40000000000000000000000000000000 vs36=40000000000000000000000000000000 vs5=c0100000000000000000000000000000 fpscr=3 | vs3=c0200000000000000000000000000000 fpscr=8003"
        ],
    },
    Insn {
        name: xsmaddasp,
        form: form::xx3(1),
        asm: "xsmaddasp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Add Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MADD, Target::Addend, SP) }, w)?;
        },
        cases: &[
            "f064280c xsmaddasp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3ff00000200000000000000000000000 vs5=3ff00000200000000000000000000000 | vs3=40000000200000000000000000000000 fpscr=82024000"
        ],
    },
    Insn {
        name: xsmaddmsp,
        form: form::xx3(9),
        asm: "xsmaddmsp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Add Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MADD, Target::Factor, SP) }, w)?;
        },
        cases: &[
            "f064284c xsmaddmsp vs3,vs36,vs5 | vs3=3ff00000200000000000000000000000 vs36=3ff00000200000000000000000000000 vs5=3ff00000000000000000000000000000 | vs3=40000000200000000000000000000000 fpscr=82024000"
        ],
    },
    Insn {
        name: xsmsubasp,
        form: form::xx3(17),
        asm: "xsmsubasp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Subtract Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MSUB, Target::Addend, SP) }, w)?;
        },
        cases: &[
            "f064288c xsmsubasp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3ff00000200000000000000000000000 vs5=3ff00000200000000000000000000000 | vs3=3e900000000000000000000000000000 fpscr=82024000"
        ],
    },
    Insn {
        name: xsmsubmsp,
        form: form::xx3(25),
        asm: "xsmsubmsp XT,XA,XB",
        book: "Book I, VSX Scalar Multiply-Subtract Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::MSUB, Target::Factor, SP) }, w)?;
        },
        cases: &[
            "f06428cc xsmsubmsp vs3,vs36,vs5 | vs3=3ff00000200000000000000000000000 vs36=3ff00000200000000000000000000000 vs5=3ff00000000000000000000000000000 | vs3=3e900000000000000000000000000000 fpscr=82024000"
        ],
    },
    Insn {
        name: xsnmaddasp,
        form: form::xx3(129),
        asm: "xsnmaddasp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Add Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMADD, Target::Addend, SP) }, w)?;
        },
        cases: &[
            "f0642c0c xsnmaddasp vs3,vs36,vs5 | vs3=3c300000000000000000000000000000 vs36=3ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 fpscr=2 | vs3=bff00000200000000000000000000000 fpscr=82068002"
        ],
    },
    Insn {
        name: xsnmaddmsp,
        form: form::xx3(137),
        asm: "xsnmaddmsp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Add Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMADD, Target::Factor, SP) }, w)?;
        },
        cases: &[
            "f0642c4c xsnmaddmsp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3ff00000000000000000000000000000 vs5=3c300000000000000000000000000000 fpscr=2 | vs3=bff00000200000000000000000000000 fpscr=82068002"
        ],
    },
    Insn {
        name: xsnmsubasp,
        form: form::xx3(145),
        asm: "xsnmsubasp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Subtract Type-A Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMSUB, Target::Addend, SP) }, w)?;
        },
        cases: &[
            "f0642c8c xsnmsubasp vs3,vs36,vs5 | vs3=3c300000000000000000000000000000 vs36=3ff00000000000000000000000000000 vs5=3ff00000000000000000000000000000 fpscr=1 | vs3=bfefffffe00000000000000000000000 fpscr=82028001"
        ],
    },
    Insn {
        name: xsnmsubmsp,
        form: form::xx3(153),
        asm: "xsnmsubmsp XT,XA,XB",
        book: "Book I, VSX Scalar Negative Multiply-Subtract Type-M Single-Precision",
        does: |m, w| {
            m.arith(const { &Arith::xs_abt(&float::NMSUB, Target::Factor, SP) }, w)?;
        },
        cases: &[
            "f0642ccc xsnmsubmsp vs3,vs36,vs5 | vs3=3ff00000000000000000000000000000 vs36=3ff00000000000000000000000000000 vs5=3c300000000000000000000000000000 fpscr=1 | vs3=bfefffffe00000000000000000000000 fpscr=82028001"
        ],
    },
];
