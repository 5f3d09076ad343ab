// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Direct calls: each clause on a machine of its own.

use super::{Progress, Rig};
use crate::clause::{Check, Clause};
use crate::direct::{Direct, Setup};
use crate::profile::Profile;
use crate::run::{Outcome, Verdict, run};
use crate::script::Script;

/// The library itself, called with register values.
#[derive(Clone, Debug)]
pub struct DirectRig {
    /// Its name.
    pub name: String,
    /// The machine.
    pub setup: Setup,
}

impl DirectRig {
    fn clause(&self, clause: &Clause, profile: Profile) -> Result<Outcome, String> {
        let setup = Setup { profile, ..self.setup.clone() };
        match clause.check {
            Check::Host(check) => {
                let verdict = check(&setup).map_or_else(Verdict::Fail, |()| Verdict::Pass);
                Ok(Outcome { verdict, done: Vec::new() })
            }
            Check::Script(text) => {
                let script = Script::parse(text).map_err(|why| format!("{}: {why}", clause.id))?;
                Ok(run(&mut Direct::new(&setup)?, &script, profile))
            }
        }
    }
}

impl Rig for DirectRig {
    fn name(&self) -> &str {
        &self.name
    }

    fn what(&self) -> String {
        format!("direct calls of the library: {}", self.setup)
    }

    fn profile(&self) -> Profile {
        Profile::Lopar
    }

    fn run(
        &self,
        clauses: &[&'static Clause],
        profile: Profile,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, String> {
        let one = |(n, clause): (usize, &&'static Clause)| {
            progress(n);
            self.clause(clause, profile)
        };
        clauses.iter().enumerate().map(one).collect()
    }
}
