// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory that keeps its contents while the machine is off (LoPAR 2.9, "Non-Volatile Memory").

use crate::words::rtas_error::RtasError;

/// NVRAM. Callers pass ranges that are within its size.
pub trait Nvram: Sync {
    /// Size in bytes.
    fn size(&self) -> usize;

    /// Copies the bytes from `index` on.
    ///
    /// Errors: [`RtasError::Hardware`] when they cannot be read.
    fn fetch(&self, index: usize, into: &mut [u8]) -> Result<(), RtasError>;

    /// Replaces the bytes from `index` on. They survive the end of the machine from then on.
    ///
    /// Errors: [`RtasError::Hardware`] when they cannot be kept.
    fn store(&self, index: usize, bytes: &[u8]) -> Result<(), RtasError>;
}
