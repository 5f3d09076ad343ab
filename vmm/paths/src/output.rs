// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Files that a command writes.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};

use crate::{Id, lock};

/// Why a file is not written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum OutputError {
    #[error("it is a directory; name a file in it")]
    Directory,
    #[error("it is a symbolic link to {}; give that name itself", .0.display())]
    Link(PathBuf),
    #[error("it is a {0}; name a file")]
    Kind(&'static str),
    #[error("it is also {0}; name another file")]
    Taken(String),
    #[error("it is there and no {0}; name another file")]
    Foreign(&'static str),
    #[error("another process uses it, perhaps as a disk; name another file")]
    InUse,
    #[error("it is a pipe that no process reads; start its reader first")]
    NoReader,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// How long a pipe without a reader is left alone before it is looked at again.
const PAUSE: Duration = Duration::from_millis(20);

/// The files of one command: those that it reads, which no output may write over, and its outputs, which are
/// different from each other.
#[derive(Debug)]
pub struct Files {
    taken: Vec<(Id, String)>,
    waits: fn() -> bool,
}

impl Default for Files {
    fn default() -> Files {
        Files { taken: Vec::new(), waits: || true }
    }
}

impl Files {
    /// A pipe waits for its reader as long as this is true; without it, until the reader is there.
    pub fn waiting_while(self, waits: fn() -> bool) -> Files {
        Files { waits, ..self }
    }

    /// Protects a file; `what` it is goes into messages. A name that leads nowhere needs no protection.
    pub fn protect(&mut self, what: &str, path: &Path) {
        if let Ok(about) = fs::metadata(path) {
            self.taken.push((Id::of(&about), what.to_owned()));
        }
    }

    /// Creates an output, or empties the regular file that is there; nothing is changed if that is refused. A pipe
    /// waits for its reader.
    pub fn create(&mut self, what: &str, path: &Path) -> Result<File, OutputError> {
        loop {
            match self.try_create(what, path) {
                Err(OutputError::NoReader) if (self.waits)() => thread::sleep(PAUSE),
                created => return created,
            }
        }
    }

    fn try_create(&mut self, what: &str, path: &Path) -> Result<File, OutputError> {
        let file = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                OpenOptions::new().write(true).create_new(true).open(path)?
            }
            Err(error) => return Err(error.into()),
            Ok(about) if about.is_symlink() => through_link(path)?,
            Ok(about) => {
                check_kind(&about)?;
                open_there(path)?
            }
        };
        let about = file.metadata()?;
        check_kind(&about)?;
        if about.is_file() && !is_standard(&about) {
            self.claim(what, &about)?;
            if !lock::take(&file) {
                return Err(OutputError::InUse);
            }
            file.set_len(0)?;
        }
        Ok(file)
    }

    /// Notes the output, unless it is another file of the command.
    fn claim(&mut self, what: &str, about: &Metadata) -> Result<(), OutputError> {
        let id = Id::of(about);
        match self.taken.iter().find(|(taken, _)| *taken == id) {
            Some((_, by)) => Err(OutputError::Taken(by.clone())),
            None => {
                self.taken.push((id, what.to_owned()));
                Ok(())
            }
        }
    }
}

/// Opens what is there, without changing it. If it became a link meanwhile, that is not followed.
fn open_there(path: &Path) -> Result<File, OutputError> {
    open_at_once(path, OFlags::NOFOLLOW | OFlags::NOCTTY)
}

/// Opens without waiting for the reader of a pipe (fifo(7): ENXIO).
fn open_at_once(path: &Path, flags: OFlags) -> Result<File, OutputError> {
    let flags = (flags | OFlags::NONBLOCK).bits() as i32;
    let file = match OpenOptions::new().write(true).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) && is_pipe(path) => {
            return Err(OutputError::NoReader);
        }
        opened => opened?,
    };
    fcntl_setfl(&file, OFlags::empty()).map_err(io::Error::from)?;
    Ok(file)
}

fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| about.file_type().is_fifo())
}

/// Opens the pipe or the character device at the end of a link, or the file that is our standard output or error.
fn through_link(path: &Path) -> Result<File, OutputError> {
    let link = || OutputError::Link(fs::read_link(path).unwrap_or_default());
    let about = fs::metadata(path).map_err(|_| link())?;
    check_kind(&about)?;
    if about.is_file() && !is_standard(&about) {
        return Err(link());
    }
    open_at_once(path, OFlags::NOCTTY)
}

fn check_kind(about: &Metadata) -> Result<(), OutputError> {
    let kind = about.file_type();
    match kind {
        _ if kind.is_dir() => Err(OutputError::Directory),
        _ if kind.is_block_device() => Err(OutputError::Kind("block device")),
        _ if kind.is_socket() => Err(OutputError::Kind("socket")),
        _ => Ok(()),
    }
}

/// True for the file to which the user has redirected our standard output or error.
fn is_standard(about: &Metadata) -> bool {
    let is = |fd: BorrowedFd<'_>| {
        let opened = fd.try_clone_to_owned().and_then(|fd| File::from(fd).metadata());
        opened.is_ok_and(|opened| Id::of(&opened) == Id::of(about))
    };
    is(io::stdout().as_fd()) || is(io::stderr().as_fd())
}
