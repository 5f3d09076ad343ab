// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A file that is written during a run. Its first error is kept, and reported at the end of the run.

use std::fmt;
use std::io::{self, BufWriter, Write};

use crate::outlet::Outlet;

/// A file with its first error.
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<Outlet>,
    /// True when each text is written at once, as a whole.
    at_once: bool,
    /// True when errors are ignored: the output is stderr.
    forgiven: bool,
    /// The first error. Nothing is written after it.
    failed: Option<io::Error>,
}

impl Output {
    /// The file that writes to this outlet.
    pub(crate) fn new(outlet: Outlet) -> Output {
        let file = BufWriter::with_capacity(1 << 18, outlet);
        Output { file, at_once: false, forgiven: false, failed: None }
    }

    /// Standard error, written text by text. Errors are ignored.
    pub(crate) fn stderr() -> io::Result<Output> {
        Ok(Output { at_once: true, forgiven: true, ..Output::new(Outlet::stderr()?) })
    }

    /// The outlet itself.
    pub(crate) fn outlet(&self) -> &Outlet {
        self.file.get_ref()
    }

    /// Writes each text at once from now on.
    pub(crate) fn write_at_once(&mut self) {
        self.at_once = true;
    }

    /// Writes a text, unless there was an error.
    pub(crate) fn write(&mut self, text: fmt::Arguments<'_>) {
        if self.failed.is_none() {
            self.failed = self.file.write_fmt(text).err();
        }
    }

    /// Writes bytes, unless there was an error. They are one write if texts are written at once.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = match self.at_once {
                true => self.file.get_mut().write_all(bytes).err(),
                false => self.file.write_all(bytes).err(),
            };
        }
    }

    /// Writes the buffered rest. Errors: the first one.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let written = match self.failed.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        };
        if self.forgiven { Ok(()) } else { written }
    }
}
