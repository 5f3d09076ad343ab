// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The distribution of times: counted by `hdrhistogram`, each time to one part in 128, in memory that
//! does not grow with the calls.

use std::collections::BTreeMap;
use std::time::Duration;

/// The longest time that is distinguished, a day. Longer times count as this one.
const LONGEST: u64 = 86_400_000_000_000;
/// The number of significant decimal digits of a time.
const DIGITS: u8 = 2;

/// The nanoseconds of a time. 584 years fit.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Times with the number of their occurrences.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: hdrhistogram::Histogram<u64>,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Histogram {
        let counts = hdrhistogram::Histogram::new_with_bounds(1, LONGEST, DIGITS);
        Histogram { counts: counts.expect("constant bounds are right"), longest: Duration::ZERO }
    }
}

impl Histogram {
    /// Counts one time.
    pub(crate) fn record(&mut self, time: Duration) {
        self.counts.saturating_record(nanoseconds(time));
        self.longest = self.longest.max(time);
    }

    /// Adds the counts of another histogram.
    pub(crate) fn add(&mut self, more: &Histogram) {
        let added = self.counts.add(&more.counts);
        debug_assert!(added.is_ok(), "the bounds are the same");
        self.longest = self.longest.max(more.longest);
    }

    /// The powers of two in nanoseconds, each with the number of times from it to just below its double. The first
    /// bucket has 0, too.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let mut buckets = BTreeMap::new();
        // Times that are counted as equal share their power of two.
        for step in self.counts.iter_recorded() {
            let start = 1 << step.value_iterated_to().max(1).ilog2();
            *buckets.entry(start).or_default() += step.count_at_value();
        }
        buckets.into_iter()
    }

    /// The time that this part of the calls did not exceed. It is at most one part in 128 too long, and never longer
    /// than the longest time.
    pub fn within(&self, part: f64) -> Duration {
        Duration::from_nanos(self.counts.value_at_quantile(part)).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        times.into_iter().for_each(|time| histogram.record(Duration::from_nanos(time)));
        histogram
    }

    #[test]
    fn buckets_begin_at_powers_of_two() {
        let mut times = of([0, 1, 2, 3, 4, 1023, 1024]);
        times.record(Duration::MAX);
        let buckets: Vec<_> = times.buckets().collect();
        // A day is between 2^46 and 2^47 ns.
        assert_eq!(buckets, [(1, 2), (2, 2), (4, 1), (512, 1), (1024, 1), (1 << 46, 1)]);
        for power in 0..46 {
            let (start, end) = (1u64 << power, (2u64 << power) - 1);
            assert_eq!(of([start, end]).buckets().collect::<Vec<_>>(), [(start, 2)]);
        }
    }

    #[test]
    fn a_part_of_the_calls_is_within_a_time_that_is_never_beyond_the_longest() {
        let times = of((0..99).map(|_| 100).chain([5000]));
        let within = |part| times.within(part).as_nanos();
        assert_eq!((within(0.5), within(0.99), within(1.0)), (100, 100, 5000));
        assert_eq!(Histogram::default().within(0.5), Duration::ZERO);
        // Each part of one call is that call.
        for time in [0, 1, 129, 1_000_003, 77_777_777_777, LONGEST + 5] {
            for part in [0.0, 0.5, 0.99, 1.0] {
                let within = of([time]).within(part);
                assert!(within <= Duration::from_nanos(time), "{time} {within:?}");
                assert!(within.as_nanos() as f64 >= time as f64 * 0.992, "{time} {within:?}");
            }
        }
    }

    #[test]
    fn what_two_counted_is_what_one_would_have() {
        let (mut one, two) = (of(0..1000), of(1000..3000));
        one.add(&two);
        let all = of(0..3000);
        assert_eq!(one.buckets().collect::<Vec<_>>(), all.buckets().collect::<Vec<_>>());
        for part in [0.1, 0.5, 0.99, 1.0] {
            assert_eq!(one.within(part), all.within(part));
        }
        // Half of the times from 0 to 2999.
        let half = all.within(0.5).as_nanos();
        assert!((1499..=1511).contains(&half), "{half}");
    }
}
