// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The XML of JUnit, which continuous integration reads, with one suite for each rig.

use crate::report::Report;
use crate::run::{Verdict, wrong};
use html::escape;
use std::fmt::Write;

/// The report as JUnit's XML.
pub fn junit(report: &Report) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tcevm comply\">\n",
    );
    // Writing to a string does not fail.
    for column in &report.columns {
        let counts = column.counts();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
            escape(&column.rig),
            column.outcomes.len(),
            counts.failed,
            counts.skipped,
            column.outcomes.iter().map(|outcome| outcome.time.as_secs_f64()).sum::<f64>()
        );
        for (clause, outcome) in report.clauses.iter().zip(&column.outcomes) {
            let (class, name) = (escape(clause.section()), escape(clause.id));
            let time = outcome.time.as_secs_f64();
            let case = format!("classname=\"{class}\" name=\"{name}\" time=\"{time:.3}\"");
            let _ = match &outcome.verdict {
                Verdict::Pass => {
                    writeln!(out, "    <testcase {case}/>")
                }
                Verdict::Skip(why) => writeln!(
                    out,
                    "    <testcase {case}><skipped message=\"{}\"/></testcase>",
                    escape(why)
                ),
                Verdict::Fail(why) => writeln!(
                    out,
                    "    <testcase {case}><failure message=\"{}\">{}\n{}{}</failure></testcase>",
                    escape(why),
                    escape(clause.says),
                    escape(clause.spec),
                    escape(&wrong(outcome).map_or(String::new(), |(step, want, got)| format!(
                        "\n{step}\nexpected under profile {}: {want}\ngot: {got}",
                        column.profile
                    )))
                ),
            };
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}
