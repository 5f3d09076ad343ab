// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Loads and stores of pairs of floating-point registers (Power ISA 3.0B, Book I, 4.6.5).

use super::address;
use crate::{
    form,
    state::interrupt::Stop,
    vocabulary::{Facility, Vocabulary},
    word::Word,
};

/// True if the pair of registers starts with an even one.
fn even(w: Word) -> bool {
    w.rt().is_multiple_of(2)
}

/// The pair is a quadword, whose first doubleword in register order is the even register.
fn load_pair<M: Vocabulary>(m: &mut M, w: Word, ea: M::Val) -> Result<(), Stop> {
    m.need(Facility::Fp)?;
    let v = m.load_vec(ea)?;
    for (i, n) in [w.rt(), w.rt() + 1].into_iter().enumerate() {
        let half = m.doubleword(v, i);
        m.set_scalar(n, half);
    }
    Ok(())
}

fn store_pair<M: Vocabulary>(m: &mut M, w: Word, ea: M::Val) -> Result<(), Stop> {
    m.need(Facility::Fp)?;
    let (high, low) = (m.fpr(w.rs()), m.fpr(w.rs() + 1));
    let v = m.vec(high, low);
    m.store_vec(ea, v)
}

crate::isa![
    Insn {
        name: lfdp,
        form: form::ds(57, 0).loads().valid(even),
        asm: "lfdp FRT,DS(RA0)",
        book: "Book I, Load Floating-Point Double Pair",
        does: |m, w| {
            let ea = address::ds(m, w);
            load_pair(m, w, ea)?;
        },
        cases: &[
            "e4440008 lfdp f2,8(r4) | r4=2000 [2008]=01020304050607081112131415161718 | f2=102030405060708 f3=1112131415161718",
            "e4440008 lfdp f2,8(r4) | r4=2000 [2008]=01020304050607081112131415161718 msr=8000000002803001 | f2=1817161514131211 f3=807060504030201"
        ],
    },
    Insn {
        name: lfdpx,
        form: form::x(31, 791).loads().valid(even),
        asm: "lfdpx FRT,RA0,RB",
        book: "Book I, Load Floating-Point Double Pair Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            load_pair(m, w, ea)?;
        },
        cases: &[
            "7c442e2e lfdpx f2,r4,r5 | r4=2000 r5=8 [2008]=01020304050607081112131415161718 | f2=102030405060708 f3=1112131415161718"
        ],
    },
    Insn {
        name: stfdp,
        form: form::ds(61, 0).stores().valid(even),
        asm: "stfdp FRS,DS(RA0)",
        book: "Book I, Store Floating-Point Double Pair",
        does: |m, w| {
            let ea = address::ds(m, w);
            store_pair(m, w, ea)?;
        },
        cases: &[
            "f4440008 stfdp f2,8(r4) | r4=2000 f2=0102030405060708 f3=1112131415161718 | [2008]=01020304050607081112131415161718"
        ],
    },
    Insn {
        name: stfdpx,
        form: form::x(31, 919).stores().valid(even),
        asm: "stfdpx FRS,RA0,RB",
        book: "Book I, Store Floating-Point Double Pair Indexed",
        does: |m, w| {
            let ea = address::x(m, w);
            store_pair(m, w, ea)?;
        },
        cases: &[
            "7c442f2e stfdpx f2,r4,r5 | r4=2000 r5=8 f2=0102030405060708 f3=1112131415161718 | [2008]=01020304050607081112131415161718"
        ],
    },
];
