// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Page frames of guest memory: their host addresses, their pins, and their dirt.
//!
//! A frame is 4 KiB whatever the TCE page. A mapping of a larger page is pinned on its first
//! frame (as Linux counts a compound page on its head) and dirties all of its frames.
//!
//! Pins are counted per agent, so that pinning is an ordinary addition and not a locked
//! instruction; a page's pins are the wrapping sum over the agents. Memory that may be
//! unregistered while it is in use is counted in one place instead ([`registered`]).

pub mod registered;

use crate::frames::registered::{Region, Registered};
use crate::sync::{AtomicU32, Ordering, fence};
use crate::words::addr::{AlignedHpa, Gpa, Hpa};
use crate::words::error::Error;
use crate::words::tce::{RawTce, Tce};
use crate::words::window::PageShift;
use crate::words::zeroed::atomics;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use vm_memory::bitmap::AtomicBitmap;

const SHIFT: u32 = 12;
const FRAME_BYTES: NonZeroUsize = NonZeroUsize::new(1 << SHIFT).expect("not zero");

/// Where guest memory begins in the host's physical memory. Not zero, so that a guest address
/// in the place of a host address shows; and aligned to the largest TCE page, so that alignment
/// is the same on both sides.
const BASE: Hpa = Hpa(1 << 45);

/// Most guest memory, so that every host address fits a TCE's page number.
const MAX_BYTES: u64 = 1 << 45;

/// The page frames of a guest's memory, which begins at guest address 0.
#[derive(Debug)]
pub struct Frames {
    bytes: u64,
    /// One array of counts per agent that ever was. Taken when an agent comes or a sum is asked
    /// for, never by an exchange.
    shards: Mutex<Vec<Arc<Pins>>>,
    /// Frames that a device may have written: set when the mapping is displaced.
    dirt: AtomicBitmap,
    /// `None` when all memory is registered for good.
    registered: Option<Registered>,
}

/// One agent's share of the pin counts, by frame. Only its agent writes, anybody may read:
/// relaxed loads and stores, no read-modify-write. Counts wrap, because what one agent pinned
/// another may release.
#[derive(Debug)]
pub(crate) struct Pins(Box<[AtomicU32]>);

impl Pins {
    /// Takes `n` pins on a frame.
    #[inline]
    pub(crate) fn pin(&self, frame: usize, n: u32) {
        self.update(frame, |count| count.wrapping_add(n));
    }

    /// Gives back `n` pins on a frame, which any agent may have taken.
    #[inline]
    pub(crate) fn unpin(&self, frame: usize, n: u32) {
        self.update(frame, |count| count.wrapping_sub(n));
    }

    #[inline]
    fn update(&self, frame: usize, to: impl Fn(u32) -> u32) {
        if let Some(count) = self.0.get(frame) {
            count.store(to(count.load(Ordering::Relaxed)), Ordering::Relaxed);
        }
    }

    fn load(&self, frame: usize) -> u32 {
        self.0.get(frame).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Frames {
    /// The frames of `bytes` of guest memory. Errors: [`Error::Memory`].
    pub fn new(bytes: u64) -> Result<Frames, Error> {
        let whole = bytes > 0 && bytes <= MAX_BYTES && bytes.is_multiple_of(1 << SHIFT);
        let Some(len) = usize::try_from(bytes).ok().filter(|_| whole) else {
            return Err(Error::Memory(bytes));
        };
        let dirt = AtomicBitmap::new(len, FRAME_BYTES);
        Ok(Frames { bytes, shards: Mutex::default(), dirt, registered: None })
    }

    /// The frames of `bytes` of memory of which nothing is registered yet: a page must be
    /// [`register`](Self::register)ed before it can be mapped. Errors: [`Error::Memory`].
    pub fn unregistered(bytes: u64) -> Result<Frames, Error> {
        let frames = Frames::new(bytes)?;
        let registered = Some(Registered::new(frames.len()));
        Ok(Frames { registered, ..frames })
    }

    /// Registers ranges of host addresses for DMA, as one region. Errors: [`Error::Foreign`];
    /// [`Error::Registered`], also when all memory is registered for good; nothing was changed.
    ///
    /// Linux: `mm_iommu_new`.
    pub fn register(&self, ranges: &[Range<Hpa>]) -> Result<Region, Error> {
        let runs = ranges.iter().map(|range| self.run(range)).collect::<Result<Vec<_>, _>>()?;
        match (&self.registered, ranges.first()) {
            (Some(registered), _) => registered.register(runs).map_err(|e| self.located(e)),
            (None, Some(first)) => Err(Error::Registered(first.start)),
            (None, None) => Err(Error::Registered(BASE)),
        }
    }

    /// Unregisters a region. Errors: [`Error::Mapped`] while an entry maps a page of it, and the
    /// region stays as it was.
    ///
    /// Linux: `mm_iommu_put`.
    pub fn unregister(&self, region: &Region) -> Result<(), Error> {
        match &self.registered {
            Some(registered) => registered.unregister(region).map_err(|e| self.located(e)),
            None => Ok(()),
        }
    }

    /// Frames of a range of host addresses.
    fn run(&self, range: &Range<Hpa>) -> Result<Range<usize>, Error> {
        let whole = (range.start.0 | range.end.0).is_multiple_of(1 << SHIFT);
        let inside = range.start >= BASE && range.end.0 <= BASE.0 + self.bytes;
        if whole && inside && range.start <= range.end {
            Ok(self.frame(range.start)..self.frame(range.end))
        } else {
            Err(Error::Foreign(range.start))
        }
    }

    /// Frames begin at [`BASE`].
    fn located(&self, error: Error) -> Error {
        match error {
            Error::Mapped(hpa) => Error::Mapped(Hpa(BASE.0 + hpa.0)),
            Error::Registered(hpa) => Error::Registered(Hpa(BASE.0 + hpa.0)),
            other => other,
        }
    }

    /// True when no page can be unregistered.
    #[inline(always)]
    pub(crate) fn all_registered(&self) -> bool {
        self.registered.is_none()
    }

    /// Takes `n` pins on a page that may be unregistered, before anything is changed. Where all
    /// memory is registered for good, pins are taken only when the page is mapped
    /// ([`Pins::pin`]). Errors: [`Error::NotRegistered`].
    pub(crate) fn reserve(&self, hpa: Hpa, shift: PageShift, n: u32) -> Result<(), Error> {
        let Some(registered) = &self.registered else { return Ok(()) };
        let first = self.frame(hpa);
        let last = first.saturating_add((1 << (shift.get() - SHIFT)) - 1);
        if registered.pin(first, last, n) {
            Ok(())
        } else {
            Err(Error::NotRegistered(Gpa(hpa.0.wrapping_sub(BASE.0))))
        }
    }

    /// Gives pins back that were reserved and not used.
    pub(crate) fn unreserve(&self, hpa: Hpa, n: u32) {
        if let Some(registered) = &self.registered {
            registered.unpin(self.frame(hpa), n);
        }
    }

    /// Gives back the pins of `n` entries.
    #[inline(always)]
    pub(crate) fn unpin(&self, pins: &Pins, hpa: Hpa, n: u32) {
        match &self.registered {
            None => pins.unpin(self.frame(hpa), n),
            Some(registered) => registered.unpin(self.frame(hpa), n),
        }
    }

    /// Bytes of guest memory.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.dirt.len()
    }

    /// False: there is memory.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The host address of a guest address. Errors: [`Error::NotOwned`].
    pub fn hpa(&self, gpa: Gpa) -> Result<Hpa, Error> {
        if gpa.0 < self.bytes { Ok(Hpa(BASE.0 + gpa.0)) } else { Err(Error::NotOwned(gpa)) }
    }

    /// The host page at a guest address. Errors: [`Error::LowBits`] when it is not aligned to the
    /// page, [`Error::NotOwned`] when it is not wholly guest memory.
    pub fn page(&self, gpa: Gpa, shift: PageShift) -> Result<AlignedHpa, Error> {
        if gpa.0 & shift.low_bits() != 0 {
            return Err(Error::LowBits(gpa.0));
        }
        if gpa.0 >= self.end(shift) {
            return Err(Error::NotOwned(gpa));
        }
        AlignedHpa::new(Hpa(BASE.0 + gpa.0)).ok_or(Error::LowBits(gpa.0))
    }

    /// Is this the address of a page that is wholly guest memory? Errors: [`Error::Foreign`]; else
    /// as [`page`](Self::page).
    #[inline(always)]
    pub fn check_page(&self, hpa: Hpa, shift: PageShift) -> Result<(), Error> {
        // Memory begins at a multiple of every page.
        let gpa = hpa.0.wrapping_sub(BASE.0);
        if gpa < self.end(shift) && gpa & shift.low_bits() == 0 {
            return Ok(());
        }
        self.refuse_page(hpa, shift)
    }

    #[cold]
    fn refuse_page(&self, hpa: Hpa, shift: PageShift) -> Result<(), Error> {
        self.page(self.gpa(hpa).ok_or(Error::Foreign(hpa))?, shift).map(drop)
    }

    /// The guest address of a host address, if it is guest memory.
    pub fn gpa(&self, hpa: Hpa) -> Option<Gpa> {
        hpa.0.checked_sub(BASE.0).filter(|&gpa| gpa < self.bytes).map(Gpa)
    }

    /// Pins held on the page that begins at `hpa`. Exact when no agent is in a call.
    pub fn pins(&self, hpa: Hpa) -> u32 {
        let frame = self.frame(hpa);
        match &self.registered {
            Some(registered) => registered.pins(frame),
            None => self.shards().iter().fold(0, |sum, pins| sum.wrapping_add(pins.load(frame))),
        }
    }

    /// [`pins`](Self::pins) of every frame from guest address 0 up.
    pub fn all_pins(&self) -> Vec<u32> {
        if let Some(registered) = &self.registered {
            return (0..self.len()).map(|frame| registered.pins(frame)).collect();
        }
        let mut sums = vec![0u32; self.len()];
        for pins in self.shards().iter() {
            for (sum, count) in sums.iter_mut().zip(&pins.0) {
                *sum = sum.wrapping_add(count.load(Ordering::Relaxed));
            }
        }
        sums
    }

    /// True when a mapping through which a device could write this frame was displaced.
    pub fn is_dirty(&self, hpa: Hpa) -> bool {
        self.dirt.is_bit_set(self.frame(hpa))
    }

    /// The dirty frames, 64 to a word from guest address 0 up; forgets them.
    pub fn take_dirty(&self) -> Vec<u64> {
        let dirty = self.dirt.get_and_reset();
        // Between taking the bits and reading the pages: see `mark_dirty`.
        fence(Ordering::SeqCst);
        dirty
    }

    /// The dirty frames, 64 to a word from guest address 0 up. They stay dirty.
    pub fn dirty(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).step_by(64).map(move |first| {
            let bits = (0..64).filter(move |n| self.dirt.is_bit_set(first + n));
            bits.fold(0, |word, n| word | 1 << n)
        })
    }

    /// Marks frames dirty: the bits of word `word` of [`dirty`](Self::dirty). Bits beyond the memory are ignored.
    pub fn add_dirty(&self, word: usize, bits: u64) {
        let first = word.saturating_mul(64);
        for frame in (0..64).filter(|n| bits >> n & 1 == 1).map(|n| first.saturating_add(n)) {
            if frame < self.len() {
                self.mark_frame(frame);
            }
        }
    }

    /// First guest address behind the last whole page of this size.
    #[inline]
    pub(crate) fn end(&self, shift: PageShift) -> u64 {
        self.bytes & !shift.low_bits()
    }

    /// The hardware entry of a TCE that was checked.
    #[inline]
    pub(crate) fn translate(&self, raw: RawTce) -> Tce {
        Tce::translated(raw, BASE)
    }

    /// Index of a host address; what is not guest memory has an index that no array has.
    #[inline]
    pub(crate) fn frame(&self, hpa: Hpa) -> usize {
        // At most 2^52, and tcevm runs on 64-bit hosts.
        (hpa.0.wrapping_sub(BASE.0) >> SHIFT) as usize
    }

    /// Marks a page dirty. Tests first: a locked instruction costs more than all the rest of the
    /// accounting, and most pages are dirty already.
    ///
    /// A reader may take the bit between the test and a set that does not happen. It still finds the
    /// device's writes when it reads the page afterwards: the kill ended them, a fence is between the
    /// kill and the test, and another between taking the bit and reading the page.
    #[inline(always)]
    pub(crate) fn mark_dirty(&self, hpa: Hpa, shift: PageShift) {
        let first = self.frame(hpa);
        match shift {
            PageShift::K4 => self.mark_frame(first),
            large => self.mark_large(first, large),
        }
    }

    #[inline(never)]
    fn mark_large(&self, first: usize, large: PageShift) {
        let frames = 1 << (large.get() - SHIFT);
        (first..first.saturating_add(frames)).for_each(|frame| self.mark_frame(frame));
    }

    #[inline(always)]
    fn mark_frame(&self, frame: usize) {
        if !self.dirt.is_bit_set(frame) {
            self.dirt.set_bit(frame);
        }
    }

    /// A share of the counts for a new agent: one that a retired agent left, or a new one. So
    /// what a retired agent had pinned stays counted.
    pub(crate) fn shard(&self) -> Arc<Pins> {
        let mut shards = self.shards();
        if let Some(idle) = shards.iter_mut().find_map(idle) {
            return idle;
        }
        let new = Arc::new(Pins(atomics(vec![0; self.len()], AtomicU32::new)));
        shards.push(new.clone());
        new
    }

    fn shards(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Pins>>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shard again, when its agent is gone.
fn idle(pins: &mut Arc<Pins>) -> Option<Arc<Pins>> {
    Arc::get_mut(pins).is_some().then(|| pins.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_whole_pages_and_not_none() {
        for bytes in [0, 1, 0x1800, MAX_BYTES + 0x1000, u64::MAX] {
            assert_eq!(Frames::new(bytes).err(), Some(Error::Memory(bytes)));
        }
    }

    #[test]
    fn a_page_is_owned_only_as_a_whole() {
        let frames = Frames::new(0x1_8000).expect("frames"); // one and a half 64 KiB pages
        assert!(frames.page(Gpa(0x1_7000), PageShift::K4).is_ok());
        assert_eq!(frames.page(Gpa(0x1_8000), PageShift::K4), Err(Error::NotOwned(Gpa(0x1_8000))));
        assert!(frames.page(Gpa(0), PageShift::K64).is_ok());
        assert_eq!(frames.page(Gpa(0x1_0000), PageShift::K64), Err(Error::NotOwned(Gpa(0x1_0000))));
        assert_eq!(frames.page(Gpa(0x1000), PageShift::K64), Err(Error::LowBits(0x1000)));
    }

    #[test]
    fn host_and_guest_addresses_differ_and_convert_both_ways() {
        let frames = Frames::new(0x10000).expect("frames");
        let hpa = frames.hpa(Gpa(0x5678)).expect("owned");
        assert_ne!(hpa.0, 0x5678);
        assert_eq!(frames.gpa(hpa), Some(Gpa(0x5678)));
        assert_eq!(frames.gpa(Hpa(0x5678)), None);
        assert_eq!(frames.gpa(Hpa(hpa.0 + 0x10000)), None);
    }

    #[test]
    fn pins_are_the_sum_over_agents_also_retired_ones() {
        let frames = Frames::new(0x10000).expect("frames");
        let hpa = frames.hpa(Gpa(0x3000)).expect("owned");
        let (a, b) = (frames.shard(), frames.shard());
        a.pin(3, 1);
        a.pin(3, 1);
        drop(a);
        assert_eq!(frames.pins(hpa), 2);
        b.unpin(3, 1); // released by another agent than the one that pinned
        assert_eq!(frames.pins(hpa), 1);
        let c = frames.shard(); // takes over what the first left
        c.unpin(3, 1);
        assert_eq!(frames.pins(hpa), 0);
        assert_eq!(frames.shards().len(), 2);
    }

    #[test]
    fn a_large_page_dirties_all_its_frames_and_no_other() {
        let frames = Frames::new(0x4_0000).expect("frames");
        frames.mark_dirty(frames.hpa(Gpa(0x1_0000)).expect("owned"), PageShift::K64);
        let dirty: Vec<bool> =
            (0..0x40).map(|f| frames.is_dirty(Hpa(BASE.0 + (f << 12)))).collect();
        assert_eq!(dirty, (0..0x40).map(|f| (0x10..0x20).contains(&f)).collect::<Vec<_>>());
        assert_eq!(frames.take_dirty(), [0xffff_0000]);
        assert_eq!(frames.take_dirty(), [0]);
    }

    #[test]
    fn dirt_is_read_without_being_taken_and_added_again() {
        let frames = Frames::new(0x4_2000).expect("frames"); // 66 frames
        frames.add_dirty(0, 1 << 63 | 1);
        frames.add_dirty(1, u64::MAX);
        frames.add_dirty(usize::MAX, u64::MAX);
        for _ in 0..2 {
            assert_eq!(frames.dirty().collect::<Vec<_>>(), [1 << 63 | 1, 0b11]);
        }
        assert_eq!(frames.take_dirty(), [1 << 63 | 1, 0b11]);
        assert_eq!(frames.dirty().collect::<Vec<_>>(), [0, 0]);
    }
}
