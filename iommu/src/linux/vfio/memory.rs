// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory that a process registers for DMA before it maps it (version 2 of the interface).
//!
//! A region is pinned and charged once, when it is registered, and a map only counts. Counts are
//! by page and not by region ([`registered`](crate::frames::registered)), and what is released is the page
//! that the exchange handed back. No user address is stored beside an entry, so two mappers of one
//! entry count right (bug 47).
//!
//! Linux: `mm/book3s64/iommu_api.c`.

use super::process::Process;
use crate::frames::Frames;
use crate::frames::registered::Region;
use crate::linux::errno::Errno;
use crate::linux::memlock::HOST_PAGE;
use crate::table::budget::Charge;
use crate::words::addr::{Hpa, Ua};
use crate::words::window::PageShift;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A registered range of user addresses.
#[derive(Debug)]
pub(super) struct Registration {
    ua: u64,
    size: u64,
    /// The host memory behind it, in order: first user address, host address, bytes, page.
    runs: Vec<(u64, Hpa, u64, PageShift)>,
    page_shift: PageShift,
    region: Region,
    /// Locked memory, as long as the registration is.
    _charge: Charge,
}

/// The registrations of a process, each with how many containers use it.
#[derive(Debug, Default)]
pub struct Registrations(Mutex<Vec<(Arc<Registration>, u32)>>);

impl Registration {
    pub(super) fn is(&self, ua: u64, size: u64) -> bool {
        (self.ua, self.size) == (ua, size)
    }

    fn overlaps(&self, ua: u64, size: u64) -> bool {
        ua < self.ua + self.size && self.ua < ua + size
    }

    pub(super) fn covers(&self, ua: Ua, bytes: u64) -> bool {
        let offset = ua.0.checked_sub(self.ua);
        offset.and_then(|offset| offset.checked_add(bytes)).is_some_and(|end| end <= self.size)
    }

    /// The host page of a TCE page, which is covered.
    ///
    /// Errors: [`Errno::Einval`] when the region's pages are smaller (Linux: `mm_iommu_ua_to_hpa`
    /// under `tce_iommu_prereg_ua_to_hpa`);
    /// [`Errno::Eperm`] when the page that backs this place is smaller (bug 48: the
    /// region's page is the smallest of all of it, so this cannot come second, and is asked
    /// nevertheless).
    pub(super) fn tce_page(&self, ua: Ua, shift: PageShift) -> Result<Hpa, Errno> {
        if shift > self.page_shift {
            return Err(Errno::Einval);
        }
        let at = self.runs.partition_point(|run| run.0 <= ua.0);
        let &(start, hpa, _, backing) = self.runs.get(at.wrapping_sub(1)).ok_or(Errno::Einval)?;
        if backing < shift { Err(Errno::Eperm) } else { Ok(Hpa(hpa.0 + (ua.0 - start))) }
    }
}

impl Registrations {
    /// Registers a range for a container, or adds a container to its users.
    ///
    /// Errors: [`Errno::Einval`] for what overlaps another registration, or shares pages with one;
    /// [`Errno::Enomem`] above the limit; [`Errno::Efault`] where the process has no memory that it
    /// may write. Nothing was changed.
    ///
    /// Linux: `mm_iommu_new`, `mm_iommu_get`.
    pub(super) fn register(
        &self,
        process: &Process,
        frames: &Frames,
        ua: u64,
        size: u64,
    ) -> Result<Arc<Registration>, Errno> {
        let mut all = self.lock();
        if let Some((known, users)) = all.iter_mut().find(|(known, _)| known.is(ua, size)) {
            *users += 1;
            return Ok(known.clone());
        }
        if all.iter().any(|(other, _)| other.overlaps(ua, size)) {
            return Err(Errno::Einval);
        }
        let charge = process.memlock().charge(size / HOST_PAGE)?;
        let runs = runs(process, ua, size)?;
        let natural = (ua | size).trailing_zeros();
        let smallest = runs.iter().map(|run| run.3.get()).min().unwrap_or(12);
        let page_shift = PageShift::new(natural.min(smallest).clamp(12, 34))?;
        let ranges: Vec<Range<Hpa>> = runs.iter().map(|run| run.1..Hpa(run.1.0 + run.2)).collect();
        let region = frames.register(&ranges)?;
        let new = Arc::new(Registration { ua, size, runs, page_shift, region, _charge: charge });
        all.push((new.clone(), 1));
        Ok(new)
    }

    /// Takes a container away from the users of a registration; the last one ends it.
    ///
    /// Errors: [`Errno::Ebusy`] for the last one while a page of it is mapped; nothing was
    /// changed (bug 50').
    ///
    /// Linux: `mm_iommu_put`.
    pub(super) fn unregister(
        &self,
        frames: &Frames,
        which: &Arc<Registration>,
    ) -> Result<(), Errno> {
        let mut all = self.lock();
        let at = all.iter().position(|(known, _)| Arc::ptr_eq(known, which));
        let at = at.ok_or(Errno::Enoent)?;
        if all[at].1 == 1 {
            frames.unregister(&which.region)?;
            all.remove(at);
        } else {
            all[at].1 -= 1;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<Registration>, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pieces of the process's memory behind a range.
fn runs(process: &Process, ua: u64, size: u64) -> Result<Vec<(u64, Hpa, u64, PageShift)>, Errno> {
    let mut runs = Vec::new();
    let mut at = ua;
    while at < ua + size {
        let (hpa, mapping) = process.page(Ua(at), true)?;
        let bytes = (mapping.ua.0 + mapping.len).min(ua + size) - at;
        runs.push((at, hpa, bytes, mapping.page_shift));
        at += bytes;
    }
    Ok(runs)
}
