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
use crate::parts::Part;

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

/// The section of a saved part, whatever its type is.
pub trait Section {
    /// Writes the section. Errors: those of the output and of the part.
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
    let mut reader = Reader::new(&mut chunks);
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
    Ok(chunks.end()?)
}

#[cfg(test)]
mod tests;
