// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--report`: what happened when. Each vCPU notes its calls in `Notes` of its own; what devices do, and the
//! levels of windows, are in one [`History`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hcall::Status;
use iommu::{Container, Liobn, Totals};
use machine::cpu_time;
use machine::watcher::Made;

use super::cells::{Lively, Maps};
use super::made::Entries;
use super::timeline::{Of, Timeline, What};
use crate::observe::stats::Calls;

/// What one vCPU notes.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Counts and times of its hypercalls.
    pub(crate) calls: Calls,
    timeline: Timeline,
    maps: Maps,
    /// What its agent had done to pages at its last call.
    pages: Totals,
    /// Since when it runs guest code; nothing while it is stopped.
    since: Option<u64>,
    /// The last look at its thread's CPU time.
    looked: Looked,
}

/// A look at the CPU time of a vCPU's thread.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    /// When, in nanoseconds of the run.
    at: u64,
    /// What it was, in nanoseconds.
    cpu: u64,
    /// When the next one is due.
    next: u64,
}

/// What a vCPU does, as [`What::Time`] has it.
const GUEST: Of = Of::Name("guest code");
const HYPERCALLS: Of = Of::Name("hypercalls");
const IDLE: Of = Of::Name("idle");
/// It could have done something, and the host ran something else on its CPU.
const HOST: Of = Of::Name("waiting for the host");

/// What the vCPUs have in common.
#[derive(Debug)]
pub struct History {
    origin: Instant,
    devices: Mutex<Timeline>,
    /// When levels are looked at next.
    next: AtomicU64,
}

/// All of it, at the end of a run.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When it ended, in nanoseconds.
    pub end: u64,
    /// Numbers over time.
    pub timeline: Timeline,
    /// What was done to the windows.
    pub maps: Maps,
}

impl History {
    /// Of a run that begins now.
    #[allow(clippy::new_without_default)] // it notes the time
    pub fn new() -> History {
        let (devices, next) = (Mutex::default(), AtomicU64::new(0));
        History { origin: Instant::now(), devices, next }
    }

    /// Nanoseconds since the run began.
    pub(crate) fn at(&self, time: Instant) -> u64 {
        nanoseconds(time.saturating_duration_since(self.origin))
    }

    /// A vCPU begins to run guest code, or stops.
    pub(crate) fn runs(&self, notes: &mut Notes, running: bool) {
        let now = self.at(Instant::now());
        notes.guest_until(now);
        // It had no time to wait for while it was stopped.
        let stopped = if running { now.saturating_sub(notes.looked.at) } else { 0 };
        notes.look_at_cpu(now, stopped);
        notes.since = running.then_some(now);
    }

    /// A call was made. `entries` are those it is about, with which of them were live before.
    pub(crate) fn call(
        &self,
        notes: &mut Notes,
        made: &Made,
        entries: Option<(&Entries, &Lively)>,
        container: &Container,
    ) {
        let at = self.at(made.start);
        let end = at.saturating_add(nanoseconds(made.time));
        let wakes = at.saturating_add(nanoseconds(made.idle)).min(end);
        notes.guest_until(at);
        notes.since = Some(end);
        if end >= notes.looked.next || wakes > at {
            notes.look_at_cpu(end, wakes - at);
        }
        let (pages, Notes { timeline, maps, pages: before, .. }) = (made.pages, notes);
        timeline.span(What::Time, IDLE, at, wakes);
        timeline.span(What::Time, HYPERCALLS, wakes, end);
        timeline.add(What::Calls, Of::Name(made.name()), at, 1);
        if let Some(tier) = made.tier {
            timeline.add(What::Tiers, Of::Name(tier.name()), at, 1);
        }
        let done = [
            (What::Pages, "pinned", pages.pinned - before.pinned),
            (What::Pages, "released", pages.released - before.released),
            (What::Pages, "dirtied", pages.dirtied - before.dirtied),
        ];
        *before = pages;
        let mut changed = Default::default();
        if let (Some((entries, was)), Status::Success) = (entries, made.call.status) {
            changed = maps.note(entries, was, &Lively::of(entries, container));
            let liobn = entries.window.liobn();
            if let (1.., Ok(table)) = (changed.mapped, container.window(liobn)) {
                timeline.add(What::Peak, Of::Window(liobn), at, table.live());
            }
        }
        let entries = [
            (What::Entries, "mapped", changed.mapped),
            (What::Entries, "replaced", changed.replaced),
            (What::Entries, "cleared", changed.cleared),
        ];
        for (what, name, more) in done.into_iter().chain(entries).filter(|(.., more)| *more > 0) {
            timeline.add(what, Of::Name(name), at, more);
        }
        self.look(end, container);
    }

    /// A device did something.
    pub(crate) fn device(&self, what: What, device: Liobn, at: Instant, more: u64) {
        let at = self.at(at);
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.add(what, Of::Window(device), at, more);
    }

    /// Notes the levels once in each bucket.
    fn look(&self, now: u64, container: &Container) {
        if now < self.next.load(Ordering::Relaxed) {
            return;
        }
        // Somebody else looks already, or a device notes something and the next call looks.
        let Ok(mut devices) = self.devices.try_lock() else { return };
        let windows = container.windows();
        let known = devices.series().iter().filter(|series| series.what == What::Live);
        let known: Vec<Of> = known.map(|series| series.of).collect();
        // A window that was removed has no entries.
        known.into_iter().for_each(|of| devices.add(What::Live, of, now, 0));
        for table in windows.iter() {
            let liobn = table.window().liobn();
            devices.add(What::Live, Of::Window(liobn), now, table.live());
        }
        let next = (now | (devices.width() - 1)).saturating_add(1);
        self.next.store(next, Ordering::Relaxed);
    }

    /// The whole, when the vCPUs are at rest and their windows are still there.
    pub(crate) fn seen<'a>(
        &self,
        notes: impl Iterator<Item = &'a Notes>,
        end: Instant,
        container: &Container,
    ) -> Seen {
        let end = self.at(end);
        self.next.store(0, Ordering::Relaxed);
        self.look(end, container);
        let devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = Seen { end, timeline: devices.clone(), maps: Maps::default() };
        for Notes { timeline, maps, since, .. } in notes {
            let mut timeline = timeline.clone();
            if let Some(since) = *since {
                timeline.span(What::Time, GUEST, since, end);
            }
            timeline.carve(What::Time, HOST, &[GUEST, HYPERCALLS]);
            seen.timeline.merge(&timeline);
            seen.maps.merge(maps);
        }
        seen.maps.look(container);
        seen
    }
}

impl Notes {
    fn guest_until(&mut self, now: u64) {
        if let Some(since) = self.since.take() {
            self.timeline.span(What::Time, GUEST, since, now);
        }
    }

    /// Looks at the thread's CPU time. Since the last look it was `idle` for so long, at the end; what else was
    /// no CPU time, it waited for the host.
    fn look_at_cpu(&mut self, now: u64, idle: u64) {
        let cpu = nanoseconds(cpu_time::of_thread());
        let Looked { at, cpu: before, .. } = self.looked;
        let until = now.saturating_sub(idle);
        let waited = until.saturating_sub(at).saturating_sub(cpu.saturating_sub(before));
        self.timeline.share(What::Time, HOST, at..until, waited);
        let next = (now | (self.timeline.width() - 1)).saturating_add(1);
        self.looked = Looked { at: now, cpu, next };
    }
}

/// 584 years fit.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
