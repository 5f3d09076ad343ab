// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! VSX vector rounding to integers (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::float::{DOUBLE, Rounding, SINGLE, to_integral},
    form,
};

crate::isa![
    Insn {
        name: xvrdpi,
        form: form::xx2(201).zero(form::RA),
        asm: "xvrdpi XT,XB",
        book: "Book I, VSX Vector Round to Double-Precision Integer using round to Nearest Away",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u64, u64>(w, |b, _| to_integral(b, DOUBLE, Rounding::Away, false))
                },
                w,
            )?;
        },
        cases: &[
            "f0602b24 xvrdpi vs3,vs5 | vs5=4004000000000000bfe0000000000000 fpscr=2 | vs3=4008000000000000bff0000000000000",
            "f0602b24 xvrdpi vs3,vs5 | vs5=3ff80000000000007ff4000000000001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrdpiz,
        form: form::xx2(217).zero(form::RA),
        asm: "xvrdpiz XT,XB",
        book: "Book I, VSX Vector Round to Double-Precision Integer using round toward Zero",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u64, u64>(w, |b, _| to_integral(b, DOUBLE, Rounding::Zero, false))
                },
                w,
            )?;
        },
        cases: &[
            "f0602b64 xvrdpiz vs3,vs5 | vs5=4004000000000000bfe0000000000000 fpscr=2 | vs3=40000000000000008000000000000000",
            "f0602b64 xvrdpiz vs3,vs5 | vs5=3ff80000000000007ff4000000000001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrdpip,
        form: form::xx2(233).zero(form::RA),
        asm: "xvrdpip XT,XB",
        book: "Book I, VSX Vector Round to Double-Precision Integer using round toward +Infinity",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u64, u64>(w, |b, _| to_integral(b, DOUBLE, Rounding::Up, false)),
                w,
            )?;
        },
        cases: &[
            "f0602ba4 xvrdpip vs3,vs5 | vs5=4004000000000000bfe0000000000000 fpscr=2 | vs3=40080000000000008000000000000000",
            "f0602ba4 xvrdpip vs3,vs5 | vs5=3ff80000000000007ff4000000000001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrdpim,
        form: form::xx2(249).zero(form::RA),
        asm: "xvrdpim XT,XB",
        book: "Book I, VSX Vector Round to Double-Precision Integer using round toward -Infinity",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u64, u64>(w, |b, _| to_integral(b, DOUBLE, Rounding::Down, false))
                },
                w,
            )?;
        },
        cases: &[
            "f0602be4 xvrdpim vs3,vs5 | vs5=4004000000000000bfe0000000000000 fpscr=2 | vs3=4000000000000000bff0000000000000",
            "f0602be4 xvrdpim vs3,vs5 | vs5=3ff80000000000007ff4000000000001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrdpic,
        form: form::xx2(235).zero(form::RA),
        asm: "xvrdpic XT,XB",
        book: "Book I, VSX Vector Round to Double-Precision Integer Exact using Current rounding mode",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u64, u64>(w, |b, mode| to_integral(b, DOUBLE, mode.rounding, true))
                },
                w,
            )?;
        },
        cases: &[
            "f0602bac xvrdpic vs3,vs5 | vs5=4004000000000000bfe0000000000000 fpscr=2 | vs3=40080000000000008000000000000000 fpscr=82000002",
            "f0602bac xvrdpic vs3,vs5 | vs5=3ff80000000000007ff4000000000001 fpscr=88 | fpscr=e3000088"
        ],
    },
    Insn {
        name: xvrspi,
        form: form::xx2(137).zero(form::RA),
        asm: "xvrspi XT,XB",
        book: "Book I, VSX Vector Round to Single-Precision Integer using round to Nearest Away",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u32, u32>(w, |b, _| to_integral(b, SINGLE, Rounding::Away, false))
                },
                w,
            )?;
        },
        cases: &[
            "f0602a24 xvrspi vs3,vs5 | vs5=40200000bf00000040200000bf000000 fpscr=2 | vs3=40400000bf80000040400000bf800000",
            "f0602a24 xvrspi vs3,vs5 | vs5=3fc000007fa000013fc000007fa00001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrspiz,
        form: form::xx2(153).zero(form::RA),
        asm: "xvrspiz XT,XB",
        book: "Book I, VSX Vector Round to Single-Precision Integer using round toward Zero",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u32, u32>(w, |b, _| to_integral(b, SINGLE, Rounding::Zero, false))
                },
                w,
            )?;
        },
        cases: &[
            "f0602a64 xvrspiz vs3,vs5 | vs5=40200000bf00000040200000bf000000 fpscr=2 | vs3=40000000800000004000000080000000",
            "f0602a64 xvrspiz vs3,vs5 | vs5=3fc000007fa000013fc000007fa00001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrspip,
        form: form::xx2(169).zero(form::RA),
        asm: "xvrspip XT,XB",
        book: "Book I, VSX Vector Round to Single-Precision Integer using round toward +Infinity",
        does: |m, w| {
            m.vector(
                |c, w| c.xv_each::<u32, u32>(w, |b, _| to_integral(b, SINGLE, Rounding::Up, false)),
                w,
            )?;
        },
        cases: &[
            "f0602aa4 xvrspip vs3,vs5 | vs5=40200000bf00000040200000bf000000 fpscr=2 | vs3=40400000800000004040000080000000",
            "f0602aa4 xvrspip vs3,vs5 | vs5=3fc000007fa000013fc000007fa00001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrspim,
        form: form::xx2(185).zero(form::RA),
        asm: "xvrspim XT,XB",
        book: "Book I, VSX Vector Round to Single-Precision Integer using round toward -Infinity",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u32, u32>(w, |b, _| to_integral(b, SINGLE, Rounding::Down, false))
                },
                w,
            )?;
        },
        cases: &[
            "f0602ae4 xvrspim vs3,vs5 | vs5=40200000bf00000040200000bf000000 fpscr=2 | vs3=40000000bf80000040000000bf800000",
            "f0602ae4 xvrspim vs3,vs5 | vs5=3fc000007fa000013fc000007fa00001 fpscr=88 | fpscr=e1000088"
        ],
    },
    Insn {
        name: xvrspic,
        form: form::xx2(171).zero(form::RA),
        asm: "xvrspic XT,XB",
        book: "Book I, VSX Vector Round to Single-Precision Integer Exact using Current rounding mode",
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.xv_each::<u32, u32>(w, |b, mode| to_integral(b, SINGLE, mode.rounding, true))
                },
                w,
            )?;
        },
        cases: &[
            "f0602aac xvrspic vs3,vs5 | vs5=40200000bf00000040200000bf000000 fpscr=2 | vs3=40400000800000004040000080000000 fpscr=82000002",
            "f0602aac xvrspic vs3,vs5 | vs5=3fc000007fa000013fc000007fa00001 fpscr=88 | fpscr=e3000088"
        ],
    },
];
