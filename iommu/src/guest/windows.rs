// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The windows of a container, as a value that is replaced as a whole.
//!
//! Windows come and go while vCPUs make calls. Whoever changes them publishes a new list; each
//! agent keeps the list that it used last and compares one pointer per call to see whether there
//! is a newer one. So finding a window takes no lock and no locked instruction, and a window that
//! was removed lives on until the last agent that may be using it has looked again.
//!
//! Linux has the same list under RCU: `stt->list` of `spapr_tce_tables`.

use crate::guest::guest_table::GuestTable;
use crate::words::addr::Liobn;
use crate::words::error::Error;
use arc_swap::{ArcSwap, Cache};
use std::ops::Deref;
use std::sync::Arc;

/// The windows at one moment, in the order in which they were added. Few, so that a search from
/// the front is faster than hashing.
#[derive(Clone, Debug, Default)]
pub struct Windows(pub(crate) Vec<Arc<GuestTable>>);

/// An agent's way to the list.
pub(crate) type WindowsCache = Cache<Arc<ArcSwap<Windows>>, Arc<Windows>>;

impl Windows {
    /// The window of this name. Errors: [`Error::NoWindow`].
    #[inline]
    pub fn find(&self, liobn: Liobn) -> Result<&Arc<GuestTable>, Error> {
        let mut all = self.0.iter();
        all.find(|table| table.window().liobn() == liobn).ok_or(Error::NoWindow(liobn))
    }

    /// The lowest slot that no window has.
    pub(crate) fn free_slot(&self) -> usize {
        (0..)
            .find(|&slot| self.0.iter().all(|table| table.key().slot != slot))
            .unwrap_or(usize::MAX)
    }
}

impl Deref for Windows {
    type Target = [Arc<GuestTable>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The way to a container's list for a device, which finds the windows as they are at each access. Unlike an agent it keeps
/// no removed window between two accesses.
#[derive(Clone, Debug)]
pub struct WindowList(pub(crate) Arc<ArcSwap<Windows>>);

impl WindowList {
    /// Calls `look` with the windows of this moment.
    #[inline]
    pub fn with<R>(&self, look: impl FnOnce(&Windows) -> R) -> R {
        look(&self.0.load())
    }
}
