// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The parts of the library that the clauses cover, counted from the rows of the library and not from a
//! separate list.

use crate::clause::{Check, Clause};
use crate::profile::SuiteProfile;
use crate::script::{Code, Script};
use crate::sources;
use hcall::{HCALLS, Hcall, Status};
use iommu::{Error, Gpa, Hpa, HwEntry, Ioba, Liobn, RawTce};
use std::collections::BTreeSet;

/// A part that must be covered, and the clauses that cover it.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The part's name.
    pub what: String,
    /// Ids of clauses.
    pub clauses: Vec<&'static str>,
}

/// The TCE hypercalls: the rows of their family. Calls of other families
/// need no clause here.
pub fn tce_calls() -> impl Iterator<Item = &'static Hcall> {
    let rows = HCALLS.iter().flat_map(|rows| rows.iter());
    rows.filter(|row| row.family == "tce")
}

/// Every refusal that a TCE call can meet. A new kind does not compile before it is listed here.
fn refusals() -> Vec<Error> {
    let outside = Error::Outside { ioba: Ioba(0), count: 1 };
    let all = [
        Error::NoWindow(Liobn(0)),
        Error::Unaligned(Ioba(0)),
        outside,
        Error::LowBits(0),
        Error::NotOwned(Gpa(0)),
        Error::Foreign(Hpa(0)),
        Error::NotClear(RawTce(0)),
        Error::TooMany(0),
        Error::NoEntry(HwEntry(0)),
    ];
    all.to_vec()
}

/// The statuses that a guest can get from a TCE call here.
pub fn statuses() -> Vec<Status> {
    // Success, the two statuses of the ABI, and the statuses of refusals.
    let mut all = BTreeSet::from([Status::Success, Status::Function, Status::Privilege]);
    all.extend(refusals().into_iter().map(Status::from));
    all.into_iter().collect()
}

fn scripts(clauses: &[&'static Clause]) -> Vec<(&'static str, Script)> {
    let script = |clause: &&'static Clause| match clause.check {
        Check::Script(text) => Script::parse(text).ok().map(|script| (clause.id, script)),
        Check::Faults(_, text) => Script::parse(text).ok().map(|script| (clause.id, script)),
        Check::Host(_) | Check::Once(_) => None,
    };
    clauses.iter().filter_map(script).collect()
}

/// The coverage of hypercalls, statuses, RTAS calls, VFIO calls, platform operations and sections.
pub fn tables(clauses: &[&'static Clause]) -> Vec<(&'static str, Vec<Coverage>)> {
    let scripts = scripts(clauses);
    let by = |what: String, covers: &dyn Fn(&Script) -> bool| {
        let covering = scripts.iter().filter(|(_, script)| covers(script)).map(|(id, _)| *id);
        Coverage { what, clauses: covering.collect() }
    };
    let calls = tce_calls()
        .map(|row| by(row.name.into(), &|script| script.tokens().any(|token| token == row.token)));
    let status = |status: &Status| {
        let code = status.code();
        let expects =
            |script: &Script| script.statuses(SuiteProfile::Lopar).any(|want| want == code);
        by(Code(code).to_string(), &expects)
    };
    let rtas = ["query", "create", "remove", "reset"].map(|verb| {
        let name = format!("ibm,{verb}-pe-dma-window");
        by(name.clone(), &|script| script.rtas().any(|called| called == name))
    });
    let host = |what: &'static str, text: &str| {
        let mut covering = sources::clauses_with(text);
        covering.retain(|id| clauses.iter().any(|clause| clause.id == *id));
        Coverage { what: what.into(), clauses: covering }
    };
    let vfio = sources::VFIO_CALLS.map(|name| host(name, &format!(".{name}(")));
    let platform = sources::PLATFORM_OPERATIONS.map(|name| host(name, name));
    let mut sections: Vec<Coverage> = Vec::new();
    for clause in clauses {
        match sections.iter_mut().find(|row| row.what == clause.section()) {
            Some(row) => row.clauses.push(clause.id),
            None => {
                sections.push(Coverage { what: clause.section().into(), clauses: vec![clause.id] })
            }
        }
    }
    vec![
        ("Hypercalls", calls.collect()),
        ("Statuses of TCE calls", statuses().iter().map(status).collect()),
        ("RTAS calls", rtas.to_vec()),
        ("VFIO calls", vfio.to_vec()),
        ("Platform operations", platform.to_vec()),
        ("Sections", sections),
    ]
}

/// The parts that no clause covers. The suite fails unless the list is empty.
pub fn uncovered(clauses: &[&'static Clause]) -> Vec<String> {
    let tables = tables(clauses).into_iter();
    let rows = tables.flat_map(|(title, rows)| rows.into_iter().map(move |row| (title, row)));
    let empty = rows.filter(|(_, row)| row.clauses.is_empty());
    empty.map(|(title, row)| format!("{title}: {} has no clause", row.what)).collect()
}
