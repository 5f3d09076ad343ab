// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Non-volatile memory. It outlives a reboot and, in a file, the run.
//!
//! The file has the guest's bytes, and a header of ours behind them (`layout.rs`). Each
//! nvram-store is written to the file before it is answered, so it survives any end of this process.

mod layout;

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hcall::RtasError;
use thiserror::Error;

pub use layout::BYTES;
use layout::{BLOCK, Repair};

use crate::section::{LoadError, Reader, Saved, Writer};

/// The size of an image file.
const FILE_BYTES: u64 = (BYTES + BLOCK) as u64;

/// The reason for which a file cannot be the NVRAM.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum NvramError {
    #[error("cannot open the NVRAM {}: {source}; check the name and the permissions", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("the NVRAM {} is in use by another process or another option; end that, or name another file", .0.display())]
    InUse(PathBuf),
    #[error(
        "{} is no NVRAM of tcevm's: {why}; it stays as it is, and a file that does not exist would be \
         created", path.display()
    )]
    Foreign { path: PathBuf, why: &'static str },
    #[error("cannot write the NVRAM {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot read the NVRAM {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
}

/// The NVRAM of a machine.
#[derive(Debug)]
pub struct NvramStore {
    bytes: Mutex<Vec<u8>>,
    file: Option<File>,
    /// True once the user was warned that the file cannot be written.
    warned: AtomicBool,
}

impl Default for NvramStore {
    /// A fresh NVRAM, which ends with the run.
    fn default() -> NvramStore {
        NvramStore::new(layout::fresh(), None)
    }
}

impl NvramStore {
    fn new(bytes: Vec<u8>, file: Option<File>) -> NvramStore {
        NvramStore { bytes: Mutex::new(bytes), file, warned: AtomicBool::new(false) }
    }

    /// The NVRAM in a file. A file that does not exist is created with a fresh NVRAM. The file is locked until
    /// the process ends. A file that is not ours is not changed.
    pub fn open(path: &Path) -> Result<NvramStore, NvramError> {
        let file = open_locked(path)?;
        let write = |source| NvramError::Write { path: path.into(), source };
        let bytes = match contents(path, &file)? {
            Some(bytes) => bytes,
            None => {
                // The last header marks the file as ours, so that an interrupted creation is repaired by the next run.
                file.write_all_at(&layout::identity(), BYTES as u64).map_err(write)?;
                let bytes = layout::fresh();
                file.write_all_at(&bytes, 0).map_err(write)?;
                bytes
            }
        };
        let nvram = NvramStore::new(bytes, Some(file));
        match nvram.repair().map_err(write)? {
            Repair::None => {}
            Repair::Freed(start) => log::warn!(
                "the NVRAM {} was damaged at {start:#x}: from there on it is free space now",
                path.display()
            ),
            Repair::Formatted => {
                log::warn!("the NVRAM {} was damaged: it is a fresh one now", path.display());
            }
        }
        Ok(nvram)
    }

    /// Makes the repair that firmware makes before an operating system starts.
    pub fn start(&self) {
        match self.repair() {
            Ok(done) => log::debug!("NVRAM at the start: {done:?}"),
            Err(error) => self.warn(&error),
        }
    }

    fn repair(&self) -> io::Result<Repair> {
        let mut bytes = self.bytes();
        let done = layout::repair(&mut bytes);
        let changed = match done {
            Repair::None => 0..0,
            Repair::Freed(start) => start..start + BLOCK,
            Repair::Formatted => 0..BYTES,
        };
        self.write(changed.start, &bytes[changed])?;
        Ok(done)
    }

    fn write(&self, index: usize, bytes: &[u8]) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.write_all_at(bytes, index as u64))
    }

    /// Warns once, because the guest may try again and again.
    fn warn(&self, error: &io::Error) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            log::warn!("the NVRAM cannot be written: {error}; the guest's stores fail");
        }
    }

    /// The bytes under their lock. A panic of another thread has left at most one store half done.
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl hcall::machine::Nvram for NvramStore {
    fn size(&self) -> usize {
        BYTES
    }

    fn fetch(&self, index: usize, into: &mut [u8]) -> Result<(), RtasError> {
        let bytes = self.bytes();
        let part = bytes.get(index..).and_then(|rest| rest.get(..into.len()));
        into.copy_from_slice(part.ok_or(RtasError::Parameter)?);
        Ok(())
    }

    fn store(&self, index: usize, from: &[u8]) -> Result<(), RtasError> {
        let mut bytes = self.bytes();
        let part = bytes.get_mut(index..).and_then(|rest| rest.get_mut(..from.len()));
        let part = part.ok_or(RtasError::Parameter)?;
        self.write(index, from).map_err(|error| {
            self.warn(&error);
            RtasError::Hardware
        })?;
        part.copy_from_slice(from);
        Ok(())
    }
}

/// The bytes. Loading them also writes them to the file.
impl Saved for &NvramStore {
    const NAME: &'static str = "nvram";

    fn save(&mut self, to: &mut Writer<'_>) {
        to.bytes(&self.bytes());
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let loaded = from.bytes(BYTES)?;
        let mut bytes = self.bytes();
        if loaded.len() != bytes.len() {
            return Err(LoadError::Other("the size of its NVRAM"));
        }
        self.write(0, &loaded)?;
        *bytes = loaded;
        Ok(())
    }
}

/// Opens the file, or creates it empty, and locks it.
fn open_locked(path: &Path) -> Result<File, NvramError> {
    let foreign = |why| NvramError::Foreign { path: path.into(), why };
    // The check comes before the file is opened, because opening a device may have effects.
    match std::fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => return Err(foreign("it is a symbolic link")),
        Ok(about) if about.is_dir() => return Err(foreign("it is a directory")),
        Ok(about) if !about.is_file() => return Err(foreign("it is not a regular file")),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).custom_flags(libc::O_NOFOLLOW);
    let file = options.open(path);
    let file = file.map_err(|source| NvramError::Open { path: path.into(), source })?;
    if !paths::lock::take(&file) {
        return Err(NvramError::InUse(path.into()));
    }
    Ok(file)
}

/// The guest's bytes in the file; `None` when the file is empty.
fn contents(path: &Path, file: &File) -> Result<Option<Vec<u8>>, NvramError> {
    let read = |source| NvramError::Read { path: path.into(), source };
    let foreign = |why| NvramError::Foreign { path: path.into(), why };
    match file.metadata().map_err(read)?.len() {
        0 => return Ok(None),
        FILE_BYTES => {}
        _ => return Err(foreign("its size is not 65552 bytes")),
    }
    let mut bytes = vec![0; FILE_BYTES as usize];
    file.read_exact_at(&mut bytes, 0).map_err(read)?;
    let end = bytes.split_off(BYTES);
    if end == layout::identity() {
        Ok(Some(bytes))
    } else {
        Err(foreign("its last 16 bytes are not ours"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hcall::machine::Nvram as _;
    use vmm_sys_util::tempdir::TempDir;

    fn fetch(nvram: &NvramStore, index: usize) -> [u8; 4] {
        let mut bytes = [0; 4];
        nvram.fetch(index, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_file_is_created_and_has_what_was_stored() {
        let directory = TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-")).unwrap();
        let path = directory.as_path().join("nvram");
        let nvram = NvramStore::open(&path).unwrap();
        assert_eq!(*nvram.bytes(), layout::fresh());
        assert!(matches!(NvramStore::open(&path), Err(NvramError::InUse(_))));
        nvram.store(0x20, b"kept").unwrap();
        // The bytes are in the file before the machine ends, however it ends.
        assert_eq!(std::fs::read(&path).unwrap()[0x20..0x24], *b"kept");
        drop(nvram);
        assert_eq!(fetch(&NvramStore::open(&path).unwrap(), 0x20), *b"kept");
    }

    #[test]
    fn what_a_guest_destroyed_is_still_ours_and_is_repaired() {
        let directory = TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-")).unwrap();
        let path = directory.as_path().join("nvram");
        let nvram = NvramStore::open(&path).unwrap();
        nvram.store(0, &[0xff; BYTES]).unwrap();
        nvram.start();
        assert_eq!(*nvram.bytes(), layout::fresh());
        nvram.store(0x1000, &[0xff; 16]).unwrap();
        drop(nvram);
        let nvram = NvramStore::open(&path).unwrap();
        assert_eq!(*nvram.bytes(), layout::fresh());
        assert_eq!(std::fs::read(&path).unwrap()[..BYTES], layout::fresh());
    }

    #[test]
    fn a_store_that_leaves_the_nvram_changes_nothing() {
        let nvram = NvramStore::default();
        for index in [BYTES - 3, BYTES, usize::MAX] {
            assert_eq!(nvram.store(index, b"four"), Err(RtasError::Parameter));
            assert_eq!(nvram.fetch(index, &mut [0; 4]), Err(RtasError::Parameter));
        }
        assert_eq!(*nvram.bytes(), layout::fresh());
    }
}
