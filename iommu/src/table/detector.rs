// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Finds devices that use translations that were replaced or cleared.
//!
//! A [watched](crate::IommuTable::watched) table reports each value that is stored in its entries, and,
//! once an exchange is complete (exchanged, killed, dirtied, released), the value that it displaced. A
//! device of a [bridge](crate::bridge) reports each translation that it uses. A translation is a misuse
//!
//! * as *stale* when the device began after the exchange that replaced it was complete: a kill was
//!   missing, wrong or late;
//! * as a *write to a released page* when a device still writes through it then, no matter when it
//!   began: the kill did not wait.
//!
//! A table that is not watched pays one test of a pointer for each batch, a device likewise.

use crate::frames::Frames;
use crate::sync::{AtomicU64, Ordering};
use crate::words::addr::{Hpa, HwEntry, Ioba, Liobn};
use crate::words::tce::Tce;
use crate::words::window::Window;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most reports that are kept; more are only counted.
const KEPT: usize = 1024;
/// Entries of which a history is kept: of all tables together. A guest may use as many as its windows
/// have. This is some 200 MB, which only a run that is watched takes.
const MOST_ENTRIES: usize = 1 << 19;
/// Values remembered in all histories. When there are as many, a history forgets all displaced values
/// that it can before it remembers another one.
const MOST_VALUES: usize = 1 << 20;
/// Values remembered of one entry one by one. Of those that were displaced before them only the last
/// call is remembered.
const HISTORY: usize = 16;

/// The caller's name for a call: the hypercall, and its number in the run.
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

/// A use of a translation that a device should not have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misuse {
    /// True for a write to a page that was released; false for the use of a stale translation.
    pub released: bool,
    /// True when the device wrote.
    pub write: bool,
    /// The LIOBN of the window.
    pub liobn: Liobn,
    /// Where the device accessed the bus: the first address of the entry.
    pub ioba: Ioba,
    /// The page that it reached.
    pub page: Hpa,
    /// The call that replaced or cleared the entry.
    pub replaced_by: Tag,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misuse { released, write, liobn, ioba, page, replaced_by } = self;
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

/// The values that one entry has held.
#[derive(Debug, Default)]
struct History {
    values: Vec<Value>,
    /// Of displaced values that are no longer remembered: when the last of them was displaced, and whose
    /// call that was.
    forgotten: Option<(u64, Tag)>,
}

impl History {
    /// The value, which is remembered from now on, with at most `most` in all unless more are live.
    /// Nothing when there is no memory for it.
    fn of(&mut self, tce: Tce, most: usize) -> Option<&mut Value> {
        let known = self.values.iter().position(|value| value.tce == tce);
        if known.is_none() {
            while self.values.len() >= most && self.forget() {}
            self.values.shrink_to(most);
            self.values.try_reserve(1).ok()?;
            self.values.push(Value { tce, live: 0, at: 0, by: Tag::default() });
        }
        let at = known.unwrap_or(self.values.len().saturating_sub(1));
        self.values.get_mut(at)
    }

    /// Makes room, by what was displaced first. False when all are live.
    fn forget(&mut self) -> bool {
        let displaced = self.values.iter().enumerate().filter(|(_, value)| value.live <= 0);
        let first = displaced.min_by_key(|(_, value)| value.at).map(|(at, _)| at);
        let Some(at) = first else { return false };
        let Value { at, by, .. } = self.values.remove(at);
        // Those are forgotten in the order in which they were displaced.
        self.forgotten = Some((at, by));
        true
    }

    /// When this value was displaced and by whom, unless it is live.
    fn displaced(&self, tce: Tce) -> Option<(u64, Tag)> {
        match self.values.iter().find(|value| value.tce == tce) {
            Some(value) => (value.live <= 0).then_some((value.at, value.by)),
            None => self.forgotten,
        }
    }
}

/// The histories of one table.
#[derive(Debug, Default)]
struct Table {
    entries: HashMap<u64, History>,
    /// There was no room for an entry once. From then on no entry without a history gets one: half a
    /// history would report live values as displaced.
    cut: bool,
}

#[derive(Debug, Default)]
struct State {
    tables: HashMap<u64, Table>,
    /// Of all tables.
    entries: usize,
    values: usize,
    unwatched: u64,
    reports: Vec<Misuse>,
    count: u64,
}

impl State {
    /// Remembers a value of an entry, which must have a history unless it is `new`. Nothing when there
    /// is no room for it.
    fn of(&mut self, room: usize, place: (u64, u64), tce: Tce, new: bool) -> Option<&mut Value> {
        let State { tables, entries, values, unwatched, .. } = self;
        let table = tables.get_mut(&place.0)?;
        if !table.entries.contains_key(&place.1) {
            let full = table.cut || *entries >= room || table.entries.try_reserve(1).is_err();
            if new && full {
                table.cut = true;
                *unwatched += 1;
            }
            if !new || full {
                return None;
            }
            *entries += 1;
            table.entries.insert(place.1, History::default());
        }
        let history = table.entries.get_mut(&place.1)?;
        let most = if *values < MOST_VALUES { HISTORY } else { 1 };
        *values -= history.values.len();
        let remembered = history.of(tce, most).is_some();
        *values += history.values.len();
        if !remembered {
            *values -= history.values.len();
            *entries -= 1;
            table.entries.remove(&place.1);
            table.cut = true;
            *unwatched += 1;
            return None;
        }
        table.entries.get_mut(&place.1)?.of(tce, most)
    }

    /// A table is gone: no device can use it.
    fn forget(&mut self, table: u64) {
        let gone = self.tables.remove(&table).unwrap_or_default();
        self.entries -= gone.entries.len();
        self.values -= gone.entries.values().map(|history| history.values.len()).sum::<usize>();
    }
}

/// The history of what is watched, and the reports.
#[derive(Debug)]
pub struct Detector {
    frames: Arc<Frames>,
    /// Most entries with a history.
    room: usize,
    state: Mutex<State>,
    /// Exchanges completed.
    clock: AtomicU64,
    tables: AtomicU64,
}

impl Detector {
    /// Nothing seen yet. Pages are those of these frames.
    pub fn new(frames: Arc<Frames>) -> Arc<Detector> {
        Detector::with_room(frames, MOST_ENTRIES)
    }

    /// A detector that keeps the histories of at most `entries` entries. Others are counted, and nothing is
    /// reported about them.
    pub fn with_room(frames: Arc<Frames>, room: usize) -> Arc<Detector> {
        let (state, clock, tables) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Detector { frames, room, state, clock, tables })
    }

    /// The observer of a table of this window.
    pub fn watch(self: &Arc<Self>, window: &Window) -> Watch {
        let table = self.tables.fetch_add(1, Ordering::Relaxed);
        self.lock().tables.insert(table, Table::default());
        Watch(Arc::new(Watched { detector: self.clone(), table, window: *window }))
    }

    /// The reports so far, at most 1024.
    pub fn reports(&self) -> Vec<Misuse> {
        self.lock().reports.clone()
    }

    /// How often something was reported.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    /// How often an entry was stored of which no history is kept, because there was no room.
    pub fn unwatched(&self) -> u64 {
        self.lock().unwatched
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The detector's observer of one table. When the last one of a table is gone, its histories are dropped.
#[derive(Clone, Debug)]
pub struct Watch(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    detector: Arc<Detector>,
    table: u64,
    window: Window,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.detector.lock().forget(self.table);
    }
}

impl Watch {
    /// The time, for [`used`](Self::used). Asked before a translation is looked up.
    pub(crate) fn now(&self) -> u64 {
        self.0.detector.clock.load(Ordering::Acquire)
    }

    /// Before a live entry is stored: from now on a device may use it.
    pub(crate) fn stores(&self, entry: HwEntry, tce: Tce) {
        let Watched { detector, table, .. } = &*self.0;
        let mut state = detector.lock();
        if let Some(value) = state.of(detector.room, (*table, entry.0), tce, true) {
            value.live += 1;
        }
    }

    /// After the exchange that displaced the entry is complete.
    pub(crate) fn displaced(&self, entry: HwEntry, tce: Tce) {
        let Watched { detector, table, .. } = &*self.0;
        let mut state = detector.lock();
        let at = detector.clock.fetch_add(1, Ordering::AcqRel) + 1;
        if let Some(value) = state.of(detector.room, (*table, entry.0), tce, false) {
            value.live -= 1;
            (value.at, value.by) = (at, TAG.get());
        }
    }

    /// A device, which began at the time `began`, has just used a translation.
    pub(crate) fn used(&self, entry: HwEntry, tce: Tce, began: u64, write: bool) {
        let Watched { detector, table, window } = &*self.0;
        let mut state = detector.lock();
        let history = state.tables.get(table).and_then(|table| table.entries.get(&entry.0));
        let Some((at, by)) = history.and_then(|history| history.displaced(tce)) else { return };
        if !(at <= began || write) {
            return;
        }
        let released = write && detector.frames.pins(tce.hpa()) == 0;
        let shift = window.page_shift().get();
        let ioba = Ioba(window.start().0 + (entry.0 << shift));
        let (liobn, page) = (window.liobn(), tce.hpa());
        let report = Misuse { released, write, liobn, ioba, page, replaced_by: by };
        log::warn!("{report}");
        state.count += 1;
        if state.reports.len() < KEPT {
            state.reports.push(report);
        }
    }
}
