// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Snapshots: the state of a machine in a file, and machines that go on from it.
//!
//! | at | bytes |
//! |---|---|
//! | 0 | the header (`header.rs`): a mark, the version of the format, where everything is, a CRC |
//! | 64 KiB | RAM, page for page; pages that are zero are holes |
//! | behind it | the configuration of the machine (`About`), as a section with CRCs |
//! | | the image and the initrd, which a reboot loads again |
//! | up to the end | the state, as `machine` writes it: sections with CRCs, those of the pieces of RAM among them |
//!
//! A restore maps RAM from the file, privately: a page is read when the guest first uses it. The header, the configuration
//! and the state are checked before the guest runs. RAM is checked while it runs (`Check`), and before it runs if
//! the machine has devices, because these would carry damage outside. The file names no other file of the host:
//! `--net` and `--disk` are given again.

mod about;
mod check;
pub mod command;
mod header;
mod open;
mod restore;
mod write;

use about::About;
pub(crate) use check::Check;
pub(crate) use open::Snapshot;
pub use open::SnapshotError;
pub(crate) use restore::{damaged, load_state, restore};
pub(crate) use write::write;
