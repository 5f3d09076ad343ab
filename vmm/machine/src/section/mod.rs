// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Saved state: a section for each part, with a name and a version.
//!
//! A section is a sequence of chunks (`chunks.rs`). A chunk is its length (4 bytes), a CRC-32 of all bytes of the
//! section up to its end (4 bytes), and at most [`CHUNK`] bytes. A chunk of length 0 ends the section. Numbers are
//! little-endian. The first bytes are the name of the part, as a string of bytes, and its version (2 bytes); the part
//! defines the rest. No byte of a chunk is used before its CRC was compared, and neither side keeps more than one chunk.

mod chunks;

use std::io::{self, Read, Write};

pub use ::saved::{LoadError, Reader, Writer};

pub use self::chunks::CHUNK;
use self::chunks::{ChunkReader, ChunkWriter};
/// A state that can be saved and loaded.
pub trait Saved {
    /// The name of its section.
    const NAME: &'static str;
    /// The version of its section's layout.
    const VERSION: u16 = 1;

    /// Writes the state. No vCPU runs meanwhile.
    fn save(&mut self, to: &mut Writer<'_>);

    /// Replaces the state by the saved one. No vCPU runs meanwhile. After an error the state may be mixed, and the
    /// machine must not be used.
    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError>;
}

/// The section of a state, whatever its type is.
pub trait Section {
    /// The name of the section.
    fn name(&self) -> &'static str;
    /// Writes the section. Errors: those of the output and of the part.
    fn write_to(&mut self, to: &mut dyn Write) -> io::Result<()>;
    /// Reads the section and compares its name, its version and every CRC. The state is unchanged.
    fn check(&self, from: &mut dyn Read) -> Result<(), LoadError>;
    /// Loads the section.
    fn load_from(&mut self, from: &mut dyn Read) -> Result<(), LoadError>;
}

impl<P: Saved> Section for P {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn write_to(&mut self, to: &mut dyn Write) -> io::Result<()> {
        save(self, to)
    }

    fn check(&self, from: &mut dyn Read) -> Result<(), LoadError> {
        let mut chunks = ChunkReader::new(from);
        open::<P>(&mut chunks)?;
        Ok(chunks.skip()?)
    }

    fn load_from(&mut self, from: &mut dyn Read) -> Result<(), LoadError> {
        load(self, from)
    }
}

/// Writes a part's section. Errors: those of the output and of the part.
pub fn save<P: Saved>(part: &mut P, to: &mut dyn Write) -> io::Result<()> {
    let mut chunks = ChunkWriter::new(to);
    let mut writer = Writer::new(&mut chunks);
    writer.bytes(P::NAME.as_bytes());
    writer.u16(P::VERSION);
    part.save(&mut writer);
    writer.end()?;
    chunks.end()
}

/// Loads a part's section.
pub fn load<P: Saved>(part: &mut P, from: &mut dyn Read) -> Result<(), LoadError> {
    let mut chunks = ChunkReader::new(from);
    part.load(&mut open::<P>(&mut chunks)?)?;
    Ok(chunks.end()?)
}

/// Reads the beginning of a section: its name and its version.
fn open<'a, P: Saved>(chunks: &'a mut ChunkReader<'_>) -> Result<Reader<'a>, LoadError> {
    let mut reader = Reader::new(chunks);
    reader.name(P::NAME, u8::MAX.into())?;
    let (name, want, found) = (P::NAME, P::VERSION, reader.u16()?);
    if found != want {
        return Err(LoadError::Version { name, want, found });
    }
    Ok(reader)
}

#[cfg(test)]
mod tests;
