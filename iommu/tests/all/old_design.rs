// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The design before the exchange commit, which the benches measure, beside the exchange. The old design
//! returned EBUSY in some cases; the exchange does not.

use iommu::RawTce;
use std::sync::atomic::{AtomicU64, Ordering};
use tests::fixture::*;

// bug 4. Linux before the exchange commit: `iommu_tce_build` is EBUSY over a live entry.
#[test]
fn bug_4_a_live_entry_was_busy_and_is_replaced_now() {
    let (old, pins) = (Old::new(), OldPins::new());
    old.build(&pins, 5, page(1).0).expect("clear");
    assert!(old.build(&pins, 5, page(2).0).is_err(), "EBUSY over a live entry");
    old.replace(&pins, 5, page(2).0).expect("cleared first");

    let all = container();
    let mut agent = all.agent();
    for n in 1..4 {
        all.put(&mut agent, LIOBN, ioba(5), page(n)).expect("never EBUSY");
    }
    assert_eq!(all.tce(&mut agent, LIOBN, ioba(5)), Ok(page(3)));
}

// Clear and build are two sections of the lock: another caller may run between them.
#[test]
fn a_replacement_was_busy_when_another_came_between_its_clear_and_its_build() {
    let (old, pins) = (Old::new(), OldPins::new());
    old.replace(&pins, 5, page(1).0).expect("clear");
    old.clear(&pins, 5); // the first caller begins
    old.replace(&pins, 5, page(2).0).expect("the second one comes between");
    assert!(old.build(&pins, 5, page(3).0).is_err(), "the first one ends: EBUSY");
}

// The gap exists for devices, too; with the exchange the entry is live at every moment.
#[test]
fn an_entry_that_is_replaced_is_never_clear_in_between() {
    let all = container();
    let done = AtomicU64::new(0);
    let mut agent = all.agent();
    all.put(&mut agent, LIOBN, ioba(5), page(1)).expect("put");
    let table = all.windows()[0].tables()[0].clone();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looked = 0u64;
            while done.load(Ordering::Relaxed) == 0 || looked == 0 {
                assert!(table.tce(iommu::HwEntry(5)).expect("in the table").is_live());
                looked += 1;
            }
        });
        for n in 0..100_000 {
            all.put(&mut agent, LIOBN, ioba(5), RawTce(page(n).0)).expect("put");
        }
        done.store(1, Ordering::Relaxed);
        watcher.join().expect("no panic");
    });
}

// Two threads on one entry: the old design fails some of their calls, the exchange none.
#[test]
fn two_threads_on_one_entry_are_never_busy_now() {
    let all = container();
    std::thread::scope(|scope| {
        for k in 0..2 {
            let all = &all;
            scope.spawn(move || {
                let mut agent = all.agent();
                for n in 0..50_000 {
                    all.put(&mut agent, LIOBN, ioba(5), page(2 * n + k)).expect("never EBUSY");
                }
            });
        }
    });
    assert_eq!(all.audit().live, 1);
    assert!(all.audit().holds());
}
