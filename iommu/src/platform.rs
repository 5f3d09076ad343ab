// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What differs from platform to platform under a hardware table: how the bridge is made to forget
//! its cached copies of entries.
//!
//! Swapping an entry is the same on all of them (each calls Linux's `pnv_tce_xchg`), so it is a
//! plain function of the table and costs no indirect call; so are parameter checks, pins and
//! dirt. P5IOC2 (caches nothing) and IODA1 (kills by cache line of the table) are further types
//! that implement [`Platform`].

use crate::addr::HwEntry;
use std::fmt;

/// What differs from platform to platform (Linux: `struct iommu_table_ops`).
pub trait Platform: Send + Sync {
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
