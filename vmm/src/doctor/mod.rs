// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm doctor`: the features of this host, and what each missing one is needed for.
//!
//! One check is one [`Check`] row in `CHECKS` and one function in `kvm`, `limits` or `tools`.
//! POWER guests need none of them, so a missing feature is no failure.

#[cfg(target_arch = "x86_64")]
mod kvm;
mod limits;
#[cfg(not(target_arch = "x86_64"))]
mod no_kvm;
mod tools;

use std::io::{self, Write};

use Finding::{Missing, There};
#[cfg(not(target_arch = "x86_64"))]
use no_kvm as kvm;

/// The result of a check, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The thing is there.
    There(String),
    /// The thing is missing; the text says how to get it.
    Missing(String),
}

/// A check.
pub struct Check {
    /// The name of the ability or tool.
    pub name: &'static str,
    /// The feature that needs the thing.
    pub wanted_by: &'static str,
    run: fn() -> Finding,
}

const X86: &str = "x86-64 guests";
const BUILD: &str = "building guest images";
const TESTS: &str = "tests that compare with it";

/// Every check, in the order of the output.
const CHECKS: &[Check] = &[
    Check { name: "POWER guests", wanted_by: "", run: || There("in software, on any host".into()) },
    Check { name: "/dev/kvm", wanted_by: X86, run: kvm::device },
    Check { name: "KVM module", wanted_by: X86, run: kvm::module },
    Check { name: "KVM capabilities", wanted_by: X86, run: kvm::capabilities },
    Check { name: "KVM limits", wanted_by: X86, run: kvm::limits },
    Check { name: "cost of an exit", wanted_by: X86, run: kvm::exit },
    Check { name: "... with registers", wanted_by: X86, run: kvm::exit_with_registers },
    Check { name: "CPUs", wanted_by: "--smp", run: limits::cpus },
    Check { name: "memory", wanted_by: "-m", run: limits::memory },
    Check {
        name: "locked memory",
        wanted_by: "pages pinned for real devices",
        run: limits::locked,
    },
    Check { name: "huge pages", wanted_by: "faster guest RAM", run: limits::huge_pages },
    Check { name: "passt", wanted_by: "--net socket= without root", run: tools::passt },
    Check { name: "QEMU for POWER", wanted_by: TESTS, run: tools::qemu_system },
    Check { name: "QEMU user mode", wanted_by: TESTS, run: tools::qemu_user },
    Check { name: "gcc for POWER, LE", wanted_by: BUILD, run: tools::gcc_le },
    Check { name: "gcc for POWER, BE", wanted_by: BUILD, run: tools::gcc_be },
    Check { name: "gcc for x86-64", wanted_by: BUILD, run: tools::gcc_x86 },
    Check { name: "objdump for POWER", wanted_by: TESTS, run: tools::objdump },
    Check { name: "dtc", wanted_by: TESTS, run: tools::dtc },
];

/// Runs every check and writes a line for each.
pub fn run(to: &mut dyn Write) -> io::Result<()> {
    let mut missing = 0;
    for check in CHECKS {
        match (check.run)() {
            There(what) => writeln!(to, "ok       {:<20} {what}", check.name)?,
            Missing(what) => {
                missing += 1;
                writeln!(to, "missing  {:<20} {what} (for {})", check.name, check.wanted_by)?;
            }
        }
    }
    match missing {
        0 => writeln!(to, "\nEverything that tcevm can use is here."),
        _ => {
            writeln!(to, "\nPOWER guests run all the same. Missing for more: {missing}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_its_own_name_and_says_what_wants_it() {
        for (i, check) in CHECKS.iter().enumerate() {
            assert!(check.name.len() <= 20, "{}", check.name);
            assert!(i == 0 || !check.wanted_by.is_empty(), "{}", check.name);
            assert!(CHECKS[..i].iter().all(|other| other.name != check.name));
        }
    }
}
