// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The set of vCPUs.

use crate::words::rtas_error::RtasError;

/// The vCPUs by their server numbers, which count from 0.
pub trait Processors {
    /// Number of vCPUs.
    fn count(&self) -> u32;

    /// True when a vCPU is stopped; `None` when there is no such vCPU.
    fn is_stopped(&self, server: u32) -> Option<bool>;

    /// Starts a stopped vCPU at a real address with a value in r3.
    ///
    /// Errors: [`RtasError::Parameter`] when there is no such vCPU, [`RtasError::Hardware`] when it is
    /// not stopped.
    fn start(&mut self, server: u32, entry: u64, r3: u64) -> Result<(), RtasError>;

    /// Stops the calling vCPU until another one starts it; the call does not return to the guest.
    fn stop_self(&mut self);

    /// Makes every vCPU leave guest code soon, so that it lets go of DMA windows that were removed
    /// ([`Agent::refresh`](iommu::Agent::refresh)).
    fn kick(&mut self);
}
