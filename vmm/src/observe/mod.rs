// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Who looks at a run: nobody unless the user asked, and then a call costs two looks at the clock and what
//! these do with it.
//!
//! | option | who | keeps |
//! |---|---|---|
//! | `--trace` | [`trace`] | nothing |
//! | `--stats` | [`Calls`](crate::stats::Calls) | sums |
//! | `--record` | [`Recorder`] | nothing: a file |
//! | `--report` | [`history`] | a bounded number of buckets of time, and cells of windows |
//! | `--trace-file` | [`trace_file`] | who wrote which entry last; the rest goes to a file |
//!
//! Everything about a vCPU's calls comes by `Observe::before` and `Observe::after`, everything about devices
//! by `Eyes`. [`page`] makes the page of `--report`.

pub mod cells;
mod eyes;
pub mod history;
pub mod made;
pub(crate) mod output;
pub mod page;
pub mod timeline;
pub mod trace_file;

use std::sync::{Arc, MutexGuard};

use hcall::{Memory, Meter, Regs, Tier};
use iommu::{Container, Totals};

pub(crate) use eyes::Eyes;
pub(crate) use history::Notes;
pub use history::{History, Seen};
pub use made::Made;
pub use trace_file::TraceFile;

use crate::record::Recorder;
use crate::trace;
use cells::Lively;
use made::Entries;

/// What is observed; nothing unless the user asked.
#[derive(Clone, Debug, Default)]
pub struct Observe {
    /// Write a line for each hypercall.
    pub trace: bool,
    /// Count and time each.
    pub stats: bool,
    /// Write each to a file that can be played again.
    pub record: Option<Arc<Recorder>>,
    /// Keep what happened when.
    pub history: Option<Arc<History>>,
    /// Write everything to a file for a trace viewer.
    pub events: Option<Arc<TraceFile>>,
}

/// The guest, as observers need it.
#[derive(Clone, Copy)]
pub(crate) struct Guest<'a> {
    pub(crate) container: &'a Container,
    pub(crate) memory: &'a Memory,
}

/// What was there before a call.
pub(crate) struct Before {
    /// For the record.
    poke: Option<String>,
    entries: Option<Entries>,
    lively: Option<Lively>,
}

impl Observe {
    pub(crate) fn any(&self) -> bool {
        self.trace || self.metered() || self.record.is_some()
    }

    /// Whether the tries of tiers are looked at.
    pub(crate) fn metered(&self) -> bool {
        self.stats || self.history.is_some() || self.events.is_some()
    }

    /// Keeps calls in their order while they are recorded.
    pub(crate) fn order(&self, asked: &Regs) -> Option<MutexGuard<'_, ()>> {
        self.record.as_deref()?.order(asked)
    }

    pub(crate) fn before(&self, asked: &Regs, guest: Guest<'_>) -> Before {
        let poke = self.record.as_ref().map(|record| record.before(asked, guest.memory));
        let wanted = self.history.is_some() || self.events.is_some();
        let entries = wanted.then(|| Entries::of(asked, guest.container)).flatten();
        let lively = match (&self.history, &entries) {
            (Some(_), Some(entries)) => Some(Lively::of(entries, guest.container)),
            _ => None,
        };
        Before { poke, entries, lively }
    }

    pub(crate) fn after(
        &self,
        before: &Before,
        made: &Made<'_>,
        guest: Guest<'_>,
        pages: Totals,
        notes: &mut Notes,
    ) {
        let Before { poke, entries, lively } = before;
        if let (Some(record), Some(poke)) = (&self.record, poke) {
            record.after(poke, made, guest.memory);
        }
        if self.trace {
            trace::write(made);
        }
        if self.stats || self.history.is_some() {
            notes.calls.record(made);
        }
        if let Some(history) = &self.history {
            let entries = entries.as_ref().zip(lively.as_ref());
            history.call(notes, made, entries, pages, guest.container);
        }
        if let Some(events) = &self.events {
            events.call(made, entries.as_ref(), guest.memory);
        }
    }

    /// A vCPU begins to run guest code, or stops.
    pub(crate) fn runs(&self, notes: &mut Notes, running: bool) {
        if let Some(history) = &self.history {
            history.runs(notes, running);
        }
    }
}

/// The tier of the last try between two readings of a meter.
pub(crate) fn answered(before: &Meter, after: &Meter) -> Option<Tier> {
    let tried = |tier: &Tier| after.laps[tier.index()].calls != before.laps[tier.index()].calls;
    Tier::ALL.into_iter().rfind(tried)
}
