// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One JSON object.

use crate::clause::Clause;
use crate::compare::{Comparison, Difference};
use crate::report::{Column, Report};
use crate::run::{Done, Outcome};
use serde_json::{Value, json};

/// The report as one JSON object.
pub fn json(report: &Report) -> String {
    let column = |column: &Column| {
        let counts = column.counts();
        json!({
            "rig": column.rig, "what": column.what, "profile": column.profile.name(),
            "passed": counts.passed, "failed": counts.failed, "skipped": counts.skipped,
        })
    };
    let rows = report.rows().map(|(clause, outcomes)| {
        let cells = outcomes.iter().zip(&report.columns);
        let cells: Vec<Value> = cells.map(|(outcome, column)| cell(outcome, column)).collect();
        json!({ "id": clause.id, "spec": clause.spec, "says": clause.says, "outcomes": cells })
    });
    let missing = report.missing.iter().map(|(rig, why)| json!({ "rig": rig, "why": why }));
    json!({
        "passed": report.passed(),
        "shard": report.shard.map(|shard| shard.to_string()),
        "rigs": report.columns.iter().map(column).collect::<Vec<_>>(),
        "missing": missing.collect::<Vec<_>>(),
        "clauses": rows.collect::<Vec<_>>(),
    })
    .to_string()
        + "\n"
}

/// The clauses without a run.
pub fn clauses(clauses: &[&'static Clause]) -> String {
    let row =
        |clause: &&Clause| json!({ "id": clause.id, "spec": clause.spec, "says": clause.says });
    json!({ "clauses": clauses.iter().map(row).collect::<Vec<_>>() }).to_string() + "\n"
}

/// Comparisons with a peer.
pub fn differences(peer: &str, comparisons: &[Comparison]) -> String {
    let comparison = |compared: &Comparison| {
        json!({
            "ours": compared.ours,
            "theirs": compared.theirs,
            "compared": compared.compared,
            "differences": compared.differences.iter().map(difference).collect::<Vec<_>>(),
        })
    };
    json!({
        "peer": peer,
        "explained": comparisons.iter().all(Comparison::is_explained),
        "comparisons": comparisons.iter().map(comparison).collect::<Vec<_>>(),
    })
    .to_string()
        + "\n"
}

fn difference(difference: &Difference) -> Value {
    let note = difference.note.map(|note| {
        json!({
            "number": note.number, "title": note.title, "text": note.text,
            "ours": note.ours, "theirs": note.theirs, "right": note.right,
        })
    });
    json!({
        "id": difference.clause.id,
        "step": difference.step,
        "ours": difference.ours,
        "theirs": difference.theirs,
        "note": note,
    })
}

fn cell(outcome: &Outcome, column: &Column) -> Value {
    let step = |done: &Done| json!({ "step": done.text, "want": done.want, "got": done.got, "ok": done.ok });
    json!({
        "rig": column.rig,
        "verdict": outcome.verdict.word(),
        "why": outcome.verdict.why(),
        "seconds": outcome.time.as_secs_f64(),
        "steps": outcome.done.iter().map(step).collect::<Vec<_>>(),
    })
}
