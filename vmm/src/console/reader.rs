// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that reads standard input. It blocks in reads and is never joined: it ends with
//! its input or with the process.

use std::io::{self, Read};
use std::sync::Arc;
use std::thread;

use super::escape::{Escape, Key};
use crate::control::Control;
use crate::exit::Outcome;

/// Starts reading; on a terminal, Ctrl-A is the escape key.
pub(super) fn start(control: Arc<Control>, terminal: bool) {
    let read = move || match terminal {
        true => typed(&control),
        false => piped(&control),
    };
    if let Err(error) = thread::Builder::new().name("console".into()).spawn(read) {
        log::warn!("the guest gets no console input: {error}");
    }
}

/// Passes everything on.
fn piped(control: &Control) {
    let mut buf = [0; 256];
    while let Some(bytes) = next(&mut buf) {
        if !control.push_input(bytes) {
            return;
        }
    }
}

/// Passes on what is not an escape sequence.
fn typed(control: &Control) {
    let mut escape = Escape::default();
    let mut buf = [0; 256];
    while let Some(bytes) = next(&mut buf) {
        for &byte in bytes {
            match escape.key(byte) {
                Key::Swallowed => {}
                Key::Quit => return control.stop(Outcome::Quit),
                Key::Guest(byte) => {
                    // A guest that does not read must not keep Ctrl-A x from us.
                    control.offer_input(byte);
                }
            }
        }
    }
}

/// The next bytes of standard input; nothing at its end.
fn next(buf: &mut [u8]) -> Option<&[u8]> {
    match io::stdin().lock().read(buf) {
        Ok(0) => None,
        Ok(len) => buf.get(..len),
        Err(error) => {
            log::debug!("console input ended: {error}");
            None
        }
    }
}
