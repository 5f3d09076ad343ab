// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The reasons for which an image is refused.

use std::io;

/// The reason for which an image is refused. It follows the image's name in a message.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum Problem {
    #[error("is no qcow2 image; ,format=raw takes its bytes for the disk's")]
    Magic,
    #[error(
        "has version {0}, and tcevm knows 2 and 3; convert it with `qemu-img convert -O qcow2`"
    )]
    Version(u32),
    #[error("{0}, which tcevm does not; convert it with `qemu-img convert -O qcow2`")]
    Feature(&'static str),
    #[error("has a wrong header: {0}")]
    Header(&'static str),
    #[error("{0}; repair it with `qemu-img check -r all`")]
    Marked(&'static str),
    #[error(
        "keeps its data in another file, and tcevm writes to no file that an image names; make one file of \
         the two with `qemu-img convert -O qcow2`"
    )]
    DataFile,
    #[error(
        "is based on another file, {0:?}; add ,backing=allow to open the files that it names, read-only, or \
         ,backing=PATH for those that you name"
    )]
    Backing(String),
    #[error("is based on {0:?}, which is no file of those that backing= names")]
    NotNamed(String),
    #[error(
        "is based on {0:?}, which is not the name of a file; give it one with `qemu-img rebase -u -b FILE -F FORMAT`"
    )]
    NoFileName(String),
    #[error(
        "does not say which format its backing file has, and tcevm never guesses; tell it with `qemu-img rebase -u -b FILE -F FORMAT`"
    )]
    NoBackingFormat,
    #[error("says that its backing file has the format {0:?}, and tcevm knows raw and qcow2")]
    BackingFormat(String),
    #[error("is based on itself, by way of its backing files")]
    Loop,
    #[error(
        "is based on too many files; at most {} may be on top of one another",
        super::chain::MOST_LAYERS
    )]
    TooDeep,
    #[error(
        "is damaged: {0}; repair it with `qemu-img check -r all`, or add ,readonly to read what is left"
    )]
    Damaged(String),
    #[error("is too large to be checked in {} MiB of memory; it opens with ,readonly", super::references::MOST_BYTES >> 20)]
    TooLarge,
    #[error("cannot be read or repaired: {0}")]
    Read(#[from] io::Error),
    #[error("cannot be opened: {0}")]
    Driver(io::Error),
}
