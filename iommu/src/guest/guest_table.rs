// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One window: the guest's view, the hardware tables under it, and how they stay in agreement.
//!
//! Several vCPUs may write one entry at once, and no lock is taken. A writer
//!
//! 1. stores its value in the view,
//! 2. exchanges the hardware entry for the translation of that value,
//! 3. reads the view again, and if another value is there now goes back to 2 with that one.
//!
//! **So at rest the hardware entry translates the view.** Let X be the last exchange of a hardware
//! entry, made for value w, and let f be the last value stored in the view, by U. After X its
//! writer read the view and found w, else X would not be the last. U exchanged after it stored f.
//! If that exchange is X, w is f. Otherwise it came before X in the entry's order; exchanges are
//! read-modify-writes with acquire and release, so U's store happens before X and before the read
//! that follows it, which therefore finds f, the last value: w is f.
//!
//! In a batch a writer does not swap an entry that already holds what it would store, which makes
//! clearing what is clear cheap. Then U publishes its store not by an exchange but by a sequentially
//! consistent fence between its stores and its reads of the hardware. If U's read found an
//! earlier entry than X left, the fence precedes X in the single total order; X and the
//! read of the view after it are sequentially consistent too, so that read finds U's store and
//! the argument stands. If U's read found what X left, it was equal to the translation of f.
//!
//! A value that never was stored because it is zero and its chunk does not exist counts as stored
//! before all others. Each turn back to 2 means that another call made progress.
//!
//! Every step that can fail comes before 1: levels and places are made, pages that may be unregistered are
//! pinned. In 3 a writer may find a value of another one, whose page it has not pinned. If that
//! can no longer be pinned, the value has been replaced already: the entry is cleared, which
//! is always safe, and the view is read once more.

use crate::exchange::tally::Tally;
use crate::exchange::work::{WindowKey, Work};
use crate::exchange::xchg::{Batch, One, Xchg, reserve_levels};
use crate::frames::Frames;
use crate::guest::view::View;
use crate::sync::{AtomicI64, Ordering, fence};
use crate::table::IommuTable;
use crate::words::addr::{Gpa, GuestEntry, HwEntry};
use crate::words::direction::PERMISSIONS;
use crate::words::error::Error;
use crate::words::tce::{AtomicTce, RawTce, Tce};
use crate::words::window::Window;
use std::sync::Arc;

/// A window of the guest with its view and the hardware tables that are attached to it.
///
/// Linux: `struct kvmppc_spapr_tce_table`. A value of this type does not change: attaching a table
/// makes a new one over the same view, which the container publishes.
#[derive(Clone, Debug)]
pub struct GuestTable {
    window: Window,
    /// Where agents keep their tallies of it.
    key: WindowKey,
    view: Arc<View>,
    tables: Vec<Arc<IommuTable>>,
    /// How often each of them was attached.
    attached: Vec<u32>,
    /// True for by far the commonest: one [plain](IommuTable::is_plain) hardware table with the guest's pages.
    simple: bool,
    live: Arc<Live>,
}

/// Entries that are live in the first hardware table, or in the view if there is none. Touched when a call
/// changes it; signed because a call that clears may arrive before the one that mapped.
#[derive(Debug, Default)]
struct Live {
    now: AtomicI64,
    max: AtomicI64,
}

impl Live {
    /// A count that begins at this number.
    fn from(entries: u64) -> Arc<Live> {
        let entries = i64::try_from(entries).unwrap_or(i64::MAX);
        Arc::new(Live { now: AtomicI64::new(entries), max: AtomicI64::new(entries) })
    }
}

impl GuestTable {
    /// A window without hardware tables: only the view, which has as many entries.
    pub(crate) fn new(window: Window, view: View, key: WindowKey) -> GuestTable {
        GuestTable {
            window,
            key,
            view: Arc::new(view),
            tables: Vec::new(),
            attached: Vec::new(),
            simple: false,
            live: Arc::default(),
        }
    }

    /// The window as agents keep their tallies of it from now on.
    pub(crate) fn with_key(self, key: WindowKey) -> GuestTable {
        GuestTable { key, ..self }
    }

    /// The window with one more hardware table, or one more reference to one that is attached.
    /// Entries that are already in the view are not replayed into it (papr-tce 5.2).
    ///
    /// Errors: [`Error::NoExchange`] when the table's platform has no exchange operation, for a guest
    /// may write over live entries; [`Error::Incompatible`] when its pages are larger than the guest's (bug 18 of
    /// papr-tce 6.1), it begins elsewhere or it is smaller; it may be larger (bug 23).
    ///
    /// Linux: `kvm_spapr_tce_attach_iommu_group`.
    pub(crate) fn attach(&self, table: Arc<IommuTable>) -> Result<GuestTable, Error> {
        let mut new = self.clone();
        if let Some(at) = self.position(&table) {
            new.attached[at] += 1;
            return Ok(new);
        }
        table.exchange()?;
        let hw = table.window();
        let covers = hw.page_shift() <= self.window.page_shift()
            && hw.start() == self.window.start()
            && hw.len() >= self.window.len();
        if !covers {
            return Err(Error::Incompatible(self.window.liobn()));
        }
        if new.tables.is_empty() {
            new.live = Arc::default();
        }
        new.tables.push(table);
        new.attached.push(1);
        Ok(new.classified())
    }

    /// The window with one reference less. Errors: [`Error::NotAttached`].
    ///
    /// Linux: `kvm_spapr_tce_release_iommu_group`.
    pub(crate) fn detach(&self, table: &Arc<IommuTable>) -> Result<GuestTable, Error> {
        let at = self.position(table).ok_or(Error::NotAttached(self.window.liobn()))?;
        let mut new = self.clone();
        new.attached[at] -= 1;
        if new.attached[at] == 0 {
            new.attached.remove(at);
            new.tables.remove(at);
            if new.tables.is_empty() {
                new.live = Live::from(new.live_in_view());
            }
        }
        Ok(new.classified())
    }

    fn classified(self) -> GuestTable {
        let simple = self.tables.len() == 1
            && self.tables[0].is_plain()
            && self.tables[0].window().page_shift() == self.window.page_shift();
        GuestTable { simple, ..self }
    }

    fn position(&self, table: &Arc<IommuTable>) -> Option<usize> {
        self.tables.iter().position(|attached| Arc::ptr_eq(attached, table))
    }

    /// The geometry of the window.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The guest's view.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The hardware tables.
    pub fn tables(&self) -> &[Arc<IommuTable>] {
        &self.tables
    }

    pub(crate) fn key(&self) -> WindowKey {
        self.key
    }

    /// Entries live now. Exact when no agent is in a call.
    pub fn live(&self) -> u64 {
        self.live.now.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    fn live_in_view(&self) -> u64 {
        let mut live = 0;
        self.for_each_live(&mut |_| live += 1);
        live
    }

    /// Calls `with` for each entry that is live in the view, from the first up.
    pub fn for_each_live(&self, with: &mut dyn FnMut(GuestEntry)) {
        self.view.for_each_run(&mut |first, count| {
            self.view.for_each_live(first, count, |n| with(GuestEntry(first.0 + n as u64)));
        });
    }

    /// Most entries that were live at once since the last of its hardware tables came or went.
    pub fn max_live(&self) -> u64 {
        self.live.max.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// Raises the most entries that were live at once to the count of a saved state.
    pub fn raise_max_live(&self, entries: u64) {
        self.live.max.fetch_max(i64::try_from(entries).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// The hardware entries under a guest entry: the first, and how many.
    pub fn hw_entries(&self, table: &IommuTable, entry: GuestEntry) -> (HwEntry, u64) {
        let more = self.window.page_shift().get() - table.window().page_shift().get();
        (HwEntry(entry.0 << more), 1 << more)
    }

    /// May the guest write this value here? Errors: [`Error::LowBits`], [`Error::NotOwned`]; an
    /// entry without permissions is not looked at further (LoPAR 2.9, H_PUT_TCE, semantics 3).
    ///
    /// Linux: `kvmppc_tce_validate`.
    #[inline(always)]
    pub(crate) fn check(&self, frames: &Frames, raw: RawTce) -> Result<(), Error> {
        if !raw.is_live() {
            return Ok(());
        }
        self.window.check_address(raw.address())?;
        if raw.address() < frames.end(self.window.page_shift()) {
            Ok(())
        } else {
            Err(Error::NotOwned(Gpa(raw.address())))
        }
    }

    /// Writes one entry that has been checked, and counts it: handing the tally out beside an
    /// error would make it a round trip through memory. Errors: as [`write`](Self::write).
    #[inline(always)]
    pub(crate) fn write_one(
        &self,
        frames: &Frames,
        work: &mut Work,
        entry: GuestEntry,
        raw: RawTce,
    ) -> Result<(), Error> {
        match self.tables.first() {
            Some(table) if self.simple && work.plain => {
                let hw = HwEntry(entry.0);
                let mut slot = table.place(hw, raw.is_live(), work.may_allocate)?;
                let place = self.view.place(entry, raw.0 != 0, work.may_allocate)?;
                let mut xchg = Xchg::one(table, frames, work)?;
                if let Some(place) = place {
                    place.store(raw.0, Ordering::Release);
                }
                let mut tally = Tally { puts: 1, ..Tally::default() };
                if slot.is_none() {
                    slot = clear_already(table, hw);
                }
                if let Some(slot) = slot {
                    let new = frames.translate(raw);
                    let old = xchg.tce_xchg(hw, slot, new);
                    tally.note(old.is_live(), new.is_live());
                    let now = place.map_or_else(|| self.view.load(entry), View::read);
                    if now != raw {
                        tally += self.agree_one(frames, &mut xchg, entry, slot, now);
                    }
                }
                self.count_live(&tally);
                xchg.work().count(self.key, &tally);
            }
            _ => {
                let tally = self.write(frames, work, entry, 1, move |_| raw)?;
                work.count(self.key, &tally);
            }
        }
        Ok(())
    }

    /// Repeats the exchange of an entry with what another call has stored in the view meanwhile, until both agree. Its
    /// tally is a value, so that the tally of a call that has no need of this stays in registers.
    #[cold]
    #[inline(never)]
    fn agree_one(
        &self,
        frames: &Frames,
        xchg: &mut Xchg<'_, One>,
        entry: GuestEntry,
        slot: &AtomicTce,
        mut raw: RawTce,
    ) -> Tally {
        let mut tally = Tally::default();
        loop {
            let new = self.translate(frames, raw);
            let old = xchg.tce_xchg(HwEntry(entry.0), slot, new);
            tally.note(old.is_live(), new.is_live());
            match self.view.load(entry) {
                now if now == raw => return tally,
                now => raw = now,
            }
        }
    }

    /// Writes `count` entries from `first` on with `raw(0)`, `raw(1)` and so on. All of it has been
    /// checked. Errors: [`Error::NoMemory`], [`Error::OverBudget`], [`Error::NotRegistered`]; nothing
    /// was changed.
    #[inline]
    pub(crate) fn write(
        &self,
        frames: &Frames,
        work: &mut Work,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce + Copy,
    ) -> Result<Tally, Error> {
        self.reserve(frames, work, first, count, raw)?;
        let mut tally = Tally { puts: count as u64, ..Tally::default() };
        if self.tables.is_empty() {
            self.view.swap(first, count, raw, |old, new| tally.note(old.is_live(), new.is_live()));
            self.count_live(&tally);
            return Ok(tally);
        }
        self.view.store(first, count, raw);
        fence(Ordering::SeqCst);
        for (i, table) in self.tables.iter().enumerate() {
            let mut batch = Batch::new(table, frames, work)?;
            let mut change = Tally::default();
            if table.window().page_shift() == self.window.page_shift() {
                let new = move |n| frames.translate(raw(n));
                change = batch.exchange_all(HwEntry(first.0), count, new);
            } else {
                for n in 0..count {
                    let entry = GuestEntry(first.0 + n as u64);
                    self.exchange(table, &mut batch, entry, frames.translate(raw(n)), &mut change);
                }
            }
            self.view.differing(first, count, raw, |n| {
                let entry = GuestEntry(first.0 + n as u64);
                self.agree(frames, table, &mut batch, entry, &mut change);
            });
            // Each table holds the same; the first one counts.
            if i == 0 {
                tally += change;
            }
        }
        self.count_live(&tally);
        Ok(tally)
    }

    /// Writes one entry with a value that need not be right. In the hardware it maps the page that
    /// its address lies in, if that is guest memory, and else nothing, so that what was mapped
    /// before is no longer reachable (bug 65 of papr-tce 6.3). Errors: [`Error::NoMemory`],
    /// [`Error::OverBudget`]; nothing was changed.
    pub(crate) fn write_verbatim(
        &self,
        frames: &Frames,
        work: &mut Work,
        entry: GuestEntry,
        raw: RawTce,
    ) -> Result<Tally, Error> {
        self.make_room(frames, work, entry, 1, |_| raw)?;
        let mut tally = Tally { puts: 1, ..Tally::default() };
        if self.tables.is_empty() {
            let note = |old: RawTce, new: RawTce| tally.note(old.is_live(), new.is_live());
            self.view.swap(entry, 1, |_| raw, note);
            self.count_live(&tally);
            return Ok(tally);
        }
        self.view.store(entry, 1, |_| raw);
        fence(Ordering::SeqCst);
        for (i, table) in self.tables.iter().enumerate() {
            let mut change = Tally::default();
            let mut batch = Batch::new(table, frames, work)?;
            self.agree(frames, table, &mut batch, entry, &mut change);
            if i == 0 {
                tally += change;
            }
        }
        self.count_live(&tally);
        Ok(tally)
    }

    /// The hardware entry of any value that may be in the view, also one that was not checked.
    pub(crate) fn translate(&self, frames: &Frames, raw: RawTce) -> Tce {
        let inside_page = self.window.page_shift().low_bits() & !PERMISSIONS;
        let page = RawTce(raw.0 & !inside_page);
        if page.address() < frames.end(self.window.page_shift()) {
            frames.translate(page)
        } else {
            Tce::CLEAR
        }
    }

    /// Brings a hardware table into agreement with the view at one entry where another call
    /// writes too: steps 2 and 3 with what is in the view.
    #[cold]
    fn agree(
        &self,
        frames: &Frames,
        table: &IommuTable,
        batch: &mut Batch<'_>,
        entry: GuestEntry,
        change: &mut Tally,
    ) {
        let mut raw = self.view.load(entry);
        loop {
            let (first, count) = self.hw_entries(table, entry);
            let page = self.translate(frames, raw);
            let possible = !page.is_live()
                || table.reserve(first, count, |_| true, &mut || true).is_ok()
                    && self.pin(frames, table, raw).is_ok();
            let page = if possible { page } else { Tce::CLEAR };
            self.exchange(table, batch, entry, page, change);
            match self.view.load(entry) {
                now if now == raw => break,
                now => raw = now,
            }
        }
    }

    /// Exchanges the hardware entries under one guest entry. The first of them decides what the
    /// guest entry was.
    fn exchange(
        &self,
        table: &IommuTable,
        batch: &mut Batch<'_>,
        entry: GuestEntry,
        page: Tce,
        change: &mut Tally,
    ) {
        let (first, count) = self.hw_entries(table, entry);
        for n in 0..count {
            let new = page.further(n << table.window().page_shift().get());
            let old = batch.exchange(HwEntry(first.0 + n), new);
            if n == 0 {
                change.note(old.is_live(), new.is_live());
            }
        }
    }

    /// Makes and takes everything that the write needs, in an order in which a failure leaves
    /// nothing behind but empty levels.
    #[inline]
    fn reserve(
        &self,
        frames: &Frames,
        work: &Work,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce + Copy,
    ) -> Result<(), Error> {
        self.make_room(frames, work, first, count, raw)?;
        if work.plain { Ok(()) } else { self.pin_all(frames, work, count, raw) }
    }

    /// Makes the memory that the write needs, also that of values which were not checked.
    /// Errors: [`Error::NoMemory`], [`Error::OverBudget`]; at most empty levels were made.
    #[inline]
    pub(crate) fn make_room(
        &self,
        frames: &Frames,
        work: &Work,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce + Copy,
    ) -> Result<(), Error> {
        let liobn = self.window.liobn();
        let mut allowed = || work.has_memory(liobn);
        self.view.reserve(first, count, move |n| raw(n).0 != 0, &mut allowed)?;
        for table in &self.tables {
            let (first, each) = self.hw_entries(table, first);
            let live = |n| self.translate(frames, raw((n / each) as usize)).is_live();
            reserve_levels(table, work, first, count as u64 * each, live)?;
        }
        Ok(())
    }

    /// Pins every page of the write, for memory that may be unregistered, or none.
    #[cold]
    fn pin_all(
        &self,
        frames: &Frames,
        work: &Work,
        count: usize,
        raw: impl Fn(usize) -> RawTce,
    ) -> Result<(), Error> {
        let live = || (0..count).map(&raw).filter(|raw| raw.is_live());
        for gpa in live().map(|raw| Gpa(raw.address())) {
            if work.faults.as_ref().is_some_and(|f| f.unregistered(self.window.liobn(), gpa)) {
                return Err(Error::NotRegistered(gpa));
            }
        }
        // No list of what is done: there may be no memory for one.
        let pins = || live().flat_map(|raw| self.tables.iter().map(move |table| (table, raw)));
        for (done, (table, raw)) in pins().enumerate() {
            if let Err(error) = self.pin(frames, table, raw) {
                pins().take(done).for_each(|(table, raw)| self.unpin(frames, table, raw));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Pins the pages of one guest entry for one hardware table, or none.
    /// Errors: [`Error::NotRegistered`].
    fn pin(&self, frames: &Frames, table: &IommuTable, raw: RawTce) -> Result<(), Error> {
        let page = self.translate(frames, raw);
        let (_, count) = self.hw_entries(table, GuestEntry(0));
        let at = |n: u64| page.further(n << table.window().page_shift().get()).hpa();
        for n in 0..count {
            if let Err(error) = frames.reserve(at(n), table.window().page_shift(), 1) {
                (0..n).for_each(|n| frames.unreserve(at(n), 1));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes [`pin`](Self::pin) back.
    fn unpin(&self, frames: &Frames, table: &IommuTable, raw: RawTce) {
        let page = self.translate(frames, raw);
        let (_, count) = self.hw_entries(table, GuestEntry(0));
        for n in 0..count {
            frames.unreserve(page.further(n << table.window().page_shift().get()).hpa(), 1);
        }
    }

    /// Keeps the live count. Relaxed: a statistic, ordered by nothing.
    #[inline(always)]
    pub(crate) fn count_live(&self, tally: &Tally) {
        let net = tally.mapped.wrapping_sub(tally.cleared).cast_signed();
        if net != 0 {
            let now = self.live.now.fetch_add(net, Ordering::Relaxed) + net;
            if now > self.live.max.load(Ordering::Relaxed) {
                self.live.max.fetch_max(now, Ordering::Relaxed);
            }
        }
    }
}

/// The entry is clear because its level does not exist, and clear is what is wanted. As in a batch
/// that does not swap, a fence publishes what was stored in the view. If the level has appeared
/// meanwhile, its entry is to be exchanged after all.
#[cold]
fn clear_already(table: &IommuTable, entry: HwEntry) -> Option<&AtomicTce> {
    fence(Ordering::SeqCst);
    table.place(entry, false, false).unwrap_or_default()
}
