// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The steps of a call one by one, for prototypes that write the exchange themselves.
//!
//! [`Container::put`] and its kin take all steps, in the right order. A prototype of a tier takes them one at a time, as a
//! kernel's handler does, and may leave one out or take two in the wrong order. Nothing then corrupts memory, but the
//! accounting is wrong, and [`Container::audit`] and the [detector](crate::detector) show it.
//!
//! | step | Linux |
//! |---|---|
//! | [`Container::steps`] | `kvmppc_find_table` |
//! | [`Steps::ioba_validate`] | `kvmppc_ioba_validate` |
//! | [`Steps::tce_validate`] | `kvmppc_tce_validate` |
//! | [`Steps::translate`] | `kvmppc_tce_to_ua`, `mm_iommu_ua_to_hpa` |
//! | [`Steps::pin`] | `mm_iommu_mapped_inc` |
//! | [`Steps::xchg_no_kill`] | `iommu_tce_xchg_no_kill` |
//! | [`Steps::kill`] | `iommu_tce_kill` |
//! | [`Steps::dirty`] | `SetPageDirty` |
//! | [`Steps::release`] | `mm_iommu_mapped_dec` |
//! | [`Steps::put_view`] | `kvmppc_tce_put` |

use crate::exchange::tally::Tally;
use crate::exchange::xchg::clear_again;
use crate::frames::Frames;
use crate::guest::agent::Agent;
use crate::guest::container::Container;
use crate::guest::guest_table::GuestTable;
use crate::sync::Ordering;
use crate::table::IommuTable;
use crate::words::addr::{GuestEntry, Hpa, HwEntry, Ioba, Liobn};
use crate::words::error::Error;
use crate::words::tce::{RawTce, Tce};
use crate::words::window::Window;
use std::sync::Arc;

/// Steps on one window within one call. [`end`](Self::end) ends them.
#[derive(Debug)]
#[must_use = "the end of the steps counts them"]
pub struct Steps {
    window: Arc<GuestTable>,
    tally: Tally,
    /// Entries that were exchanged in any of the tables: from `first` to before `end`.
    first: u64,
    end: u64,
    /// Values displaced from watched tables that are not reported yet: table, entry, value.
    displaced: Vec<(usize, HwEntry, Tce)>,
}

impl Container {
    /// Begins steps on a window. Errors: [`Error::NoWindow`].
    ///
    /// Linux: `kvmppc_find_table`.
    pub fn steps(&self, by: &mut Agent, liobn: Liobn) -> Result<Steps, Error> {
        let window = by.windows().find(liobn)?.clone();
        Ok(Steps {
            window,
            tally: Tally::default(),
            first: u64::MAX,
            end: 0,
            displaced: Vec::new(),
        })
    }
}

impl Steps {
    /// The geometry of the window.
    pub fn window(&self) -> &Window {
        self.window.window()
    }

    /// The window of a hardware table by its number, or `None` behind the last one. Its page may be smaller than the guest's.
    pub fn table(&self, number: usize) -> Option<&Window> {
        self.window.tables().get(number).map(|table| table.window())
    }

    /// The first of `count` entries, if all of them are in the window.
    /// Errors: [`Error::Unaligned`], [`Error::Outside`].
    ///
    /// Linux: `kvmppc_ioba_validate`.
    pub fn ioba_validate(&self, ioba: Ioba, count: u64) -> Result<GuestEntry, Error> {
        self.window().range(ioba, count)
    }

    /// May the guest write this value here? Errors: [`Error::LowBits`], [`Error::NotOwned`].
    ///
    /// Linux: `kvmppc_tce_validate`.
    pub fn tce_validate(&self, frames: &Frames, raw: RawTce) -> Result<(), Error> {
        self.window.check(frames, raw)
    }

    /// The hardware entry of a value: its host page with its direction. An address outside guest memory gives the clear entry.
    ///
    /// Linux: `kvmppc_tce_to_ua`, then `mm_iommu_ua_to_hpa`.
    pub fn translate(&self, frames: &Frames, raw: RawTce) -> Tce {
        self.window.translate(frames, raw)
    }

    /// Takes a pin on a page for an entry of a table.
    /// Errors: [`Error::NotAttached`] without such a table; those of [`Frames::check_page`]; [`Error::NotRegistered`].
    ///
    /// Linux: `mm_iommu_mapped_inc`.
    pub fn pin(
        &self,
        frames: &Frames,
        by: &mut Agent,
        table: usize,
        hpa: Hpa,
    ) -> Result<(), Error> {
        let shift = self.hw(table)?.window().page_shift();
        frames.check_page(hpa, shift)?;
        frames.reserve(hpa, shift, 1)?;
        if frames.all_registered() {
            by.work.pins.pin(frames.frame(hpa), 1);
        }
        by.work.totals.pinned += 1;
        Ok(())
    }

    /// Gives a pin back. Errors: as [`pin`](Self::pin); [`Error::Foreign`] also when memory that may be unregistered
    /// has no pin here. Where all memory is registered for good, a pin too many that was given back shows in the audit.
    ///
    /// Linux: `mm_iommu_mapped_dec`.
    pub fn release(
        &mut self,
        frames: &Frames,
        by: &mut Agent,
        table: usize,
        hpa: Hpa,
    ) -> Result<(), Error> {
        frames.check_page(hpa, self.hw(table)?.window().page_shift())?;
        if !frames.all_registered() && frames.pins(hpa) == 0 {
            return Err(Error::Foreign(hpa));
        }
        frames.unpin(&by.work.pins, hpa, 1);
        by.work.totals.released += 1;
        self.report(|number, tce| number == table && tce.hpa() == hpa);
        Ok(())
    }

    /// Marks a page of a table's size dirty. Errors: as [`pin`](Self::pin).
    ///
    /// Linux: `SetPageDirty`.
    pub fn dirty(
        &self,
        frames: &Frames,
        by: &mut Agent,
        table: usize,
        hpa: Hpa,
    ) -> Result<(), Error> {
        let shift = self.hw(table)?.window().page_shift();
        frames.check_page(hpa, shift)?;
        frames.mark_dirty(hpa, shift);
        by.work.totals.dirtied += 1;
        Ok(())
    }

    /// Exchanges an entry of a table by its platform's operation, and takes no other step. Returns the displaced entry,
    /// which no other caller gets.
    ///
    /// Errors: [`Error::NotAttached`] without such a table; as [`Batch::tce_xchg`](crate::Batch::tce_xchg). Nothing has changed then.
    ///
    /// Linux: `iommu_tce_xchg_no_kill`.
    pub fn xchg_no_kill(
        &mut self,
        frames: &Frames,
        by: &mut Agent,
        table: usize,
        entry: HwEntry,
        new: Tce,
    ) -> Result<Tce, Error> {
        let window = self.window.clone();
        let hw = window.tables().get(table).ok_or(Error::NotAttached(window.window().liobn()))?;
        hw.check(entry)?;
        if new.is_live() {
            frames.check_page(new.hpa(), hw.window().page_shift())?;
        }
        let may = by.work.has_memory(window.window().liobn());
        let Some(slot) = hw.place(entry, new.is_live(), may)? else { return Ok(Tce::CLEAR) };
        if let Some(watch) = hw.watch()
            && new.is_live()
        {
            watch.stores(entry, new);
        }
        let old = hw.exchange()?.exchange_no_kill(entry, slot, new);
        self.first = self.first.min(entry.0);
        self.end = self.end.max(entry.0 + 1);
        let (first_of_guest, _) = window.hw_entries(hw, guest_entry(&window, hw, entry));
        if table == 0 && first_of_guest == entry {
            self.tally.note(old.is_live(), new.is_live());
        }
        if hw.watch().is_some() && old.is_live() {
            self.displaced.push((table, entry, old));
        }
        Ok(old)
    }

    /// Kills what bridges cached of `count` entries of a table. Errors: [`Error::NotAttached`]; [`Error::NoEntry`].
    ///
    /// Linux: `iommu_tce_kill`.
    pub fn kill(
        &self,
        by: &mut Agent,
        table: usize,
        first: HwEntry,
        count: u64,
    ) -> Result<(), Error> {
        let hw = self.hw(table)?;
        hw.check_range(first, count)?;
        if let Some(faults) = &by.work.faults {
            faults.before_kill(hw.window().liobn());
        }
        hw.exchange()?.kill(first, count);
        by.work.totals.kills += 1;
        Ok(())
    }

    /// Stores the guest's value in the view.
    /// Errors: [`Error::Outside`]; [`Error::NoMemory`], [`Error::OverBudget`] when the view needs memory and has none. Nothing has changed then.
    ///
    /// Linux: `kvmppc_tce_put`.
    pub fn put_view(&mut self, by: &Agent, entry: GuestEntry, raw: RawTce) -> Result<(), Error> {
        self.check(entry)?;
        let liobn = self.window().liobn();
        let may = raw.0 != 0 && by.work.has_memory(liobn);
        let place = self.window.view().place(entry, raw.0 != 0, may)?;
        self.tally.puts += 1;
        let Some(place) = place else { return Ok(()) };
        let old = RawTce(place.swap(raw.0, Ordering::AcqRel));
        if self.window.tables().is_empty() {
            self.tally.note(old.is_live(), raw.is_live());
        }
        Ok(())
    }

    /// The guest's value in the view. Errors: [`Error::Outside`].
    pub fn view(&self, entry: GuestEntry) -> Result<RawTce, Error> {
        self.check(entry)?;
        Ok(self.window.view().load(entry))
    }

    /// Ends the steps: they are counted, and the detector regards what they displaced as replaced. Entries of a table that was given up
    /// meanwhile are cleared.
    pub fn end(mut self, frames: &Frames, by: &mut Agent) {
        self.report(|_, _| true);
        self.window.count_live(&self.tally);
        by.work.count(self.window.key(), &self.tally);
        let count = self.end.saturating_sub(self.first);
        for table in self.window.tables().iter().filter(|table| count > 0 && table.is_sealed()) {
            let within = table.window().size().saturating_sub(self.first).min(count);
            clear_again(table, frames, &mut by.work, HwEntry(self.first), within);
        }
    }

    fn hw(&self, table: usize) -> Result<&IommuTable, Error> {
        let found = self.window.tables().get(table).map(|table| &**table);
        found.ok_or(Error::NotAttached(self.window().liobn()))
    }

    fn check(&self, entry: GuestEntry) -> Result<(), Error> {
        let window = self.window();
        match entry.0 < window.size() {
            true => Ok(()),
            false => Err(Error::NoEntry(HwEntry(entry.0))),
        }
    }

    /// Reports displaced entries to the detector, by table and value.
    fn report(&mut self, which: impl Fn(usize, Tce) -> bool) {
        let tables = self.window.tables();
        self.displaced.retain(|&(number, entry, tce)| {
            let now = which(number, tce);
            if let (true, Some(watch)) = (now, tables[number].watch()) {
                watch.displaced(entry, tce);
            }
            !now
        });
    }
}

/// The guest's entry over a hardware entry.
fn guest_entry(window: &GuestTable, hw: &IommuTable, entry: HwEntry) -> GuestEntry {
    let more = window.window().page_shift().get() - hw.window().page_shift().get();
    GuestEntry(entry.0 >> more)
}
