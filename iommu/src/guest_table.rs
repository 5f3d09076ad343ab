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

use crate::addr::{Gpa, GuestEntry, HwEntry};
use crate::agent::Agent;
use crate::batch::{Batch, tce_xchg_one};
use crate::error::Error;
use crate::frames::Frames;
use crate::table::IommuTable;
use crate::tally::Tally;
use crate::tce::RawTce;
use crate::view::View;
use crate::window::Window;
use std::sync::atomic::{AtomicI64, Ordering, fence};

/// A window of the guest with its view and its hardware tables, of which there is at least one.
#[derive(Debug)]
pub struct GuestTable {
    window: Window,
    view: View,
    tables: Vec<IommuTable>,
    /// Entries that are live in the first hardware table. Touched when a call changes it; signed
    /// because a call that clears may arrive before the one that mapped.
    live: AtomicI64,
    max_live: AtomicI64,
}

impl GuestTable {
    /// A window over a hardware table. Errors: [`Error::Incompatible`].
    pub fn new(window: Window, table: IommuTable) -> Result<GuestTable, Error> {
        let view = View::new(window.size());
        let (live, max_live) = Default::default();
        let mut new = GuestTable { window, view, tables: Vec::new(), live, max_live };
        new.attach(table)?;
        Ok(new)
    }

    /// Adds a hardware table, which must be empty. Entries that are already in the view are not
    /// replayed into it.
    ///
    /// Errors: [`Error::Incompatible`] when its pages are larger than the guest's, it begins
    /// elsewhere or it is smaller (Linux: `kvm_spapr_tce_attach_iommu_group`).
    pub fn attach(&mut self, table: IommuTable) -> Result<(), Error> {
        let hw = table.window();
        let covers = hw.page_shift() <= self.window.page_shift()
            && hw.start() == self.window.start()
            && hw.len() >= self.window.len();
        if !covers {
            return Err(Error::Incompatible(self.window.liobn()));
        }
        self.tables.push(table);
        Ok(())
    }

    /// The geometry.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The guest's view.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The hardware tables.
    pub fn tables(&self) -> &[IommuTable] {
        &self.tables
    }

    /// Entries live now. Exact when no agent is in a call.
    pub fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// Most entries that were live at once.
    pub fn max_live(&self) -> u64 {
        self.max_live.load(Ordering::Relaxed).max(0).unsigned_abs()
    }

    /// The hardware entries under a guest entry: the first, and how many.
    pub fn hw_entries(&self, table: &IommuTable, entry: GuestEntry) -> (HwEntry, u64) {
        let more = self.window.page_shift().get() - table.window().page_shift().get();
        (HwEntry(entry.0 << more), 1 << more)
    }

    /// May the guest write this value? Errors: [`Error::LowBits`], [`Error::NotOwned`]; an entry
    /// without permissions is not looked at further (LoPAR 2.9, H_PUT_TCE, semantics 3).
    #[inline(always)]
    pub(crate) fn check(&self, frames: &Frames, raw: RawTce) -> Result<(), Error> {
        if raw.is_live() {
            self.window.check_address(raw.address())?;
            self.check_owned(frames, raw)?;
        }
        Ok(())
    }

    /// Is the page, whose alignment was checked, guest memory? Errors: [`Error::NotOwned`].
    #[inline(always)]
    pub(crate) fn check_owned(&self, frames: &Frames, raw: RawTce) -> Result<(), Error> {
        if raw.address() < frames.end(self.window.page_shift()) {
            Ok(())
        } else {
            Err(Error::NotOwned(Gpa(raw.address())))
        }
    }

    /// Writes one entry that has been checked; nothing can fail.
    #[inline(always)]
    pub(crate) fn write_one(
        &self,
        frames: &Frames,
        by: &mut Agent,
        entry: GuestEntry,
        mut raw: RawTce,
    ) -> Tally {
        match &self.tables[..] {
            // By far the commonest: one hardware table with the guest's pages.
            [table] if table.window().page_shift() == self.window.page_shift() => {
                self.view.store_one(entry, raw);
                let mut tally = Tally { puts: 1, ..Tally::default() };
                loop {
                    let new = frames.translate(raw);
                    let old = tce_xchg_one(table, frames, by, HwEntry(entry.0), new);
                    tally.note(old.is_live(), new.is_live());
                    match self.view.load(entry) {
                        now if now == raw => break,
                        now => raw = now,
                    }
                }
                self.count_live(&tally);
                tally
            }
            _ => self.write(frames, by, entry, 1, |_| raw),
        }
    }

    /// Writes `count` entries from `first` on with `raw(0)`, `raw(1)` and so on. All of it has been
    /// checked; nothing can fail.
    #[inline]
    pub(crate) fn write(
        &self,
        frames: &Frames,
        by: &mut Agent,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce,
    ) -> Tally {
        self.view.store(first, count, &raw);
        fence(Ordering::SeqCst);
        let mut tally = Tally { puts: count as u64, ..Tally::default() };
        for (i, table) in self.tables.iter().enumerate() {
            let mut batch = Batch::new(table, frames, by);
            let mut change = Tally::default();
            let agree = |batch: &mut _, change: &mut _, n: usize| {
                self.agree(frames, table, batch, GuestEntry(first.0 + n as u64), change);
            };
            if table.window().page_shift() == self.window.page_shift() {
                let new = |n| frames.translate(raw(n));
                change = batch.exchange_all(HwEntry(first.0), count, new);
                self.view.differing(first, count, &raw, |n| agree(&mut batch, &mut change, n));
            } else {
                (0..count).for_each(|n| agree(&mut batch, &mut change, n));
            }
            // Each table holds the same; the first one counts.
            if i == 0 {
                tally += change;
            }
        }
        self.count_live(&tally);
        tally
    }

    /// Brings a hardware table into agreement with the view at one entry: steps 2 and 3. For what
    /// is rare: another call's value in the view, and hardware pages smaller than the guest's.
    #[cold]
    fn agree(
        &self,
        frames: &Frames,
        table: &IommuTable,
        batch: &mut Batch<'_>,
        entry: GuestEntry,
        change: &mut Tally,
    ) {
        let page_shift = table.window().page_shift().get();
        let (first, count) = self.hw_entries(table, entry);
        let mut raw = self.view.load(entry);
        loop {
            let page = frames.translate(raw);
            for n in 0..count {
                let new = page.further(n << page_shift);
                let old = batch.exchange(HwEntry(first.0 + n), new);
                if n == 0 {
                    change.note(old.is_live(), new.is_live());
                }
            }
            match self.view.load(entry) {
                now if now == raw => break,
                now => raw = now,
            }
        }
    }

    /// Keeps the live count. Relaxed: a statistic, ordered by nothing.
    #[inline(always)]
    fn count_live(&self, tally: &Tally) {
        let net = tally.mapped.wrapping_sub(tally.cleared).cast_signed();
        if net != 0 {
            let live = self.live.fetch_add(net, Ordering::Relaxed) + net;
            if live > self.max_live.load(Ordering::Relaxed) {
                self.max_live.fetch_max(live, Ordering::Relaxed);
            }
        }
    }
}
