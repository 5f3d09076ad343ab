// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The partitions of NVRAM (LoPAR 2.9, "Non-Volatile Memory", "Structure"). They are a chain from the first byte to the
//! last; each partition is a header of 16 bytes and its data.

/// The size of the NVRAM, as in QEMU.
pub const BYTES: usize = 64 << 10;

/// The size of a header, which is also the unit of lengths.
pub(super) const BLOCK: usize = 16;

/// The size of the System partition of a fresh NVRAM.
const COMMON_BYTES: usize = 4 << 10;

/// Signatures.
const SYSTEM: u8 = 0x70;
const VENDOR: u8 = 0x7e;
const FREE: u8 = 0x7f;

/// Names, padded with nulls.
const COMMON: &[u8; 12] = b"common\0\0\0\0\0\0";
const FREE_NAME: &[u8; 12] = &[0x77; 12];
const OURS: &[u8; 12] = b"tcevm,nvram\0";

/// The header of a partition.
type Header = [u8; BLOCK];

/// The checksum of a header: the sum of its bytes with end-around carry. It is never 0 for a valid header.
fn checksum(header: &Header) -> u8 {
    let covered = header.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, byte)| *byte);
    covered.fold(0, |sum: u8, byte| {
        let (sum, carry) = sum.overflowing_add(byte);
        sum + u8::from(carry) // a sum that overflowed is below 0xff
    })
}

/// A header: signature, checksum, length in blocks, name.
fn header(signature: u8, bytes: usize, name: &[u8; 12]) -> Header {
    let [high, low] = u16::try_from(bytes / BLOCK).unwrap_or(u16::MAX).to_be_bytes();
    let mut header = [0; BLOCK];
    header[..4].copy_from_slice(&[signature, 0, high, low]);
    header[4..].copy_from_slice(name);
    header[1] = checksum(&header);
    header
}

/// The last header of an image file: a partition of its own behind the guest's. With it the file is one chain, and
/// is recognized as ours whatever the guest wrote.
pub(super) fn identity() -> Header {
    header(VENDOR, BLOCK, OURS)
}

/// A fresh NVRAM: the System partition `common` without variables, then free space.
pub(super) fn fresh() -> Vec<u8> {
    let mut bytes = vec![0; BYTES];
    bytes[..BLOCK].copy_from_slice(&header(SYSTEM, COMMON_BYTES, COMMON));
    free_from(&mut bytes, COMMON_BYTES);
    bytes
}

/// Makes one free partition of all bytes from `start` on. Its data stays as it is.
fn free_from(bytes: &mut [u8], start: usize) {
    let header = header(FREE, bytes.len() - start, FREE_NAME);
    bytes[start..start + BLOCK].copy_from_slice(&header);
}

/// The length of the partition at `start`; `None` when it is damaged.
fn length(bytes: &[u8], start: usize) -> Option<usize> {
    let header: &Header = bytes.get(start..start + BLOCK)?.try_into().ok()?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]])) * BLOCK;
    let sound = length > 0 && start + length <= bytes.len() && header[1] == checksum(header);
    sound.then_some(length)
}

/// The result of [`repair`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// The chain was sound.
    None,
    /// The partitions from this offset on could not be reached, and are now free space.
    Freed(usize),
    /// The System partition could not be reached either, and the NVRAM is now a fresh one.
    Formatted,
}

/// Repairs a damaged NVRAM, as firmware does, to a state with which an operating system can boot (LoPAR
/// 2.9, "Non-Volatile Memory", "System Requirements", 3). Sound partitions before the damage stay, as they do
/// when an operating system repairs its own (requirement 4).
pub(super) fn repair(bytes: &mut Vec<u8>) -> Repair {
    let (mut start, mut common) = (0, false);
    while start < bytes.len() {
        let Some(length) = length(bytes, start) else { break };
        common |= bytes[start] == SYSTEM && bytes[start + 4..start + BLOCK] == *COMMON;
        start += length;
    }
    match start {
        _ if start == bytes.len() => Repair::None,
        _ if common => {
            free_from(bytes, start);
            Repair::Freed(start)
        }
        _ => {
            *bytes = fresh();
            Repair::Formatted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signature, length in bytes and name of each partition. Panics unless the partitions cover all bytes.
    fn partitions(bytes: &[u8]) -> Vec<(u8, usize, Vec<u8>)> {
        let mut found = Vec::new();
        let mut start = 0;
        while start < bytes.len() {
            let length = length(bytes, start).unwrap_or_else(|| panic!("damaged at {start:#x}"));
            found.push((bytes[start], length, bytes[start + 4..start + 16].to_vec()));
            start += length;
        }
        found
    }

    // LoPAR 2.9, "NVRAM Structure": the sum of signature, length and name with end-around carry.
    // By hand: 0x70 + 0x01 + 0x00 + "common" (0x63+0x6f+0x6d+0x6d+0x6f+0x6e = 0x289): 0x2fa; 0xfa + 2 = 0xfc.
    // 0x7f + 0x0f + 0x00 + 12 * 0x77 (0x594): 0x622; 0x22 + 6 = 0x28.
    #[test]
    fn a_fresh_nvram_is_a_system_partition_and_free_space_as_lopar_has_them() {
        let bytes = fresh();
        assert_eq!(bytes.len(), 65536);
        assert_eq!(bytes[..16], *b"\x70\xfc\x01\x00common\0\0\0\0\0\0");
        assert_eq!(bytes[16..0x1000], [0; 0xff0]); // no variable: two nulls end the list
        assert_eq!(bytes[0x1000..0x1010], *b"\x7f\x28\x0f\x00wwwwwwwwwwww");
        let free = vec![0x77; 12];
        let common = b"common\0\0\0\0\0\0".to_vec();
        assert_eq!(partitions(&bytes), [(0x70, 0x1000, common), (0x7f, 0xf000, free)]);
    }

    #[test]
    fn what_is_sound_stays_byte_for_byte() {
        let mut bytes = fresh();
        bytes[0x10..0x1000].fill(0xa5);
        // Linux takes its space from the free partition in this way.
        bytes[0x1000..0x1010].copy_from_slice(&header(0xa0, 0x830, b"ibm,rtas-log"));
        free_from(&mut bytes, 0x1830);
        let before = bytes.clone();
        assert_eq!(repair(&mut bytes), Repair::None);
        assert_eq!(bytes, before);
    }

    // Linux: `nvram_create_partition` writes the new header, then that of the free space behind it. If the
    // machine ends in between, the second header is missing.
    #[test]
    fn what_is_behind_the_damage_becomes_free() {
        let mut bytes = fresh();
        bytes[0x10..0x20].copy_from_slice(b"boot-device=net\0");
        bytes[0x1000..0x1010].copy_from_slice(&header(0xa0, 0x830, b"ibm,rtas-log"));
        assert_eq!(repair(&mut bytes), Repair::Freed(0x1830));
        let found: Vec<_> = partitions(&bytes).iter().map(|p| (p.0, p.1)).collect();
        assert_eq!(found, [(0x70, 0x1000), (0xa0, 0x830), (0x7f, 0xe7d0)]);
        assert_eq!(bytes[0x10..0x20], *b"boot-device=net\0");
    }

    #[test]
    fn each_kind_of_damage_is_repaired() {
        type Damage = fn(&mut [u8]);
        let damage: [(&str, Damage); 6] = [
            ("a blank", |bytes| bytes.fill(0)),
            ("all ones", |bytes| bytes.fill(0xff)),
            ("a checksum", |bytes| bytes[1] ^= 1),
            ("a length of 0", |bytes| {
                bytes[2..4].fill(0);
                bytes[1] = checksum(bytes[..16].try_into().unwrap());
            }),
            ("a length beyond the end", |bytes| {
                bytes[2..4].fill(0xff);
                bytes[1] = checksum(bytes[..16].try_into().unwrap());
            }),
            ("no header at the end", |bytes| {
                bytes[0x1000..0x1010].copy_from_slice(&header(FREE, 0xeff0, FREE_NAME));
            }),
        ];
        for (what, damage) in damage {
            let mut bytes = fresh();
            damage(&mut bytes);
            assert_ne!(repair(&mut bytes), Repair::None, "{what}");
            let found = partitions(&bytes);
            assert_eq!((found[0].0, &found[0].2[..7]), (0x70, b"common\0".as_slice()), "{what}");
            assert_eq!(repair(&mut bytes), Repair::None, "{what}");
        }
    }

    #[test]
    fn a_file_ends_with_a_partition_of_its_own() {
        let file = [fresh(), identity().to_vec()].concat();
        let last = partitions(&file).pop().unwrap();
        assert_eq!(last, (0x7e, 16, b"tcevm,nvram\0".to_vec()));
    }
}
