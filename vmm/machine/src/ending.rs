// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The ending of a run.

use std::time::Duration;

/// The reason for which a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The guest called RTAS power-off without having reported a failure.
    PoweredOff,
    /// The guest printed `EXIT: STATUS=n` with a code other than 0, then powered off.
    GuestFailed(u64),
    /// The guest called RTAS system-reboot: the machine starts again.
    Rebooted,
    /// The CPU could not continue; the text says what happened.
    Crashed(String),
    /// The run took longer than its limit.
    TimedOut(Duration),
    /// The user ended it at the console.
    Quit,
    /// A client of the monitor ended it.
    Dismissed,
    /// A monitor holds the machine between two instructions; the run continues after
    /// [`Control::resume`](crate::Control::resume).
    Paused,
    /// The process received a signal that ends it.
    Signal(u8),
    /// The reader of the console's output is gone.
    OutputClosed,
    /// The console's output failed, for the reason given.
    OutputFailed(String),
}

impl Ending {
    /// True when the run can go on after it.
    pub fn is_passing(&self) -> bool {
        matches!(self, Ending::Rebooted | Ending::Paused)
    }
}
