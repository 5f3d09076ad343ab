// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Loads and stores of pairs of floating-point registers (Power ISA 3.0B, Book I, 4.6.5).

use crate::{Cpu, form, interrupt::Stop, vector::Vector, word::Word};

/// Whether the pair of registers starts with an even one.
fn even(w: Word) -> bool {
    w.rt().is_multiple_of(2)
}

/// The pair is a quadword, whose first doubleword in register order is the even register.
fn load_pair(c: &mut Cpu, w: Word, ea: u64) -> Result<(), Stop> {
    c.fp()?;
    let v = c.load_vector(ea)?;
    c.set_fpr(w.rt(), v.lane(0));
    c.set_fpr(w.rt() + 1, v.lane(1));
    Ok(())
}

fn store_pair(c: &mut Cpu, w: Word, ea: u64) -> Result<(), Stop> {
    c.fp()?;
    c.store_vector(ea, Vector::new(c.fpr(w.rs()), c.fpr(w.rs() + 1)))
}

crate::isa![
    Insn {
        name: lfdp,
        form: form::ds(57, 0).valid(even),
        asm: "lfdp FRT,DS(RA0)",
        book: "Book I, Load Floating-Point Double Pair",
        does: |m, w| {
            m.call(
                |c, w| {
                    let ea = c.ea_base(w).wrapping_add(w.ds());
                    load_pair(c, w, ea)
                },
                w,
            )?;
        },
        cases: &[
            "e4440008 lfdp f2,8(r4) | r4=2000 [2008]=01020304050607081112131415161718 | f2=102030405060708 f3=1112131415161718",
            "e4440008 lfdp f2,8(r4) | r4=2000 [2008]=01020304050607081112131415161718 msr=8000000002803001 | f2=1817161514131211 f3=807060504030201"
        ],
    },
    Insn {
        name: lfdpx,
        form: form::x(31, 791).valid(even),
        asm: "lfdpx FRT,RA0,RB",
        book: "Book I, Load Floating-Point Double Pair Indexed",
        does: |m, w| {
            m.call(
                |c, w| {
                    let ea = c.ea_indexed(w);
                    load_pair(c, w, ea)
                },
                w,
            )?;
        },
        cases: &[
            "7c442e2e lfdpx f2,r4,r5 | r4=2000 r5=8 [2008]=01020304050607081112131415161718 | f2=102030405060708 f3=1112131415161718"
        ],
    },
    Insn {
        name: stfdp,
        form: form::ds(61, 0).valid(even),
        asm: "stfdp FRS,DS(RA0)",
        book: "Book I, Store Floating-Point Double Pair",
        does: |m, w| {
            m.call(
                |c, w| {
                    let ea = c.ea_base(w).wrapping_add(w.ds());
                    store_pair(c, w, ea)
                },
                w,
            )?;
        },
        cases: &[
            "f4440008 stfdp f2,8(r4) | r4=2000 f2=0102030405060708 f3=1112131415161718 | [2008]=01020304050607081112131415161718"
        ],
    },
    Insn {
        name: stfdpx,
        form: form::x(31, 919).valid(even),
        asm: "stfdpx FRS,RA0,RB",
        book: "Book I, Store Floating-Point Double Pair Indexed",
        does: |m, w| {
            m.call(
                |c, w| {
                    let ea = c.ea_indexed(w);
                    store_pair(c, w, ea)
                },
                w,
            )?;
        },
        cases: &[
            "7c442f2e stfdpx f2,r4,r5 | r4=2000 r5=8 f2=0102030405060708 f3=1112131415161718 | [2008]=01020304050607081112131415161718"
        ],
    },
];
