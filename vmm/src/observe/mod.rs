// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Who looks at a run: nobody unless the user asked, and then a call costs two looks at the clock and what
//! these do with it.
//!
//! | option | who | keeps |
//! |---|---|---|
//! | `--trace` | [`Trace`] | lines that wait for the end of a console line |
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
pub(crate) mod rtas;
pub mod timeline;
pub mod trace_file;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcall::tokens::{H_PUT_TCE_INDIRECT, H_RTAS};
use hcall::{Memory, Meter, Regs, Tier};
use iommu::{Container, Totals};

pub(crate) use eyes::Eyes;
pub(crate) use history::Notes;
pub use history::{History, Seen};
pub use made::Made;
pub(crate) use made::UNKNOWN;
pub use trace_file::TraceFile;

use crate::record::Recorder;
use crate::trace::Trace;
use cells::Lively;
use made::{Entries, is_tce};
use rtas::Rtas;

/// What is observed; nothing unless the user asked.
#[derive(Clone, Debug, Default)]
pub struct Observe {
    /// Write a line for each hypercall.
    pub trace: Option<Arc<Trace>>,
    /// Count and time each.
    pub stats: bool,
    /// Write each to a file that can be played again.
    pub record: Option<Arc<Recorder>>,
    /// Keep what happened when.
    pub history: Option<Arc<History>>,
    /// Write everything to a file for a trace viewer.
    pub events: Option<Arc<TraceFile>>,
    /// Held while a call on DMA windows is made, if its trace or its record has to be in the order in which such
    /// calls happened. Taken before every other lock.
    pub order: Arc<Mutex<()>>,
}

/// The subject of a call, beside its registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    /// The entries of a list, as it was before the call.
    pub(crate) list: Option<Vec<u64>>,
    /// The entries that it replaces or clears, as they were before.
    pub(crate) displaced: Vec<u64>,
    /// The RTAS call: after it, with its outputs.
    pub(crate) rtas: Option<Rtas>,
    /// The guest rewrote the list or the RTAS call while it was made.
    pub(crate) raced: bool,
}

/// The guest, as observers need it.
#[derive(Clone, Copy)]
pub(crate) struct Guest<'a> {
    pub(crate) container: &'a Container,
    pub(crate) memory: &'a Memory,
}

/// What was there before a call.
pub(crate) struct Before {
    /// For trace and record.
    detail: Option<Detail>,
    entries: Option<Entries>,
    lively: Option<Lively>,
}

impl Observe {
    pub(crate) fn any(&self) -> bool {
        self.trace.is_some() || self.metered() || self.record.is_some()
    }

    /// Whether the tries of tiers are looked at.
    pub(crate) fn metered(&self) -> bool {
        self.stats || self.history.is_some() || self.events.is_some() || self.trace.is_some()
    }

    /// Keeps other vCPUs' calls on DMA windows out while one is made and written down. Calls that may wait are
    /// not held back.
    pub(crate) fn order(&self, asked: &Regs) -> Option<MutexGuard<'_, ()>> {
        let wanted = self.trace.is_some() || self.record.is_some();
        let taken = wanted && (asked[0] == H_RTAS || hcall::find(asked[0]).is_some_and(is_tce));
        taken.then(|| self.order.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn before(&self, asked: &Regs, guest: Guest<'_>) -> Before {
        let wanted = self.history.is_some() || self.events.is_some();
        let entries = wanted.then(|| Entries::of(asked, guest.container)).flatten();
        let lively = match (&self.history, &entries) {
            (Some(_), Some(entries)) => Some(Lively::of(entries, guest.container)),
            _ => None,
        };
        let detailed = self.trace.is_some() || self.record.is_some();
        let detail = detailed.then(|| Detail::before(asked, guest));
        Before { detail, entries, lively }
    }

    pub(crate) fn after(
        &self,
        before: Before,
        made: &Made<'_>,
        guest: Guest<'_>,
        pages: Totals,
        notes: &mut Notes,
    ) {
        let Before { detail, entries, lively } = before;
        let detail = detail.map(|detail| detail.after(made.asked, guest));
        if let (Some(record), Some(detail)) = (&self.record, &detail) {
            record.call(made, detail, guest.container);
        }
        if let (Some(trace), Some(detail)) = (&self.trace, &detail) {
            trace.call(made, detail);
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

impl Detail {
    fn before(asked: &Regs, guest: Guest<'_>) -> Detail {
        let written = Entries::of(asked, guest.container);
        Detail {
            displaced: written.map_or(Vec::new(), |entries| entries.load(guest.container)),
            ..Detail::of(asked, guest)
        }
    }

    fn of(asked: &Regs, guest: Guest<'_>) -> Detail {
        let list = || made::list(asked, guest.memory);
        let rtas = || Rtas::read(asked[1], guest.memory);
        Detail {
            list: (asked[0] == H_PUT_TCE_INDIRECT).then(list).flatten(),
            rtas: (asked[0] == H_RTAS).then(rtas).flatten(),
            ..Detail::default()
        }
    }

    fn after(self, asked: &Regs, guest: Guest<'_>) -> Detail {
        let after = Detail::of(asked, guest);
        let same = match (&self.rtas, &after.rtas) {
            (Some(before), Some(after)) => before.asks_the_same(after),
            (before, after) => before.is_none() && after.is_none(),
        };
        Detail { raced: !same || self.list != after.list, rtas: after.rtas, ..self }
    }
}

/// The tier of the last try between two readings of a meter.
pub(crate) fn answered(before: &Meter, after: &Meter) -> Option<Tier> {
    let tried = |tier: &Tier| after.laps[tier.index()].calls != before.laps[tier.index()].calls;
    Tier::ALL.into_iter().rfind(tried)
}
