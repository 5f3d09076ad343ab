// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Data buffers of one request: segments at bus addresses, and a position in them.

use iommu::Ioba;

use crate::dma::Port;
use crate::fault::Fault;

/// Buffers in the order in which they are filled or emptied. Overlapping ones are the guest's responsibility.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    segments: Vec<(Ioba, u32)>,
    total: u64,
    /// The index of the next segment, and the number of its bytes that are used.
    at: (usize, u32),
    done: u64,
}

impl Buffers {
    /// Forgets all segments. Their room stays, so that a request allocates nothing.
    pub fn clear(&mut self) {
        self.segments.clear();
        (self.total, self.at, self.done) = (0, (0, 0), 0);
    }

    /// Adds a segment of `len` bytes behind the others.
    pub fn add(&mut self, at: Ioba, len: u32) {
        self.segments.push((at, len));
        self.total += u64::from(len);
    }

    /// Number of segments.
    pub fn count(&self) -> usize {
        self.segments.len()
    }

    /// Size in bytes of all segments.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// True if the segments have no bytes.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Number of bytes that are not used yet.
    pub fn left(&self) -> u64 {
        self.total - self.done
    }

    /// Reads from the guest, up to the end of the buffers. Returns the number of bytes.
    pub fn take(&mut self, port: &mut Port, to: &mut [u8]) -> Result<usize, Fault> {
        let mut done = 0;
        while let Some((at, len)) = self.next(to.len() - done) {
            port.read(at, &mut to[done..done + len])?;
            done += len;
        }
        Ok(done)
    }

    /// Writes to the guest, up to the end of the buffers. Returns the number of bytes.
    pub fn give(&mut self, port: &mut Port, from: &[u8]) -> Result<usize, Fault> {
        let mut done = 0;
        while let Some((at, len)) = self.next(from.len() - done) {
            port.write(at, &from[done..done + len])?;
            done += len;
        }
        Ok(done)
    }

    /// Writes the last byte of the buffers, whatever was filled before.
    pub fn give_last(&mut self, port: &mut Port, byte: u8) -> Result<(), Fault> {
        let last = self.segments.iter().rev().find(|(_, len)| *len > 0);
        match last {
            Some(&(at, len)) => port.write(Ioba(at.0.wrapping_add(u64::from(len - 1))), &[byte]),
            None => Ok(()),
        }
    }

    /// Takes the next piece of at most this many bytes.
    pub(crate) fn next(&mut self, most: usize) -> Option<(Ioba, usize)> {
        let (mut index, mut used) = self.at;
        while self.segments.get(index).is_some_and(|(_, len)| used >= *len) {
            (index, used) = (index + 1, 0);
        }
        let &(start, len) = self.segments.get(index)?;
        let here = u32::try_from(most).unwrap_or(u32::MAX).min(len - used);
        self.at = (index, used + here);
        self.done += u64::from(here);
        // There is no memory where a segment wraps.
        (here > 0).then_some((Ioba(start.0.wrapping_add(u64::from(used))), here as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_where_segments_end() {
        let mut buffers = Buffers::default();
        for (at, len) in [(0x1000, 10), (0x2000, 0), (0x3000, 5)] {
            buffers.add(Ioba(at), len);
        }
        assert_eq!((buffers.len(), buffers.left(), buffers.count()), (15, 15, 3));
        assert_eq!(buffers.next(4), Some((Ioba(0x1000), 4)));
        assert_eq!(buffers.next(100), Some((Ioba(0x1004), 6)));
        assert_eq!(buffers.next(100), Some((Ioba(0x3000), 5)));
        assert_eq!(buffers.next(1), None);
        assert_eq!(buffers.left(), 0);
        buffers.clear();
        assert!(buffers.is_empty());
        assert_eq!(buffers.next(1), None);
    }
}
