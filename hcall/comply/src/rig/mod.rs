// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Ways to make hypercalls, each a column of the report.

mod direct;
mod guest;
pub mod qemu;

pub use direct::DirectRig;
pub use guest::{Boot, GuestRig, Ran, Room};

use crate::clause::Clause;
use crate::profile::Profile;
use crate::run::Outcome;

/// Called with how many clauses are done.
pub type Progress<'a> = &'a mut dyn FnMut(usize);

/// Something that clauses run on.
pub trait Rig {
    /// Its name, as `--rig` takes it.
    fn name(&self) -> &str;
    /// What it is, in a line.
    fn what(&self) -> String;
    /// Whose answers are expected of it unless the user says.
    fn profile(&self) -> Profile;
    /// Why this host cannot run it.
    fn missing(&self) -> Option<String> {
        None
    }
    /// Runs clauses, each from a machine without mappings. Errors: the rig itself failed.
    fn run(
        &self,
        clauses: &[&'static Clause],
        profile: Profile,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, String>;
}
