// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The initial RAM disk: a file, or bytes of the image, copied into guest RAM behind the image.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hcall::Memory;
use thiserror::Error;
use vm_memory::{Bytes, GuestAddress, GuestMemoryError};

use super::FileError;
use crate::map::{ClaimError, Map};

/// The distance from the image, and the alignment, as in QEMU.
const GAP: u64 = 0x1_0000;

/// The source of an initrd.
#[derive(Clone, Copy, Debug)]
pub enum Initrd<'a> {
    /// A file of the user's.
    File(&'a Path),
    /// The one in a `zImage`.
    Bytes(&'a [u8]),
}

impl Initrd<'_> {
    /// The bytes, as they are loaded now.
    pub fn read(&self) -> Result<Vec<u8>, FileError> {
        let path = match *self {
            Initrd::Bytes(bytes) => return Ok(bytes.to_vec()),
            Initrd::File(path) => path,
        };
        let (file, size) = super::open(path)?;
        let mut bytes = Vec::new();
        let read = file.take(size).read_to_end(&mut bytes);
        read.map_err(|source| FileError::Read { path: path.into(), source })?;
        Ok(bytes)
    }
}

/// The reason for which an initrd could not be put into guest RAM.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum InitrdError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error("cannot read {}: {source}", path.display())]
    Copy { path: PathBuf, source: GuestMemoryError },
    #[error("cannot write the initrd of the image: {0}")]
    Write(GuestMemoryError),
}

/// Copies the initrd behind the image, which ends at `image_end`. Returns the initrd's place.
pub fn place(
    initrd: Initrd<'_>,
    image_end: u64,
    map: &mut Map,
    memory: &Memory,
) -> Result<Range<u64>, InitrdError> {
    // An image ends inside RAM, far from the end of 64-bit addresses.
    let start = (image_end + GAP).next_multiple_of(GAP);
    match initrd {
        Initrd::File(path) => place_file(path, start, map, memory),
        Initrd::Bytes(bytes) => {
            let size = bytes.len() as u64;
            map.claim("the initrd of the image".into(), start, size)?;
            memory.write_slice(bytes, GuestAddress(start)).map_err(InitrdError::Write)?;
            Ok(start..start + size)
        }
    }
}

fn place_file(
    path: &Path,
    start: u64,
    map: &mut Map,
    memory: &Memory,
) -> Result<Range<u64>, InitrdError> {
    let (mut file, size) = super::open(path)?;
    map.claim(format!("the initrd {}", path.display()), start, size)?;
    let len = usize::try_from(size).unwrap_or(usize::MAX);
    memory
        .read_exact_volatile_from(GuestAddress(start), &mut file, len)
        .map_err(|source| InitrdError::Copy { path: path.to_owned(), source })?;
    Ok(start..start + size)
}
