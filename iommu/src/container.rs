// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest's windows and page frames, and the four things it can do to them.
//!
//! Every check comes before the first change, so a refused call has changed nothing.

use crate::LIST_ENTRIES;
use crate::addr::{GuestEntry, Ioba, Liobn};
use crate::agent::Agent;
use crate::batch::Batch;
use crate::error::Error;
use crate::faults::Faults;
use crate::frames::Frames;
use crate::guest_table::GuestTable;
use crate::table::IommuTable;
use crate::tally::{Stats, Tally, Totals, WindowStats};
use crate::tce::RawTce;
use crate::window::Window;
use crate::windows::Windows;
use arc_swap::{ArcSwap, Cache};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A guest's DMA windows and the frames of its memory.
///
/// Shared by all of the guest's vCPUs; each brings its own [`Agent`]. No call takes a lock.
/// Windows may come and go meanwhile.
pub struct Container {
    frames: Arc<Frames>,
    windows: Arc<ArcSwap<Windows>>,
    /// Taken by who changes the windows, never by a call. Counts the windows that ever were.
    change: Mutex<u64>,
    faults: Option<Arc<dyn Faults>>,
}

impl Container {
    /// A guest with this memory and no windows.
    pub fn new(frames: impl Into<Arc<Frames>>) -> Container {
        Container {
            frames: frames.into(),
            windows: Arc::default(),
            change: Mutex::default(),
            faults: None,
        }
    }

    /// The same with injected faults. Agents made before do not know of them.
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Container {
        Container { faults: Some(faults), ..self }
    }

    /// Adds a window over a hardware table.
    ///
    /// Errors: [`Error::Duplicate`] LIOBN (bug 55 of papr-tce 6.3), [`Error::Incompatible`].
    pub fn add_window(
        &self,
        window: Window,
        table: impl Into<Arc<IommuTable>>,
    ) -> Result<(), Error> {
        self.add(window, Some(table.into())).map(drop)
    }

    /// Adds a window that has no hardware table yet: calls change only the view.
    ///
    /// Errors: [`Error::Duplicate`].
    pub fn add_view(&self, window: Window) -> Result<Arc<GuestTable>, Error> {
        self.add(window, None)
    }

    fn add(
        &self,
        window: Window,
        table: Option<Arc<IommuTable>>,
    ) -> Result<Arc<GuestTable>, Error> {
        let new = self.change(|windows, id| {
            if windows.find(window.liobn()).is_ok() {
                return Err(Error::Duplicate(window.liobn()));
            }
            let mut new = GuestTable::new(window, windows.free_slot(), id);
            if let Some(table) = table {
                new = new.attach(table)?;
            }
            let new = Arc::new(new);
            windows.0.push(new.clone());
            Ok(new)
        })?;
        let (liobn, shift, size) = (window.liobn(), window.page_shift(), window.size());
        log::debug!(
            "DMA window {liobn}: {size:#x} pages of 2^{shift} bytes from {}",
            window.start()
        );
        Ok(new)
    }

    /// Attaches one more hardware table to a window; one that is attached already gets another
    /// reference. What is in the view already is not replayed into it.
    ///
    /// Errors: [`Error::NoWindow`], [`Error::Incompatible`].
    ///
    /// Linux: `kvm_spapr_tce_attach_iommu_group`.
    pub fn attach(&self, liobn: Liobn, table: impl Into<Arc<IommuTable>>) -> Result<(), Error> {
        let table = table.into();
        self.replace(
            liobn,
            |window| window.window().liobn() == liobn,
            |window| window.attach(table),
        )
    }

    /// The same for this window and no other that has its LIOBN now.
    pub(crate) fn attach_to(
        &self,
        window: &GuestTable,
        table: Arc<IommuTable>,
    ) -> Result<(), Error> {
        let (liobn, id) = (window.window().liobn(), window.id());
        self.replace(liobn, |window| window.id() == id, |window| window.attach(table))
    }

    /// Takes one reference to a hardware table away, and the table from the window with the last.
    /// Its entries stay as they are: whoever owns the table clears it, and gives it up for good
    /// with [`Container::retire`], so that no call that is under way stores into it any more.
    ///
    /// Errors: [`Error::NoWindow`], [`Error::NotAttached`].
    pub fn detach(&self, liobn: Liobn, table: &Arc<IommuTable>) -> Result<(), Error> {
        self.replace(
            liobn,
            |window| window.window().liobn() == liobn,
            |window| window.detach(table),
        )
    }

    /// The same for this window and no other that has its LIOBN now.
    pub(crate) fn detach_from(
        &self,
        window: &GuestTable,
        table: &Arc<IommuTable>,
    ) -> Result<(), Error> {
        let (liobn, id) = (window.window().liobn(), window.id());
        self.replace(liobn, |window| window.id() == id, |window| window.detach(table))
    }

    /// Takes one reference to each of these tables away from every window that has one.
    pub(crate) fn release_tables(&self, tables: &[Arc<IommuTable>]) {
        let released = self.change(|windows, _| {
            for window in &mut windows.0 {
                for table in tables {
                    if let Ok(without) = window.detach(table) {
                        *window = Arc::new(without);
                    }
                }
            }
            Ok(())
        });
        debug_assert!(released.is_ok());
    }

    fn replace(
        &self,
        liobn: Liobn,
        which: impl Fn(&GuestTable) -> bool,
        with: impl FnOnce(&GuestTable) -> Result<GuestTable, Error>,
    ) -> Result<(), Error> {
        self.change(|windows, _| {
            let at = windows.iter().position(|window| which(window));
            let window = &mut windows.0[at.ok_or(Error::NoWindow(liobn))?];
            *window = Arc::new(with(window)?);
            Ok(())
        })
    }

    /// Publishes changed windows, or nothing on an error. `change` gets a number that no window
    /// has had.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Windows, u64) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut windows_ever = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut windows = Windows::clone(&self.windows.load());
        let done = change(&mut windows, *windows_ever)?;
        *windows_ever += 1;
        self.windows.store(Arc::new(windows));
        Ok(done)
    }

    /// Removes a window with its hardware tables: every entry is cleared, killed and released, and
    /// only then is the LIOBN gone (bug 30 of papr-tce 6.1).
    ///
    /// Calls that are under way, or come before the LIOBN is gone, succeed in the view; nothing
    /// that they map stays ([`IommuTable`] says how). Errors: [`Error::NoWindow`].
    pub fn remove_window(&self, by: &mut Agent, liobn: Liobn) -> Result<(), Error> {
        let window = self.window(liobn)?;
        for table in window.tables() {
            self.retire(by, table);
        }
        // Another thread may have removed it first, and may have added a new one of that name.
        self.close_window(&window);
        log::debug!("DMA window {liobn} removed");
        Ok(())
    }

    /// Takes a window out of the list and leaves its hardware tables as they are. From then on its
    /// LIOBN is unknown.
    ///
    /// Linux: what closing a table's file descriptor does, `kvm_spapr_tce_release`.
    pub fn close_window(&self, window: &GuestTable) {
        let closed = self.change(|windows, _| {
            windows.0.retain(|table| table.id() != window.id());
            Ok(())
        });
        debug_assert!(closed.is_ok());
    }

    /// Gives a hardware table up for good: its entries are cleared, killed and released, and
    /// whatever a call that is under way still stores there is cleared by that call.
    pub fn retire(&self, by: &mut Agent, table: &IommuTable) {
        retire(&self.frames, by, table);
    }

    /// The frames of guest memory.
    pub fn frames(&self) -> &Arc<Frames> {
        &self.frames
    }

    /// The windows as they are now, in the order in which they were added.
    pub fn windows(&self) -> Arc<Windows> {
        self.windows.load_full()
    }

    /// The window of this name. Errors: [`Error::NoWindow`].
    pub fn window(&self, liobn: Liobn) -> Result<Arc<GuestTable>, Error> {
        self.windows.load().find(liobn).cloned()
    }

    /// A new agent for a thread that will make calls.
    pub fn agent(&self) -> Agent {
        let windows = Cache::new(self.windows.clone());
        Agent::new(&self.frames, windows, self.faults.clone())
    }

    /// Maps, replaces or clears one entry.
    ///
    /// Errors, in order: [`Error::NoWindow`]; [`Error::Unaligned`], [`Error::Outside`];
    /// [`Error::LowBits`], [`Error::NotOwned`] if `tce` has a permission; [`Error::NoMemory`],
    /// [`Error::NotRegistered`].
    ///
    /// LoPAR 2.9, H_PUT_TCE. Linux: `kvmppc_h_put_tce`.
    #[inline(always)]
    pub fn put(&self, by: &mut Agent, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Error> {
        let Agent { windows, work } = by;
        let table = windows.load().find(liobn)?;
        let entry = table.window().entry(ioba)?;
        table.check(&self.frames, tce)?;
        table.write_one(&self.frames, work, entry, tce)
    }

    /// Stores any value, for callers whose rules take what [`put`](Self::put) refuses: in the hardware
    /// it maps the guest page that its address lies in, or nothing if there is none.
    ///
    /// Errors, in order: [`Error::NoWindow`]; [`Error::Unaligned`], [`Error::Outside`];
    /// [`Error::NoMemory`].
    ///
    /// QEMU: `put_tce_emu`.
    pub fn put_verbatim(
        &self,
        by: &mut Agent,
        liobn: Liobn,
        ioba: Ioba,
        tce: RawTce,
    ) -> Result<(), Error> {
        let Agent { windows, work } = by;
        let table = windows.load().find(liobn)?;
        let entry = table.window().entry(ioba)?;
        let tally = table.write_verbatim(&self.frames, work, entry, tce)?;
        work.count(table, &tally);
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
        let Agent { windows, work } = by;
        let table = windows.load().find(liobn)?;
        let first = table.window().range(ioba, count)?;
        list.iter().try_for_each(|&tce| table.check(&self.frames, RawTce(tce)))?;
        let tally = table.write(&self.frames, work, first, list.len(), move |i| RawTce(list[i]))?;
        work.count(table, &tally);
        Ok(())
    }

    /// Writes one value into `count` consecutive entries; a value with permissions maps its page
    /// in all of them.
    ///
    /// Errors, in order: [`Error::NoWindow`]; `ioba` as in [`put`](Self::put);
    /// [`Error::TooMany`] above 512; [`Error::Outside`]; the value as in `put`.
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
        let Agent { windows, work } = by;
        let table = windows.load().find(liobn)?;
        table.window().entry(ioba)?;
        let Some(entries) = usize::try_from(count).ok().filter(|&n| n <= LIST_ENTRIES) else {
            return Err(Error::TooMany(count));
        };
        let first = table.window().range(ioba, count)?;
        table.check(&self.frames, tce)?;
        let tally = table.write(&self.frames, work, first, entries, move |_| tce)?;
        work.count(table, &tally);
        Ok(())
    }

    /// What the guest last wrote, verbatim. Errors: as [`put`](Self::put) for the bus address.
    ///
    /// LoPAR 2.9, H_GET_TCE. Linux: `kvmppc_h_get_tce`.
    #[inline(always)]
    pub fn tce(&self, by: &mut Agent, liobn: Liobn, ioba: Ioba) -> Result<RawTce, Error> {
        let table = by.windows().find(liobn)?;
        Ok(table.view().load(table.window().entry(ioba)?))
    }

    /// Clears every entry of every window, as a reset of the guest does (bugs 56 and 67 of
    /// papr-tce 6.3). What was never written costs nothing.
    pub fn clear(&self, by: &mut Agent) {
        let Agent { windows, work } = by;
        for table in windows.load().iter() {
            table.view().for_each_run(&mut |first, count| {
                for done in (0..count).step_by(LIST_ENTRIES) {
                    let first = GuestEntry(first.0 + done as u64);
                    let here = (count - done).min(LIST_ENTRIES);
                    // Storing zero needs no memory and no registered page.
                    if let Ok(tally) = table.write(&self.frames, work, first, here, |_| RawTce(0)) {
                        work.count(table, &tally);
                    }
                }
            });
        }
    }

    /// The summary of the windows and of what these agents did. At rest only.
    pub fn stats<'a>(&self, agents: impl IntoIterator<Item = &'a Agent>) -> Stats {
        let all = self.windows();
        let mut tallies = vec![Tally::default(); all.len()];
        let mut totals = Totals::default();
        for agent in agents {
            totals += agent.totals();
            all.iter().zip(&mut tallies).for_each(|(table, tally)| *tally += agent.tally(table));
        }
        let windows = all.iter().zip(tallies).map(|(table, tally)| WindowStats {
            liobn: table.window().liobn(),
            page_shift: table.window().page_shift(),
            size: table.window().size(),
            tally,
            live: table.live(),
            max_live: table.max_live(),
        });
        Stats { windows: windows.collect(), totals, leaked: self.audit().leaked }
    }
}

/// [`Container::retire`], of a table that maps pages of these frames.
pub(crate) fn retire(frames: &Frames, by: &mut Agent, table: &IommuTable) {
    table.seal();
    Batch::new(table, frames, by).clear_all();
    table.flush();
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container").field("windows", &self.windows()).finish_non_exhaustive()
    }
}
