// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest image: what of a file goes where in guest RAM, and where the guest starts.
//!
//! Read [`elf`] (file to segments) first, then [`place`] (segments to guest RAM) and [`initrd`].

pub mod elf;
pub mod initrd;
pub mod place;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// An image is read whole before it is placed; the largest kernels with debug information are
/// below this.
const MAX_IMAGE: u64 = 1 << 30;

/// Why a file that the user named could not be read.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum FileError {
    #[error("cannot open {}: {source}; check the name and the permissions", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{} is a directory; name a file in it", .0.display())]
    Directory(PathBuf),
    #[error("{} is not a regular file; copy it to one", .0.display())]
    Special(PathBuf),
    #[error("{} is larger than 1 GiB; strip it (objcopy -g)", .0.display())]
    TooLarge(PathBuf),
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
}

/// Opens a regular file and returns it with its size.
fn open(path: &Path) -> Result<(File, u64), FileError> {
    let failed = |source| FileError::Open { path: path.to_owned(), source };
    let about = fs::metadata(path).map_err(failed)?; // before opening: a FIFO would block
    if about.is_dir() {
        return Err(FileError::Directory(path.to_owned()));
    }
    if !about.is_file() {
        return Err(FileError::Special(path.to_owned()));
    }
    Ok((File::open(path).map_err(failed)?, about.len()))
}

/// Reads a whole image file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let (file, size) = open(path)?;
    if size > MAX_IMAGE {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    let mut data = Vec::new();
    // The limit holds even when the file grows while it is read.
    io::Read::read_to_end(&mut io::Read::take(file, size), &mut data)
        .map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    Ok(data)
}
