// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Unpacking: a row for each format. The output is bounded, and so is the memory that a format needs.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use lzma_rust2::{LzmaReader, XzReader};
use ruzstd::decoding::StreamingDecoder;
use thiserror::Error;

/// The most memory for the history of a format. Linux' own images take at most 32 MiB (xz) and 128 MiB
/// (zstd -22).
const HISTORY: u64 = 192 << 20;

/// The reason for which a file could not be unpacked.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum UnpackError {
    #[error("packed by {format}, but damaged ({source}); copy or build it again")]
    Damaged { format: &'static str, source: io::Error },
    #[error("packed by {format}, and larger than {limit} bytes when unpacked")]
    TooLarge { format: &'static str, limit: u64 },
}

/// A format of packed files.
struct Format {
    name: &'static str,
    is: fn(&[u8]) -> bool,
    open: for<'a> fn(&'a [u8]) -> io::Result<Box<dyn Read + 'a>>,
}

const FORMATS: [Format; 4] = [
    Format {
        name: "gzip", // RFC 1952, 2.3.1; a compression method other than deflate does not exist
        is: |file| file.starts_with(b"\x1f\x8b\x08"),
        open: |file| Ok(Box::new(Members { rest: Some(GzDecoder::new(file)) })),
    },
    Format {
        name: "xz", // The .xz File Format, 2.1.1.1
        is: |file| file.starts_with(b"\xfd7zXZ\0"),
        open: |file| Ok(Box::new(XzReader::new_mem_limit(file, false, KIB_OF_HISTORY))),
    },
    Format {
        name: "zstd", // RFC 8878, 3.1.1
        is: |file| file.starts_with(b"\x28\xb5\x2f\xfd"),
        open: |file| {
            let decoder = StreamingDecoder::new_with_max_window_size(file, HISTORY);
            Ok(Box::new(decoder.map_err(io::Error::other)?))
        },
    },
    Format {
        name: "lzma",
        is: is_lzma,
        open: |file| Ok(Box::new(LzmaReader::new_mem_limit(file, KIB_OF_HISTORY, None)?)),
    },
];

const KIB_OF_HISTORY: u32 = (HISTORY >> 10) as u32;

/// True for a file of the old format. It has no magic (xz(1), `--format=lzma`), so the header is checked: the usual
/// properties, a history of a power of two, and a size that is unknown or plausible.
fn is_lzma(file: &[u8]) -> bool {
    let (Some([0x5d, history @ ..]), Some(size)) = (file.first_chunk::<5>(), file.get(5..13))
    else {
        return false;
    };
    let size = size.iter().rev().fold(0, |size, byte| size << 8 | u64::from(*byte));
    u32::from_le_bytes(*history).is_power_of_two() && (size == u64::MAX || size < 1 << 40)
}

/// The members of a gzip file, one after the other (RFC 1952, 2.2). Bytes behind them are ignored, as by gzip(1).
struct Members<'a> {
    rest: Option<GzDecoder<&'a [u8]>>,
}

impl Read for Members<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.rest {
            let count = member.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            let mut rest = *member.get_ref();
            let another = rest.fill_buf()?.starts_with(b"\x1f\x8b\x08");
            self.rest = another.then(|| GzDecoder::new(rest));
        }
        Ok(0)
    }
}

/// A file that is being unpacked.
pub struct Packed<'a> {
    format: &'static str,
    from: Box<dyn Read + 'a>,
}

/// Begins to unpack a file; `None` when it is not packed.
pub fn open(file: &[u8]) -> Option<Result<Packed<'_>, UnpackError>> {
    let format = FORMATS.iter().find(|format| (format.is)(file))?;
    let failed = |source| UnpackError::Damaged { format: format.name, source };
    Some((format.open)(file).map_err(failed).map(|from| Packed { format: format.name, from }))
}

impl Packed<'_> {
    /// The name of its format.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// Unpacks until there are this many bytes, or the file ends.
    pub fn up_to(&mut self, bytes: usize, to: &mut Vec<u8>) -> Result<(), UnpackError> {
        let more = bytes.saturating_sub(to.len()) as u64;
        let failed = |source| UnpackError::Damaged { format: self.format, source };
        self.from.by_ref().take(more).read_to_end(to).map_err(failed).map(drop)
    }

    /// Unpacks the rest, up to `limit` bytes in all.
    pub fn all(mut self, limit: u64, to: &mut Vec<u8>) -> Result<(), UnpackError> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        self.up_to(most.saturating_add(1), to)?;
        if to.len() > most {
            return Err(UnpackError::TooLarge { format: self.format, limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn unpack(file: &[u8], limit: u64) -> Result<Vec<u8>, UnpackError> {
        let mut data = Vec::new();
        open(file).expect("it is packed")?.all(limit, &mut data)?;
        Ok(data)
    }

    // RFC 1952, 2.2: "A gzip file consists of a series of members".
    #[test]
    fn the_members_of_a_gzip_file_follow_one_another_and_what_comes_behind_them_is_ignored() {
        let file = [gzip(b"one"), gzip(b""), gzip(b"two"), vec![0; 100]].concat();
        assert_eq!(unpack(&file, 6).unwrap(), b"onetwo");
        assert!(matches!(unpack(&file, 5), Err(UnpackError::TooLarge { limit: 5, .. })));
    }

    #[test]
    fn a_file_that_is_cut_or_changed_is_damaged() {
        let file = gzip(&[b'a'; 1000]);
        for end in 3..file.len() {
            let cut = unpack(&file[..end], 1 << 20);
            assert!(matches!(cut, Err(UnpackError::Damaged { .. })), "{end} bytes");
        }
        let mut changed = file.clone();
        let end = changed.len() - 5;
        changed[end] ^= 1; // the checksum
        assert!(matches!(unpack(&changed, 1 << 20), Err(UnpackError::Damaged { .. })));
    }

    // A gigabyte of zeros is a megabyte for gzip. Its output is not kept beyond the limit.
    #[test]
    fn what_unpacks_to_more_than_there_is_room_for_is_refused() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..256).for_each(|_| encoder.write_all(&zeros).unwrap());
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 1 << 19);
        let mut data = Vec::new();
        let refused = open(&bomb).unwrap().unwrap().all(8 << 20, &mut data);
        assert!(matches!(refused, Err(UnpackError::TooLarge { .. })));
        assert_eq!(data.len(), (8 << 20) + 1);
    }

    // The .lzma header has properties, history and size. The .xz and zstd headers name theirs, too.
    #[test]
    fn a_history_that_takes_the_hosts_memory_is_refused() {
        let lzma = [&[0x5d, 0, 0, 0, 0x80][..], &[0xff; 8], &[0; 32]].concat(); // 2 GiB
        assert!(matches!(unpack(&lzma, 1 << 20), Err(UnpackError::Damaged { .. })));
        // Zstandard: a window descriptor of exponent 21: 2 GiB (RFC 8878, 3.1.1.1.2).
        let zstd = [0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0];
        assert!(matches!(unpack(&zstd, 1 << 20), Err(UnpackError::Damaged { .. })));
    }
}
