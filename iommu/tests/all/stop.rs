// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A flag that stops threads when the test's own thread is done or has failed.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets the flag when it is dropped.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
