// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Why this crate refuses: facts with their values.

use crate::words::addr::{Gpa, Hpa, HwEntry, Ioba, Liobn};
use crate::words::tce::RawTce;

/// A refusal. Whatever was asked for, nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No window has this LIOBN.
    #[error("no window has LIOBN {0}")]
    NoWindow(Liobn),
    /// The bus address is not a multiple of the window's page.
    #[error("I/O bus address {0} is not aligned to the window's page")]
    Unaligned(Ioba),
    /// The entries asked for reach outside the window.
    #[error("{count} entries from I/O bus address {ioba} reach outside the window")]
    Outside {
        /// The first bus address.
        ioba: Ioba,
        /// How many entries from there.
        count: u64,
    },
    /// An address with a permission bit, a reserved bit or a bit below the window's page.
    #[error("address {0:#x} has bits below the window's page")]
    LowBits(u64),
    /// The page is not, or not wholly, memory of the guest.
    #[error("{0} is not in the guest's memory")]
    NotOwned(Gpa),
    /// A host page that is not one of the guest's frames.
    #[error("host page {0} is not guest memory")]
    Foreign(Hpa),
    /// Something other than zero was given to clear an entry with.
    #[error("TCE {0} is not zero, so it does not clear")]
    NotClear(RawTce),
    /// More entries in one call than a list has.
    #[error("{0} entries are too many for one call")]
    TooMany(u64),
    /// The hardware table has no such entry.
    #[error("the hardware table has no entry {0}")]
    NoEntry(HwEntry),
    /// A page shift that no TCE table has.
    #[error("page shift {0} is not between 12 and 34")]
    PageShift(u32),
    /// An empty window, one that is not whole pages, or one that wraps the 64-bit bus.
    #[error("a window of {size:#x} pages from page {offset:#x} is empty or leaves the bus")]
    Geometry {
        /// First page.
        offset: u64,
        /// The number of the window's entries.
        size: u64,
    },
    /// A window that is too large for a flat table.
    #[error(
        "{0:#x} entries do not fit a flat table; use more levels, larger pages or a smaller window"
    )]
    TooLarge(u64),
    /// A number of levels that the platform or the window does not allow.
    #[error("a table of {0} levels is not possible on this platform for this window")]
    Levels(u32),
    /// No memory for a level of a table, or for the view.
    #[error("no memory for a level of the table")]
    NoMemory,
    /// The guest's windows take as much memory as they may.
    #[error("the tables of the guest's windows have used up their memory budget")]
    OverBudget,
    /// The page is guest memory, but it is not registered for DMA, or is being unregistered.
    #[error("the page at {0} is not registered for DMA")]
    NotRegistered(Gpa),
    /// A window of a PE that does not exist, is not set, or is taken.
    #[error("window {0} of the PE does not exist, is not set or is taken")]
    WindowNumber(usize),
    /// Memory that was to be registered is registered already.
    #[error("host page {0} is registered already")]
    Registered(Hpa),
    /// Memory that was to be unregistered is mapped.
    #[error("host page {0} is mapped; clear the entries that map it first")]
    Mapped(Hpa),
    /// The hardware table is not attached to the window.
    #[error("the hardware table is not attached to the window of LIOBN {0}")]
    NotAttached(Liobn),
    /// Two windows with one LIOBN.
    #[error("LIOBN {0} is in use")]
    Duplicate(Liobn),
    /// The hardware table's pages are larger than the guest's, or it does not cover the window.
    #[error("the hardware table does not cover the window of LIOBN {0}")]
    Incompatible(Liobn),
    /// The platform of the hardware table has no exchange operation, so only the host uses the table.
    #[error("the platform of the hardware table for LIOBN {0} cannot exchange entries")]
    NoExchange(Liobn),
    /// Guest memory that is empty, not whole pages, or beyond what a table can name.
    #[error("{0:#x} bytes of guest memory are none, too many, or not whole 4 KiB pages")]
    Memory(u64),
}
