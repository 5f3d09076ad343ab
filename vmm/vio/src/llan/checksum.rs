// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! TCP checksums, which the guest may leave to the adapter (LoPAR 2.9, "ILLAN Checksum Offload Support Option").
//!
//! Frames leave for networks that do not know that option, so a checksum that the guest leaves out is always
//! generated. Checksums of arriving frames are verified, so that the guest need not do it: checksums run at
//! the host's speed here, but at the guest's speed in the guest.

use etherparse::checksum::Sum16BitWords;
use etherparse::{IpNumber, Ipv6ExtensionSlice, Ipv6Slice, NetSlice, SlicedPacket, TransportSlice};

/// ILLAN attribute 62: TCP Checksum Offload Support for IPv4.
pub const IPV4: u64 = 1 << (63 - 62);
/// ILLAN attribute 61: TCP Checksum Offload Support for IPv6.
pub const IPV6: u64 = 1 << (63 - 61);
/// ILLAN attribute 50: Checksum Offload Padded Packet Support. The segment's length is IP's, not the frame's.
pub const PADDED: u64 = 1 << (63 - 50);
/// ILLAN attribute 46: Checksum Offload Non-zero Checksum Field Support. The content of the field is ignored.
pub const NON_ZERO: u64 = 1 << (63 - 46);

/// Control bit 6 of a send buffer's descriptor: No Checksum.
pub const NO_CHECKSUM: u8 = 1 << 1;
/// Control bit 7 of a send buffer's descriptor, and of a receive queue's entry: Checksum Good.
pub const GOOD: u8 = 1;

/// Offset of the checksum in a TCP header.
const FIELD: usize = 16;

/// A TCP segment that is a frame's whole payload.
#[derive(Clone, Debug)]
pub struct Segment<'a> {
    /// The attribute for the segment's protocol: [`IPV4`] or [`IPV6`].
    pub attribute: u64,
    tcp: &'a [u8],
    /// The sum of the pseudo-header.
    pseudo: Sum16BitWords,
}

impl<'a> Segment<'a> {
    /// The TCP segment in a frame. `None` if there is none, if it is a fragment, if a length does not fit its
    /// frame, or if the type of a routing header is unknown.
    pub fn of(frame: &'a [u8]) -> Option<Segment<'a>> {
        let packet = SlicedPacket::from_ethernet(frame).ok()?;
        let Some(TransportSlice::Tcp(tcp)) = packet.transport else { return None };
        let tcp = tcp.slice();
        let (attribute, addresses) = match packet.net? {
            NetSlice::Ipv4(ip) => {
                let mut sum = Sum16BitWords::new();
                let mut sum = sum.add_4bytes(ip.header().source());
                (IPV4, sum.add_4bytes(ip.header().destination()))
            }
            NetSlice::Ipv6(ip) => {
                let mut sum = Sum16BitWords::new();
                let mut sum = sum.add_16bytes(ip.header().source());
                (IPV6, sum.add_16bytes(final_destination(&ip)?))
            }
            _ => return None,
        };
        // No frame has 4 GiB. The length of IPv4 has 16 bits, so the upper half that is added is 0.
        let len = u32::try_from(tcp.len()).ok()?;
        let mut sum = addresses;
        let mut sum = sum.add_4bytes(len.to_be_bytes());
        let pseudo = sum.add_4bytes([0, 0, 0, IpNumber::TCP.0]);
        Some(Segment { attribute, tcp, pseudo })
    }

    /// True if its checksum is right.
    pub fn is_good(&self) -> bool {
        self.pseudo.clone().add_slice(self.tcp).ones_complement() == 0
    }

    /// The right checksum, and its offset in the frame.
    fn checksum(&self, frame: &[u8]) -> (usize, [u8; 2]) {
        let (before, after) = (&self.tcp[..FIELD], &self.tcp[FIELD + 2..]);
        let sum = self.pseudo.clone().add_slice(before).add_slice(after);
        // The segment is a part of the frame.
        let start = self.tcp.as_ptr() as usize - frame.as_ptr() as usize;
        (start + FIELD, sum.ones_complement().to_ne_bytes())
    }
}

/// Writes the checksum of the TCP segment in a frame.
pub fn generate(frame: &mut [u8]) {
    if let Some((at, sum)) = Segment::of(frame).map(|segment| segment.checksum(frame)) {
        frame[at..at + 2].copy_from_slice(&sum);
    }
}

/// The destination in the pseudo-header. With a routing header that has stops left it is the last stop (RFC
/// 8200, 8.1). `None` for an unknown type of routing header.
fn final_destination(ip: &Ipv6Slice<'_>) -> Option<[u8; 16]> {
    let routing = ip.extensions().clone().into_iter().find_map(|extension| match extension {
        Ipv6ExtensionSlice::Routing(routing) => Some(routing),
        _ => None,
    });
    let Some(routing) = routing else { return Some(ip.header().destination()) };
    // After next header and length come type, stops left, four bytes, then the addresses.
    match routing.payload() {
        [_, 0, ..] => Some(ip.header().destination()),
        // RFC 5095 and RFC 6275: the addresses are in the order of the visits.
        [0 | 2, _, _, _, _, _, addresses @ ..] => addresses.last_chunk().copied(),
        // RFC 8754: the addresses are in the reverse order.
        [4, _, _, _, _, _, addresses @ ..] => addresses.first_chunk().copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TCP header without data: ports 1 and 2, all else 0 but the offset.
    const TCP: [u8; 20] = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0, 0];

    fn ipv4(tcp: &[u8]) -> Vec<u8> {
        let len = (20 + tcp.len()) as u8;
        let ip = [0x45, 0, 0, len, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        [&[2; 12][..], &[8, 0], &ip, tcp].concat()
    }

    /// A packet from fe80::1 to fe80::2 with these extension headers, of which the first has this type.
    fn ipv6(kind: u8, extensions: &[u8], tcp: &[u8]) -> Vec<u8> {
        let len = (extensions.len() + tcp.len()) as u8;
        let address = |last| [&[0xfe, 0x80][..], &[0; 13], &[last]].concat();
        let head = [0x60, 0, 0, 0, 0, len, kind, 64];
        [&[2; 12][..], &[0x86, 0xdd], &head, &address(1), &address(2), extensions, tcp].concat()
    }

    fn generated(mut frame: Vec<u8>) -> Option<(u64, [u8; 2])> {
        let attribute = Segment::of(&frame)?.attribute;
        assert!(!Segment::of(&frame).unwrap().is_good());
        let (at, _) = Segment::of(&frame).unwrap().checksum(&frame);
        generate(&mut frame);
        assert!(Segment::of(&frame).unwrap().is_good());
        Some((attribute, [frame[at], frame[at + 1]]))
    }

    // Calculated by hand after RFC 9293, 3.1. 0a00 + 0001 + 0a00 + 0002 are the addresses, 0006 + 0014
    // protocol and length, 0001 + 0002 + 5000 the header: 6420, whose complement is 9bdf. For IPv6: fe80 +
    // 0001 + fe80 + 0002 instead of the addresses, together 24d20 before the carries, 4d22 after them, b2dd
    // the complement.
    #[test]
    fn checksums_are_those_of_the_book() {
        assert_eq!(generated(ipv4(&TCP)), Some((IPV4, [0x9b, 0xdf])));
        assert_eq!(generated(ipv6(6, &[], &TCP)), Some((IPV6, [0xb2, 0xdd])));
        // An odd byte is the upper half of a word: 6421 with the length, + 0100: 6521, 9ade.
        assert_eq!(generated(ipv4(&[&TCP[..], &[1]].concat())), Some((IPV4, [0x9a, 0xde])));
    }

    #[test]
    fn neither_padding_nor_what_is_in_the_field_nor_a_vlan_tag_matters() {
        let mut tcp = TCP;
        tcp[16..18].fill(0xab);
        let padded = [ipv4(&tcp), vec![0xff; 6]].concat();
        assert_eq!(generated(padded.clone()), Some((IPV4, [0x9b, 0xdf])));
        let tagged = [&padded[..12], &[0x81, 0, 0, 7], &padded[12..]].concat();
        assert_eq!(generated(tagged), Some((IPV4, [0x9b, 0xdf])));
    }

    // Extension headers of 8 bytes do not change the pseudo-header. A routing header with stops left changes
    // its destination to fe80::3, which makes the sum 1 larger.
    #[test]
    fn extension_headers_are_passed_and_the_last_stop_counts() {
        let options = [6, 0, 1, 4, 0, 0, 0, 0];
        for kind in [0, 60] {
            let frame = ipv6(kind, &options, &TCP);
            assert_eq!(generated(frame), Some((IPV6, [0xb2, 0xdd])), "{kind}");
        }
        let last = [&[0xfe, 0x80][..], &[0; 13], &[3]].concat();
        for (kind, expected) in
            [(0, Some([0xb2, 0xdc])), (2, Some([0xb2, 0xdc])), (4, Some([0xb2, 0xdc])), (9, None)]
        {
            let routing = [&[6, 2, kind, 1, 0, 0, 0, 0][..], &last].concat();
            let sum = generated(ipv6(43, &routing, &TCP)).map(|(_, sum)| sum);
            assert_eq!(sum, expected, "type {kind}");
        }
        let arrived = [&[6, 2, 0, 0, 0, 0, 0, 0][..], &last].concat();
        assert_eq!(generated(ipv6(43, &arrived, &TCP)), Some((IPV6, [0xb2, 0xdd])));
    }

    #[test]
    fn what_is_no_whole_tcp_segment_is_none() {
        let frame = ipv4(&TCP);
        for len in 0..frame.len() {
            assert!(Segment::of(&frame[..len]).is_none(), "{len}");
        }
        let mut udp = frame.clone();
        udp[23] = 17;
        let mut fragment = frame.clone();
        fragment[20] = 0x20;
        let mut long_header = frame.clone();
        long_header[46] = 0xf0;
        for frame in [udp, fragment, long_header, vec![0; 60]] {
            assert!(Segment::of(&frame).is_none(), "{frame:x?}");
        }
    }
}
