// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory that must be registered before it can be mapped, and may be unregistered.
//!
//! One word for each frame says to which region it belongs and how many entries map it, so that
//! "is it registered" and "one more entry maps it" are one step. Unregistering takes the frames
//! of a region one by one out of it, each only if nothing maps it; if one is mapped, those that
//! were taken are given back and the region stays. So of a map and an unregistration that race
//! at most one succeeds (papr-tce 7.34), and a release is always counted where the page was
//! pinned, whichever thread releases it (bug 47 of papr-tce 6.2).
//!
//! Linux: `mm_iommu_mapped_inc`, `mm_iommu_mapped_dec` and `mm_iommu_put`, which count by region.

use crate::sync::{AtomicU64, Ordering};
use crate::words::addr::Hpa;
use crate::words::error::Error;
use crate::words::zeroed::{Zero, atomics};
use std::ops::Range;

/// Pins are in the lower half of a word, the region's number in the upper. No region has 0.
const PINS: u64 = 0xffff_ffff;

/// The words.
#[derive(Debug)]
pub(crate) struct Registered {
    frames: Box<[AtomicU64]>,
    regions_ever: AtomicU64,
}

/// Frames that were registered together.
#[derive(Debug)]
pub struct Region {
    number: u64,
    runs: Vec<Range<usize>>,
}

impl Region {
    /// Frames of 4 KiB in it.
    pub fn frames(&self) -> u64 {
        self.runs.iter().map(|run| run.len() as u64).sum()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.runs.iter().cloned().flatten()
    }
}

impl Registered {
    pub(crate) fn new(frames: usize) -> Registered {
        let frames = atomics(vec![0; frames], AtomicU64::zero);
        Registered { frames, regions_ever: AtomicU64::new(0) }
    }

    /// Registers these frames. Errors: [`Error::Registered`] with one that is registered already;
    /// none has been registered.
    pub(crate) fn register(&self, runs: Vec<Range<usize>>) -> Result<Region, Error> {
        // Numbers fit 32 bits and come again after as many registrations.
        let number = (self.regions_ever.fetch_add(1, Ordering::Relaxed) % PINS + 1) << 32;
        let region = Region { number, runs };
        self.move_all(&region, 0, number)?;
        Ok(region)
    }

    /// Unregisters a region. Errors: [`Error::Mapped`] with a frame that an entry maps; then the
    /// region stays as it was. A map that comes at that moment may fail nevertheless.
    pub(crate) fn unregister(&self, region: &Region) -> Result<(), Error> {
        self.move_all(region, region.number, 0)
    }

    /// Changes the word of every frame of a region from one value to another, or of none.
    fn move_all(&self, region: &Region, from: u64, to: u64) -> Result<(), Error> {
        for (done, frame) in region.iter().enumerate() {
            if !self.step(frame, from, to) {
                region.iter().take(done).for_each(|frame| self.give_back(frame, to, from));
                let hpa = Hpa((frame as u64) << 12);
                return Err(if to == 0 { Error::Mapped(hpa) } else { Error::Registered(hpa) });
            }
        }
        Ok(())
    }

    fn step(&self, frame: usize, from: u64, to: u64) -> bool {
        let change = |word: &AtomicU64| {
            word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        self.frames.get(frame).is_some_and(change)
    }

    /// Undoes a step. Frames that have just been registered may be pinned already.
    fn give_back(&self, frame: usize, from: u64, to: u64) {
        if let Some(word) = self.frames.get(frame) {
            word.fetch_add(to.wrapping_sub(from), Ordering::AcqRel);
        }
    }

    /// Takes `n` pins on the page from frame `first` to `last`, if one region has all of it. False
    /// if not.
    pub(crate) fn pin(&self, first: usize, last: usize, n: u32) -> bool {
        let (Some(word), Some(end)) = (self.frames.get(first), self.frames.get(last)) else {
            return false;
        };
        let mut now = word.load(Ordering::Relaxed);
        loop {
            if now & !PINS == 0 {
                return false;
            }
            let more = now + u64::from(n);
            match word.compare_exchange(now, more, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(found) => now = found,
            }
        }
        // While the first frame is pinned its region stays, and with it its last frame.
        let whole = end.load(Ordering::Acquire) & !PINS == now & !PINS;
        if !whole {
            self.unpin(first, n);
        }
        whole
    }

    /// Gives back `n` pins.
    pub(crate) fn unpin(&self, frame: usize, n: u32) {
        if let Some(word) = self.frames.get(frame) {
            let before = word.fetch_sub(u64::from(n), Ordering::AcqRel);
            debug_assert!(before & PINS >= u64::from(n), "a page was released twice");
        }
    }

    pub(crate) fn pins(&self, frame: usize) -> u32 {
        let word = self.frames.get(frame).map_or(0, |word| word.load(Ordering::Acquire));
        (word & PINS) as u32
    }

    #[cfg(test)]
    fn is_registered(&self, frame: usize) -> bool {
        self.frames.get(frame).is_some_and(|word| word.load(Ordering::Acquire) & !PINS != 0)
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_frames_can_be_pinned() {
        let frames = Registered::new(16);
        assert!(!frames.pin(4, 4, 1));
        let region = frames.register(vec![4..8]).expect("free");
        assert_eq!(region.frames(), 4);
        assert!(frames.pin(4, 4, 2) && frames.pin(7, 7, 1));
        assert!(!frames.pin(8, 8, 1) && !frames.pin(3, 3, 1) && !frames.pin(99, 99, 1));
        assert_eq!((frames.pins(4), frames.pins(7)), (2, 1));
    }

    #[test]
    fn a_region_that_is_mapped_stays_as_it_is() {
        let frames = Registered::new(16);
        let region = frames.register(vec![0..4, 8..12]).expect("free");
        assert!(frames.pin(10, 10, 1));
        assert_eq!(frames.unregister(&region), Err(Error::Mapped(Hpa(10 << 12))));
        assert!((0..4).chain(8..12).all(|frame| frames.is_registered(frame)));
        frames.unpin(10, 1);
        assert_eq!(frames.unregister(&region), Ok(()));
        assert!((0..16).all(|frame| !frames.is_registered(frame)));
    }

    #[test]
    fn a_frame_belongs_to_one_region_at_a_time() {
        let frames = Registered::new(16);
        let region = frames.register(vec![4..8]).expect("free");
        let refused = frames.register(vec![0..6]).expect_err("overlaps");
        assert_eq!(refused, Error::Registered(Hpa(4 << 12)));
        assert!(!frames.is_registered(0), "given back");
        frames.unregister(&region).expect("not mapped");
        frames.register(vec![0..6]).expect("free now");
    }

    #[test]
    fn a_page_that_is_partly_in_another_region_cannot_be_pinned() {
        let frames = Registered::new(32);
        frames.register(vec![0..8]).expect("free");
        assert!(!frames.pin(0, 15, 1));
        frames.register(vec![8..16]).expect("free");
        assert!(!frames.pin(0, 15, 1), "two regions");
        assert_eq!(frames.pins(0), 0);
        assert!(frames.pin(0, 7, 1));
    }
}
