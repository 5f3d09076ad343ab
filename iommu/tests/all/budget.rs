// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory of windows that a guest makes. It is charged where it is allocated, refused above the budget
//! without a partial change, and returned when the window is gone.

use iommu::*;
use std::sync::{Arc, Barrier};

const L: Liobn = Liobn(0x8000_0001);
const OWN: Liobn = Liobn(0x8000_0000);
const MEMORY: u64 = 0x100_0000;
const A: u64 = 0x10000;
const B: u64 = 0x20000;
const RW: u64 = 3;
/// Bytes of a chunk of the view: 4096 entries of 8.
const CHUNK: u64 = 32 << 10;

/// A container with a window of its own and a budget.
fn container(limit: u64) -> (Container, Arc<Budget>) {
    let budget = Budget::new(limit);
    let all = Container::new(Frames::new(MEMORY).expect("memory")).with_budget(budget.clone());
    let own = Window::bytes(OWN, 0, 1 << 30, PageShift::K4).expect("a window");
    all.add_window(own, table(own, 1)).expect("a window of the machine's own");
    (all, budget)
}

fn table(window: Window, levels: u32) -> Arc<IommuTable> {
    Arc::new(IommuTable::with_levels(window, levels, Ioda2::default()).expect("a table"))
}

fn window(entries: u64) -> Window {
    Window::new(L, PageShift::K4, 1 << 47, entries).expect("a window")
}

fn at(entry: u64) -> Ioba {
    Ioba((1 << 59) + (entry << 12))
}

fn add(all: &Container, entries: u64, levels: u32) -> Result<(), Error> {
    all.add_guest_window(window(entries), table(window(entries), levels))
}

fn put(all: &Container, by: &mut Agent, entry: u64, tce: u64) -> Result<(), Error> {
    all.put(by, L, at(entry), RawTce(tce))
}

fn get(all: &Container, by: &mut Agent, entry: u64) -> u64 {
    all.tce(by, L, at(entry)).expect("in the window").0
}

/// Writes every 4096th entry, up to the first refusal.
fn fill(all: &Container, by: &mut Agent, entries: u64) -> (u64, Error) {
    let mut steps = (0..entries).step_by(4096);
    let refused = steps.find_map(|entry| Some((entry, put(all, by, entry, A | RW).err()?)));
    refused.expect("the budget ends before the window")
}

fn assert_sound(all: &Container, budget: &Budget) {
    assert!(all.audit().holds(), "{:?}", all.audit());
    assert!(budget.charged() <= budget.limit(), "{} of {}", budget.charged(), budget.limit());
}

#[test]
fn a_window_of_2_to_the_31_entries_ends_at_the_budget() {
    let (all, budget) = container(4 << 20);
    let mut by = all.agent();
    add(&all, 1 << 31, 4).expect("its top levels");
    let (refused, why) = fill(&all, &mut by, 1 << 31);
    assert_eq!(why, Error::OverBudget);
    // Each entry that is used has at least a chunk of the view.
    assert!(refused / 4096 * CHUNK <= budget.limit());
    assert!(budget.charged() > budget.limit() - 4 * CHUNK, "not before it is used up");
    assert_sound(&all, &budget);
}

// "A refused call has changed nothing", also when one chunk exists and the next one is missing.
#[test]
fn a_call_that_is_refused_half_way_has_changed_nothing() {
    let (all, budget) = container(4 << 20);
    let mut by = all.agent();
    add(&all, 1 << 31, 4).expect("its top levels");
    let (refused, _) = fill(&all, &mut by, 1 << 31);
    let (charged, totals) = (budget.charged(), by.totals());
    let first = refused - 100;
    let list = [B | RW; 200];
    let over = Err(Error::OverBudget);
    assert_eq!(all.put_list(&mut by, L, at(first), &list), over);
    assert_eq!(all.stuff(&mut by, L, at(first), RawTce(B | RW), 200), over);
    assert_eq!(all.put_verbatim(&mut by, L, at(refused), RawTce(B | RW)), over);
    assert_eq!(all.make_room(&mut by, L, at(first), 200, |_| RawTce(B | RW)), over);
    (first..first + 200).for_each(|entry| assert_eq!(get(&all, &mut by, entry), 0, "{entry}"));
    assert_eq!((budget.charged(), by.totals()), (charged, totals));
    assert_sound(&all, &budget);
    // Calls that need no memory still succeed.
    assert_eq!(put(&all, &mut by, refused, 0), Ok(()));
    assert_eq!(put(&all, &mut by, 0, B | RW), Ok(()));
    assert_eq!(put(&all, &mut by, 1, B | RW), Ok(()));
    assert_eq!(all.stuff(&mut by, L, at(first), RawTce(0), 200), Ok(()));
    all.put(&mut by, OWN, Ioba(0x3000), RawTce(A | RW)).expect("a window of the machine's own");
    assert_sound(&all, &budget);
}

/// The view has memory for the entry, and the hardware table has none.
#[test]
fn a_value_is_not_in_the_view_alone() {
    let chunk_and_no_level = 2 * CHUNK + 9 * 4096;
    for verbatim in [false, true] {
        let (all, budget) = container(chunk_and_no_level);
        let mut by = all.agent();
        // Levels have 512 entries; the first one that is needed requires two more.
        add(&all, 1 << 27, 3).expect("its top levels");
        let mut entries = (0..1 << 27).step_by(1 << 9);
        let refused = entries.find(|&entry| match verbatim {
            false => put(&all, &mut by, entry, A | RW).is_err(),
            true => all.put_verbatim(&mut by, L, at(entry), RawTce(A | RW)).is_err(),
        });
        let refused = refused.expect("the budget ends");
        assert_eq!(get(&all, &mut by, refused), 0);
        assert_sound(&all, &budget);
    }
}

#[test]
fn what_is_removed_is_given_back() {
    let (all, budget) = container(4 << 20);
    let mut by = all.agent();
    for _ in 0..3 {
        add(&all, 1 << 31, 4).expect("its top levels");
        fill(&all, &mut by, 1 << 31);
        all.remove_window(&mut by, L).expect("it is there");
        assert_eq!(budget.charged(), 0);
        assert_sound(&all, &budget);
    }
}

/// A removed window stays allocated, and charged, until each agent has refreshed or rests.
#[test]
fn memory_is_charged_as_long_as_it_is_there() {
    let (all, budget) = container(4 << 20);
    let (mut by, mut other) = (all.agent(), all.agent());
    add(&all, 1 << 20, 1).expect_err("8 MiB of a flat table");
    assert_eq!(budget.charged(), 0, "nothing of it stays");
    add(&all, 1 << 18, 1).expect("2 MiB of a flat table");
    put(&all, &mut other, 7, A | RW).expect("memory");
    all.remove_window(&mut by, L).expect("it is there");
    assert!(budget.charged() > 2 << 20, "the other agent has it");
    other.refresh();
    assert_eq!(budget.charged(), 0);
    add(&all, 1 << 18, 1).expect("2 MiB of a flat table");
    put(&all, &mut other, 7, A | RW).expect("memory");
    other.rest(|| {
        all.remove_window(&mut by, L).expect("it is there");
        assert_eq!(budget.charged(), 0, "who rests has none");
    });
    assert_eq!(put(&all, &mut other, 7, A | RW), Err(Error::NoWindow(L)));
}

// LoPAR 2.9, ibm,query-pe-dma-window, R1-2: TCEs that are offered "must be available".
#[test]
fn what_is_offered_can_be_used_to_the_last_entry() {
    for limit in [40_000, 1 << 20, (1 << 20) + 12345, 9 << 20] {
        let (all, budget) = container(limit);
        let mut by = all.agent();
        let offer = all.offer();
        assert!(offer.is_power_of_two() && offer * 34 > limit, "{offer} of {limit}");
        add(&all, offer, 1).expect("what was offered");
        for first in (0..offer).step_by(512) {
            let count = (offer - first).min(512) as usize;
            assert_eq!(all.put_list(&mut by, L, at(first), &[A | RW; 512][..count]), Ok(()));
        }
        assert!(all.offer() < offer, "less is left");
        assert_sound(&all, &budget);
    }
    assert_eq!(container(0).0.offer(), 0);
    assert!(Container::new(Frames::new(MEMORY).expect("memory")).offer() >= 1 << 31);
}

#[test]
fn who_may_not_allocate_charges_nothing() {
    let (all, budget) = container(4 << 20);
    let mut by = all.agent();
    add(&all, 1 << 31, 4).expect("its top levels");
    let charged = budget.charged();
    by.set_may_allocate(false);
    assert_eq!(put(&all, &mut by, 5, A | RW), Err(Error::NoMemory));
    assert_eq!(budget.charged(), charged);
}

// Of several threads that make one level at once, only the winner is charged.
#[test]
fn a_level_that_several_make_at_once_is_charged_once() {
    let cost = |threads: u64| {
        let (all, budget) = container(64 << 20);
        add(&all, 1 << 31, 4).expect("its top levels");
        let start = Barrier::new(threads as usize);
        std::thread::scope(|scope| {
            for n in 0..threads {
                let (all, start) = (&all, &start);
                scope.spawn(move || {
                    let mut by = all.agent();
                    for chunk in 0..200u64 {
                        start.wait();
                        put(all, &mut by, chunk * 4096 + n, A | RW).expect("memory");
                    }
                });
            }
        });
        assert_sound(&all, &budget);
        budget.charged()
    };
    assert_eq!(cost(4), cost(1));
}

/// Threads that use up a budget together, with windows that come and go.
#[test]
fn a_budget_holds_whatever_races() {
    let (all, budget) = container(2 << 20);
    std::thread::scope(|scope| {
        for n in 0..3u64 {
            let (all, budget) = (&all, &budget);
            scope.spawn(move || {
                let mut by = all.agent();
                for turn in 0..400u64 {
                    let entry = (turn * 3 + n) * 4096 % (1 << 22);
                    match put(all, &mut by, entry, A | RW) {
                        Ok(()) | Err(Error::OverBudget | Error::NoWindow(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                    assert!(budget.charged() <= budget.limit());
                }
            });
        }
        let mut by = all.agent();
        for _ in 0..50 {
            let _ = add(&all, 1 << 22, 2);
            std::thread::yield_now();
            let _ = all.remove_window(&mut by, L);
        }
    });
    assert_sound(&all, &budget);
    let mut by = all.agent();
    let _ = all.remove_window(&mut by, L);
    assert_eq!(budget.charged(), 0);
}
