// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! TAP version 13, one point for each clause and rig.

use crate::report::Report;
use crate::run::{Verdict, wrong};
use std::fmt::Write;

/// The report as TAP, version 13.
pub fn tap(report: &Report) -> String {
    let total = report.clauses.len() * report.columns.len();
    let mut out = format!("TAP version 13\n1..{total}\n");
    let mut number = 0;
    // Writing to a string does not fail.
    for column in &report.columns {
        let _ = writeln!(out, "# {}: {}, profile {}", column.rig, column.what, column.profile);
        for (clause, outcome) in report.clauses.iter().zip(&column.outcomes) {
            number += 1;
            let name = format!("{} [{}]", clause.id, column.rig);
            let _ = match &outcome.verdict {
                Verdict::Pass => writeln!(out, "ok {number} - {name}"),
                Verdict::Skip(why) => writeln!(out, "ok {number} - {name} # SKIP {why}"),
                Verdict::Fail(why) => {
                    let step = wrong(outcome).map_or(String::new(), |(step, want, got)| {
                        let profile = column.profile;
                        format!("  step: {step:?}\n  profile: {profile}\n  want: {want:?}\n  got: {got:?}\n")
                    });
                    let (says, spec) = (clause.says, clause.spec);
                    writeln!(
                        out,
                        "not ok {number} - {name}\n  ---\n  says: {says:?}\n  spec: {spec:?}\n{step}  why: {why:?}\n  ..."
                    )
                }
            };
        }
    }
    out
}
