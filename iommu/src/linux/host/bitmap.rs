// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The entries of a pool that are in use.

/// A bit for each entry of a pool, which begins at some entry of the table.
#[derive(Debug)]
pub(super) struct Bitmap {
    start: u64,
    len: u64,
    words: Box<[u64]>,
}

impl Bitmap {
    /// Entries `start..end`, none in use.
    pub(super) fn new(start: u64, end: u64) -> Bitmap {
        let len = end - start;
        let words = vec![0; usize::try_from(len.div_ceil(64)).unwrap_or(usize::MAX)];
        Bitmap { start, len, words: words.into_boxed_slice() }
    }

    pub(super) fn end(&self) -> u64 {
        self.start + self.len
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    pub(super) fn has(&self, entry: u64) -> bool {
        (self.start..self.end()).contains(&entry)
    }

    pub(super) fn is_set(&self, entry: u64) -> bool {
        let (word, bit) = self.at(entry);
        self.words[word] & bit != 0
    }

    pub(super) fn set(&mut self, entry: u64, used: bool) {
        let (word, bit) = self.at(entry);
        if used {
            self.words[word] |= bit;
        } else {
            self.words[word] &= !bit;
        }
    }

    pub(super) fn set_all(&mut self, used: bool) {
        self.words.fill(if used { u64::MAX } else { 0 });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// The first `count` entries in a row at or after `from` that are not in use and of which the
    /// first is a multiple of `align`, a power of two.
    ///
    /// Linux: `iommu_area_alloc`.
    pub(super) fn find(&self, from: u64, count: u64, align: u64) -> Option<u64> {
        let mut first = from.max(self.start).checked_next_multiple_of(align)?;
        loop {
            let end = first.checked_add(count).filter(|&end| end <= self.end())?;
            match (first..end).rev().find(|&entry| self.is_set(entry)) {
                None => return Some(first),
                Some(used) => first = (used + 1).checked_next_multiple_of(align)?,
            }
        }
    }

    fn at(&self, entry: u64) -> (usize, u64) {
        let bit = entry - self.start;
        ((bit / 64) as usize, 1 << (bit % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_found_where_it_is_long_enough_and_aligned() {
        let mut map = Bitmap::new(100, 200);
        map.set(103, true);
        assert_eq!(map.find(100, 3, 1), Some(100));
        assert_eq!(map.find(100, 4, 1), Some(104));
        assert_eq!(map.find(100, 4, 8), Some(104));
        assert_eq!(map.find(105, 4, 8), Some(112));
        assert_eq!(map.find(100, 96, 1), Some(104));
        assert_eq!(map.find(100, 97, 1), None);
        assert_eq!(map.find(u64::MAX, 1, 8), None);
    }
}
