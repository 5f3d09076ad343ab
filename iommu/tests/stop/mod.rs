// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Threads that run until the test's own thread is done, or has failed.

use std::sync::atomic::{AtomicBool, Ordering};

/// Says so when it is dropped.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
