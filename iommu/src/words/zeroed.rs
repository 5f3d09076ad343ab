// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Arrays of atomics whose memory costs nothing until it is touched.

use crate::sync::AtomicU64;
use crate::words::tce::AtomicTce;

/// An atomic that can begin as zero.
pub(crate) trait Zero: Sized {
    /// Wraps a zero, bit for bit.
    fn zero(zero: u64) -> Self;
}

impl Zero for AtomicU64 {
    fn zero(zero: u64) -> Self {
        Self::new(zero)
    }
}

impl Zero for AtomicTce {
    fn zero(zero: u64) -> Self {
        AtomicTce::from_storage(zero)
    }
}

/// Turns plain zeroes into atomics. `vec![0; n]` gets zeroed memory that the host provides when it
/// is touched, and optimised builds wrap each integer in place.
#[inline(always)]
pub(crate) fn atomics<Z, T>(zeroes: Vec<Z>, wrap: impl Fn(Z) -> T) -> Box<[T]> {
    zeroes.into_iter().map(wrap).collect::<Vec<T>>().into_boxed_slice()
}
