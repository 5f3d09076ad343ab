// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The memory of a process: which host pages its user addresses are, how large they are, and
//! whether it may write them.

use crate::linux::errno::Errno;
use crate::linux::memlock::MemLock;
use crate::words::addr::{Hpa, Ua};
use crate::words::window::PageShift;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// A range of user addresses over consecutive host memory, in pages of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First user address.
    pub ua: Ua,
    /// Length in bytes.
    pub len: u64,
    /// Host address of the first byte.
    pub hpa: Hpa,
    /// The pages that back it: 12 for ordinary ones, more for huge ones (a compound page).
    pub page_shift: PageShift,
    /// True when the process may write it.
    pub writable: bool,
}

impl Mapping {
    fn end(&self) -> u64 {
        self.ua.0 + self.len
    }
}

/// A process, or what VFIO and KVM know of it (Linux: `struct mm_struct`).
#[derive(Debug)]
pub struct Process {
    /// By first user address; they do not overlap. Written when memory is mapped, never by a map
    /// for DMA.
    mappings: RwLock<BTreeMap<u64, Mapping>>,
    lock: Arc<MemLock>,
}

impl Process {
    /// A process without memory, with a limit of locked pages of 4 KiB.
    pub fn new(memlock_limit: u64) -> Process {
        Process { mappings: RwLock::default(), lock: MemLock::new(memlock_limit) }
    }

    /// Its account of locked memory.
    pub fn memlock(&self) -> &Arc<MemLock> {
        &self.lock
    }

    /// Gives the process memory. Errors: [`Errno::Einval`] when addresses or length are not whole
    /// pages of the mapping, or wrap, or overlap what is there.
    pub fn map(&self, mapping: Mapping) -> Result<(), Errno> {
        let bits = mapping.ua.0 | mapping.hpa.0 | mapping.len;
        if bits & mapping.page_shift.low_bits() != 0 || mapping.len == 0 {
            return Err(Errno::Einval);
        }
        let end = mapping.ua.0.checked_add(mapping.len).ok_or(Errno::Einval)?;
        mapping.hpa.0.checked_add(mapping.len).ok_or(Errno::Einval)?;
        let mut mappings = self.mappings.write().unwrap_or_else(PoisonError::into_inner);
        let before = mappings.range(..end).next_back();
        if before.is_some_and(|(_, before)| before.end() > mapping.ua.0) {
            return Err(Errno::Einval);
        }
        mappings.insert(mapping.ua.0, mapping);
        Ok(())
    }

    /// Takes memory away from the process, by its first address. Pinned pages stay pinned.
    pub fn unmap(&self, ua: Ua) -> Option<Mapping> {
        self.mappings.write().unwrap_or_else(PoisonError::into_inner).remove(&ua.0)
    }

    /// The host address of a user address and what backs it, for reading, or for writing too.
    ///
    /// Errors: [`Errno::Efault`] where nothing is mapped, or it may not be written.
    ///
    /// A map for reading asks for reading (bug 44). Linux: `get_user_pages_fast`.
    pub fn page(&self, ua: Ua, write: bool) -> Result<(Hpa, Mapping), Errno> {
        let mappings = self.mappings.read().unwrap_or_else(PoisonError::into_inner);
        let found = mappings.range(..=ua.0).next_back().map(|(_, mapping)| *mapping);
        let mapping = found.filter(|mapping| ua.0 < mapping.end()).ok_or(Errno::Efault)?;
        if write && !mapping.writable {
            return Err(Errno::Efault);
        }
        Ok((Hpa(mapping.hpa.0 + (ua.0 - mapping.ua.0)), mapping))
    }

    /// The host page of a TCE page at a user address that is aligned to it.
    ///
    /// Errors: [`Errno::Efault`]; [`Errno::Eperm`] when the TCE page is larger than the page that
    /// backs it, and so would give the device its neighbours (bug 5 of papr-tce 6.1).
    ///
    /// Linux: `tce_iommu_use_page` and `tce_page_is_contained`.
    pub fn tce_page(&self, ua: Ua, shift: PageShift, write: bool) -> Result<Hpa, Errno> {
        let (hpa, mapping) = self.page(ua, write)?;
        if mapping.page_shift < shift { Err(Errno::Eperm) } else { Ok(hpa) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(ua: u64, len: u64, hpa: u64) -> Mapping {
        let (ua, hpa) = (Ua(ua), Hpa(hpa));
        Mapping { ua, len, hpa, page_shift: PageShift::K4, writable: true }
    }

    #[test]
    fn addresses_are_found_in_their_mapping_only() {
        let process = Process::new(0);
        process.map(mapping(0x1000, 0x2000, 0x80_0000)).expect("free");
        process.map(mapping(0x3000, 0x1000, 0x10_0000)).expect("free");
        let hpa = |ua| process.page(Ua(ua), true).map(|(hpa, _)| hpa.0);
        assert_eq!(hpa(0x2fff), Ok(0x80_1fff));
        assert_eq!(hpa(0x3000), Ok(0x10_0000));
        assert_eq!((hpa(0xfff), hpa(0x4000)), (Err(Errno::Efault), Err(Errno::Efault)));
    }

    #[test]
    fn overlapping_and_unaligned_mappings_are_refused() {
        let process = Process::new(0);
        process.map(mapping(0x4000, 0x2000, 0)).expect("free");
        for bad in [
            mapping(0x3000, 0x2000, 0),
            mapping(0x5000, 0x1000, 0),
            mapping(0x3000, 0x8000, 0),
            mapping(0x1800, 0x1000, 0),
            mapping(0x8000, 0, 0),
            mapping(u64::MAX - 0xfff, 0x1000, 0),
        ] {
            assert_eq!(process.map(bad), Err(Errno::Einval), "{bad:x?}");
        }
        process.map(mapping(0x3000, 0x1000, 0)).expect("touches");
        assert!(process.unmap(Ua(0x4000)).is_some());
        process.map(mapping(0x5000, 0x1000, 0)).expect("free now");
    }
}
