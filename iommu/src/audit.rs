// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The invariants, counted: what tests assert after each step and a run reports at its end.

use crate::addr::{GuestEntry, HwEntry};
use crate::container::Container;
use crate::guest_table::GuestTable;
use crate::table::IommuTable;
use crate::tce::Tce;

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
}

impl Container {
    /// Counts through all tables and frames. Exact when no agent is in a call.
    pub fn audit(&self) -> Audit {
        let mut audit = Audit::default();
        let mut mapped = vec![0u32; self.frames().len()];
        for table in self.windows() {
            for hw in table.tables() {
                audit.table(self, table, hw, &mut mapped);
            }
        }
        let pins = self.frames().all_pins();
        audit.leaked =
            pins.iter().zip(&mapped).map(|(&pins, &live)| u64::from(pins.abs_diff(live))).sum();
        audit
    }
}

impl Audit {
    fn table(&mut self, all: &Container, table: &GuestTable, hw: &IommuTable, mapped: &mut [u32]) {
        for entry in (0..table.window().size()).map(GuestEntry) {
            let page = all.frames().translate(table.view().load(entry));
            let (first, count) = table.hw_entries(hw, entry);
            for n in 0..count {
                let tce = hw.load(HwEntry(first.0 + n));
                let expected = page.further(n << hw.window().page_shift().get());
                self.disagreeing += u64::from(tce != expected);
                if tce.is_live() {
                    self.entry(all, hw, tce, mapped);
                }
            }
        }
    }

    fn entry(&mut self, all: &Container, hw: &IommuTable, tce: Tce, mapped: &mut [u32]) {
        self.live += 1;
        match all.frames().check_page(tce.hpa(), hw.window().page_shift()) {
            Ok(()) => mapped[all.frames().frame(tce.hpa())] += 1,
            Err(_) => self.foreign += 1,
        }
    }
}
