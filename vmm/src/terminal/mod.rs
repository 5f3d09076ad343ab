// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Standard input: the guest's console input, and raw mode of the terminal.
//!
//! A thread reads standard input: from the start when that is a terminal (for Ctrl-A x), otherwise from the guest's
//! first read on, so that a guest that reads nothing leaves it alone. In raw mode keys go to the guest one by one,
//! unechoed, Ctrl-C included. The mode that was found is put back when the guard is dropped, and by a panic.

mod escape;
mod reader;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};

use machine::{Console, Control};
use rustix::termios::{self, OptionalActions, OutputModes, Termios};

use crate::outlet::Outlet;

/// The console on standard input, and on this output.
pub(crate) fn console(control: Arc<Control>, output: Outlet) -> Console {
    let console = Console::new(Arc::clone(&control), Box::new(output));
    if io::stdin().is_terminal() {
        reader::start(control, true);
        return console;
    }
    console.at_first_read(Box::new(move || reader::start(control, false)))
}

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
