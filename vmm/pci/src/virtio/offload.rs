// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The work that a guest leaves to its adapter: checksums, and cutting a large TCP segment into frames (virtio 1.3, 5.1.6.2).
//!
//! The back ends carry frames of any size, but the stations behind them expect a frame's checksum and its size to be right.
//! So both are done here, at the host's speed. The driver's checksum field has the sum of the pseudo-header with the length
//! of the large segment (Linux: `tcp_v4_send_check`); a frame's sum differs by the lengths alone.

use virtio_bindings::virtio_net::{
    VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4,
    VIRTIO_NET_HDR_GSO_TCPV6,
};

/// Size in bytes of the header before each frame.
pub(super) const HEADER: usize = 12;
/// The most frames of one segment.
const MOST_FRAMES: usize = 4096;

/// The header of a frame that a driver sends: `struct virtio_net_hdr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    flags: u8,
    gso: u8,
    size: u16,
    start: u16,
    offset: u16,
}

/// A frame whose header does not fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Header {
    pub(super) fn read(bytes: &[u8; HEADER]) -> Header {
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        Header { flags: bytes[0], gso: bytes[1], size: word(4), start: word(6), offset: word(8) }
    }

    /// Completes a frame and passes it on, or the frames into which it is cut; `buffer` is for those.
    pub(super) fn send(
        self,
        frame: &mut [u8],
        buffer: &mut Vec<u8>,
        to: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Malformed> {
        match u32::from(self.gso) {
            VIRTIO_NET_HDR_GSO_NONE => {
                if u32::from(self.flags) & VIRTIO_NET_HDR_F_NEEDS_CSUM != 0 {
                    complete(frame, self.start.into(), self.offset.into())?;
                }
                to(frame);
                Ok(())
            }
            VIRTIO_NET_HDR_GSO_TCPV4 => self.cut(frame, Ip::V4, buffer, to),
            VIRTIO_NET_HDR_GSO_TCPV6 => self.cut(frame, Ip::V6, buffer, to),
            _ => Err(Malformed),
        }
    }

    /// Cuts a TCP segment into frames of `size` bytes of data each (Linux: `tcp_gso_segment`).
    fn cut(
        self,
        frame: &[u8],
        ip: Ip,
        buffer: &mut Vec<u8>,
        to: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Malformed> {
        let (tcp, size) = (usize::from(self.start), usize::from(self.size));
        let network = network(frame, ip).filter(|at| at + ip.least() <= tcp).ok_or(Malformed)?;
        let words = frame.get(tcp + 12).ok_or(Malformed)? >> 4;
        let data = tcp + 4 * usize::from(words);
        let good =
            words >= 5 && data < frame.len() && size > 0 && usize::from(self.offset) == CHECKSUM;
        if !good || (frame.len() - data).div_ceil(size) > MOST_FRAMES {
            return Err(Malformed);
        }
        let whole = frame.len() - tcp;
        for (n, piece) in frame[data..].chunks(size).enumerate() {
            buffer.clear();
            buffer.extend_from_slice(&frame[..data]);
            buffer.extend_from_slice(piece);
            let last = data + n * size + piece.len() == frame.len();
            ip.fix(&mut buffer[network..], n as u16)?; // at most `MOST_FRAMES`
            fix_tcp(&mut buffer[tcp..], whole, n * size, n == 0, last)?;
            to(buffer);
        }
        Ok(())
    }
}

/// Offset of the checksum in a TCP header.
const CHECKSUM: usize = 16;

/// The version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ip {
    V4,
    V6,
}

impl Ip {
    /// Size in bytes of the smallest header.
    fn least(self) -> usize {
        match self {
            Ip::V4 => 20,
            Ip::V6 => 40,
        }
    }

    /// Sets the length of a packet, and for IPv4 its identification (the nth after that of the large one) and the
    /// checksum of its header.
    fn fix(self, packet: &mut [u8], n: u16) -> Result<(), Malformed> {
        let len = u16::try_from(packet.len()).map_err(|_| Malformed)?;
        match self {
            Ip::V6 => packet[4..6].copy_from_slice(&(len - 40).to_be_bytes()),
            Ip::V4 => {
                let header = 4 * usize::from(packet[0] & 0xf);
                let id = u16::from_be_bytes([packet[4], packet[5]]).wrapping_add(n);
                packet[2..4].copy_from_slice(&len.to_be_bytes());
                packet[4..6].copy_from_slice(&id.to_be_bytes());
                packet[10..12].fill(0);
                let header = packet.get(..header).filter(|header| header.len() >= 20);
                let sum = !fold(sum(header.ok_or(Malformed)?));
                packet[10..12].copy_from_slice(&sum.to_be_bytes());
            }
        }
        Ok(())
    }
}

/// The offset of the packet behind the Ethernet header and its VLAN tags, if the packet is of this version.
fn network(frame: &[u8], ip: Ip) -> Option<usize> {
    let mut at = 12;
    loop {
        let kind = u16::from_be_bytes(*frame.get(at..)?.first_chunk()?);
        match (kind, ip) {
            (0x8100 | 0x88a8, _) if at < 20 => at += 4,
            (0x0800, Ip::V4) | (0x86dd, Ip::V6) => return Some(at + 2),
            _ => return None,
        }
    }
}

/// Makes one of the frames of a segment of `whole` bytes: data from `offset` on. FIN and PSH are those of the last frame, CWR
/// is that of the first.
fn fix_tcp(
    tcp: &mut [u8],
    whole: usize,
    offset: usize,
    first: bool,
    last: bool,
) -> Result<(), Malformed> {
    const FIN_PSH: u8 = 0x09;
    const CWR: u8 = 0x80;
    let number = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]).wrapping_add(offset as u32);
    tcp[4..8].copy_from_slice(&number.to_be_bytes());
    tcp[13] &= !(if last { 0 } else { FIN_PSH } | if first { 0 } else { CWR });
    let pseudo = u16::from_be_bytes([tcp[CHECKSUM], tcp[CHECKSUM + 1]]);
    let pseudo = u64::from(pseudo) + u64::from(!fold(whole as u64)) + tcp.len() as u64;
    tcp[CHECKSUM..CHECKSUM + 2].copy_from_slice(&fold(pseudo).to_be_bytes());
    complete(tcp, 0, CHECKSUM)
}

/// Completes a checksum: the field has the sum of the pseudo-header. A sum of 0 is written as all ones, as 0 is no checksum
/// in UDP (Linux: `skb_checksum_help`).
fn complete(frame: &mut [u8], start: usize, offset: usize) -> Result<(), Malformed> {
    let at = start + offset; // both are of 16 bits
    let sum = !fold(sum(frame.get(start..).ok_or(Malformed)?));
    let field = frame.get_mut(at..at + 2).ok_or(Malformed)?;
    field.copy_from_slice(&if sum == 0 { 0xffff } else { sum }.to_be_bytes());
    Ok(())
}

/// The sum of big-endian words, the last one filled with a zero.
fn sum(bytes: &[u8]) -> u64 {
    let (quads, rest) = bytes.as_chunks::<4>();
    let quads: u64 = quads.iter().map(|&quad| u64::from(u32::from_be_bytes(quad))).sum();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    quads + u64::from(u32::from_be_bytes(last))
}

/// Folds a sum into 16 bits, with its carries.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: u8 = VIRTIO_NET_HDR_F_NEEDS_CSUM as u8;

    /// An IPv4 frame with 20 bytes of TCP header and this much data; the checksum field has the pseudo-header's sum.
    fn frame(data: usize) -> Vec<u8> {
        let mut ip =
            vec![0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        ip[2..4].copy_from_slice(&((40 + data) as u16).to_be_bytes());
        let mut tcp = vec![
            0x30, 0x39, 0, 80, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0, 1, 0x50, 0x99, 1, 0, 0, 0, 0, 0,
        ];
        let pseudo = 0x0a00 + 1 + 0x0a00 + 2 + 6 + 20 + data as u64;
        tcp[16..18].copy_from_slice(&fold(pseudo).to_be_bytes());
        let data = (0..data).map(|n| n as u8);
        [[2; 12].to_vec(), vec![8, 0], ip, tcp, data.collect()].concat()
    }

    fn sent(header: Header, mut frame: Vec<u8>) -> Result<Vec<Vec<u8>>, Malformed> {
        let mut all = Vec::new();
        header.send(&mut frame, &mut Vec::new(), &mut |frame| all.push(frame.to_vec()))?;
        Ok(all)
    }

    fn is_good(frame: &[u8]) -> bool {
        let ip = fold(sum(&frame[14..34]));
        vio::llan::checksum::Segment::of(frame).is_some_and(|tcp| tcp.is_good()) && ip == 0xffff
    }

    #[test]
    fn a_checksum_is_completed_in_place() {
        let header = Header { flags: NEEDS, start: 34, offset: 16, ..Header::default() };
        let all = sent(header, frame(101)).unwrap();
        assert_eq!(all.len(), 1);
        assert!(vio::llan::checksum::Segment::of(&all[0]).unwrap().is_good());
        assert_eq!(sent(Header::default(), frame(7)), Ok(vec![frame(7)]));
        for (start, offset) in [(u16::MAX, 16), (34, u16::MAX), (155, 0), (154, 16)] {
            let header = Header { flags: NEEDS, start, offset, ..Header::default() };
            assert_eq!(sent(header, frame(101)), Err(Malformed), "{start} {offset}");
        }
    }

    // RFC 9293, 3.1; Linux: tcp_gso_segment. The sequence number wraps in the second frame: 0xfffffff0 + 1000.
    #[test]
    fn a_large_segment_is_cut_into_good_frames() {
        let header = Header { flags: NEEDS, gso: 1, size: 1000, start: 34, offset: 16 };
        let all = sent(header, frame(2500)).unwrap();
        let of = |frame: &Vec<u8>| {
            let word = |at: usize| u16::from_be_bytes([frame[at], frame[at + 1]]);
            (word(16), word(18), u32::from(word(38)) << 16 | u32::from(word(40)), frame[47])
        };
        let facts: Vec<_> = all.iter().map(of).collect();
        assert_eq!(
            facts,
            [
                (1040, 0x1234, 0xffff_fff0, 0x90),
                (1040, 0x1235, 0xffff_fff0u32.wrapping_add(1000), 0x10),
                (540, 0x1236, 0xffff_fff0u32.wrapping_add(2000), 0x19)
            ]
        );
        // The header of the large one has no IPv4 checksum of its own; those of the frames do.
        assert!(all.iter().all(|frame| vio::llan::checksum::Segment::of(frame).unwrap().is_good()));
        assert!(all.iter().all(|frame| is_good(frame)));
        let data: Vec<u8> = all.iter().flat_map(|frame| frame[54..].to_vec()).collect();
        assert_eq!(data, frame(2500)[54..]);
    }

    #[test]
    fn a_header_that_does_not_fit_its_frame_is_refused() {
        let good = Header { flags: NEEDS, gso: 1, size: 1000, start: 34, offset: 16 };
        let wrong = [
            Header { size: 0, ..good },
            Header { gso: 4, ..good },
            Header { gso: 3, ..good },
            Header { gso: 9, ..good },
            Header { start: 33, ..good },
            Header { start: u16::MAX, ..good },
            Header { offset: 6, ..good },
        ];
        for header in wrong {
            assert_eq!(sent(header, frame(2500)), Err(Malformed), "{header:?}");
        }
        assert_eq!(sent(Header { size: 1, ..good }, frame(5000)), Err(Malformed));
        for len in 0..54 {
            assert_eq!(sent(good, frame(100)[..len].to_vec()), Err(Malformed), "{len}");
        }
    }
}
