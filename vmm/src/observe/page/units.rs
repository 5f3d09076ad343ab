// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Numbers as people read them, and round numbers for the axes.

use std::fmt::Write;

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Things, by name.
    Count(&'static str),
    /// Things a second, by name.
    Rate(&'static str),
    /// Bytes a second.
    Bytes,
    /// A share of the CPUs' time, in percent.
    Percent,
}

impl Unit {
    /// The name of the axis.
    pub(super) fn axis(self) -> String {
        match self {
            Unit::Count(what) => what.into(),
            Unit::Rate(what) => format!("{what} a second"),
            Unit::Bytes => "bytes a second".into(),
            Unit::Percent => "% of the time of the vCPUs".into(),
        }
    }

    /// A value with its unit.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            _ if value == 0.0 => "0".into(),
            Unit::Count(_) => scaled(value, 1000.0, &["", "k", "M", "G", "T"]),
            Unit::Rate(_) => scaled(value, 1000.0, &["/s", "k/s", "M/s", "G/s", "T/s"]),
            Unit::Bytes => scaled(value, 1024.0, &[" B/s", " KiB/s", " MiB/s", " GiB/s"]),
            Unit::Percent => format!("{} %", digits(value)),
        }
    }

    /// The name of the format that the script shows it in.
    pub(super) fn format(self) -> &'static str {
        match self {
            Unit::Count(_) => "count",
            Unit::Rate(_) => "rate",
            Unit::Bytes => "bytes",
            Unit::Percent => "percent",
        }
    }

    /// Round values for an axis, from 0 up to at least `most`. There are 2 to 6 of them.
    pub(super) fn ticks(self, most: f64) -> Vec<f64> {
        let base = if self == Unit::Bytes { 1024.0 } else { 1000.0 };
        match self {
            Unit::Percent => vec![0.0, 25.0, 50.0, 75.0, 100.0],
            _ => ticks(most, base),
        }
    }
}

fn ticks(most: f64, base: f64) -> Vec<f64> {
    let most = if most > 0.0 { most } else { 1.0 };
    // Powers of the base come first, so that a step is round in the unit that is shown.
    let power = (most.ln() / base.ln()).floor().max(0.0);
    let unit = base.powf(power);
    let step = round_step(most / unit / 4.0) * unit;
    let count = (most / step).ceil().max(1.0);
    (0..=count as u32).map(|n| f64::from(n) * step).collect()
}

/// The next larger number that is 1, 2 or 5 times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|n| n * power >= least * 0.999);
    step.unwrap_or(10.0) * power
}

/// Three significant digits, without trailing zeros behind the point.
pub(super) fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

fn scaled(value: f64, base: f64, names: &[&str]) -> String {
    let (mut value, mut at) = (value, 0);
    while value >= base * 0.9995 && at + 1 < names.len() {
        (value, at) = (value / base, at + 1);
    }
    format!("{}{}", digits(value), names[at])
}

/// Nanoseconds in a suitable unit.
pub(super) fn time(nanoseconds: f64) -> String {
    let (unit, name) = time_unit(nanoseconds);
    format!("{} {name}", digits(nanoseconds / unit))
}

/// The unit for times up to this one: its nanoseconds, and its name.
pub(super) fn time_unit(nanoseconds: f64) -> (f64, &'static str) {
    match nanoseconds {
        n if n < 999.5 => (1.0, "ns"),
        n if n < 999.5e3 => (1e3, "µs"),
        n if n < 999.5e6 => (1e6, "ms"),
        _ => (1e9, "s"),
    }
}

/// The least distance of a label from the ends of the axis and from other labels, as a part of the axis.
const ROOM: f64 = 0.16;

/// The labels of an axis. Those between the ends have their places as a part of the axis, and
/// are left out where they have no room. Narrow pages show every other one of them.
pub(super) fn axis(
    first: &str,
    between: impl Iterator<Item = (f64, String)>,
    last: &str,
) -> String {
    let mut out = format!("<span class=\"first\">{first}</span>");
    let (mut before, mut shown) = (0.0, 0);
    for (at, label) in between {
        if at - before >= ROOM && at <= 1.0 - ROOM {
            let class = if shown % 2 == 1 { " class=\"odd\"" } else { "" };
            // Writing to a string does not fail.
            let _ = write!(out, "<span{class} style=\"left:{:.2}%\">{label}</span>", 100.0 * at);
            (before, shown) = (at, shown + 1);
        }
    }
    out + &format!("<span class=\"last\">{last}</span>")
}

/// A whole number with its thousands apart.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_reach_the_top() {
        assert_eq!(ticks(0.0, 1000.0), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(7.0, 1000.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(ticks(100.0, 1000.0), [0.0, 50.0, 100.0]);
        assert_eq!(ticks(1500.0, 1000.0), [0.0, 500.0, 1000.0, 1500.0]);
        assert_eq!(ticks(3.0 * 1024.0, 1024.0), [0.0, 1024.0, 2048.0, 3072.0]);
        for most in [1e-9, 0.3, 1.0, 9.99, 12345.0, 1e12, 1e18] {
            let ticks = ticks(most, 1000.0);
            assert!((2..=6).contains(&ticks.len()), "{most}: {ticks:?}");
            assert!(*ticks.last().expect("one") >= most * 0.999, "{most}: {ticks:?}");
        }
    }

    #[test]
    fn an_axis_has_labels_at_both_ends_and_none_that_overlap() {
        let between = [0.01, 0.2, 0.3, 0.4, 0.6, 0.9].map(|at| (at, format!("{at}")));
        let axis = axis("0 s", between.into_iter(), "3.7 s");
        let expected = "<span class=\"first\">0 s</span><span style=\"left:20.00%\">0.2</span>\
                        <span class=\"odd\" style=\"left:40.00%\">0.4</span>\
                        <span style=\"left:60.00%\">0.6</span><span class=\"last\">3.7 s</span>";
        assert_eq!(axis, expected);
    }

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        assert_eq!(Unit::Rate("calls").show(1234.0), "1.23k/s");
        assert_eq!(Unit::Bytes.show(1536.0), "1.5 KiB/s");
        assert_eq!(Unit::Count("entries").show(999.9), "1k");
        assert_eq!(time(1_234_567.0), "1.23 ms");
        assert_eq!(time(0.0), "0 ns");
        assert_eq!(whole(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(whole(12), "12");
    }
}
