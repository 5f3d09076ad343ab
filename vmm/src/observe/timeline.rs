// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Numbers over time, in memory that does not grow with the run. There are at most 512 buckets. Whenever the run
//! outgrows them, each pair of buckets becomes one of twice the width.

use std::ops::Range;

use iommu::Liobn;

/// The largest number of buckets. It is even, so that pairs become one.
const MOST: usize = 512;
/// log2 of the first width in nanoseconds: 16 us.
const FIRST_SHIFT: u32 = 14;

/// The quantities that are counted. A new one is a variant here, one call of [`Timeline::add`] where it happens, and
/// a row of [`PLOTS`](super::page::PLOTS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Hypercalls, by name.
    Calls,
    /// TCE hypercalls, by the tier that answered.
    Tiers,
    /// Nanoseconds of vCPUs, by their state.
    Time,
    /// Pages, by the action on them.
    Pages,
    /// Entries that became live, were replaced or cleared.
    Entries,
    /// Entries that are live, by window: a level, not a count.
    Live,
    /// The most that were live at once, by window.
    Peak,
    /// Bytes that a device read.
    Read,
    /// Bytes that a device wrote.
    Written,
    /// Accesses that were refused, by device.
    Faults,
    /// Interrupts, by device.
    Interrupts,
}

/// The way in which the values of a bucket become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Values add up.
    Count,
    /// The last value holds until the next one is recorded.
    Level,
    /// The highest value is kept.
    Highest,
}

impl What {
    /// The way in which its values become one.
    pub fn kind(self) -> Kind {
        match self {
            What::Live => Kind::Level,
            What::Peak => Kind::Highest,
            _ => Kind::Count,
        }
    }
}

impl Kind {
    /// The one value for a value and a later one.
    fn join(self, first: u64, second: u64) -> u64 {
        match self {
            Kind::Count => first.saturating_add(second),
            Kind::Level if second == UNKNOWN => first,
            Kind::Level => second,
            Kind::Highest => first.max(second),
        }
    }

    /// The value of a bucket in which nothing was recorded.
    fn nothing(self) -> u64 {
        if self == Kind::Level { UNKNOWN } else { 0 }
    }
}

/// The subject of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A thing with a name.
    Name(&'static str),
    /// A window or its device.
    Window(Liobn),
}

/// One line of a plot.
#[derive(Clone, Debug)]
pub struct Series {
    /// The quantity that the series counts.
    pub what: What,
    /// The window, device or kind of call that it is about.
    pub of: Of,
    /// A value for each bucket up to the last that has one. A level is [`UNKNOWN`] in a bucket in which it
    /// was not recorded.
    pub values: Vec<u64>,
}

/// The value of an unknown level.
pub const UNKNOWN: u64 = u64::MAX;

/// The series. They share their buckets. Times are nanoseconds of the run.
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

    /// All series, in the order of their first values.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// Records a value. A count adds to its bucket; a level holds from this time on.
    pub fn add(&mut self, what: What, of: Of, at: u64, more: u64) {
        let value = self.value(what, of, at);
        *value = what.kind().join(*value, more);
    }

    /// Adds a span of time to each bucket that it touches.
    pub fn span(&mut self, what: What, of: Of, from: u64, to: u64) {
        self.share(what, of, from..to, to.saturating_sub(from));
    }

    /// Spreads a number evenly over a span of time.
    pub fn share(&mut self, what: What, of: Of, span: Range<u64>, number: u64) {
        if span.is_empty() || number == 0 {
            return;
        }
        self.fit(span.end);
        let (mut from, mut left) = (span.start, number);
        while from < span.end {
            let to = (from | (self.width() - 1)).saturating_add(1).min(span.end);
            let part = u128::from(left) * u128::from(to - from) / u128::from(span.end - from);
            let here = u64::try_from(part).unwrap_or(left); // it is not more than what is left
            self.add(what, of, from, here);
            (from, left) = (to, left - here);
        }
    }

    /// Takes one series out of others that were recorded over the same time, in each bucket at most as much as the
    /// others have. Afterwards all of them together have the sum that the others had.
    pub fn carve(&mut self, what: What, part: Of, others: &[Of]) {
        let all = &mut self.series;
        let at = |of: &Of, all: &[Series]| all.iter().position(|s| (s.what, s.of) == (what, *of));
        let Some(part) = at(&part, all) else { return };
        let others: Vec<_> = others.iter().filter_map(|of| at(of, all)).collect();
        for bucket in 0..all[part].values.len() {
            let value = |n: usize, all: &[Series]| all[n].values.get(bucket).copied().unwrap_or(0);
            let mut left: u64 = others.iter().map(|&n| value(n, all)).sum();
            let mut taken = value(part, all).min(left);
            all[part].values[bucket] = taken;
            for &other in &others {
                let has = value(other, all);
                if has == 0 {
                    continue;
                }
                // Each gives in proportion. The last one gives the rest, so that sums stay.
                let share = u128::from(taken) * u128::from(has) / u128::from(left);
                let share = u64::try_from(share).unwrap_or(has).min(has);
                all[other].values[bucket] = has - share;
                (left, taken) = (left - has, taken - share);
            }
        }
    }

    /// Adds another timeline: its counts are added, and its known levels replace those here.
    pub fn merge(&mut self, other: &Timeline) {
        let mut other = other.clone();
        let shift = self.shift.max(other.shift);
        self.widen_to(shift);
        other.widen_to(shift);
        for more in &other.series {
            for (bucket, &value) in (0..).zip(&more.values) {
                self.add(more.what, more.of, bucket << shift, value);
            }
        }
    }

    /// Widens the buckets until a run that ended at `end` has at most `most` of them.
    pub fn squeeze(&mut self, end: u64, most: usize) {
        while end >> self.shift >= most as u64 {
            self.widen();
        }
    }

    /// The place of a value, created if it does not exist.
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
            values.resize(bucket + 1, what.kind().nothing());
        }
        &mut values[bucket]
    }

    /// Widens the buckets until there is one for this time.
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
            let kind = what.kind();
            let pair =
                |pair: &[u64]| pair.iter().fold(kind.nothing(), |one, &two| kind.join(one, two));
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
            timeline.add(LIVE.0, LIVE.1, bucket * width, level);
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
        let mut thin = Timeline::default();
        thin.share(CALLS.0, CALLS.1, 0..3 * width, 10);
        assert_eq!(values(&thin, CALLS), [3, 3, 4]);
    }

    #[test]
    fn timelines_of_different_widths_are_merged() {
        let (mut long, mut short) = (Timeline::default(), Timeline::default());
        long.add(CALLS.0, CALLS.1, 1 << 40, 1);
        long.add(LIVE.0, LIVE.1, 0, 9);
        short.add(CALLS.0, CALLS.1, 5, 2);
        short.add(LIVE.0, LIVE.1, 5, 7);
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
    fn the_highest_of_a_bucket_is_the_highest_of_its_parts() {
        let (what, of) = (What::Peak, LIVE.1);
        let mut timeline = Timeline::default();
        let width = timeline.width();
        for (bucket, live) in [(0, 5), (0, 3), (1, 9), (2, 4), (3, 0)] {
            timeline.add(what, of, bucket * width, live);
        }
        assert_eq!(values(&timeline, (what, of)), [5, 9, 4, 0]);
        let mut other = Timeline::default();
        other.add(what, of, 0, 7);
        timeline.merge(&other);
        assert_eq!(values(&timeline, (what, of)), [7, 9, 4, 0]);
        timeline.widen();
        assert_eq!(values(&timeline, (what, of)), [9, 4]);
    }

    #[test]
    fn what_is_taken_out_of_others_leaves_their_sum() {
        let (guest, calls, host) = (Of::Name("guest"), Of::Name("calls"), Of::Name("host"));
        let mut timeline = Timeline::default();
        let width = timeline.width();
        for (of, bucket, time) in [
            (guest, 0, 600),
            (calls, 0, 301),
            (host, 0, 100),
            (guest, 1, 10),
            (host, 1, 50),
            (host, 2, 5),
        ] {
            timeline.add(What::Time, of, bucket * width, time);
        }
        timeline.carve(What::Time, host, &[guest, calls, Of::Name("nobody")]);
        // 100 of 901 are taken, two thirds of them from the series that has two thirds.
        assert_eq!(values(&timeline, (What::Time, guest)), [534, 0]);
        assert_eq!(values(&timeline, (What::Time, calls)), [267]);
        assert_eq!(values(&timeline, (What::Time, host)), [100, 10, 0]);
    }

    #[test]
    fn the_end_of_time_has_a_bucket() {
        let mut timeline = Timeline::default();
        timeline.add(CALLS.0, CALLS.1, u64::MAX, 1);
        timeline.span(CALLS.0, CALLS.1, u64::MAX - 5, u64::MAX);
        assert_eq!(values(&timeline, CALLS).iter().sum::<u64>(), 6);
    }
}
