// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random hypercalls, most of them with valid arguments.

use hcall::tokens::*;
use hcall::{HCALLS, Hcall};
use proptest::prelude::*;
use tests::rig::*;

/// A value for an argument of this name, mostly a valid one.
fn argument(name: &'static str) -> BoxedStrategy<u64> {
    let edges = prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(1 << 63),
        Just(1 << 32),
        Just(MEMORY),
        Just(0xffff_ffff_ffff_f000),
        (0..64u32).prop_map(|bit| 1 << bit),
        any::<u64>(),
    ];
    let page = (0..MEMORY >> 12).prop_map(|n| n << 12);
    let meant = match name {
        "liobn" => {
            prop_oneof![4 => Just(L), 4 => Just(L2), 4 => Just(L3), 1 => Just(L | 1 << 32)].boxed()
        }
        "ioba" => prop_oneof![
            4 => (0..1024u64).prop_map(|n| n << 12),
            4 => (0..32u64).prop_map(|n| START2 + (n << 16)),
            4 => (0..8192u64).prop_map(|n| START3 + (n << 12)),
            1 => Just(END - 0x1000),
            1 => Just(END),
            1 => Just(START2 - 0x1_0000),
            1 => Just(0x1001u64),
        ]
        .boxed(),
        "tce" => tce().boxed(),
        "count" => prop_oneof![4 => 0..40u64, 1 => 500..520u64].boxed(),
        "list" | "block" => {
            prop_oneof![6 => Just(LIST), 1 => Just(MEMORY - 0x1000), 1 => page].boxed()
        }
        "destination" | "source" => page.boxed(),
        "flags" => (0..16u64).prop_map(|f| (f & 3) << 14 | (f >> 2) << 22).boxed(),
        "unit" => prop_oneof![Just(0), Just(UNIT)].boxed(),
        "len" => (0..20u64).boxed(),
        "resource" | "mflags" => (0..6u64).boxed(),
        "value1" | "value2" => (0..2u64).boxed(),
        _ => any::<u64>().boxed(),
    };
    prop_oneof![9 => meant, 1 => edges].boxed()
}

/// A TCE: one of few pages, so that calls meet; aligned to a large page or not, in memory or not.
fn tce() -> impl Strategy<Value = u64> {
    let page = prop_oneof![
        6 => (0..8u64).prop_map(|n| n << 16),
        2 => (0..MEMORY >> 12).prop_map(|n| n << 12),
        1 => Just(MEMORY),
        1 => any::<u64>().prop_map(|n| n & !0xfff),
    ];
    let reserved = prop_oneof![12 => Just(0u64), 1 => (2..12u32).prop_map(|bit| 1 << bit)];
    (page, reserved, 0..4u64).prop_map(|(page, reserved, rw)| page | reserved | rw)
}

/// A call: its row, its arguments, and the content of the list page before it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) name: &'static str,
    pub(crate) token: u64,
    pub(crate) args: Vec<u64>,
    pub(crate) list: Vec<u64>,
}

/// TCE calls as often as all the others together, and some unknown calls.
pub(crate) fn call() -> impl Strategy<Value = Made> {
    let rows = || HCALLS.iter().flat_map(|rows| rows.iter());
    let tce_calls: Vec<_> = rows().filter(|row| row.name.contains("_TCE")).map(of_row).collect();
    let all_calls: Vec<_> = rows().map(of_row).collect();
    let unknown =
        (any::<u64>(), prop::collection::vec(any::<u64>(), 9)).prop_map(|(token, args)| {
            let token = if hcall::find(token).is_some() { 0 } else { token };
            Made { name: "unknown", token, args, list: Vec::new() }
        });
    prop_oneof![
        10 => prop::strategy::Union::new(tce_calls),
        10 => prop::strategy::Union::new(all_calls),
        1 => unknown,
    ]
}

fn of_row(row: &'static Hcall) -> BoxedStrategy<Made> {
    let args: Vec<_> = row.args.iter().map(|name| argument(name)).collect();
    // Mostly valid lists, short ones included; for H_RTAS a service with random words.
    let good = (0..8u64, 0..4u64).prop_map(|(page, rw)| page << 16 | rw);
    let list = match row.token {
        H_RTAS => {
            let head = (0x1fff..0x2006u64, 0..4u64);
            let rest = prop::collection::vec(any::<u64>(), 10);
            (head, 0..10u64, rest)
                .prop_map(|((token, inputs), outputs, mut rest)| {
                    rest.insert(0, token << 32 | inputs);
                    rest[1] = outputs << 32 | rest[1] & 0xff;
                    rest
                })
                .boxed()
        }
        _ => prop_oneof![
            3 => prop::collection::vec(good, 0..512),
            1 => prop::collection::vec(tce(), 0..40),
        ]
        .boxed(),
    };
    (args, list)
        .prop_map(|(args, list)| Made { name: row.name, token: row.token, args, list })
        .boxed()
}

/// TCE calls only.
pub(crate) fn tce_call() -> impl Strategy<Value = Made> {
    let rows = HCALLS.iter().flat_map(|rows| rows.iter());
    prop::strategy::Union::new(rows.filter(|row| row.name.contains("_TCE")).map(of_row))
}
