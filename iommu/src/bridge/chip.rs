// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The part of a bridge that platforms and devices share: the translation cache, the kill register, and the
//! devices' writes that are under way.

use super::cache::TceCache;
use super::inflight::{Devices, InFlight};
use super::kill::{CacheKeys, Killed, Register};
use crate::sync::{AtomicU64, Ordering, fence};
use crate::table::platform::Pe;
use crate::words::addr::Ioba;
use crate::words::window::PageShift;
use std::fmt;

/// Translations that a bridge caches.
const SLOTS: usize = 256;
/// Where tables begin in host memory: the address form of a kill needs an address.
const TABLES: u64 = 1 << 32;

pub(crate) struct Chip {
    register: Register,
    cache: TceCache,
    devices: Devices,
    next_table: AtomicU64,
    kills: AtomicU64,
    /// Of a bridge whose cache follows the table: kills so far. See [`Chip::epoch`].
    epoch: AtomicU64,
    /// The page shift of the tables, which the bus form needs to find the address.
    page_shift: AtomicU64,
}

impl Chip {
    pub(crate) fn new(register: Register) -> Chip {
        Chip {
            register,
            cache: TceCache::new(SLOTS),
            devices: Devices::new(),
            next_table: AtomicU64::new(TABLES),
            kills: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            page_shift: AtomicU64::new(12),
        }
    }

    pub(crate) fn keys(&self) -> CacheKeys {
        self.register.keys
    }

    /// The cache, if this kind of bridge has one that a device can observe.
    #[inline]
    pub(crate) fn cache(&self) -> Option<&TceCache> {
        (self.register.keys != CacheKeys::Follows).then_some(&self.cache)
    }

    /// Where a table of this length is in memory.
    pub(crate) fn place_table(&self, bytes: u64, page_shift: PageShift) -> u64 {
        self.page_shift.store(u64::from(page_shift.get()), Ordering::Relaxed);
        self.next_table.fetch_add(bytes.next_multiple_of(1 << 16), Ordering::Relaxed)
    }

    /// A store to the kill register. A value that the bridge does not understand does nothing.
    pub(crate) fn write_kill(&self, value: u64) {
        // A statistic: not worth a locked instruction.
        self.kills.store(self.kills.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let page_shift = self.page_shift.load(Ordering::Relaxed) as u32;
        match (self.register.decode)(self.register.bus, value, page_shift) {
            Some(Killed::Entries { address, count }) => {
                (0..count).for_each(|n| self.cache.kill(entry_key(address + 8 * n)));
            }
            Some(Killed::One { pe, ioba }) => self.cache.kill(bus_key(pe, ioba)),
            Some(Killed::Pe(pe)) => self.cache.kill_if(|key| bus_place(key).0 == pe),
            None => {}
        }
    }

    /// Forgets everything, as when a window of a PE is changed.
    pub(crate) fn reset(&self) {
        self.cache.kill_all();
        self.sync();
    }

    /// The end of every kill: waits for the writes of devices that are under way. Reads that are
    /// under way find out by the cache, or else by the [`epoch`](Self::epoch).
    #[inline]
    pub(crate) fn sync(&self) {
        if self.cache().is_none() {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
        let mut turns = 0u32;
        self.devices.wait(|| {
            turns += 1;
            if turns < 100 { std::hint::spin_loop() } else { std::thread::yield_now() }
        });
        // A store to a released page comes after the kill, also for a device that reads without a lock.
        fence(Ordering::Release);
    }

    /// True when there is no device, so that [`sync`](Self::sync) has nothing to do. A device that comes
    /// now finds the kill done, as it does when it comes after a `sync`.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        let idle = self.cache().is_some() && self.devices.is_empty();
        fence(Ordering::Release);
        idle
    }

    /// A number that changes with each kill, for a bridge without a cache. A device that takes it before
    /// it loads an entry acquires the exchanges that were killed before.
    #[inline]
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// True when nothing was killed since then. The fence keeps what was read through an entry
    /// before the question: a page is released only after the kill.
    #[inline]
    pub(crate) fn is_epoch(&self, epoch: u64) -> bool {
        fence(Ordering::Acquire);
        self.epoch() == epoch
    }

    /// Values that were written to the kill register. Exact while one thread writes.
    pub(crate) fn kills(&self) -> u64 {
        self.kills.load(Ordering::Relaxed)
    }

    /// Takes a place for a device.
    pub(crate) fn add_device(&self) -> usize {
        self.devices.take()
    }

    /// Gives it up.
    pub(crate) fn remove_device(&self, place: usize) {
        self.devices.give(place);
    }

    /// The writes of the device at a place.
    #[inline]
    pub(crate) fn writes(&self, place: usize) -> Option<&InFlight> {
        self.devices.at(place)
    }
}

/// The cache's key of a table entry at this address (IODA1).
#[inline]
pub(crate) fn entry_key(address: u64) -> u64 {
    address >> 3
}

/// The cache's key of the page that a PE knows by this bus address (IODA2), which is its first.
#[inline]
pub(crate) fn bus_key(pe: Pe, ioba: u64) -> u64 {
    u64::from(pe.0) << 52 | (ioba >> 12)
}

/// The PE and bus address of a [`bus_key`].
pub(crate) fn bus_place(key: u64) -> (Pe, Ioba) {
    (Pe((key >> 52) as u8), Ioba(key << 12))
}

impl fmt::Debug for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chip").field("register", &self.register).finish_non_exhaustive()
    }
}
