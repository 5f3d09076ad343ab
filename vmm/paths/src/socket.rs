// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A UNIX stream socket that the first of several processes listens on and the others connect to.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::Id;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum SocketError {
    #[error("it is a {0} and no socket; name another path")]
    NoSocket(&'static str),
    #[error("it is a symbolic link to {}; give that name itself", .0.display())]
    Link(PathBuf),
    #[error("another process keeps its directory locked; end that process")]
    Locked,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A socket that this process listens on. Its name goes with it, if it is still its name.
#[derive(Debug)]
pub struct Listening {
    listener: UnixListener,
    path: PathBuf,
    /// While the listener is open, nothing else has this inode.
    id: Id,
}

impl Listening {
    /// The socket that accepts connections.
    pub fn listener(&self) -> &UnixListener {
        &self.listener
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _turn = turn(&self.path);
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|about| Id::of(&about) == self.id);
        if ours && let Err(error) = fs::remove_file(&self.path) {
            log::warn!("{} cannot be removed: {error}", self.path.display());
        }
    }
}

/// The role of a process at a socket.
#[derive(Debug)]
pub enum Joined {
    /// Another process listens, and this is the connection to it.
    Connected(UnixStream),
    /// No process listened; this one does now.
    Listening(Listening),
}

/// Connects to the process that listens at this path, or listens there. A socket on which no process listens is
/// replaced; everything else that may be there stays.
///
/// Processes that come at the same time take turns, so that exactly one of them listens.
pub fn join(path: &Path) -> Result<Joined, SocketError> {
    let _turn = turn(path)?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return listen(path),
        Err(error) => return Err(error.into()),
        Ok(about) if about.is_symlink() => {
            return Err(SocketError::Link(fs::read_link(path).unwrap_or_default()));
        }
        Ok(about) if !about.file_type().is_socket() => {
            return Err(SocketError::NoSocket(kind(&about)));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(stream) => Ok(Joined::Connected(stream)),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path)?;
            listen(path)
        }
        Err(error) => Err(error.into()),
    }
}

fn listen(path: &Path) -> Result<Joined, SocketError> {
    let listener = UnixListener::bind(path)?;
    let id = Id::of(&fs::symlink_metadata(path)?);
    Ok(Joined::Listening(Listening { listener, path: path.into(), id }))
}

fn kind(about: &fs::Metadata) -> &'static str {
    let kind = about.file_type();
    match kind {
        _ if kind.is_dir() => "directory",
        _ if kind.is_fifo() => "pipe",
        _ if kind.is_file() => "file",
        _ => "device",
    }
}

/// A process that waits for its turn tries this number of times, with a pause between them.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(25);

/// The lock under which sockets of a directory are looked at, made and removed: that of the directory itself, so that
/// no further file is needed. A directory that cannot be opened or locked is used without.
fn turn(path: &Path) -> Result<Option<File>, SocketError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(directory) = File::open(parent.unwrap_or(Path::new("."))) else { return Ok(None) };
    for _ in 0..TRIES {
        match directory.try_lock() {
            Ok(()) => return Ok(Some(directory)),
            Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Err(SocketError::Locked)
}
