// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The invariants, counted: what tests assert after each step and a run reports at its end.

use crate::frames::Frames;
use crate::guest::container::Container;
use crate::guest::guest_table::GuestTable;
use crate::table::IommuTable;
use crate::words::addr::{GuestEntry, HwEntry};
use crate::words::tce::Tce;

/// The state of a container at rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Live entries of the hardware tables.
    pub live: u64,
    /// Sum over pages of the difference between pins held and live entries that map the page.
    /// Not 0: the accounting is broken.
    pub leaked: u64,
    /// Hardware entries that are not the translation of the view.
    pub disagreeing: u64,
    /// Live hardware entries whose page is not guest memory.
    pub foreign: u64,
}

impl Audit {
    /// True when every invariant holds.
    pub fn holds(&self) -> bool {
        (self.leaked, self.disagreeing, self.foreign) == (0, 0, 0)
    }

    /// The accounting of tables that no view is over, such as a VFIO container's: every table in
    /// which pages of these frames are mapped. Exact when no agent is in a call.
    pub fn tables<'a>(frames: &Frames, tables: impl IntoIterator<Item = &'a IommuTable>) -> Audit {
        let mut audit = Audit::default();
        let mut mapped = vec![0u32; frames.len()];
        for table in tables {
            audit.table(frames, table, &mut mapped);
        }
        audit.pins(frames, &mapped);
        audit
    }

    fn table(&mut self, frames: &Frames, table: &IommuTable, mapped: &mut [u32]) {
        table.for_each_live(&mut |_, tce| {
            self.live += 1;
            match frames.check_page(tce.hpa(), table.window().page_shift()) {
                Ok(()) => mapped[frames.frame(tce.hpa())] += 1,
                Err(_) => self.foreign += 1,
            }
        });
    }

    fn pins(&mut self, frames: &Frames, mapped: &[u32]) {
        let pins = frames.all_pins();
        // Counts wrap: a page that was released too often has less than no pin.
        let difference = |(&pins, &live): (&u32, &u32)| pins.wrapping_sub(live).cast_signed();
        self.leaked =
            pins.iter().zip(mapped).map(|page| u64::from(difference(page).unsigned_abs())).sum();
    }

    /// Each live entry is the view's translation, and each entry that the view maps is live.
    fn agreement(&mut self, frames: &Frames, window: &GuestTable, hw: &IommuTable) {
        let expected = |entry: HwEntry| {
            let (hw_shift, shift) = (hw.window().page_shift().get(), window.window().page_shift());
            let guest = GuestEntry(entry.0 >> (shift.get() - hw_shift));
            if guest.0 >= window.window().size() {
                return Tce::CLEAR;
            }
            let (first, _) = window.hw_entries(hw, guest);
            window
                .translate(frames, window.view().load(guest))
                .further((entry.0 - first.0) << hw_shift)
        };
        hw.for_each_live(&mut |entry, tce| self.disagreeing += u64::from(tce != expected(entry)));
        window.view().for_each_run(&mut |first, count| {
            for guest in first.0..first.0 + count as u64 {
                let raw = window.view().load(GuestEntry(guest));
                if window.translate(frames, raw).is_live() {
                    let (first, count) = window.hw_entries(hw, GuestEntry(guest));
                    let missing = (0..count).filter(|n| !hw.load(HwEntry(first.0 + n)).is_live());
                    self.disagreeing += missing.count() as u64;
                }
            }
        });
    }
}

impl Container {
    /// Counts through all tables and frames. Exact when no agent is in a call.
    pub fn audit(&self) -> Audit {
        self.audit_with(&[])
    }

    /// Counts through more hardware tables than those of the windows, which map the guest's pages, too.
    pub fn audit_with(&self, more: &[&IommuTable]) -> Audit {
        let mut audit = Audit::default();
        let mut mapped = vec![0u32; self.frames().len()];
        for window in self.windows().iter() {
            for hw in window.tables() {
                audit.table(self.frames(), hw, &mut mapped);
                audit.agreement(self.frames(), window, hw);
            }
        }
        for table in more {
            audit.table(self.frames(), table, &mut mapped);
        }
        audit.pins(self.frames(), &mapped);
        audit
    }
}
