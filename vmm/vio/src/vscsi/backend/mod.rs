// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Where a disk's blocks are: a raw file or block device ([`raw`]), or a qcow2 image ([`qcow2`]).
//!
//! A format is never guessed from the contents: a guest that wrote a qcow2 header into its raw disk would
//! then choose which files of the host the next run opens.

pub mod qcow2;
pub mod raw;

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Bytes of a block.
pub const BLOCK: u64 = 512;

/// A disk as the user gives it: `FILE`, then if wanted `,readonly` and `,format=raw` or `,format=qcow2`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskSpec {
    /// The file.
    pub path: PathBuf,
    /// The guest may not write.
    pub readonly: bool,
    /// How the file is read.
    pub format: Format,
}

/// A format of disk images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The file's bytes are the disk's.
    Raw,
    /// QEMU's.
    Qcow2,
}

/// What a `--disk` looks like.
pub const DISK_HELP: &str = "FILE, then if wanted ,readonly and ,format=raw or ,format=qcow2";

/// A `--disk` that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write {DISK_HELP}")]
pub struct DiskSpecError;

impl FromStr for DiskSpec {
    type Err = DiskSpecError;

    /// Options are taken from the end, so a name may have commas. Without a format the name tells:
    /// `.qcow2` is one, everything else is raw.
    fn from_str(text: &str) -> Result<DiskSpec, DiskSpecError> {
        let (mut rest, mut readonly, mut format) = (text, false, None);
        while let Some((before, option)) = rest.rsplit_once(',') {
            match option {
                "readonly" => readonly = true,
                "format=raw" => format = Some(Format::Raw),
                "format=qcow2" => format = Some(Format::Qcow2),
                _ => break,
            }
            rest = before;
        }
        if rest.is_empty() {
            return Err(DiskSpecError);
        }
        let path = PathBuf::from(rest);
        let named = path.extension().is_some_and(|extension| extension == "qcow2");
        let by_name = if named { Format::Qcow2 } else { Format::Raw };
        Ok(DiskSpec { path, readonly, format: format.unwrap_or(by_name) })
    }
}

/// Why there is no disk.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum DiskError {
    #[error("cannot open the disk {}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error(
        "the disk {} is in use by another process; end that, or give the disk to both with ,readonly",
        path.display()
    )]
    InUse { path: PathBuf },
    #[error("the disk {} has not one block of 512 bytes; make it larger, for example `truncate -s 1G`", path.display())]
    Empty { path: PathBuf },
    #[error("cannot open the qcow2 image {}: {source}", path.display())]
    Qcow2 { path: PathBuf, source: io::Error },
    #[error("the host has no thread for the disks: {0}")]
    Thread(io::Error),
}

/// A disk's blocks. Offsets and lengths are within [`bytes`](Self::bytes).
pub trait Image: Send {
    /// How long it is.
    fn bytes(&self) -> u64;
    /// Reads.
    fn read(&mut self, at: u64, to: &mut [u8]) -> io::Result<()>;
    /// Writes. What was written is lost with this process at most as far as it was not
    /// [`flush`](Self::flush)ed.
    fn write(&mut self, at: u64, from: &[u8]) -> io::Result<()>;
    /// Puts all that was written on the medium.
    fn flush(&mut self) -> io::Result<()>;
    /// Gives blocks back, if the medium can; they read as zeros then.
    fn discard(&mut self, at: u64, len: u64) -> io::Result<()>;
}

/// Opens a disk.
pub fn open(spec: &DiskSpec) -> Result<Box<dyn Image>, DiskError> {
    match spec.format {
        Format::Raw => Ok(Box::new(raw::Raw::open(&spec.path, spec.readonly)?)),
        Format::Qcow2 => Ok(Box::new(qcow2::Qcow2::open(&spec.path, spec.readonly)?)),
    }
}

/// Opens the file and locks it: several may read, one may write.
fn open_locked(path: &Path, readonly: bool) -> Result<std::fs::File, DiskError> {
    let failed = |source| DiskError::Open { path: path.into(), source };
    let file = std::fs::OpenOptions::new().read(true).write(!readonly).open(path);
    let file = file.map_err(failed)?;
    let locked = if readonly { file.try_lock_shared() } else { file.try_lock() };
    match locked {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(DiskError::InUse { path: path.into() }),
        // A file system without locks.
        Err(std::fs::TryLockError::Error(error)) => {
            log::debug!("{} cannot be locked: {error}", path.display());
            Ok(file)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_a_file_and_options() {
        let spec = |text: &str| text.parse::<DiskSpec>().unwrap();
        let of = |path: &str, readonly, format| DiskSpec { path: path.into(), readonly, format };
        assert_eq!(spec("a.img"), of("a.img", false, Format::Raw));
        assert_eq!(spec("a.qcow2,readonly"), of("a.qcow2", true, Format::Qcow2));
        assert_eq!(spec("a.qcow2,format=raw"), of("a.qcow2", false, Format::Raw));
        assert_eq!(spec("a,b,format=qcow2,readonly"), of("a,b", true, Format::Qcow2));
        assert_eq!("".parse::<DiskSpec>(), Err(DiskSpecError));
        assert_eq!(",readonly".parse::<DiskSpec>(), Err(DiskSpecError));
    }
}
