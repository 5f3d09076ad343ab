// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The subjects of the benches: the exchange, a bare atomic swap, and the design before the exchange.
//! Small functions are inline: a bench is another crate.
#![allow(missing_docs)] // names of the field

use iommu::*;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use vm_memory::bitmap::AtomicBitmap;

pub const LIOBN: Liobn = Liobn(0x8000_0000);
/// The number of entries of the window and of pages of memory: all of it stays in the second-level cache.
pub const ENTRIES: u64 = 1 << 16;
pub const BATCH: u64 = 512;
/// The permission bits: read and write.
pub const RW: u64 = 3;

/// A window over as much memory as it maps.
pub fn container() -> Container {
    let window = Window::bytes(LIOBN, 0, ENTRIES << 12, PageShift::K4).expect("a window");
    let container = Container::new(Frames::new(ENTRIES << 12).expect("memory"));
    let table = IommuTable::new(window, Ioda2::default()).expect("a table");
    container.add_window(window, table).expect("a new window");
    container
}

/// A window over as much memory as it maps, with every entry live.
pub fn full() -> Container {
    let all = container();
    let mut agent = all.agent();
    (0..ENTRIES).for_each(|n| all.put(&mut agent, LIOBN, ioba(n), page(n)).expect("put"));
    all
}

/// The bus address of entry `n`, modulo the window.
#[inline]
pub fn ioba(n: u64) -> Ioba {
    Ioba((n % ENTRIES) << 12)
}

/// A mapping of page `n`, modulo memory.
#[inline]
pub fn page(n: u64) -> RawTce {
    RawTce((n % ENTRIES) << 12 | RW)
}

/// The hardware entry of [`ioba`].
#[inline]
pub fn entry(n: u64) -> HwEntry {
    HwEntry(n % ENTRIES)
}

/// The hardware's form of [`page`], for memory that begins at `base`.
#[inline]
pub fn host_page(base: Hpa, n: u64) -> Tce {
    let page = AlignedHpa::new(Hpa(base.0 + ((n % ENTRIES) << 12)));
    page.map_or(Tce::CLEAR, |page| Tce::new(page, Direction::Bidirectional))
}

/// The host address at which guest memory begins.
pub fn base(all: &Container) -> Hpa {
    all.frames().hpa(Gpa(0)).expect("memory")
}

/// Slots for a bare swap: no exchange can be faster.
pub struct Bare(Vec<AtomicU64>);

impl Bare {
    pub fn new() -> Bare {
        Bare((0..ENTRIES).map(|_| AtomicU64::new(0)).collect())
    }

    #[inline]
    pub fn swap(&self, n: u64, tce: u64) -> u64 {
        let slot = &self.0[(n % ENTRIES) as usize];
        u64::from_be(slot.swap(tce.to_be(), Ordering::SeqCst))
    }
}

/// The design before the exchange commit. Entries are under the lock of their pool, and a live entry is refused
/// with EBUSY, so that a replacement is a clear and then a build. Everything else costs as much as in the
/// library: pins belong to the thread, dirt is in a bitmap that is tested first, and the kill is that of
/// the library's tables. A replacement has two kills, because `clear` and `set` each
/// have one.
pub struct Old {
    tces: Vec<AtomicU64>,
    pool: Mutex<()>,
    dirt: AtomicBitmap,
    platform: Exchange,
}

/// One thread's share of the pin counts of [`Old`]. A pin is an ordinary addition, as in the library.
pub struct OldPins(Vec<AtomicU32>);

impl OldPins {
    pub fn new() -> OldPins {
        OldPins((0..ENTRIES).map(|_| AtomicU32::new(0)).collect())
    }

    fn add(&self, frame: usize, n: u32) {
        let count = &self.0[frame];
        count.store(count.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }
}

/// The entry is already live.
#[derive(Debug)]
pub struct Busy;

impl Old {
    pub fn new() -> Old {
        let page = NonZeroUsize::new(1 << 12).expect("not 0");
        Old {
            tces: (0..ENTRIES).map(|_| AtomicU64::new(0)).collect(),
            pool: Mutex::new(()),
            dirt: AtomicBitmap::new((ENTRIES as usize) << 12, page),
            platform: Arc::new(Ioda2::default()).exchange().expect("every bridge exchanges"),
        }
    }

    /// Clears an entry. Linux before the commit: `iommu_clear_tce` and `tce_iommu_unuse_page`.
    #[inline]
    pub fn clear(&self, pins: &OldPins, n: u64) {
        let entry = entry(n);
        let slot = &self.tces[entry.0 as usize];
        let lock = self.pool.lock().expect("no panics");
        let old = u64::from_be(slot.load(Ordering::Relaxed));
        if old & RW != 0 {
            slot.store(0, Ordering::Relaxed);
            self.platform.kill(entry, 1);
        }
        drop(lock);
        if old & RW != 0 {
            let frame = (old >> 12) as usize;
            if old & 2 != 0 && !self.dirt.is_bit_set(frame) {
                self.dirt.set_bit(frame);
            }
            pins.add(frame, u32::MAX);
        }
    }

    /// Builds an entry. Linux before the commit: `iommu_tce_build` after the page is pinned.
    #[inline]
    pub fn build(&self, pins: &OldPins, n: u64, tce: u64) -> Result<(), Busy> {
        let (entry, frame) = (entry(n), (tce >> 12) as usize);
        pins.add(frame, 1);
        let slot = &self.tces[entry.0 as usize];
        let lock = self.pool.lock().expect("no panics");
        let busy = u64::from_be(slot.load(Ordering::Relaxed)) & RW != 0;
        if !busy {
            slot.store(tce.to_be(), Ordering::Relaxed);
            self.platform.kill(entry, 1);
        }
        drop(lock);
        if busy {
            pins.add(frame, u32::MAX);
            return Err(Busy);
        }
        Ok(())
    }

    /// Replaces an entry as its owner had to: by a clear, then a build.
    #[inline]
    pub fn replace(&self, pins: &OldPins, n: u64, tce: u64) -> Result<(), Busy> {
        self.clear(pins, n);
        self.build(pins, n, tce)
    }
}
