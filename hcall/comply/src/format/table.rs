// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The report for people: a line for each clause, then the failures, and the skipped clauses with the
//! reasons.

use crate::report::Report;
use crate::run::{Outcome, Verdict};
use std::fmt::Write;

/// Colours of the report; they are for terminals only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text without colours.
    Plain,
    /// With colours.
    Coloured,
}

impl Style {
    fn paint(self, verdict: &Verdict, text: &str) -> String {
        let colour = match verdict {
            Verdict::Pass => 32,
            Verdict::Fail(_) => 31,
            Verdict::Skip(_) => 33,
        };
        match self {
            Style::Plain => text.to_owned(),
            Style::Coloured => format!("\x1b[{colour}m{text}\x1b[0m"),
        }
    }
}

/// The whole report.
pub fn table(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let width = report.clauses.iter().map(|clause| clause.id.len()).max().unwrap_or(0).max(8);
    let heads: Vec<_> = report.columns.iter().map(|c| format!("{:<9}", c.rig)).collect();
    line(&mut out, &format!("{:<width$}  {}", "clause", heads.join(" ")));
    for (clause, outcomes) in report.rows() {
        let cell = |(outcome, head): (&&Outcome, &String)| {
            let text = format!("{:<1$}", outcome.verdict.word(), head.len());
            style.paint(&outcome.verdict, &text)
        };
        let cells: Vec<_> = outcomes.iter().zip(&heads).map(cell).collect();
        line(&mut out, &format!("{:<width$}  {}", clause.id, cells.join(" ")));
    }
    failures(&mut out, report, style);
    out += "\n";
    out += &legend(report);
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

fn failures(out: &mut String, report: &Report, style: Style) {
    for (clause, outcomes) in report.rows() {
        for (outcome, column) in outcomes.iter().zip(&report.columns) {
            let Verdict::Fail(why) = &outcome.verdict else { continue };
            let fail = style.paint(&outcome.verdict, "FAIL");
            // Writing to a string does not fail.
            let _ = writeln!(out, "\n{fail} {} on {}: {}", clause.id, column.rig, clause.says);
            let _ = writeln!(out, "     {}", clause.spec);
            for done in &outcome.done {
                let mark = if done.ok { ' ' } else { '!' };
                let _ = writeln!(out, "   {mark} {}", done.text);
                if !done.ok && !done.want.is_empty() {
                    let _ = writeln!(out, "       want {} (profile {})", done.want, column.profile);
                }
                let _ = writeln!(out, "       got {}", done.got);
            }
            let _ = writeln!(out, "     {why}");
        }
    }
}

/// The rigs, their counts and why clauses were skipped.
pub fn legend(report: &Report) -> String {
    let mut out = String::new();
    for column in &report.columns {
        let counts = column.counts();
        let _ = writeln!(
            out,
            "{}: {} passed, {} failed, {} skipped (profile {}; {})",
            column.rig, counts.passed, counts.failed, counts.skipped, column.profile, column.what
        );
        for (why, count) in column.skips() {
            let _ = writeln!(out, "  SKIP {count}: {why}");
        }
    }
    for (rig, why) in &report.missing {
        let _ = writeln!(out, "{rig}: SKIP: {why}");
    }
    out
}
