// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's console on our standard input and output.
//!
//! Output is not buffered: one write for each H_PUT_TERM_CHAR, so none can be lost. Input comes
//! from a thread that reads standard input: from the start when that is a terminal (for Ctrl-A x),
//! else from the guest's first read on, so that a guest without interest leaves it alone.

mod escape;
mod reader;
pub mod terminal;
mod verdict;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use crate::control::Control;
use crate::exit::Outcome;

/// How long to wait for a standard output that is full for the moment.
const FULL: Duration = Duration::from_millis(2);

/// The console as the vCPU's thread uses it.
pub struct Console {
    control: Arc<Control>,
    output: Box<dyn Write + Send>,
    verdict: verdict::Scanner,
    reading: bool,
}

/// Standard output without std's line buffer.
struct Unbuffered;

impl Write for Unbuffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Console {
    /// The console on standard input and output.
    pub fn stdio(control: Arc<Control>) -> Console {
        let reading = io::stdin().is_terminal();
        if reading {
            reader::start(Arc::clone(&control), true);
        }
        Console { reading, ..Console::new(control, Box::new(Unbuffered)) }
    }

    /// A console that writes to `output` and has no input but what is pushed to `control`.
    pub fn new(control: Arc<Control>, output: Box<dyn Write + Send>) -> Console {
        Console { control, output, verdict: verdict::Scanner::default(), reading: true }
    }

    /// Prints what the guest wrote. An output that fails ends the run.
    pub fn write(&mut self, mut bytes: &[u8]) {
        self.verdict.scan(bytes);
        while !bytes.is_empty() {
            match self.output.write(bytes) {
                Ok(0) => return self.control.stop(failed(&ErrorKind::WriteZero.into())),
                Ok(written) => bytes = &bytes[written.min(bytes.len())..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(FULL),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.control.stop(failed(&error)),
            }
        }
    }

    /// Reads what was typed; returns how much.
    pub fn read(&mut self, buf: &mut [u8]) -> usize {
        if !self.reading {
            self.reading = true;
            reader::start(Arc::clone(&self.control), false);
        }
        self.control.take_input(buf)
    }

    /// The code of the guest's verdict (`EXIT: STATUS=n`), if it gave one.
    pub fn verdict(&mut self) -> Option<u64> {
        self.verdict.code()
    }
}

fn failed(error: &io::Error) -> Outcome {
    match error.kind() {
        ErrorKind::BrokenPipe => Outcome::OutputClosed,
        _ => Outcome::OutputFailed(error.to_string()),
    }
}
