// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A hardware table: big-endian entries in memory and the platform that walks them.

use crate::addr::HwEntry;
use crate::error::Error;
use crate::platform::Platform;
use crate::tce::{AtomicTce, Tce};
use crate::window::Window;
use std::fmt;

/// Most entries of a flat table (1 GiB of host memory). Larger windows want several levels.
const MAX_ENTRIES: u64 = 1 << 27;

/// A hardware table of a window (Linux: `struct iommu_table`).
///
/// Entries change only through a [`Batch`](crate::Batch), which keeps the accounting.
pub struct IommuTable {
    window: Window,
    /// One level.
    tces: Box<[AtomicTce]>,
    platform: Box<dyn Platform>,
}

impl IommuTable {
    /// An empty table for the window; its page may be smaller than the guest's.
    /// Errors: [`Error::TooLarge`].
    pub fn new(window: Window, platform: impl Platform + 'static) -> Result<IommuTable, Error> {
        let entries = match usize::try_from(window.size()) {
            Ok(entries) if window.size() <= MAX_ENTRIES => entries,
            _ => return Err(Error::TooLarge(window.size())),
        };
        let tces = atomics(vec![0; entries], AtomicTce::from_storage);
        Ok(IommuTable { window, tces, platform: Box::new(platform) })
    }

    /// Where the table is on the bus, and its page.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The entry, decoded. Errors: [`Error::NoEntry`].
    pub fn tce(&self, entry: HwEntry) -> Result<Tce, Error> {
        self.check(entry)?;
        Ok(self.load(entry))
    }

    /// Errors: [`Error::NoEntry`].
    pub(crate) fn check(&self, entry: HwEntry) -> Result<(), Error> {
        if entry.0 < self.window.size() { Ok(()) } else { Err(Error::NoEntry(entry)) }
    }

    /// Reads an entry that was checked.
    pub(crate) fn load(&self, entry: HwEntry) -> Tce {
        self.tces[entry.0 as usize].load()
    }

    /// Entries that were checked.
    #[inline(always)]
    pub(crate) fn slots(&self, first: HwEntry, count: usize) -> &[AtomicTce] {
        &self.tces[first.0 as usize..][..count]
    }

    /// Swaps an entry that was checked. The caller kills, dirties and releases.
    #[inline]
    pub(crate) fn exchange(&self, entry: HwEntry, new: Tce) -> Tce {
        self.tces[entry.0 as usize].swap(new)
    }

    /// Makes the platform forget its cached copies.
    #[inline]
    pub(crate) fn kill(&self, first: HwEntry, count: u64) {
        self.platform.kill(first, count);
    }
}

impl fmt::Debug for IommuTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IommuTable").field("window", &self.window).finish_non_exhaustive()
    }
}

/// Turns plain zeroes into atomics. `vec![0; n]` gets zeroed memory that the host fills lazily,
/// and wrapping each integer in place is nothing at all once optimised: what is never used of a
/// table costs no memory.
#[inline(always)]
pub(crate) fn atomics<Z, T>(zeroes: Vec<Z>, wrap: impl Fn(Z) -> T) -> Box<[T]> {
    zeroes.into_iter().map(wrap).collect::<Vec<T>>().into_boxed_slice()
}
