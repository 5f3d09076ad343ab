// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Loads and stores: guest RAM behind a translation cache of host pointers (`tlb.rs`).
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
//! # Registers of devices
//!
//! Where there is no RAM the machine may have devices answer ([`Io`](crate::Io)). Such a page is never in the TLB: each access
//! misses, is translated, and becomes one call, from translated code as well. So an access to RAM pays nothing. All of these
//! pages are caching inhibited: an access that is not aligned is one for each byte, a vector is one for each element, `dcbz` takes
//! an alignment interrupt, and a reservation or a quadword takes a data storage interrupt (`io.rs`). Elsewhere an
//! access outside RAM is a machine check.
//!
//! This is the one module that dereferences guest memory. Every pointer comes from a 4 KiB
//! page inside a region of the [`GuestMemory`] that the CPU keeps alive, and regions are never
//! unmapped while it lives.
#![allow(unsafe_code)]

use crate::{
    Cpu,
    size::Size,
    state::{
        interrupt::{Stop, machine_check},
        spr,
    },
    storage::{
        bus::Bus,
        io::Miss,
        radix::Access,
        tlb::{Entry, NONE, PAGE, WATCHED},
    },
};
use std::sync::atomic::{
    AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};

/// Bytes in a cache block.
const CACHE_BLOCK: usize = 128;

impl Bus {
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
        let host = match self.host(ea) {
            Ok(host) => host,
            Err(Miss::Stop(stop)) => return Err(stop),
            Err(Miss::Io(_)) if !ea.is_multiple_of(size.bytes()) => {
                return self.load_bytes(ea, size);
            }
            Err(Miss::Io(ra)) => return Ok(self.load_io(ra, size)),
        };
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

    /// A load that crosses into another page, or is not aligned and not from RAM.
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
            let stored =
                self.store_with(ea, size.bytes(), |host| unsafe { write(host, size, raw) });
            return match stored {
                Ok(()) => Ok(()),
                Err(Miss::Stop(stop)) => Err(stop),
                Err(Miss::Io(ra)) => {
                    self.store_io(ra, size, v);
                    Ok(())
                }
            };
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
    ) -> Result<T, Miss> {
        let place = self.store_place(ea & self.ea_mask)?;
        let stored = store(place.host);
        if place.watched {
            self.bus.written(place.ra & !(bytes - 1), bytes);
        }
        Ok(stored)
    }

    /// Where a store at `ea` goes. Fills the TLB: with the right to plain stores, unless the page holds code.
    fn store_place(&mut self, ea: u64) -> Result<StorePlace, Miss> {
        let tag = ea & !(PAGE - 1);
        let entry = *self.tlb.entry(ea);
        if entry.write & !WATCHED != tag {
            let (host, ra) = self.translate(ea, Access::Store)?;
            return Ok(self.allow_stores(ea, host, ra));
        }
        let host = entry.addend.wrapping_add(ea as usize);
        let ra = self.bus.plain_address(host);
        if entry.write == tag {
            return Ok(StorePlace { host, ra, watched: false });
        }
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

    /// Host address of one byte for a load, from the TLB or filling it.
    pub(crate) fn host(&mut self, ea: u64) -> Result<usize, Miss> {
        let ea = ea & self.ea_mask;
        let entry = self.tlb.entry(ea);
        if entry.read == ea & !(PAGE - 1) {
            return Ok(entry.addend.wrapping_add(ea as usize));
        }
        self.translate(ea, Access::Load).map(|(host, _)| host)
    }

    /// Host address and real address of one byte for an access, filling the TLB for loads; a page that is
    /// to be stored to is marked dirty.
    fn translate(&mut self, ea: u64, access: Access) -> Result<(usize, u64), Miss> {
        let place = self.data(ea, access)?;
        let Some(page) = self.bus.page(place.ra) else {
            return Err(self.outside_ram(ea, place.ra, access));
        };
        let tag = ea & !(PAGE - 1);
        let addend = (page as usize).wrapping_sub(tag as usize);
        if !self.tlb.entry(ea).is_of(tag, addend) {
            *self.tlb.fill(ea) = Entry::of(tag, addend);
        }
        self.tlb.entry(ea).read = if place.loads { tag } else { NONE };
        let host = addend.wrapping_add(ea as usize);
        match access {
            Access::Store => self.bus.mark_dirty(place.ra),
            // The store that comes next need not come here.
            _ if place.stores && self.bus.is_dirty(place.ra) => {
                self.allow_stores(ea, host, place.ra);
            }
            _ => {}
        }
        Ok((host, place.ra))
    }

    /// The place of a data access that is not RAM: devices, or else a machine check.
    #[cold]
    fn outside_ram(&mut self, ea: u64, ra: u64, access: Access) -> Miss {
        if self.bus.io(ra).is_some() {
            return Miss::Io(ra);
        }
        (self.srr1_info, self.sprs[spr::DSISR]) = match access {
            Access::Load | Access::Fetch => (machine_check::LOAD, 1 << (63 - 57)),
            Access::Store => (machine_check::STORE, 0),
        };
        self.sprs[spr::DAR] = ea;
        Miss::Stop(Stop::MachineCheck)
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
        let zeroed = self.store_with(ea, CACHE_BLOCK as u64, |host| {
            let block = host & !(CACHE_BLOCK - 1);
            for i in (0..CACHE_BLOCK).step_by(8) {
                // SAFETY: RAM pages are aligned on the host, so the block is in the page of `ea`.
                unsafe { write(block + i, Size::Double, 0) };
            }
        });
        zeroed.map_err(|miss| match miss {
            Miss::Stop(stop) => stop,
            Miss::Io(_) => self.misaligned(ea),
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
