// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Several threads on one container: pins balance, and view and hardware agree at rest.

use crate::rig::*;
use iommu::*;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Runs `work` on several threads, each with its own agent and number, and returns the agents.
fn threads(all: &Container, count: u64, work: impl Fn(&mut Agent, u64) + Sync) -> Vec<Agent> {
    let start = std::sync::Barrier::new(usize::try_from(count).expect("few"));
    let (start, work) = (&start, &work);
    thread::scope(|scope| {
        let spawn = |n| {
            let mut agent = all.agent();
            scope.spawn(move || {
                start.wait();
                work(&mut agent, n);
                agent
            })
        };
        let running: Vec<_> = (0..count).map(spawn).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

fn released(agents: &[Agent]) -> (u64, u64) {
    agents.iter().fold((0, 0), |(pinned, released), agent| {
        (pinned + agent.totals().pinned, released + agent.totals().released)
    })
}

/// A small random generator, so that the threads differ.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

// papr-tce 7.71: two vCPUs put A and B on one entry in turn
#[test]
fn two_threads_on_one_entry_leave_one_pin_and_release_each_page_once() {
    let r = Rig::new();
    let agents = threads(&r.all, 2, |agent, n| {
        for i in 0..100_000 {
            let page = if (i + n) % 2 == 0 { A } else { B };
            r.all.put(agent, L, Ioba(0), RawTce(page | RW)).expect("put");
        }
    });
    assert_eq!(r.pins(A) + r.pins(B), 1);
    // Each call makes at least one exchange, and more where it found the other thread's value in the view.
    let (pinned, released) = released(&agents);
    assert!(pinned >= 200_000);
    assert_eq!(released, pinned - 1);
    let tally = r.all.stats(&agents).windows[0].tally;
    assert_eq!((tally.puts, tally.mapped, tally.cleared), (200_000, 1, 0));
    r.assert_sound();
}

// papr-tce 7.72: one thread maps, the other clears
#[test]
fn a_put_that_races_a_clear_neither_leaks_nor_releases_twice() {
    let r = Rig::new();
    let agents = threads(&r.all, 2, |agent, n| {
        for i in 0..100_000 {
            match (n, i % 2) {
                (0, _) => r.all.put(agent, L, Ioba(0), RawTce(A | RW)).expect("put"),
                (_, 0) => r.all.put(agent, L, Ioba(0), RawTce(0)).expect("put"),
                _ => r.all.stuff(agent, L, Ioba(0), RawTce(0), 2).expect("stuff"),
            }
        }
    });
    let live = u64::from(r.get(0) != 0);
    assert_eq!(u64::from(r.pins(A)), live);
    let (pinned, released) = released(&agents);
    assert_eq!(pinned - released, live);
    assert_eq!(r.all.windows()[0].live(), live);
    r.assert_sound();
}

/// Runs `rounds` rounds in which two threads do `work` at the same moment. After each round, while both are
/// at rest, view and hardware must agree on the first entries.
fn in_step(rounds: u64, work: impl Fn(&Container, &mut Agent, u64, u64) + Sync) {
    let r = Rig::new();
    let arrived = AtomicU64::new(0);
    let meet = |times: u64| {
        arrived.fetch_add(1, Ordering::SeqCst);
        let mut spins = 0;
        while arrived.load(Ordering::SeqCst) < 2 * times {
            spins += 1;
            assert!(spins < 1 << 28, "the other thread has failed");
            if spins % 1000 == 0 { thread::yield_now() } else { std::hint::spin_loop() }
        }
    };
    threads(&r.all, 2, |agent, n| {
        for round in 0..rounds {
            meet(2 * round + 1);
            work(&r.all, agent, n, round);
            meet(2 * round + 2);
            if n == 0 {
                check_agreement(&r, round);
            }
        }
    });
    r.assert_sound();
}

fn check_agreement(r: &Rig, round: u64) {
    for entry in 0..8 {
        let raw = r.get(entry << 12);
        let expected = match raw & 3 {
            0 => Tce::CLEAR,
            _ => r.tce(raw & !3, Direction::of(raw)),
        };
        assert_eq!(r.hw(entry << 12), expected, "round {round}, entry {entry}");
    }
}

// papr-tce 7.72 for single entries, at every moment of rest
#[test]
fn puts_on_one_entry_leave_view_and_hardware_in_agreement() {
    in_step(100_000, |all, agent, n, round| {
        let page = if n == 0 { A } else { B };
        let tce = RawTce(page | ((round + n) % 4));
        all.put(agent, L, Ioba(0), tce).expect("put");
    });
}

// papr-tce 7.72 for batches, where equal entries are not swapped
#[test]
fn lists_and_stuffs_that_overlap_leave_view_and_hardware_in_agreement() {
    in_step(100_000, |all, agent, n, round| {
        let list = [A | RW, 0, B | R, A | RW, 0, B | R];
        match (n + round / 2) % 3 {
            0 => all.stuff(agent, L, Ioba(0), RawTce(0), 6),
            1 => all.stuff(agent, L, Ioba(0x1000), RawTce(A | RW), 4),
            _ => all.put_list(agent, L, Ioba(0), &list),
        }
        .expect("in the window");
    });
}

// papr-tce 7.72 for a batch against single entries
#[test]
fn a_clear_that_finds_an_entry_clear_agrees_with_a_put_at_that_moment() {
    in_step(100_000, |all, agent, n, round| {
        match (n, round % 2) {
            (0, 0) => all.put(agent, L, Ioba(0x1000), RawTce(A | RW)),
            _ => all.stuff(agent, L, Ioba(0), RawTce(0), 2),
        }
        .expect("in the window");
    });
}

// papr-tce 7.79; bug 22: first writes to one place at once
#[test]
fn bug_22_first_writes_to_one_chunk_are_all_visible() {
    for _ in 0..200 {
        let r = Rig::new();
        threads(&r.all, 4, |agent, n| {
            r.all.put(agent, L, Ioba(n << 12), RawTce(A | RW)).expect("put");
        });
        assert!((0..4).all(|n| r.get(n << 12) == A | RW));
        assert_eq!(r.pins(A), 4);
    }
}

// papr-tce 7.70 with several threads: every call, on few entries and few pages, also with hardware pages that
// are smaller than the guest's
#[test]
fn random_calls_of_four_threads_keep_every_invariant() {
    for small_pages in [false, true] {
        let r = Rig::with(|w| {
            let shift = if small_pages { PageShift::K4 } else { w.page_shift() };
            let hw = Window::bytes(w.liobn(), w.start().0, w.len(), shift).expect("a window");
            IommuTable::new(hw, Ioda2::default()).expect("a table")
        });
        let agents = threads(&r.all, 4, |agent, n| {
            let mut seed = 0x9e37_79b9_7f4a_7c15 ^ (n + 1);
            for _ in 0..20_000 {
                let x = next(&mut seed);
                let (liobn, start, shift) = if x & 1 == 0 { (L, 0, 12) } else { (L2, START2, 16) };
                let ioba = Ioba(start + ((x >> 1 & 15) << shift));
                let tce = |y: u64| RawTce((y >> 8 & 7) << 16 | (y >> 4 & 3));
                match x >> 5 & 3 {
                    0 => {
                        let list: Vec<u64> =
                            (0..x >> 7 & 15).map(|_| tce(next(&mut seed)).0).collect();
                        r.all.put_list(agent, liobn, ioba, &list)
                    }
                    1 => r.all.stuff(agent, liobn, ioba, tce(x), x >> 7 & 15),
                    _ => r.all.put(agent, liobn, ioba, tce(x)),
                }
                .expect("valid");
            }
        });
        r.assert_sound();
        let (pinned, released) = released(&agents);
        assert_eq!(pinned - released, r.all.audit().live);
        let stats = r.all.stats(&agents);
        for window in &stats.windows {
            let tally = window.tally;
            assert_eq!(tally.mapped - tally.cleared, window.live);
        }
        let mut agent = r.all.agent();
        r.all.clear(&mut agent);
        assert_eq!(r.all.audit(), Audit::default());
    }
}
