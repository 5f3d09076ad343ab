// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How a run ends: the outcomes, their exit codes, and what is said about them.

use std::time::Duration;

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The guest called RTAS power-off without having reported a failure.
    PoweredOff,
    /// The guest printed `EXIT: STATUS=n` with a code other than 0, then powered off.
    GuestFailed(u64),
    /// The guest called RTAS system-reboot: the machine starts anew.
    Rebooted,
    /// The CPU could not go on: what happened, in a sentence.
    Crashed(String),
    /// `--timeout` ran out.
    TimedOut(Duration),
    /// Ctrl-A x.
    Quit,
    /// SIGINT, SIGTERM, SIGHUP or SIGXCPU.
    Signal(u8),
    /// Nobody reads our standard output any more.
    OutputClosed,
    /// Standard output takes no more, for the reason given.
    OutputFailed(String),
}

/// An exit code and what it says: the row that `--help` prints.
pub struct Row(pub u8, pub &'static str);

const OK: Row = Row(0, "the guest powered off");
const GUEST: Row = Row(1, "the guest reported failure (EXIT: STATUS=n with n > 1 on its console)");
const USAGE: Row = Row(2, "the command line was wrong");
const SETUP: Row = Row(3, "the image or the machine could not be set up, or its output failed");
const CRASH: Row =
    Row(4, "the guest crashed (checkstop, interrupt loop, triple fault, kernel panic)");
const TIMEOUT: Row = Row(124, "--timeout ran out");
const INTERRUPTED: Row = Row(130, "interrupted (Ctrl-C, SIGINT, or Ctrl-A x on a terminal)");
const SIGNALLED: Row =
    Row(128, "+ n: ended by signal n (129 SIGHUP, 141 closed pipe, 143 SIGTERM, 152 SIGXCPU)");

/// All rows, in the order in which `--help` lists them.
pub const ROWS: [Row; 8] = [OK, GUEST, USAGE, SETUP, CRASH, TIMEOUT, INTERRUPTED, SIGNALLED];

/// The exit code of a machine that could not be set up.
pub const SETUP_FAILED: u8 = SETUP.0;
const SIGPIPE: u8 = 13;

impl Outcome {
    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Outcome::PoweredOff | Outcome::Rebooted => OK.0,
            Outcome::GuestFailed(_) => GUEST.0,
            Outcome::Crashed(_) => CRASH.0,
            Outcome::TimedOut(_) => TIMEOUT.0,
            Outcome::Quit => INTERRUPTED.0,
            Outcome::Signal(number) => SIGNALLED.0.saturating_add(*number),
            Outcome::OutputClosed => SIGNALLED.0 + SIGPIPE,
            Outcome::OutputFailed(_) => SETUP.0,
        }
    }

    /// What to tell the user on stderr; nothing when the user knows.
    pub fn message(&self) -> Option<String> {
        match self {
            Outcome::PoweredOff | Outcome::Rebooted | Outcome::OutputClosed => None,
            Outcome::GuestFailed(code) => Some(format!("the guest reported failure {code}")),
            Outcome::Crashed(what) => Some(format!("the guest crashed: {what}")),
            Outcome::TimedOut(limit) => {
                Some(format!("stopped after {} s; give more with --timeout", limit.as_secs_f64()))
            }
            Outcome::Quit => Some("stopped by Ctrl-A x".into()),
            Outcome::Signal(number) => Some(format!("stopped by signal {number}")),
            Outcome::OutputFailed(why) => {
                Some(format!("cannot write the guest's console to standard output: {why}"))
            }
        }
    }
}

/// The rows as lines of help.
pub fn help() -> String {
    ROWS.iter().map(|Row(code, meaning)| format!("  {code:<4}{meaning}\n")).collect()
}
