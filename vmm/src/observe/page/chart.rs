// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A plot over time. The picture stretches with the page. Its labels do not, because they are text beside it.

use std::fmt::Write;

use html::escape;
use serde_json::{Value, json};

use super::units::{self, Unit, digits};

/// The number of lines with a colour of their own. All further lines are drawn as one.
pub(super) const MOST_LINES: usize = 8;
/// The size of the picture, in its own coordinates.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;

/// One line: a value for each bucket.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
    /// The sum of the line, as the legend shows it.
    pub(super) sum: String,
}

/// A plot with its values in the unit of the axis.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) says: &'static str,
    pub(super) unit: Unit,
    /// True when the lines are parts of a whole, and are stacked.
    pub(super) stacked: bool,
    /// Nanoseconds of a bucket, and of the whole run.
    pub(super) width: u64,
    pub(super) end: u64,
    pub(super) lines: Vec<Line>,
}

// Writing to a string does not fail, so the result of write! is ignored throughout.

impl Chart {
    /// The plot as HTML.
    pub(super) fn html(&self) -> String {
        let ticks = self.unit.ticks(self.most());
        let top = ticks.last().copied().unwrap_or(1.0);
        let mut out = format!(
            "<figure class=\"plot\" id=\"plot-{}\"><figcaption><h3>{}</h3><p>{}</p></figcaption>\n\
             <p class=\"unit\">{}</p><div class=\"chart\" data-plot=\"{}\">\n<div class=\"ys\">",
            self.id,
            self.title,
            escape(self.says),
            self.unit.axis(),
            self.id
        );
        for tick in &ticks {
            let at = 100.0 * tick / top;
            let _ = write!(
                out,
                "<span style=\"bottom:{at:.1}%\">{}</span>",
                escape(&self.unit.show(*tick))
            );
        }
        let _ = write!(
            out,
            "</div>\n<div class=\"picture\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" \
             role=\"img\" aria-label=\"{}\"><path class=\"grid\" d=\"",
            self.title
        );
        for tick in &ticks {
            let _ = write!(out, "M0 {:.1}H{WIDTH}", HEIGHT * (1.0 - tick / top));
        }
        out += "\"/>";
        self.paths(&mut out, top);
        out += "</svg><i class=\"cursor\"></i></div>\n<div class=\"xs\">";
        self.times(&mut out);
        out += "</div></div>\n<ul class=\"legend\">";
        for (at, line) in self.lines.iter().enumerate() {
            let (name, sum) = (escape(&line.name), escape(&line.sum));
            let _ = write!(out, "<li><i class=\"c{at}\"></i>{name} <b>{sum}</b></li>");
        }
        out += "</ul></figure>\n";
        out
    }

    /// The plot as JSON, for the script and for programs.
    pub(super) fn data(&self) -> Value {
        let line = |line: &Line| json!({ "name": line.name, "values": line.values });
        json!({
            "title": self.title,
            "unit": self.unit.axis(),
            "format": self.unit.format(),
            "stacked": self.stacked,
            "width_ns": self.width,
            "lines": self.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }

    fn buckets(&self) -> usize {
        self.lines.iter().map(|line| line.values.len()).max().unwrap_or(0)
    }

    /// The highest value, or the highest sum of a stack.
    fn most(&self) -> f64 {
        let at = |bucket: usize| {
            let values = self.lines.iter().filter_map(|line| line.values.get(bucket).copied());
            if self.stacked { values.sum() } else { values.fold(0.0, f64::max) }
        };
        (0..self.buckets()).map(at).fold(0.0, f64::max)
    }

    fn paths(&self, out: &mut String, top: f64) {
        let mut below = vec![0.0; self.buckets()];
        for (at, line) in self.lines.iter().enumerate() {
            let values: Vec<f64> = (0..below.len())
                .map(|n| below[n] + line.values.get(n).copied().unwrap_or(0.0))
                .collect();
            let _ = match self.stacked {
                true => write!(
                    out,
                    "<path class=\"area c{at}\" d=\"M{}L{}Z\"/>",
                    self.steps(&values, top, false),
                    self.steps(&below, top, true)
                ),
                false => write!(
                    out,
                    "<path class=\"line c{at}\" d=\"M{}\"/>",
                    self.steps(&values, top, false)
                ),
            };
            if self.stacked {
                below = values;
            }
        }
    }

    /// The corners of a staircase. Equal values in a row share one step.
    fn steps(&self, values: &[f64], top: f64, back: bool) -> String {
        let x = |bucket: usize| {
            let at = (bucket as u64).saturating_mul(self.width).min(self.end);
            at as f64 / self.end.max(1) as f64 * WIDTH
        };
        let y = |n: usize| (HEIGHT * (1.0 - values[n] / top) * 100.0).round() / 100.0;
        let mut corners = Vec::new();
        let mut start = 0;
        while start < values.len() {
            let same = (start..values.len()).take_while(|&n| y(n) == y(start)).count();
            corners.push((x(start), y(start)));
            corners.push((x(start + same), y(start)));
            start += same;
        }
        if back {
            corners.reverse();
        }
        let corners: Vec<_> = corners.iter().map(|(x, y)| format!("{x:.1} {y}")).collect();
        corners.join("L")
    }

    /// Writes both ends of the time axis, and round times between them. Narrow pages show every other one of these.
    fn times(&self, out: &mut String) {
        let end = self.end.max(1) as f64;
        let (unit, name) = units::time_unit(end);
        let round = Unit::Count("").ticks(end / unit).into_iter().skip(1);
        let round = round.map(|tick| (tick * unit / end, format!("{} {name}", digits(tick))));
        out.push_str(&units::axis(&format!("0 {name}"), round, &units::time(end)));
    }
}
