// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--trace`: one line for each hypercall, arguments and answers by name.
//!
//! `H_PUT_TCE liobn=0x80000000 ioba=0x1000 tce=0x20003 -> H_SUCCESS`

use hcall::{Regs, Status};
use std::fmt::{self, Display, Formatter};

use crate::observe::Made;
use crate::outlet;

/// How many registers are shown of a call whose arguments are not known.
const UNNAMED: [&str; 4] = ["r4", "r5", "r6", "r7"];

/// Writes the line of a call to stderr; a stderr that is gone does not stop the guest.
pub(crate) fn write(made: &Made<'_>) {
    outlet::line(format_args!("{made}"));
}

impl Display for Made<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.call.hcall {
            Some(row) => {
                write!(f, "{}", row.name)?;
                registers(f, row.args, self.asked)?;
            }
            None => {
                token(f, self.asked[0])?;
                registers(f, &UNNAMED, self.asked)?;
            }
        }
        write!(f, " -> {}", self.call.status)?;
        match self.call.hcall {
            Some(row) if self.call.status == Status::Success => {
                registers(f, row.returns, self.answered)
            }
            _ => Ok(()),
        }
    }
}

/// The name of a token that has no row, if PAPR gave it one.
fn token(f: &mut Formatter<'_>, token: u64) -> fmt::Result {
    match hcall::token_name(token) {
        Some(name) => f.write_str(name),
        None => write!(f, "{token:#x}"),
    }
}

/// Names from r4 up, with the values of their registers.
fn registers(f: &mut Formatter<'_>, names: &[&str], registers: &Regs) -> fmt::Result {
    let values = &registers[1..];
    names.iter().zip(values).try_for_each(|(name, value)| write!(f, " {name}={value:#x}"))
}
