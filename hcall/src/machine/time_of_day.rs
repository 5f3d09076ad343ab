// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The wall clock (LoPAR 2.9, "RTAS Time of Day").

use crate::words::rtas_error::RtasError;
use std::time::SystemTime;

/// A wall clock in UTC.
pub trait TimeOfDay {
    /// The present time of the guest's clock.
    fn now(&self) -> SystemTime;

    /// Sets the time.
    ///
    /// Errors: [`RtasError::Parameter`] when the clock cannot show it, [`RtasError::Hardware`] when the clock
    /// cannot be set.
    fn set_now(&mut self, now: SystemTime) -> Result<(), RtasError>;
}
