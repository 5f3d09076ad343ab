// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A file that is written during a run: what goes wrong is kept, and told at the end of the run.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::outlet::Outlet;

/// The file.
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<Outlet>,
    /// The first error; nothing is written after it.
    failed: Option<io::Error>,
}

impl Output {
    /// One that writes to this file.
    pub(crate) fn new(file: File) -> Output {
        Output { file: BufWriter::with_capacity(1 << 18, Outlet::new(file)), failed: None }
    }

    /// Writes, unless something has gone wrong before.
    pub(crate) fn write(&mut self, text: fmt::Arguments<'_>) {
        if self.failed.is_none() {
            self.failed = self.file.write_fmt(text).err();
        }
    }

    /// Writes what is left. Errors: the first thing that could not be written.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.file.flush(),
        }
    }
}
