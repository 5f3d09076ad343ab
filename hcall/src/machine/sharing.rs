// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual processors that share physical ones (LoPAR 2.9, "Shared Processor LPAR Option").

use super::areas::Areas;
use crate::words::status::Status;

/// Waits of the calling vCPU, and the areas in which all of them are reported.
pub trait SharedProcessors {
    /// The areas of a vCPU; `None` when there is no such vCPU.
    fn areas(&self, server: u32) -> Option<&Areas>;

    /// Sets MSR\[EE\] of the calling vCPU and lets it idle until an interrupt or a prod.
    fn cede(&mut self);

    /// Lets the calling vCPU idle until it is prodded, or until an interrupt if it takes those.
    fn wait_for_prod(&mut self);

    /// Lets other vCPUs run for a moment.
    fn yield_processor(&mut self);

    /// Ends the wait of a vCPU, or the next one if it does not wait now.
    ///
    /// Errors: [`Status::Parameter`] when there is no such vCPU.
    fn prod(&mut self, server: u32) -> Result<(), Status>;
}
