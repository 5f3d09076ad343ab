// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Joins the reports of several machines, as `--format json` wrote them.

use crate::clause::Clause;
use crate::clauses;
use crate::report::{Column, Report};
use crate::run::{Done, Outcome, Verdict};
use crate::shard::Shard;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Reads a report. Errors: the text is no report of this version of the suite.
pub fn read(text: &str) -> Result<Report, String> {
    let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let shard = match &json["shard"] {
        Value::String(shard) => Some(shard.parse()?),
        _ => None,
    };
    let missing = list(&json, "missing")?.iter();
    let missing = missing.map(|row| Ok((word(row, "rig")?.into(), word(row, "why")?.into())));
    let mut report =
        Report { missing: missing.collect::<Result<_, String>>()?, shard, ..Report::default() };
    for rig in list(&json, "rigs")? {
        let (name, what) = (word(rig, "rig")?.to_owned(), word(rig, "what")?.to_owned());
        let profile = word(rig, "profile")?.parse()?;
        report.columns.push(Column { rig: name, what, profile, outcomes: Vec::new() });
    }
    for row in list(&json, "clauses")? {
        let id = word(row, "id")?;
        let clause = clauses::find(id).ok_or_else(|| format!("this version has no clause {id}"))?;
        report.clauses.push(clause);
        let cells = list(row, "outcomes")?;
        if cells.len() != report.columns.len() {
            return Err(format!("{id} has {} outcomes", cells.len()));
        }
        for (column, cell) in report.columns.iter_mut().zip(cells) {
            column.outcomes.push(outcome(cell)?);
        }
    }
    Ok(report)
}

fn word<'a>(json: &'a Value, key: &str) -> Result<&'a str, String> {
    json[key].as_str().ok_or_else(|| format!("it is no report of the suite: {key} is not there"))
}

fn list<'a>(json: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    json[key].as_array().ok_or_else(|| format!("it is no report of the suite: {key} is not there"))
}

fn outcome(json: &Value) -> Result<Outcome, String> {
    let why = word(json, "why")?.to_owned();
    let verdict = match word(json, "verdict")? {
        "PASS" => Verdict::Pass,
        "FAIL" => Verdict::Fail(why),
        "SKIP" => Verdict::Skip(why),
        other => return Err(format!("{other} is no verdict")),
    };
    let done = |(step, json): (usize, &Value)| {
        let text = |key| word(json, key).map(str::to_owned);
        let ok = json["ok"].as_bool().unwrap_or(true);
        let (want, got) = (text("want")?, text("got")?);
        Ok(Done { step, text: text("step")?, want, got, digest: None, ok })
    };
    let done = list(json, "steps")?.iter().enumerate().map(done).collect::<Result<_, String>>()?;
    let seconds = json["seconds"].as_f64().unwrap_or(0.0);
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Ok(Outcome { verdict, done, time })
}

/// Joins reports: each rig with the clauses of all its shards. Errors: a shard that is missing, and a clause that a rig has
/// twice.
pub fn join(reports: &[Report]) -> Result<Report, String> {
    let wanted = |clause: &&Clause| {
        reports.iter().any(|report| report.clauses.iter().any(|other| other.id == clause.id))
    };
    let mut all =
        Report { clauses: clauses::matching("").filter(wanted).collect(), ..Report::default() };
    for column in reports.iter().flat_map(|report| &report.columns) {
        if all.columns.iter().all(|there| there.rig != column.rig) {
            all.columns.push(joined(&column.rig, reports, &all.clauses)?);
        }
    }
    for missing in reports.iter().flat_map(|report| &report.missing) {
        let ran = all.columns.iter().any(|column| column.rig == missing.0);
        if !ran && !all.missing.contains(missing) {
            all.missing.push(missing.clone());
        }
    }
    Ok(all)
}

/// A rig's column over all reports.
fn joined(rig: &str, reports: &[Report], clauses: &[&'static Clause]) -> Result<Column, String> {
    let column = |report: &'_ Report| report.columns.iter().position(|column| column.rig == rig);
    let of: Vec<(&Report, &Column)> = reports
        .iter()
        .filter_map(|report| Some((report, &report.columns[column(report)?])))
        .collect();
    whole(rig, of.iter().filter_map(|(report, _)| report.shard))?;
    let (_, first) = of.first().ok_or("there is no report")?;
    if of.iter().any(|(_, other)| other.profile != first.profile) {
        return Err(format!("{rig} has two profiles"));
    }
    let mut outcomes = Vec::new();
    for clause in clauses {
        let found = of.iter().flat_map(|(report, column)| {
            let pairs = report.clauses.iter().zip(&column.outcomes);
            pairs.filter(|(other, _)| other.id == clause.id).map(|(_, outcome)| outcome)
        });
        let found: Vec<&Outcome> = found.collect();
        outcomes.push(match found[..] {
            [] => Outcome::skip("the reports do not have it"),
            [outcome] => outcome.clone(),
            _ => return Err(format!("{} is there twice for {rig}", clause.id)),
        });
    }
    Ok(Column { outcomes, ..(*first).clone() })
}

/// Checks that all shards are there, if there are any.
fn whole(rig: &str, shards: impl Iterator<Item = Shard>) -> Result<(), String> {
    let shards: BTreeSet<Shard> = shards.collect();
    let Some(of) = shards.first().map(|shard| shard.of()) else { return Ok(()) };
    if shards.iter().any(|shard| shard.of() != of) {
        return Err(format!("{rig} has shards of different numbers"));
    }
    let missing = (1..=of).find(|n| shards.iter().all(|shard| shard.number() != *n));
    missing.map_or(Ok(()), |n| Err(format!("{rig}: shard {n}/{of} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clauses::Choice;
    use crate::format;
    use crate::profile::SuiteProfile;
    use crate::rig::{DirectRig, Rig};

    fn report(shard: Option<&str>, profile: SuiteProfile) -> Report {
        let shard = shard.map(|text| text.parse().expect("a shard"));
        let choice = Choice { only: vec!["put/".into()], shard, ..Choice::default() };
        let (clauses, rig) = (choice.clauses().expect("clauses"), &DirectRig::all()[0]);
        let outcomes = rig.run(&clauses, profile, &mut |_| {}).expect("it runs");
        let column = Column { rig: rig.name.clone(), what: rig.what(), profile, outcomes };
        let missing = vec![("kvm".into(), "no /dev/kvm".into())];
        Report { clauses, columns: vec![column], missing, shard }
    }

    fn read_back(report: &Report) -> Report {
        read(&format::json(report)).expect("it is a report")
    }

    #[test]
    fn shards_that_are_written_read_and_joined_are_the_whole() {
        // Under another profile some clauses fail, so that there are steps and reasons to keep.
        for profile in [SuiteProfile::Lopar, SuiteProfile::Qemu] {
            let whole = report(None, profile);
            let parts = ["3/3", "1/3", "2/3"].map(|shard| read_back(&report(Some(shard), profile)));
            let joined = join(&parts).expect("they are all there");
            assert_eq!(
                format::table(&joined, format::Style::Plain),
                format::table(&whole, format::Style::Plain)
            );
            assert_eq!(format::tap(&joined), format::tap(&whole));
            assert_eq!(read_back(&joined).columns[0].counts(), whole.columns[0].counts());
        }
    }

    #[test]
    fn a_shard_that_is_missing_and_a_clause_that_is_there_twice_are_refused() {
        let part = |shard| report(Some(shard), SuiteProfile::Lopar);
        let refused = |parts: &[Report]| join(parts).expect_err("refused");
        assert!(refused(&[part("1/3"), part("3/3")]).contains("shard 2/3 is missing"));
        assert!(refused(&[part("1/2"), part("2/2"), part("2/2")]).contains("twice"));
        assert!(refused(&[part("1/2"), part("2/3")]).contains("different"));
        assert!(
            refused(&[part("1/2"), report(Some("2/2"), SuiteProfile::Qemu)]).contains("profiles")
        );
    }

    #[test]
    fn a_text_that_is_no_report_is_refused() {
        for text in
            ["", "{}", "[]", "{\"rigs\":[],\"missing\":[],\"clauses\":[{\"id\":\"no/clause\"}]}"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
