// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One clause: what must hold, where that is written, and how it is checked.

use crate::direct::Setup;
use crate::script::Script;

/// One statement that a TCE hypercall, and what is under it, is held to.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// Its name: a section and what it is about.
    pub id: &'static str,
    /// Its source. "papr-tce n.m" is a section and "bug n" a historical bug in `docs/`, whose README
    /// says where.
    pub spec: &'static str,
    /// What must hold.
    pub says: &'static str,
    /// How that is checked.
    pub check: Check,
}

/// A check.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// A script (see [`script`](crate::script)): runs on every rig.
    Script(&'static str),
    /// A script on a machine in which this goes wrong (see `hcall::inject`): for rigs that can
    /// have that.
    Faults(&'static str, &'static str),
    /// A function over the library: for threads, and for calls that no guest makes.
    Host(fn(&Setup) -> Result<(), String>),
}

impl Clause {
    /// The section: the id up to the `/`.
    pub fn section(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }

    /// The script, if that is what it has. Errors: it does not parse.
    pub fn script(&self) -> Option<Result<Script, String>> {
        match self.check {
            Check::Script(text) => Some(Script::parse(text)),
            Check::Faults(..) | Check::Host(_) => None,
        }
    }
}

/// Fails a check with a sentence unless the two are equal.
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
