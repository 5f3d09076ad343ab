// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The pages of RAM in a file, beside a state that has their checksums.
//!
//! The file has RAM byte for byte, so it can be mapped ([`memory::map_file`](crate::memory::map_file)). Pieces that are zero
//! are not written: in a new file they are holes. The section of the state has a CRC-32 for each piece, and the
//! pages that were written since the image was loaded, which a reboot zeroes.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use hcall::Memory;
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use vm_memory::{Bytes, GuestAddress};

use crate::boot::BootError;
use crate::dirty;
use crate::parts::Part;
use crate::section::{LoadError, Reader, Saved, Section, Writer};

/// The bytes of a piece. RAM consists of whole pieces.
pub const PIECE: usize = 64 << 10;

/// A file that has the pages of RAM from an offset on.
#[derive(Debug)]
pub struct RamFile {
    file: File,
    offset: u64,
    /// The CRC-32 of each piece, once RAM was saved or its section was loaded.
    sums: Vec<u32>,
}

impl RamFile {
    /// A file whose bytes from `offset` on are RAM, or, for a save, are a hole.
    pub fn new(file: File, offset: u64) -> RamFile {
        RamFile { file, offset, sums: Vec::new() }
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Compares each piece with its CRC, as long as `goes_on` is true. Holes are not read.
    pub fn check(&self, goes_on: impl Fn() -> bool) -> Result<(), LoadError> {
        let zero = crc32fast::hash(&[0; PIECE]);
        let mut data = 0..0;
        let mut piece = vec![0; PIECE];
        for (number, &sum) in self.sums.iter().enumerate() {
            if !goes_on() {
                return Ok(());
            }
            let at = self.offset + (number * PIECE) as u64;
            if data.end <= at {
                data = self.data_from(at)?;
            }
            let is_hole = data.start >= at + PIECE as u64;
            if is_hole && sum == zero {
                continue;
            }
            self.file.read_exact_at(&mut piece, at)?;
            LoadError::unless(crc32fast::hash(&piece) == sum)?;
        }
        Ok(())
    }

    /// The next bytes of the file from an offset on that are no hole.
    fn data_from(&self, at: u64) -> Result<Range<u64>, LoadError> {
        let start = match seek(&self.file, SeekFrom::Data(at)) {
            Err(Errno::NXIO) => return Ok(u64::MAX..u64::MAX), // a hole up to the end
            Err(_) => return Ok(at..u64::MAX),                 // a file system without holes
            Ok(start) => start,
        };
        let end = seek(&self.file, SeekFrom::Hole(start)).map_err(io::Error::from)?;
        Ok(start..end)
    }

    /// Writes the pieces of RAM that are not zero, and keeps the CRC of each.
    fn write(&mut self, memory: &Memory) -> io::Result<()> {
        let pieces = dirty::pages(memory) as usize / (PIECE / 4096);
        let zero = crc32fast::hash(&[0; PIECE]);
        self.sums.clear();
        let mut piece = vec![0; PIECE];
        for number in 0..pieces {
            let at = (number * PIECE) as u64;
            memory.read_slice(&mut piece, GuestAddress(at)).map_err(io::Error::other)?;
            if piece.iter().all(|&byte| byte == 0) {
                self.sums.push(zero);
                continue;
            }
            self.sums.push(crc32fast::hash(&piece));
            self.file.write_all_at(&piece, self.offset + at)?;
        }
        Ok(())
    }
}

/// Guest RAM whose pages are in a file.
pub(crate) struct RamOutside<'a> {
    pub(crate) memory: &'a Memory,
    pub(crate) file: &'a mut RamFile,
}

impl Part for RamOutside<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        Ok(dirty::zero(self.memory)?)
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

impl Saved for RamOutside<'_> {
    const NAME: &'static str = "ram in a file";

    fn save(&mut self, to: &mut Writer<'_>) {
        if let Err(error) = self.file.write(self.memory) {
            return to.fail(error);
        }
        to.u64(dirty::pages(self.memory));
        self.file.sums.iter().for_each(|sum| to.u32(*sum));
        dirty::words(self.memory).for_each(|word| to.u64(word));
    }

    /// The memory is a mapping of the file already.
    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let pages = dirty::pages(self.memory);
        if from.u64()? != pages {
            return Err(LoadError::Other("the size of its RAM"));
        }
        let pieces = pages as usize / (PIECE / 4096);
        self.file.sums = (0..pieces).map(|_| from.u32()).collect::<Result<_, _>>()?;
        (0..pages.div_ceil(64)).try_for_each(|word| {
            dirty::mark(self.memory, word, from.u64()?);
            Ok(())
        })
    }
}
