// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A group: a PE of a bridge, with the table that the host uses for it.

use crate::bridge::{Bridge, WINDOWS};
use crate::linux::errno::Errno;
use crate::linux::host::HostTable;
use crate::table::platform::Pe;
use crate::table::{IommuTable, MAX_LEVELS};
use crate::words::addr::{Ioba, Liobn};
use crate::words::window::{PageShift, Window};
use std::sync::Arc;

/// Where a PE's second window begins: bit 59 of the bus address selects it (papr-tce 3.4).
pub const SECOND_WINDOW: u64 = 1 << 59;
/// Where 32 bits of a bus address end.
const FOUR_GIB: u64 = 1 << 32;
/// Page sizes that a PE has unless said otherwise: 4 KiB, 64 KiB, 2 MiB, 16 MiB, 1 GiB.
const PAGE_SHIFTS: [u32; 5] = [12, 16, 21, 24, 30];

/// A group of devices that share their translation (Linux: `struct iommu_table_group`).
#[derive(Debug)]
pub struct Group {
    bridge: Arc<Bridge>,
    pe: Pe,
    host: HostTable,
}

impl Group {
    /// A PE with a window of `window32` bytes at bus address 0, which the host uses.
    ///
    /// Errors: [`Errno::Einval`] for a length that makes no window, [`Errno::Ebusy`] when the PE
    /// has a window 0 already.
    pub fn new(bridge: &Arc<Bridge>, pe: Pe, liobn: Liobn, window32: u64) -> Result<Group, Errno> {
        let window = Window::bytes(liobn, 0, window32, PageShift::K4)?;
        Group::over(bridge, pe, bridge.create_table(window, 1)?)
    }

    /// A PE with this table of the bridge, which the host uses, as its window 0.
    ///
    /// Errors: [`Errno::Ebusy`] when the PE has a window 0 already.
    pub fn over(bridge: &Arc<Bridge>, pe: Pe, table: Arc<IommuTable>) -> Result<Group, Errno> {
        bridge.set_window(pe, 0, &table).map_err(|_| Errno::Ebusy)?;
        Ok(Group { bridge: bridge.clone(), pe, host: HostTable::new(table) })
    }

    /// The host's table.
    pub fn host(&self) -> &HostTable {
        &self.host
    }

    /// The bridge behind which the group's devices are.
    pub fn bridge(&self) -> &Arc<Bridge> {
        &self.bridge
    }

    /// The PE.
    pub fn pe(&self) -> Pe {
        self.pe
    }

    /// Start and length of the window below 4 GiB; length 0 if the host's window is elsewhere.
    pub fn window32(&self) -> (Ioba, u64) {
        let window = self.host.table().window();
        match window.start().0 + window.len() {
            ..=FOUR_GIB => (window.start(), window.len()),
            _ => (Ioba(0), 0),
        }
    }

    /// Page sizes of dynamic windows, as a mask of powers of two (Linux: `pgsizes`).
    pub fn page_sizes(&self) -> u64 {
        PAGE_SHIFTS.iter().fold(0, |mask, shift| mask | 1 << shift)
    }

    /// Most levels of a table.
    pub fn max_levels(&self) -> u32 {
        self.host.table().platform().max_levels().min(MAX_LEVELS)
    }

    /// Takes the host's table and the window it is (Linux: `take_ownership` of a group with
    /// dynamic windows).
    pub(super) fn take_windows(&self) -> Result<(), Errno> {
        self.host.take_ownership()?;
        self.bridge.unset_window(self.pe, 0).map_err(|error| {
            self.host.release_ownership();
            error.into()
        })
    }

    /// Gives the PE these windows, all or none.
    pub(super) fn set_windows<'a>(
        &self,
        windows: impl Iterator<Item = (usize, &'a Arc<IommuTable>)> + Clone,
    ) -> Result<(), Errno> {
        for (done, (number, table)) in windows.clone().enumerate() {
            if let Err(error) = self.bridge.set_window(self.pe, number, table) {
                for (number, _) in windows.take(done) {
                    let unset = self.bridge.unset_window(self.pe, number);
                    debug_assert!(unset.is_ok());
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Gives the host its window back.
    pub(super) fn release_windows(&self) {
        // Every window of the user is gone, so its number is free.
        let set = self.bridge.set_window(self.pe, 0, self.host.table());
        debug_assert!(set.is_ok());
        self.host.release_ownership();
    }

    /// A table for window `number` (Linux: `create_table`).
    pub(super) fn create_table(
        &self,
        number: usize,
        page_shift: u32,
        bytes: u64,
        levels: u32,
    ) -> Result<Arc<IommuTable>, Errno> {
        let page_shift = PageShift::new(page_shift)?;
        if page_shift.bytes() & self.page_sizes() == 0 || !bytes.is_power_of_two() {
            return Err(Errno::Einval);
        }
        let start = if number == 0 { 0 } else { SECOND_WINDOW };
        let window = Window::bytes(self.liobn_of(number), start, bytes, page_shift)?;
        Ok(self.bridge.create_table(window, levels)?)
    }

    /// LIOBNs end in the number of the window.
    fn liobn_of(&self, number: usize) -> Liobn {
        debug_assert!(number < WINDOWS);
        Liobn(self.host.table().window().liobn().0 | u32::from(number != 0))
    }
}
