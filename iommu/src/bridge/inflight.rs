// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Accesses of a device that are under way, and waiting for them.
//!
//! A kill must not return while a device still writes through what it killed, because the page is
//! released next. A device says that it writes before it looks its translation up; the killer,
//! after it made the bridge forget, waits for each device that was writing then. Both change the
//! device's counter by read-modify-writes, which have one order: either the killer finds the
//! device writing and waits, or the device comes after the killer, acquires what it did and
//! finds the translation gone.
//!
//! Reads need nothing of this: a device asks after a read whether its translation is valid still,
//! of the cache or by the bridge's epoch, and reads again if not.

use crate::sync::{AtomicU64, OnceBox, Ordering, fence, fence_after_swap};

/// One device's writes. Odd while one is under way.
#[derive(Debug)]
pub(crate) struct InFlight(AtomicU64);

/// Places for the devices of a bridge: read by each kill, without a lock. A place that is given up
/// is used again; more are made when all are taken.
#[derive(Debug)]
pub(crate) struct Devices {
    /// A bit for each place that is taken.
    taken: AtomicU64,
    places: [InFlight; 64],
    more: OnceBox<Devices>,
}

impl Devices {
    /// No device.
    pub(crate) fn new() -> Devices {
        let places = std::array::from_fn(|_| InFlight::new());
        Devices { taken: AtomicU64::new(0), places, more: OnceBox::new() }
    }

    /// Takes a place for a device; its number.
    pub(crate) fn take(&self) -> usize {
        let free = |taken: u64| (taken != u64::MAX).then(|| taken | (taken + 1));
        let place = match self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, free) {
            Ok(taken) => taken.trailing_ones() as usize,
            Err(_) => 64 + self.more.get_or_init(|| Box::new(Devices::new())).take(),
        };
        // Between the place and the device's first lookup: see `wait`.
        fence(Ordering::SeqCst);
        place
    }

    /// Gives a place up, whose device writes no more.
    pub(crate) fn give(&self, place: usize) {
        match self.block(place) {
            Some(block) => _ = block.taken.fetch_and(!(1 << (place % 64)), Ordering::AcqRel),
            None => debug_assert!(false, "a place that was taken"),
        }
    }

    /// The writes of the device at a place.
    #[inline]
    pub(crate) fn at(&self, place: usize) -> Option<&InFlight> {
        self.block(place).map(|block| &block.places[place % 64])
    }

    fn block(&self, place: usize) -> Option<&Devices> {
        let mut block = self;
        for _ in 0..place / 64 {
            block = block.more.get()?;
        }
        Some(block)
    }

    /// True when no device has a place, and never more than 64 had one. Asked after a kill and a fence, as
    /// [`wait`](Self::wait) is.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.taken.load(Ordering::Acquire) == 0 && self.more.get().is_none()
    }

    /// [Waits](InFlight::wait) for every device, after a kill. A device that comes at that moment is either
    /// found here, or finds the kill done: a fence is between the kill and this search, and another
    /// between taking a place and the device's first lookup.
    pub(crate) fn wait(&self, mut pause: impl FnMut()) {
        fence_after_swap();
        let mut block = Some(self);
        while let Some(devices) = block {
            let mut taken = devices.taken.load(Ordering::Acquire);
            while taken != 0 {
                devices.places[taken.trailing_zeros() as usize].wait(&mut pause);
                taken &= taken - 1;
            }
            block = devices.more.get();
        }
    }
}

impl InFlight {
    /// No write.
    pub(crate) fn new() -> InFlight {
        InFlight(AtomicU64::new(0))
    }

    /// A write begins. One device writes from one thread at a time.
    #[inline]
    pub(crate) fn begin(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// The write is over. Release: a thread that waited for it comes after it.
    #[inline]
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    /// Waits for the write that is under way, if one is; `pause` is called while waiting.
    pub(crate) fn wait(&self, mut pause: impl FnMut()) {
        // Adding nothing is a read-modify-write still, and cannot read an old value.
        let seen = self.0.fetch_add(0, Ordering::AcqRel);
        if seen % 2 == 1 {
            while self.0.load(Ordering::Acquire) == seen {
                pause();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_and_there_are_always_more() {
        let devices = Devices::new();
        let places: Vec<usize> = (0..130).map(|_| devices.take()).collect();
        assert_eq!(places, (0..130).collect::<Vec<_>>());
        devices.give(7);
        devices.give(100);
        assert_eq!((devices.take(), devices.take(), devices.take()), (7, 100, 130));
        assert!(devices.at(130).is_some() && devices.at(64 * 50).is_none());
        devices.at(130).expect("taken").begin();
        let mut turns = 0;
        devices.wait(|| {
            turns += 1;
            devices.at(130).expect("taken").end();
        });
        assert_eq!(turns, 1);
    }

    #[test]
    fn waiting_ends_with_the_write_that_was_under_way() {
        let writes = InFlight::new();
        writes.wait(|| panic!("nothing is under way"));
        writes.begin();
        let mut turns = 0;
        writes.wait(|| {
            turns += 1;
            if turns == 3 {
                writes.end();
                writes.begin(); // the next write is not waited for
            }
        });
        assert_eq!(turns, 3);
    }
}
