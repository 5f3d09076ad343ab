// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Runs clauses as direct calls and prints those that fail. The mutants are tried with this program. A
//! clause that panics counts as failed.
//!
//! `clauses [--first] [--everywhere] [ID]...`: all clauses or these, up to the first failure, on every tier, platform and profile.

use comply::rig::{DirectRig, Rig};
use comply::{Clause, SuiteProfile, Verdict, clauses};
use std::env;
use std::panic;
use std::process::ExitCode;
use std::thread;

type Pair<'a> = (&'a DirectRig, SuiteProfile);

fn main() -> ExitCode {
    panic::set_hook(Box::new(|_| {}));
    let (options, ids): (Vec<_>, Vec<_>) =
        env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let has = |name: &str| options.iter().any(|option| option == name);
    let rigs = DirectRig::all();
    let pairs = if has("--everywhere") { everywhere(&rigs) } else { usual(&rigs) };
    let mut failed = false;
    for clause in
        clauses::matching("").filter(|c| ids.is_empty() || ids.iter().any(|id| id == c.id))
    {
        if !pairs.iter().all(|pair| holds(clause, pair)) {
            println!("FAIL {}", clause.id);
            failed = true;
            if has("--first") {
                break;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn usual(rigs: &[DirectRig]) -> Vec<Pair<'_>> {
    vec![(&rigs[0], SuiteProfile::Lopar), (&rigs[0], SuiteProfile::Qemu)]
}

fn everywhere(rigs: &[DirectRig]) -> Vec<Pair<'_>> {
    let others = [SuiteProfile::Qemu, SuiteProfile::Kvm, SuiteProfile::Kvm61];
    let lopar = rigs.iter().map(|rig| (rig, SuiteProfile::Lopar));
    lopar.chain(others.map(|profile| (&rigs[0], profile))).collect()
}

/// Runs a clause on a thread with its name.
fn holds(clause: &'static Clause, (rig, profile): &Pair<'_>) -> bool {
    let ran = thread::scope(|scope| {
        let run = || rig.run(&[clause], *profile, &mut |_| {});
        thread::Builder::new()
            .name(clause.id.into())
            .spawn_scoped(scope, run)
            .map(|thread| thread.join())
    });
    match ran {
        Ok(Ok(Ok(outcomes))) => !matches!(outcomes[0].verdict, Verdict::Fail(_)),
        Ok(Ok(Err(_)) | Err(_)) | Err(_) => false,
    }
}
