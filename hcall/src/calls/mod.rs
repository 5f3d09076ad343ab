// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The hypercalls: rows and their functions, one file for each family.

pub mod interrupts;
pub mod mmu;
pub mod processor;
pub mod rtas;
pub mod rtce;
pub mod splpar;
pub mod system;
pub mod tce;
pub mod term;
pub mod vio;
pub mod vpa;

use crate::call::Hcall;
use crate::machine::Capability;

/// Every hypercall, one line per file.
pub const HCALLS: &[&[Hcall]] = &[
    tce::HCALLS,
    rtce::HCALLS,
    term::HCALLS,
    system::HCALLS,
    interrupts::HCALLS,
    mmu::HCALLS,
    processor::HCALLS,
    splpar::HCALLS,
    vpa::HCALLS,
    vio::HCALLS,
    rtas::HCALLS,
];

/// The strings of `ibm,hypertas-functions` for a machine that has these capabilities: the function set of
/// each row, sorted, each once.
pub fn function_sets(has: &[Capability]) -> Vec<&'static str> {
    let rows = HCALLS.iter().flat_map(|rows| rows.iter());
    let there = rows.filter(|hcall| hcall.needs.iter().all(|need| has.contains(need)));
    let mut sets: Vec<_> = there.filter_map(|hcall| hcall.set).collect();
    sets.sort_unstable();
    sets.dedup();
    sets
}
