// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest's windows and page frames, and the four things it can do to them.
//!
//! Every check comes before the first change, so a refused call has changed nothing.

use crate::LIST_ENTRIES;
use crate::exchange::faults::Faults;
use crate::exchange::tally::{Stats, Tally, Totals, WindowStats};
use crate::exchange::work::WindowKey;
use crate::exchange::xchg::Batch;
use crate::frames::Frames;
use crate::guest::agent::Agent;
use crate::guest::guest_table::GuestTable;
use crate::guest::view::View;
use crate::guest::windows::{WindowList, Windows};
use crate::table::IommuTable;
use crate::table::budget::Budget;
use crate::words::addr::{GuestEntry, Ioba, Liobn};
use crate::words::error::Error;
use crate::words::tce::RawTce;
use crate::words::window::Window;
use arc_swap::ArcSwap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A guest's DMA windows and the frames of its memory.
///
/// Shared by all of the guest's vCPUs; each brings its own [`Agent`]. No call takes a lock.
/// Windows may come and go meanwhile.
pub struct Container {
    frames: Arc<Frames>,
    windows: Arc<ArcSwap<Windows>>,
    /// Taken while the windows are changed, never by a call. Counts the windows that ever were.
    change: Mutex<u64>,
    faults: Option<Arc<dyn Faults>>,
    budget: Option<Arc<Budget>>,
}

/// A window that is made and not yet the guest's. The memory that adding it needs is there.
#[derive(Debug)]
pub struct NewWindow(GuestTable);

impl NewWindow {
    /// A window over this view, without a hardware table.
    fn over(window: Window, view: View) -> NewWindow {
        NewWindow(GuestTable::new(window, view, WindowKey::UNPUBLISHED))
    }

    /// The window with a hardware table. Errors: [`Error::NoExchange`], [`Error::Incompatible`].
    fn attach(self, table: Arc<IommuTable>) -> Result<NewWindow, Error> {
        self.0.attach(table).map(NewWindow)
    }

    /// The geometry of the window.
    pub fn window(&self) -> &Window {
        self.0.window()
    }
}

impl Container {
    /// A guest with this memory and no windows.
    pub fn new(frames: impl Into<Arc<Frames>>) -> Container {
        Container {
            frames: frames.into(),
            windows: Arc::default(),
            change: Mutex::default(),
            faults: None,
            budget: None,
        }
    }

    /// The container with injected faults. Agents that were made before do not know of them.
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Container {
        Container { faults: Some(faults), ..self }
    }

    /// The container with a budget, in bytes, for the windows that its guest makes.
    pub fn with_budget(self, budget: Arc<Budget>) -> Container {
        Container { budget: Some(budget), ..self }
    }

    /// The budget of the windows that the guest makes, if they are limited.
    pub fn budget(&self) -> Option<&Arc<Budget>> {
        self.budget.as_ref()
    }

    /// Adds a window over a hardware table, which is the machine's own: no budget pays for it.
    ///
    /// Errors: [`Error::NoMemory`]; [`Error::Duplicate`] LIOBN (bug 55 of papr-tce 6.3),
    /// [`Error::NoExchange`], [`Error::Incompatible`].
    pub fn add_window(
        &self,
        window: Window,
        table: impl Into<Arc<IommuTable>>,
    ) -> Result<(), Error> {
        self.publish(self.new_window(window, table)?).map(drop)
    }

    /// The first half of [`add_window`](Self::add_window), which needs memory.
    ///
    /// Errors: [`Error::NoMemory`], [`Error::NoExchange`], [`Error::Incompatible`].
    pub fn new_window(
        &self,
        window: Window,
        table: impl Into<Arc<IommuTable>>,
    ) -> Result<NewWindow, Error> {
        NewWindow::over(window, View::new(window.size())?).attach(table.into())
    }

    /// Adds a window that the guest makes, over a new table: memory of view and table is charged to
    /// the budget, now and whenever there is more of it, until the window is removed.
    ///
    /// Errors: [`Error::NoExchange`], [`Error::OverBudget`]; then as [`add_window`](Self::add_window). Nothing is charged
    /// then, and the table is of no use.
    pub fn add_guest_window(&self, window: Window, table: Arc<IommuTable>) -> Result<(), Error> {
        self.publish(self.new_guest_window(window, table)?).map(drop)
    }

    /// The first half of [`add_guest_window`](Self::add_guest_window), which needs memory and charges it.
    ///
    /// Errors: [`Error::NoExchange`], [`Error::OverBudget`], [`Error::NoMemory`], [`Error::Incompatible`].
    pub fn new_guest_window(
        &self,
        window: Window,
        table: Arc<IommuTable>,
    ) -> Result<NewWindow, Error> {
        let Some(budget) = &self.budget else { return self.new_window(window, table) };
        table.exchange()?;
        table.charge_to(budget)?;
        NewWindow::over(window, View::charged(window.size(), budget)?).attach(table)
    }

    /// How many entries a window may have that the guest makes next, so that it can use all of them
    /// and all of its other windows: a power of two, or 0.
    pub fn offer(&self) -> u64 {
        let Some(budget) = &self.budget else { return 1 << 63 };
        let windows = self.windows.load();
        let theirs = windows.iter().filter(|window| window.view().is_charged());
        let taken = theirs.map(|window| full_cost(window.window().size()));
        let left = budget.limit().saturating_sub(taken.fold(0, u64::saturating_add));
        (0..64).rev().map(|shift| 1 << shift).find(|&size| full_cost(size) <= left).unwrap_or(0)
    }

    /// Adds a window that has no hardware table yet: calls change only the view.
    ///
    /// Errors: [`Error::NoMemory`], [`Error::Duplicate`].
    pub fn add_view(&self, window: Window) -> Result<Arc<GuestTable>, Error> {
        self.publish(NewWindow::over(window, View::new(window.size())?))
    }

    /// Makes a window the guest's. Errors: [`Error::Duplicate`].
    pub fn publish(&self, new: NewWindow) -> Result<Arc<GuestTable>, Error> {
        let NewWindow(new) = new;
        let window = *new.window();
        let new = self.change(|windows, id| {
            if windows.find(window.liobn()).is_ok() {
                return Err(Error::Duplicate(window.liobn()));
            }
            let new = Arc::new(new.with_key(WindowKey { slot: windows.free_slot(), id }));
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
    /// reference. Entries that are already in the view are not replayed into it.
    ///
    /// Errors: [`Error::NoWindow`], [`Error::NoExchange`], [`Error::Incompatible`].
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

    /// [`attach`](Self::attach)es to this window, and to no other that has its LIOBN now.
    pub(crate) fn attach_to(
        &self,
        window: &GuestTable,
        table: Arc<IommuTable>,
    ) -> Result<(), Error> {
        let (liobn, id) = (window.window().liobn(), window.key().id);
        self.replace(liobn, |window| window.key().id == id, |window| window.attach(table))
    }

    /// Takes one reference to a hardware table away, and the table from the window with the last.
    /// Its entries stay as they are: the owner of the table clears it, and gives it up for good
    /// with [`Container::retire`], so that no call that is under way leaves an entry in it.
    ///
    /// Errors: [`Error::NoWindow`], [`Error::NotAttached`].
    pub fn detach(&self, liobn: Liobn, table: &Arc<IommuTable>) -> Result<(), Error> {
        self.replace(
            liobn,
            |window| window.window().liobn() == liobn,
            |window| window.detach(table),
        )
    }

    /// [`detach`](Self::detach)es from this window, and from no other that has its LIOBN now.
    pub(crate) fn detach_from(
        &self,
        window: &GuestTable,
        table: &Arc<IommuTable>,
    ) -> Result<(), Error> {
        let (liobn, id) = (window.window().liobn(), window.key().id);
        self.replace(liobn, |window| window.key().id == id, |window| window.detach(table))
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
        by.refresh();
        log::debug!("DMA window {liobn} removed");
        Ok(())
    }

    /// Takes a window out of the list and leaves its hardware tables as they are. From then on its
    /// LIOBN is unknown.
    ///
    /// Linux: what closing a table's file descriptor does, `kvm_spapr_tce_release`.
    pub fn close_window(&self, window: &GuestTable) {
        let closed = self.change(|windows, _| {
            windows.0.retain(|table| table.key().id != window.key().id);
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

    /// The list of the windows, for a device that follows its changes.
    pub fn window_list(&self) -> WindowList {
        WindowList(self.windows.clone())
    }

    /// The window of this name. Errors: [`Error::NoWindow`].
    pub fn window(&self, liobn: Liobn) -> Result<Arc<GuestTable>, Error> {
        self.windows.load().find(liobn).cloned()
    }

    /// A new agent for a thread that will make calls.
    pub fn agent(&self) -> Agent {
        Agent::new(&self.frames, self.windows.clone(), self.faults.clone())
    }

    /// Maps, replaces or clears one entry.
    ///
    /// Errors, in order: [`Error::NoWindow`]; [`Error::Unaligned`], [`Error::Outside`];
    /// [`Error::LowBits`], [`Error::NotOwned`] if `tce` has a permission; [`Error::NoMemory`],
    /// [`Error::OverBudget`], [`Error::NotRegistered`].
    ///
    /// LoPAR 2.9, H_PUT_TCE. Linux: `kvmppc_h_put_tce`.
    #[inline(always)]
    pub fn put(&self, by: &mut Agent, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Error> {
        let Agent { windows, work, .. } = by;
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
        let Agent { windows, work, .. } = by;
        let table = windows.load().find(liobn)?;
        let entry = table.window().entry(ioba)?;
        let tally = table.write_verbatim(&self.frames, work, entry, tce)?;
        work.count(table.key(), &tally);
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
        let Agent { windows, work, .. } = by;
        let table = windows.load().find(liobn)?;
        let first = table.window().range(ioba, count)?;
        list.iter().try_for_each(|&tce| table.check(&self.frames, RawTce(tce)))?;
        let raw = move |i: usize| RawTce(list[i]);
        let tally = table.write(&self.frames, work, first, list.len(), raw)?;
        work.count(table.key(), &tally);
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
        let Agent { windows, work, .. } = by;
        let table = windows.load().find(liobn)?;
        table.window().entry(ioba)?;
        let Some(entries) = usize::try_from(count).ok().filter(|&n| n <= LIST_ENTRIES) else {
            return Err(Error::TooMany(count));
        };
        let first = table.window().range(ioba, count)?;
        table.check(&self.frames, tce)?;
        let tally = table.write(&self.frames, work, first, entries, move |_| tce)?;
        work.count(table.key(), &tally);
        Ok(())
    }

    /// Makes the memory that values in `count` entries would need, so that storing them needs none.
    /// For callers who store a range in more than one call.
    ///
    /// Errors: [`Error::NoWindow`], [`Error::Unaligned`], [`Error::Outside`], [`Error::NoMemory`],
    /// [`Error::OverBudget`]; then at most empty memory was made.
    pub fn make_room(
        &self,
        by: &mut Agent,
        liobn: Liobn,
        ioba: Ioba,
        count: u64,
        raw: impl Fn(usize) -> RawTce + Copy,
    ) -> Result<(), Error> {
        let Agent { windows, work, .. } = by;
        let table = windows.load().find(liobn)?;
        let first = table.window().range(ioba, count)?;
        table.make_room(
            &self.frames,
            work,
            first,
            usize::try_from(count).unwrap_or(usize::MAX),
            raw,
        )
    }

    /// Makes the memory that a value in an entry of a window that is not yet the guest's would need.
    ///
    /// Errors: [`Error::NoMemory`], [`Error::OverBudget`]; then at most empty memory was made.
    pub fn make_room_in(
        &self,
        by: &Agent,
        new: &NewWindow,
        entry: GuestEntry,
        raw: RawTce,
    ) -> Result<(), Error> {
        new.0.make_room(&self.frames, &by.work, entry, 1, |_| raw)
    }

    /// Arranges the windows in the order of these LIOBNs. Windows with other LIOBNs come first.
    pub fn arrange(&self, liobns: &[Liobn]) {
        let place = |window: &Arc<GuestTable>| {
            liobns.iter().position(|&liobn| liobn == window.window().liobn())
        };
        let arranged = self.change(|windows, _| {
            windows.0.sort_by_key(place);
            Ok(())
        });
        debug_assert!(arranged.is_ok());
    }

    /// The value that the guest last wrote, verbatim. Errors: as [`put`](Self::put) for the bus address.
    ///
    /// LoPAR 2.9, H_GET_TCE. Linux: `kvmppc_h_get_tce`.
    #[inline(always)]
    pub fn tce(&self, by: &mut Agent, liobn: Liobn, ioba: Ioba) -> Result<RawTce, Error> {
        let table = by.windows().find(liobn)?;
        Ok(table.view().load(table.window().entry(ioba)?))
    }

    /// Clears every entry of every window, as a reset of the guest does (bugs 56 and 67 of
    /// papr-tce 6.3). Entries that were never written cost nothing.
    pub fn clear(&self, by: &mut Agent) {
        let Agent { windows, work, .. } = by;
        for table in windows.load().iter() {
            table.view().for_each_run(&mut |first, count| {
                for done in (0..count).step_by(LIST_ENTRIES) {
                    let first = GuestEntry(first.0 + done as u64);
                    let here = (count - done).min(LIST_ENTRIES);
                    // Storing zero needs no memory and no registered page.
                    let tally = table.write(&self.frames, work, first, here, |_| RawTce(0));
                    if let Ok(tally) = tally {
                        work.count(table.key(), &tally);
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

/// Bytes of view and table of a window whose entries are all used: 8 of each, and a thirty-second part for
/// levels above and beside them.
fn full_cost(entries: u64) -> u64 {
    entries.saturating_mul(16).saturating_add(entries / 2)
}

/// [`Container::retire`], of a table that maps pages of these frames.
pub(crate) fn retire(frames: &Frames, by: &mut Agent, table: &IommuTable) {
    table.seal();
    // A table without the operation has no entry of a guest.
    if let Ok(mut batch) = Batch::new(table, frames, by) {
        batch.clear_all();
    }
    table.flush();
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container").field("windows", &self.windows()).finish_non_exhaustive()
    }
}
