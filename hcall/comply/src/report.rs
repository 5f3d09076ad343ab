// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The results of a run: clauses by rigs.

use crate::clause::Clause;
use crate::profile::SuiteProfile;
use crate::run::{Outcome, Verdict};
use crate::shard::Shard;

/// A rig and the outcome of every clause on it.
#[derive(Clone, Debug)]
pub struct Column {
    /// The rig's name.
    pub rig: String,
    /// A description of the rig.
    pub what: String,
    /// The profile of the expected answers.
    pub profile: SuiteProfile,
    /// One outcome for each clause.
    pub outcomes: Vec<Outcome>,
}

/// A run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The clauses that were run, a row of the report each.
    pub clauses: Vec<&'static Clause>,
    /// The rigs that ran.
    pub columns: Vec<Column>,
    /// The rigs that this host cannot run, each with the reason.
    pub missing: Vec<(String, String)>,
    /// The share of the clauses that it has, if others have more.
    pub shard: Option<Shard>,
}

/// The number of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Clauses that passed.
    pub passed: usize,
    /// Clauses that failed.
    pub failed: usize,
    /// Clauses that were not tried.
    pub skipped: usize,
}

impl Column {
    /// The verdicts, counted.
    pub fn counts(&self) -> Counts {
        let count = |word| self.outcomes.iter().filter(|o| o.verdict.word() == word).count();
        Counts { passed: count("PASS"), failed: count("FAIL"), skipped: count("SKIP") }
    }

    /// The reasons for which clauses were skipped, each once, with the number of clauses.
    pub fn skips(&self) -> Vec<(&str, usize)> {
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for outcome in &self.outcomes {
            let Verdict::Skip(why) = &outcome.verdict else { continue };
            match reasons.iter_mut().find(|(reason, _)| reason == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
        reasons
    }
}

impl Report {
    /// True if every clause that applies passed, and at least one rig ran.
    pub fn passed(&self) -> bool {
        !self.columns.is_empty() && self.columns.iter().all(|column| column.counts().failed == 0)
    }

    /// Each clause with its outcomes, one for each column.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Clause, Vec<&Outcome>)> {
        let row = |n| self.columns.iter().filter_map(|column| column.outcomes.get(n)).collect();
        self.clauses.iter().enumerate().map(move |(n, clause)| (*clause, row(n)))
    }
}
