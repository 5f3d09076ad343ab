// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Files that the command reads whole, other than images: regular files and pipes, up to a limit. A device or a socket could
//! deliver without end, or act on being opened.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use thiserror::Error;

use crate::outlet;

/// The reason for which a file was not read.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum InputError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("it is a directory; name a file in it")]
    Directory,
    #[error("it is neither a regular file nor a pipe; copy it to a file")]
    Special,
    #[error("it has more than {} MiB, which is the limit", .0 >> 20)]
    TooLarge(u64),
    #[error("it is not text (UTF-8)")]
    NotText,
}

/// Reads a text; `-` is standard input.
pub(crate) fn text(path: &Path, limit: u64) -> Result<String, InputError> {
    let bytes = match outlet::is_dash(path) {
        true => up_to(io::stdin(), limit),
        false => bytes(path, limit),
    }?;
    String::from_utf8(bytes).map_err(|_| InputError::NotText)
}

/// Reads a file.
pub(crate) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, InputError> {
    check(fs::metadata(path)?.file_type())?; // before opening, on which a device may act
    let file = File::open(path)?;
    check(file.metadata()?.file_type())?;
    up_to(file, limit)
}

fn check(kind: FileType) -> Result<(), InputError> {
    match () {
        () if kind.is_file() || kind.is_fifo() => Ok(()),
        () if kind.is_dir() => Err(InputError::Directory),
        () => Err(InputError::Special),
    }
}

fn up_to(from: impl Read, limit: u64) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(InputError::TooLarge(limit)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        assert_eq!(up_to(&b"abc"[..], 3).unwrap(), b"abc");
        assert!(matches!(up_to(&b"abcd"[..], 3), Err(InputError::TooLarge(3))));
        assert!(matches!(up_to(io::repeat(0), 1 << 20), Err(InputError::TooLarge(_))));
    }

    #[test]
    fn a_device_a_directory_and_what_is_no_text_are_refused() {
        let read = |path: &str| text(Path::new(path), 1 << 20);
        assert!(matches!(read("/dev/zero"), Err(InputError::Special)));
        assert!(matches!(read("/dev/null"), Err(InputError::Special)));
        assert!(matches!(read("/"), Err(InputError::Directory)));
        assert!(matches!(read("/nowhere"), Err(InputError::Read(_))));
        assert!(matches!(
            read("/proc/self/exe"),
            Err(InputError::NotText | InputError::TooLarge(_))
        ));
    }
}
