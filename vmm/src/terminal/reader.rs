// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that reads standard input. It blocks in reads and is never joined. It ends with
//! its input or with the process.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;

use super::escape::{Escape, Key};
use super::line::Line;
use crate::monitor::Desk;
use crate::outlet;
use machine::Ending;
use machine::control::{Control, PIPED_LIMIT, TYPED_LIMIT};

/// Starts reading; on a terminal, Ctrl-A is the escape key,
/// and the monitor is at this desk.
pub(super) fn start(control: Arc<Control>, terminal: Option<Arc<Desk>>) {
    let read = move || match &terminal {
        Some(desk) => typed(&control, desk),
        None => piped(&control),
    };
    if let Err(error) = thread::Builder::new().name("console".into()).spawn(read) {
        log::warn!("the guest gets no console input: {error}");
    }
}

/// The text of Ctrl-A h.
const KEYS: &str = "\
Ctrl-A x  ends the run
Ctrl-A h  lists these keys
Ctrl-A c  goes to the monitor, and back to the guest's console
Ctrl-A a  sends Ctrl-A to the guest
";

/// The pause after a read of a non-blocking standard input that has no bytes at the moment.
const EMPTY: Duration = Duration::from_millis(2);

/// Passes every byte on.
fn piped(control: &Control) {
    let mut buf = [0; 256];
    while let Some(bytes) = next(&mut buf) {
        if !control.push_input(bytes, PIPED_LIMIT) {
            return;
        }
    }
}

/// Passes on all bytes outside escape sequences. Reading goes on while the guest reads nothing, so that
/// Ctrl-A x is always seen.
fn typed(control: &Control, desk: &Desk) {
    let mut escape = Escape::default();
    let mut monitor: Option<Line> = None;
    let mut buf = [0; 4096];
    let mut keys = Vec::with_capacity(buf.len());
    while let Some(bytes) = next(&mut buf) {
        keys.clear();
        for &byte in bytes {
            match escape.key(byte) {
                Key::Swallowed => {}
                Key::Quit => return control.stop(Ending::Quit),
                Key::Help => outlet::text(KEYS),
                Key::Monitor => monitor = Line::toggle(monitor),
                Key::Guest(byte) => match &mut monitor {
                    Some(line) => line.key(byte, desk),
                    None => keys.push(byte),
                },
            }
        }
        if !control.push_input(&keys, TYPED_LIMIT) {
            return;
        }
    }
}

/// The next bytes of standard input; none at its end.
fn next(buf: &mut [u8]) -> Option<&[u8]> {
    loop {
        match rustix::io::read(io::stdin(), &mut *buf) {
            Ok(0) => return None,
            Ok(len) => return buf.get(..len),
            Err(Errno::AGAIN) => thread::sleep(EMPTY),
            Err(Errno::INTR) => {}
            Err(error) => {
                log::debug!("console input ended: {error}");
                return None;
            }
        }
    }
}
