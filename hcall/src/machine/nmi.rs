// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Non-maskable interrupts: system resets and machine checks (LoPAR 2.9, "Firmware Assisted Non-Maskable
//! Interrupts Option"). [`error_log`](super::error_log) has the format in which a machine check is reported.

use crate::words::status::Status;

/// The guest's notification routines, as real addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NmiHandlers {
    /// Entry for system resets.
    pub system_reset: u64,
    /// Entry for machine checks.
    pub machine_check: u64,
}

/// System resets and machine checks of every vCPU.
pub trait Nmi {
    /// Routes both to these routines from now on.
    fn register(&mut self, handlers: NmiHandlers);

    /// Frees the error log area that the calling vCPU holds since its last machine check; false when it
    /// holds none.
    fn release_error_log(&mut self) -> bool;

    /// Sends a system reset interrupt to a vCPU.
    ///
    /// Errors: [`Status::Hardware`] when that vCPU has no such interrupt.
    fn signal_system_reset(&mut self, server: u32) -> Result<(), Status>;
}
