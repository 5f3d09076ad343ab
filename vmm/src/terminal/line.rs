// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A line that is typed to the monitor behind Ctrl-A c. The terminal is in raw mode, so the line echoes itself.

use crate::monitor::{Desk, readable};
use crate::outlet;

/// The longest line. Further keys are ignored.
const LONGEST: usize = 4096;
const PROMPT: &str = "(tcevm) ";
const ESCAPE: u8 = 27;

/// The line so far.
#[derive(Debug, Default)]
pub(super) struct Line {
    text: String,
}

impl Line {
    /// Enters the monitor, or leaves it.
    pub(super) fn toggle(line: Option<Line>) -> Option<Line> {
        let (said, now) = match line {
            None => (
                format!("\ntcevm's monitor; help lists the commands, Ctrl-A c leaves it\n{PROMPT}"),
                Some(Line::default()),
            ),
            Some(_) => ("\n".into(), None),
        };
        outlet::text(&said);
        now
    }

    /// Takes a key, and runs the command at the end of the line.
    pub(super) fn key(&mut self, key: u8, desk: &Desk) {
        match key {
            b'\r' | b'\n' => {
                outlet::text("\n");
                let answer = readable(desk, &std::mem::take(&mut self.text));
                outlet::text(&format!("{answer}{PROMPT}"));
            }
            8 | 127 if self.text.pop().is_some() => outlet::text("\x08 \x08"),
            // Ctrl-C and Ctrl-U leave the line, and an arrow key or another sequence is no text.
            3 | 21 | ESCAPE => {
                self.text.clear();
                outlet::text(&format!("\n{PROMPT}"));
            }
            b' '..=b'~' if self.text.len() < LONGEST => {
                self.text.push(key.into());
                outlet::text(&char::from(key).to_string());
            }
            _ => {}
        }
    }
}
