// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The geometry of a DMA window, and the two parameter checks of the exchange commit.

use crate::words::addr::{GuestEntry, Ioba, Liobn};
use crate::words::error::Error;
use crate::words::tce::RawTce;
use std::fmt;

/// log2 of a TCE page in bytes, 12 (4 KiB) to 34 (16 GiB).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageShift(u32);

impl PageShift {
    /// 4 KiB.
    pub const K4: PageShift = PageShift(12);
    /// 64 KiB.
    pub const K64: PageShift = PageShift(16);

    /// Errors: [`Error::PageShift`] outside 12..=34 (Linux: `kvm_vm_ioctl_create_spapr_tce`).
    pub const fn new(shift: u32) -> Result<PageShift, Error> {
        if shift >= 12 && shift <= 34 { Ok(PageShift(shift)) } else { Err(Error::PageShift(shift)) }
    }

    /// The binary logarithm of the page size.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Bytes of a page.
    pub const fn bytes(self) -> u64 {
        1 << self.0
    }

    /// The bits of an address that are below the page.
    pub const fn low_bits(self) -> u64 {
        self.bytes() - 1
    }
}

impl fmt::Display for PageShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A DMA window: `size` pages of the bus from page `offset` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    liobn: Liobn,
    page_shift: PageShift,
    offset: u64,
    size: u64,
}

impl Window {
    /// A window in pages. Errors: [`Error::Geometry`] when it is empty or its end wraps the bus,
    /// also where `offset + size` itself wraps (bug 50; papr-tce 7.88 and 7.89).
    pub const fn new(
        liobn: Liobn,
        page_shift: PageShift,
        offset: u64,
        size: u64,
    ) -> Result<Window, Error> {
        // One page less than the bus has, as Linux counts, so that the end itself has an address.
        let bus_pages = u64::MAX >> page_shift.0;
        match offset.checked_add(size) {
            Some(end) if size > 0 && end <= bus_pages => {
                Ok(Window { liobn, page_shift, offset, size })
            }
            _ => Err(Error::Geometry { offset, size }),
        }
    }

    /// A window of `len` bytes from bus address `start`. Errors: as [`new`](Self::new), and when
    /// either is not whole pages.
    pub const fn bytes(
        liobn: Liobn,
        start: u64,
        len: u64,
        page_shift: PageShift,
    ) -> Result<Window, Error> {
        let (offset, size) = (start >> page_shift.0, len >> page_shift.0);
        if (start | len) & page_shift.low_bits() != 0 {
            return Err(Error::Geometry { offset, size });
        }
        Window::new(liobn, page_shift, offset, size)
    }

    /// The window's name.
    pub const fn liobn(&self) -> Liobn {
        self.liobn
    }

    /// The TCE page.
    pub const fn page_shift(&self) -> PageShift {
        self.page_shift
    }

    /// The number of entries.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// First bus address.
    pub const fn start(&self) -> Ioba {
        Ioba(self.offset << self.page_shift.0)
    }

    /// Length in bytes.
    pub const fn len(&self) -> u64 {
        self.size << self.page_shift.0
    }

    /// False: a window has at least one entry.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// True when the window has this bus address.
    #[inline]
    pub const fn contains(&self, ioba: Ioba) -> bool {
        // Below the window wraps to a number that no length reaches.
        ioba.0.wrapping_sub(self.start().0) < self.len()
    }

    /// The entry of a bus address. Errors: [`Error::Unaligned`], [`Error::Outside`].
    ///
    /// LoPAR leaves an unaligned address open; it is refused (papr-tce 8.6, 7.22).
    #[inline]
    pub fn entry(&self, ioba: Ioba) -> Result<GuestEntry, Error> {
        if ioba.0 & self.page_shift.low_bits() != 0 {
            return Err(Error::Unaligned(ioba));
        }
        // Below the window wraps to a number that no size reaches.
        let entry = (ioba.0 >> self.page_shift.0).wrapping_sub(self.offset);
        if entry < self.size {
            Ok(GuestEntry(entry))
        } else {
            Err(Error::Outside { ioba, count: 1 })
        }
    }

    /// The first of `count` entries that are all in the window. Errors: as
    /// [`entry`](Self::entry); `ioba` itself is in the window even when `count` is 0.
    #[inline]
    pub fn range(&self, ioba: Ioba, count: u64) -> Result<GuestEntry, Error> {
        let first = self.entry(ioba)?;
        if count <= self.size - first.0 { Ok(first) } else { Err(Error::Outside { ioba, count }) }
    }

    /// May `address` be mapped at `ioba`? Errors: [`Error::LowBits`] when the address has any
    /// permission bit, reserved bit or bit below the page; and as [`entry`](Self::entry).
    /// The direction travels separately.
    ///
    /// Linux: `iommu_tce_put_param_check`.
    #[inline]
    pub fn tce_put_param_check(&self, ioba: Ioba, address: u64) -> Result<GuestEntry, Error> {
        let entry = self.entry(ioba)?;
        self.check_address(address)?;
        Ok(entry)
    }

    /// May `count` entries from `ioba` on be cleared? Errors: [`Error::NotClear`] when `value` is
    /// not zero; and as [`range`](Self::range).
    ///
    /// Linux: `iommu_tce_clear_param_check`.
    #[inline]
    pub fn tce_clear_param_check(
        &self,
        ioba: Ioba,
        value: u64,
        count: u64,
    ) -> Result<GuestEntry, Error> {
        if value != 0 {
            return Err(Error::NotClear(RawTce(value)));
        }
        self.range(ioba, count)
    }

    /// The address half of [`tce_put_param_check`](Self::tce_put_param_check).
    #[inline]
    pub fn check_address(&self, address: u64) -> Result<(), Error> {
        if address & self.page_shift.low_bits() == 0 {
            Ok(())
        } else {
            Err(Error::LowBits(address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const L: Liobn = Liobn(0x8000_0000);

    /// The window of papr-tce 7: 1 GiB of 4 KiB pages at 0.
    fn window() -> Window {
        Window::bytes(L, 0, 1 << 30, PageShift::K4).expect("a window")
    }

    #[test]
    fn a_page_shift_is_12_to_34() {
        let good: Vec<u32> = (0..=255).filter(|&s| PageShift::new(s).is_ok()).collect();
        assert_eq!(good, (12..=34).collect::<Vec<u32>>());
    }

    // papr-tce 7.23 to 7.25.
    #[test]
    fn the_last_entry_is_in_and_the_end_is_out() {
        let w = window();
        assert_eq!(w.entry(Ioba(0x3fff_f000)), Ok(GuestEntry(0x3ffff)));
        for ioba in [0x4000_0000, 0xffff_ffff_ffff_f000] {
            assert_eq!(w.entry(Ioba(ioba)), Err(Error::Outside { ioba: Ioba(ioba), count: 1 }));
        }
    }

    // papr-tce 7.28.
    #[test]
    fn a_window_with_an_offset_begins_there() {
        let start = 0x0800_0000_0000_0000;
        let w = Window::bytes(L, start, 0x1000_0000, PageShift::K64).expect("a window");
        assert_eq!(w.size(), 0x1000);
        assert_eq!(w.entry(Ioba(start)), Ok(GuestEntry(0)));
        for ioba in [0, start - 0x1_0000, start + 0x1000_0000] {
            assert!(w.entry(Ioba(ioba)).is_err(), "{ioba:#x}");
        }
    }

    // papr-tce 7.22 and 7.38.
    #[test]
    fn an_unaligned_bus_address_is_refused() {
        assert_eq!(window().entry(Ioba(0x801)), Err(Error::Unaligned(Ioba(0x801))));
    }

    // papr-tce 7.51, 7.61, 7.64.
    #[test]
    fn a_range_that_leaves_the_window_or_wraps_is_refused() {
        let w = window();
        assert_eq!(w.range(Ioba(0), 0x40000), Ok(GuestEntry(0)));
        assert_eq!(w.range(Ioba(0x3fff_f000), 1), Ok(GuestEntry(0x3ffff)));
        for (ioba, count) in
            [(0, 0x40001), (0x3fff_f000, 2), (0, u64::MAX), (0x1000, u64::MAX), (0x1000, 1 << 52)]
        {
            let ioba = Ioba(ioba);
            assert_eq!(w.range(ioba, count), Err(Error::Outside { ioba, count }));
        }
    }

    // papr-tce 7.88 and 7.89; bug 50: offset + size must not wrap.
    #[test]
    fn a_window_that_is_empty_or_leaves_the_bus_is_refused() {
        for (offset, size) in [(0, 0), (u64::MAX, 2), (1 << 52, 1), ((1 << 52) - 1, 1)] {
            let refused = Err(Error::Geometry { offset, size });
            assert_eq!(Window::new(L, PageShift::K4, offset, size), refused);
        }
        assert!(Window::new(L, PageShift::K4, (1 << 52) - 2, 1).is_ok());
        assert!(Window::bytes(L, 0x800, 0x1000, PageShift::K4).is_err());
    }

    // The commit: "TCE permission bits are not set in TCE passed to IOMMU API".
    #[test]
    fn the_put_check_refuses_every_bit_below_the_page() {
        let w = window();
        assert_eq!(w.tce_put_param_check(Ioba(0x1000), 0x5000), Ok(GuestEntry(1)));
        for bit in 0..12 {
            let address = 0x5000 | 1 << bit;
            assert_eq!(w.tce_put_param_check(Ioba(0), address), Err(Error::LowBits(address)));
        }
        let w = Window::bytes(L, 0, 1 << 30, PageShift::K64).expect("a window");
        assert_eq!(w.tce_put_param_check(Ioba(0), 0x1_1000), Err(Error::LowBits(0x1_1000)));
    }

    // papr-tce 4.1: the value must be 0, the range in the window.
    #[test]
    fn the_clear_check_refuses_a_value_and_a_range_outside() {
        let w = window();
        assert_eq!(w.tce_clear_param_check(Ioba(0), 0, 0x40000), Ok(GuestEntry(0)));
        assert_eq!(
            w.tce_clear_param_check(Ioba(0), 0x1000, 1),
            Err(Error::NotClear(RawTce(0x1000)))
        );
        assert!(w.tce_clear_param_check(Ioba(0), 0, 0x40001).is_err());
        assert!(w.tce_clear_param_check(Ioba(0x10), 0, 1).is_err());
    }
}
