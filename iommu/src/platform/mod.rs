// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a platform does around a hardware table: forget cached copies of its entries.
//!
//! Mechanism only. Parameter checks, pins and dirt are the same on every platform and are not
//! here. Storing is the same too: every platform's exchange is one atomic swap of a big-endian
//! entry (Linux: `pnv_tce_xchg`), which is [`IommuTable`](crate::IommuTable)'s.
//!
//! | `struct iommu_table_ops` | here |
//! |---|---|
//! | `set` | [`IommuTable::set`](crate::IommuTable::set), then [`Platform::after_set`] |
//! | `exchange` | [`Batch::tce_xchg`](crate::Batch::tce_xchg), then [`Platform::kill`]; absent: [`Platform::exchanges`] is false |
//! | `clear` | [`IommuTable::clear`](crate::IommuTable::clear), then [`Platform::after_clear`] |
//! | `get` | [`IommuTable::tce`](crate::IommuTable::tce) |
//! | `flush` | [`IommuTable::flush`](crate::IommuTable::flush) |

pub mod ioda1;
pub mod ioda2;
pub mod p5ioc2;
pub mod swinv;

pub use ioda1::Ioda1;
pub use ioda2::Ioda2;
pub use p5ioc2::P5ioc2;
pub use swinv::Swinv;

use crate::addr::HwEntry;
use crate::sync::{AtomicU64, Ordering};
use std::fmt;

/// What differs from platform to platform (Linux: `struct iommu_table_ops`).
pub trait Platform: Send + Sync {
    /// The platform's name, as a user writes it.
    fn name(&self) -> &'static str {
        "custom"
    }

    /// False for a platform that cannot exchange. Then its tables cannot be taken from the host
    /// ([`HostTable::take_ownership`](crate::host::HostTable::take_ownership)).
    fn exchanges(&self) -> bool {
        true
    }

    /// How many levels of a table the bridge can walk.
    fn max_levels(&self) -> u32 {
        5
    }

    /// Invalidates every cached translation of `count` entries from `first` on, after exchanges.
    /// When it returns, no device reaches a page through an earlier value of them.
    ///
    /// Linux: `pnv_pci_ioda2_tce_invalidate`; later `tce_kill`.
    fn kill(&self, first: HwEntry, count: u64);

    /// The same after the set operation.
    fn after_set(&self, first: HwEntry, count: u64) {
        self.kill(first, count);
    }

    /// The same after the clear operation.
    fn after_clear(&self, first: HwEntry, count: u64) {
        self.kill(first, count);
    }

    /// What a platform that buffers entries does at the end of a call. Most do nothing.
    fn flush(&self) {}

    /// A PE begins or ends to translate through the table, so that a kill is for it too.
    ///
    /// Linux: `pnv_pci_link_table_and_group`.
    fn link(&self, _pe: Pe, _linked: bool) {}
}

impl Platform for Box<dyn Platform> {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn exchanges(&self) -> bool {
        (**self).exchanges()
    }
    fn max_levels(&self) -> u32 {
        (**self).max_levels()
    }
    fn kill(&self, first: HwEntry, count: u64) {
        (**self).kill(first, count);
    }
    fn after_set(&self, first: HwEntry, count: u64) {
        (**self).after_set(first, count);
    }
    fn after_clear(&self, first: HwEntry, count: u64) {
        (**self).after_clear(first, count);
    }
    fn flush(&self) {
        (**self).flush();
    }
    fn link(&self, pe: Pe, linked: bool) {
        (**self).link(pe, linked);
    }
}

/// Called with the first entry and the number of entries of each kill.
pub type KillHook = Box<dyn Fn(HwEntry, u64) + Send + Sync>;

/// Number of a partitionable endpoint: what a bridge knows a device by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pe(pub u8);

impl fmt::Display for Pe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PE {:#x}", self.0)
    }
}

/// A set of PEs that is read without a lock, by each kill.
#[derive(Debug, Default)]
pub(crate) struct PeSet([AtomicU64; 4]);

impl PeSet {
    pub(crate) fn set(&self, pe: Pe, linked: bool) {
        let word = &self.0[usize::from(pe.0 / 64)];
        let bit = 1 << (pe.0 % 64);
        if linked {
            word.fetch_or(bit, Ordering::AcqRel);
        } else {
            word.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// Whether no PE is in it, which is quicker to see than by [`iter`](Self::iter).
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().fold(0, |all, word| all | word.load(Ordering::Acquire)) == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pe> + '_ {
        (0..4u8).flat_map(|word| {
            let mut bits = self.0[usize::from(word)].load(Ordering::Acquire);
            std::iter::from_fn(move || {
                let bit = u8::try_from(bits.trailing_zeros()).ok().filter(|&bit| bit < 64)?;
                bits &= bits - 1;
                Some(Pe(word * 64 + bit))
            })
        })
    }
}

/// From a first value to a last one by steps: what a kill writes.
#[derive(Clone, Debug)]
pub struct StepValues {
    next: u64,
    end: u64,
    step: u64,
    over: bool,
}

impl StepValues {
    fn new(start: u64, end: u64, step: u64) -> StepValues {
        StepValues { next: start, end, step, over: start > end }
    }

    fn none() -> StepValues {
        StepValues { next: 0, end: 0, step: 0, over: true }
    }
}

impl Iterator for StepValues {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.over {
            return None;
        }
        let value = self.next;
        match value.checked_add(self.step) {
            Some(next) if next <= self.end => self.next = next,
            _ => self.over = true,
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_pes_lists_what_is_linked() {
        let pes = PeSet::default();
        for pe in [0, 5, 63, 64, 200, 255] {
            pes.set(Pe(pe), true);
        }
        pes.set(Pe(5), false);
        let linked: Vec<u8> = pes.iter().map(|pe| pe.0).collect();
        assert_eq!(linked, [0, 63, 64, 200, 255]);
    }
}
