// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every clause, as direct calls.

use comply::direct::{Direct, Setup};
use comply::{Check, Outcome, Profile, Verdict, clauses, run};

fn direct(clause: &comply::Clause, profile: Profile) -> Outcome {
    let setup = Setup::default();
    match clause.check {
        Check::Host(check) => {
            let verdict = check(&setup).map_or_else(Verdict::Fail, |()| Verdict::Pass);
            Outcome { verdict, done: Vec::new() }
        }
        Check::Script(text) => {
            let script = comply::Script::parse(text).expect(clause.id);
            let mut machine = Direct::new(&setup).expect("a machine");
            run::run(&mut machine, &script, profile)
        }
    }
}

#[test]
fn every_clause_holds_as_direct_calls() {
    let mut failed = Vec::new();
    for clause in clauses::matching("") {
        let outcome = direct(clause, Profile::Lopar);
        println!("{} {} {}", outcome.verdict.word(), clause.id, outcome.verdict.why());
        if matches!(outcome.verdict, Verdict::Fail(_)) {
            failed.push(clause.id);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}
