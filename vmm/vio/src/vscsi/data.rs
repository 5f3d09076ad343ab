// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The client's data buffers of one request, as its descriptors list them.

use iommu::Ioba;

use super::srp::{Command, Format, Iu, Residual};
use crate::buffers::Buffers;
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

/// The buffers of a request: to the target, and from it.
pub fn buffers(
    command: &Command,
    iu: &Iu,
    port: &mut Port,
) -> Result<(Buffers, Buffers), BadBuffers> {
    let out = iu.rest(command.descriptors);
    let data_in = iu.rest(command.descriptors + command.out.len());
    Ok((read(command.out, out, port)?, read(command.data_in, data_in, port)?))
}

/// The difference between buffers and the `wanted` bytes of the command.
pub fn residual(buffers: &Buffers, wanted: u64) -> Residual {
    let word = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let (has, over) = (buffers.len(), word(wanted.saturating_sub(buffers.len())));
    Residual { under: word(has.saturating_sub(wanted)), over }
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
        let left = u32::try_from(most - buffers.len()).unwrap_or(u32::MAX);
        let len = len.min(left);
        if len > 0 {
            buffers.add(start, len);
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
        assert_eq!(residual(&buffers, 36), Residual { under: 64, over: 0 });
        assert_eq!(residual(&buffers, 512), Residual { under: 0, over: 412 });
        assert_eq!(residual(&buffers, u64::MAX), Residual { under: 0, over: u32::MAX });
    }
}
