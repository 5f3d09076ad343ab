// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Reservations and quadwords (Power ISA 3.0B, Book II, 1.7.3 and 4.6.2).
//!
//! A reservation is the value that `larx` saw: `stcx.` compares and exchanges it. Storage that
//! was changed and changed back in between counts as unchanged. Neither orders other accesses: the barriers that a
//! guest puts beside them do, on any host (`mem.rs`, memory order).
#![allow(unsafe_code)]

use crate::{
    Cpu,
    state::interrupt::Stop,
    storage::{mem::read, radix::Access},
    vocabulary::{Size, Vocabulary},
    word::Word,
};
use portable_atomic::AtomicU128;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Bytes of a quadword.
const QUAD: u64 = 16;

/// The operand of a load and reserve, for the store conditional.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reservation {
    /// Host address of the storage operand: one for each real address.
    pub(crate) host: usize,
    /// Its length.
    pub(crate) bytes: u64,
    /// Its value as storage holds it.
    pub(crate) raw: u128,
}

/// Turns a value of `bytes` between register order and storage order.
fn order(v: u128, bytes: u64, little: bool) -> u128 {
    let swapped = v.swap_bytes() >> (128 - 8 * bytes);
    if little == cfg!(target_endian = "little") { v } else { swapped }
}

/// Replaces `old` by `new`; whether storage held `old`.
///
/// # Safety
/// `host` is an address of guest RAM, aligned to `bytes`, which is 1, 2, 4, 8 or 16.
unsafe fn exchange(host: usize, bytes: u64, old: u128, new: u128) -> bool {
    macro_rules! cas {
        ($atomic:ident, $int:ident) => {
            // SAFETY: by the caller. The casts keep the part that the width holds.
            unsafe { $atomic::from_ptr(host as *mut $int) }
                .compare_exchange(old as $int, new as $int, Relaxed, Relaxed)
                .is_ok()
        };
    }
    match bytes {
        1 => cas!(AtomicU8, u8),
        2 => cas!(AtomicU16, u16),
        4 => cas!(AtomicU32, u32),
        8 => cas!(AtomicU64, u64),
        _ => cas!(AtomicU128, u128),
    }
}

impl Cpu {
    /// The quadword at RAM address `ea`, which must be aligned, for a load.
    fn quad(&mut self, ea: u64) -> Result<&AtomicU128, Stop> {
        self.require_aligned(ea, QUAD)?;
        let host = self.host(ea).map_err(|miss| self.ram_only(miss, ea, Access::Load))?;
        // SAFETY: `host` is the RAM of `ea`; pages are aligned on the host, so it is aligned.
        Ok(unsafe { AtomicU128::from_ptr(host as *mut u128) })
    }

    /// RT || RT+1 <- a value.
    fn set_pair(&mut self, w: Word, v: u128) {
        self.set_gpr(w.rt(), (v >> 64) as u64);
        self.set_gpr(w.rt() + 1, v as u64);
    }

    /// RS || RS+1.
    fn pair(&mut self, w: Word) -> u128 {
        u128::from(self.gpr(w.rs())) << 64 | u128::from(self.gpr(w.rs() + 1))
    }

    /// lq
    pub(crate) fn load_quad(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(w.dq());
        let raw = self.quad(ea)?.load(Relaxed);
        self.set_pair(w, order(raw, QUAD, self.little));
        Ok(())
    }

    /// stq
    pub(crate) fn store_quad(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(w.ds());
        let raw = order(self.pair(w), QUAD, self.little);
        self.require_aligned(ea, QUAD)?;
        let stored = self.store_with(ea, QUAD, |host| {
            // SAFETY: `host` is the RAM of `ea`; pages are aligned on the host, so it is aligned.
            unsafe { AtomicU128::from_ptr(host as *mut u128) }.store(raw, Relaxed);
        });
        stored.map_err(|miss| self.ram_only(miss, ea, Access::Store))
    }

    /// lqarx
    pub(crate) fn load_quad_reserved(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(self.gpr(w.rb()));
        let quad = self.quad(ea)?;
        let (host, raw) = (quad.as_ptr() as usize, quad.load(Relaxed));
        self.reservation = Some(Reservation { host, bytes: QUAD, raw });
        self.set_pair(w, order(raw, QUAD, self.little));
        Ok(())
    }

    /// stqcx.
    pub(crate) fn store_quad_conditional(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(self.gpr(w.rb()));
        let pair = self.pair(w);
        let stored = self.store_if_reserved(ea, QUAD, pair)?;
        self.set_stored(stored);
        Ok(())
    }

    /// CR0 <- 0b00 || stored || XER\[SO\].
    fn set_stored(&mut self, stored: bool) {
        self.set_crf(0, u64::from(stored) << 1 | u64::from(self.so));
    }

    /// Load and reserve of up to a doubleword. The operand must be aligned.
    pub(crate) fn load_reserved(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        self.require_aligned(ea, size.bytes())?;
        let host = self.host(ea).map_err(|miss| self.ram_only(miss, ea, Access::Load))?;
        // SAFETY: `host` is the RAM of `ea`, which is aligned.
        let raw = u128::from(unsafe { read(host, size) });
        self.reservation = Some(Reservation { host, bytes: size.bytes(), raw });
        Ok(order(raw, size.bytes(), self.little) as u64)
    }

    /// Stores if the reservation is for this operand and still holds; clears it.
    pub(crate) fn store_if_reserved(&mut self, ea: u64, bytes: u64, v: u128) -> Result<bool, Stop> {
        self.require_aligned(ea, bytes)?;
        let (held, little) = (self.reservation, self.little);
        let stored = self.store_with(ea, bytes, |host| {
            let held = held.filter(|held| held.host == host && held.bytes == bytes);
            // SAFETY: `host` is writable RAM at `ea`, which is aligned to `bytes`.
            held.is_some_and(|held| unsafe {
                exchange(host, bytes, held.raw, order(v, bytes, little))
            })
        });
        let stored = stored.map_err(|miss| self.ram_only(miss, ea, Access::Store))?;
        self.reservation = None;
        Ok(stored)
    }
}
