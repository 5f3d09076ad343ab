// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Outputs whose reader may stall: standard output, standard error, and files that are pipes or terminals.
//!
//! While a run goes on, a write waits for its reader. Once the run has to end ([`hurry`]), an outlet is given up when
//! its reader has taken nothing for [`PATIENCE`]: its unwritten bytes are lost, and every other output is complete.
//! Writes never block in the kernel, so a write that waits sees the end of the run. For this an outlet has a
//! file description of its own, in non-blocking mode. An outlet that cannot have one asks before each write whether
//! there is room, and writes at most [`AT_ONCE`] bytes.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use libc::{SIGXFSZ, c_int, c_void, siginfo_t};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use vmm_sys_util::signal::register_signal_handler;

/// The longest time without progress of a reader once the run has to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// The interval at which a waiting write checks whether the run has to end.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
/// The number of bytes that a pipe with room takes without blocking (POSIX: `PIPE_BUF`, on Linux 4096).
const AT_ONCE: usize = 4096;

/// True once the run has to end. It is process-wide, as the standard streams are.
static HURRY: AtomicBool = AtomicBool::new(false);
/// The first error of a print to standard output.
static UNPRINTED: Mutex<Option<io::Error>> = Mutex::new(None);
static STDERR: LazyLock<Mutex<io::Result<Outlet>>> =
    LazyLock::new(|| Mutex::new(Outlet::stream(io::stderr().as_fd())));

/// An output.
#[derive(Debug)]
pub(crate) struct Outlet {
    file: File,
    kind: Kind,
    /// Its reader has stalled, and no more is written.
    given_up: bool,
}

/// The behaviour of writes to an outlet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Writes never wait for a reader.
    Plain,
    /// Writes fail where they would wait.
    NonBlocking,
    /// Writes block, because the file description is shared with other processes.
    Blocking,
}

/// True for `-`, which stands for standard output, or for standard input where a file is read.
pub(crate) fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

/// Limits the wait of every outlet for its reader to [`PATIENCE`] from now on.
pub(crate) fn hurry() {
    HURRY.store(true, Ordering::Relaxed);
}

/// True until the run has to end.
pub(crate) fn may_wait() -> bool {
    !HURRY.load(Ordering::Relaxed)
}

/// Makes a write beyond the limit on file sizes (`ulimit -f`) fail with EFBIG instead of ending the process.
///
/// A handler is as good as ignoring the signal, and a child process does not inherit it.
pub(crate) fn survive_size_limits() {
    extern "C" fn nothing(_: c_int, _: *mut siginfo_t, _: *mut c_void) {}
    if let Err(error) = register_signal_handler(SIGXFSZ, nothing) {
        log::debug!("a limit on file sizes ends the process: {error}");
    }
}

impl Outlet {
    /// A file that this process has opened for itself. Its mode may therefore be changed.
    pub(crate) fn new(file: File) -> Outlet {
        let kind = match waits(&file) {
            true if set_nonblocking(&file).is_ok() => Kind::NonBlocking,
            true => Kind::Blocking,
            false => Kind::Plain,
        };
        Outlet { file, kind, given_up: false }
    }

    /// Standard output.
    pub(crate) fn stdout() -> io::Result<Outlet> {
        Outlet::stream(io::stdout().as_fd())
    }

    /// Standard error, with its own outlet.
    pub(crate) fn stderr() -> io::Result<Outlet> {
        Outlet::stream(io::stderr().as_fd())
    }

    /// True if both write to one place: to the terminal, or to one file.
    pub(crate) fn is_shared_with(&self, other: &Outlet) -> bool {
        let place = |outlet: &Outlet| outlet.file.metadata().map(|it| (it.dev(), it.ino()));
        let terminals = self.file.is_terminal() && other.file.is_terminal();
        terminals || matches!((place(self), place(other)), (Ok(one), Ok(two)) if one == two)
    }

    /// A standard stream. Its file description may be shared with a shell, or with the other stream.
    fn stream(fd: BorrowedFd<'_>) -> io::Result<Outlet> {
        let file = File::from(fd.try_clone_to_owned()?);
        let (file, kind) = match waits(&file) {
            false => (file, Kind::Plain),
            true => match reopen(&file) {
                Ok(own) => (own, Kind::NonBlocking),
                Err(_) => (file, Kind::Blocking),
            },
        };
        Ok(Outlet { file, kind, given_up: false })
    }

    /// Waits for room. False when the outlet is given up.
    fn wait(&mut self) -> bool {
        let mut hurried: Option<Instant> = None;
        loop {
            if HURRY.load(Ordering::Relaxed) && hurried.is_none() {
                hurried = Some(Instant::now());
            }
            self.given_up = hurried.is_some_and(|since| since.elapsed() >= PATIENCE);
            if self.given_up {
                return false;
            }
            let mut fds = [PollFd::new(&self.file, PollFlags::OUT)];
            // Any event, errors included, is left to the write to find out. An interrupted wait goes on.
            if matches!(poll(&mut fds, Some(&TICK)), Ok(1..)) {
                return true;
            }
        }
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stalled = || io::Error::new(ErrorKind::TimedOut, "its reader has stalled");
        let most = if self.kind == Kind::Blocking { AT_ONCE } else { usize::MAX };
        let some = &bytes[..bytes.len().min(most)];
        loop {
            if self.given_up || (self.kind == Kind::Blocking && !self.wait()) {
                return Err(stalled());
            }
            match self.file.write(some) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if !self.wait() {
                        return Err(stalled());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// True when a write may have to wait for a reader.
fn waits(file: &File) -> bool {
    let Ok(about) = file.metadata() else { return true };
    let kind = about.file_type();
    kind.is_fifo() || kind.is_socket() || (kind.is_char_device() && rustix::termios::isatty(file))
}

fn set_nonblocking(file: &File) -> io::Result<()> {
    Ok(fcntl_setfl(file, fcntl_getfl(file)? | OFlags::NONBLOCK)?)
}

/// A pipe or terminal, opened again for a file description of its own. This fails for sockets, and where the file
/// belongs to another user.
fn reopen(file: &File) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = c_int::try_from(flags.bits()).map_err(io::Error::other)?;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    OpenOptions::new().write(true).custom_flags(flags).open(path)
}

/// Standard error. All writers of lines share its lock.
pub(crate) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    /// Writes all bytes under the lock, so that no other thread's line comes between them.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut *STDERR.lock().unwrap_or_else(PoisonError::into_inner) {
            Ok(outlet) => outlet.write_all(bytes),
            Err(_) => Err(ErrorKind::NotConnected.into()), // its descriptor could not be duplicated
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a line to standard error. An error is ignored: the stream is closed, or its reader has stalled.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let _ = Stderr.write_all(format!("{text}\n").as_bytes());
}

/// Writes text to standard error, as [`line`] does.
pub(crate) fn text(text: &str) {
    let _ = Stderr.write_all(text.as_bytes());
}

/// Writes a line for the user to stderr. A closed stderr is ignored.
pub(crate) fn say(text: &str) {
    line(format_args!("tcevm: {text}"));
}

/// Prints to standard output. The first error is kept for the end of the process ([`print_failure`]). A closed output
/// is no error.
pub(crate) fn print(bytes: &[u8]) {
    let printed = Outlet::stdout().and_then(|mut stdout| stdout.write_all(bytes));
    let failed = printed.err().filter(|error| error.kind() != ErrorKind::BrokenPipe);
    if let Some(error) = failed {
        UNPRINTED.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

/// The first error of a [`print`].
pub(crate) fn print_failure() -> Option<io::Error> {
    UNPRINTED.lock().unwrap_or_else(PoisonError::into_inner).take()
}
