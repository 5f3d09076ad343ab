// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual terminals (LoPAR 2.9, "Virtual Terminals").

use crate::words::status::Status;

/// Terminals, by unit address; 0 is the first one.
pub trait Terminals {
    /// Queues up to 16 bytes, all or none. No bytes only test the connection.
    ///
    /// Errors: [`Status::Parameter`] when there is no such terminal, [`Status::Closed`] when
    /// its other end is closed, [`Status::Busy`] when there is no room.
    fn write(&mut self, unit: u32, bytes: &[u8]) -> Result<(), Status>;

    /// Takes up to 16 typed bytes; returns their number. Errors: as [`write`](Self::write).
    fn read(&mut self, unit: u32, buf: &mut [u8; 16]) -> Result<usize, Status>;
}
