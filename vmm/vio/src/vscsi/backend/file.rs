// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Opens a file of the host for a disk: only a regular file or a block device, and locked.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{OFlags, fcntl_setfl};

use super::DiskError;
use super::lock::{self, Lock};

/// Opens the file and locks it: several may read, or one may write.
pub(super) fn open(path: &Path, readonly: bool) -> Result<File, DiskError> {
    let failed = |source| DiskError::Open { path: path.into(), source };
    // The type is checked before the file is opened, because opening a device may have effects.
    let found = std::fs::metadata(path).map_err(failed)?;
    let file = match wrong_kind(found.file_type()) {
        None => open_at_once(path, readonly).map_err(failed)?,
        Some(kind) => return Err(DiskError::Kind { path: path.into(), kind }),
    };
    // Meanwhile the name may belong to another file.
    if let Some(kind) = wrong_kind(file.metadata().map_err(failed)?.file_type()) {
        return Err(DiskError::Kind { path: path.into(), kind });
    }
    match lock::take(&file, readonly) {
        Lock::Held => {}
        Lock::Conflict => return Err(DiskError::InUse { path: path.into() }),
        Lock::Unsupported(error) => log::warn!(
            "{} cannot be locked ({error}): see to it that no other machine writes to it",
            path.display()
        ),
    }
    Ok(file)
}

/// Opens without waiting; opening a FIFO would wait otherwise.
fn open_at_once(path: &Path, readonly: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(!readonly).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    fcntl_setfl(&file, OFlags::empty())?;
    Ok(file)
}

/// The name of a file type that cannot be a disk.
fn wrong_kind(kind: FileType) -> Option<&'static str> {
    match kind {
        kind if kind.is_file() || kind.is_block_device() => None,
        kind if kind.is_dir() => Some("a directory"),
        kind if kind.is_fifo() => Some("a FIFO"),
        kind if kind.is_socket() => Some("a socket"),
        kind if kind.is_char_device() => Some("a character device"),
        _ => Some("no file of blocks"),
    }
}

/// The identity of a file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Identity {
        Identity { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// Reads from a file, with zeros beyond its end.
pub(super) fn read_padded(file: &File, mut at: u64, mut to: &mut [u8]) -> io::Result<()> {
    while !to.is_empty() {
        match file.read_at(to, at) {
            Ok(0) => break,
            Ok(read) => {
                to = &mut to[read..];
                at += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    to.fill(0);
    Ok(())
}
