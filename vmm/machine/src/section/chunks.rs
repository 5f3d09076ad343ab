// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The chunks of a section, as an output and an input of bytes.

use std::io::{self, ErrorKind, Read, Write};

use crc32fast::Hasher;

/// The largest number of bytes of a chunk.
pub const CHUNK: usize = 64 << 10;

/// Writes bytes in chunks.
pub(super) struct ChunkWriter<'a> {
    to: &'a mut dyn Write,
    chunk: Vec<u8>,
    crc: Hasher,
}

impl<'a> ChunkWriter<'a> {
    pub(super) fn new(to: &'a mut dyn Write) -> ChunkWriter<'a> {
        ChunkWriter { to, chunk: Vec::with_capacity(CHUNK), crc: Hasher::new() }
    }

    /// Writes the chunk.
    fn put(&mut self) -> io::Result<()> {
        self.crc.update(&self.chunk);
        let crc = self.crc.clone().finalize();
        let len = self.chunk.len() as u32; // at most `CHUNK`
        self.to.write_all(&[len.to_le_bytes(), crc.to_le_bytes()].concat())?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }

    /// Writes the last chunk and the end of the section.
    pub(super) fn end(mut self) -> io::Result<()> {
        if !self.chunk.is_empty() {
            self.put()?;
        }
        self.put()
    }
}

impl Write for ChunkWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let now = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..now]);
        if self.chunk.len() == CHUNK {
            self.put()?;
        }
        Ok(now)
    }

    /// A chunk is written when it is full, or at the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads the bytes of chunks. A chunk that is wrong is [`ErrorKind::InvalidData`].
pub(super) struct ChunkReader<'a> {
    from: &'a mut dyn Read,
    chunk: Vec<u8>,
    at: usize,
    crc: Hasher,
    /// Set once the end of the section, or an error, was read.
    over: bool,
}

impl<'a> ChunkReader<'a> {
    pub(super) fn new(from: &'a mut dyn Read) -> ChunkReader<'a> {
        ChunkReader { from, chunk: Vec::new(), at: 0, crc: Hasher::new(), over: false }
    }

    fn word(&mut self) -> io::Result<u32> {
        let mut word = [0; 4];
        self.from.read_exact(&mut word).map(|()| u32::from_le_bytes(word))
    }

    /// Reads the next chunk, which is empty at the end.
    fn next(&mut self) -> io::Result<()> {
        self.at = 0;
        self.chunk.clear();
        if self.over {
            return Ok(());
        }
        self.over = true;
        let (len, crc) = (self.word()?, self.word()?);
        let len = usize::try_from(len).ok().filter(|&len| len <= CHUNK);
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.resize(len.ok_or(ErrorKind::InvalidData)?, 0);
        self.from.read_exact(&mut chunk)?;
        self.crc.update(&chunk);
        if self.crc.clone().finalize() != crc {
            return Err(ErrorKind::InvalidData.into());
        }
        self.over = chunk.is_empty();
        self.chunk = chunk;
        Ok(())
    }

    /// Reads to the end of the section.
    pub(super) fn skip(mut self) -> io::Result<()> {
        while !self.over {
            self.next()?;
        }
        Ok(())
    }

    /// Reads the end of the section. Errors: also bytes before it.
    pub(super) fn end(mut self) -> io::Result<()> {
        match self.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }
}

impl Read for ChunkReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.chunk.len() {
            self.next()?;
        }
        let there = &self.chunk[self.at..];
        let now = to.len().min(there.len());
        to[..now].copy_from_slice(&there[..now]);
        self.at += now;
        Ok(now)
    }
}
