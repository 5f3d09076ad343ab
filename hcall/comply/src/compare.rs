// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Two machines side by side: every answer to every clause, without a judgement of which one is right.

use crate::blob::Tell;
use crate::clause::{Check, Clause};
use crate::notes::{self, Note};
use crate::profile::SuiteProfile;
use crate::report::{Column, Report};
use crate::rig::GuestRig;
use crate::run::{Done, Outcome, Verdict};
use crate::script::Script;

/// A clause to which two rigs give different answers.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The clause whose answers are compared.
    pub clause: &'static Clause,
    /// The first step that was answered differently.
    pub step: String,
    /// The answer of the one.
    pub ours: String,
    /// The answer of the other.
    pub theirs: String,
    /// The note that explains the difference.
    pub note: Option<&'static Note>,
}

/// Two rigs, compared clause by clause.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The name of the one.
    pub ours: String,
    /// The name of the other.
    pub theirs: String,
    /// The number of clauses that were compared.
    pub compared: usize,
    /// The clauses in which they differ.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Our side's name in a report: a command's, or tcevm's.
    fn us(&self) -> &str {
        if self.ours.starts_with("exec") { &self.ours } else { "tcevm" }
    }

    /// True if a note explains each difference.
    pub fn is_explained(&self) -> bool {
        self.differences.iter().all(|difference| difference.note.is_some())
    }
}

/// Runs the clauses on both rigs, without judging the answers, and lists the differences. `peer` selects the
/// notes that explain them.
pub fn compare(
    ours: &GuestRig,
    theirs: &GuestRig,
    peer: &str,
    clauses: &[&'static Clause],
) -> Result<Comparison, String> {
    let mut scripts: Vec<(&'static Clause, Script)> = Vec::new();
    for clause in clauses {
        let Check::Script(text) = clause.check else { continue };
        let script = Script::parse(text)?.unjudged(SuiteProfile::Lopar);
        scripts.push((clause, script));
    }
    let named: Vec<(&str, &Script)> = scripts.iter().map(|(c, s)| (c.id, s)).collect();
    let (left, right) = (answers(ours, &named)?, answers(theirs, &named)?);
    let both = scripts.iter().zip(left.iter().zip(&right));
    let differs = both.filter_map(|((clause, _), (l, r))| difference(clause, l, r, peer));
    Ok(Comparison {
        ours: ours.name.clone(),
        theirs: theirs.name.clone(),
        compared: scripts.len(),
        differences: differs.collect(),
    })
}

fn answers(rig: &GuestRig, scripts: &[(&str, &Script)]) -> Result<Vec<Outcome>, String> {
    rig.run_all(scripts, SuiteProfile::Lopar, Tell::AnswersFrom(0))
}

fn difference(
    clause: &'static Clause,
    ours: &Outcome,
    theirs: &Outcome,
    peer: &str,
) -> Option<Difference> {
    let same =
        |(left, right): &(&Done, &Done)| left.digest == right.digest && left.step == right.step;
    let note = notes::of(peer, clause.id);
    let differs = |step: &str, ours: &str, theirs: &str| {
        let (step, ours, theirs) = (step.to_owned(), ours.to_owned(), theirs.to_owned());
        Some(Difference { clause, step, ours, theirs, note })
    };
    let word = |outcome: &Outcome| match &outcome.verdict {
        Verdict::Pass => "done".to_owned(),
        other => other.why().to_owned(),
    };
    if let Some((left, right)) = ours.done.iter().zip(&theirs.done).find(|pair| !same(pair)) {
        return differs(&left.text, &left.got, &right.got);
    }
    if ours.done.len() != theirs.done.len() || ours.verdict.word() != theirs.verdict.word() {
        return differs("the whole script", &word(ours), &word(theirs));
    }
    None
}

/// The comparisons as a report with a column for each: a clause with the same answers passes, one with an
/// explained difference is skipped with the note, and one with any other difference fails.
pub fn report(peer: &str, clauses: &[&'static Clause], comparisons: &[Comparison]) -> Report {
    let column = |compared: &Comparison| Column {
        rig: format!("{}/{}", compared.ours, compared.theirs),
        what: format!("the answers of {} beside those of {}", compared.ours, compared.theirs),
        profile: SuiteProfile::Lopar,
        outcomes: clauses.iter().map(|clause| judged(peer, clause, compared)).collect(),
    };
    let columns = comparisons.iter().map(column).collect();
    Report { clauses: clauses.to_vec(), columns, ..Report::default() }
}

fn judged(peer: &str, clause: &Clause, compared: &Comparison) -> Outcome {
    if !matches!(clause.check, Check::Script(_)) {
        return Outcome::skip("only the host can check it");
    }
    let found = compared.differences.iter().find(|difference| difference.clause.id == clause.id);
    let Some(Difference { step, ours, theirs, note, .. }) = found else {
        return Outcome::of(Verdict::Pass);
    };
    let differs = format!("{step}: {} {ours}, {peer} {theirs}", compared.us());
    match note {
        Some(note) => Outcome::skip(format!("{differs}; note {}: {}", note.number, note.title)),
        None => Outcome::of(Verdict::Fail(differs)),
    }
}

/// The differences as text for people, followed by the notes. The last line says how many differences are
/// unexplained.
pub fn tell(peer: &str, comparison: &Comparison) -> String {
    let Comparison { compared, differences, .. } = comparison;
    let mut out = String::new();
    let us = comparison.us();
    for difference in differences {
        let Difference { clause, step, ours, theirs, note } = difference;
        let note = note.map_or("UNEXPLAINED".into(), |note| format!("note {}", note.number));
        out += &format!("{} [{note}]\n  {step}\n  {us}: {ours}\n  {peer}: {theirs}\n", clause.id);
    }
    let used = notes::all(peer).filter(|note| {
        differences
            .iter()
            .any(|difference| difference.note.is_some_and(|n| n.number == note.number))
    });
    let used: Vec<&Note> = used.collect();
    if !used.is_empty() {
        out += "\nNotes\n";
    }
    for note in used {
        out += &format!(
            "{:>2}. {}\n    text:  {}\n    tcevm: {}\n    {peer}: {}\n    right: {}\n",
            note.number, note.title, note.text, note.ours, note.theirs, note.right
        );
    }
    let open = differences.iter().filter(|difference| difference.note.is_none()).count();
    out + &format!(
        "\n{compared} clauses compared with {peer}: {} differ, {open} of them unexplained\n",
        differences.len()
    )
}
