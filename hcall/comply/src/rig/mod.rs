// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Ways to make hypercalls, each a column of the report.

mod child;
mod direct;
pub mod exec;
mod guest;
pub mod qemu;
mod transcript;

pub use direct::DirectRig;
pub use guest::{Boot, GuestRig, Ran, Room};
pub use transcript::Transcript;

use crate::clause::Clause;
use crate::profile::SuiteProfile;
use crate::run::Outcome;

/// Called with the number of clauses done.
pub type Progress<'a> = &'a mut dyn FnMut(usize);

/// A way to run clauses.
pub trait Rig {
    /// Its name, as `--rig` takes it.
    fn name(&self) -> &str;
    /// A description in one line.
    fn what(&self) -> String;
    /// The profile of the expected answers, unless the user chooses one.
    fn profile(&self) -> SuiteProfile;
    /// The reason why this host cannot run it.
    fn missing(&self) -> Option<String> {
        None
    }
    /// Runs clauses, each on a machine without mappings. Errors: the rig itself failed.
    fn run(
        &self,
        clauses: &[&'static Clause],
        profile: SuiteProfile,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, String>;
}
