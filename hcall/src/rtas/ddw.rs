// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Dynamic DMA windows: the guest makes and removes the windows of a PCI host bridge itself.
//!
//! A bridge has two windows at most. At first it has its default one, of small pages below 4 GiB;
//! a guest usually adds one that is large enough for all of its memory, at bus address 2^59.
//! It may also remove the default window, which then comes back with a reset, or when the last
//! other one is removed.

use super::{Outputs, RtasError, services};
use crate::machine::Caller;
use iommu::container::NewWindow;
use iommu::{Agent, Container, Error, Ioba, IommuTable, Liobn, PageShift, Window};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

services![
    Service {
        token: 0x2010,
        name: "ibm,query-pe-dma-window",
        call: query_pe_dma_window(config_addr, buid_hi, buid_lo),
        returns: [windows_available, max_tces, page_sizes, migration]
            or [windows_available, max_tces_hi, max_tces_lo, page_sizes, migration],
        spec: "LoPAR 2.9, ibm,query-pe-dma-window",
    },
    Service {
        token: 0x2011,
        name: "ibm,create-pe-dma-window",
        call: create_pe_dma_window(config_addr, buid_hi, buid_lo, page_shift, window_shift),
        returns: [liobn, ioba_hi, ioba_lo],
        spec: "LoPAR 2.9, ibm,create-pe-dma-window",
    },
    Service {
        token: 0x2012,
        name: "ibm,remove-pe-dma-window",
        call: remove_pe_dma_window(liobn),
        returns: [],
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window",
    },
    Service {
        token: 0x2013,
        name: "ibm,reset-pe-dma-windows",
        call: reset_pe_dma_windows(config_addr, buid_hi, buid_lo),
        returns: [],
        spec: "LoPAR 2.9, ibm,reset-pe-dma-windows",
    },
];

/// Windows that a bridge can have.
const WINDOWS: usize = 2;
/// Where a window goes that is not at the default one's place (papr-tce 3.4: bit 59 selects the
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

/// 4 KiB, 64 KiB, 16 MiB and 2 MiB: what QEMU's bridge offers.
pub const DEFAULT_PAGE_SIZES: u32 = 0x107;

/// Makes the hardware table of a window.
pub type MakeTable = Box<dyn Fn(Window) -> Result<Arc<IommuTable>, Error> + Send + Sync>;

/// A PCI host bridge, as far as its DMA windows go.
pub struct Phb {
    buid: u64,
    default: Window,
    page_sizes: u32,
    /// Of one window.
    most_entries: u64,
    table: MakeTable,
    /// Whether the default window is there. Taken for each change, so that changes come one after
    /// the other; no TCE call takes it.
    has_default: Mutex<bool>,
}

impl Phb {
    /// A bridge without windows. `default` is the one that it gets first, `page_sizes` the mask of
    /// pages that further ones may have.
    pub fn new(buid: u64, default: Window, page_sizes: u32, table: MakeTable) -> Phb {
        let (most_entries, has_default) = (1 << MOST_ENTRIES, Mutex::new(false));
        Phb { buid, default, page_sizes, most_entries, table, has_default }
    }

    /// The same whose windows have at most so many entries, for a bridge that cannot walk more.
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

    /// Back to the default window, empty, and no other: what a reset of the machine does too.
    ///
    /// Errors: those of the table; nothing was changed.
    pub fn reset(&self, container: &Container, agent: &mut Agent) -> Result<(), Error> {
        let mut has_default = self.lock();
        let default = self.make_default(container)?;
        for window in self.windows(container) {
            container.remove_window(agent, window.liobn())?;
        }
        *has_default = false;
        container.publish(default)?;
        *has_default = true;
        Ok(())
    }

    /// The default window, before another one goes for it: there may be no memory. It is the machine's
    /// own and not charged to the guest, who could otherwise use up what it needs.
    fn make_default(&self, container: &Container) -> Result<NewWindow, Error> {
        container.new_window(self.default, (self.table)(self.default)?)
    }

    /// Entries of the largest window that can be made now.
    fn most_entries(&self, container: &Container) -> u64 {
        self.most_entries.min(container.offer())
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

    /// A page that the bridge offers. Errors: [`RtasError::Parameter`], also for shifts that no
    /// number has (bug 62 of papr-tce 6.3).
    fn page_shift(&self, shift: u32) -> Result<PageShift, RtasError> {
        let offered = PAGE_SIZES.iter().any(|&(bit, s)| s == shift && self.page_sizes & bit != 0);
        let shift = PageShift::new(shift).ok().filter(|_| offered);
        shift.ok_or(RtasError::Parameter)
    }
}

impl fmt::Debug for Phb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phb").field("buid", &self.buid).finish_non_exhaustive()
    }
}

/// The bridge that a call names. Errors: [`RtasError::Parameter`] when there is none of this BUID,
/// or the configuration address has register bits (LoPAR 2.9, `config_addr`).
fn find<'a>(on: &Caller<'a>, config_addr: u32, buid: [u32; 2]) -> Result<&'a Phb, RtasError> {
    let [hi, lo] = buid.map(u64::from);
    let phb = on.phb.filter(|phb| phb.buid == hi << 32 | lo && config_addr & 0xff00_00ff == 0);
    phb.ok_or(RtasError::Parameter)
}

/// What a query answers, in a form of 4 or of 5 outputs.
struct Offer {
    windows: u32,
    max_tces: u64,
    page_sizes: u32,
}

impl Outputs for Offer {
    fn write(self, to: &mut [u32]) {
        let [hi, lo] = halves(self.max_tces);
        // Windows are not moved to other page sizes, so there is no migration mask.
        let tail = [self.page_sizes, 0];
        match to.len() {
            4 => [self.windows, if hi == 0 { lo } else { u32::MAX }, tail[0], tail[1]].write(to),
            _ => [self.windows, hi, lo, tail[0], tail[1]].write(to),
        }
    }
}

/// How many more windows there can be, and of what. What a query offers the guest can use: LoPAR 2.9 wants
/// the TCEs "allocated to the PE". A guest may make larger windows, of which it then cannot use all.
fn query_pe_dma_window(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<Offer, RtasError> {
    let phb = find(on, config_addr, [buid_hi, buid_lo])?;
    let more = WINDOWS.saturating_sub(phb.windows(on.container).len());
    let windows = u32::try_from(more).map_err(|_| RtasError::Hardware)?;
    let max_tces = phb.most_entries(on.container);
    Ok(Offer { windows, max_tces, page_sizes: phb.page_sizes })
}

/// Makes a window: at the default one's place if that is free, else at 2^59.
///
/// Everything is checked before anything is changed, and a table that cannot be made leaves
/// nothing behind (bug 61 of papr-tce 6.3). LoPAR 2.9 calls it a parameter error when a window takes more
/// resources than the bridge has, which here are the container's budget.
fn create_pe_dma_window(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    page_shift: u32,
    window_shift: u32,
) -> Result<[u32; 3], RtasError> {
    let phb = find(on, config_addr, [buid_hi, buid_lo])?;
    let page = phb.page_shift(page_shift)?;
    match window_shift.checked_sub(page_shift) {
        Some(entries @ ..=MOST_ENTRIES)
            if 1 << entries <= phb.most_entries && window_shift <= MOST_BYTES => {}
        _ => return Err(RtasError::Parameter),
    }
    let _changing = phb.lock();
    let windows = phb.windows(on.container);
    let mut numbers = (0..WINDOWS).map(|number| phb.liobn(number));
    let free = numbers.find(|&liobn| windows.iter().all(|window| window.liobn() != liobn));
    let liobn = free.ok_or(RtasError::Hardware)?;
    let low = phb.default.start();
    let start = if windows.iter().any(|window| window.start() == low) { HIGH } else { low };
    let window = Window::bytes(liobn, start.0, 1 << window_shift, page);
    let window = window.map_err(|_| RtasError::Parameter)?;
    let failed = |error| {
        log::warn!("no DMA window of 2^{window_shift} bytes for the guest: {error}");
        match error {
            Error::OverBudget => RtasError::Parameter,
            _ => RtasError::Hardware,
        }
    };
    let table = (phb.table)(window).map_err(failed)?;
    on.container.add_guest_window(window, table).map_err(failed)?;
    let [ioba_hi, ioba_lo] = halves(start.0);
    Ok([liobn.0, ioba_hi, ioba_lo])
}

/// Removes a window. Its entries are cleared and their pages released before its LIOBN is gone
/// (bug 30; papr-tce 7.82). The default window comes back when there is no other any
/// more, unless it was the one removed (bug 60; papr-tce 7.83).
fn remove_pe_dma_window(on: &mut Caller<'_>, liobn: u32) -> Result<[u32; 0], RtasError> {
    let phb = on.phb.ok_or(RtasError::Parameter)?;
    let mut has_default = phb.lock();
    let windows = phb.windows(on.container);
    let liobn = Liobn(liobn);
    if windows.iter().all(|window| window.liobn() != liobn) {
        return Err(RtasError::Parameter);
    }
    on.accel.tag("ibm,remove-pe-dma-window");
    let is_default = *has_default && liobn == phb.default.liobn();
    let last = windows.len() == 1 && !is_default;
    let default = last.then(|| phb.make_default(on.container)).transpose().map_err(no_default)?;
    let removed = on.container.remove_window(on.agent, liobn);
    removed.map_err(|_| RtasError::Parameter)?;
    if is_default {
        *has_default = false;
    }
    if let Some(default) = default {
        on.container.publish(default).map_err(no_default)?;
        *has_default = true;
    }
    on.machine.windows_removed();
    Ok([])
}

/// Back to the default window alone (papr-tce 7.87).
fn reset_pe_dma_windows(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<[u32; 0], RtasError> {
    let phb = find(on, config_addr, [buid_hi, buid_lo])?;
    on.accel.tag("ibm,reset-pe-dma-windows");
    phb.reset(on.container, on.agent).map_err(no_default)?;
    on.machine.windows_removed();
    Ok([])
}

fn no_default(error: Error) -> RtasError {
    log::warn!("the default DMA window cannot be restored: {error}");
    RtasError::Hardware
}

/// `ibm,ddw-applicable` of the bridge: the tokens of query, create and remove.
pub fn applicable() -> [u32; 3] {
    let [query, create, remove, _] = SERVICES else { return [0; 3] };
    [query.token, create.token, remove.token]
}

/// `ibm,ddw-extensions` of the bridge: how many follow, the token of reset, and 1 because a query
/// may have the form with the long count.
pub fn extensions() -> [u32; 3] {
    let [_, _, _, reset] = SERVICES else { return [0; 3] };
    [2, reset.token, 1]
}

fn halves(value: u64) -> [u32; 2] {
    // The lower half is what the cast keeps.
    [(value >> 32) as u32, value as u32]
}
