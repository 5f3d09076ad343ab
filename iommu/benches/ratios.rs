// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Prints the cost of an entry in nanoseconds and in bare atomic swaps. Each cost is the minimum
//! of many rounds. All cases take turns, so that load on the machine disturbs the ratios little.

use iommu::{Bridge, Ioba, RawTce, tce_xchg};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};
use tests::dma_rig::{DmaRig, KINDS};
use tests::fixture::*;
use vm_memory::{GuestAddress, GuestMemoryBackend};

/// A case: its name, the entries of one round, and the function of a round, which gets the round's number.
struct Case<'a> {
    name: &'static str,
    entries: u64,
    round: Box<dyn FnMut(u64) + 'a>,
    best: Duration,
}

impl<'a> Case<'a> {
    fn new(name: &'static str, entries: u64, round: impl FnMut(u64) + 'a) -> Case<'a> {
        Case { name, entries, round: Box::new(round), best: Duration::MAX }
    }

    fn run(&mut self, round: u64) {
        let start = Instant::now();
        (self.round)(round);
        self.best = self.best.min(start.elapsed());
    }

    fn ns(&self) -> f64 {
        self.best.as_nanos() as f64 / self.entries as f64
    }
}

fn main() {
    let (bare, old, pins) = (Bare::new(), Old::new(), OldPins::new());
    let mut cases = vec![
        Case::new("bare swap", BATCH * 8, |round| {
            for n in 0..BATCH * 8 {
                let n = round * BATCH * 8 + n;
                black_box(bare.swap(n, (n + round) << 12 | RW));
            }
        }),
        exchange("exchange with pins and dirt, over a live page"),
        put("put: checks, view and exchange", |round, n| page(n + round)),
        put("put, map and clear in turn", |_, n| RawTce(page(n).0 * (n & 1))),
        Case::new("old design: lock, clear, lock, build", BATCH * 8, |round| {
            for n in 0..BATCH * 8 {
                let n = round * BATCH * 8 + n;
                old.replace(&pins, n, page(n + round).0).expect("one thread");
            }
        }),
        list("list of 512 over live entries, pages in a row", 1),
        list("list of 512 over live entries, scattered pages", 37),
        stuff("stuff of 512, live and clear in turn", |round| RawTce(page(round).0 * (round & 1))),
        stuff("stuff of 512, one page after another", page),
        stuff("stuff of 512, the same page", |_| page(7)),
        stuff("stuff of 512, clear over clear", |_| RawTce(0)),
    ];
    // `cargo bench` passes options, which are ignored. The first other word selects the cases that contain it.
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    cases.retain(|case| case.name.contains(&filter) || case.name == "bare swap");
    for round in 0..4000 {
        cases.iter_mut().for_each(|case| case.run(round));
    }
    let swap = cases[0].ns();
    println!("{:<48} {:>9} {:>8}", "one thread", "ns/entry", "x swap");
    for case in &cases {
        println!("{:<48} {:>9.2} {:>8.2}", case.name, case.ns(), case.ns() / swap);
    }
    if filter.is_empty() {
        two_threads();
        reads();
    }
}

/// A device's reads of a hot page, beside a bare slice of guest memory, which a device
/// model without an IOMMU reads.
fn reads() {
    const READS: u64 = 1000;
    let machines = KINDS.map(|(name, kind, flags)| {
        let mut m = DmaRig::new(&Bridge::with(kind, flags, None));
        m.put(0, RW);
        (name, m)
    });
    let memory = &machines[0].1.memory;
    let slice = Case::new("slice of guest memory", READS, |_| {
        for n in 0..READS {
            let mut bytes = [0; 8];
            let at = GuestAddress(black_box((n % 64) * 8));
            black_box(memory).get_slice(at, 8).expect("memory").copy_to(&mut bytes);
            black_box(bytes);
        }
    });
    let mut cases = vec![slice];
    for (name, m) in &machines {
        let mut device = m.device();
        cases.push(Case::new(name, READS, move |_| {
            let ram = m.ram();
            for n in 0..READS {
                let mut bytes = [0; 8];
                device.read(&ram, Ioba(black_box((n % 64) * 8)), &mut bytes).expect("mapped");
                black_box(bytes);
            }
        }));
    }
    for round in 0..4000 {
        cases.iter_mut().for_each(|case| case.run(round));
    }
    println!("\n{:<48} {:>9} {:>8}", "8 bytes of a hot page", "ns/read", "x slice");
    for case in &cases {
        println!("{:<48} {:>9.2} {:>8.2}", case.name, case.ns(), case.ns() / cases[0].ns());
    }
}

/// Two threads, each on its half of the window or both on one entry. On their halves, the exchange shares
/// nothing and the old design shares the lock of its pool. On one entry, the old design also fails.
fn two_threads() {
    let (all, old) = (full(), Old::new());
    let table = all.windows()[0].tables()[0].clone();
    let pins = OldPins::new();
    (0..ENTRIES).for_each(|n| old.replace(&pins, n, page(n).0).expect("alone"));
    println!("\n{:<48} {:>9}", "two threads", "ns/entry");
    for (name, half) in [("own halves of the window", ENTRIES / 2), ("one entry", 0)] {
        let entry = move |thread: u64, n: u64| if half == 0 { 0 } else { thread * half + n % half };
        let (all, old, table) = (&all, &old, &table);
        let new = || {
            both(|thread| {
                let (mut agent, frames, base) = (all.agent(), all.frames(), base(all));
                move |n| {
                    let at = tests::fixture::entry(entry(thread, n));
                    tce_xchg(table, frames, &mut agent, at, host_page(base, n)).is_ok()
                }
            })
        };
        let before = || {
            both(|thread| {
                let pins = OldPins::new();
                move |n| old.replace(&pins, entry(thread, n), page(n).0).is_ok()
            })
        };
        let new = (0..20).map(|_| new()).min().unwrap_or_default();
        let mut busy = 0;
        let before = (0..20).map(|_| before()).inspect(|run| busy += run.1);
        let before = before.min().unwrap_or_default();
        let ns = |run: (Duration, u64)| run.0.as_nanos() as f64 / RUN as f64;
        println!("{:<48} {:>9.2}", format!("exchange, {name}"), ns(new));
        println!(
            "{:<48} {:>9.2}   {:.2}x, {busy} of {} calls EBUSY",
            format!("old design, {name}"),
            ns(before),
            ns(before) / ns(new),
            2 * 20 * RUN
        );
    }
}

const RUN: u64 = 200_000;

/// Calls the work of each of two threads `RUN` times, both threads at once. Returns the longer time, and the
/// number of calls that failed.
fn both<W: FnMut(u64) -> bool>(make: impl Fn(u64) -> W + Sync) -> (Duration, u64) {
    let start = Barrier::new(2);
    let run = |thread| {
        let mut work = make(thread);
        start.wait();
        let begin = Instant::now();
        let failed = (0..RUN).filter(|&n| !work(n)).count() as u64;
        (begin.elapsed(), failed)
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| run(1));
        let (mine, other) = (run(0), other.join().expect("no panic"));
        (mine.0.max(other.0), mine.1 + other.1)
    })
}

/// The exchange alone, as the old design is measured alone: both on a table, without
/// the checks of a hypercall, the LIOBN and the view.
fn exchange<'a>(name: &'static str) -> Case<'a> {
    let all = full();
    let (mut agent, table) = (all.agent(), all.windows()[0].tables()[0].clone());
    let base = base(&all);
    Case::new(name, BATCH * 8, move |round| {
        for n in 0..BATCH * 8 {
            let n = round * BATCH * 8 + n;
            let new = host_page(base, n + round);
            black_box(tce_xchg(&table, all.frames(), &mut agent, entry(n), new).expect("in it"));
        }
    })
}

fn put<'a>(name: &'static str, tce: impl Fn(u64, u64) -> RawTce + 'a) -> Case<'a> {
    let all = full();
    let mut agent = all.agent();
    Case::new(name, BATCH * 8, move |round| {
        for n in 0..BATCH * 8 {
            let n = round * BATCH * 8 + n;
            all.put(&mut agent, LIOBN, ioba(n), tce(round, n)).expect("put");
        }
    })
}

fn list<'a>(name: &'static str, stride: u64) -> Case<'a> {
    let all = container();
    let mut agent = all.agent();
    let lists: Vec<Vec<u64>> =
        (0..15).map(|r| (0..BATCH).map(|n| page(n * stride + r).0).collect()).collect();
    Case::new(name, BATCH, move |round| {
        let list = &lists[(round % 15) as usize];
        all.put_list(&mut agent, LIOBN, ioba(round * BATCH), list).expect("list");
    })
}

fn stuff<'a>(name: &'static str, tce: impl Fn(u64) -> RawTce + 'a) -> Case<'a> {
    let all = container();
    let mut agent = all.agent();
    Case::new(name, BATCH, move |round| {
        all.stuff(&mut agent, LIOBN, ioba(0), tce(round), BATCH).expect("stuff");
    })
}
