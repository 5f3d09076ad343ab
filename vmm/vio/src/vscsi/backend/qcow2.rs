// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A qcow2 image, by the crate imago. Its tables are kept in memory until a flush, which the guest is told
//! of: the disk says that it has a write cache.

use std::io;
use std::path::Path;

use imago::file::File;
use imago::{
    FormatAccess, FormatDriverBuilder, PermissiveImplicitOpenGate, qcow2::Qcow2 as Driver,
};

use super::{BLOCK, DiskError, Image, open_locked};

/// A qcow2 disk.
pub struct Qcow2 {
    access: FormatAccess<File>,
    readonly: bool,
    /// Holds the lock. The driver opens the file once more.
    _lock: std::fs::File,
}

impl Qcow2 {
    /// Opens it and the files that it is based on.
    pub fn open(path: &Path, readonly: bool) -> Result<Qcow2, DiskError> {
        let failed = |source| DiskError::Qcow2 { path: path.into(), source };
        let lock = open_locked(path, readonly)?;
        let driver = Driver::<File>::builder_path(path).write(!readonly);
        let driver = driver.open(PermissiveImplicitOpenGate::default()).map_err(failed)?;
        let access = FormatAccess::new(driver);
        if access.size() < BLOCK {
            return Err(DiskError::Empty { path: path.into() });
        }
        Ok(Qcow2 { access, readonly, _lock: lock })
    }
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
        self.access.discard_to_zero(at, len)
    }
}

impl std::fmt::Debug for Qcow2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Qcow2").field("readonly", &self.readonly).finish_non_exhaustive()
    }
}
