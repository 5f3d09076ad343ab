// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Writes a snapshot.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use machine::image::FileError;
use machine::ram_file::RamFile;
use machine::section;
use machine::state::SaveError;
use machine::vcpu::Vcpu;
use machine::{Config, Machine};
use paths::output::OutputError;
use paths::whole::Whole;
use thiserror::Error;

use super::About;
use super::header::{Header, RAM_AT, is_snapshot};
use crate::options::run::RunArgs;

/// The reason for which there is no snapshot.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub(crate) enum WriteError {
    #[error(transparent)]
    Path(#[from] OutputError),
    #[error("cannot write it: {0}")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Initrd(#[from] FileError),
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Writes the machine, whose options and configuration these are, to a file, which appears once it is finished. The machine
/// is paused.
pub(crate) fn write<V: Vcpu + Send>(
    machine: &mut Machine<V>,
    args: &RunArgs,
    config: &Config<'_>,
    path: &Path,
) -> Result<Whole, WriteError> {
    let whole = Whole::create(path, "snapshot", is_snapshot)?;
    let mut about = About::of(args, &machine.devices());
    about.image = crc32fast::hash(config.image);
    let initrd = config.initrd.map(|initrd| initrd.read()).transpose()?;
    about.initrd = initrd.as_deref().map(crc32fast::hash);
    let mut ram = RamFile::new(whole.file().try_clone()?, RAM_AT);
    let mut to = BufWriter::new(whole.file());
    let mut place = to.seek(SeekFrom::Start(RAM_AT + config.ram.bytes()))?;
    let mut next = |to: &mut BufWriter<_>| -> io::Result<u64> {
        Ok(std::mem::replace(&mut place, to.stream_position()?))
    };
    section::save(&mut about, &mut to)?;
    let about = next(&mut to)?;
    to.write_all(config.image)?;
    let image = next(&mut to)?;
    to.write_all(initrd.as_deref().unwrap_or_default())?;
    let initrd = next(&mut to)?;
    machine.save_beside(config, &mut ram, &mut to)?;
    let state = next(&mut to)?;
    let end = to.stream_position()?;
    to.flush()?;
    drop(to);
    let header = Header { ram: config.ram, about, image, initrd, state, end };
    whole.file().write_all_at(&header.bytes(), 0)?;
    Ok(whole)
}
