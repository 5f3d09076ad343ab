// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rule for paths of the host. Everything that the process creates, writes over or removes goes through
//! this crate, whose rule is:
//!
//! 1. **Removed** is only what this process made, and only while it is still that: a socket that it bound
//!    ([`socket`]), known by device and inode. A name that leads to something else by then stays.
//! 2. **Replaced** is only a socket on which no process listens. A file, a directory, a device, a symbolic link
//!    and a socket on which a process listens stay as they are.
//! 3. **Written over** is only a regular file that the user named as an output ([`output`]), that no other option of the
//!    command names, and that no process has locked, as tcevm locks its disks. Pipes and character devices
//!    are written to. A directory, a block device and a socket are refused.
//! 4. **Symbolic links** in the last component are not followed to a file, neither to write over it nor to create
//!    it. A link to a pipe or a character device, as `/dev/stdout` is one, is no danger and works.
//! 5. A file that must not be seen in part ([`whole`]) is written beside its place and renamed. It replaces only a regular
//!    file of its own kind that no process has locked.
//! 6. **Temporary files** are in a directory that `mkdtemp` made for them.
//!
//! Files that are only read (images, initrds, scripts) and sockets that are only connected to (`socket=PATH`) are not this crate's.

pub mod lock;
pub mod output;
pub mod socket;
pub mod whole;

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The identity of a file: two names with the same identity lead to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id {
    device: u64,
    inode: u64,
}

impl Id {
    fn of(about: &Metadata) -> Id {
        Id { device: about.dev(), inode: about.ino() }
    }
}
