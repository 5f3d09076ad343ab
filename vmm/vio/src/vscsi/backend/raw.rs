// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A file whose bytes are the disk's. A write is in the host's page cache at once, so nothing is lost when
//! this process is killed.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

use super::{BLOCK, DiskError, Image};

/// A raw disk.
#[derive(Debug)]
pub struct Raw {
    file: File,
    bytes: u64,
}

impl Raw {
    /// The disk in this file, whose name is for messages. An incomplete block at the end is not part of the
    /// disk.
    pub fn new(path: &Path, mut file: File) -> Result<Raw, DiskError> {
        // A block device reports its length only by seeking.
        let end = file.seek(SeekFrom::End(0));
        let end = end.map_err(|source| DiskError::Open { path: path.into(), source })?;
        let bytes = end / BLOCK * BLOCK;
        if bytes == 0 {
            return Err(DiskError::Empty { path: path.into() });
        }
        if bytes != end {
            log::warn!("{}: the last {} bytes are no block", path.display(), end - bytes);
        }
        Ok(Raw { file, bytes })
    }
}

impl Image for Raw {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&mut self, at: u64, to: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(to, at)
    }

    fn write(&mut self, at: u64, from: &[u8]) -> io::Result<()> {
        self.file.write_all_at(from, at)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn discard(&mut self, at: u64, len: u64) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        Ok(fallocate(&self.file, flags, at, len)?)
    }
}
