// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every clause, as direct calls.

use comply::rig::{DirectRig, Rig};
use comply::{Clause, SuiteProfile, Verdict, clauses, coverage};

fn run(rig: &DirectRig, profile: SuiteProfile) {
    let all: Vec<&'static Clause> = clauses::matching("").collect();
    let outcomes = rig.run(&all, profile, &mut |_| {}).expect("the rig runs");
    let failed: Vec<_> = all
        .iter()
        .zip(&outcomes)
        .filter(|(_, outcome)| matches!(outcome.verdict, Verdict::Fail(_)))
        .map(|(clause, outcome)| format!("{}: {}", clause.id, outcome.verdict.why()))
        .collect();
    assert!(failed.is_empty(), "{} under {profile}:\n{}", rig.name(), failed.join("\n"));
}

#[test]
fn every_clause_holds_on_every_tier_and_platform() {
    DirectRig::all().iter().for_each(|rig| run(rig, SuiteProfile::Lopar));
}

// Where LoPAR is silent, each answer of tcevm is one that LoPAR allows.
#[test]
fn our_answers_are_among_those_that_lopar_allows() {
    run(&DirectRig::all()[0], SuiteProfile::Allowed);
}

#[test]
fn every_clause_holds_with_the_answers_of_kvm_and_of_qemu() {
    for profile in [SuiteProfile::Kvm, SuiteProfile::Kvm61, SuiteProfile::Qemu] {
        run(&DirectRig::all()[0], profile);
    }
}

#[test]
fn a_hypercall_or_status_without_a_clause_is_told() {
    let all: Vec<_> = clauses::matching("").collect();
    assert_eq!(coverage::uncovered(&all), Vec::<String>::new());
    let some: Vec<_> = clauses::matching("get/").collect();
    let missing = coverage::uncovered(&some);
    for what in
        ["Hypercalls: H_STUFF_TCE", "RTAS calls: ibm,reset-pe-dma-window", "VFIO calls: map_dma"]
    {
        assert!(missing.contains(&format!("{what} has no clause")), "{what}: {missing:?}");
    }
}

#[test]
fn ids_are_unique_and_rows_are_whole() {
    let all: Vec<_> = clauses::matching("").collect();
    assert!(all.len() >= 120);
    for (n, clause) in all.iter().enumerate() {
        assert!(all[..n].iter().all(|other| other.id != clause.id), "{} is there twice", clause.id);
        assert!(clause.id.contains('/') && clause.says.ends_with('.'), "{}", clause.id);
        let cited = ["LoPAR 2.9, ", "LoPAR 2.9;", "Linux: ", "QEMU: "];
        assert!(cited.iter().any(|source| clause.spec.contains(source)), "{}", clause.id);
    }
}
