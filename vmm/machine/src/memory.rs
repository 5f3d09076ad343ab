// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guest RAM: its size, and the lazily backed mapping itself.

use std::fmt;
use std::fs::File;
use std::str::FromStr;

use hcall::Memory;
use thiserror::Error;
use vm_memory::mmap::FromRangesError;
use vm_memory::{FileOffset, GuestAddress, GuestRegionMmap, MmapRegion};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// The size of guest RAM in bytes: a multiple of 64 KiB from 8 MiB to 64 GiB.
///
/// 64 KiB is the largest base page a guest may use; 8 MiB leave room for an image at 4 MiB and
/// for the device tree in the last 2 MiB; 64 GiB keep the per-page accounts of a run moderate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RamSize(u64);

impl RamSize {
    /// The default size: 512 MiB, as QEMU's pseries machine has.
    pub const DEFAULT: RamSize = RamSize(512 * MIB);
    const MIN: u64 = 8 * MIB;
    /// The largest size.
    pub const MAX: u64 = 64 * GIB;
    /// The unit: every size is a multiple of it.
    pub const UNIT: u64 = 64 * KIB;

    /// Checks a number of bytes.
    pub fn new(bytes: u64) -> Result<RamSize, SizeError> {
        if bytes < Self::MIN {
            Err(SizeError::TooSmall)
        } else if bytes > Self::MAX {
            Err(SizeError::TooLarge)
        } else if !bytes.is_multiple_of(Self::UNIT) {
            Err(SizeError::Odd)
        } else {
            Ok(RamSize(bytes))
        }
    }

    /// The size in bytes.
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for RamSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n.is_multiple_of(GIB) => write!(f, "{}G", n / GIB),
            n if n.is_multiple_of(MIB) => write!(f, "{}M", n / MIB),
            n => write!(f, "{}K", n / KIB),
        }
    }
}

impl FromStr for RamSize {
    type Err = SizeError;

    /// Reads a decimal number with a suffix K, M or G. A number without a suffix counts MiB, as in QEMU.
    fn from_str(text: &str) -> Result<RamSize, SizeError> {
        RamSize::new(parse_bytes(text)?)
    }
}

/// Reads a number of bytes as users write it: with a suffix K, M or G. A number without a suffix counts MiB.
pub fn parse_bytes(text: &str) -> Result<u64, SizeError> {
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], KIB),
        Some(b'm' | b'M') => (&text[..text.len() - 1], MIB),
        Some(b'g' | b'G') => (&text[..text.len() - 1], GIB),
        _ => (text, MIB),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(SizeError::NotASize);
    }
    // The text is all digits, so only a number beyond 64 bits fails.
    let number: u64 = digits.parse().map_err(|_| SizeError::TooLarge)?;
    number.checked_mul(unit).ok_or(SizeError::TooLarge)
}

/// A number of bytes as text for people: `1.5 MiB`.
pub fn in_units(bytes: u64) -> String {
    let (unit, name) = match bytes {
        GIB.. => (GIB, "GiB"),
        MIB.. => (MIB, "MiB"),
        KIB.. => (KIB, "KiB"),
        _ => return format!("{bytes} B"),
    };
    format!("{:.1} {name}", bytes as f64 / unit as f64)
}

/// The reason for which a `-m` was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum SizeError {
    #[error("not a size; write a number with K, M or G, for example 512M")]
    NotASize,
    #[error("too small; a guest needs at least 8M")]
    TooSmall,
    #[error("too large; a guest gets at most 64G")]
    TooLarge,
    #[error("not a multiple of 64K; round it up to one, for example 512M")]
    Odd,
}

/// The error of the host when it cannot map guest RAM.
#[derive(Debug, Error)]
#[error("cannot map {size} of guest RAM: {source}")]
pub struct MapError {
    size: RamSize,
    source: FromRangesError,
}

/// Maps guest RAM as one region from address 0. No page of it is touched here, so a page
/// takes host memory only once the guest uses it.
pub fn map(size: RamSize) -> Result<Memory, MapError> {
    let failed = |source| MapError { size, source };
    let len = usize::try_from(size.bytes()).unwrap_or(usize::MAX);
    Memory::from_ranges(&[(GuestAddress(0), len)]).map_err(failed)
}

/// Maps guest RAM from a file that has all of it from `offset` on, a multiple of the host's pages. A page is read from the
/// file when it is first used, and a write goes to a copy of it: the file is unchanged. The file must stay as long
/// as it is.
pub fn map_file(size: RamSize, file: File, offset: u64) -> Result<Memory, MapError> {
    let failed = |source| MapError { size, source };
    let len = usize::try_from(size.bytes()).unwrap_or(usize::MAX);
    let prot = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_NORESERVE;
    let mapped = MmapRegion::build(Some(FileOffset::new(file, offset)), len, prot, flags);
    let mapped = mapped.map_err(|error| failed(error.into()))?;
    let region = GuestRegionMmap::new(mapped, GuestAddress(0));
    let region = region.ok_or_else(|| failed(FromRangesError::InvalidGuestRegion))?;
    Memory::from_regions(vec![region]).map_err(|error| failed(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_multiply() {
        for (text, bytes) in [
            ("512M", 512 * MIB),
            ("1g", GIB),
            ("65536K", 64 * MIB),
            ("16", 16 * MIB),
            ("64G", 64 * GIB),
        ] {
            assert_eq!(text.parse(), Ok(RamSize(bytes)), "{text}");
        }
    }

    #[test]
    fn a_size_that_cannot_be_is_refused() {
        for (text, why) in [
            ("", SizeError::NotASize),
            ("M", SizeError::NotASize),
            ("-1M", SizeError::NotASize),
            ("+8M", SizeError::NotASize),
            ("1.5G", SizeError::NotASize),
            ("8Ü", SizeError::NotASize),
            ("0", SizeError::TooSmall),
            ("0G", SizeError::TooSmall),
            ("7M", SizeError::TooSmall),
            ("8193K", SizeError::Odd),
            ("65G", SizeError::TooLarge),
            ("18446744073709551615G", SizeError::TooLarge),
            ("99999999999999999999999", SizeError::TooLarge),
        ] {
            assert_eq!(text.parse::<RamSize>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_size_prints_in_the_largest_unit_that_fits() {
        for text in ["512M", "2G", "8256K"] {
            assert_eq!(text.parse::<RamSize>().unwrap().to_string(), text);
        }
    }
}
