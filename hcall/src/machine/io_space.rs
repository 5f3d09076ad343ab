// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Cache-inhibited storage: the registers of devices, at real addresses where no RAM is.

/// Accesses of 1, 2, 4 or 8 bytes at a multiple of their number, in the order of addresses. `None`: no device answers there.
pub trait IoSpace {
    /// Loads.
    fn load(&self, address: u64, to: &mut [u8]) -> Option<()>;

    /// Stores.
    fn store(&self, address: u64, from: &[u8]) -> Option<()>;
}
