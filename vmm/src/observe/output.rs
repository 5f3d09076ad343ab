// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A file that is written during a run: what goes wrong is kept, and told at the end of the run.

use std::fmt;
use std::io::{self, BufWriter, Write};

use crate::outlet::Outlet;

/// The file.
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<Outlet>,
    /// Each text is written at once, as a whole.
    at_once: bool,
    /// An error is nobody's: the output is stderr.
    forgiven: bool,
    /// The first error; nothing is written after it.
    failed: Option<io::Error>,
}

impl Output {
    /// One that writes to this outlet.
    pub(crate) fn new(outlet: Outlet) -> Output {
        let file = BufWriter::with_capacity(1 << 18, outlet);
        Output { file, at_once: false, forgiven: false, failed: None }
    }

    /// Stderr, each text at once. One that is gone is no reason to fail.
    pub(crate) fn stderr() -> io::Result<Output> {
        Ok(Output { at_once: true, forgiven: true, ..Output::new(Outlet::stderr()?) })
    }

    /// The outlet itself.
    pub(crate) fn outlet(&self) -> &Outlet {
        self.file.get_ref()
    }

    /// From now on each text is written at once.
    pub(crate) fn write_at_once(&mut self) {
        self.at_once = true;
    }

    /// Writes, unless something has gone wrong before.
    pub(crate) fn write(&mut self, text: fmt::Arguments<'_>) {
        if self.failed.is_none() {
            self.failed = self.file.write_fmt(text).err();
        }
    }

    /// Writes bytes likewise: in one piece where that is wanted and possible.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.failed = match self.at_once {
                true => self.file.get_mut().write_all(bytes).err(),
                false => self.file.write_all(bytes).err(),
            };
        }
    }

    /// Writes what is left. Errors: the first thing that could not be written.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let written = match self.failed.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        };
        if self.forgiven { Ok(()) } else { written }
    }
}
