// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The atomics of the lock-free parts, in one place: `tests/model.rs` compiles the same files
//! over a model checker's atomics.

pub(crate) use once_cell::race::OnceBox;
pub(crate) use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};

/// A sequentially consistent fence after a read-modify-write of this thread. On x86-64 the
/// read-modify-write is one itself.
#[inline(always)]
pub(crate) fn fence_after_swap() {
    if cfg!(not(target_arch = "x86_64")) {
        fence(Ordering::SeqCst);
    }
}
