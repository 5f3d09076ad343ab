// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What tcevm does to paths of the host. Everything that the process creates, writes over or removes goes through
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
//! 5. **Temporary files** are in a directory that `mkdtemp` made for them.
//!
//! What is only read (images, initrds, scripts) and what is only connected to (`socket=PATH`) is not this crate's.

pub mod lock;
pub mod output;
pub mod socket;

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// What a name leads to: two names with the same one are the same thing.
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
