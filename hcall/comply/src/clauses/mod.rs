// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The clauses, one file for each section. A new clause is one row here, in the file of its section.

mod abi;
mod ddw;
mod device;
mod exchange;
mod faults;
mod get;
mod indirect;
mod order;
mod platform;
mod put;
mod races;
mod rtce;
mod stuff;
mod table;
mod vfio;
mod window;

use crate::clause::Clause;
use crate::shard::Shard;

/// Every clause, one line for each file.
pub const CLAUSES: &[&[Clause]] = &[
    abi::CLAUSES,
    get::CLAUSES,
    put::CLAUSES,
    indirect::CLAUSES,
    stuff::CLAUSES,
    rtce::CLAUSES,
    order::CLAUSES,
    device::CLAUSES,
    exchange::CLAUSES,
    races::CLAUSES,
    faults::CLAUSES,
    platform::CLAUSES,
    window::CLAUSES,
    table::CLAUSES,
    vfio::CLAUSES,
    ddw::CLAUSES,
];

/// Every clause whose id contains `filter`.
pub fn matching(filter: &str) -> impl Iterator<Item = &'static Clause> {
    CLAUSES.iter().flat_map(|rows| rows.iter()).filter(move |clause| clause.id.contains(filter))
}

/// The clause with this id.
pub fn find(id: &str) -> Option<&'static Clause> {
    CLAUSES.iter().flat_map(|rows| rows.iter()).find(|clause| clause.id == id)
}

/// A choice of clauses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Texts of which an id has at least one; without any every clause is meant.
    pub only: Vec<String>,
    /// Texts of which an id has none.
    pub skip: Vec<String>,
    /// The share of these clauses.
    pub shard: Option<Shard>,
}

impl Choice {
    /// True for a choice of all clauses.
    pub fn is_all(&self) -> bool {
        *self == Choice::default()
    }

    /// The clauses. Errors: a text that no id has, or a choice that leaves nothing to share.
    pub fn clauses(&self) -> Result<Vec<&'static Clause>, String> {
        let mut texts = self.only.iter().chain(&self.skip);
        if let Some(text) = texts.find(|text| matching(text).next().is_none()) {
            return Err(text.clone());
        }
        let has = |clause: &Clause, texts: &[String]| {
            texts.iter().any(|t| clause.id.contains(t.as_str()))
        };
        let all = matching("").filter(|clause| self.only.is_empty() || has(clause, &self.only));
        let all: Vec<_> = all.filter(|clause| !has(clause, &self.skip)).collect();
        if all.is_empty() {
            return Err(self.only.join(", "));
        }
        let mine = |(n, _): &(usize, _)| self.shard.is_none_or(|shard| shard.has(*n));
        Ok(all.into_iter().enumerate().filter(mine).map(|(_, clause)| clause).collect())
    }
}
