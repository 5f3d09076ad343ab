// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The storage of a disk's blocks: a raw file or block device ([`raw`]), or a qcow2 image ([`qcow2`]).
//!
//! The format comes from the user: from [`DiskSpec::format`], or else from the file's name. It never comes
//! from the contents, because a guest writes them: a guest that wrote a qcow2 header into its raw disk could
//! choose the file that the next run reads. Where only the name means raw and the contents begin like a qcow2
//! image, [`open`] refuses and asks for the format, so that a guest cannot overwrite an image that was taken
//! for a raw disk. Only the file that the user named is opened, unless [`DiskSpec::backing`] permits others.

mod file;
mod lock;
pub mod qcow2;
pub mod raw;
mod spec;

use std::fs::File;
use std::io;
use std::path::PathBuf;

pub use spec::{Backing, DISK_HELP, DiskSpec, DiskSpecError, Format};

/// Size of a block in bytes.
pub const BLOCK: u64 = 512;

/// The reason why a disk cannot be opened.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum DiskError {
    #[error("cannot open the disk {}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("the disk {} is {kind}; name a file or a block device", path.display())]
    Kind { path: PathBuf, kind: &'static str },
    #[error(
        "the disk {} is in use by another process or as another disk, perhaps by another name; \
         end that, or open it everywhere with ,readonly",
        path.display()
    )]
    InUse { path: PathBuf },
    #[error("the disk {} has not one block of 512 bytes; make it larger, for example `truncate -s 1G`", path.display())]
    Empty { path: PathBuf },
    #[error(
        "the disk {} begins like a qcow2 image, but its name does not say so; add ,format=qcow2, or \
         ,format=raw if a guest wrote that into its raw disk",
        path.display()
    )]
    WhichFormat { path: PathBuf },
    #[error("the disk {} is raw and so based on no other file; leave backing= away, or add ,format=qcow2", path.display())]
    RawBacking { path: PathBuf },
    #[error("the qcow2 image {} {problem}", path.display())]
    Qcow2 { path: PathBuf, problem: qcow2::Problem },
    #[error("an adapter has at most {} disks; leave some away", crate::vscsi::MOST_DISKS)]
    TooMany,
    #[error("the host has no thread for the disks: {0}")]
    Thread(io::Error),
}

/// A disk's blocks. Offsets and lengths are within [`bytes`](Self::bytes).
pub trait Image: Send {
    /// The size in bytes.
    fn bytes(&self) -> u64;
    /// Reads bytes from this offset.
    fn read(&mut self, at: u64, to: &mut [u8]) -> io::Result<()>;
    /// Writes bytes at this offset. If this process ends, only writes since the last [`flush`](Self::flush)
    /// may be lost.
    fn write(&mut self, at: u64, from: &[u8]) -> io::Result<()>;
    /// Stores all written data on the medium.
    fn flush(&mut self) -> io::Result<()>;
    /// Releases blocks, if the medium can; they read as zeros then.
    fn discard(&mut self, at: u64, len: u64) -> io::Result<()>;
}

/// Opens a disk.
pub fn open(spec: &DiskSpec) -> Result<Box<dyn Image>, DiskError> {
    let file = file::open(&spec.path, spec.readonly)?;
    match format(spec, &file)? {
        Format::Raw if spec.backing != Backing::Refuse => {
            Err(DiskError::RawBacking { path: spec.path.clone() })
        }
        Format::Raw => Ok(Box::new(raw::Raw::new(&spec.path, file)?)),
        Format::Qcow2 => Ok(Box::new(qcow2::Qcow2::open(spec, file)?)),
    }
}

fn format(spec: &DiskSpec, file: &File) -> Result<Format, DiskError> {
    let failed = |source| DiskError::Open { path: spec.path.clone(), source };
    match (spec.format, Format::of_name(&spec.path)) {
        (Some(format), _) => Ok(format),
        (None, Format::Raw) if qcow2::begins(file).map_err(failed)? => {
            Err(DiskError::WhichFormat { path: spec.path.clone() })
        }
        (None, format) => Ok(format),
    }
}
