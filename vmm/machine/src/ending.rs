// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How a run ends.

use std::time::Duration;

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The guest called RTAS power-off without having reported a failure.
    PoweredOff,
    /// The guest printed `EXIT: STATUS=n` with a code other than 0, then powered off.
    GuestFailed(u64),
    /// The guest called RTAS system-reboot: the machine starts again.
    Rebooted,
    /// The CPU could not go on: the event, in a sentence.
    Crashed(String),
    /// The run took longer than its limit.
    TimedOut(Duration),
    /// The user ended it at the console.
    Quit,
    /// The process received a signal that ends it.
    Signal(u8),
    /// The reader of the console's output is gone.
    OutputClosed,
    /// The console's output takes no more, for the reason given.
    OutputFailed(String),
}
