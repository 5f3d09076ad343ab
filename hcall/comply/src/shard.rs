// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A share of the work for one of several machines.

use std::fmt;
use std::str::FromStr;

/// The most shards.
const MOST: u64 = 4096;

/// One of several shares. Equal numbers give equal shares everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    number: u64,
    of: u64,
}

impl Shard {
    /// Its number, from 1.
    pub fn number(self) -> u64 {
        self.number
    }

    /// The number of shards.
    pub fn of(self) -> u64 {
        self.of
    }

    /// True if an element of a list belongs to this shard, by its index.
    pub fn has(self, index: usize) -> bool {
        index as u64 % self.of == self.number - 1
    }

    /// The number of calls that this shard plays of a number for all.
    pub fn share(self, calls: u64) -> u64 {
        calls / self.of + u64::from(self.number <= calls % self.of)
    }

    /// The seed of its calls.
    pub fn seed(self, seed: u64) -> u64 {
        seed.wrapping_add((self.number - 1) << 32)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let numbers = text.split_once('/').and_then(|(number, of)| {
            Some(Shard { number: number.parse().ok()?, of: of.parse().ok()? })
        });
        let fits = |shard: &Shard| (1..=shard.of).contains(&shard.number) && shard.of <= MOST;
        numbers.filter(fits).ok_or_else(|| format!("write K/N with K from 1 to N, N up to {MOST}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_of_a_list_are_the_list() {
        for of in [1, 2, 3, 7] {
            let shards = (1..=of).map(|n| format!("{n}/{of}").parse::<Shard>().expect("a shard"));
            let shards: Vec<_> = shards.collect();
            for index in 0..50 {
                assert_eq!(shards.iter().filter(|shard| shard.has(index)).count(), 1, "{index}");
            }
            assert_eq!(shards.iter().map(|shard| shard.share(1000)).sum::<u64>(), 1000);
            let mut seeds: Vec<_> = shards.iter().map(|shard| shard.seed(7)).collect();
            seeds.dedup();
            assert_eq!(seeds.len() as u64, of);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "-1/2", "1/2/3", "1/5000", "a/b"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
