// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A file that appears whole under its name, or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use crate::output::OutputError;
use crate::{Id, lock};

/// The names that are tried for the file before it has its own.
const TRIES: u32 = 100;

/// A file that is being written beside its place. Without [`finish`](Whole::finish) it is removed, and its place is as it was.
#[derive(Debug)]
pub struct Whole {
    file: File,
    beside: PathBuf,
    path: PathBuf,
    id: Id,
    finished: bool,
}

impl Whole {
    /// Creates the file for its place `path`. A file that is there is replaced at the end, if it is a regular one that `is_kind`
    /// knows as one of its kind and that no process has locked; anything else that is there is an error. `kind` is the name
    /// of the kind in messages. Only the user may read the file, whose contents may be secrets of a guest.
    pub fn create(
        path: &Path,
        kind: &'static str,
        is_kind: impl FnOnce(&File) -> bool,
    ) -> Result<Whole, OutputError> {
        check_place(path, kind, is_kind)?;
        let name = path.file_name().ok_or(OutputError::Directory)?;
        for n in 0..TRIES {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{n}", process::id()));
            let beside = path.with_file_name(hidden);
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).mode(0o600);
            match options.open(&beside) {
                Ok(file) => {
                    let id = Id::of(&file.metadata()?);
                    return Ok(Whole { file, beside, path: path.into(), id, finished: false });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::from(ErrorKind::AlreadyExists).into())
    }

    /// The file, for reading and writing.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes the file to its medium and gives it its name. It survives any end of the host from then on.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.path)?;
        self.finished = true;
        directory(&self.path)?.sync_all()
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let ours = || fs::symlink_metadata(&self.beside).is_ok_and(|at| Id::of(&at) == self.id);
        if !self.finished
            && ours()
            && let Err(error) = fs::remove_file(&self.beside)
        {
            log::warn!("{} cannot be removed: {error}", self.beside.display());
        }
    }
}

fn directory(path: &Path) -> io::Result<File> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))
}

fn check_place(
    path: &Path,
    kind: &'static str,
    is_kind: impl FnOnce(&File) -> bool,
) -> Result<(), OutputError> {
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(about) => about,
    };
    match about.file_type() {
        is if is.is_symlink() => {
            return Err(OutputError::Link(fs::read_link(path).unwrap_or_default()));
        }
        is if is.is_dir() => return Err(OutputError::Directory),
        is if is.is_fifo() => return Err(OutputError::Kind("pipe")),
        is if is.is_socket() => return Err(OutputError::Kind("socket")),
        is if !is.is_file() => return Err(OutputError::Kind("device")),
        _ => {}
    }
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    if !is_kind(&file) {
        return Err(OutputError::Foreign(kind));
    }
    if lock::take(&file) { Ok(()) } else { Err(OutputError::InUse) }
}
