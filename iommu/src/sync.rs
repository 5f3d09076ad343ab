// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The atomics of the lock-free parts, in one place: `tests/model.rs` compiles the same files
//! over a model checker's atomics.

pub(crate) use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering, fence};
