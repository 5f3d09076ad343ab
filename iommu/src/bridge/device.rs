// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A device that reads and writes memory through its bridge.

use super::Tve;
use super::cache::Ticket;
use super::chip::{Chip, bus_key, bus_place, entry_key};
use super::inflight::InFlight;
use super::kill::CacheKeys;
use crate::frames::Frames;
use crate::table::IommuTable;
use crate::table::platform::Pe;
use crate::words::addr::{Hpa, HwEntry, Ioba};
use crate::words::direction::Direction;
use crate::words::tce::Tce;
use arc_swap::{ArcSwap, Cache};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use vm_memory::bitmap::Bitmap;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, VolatileMemory};

/// Replaces the value of an atomic by a function of it. Returns the value before.
macro_rules! exchange {
    ($atomic:expr, $change:expr) => {{
        let mut old = $atomic.load(Ordering::SeqCst);
        loop {
            let new = $change(old);
            match $atomic.compare_exchange(old, new, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(before) => break before,
                Err(now) => old = now,
            }
        }
    }};
}

/// Why the bridge refused an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DmaFault {
    /// The PE has no window there.
    #[error("{0} is in no window")]
    NoWindow(Ioba),
    /// The entry is clear.
    #[error("{0} is not mapped")]
    NotMapped(Ioba),
    /// The entry does not let the device do that.
    #[error("{ioba} is mapped for {allowed:?} only")]
    NotAllowed {
        /// The bus address of the access.
        ioba: Ioba,
        /// The direction of the entry.
        allowed: Direction,
    },
    /// The bridge passes no access of this PE on: it is stopped, or its function is no bus master.
    #[error("the bridge drops DMA of the PE at {0}")]
    Dropped(Ioba),
    /// The entry leads to what is no memory.
    #[error("host address {0} is no memory")]
    NoMemory(Hpa),
}

/// Host memory as a device reaches it.
pub trait DmaMemory {
    /// Reads all of `to`, which is within one TCE page. `None` when it is no memory.
    fn read(&self, from: Hpa, to: &mut [u8]) -> Option<()>;
    /// Writes all of `from`. `None` when it is no memory.
    fn write(&self, to: Hpa, from: &[u8]) -> Option<()>;
    /// Changes 4 or 8 bytes, aligned to their number, by one atomic operation, as a little-endian number. Returns the number
    /// before. `None` when it is no memory, or memory that has no such operation.
    fn update(&self, _at: Hpa, _bytes: usize, _change: &dyn Fn(u64) -> u64) -> Option<u64> {
        None
    }
}

/// A guest's memory behind its frames.
#[derive(Debug)]
pub struct Ram<'a, M> {
    /// Where the memory is in the host.
    pub frames: &'a Frames,
    /// The contents of the memory.
    pub memory: &'a M,
}

impl<M: GuestMemoryBackend> DmaMemory for Ram<'_, M> {
    #[inline(always)]
    fn read(&self, from: Hpa, to: &mut [u8]) -> Option<()> {
        let gpa = GuestAddress(self.frames.gpa(from)?.0);
        match self.memory.get_slice(gpa, to.len()) {
            Ok(slice) => _ = slice.copy_to(to),
            Err(_) => self.read_regions(gpa, to)?,
        }
        Some(())
    }

    fn write(&self, to: Hpa, from: &[u8]) -> Option<()> {
        let gpa = GuestAddress(self.frames.gpa(to)?.0);
        self.memory.write_slice(from, gpa).ok()
    }

    fn update(&self, at: Hpa, bytes: usize, change: &dyn Fn(u64) -> u64) -> Option<u64> {
        update(self.memory, GuestAddress(self.frames.gpa(at)?.0), bytes, change)
    }
}

/// Changes 4 or 8 bytes of guest memory, aligned to their number, by one atomic operation: [`DmaMemory::update`].
pub fn update<M: GuestMemoryBackend>(
    memory: &M,
    at: GuestAddress,
    bytes: usize,
    change: &dyn Fn(u64) -> u64,
) -> Option<u64> {
    let slice = memory.get_slice(at, bytes).ok()?;
    let before = match bytes {
        4 => {
            let word = slice.get_atomic_ref::<AtomicU32>(0).ok()?;
            let change = |old: u32| change(u32::from_le(old).into()) as u32; // the part that is stored
            u32::from_le(exchange!(word, |old| change(old).to_le())).into()
        }
        8 => {
            let double = slice.get_atomic_ref::<AtomicU64>(0).ok()?;
            u64::from_le(exchange!(double, |old| change(u64::from_le(old)).to_le()))
        }
        _ => return None,
    };
    slice.bitmap().mark_dirty(0, bytes);
    Some(before)
}

impl<M: GuestMemoryBackend> Ram<'_, M> {
    /// Reads over the border of two regions.
    #[cold]
    #[inline(never)]
    fn read_regions(&self, from: GuestAddress, to: &mut [u8]) -> Option<()> {
        self.memory.read_slice(to, from).ok()
    }
}

/// Where an access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Host address.
    pub hpa: Hpa,
    /// Bytes from there that are in the same TCE page, at most what was asked for.
    pub len: usize,
    /// The way that data may flow.
    pub direction: Direction,
}

/// A device of a PE. It accesses memory from one thread at a time.
pub struct Device {
    pe: Pe,
    chip: Arc<Chip>,
    windows: Cache<Arc<ArcSwap<Vec<Tve>>>, Arc<Vec<Tve>>>,
    /// Its place among the bridge's devices.
    place: usize,
    hot: Option<Hot>,
}

/// The page that was read last. As long as the bridge still translates so, it need not be looked up
/// again; a changed window is a kill of everything.
#[derive(Clone, Copy)]
struct Hot {
    /// First bus address, and the bits of an address within the page.
    page: u64,
    low_bits: u64,
    tce: Tce,
    valid: Valid,
}

/// The evidence that a translation is still valid.
#[derive(Clone, Copy)]
enum Valid {
    /// The cache holds it.
    Cached(Ticket),
    /// Without a cache: nothing was killed since then.
    Epoch(u64),
}

impl Valid {
    #[inline(always)]
    fn still(self, chip: &Chip) -> bool {
        match self {
            Valid::Cached(ticket) => chip.cache().is_some_and(|cache| cache.is_current(ticket)),
            Valid::Epoch(epoch) => chip.is_epoch(epoch),
        }
    }
}

/// A translation, and the evidence that it is still valid.
struct Found<'a> {
    table: &'a IommuTable,
    entry: HwEntry,
    tce: Tce,
    /// `None` for one that could not be cached, because it was being killed.
    valid: Option<Valid>,
    /// When the detector is on: when the device began.
    began: u64,
    to: Translation,
}

impl Device {
    pub(super) fn new(
        pe: Pe,
        chip: Arc<Chip>,
        windows: Cache<Arc<ArcSwap<Vec<Tve>>>, Arc<Vec<Tve>>>,
    ) -> Device {
        let place = chip.add_device();
        Device { pe, chip, windows, place, hot: None }
    }

    /// The PE.
    pub fn pe(&self) -> Pe {
        self.pe
    }

    /// Translates an address for an access of `len` bytes, through the bridge's cache.
    ///
    /// Errors: all of [`DmaFault`] but [`DmaFault::NoMemory`].
    pub fn translate(
        &mut self,
        ioba: Ioba,
        len: usize,
        access: Direction,
    ) -> Result<Translation, DmaFault> {
        find(self.windows.load(), &self.chip, self.pe, ioba, len, access).map(|found| found.to)
    }

    /// Begins an access that the caller makes itself, at the addresses that [`locate`](Self::locate) returns. Kills
    /// wait until [`end`](Self::end), so no page of the access is released before. Accesses do not nest.
    #[inline]
    pub fn begin(&self) {
        if let Some(writes) = self.chip.writes(self.place) {
            writes.begin();
        }
    }

    /// Ends the access that [`begin`](Self::begin) began.
    #[inline]
    pub fn end(&self) {
        if let Some(writes) = self.chip.writes(self.place) {
            writes.end();
        }
    }

    /// Translates an address for an access between [`begin`](Self::begin) and [`end`](Self::end), and reports the use to
    /// the detector. Errors: as those of [`translate`](Self::translate).
    #[inline]
    pub fn locate(
        &mut self,
        ioba: Ioba,
        len: usize,
        access: Direction,
    ) -> Result<Translation, DmaFault> {
        let found = find(self.windows.load(), &self.chip, self.pe, ioba, len, access)?;
        found.tell(access == Direction::FromDevice);
        Ok(found.to)
    }

    /// Reads memory. Errors: [`DmaFault`]; `to` may be filled in part.
    ///
    /// The data are of a page that was mapped all the time: after the read the bridge is asked
    /// whether it still translates so, and if not the read is repeated.
    #[inline]
    pub fn read(
        &mut self,
        memory: &impl DmaMemory,
        ioba: Ioba,
        to: &mut [u8],
    ) -> Result<(), DmaFault> {
        if let Some(hot) = self.hot
            && self.read_hot(hot, memory, ioba, to).is_some()
        {
            return Ok(());
        }
        self.read_page(memory, ioba, to)
    }

    /// Reads from the page that was read last. `None` when it is another page, or not translated so
    /// now; then the data are void.
    #[inline(always)]
    fn read_hot(&self, hot: Hot, memory: &impl DmaMemory, ioba: Ioba, to: &mut [u8]) -> Option<()> {
        let offset = ioba.0.wrapping_sub(hot.page);
        let inside = offset <= hot.low_bits && to.len() as u64 <= hot.low_bits - offset + 1;
        if !inside {
            return None;
        }
        memory.read(Hpa(hot.tce.hpa().0 + offset), to)?;
        hot.valid.still(&self.chip).then_some(())
    }

    #[inline]
    fn read_page(
        &mut self,
        memory: &impl DmaMemory,
        ioba: Ioba,
        to: &mut [u8],
    ) -> Result<(), DmaFault> {
        let access = Direction::ToDevice;
        let found = find(self.windows.load(), &self.chip, self.pe, ioba, to.len(), access)?;
        self.hot = found.hot(ioba);
        // By far the commonest: all of it in one page, and nothing changed meanwhile.
        if found.to.len == to.len() {
            memory.read(found.to.hpa, to).ok_or(DmaFault::NoMemory(found.to.hpa))?;
            if found.is_current(&self.chip) {
                found.tell(false);
                return Ok(());
            }
        }
        self.read_pieces(memory, ioba, to)
    }

    #[cold]
    #[inline(never)]
    fn read_pieces(
        &mut self,
        memory: &impl DmaMemory,
        ioba: Ioba,
        to: &mut [u8],
    ) -> Result<(), DmaFault> {
        let mut done = 0;
        while done < to.len() {
            let at = Ioba(ioba.0.wrapping_add(done as u64));
            let windows = self.windows.load();
            let left = to.len() - done;
            let found = find(windows, &self.chip, self.pe, at, left, Direction::ToDevice)?;
            let Translation { hpa, len, .. } = found.to;
            memory.read(hpa, &mut to[done..done + len]).ok_or(DmaFault::NoMemory(hpa))?;
            if found.is_current(&self.chip) {
                found.tell(false);
                done += len;
            }
        }
        Ok(())
    }

    /// Writes memory. Errors: [`DmaFault`]; part may have been written.
    ///
    /// A kill waits for a write that is under way, so a page is never written after it was
    /// released.
    pub fn write(
        &mut self,
        memory: &impl DmaMemory,
        ioba: Ioba,
        from: &[u8],
    ) -> Result<(), DmaFault> {
        let mut done = 0;
        while done < from.len() {
            let at = Ioba(ioba.0.wrapping_add(done as u64));
            // Before the windows are loaded: a window that goes waits for this write, or is not found.
            let _writing = self.chip.writes(self.place).map(Busy::new);
            let windows = self.windows.load();
            let left = from.len() - done;
            let found = find(windows, &self.chip, self.pe, at, left, Direction::FromDevice)?;
            let Translation { hpa, len, .. } = found.to;
            memory.write(hpa, &from[done..done + len]).ok_or(DmaFault::NoMemory(hpa))?;
            found.tell(true);
            done += len;
        }
        Ok(())
    }
}

impl Device {
    /// Changes 4 or 8 bytes of memory, aligned to their number, by one atomic operation (PCIe: AtomicOp). Returns the number
    /// before. Errors: [`DmaFault`]; the entry has to allow reads and writes.
    pub fn update(
        &mut self,
        memory: &impl DmaMemory,
        ioba: Ioba,
        bytes: usize,
        change: &dyn Fn(u64) -> u64,
    ) -> Result<u64, DmaFault> {
        let _writing = self.chip.writes(self.place).map(Busy::new); // as in `write`
        let windows = self.windows.load();
        let found = find(windows, &self.chip, self.pe, ioba, bytes, Direction::Bidirectional)?;
        let hpa = found.to.hpa;
        let before = memory.update(hpa, bytes, change).ok_or(DmaFault::NoMemory(hpa))?;
        found.tell(true);
        Ok(before)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.chip.remove_device(self.place);
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("pe", &self.pe).finish_non_exhaustive()
    }
}

/// A write, which kills wait for, from its lookup to its end.
struct Busy<'a>(&'a InFlight);

impl<'a> Busy<'a> {
    fn new(accesses: &'a InFlight) -> Busy<'a> {
        accesses.begin();
        Busy(accesses)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[inline(always)]
fn find<'a>(
    windows: &'a [Tve],
    chip: &Chip,
    pe: Pe,
    ioba: Ioba,
    len: usize,
    access: Direction,
) -> Result<Found<'a>, DmaFault> {
    let (table, entry, offset) = entry_of(windows, pe, ioba).ok_or(DmaFault::NoWindow(ioba))?;
    let began = table.watch().map_or(0, |watch| watch.now());
    let (tce, valid) = lookup(chip, pe, ioba, table, entry, offset);
    if !tce.is_live() {
        return Err(DmaFault::NotMapped(ioba));
    }
    let allowed = tce.direction();
    if access.permissions() & !allowed.permissions() != 0 {
        return Err(DmaFault::NotAllowed { ioba, allowed });
    }
    let left = table.window().page_shift().bytes() - offset;
    let len = usize::try_from(left).unwrap_or(usize::MAX).min(len);
    let to = Translation { hpa: Hpa(tce.hpa().0 + offset), len, direction: allowed };
    Ok(Found { table, entry, tce, valid, began, to })
}

/// The table of the PE's window that the address is in, the entry, and the offset in its page.
#[inline(always)]
fn entry_of(windows: &[Tve], pe: Pe, ioba: Ioba) -> Option<(&IommuTable, HwEntry, u64)> {
    windows.iter().filter(|tve| tve.pe == pe).find_map(|tve| {
        let window = tve.table.window();
        let offset = ioba.0 & window.page_shift().low_bits();
        let entry = window.entry(Ioba(ioba.0 - offset)).ok()?;
        Some((&*tve.table, HwEntry(entry.0), offset))
    })
}

/// The table and entry that a key of the cache is for, if a window leads there.
pub(super) fn entry_of_key(
    keys: CacheKeys,
    windows: &[Tve],
    key: u64,
) -> Option<(&IommuTable, HwEntry)> {
    if keys == CacheKeys::Entry {
        return windows.iter().map(|tve| &*tve.table).find_map(|table| {
            let entry = HwEntry(key.checked_sub(entry_key(table.address()))?);
            table.check(entry).is_ok().then_some((table, entry))
        });
    }
    let (pe, ioba) = bus_place(key);
    entry_of(windows, pe, ioba).map(|(table, entry, _)| (table, entry))
}

/// The entry from the cache, or from the table and then into the cache. Entries without
/// permissions are not cached: a fault is not worth a slot.
#[inline(always)]
fn lookup(
    chip: &Chip,
    pe: Pe,
    ioba: Ioba,
    table: &IommuTable,
    entry: HwEntry,
    offset: u64,
) -> (Tce, Option<Valid>) {
    let Some(cache) = chip.cache() else {
        let epoch = chip.epoch();
        return (table.load(entry), Some(Valid::Epoch(epoch)));
    };
    let key = match chip.keys() {
        CacheKeys::Entry => entry_key(table.address() + 8 * entry.0),
        _ => bus_key(pe, ioba.0 - offset),
    };
    let (cached, ticket) = cache.lookup(key);
    if let Some(tce) = cached {
        return (Tce::from_bits(tce), Some(Valid::Cached(ticket)));
    }
    let tce = table.load(entry);
    let ticket = if tce.is_live() { cache.fill(key, tce.bits(), ticket) } else { None };
    (tce, ticket.map(Valid::Cached))
}

impl Found<'_> {
    /// Has the bridge translated so all the time?
    #[inline]
    fn is_current(&self, chip: &Chip) -> bool {
        self.valid.is_some_and(|valid| valid.still(chip))
    }

    /// The part to remember, unless a detector observes each use.
    #[inline]
    fn hot(&self, ioba: Ioba) -> Option<Hot> {
        let low_bits = self.table.window().page_shift().low_bits();
        let (tce, page) = (self.tce, ioba.0 & !low_bits);
        let valid = self.valid.filter(|_| self.table.watch().is_none())?;
        Some(Hot { page, low_bits, tce, valid })
    }

    /// Reports the use to the detector, if there is one.
    #[inline]
    fn tell(&self, write: bool) {
        if let Some(watch) = self.table.watch() {
            watch.used(self.entry, self.tce, self.began, write);
        }
    }
}
