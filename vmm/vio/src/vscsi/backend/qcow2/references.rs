// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The number of references from the tables of an image to each cluster of its file: 16 bits for a cluster,
//! in pages that are allocated at the first reference to one of their clusters.

use std::collections::BTreeMap;

use super::Problem;

/// Number of clusters in a page.
const PAGE: usize = 4096;

/// The most memory for pages, in bytes: enough for a file of 32 TiB in clusters of 64 KiB, written in full.
pub(super) const MOST_BYTES: usize = 1 << 30;
const MOST_PAGES: usize = MOST_BYTES / (PAGE * size_of::<u16>());

/// One entry refers to the cluster, and no other walked entry may.
const ALONE: u16 = 1 << 15;
/// With [`ALONE`]: no other reference of any kind may exist, so the count is 1.
const COPIED: u16 = 1;
/// The most shared references that are counted.
const MOST_SHARED: u16 = ALONE - 1;

/// The references to clusters.
#[derive(Debug)]
pub(super) struct References {
    pages: Vec<Box<[u16; PAGE]>>,
    /// The index of the page for a range of clusters.
    places: BTreeMap<u64, usize>,
    /// The last page that was used: neighbours in a table are mostly neighbours in the file.
    last: Option<(u64, usize)>,
    most_pages: usize,
}

/// The references to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The number of references.
    pub(super) count: u16,
    /// True if the only reference requires a count of 1.
    pub(super) copied: bool,
}

impl Default for References {
    fn default() -> References {
        References {
            pages: Vec::new(),
            places: BTreeMap::new(),
            last: None,
            most_pages: MOST_PAGES,
        }
    }
}

impl References {
    /// Adds a reference that must be the only one; `copied` means that no snapshot has one either. Errors:
    /// there is another reference.
    pub(super) fn alone(&mut self, cluster: u64, copied: bool) -> Result<(), Problem> {
        match self.entry(cluster)? {
            free @ 0 => *free = ALONE | if copied { COPIED } else { 0 },
            _ => return Err(twice(cluster)),
        }
        Ok(())
    }

    /// Adds a reference that may share the cluster with others of its kind.
    pub(super) fn shared(&mut self, cluster: u64) -> Result<(), Problem> {
        match self.entry(cluster)? {
            count @ ..MOST_SHARED => *count += 1,
            _ => return Err(twice(cluster)),
        }
        Ok(())
    }

    fn entry(&mut self, cluster: u64) -> Result<&mut u16, Problem> {
        let (number, at) = (cluster / PAGE as u64, (cluster % PAGE as u64) as usize);
        let place = match self.last {
            Some((last, place)) if last == number => place,
            _ => self.place(number)?,
        };
        self.last = Some((number, place));
        Ok(&mut self.pages[place][at])
    }

    fn place(&mut self, number: u64) -> Result<usize, Problem> {
        if let Some(place) = self.places.get(&number) {
            return Ok(*place);
        }
        let place = self.pages.len();
        if place >= self.most_pages {
            return Err(Problem::TooLarge);
        }
        self.pages.push(Box::new([0; PAGE]));
        self.places.insert(number, place);
        Ok(place)
    }

    /// The clusters that have references, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Reference)> {
        self.places.iter().flat_map(|(page, place)| {
            let counts = self.pages[*place].iter().enumerate();
            let used = counts.filter(|(_, count)| **count != 0);
            used.map(move |(at, &count)| {
                let reference = match count {
                    ALONE.. => Reference { count: 1, copied: count & COPIED != 0 },
                    count => Reference { count, copied: false },
                };
                (page * PAGE as u64 + at as u64, reference)
            })
        })
    }
}

fn twice(cluster: u64) -> Problem {
    Problem::Damaged(format!("two entries of its tables refer to cluster {cluster}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_alone_bears_no_other() {
        let mut references = References::default();
        for (cluster, copied) in [(7, true), (8, false)] {
            references.alone(cluster, copied).unwrap();
            assert!(references.alone(cluster, false).is_err());
            assert!(references.alone(cluster, true).is_err());
            assert!(references.shared(cluster).is_err());
        }
        references.shared(1 << 40).unwrap();
        references.shared(1 << 40).unwrap();
        assert!(references.alone(1 << 40, false).is_err());
        let all: Vec<_> = references.iter().collect();
        let of = |count, copied| Reference { count, copied };
        assert_eq!(all, [(7, of(1, true)), (8, of(1, false)), (1 << 40, of(2, false))]);
    }

    #[test]
    fn shared_references_are_counted_up_to_a_bound() {
        let mut references = References::default();
        for _ in 0..MOST_SHARED {
            references.shared(3).unwrap();
        }
        assert!(references.shared(3).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let mut references = References { most_pages: 2, ..References::default() };
        references.alone(5, false).unwrap();
        references.alone(PAGE as u64, false).unwrap();
        let beyond = references.alone(2 * PAGE as u64, false);
        assert!(matches!(beyond, Err(Problem::TooLarge)));
    }
}
