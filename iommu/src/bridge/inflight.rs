// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Writes of a device that are under way, and waiting for them.
//!
//! A kill must not return while a device still writes through what it killed, because the page is
//! released next. A device says that it writes before it looks its translation up; the killer,
//! after it made the bridge forget, waits for each device that was writing then. Both change the
//! device's counter by read-modify-writes, which have one order: either the killer finds the
//! device writing and waits, or the device comes after the killer, acquires what it did and
//! finds the translation gone.
//!
//! Reads need nothing of this: a device asks after a read whether its translation is valid still,
//! and reads again if not.

use crate::sync::{AtomicU64, Ordering};

/// One device's writes. Odd while one is under way.
#[derive(Debug)]
pub(crate) struct InFlight(AtomicU64);

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

    /// The write is over. Release: who waited for it comes after it.
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
