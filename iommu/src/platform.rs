// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a platform does to a hardware table: swap an entry, and forget cached copies of a range.
//!
//! Mechanism only. Parameter checks, pins and dirt are the same on every platform and are not
//! here. P5IOC2 (which caches nothing and only swaps) and IODA1 (which kills by cache line of the
//! table) are further types that implement [`Platform`].

use crate::addr::HwEntry;
use crate::table::Tces;
use crate::tce::Tce;
use std::fmt;

/// What differs from platform to platform (Linux: `struct iommu_table_ops`).
pub trait Platform: Send + Sync {
    /// Swaps one entry and returns what it held. Cannot fail and does not kill: whoever
    /// exchanges kills once for all that it exchanged.
    ///
    /// Linux: the `exchange` operation; later `xchg_no_kill`.
    #[inline]
    fn exchange(&self, tces: &Tces, entry: HwEntry, new: Tce) -> Tce {
        tces.swap(entry, new)
    }

    /// Invalidates every cached translation of `count` entries from `first` on. When it returns,
    /// no device reaches a page through an earlier value of them.
    ///
    /// Linux: `pnv_pci_ioda2_tce_invalidate`; later `tce_kill`.
    fn kill(&self, first: HwEntry, count: u64);
}

/// Called with the first entry and the number of entries of each kill.
pub type KillHook = Box<dyn Fn(HwEntry, u64) + Send + Sync>;

/// IODA2 (POWER8's PHB3): swaps, then invalidates.
///
/// Nothing caches translations yet, so a kill only calls the hook, where a bridge model or a
/// test listens.
#[derive(Default)]
pub struct Ioda2 {
    on_kill: Option<KillHook>,
}

impl Ioda2 {
    /// A platform that calls `on_kill` for each kill.
    pub fn with_hook(on_kill: impl Fn(HwEntry, u64) + Send + Sync + 'static) -> Ioda2 {
        Ioda2 { on_kill: Some(Box::new(on_kill)) }
    }
}

impl Platform for Ioda2 {
    #[inline]
    fn kill(&self, first: HwEntry, count: u64) {
        if let Some(on_kill) = &self.on_kill {
            on_kill(first, count);
        }
    }
}

impl fmt::Debug for Ioda2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ioda2").field("hooked", &self.on_kill.is_some()).finish()
    }
}
