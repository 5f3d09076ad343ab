// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--report`: events over time. Each vCPU records its calls in `Notes` of its own. One [`History`] has the events of
//! devices and the levels of windows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hcall::Status;
use iommu::{Container, Liobn, Totals};
use machine::cpu_time;
use machine::watcher::Made;

use super::cells::{Lively, Maps};
use super::made::Entries;
use super::timeline::{Of, Timeline, What};
use crate::observe::stats::{Calls, nanoseconds};

/// The record of one vCPU.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Counts and times of the vCPU's hypercalls.
    pub(crate) calls: Calls,
    timeline: Timeline,
    maps: Maps,
    /// The effect of its agent on pages, up to its last call.
    pages: Totals,
    /// The time since which it runs guest code; none while it is stopped.
    since: Option<u64>,
    /// The last reading of its thread's CPU time.
    looked: Looked,
}

/// A reading of the CPU time of a vCPU's thread.
#[derive(Clone, Copy, Debug, Default)]
struct Looked {
    /// The time of the reading, in nanoseconds of the run.
    at: u64,
    /// The CPU time, in nanoseconds.
    cpu: u64,
    /// The time at which the next reading is due.
    next: u64,
}

/// The states of a vCPU that [`What::Time`] counts.
const GUEST: Of = Of::Name("guest code");
const HYPERCALLS: Of = Of::Name("hypercalls");
const IDLE: Of = Of::Name("idle");
/// The vCPU had work, and the host ran something else on its CPU.
const HOST: Of = Of::Name("waiting for the host");

/// The record that the vCPUs share.
#[derive(Debug)]
pub struct History {
    origin: Instant,
    devices: Mutex<Timeline>,
    /// The time at which the levels are read next.
    next: AtomicU64,
}

/// The whole history, at the end of a run.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The end of the run, in nanoseconds.
    pub end: u64,
    /// Numbers over time.
    pub timeline: Timeline,
    /// The changes to the windows.
    pub maps: Maps,
}

impl History {
    /// The history of a run that begins now.
    #[allow(clippy::new_without_default)] // it notes the time
    pub fn new() -> History {
        let (devices, next) = (Mutex::default(), AtomicU64::new(0));
        History { origin: Instant::now(), devices, next }
    }

    /// Nanoseconds since the run began.
    pub(crate) fn at(&self, time: Instant) -> u64 {
        nanoseconds(time.saturating_duration_since(self.origin))
    }

    /// Records that a vCPU begins to run guest code, or stops.
    pub(crate) fn runs(&self, notes: &mut Notes, running: bool) {
        let now = self.at(Instant::now());
        notes.guest_until(now);
        // A stopped vCPU does not wait for the host.
        let stopped = if running { now.saturating_sub(notes.looked.at) } else { 0 };
        notes.look_at_cpu(now, stopped);
        notes.since = running.then_some(now);
    }

    /// Records a call. `entries` are its entries, with those that were live before it.
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

    /// Records an event of a device.
    pub(crate) fn device(&self, what: What, device: Liobn, at: Instant, more: u64) {
        let at = self.at(at);
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.add(what, Of::Window(device), at, more);
    }

    /// Records the levels, once in each bucket.
    fn look(&self, now: u64, container: &Container) {
        if now < self.next.load(Ordering::Relaxed) {
            return;
        }
        // Another vCPU holds the lock and reads the levels, or a device records an event and the next call reads.
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

    /// The whole history. The vCPUs must be at rest, and their windows must still exist.
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

    /// Reads the thread's CPU time. The time since the last reading ends with `idle` nanoseconds without work. The rest
    /// of it, less the CPU time, was spent waiting for the host.
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
