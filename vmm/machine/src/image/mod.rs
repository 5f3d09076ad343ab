// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest image: the places of its parts in guest RAM, and the address where the guest starts.
//!
//! Read [`elf`] (file to segments) first, then [`place`] (segments to guest RAM) and [`initrd`]. Then read
//! the steps before them: [`load`], which takes kernels as they are shipped ([`unpack`], [`zimage`]), and [`what`],
//! which recognizes other kinds of files. [`symbols`] has the names of an image's functions.

pub mod calls;
pub mod elf;
pub mod initrd;
pub mod place;
pub mod program;
pub mod symbols;
pub mod unpack;
pub mod what;
pub mod zimage;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::unpack::UnpackError;
use self::what::What;
use crate::memory::RamSize;

/// The largest image. An image is read whole before it is placed, and the largest kernels with debug information are
/// below this.
const MAX_IMAGE: u64 = 1 << 30;

/// The reason for which a file that the user named could not be read.
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

/// An image after it is unpacked: an ELF file, or a file that the user took for one.
#[derive(Debug, Default)]
pub struct Image {
    /// The kernel, unpacked.
    pub kernel: Vec<u8>,
    /// The initrd that a `zImage` brings with it.
    pub initrd: Option<Vec<u8>>,
}

/// The reason for which an image could not be loaded.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum ImageError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{}: {source}", path.display())]
    Unpack { path: PathBuf, source: UnpackError },
    #[error("{}: packed by {format}, and inside is {inside}", path.display())]
    Inside { path: PathBuf, format: &'static str, inside: &'static What },
}

/// Reads an image, unpacks it if it is packed, and takes the kernel out of a `zImage`.
///
/// A packed kernel must fit into guest RAM, into which it is loaded.
pub fn load(path: &Path, ram: RamSize) -> Result<Image, ImageError> {
    let limit = ram.bytes().min(MAX_IMAGE);
    let file = unpacked(path, read(path)?, limit)?;
    let Some(zimage) = zimage::contents(&file) else {
        return Ok(Image { kernel: file, initrd: None });
    };
    let initrd = zimage.initrd.map(<[u8]>::to_vec);
    Ok(Image { kernel: unpacked(path, zimage.kernel.to_vec(), limit)?, initrd })
}

/// Unpacks a file if it is packed and has an ELF file inside.
fn unpacked(path: &Path, file: Vec<u8>, limit: u64) -> Result<Vec<u8>, ImageError> {
    let failed = |source| ImageError::Unpack { path: path.to_owned(), source };
    let Some(packed) = unpack::open(&file) else { return Ok(file) };
    let (mut packed, mut data) = (packed.map_err(failed)?, Vec::new());
    // A file that is not packed may be larger than guest RAM.
    packed.up_to(what::HEAD, &mut data).map_err(failed)?;
    if !data.starts_with(&object::elf::ELFMAG) {
        let (format, inside) = (packed.format(), what::of(&data));
        return Err(ImageError::Inside { path: path.to_owned(), format, inside });
    }
    packed.all(limit, &mut data).map_err(failed)?;
    Ok(data)
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
    // The limit holds even when the file grows while it is being read.
    io::Read::read_to_end(&mut io::Read::take(file, size), &mut data)
        .map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    Ok(data)
}
