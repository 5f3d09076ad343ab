// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The lock on a file that one process has for itself.

use std::fs::{File, TryLockError};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

/// Locks a file for as long as it is open; false when another opening of it has a lock. It locks all of it, so that
/// the single bytes that tcevm and QEMU lock of their disks (`F_OFD_SETLK`) are in the way, and as `flock` does. A
/// file system without locks has none to respect.
pub fn take(file: &File) -> bool {
    let whole = libc::flock {
        // The kinds are 0, 1 and 2.
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole)) {
        Err(Errno::EAGAIN | Errno::EACCES) => return false,
        Err(error) => log::debug!("a file cannot be locked: {error}"),
        Ok(_) => {}
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(error)) => {
            log::debug!("a file cannot be locked: {error}");
            true
        }
        Ok(()) => true,
    }
}
