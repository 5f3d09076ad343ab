// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The XML of JUnit, which continuous integration reads, with one suite for each rig.

use crate::report::Report;
use crate::run::Verdict;
use html::escape;
use std::fmt::Write;

/// The report.
pub fn junit(report: &Report) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tcevm comply\">\n",
    );
    // Writing to a string does not fail.
    for column in &report.columns {
        let counts = column.counts();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
            escape(&column.rig),
            column.outcomes.len(),
            counts.failed,
            counts.skipped
        );
        for (clause, outcome) in report.clauses.iter().zip(&column.outcomes) {
            let (class, name) = (escape(clause.section()), escape(clause.id));
            let _ = match &outcome.verdict {
                Verdict::Pass => {
                    writeln!(out, "    <testcase classname=\"{class}\" name=\"{name}\"/>")
                }
                Verdict::Skip(why) => writeln!(
                    out,
                    "    <testcase classname=\"{class}\" name=\"{name}\"><skipped message=\"{}\"/></testcase>",
                    escape(why)
                ),
                Verdict::Fail(why) => writeln!(
                    out,
                    "    <testcase classname=\"{class}\" name=\"{name}\"><failure message=\"{}\">{}\n{}</failure></testcase>",
                    escape(why),
                    escape(clause.says),
                    escape(clause.spec)
                ),
            };
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}
