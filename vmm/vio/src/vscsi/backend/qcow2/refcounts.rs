// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A refcount block: the reference counts of a row of clusters, 1 to 64 bits each.

/// The counts of one block, in the file's encoding.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) bytes: Vec<u8>,
    /// A count has 1 << this many bits.
    order: u32,
}

impl Counts {
    pub(super) fn new(bytes: Vec<u8>, order: u32) -> Counts {
        Counts { bytes, order }
    }

    /// The largest count.
    pub(super) fn most(&self) -> u64 {
        u64::MAX >> (64 - (1 << self.order))
    }

    pub(super) fn get(&self, index: usize) -> u64 {
        match self.order {
            ..3 => {
                let (at, shift) = self.place(index);
                u64::from(self.bytes[at]) >> shift & self.most()
            }
            _ => self.bytes[self.range(index)].iter().fold(0, |n, &byte| n << 8 | u64::from(byte)),
        }
    }

    /// Sets a count, which is at most [`most`](Self::most).
    pub(super) fn set(&mut self, index: usize, count: u64) {
        match self.order {
            ..3 => {
                let (at, shift) = self.place(index);
                // The count is shorter than a byte.
                let (mask, count) = ((self.most() as u8) << shift, (count as u8) << shift);
                self.bytes[at] = self.bytes[at] & !mask | count;
            }
            _ => {
                let range = self.range(index);
                let bytes = count.to_be_bytes();
                let len = range.len();
                self.bytes[range].copy_from_slice(&bytes[bytes.len() - len..]);
            }
        }
    }

    /// The byte of a short count, and the shift of the count in it. The first count is at the least bit.
    fn place(&self, index: usize) -> (usize, usize) {
        (index >> (3 - self.order), (index << self.order) % 8)
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        let len = 1 << (self.order - 3);
        index * len..(index + 1) * len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // QEMU: docs/interop/qcow2.txt, "Refcount blocks": counts are big-endian, and counts shorter than a byte
    // begin at its least bit.
    #[test]
    fn counts_of_every_width_are_where_the_format_has_them() {
        let bytes = vec![0b1101_0010, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0];
        let get = |order, index| Counts::new(bytes.clone(), order).get(index);
        assert_eq!([0, 1, 2, 3, 4].map(|index| get(0, index)), [0, 1, 0, 0, 1]);
        assert_eq!([0, 1, 2, 3].map(|index| get(1, index)), [2, 0, 1, 3]);
        assert_eq!([0, 1].map(|index| get(2, index)), [2, 13]);
        assert_eq!(get(3, 1), 0x34);
        assert_eq!(get(4, 1), 0x5678);
        assert_eq!(get(5, 1), 0x9abc_def0);
        assert_eq!(get(6, 0), 0xd234_5678_9abc_def0);
    }

    #[test]
    fn a_count_that_is_set_changes_no_other() {
        for order in 0..=6 {
            let mut counts = Counts::new(vec![0xff; 64], order);
            let (len, most) = (512 >> order, counts.most());
            counts.set(5, 0);
            assert_eq!(counts.get(5), 0);
            assert!((0..len).filter(|&n| n != 5).all(|n| counts.get(n) == most), "{order}");
            counts.set(5, 1);
            assert_eq!(counts.get(5), 1);
        }
    }
}
