// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Quad-precision rounding and conversion (Power ISA 3.0B, Book I, 7.6).

use crate::{
    arith::float::{
        self, DOUBLE, EXTENDED, Mode, QP, QUAD, Rounding, Route, arithmetic, integer,
        integer::{SD, SW, UD, UW},
        to_integral,
    },
    form,
    state::fpscr::UX,
};

/// The first doubleword of a register.
fn first(b: u128) -> u128 {
    b >> 64
}

crate::isa![
    Insn {
        name: xsrqpi,
        form: form::z23_ex(63, 5),
        asm: "xsrqpi[x] R,VT,VB,RMC",
        book: "Book I, VSX Scalar Round to Quad-Precision Integer",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.q_number::<u128>(w, |c, b| {
                        to_integral(b, QUAD, c.mode_of_word(w).rounding, w.rc())
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc60280a xsrqpi 0,v3,v5,0 | v3=7 v5=40004000000000000000000000000000 fpscr=60000 | v3=40008000000000000000000000000000 fpscr=4000",
            "fc61280a xsrqpi 1,v3,v5,0 | v3=7 v5=40004000000000000000000000000000 | v3=40000000000000000000000000000000 fpscr=4000",
            "fc612c0b xsrqpix 1,v3,v5,2 | v3=7 v5=bffe0000000000000000000000000000 | v3=80000000000000000000000000000000 fpscr=82032000",
            "fc602e0b xsrqpix 0,v3,v5,3 | v3=7 v5=4000c000000000000000000000000000 fpscr=3 | v3=40008000000000000000000000000000 fpscr=82024003",
            "fc612a0a xsrqpi 1,v3,v5,1 | v3=7 v5=7fff0000000000000000000000000001 | v3=7fff8000000000000000000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: xsrqpxp,
        form: form::z23(63, 37),
        asm: "xsrqpxp R,VT,VB,RMC",
        book: "Book I, VSX Scalar Round Quad-Precision to Double-Extended Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.q_number::<u128>(w, |c, b| {
                        // The exponents are those of quad precision: nothing underflows.
                        let mode = Mode { trap_underflow: false, ..c.mode_of_word(w) };
                        let route = Route { from: QUAD, to: EXTENDED, register: QUAD };
                        let (v, facts) = arithmetic(mode, &float::CONVERT, [b], route);
                        (v, facts & !UX)
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc61284a xsrqpxp 1,v3,v5,0 | v3=7 v5=3ffd5555555555555555555555555555 | v3=3ffd5555555555555556000000000000 fpscr=82064000",
            "fc612c4a xsrqpxp 1,v3,v5,2 | v3=7 v5=3ffd5555555555555555555555555555 | v3=3ffd5555555555555556000000000000 fpscr=82064000",
            "fc602e4a xsrqpxp 0,v3,v5,3 | v3=7 v5=7ffeffffffffffffffffffffffffffff fpscr=1 | v3=7ffefffffffffffffffe000000000000 fpscr=82024001",
            "fc60284a xsrqpxp 0,v3,v5,0 | v3=7 v5=7ffeffffffffffffffffffffffffffff | v3=7fff0000000000000000000000000000 fpscr=92065000",
            "fc612a4a xsrqpxp 1,v3,v5,1 | v3=7 v5=7fff0000000000000000000000000001 | v3=7fff8000000000000000000000000001 fpscr=a1011000"
        ],
    },
    Insn {
        name: xscvqpdp,
        form: form::xrc(63, 836).with(form::RA, 20 << 16),
        asm: "xscvqpdp[o] VT,VB",
        book: "Book I, VSX Scalar Convert with round Quad-Precision to Double-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.q_number::<u64>(w, |c, b| {
                        arithmetic(
                            c.mode_or_odd(w),
                            &float::CONVERT,
                            [b],
                            Route::between(QUAD, DOUBLE),
                        )
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc742e88 xscvqpdp v3,v5 | v3=7 v5=3ffd5555555555555555555555555555 | v3=3fd55555555555550000000000000000 fpscr=82024000",
            "fc742e89 xscvqpdpo v3,v5 | v3=7 v5=3ffd5555555555555555555555555555 | v3=3fd55555555555550000000000000000 fpscr=82024000",
            "fc742e88 xscvqpdp v3,v5 | v3=7 v5=7fff0000000000000000000000000001 | v3=7ff80000000000000000000000000000 fpscr=a1011000",
            "fc742e88 xscvqpdp v3,v5 | v3=7 v5=7ffeffffffffffffffffffffffffffff | v3=7ff00000000000000000000000000000 fpscr=92065000",
            "fc742e88 xscvqpdp v3,v5 | v3=7 v5=3bcc0000000000000000000000000000 fpscr=2 | v3=10000000000000000 fpscr=8a074002"
        ],
    },
    Insn {
        name: xscvdpqp,
        form: form::x(63, 836).with(form::RA, 22 << 16),
        asm: "xscvdpqp VT,VB",
        book: "Book I, VSX Scalar Convert Double-Precision to Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.q_number::<u128>(w, |c, b| {
                        arithmetic(
                            c.mode(),
                            &float::CONVERT,
                            [first(b)],
                            Route::between(DOUBLE, QUAD),
                        )
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc762e88 xscvdpqp v3,v5 | v3=7 v5=c00a0000000000000000000000000007 | v3=c000a000000000000000000000000000 fpscr=8000",
            "fc762e88 xscvdpqp v3,v5 | v3=7 v5=10000000000000000 fpscr=60000 | v3=3bcd0000000000000000000000000000 fpscr=4000",
            "fc762e88 xscvdpqp v3,v5 | v3=7 v5=7ff40000000000010000000000000000 | v3=7fffc000000000001000000000000000 fpscr=a1011000",
            "fc762e88 xscvdpqp v3,v5 | v3=7 v5=80000000000000000000000000000000 | v3=80000000000000000000000000000000 fpscr=12000"
        ],
    },
    Insn {
        name: xscvqpsdz,
        form: form::x(63, 836).with(form::RA, 25 << 16),
        asm: "xscvqpsdz VT,VB",
        book: "Book I, VSX Scalar Convert with round to zero Quad-Precision to Signed Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.q_integer(w, |b| integer::from_float(b, QUAD, Rounding::Zero, SD)),
                w,
            )?;
        },
        cases: &[
            "fc792e88 xscvqpsdz v3,v5 | v3=7 v5=40004000000000000000000000000000 fpscr=2 | v3=20000000000000000 fpscr=82020002",
            "fc792e88 xscvqpsdz v3,v5 | v3=7 v5=bfffc000000000000000000000000000 | v3=ffffffffffffffff0000000000000000 fpscr=82020000",
            "fc792e88 xscvqpsdz v3,v5 | v3=7 v5=7fff0000000000000000000000000001 | v3=80000000000000000000000000000000 fpscr=a1000100",
            "fc792e88 xscvqpsdz v3,v5 | v3=7 v5=7ffeffffffffffffffffffffffffffff fpscr=80 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvqpudz,
        form: form::x(63, 836).with(form::RA, 17 << 16),
        asm: "xscvqpudz VT,VB",
        book: "Book I, VSX Scalar Convert with round to zero Quad-Precision to Unsigned Doubleword",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.q_integer(w, |b| integer::from_float(b, QUAD, Rounding::Zero, UD)),
                w,
            )?;
        },
        cases: &[
            "fc712e88 xscvqpudz v3,v5 | v3=7 v5=40004000000000000000000000000000 fpscr=2 | v3=20000000000000000 fpscr=82020002",
            "fc712e88 xscvqpudz v3,v5 | v3=7 v5=bfffc000000000000000000000000000 | v3=0 fpscr=a0000100",
            "fc712e88 xscvqpudz v3,v5 | v3=7 v5=7fff0000000000000000000000000001 | v3=0 fpscr=a1000100",
            "fc712e88 xscvqpudz v3,v5 | v3=7 v5=7ffeffffffffffffffffffffffffffff fpscr=80 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvqpswz,
        form: form::x(63, 836).with(form::RA, 9 << 16),
        asm: "xscvqpswz VT,VB",
        book: "Book I, VSX Scalar Convert with round to zero Quad-Precision to Signed Word",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.q_integer(w, |b| integer::from_float(b, QUAD, Rounding::Zero, SW)),
                w,
            )?;
        },
        cases: &[
            "fc692e88 xscvqpswz v3,v5 | v3=7 v5=40004000000000000000000000000000 fpscr=2 | v3=20000000000000000 fpscr=82020002",
            "fc692e88 xscvqpswz v3,v5 | v3=7 v5=bfffc000000000000000000000000000 | v3=ffffffffffffffff0000000000000000 fpscr=82020000",
            "fc692e88 xscvqpswz v3,v5 | v3=7 v5=7fff0000000000000000000000000001 | v3=ffffffff800000000000000000000000 fpscr=a1000100",
            "fc692e88 xscvqpswz v3,v5 | v3=7 v5=7ffeffffffffffffffffffffffffffff fpscr=80 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvqpuwz,
        form: form::x(63, 836).with(form::RA, 1 << 16),
        asm: "xscvqpuwz VT,VB",
        book: "Book I, VSX Scalar Convert with round to zero Quad-Precision to Unsigned Word",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| c.q_integer(w, |b| integer::from_float(b, QUAD, Rounding::Zero, UW)),
                w,
            )?;
        },
        cases: &[
            "fc612e88 xscvqpuwz v3,v5 | v3=7 v5=40004000000000000000000000000000 fpscr=2 | v3=20000000000000000 fpscr=82020002",
            "fc612e88 xscvqpuwz v3,v5 | v3=7 v5=bfffc000000000000000000000000000 | v3=0 fpscr=a0000100",
            "fc612e88 xscvqpuwz v3,v5 | v3=7 v5=7fff0000000000000000000000000001 | v3=0 fpscr=a1000100",
            "fc612e88 xscvqpuwz v3,v5 | v3=7 v5=7ffeffffffffffffffffffffffffffff fpscr=80 | fpscr=e0000180"
        ],
    },
    Insn {
        name: xscvsdqp,
        form: form::x(63, 836).with(form::RA, 10 << 16),
        asm: "xscvsdqp VT,VB",
        book: "Book I, VSX Scalar Convert Signed Doubleword to Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.q_number::<u128>(w, |c, b| {
                        integer::to_float(SD.value(first(b) as u64), c.mode(), QP)
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc6a2e88 xscvsdqp v3,v5 | v3=7 v5=fffffffffffffffd0000000000000000 fpscr=60000 | v3=c0008000000000000000000000000000 fpscr=8000",
            "fc6a2e88 xscvsdqp v3,v5 | v3=7 v5=9 | v3=0 fpscr=2000"
        ],
    },
    Insn {
        name: xscvudqp,
        form: form::x(63, 836).with(form::RA, 2 << 16),
        asm: "xscvudqp VT,VB",
        book: "Book I, VSX Scalar Convert Unsigned Doubleword to Quad-Precision",
        level: V3_0,
        does: |m, w| {
            m.vector(
                |c, w| {
                    c.q_number::<u128>(w, |c, b| {
                        integer::to_float(UD.value(first(b) as u64), c.mode(), QP)
                    })
                },
                w,
            )?;
        },
        cases: &[
            "fc622e88 xscvudqp v3,v5 | v3=7 v5=fffffffffffffffd0000000000000000 fpscr=60000 | v3=403efffffffffffffffa000000000000 fpscr=4000",
            "fc622e88 xscvudqp v3,v5 | v3=7 v5=9 | v3=0 fpscr=2000"
        ],
    },
];
