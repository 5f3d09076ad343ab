// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The atomics of the watch, in one place: `tests/model.rs` puts a model checker's in their stead.

pub(crate) use std::sync::atomic::{AtomicU64, Ordering, fence};
