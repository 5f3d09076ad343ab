// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Numbers over time, in memory that does not grow with the run: there are at most 512 buckets, and
//! whenever the run outgrows them pairs of them become one of twice the width.

use iommu::Liobn;

/// Most buckets. Even, so that pairs become one.
const MOST: usize = 512;
/// log2 of the first width in nanoseconds: 16 us.
const FIRST_SHIFT: u32 = 14;

/// What is counted. A new one is a variant here, one call of [`Timeline::add`] where it happens, and a row
/// of [`PLOTS`](super::page::PLOTS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Hypercalls, by name.
    Calls,
    /// TCE hypercalls, by the tier that answered.
    Tiers,
    /// Nanoseconds of vCPUs, by what they did.
    Time,
    /// Pages, by what was done to them.
    Pages,
    /// Entries that became live, were replaced or cleared.
    Entries,
    /// Entries that are live, by window: a level, not a count.
    Live,
    /// Bytes that a device read.
    Read,
    /// Bytes that a device wrote.
    Written,
    /// Accesses that were refused, by device.
    Faults,
    /// Interrupts, by device.
    Interrupts,
}

impl What {
    /// True for a level that holds until the next one is noted; false for what adds up.
    pub fn is_level(self) -> bool {
        self == What::Live
    }
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// What has a name.
    Name(&'static str),
    /// A window or its device.
    Window(Liobn),
}

/// One line of a plot.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it counts.
    pub what: What,
    /// Whose.
    pub of: Of,
    /// A value for each bucket up to the last that has one. Nothing is noted yet of a level where it is
    /// [`UNKNOWN`].
    pub values: Vec<u64>,
}

/// No level is known.
pub const UNKNOWN: u64 = u64::MAX;

/// The series, which have their buckets in common. Times are nanoseconds of the run.
#[derive(Clone, Debug)]
pub struct Timeline {
    shift: u32,
    series: Vec<Series>,
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline { shift: FIRST_SHIFT, series: Vec::new() }
    }
}

impl Timeline {
    /// The width of a bucket in nanoseconds.
    pub fn width(&self) -> u64 {
        1 << self.shift
    }

    /// All series, in the order in which they first came up.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Adds to what happened at a time.
    pub fn add(&mut self, what: What, of: Of, at: u64, more: u64) {
        let value = self.value(what, of, at);
        *value = value.saturating_add(more);
    }

    /// Notes a level.
    pub fn set(&mut self, what: What, of: Of, at: u64, level: u64) {
        *self.value(what, of, at) = level;
    }

    /// Adds a span of time to each bucket that it touches.
    pub fn span(&mut self, what: What, of: Of, from: u64, to: u64) {
        self.fit(to);
        let mut from = from;
        while from < to {
            let here = (from | (self.width() - 1)).saturating_add(1).min(to);
            self.add(what, of, from, here - from);
            from = here;
        }
    }

    /// Adds what another timeline has: counts are added, a level is the other's where it has one.
    pub fn merge(&mut self, other: &Timeline) {
        let mut other = other.clone();
        let shift = self.shift.max(other.shift);
        self.widen_to(shift);
        other.widen_to(shift);
        for more in &other.series {
            for (bucket, &value) in (0..).zip(&more.values) {
                let at = bucket << shift;
                match more.what.is_level() {
                    true if value == UNKNOWN => {}
                    true => self.set(more.what, more.of, at, value),
                    false => self.add(more.what, more.of, at, value),
                }
            }
        }
    }

    /// Makes at most so many buckets of a run that ended at `end`.
    pub fn squeeze(&mut self, end: u64, most: usize) {
        while end >> self.shift >= most as u64 {
            self.widen();
        }
    }

    /// The place of a value, which is made.
    fn value(&mut self, what: What, of: Of, at: u64) -> &mut u64 {
        self.fit(at);
        let known = self.series.iter().position(|series| (series.what, series.of) == (what, of));
        let index = known.unwrap_or_else(|| {
            self.series.push(Series { what, of, values: Vec::new() });
            self.series.len() - 1
        });
        let values = &mut self.series[index].values;
        let bucket = (at >> self.shift) as usize; // less than MOST
        if bucket >= values.len() {
            values.resize(bucket + 1, if what.is_level() { UNKNOWN } else { 0 });
        }
        &mut values[bucket]
    }

    /// Makes the buckets so wide that there is one for this time.
    fn fit(&mut self, at: u64) {
        while at >> self.shift >= MOST as u64 {
            self.widen();
        }
    }

    fn widen_to(&mut self, shift: u32) {
        while self.shift < shift {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.shift += 1;
        for Series { what, values, .. } in &mut self.series {
            let pair = |pair: &[u64]| match (what.is_level(), pair) {
                (true, [first, UNKNOWN]) => *first,
                (true, [.., last]) => *last,
                (_, pair) => pair.iter().fold(0, |sum: u64, &more| sum.saturating_add(more)),
            };
            *values = values.chunks(2).map(pair).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: (What, Of) = (What::Calls, Of::Name("a"));
    const LIVE: (What, Of) = (What::Live, Of::Window(Liobn(1)));

    fn values(timeline: &Timeline, (what, of): (What, Of)) -> &[u64] {
        let all = &timeline.series;
        &all.iter().find(|series| (series.what, series.of) == (what, of)).expect("there").values
    }

    #[test]
    fn a_long_run_has_the_same_sums_in_as_many_buckets() {
        let mut timeline = Timeline::default();
        for n in 0..100_000u64 {
            timeline.add(CALLS.0, CALLS.1, n * 1_000_000, 1);
        }
        let values = values(&timeline, CALLS);
        assert!((MOST / 2..=MOST).contains(&values.len()), "{}", values.len());
        assert_eq!(values.iter().sum::<u64>(), 100_000);
        let most = timeline.width().div_ceil(1_000_000);
        assert!(values.iter().rev().skip(1).all(|&n| n.abs_diff(most) <= 1), "{values:?}");
    }

    #[test]
    fn a_level_holds_the_last_value_of_a_bucket() {
        let mut timeline = Timeline::default();
        let width = timeline.width();
        for (bucket, level) in [(0, 5), (1, 3), (2, 4), (5, 0)] {
            timeline.set(LIVE.0, LIVE.1, bucket * width, level);
        }
        assert_eq!(values(&timeline, LIVE), [5, 3, 4, UNKNOWN, UNKNOWN, 0]);
        timeline.widen();
        assert_eq!(values(&timeline, LIVE), [3, 4, 0]);
    }

    #[test]
    fn a_span_is_shared_out_to_the_nanosecond() {
        let mut timeline = Timeline::default();
        let width = timeline.width();
        timeline.span(CALLS.0, CALLS.1, width / 2, 3 * width + 1);
        assert_eq!(values(&timeline, CALLS), [width / 2, width, width, 1]);
        timeline.span(CALLS.0, CALLS.1, 7, 7);
        assert_eq!(values(&timeline, CALLS)[0], width / 2);
    }

    #[test]
    fn timelines_of_different_widths_are_merged() {
        let (mut long, mut short) = (Timeline::default(), Timeline::default());
        long.add(CALLS.0, CALLS.1, 1 << 40, 1);
        long.set(LIVE.0, LIVE.1, 0, 9);
        short.add(CALLS.0, CALLS.1, 5, 2);
        short.set(LIVE.0, LIVE.1, 5, 7);
        let width = long.width();
        for (mut one, other) in [(long.clone(), &short), (short.clone(), &long)] {
            one.merge(other);
            assert_eq!(one.width(), width);
            let calls = values(&one, CALLS);
            assert_eq!((calls[0], calls.iter().sum::<u64>()), (2, 3));
        }
        long.merge(&short);
        assert_eq!(values(&long, LIVE), [7]);
        long.squeeze(1 << 40, 2);
        assert_eq!(values(&long, CALLS), [2, 1]);
    }

    #[test]
    fn the_end_of_time_has_a_bucket() {
        let mut timeline = Timeline::default();
        timeline.add(CALLS.0, CALLS.1, u64::MAX, 1);
        timeline.span(CALLS.0, CALLS.1, u64::MAX - 5, u64::MAX);
        assert_eq!(values(&timeline, CALLS).iter().sum::<u64>(), 6);
    }
}
