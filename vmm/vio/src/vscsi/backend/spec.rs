// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A disk as the user names it, on the command line or by QEMU's options.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::commas;

/// A disk: `FILE`, followed by the options that [`DISK_HELP`] lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskSpec {
    /// The path of the disk's file.
    pub path: PathBuf,
    /// True if the guest may not write.
    pub readonly: bool,
    /// The format of the file. Without it the name decides, see [`Format::of_name`].
    pub format: Option<Format>,
    /// The files that a qcow2 image may be based on.
    pub backing: Backing,
}

/// A format of disk images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The file's bytes are the disk's.
    Raw,
    /// The format of QEMU.
    Qcow2,
}

/// The backing files that may be opened. They are always opened read-only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Backing {
    /// No file: an image that names one is refused.
    #[default]
    Refuse,
    /// Each file that an image names.
    Allow,
    /// These files, under whatever name an image has for them.
    Only(Vec<PathBuf>),
}

/// The form of a `--disk`.
pub const DISK_HELP: &str = "FILE (a comma in it may be doubled), then if wanted ,readonly ,format=raw or ,format=qcow2, and for the files that a \
     qcow2 image is based on ,backing=allow or ,backing=PATH";

/// The error of a text that is not a disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum DiskSpecError {
    #[error("write {DISK_HELP}")]
    NoFile,
    #[error("{0:?} is not a format of disks; write format=raw or format=qcow2")]
    Format(String),
    #[error("backing= wants the word allow or a file name")]
    Backing,
    #[error("{0} is given twice; leave one away")]
    Twice(&'static str),
    #[error("backing=allow permits every backing file; leave it or the names away")]
    AllowAndNames,
}

impl DiskSpec {
    /// A writable disk in the format of its name, without permitted backing files.
    pub fn new(path: impl Into<PathBuf>) -> DiskSpec {
        DiskSpec { path: path.into(), ..DiskSpec::default() }
    }

    /// Takes an option. Returns false if the text is no option and so a part of the file's name.
    fn take(&mut self, option: &str) -> Result<bool, DiskSpecError> {
        match option.split_once('=') {
            None if option == "readonly" => {
                if std::mem::replace(&mut self.readonly, true) {
                    return Err(DiskSpecError::Twice("readonly"));
                }
            }
            Some(("format", name)) => {
                if self.format.replace(name.parse()?).is_some() {
                    return Err(DiskSpecError::Twice("format="));
                }
            }
            Some(("backing", name)) => self.backing.add(name)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl FromStr for DiskSpec {
    type Err = DiskSpecError;

    /// Options are taken from the end, so a name may contain commas; a doubled comma begins no option.
    fn from_str(text: &str) -> Result<DiskSpec, DiskSpecError> {
        let (mut spec, mut parts) = (DiskSpec::default(), commas::split(text));
        while parts.len() > 1 {
            let Some(option) = parts.pop() else { break };
            if !spec.take(&option)? {
                parts.push(option);
                break;
            }
        }
        spec.path = parts.join(",").into();
        if spec.path.as_os_str().is_empty() {
            return Err(DiskSpecError::NoFile);
        }
        Ok(spec)
    }
}

impl Format {
    /// The format by a file's name: `.qcow2` is qcow2, every other name is raw. The contents never decide,
    /// because a guest writes them.
    pub fn of_name(path: &Path) -> Format {
        let named = path.extension().is_some_and(|extension| extension == "qcow2");
        if named { Format::Qcow2 } else { Format::Raw }
    }
}

impl FromStr for Format {
    type Err = DiskSpecError;

    fn from_str(name: &str) -> Result<Format, DiskSpecError> {
        match name {
            "raw" => Ok(Format::Raw),
            "qcow2" => Ok(Format::Qcow2),
            _ => Err(DiskSpecError::Format(name.into())),
        }
    }
}

impl Backing {
    /// Adds the files that a `backing=` permits.
    fn add(&mut self, name: &str) -> Result<(), DiskSpecError> {
        match (name, &mut *self) {
            ("", _) => return Err(DiskSpecError::Backing),
            ("allow", Backing::Allow) => return Err(DiskSpecError::Twice("backing=allow")),
            ("allow", Backing::Only(_)) | (_, Backing::Allow) => {
                return Err(DiskSpecError::AllowAndNames);
            }
            ("allow", Backing::Refuse) => *self = Backing::Allow,
            (name, Backing::Refuse) => *self = Backing::Only(vec![name.into()]),
            (name, Backing::Only(names)) => names.push(name.into()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> DiskSpec {
        text.parse().unwrap()
    }

    fn refused(text: &str) -> DiskSpecError {
        text.parse::<DiskSpec>().unwrap_err()
    }

    #[test]
    fn a_spec_is_a_file_and_options() {
        let of =
            |path: &str, readonly, format| DiskSpec { readonly, format, ..DiskSpec::new(path) };
        assert_eq!(spec("a.img"), of("a.img", false, None));
        assert_eq!(spec("a.qcow2,readonly"), of("a.qcow2", true, None));
        assert_eq!(spec("a.qcow2,format=raw"), of("a.qcow2", false, Some(Format::Raw)));
        assert_eq!(spec("a,b,format=qcow2,readonly"), of("a,b", true, Some(Format::Qcow2)));
        assert_eq!(spec("a,,readonly,format=raw"), of("a,readonly", false, Some(Format::Raw)));
        assert_eq!(refused(""), DiskSpecError::NoFile);
        assert_eq!(refused(",readonly"), DiskSpecError::NoFile);
        assert_eq!(refused("a,format=vmdk"), DiskSpecError::Format("vmdk".into()));
        assert_eq!(refused("a,format=raw,format=qcow2"), DiskSpecError::Twice("format="));
        assert_eq!(refused("a,readonly,readonly"), DiskSpecError::Twice("readonly"));
    }

    #[test]
    fn backing_files_are_none_all_or_those_named() {
        let backing = |text| spec(text).backing;
        assert_eq!(backing("a.qcow2"), Backing::Refuse);
        assert_eq!(backing("a.qcow2,backing=allow"), Backing::Allow);
        let named = backing("a.qcow2,backing=base,readonly,backing=./allow");
        assert_eq!(named, Backing::Only(vec!["./allow".into(), "base".into()]));
        assert_eq!(refused("a,backing="), DiskSpecError::Backing);
        assert_eq!(refused("a,backing=allow,backing=allow"), DiskSpecError::Twice("backing=allow"));
        assert_eq!(refused("a,backing=allow,backing=b"), DiskSpecError::AllowAndNames);
        assert_eq!(refused("a,backing=b,backing=allow"), DiskSpecError::AllowAndNames);
    }

    #[test]
    fn the_name_tells_the_format() {
        assert_eq!(Format::of_name(Path::new("/a/b.qcow2")), Format::Qcow2);
        assert_eq!(Format::of_name(Path::new("b.qcow2.img")), Format::Raw);
        assert_eq!(Format::of_name(Path::new("qcow2")), Format::Raw);
    }
}
