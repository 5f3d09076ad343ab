// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The observers of a run. Without one of their options there is no observer. With one, a call costs two readings of
//! the clock and the observer's own work.
//!
//! | option | observer | keeps |
//! |---|---|---|
//! | `--trace` | [`Trace`] | lines that wait for the end of a console line |
//! | `--stats` | [`Calls`] | sums |
//! | `--record` | [`Recorder`] | nothing: a file |
//! | `--report` | [`history`] | a bounded number of buckets of time, and cells of windows |
//! | `--trace-file` | [`trace_file`] | the last writer of each entry; the rest goes to a file |
//!
//! [`Observe`] is the machine's [`Watcher`]. Each vCPU has a [`CpuWatcher`] with `Notes` of its own; devices share
//! `DeviceEvents`. [`page`] makes the page of `--report`.

pub mod cells;
mod detail;
mod device_events;
pub mod history;
pub mod made;
pub(crate) mod output;
pub mod page;
pub mod record;
pub(crate) mod rtas;
pub mod stats;
pub mod timeline;
pub mod trace;
pub mod trace_file;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hcall::Regs;
use hcall::tokens::H_RTAS;
use iommu::Container;
use machine::watcher::{CpuWatcher, Guest, Made, Watcher};

pub(crate) use history::Notes;
pub use history::{History, Seen};
pub use record::Recorder;
pub use stats::Calls;
pub use trace::Trace;
pub use trace_file::TraceFile;

use cells::Lively;
use detail::Detail;
use device_events::DeviceEvents;
use made::{Entries, is_tce};

/// The observers of a run. By default there are none.
#[derive(Clone, Debug, Default)]
pub struct Observe {
    /// The lines of `--trace`.
    pub trace: Option<Arc<Trace>>,
    /// True to count and time each hypercall.
    pub stats: bool,
    /// The file of `--record`, which can be played.
    pub record: Option<Arc<Recorder>>,
    /// The history of `--report`.
    pub history: Option<Arc<History>>,
    /// The file of `--trace-file`, for a trace viewer.
    pub events: Option<Arc<TraceFile>>,
    /// The lock that is held during a call on DMA windows, if its trace or its record has to be in the order of such
    /// calls. It is taken before every other lock.
    pub order: Arc<Mutex<()>>,
    /// The notes of vCPUs whose observation is over.
    pub(crate) notes: Arc<Mutex<Vec<Notes>>>,
}

/// The observers of one vCPU's calls.
struct Cpu {
    observe: Observe,
    notes: Notes,
}

/// The state before a call, as far as an observer needs it.
struct Before {
    /// The subject of the call, for trace and record.
    detail: Option<Detail>,
    entries: Option<Entries>,
    lively: Option<Lively>,
}

impl Watcher for Observe {
    fn cpu(&self, _server: u32) -> Option<Box<dyn CpuWatcher>> {
        let cpu = || Cpu { observe: self.clone(), notes: Notes::default() };
        self.any().then(|| Box::new(cpu()) as Box<dyn CpuWatcher>)
    }

    fn devices(&self) -> Option<Arc<dyn vio::Observer>> {
        let wanted = self.history.is_some() || self.events.is_some();
        wanted.then(|| Arc::new(DeviceEvents(self.clone())) as Arc<dyn vio::Observer>)
    }

    fn times_tiers(&self) -> bool {
        self.stats || self.history.is_some() || self.events.is_some() || self.trace.is_some()
    }

    fn console(&self, bytes: &[u8], print: &mut dyn FnMut(&[u8])) {
        match &self.trace {
            Some(trace) => trace.around_console(bytes, print),
            None => print(bytes),
        }
    }

    fn reset(&self) {
        if let Some(record) = &self.record {
            record.reset();
        }
    }
}

impl CpuWatcher for Cpu {
    fn runs(&mut self, running: bool) {
        if let Some(history) = &self.observe.history {
            history.runs(&mut self.notes, running);
        }
    }

    fn hypercall(&mut self, asked: &Regs, guest: Guest<'_>, make: &mut dyn FnMut() -> Made) {
        let _order = self.observe.order(asked);
        let before = self.observe.before(asked, guest);
        let made = make();
        self.observe.after(before, &made, guest, &mut self.notes);
    }
}

impl Drop for Cpu {
    /// Hands the notes to the observers of the run.
    fn drop(&mut self) {
        let notes = std::mem::take(&mut self.notes);
        self.observe.notes.lock().unwrap_or_else(PoisonError::into_inner).push(notes);
    }
}

impl Observe {
    /// True when there is an observer.
    pub(crate) fn any(&self) -> bool {
        self.times_tiers() || self.record.is_some()
    }

    /// Names the tracks of the trace file: the guest, its vCPUs, its devices.
    pub(crate) fn name_tracks(&self, guest: &str, cpus: u32, devices: &machine::devices::Nodes) {
        let Some(events) = &self.events else { return };
        let device = |node: &vio::Node| {
            let liobn = node.window.liobn();
            (liobn, format!("{}@{:x}", node.name, liobn.0))
        };
        let function = |node: &pci::Node| {
            (node.window.liobn(), format!("{}@{:x}", node.description.name, node.number))
        };
        let functions = devices.functions.iter().map(function);
        let devices: Vec<_> = devices.virtual_io.iter().map(device).chain(functions).collect();
        events.name_tracks(guest, cpus as usize, &devices);
    }

    /// The sums of all calls. Valid once the vCPUs are no longer observed.
    pub(crate) fn calls(&self) -> Calls {
        let mut calls = Calls::default();
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.iter().for_each(|notes| calls.add(&notes.calls));
        calls
    }

    /// The history of a run that ended at `end`, if it was observed. Valid once the vCPUs are no longer observed, and
    /// before the machine is torn down.
    pub(crate) fn seen(&self, end: Instant, container: &Container) -> Option<Seen> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        Some(self.history.as_ref()?.seen(notes.iter(), end, container))
    }

    /// Keeps other vCPUs from calls on DMA windows while one is made and recorded. Calls that may wait are
    /// not held back.
    fn order(&self, asked: &Regs) -> Option<MutexGuard<'_, ()>> {
        let wanted = self.trace.is_some() || self.record.is_some();
        let taken = wanted && (asked[0] == H_RTAS || hcall::find(asked[0]).is_some_and(is_tce));
        taken.then(|| self.order.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn before(&self, asked: &Regs, guest: Guest<'_>) -> Before {
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

    fn after(&self, before: Before, made: &Made, guest: Guest<'_>, notes: &mut Notes) {
        let Before { detail, entries, lively } = before;
        let detail = detail.map(|detail| detail.after(&made.asked, guest));
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
            history.call(notes, made, entries, guest.container);
        }
        if let Some(events) = &self.events {
            events.call(made, entries.as_ref(), guest.memory);
        }
    }
}
