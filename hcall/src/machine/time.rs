// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The timebase, and the share of it that the calling vCPU had.

use super::areas::Moment;

/// The time that the calling vCPU had.
pub trait ProcessorTime {
    /// The present time and place in the program.
    fn moment(&mut self) -> Moment;

    /// PURR: ticks of the timebase for which the vCPU has run.
    fn purr(&mut self) -> u64;
}
