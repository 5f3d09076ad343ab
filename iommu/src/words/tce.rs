// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Translation control entries: as the guest writes them, decoded, and stored.
//!
//! [`AtomicTce`] is the one place where an entry is or was a big-endian number. Each value that leaves it
//! is decoded, so a direction can only be read after the byte swap: the exchange commit itself read
//! it before, and never released a page on a little-endian host (papr-tce 4.5.1).

use crate::sync::{AtomicU64, Ordering};
use crate::words::addr::{AlignedHpa, Hpa};
use crate::words::direction::{Direction, PERMISSIONS};
use std::fmt;

/// Page number field of a TCE (LoPAR 2.9, "TCE Definition": IBM bits 0 to 51).
const PAGE_NUMBER: u64 = !0xfff;

/// A TCE as the guest wrote it: logical address, reserved bits, permissions. Kept verbatim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RawTce(pub u64);

impl RawTce {
    /// The direction the guest asked for.
    pub const fn direction(self) -> Direction {
        Direction::of(self.0)
    }

    /// All that is not a permission: the logical address, and reserved bits if there are any.
    pub const fn address(self) -> u64 {
        self.0 & !PERMISSIONS
    }

    /// True when a device may use the entry.
    pub const fn is_live(self) -> bool {
        self.0 & PERMISSIONS != 0
    }
}

impl fmt::Display for RawTce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// A decoded hardware entry: a host page and a direction. In host byte order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tce(u64);

impl Tce {
    /// The clear entry: no page, direction none.
    pub const CLEAR: Tce = Tce(0);

    /// An entry that lets a device use `hpa`. Direction none gives the clear entry, so that an
    /// address without permissions is never stored.
    pub const fn new(hpa: AlignedHpa, direction: Direction) -> Tce {
        match direction {
            Direction::None => Tce::CLEAR,
            _ => Tce(hpa.hpa().0 | direction.permissions()),
        }
    }

    /// The entry as a number, in host byte order.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// An entry that was a number.
    pub(crate) const fn from_bits(bits: u64) -> Tce {
        Tce(bits)
    }

    /// The host page. Meaningless when the entry is not live.
    pub const fn hpa(self) -> Hpa {
        Hpa(self.0 & PAGE_NUMBER)
    }

    /// The direction that the permission bits allow.
    pub const fn direction(self) -> Direction {
        Direction::of(self.0)
    }

    /// True when a device may use the entry, so that its page is pinned.
    pub const fn is_live(self) -> bool {
        self.0 & PERMISSIONS != 0
    }

    /// True when the device can have written the page.
    pub const fn device_writes(self) -> bool {
        self.direction().device_writes()
    }

    /// The entry of the page `bytes` further on; used where one guest page is several hardware
    /// pages. `bytes` is a multiple of 4096 within the guest page.
    pub const fn further(self, bytes: u64) -> Tce {
        debug_assert!(bytes & 0xfff == 0);
        if self.is_live() { Tce(self.0.wrapping_add(bytes)) } else { Tce::CLEAR }
    }

    /// The guest's live entry over host memory that begins at `base`. The caller has checked the
    /// address; `base` is page aligned, so permissions pass unchanged.
    pub(crate) const fn translated(raw: RawTce, base: Hpa) -> Tce {
        debug_assert!(base.0 & 0xfff == 0);
        if raw.is_live() { Tce(raw.0.wrapping_add(base.0)) } else { Tce::CLEAR }
    }
}

impl fmt::Display for Tce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// One stored entry, big-endian as the hardware reads it.
#[derive(Debug, Default)]
pub struct AtomicTce(AtomicU64);

impl AtomicTce {
    /// An entry that holds `tce`.
    pub fn new(tce: Tce) -> AtomicTce {
        AtomicTce(AtomicU64::new(tce.0.to_be()))
    }

    /// An entry over storage that is known to be zero, hence clear in any byte order.
    pub(crate) fn from_storage(zero: u64) -> AtomicTce {
        AtomicTce(AtomicU64::new(zero))
    }

    /// Reads the entry. Acquire: what its writer did before storing it is visible.
    #[inline]
    pub fn load(&self) -> Tce {
        Tce(u64::from_be(self.0.load(Ordering::Acquire)))
    }

    /// Swaps the entry; each old value is handed to exactly one caller.
    ///
    /// Sequentially consistent: the agreement of view and hardware needs it
    /// ([`guest_table`](crate::guest::guest_table)), and on x86 it costs nothing more.
    ///
    /// Linux: the `xchg` in `pnv_tce_xchg`.
    #[inline]
    pub fn swap(&self, new: Tce) -> Tce {
        Tce(u64::from_be(self.0.swap(new.0.to_be(), Ordering::SeqCst)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tce(bits: u64) -> Tce {
        Tce(bits)
    }

    // papr-tce 7.77: the value has different bytes at both ends, so a missing swap shows.
    #[test]
    fn an_asymmetric_entry_round_trips() {
        let entry = AtomicTce::default();
        assert_eq!(entry.swap(tce(0x0102_0304_0506_0003)), Tce::CLEAR);
        assert_eq!(entry.load(), tce(0x0102_0304_0506_0003));
        assert_eq!(entry.swap(Tce::CLEAR), tce(0x0102_0304_0506_0003));
    }

    // LoPAR 2.9: TCEs are big-endian in memory.
    #[test]
    fn storage_is_big_endian() {
        let entry = AtomicTce::new(tce(0x0102_0304_0506_0003));
        let bytes = entry.0.load(Ordering::Relaxed).to_ne_bytes();
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6, 0, 3]);
    }

    // Bug 1; papr-tce 7.77: the direction is that of the swapped value.
    #[test]
    fn the_old_direction_is_decoded_after_the_byte_swap() {
        let entry = AtomicTce::new(tce(0x0300_0000_0000_0000));
        assert_eq!(entry.swap(Tce::CLEAR).direction(), Direction::None);
        let entry = AtomicTce::new(tce(0x0000_0000_0000_0003));
        assert_eq!(entry.swap(Tce::CLEAR).direction(), Direction::Bidirectional);
    }

    // papr-tce 7.81: reserved bits do not reach the frame number.
    #[test]
    fn reserved_bits_are_not_part_of_the_page() {
        assert_eq!(tce(0x1234_5ffc | 3).hpa(), Hpa(0x1234_5000));
    }

    #[test]
    fn direction_none_drops_the_address() {
        let hpa = AlignedHpa::new(Hpa(0x5000)).expect("aligned");
        assert_eq!(Tce::new(hpa, Direction::None), Tce::CLEAR);
        assert_eq!(Tce::new(hpa, Direction::FromDevice), tce(0x5002));
    }

    #[test]
    fn write_only_stays_write_only() {
        let tce = Tce::translated(RawTce(0x1_0002), Hpa(1 << 45));
        assert_eq!(tce.direction(), Direction::FromDevice);
    }
}
