// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Storage: guest RAM behind a small translation cache of host pointers.
//!
//! A TLB entry is made once per page: it holds the page's host address, and it allows stores
//! only after the page was marked dirty, so that loads and stores themselves are one compare
//! and one host access. Aligned accesses are single-copy atomic, as the architecture wants.
//!
//! A page that decoded code came from has no entry that allows plain stores: stores to it go the
//! slow way and are followed by a look at the marks of its lines (`ram::CodeWatch`). See `watch.rs`.
//!
//! # Memory order
//!
//! The guest's storage model is weak (Book II, 1.7), and so is this: a plain access is a relaxed atomic of the host, on any
//! host. The guest gets order where it asks for it:
//!
//! | guest | host |
//! |---|---|
//! | `sync`, `ptesync`, `eieio`, `icbi` | a sequentially consistent fence |
//! | `lwsync` | a fence that acquires and releases |
//! | `isync`, and any other context synchronization (`rfid`, `sc`, `mtmsr`, interrupts) | an acquire fence |
//! | `larx`, `stcx.` | relaxed, as on POWER: a load, and a compare-and-exchange |
//!
//! An address, data or control dependency of the guest becomes one of the host: the value is in [`Cpu::gpr`], from where
//! the address of the next access is computed, or the host's branch is chosen. Every host that Rust has atomics for keeps these
//! orders, and no compiler sees both accesses. A host with total store order gives more than all this, and nothing here
//! relies on it. Quadwords (`lq`, `stq`, `lqarx`, `stqcx.`) are atomic where the host has 128-bit atomics; elsewhere only
//! among themselves.
//!
//! This is the one module that dereferences guest memory. Every pointer comes from a 4 KiB
//! page inside a region of the [`GuestMemory`] that the CPU keeps alive, and regions are never
//! unmapped while it lives.
#![allow(unsafe_code)]

use crate::storage::radix::Access;
use crate::storage::shootdown::Shootdown;
use crate::storage::watch::Events;
use crate::{
    Cpu,
    state::{
        interrupt::{Stop, machine_check},
        spr,
    },
    vocabulary::Size,
};
use ram::{Changes, CodeWatch, GuestMemory};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use vm_memory::bitmap::AtomicBitmap;
use vm_memory::{
    GuestAddress, GuestMemoryBackend, GuestMemoryRegion, MemoryRegionAddress, MmapRegion,
};

/// Bytes in a page of the TLB, of the dirty log and of the watch over code.
pub const PAGE: u64 = ram::PAGE as u64;

/// A tag that matches no address: a lookup keeps page bits and, to see a misaligned access,
/// up to three low bits, but never this one.
const NONE: u64 = PAGE / 2;

/// Beside the page bits of a store tag: stores are allowed, but each has to be followed by a look at
/// the marks of its lines. It matches no address either.
const WATCHED: u64 = PAGE / 4;

/// Bytes in a cache block.
const CACHE_BLOCK: usize = 128;

/// Entries of the TLB for each context.
pub const TLB: usize = 1024;

/// The privilege of an access, as far as its translation depends on it: the TLB keeps these apart, so
/// that system calls and interrupts leave it warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Without translation.
    Real,
    /// Privileged, and kept out of the pages of problem state by the AMR, wholly or in part.
    Privileged,
    /// Privileged, with the pages of problem state open.
    Open,
    /// Problem state.
    Problem,
}

/// How many contexts there are.
const CONTEXTS: usize = 4;

/// One page's translation.
#[derive(Clone, Copy)]
struct Entry {
    /// Page address for which loads are allowed, or NONE.
    read: u64,
    /// Page address for which stores are allowed, or that and WATCHED, or NONE.
    write: u64,
    /// Host address minus effective address, wrapping.
    addend: usize,
}

/// The translations of one context.
type Table = Box<[Entry; TLB]>;

/// The cached translations of one CPU. The table of the context in force is at hand; the others
/// are parked, and the place of the one at hand holds a table without use.
pub struct Tlb {
    at_hand: Table,
    parked: [Table; CONTEXTS],
    context: Context,
    /// The fills since the last flush: of processes, and of process 0.
    logs: [Log; 2],
}

/// Linux forgets the pages of a process some ten thousand times while it boots, mostly with little
/// filled in between: up to this many entries are forgotten one by one.
pub const LOG: usize = 128;

/// The entries that were filled.
struct Log {
    /// As far as there is room.
    slots: [u16; LOG],
    /// How many there were.
    filled: usize,
}

/// Whose log an address is in: quadrant 0 belongs to the process of PIDR, the others to process 0.
fn is_of_process_0(ea: u64) -> bool {
    ea >> 62 != 0
}

impl Tlb {
    const EMPTY: Entry = Entry { read: NONE, write: NONE, addend: 0 };

    /// One that holds nothing.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Tlb {
        let table = || Box::new([Tlb::EMPTY; TLB]);
        let parked = std::array::from_fn(|_| table());
        let logs = [const { Log { slots: [0; LOG], filled: 0 } }; 2];
        Tlb { at_hand: table(), parked, context: Context::Real, logs }
    }
    fn tables(&mut self) -> impl Iterator<Item = &mut Table> {
        self.parked.iter_mut().chain([&mut self.at_hand])
    }
    /// Forgets every translation; the next store to a page marks it dirty again.
    pub fn flush(&mut self) {
        self.flush_of(false);
        self.flush_of(true);
    }
    /// Flushes only quadrant 0, whose translations belong to the process in PIDR.
    pub fn flush_process(&mut self) {
        self.flush_of(false);
    }
    fn flush_of(&mut self, process_0: bool) {
        let forget = |entry: &mut Entry| {
            if is_of_process_0(entry.read) == process_0 {
                *entry = Tlb::EMPTY;
            }
        };
        let log = &mut self.logs[usize::from(process_0)];
        let (slots, filled) = (log.slots, std::mem::take(&mut log.filled));
        for table in self.tables() {
            match slots.get(..filled) {
                Some(slots) => {
                    slots.iter().for_each(|&slot| forget(&mut table[usize::from(slot) % TLB]));
                }
                None => table.iter_mut().for_each(forget),
            }
        }
    }
    fn forget(&mut self, slot: usize) {
        self.tables().for_each(|table| table[slot % TLB] = Tlb::EMPTY);
    }
    /// Takes the right to plain stores from every entry of the page at a host address.
    pub(crate) fn forbid_stores(&mut self, host: usize) {
        for entry in self.tables().flat_map(|table| table.iter_mut()) {
            if entry.write != NONE && entry.addend.wrapping_add(entry.read as usize) == host {
                entry.write = NONE;
            }
        }
    }
    /// Forgets the translations of one context.
    pub(crate) fn flush_context(&mut self, context: Context) {
        match context == self.context {
            true => self.at_hand.fill(Tlb::EMPTY),
            false => self.parked[context as usize].fill(Tlb::EMPTY),
        }
    }
    /// Forgets the translations of `bytes` from `ea` on, in every context.
    pub(crate) fn flush_range(&mut self, ea: u64, bytes: u64) {
        if bytes / PAGE >= TLB as u64 {
            return self.flush();
        }
        for page in ea / PAGE..(ea / PAGE).saturating_add((bytes / PAGE).max(1)) {
            self.forget(page as usize % TLB);
        }
    }
    /// The entry of `ea`, to be filled.
    fn fill(&mut self, ea: u64) -> &mut Entry {
        let log = &mut self.logs[usize::from(is_of_process_0(ea))];
        if let Some(slot) = log.slots.get_mut(log.filled) {
            *slot = ((ea / PAGE) as usize % TLB) as u16;
        }
        log.filled = log.filled.saturating_add(1);
        self.entry(ea)
    }
    /// Puts the table of a context in force.
    pub fn switch(&mut self, context: Context) {
        if context != self.context {
            std::mem::swap(&mut self.at_hand, &mut self.parked[self.context as usize]);
            std::mem::swap(&mut self.at_hand, &mut self.parked[context as usize]);
            self.context = context;
        }
    }
    /// True if loads from the page of `ea` are translated in the context in force.
    pub fn holds(&mut self, ea: u64) -> bool {
        self.entry(ea).read == ea & !(PAGE - 1)
    }
    /// Translates loads from the page of `ea`, to host address 0.
    pub fn hold(&mut self, ea: u64) {
        let read = ea & !(PAGE - 1);
        *self.fill(ea) = Entry { read, write: NONE, addend: (read as usize).wrapping_neg() };
    }
    #[inline(always)]
    fn entry(&mut self, ea: u64) -> &mut Entry {
        &mut self.at_hand[(ea / PAGE) as usize % TLB]
    }
}

/// The counters and lists through which CPUs learn of each other's doings.
struct Shared {
    /// The counter that each CPU compares before each block.
    changes: Arc<Changes>,
    shootdown: Shootdown,
    /// The pages that came to hold code.
    watched: Events,
}

/// The region of RAM from real address 0 on, which is nearly always all of it.
#[derive(Clone)]
struct FirstRegion {
    /// Host address.
    host: usize,
    /// Bytes in whole pages.
    bytes: u64,
    dirty: Arc<AtomicBitmap>,
    /// The watch over its code.
    code: Arc<CodeWatch>,
}

impl FirstRegion {
    fn of(ram: &GuestMemory, changes: &Arc<Changes>) -> FirstRegion {
        FirstRegion::at_zero(ram).unwrap_or_else(|| {
            let code = Arc::new(CodeWatch::new(0, Arc::clone(changes)));
            FirstRegion { host: 0, bytes: 0, dirty: Arc::default(), code }
        })
    }

    fn at_zero(ram: &GuestMemory) -> Option<FirstRegion> {
        let region = ram.find_region(GuestAddress(0))?;
        let log = MmapRegion::bitmap(region);
        let (dirty, code) = (Arc::clone(log.dirty()), Arc::clone(log.code()?));
        let bytes = region.len() & !(PAGE - 1);
        let slice = ram.get_slice(GuestAddress(0), usize::try_from(bytes).ok()?).ok()?;
        Some(FirstRegion { host: slice.ptr_guard_mut().as_ptr() as usize, bytes, dirty, code })
    }
}

/// RAM, and what the CPUs share about it.
#[derive(Clone)]
pub(crate) struct Bus {
    pub(crate) ram: Arc<GuestMemory>,
    first: FirstRegion,
    shared: Arc<Shared>,
}

impl Bus {
    pub(crate) fn new(ram: Arc<GuestMemory>) -> Bus {
        let changes = ram::watch_code(&ram);
        let first = FirstRegion::of(&ram, &changes);
        let (shootdown, watched) = Default::default();
        Bus { first, ram, shared: Arc::new(Shared { changes, shootdown, watched }) }
    }
    /// How often code or translations were invalidated, or a page came to hold code.
    #[inline(always)]
    pub(crate) fn changes(&self) -> u64 {
        self.shared.changes.count()
    }
    /// How often decoded code became stale.
    pub(crate) fn code_changes(&self) -> u64 {
        self.shared.changes.of_code()
    }
    /// The pages that came to hold code.
    pub(crate) fn watched(&self) -> &Events {
        &self.shared.watched
    }
    /// Makes the CPUs of the machine look at [`watched`](Self::watched).
    pub(crate) fn announce(&self) {
        self.shared.changes.announce();
    }
    /// The invalidations of translations.
    pub(crate) fn shootdown(&self) -> &Shootdown {
        &self.shared.shootdown
    }
    /// Invalidates translations; returns how often that was done.
    pub(crate) fn invalidate_translations(&self) -> u32 {
        let count = self.shared.shootdown.invalidate();
        self.shared.changes.announce();
        count
    }
    /// The big-endian doubleword at an aligned real address, if it is RAM.
    pub(crate) fn load_be(&self, ra: u64) -> Option<u64> {
        let host = self.page(ra)? as usize + (ra & (PAGE - 1) & !7) as usize;
        // SAFETY: an aligned doubleword inside a page of RAM.
        Some(u64::from_be(unsafe { read(host, Size::Double) }))
    }
    /// Sets bits of the big-endian doubleword at an aligned real address if it still is `old`;
    /// whether it was.
    pub(crate) fn set_be(&self, ra: u64, old: u64, bits: u64) -> bool {
        let Some(page) = self.page(ra) else { return false };
        let host = page as usize + (ra & (PAGE - 1) & !7) as usize;
        // SAFETY: an aligned doubleword inside a page of RAM.
        let entry = unsafe { AtomicU64::from_ptr(host as *mut u64) };
        self.mark_dirty(ra);
        let set =
            entry.compare_exchange(old.to_be(), (old | bits).to_be(), SeqCst, Relaxed).is_ok();
        self.written(ra & !7, 8);
        set
    }
    /// The host address of the page at real address `ra`, if it is RAM.
    #[inline]
    fn page(&self, ra: u64) -> Option<*mut u8> {
        let page = ra & !(PAGE - 1);
        if page < self.first.bytes {
            return Some(self.first.host.wrapping_add(page as usize) as *mut u8);
        }
        self.page_of_others(page)
    }
    #[cold]
    fn page_of_others(&self, ra: u64) -> Option<*mut u8> {
        let slice = self.ram.get_slice(GuestAddress(ra & !(PAGE - 1)), PAGE as usize).ok()?;
        Some(slice.ptr_guard_mut().as_ptr())
    }
    /// The host address of a real address, if that is RAM.
    pub(crate) fn host(&self, ra: u64) -> Option<usize> {
        self.page(ra).map(|page| page as usize + (ra & (PAGE - 1)) as usize)
    }
    /// The real address of a host address, if that is RAM.
    pub(crate) fn real(&self, host: usize) -> Option<u64> {
        self.ram.iter().find_map(|region| {
            let first = region.get_host_address(MemoryRegionAddress(0)).ok()?;
            let offset = host.checked_sub(first as usize)? as u64;
            (offset < region.len()).then(|| region.start_addr().0 + offset)
        })
    }
    /// Sets the dirty bit of a page that is about to be written.
    fn mark_dirty(&self, ra: u64) {
        if ra < self.first.bytes {
            return set_bit(&self.first.dirty, ra as usize);
        }
        let address = GuestAddress(ra);
        let Some(region) = self.ram.find_region(address) else { return };
        let Some(offset) = region.to_region_addr(address) else { return };
        set_bit(MmapRegion::bitmap(region).dirty(), offset.0 as usize);
    }
    /// The watch that a real address is under, and its offset there.
    #[inline(always)]
    fn code(&self, ra: u64) -> Option<(&CodeWatch, usize)> {
        if ra < self.first.bytes {
            return Some((&self.first.code, ra as usize));
        }
        self.code_of_others(ra)
    }
    #[cold]
    fn code_of_others(&self, ra: u64) -> Option<(&CodeWatch, usize)> {
        ram::code_at(&self.ram, ra).map(|(watch, offset)| (&**watch, offset))
    }
    /// The generation of the code in the page at `ra`.
    #[inline(always)]
    pub(crate) fn generation(&self, ra: u64) -> u64 {
        self.code(ra).map_or(0, |(watch, offset)| watch.generation(offset / ram::PAGE))
    }
    /// Marks the line at `ra`, from which code is about to be read. Returns the generation of its page if
    /// CPUs have yet to learn that it holds code.
    pub(crate) fn mark_code(&self, ra: u64) -> Option<u64> {
        self.code(ra).and_then(|(watch, offset)| watch.mark(offset))
    }
    /// CPUs learn that the page at `ra` holds code of this generation.
    pub(crate) fn code_is_announced(&self, ra: u64, generation: u64) {
        if let Some((watch, offset)) = self.code(ra) {
            watch.announced(offset, generation);
        }
    }
    /// Makes the code of a range stale whose bytes a CPU has written just now.
    pub(crate) fn written(&self, ra: u64, bytes: u64) {
        let Some((watch, offset)) = self.code(ra) else { return };
        match self.shared.shootdown.has_others() {
            true => watch.written(offset, bytes as usize),
            false => watch.written_by_decoder(offset, bytes as usize),
        }
    }
    /// Makes all code of the page at `ra` stale.
    pub(crate) fn invalidate_code(&self, ra: u64) {
        if let Some((watch, offset)) = self.code(ra) {
            watch.invalidate(offset / ram::PAGE);
        }
    }
    /// The number of the page at `ra` in the first region, the only one with plain stores; `None` elsewhere.
    #[inline(always)]
    pub(crate) fn plain_page(&self, ra: u64) -> Option<usize> {
        (ra < self.first.bytes).then_some((ra / PAGE) as usize)
    }
    /// True if code was decoded from such a page.
    #[inline(always)]
    pub(crate) fn holds_code(&self, page: usize) -> bool {
        self.first.code.holds_code(page)
    }
    /// How many of them there are.
    pub(crate) fn plain_pages(&self) -> usize {
        (self.first.bytes / PAGE) as usize
    }
    /// The host address of such a page.
    pub(crate) fn plain_host(&self, page: usize) -> usize {
        self.first.host.wrapping_add(page * ram::PAGE)
    }
}

fn set_bit(dirty: &AtomicBitmap, offset: usize) {
    if !dirty.is_addr_set(offset) {
        dirty.set_addr_range(offset, 1);
    }
}

/// Reads an aligned value.
///
/// # Safety
/// `host` is a readable address of guest RAM, aligned to `size`.
#[inline(always)]
pub(crate) unsafe fn read(host: usize, size: Size) -> u64 {
    // SAFETY: by the caller; atomics because other threads may access the same RAM.
    unsafe {
        match size {
            Size::Byte => u64::from(AtomicU8::from_ptr(host as *mut u8).load(Relaxed)),
            Size::Half => u64::from(AtomicU16::from_ptr(host as *mut u16).load(Relaxed)),
            Size::Word => u64::from(AtomicU32::from_ptr(host as *mut u32).load(Relaxed)),
            Size::Double => AtomicU64::from_ptr(host as *mut u64).load(Relaxed),
        }
    }
}

/// Writes an aligned value.
///
/// # Safety
/// `host` is a writable address of guest RAM, aligned to `size`.
#[inline(always)]
pub(crate) unsafe fn write(host: usize, size: Size, v: u64) {
    // SAFETY: as for `read`. The casts keep the low part, which is what is stored.
    unsafe {
        match size {
            Size::Byte => AtomicU8::from_ptr(host as *mut u8).store(v as u8, Relaxed),
            Size::Half => AtomicU16::from_ptr(host as *mut u16).store(v as u16, Relaxed),
            Size::Word => AtomicU32::from_ptr(host as *mut u32).store(v as u32, Relaxed),
            Size::Double => AtomicU64::from_ptr(host as *mut u64).store(v, Relaxed),
        }
    }
}

/// Turns a value between register order and storage order.
#[inline(always)]
fn order(v: u64, size: Size, little: bool) -> u64 {
    let v = if little { v } else { v.swap_bytes() >> (64 - 8 * size.bytes()) };
    if cfg!(target_endian = "big") { v.swap_bytes() >> (64 - 8 * size.bytes()) } else { v }
}

impl Cpu {
    #[inline(always)]
    pub(crate) fn load_value(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        let ea = ea & self.ea_mask;
        let entry = self.tlb.entry(ea);
        if entry.read == ea & (!(PAGE - 1) | (size.bytes() - 1)) {
            let host = entry.addend.wrapping_add(ea as usize);
            // SAFETY: the tag matched, so the page is RAM at this addend and `ea` is aligned.
            let raw = unsafe { read(host, size) };
            return Ok(order(raw, size, self.little));
        }
        match self.load_slow(ea, size) {
            (v, Stop::Next) => Ok(v),
            (_, stop) => Err(stop),
        }
    }

    #[inline(always)]
    pub(crate) fn store_value(&mut self, ea: u64, size: Size, v: u64) -> Result<(), Stop> {
        let ea = ea & self.ea_mask;
        let raw = order(v, size, self.little);
        let entry = self.tlb.entry(ea);
        if entry.write == ea & (!(PAGE - 1) | (size.bytes() - 1)) {
            let host = entry.addend.wrapping_add(ea as usize);
            // SAFETY: the tag matched, so the page is RAM at this addend and `ea` is aligned.
            unsafe { write(host, size, raw) };
            return Ok(());
        }
        self.store_slow(ea, size, v)
    }

    /// A load that missed the TLB or is not aligned. A pair comes back in registers, a
    /// `Result` would not, and the fast path would pay for its place on the stack.
    #[cold]
    fn load_slow(&mut self, ea: u64, size: Size) -> (u64, Stop) {
        match self.load_anyhow(ea, size) {
            Ok(v) => (v, Stop::Next),
            Err(stop) => (0, stop),
        }
    }

    fn load_anyhow(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        if ea % PAGE + size.bytes() > PAGE {
            return self.load_bytes(ea, size);
        }
        let host = self.host(ea)?;
        let (doubleword, shift) = (host & !7, 8 * (host & 7));
        // SAFETY: `host` is in a page of RAM, so its aligned doubleword is too.
        let mut raw = u64::from_le(unsafe { read(doubleword, Size::Double) }) >> shift;
        if shift as u64 + 8 * size.bytes() > 64 {
            // SAFETY: the operand ends in the next doubleword and in the same page.
            raw |= u64::from_le(unsafe { read(doubleword + 8, Size::Double) }) << (64 - shift);
        }
        let unused = 64 - 8 * size.bytes();
        Ok(if self.little { raw << unused >> unused } else { raw.swap_bytes() >> unused })
    }

    /// A load that crosses into another page.
    fn load_bytes(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        let mut v = 0;
        for i in 0..size.bytes() {
            let byte = self.load_value(ea.wrapping_add(i), Size::Byte)?;
            v |= byte << (8 * if self.little { i } else { size.bytes() - 1 - i });
        }
        Ok(v)
    }

    /// A store that missed the TLB, is not aligned, or goes to a page that holds code.
    #[cold]
    fn store_slow(&mut self, ea: u64, size: Size, v: u64) -> Result<(), Stop> {
        if ea.is_multiple_of(size.bytes()) {
            let raw = order(v, size, self.little);
            // SAFETY: `host` is the RAM of `ea`, which is aligned.
            return self.store_with(ea, size.bytes(), |host| unsafe { write(host, size, raw) });
        }
        // The last byte first: a store that ends in a page which is not RAM changes nothing.
        for i in (0..size.bytes()).rev() {
            let byte = v >> (8 * if self.little { i } else { size.bytes() - 1 - i });
            self.store_value(ea.wrapping_add(i), Size::Byte, byte & 0xff)?;
        }
        Ok(())
    }

    /// Calls `store` with the host address of `ea` for a store into the block of `bytes`, a power of
    /// two, that `ea` is in; then makes the code stale that came from there.
    pub(crate) fn store_with<T>(
        &mut self,
        ea: u64,
        bytes: u64,
        store: impl FnOnce(usize) -> T,
    ) -> Result<T, Stop> {
        let place = self.store_place(ea & self.ea_mask)?;
        let stored = store(place.host);
        if place.watched {
            self.bus.written(place.ra & !(bytes - 1), bytes);
        }
        Ok(stored)
    }

    /// Where a store at `ea` goes. Fills the TLB: with the right to plain stores, unless the page holds code.
    fn store_place(&mut self, ea: u64) -> Result<StorePlace, Stop> {
        let tag = ea & !(PAGE - 1);
        let entry = *self.tlb.entry(ea);
        if entry.write != tag | WATCHED {
            let (host, ra) = self.translate(ea, Access::Store)?;
            return Ok(self.allow_stores(ea, host, ra));
        }
        let host = entry.addend.wrapping_add(ea as usize);
        let ra = host.wrapping_sub(self.bus.first.host) as u64;
        if self.bus.holds_code((ra / PAGE) as usize) || !self.stored.is_calm() {
            return Ok(StorePlace { host, ra, watched: true });
        }
        Ok(self.allow_stores(ea, host, ra))
    }

    /// Writes the store tag of `ea`'s entry. Another CPU may decode code from the page right after the
    /// look at its marks; it then announces the page, and this one follows: see `watch.rs`.
    fn allow_stores(&mut self, ea: u64, host: usize, ra: u64) -> StorePlace {
        let tag = ea & !(PAGE - 1);
        let (write, watched) = match self.bus.plain_page(ra) {
            Some(page) if !self.bus.holds_code(page) => {
                self.stored.insert(page);
                (tag, false)
            }
            Some(_) => (tag | WATCHED, true),
            None => (NONE, true),
        };
        self.tlb.entry(ea).write = write;
        StorePlace { host, ra, watched }
    }

    /// Host address of one byte for a load, filling the TLB.
    pub(crate) fn host(&mut self, ea: u64) -> Result<usize, Stop> {
        self.translate(ea & self.ea_mask, Access::Load).map(|(host, _)| host)
    }

    /// Host address and real address of one byte for an access, filling the TLB for loads; a page that is
    /// to be stored to is marked dirty.
    fn translate(&mut self, ea: u64, access: Access) -> Result<(usize, u64), Stop> {
        let leaf = self.data(ea, access)?;
        let Some(page) = self.bus.page(leaf.ra) else {
            return Err(self.outside_ram(ea, access));
        };
        let tag = ea & !(PAGE - 1);
        let addend = (page as usize).wrapping_sub(tag as usize);
        let mut entry = self.tlb.entry(ea);
        if entry.read != tag || entry.addend != addend {
            entry = self.tlb.fill(ea);
            *entry = Entry { read: tag, write: NONE, addend };
        }
        if access == Access::Store {
            self.bus.mark_dirty(leaf.ra);
        }
        Ok((addend.wrapping_add(ea as usize), leaf.ra))
    }

    /// The machine check of a data access to an address that is not RAM.
    fn outside_ram(&mut self, ea: u64, access: Access) -> Stop {
        (self.srr1_info, self.sprs[spr::DSISR]) = match access {
            Access::Load | Access::Fetch => (machine_check::LOAD, 1 << (63 - 57)),
            Access::Store => (machine_check::STORE, 0),
        };
        self.sprs[spr::DAR] = ea;
        Stop::MachineCheck
    }

    /// The instruction word at real address `ra`, if that is RAM.
    pub(crate) fn fetch(&self, ra: u64) -> Option<u32> {
        let page = self.bus.page(ra)? as usize;
        let host = page.wrapping_add((ra & (PAGE - 1) & !3) as usize);
        // SAFETY: four aligned bytes inside a page of RAM.
        let raw = unsafe { read(host, Size::Word) };
        Some(order(raw, Size::Word, self.little) as u32)
    }
}

impl Cpu {
    /// Takes an alignment interrupt unless `ea` is a multiple of `bytes`.
    pub(crate) fn require_aligned(&mut self, ea: u64, bytes: u64) -> Result<(), Stop> {
        if (ea & self.ea_mask).is_multiple_of(bytes) { Ok(()) } else { Err(self.misaligned(ea)) }
    }

    /// The alignment interrupt of an access at `ea`. The bits that DSISR held of the instruction in
    /// older architectures is undefined now (Book III, 6.5.8).
    pub(crate) fn misaligned(&mut self, ea: u64) -> Stop {
        self.sprs[spr::DAR] = ea & self.ea_mask;
        self.sprs[spr::DSISR] = 0;
        Stop::Alignment
    }

    /// Sets the cache block of `ea` to zero (dcbz; Book II, 4.3.2).
    pub(crate) fn zero_block(&mut self, ea: u64) -> Result<(), Stop> {
        self.store_with(ea, CACHE_BLOCK as u64, |host| {
            let block = host & !(CACHE_BLOCK - 1);
            for i in (0..CACHE_BLOCK).step_by(8) {
                // SAFETY: RAM pages are aligned on the host, so the block is in the page of `ea`.
                unsafe { write(block + i, Size::Double, 0) };
            }
        })
    }
}

/// Where a store goes.
struct StorePlace {
    host: usize,
    ra: u64,
    /// The store has to be followed by a look at the marks of its lines.
    watched: bool,
}
