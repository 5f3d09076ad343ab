// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The latency of each hypercall.

use std::fmt::Write;

use html::escape;

use super::units::{self, time, whole};
use super::{RunPage, section as heading};
use crate::observe::stats::{CallStats, HALF, MOST};

/// The columns of a call's times.
const TIMES: [&str; 5] = ["mean", "shortest", "50 % within", "99 % within", "longest"];

/// The table. The call with the longest total time comes first.
pub(super) fn section(run: &RunPage<'_>) -> String {
    let mut calls: Vec<_> = run.statistics.calls.rows().iter().collect();
    if calls.is_empty() {
        return String::new();
    }
    calls.sort_by_key(|call| std::cmp::Reverse(call.total));
    let buckets = || calls.iter().flat_map(|call| call.times.buckets()).map(|(start, _)| start);
    let first = buckets().min().unwrap_or(1).ilog2();
    let last = buckets().max().unwrap_or(1).ilog2();
    let rows: String = calls.iter().map(|call| row(call, first, last)).collect();
    let axis = axis(first, last);
    let heads: String = TIMES.iter().map(|of| format!("<th>{of}</th>")).collect();
    heading(
        "latency",
        "Latency of hypercalls",
        &format!(
            "<p class=\"says\">Time on the host; H_CEDE has its sleep. Bars are powers of two of a nanosecond, their \
             height is logarithmic.</p>\n<table class=\"latency\"><thead><tr><th>hypercall</th><th>calls</th>\
             {heads}<th>times</th></tr></thead><tbody>\n\
             {rows}</tbody><tfoot><tr><td colspan=\"7\"></td><td>{axis}</td></tr></tfoot></table>\n"
        ),
    )
}

fn row(call: &CallStats, first: u32, last: u32) -> String {
    let errors: Vec<_> = call.errors.iter().map(|(status, n)| format!("{n} {status}")).collect();
    let errors = match errors.is_empty() {
        true => String::new(),
        false => format!("<p class=\"errors\">{}</p>", escape(&errors.join(", "))),
    };
    let [half, most] = [HALF, MOST].map(|part| call.times.within(part));
    let cells: String = TIMES
        .iter()
        .zip([call.mean(), call.min, half, most, call.max])
        .map(|(of, spent)| {
            let spent = spent.as_nanos();
            format!("<td data-of=\"{of}\" data-ns=\"{spent}\">{}</td>", time(spent as f64))
        })
        .collect();
    format!(
        "<tr data-call=\"{}\" data-count=\"{}\"><th>{}{errors}</th><td data-of=\"calls\">{}</td>{cells}<td>{}</td></tr>\n",
        call.name,
        call.count,
        call.name,
        whole(call.count),
        bars(call, first, last)
    )
}

// Writing to a string does not fail, so the result of write! is ignored.

fn bars(call: &CallStats, first: u32, last: u32) -> String {
    let columns = last - first + 1;
    let most = call.times.buckets().map(|(_, count)| count).max().unwrap_or(1);
    let mut out = format!(
        "<svg class=\"bars\" viewBox=\"0 0 {columns} 24\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"times of {}\"><path class=\"grid\" d=\"M0 24H{columns}\"/>",
        call.name
    );
    for (start, count) in call.times.buckets() {
        let height = 22.0 * ((count + 1) as f64).ln() / ((most + 1) as f64).ln();
        let _ = write!(
            out,
            "<rect x=\"{}.06\" y=\"{:.1}\" width=\".88\" height=\"{height:.1}\"><title>{} calls took {} to {}</title></rect>",
            start.ilog2() - first,
            24.0 - height,
            whole(count),
            time(start as f64),
            time(2.0 * start as f64)
        );
    }
    out + "</svg>"
}

/// The axis from the start of the first bar to the end of the last one, with the powers of ten between them.
fn axis(first: u32, last: u32) -> String {
    let columns = f64::from(last - first + 1);
    let powers = (0..16).map(|power| 10f64.powi(power));
    let between =
        powers.map(|time| ((time.log2() - f64::from(first)) / columns, units::time(time)));
    let [start, end] = [first, last + 1].map(|power| units::time(f64::from(power).exp2()));
    format!(
        "<div class=\"xs\">{}</div>",
        units::axis(&start, between.filter(|(at, _)| *at > 0.0), &end)
    )
}
