// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The client's data buffers of one request: lists of segments at bus addresses, and a position in them.

use iommu::Ioba;

use super::srp::{Command, Format, Iu, Residual};
use crate::dma::Port;
use crate::fault::Fault;

/// Size in bytes of a descriptor: address, key, length.
const DESCRIPTOR: usize = 16;
/// Size in bytes of the part before the descriptors of an indirect table: its own descriptor and the total
/// length.
const TABLE: usize = 20;
/// The most segments; Linux uses up to 128.
const MOST_SEGMENTS: usize = 4096;

/// The reason why a request has no buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadBuffers {
    /// The descriptors do not fit their information unit, or are too many.
    Malformed,
    /// Their table could not be read.
    Fault(Fault),
}

impl From<Fault> for BadBuffers {
    fn from(fault: Fault) -> BadBuffers {
        BadBuffers::Fault(fault)
    }
}

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
    /// The buffers of a request: to the target, and from it.
    pub fn of(
        command: &Command,
        iu: &Iu,
        port: &mut Port,
    ) -> Result<(Buffers, Buffers), BadBuffers> {
        let out = iu.rest(command.descriptors);
        let data_in = iu.rest(command.descriptors + command.out.len());
        Ok((read(command.out, out, port)?, read(command.data_in, data_in, port)?))
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

    /// Writes to the guest, up to the end of the buffers.
    pub fn give(&mut self, port: &mut Port, mut bytes: &[u8]) -> Result<(), Fault> {
        while let Some((at, len)) = self.next(bytes.len()) {
            port.write(at, &bytes[..len])?;
            bytes = &bytes[len..];
        }
        Ok(())
    }

    /// Reads from the guest, up to the end of the buffers.
    pub fn take(&mut self, port: &mut Port, mut bytes: &mut [u8]) -> Result<(), Fault> {
        while let Some((at, len)) = self.next(bytes.len()) {
            port.read(at, &mut bytes[..len])?;
            bytes = &mut bytes[len..];
        }
        Ok(())
    }

    /// The difference between the buffers and the `wanted` bytes of the command.
    pub fn residual(&self, wanted: u64) -> Residual {
        let word = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let over = word(wanted.saturating_sub(self.total));
        Residual { under: word(self.total.saturating_sub(wanted)), over }
    }

    /// Takes the next piece of at most this many bytes.
    fn next(&mut self, most: usize) -> Option<(Ioba, usize)> {
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

fn read(format: Format, from: &[u8], port: &mut Port) -> Result<Buffers, BadBuffers> {
    let from = from.get(..format.len()).ok_or(BadBuffers::Malformed)?;
    match format {
        Format::None => Ok(Buffers::default()),
        Format::Direct => Ok(segments(from, u64::MAX)),
        Format::Indirect(_) => indirect(from, port),
    }
}

/// The table's own descriptor gives the number of descriptors. If the information unit does not contain all
/// of them, all are read from the table's address.
fn indirect(from: &[u8], port: &mut Port) -> Result<Buffers, BadBuffers> {
    let (head, here) = from.split_at(TABLE);
    let (table, bytes) = descriptor(head);
    let bytes = bytes as usize;
    if !bytes.is_multiple_of(DESCRIPTOR) || bytes / DESCRIPTOR > MOST_SEGMENTS {
        return Err(BadBuffers::Malformed);
    }
    let total = u64::from(u32::from_be_bytes([head[16], head[17], head[18], head[19]]));
    match here.get(..bytes) {
        Some(all) => Ok(segments(all, total)),
        None => {
            let mut all = vec![0; bytes];
            port.read(table, &mut all)?;
            Ok(segments(&all, total))
        }
    }
}

/// The segments, up to a total length.
fn segments(from: &[u8], most: u64) -> Buffers {
    let mut buffers = Buffers::default();
    for (start, len) in from.chunks_exact(DESCRIPTOR).map(descriptor) {
        let left = u32::try_from(most - buffers.total).unwrap_or(u32::MAX);
        let len = len.min(left);
        if len > 0 {
            buffers.segments.push((start, len));
            buffers.total += u64::from(len);
        }
    }
    buffers
}

fn descriptor(from: &[u8]) -> (Ioba, u32) {
    let mut bytes = [0; DESCRIPTOR];
    bytes.copy_from_slice(&from[..DESCRIPTOR]);
    let bits = u128::from_be_bytes(bytes);
    (Ioba((bits >> 64) as u64), bits as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptors(of: &[(u64, u32)]) -> Vec<u8> {
        let bytes =
            |(at, len): &(u64, u32)| [&at.to_be_bytes()[..], &[0; 4], &len.to_be_bytes()].concat();
        of.iter().flat_map(bytes).collect()
    }

    #[test]
    fn pieces_end_where_segments_end() {
        let mut buffers = segments(&descriptors(&[(0x1000, 10), (0x2000, 0), (0x3000, 5)]), 99);
        assert_eq!((buffers.len(), buffers.left()), (15, 15));
        assert_eq!(buffers.next(4), Some((Ioba(0x1000), 4)));
        assert_eq!(buffers.next(100), Some((Ioba(0x1004), 6)));
        assert_eq!(buffers.next(100), Some((Ioba(0x3000), 5)));
        assert_eq!(buffers.next(1), None);
        assert_eq!(buffers.left(), 0);
    }

    #[test]
    fn the_total_of_a_table_ends_its_segments() {
        let buffers = segments(&descriptors(&[(0, u32::MAX), (0, u32::MAX)]), 7);
        assert_eq!(buffers.len(), 7);
        let all = segments(&descriptors(&[(0, u32::MAX), (0, u32::MAX)]), u64::MAX);
        assert_eq!(all.len(), 2 * u64::from(u32::MAX));
    }

    #[test]
    fn residuals_count_both_ways() {
        let buffers = segments(&descriptors(&[(0, 100)]), 100);
        assert_eq!(buffers.residual(36), Residual { under: 64, over: 0 });
        assert_eq!(buffers.residual(512), Residual { under: 0, over: 412 });
        assert_eq!(buffers.residual(u64::MAX), Residual { under: 0, over: u32::MAX });
    }
}
