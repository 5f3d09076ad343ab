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
