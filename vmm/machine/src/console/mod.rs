// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's console on our standard input and output.
//!
//! Output is not buffered: one write for each H_PUT_TERM_CHAR, so a run that is killed loses none. A
//! reader that stalls holds the guest, until the run has to end; then what it did not take is counted. Input comes
//! from a thread that reads standard input: from the start when that is a terminal (for Ctrl-A x),
//! else from the guest's first read on, so that a guest without interest leaves it alone.

mod escape;
mod reader;
pub mod terminal;
mod verdict;

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Arc;

use crate::control::Control;
use crate::exit::Outcome;
use crate::outlet::Outlet;
use crate::trace::Trace;

/// The console as the vCPU's thread uses it.
pub struct Console {
    control: Arc<Control>,
    output: Box<dyn Write + Send>,
    verdict: verdict::Scanner,
    reading: bool,
    /// Bytes that the output did not take.
    lost: u64,
    /// A trace whose lines may go where the output goes.
    trace: Option<Arc<Trace>>,
}

impl Console {
    /// The console on standard input, and on this output.
    pub(crate) fn stdio(control: Arc<Control>, output: Outlet) -> Console {
        let reading = io::stdin().is_terminal();
        if reading {
            reader::start(Arc::clone(&control), true);
        }
        Console { reading, ..Console::new(control, Box::new(output)) }
    }

    /// A console that writes to `output` and has no input but what is pushed to `control`.
    pub fn new(control: Arc<Control>, output: Box<dyn Write + Send>) -> Console {
        let verdict = verdict::Scanner::default();
        Console { control, output, verdict, reading: true, lost: 0, trace: None }
    }

    /// Keeps the output and the lines of a trace apart.
    pub(crate) fn share(&mut self, trace: &Arc<Trace>) {
        self.trace = Some(Arc::clone(trace));
    }

    /// Prints what the guest wrote. An output that fails ends the run.
    pub fn write(&mut self, bytes: &[u8]) {
        self.verdict.scan(bytes);
        match self.trace.clone() {
            Some(trace) => trace.around_console(bytes, &mut |bytes| self.print(bytes)),
            None => self.print(bytes),
        }
    }

    fn print(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let error = match self.output.write(bytes) {
                Ok(0) => ErrorKind::WriteZero.into(),
                Ok(written) => {
                    bytes = &bytes[written.min(bytes.len())..];
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            self.lost += bytes.len() as u64;
            return self.control.stop(failed(&error));
        }
    }

    /// How many bytes of the guest's output could not be written.
    pub fn lost(&self) -> u64 {
        self.lost
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
