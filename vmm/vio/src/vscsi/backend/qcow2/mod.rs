// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A qcow2 image, driven by the crate imago. The driver keeps tables in memory until a flush. The disk
//! reports a write cache to the guest for that reason.
//!
//! The driver opens no file: `chain.rs` opens the files that the user permits, after `header.rs` has checked
//! each header. An image that is opened for writing is checked first (`check.rs`), because the driver trusts
//! its counts.

mod chain;
mod check;
mod header;
mod problem;
mod refcounts;
mod references;

use std::fs::File;
use std::io;

use imago::file::File as Storage;
use imago::qcow2::Qcow2 as Driver;
use imago::raw::Raw;
use imago::{DenyImplicitOpenGate, FormatAccess, FormatDriverBuilder};

use self::chain::Layer;
pub(super) use self::header::begins;
pub use self::problem::Problem;
use super::{BLOCK, DiskError, DiskSpec, Image};

/// A qcow2 disk.
pub struct Qcow2 {
    access: FormatAccess<Storage>,
    readonly: bool,
}

impl Qcow2 {
    /// Opens the image in this file, and its backing files.
    pub(super) fn open(spec: &DiskSpec, file: File) -> Result<Qcow2, DiskError> {
        let layers = chain::open(spec, file)?;
        if !spec.readonly {
            layers.first().map_or(Ok(()), check_top)?;
        }
        let mut access = None;
        for (depth, layer) in layers.into_iter().enumerate().rev() {
            let (path, writable) = (layer.path.clone(), depth == 0 && !spec.readonly);
            let driver = drive(layer, writable, access);
            let driver = driver.map_err(Problem::Driver);
            access = Some(driver.map_err(|problem| DiskError::Qcow2 { path, problem })?);
        }
        match access {
            Some(access) if access.size() >= BLOCK => Ok(Qcow2 { access, readonly: spec.readonly }),
            _ => Err(DiskError::Empty { path: spec.path.clone() }),
        }
    }
}

/// Checks the image that will be written.
fn check_top(layer: &Layer) -> Result<(), DiskError> {
    let Some(header) = &layer.header else { return Ok(()) };
    let low = check::check(&layer.file, header).map_err(|problem| layer.refused(problem))?;
    if low != 0 {
        log::warn!(
            "{}: the reference counts of {low} clusters were too low, as a machine that was killed leaves \
             them; they are set right",
            layer.path.display()
        );
    }
    Ok(())
}

/// The driver of a layer, on those below.
fn drive(
    layer: Layer,
    writable: bool,
    below: Option<FormatAccess<Storage>>,
) -> io::Result<FormatAccess<Storage>> {
    let (file, gate) = (Storage::try_from(layer.file)?, DenyImplicitOpenGate::default());
    if layer.header.is_none() {
        return Ok(FormatAccess::new(Raw::builder(file).write(false).open(gate)?));
    }
    let driver = Driver::<Storage>::builder(file).write(writable);
    Ok(FormatAccess::new(driver.backing(below).data_file(None).open(gate)?))
}

impl Image for Qcow2 {
    fn bytes(&self) -> u64 {
        self.access.size() / BLOCK * BLOCK
    }

    fn read(&mut self, at: u64, to: &mut [u8]) -> io::Result<()> {
        self.access.read(to, at)
    }

    fn write(&mut self, at: u64, from: &[u8]) -> io::Result<()> {
        self.access.write(from, at)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.readonly {
            return Ok(());
        }
        self.access.flush()?;
        self.access.sync()
    }

    fn discard(&mut self, at: u64, len: u64) -> io::Result<()> {
        self.access.discard_to_zero(at, len)?;
        // The flush comes before a discarded cluster is used again: otherwise a killed machine could leave
        // two entries that refer to it.
        self.access.flush()
    }
}

impl std::fmt::Debug for Qcow2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Qcow2").field("readonly", &self.readonly).finish_non_exhaustive()
    }
}
