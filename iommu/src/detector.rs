// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Finds devices that use translations they must not use any more.
//!
//! A table that is [watched](crate::IommuTable::watched) tells what is stored in its entries, and,
//! once an exchange is complete (exchanged, killed, dirtied, released), what it displaced. A
//! device of a [bridge](crate::bridge) tells what it translated through. A translation is reported
//!
//! * as *stale* when the device began after the exchange that replaced it was complete: a kill was
//!   missing, wrong or late;
//! * as a *write to a released page* when a device still writes through it then, no matter when it
//!   began: the kill did not wait.
//!
//! A table that is not watched pays one test of a pointer for each batch, a device likewise.

use crate::addr::{Hpa, HwEntry, Ioba, Liobn};
use crate::frames::Frames;
use crate::sync::{AtomicU64, Ordering};
use crate::tce::Tce;
use crate::window::Window;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most reports that are kept; more are only counted.
const KEPT: usize = 1024;
/// Values remembered of one entry one by one. Of those that were displaced before them only the last
/// call is remembered.
const HISTORY: usize = 16;

/// What the caller calls itself: the hypercall, and which one of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// For example `H_PUT_TCE`.
    pub name: &'static str,
    /// Counted by the caller.
    pub number: u64,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", if self.name.is_empty() { "a call" } else { self.name }, self.number)
    }
}

thread_local! {
    static TAG: Cell<Tag> = const { Cell::new(Tag { name: "", number: 0 }) };
}

/// Gives what the calling thread does from now on a name. Needed only while something is watched.
pub fn tag(tag: Tag) {
    TAG.set(tag);
}

/// What a device should not have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// True for a write to a page that was released; false for the use of a stale translation.
    pub released: bool,
    /// True when the device wrote.
    pub write: bool,
    /// The window.
    pub liobn: Liobn,
    /// Where the device accessed the bus: the first address of the entry.
    pub ioba: Ioba,
    /// The page that it reached.
    pub page: Hpa,
    /// The call that replaced or cleared the entry.
    pub replaced_by: Tag,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { released, write, liobn, ioba, page, replaced_by } = self;
        let access = if *write { "write" } else { "read" };
        let what = if *released { "released page" } else { "stale translation to page" };
        write!(
            f,
            "device {access} at IOBA {ioba} of LIOBN {liobn} used the {what} {page}, \
             replaced by {replaced_by}"
        )
    }
}

/// One value of one entry.
#[derive(Debug)]
struct Value {
    tce: Tce,
    /// Times that it was stored and not displaced yet.
    live: i64,
    /// When the last exchange that displaced it was complete, and whose it was.
    at: u64,
    by: Tag,
}

/// What one entry has held.
#[derive(Debug, Default)]
struct History {
    values: Vec<Value>,
    /// Of displaced values that are not remembered any more: when the last of them was, and whose
    /// call that was.
    forgotten: Option<(u64, Tag)>,
}

impl History {
    fn of(&mut self, tce: Tce) -> &mut Value {
        let known = self.values.iter().position(|value| value.tce == tce);
        let at = known.unwrap_or_else(|| {
            self.forget();
            self.values.push(Value { tce, live: 0, at: 0, by: Tag::default() });
            self.values.len() - 1
        });
        &mut self.values[at]
    }

    /// Makes room, by what was displaced first.
    fn forget(&mut self) {
        let displaced = self.values.iter().enumerate().filter(|(_, value)| value.live <= 0);
        let first = displaced.min_by_key(|(_, value)| value.at).map(|(at, _)| at);
        if let (HISTORY.., Some(at)) = (self.values.len(), first) {
            let Value { at, by, .. } = self.values.remove(at);
            // Those are forgotten in the order in which they were displaced.
            self.forgotten = Some((at, by));
        }
    }

    /// When this value was displaced and by whom, unless it is live.
    fn displaced(&self, tce: Tce) -> Option<(u64, Tag)> {
        match self.values.iter().find(|value| value.tce == tce) {
            Some(value) => (value.live <= 0).then_some((value.at, value.by)),
            None => self.forgotten,
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// By table and entry.
    entries: HashMap<(u64, u64), History>,
    reports: Vec<Report>,
    count: u64,
}

/// The history of what is watched, and the reports.
#[derive(Debug)]
pub struct Detector {
    frames: Arc<Frames>,
    state: Mutex<State>,
    /// Exchanges completed.
    clock: AtomicU64,
    tables: AtomicU64,
}

impl Detector {
    /// Nothing seen yet. Pages are those of these frames.
    pub fn new(frames: Arc<Frames>) -> Arc<Detector> {
        let (state, clock, tables) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Detector { frames, state, clock, tables })
    }

    /// What a table of this window is watched with.
    pub fn watch(self: &Arc<Self>, window: &Window) -> Watch {
        let table = self.tables.fetch_add(1, Ordering::Relaxed);
        Watch { detector: self.clone(), table, window: *window }
    }

    /// The reports so far, at most 1024.
    pub fn reports(&self) -> Vec<Report> {
        self.lock().reports.clone()
    }

    /// How often something was reported.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The detector's eye on one table.
#[derive(Clone, Debug)]
pub struct Watch {
    detector: Arc<Detector>,
    table: u64,
    window: Window,
}

impl Watch {
    /// The time, for [`used`](Self::used). Asked before a translation is looked up.
    pub(crate) fn now(&self) -> u64 {
        self.detector.clock.load(Ordering::Acquire)
    }

    /// Before a live entry is stored: from now on a device may use it.
    pub(crate) fn stores(&self, entry: HwEntry, tce: Tce) {
        let mut state = self.detector.lock();
        state.entries.entry((self.table, entry.0)).or_default().of(tce).live += 1;
    }

    /// After the exchange that displaced the entry is complete.
    pub(crate) fn displaced(&self, entry: HwEntry, tce: Tce) {
        let mut state = self.detector.lock();
        let at = self.detector.clock.fetch_add(1, Ordering::AcqRel) + 1;
        let value = state.entries.entry((self.table, entry.0)).or_default().of(tce);
        value.live -= 1;
        (value.at, value.by) = (at, TAG.get());
    }

    /// A device, which began at the time `began`, has just used a translation.
    pub(crate) fn used(&self, entry: HwEntry, tce: Tce, began: u64, write: bool) {
        let mut state = self.detector.lock();
        let history = state.entries.get(&(self.table, entry.0));
        let Some((at, by)) = history.and_then(|history| history.displaced(tce)) else { return };
        if !(at <= began || write) {
            return;
        }
        let released = write && self.detector.frames.pins(tce.hpa()) == 0;
        let shift = self.window.page_shift().get();
        let ioba = Ioba(self.window.start().0 + (entry.0 << shift));
        let (liobn, page) = (self.window.liobn(), tce.hpa());
        let report = Report { released, write, liobn, ioba, page, replaced_by: by };
        log::warn!("{report}");
        state.count += 1;
        if state.reports.len() < KEPT {
            state.reports.push(report);
        }
    }
}
