// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Storage: guest RAM behind a small translation cache of host pointers.
//!
//! A TLB entry is made once per page: it holds the page's host address, and it allows stores
//! only after the page was marked dirty, so that loads and stores themselves are one compare
//! and one host access. Aligned accesses are single-copy atomic, as the architecture wants.
//!
//! This is the one module that dereferences guest memory. Every pointer comes from a 4 KiB
//! page inside a region of the [`GuestMemory`] that the CPU keeps alive, and regions are never
//! unmapped while it lives.
#![allow(unsafe_code)]

use crate::{Cpu, interrupt::Stop, machine::Size};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};
use vm_memory::bitmap::{AtomicBitmap, Bitmap};
use vm_memory::{GuestAddress, GuestMemoryBackend, GuestMemoryMmap};

/// Guest RAM with its log of written pages.
pub type GuestMemory = GuestMemoryMmap<AtomicBitmap>;

/// Bytes in a page of the TLB and of the instruction cache's generations.
pub(crate) const PAGE: u64 = 4096;

/// A tag that matches no address: it is not page aligned.
const NONE: u64 = 1;

/// Entries of the TLB.
const TLB: usize = 256;

/// One page's translation.
#[derive(Clone, Copy)]
struct Entry {
    /// Page address for which loads are allowed, or NONE.
    read: u64,
    /// Page address for which stores are allowed, or NONE.
    write: u64,
    /// Host address minus effective address, wrapping.
    addend: usize,
}

/// The cached translations of one CPU.
pub(crate) struct Tlb([Entry; TLB]);

impl Tlb {
    pub(crate) fn new() -> Tlb {
        Tlb([Entry { read: NONE, write: NONE, addend: 0 }; TLB])
    }
    /// Forgets every translation; the next store to a page marks it dirty again.
    pub(crate) fn flush(&mut self) {
        *self = Tlb::new();
    }
    #[inline(always)]
    fn entry(&mut self, ea: u64) -> &mut Entry {
        &mut self.0[(ea / PAGE) as usize % TLB]
    }
}

/// A load or a store, for the machine check's and the storage interrupt's registers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Load,
    Store,
}

/// RAM and the instruction-cache generation of each of its pages.
#[derive(Clone)]
pub(crate) struct Bus {
    pub(crate) ram: Arc<GuestMemory>,
    /// Bumped by `icbi`: blocks decoded from an older generation of their page are stale.
    generations: Arc<[AtomicU32]>,
}

impl Bus {
    pub(crate) fn new(ram: Arc<GuestMemory>) -> Bus {
        let pages = ram.last_addr().0 / PAGE + 1;
        let generations = (0..pages).map(|_| AtomicU32::new(0)).collect();
        Bus { ram, generations }
    }
    /// The host address of the page at real address `ra`, if it is RAM.
    fn page(&self, ra: u64) -> Option<*mut u8> {
        let slice = self.ram.get_slice(GuestAddress(ra & !(PAGE - 1)), PAGE as usize).ok()?;
        Some(slice.ptr_guard_mut().as_ptr())
    }
    fn mark_dirty(&self, ra: u64) {
        if let Ok(slice) = self.ram.get_slice(GuestAddress(ra & !(PAGE - 1)), PAGE as usize) {
            slice.bitmap().mark_dirty(0, PAGE as usize);
        }
    }
    /// The generation of the page at `ra`; an address outside RAM has none.
    pub(crate) fn generation(&self, page: usize) -> u32 {
        self.generations.get(page).map_or(0, |g| g.load(Relaxed))
    }
    /// Makes the blocks decoded from the page at `ra` stale.
    pub(crate) fn invalidate_code(&self, ra: u64) {
        if let Some(generation) = self.generations.get((ra / PAGE) as usize) {
            generation.fetch_add(1, Relaxed);
        }
    }
}

/// Reads an aligned value.
///
/// # Safety
/// `host` is a readable address of guest RAM, aligned to `size`.
#[inline(always)]
unsafe fn read(host: usize, size: Size) -> u64 {
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
unsafe fn write(host: usize, size: Size, v: u64) {
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
        if ea.is_multiple_of(size.bytes()) {
            let host = self.host(ea, Access::Load)?;
            // SAFETY: `host` is the RAM of `ea`, which is aligned.
            return Ok(order(unsafe { read(host, size) }, size, self.little));
        }
        let mut raw = 0;
        for i in 0..size.bytes() {
            let byte = self.load_value(ea.wrapping_add(i), Size::Byte)?;
            raw |= byte << (8 * if self.little { i } else { size.bytes() - 1 - i });
        }
        Ok(raw)
    }

    /// A store that missed the TLB or is not aligned.
    #[cold]
    fn store_slow(&mut self, ea: u64, size: Size, v: u64) -> Result<(), Stop> {
        if ea.is_multiple_of(size.bytes()) {
            let host = self.host(ea, Access::Store)?;
            // SAFETY: `host` is the RAM of `ea`, which is aligned.
            unsafe { write(host, size, order(v, size, self.little)) };
            return Ok(());
        }
        // The last byte first: a store across a page that may not be written changes nothing.
        for i in (0..size.bytes()).rev() {
            let byte = v >> (8 * if self.little { i } else { size.bytes() - 1 - i });
            self.store_value(ea.wrapping_add(i), Size::Byte, byte & 0xff)?;
        }
        Ok(())
    }

    /// Host address of one byte for an access, filling the TLB.
    fn host(&mut self, ea: u64, access: Access) -> Result<usize, Stop> {
        let ea = ea & self.ea_mask;
        let ra = self.translate(ea);
        let Some(page) = self.bus.page(ra) else {
            return Err(self.outside_ram(ea));
        };
        let tag = ea & !(PAGE - 1);
        let addend = (page as usize).wrapping_sub(tag as usize);
        let entry = self.tlb.entry(ea);
        if entry.read != tag {
            *entry = Entry { read: tag, write: NONE, addend };
        }
        if access == Access::Store {
            entry.write = tag;
            self.bus.mark_dirty(ra);
        }
        Ok(addend.wrapping_add(ea as usize))
    }

    /// Real address of an effective one. Real mode ignores the four high bits
    /// (Power ISA 3.0B, Book III, 5.7.3).
    #[inline(always)]
    pub(crate) fn translate(&self, ea: u64) -> u64 {
        ea & self.ea_mask & (u64::MAX >> 4)
    }

    /// The machine check of a data access to an address that is not RAM: a real-address error
    /// as POWER9 reports it (Linux: `mce_p9_derror_table`).
    fn outside_ram(&mut self, ea: u64) -> Stop {
        self.srr1_info = 1 << (63 - 42);
        self.sprs[crate::spr::DAR] = ea;
        self.sprs[crate::spr::DSISR] = 1 << (63 - 57);
        Stop::MachineCheck
    }

    /// Loads the instruction word at `ea`, whose page must be RAM.
    pub(crate) fn fetch(&mut self, ea: u64) -> Option<u32> {
        let ra = self.translate(ea);
        let page = self.bus.page(ra)? as usize;
        let host = page.wrapping_add((ra & (PAGE - 1) & !3) as usize);
        // SAFETY: four aligned bytes inside a page of RAM.
        let raw = unsafe { read(host, Size::Word) };
        Some(order(raw, Size::Word, self.little) as u32)
    }
}

/// What `larx` remembers for `stcx.`: the doubleword-aligned value it saw and where.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// Real address of the storage operand.
    ra: u64,
    /// Its size.
    size: Size,
    /// Value in storage order.
    raw: u64,
}

impl Cpu {
    /// Load and reserve. The operand must be aligned (Book II, 4.6.2).
    pub(crate) fn load_reserved(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        self.require_aligned(ea, size.bytes())?;
        let host = self.host(ea, Access::Load)?;
        // SAFETY: `host` is the RAM of `ea`, which is aligned.
        let raw = unsafe { read(host, size) };
        self.reservation = Some(Reservation { ra: self.translate(ea), size, raw });
        Ok(order(raw, size, self.little))
    }

    /// Stores if the reservation holds and clears it. Storage that was changed and changed
    /// back since the load counts as unchanged.
    pub(crate) fn store_reserved(&mut self, ea: u64, size: Size, v: u64) -> Result<bool, Stop> {
        self.require_aligned(ea, size.bytes())?;
        let host = self.host(ea, Access::Store)?;
        let new = order(v, size, self.little);
        let Some(held) = self.reservation.take() else { return Ok(false) };
        if held.ra != self.translate(ea) || held.size != size {
            return Ok(false);
        }
        // SAFETY: `host` is writable RAM at `ea`, which is aligned.
        Ok(unsafe {
            match size {
                Size::Byte => AtomicU8::from_ptr(host as *mut u8)
                    .compare_exchange(held.raw as u8, new as u8, Relaxed, Relaxed)
                    .is_ok(),
                Size::Half => AtomicU16::from_ptr(host as *mut u16)
                    .compare_exchange(held.raw as u16, new as u16, Relaxed, Relaxed)
                    .is_ok(),
                Size::Word => AtomicU32::from_ptr(host as *mut u32)
                    .compare_exchange(held.raw as u32, new as u32, Relaxed, Relaxed)
                    .is_ok(),
                Size::Double => AtomicU64::from_ptr(host as *mut u64)
                    .compare_exchange(held.raw, new, Relaxed, Relaxed)
                    .is_ok(),
            }
        })
    }

    /// Takes an alignment interrupt unless `ea` is a multiple of `bytes`.
    pub(crate) fn require_aligned(&mut self, ea: u64, bytes: u64) -> Result<(), Stop> {
        if (ea & self.ea_mask).is_multiple_of(bytes) { Ok(()) } else { Err(self.misaligned(ea)) }
    }

    /// The alignment interrupt of an access at `ea`.
    pub(crate) fn misaligned(&mut self, ea: u64) -> Stop {
        self.sprs[crate::spr::DAR] = ea & self.ea_mask;
        self.sprs[crate::spr::DSISR] = 0;
        Stop::Alignment
    }
}
