// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's console.
//!
//! Output is not buffered: each H_PUT_TERM_CHAR is one write, so a run that is killed loses none. A stalled reader of
//! the output holds the guest until the run has to end; the bytes that were not taken are then counted.
//! Input is pushed to [`Control`] by a thread of the caller's. The guest's first read may start that thread, so that
//! a guest that reads nothing leaves the caller's input alone.

mod verdict;

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use crate::control::Control;
use crate::ending::Ending;
use crate::section::{LoadError, Reader, Saved, Writer};
use crate::watcher::Watcher;

/// Starts the thread that reads input.
pub type StartReading = Box<dyn FnOnce() + Send>;

/// The console as vCPUs' threads use it.
pub struct Console {
    control: Arc<Control>,
    output: Box<dyn Write + Send>,
    verdict: verdict::Scanner,
    /// The call at the guest's first read.
    start_reading: Option<StartReading>,
    /// True once the guest has read.
    has_read: bool,
    /// The number of bytes that the output did not take.
    lost: u64,
    watcher: Option<Arc<dyn Watcher>>,
}

impl Console {
    /// A console that writes to `output`. Its input is pushed to `control`.
    pub fn new(control: Arc<Control>, output: Box<dyn Write + Send>) -> Console {
        let verdict = verdict::Scanner::default();
        let (start_reading, has_read, lost, watcher) = Default::default();
        Console { control, output, verdict, start_reading, has_read, lost, watcher }
    }

    /// Calls `start` when the guest reads for the first time.
    pub fn at_first_read(self, start: StartReading) -> Console {
        Console { start_reading: Some(start), ..self }
    }

    /// Prints through this observer from now on ([`Watcher::console`]).
    pub(crate) fn observe(&mut self, watcher: &Arc<dyn Watcher>) {
        self.watcher = Some(Arc::clone(watcher));
    }

    /// Prints bytes of the guest. An error of the output ends the run.
    pub fn write(&mut self, bytes: &[u8]) {
        self.verdict.scan(bytes);
        match self.watcher.clone() {
            Some(watcher) => watcher.console(bytes, &mut |bytes| self.print(bytes)),
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

    /// The number of bytes of the guest's output that could not be written.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Reads input. Returns the number of bytes.
    pub fn read(&mut self, buf: &mut [u8]) -> usize {
        self.start_reading();
        self.control.take_input(buf)
    }

    /// Starts the reader of input for a restored guest that has read before.
    pub(crate) fn resume(&mut self) {
        if self.has_read {
            self.start_reading();
        }
    }

    fn start_reading(&mut self) {
        self.has_read = true;
        if let Some(start) = self.start_reading.take() {
            start();
        }
    }

    /// The code of the guest's verdict (`EXIT: STATUS=n`), if it gave one.
    pub fn verdict(&mut self) -> Option<u64> {
        self.verdict.code()
    }
}

/// The guest's verdict so far, and whether it has read: then the reader of input starts with the run, because the guest waits for
/// the interrupt.
impl Saved for &mut Console {
    const NAME: &'static str = "console";

    fn save(&mut self, to: &mut Writer<'_>) {
        self.verdict.save(to);
        to.bool(self.has_read);
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.verdict.load(from)?;
        self.has_read = from.bool()?;
        Ok(())
    }
}

fn failed(error: &io::Error) -> Ending {
    match error.kind() {
        ErrorKind::BrokenPipe => Ending::OutputClosed,
        _ => Ending::OutputFailed(error.to_string()),
    }
}
