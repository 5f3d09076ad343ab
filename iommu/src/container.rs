// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest's windows and page frames, and the four things it can do to them.
//!
//! Every check comes before the first change, so a refused call has changed nothing.

use crate::LIST_ENTRIES;
use crate::addr::{Ioba, Liobn};
use crate::agent::Agent;
use crate::error::Error;
use crate::frames::Frames;
use crate::guest_table::GuestTable;
use crate::profile::Profile;
use crate::table::IommuTable;
use crate::tally::{Stats, Tally, Totals, WindowStats};
use crate::tce::RawTce;
use crate::window::Window;

/// A guest's DMA windows and the frames of its memory.
///
/// Shared by all of the guest's vCPUs; each brings its own [`Agent`]. No call takes a lock.
#[derive(Debug)]
pub struct Container {
    frames: Frames,
    profile: Profile,
    /// Few, so that a search from the front is faster than hashing.
    windows: Vec<GuestTable>,
}

impl Container {
    /// A guest with this memory and no windows.
    pub fn new(frames: Frames) -> Container {
        Container { frames, profile: Profile::LOPAR, windows: Vec::new() }
    }

    /// Adds a window over a hardware table.
    ///
    /// Errors: [`Error::Duplicate`] LIOBN (bug 55 of papr-tce 6.3), [`Error::Incompatible`].
    pub fn add_window(&mut self, window: Window, table: IommuTable) -> Result<(), Error> {
        if self.find(window.liobn()).is_ok() {
            return Err(Error::Duplicate(window.liobn()));
        }
        self.windows.push(GuestTable::new(window, table)?);
        let (liobn, shift, size) = (window.liobn(), window.page_shift(), window.size());
        log::debug!(
            "DMA window {liobn}: {size:#x} pages of 2^{shift} bytes from {}",
            window.start()
        );
        Ok(())
    }

    /// Attaches one more hardware table to a window; see [`GuestTable::attach`].
    pub fn attach(&mut self, liobn: Liobn, table: IommuTable) -> Result<(), Error> {
        let (index, _) = self.find(liobn)?;
        self.windows[index].attach(table)
    }

    /// The frames of guest memory.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// The answers that differ between implementations.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The windows, in the order in which they were added.
    pub fn windows(&self) -> &[GuestTable] {
        &self.windows
    }

    /// The window of this name. Errors: [`Error::NoWindow`].
    pub fn window(&self, liobn: Liobn) -> Result<&GuestTable, Error> {
        self.find(liobn).map(|(_, window)| window)
    }

    /// A new agent for a thread that will make calls.
    pub fn agent(&self) -> Agent {
        Agent::new(self.frames.shard(), self.windows.len())
    }

    /// Maps, replaces or clears one entry.
    ///
    /// Errors, in order: [`Error::NoWindow`]; [`Error::Unaligned`], [`Error::Outside`];
    /// [`Error::LowBits`], [`Error::NotOwned`] if `tce` has a permission.
    ///
    /// LoPAR 2.9, H_PUT_TCE. Linux: `kvmppc_h_put_tce`.
    #[inline]
    pub fn put(&self, by: &mut Agent, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Error> {
        let (index, table) = self.find(liobn)?;
        let entry = if tce.is_live() {
            let entry = table.window().tce_put_param_check(ioba, tce.address())?;
            table.check_owned(&self.frames, tce)?;
            entry
        } else {
            table.window().tce_clear_param_check(ioba, 0, 1)?
        };
        let tally = table.write_one(&self.frames, by, entry, tce);
        by.count(index, &tally);
        Ok(())
    }

    /// Writes the list into consecutive entries; all of it or, on an error, nothing.
    ///
    /// `list` is the caller's own copy: what the guest does to its page meanwhile cannot matter.
    /// Errors: [`Error::TooMany`] above 512; then as [`put`](Self::put).
    ///
    /// LoPAR 2.9, H_PUT_TCE_INDIRECT. Linux: `kvmppc_h_put_tce_indirect`.
    pub fn put_list(
        &self,
        by: &mut Agent,
        liobn: Liobn,
        ioba: Ioba,
        list: &[u64],
    ) -> Result<(), Error> {
        let count = list.len() as u64;
        if list.len() > LIST_ENTRIES {
            return Err(Error::TooMany(count));
        }
        let (index, table) = self.find(liobn)?;
        let first = table.window().range(ioba, count)?;
        list.iter().try_for_each(|&tce| table.check(&self.frames, RawTce(tce)))?;
        let tally = table.write(&self.frames, by, first, list.len(), |i| RawTce(list[i]));
        by.count(index, &tally);
        Ok(())
    }

    /// Writes one value into `count` consecutive entries; a value with permissions maps its page
    /// in all of them.
    ///
    /// Errors, in order: [`Error::NoWindow`]; `ioba` as in [`put`](Self::put);
    /// [`Error::TooMany`] above the profile's limit; [`Error::Outside`]; the value as in `put`.
    ///
    /// LoPAR 2.9, H_STUFF_TCE. Linux: `kvmppc_h_stuff_tce`.
    pub fn stuff(
        &self,
        by: &mut Agent,
        liobn: Liobn,
        ioba: Ioba,
        tce: RawTce,
        count: u64,
    ) -> Result<(), Error> {
        let (index, table) = self.find(liobn)?;
        table.window().entry(ioba)?;
        if count > self.profile.stuff_limit {
            return Err(Error::TooMany(count));
        }
        let first = table.window().range(ioba, count)?;
        table.check(&self.frames, tce)?;
        // The range is inside a table of host size.
        let tally = table.write(&self.frames, by, first, count as usize, |_| tce);
        by.count(index, &tally);
        Ok(())
    }

    /// What the guest last wrote, verbatim. Errors: as [`put`](Self::put) for the bus address.
    ///
    /// LoPAR 2.9, H_GET_TCE. Linux: `kvmppc_h_get_tce`.
    #[inline]
    pub fn tce(&self, liobn: Liobn, ioba: Ioba) -> Result<RawTce, Error> {
        let (_, table) = self.find(liobn)?;
        Ok(table.view().load(table.window().entry(ioba)?))
    }

    /// Clears every entry of every window, as a reset of the guest does.
    pub fn clear(&self, by: &mut Agent) {
        for (index, table) in self.windows.iter().enumerate() {
            for first in (0..table.window().size()).step_by(LIST_ENTRIES) {
                let count = (table.window().size() - first).min(LIST_ENTRIES as u64) as usize;
                let first = crate::GuestEntry(first);
                let tally = table.write(&self.frames, by, first, count, |_| RawTce(0));
                by.count(index, &tally);
            }
        }
    }

    /// The summary of the windows and of what these agents did. At rest only.
    pub fn stats<'a>(&self, agents: impl IntoIterator<Item = &'a Agent>) -> Stats {
        let mut tallies = vec![Tally::default(); self.windows.len()];
        let mut totals = Totals::default();
        for agent in agents {
            totals += agent.totals();
            tallies.iter_mut().enumerate().for_each(|(i, tally)| *tally += agent.tally(i));
        }
        let windows = self.windows.iter().zip(tallies).map(|(table, tally)| WindowStats {
            liobn: table.window().liobn(),
            page_shift: table.window().page_shift(),
            size: table.window().size(),
            tally,
            live: table.live(),
            max_live: table.max_live(),
        });
        Stats { windows: windows.collect(), totals, leaked: self.audit().leaked }
    }

    #[inline]
    fn find(&self, liobn: Liobn) -> Result<(usize, &GuestTable), Error> {
        let mut windows = self.windows.iter().enumerate();
        windows.find(|(_, t)| t.window().liobn() == liobn).ok_or(Error::NoWindow(liobn))
    }
}
