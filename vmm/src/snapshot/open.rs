// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Opens a snapshot, and makes a machine go on from it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hcall::Memory;
use machine::image::Image;
use machine::memory::{self, MapError};
use machine::ram_file::RamFile;
use machine::section::{self, LoadError};
use machine::state::RestoreError;
use machine::vcpu::Vcpu;
use machine::{Config, Machine};
use thiserror::Error;

use super::about::device_names;
use super::header::{FORMAT, Header, RAM_AT};
use super::{About, Check};
use crate::options::run::RunArgs;

/// The reason for which no machine goes on from a snapshot.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum SnapshotError {
    #[error("cannot read it: {0}; check the name and the permissions")]
    Read(#[source] io::Error),
    #[error("it is no regular file; give a file that `tcevm snapshot` wrote")]
    Special,
    #[error("another process has it for itself; end that process")]
    InUse,
    #[error("it is no snapshot of tcevm's; give a file that `tcevm snapshot` wrote")]
    Foreign,
    #[error(
        "its format has version {found}, and this program reads {FORMAT}; restore it with the tcevm that wrote it"
    )]
    Newer { found: u32 },
    #[error("it has {len} of {end} bytes, so it is cut; copy it or take it again")]
    Cut { len: u64, end: u64 },
    #[error("{0} is damaged; copy it or take it again")]
    Damaged(&'static str),
    #[error("this program has no {0:?}; restore it with the tcevm that wrote it")]
    Unknown(String),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Restore(#[from] RestoreError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(
        "its machine has the devices [{saved}], and this one [{here}]; give the --net and --disk of its run, in their order"
    )]
    Devices { saved: String, here: String },
}

/// A snapshot that is open. Its header and its configuration are whole.
#[derive(Debug)]
pub(crate) struct Snapshot {
    path: PathBuf,
    file: File,
    header: Header,
    about: About,
}

impl Snapshot {
    /// Opens a snapshot. Several processes may have it open, and none writes to it.
    pub(crate) fn open(path: &Path) -> Result<Snapshot, SnapshotError> {
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY; // a pipe is refused, and not waited for
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(SnapshotError::Read)?;
        if !file.metadata().map_err(SnapshotError::Read)?.is_file() {
            return Err(SnapshotError::Special);
        }
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Err(SnapshotError::InUse),
            Err(TryLockError::Error(error)) => log::debug!("{}: {error}", path.display()),
            Ok(()) => {}
        }
        let header = Header::read(&file)?;
        let mut about = About::default();
        let mut from = &file;
        from.seek(SeekFrom::Start(header.about)).map_err(SnapshotError::Read)?;
        let section = from.take(header.image - header.about);
        section::load(&mut about, &mut BufReader::new(section))?;
        Ok(Snapshot { path: path.into(), file, header, about })
    }

    /// The name of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The options of the run that goes on: those of `args`, with the configuration of the snapshot.
    pub(crate) fn options(&self, args: &RunArgs) -> Result<RunArgs, SnapshotError> {
        let mut args = args.clone();
        args.memory = self.header.ram;
        self.about.apply(&mut args).map_err(SnapshotError::Unknown)?;
        Ok(args)
    }

    /// RAM, mapped from the file.
    pub(crate) fn memory(&self) -> Result<Memory, SnapshotError> {
        let file = self.file.try_clone().map_err(SnapshotError::Read)?;
        Ok(memory::map_file(self.header.ram, file, RAM_AT)?)
    }

    /// True when the guest has an initrd.
    pub(crate) fn has_initrd(&self) -> bool {
        self.about.initrd.is_some()
    }

    /// The image and the initrd.
    pub(crate) fn image(&self) -> Result<Image, SnapshotError> {
        let Header { image, initrd, state, .. } = self.header;
        let kernel = self.part(image..initrd, self.about.image, "its image")?;
        let initrd = |crc| self.part(initrd..state, crc, "its initrd");
        Ok(Image { kernel, initrd: self.about.initrd.map(initrd).transpose()? })
    }

    fn part(
        &self,
        place: std::ops::Range<u64>,
        crc: u32,
        name: &'static str,
    ) -> Result<Vec<u8>, SnapshotError> {
        // The file has these bytes (`Header::read`), so no more are asked for than it has.
        let len = usize::try_from(place.end - place.start).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        let damaged = || SnapshotError::Damaged(name);
        bytes
            .try_reserve_exact(len)
            .map_err(|_| SnapshotError::Read(io::ErrorKind::OutOfMemory.into()))?;
        bytes.resize(len, 0);
        self.file.read_exact_at(&mut bytes, place.start).map_err(|_| damaged())?;
        if crc32fast::hash(&bytes) == crc { Ok(bytes) } else { Err(damaged()) }
    }

    /// Loads the state into a new machine, whose RAM is [`memory`](Self::memory). Returns the check of RAM, which goes on
    /// while the machine runs; for a machine with devices it is over.
    pub(crate) fn load<V: Vcpu + Send>(
        &self,
        machine: &mut Machine<V>,
        config: &Config<'_>,
    ) -> Result<Check, SnapshotError> {
        let devices = device_names(&machine.devices());
        if devices != self.about.devices {
            let (saved, here) = (self.about.devices.join(", "), devices.join(", "));
            return Err(SnapshotError::Devices { saved, here });
        }
        let file = || self.file.try_clone().map_err(SnapshotError::Read);
        let mut ram = RamFile::new(file()?, RAM_AT);
        let mut state = BufReader::new(file()?);
        state.seek(SeekFrom::Start(self.header.state)).map_err(SnapshotError::Read)?;
        machine.load_beside(config, &mut ram, &mut state)?;
        if !devices.is_empty() {
            return Check::now(&ram);
        }
        Ok(Check::start(ram, machine.control()))
    }
}
