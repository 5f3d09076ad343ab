// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A hardware table: big-endian entries in memory and the platform that walks them.

pub mod budget;
pub mod detector;
pub mod host_entries;
pub mod platform;
pub(crate) mod radix;
pub mod swinv;

use crate::sync::{AtomicU64, Ordering, fence};
use crate::table::budget::Budget;
use crate::table::detector::Watch;
use crate::table::host_entries::HostEntries;
use crate::table::platform::{Exchange, Platform};
use crate::table::radix::Radix;
use crate::words::addr::HwEntry;
use crate::words::error::Error;
use crate::words::tce::{AtomicTce, Tce};
use crate::words::window::Window;
use std::fmt;
use std::sync::Arc;

/// Most entries of a flat table (1 GiB of host memory). Larger windows want several levels.
pub const MAX_FLAT: u64 = 1 << 27;
/// Most levels of a table (Linux: `POWERNV_IOMMU_MAX_LEVELS`).
pub const MAX_LEVELS: u32 = 5;
/// A level is at least a 4 KiB page of entries, as in Linux, if the walk allows it. (Five such
/// levels never pass [`WALK_BITS`]; those of Linux do not either.)
const PAGE_LEVEL_SHIFT: u32 = 9;
/// And at least 64 entries.
const MIN_LEVEL_SHIFT: u32 = 6;
/// Bits of bus address that a multi-level walk reaches (Linux: `pnv_pci_ioda2_table_alloc_pages`).
const WALK_BITS: u32 = 55;

/// A hardware table of a window (Linux: `struct iommu_table`).
///
/// Entries of guests are exchanged, by [`tce_xchg`](crate::tce_xchg) or a [`Batch`](crate::Batch), which
/// keep the accounting; [`set`](Self::set) and [`clear`](Self::clear) are for mappings of the host itself.
pub struct IommuTable {
    window: Window,
    tces: Radix<AtomicTce>,
    platform: Arc<dyn Platform>,
    /// The platform's exchange operation, if it has one.
    exchange: Option<Exchange>,
    /// Not 0 once the table is given up: no entry is live in it, or stays so. Stored before its
    /// entries are cleared, loaded after an entry was swapped; see [`seal`](Self::seal).
    sealed: AtomicU64,
    watch: Option<Watch>,
    /// Where the first entry is in host memory, for bridges that know entries by address.
    address: u64,
}

impl IommuTable {
    /// An empty flat table for the window; its page may be smaller than the guest's.
    /// Errors: [`Error::TooLarge`], [`Error::NoMemory`].
    pub fn new(window: Window, platform: impl Platform + 'static) -> Result<IommuTable, Error> {
        IommuTable::with_levels(window, 1, platform)
    }

    /// An empty table of 1 to 5 levels, of which all but the top one are allocated when they
    /// are needed. All levels have the same number of entries, at least 64.
    ///
    /// Errors: [`Error::Levels`] when the platform cannot walk them, for several levels also
    /// when the window's size is not a power of two or the walk would pass 55 bits;
    /// [`Error::TooLarge`] for a flat table; [`Error::NoMemory`].
    ///
    /// Linux: `pnv_pci_ioda2_table_alloc_pages`.
    pub fn with_levels(
        window: Window,
        levels: u32,
        platform: impl Platform + 'static,
    ) -> Result<IommuTable, Error> {
        IommuTable::over(window, levels, Arc::new(platform))
    }

    /// [`with_levels`](Self::with_levels) of a platform that is shared already.
    pub fn over(
        window: Window,
        levels: u32,
        platform: Arc<dyn Platform>,
    ) -> Result<IommuTable, Error> {
        if levels == 0 || levels > MAX_LEVELS.min(platform.max_levels()) {
            return Err(Error::Levels(levels));
        }
        let tces = if levels == 1 { flat(&window)? } else { tree(&window, levels)? };
        Ok(IommuTable {
            window,
            tces,
            exchange: platform.clone().exchange(),
            platform,
            sealed: AtomicU64::new(0),
            watch: None,
            address: 0,
        })
    }

    /// Charges the memory of the table, now and whenever it gets a level, to a budget. Before the
    /// table is used; once only.
    ///
    /// Errors: [`Error::OverBudget`]; nothing is charged.
    pub fn charge_to(&self, budget: &Arc<Budget>) -> Result<(), Error> {
        self.tces.charge_to(budget)
    }

    /// The table, watched by a [`Detector`](crate::table::detector::Detector).
    pub fn watched(self, watch: Watch) -> IommuTable {
        IommuTable { watch: Some(watch), ..self }
    }

    /// The table at this address in host memory.
    pub(crate) fn at(self, address: u64) -> IommuTable {
        IommuTable { address, ..self }
    }

    #[inline]
    pub(crate) fn address(&self) -> u64 {
        self.address
    }

    /// Where the table is on the bus, and its page.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The platform whose operations change entries.
    pub fn platform(&self) -> &dyn Platform {
        &*self.platform
    }

    /// The platform's exchange operation. Errors: [`Error::NoExchange`].
    #[inline(always)]
    pub fn exchange(&self) -> Result<&Exchange, Error> {
        match &self.exchange {
            Some(exchange) => Ok(exchange),
            None => Err(Error::NoExchange(self.window.liobn())),
        }
    }

    /// How many levels it has; 1 is flat.
    pub fn levels(&self) -> u32 {
        self.tces.levels()
    }

    /// Levels that are allocated.
    pub fn allocated_levels(&self) -> usize {
        self.tces.allocated()
    }

    /// The entry, decoded. Errors: [`Error::NoEntry`]. Linux: the `get` operation.
    pub fn tce(&self, entry: HwEntry) -> Result<Tce, Error> {
        self.check(entry)?;
        Ok(self.load(entry))
    }

    /// Maps `count` consecutive pages of the host's own from `first` on, the first of which is
    /// that of `tce`. Nothing is pinned, and what was there is forgotten: the host knows it
    /// was clear. [`Tce::CLEAR`] clears.
    ///
    /// Errors: [`Error::NoEntry`], [`Error::LowBits`], [`Error::NoMemory`]; nothing was changed.
    ///
    /// Linux: the `set` operation.
    pub fn set(&self, first: HwEntry, count: u64, tce: Tce) -> Result<(), Error> {
        self.check_range(first, count)?;
        if tce.hpa().0 & self.window.page_shift().low_bits() != 0 {
            return Err(Error::LowBits(tce.hpa().0));
        }
        if tce.is_live() {
            self.reserve(first, count, |_| true, &mut || true)?;
        }
        let mut entries = self.host_entries(first, count);
        self.platform.set(&mut entries, tce);
        entries.end();
        Ok(())
    }

    /// Clears `count` mappings of the host's own. Errors: [`Error::NoEntry`].
    ///
    /// Linux: the `clear` operation.
    pub fn clear(&self, first: HwEntry, count: u64) -> Result<(), Error> {
        self.check_range(first, count)?;
        let mut entries = self.host_entries(first, count);
        self.platform.clear(&mut entries);
        entries.end();
        Ok(())
    }

    /// Entries that were checked and, for a store of a live one, reserved.
    fn host_entries(&self, first: HwEntry, count: u64) -> HostEntries<'_> {
        let (tces, watch, page_shift) = (&self.tces, self.watch(), self.window.page_shift());
        HostEntries { tces, watch, page_shift, first, count, displaced: Vec::new() }
    }

    /// Linux: the `flush` operation, `iommu_flush_tce`.
    pub fn flush(&self) {
        self.platform.flush();
    }

    /// Gives the table up, before its entries are cleared for good.
    ///
    /// A thread may be about to store into the table. It finds the entry's level, swaps the entry, passes a
    /// sequentially consistent fence, and then asks whether the table is sealed. Giving the table up
    /// seals it, passes such a fence, and then walks all levels and entries. Of two such fences one is
    /// first. If it is the thread's, the walk finds the level and the entry, and clears it. If it is the
    /// other one, the thread finds the table sealed and clears the entry itself. Either way nothing stays.
    pub(crate) fn seal(&self) {
        self.sealed.swap(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Takes the table into use again, with a new owner.
    pub(crate) fn unseal(&self) {
        self.sealed.store(0, Ordering::Release);
    }

    /// True when the table was given up. Asked after a swap and a fence.
    #[inline(always)]
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed.load(Ordering::Acquire) != 0
    }

    /// True when an exchange is one swap in memory and one kill, and nothing observes it.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        self.watch.is_none() && self.exchange.as_ref().is_some_and(Exchange::is_in_memory)
    }

    pub(crate) fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    /// Errors: [`Error::NoEntry`].
    pub(crate) fn check(&self, entry: HwEntry) -> Result<(), Error> {
        if entry.0 < self.window.size() { Ok(()) } else { Err(Error::NoEntry(entry)) }
    }

    /// Errors: [`Error::NoEntry`].
    pub(crate) fn check_range(&self, first: HwEntry, count: u64) -> Result<(), Error> {
        match first.0.checked_add(count) {
            Some(end) if end <= self.window.size() => Ok(()),
            _ => Err(Error::NoEntry(first)),
        }
    }

    /// Reads an entry that was checked; clear where its level does not exist.
    #[inline]
    pub(crate) fn load(&self, entry: HwEntry) -> Tce {
        self.tces.get(entry.0).map_or(Tce::CLEAR, AtomicTce::load)
    }

    /// Of `count` entries from `first` on, which were checked, those in the first one's level:
    /// how many, and the entries if the level exists.
    #[inline(always)]
    pub(crate) fn slots(&self, first: HwEntry, count: usize) -> (usize, &[AtomicTce]) {
        match self.tces.leaf(first.0) {
            Some((leaf, at)) => {
                let here = &leaf[at..];
                let here = &here[..count.min(here.len())];
                (here.len(), here)
            }
            None => (count.min(self.tces.left_in_leaf(first.0)), &[]),
        }
    }

    /// The place of an entry that was checked. Where its level does not exist, it is made if `needed`.
    /// Errors: [`Error::NoMemory`], also when memory is not `allowed`; [`Error::OverBudget`].
    #[inline(always)]
    pub(crate) fn place(
        &self,
        entry: HwEntry,
        needed: bool,
        allowed: bool,
    ) -> Result<Option<&AtomicTce>, Error> {
        match self.tces.get(entry.0) {
            None if needed => self.new_place(entry, allowed).map(Some),
            place => Ok(place),
        }
    }

    #[cold]
    fn new_place(&self, entry: HwEntry, allowed: bool) -> Result<&AtomicTce, Error> {
        let (level, at) = self.tces.leaf_or_new(entry.0, &mut || allowed)?;
        level.get(at).ok_or(Error::NoMemory)
    }

    /// The place of an entry that was checked, if its level exists.
    #[inline(always)]
    pub(crate) fn slot(&self, entry: HwEntry) -> Option<&AtomicTce> {
        self.tces.get(entry.0)
    }

    /// Makes the levels of those among `count` entries from `first` on, which were checked, that are
    /// `needed(n)`, n from 0 up. Errors: [`Error::NoMemory`], [`Error::OverBudget`].
    #[inline]
    pub(crate) fn reserve(
        &self,
        first: HwEntry,
        count: u64,
        needed: impl Fn(u64) -> bool,
        allowed: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        if self.levels() == 1 {
            return Ok(());
        }
        self.tces.reserve(first.0, count, needed, allowed)
    }

    /// Calls `with` for each live entry. Levels that do not exist cost nothing.
    pub fn for_each_live(&self, with: &mut dyn FnMut(HwEntry, Tce)) {
        self.tces.for_each_leaf(&mut |first, leaf| {
            for (i, slot) in leaf.iter().enumerate() {
                let tce = slot.load();
                if tce.is_live() {
                    with(HwEntry(first + i as u64), tce);
                }
            }
        });
    }
}

fn flat(window: &Window) -> Result<Radix<AtomicTce>, Error> {
    if window.size() > MAX_FLAT {
        return Err(Error::TooLarge(window.size()));
    }
    Radix::flat(window.size())
}

fn tree(window: &Window, levels: u32) -> Result<Radix<AtomicTce>, Error> {
    let entries_shift = window.size().ilog2();
    let needed = entries_shift.div_ceil(levels);
    let fits = |shift: &u32| shift * levels + window.page_shift().get() < WALK_BITS;
    let shifts = [PAGE_LEVEL_SHIFT, MIN_LEVEL_SHIFT].map(|least| needed.max(least));
    match shifts.into_iter().find(fits) {
        Some(shift) if window.size().is_power_of_two() => Radix::new(window.size(), levels, shift),
        _ => Err(Error::Levels(levels)),
    }
}

impl fmt::Debug for IommuTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IommuTable")
            .field("window", &self.window)
            .field("levels", &self.levels())
            .field("platform", &self.platform.name())
            .finish_non_exhaustive()
    }
}
