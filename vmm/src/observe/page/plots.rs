// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The plots over time. A plot is a row of [`PLOTS`].

use std::cmp::Reverse;

use iommu::Liobn;
use serde_json::{Map, Value};

use super::chart::{Chart, Line, MOST_LINES};
use super::units::{Unit, whole};
use super::{RunPage, section as heading};
use crate::observe::timeline::{Kind, Of, Series, Timeline, UNKNOWN, What};
use machine::memory::in_units;

/// The largest number of buckets of a plot. More would be finer than the width of a page.
const MOST_BUCKETS: usize = 256;

/// A plot.
pub struct Plot {
    id: &'static str,
    title: &'static str,
    says: &'static str,
    /// The series that it shows.
    what: What,
    unit: Unit,
    /// True when the lines are parts of a whole, which the top of the stack shows. Otherwise each line stands alone.
    parts: bool,
}

/// All plots, in the order of the page. A plot that has nothing to show is left out.
pub const PLOTS: &[Plot] = &[
    Plot {
        id: "calls",
        title: "Hypercalls by kind",
        says: "How many a second the guest made.",
        what: What::Calls,
        unit: Unit::Rate("calls"),
        parts: true,
    },
    Plot {
        id: "tiers",
        title: "TCE hypercalls by tier",
        says: "The tier that answered. A call that is too hard for one is retried in the next tier out.",
        what: What::Tiers,
        unit: Unit::Rate("calls"),
        parts: true,
    },
    Plot {
        id: "time",
        title: "What the vCPUs did",
        says: "Guest code and hypercalls by CPU time, time in which the host ran something else instead, and \
               waiting for an interrupt (H_CEDE). The rest was not started.",
        what: What::Time,
        unit: Unit::Percent,
        parts: true,
    },
    Plot {
        id: "live",
        title: "Live entries",
        says: "Entries that map a page, by window: the most in each step.",
        what: What::Live,
        unit: Unit::Count("entries"),
        parts: false,
    },
    Plot {
        id: "entries",
        title: "Entries changed",
        says: "Clear entries mapped, live ones replaced (the exchange), live ones cleared.",
        what: What::Entries,
        unit: Unit::Rate("entries"),
        parts: true,
    },
    Plot {
        id: "pages",
        title: "Pages pinned, released and dirtied",
        says: "By the hardware tables of windows; a window of which there is only the view pins nothing. A page may be \
               in all three.",
        what: What::Pages,
        unit: Unit::Rate("pages"),
        parts: false,
    },
    Plot {
        id: "dma-read",
        title: "DMA: read by devices",
        says: "Bytes that devices read from guest memory.",
        what: What::Read,
        unit: Unit::Bytes,
        parts: true,
    },
    Plot {
        id: "dma-written",
        title: "DMA: written by devices",
        says: "Bytes that devices wrote to guest memory.",
        what: What::Written,
        unit: Unit::Bytes,
        parts: true,
    },
    Plot {
        id: "interrupts",
        title: "Interrupts",
        says: "Signalled by devices.",
        what: What::Interrupts,
        unit: Unit::Rate("interrupts"),
        parts: true,
    },
    Plot {
        id: "faults",
        title: "DMA faults",
        says: "Accesses that no entry allowed.",
        what: What::Faults,
        unit: Unit::Rate("faults"),
        parts: true,
    },
];

/// The section with all plots.
pub(super) fn section(run: &RunPage<'_>) -> String {
    let plots: String = charts(run).iter().map(Chart::html).collect();
    if plots.is_empty() {
        return String::new();
    }
    let body = format!(
        "<p id=\"zoom\" hidden></p>\n<div class=\"plots\">{plots}</div>\n" // the script fills the first
    );
    heading("plots", "Over time", &body)
}

/// The values of all plots.
pub(super) fn data(run: &RunPage<'_>) -> Map<String, Value> {
    charts(run).iter().map(|chart| (chart.id.to_owned(), chart.data())).collect()
}

fn charts(run: &RunPage<'_>) -> Vec<Chart> {
    let mut timeline = run.seen.timeline.clone();
    timeline.squeeze(run.seen.end, MOST_BUCKETS);
    PLOTS.iter().filter_map(|plot| Drawing { run, plot, timeline: &timeline }.chart()).collect()
}

/// A plot while it is drawn for a run.
struct Drawing<'a> {
    run: &'a RunPage<'a>,
    plot: &'a Plot,
    timeline: &'a Timeline,
}

impl Drawing<'_> {
    fn chart(&self) -> Option<Chart> {
        let series = self.timeline.series().iter().filter(|series| series.what == self.plot.what);
        let mut lines: Vec<_> = series.map(|series| (self.total(series), series)).collect();
        lines.retain(|(total, _)| *total > 0);
        // Names are ordered by their sums. A window has one place, and one colour, in all plots.
        lines.sort_by_key(|(total, series)| match series.of {
            Of::Name(_) => (Liobn(0), Reverse(*total)),
            Of::Window(liobn) => (liobn, Reverse(0)),
        });
        if lines.is_empty() {
            return None;
        }
        let (shown, rest) = lines.split_at(lines.len().min(MOST_LINES));
        let named = |(total, series): &(u64, &Series)| Line {
            name: self.name(series),
            values: self.values(series),
            sum: self.sum(*total),
        };
        let shown = shown.iter().map(named).chain(self.others(rest)).collect();
        let Plot { id, title, says, unit, parts, .. } = *self.plot;
        let (width, end) = (self.timeline.width(), self.run.seen.end);
        Some(Chart { id, title, says, unit, stacked: parts, width, end, lines: shown })
    }

    /// The sum of all lines that have no colour of their own.
    fn others(&self, rest: &[(u64, &Series)]) -> Option<Line> {
        if rest.is_empty() {
            return None;
        }
        let mut values = vec![0.0; self.count()];
        for (_, series) in rest {
            values.iter_mut().zip(self.values(series)).for_each(|(sum, more)| *sum += more);
        }
        let all = rest.iter().map(|(total, _)| total).sum();
        let is_count = self.plot.what.kind() == Kind::Count;
        let sum = if is_count { self.sum(all) } else { String::new() };
        Some(Line { name: format!("{} others", rest.len()), values, sum })
    }

    /// The number of steps.
    fn count(&self) -> usize {
        self.run.seen.end.div_ceil(self.timeline.width()).max(1) as usize
    }

    /// The values recorded in a step. The last step also has those recorded at the very end of the run.
    fn noted<'a>(&self, series: &'a Series, step: usize) -> &'a [u64] {
        let values = &series.values;
        let end = if step + 1 == self.count() { values.len() } else { step + 1 };
        values.get(step..end.min(values.len())).unwrap_or_default()
    }

    fn values(&self, series: &Series) -> Vec<f64> {
        let values = match series.what.kind() {
            Kind::Count => (0..self.count()).map(|step| self.rate(series, step)).collect(),
            Kind::Level | Kind::Highest => self.levels(series),
        };
        values.into_iter().map(|value: f64| (value * 1000.0).round() / 1000.0).collect()
    }

    /// The count of a step, per second.
    fn rate(&self, series: &Series, step: usize) -> f64 {
        let start = (step as u64).saturating_mul(self.timeline.width());
        let covered = self.timeline.width().min(self.run.seen.end.saturating_sub(start)).max(1);
        let sum: f64 = self.noted(series, step).iter().map(|&value| value as f64).sum();
        match self.plot.unit {
            Unit::Percent => 100.0 * (sum / covered as f64 / f64::from(self.run.args.smp)).min(1.0),
            _ => sum / covered as f64 * 1e9,
        }
    }

    /// The highest level in each step: of the level at its start, the levels read in it, and the vCPUs' peaks.
    fn levels(&self, series: &Series) -> Vec<f64> {
        let peaks = self.peaks(series.of);
        let mut held = 0;
        let mut most = |step| {
            let began = held;
            let mut levels = self.noted(series, step).iter().filter(|level| **level != UNKNOWN);
            held = levels.next_back().copied().unwrap_or(began);
            let peak = peaks.and_then(|peaks| self.noted(peaks, step).iter().max().copied());
            began.max(held).max(peak.unwrap_or(0)) as f64
        };
        (0..self.count()).map(&mut most).collect()
    }

    fn peaks(&self, of: Of) -> Option<&Series> {
        let mut all = self.timeline.series().iter();
        all.find(|series| (series.what, series.of) == (What::Peak, of))
    }

    /// The sum of a count, or the highest level. A window that still exists has counted its highest level itself.
    fn total(&self, series: &Series) -> u64 {
        let known = |series: &Series| {
            series.values.iter().copied().filter(|value| *value != UNKNOWN).max().unwrap_or(0)
        };
        let Of::Window(liobn) = series.of else { return sum(&series.values) };
        if series.what.kind() == Kind::Count {
            return sum(&series.values);
        }
        let windows = &self.run.statistics.machine.dma.windows;
        let counted = windows.iter().find(|window| window.liobn == liobn);
        let seen = known(series).max(self.peaks(series.of).map_or(0, known));
        counted.map_or(seen, |window| window.max_live)
    }

    fn name(&self, series: &Series) -> String {
        match series.of {
            Of::Name(name) => name.into(),
            Of::Window(liobn) => self.run.window_name(liobn),
        }
    }

    /// The sum of a line, as the legend shows it.
    fn sum(&self, total: u64) -> String {
        match self.plot.unit {
            Unit::Bytes => in_units(total),
            Unit::Percent => {
                let all = self.run.seen.end.max(1) as f64 * f64::from(self.run.args.smp);
                Unit::Percent.show(100.0 * total as f64 / all)
            }
            _ if self.plot.what.kind() != Kind::Count => format!("at most {}", whole(total)),
            _ => whole(total),
        }
    }
}

fn sum(values: &[u64]) -> u64 {
    values.iter().copied().fold(0, u64::saturating_add)
}
