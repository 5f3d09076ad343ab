// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The header of a snapshot: 64 bytes at the start of the file, numbers little-endian.
//!
//! | at | bytes | |
//! |---|---|---|
//! | 0 | 8 | `TCEVMSNP` |
//! | 8 | 4 | the version of the format |
//! | 12 | 4 | CRC-32 of the rest |
//! | 16 | 6 * 8 | bytes of RAM, and where configuration, image, initrd, state and file begin and end |

use std::fs::File;
use std::os::unix::fs::FileExt;

use machine::memory::RamSize;

use super::SnapshotError;

/// The mark of a snapshot.
const MARK: [u8; 8] = *b"TCEVMSNP";
/// The version of the format. A change that older programs must not read as theirs increases it.
pub(super) const FORMAT: u32 = 1;
/// The bytes of the header.
const BYTES: usize = 64;
/// The place of RAM: a multiple of every host's page.
pub(super) const RAM_AT: u64 = 64 << 10;

/// The places of the parts. Each ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) ram: RamSize,
    pub(super) about: u64,
    pub(super) image: u64,
    pub(super) initrd: u64,
    pub(super) state: u64,
    pub(super) end: u64,
}

/// True for a file with the mark of a snapshot.
pub(super) fn is_snapshot(file: &File) -> bool {
    let mut mark = [0; MARK.len()];
    file.read_exact_at(&mut mark, 0).is_ok() && mark == MARK
}

impl Header {
    pub(super) fn bytes(&self) -> [u8; BYTES] {
        let Header { ram, about, image, initrd, state, end } = *self;
        let mut bytes = [0; BYTES];
        for (place, number) in
            bytes[16..].chunks_exact_mut(8).zip([ram.bytes(), about, image, initrd, state, end])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes[..8].copy_from_slice(&MARK);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        let crc = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads the header of a file, and compares it with the length of the file.
    pub(super) fn read(file: &File) -> Result<Header, SnapshotError> {
        let len = file.metadata().map_err(SnapshotError::Read)?.len();
        if !is_snapshot(file) {
            return Err(SnapshotError::Foreign);
        }
        let mut bytes = [0; BYTES];
        let whole = file.read_exact_at(&mut bytes, 0);
        whole.map_err(|_| SnapshotError::Cut { len, end: BYTES as u64 })?;
        let found = word(&bytes, 8);
        if found > FORMAT {
            return Err(SnapshotError::Newer { found });
        }
        if found != FORMAT || word(&bytes, 12) != crc32fast::hash(&bytes[16..]) {
            return Err(SnapshotError::Damaged("its header"));
        }
        let header = Header::from_numbers(&bytes).ok_or(SnapshotError::Damaged("its header"))?;
        match header.end {
            end if len < end => Err(SnapshotError::Cut { len, end }),
            end if len > end => Err(SnapshotError::Damaged("its end")),
            _ => Ok(header),
        }
    }

    /// `None` for places that cannot be.
    fn from_numbers(bytes: &[u8; BYTES]) -> Option<Header> {
        let number = |n: usize| {
            u64::from(word(bytes, 16 + 8 * n)) | u64::from(word(bytes, 20 + 8 * n)) << 32
        };
        let [ram, about, image, initrd, state, end] = std::array::from_fn(number);
        let ram = RamSize::new(ram).ok()?;
        let is_ordered = [about, image, initrd, state, end].is_sorted();
        let is_behind = about == RAM_AT + ram.bytes();
        (is_ordered && is_behind).then_some(Header { ram, about, image, initrd, state, end })
    }
}

fn word(bytes: &[u8; BYTES], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_and_places_out_of_order_do_not() {
        let ram: RamSize = "16M".parse().unwrap();
        let about = RAM_AT + ram.bytes();
        let (image, initrd, state, end) = (about + 9, about + 9, about + 20, about + 21);
        let header = Header { ram, about, image, initrd, state, end };
        assert_eq!(Header::from_numbers(&header.bytes()), Some(header));
        for wrong in [
            Header { about: about + 1, ..header },
            Header { state: initrd - 1, ..header },
            Header { end: 0, ..header },
            Header { image: u64::MAX, ..header },
        ] {
            assert_eq!(Header::from_numbers(&wrong.bytes()), None, "{wrong:?}");
        }
    }
}
