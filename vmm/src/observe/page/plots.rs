// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The plots over time. A plot is a row of [`PLOTS`].

use std::cmp::Reverse;

use iommu::Liobn;
use serde_json::{Map, Value};

use super::chart::{Chart, Line, MOST_LINES};
use super::units::{Unit, whole};
use super::{Run, section as heading};
use crate::memory::in_units;
use crate::observe::timeline::{Of, Series, UNKNOWN, What};

/// Most buckets of a plot: more is finer than a page is wide.
const MOST_BUCKETS: usize = 256;

/// A plot.
pub struct Plot {
    id: &'static str,
    title: &'static str,
    says: &'static str,
    /// What it shows.
    what: What,
    unit: Unit,
}

/// All plots, in the order in which they are on the page. One that has nothing to show is left out.
pub const PLOTS: &[Plot] = &[
    Plot {
        id: "calls",
        title: "Hypercalls by kind",
        says: "How many a second the guest made.",
        what: What::Calls,
        unit: Unit::Rate("calls"),
    },
    Plot {
        id: "tiers",
        title: "TCE hypercalls by tier",
        says: "The tier that answered: what is too hard for one goes on outwards.",
        what: What::Tiers,
        unit: Unit::Rate("calls"),
    },
    Plot {
        id: "time",
        title: "What the vCPUs did",
        says: "Guest code, hypercalls, and waiting for an interrupt (H_CEDE). The rest was not started.",
        what: What::Time,
        unit: Unit::Percent,
    },
    Plot {
        id: "live",
        title: "Live entries",
        says: "Entries that map a page, by window; looked at once in each step.",
        what: What::Live,
        unit: Unit::Count("entries"),
    },
    Plot {
        id: "entries",
        title: "Entries changed",
        says: "Clear entries mapped, live ones replaced (the exchange), live ones cleared.",
        what: What::Entries,
        unit: Unit::Rate("entries"),
    },
    Plot {
        id: "pages",
        title: "Pages pinned, released and dirtied",
        says: "By the hardware tables of windows; a window of which there is only the view pins nothing.",
        what: What::Pages,
        unit: Unit::Rate("pages"),
    },
    Plot {
        id: "dma-read",
        title: "DMA: read by devices",
        says: "Bytes that devices read from guest memory.",
        what: What::Read,
        unit: Unit::Bytes,
    },
    Plot {
        id: "dma-written",
        title: "DMA: written by devices",
        says: "Bytes that devices wrote to guest memory.",
        what: What::Written,
        unit: Unit::Bytes,
    },
    Plot {
        id: "interrupts",
        title: "Interrupts",
        says: "Signalled by devices.",
        what: What::Interrupts,
        unit: Unit::Rate("interrupts"),
    },
    Plot {
        id: "faults",
        title: "DMA faults",
        says: "Accesses that no entry allowed.",
        what: What::Faults,
        unit: Unit::Rate("faults"),
    },
];

/// All of them.
pub(super) fn section(run: &Run<'_>) -> String {
    let plots: String = charts(run).iter().map(Chart::html).collect();
    if plots.is_empty() {
        return String::new();
    }
    heading("plots", "Over time", &format!("<div class=\"plots\">{plots}</div>\n"))
}

/// Their values.
pub(super) fn data(run: &Run<'_>) -> Map<String, Value> {
    charts(run).iter().map(|chart| (chart.id.to_owned(), chart.data())).collect()
}

fn charts(run: &Run<'_>) -> Vec<Chart> {
    PLOTS.iter().filter_map(|plot| chart(run, plot)).collect()
}

fn chart(run: &Run<'_>, plot: &Plot) -> Option<Chart> {
    let mut timeline = run.seen.timeline.clone();
    timeline.squeeze(run.seen.end, MOST_BUCKETS);
    let (width, end) = (timeline.width(), run.seen.end);
    let count = end.div_ceil(width).max(1) as usize;
    let series = timeline.series().iter().filter(|series| series.what == plot.what);
    let mut lines: Vec<_> = series.map(|series| (total(series), series)).collect();
    lines.retain(|(total, _)| *total > 0);
    // Names by what they count for; a window has the same place, and colour, in each plot.
    lines.sort_by_key(|(total, series)| match series.of {
        Of::Name(_) => (Liobn(0), Reverse(*total)),
        Of::Window(liobn) => (liobn, Reverse(0)),
    });
    if lines.is_empty() {
        return None;
    }
    let to_values = |series: &Series| -> Vec<f64> {
        let mut held = 0.0;
        let bucket = |n: usize| {
            let value = series.values.get(n).copied();
            // What was noted in the very last moment may lie behind the end of it.
            let late = if n + 1 == count { series.values.get(count..) } else { None };
            let late = late.into_iter().flatten();
            let covered = width.min(end.saturating_sub(n as u64 * width)).max(1) as f64;
            match (plot.unit, value.filter(|value| *value != UNKNOWN)) {
                (Unit::Count(_), Some(level)) => held = level as f64,
                (Unit::Count(_), None) => {}
                (unit, value) => {
                    let sum = value.unwrap_or(0) as f64 + late.map(|&v| v as f64).sum::<f64>();
                    held = match unit {
                        Unit::Percent => 100.0 * (sum / covered / f64::from(run.args.smp)).min(1.0),
                        _ => sum / covered * 1e9,
                    };
                }
            }
            (held * 1000.0).round() / 1000.0
        };
        (0..count).map(bucket).collect()
    };
    let named = |(total, series): &(u64, &Series)| Line {
        name: name(run, series),
        values: to_values(series),
        sum: sum(run, plot, *total, series),
    };
    let stacked = !matches!(plot.unit, Unit::Count(_));
    let mut shown: Vec<_> = lines.iter().take(MOST_LINES).map(named).collect();
    if lines.len() > MOST_LINES {
        let rest = &lines[MOST_LINES..];
        let mut values = vec![0.0; count];
        for (_, series) in rest {
            values.iter_mut().zip(to_values(series)).for_each(|(sum, more)| *sum += more);
        }
        let all = rest.iter().map(|(total, _)| total).sum();
        let sum = if stacked { sum(run, plot, all, rest[0].1) } else { String::new() };
        shown.push(Line { name: format!("{} others", rest.len()), values, sum });
    }
    let Plot { id, title, says, unit, .. } = *plot;
    Some(Chart { id, title, says, unit, stacked, width, end, lines: shown })
}

/// The sum, or of a level the highest.
fn total(series: &Series) -> u64 {
    let known = series.values.iter().copied().filter(|value| *value != UNKNOWN);
    if series.what.is_level() {
        known.max().unwrap_or(0)
    } else {
        known.fold(0, u64::saturating_add)
    }
}

fn name(run: &Run<'_>, series: &Series) -> String {
    match series.of {
        Of::Name(name) => name.into(),
        Of::Window(liobn) => run.window_name(liobn),
    }
}

/// What the legend says of a line.
fn sum(run: &Run<'_>, plot: &Plot, total: u64, series: &Series) -> String {
    match plot.unit {
        Unit::Bytes => in_units(total),
        Unit::Percent => {
            let all = run.seen.end.max(1) as f64 * f64::from(run.args.smp);
            Unit::Percent.show(100.0 * total as f64 / all)
        }
        Unit::Count(_) if series.what.is_level() => format!("at most {}", whole(total)),
        _ => whole(total),
    }
}
