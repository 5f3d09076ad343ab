// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cost of an exchange with pins and dirt, beside that of a bare atomic swap and of the design
//! that the exchange replaced, on one thread and on two.
//!
//! `ratios` beside this file prints these costs as multiples of a bare swap.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use std::sync::atomic::{AtomicU64, Ordering};
use tests::fixture::*;

fn main() {
    divan::main();
}

/// Entries in a sample of the single-entry benches.
const RUN: u64 = 1024;

/// The first entry of each thread of a bench, far from the other thread's.
fn place(next: &AtomicU64) -> u64 {
    next.fetch_add(1, Ordering::Relaxed) * (ENTRIES / 2 + RUN)
}

#[divan::bench(threads = [1, 2])]
fn bare_swap(bencher: Bencher) {
    let (bare, next) = (Bare::new(), AtomicU64::new(0));
    bencher.counter(ItemsCount::new(RUN)).bench(|| {
        let at = place(&next);
        (0..RUN).for_each(|n| _ = black_box(bare.swap(at + n, (at + n) << 12 | RW)));
    });
}

/// The exchange alone, as the old design is measured alone.
#[divan::bench(threads = [1, 2])]
fn exchange(bencher: Bencher) {
    let (all, next) = (full(), AtomicU64::new(0));
    let (table, base) = (all.windows()[0].tables()[0].clone(), base(&all));
    let bencher = bencher.counter(ItemsCount::new(RUN)).with_inputs(|| all.agent());
    bencher.bench_values(|mut agent| {
        let at = place(&next);
        for n in 0..RUN {
            let new = host_page(base, at + 2 * n);
            _ = black_box(iommu::tce_xchg(&table, all.frames(), &mut agent, entry(at + n), new));
        }
        agent
    });
}

/// The exchange with the checks of a hypercall: the LIOBN and the view.
#[divan::bench(threads = [1, 2])]
fn put(bencher: Bencher) {
    let (all, next) = (full(), AtomicU64::new(0));
    let bencher = bencher.counter(ItemsCount::new(RUN)).with_inputs(|| all.agent());
    bencher.bench_values(|mut agent| {
        let at = place(&next);
        (0..RUN).for_each(|n| {
            all.put(&mut agent, LIOBN, ioba(at + n), page(at + 2 * n)).expect("put");
        });
        agent
    });
}

/// The old design with one pool lock. Two threads may wait for the lock, but they never share an entry, so
/// no call answers EBUSY here.
#[divan::bench(threads = [1, 2])]
fn old_design(bencher: Bencher) {
    let (old, next) = (Old::new(), AtomicU64::new(0));
    let pins = OldPins::new();
    (0..ENTRIES).for_each(|n| old.replace(&pins, n, page(n).0).expect("alone"));
    let bencher = bencher.counter(ItemsCount::new(RUN)).with_inputs(OldPins::new);
    bencher.bench_values(|pins| {
        let at = place(&next);
        (0..RUN).for_each(|n| _ = black_box(old.replace(&pins, at + n, page(at + 2 * n).0)));
        pins
    });
}

#[divan::bench]
fn list_of_512_over_live_entries(bencher: Bencher) {
    let all = full();
    let mut agent = all.agent();
    let lists: [Vec<u64>; 2] = [1, 7].map(|k| (0..BATCH).map(|n| page(n * k).0).collect());
    let mut round = 0;
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        round += 1;
        all.put_list(&mut agent, LIOBN, ioba(0), &lists[round % 2]).expect("list");
    });
}

#[divan::bench(args = ["clear over clear", "a page over another", "map and clear in turn"])]
fn stuff_of_512(bencher: Bencher, case: &str) {
    let all = container();
    let mut agent = all.agent();
    let mut round = 0;
    let tces = match case {
        "clear over clear" => [0, 0],
        "a page over another" => [page(1).0, page(2).0],
        _ => [page(1).0, 0],
    };
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        round += 1;
        let tce = iommu::RawTce(tces[round % 2]);
        all.stuff(&mut agent, LIOBN, ioba(0), tce, BATCH).expect("stuff");
    });
}
