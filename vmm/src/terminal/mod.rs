// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Standard input: the guest's console input, and raw mode of the terminal.
//!
//! A thread reads standard input. It starts at once when that is a terminal, for Ctrl-A x, and otherwise at the guest's
//! first read, so that a guest that reads nothing leaves the input alone. In raw mode keys go to the guest one by one,
//! unechoed, Ctrl-C included. The previous mode is restored when the guard is dropped, and by a panic.

mod escape;
mod line;
mod reader;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};

use machine::{Console, Control};
use rustix::termios::{self, OptionalActions, OutputModes, Termios};

use crate::monitor::Desk;
use crate::outlet::{self, Outlet};

/// The console with its input on standard input and its output on this outlet.
pub(crate) fn console(control: Arc<Control>, output: Outlet, desk: &Arc<Desk>) -> Console {
    let console = Console::new(Arc::clone(&control), Box::new(output));
    if io::stdin().is_terminal() {
        if io::stderr().is_terminal() {
            outlet::say("Ctrl-A x ends the run, Ctrl-A h lists the other keys");
        }
        reader::start(control, Some(Arc::clone(desk)));
        return console;
    }
    console.at_first_read(Box::new(move || reader::start(control, None)))
}

/// The mode to restore. It is process-wide, as the terminal is.
static FOUND: Mutex<Option<Termios>> = Mutex::new(None);

/// A guard that keeps the terminal in raw mode.
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

/// Restores the previous mode, once.
pub fn restore() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(found) = found {
        // An error means that the terminal is gone, and is ignored.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &found);
    }
}

/// Makes a panic restore the mode before it prints, so that its message is readable and the shell after it usable.
fn restore_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}
