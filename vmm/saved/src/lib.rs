// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The values of which a saved state consists.
//!
//! A part of a machine writes its state with a [`Writer`] and reads it with a [`Reader`]. Numbers are little-endian,
//! and nothing separates values, so both sides know their order. This crate knows no part and no file: its users give
//! the bytes a name, a version and a checksum.

use std::io::{self, ErrorKind, Read, Write};

use thiserror::Error;

/// The reason for which a state was not loaded.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum LoadError {
    #[error("cannot read the saved state: {0}")]
    Read(#[source] io::Error),
    #[error("the saved state is damaged; save the machine again")]
    Damaged,
    #[error("the saved state has {found:?} where {want} belongs")]
    Name { want: &'static str, found: String },
    #[error(
        "the saved state of {name} has version {found}, not {want}; load it with the program that saved it"
    )]
    Version { name: &'static str, want: u16, found: u16 },
    #[error(
        "the saved state is of another machine ({0}); load it into a machine of the configuration that was saved"
    )]
    Other(&'static str),
    #[error("{part} cannot take its saved state: {why}")]
    Refused { part: &'static str, why: Box<dyn std::error::Error + Send + Sync> },
}

impl LoadError {
    /// An error unless a condition of the saved state holds.
    pub fn unless(holds: bool) -> Result<(), LoadError> {
        if holds { Ok(()) } else { Err(LoadError::Damaged) }
    }
}

/// An input that ends early, or that its source finds to be wrong, is a damaged state.
impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> LoadError {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData => LoadError::Damaged,
            _ => LoadError::Read(error),
        }
    }
}

/// The writer of a state. The first error is kept, and reported at the end.
pub struct Writer<'a> {
    to: &'a mut dyn Write,
    written: io::Result<()>,
}

impl<'a> Writer<'a> {
    /// A writer to this output.
    pub fn new(to: &'a mut dyn Write) -> Writer<'a> {
        Writer { to, written: Ok(()) }
    }

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
    pub fn raw(&mut self, bytes: &[u8]) {
        if self.written.is_ok() {
            self.written = self.to.write_all(bytes);
        }
    }

    /// Ends the output with an error: the part has no state that can be saved now.
    pub fn fail(&mut self, error: io::Error) {
        if self.written.is_ok() {
            self.written = Err(error);
        }
    }

    /// Ends the output. Errors: the first one of the output, or that of [`fail`](Self::fail).
    pub fn end(self) -> io::Result<()> {
        self.written
    }
}

/// The reader of a state.
pub struct Reader<'a> {
    from: &'a mut dyn Read,
}

impl<'a> Reader<'a> {
    /// A reader of this input.
    pub fn new(from: &'a mut dyn Read) -> Reader<'a> {
        Reader { from }
    }

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

    /// Reads a name, as [`Writer::bytes`] wrote it. Errors: [`LoadError::Name`] for another one; one longer than `most` bytes.
    pub fn name(&mut self, want: &'static str, most: usize) -> Result<(), LoadError> {
        let name = self.bytes(most)?;
        if name == want.as_bytes() {
            return Ok(());
        }
        let found = String::from_utf8_lossy(&name).into_owned();
        Err(LoadError::Name { want, found })
    }

    /// Reads bytes without a length.
    pub fn fill(&mut self, to: &mut [u8]) -> Result<(), LoadError> {
        Ok(self.from.read_exact(to)?)
    }

    /// Reads an array of bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_in_order_and_an_early_end_is_damage() {
        let mut bytes = Vec::new();
        let mut to = Writer::new(&mut bytes);
        to.u16(0x1234);
        to.bool(true);
        to.option(Some(7), Writer::u64);
        to.option(None, Writer::u32);
        to.bytes(b"name");
        to.end().unwrap();
        assert_eq!(bytes[..3], [0x34, 0x12, 1]);
        let read = |mut bytes: &[u8]| -> Result<_, LoadError> {
            let mut from = Reader::new(&mut bytes);
            let numbers = (from.u16()?, from.bool()?);
            let options = (from.option(Reader::u64)?, from.option(Reader::u32)?);
            Ok((numbers, options, from.bytes(4)?))
        };
        let all = ((0x1234, true), (Some(7), None), b"name".to_vec());
        assert_eq!(read(&bytes).unwrap(), all);
        for end in 0..bytes.len() {
            assert!(matches!(read(&bytes[..end]), Err(LoadError::Damaged)), "cut at {end}");
        }
    }

    #[test]
    fn a_truth_value_is_0_or_1_and_a_string_has_a_limit() {
        assert!(matches!(Reader::new(&mut &[2][..]).bool(), Err(LoadError::Damaged)));
        let long = [&5_u64.to_le_bytes()[..], b"names"].concat();
        assert!(matches!(Reader::new(&mut &*long).bytes(4), Err(LoadError::Damaged)));
        let huge = u64::MAX.to_le_bytes();
        assert!(matches!(
            Reader::new(&mut &huge[..]).bytes(usize::MAX - 1),
            Err(LoadError::Damaged)
        ));
    }

    #[test]
    fn the_first_error_is_reported_and_ends_the_output() {
        let mut bytes = Vec::new();
        let mut to = Writer::new(&mut bytes);
        to.u8(1);
        to.fail(ErrorKind::TimedOut.into());
        to.fail(ErrorKind::Other.into());
        to.u8(2);
        assert_eq!(to.end().unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(bytes, [1]);
    }
}
