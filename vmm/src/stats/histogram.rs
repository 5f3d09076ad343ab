// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How many calls took how long, in buckets whose ends are powers of two.

use std::time::Duration;

/// The last bucket begins at 2^39 ns, 9 minutes.
const BUCKETS: usize = 40;

/// Bucket `n` counts times from 2^n nanoseconds to just below 2^(n+1); the first has 0 too, the last
/// everything above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram([u64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram([0; BUCKETS])
    }
}

impl Histogram {
    /// Counts one.
    pub(crate) fn record(&mut self, time: Duration) {
        let bucket = time.as_nanos().checked_ilog2().unwrap_or(0) as usize;
        self.0[bucket.min(BUCKETS - 1)] += 1;
    }

    /// Adds what another one counted.
    pub(crate) fn add(&mut self, more: &Histogram) {
        self.0.iter_mut().zip(&more.0).for_each(|(count, more)| *count += more);
    }

    /// Where each bucket that is not empty begins, in nanoseconds, and what is in it.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let all = self.0.iter().enumerate().map(|(n, &count)| (1 << n, count));
        all.filter(|(_, count)| *count > 0)
    }

    /// Below which time this part of the calls is: the end of a bucket, so it may be up to twice too long.
    pub fn below(&self, part: f64) -> Duration {
        let wanted = self.0.iter().sum::<u64>() as f64 * part;
        let mut sum = 0;
        let reached = |(_, count): &(u64, u64)| {
            sum += count;
            sum as f64 >= wanted
        };
        let bucket = self.buckets().find(reached);
        Duration::from_nanos(bucket.map_or(0, |(start, _)| 2 * start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_begin_at_powers_of_two() {
        let mut times = Histogram::default();
        [0, 1, 2, 3, 4, 1023, 1024].map(Duration::from_nanos).iter().for_each(|t| times.record(*t));
        times.record(Duration::MAX);
        let buckets: Vec<_> = times.buckets().collect();
        assert_eq!(buckets, [(1, 2), (2, 2), (4, 1), (512, 1), (1024, 1), (1 << 39, 1)]);
    }

    #[test]
    fn a_part_of_the_calls_is_below_the_end_of_a_bucket() {
        let mut times = Histogram::default();
        (0..99).for_each(|_| times.record(Duration::from_nanos(100)));
        times.record(Duration::from_nanos(5000));
        assert_eq!(times.below(0.5), Duration::from_nanos(128));
        assert_eq!(times.below(0.99), Duration::from_nanos(128));
        assert_eq!(times.below(1.0), Duration::from_nanos(8192));
        assert_eq!(Histogram::default().below(0.5), Duration::ZERO);
    }
}
