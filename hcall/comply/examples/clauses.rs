// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Runs every clause as direct calls and prints those that fail. The mutants are tried with this program. A
//! clause that panics counts as failed.

use comply::rig::{DirectRig, Rig};
use comply::{SuiteProfile, Verdict, clauses};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

fn main() -> ExitCode {
    panic::set_hook(Box::new(|_| {}));
    let rigs = DirectRig::all();
    let mut failed = false;
    for clause in clauses::matching("") {
        for (rig, profile) in [(&rigs[0], SuiteProfile::Lopar), (&rigs[0], SuiteProfile::Qemu)] {
            let ran =
                panic::catch_unwind(AssertUnwindSafe(|| rig.run(&[clause], profile, &mut |_| {})));
            let fine = match ran {
                Ok(Ok(outcomes)) => !matches!(outcomes[0].verdict, Verdict::Fail(_)),
                Ok(Err(_)) | Err(_) => false,
            };
            if !fine {
                println!("FAIL {}", clause.id);
                failed = true;
                break;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
