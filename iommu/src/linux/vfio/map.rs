// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Mapping and unmapping: the loops of the exchange commit, and a variant that cannot leave a hole.

use super::TceContainer;
use super::params::{MAP_READ, MAP_WRITE, MapDma, Sized32, UnmapDma};
use crate::exchange::xchg::{Batch, reserve_levels};
use crate::guest::agent::Agent;
use crate::linux::errno::Errno;
use crate::table::IommuTable;
use crate::words::addr::{AlignedHpa, HwEntry, Ioba, Ua};
use crate::words::direction::Direction;
use crate::words::error::Error;
use crate::words::tce::Tce;
use std::sync::Arc;

/// A map that was checked.
struct Checked {
    table: Arc<IommuTable>,
    first: HwEntry,
    pages: u64,
    ua: Ua,
    direction: Direction,
}

impl TceContainer {
    /// `VFIO_IOMMU_MAP_DMA`: maps user memory at consecutive bus addresses; what is mapped there is
    /// replaced and released.
    ///
    /// Errors, in order: [`Errno::Eperm`] when not enabled (bug 34); [`Errno::Einval`] for size and
    /// flags of the arguments; [`Errno::Enxio`] when no window has `iova`; [`Errno::Einval`] for
    /// `size` or `vaddr` not whole pages of the window, for neither read nor write, for `iova` not
    /// a whole page (bug 43) or a range beyond the window's end (bug 40).
    ///
    /// Then for each page: [`Errno::Efault`] (no such memory, or not writable for a device that
    /// writes), [`Errno::Einval`] (version 2: not registered, or the TCE page is larger than the
    /// region's), [`Errno::Eperm`] (the TCE page is larger than what backs it), [`Errno::Enxio`]
    /// (being unregistered; bug 42), [`Errno::Enomem`] (no memory for a level of the table).
    /// **On such a failure the entries before it are cleared**, also those that had replaced live
    /// ones, and the others are as they were: what the commit does (papr-tce 4.5.4). Use
    /// [`map_dma_whole`](Self::map_dma_whole) where a hole is not acceptable.
    ///
    /// Linux: `tce_iommu_ioctl`, `tce_iommu_build`.
    pub fn map_dma(&self, by: &mut Agent, param: &MapDma) -> Result<(), Errno> {
        let map = self.check_map(param)?;
        let mut batch = Batch::new(&map.table, self.frames(), by)?;
        let mut result = Ok(());
        for n in 0..map.pages {
            let entry = HwEntry(map.first.0 + n);
            let exchanged = self.tce(&map, n).and_then(|tce| Ok(batch.tce_xchg(entry, tce)?));
            if let Err(errno) = exchanged {
                (0..n).for_each(|n| _ = batch.exchange(HwEntry(map.first.0 + n), Tce::CLEAR));
                result = Err(errno);
                break;
            }
        }
        drop(batch);
        map.table.flush();
        result
    }

    /// Maps all or nothing: every page is found and pinned and every level of the table made
    /// before the first entry changes, so a call that fails has changed nothing, and the
    /// exchanges cannot fail. It costs a list of the pages.
    ///
    /// Errors: as [`map_dma`](Self::map_dma).
    pub fn map_dma_whole(&self, by: &mut Agent, param: &MapDma) -> Result<(), Errno> {
        let map = self.check_map(param)?;
        let mut tces = Vec::new();
        let pages = usize::try_from(map.pages).map_err(|_| Errno::Enomem)?;
        tces.try_reserve_exact(pages).map_err(|_| Errno::Enomem)?;
        for n in 0..map.pages {
            tces.push(self.tce(&map, n)?);
        }
        reserve_levels(&map.table, &by.work, map.first, map.pages, |_| true)?;
        let (shift, frames) = (map.table.window().page_shift(), self.frames());
        for tce in &tces {
            frames.check_page(tce.hpa(), shift)?;
        }
        for (n, tce) in tces.iter().enumerate() {
            if let Err(error) = frames.reserve(tce.hpa(), shift, 1) {
                tces[..n].iter().for_each(|tce| frames.unreserve(tce.hpa(), 1));
                return Err(error.into());
            }
        }
        let mut batch = Batch::new(&map.table, frames, by)?;
        for (n, &tce) in (0..).zip(&tces) {
            batch.exchange(HwEntry(map.first.0 + n), tce);
        }
        drop(batch);
        map.table.flush();
        Ok(())
    }

    /// `VFIO_IOMMU_UNMAP_DMA`: clears entries; what was not mapped is skipped.
    ///
    /// Errors, in order: [`Errno::Eperm`] when not enabled; [`Errno::Einval`] for size and flags of
    /// the arguments; [`Errno::Enxio`]; [`Errno::Einval`] for `size` or `iova` not whole pages, or
    /// a range beyond the window's end.
    ///
    /// Linux: `tce_iommu_clear`.
    pub fn unmap_dma(&self, by: &mut Agent, param: &UnmapDma) -> Result<(), Errno> {
        self.check_enabled()?;
        param.check_size()?;
        if param.flags != 0 {
            return Err(Errno::Einval);
        }
        self.create_default_window()?;
        let table = self.table_at(Ioba(param.iova)).ok_or(Errno::Enxio)?;
        let shift = table.window().page_shift();
        if param.size & shift.low_bits() != 0 {
            return Err(Errno::Einval);
        }
        let pages = param.size >> shift.get();
        let first = table.window().tce_clear_param_check(Ioba(param.iova), 0, pages)?;
        Batch::new(&table, self.frames(), by)?.clear_range(HwEntry(first.0), pages);
        table.flush();
        Ok(())
    }

    fn check_map(&self, param: &MapDma) -> Result<Checked, Errno> {
        self.check_enabled()?;
        param.check_size()?;
        if param.flags & !(MAP_READ | MAP_WRITE) != 0 {
            return Err(Errno::Einval);
        }
        self.create_default_window()?;
        let table = self.table_at(Ioba(param.iova)).ok_or(Errno::Enxio)?;
        let window = table.window();
        let shift = window.page_shift();
        if (param.size | param.vaddr) & shift.low_bits() != 0 {
            return Err(Errno::Einval);
        }
        let direction = param.direction()?;
        let pages = param.size >> shift.get();
        window.tce_put_param_check(Ioba(param.iova), param.vaddr)?;
        let first = HwEntry(window.range(Ioba(param.iova), pages)?.0);
        param.vaddr.checked_add(param.size).ok_or(Errno::Efault)?;
        Ok(Checked { first, pages, ua: Ua(param.vaddr), direction, table })
    }

    /// The entry of the nth page of a map.
    fn tce(&self, map: &Checked, n: u64) -> Result<Tce, Errno> {
        let shift = map.table.window().page_shift();
        let ua = Ua(map.ua.0 + (n << shift.get()));
        let hpa = self.tce_page(ua, shift, map.direction.device_writes())?;
        let page = AlignedHpa::new(hpa).ok_or(Error::LowBits(hpa.0))?;
        Ok(Tce::new(page, map.direction))
    }
}
