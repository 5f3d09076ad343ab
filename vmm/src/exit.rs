// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exit codes of a run, and the line on stderr about its end.

use machine::Ending;

/// An exit code and its meaning: the row that `--help` prints.
pub struct Row(pub u8, pub &'static str);

const OK: Row = Row(0, "the guest powered off, or a client of the monitor ended the run");
const GUEST: Row = Row(1, "the guest reported failure (EXIT: STATUS=n with n > 1 on its console)");
const USAGE: Row = Row(2, "the command line was wrong");
const SETUP: Row = Row(3, "the image or the machine could not be set up, or its output failed");
const CRASH: Row =
    Row(4, "the guest crashed (checkstop, interrupt loop, triple fault, kernel panic)");
const PROTOTYPE: Row =
    Row(5, "a prototype of --tier or --platform broke the accounting of pages or entries");
const TIMEOUT: Row = Row(124, "--timeout ran out");
const INTERRUPTED: Row = Row(130, "interrupted (Ctrl-C, SIGINT, or Ctrl-A x on a terminal)");
const SIGNALLED: Row =
    Row(128, "+ n: ended by signal n (129 SIGHUP, 141 closed pipe, 143 SIGTERM, 152 SIGXCPU)");

/// All rows, in the order in which `--help` lists them.
pub const ROWS: [Row; 9] =
    [OK, GUEST, USAGE, SETUP, CRASH, PROTOTYPE, TIMEOUT, INTERRUPTED, SIGNALLED];

/// The exit code of a machine that could not be set up.
pub const SETUP_FAILED: u8 = SETUP.0;
/// The exit code of a run whose prototypes broke an invariant.
pub const PROTOTYPE_FAILED: u8 = PROTOTYPE.0;
const SIGPIPE: u8 = 13;

/// The exit code of the process after a run with this ending.
pub fn code(ending: &Ending) -> u8 {
    match ending {
        Ending::PoweredOff | Ending::Rebooted | Ending::Dismissed | Ending::Paused => OK.0,
        Ending::GuestFailed(_) => GUEST.0,
        Ending::Crashed(_) => CRASH.0,
        Ending::TimedOut(_) => TIMEOUT.0,
        Ending::Quit => INTERRUPTED.0,
        Ending::Signal(number) => SIGNALLED.0.saturating_add(*number),
        Ending::OutputClosed => SIGNALLED.0 + SIGPIPE,
        Ending::OutputFailed(_) => SETUP.0,
    }
}

/// The line for the user about the ending; none when the user knows it already.
pub fn message(ending: &Ending) -> Option<String> {
    match ending {
        Ending::PoweredOff | Ending::Rebooted | Ending::OutputClosed | Ending::Paused => None,
        Ending::GuestFailed(code) => Some(format!("the guest reported failure {code}")),
        Ending::Crashed(what) => Some(format!("the guest crashed: {what}")),
        Ending::TimedOut(limit) => {
            Some(format!("stopped after {} s; give more with --timeout", limit.as_secs_f64()))
        }
        Ending::Quit => Some("stopped by Ctrl-A x".into()),
        Ending::Dismissed => Some("ended by a client of the monitor".into()),
        Ending::Signal(number) => Some(format!("stopped by signal {number}")),
        Ending::OutputFailed(why) => {
            Some(format!("cannot write the guest's console to standard output: {why}"))
        }
    }
}

/// The rows as lines of help.
pub fn help() -> String {
    ROWS.iter().map(|Row(code, meaning)| format!("  {code:<4}{meaning}\n")).collect()
}
