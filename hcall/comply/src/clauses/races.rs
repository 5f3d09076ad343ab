// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Requirements while several vCPUs call at once, and while the guest writes its list during a call.

use super::exchange::{container, pins, put, sound, why};
use crate::clause::Check::Host;
use crate::clause::Clause;
use crate::direct::Setup;
use crate::expect;
use crate::random::Random;
use iommu::*;
use std::thread;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "races/one-entry",
        spec: "Linux: pnv_tce_xchg; papr-tce 4.5.2 and 7.71; bug 47",
        says: "Two vCPUs that put two pages on one entry leave one of the pages pinned, once.",
        check: Host(one_entry),
    },
    Clause {
        id: "races/map-and-clear",
        spec: "Linux: pnv_tce_xchg; papr-tce 7.72",
        says: "A put that races a clear ends as one of the two, and view, hardware and pins agree.",
        check: Host(map_and_clear),
    },
    Clause {
        id: "races/first-puts",
        spec: "Linux: kvm_spapr_get_tce_page, pnv_tce; papr-tce 7.79; bug 22",
        says: "First puts into one untouched part of the table, from two vCPUs, are all present.",
        check: Host(first_puts),
    },
    Clause {
        id: "races/lists-and-stuffing",
        spec: "Linux: pnv_tce_xchg; papr-tce 4.5.2 and 7.70",
        says: "Lists and stuffing over the same entries, from three vCPUs, release what they displace exactly once.",
        check: Host(lists_and_stuffing),
    },
    Clause {
        id: "races/list-changes",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 7; papr-tce 7.54; bug 38",
        says: "H_PUT_TCE_INDIRECT reads each entry once while another vCPU rewrites the list, and maps nothing but guest memory.",
        check: Host(list_changes),
    },
    Clause {
        id: "races/two-agents",
        spec: "Linux: kvmppc_tce_iommu_mapped_dec; papr-tce 4.5.2",
        says: "A page that one vCPU mapped can be released by another.",
        check: Host(two_agents),
    },
];

const L: Liobn = Liobn(0x8000_0000);
const A: u64 = 0x1_0000;
const B: u64 = 0x2_0000;
const RW: u64 = 3;
const TURNS: u64 = 5000;

/// The calls of one vCPU.
type Job = fn(&Container, &mut Agent) -> Result<(), String>;

/// Runs each job in a thread with an agent of its own, and then checks the accounting.
fn together(all: &Container, jobs: &[Job]) -> Result<(), String> {
    let run = |job: &Job| {
        let job = *job;
        move || job(all, &mut all.agent())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = jobs.iter().map(|job| scope.spawn(run(job))).collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|end| end.unwrap_or_else(|_| Err("a vCPU's call panicked".into())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    sound(all)
}

fn one_entry(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let a = |all: &Container, by: &mut Agent| (0..TURNS).try_for_each(|_| put(all, by, 0, A | RW));
    let b = |all: &Container, by: &mut Agent| (0..TURNS).try_for_each(|_| put(all, by, 0, B | RW));
    together(&all, &[a, b])?;
    expect!(pins(&all, A) + pins(&all, B), 1);
    Ok(())
}

fn map_and_clear(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4, PageShift::K4])?;
    let map =
        |all: &Container, by: &mut Agent| (0..TURNS).try_for_each(|_| put(all, by, 0, A | RW));
    let clear = |all: &Container, by: &mut Agent| (0..TURNS).try_for_each(|_| put(all, by, 0, 0));
    together(&all, &[map, clear])
}

fn first_puts(setup: &Setup) -> Result<(), String> {
    for _ in 0..50 {
        let all = container(setup, PageShift::K4, &[PageShift::K4])?;
        let even = |all: &Container, by: &mut Agent| {
            (0..16).try_for_each(|n| put(all, by, 0x2000 * n, A | RW))
        };
        let odd = |all: &Container, by: &mut Agent| {
            (0..16).try_for_each(|n| put(all, by, 0x2000 * n + 0x1000, B | RW))
        };
        together(&all, &[even, odd])?;
        expect!((pins(&all, A), pins(&all, B)), (16, 16));
        let window = all.window(L).map_err(why)?;
        for n in 0..32 {
            let page = if n % 2 == 0 { A } else { B };
            expect!(window.view().load(GuestEntry(n)), RawTce(page | RW));
        }
    }
    Ok(())
}

fn lists_and_stuffing(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let lists = |all: &Container, by: &mut Agent| {
        let mut random = Random::new(1);
        (0..500).try_for_each(|_| {
            let list: Vec<u64> = (0..32).map(|_| random.below(8) << 12 | random.below(4)).collect();
            all.put_list(by, L, Ioba(random.below(32) << 12), &list).map_err(why)
        })
    };
    let stuffing = |all: &Container, by: &mut Agent| {
        let mut random = Random::new(2);
        (0..500).try_for_each(|_| {
            let (ioba, tce) =
                (Ioba(random.below(32) << 12), RawTce(random.below(8) << 12 | random.below(4)));
            all.stuff(by, L, ioba, tce, random.below(32)).map_err(why)
        })
    };
    together(&all, &[lists, stuffing, stuffing])?;
    let mut agent = all.agent();
    all.stuff(&mut agent, L, Ioba(0), RawTce(0), 64).map_err(why)?;
    expect!((0..8).map(|n| pins(&all, n << 12)).sum::<u32>(), 0);
    sound(&all)
}

fn list_changes(setup: &Setup) -> Result<(), String> {
    crate::direct::list_race(setup, TURNS)
}

fn two_agents(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let (mut first, mut second) = (all.agent(), all.agent());
    put(&all, &mut first, 0, A | RW)?;
    put(&all, &mut second, 0, B | RW)?;
    put(&all, &mut first, 0, 0)?;
    expect!((pins(&all, A), pins(&all, B)), (0, 0));
    drop(first);
    put(&all, &mut second, 0x1000, A | RW)?;
    expect!(pins(&all, A), 1);
    sound(&all)
}
