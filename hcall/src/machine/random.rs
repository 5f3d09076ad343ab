// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random numbers (LoPAR 2.9, "hcall-random").

/// A source of random numbers.
pub trait RandomNumbers {
    /// The next number; `None` when the source fails.
    fn next(&mut self) -> Option<u64>;
}
