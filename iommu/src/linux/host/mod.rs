// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The host's own use of a table: its allocator of DMA pages, and giving the table to a user.
//!
//! The allocator splits the table into pools, each with its lock, and a CPU allocates from the pool
//! that its number hashes to; long requests have a pool of their own. The locks protect the
//! *allocator*: which entries are in use. While a user owns the table the allocator has
//! none to give, so its locks buy nothing for entries, and an exchange takes none of them
//! (papr-tce 4.5.2); `tests/ownership.rs` exchanges while all of them are held.
//!
//! Linux: `iommu_range_alloc`, `iommu_map_page`, `iommu_take_ownership` in `kernel/iommu.c`.

mod bitmap;

use crate::linux::errno::Errno;
use crate::table::IommuTable;
use crate::words::addr::{AlignedHpa, Hpa, HwEntry, Ioba};
use crate::words::direction::Direction;
use crate::words::tce::Tce;
use bitmap::Bitmap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Pools of a table of at least 1 GiB of bus (Linux: `IOMMU_NR_POOLS`).
const POOLS: u64 = 4;
/// A table that is smaller has one.
const POOLS_FROM: u64 = 1 << 30;
/// Requests of more pages use the large pool.
const LARGE: u64 = 15;
/// After a small request the next one begins at a multiple of this (Linux: `it_blocksize`).
const BLOCK: u64 = 16;

#[derive(Debug)]
struct Pool {
    used: Bitmap,
    /// Where the next search begins.
    hint: u64,
}

/// A table with the host's allocator.
#[derive(Debug)]
pub struct HostTable {
    table: Arc<IommuTable>,
    /// Lock order: the large pool, then these from the first on.
    pools: Box<[Mutex<Pool>]>,
    large: Mutex<Pool>,
    /// True while a user owns the table. Changed under all the locks.
    owned: AtomicBool,
}

impl HostTable {
    /// The allocator over an empty table. The first entry of a window that starts at bus address 0
    /// is never given out, so that 0 is no address (Linux: `iommu_init_table`).
    pub fn new(table: impl Into<Arc<IommuTable>>) -> HostTable {
        let table = table.into();
        let size = table.window().size();
        let nr_pools = if table.window().len() >= POOLS_FROM { POOLS } else { 1 };
        let pool_size = size * 3 / 4 / nr_pools;
        let pool = |start, end| Mutex::new(Pool { used: Bitmap::new(start, end), hint: start });
        let pools = (0..nr_pools).map(|n| pool(n * pool_size, (n + 1) * pool_size)).collect();
        let host = HostTable {
            table,
            pools,
            large: pool(nr_pools * pool_size, size),
            owned: AtomicBool::new(false),
        };
        host.reserve_first(&mut host.lock_all(), true);
        host
    }

    /// The hardware table that the allocator maps in.
    pub fn table(&self) -> &Arc<IommuTable> {
        &self.table
    }

    /// Maps `pages` consecutive host pages from `hpa` on at some place of the bus, for the CPU of
    /// this number.
    ///
    /// Errors: [`Errno::Einval`] without a direction, without pages or for an unaligned address;
    /// [`Errno::Enomem`] when there is no gap, which is always so while a user owns the table.
    ///
    /// Linux: `iommu_map_page`, `iommu_alloc`.
    pub fn map(
        &self,
        cpu: usize,
        hpa: Hpa,
        pages: u64,
        direction: Direction,
    ) -> Result<Ioba, Errno> {
        let page = AlignedHpa::new(hpa).ok_or(Errno::Einval)?;
        if direction == Direction::None || pages == 0 {
            return Err(Errno::Einval);
        }
        let first = self.allocate(cpu, pages, 1).ok_or(Errno::Enomem)?;
        if let Err(error) = self.table.set(HwEntry(first), pages, Tce::new(page, direction)) {
            self.free(first, pages);
            return Err(error.into());
        }
        self.table.flush();
        let window = self.table.window();
        Ok(Ioba(window.start().0 + (first << window.page_shift().get())))
    }

    /// Unmaps what was mapped. Errors: [`Errno::Einval`] when it is not mapped so.
    ///
    /// Linux: `iommu_unmap_page`, `iommu_free`.
    pub fn unmap(&self, ioba: Ioba, pages: u64) -> Result<(), Errno> {
        let first = self.table.window().range(ioba, pages)?.0;
        let pool = self.pool_of(first);
        let in_use = |entry| pool.used.has(entry) && pool.used.is_set(entry);
        if self.owned.load(Ordering::Acquire) || !(first..first + pages).all(in_use) {
            return Err(Errno::Einval);
        }
        drop(pool);
        self.table.clear(HwEntry(first), pages)?;
        self.free(first, pages);
        self.table.flush();
        Ok(())
    }

    /// Takes the table from the host for a user such as VFIO.
    ///
    /// Errors: [`Errno::Einval`] when the platform cannot exchange, for a user may write over
    /// live entries; [`Errno::Ebusy`] while the host has pages mapped or another user owns it, and
    /// nothing was changed (bug 3 of papr-tce 6.1).
    ///
    /// Linux: `iommu_take_ownership`.
    pub fn take_ownership(&self) -> Result<(), Errno> {
        self.table.exchange()?;
        let mut pools = self.lock_all();
        if self.owned.load(Ordering::Acquire) {
            return Err(Errno::Ebusy);
        }
        self.reserve_first(&mut pools, false);
        if !pools.iter().all(|pool| pool.used.is_empty()) {
            self.reserve_first(&mut pools, true);
            return Err(Errno::Ebusy);
        }
        pools.iter_mut().for_each(|pool| pool.used.set_all(true));
        self.owned.store(true, Ordering::Release);
        self.table.unseal();
        Ok(())
    }

    /// Gives the table back to the host. The user has cleared all of it.
    ///
    /// Linux: `iommu_release_ownership`.
    pub fn release_ownership(&self) {
        let mut pools = self.lock_all();
        self.owned.store(false, Ordering::Release);
        pools.iter_mut().for_each(|pool| pool.used.set_all(false));
        self.reserve_first(&mut pools, true);
    }

    /// Does something while every lock of the allocator is held.
    pub fn with_pools_locked<T>(&self, run: impl FnOnce() -> T) -> T {
        let _all = self.lock_all();
        run()
    }

    /// Sets or clears the entry of bus address 0.
    fn reserve_first(&self, pools: &mut [MutexGuard<'_, Pool>], used: bool) {
        if self.table.window().start() == Ioba(0)
            && let Some(pool) = pools.iter_mut().find(|pool| pool.used.has(0))
        {
            pool.used.set(0, used);
        }
    }

    fn allocate(&self, cpu: usize, pages: u64, align: u64) -> Option<u64> {
        if pages > LARGE {
            return take(&mut lock(&self.large), pages, align, 1);
        }
        // The CPU's pool, then the others, then the large one.
        let pools = (0..self.pools.len()).map(|n| &self.pools[(cpu + n) % self.pools.len()]);
        pools.chain([&self.large]).find_map(|pool| take(&mut lock(pool), pages, align, BLOCK))
    }

    fn free(&self, first: u64, pages: u64) {
        let mut pool = self.pool_of(first);
        (first..first + pages).for_each(|entry| pool.used.set(entry, false));
    }

    fn pool_of(&self, entry: u64) -> MutexGuard<'_, Pool> {
        let small = self.pools.iter().map(lock).find(|pool| pool.used.has(entry));
        small.unwrap_or_else(|| lock(&self.large))
    }

    fn lock_all(&self) -> Vec<MutexGuard<'_, Pool>> {
        [&self.large].into_iter().chain(&self.pools).map(lock).collect()
    }
}

/// Allocates from a pool: from the hint on, then from the pool's start.
///
/// Linux: `iommu_range_alloc`.
fn take(pool: &mut Pool, pages: u64, align: u64, block: u64) -> Option<u64> {
    let hint = if pool.hint < pool.used.end() { pool.hint } else { pool.used.start() };
    let first = pool
        .used
        .find(hint, pages, align)
        .or_else(|| pool.used.find(pool.used.start(), pages, align))?;
    (first..first + pages).for_each(|entry| pool.used.set(entry, true));
    pool.hint = (first + pages).next_multiple_of(block);
    Some(first)
}

fn lock(pool: &Mutex<Pool>) -> MutexGuard<'_, Pool> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}
