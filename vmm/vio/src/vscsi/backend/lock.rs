// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The lock on a disk's file. The lock is on the file itself: hard links, symbolic links and other names find
//! it, and so does a second `--disk` of this process. Several may read at once, a writer excludes all others.
//!
//! The locks are those that QEMU and qemu-img take, so that these programs and tcevm exclude each other: open
//! file description locks (`F_OFD_SETLK`, see fcntl(2)) of single bytes. A shared lock of byte `DOES + right`
//! announces that the file is used with that right, one of byte `ALONE + right` that no other may use that
//! right. Each process takes its bytes first and then checks for conflicts, so of two processes at once one
//! or both give up.

use std::fs::File;
use std::io;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

const DOES: i64 = 100;
const ALONE: i64 = 200;

/// Rights, by their numbers in QEMU.
const READ: i64 = 0;
const WRITE: i64 = 1;
const RESIZE: i64 = 3;

/// The rights that no other process may use meanwhile. Reading is not among them, so that `qemu-img info -U`
/// works.
const NOT_SHARED: [i64; 2] = [WRITE, RESIZE];

/// The result of locking.
#[derive(Debug)]
pub(super) enum Lock {
    /// The lock is held until the last descriptor of this opening of the file is closed.
    Held,
    /// Another opening of the file holds a conflicting lock.
    Conflict,
    /// The file system does not support such locks.
    Unsupported(io::Error),
}

/// Locks a file that is open for reading and, unless it is `readonly`, for writing.
pub(super) fn take(file: &File, readonly: bool) -> Lock {
    let rights: &[i64] = if readonly { &[READ] } else { &[READ, WRITE, RESIZE] };
    match try_take(file, rights) {
        Ok(true) => Lock::Held,
        Ok(false) | Err(Errno::EAGAIN | Errno::EACCES) => Lock::Conflict,
        Err(error) => Lock::Unsupported(error.into()),
    }
}

fn try_take(file: &File, rights: &[i64]) -> nix::Result<bool> {
    let own = rights.iter().map(|right| DOES + right);
    for byte in own.chain(NOT_SHARED.map(|right| ALONE + right)) {
        fcntl(file, FcntlArg::F_OFD_SETLK(&of_byte(byte, libc::F_RDLCK)))?;
    }
    // Some readers of QEMU tolerate a writer. A writer of tcevm does not begin while any process reads.
    let others: &[i64] = if rights.contains(&WRITE) { rights } else { &NOT_SHARED };
    let forbidden = rights.iter().map(|right| ALONE + right);
    for byte in forbidden.chain(others.iter().map(|right| DOES + right)) {
        if taken_by_another(file, byte)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// True if another opening of the file has a lock on the byte.
fn taken_by_another(file: &File, byte: i64) -> nix::Result<bool> {
    let mut lock = of_byte(byte, libc::F_WRLCK);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    Ok(i32::from(lock.l_type) != libc::F_UNLCK)
}

fn of_byte(byte: i64, kind: i32) -> libc::flock {
    libc::flock {
        // The constants are 0, 1 and 2.
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}
