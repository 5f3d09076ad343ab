// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The files of an image: the image, and its backing files as far as the user permits them.
//!
//! Another file that an image names is opened only if [`Backing`] permits it, only for reading, and only if
//! the name is a file's: `json:` and other protocols of QEMU are refused. The format is the one that the
//! image names, never a guess. Each file is locked.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Problem;
use super::header::{Header, Reference};
use crate::vscsi::backend::file::{self, Identity};
use crate::vscsi::backend::{Backing, DiskError, DiskSpec};

/// The most files in a chain.
pub(super) const MOST_LAYERS: usize = 64;

/// A file of an image.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) path: PathBuf,
    pub(super) file: File,
    /// The header of qcow2; without one the file is raw.
    pub(super) header: Option<Header>,
}

/// The files of the disk, whose own file is already open. The last one has no backing file.
pub(super) fn open(spec: &DiskSpec, file: File) -> Result<Vec<Layer>, DiskError> {
    let top = Layer::new(spec.path.clone(), file, true)?;
    let mut seen = vec![top.identity()?];
    let mut layers = vec![top];
    while let Some((layer, reference)) = layers.last().and_then(Layer::based_on) {
        let below = open_below(layer, reference, &spec.backing, &mut seen)?;
        layers.push(below);
    }
    Ok(layers)
}

impl Layer {
    fn new(path: PathBuf, file: File, qcow2: bool) -> Result<Layer, DiskError> {
        let header = qcow2.then(|| Header::read(&file)).transpose();
        match header {
            Ok(header) => Ok(Layer { path, file, header }),
            Err(problem) => Err(DiskError::Qcow2 { path, problem }),
        }
    }

    fn based_on(&self) -> Option<(&Layer, &Reference)> {
        let reference = self.header.as_ref()?.backing.as_ref()?;
        Some((self, reference))
    }

    fn identity(&self) -> Result<Identity, DiskError> {
        let metadata = self.file.metadata();
        let metadata = metadata.map_err(|error| self.refused(Problem::Read(error)))?;
        Ok(Identity::of(&metadata))
    }

    pub(super) fn refused(&self, problem: Problem) -> DiskError {
        DiskError::Qcow2 { path: self.path.clone(), problem }
    }
}

/// Opens the backing file of a layer.
fn open_below(
    layer: &Layer,
    reference: &Reference,
    backing: &Backing,
    seen: &mut Vec<Identity>,
) -> Result<Layer, DiskError> {
    let refused = |problem| Err(layer.refused(problem));
    let name = String::from_utf8_lossy(&reference.name).into_owned();
    if *backing == Backing::Refuse {
        return refused(Problem::Backing(name));
    }
    let Some(path) = resolve(&layer.path, &reference.name) else {
        return refused(Problem::NoFileName(name));
    };
    let qcow2 = match reference.format.as_deref() {
        Some(b"qcow2") => true,
        Some(b"raw") => false,
        Some(other) => {
            let other = String::from_utf8_lossy(other).into_owned();
            return refused(Problem::BackingFormat(other));
        }
        None => return refused(Problem::NoBackingFormat),
    };
    let found = std::fs::metadata(&path);
    let found = found.map_err(|source| DiskError::Open { path: path.clone(), source })?;
    let identity = Identity::of(&found);
    if !permitted(backing, &found) {
        return refused(Problem::NotNamed(name));
    }
    if seen.contains(&identity) {
        return refused(Problem::Loop);
    }
    if seen.len() >= MOST_LAYERS {
        return refused(Problem::TooDeep);
    }
    let below = Layer::new(path.clone(), file::open(&path, true)?, qcow2)?;
    // Meanwhile the name may belong to another file.
    if below.identity()? != identity {
        return refused(Problem::NotNamed(name));
    }
    seen.push(identity);
    Ok(below)
}

/// The path of a file that an image names: relative to the image, unless the name is absolute. None if QEMU
/// would take the name for a protocol.
fn resolve(image: &Path, name: &[u8]) -> Option<PathBuf> {
    let first = name.split(|byte| *byte == b'/').next()?;
    if first.contains(&b':') {
        return None;
    }
    let directory = image.parent().unwrap_or(Path::new(""));
    Some(directory.join(OsStr::from_bytes(name)))
}

/// True if the user permits this file. A permitted name without a file permits nothing.
fn permitted(backing: &Backing, file: &Metadata) -> bool {
    match backing {
        Backing::Refuse => false,
        Backing::Allow => true,
        Backing::Only(names) => names.iter().any(|name| {
            std::fs::metadata(name).is_ok_and(|named| Identity::of(&named) == Identity::of(file))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_beside_the_image_and_never_a_protocol() {
        let resolved = |name: &str| resolve(Path::new("/a/b.qcow2"), name.as_bytes());
        assert_eq!(resolved("c"), Some("/a/c".into()));
        assert_eq!(resolved("../c"), Some("/a/../c".into()));
        assert_eq!(resolved("/c"), Some("/c".into()));
        assert_eq!(resolved("./nbd:c"), Some("/a/./nbd:c".into()));
        assert_eq!(resolved("d/e:f"), Some("/a/d/e:f".into()));
        for name in ["nbd:host:1", "json:{}", "file:/etc/shadow", "nbd+unix:///x", "fat:rw:/"] {
            assert_eq!(resolved(name), None, "{name}");
        }
        assert_eq!(resolve(Path::new("b.qcow2"), b"c"), Some("c".into()));
    }
}
