// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Saved state: a section for each part, with a name and a version.
//!
//! A section is a sequence of chunks. A chunk is its length (4 bytes), a CRC-32 of all bytes of the section up to its
//! end (4 bytes), and at most [`CHUNK`] bytes. A chunk of length 0 ends the section. Numbers are little-endian. The
//! first bytes are the name of the part, as a string of bytes, and its version (2 bytes); the part defines the rest. No
//! byte of a chunk is used before its CRC was compared, and neither side keeps more than one chunk.

use std::io::{self, Read, Write};

use crc32fast::Hasher;
use thiserror::Error;

use crate::parts::Part;

/// The largest number of bytes of a chunk.
pub const CHUNK: usize = 64 << 10;

/// A part whose state can be saved and loaded.
pub trait Saved: Part {
    /// The name of its section.
    const NAME: &'static str;
    /// The version of its section's layout.
    const VERSION: u16 = 1;

    /// Writes the state. No vCPU runs meanwhile.
    fn save(&mut self, to: &mut Writer<'_>);

    /// Replaces the state by the saved one. No vCPU runs meanwhile. After an error the machine must be reset before
    /// it is used.
    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError>;
}

/// The reason for which a section was not loaded.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum LoadError {
    #[error("cannot read the saved state: {0}")]
    Read(#[from] io::Error),
    #[error("the saved state is damaged")]
    Damaged,
    #[error("the saved state has {found:?} where {want} belongs")]
    Name { want: &'static str, found: String },
    #[error("the saved state of {name} has version {found}, not {want}")]
    Version { name: &'static str, want: u16, found: u16 },
    #[error("the saved state is of another machine: {0}")]
    Other(&'static str),
    #[error("a vCPU cannot take its saved state: {0}")]
    Vcpu(#[from] power::LoadError),
}

/// The section of a saved part, whatever its type is.
pub trait Section {
    /// Writes the section. Errors: those of the output.
    fn write_to(&mut self, to: &mut dyn Write) -> io::Result<()>;
    /// Loads the section.
    fn load_from(&mut self, from: &mut dyn Read) -> Result<(), LoadError>;
}

impl<P: Saved> Section for P {
    fn write_to(&mut self, to: &mut dyn Write) -> io::Result<()> {
        save(self, to)
    }

    fn load_from(&mut self, from: &mut dyn Read) -> Result<(), LoadError> {
        load(self, from)
    }
}

/// Writes a part's section. Errors: those of the output.
pub fn save<P: Saved>(part: &mut P, to: &mut dyn Write) -> io::Result<()> {
    let chunk = Vec::with_capacity(CHUNK);
    let mut writer = Writer { to, chunk, crc: Hasher::new(), written: Ok(()) };
    writer.bytes(P::NAME.as_bytes());
    writer.u16(P::VERSION);
    part.save(&mut writer);
    writer.end()
}

/// Loads a part's section.
pub fn load<P: Saved>(part: &mut P, from: &mut dyn Read) -> Result<(), LoadError> {
    let mut reader = Reader { from, chunk: Vec::new(), at: 0, crc: Hasher::new() };
    let name = reader.bytes(u8::MAX.into())?;
    if name != P::NAME.as_bytes() {
        let found = String::from_utf8_lossy(&name).into_owned();
        return Err(LoadError::Name { want: P::NAME, found });
    }
    let (name, want, found) = (P::NAME, P::VERSION, reader.u16()?);
    if found != want {
        return Err(LoadError::Version { name, want, found });
    }
    part.load(&mut reader)?;
    reader.end()
}

/// The writer of a part's state. An error of the output is kept, and reported at the end.
pub struct Writer<'a> {
    to: &'a mut dyn Write,
    chunk: Vec<u8>,
    crc: Hasher,
    written: io::Result<()>,
}

impl Writer<'_> {
    /// Writes a byte.
    pub fn u8(&mut self, value: u8) {
        self.raw(&[value]);
    }

    /// Writes a truth value.
    pub fn bool(&mut self, value: bool) {
        self.u8(value.into());
    }

    /// Writes a number of 16 bits.
    pub fn u16(&mut self, value: u16) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes a number of 32 bits.
    pub fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes a number of 64 bits.
    pub fn u64(&mut self, value: u64) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes a number of 128 bits.
    pub fn u128(&mut self, value: u128) {
        self.raw(&value.to_le_bytes());
    }

    /// Writes a value that may be absent.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.bool(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Writes a string of bytes with its length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.raw(bytes);
    }

    /// Writes bytes without a length, which the reader knows.
    pub fn raw(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(now);
            if self.chunk.len() == CHUNK {
                self.put();
            }
            bytes = later;
        }
    }

    /// Writes the chunk.
    fn put(&mut self) {
        self.crc.update(&self.chunk);
        let crc = self.crc.clone().finalize();
        let len = self.chunk.len() as u32; // at most `CHUNK`
        if self.written.is_ok() {
            let head = [len.to_le_bytes(), crc.to_le_bytes()].concat();
            self.written = self.to.write_all(&head).and_then(|()| self.to.write_all(&self.chunk));
        }
        self.chunk.clear();
    }

    fn end(mut self) -> io::Result<()> {
        if !self.chunk.is_empty() {
            self.put();
        }
        self.put();
        self.written
    }
}

/// The reader of a part's state.
pub struct Reader<'a> {
    from: &'a mut dyn Read,
    chunk: Vec<u8>,
    at: usize,
    crc: Hasher,
}

impl Reader<'_> {
    /// Reads a byte.
    pub fn u8(&mut self) -> Result<u8, LoadError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    /// Reads a truth value.
    pub fn bool(&mut self) -> Result<bool, LoadError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(LoadError::Damaged),
        }
    }

    /// Reads a number of 16 bits.
    pub fn u16(&mut self) -> Result<u16, LoadError> {
        self.array().map(u16::from_le_bytes)
    }

    /// Reads a number of 32 bits.
    pub fn u32(&mut self) -> Result<u32, LoadError> {
        self.array().map(u32::from_le_bytes)
    }

    /// Reads a number of 64 bits.
    pub fn u64(&mut self) -> Result<u64, LoadError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a number of 128 bits.
    pub fn u128(&mut self) -> Result<u128, LoadError> {
        self.array().map(u128::from_le_bytes)
    }

    /// Reads a value that may be absent.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, LoadError>,
    ) -> Result<Option<T>, LoadError> {
        if self.bool()? { read(self).map(Some) } else { Ok(None) }
    }

    /// Reads a string of bytes. Errors: also a string longer than `most`.
    pub fn bytes(&mut self, most: usize) -> Result<Vec<u8>, LoadError> {
        let len = usize::try_from(self.u64()?).ok().filter(|&len| len <= most);
        let mut bytes = vec![0; len.ok_or(LoadError::Damaged)?];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads bytes without a length.
    pub fn fill(&mut self, mut to: &mut [u8]) -> Result<(), LoadError> {
        while !to.is_empty() {
            if self.at == self.chunk.len() && !self.next()? {
                return Err(LoadError::Damaged);
            }
            let there = &self.chunk[self.at..];
            let (now, later) = to.split_at_mut(to.len().min(there.len()));
            now.copy_from_slice(&there[..now.len()]);
            self.at += now.len();
            to = later;
        }
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Reads the next chunk. False at the end.
    fn next(&mut self) -> Result<bool, LoadError> {
        let word = |from: &mut dyn Read| {
            let mut word = [0; 4];
            from.read_exact(&mut word).map(|()| u32::from_le_bytes(word))
        };
        let (len, crc) = (word(self.from)?, word(self.from)?);
        let len = usize::try_from(len).ok().filter(|&len| len <= CHUNK);
        self.chunk.resize(len.ok_or(LoadError::Damaged)?, 0);
        self.at = 0;
        self.from.read_exact(&mut self.chunk)?;
        self.crc.update(&self.chunk);
        if self.crc.clone().finalize() != crc {
            self.chunk.clear();
            return Err(LoadError::Damaged);
        }
        Ok(!self.chunk.is_empty())
    }

    fn end(mut self) -> Result<(), LoadError> {
        let over = self.at == self.chunk.len() && !self.next()?;
        if over { Ok(()) } else { Err(LoadError::Damaged) }
    }
}

#[cfg(test)]
mod tests;
