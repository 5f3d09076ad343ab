// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Raw mode of the terminal on standard input: keys go to the guest one by one, unechoed, Ctrl-C
//! included. The mode that was found is put back when the guard is dropped, and by a panic.

use std::io;
use std::sync::{Mutex, PoisonError};

use rustix::termios::{self, OptionalActions, OutputModes, Termios};

/// The mode to put back; process-wide, as the terminal is.
static FOUND: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal is in raw mode while this lives.
#[derive(Debug)]
pub struct RawMode(());

impl RawMode {
    /// Enters raw mode if standard input is a terminal.
    pub fn enter() -> io::Result<Option<RawMode>> {
        let stdin = io::stdin();
        if !termios::isatty(&stdin) {
            return Ok(None);
        }
        let found = termios::tcgetattr(&stdin)?;
        let mut raw = found.clone();
        raw.make_raw();
        raw.output_modes |= OutputModes::OPOST; // a guest's \n still starts a new line
        *FOUND.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        restore_on_panic();
        termios::tcsetattr(&stdin, OptionalActions::Now, &raw)?;
        Ok(Some(RawMode(())))
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts back the mode that was found; does nothing when that has been done.
pub fn restore() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(found) = found {
        // Nothing is left to do about a terminal that is gone.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &found);
    }
}

/// The message of a panic is readable, and the shell after it usable.
fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}
