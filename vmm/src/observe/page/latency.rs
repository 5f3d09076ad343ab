// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How long each hypercall took.

use std::fmt::Write;

use comply::format::escape;

use super::units::{time, whole};
use super::{Run, section as heading};
use crate::stats::CallStats;

/// The table, those first that took most in all.
pub(super) fn section(run: &Run<'_>) -> String {
    let mut calls: Vec<_> = run.report.calls.rows().iter().collect();
    if calls.is_empty() {
        return String::new();
    }
    calls.sort_by_key(|call| std::cmp::Reverse(call.total));
    let buckets = || calls.iter().flat_map(|call| call.times.buckets()).map(|(start, _)| start);
    let first = buckets().min().unwrap_or(1).ilog2();
    let last = buckets().max().unwrap_or(1).ilog2();
    let rows: String = calls.iter().map(|call| row(call, first, last)).collect();
    let axis = axis(first, last);
    heading(
        "latency",
        "Latency of hypercalls",
        &format!(
            "<p class=\"says\">Time on the host; H_CEDE has its sleep. Bars are powers of two of a nanosecond, their \
             height is logarithmic.</p>\n<table class=\"latency\"><thead><tr><th>hypercall</th><th>calls</th>\
             <th>mean</th><th>half below</th><th>99 % below</th><th>longest</th><th>times</th></tr></thead><tbody>\n\
             {rows}</tbody><tfoot><tr><td colspan=\"6\"></td><td>{axis}</td></tr></tfoot></table>\n"
        ),
    )
}

fn row(call: &CallStats, first: u32, last: u32) -> String {
    let errors: Vec<_> = call.errors.iter().map(|(status, n)| format!("{n} {status}")).collect();
    let errors = match errors.is_empty() {
        true => String::new(),
        false => format!("<p class=\"errors\">{}</p>", escape(&errors.join(", "))),
    };
    let times = [call.mean(), call.times.below(0.5), call.times.below(0.99), call.max];
    let cells: String = ["mean", "half below", "99 % below", "longest"]
        .iter()
        .zip(times)
        .map(|(of, spent)| format!("<td data-of=\"{of}\">{}</td>", time(spent.as_nanos() as f64)))
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

// Writing to a string does not fail, so what write! returns is dropped.

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

/// The powers of ten of a nanosecond that lie between.
fn axis(first: u32, last: u32) -> String {
    let columns = f64::from(last - first + 1);
    let mut out = String::from("<div class=\"xs\">");
    let (mut before, mut shown) = (f64::NEG_INFINITY, 0);
    for power in 0..13 {
        let nanoseconds = 10f64.powi(power);
        let at = (nanoseconds.log2() - f64::from(first)) / columns * 100.0;
        if (0.0..=100.0).contains(&at) && at - before >= 10.0 {
            // Narrow pages show every other one.
            let class = if shown % 2 == 1 { " class=\"odd\"" } else { "" };
            shown += 1;
            let _ =
                write!(out, "<span{class} style=\"left:{at:.1}%\">{}</span>", time(nanoseconds));
            before = at;
        }
    }
    out + "</div>"
}
