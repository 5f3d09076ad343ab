// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One clause: the requirement, its source, and its check.

use crate::direct::Setup;
use crate::script::Script;

/// One requirement on a TCE hypercall, or on the layers under it.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Its name: the section, `/`, and the subject.
    pub id: &'static str,
    /// Its source. "papr-tce n.m" is a section and "bug n" a historical bug in `docs/`, whose README has the
    /// details.
    pub spec: &'static str,
    /// The requirement, as a sentence.
    pub says: &'static str,
    /// The check of the requirement.
    pub check: Check,
}

/// A check.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// A script (see [`script`](crate::script)), which runs on every rig.
    Script(&'static str),
    /// A fault (see `hcall::inject`) and a script. It runs on rigs that can inject the fault.
    Faults(&'static str, &'static str),
    /// A function over the library on the bridge of a machine, for threads and for calls that no guest makes.
    Host(fn(&Setup) -> Result<(), String>),
    /// A function over parts of the library that know neither tiers nor bridges. One rig runs it.
    Once(fn() -> Result<(), String>),
}

impl Clause {
    /// The section: the id up to the `/`.
    pub fn section(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// The script, if the check is one. Errors: it does not parse.
    pub fn script(&self) -> Option<Result<Script, String>> {
        match self.check {
            Check::Script(text) => Some(Script::parse(text)),
            Check::Faults(..) | Check::Host(_) | Check::Once(_) => None,
        }
    }
}

/// Fails a check with a sentence unless both values are equal.
#[macro_export]
macro_rules! expect {
    ($got:expr, $want:expr) => {
        match (&$got, &$want) {
            (got, want) if got == want => {}
            (got, want) => {
                return Err(format!("{} is {got:?}, not {want:?}", stringify!($got)));
            }
        }
    };
}
