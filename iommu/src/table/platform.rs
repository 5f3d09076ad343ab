// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The operations of a platform on the entries of a table.
//!
//! Mechanism only: parameter checks, pins and dirt are equal on every platform and are not here.
//!
//! | `struct iommu_table_ops` | here |
//! |---|---|
//! | `set` | [`Platform::set`] |
//! | `exchange` | [`Exchange`]; absent: [`Platform::exchange`] is `None` |
//! | `xchg_no_kill`, `tce_kill` (Linux 5.4) | the two halves of [`Exchange`] |
//! | `clear` | [`Platform::clear`] |
//! | `get` | [`IommuTable::tce`](crate::IommuTable::tce) |
//! | `flush` | [`Platform::flush`] |

use crate::sync::{Ordering, fence};
use crate::table::host_entries::HostEntries;
use crate::words::addr::HwEntry;
use crate::words::tce::{AtomicTce, Tce};
use std::fmt;
use std::sync::Arc;

/// A platform: what differs from one host bridge to another. One belongs to each table.
///
/// Linux: `struct iommu_table_ops`.
pub trait Platform: Send + Sync {
    /// The platform's name, as a user writes it.
    fn name(&self) -> &'static str {
        "custom"
    }

    /// The most levels of a table that the bridge can walk.
    fn max_levels(&self) -> u32 {
        5
    }

    /// The exchange operation, or `None` for a platform that has none. Asked once, when a table is
    /// made. A table without it stays the host's: VFIO cannot take it
    /// ([`HostTable::take_ownership`](crate::HostTable::take_ownership)), and no window of a guest can
    /// be over it ([`Error::NoExchange`](crate::Error::NoExchange)).
    ///
    /// Linux: the `exchange` operation.
    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        None
    }

    /// Maps consecutive pages of the host's own, the first of which is that of `tce`, and
    /// invalidates where the bridge has to know of a created entry.
    ///
    /// Linux: the `set` operation.
    fn set(&self, entries: &mut HostEntries<'_>, tce: Tce) {
        entries.store(tce);
    }

    /// Clears mappings of the host's own, and invalidates where the bridge has to know of a freed
    /// entry.
    ///
    /// Linux: the `clear` operation.
    fn clear(&self, entries: &mut HostEntries<'_>) {
        entries.clear();
    }

    /// Ends a call, for a platform that buffers entries. Most do nothing.
    ///
    /// Linux: the `flush` operation.
    fn flush(&self) {}

    /// A PE begins or ends to translate through the table, so that a kill is for it too.
    ///
    /// Linux: `pnv_pci_link_table_and_group`.
    fn link(&self, _pe: Pe, _linked: bool) {}
}

/// A platform's exchange operation: swaps an entry, and then kills what bridges cached of the old one.
///
/// The two halves are separate, so that one kill serves several exchanges. The swap of powernv's
/// platforms is a value and no function, so that it is compiled into the one place that exchanges:
/// nothing but the swap itself is between pinning the new page and killing the old one.
///
/// Linux: the `exchange` operation, for example `pnv_ioda2_tce_xchg`; since 5.4 `xchg_no_kill` and
/// `tce_kill`.
pub struct Exchange {
    kill: Box<dyn Kill>,
    own: Option<Arc<dyn Swap>>,
}

impl Exchange {
    /// One atomic swap of the big-endian entry in memory (Linux: `pnv_tce_xchg`), and the platform's
    /// kill.
    pub fn in_memory(platform: Arc<impl Kill + 'static>) -> Option<Exchange> {
        Some(Exchange { kill: Box::new(platform), own: None })
    }

    /// A swap of the platform's own, and its kill.
    pub fn own(platform: Arc<impl Swap + 'static>) -> Option<Exchange> {
        Some(Exchange { kill: Box::new(platform.clone()), own: Some(platform) })
    }

    /// True when the swap is the one in memory.
    #[inline(always)]
    pub(crate) fn is_in_memory(&self) -> bool {
        self.own.is_none()
    }

    /// Swaps an entry, whose place in memory is `slot`. Returns the old one, which no other caller gets.
    #[inline(always)]
    pub(crate) fn exchange_no_kill(&self, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        match &self.own {
            None => slot.swap(new),
            Some(own) => {
                let old = own.swap(entry, slot, new);
                fence(Ordering::SeqCst); // as a swap in memory is one
                old
            }
        }
    }

    /// Kills `count` entries from `first` on.
    #[inline(always)]
    pub fn kill(&self, first: HwEntry, count: u64) {
        self.kill.kill(first, count);
    }
}

/// The second half of an exchange.
pub trait Kill: Send + Sync {
    /// Invalidates every cached translation of `count` entries from `first` on. When it returns, no
    /// device reaches a page through an earlier value of them.
    ///
    /// Linux: `pnv_pci_ioda2_tce_invalidate`; since 5.4 the `tce_kill` operation.
    fn kill(&self, first: HwEntry, count: u64);
}

impl<K: Kill> Kill for Arc<K> {
    #[inline]
    fn kill(&self, first: HwEntry, count: u64) {
        (**self).kill(first, count);
    }
}

/// The first half of an exchange, for a platform that does not merely swap memory.
pub trait Swap: Kill {
    /// Stores `new` in an entry, whose place in memory is `slot`, and returns the old one. Each old
    /// entry is returned once, whatever threads swap it at once, and the swaps of one entry are ordered
    /// by acquire and release.
    ///
    /// Linux: since 5.4 the `xchg_no_kill` operation.
    fn swap(&self, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce;
}

/// Number of a partitionable endpoint, by which a bridge knows a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pe(pub u8);

impl fmt::Display for Pe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PE {:#x}", self.0)
    }
}
