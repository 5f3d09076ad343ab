// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A PCI host bridge, as far as its DMA windows go: the guest makes and removes them itself.
//!
//! A PE has two windows at most. At first it has its default one, of small pages below 4 GiB;
//! a guest usually adds one that is large enough for all of its memory, at bus address 2^59.
//! It may also remove the default window, which then comes back with a reset, or when the last
//! other one is removed.

use crate::words::rtas_error::RtasError;
use iommu::container::NewWindow;
use iommu::{Agent, Container, Error, GuestTable, Ioba, IommuTable, Liobn, PageShift, Window};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most windows of a bridge.
const WINDOWS: usize = 2;
/// The start of a window that is not in the default one's place (papr-tce 3.4: bit 59 selects the
/// second translation).
const HIGH: Ioba = Ioba(1 << 59);
/// Most entries of a window, as a shift.
const MOST_ENTRIES: u32 = 31;
/// Larger windows would reach from one place into the other.
const MOST_BYTES: u32 = 59;

/// The bits of the page sizes that a query names, and the shifts of these pages.
const PAGE_SIZES: [(u32, u32); 9] = [
    (0x001, 12),
    (0x002, 16),
    (0x004, 24),
    (0x008, 25),
    (0x010, 26),
    (0x020, 27),
    (0x040, 28),
    (0x080, 34),
    (0x100, 21),
];

/// 4 KiB, 64 KiB, 16 MiB and 2 MiB: the page sizes of QEMU's bridge.
pub const DEFAULT_PAGE_SIZES: u32 = 0x107;

/// The PEs of a host bridge, each with windows of its own.
pub trait HostBridge {
    /// The PE of a bridge's unit address and a config address, whose register bits are 0.
    fn pe(&self, buid: u64, config_addr: u32) -> Option<&Phb>;
    /// The PE whose window can have this name.
    fn pe_of(&self, liobn: Liobn) -> Option<&Phb>;
}

/// A bridge with one PE, which all config addresses name.
impl HostBridge for Phb {
    fn pe(&self, buid: u64, _config_addr: u32) -> Option<&Phb> {
        (buid == self.buid).then_some(self)
    }

    fn pe_of(&self, _liobn: Liobn) -> Option<&Phb> {
        Some(self)
    }
}

/// Lets the devices of a PE translate through a table, as its window of this number, or no longer.
pub type Link = Box<dyn Fn(usize, Option<&Arc<IommuTable>>) + Send + Sync>;

/// Makes the hardware table of a window.
pub type MakeTable = Box<dyn Fn(Window) -> Result<Arc<IommuTable>, Error> + Send + Sync>;

/// A PE of a PCI host bridge, as far as its DMA windows go.
pub struct Phb {
    buid: u64,
    default: Window,
    page_sizes: u32,
    /// Of one window.
    most_entries: u64,
    table: MakeTable,
    /// Called after a window was added, and after one was removed.
    link: Option<Link>,
    /// True while the default window is there. Locked for each change, so that changes come one after
    /// the other; no TCE call locks it.
    has_default: Mutex<bool>,
}

/// A window of a bridge, as a saved state has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeWindow {
    /// The geometry of the window.
    pub window: Window,
    /// True for the default window, which the machine makes.
    pub default: bool,
}

/// The windows of a saved state ([`Phb::claim`]), with the memory that they need and without entries.
#[derive(Debug)]
pub struct BridgeClaim {
    windows: Vec<NewWindow>,
    has_default: bool,
}

impl BridgeClaim {
    /// The window of this name.
    pub fn find(&self, liobn: Liobn) -> Option<&NewWindow> {
        self.windows.iter().find(|new| new.window().liobn() == liobn)
    }
}

/// The windows that a guest may still make.
pub(crate) struct Offer {
    /// Number of windows.
    pub(crate) windows: u32,
    /// Entries of the largest one.
    pub(crate) max_tces: u64,
    /// Mask of its page sizes.
    pub(crate) page_sizes: u32,
}

impl Phb {
    /// A bridge without windows. `default` is the one that it gets first, `page_sizes` the mask of
    /// pages that further ones may have.
    pub fn new(buid: u64, default: Window, page_sizes: u32, table: MakeTable) -> Phb {
        let (most_entries, has_default) = (1 << MOST_ENTRIES, Mutex::new(false));
        Phb { buid, default, page_sizes, most_entries, table, link: None, has_default }
    }

    /// Has a bridge's devices follow the windows.
    pub fn with_link(self, link: Link) -> Phb {
        Phb { link: Some(link), ..self }
    }

    /// The LIOBNs that its windows have whenever they are there.
    pub fn liobns(&self) -> [Liobn; WINDOWS] {
        std::array::from_fn(|number| self.liobn(number))
    }

    /// Publishes a window, and lets devices use it.
    fn add(&self, container: &Container, new: NewWindow) -> Result<(), Error> {
        let table = container.publish(new)?;
        self.added(&table);
        Ok(())
    }

    fn added(&self, window: &GuestTable) {
        if let Some(link) = &self.link {
            let number = self.number(window.window().liobn());
            window.tables().iter().for_each(|table| link(number, Some(table)));
        }
    }

    /// Removes a window, and then the devices' way to it: its entries are cleared and killed while they can be reached.
    fn take(&self, container: &Container, agent: &mut Agent, liobn: Liobn) -> Result<(), Error> {
        container.remove_window(agent, liobn)?;
        if let Some(link) = &self.link {
            link(self.number(liobn), None);
        }
        Ok(())
    }

    fn number(&self, liobn: Liobn) -> usize {
        (liobn.0 - self.default.liobn().0) as usize // one of `liobns`
    }

    /// Limits the entries of a window, for a bridge that cannot walk more.
    pub fn with_most_entries(self, most: u64) -> Phb {
        Phb { most_entries: most.min(1 << MOST_ENTRIES), ..self }
    }

    /// The bridge's unit address.
    pub fn buid(&self) -> u64 {
        self.buid
    }

    /// The default window, whether it is there or not.
    pub fn default_window(&self) -> &Window {
        &self.default
    }

    /// Restores the default window, empty, and removes all others, as a reset of the machine does.
    ///
    /// Errors: those of the table; nothing was changed.
    pub fn reset(&self, container: &Container, agent: &mut Agent) -> Result<(), Error> {
        let mut has_default = self.lock();
        let default = self.make_default(container)?;
        for window in self.windows(container) {
            self.take(container, agent, window.liobn())?;
        }
        *has_default = false;
        self.add(container, default)?;
        *has_default = true;
        Ok(())
    }

    /// The windows that a guest may still make, all of which it can use: LoPAR 2.9 wants
    /// the TCEs "allocated to the PE". A guest may make larger windows, of which it then cannot use all.
    pub(crate) fn offer(&self, container: &Container) -> Result<Offer, RtasError> {
        let more = WINDOWS.saturating_sub(self.windows(container).len());
        let windows = u32::try_from(more).map_err(|_| RtasError::Hardware)?;
        let max_tces = self.most_entries.min(container.offer());
        Ok(Offer { windows, max_tces, page_sizes: self.page_sizes })
    }

    /// Makes a window: at the default one's place if that is free, else at 2^59.
    ///
    /// Everything is checked before anything is changed, and a table that cannot be made leaves
    /// nothing behind (bug 61 of papr-tce 6.3). LoPAR 2.9 calls it a parameter error when a window takes more
    /// resources than the bridge has, which here are the container's budget, and when there are more windows than
    /// possible; implementations differ in that answer, which is `no_more`.
    pub(crate) fn create(
        &self,
        container: &Container,
        page_shift: u32,
        window_shift: u32,
        no_more: RtasError,
    ) -> Result<Window, RtasError> {
        let page = self.page_shift(page_shift)?;
        match window_shift.checked_sub(page_shift) {
            Some(entries @ ..=MOST_ENTRIES)
                if 1 << entries <= self.most_entries && window_shift <= MOST_BYTES => {}
            _ => return Err(RtasError::Parameter),
        }
        let _changing = self.lock();
        let (liobn, start) = self.free_place(container).ok_or(no_more)?;
        let window = Window::bytes(liobn, start.0, 1 << window_shift, page);
        let window = window.map_err(|_| RtasError::Parameter)?;
        let made = (self.table)(window).and_then(|table| container.add_guest_window(window, table));
        made.map_err(|error| {
            log::warn!("no DMA window of 2^{window_shift} bytes for the guest: {error}");
            match error {
                Error::OverBudget => RtasError::Parameter,
                _ => RtasError::Hardware,
            }
        })?;
        if let Ok(added) = container.window(liobn) {
            self.added(&added);
        }
        Ok(window)
    }

    /// Removes a window. Its entries are cleared and their pages released before its LIOBN is gone
    /// (bug 30; papr-tce 7.82). The default window comes back when there is no other
    /// left, unless it was the one removed (bug 60; papr-tce 7.83).
    pub(crate) fn remove(
        &self,
        container: &Container,
        agent: &mut Agent,
        liobn: Liobn,
    ) -> Result<(), RtasError> {
        let mut has_default = self.lock();
        let windows = self.windows(container);
        if windows.iter().all(|window| window.liobn() != liobn) {
            return Err(RtasError::Parameter);
        }
        let is_default = *has_default && liobn == self.default.liobn();
        let last = windows.len() == 1 && !is_default;
        let default = last.then(|| self.make_default(container)).transpose().map_err(no_default)?;
        self.take(container, agent, liobn).map_err(|_| RtasError::Parameter)?;
        if is_default {
            *has_default = false;
        }
        if let Some(default) = default {
            self.add(container, default).map_err(no_default)?;
            *has_default = true;
        }
        Ok(())
    }

    /// The windows that are there, in the order of their LIOBNs.
    pub fn save(&self, container: &Container) -> Vec<BridgeWindow> {
        let has_default = *self.lock();
        let is_default = |window: &Window| has_default && *window == self.default;
        let windows = self.windows(container).into_iter();
        windows.map(|window| BridgeWindow { window, default: is_default(&window) }).collect()
    }

    /// Makes the windows of a saved state, empty and not yet the guest's.
    ///
    /// Errors: [`Error::Incompatible`] for windows that the guest of this bridge cannot have; [`Error::OverBudget`] and
    /// [`Error::NoMemory`]; those of the table. The windows of the bridge are unchanged.
    pub fn claim(
        &self,
        container: &Container,
        saved: &[BridgeWindow],
    ) -> Result<BridgeClaim, Error> {
        if !self.can_have(saved) {
            return Err(Error::Incompatible(self.default.liobn()));
        }
        let make = |saved: &BridgeWindow| match saved.default {
            true => self.make_default(container),
            false => container.new_guest_window(saved.window, (self.table)(saved.window)?),
        };
        let windows = saved.iter().map(make).collect::<Result<_, Error>>()?;
        Ok(BridgeClaim { windows, has_default: saved.iter().any(|saved| saved.default) })
    }

    /// Replaces all windows by claimed ones. Errors: [`Error::Duplicate`] when a window of another bridge has a claimed
    /// LIOBN.
    pub fn load(
        &self,
        container: &Container,
        agent: &mut Agent,
        claim: BridgeClaim,
    ) -> Result<(), Error> {
        let mut has_default = self.lock();
        for window in self.windows(container) {
            self.take(container, agent, window.liobn())?;
        }
        *has_default = claim.has_default;
        claim.windows.into_iter().try_for_each(|new| self.add(container, new))
    }

    /// True for windows that [`create`](Self::create) makes, and the default one, in places of their own.
    fn can_have(&self, saved: &[BridgeWindow]) -> bool {
        let made = |window: &Window| {
            (0..WINDOWS).any(|number| window.liobn() == self.liobn(number))
                && [self.default.start(), HIGH].contains(&window.start())
                && self.page_shift(window.page_shift().get()).is_ok()
                && window.size().is_power_of_two()
                && window.size() <= self.most_entries
                && window.len() <= 1 << MOST_BYTES
        };
        let apart = |(n, a): (usize, &BridgeWindow)| {
            let clash = |b: &BridgeWindow| {
                a.window.liobn() == b.window.liobn() || a.window.start() == b.window.start()
            };
            !saved[..n].iter().any(clash)
        };
        let one = |saved: &BridgeWindow| match saved.default {
            true => saved.window == self.default,
            false => made(&saved.window),
        };
        saved.len() <= WINDOWS && saved.iter().all(one) && saved.iter().enumerate().all(apart)
    }

    /// Makes the default window before another one is removed for it: there may be no memory. It is the
    /// machine's own and not charged to the guest, who could otherwise use up the memory for it.
    fn make_default(&self, container: &Container) -> Result<NewWindow, Error> {
        container.new_window(self.default, (self.table)(self.default)?)
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.has_default.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// LIOBN of a window by its number.
    fn liobn(&self, number: usize) -> Liobn {
        Liobn(self.default.liobn().0 | u32::try_from(number).unwrap_or(0))
    }

    fn windows(&self, container: &Container) -> Vec<Window> {
        let liobns = (0..WINDOWS).map(|number| self.liobn(number));
        let found = liobns.filter_map(|liobn| container.window(liobn).ok());
        found.map(|table| *table.window()).collect()
    }

    /// LIOBN and start of one more window, or `None` when the bridge has all that it can have.
    fn free_place(&self, container: &Container) -> Option<(Liobn, Ioba)> {
        let windows = self.windows(container);
        let mut numbers = (0..WINDOWS).map(|number| self.liobn(number));
        let free = numbers.find(|&liobn| windows.iter().all(|window| window.liobn() != liobn));
        let low = self.default.start();
        let start = if windows.iter().any(|window| window.start() == low) { HIGH } else { low };
        free.map(|liobn| (liobn, start))
    }

    /// A page that the bridge offers. Errors: [`RtasError::Parameter`], also for shifts that no
    /// number has (bug 62 of papr-tce 6.3).
    fn page_shift(&self, shift: u32) -> Result<PageShift, RtasError> {
        let offered = PAGE_SIZES.iter().any(|&(bit, s)| s == shift && self.page_sizes & bit != 0);
        let shift = PageShift::new(shift).ok().filter(|_| offered);
        shift.ok_or(RtasError::Parameter)
    }
}

pub(crate) fn no_default(error: Error) -> RtasError {
    log::warn!("the default DMA window cannot be restored: {error}");
    RtasError::Hardware
}

impl fmt::Debug for Phb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phb").field("buid", &self.buid).finish_non_exhaustive()
    }
}
