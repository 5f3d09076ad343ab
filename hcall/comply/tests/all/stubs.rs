// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Hypervisors that have no table: each gives its answer to every call. No clause passes on one of them.

use comply::host::Fact;
use comply::random::Random;
use comply::run::{Target, run};
use comply::script::{Action, How, Script};
use comply::value::Symbol;
use comply::{Check, Clause, SuiteProfile, Verdict, clauses};
use hcall::tokens::H_RTAS;
use hcall::{Regs, Status};
use std::collections::BTreeMap;

/// The way in which a stub answers.
#[derive(Clone)]
enum Answers {
    /// One status. After it r4 keeps its value, or has this one.
    Always(Status, Option<u64>),
    /// A random status of PAPR, and a random output.
    Random(Random),
}

/// A machine without a table. Its memory is real, as far as a script writes it.
struct Stub {
    answers: Answers,
    memory: BTreeMap<u64, u8>,
}

const STATUSES: [Status; 6] = [
    Status::Success,
    Status::Parameter,
    Status::Function,
    Status::P4,
    Status::Hardware,
    Status::Privilege,
];

impl Stub {
    /// The status and one output of a call.
    fn answer(&mut self, r4: u64) -> (i64, u64) {
        match &mut self.answers {
            Answers::Always(status, value) => (status.code(), value.unwrap_or(r4)),
            Answers::Random(random) => {
                let status = random.one_of(Status::ALL).code();
                let number = random.number();
                (status, random.one_of(&[0, r4, number]))
            }
        }
    }

    /// An RTAS call: a status of the same kind, and outputs that are 0.
    fn rtas(&mut self, block: u64) -> Result<(), String> {
        let (status, _) = self.answer(0);
        let status = match (&self.answers, status) {
            (_, 0) => 0,
            (Answers::Always(Status::Hardware, _), _) => -1i32,
            (Answers::Always(..), _) => -3,
            (Answers::Random(_), code) => [-1, -3][usize::from(code % 2 == 0)],
        };
        let inputs = self.read(block + 4, 4)?;
        let inputs = u32::from_be_bytes(inputs.try_into().map_err(|_| "four bytes")?);
        self.write(block + 12 + 4 * u64::from(inputs), &status.to_be_bytes())
    }
}

impl Target for Stub {
    fn symbol(&self, symbol: Symbol) -> Option<u64> {
        Some(match symbol {
            Symbol::Liobn => 0x8000_0000,
            Symbol::Start => 0,
            Symbol::End => 1 << 30,
            Symbol::Entries => 1 << 18,
            Symbol::Ram => 256 << 20,
            Symbol::BuidHigh => 0x0800_0000,
            Symbol::BuidLow => 0x2000_0000,
            _ => return None,
        })
    }
    fn hcall(&mut self, _: How, regs: &mut Regs) -> Result<(), String> {
        // A hypervisor of one line can run RTAS, or it answers that as all others.
        if regs[0] == H_RTAS {
            regs[0] = 0;
            return self.rtas(regs[1]);
        }
        let (status, value) = self.answer(regs[1]);
        regs[0] = status.cast_unsigned();
        regs[1] = value;
        Ok(())
    }
    fn rtas_token(&self, _: &str) -> Option<u32> {
        Some(1)
    }
    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), String> {
        self.memory.extend((at..).zip(bytes.iter().copied()));
        Ok(())
    }
    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, String> {
        let byte = |at| self.memory.get(&at).copied().unwrap_or(0);
        Ok((at..at + len as u64).map(byte).collect())
    }
    fn host(&mut self, _: Fact, _: &[u64]) -> Result<u64, String> {
        Err("a guest does not see this".into())
    }
    fn state(&mut self) -> Option<u64> {
        None
    }
    fn sound(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// The steps of a clause that a guest carries out; `None` when it sees nothing of the clause.
fn visible(clause: &Clause) -> Option<Script> {
    let Check::Script(text) = clause.check else { return None };
    let mut script = Script::parse(text).expect(clause.id);
    script.steps.retain(|step| !matches!(step.action, Action::Host { .. } | Action::Reset));
    script.is_seen_by_guests().then_some(script)
}

/// The clauses that a stub passes.
fn passed(answers: &Answers, profile: SuiteProfile) -> Vec<&'static str> {
    let all = clauses::matching("").filter_map(|clause| Some((clause.id, visible(clause)?)));
    let passes = |(id, script): (&'static str, Script)| {
        let mut stub = Stub { answers: answers.clone(), memory: BTreeMap::new() };
        (run(&mut stub, &script, profile).verdict == Verdict::Pass).then_some(id)
    };
    all.filter_map(passes).collect()
}

fn no_clause_passes(answers: &Answers) {
    for profile in SuiteProfile::ALL {
        assert_eq!(passed(answers, profile), [""; 0], "under {profile}");
    }
}

#[test]
fn no_clause_passes_where_every_call_is_a_success() {
    for value in [None, Some(0), Some(u64::MAX)] {
        no_clause_passes(&Answers::Always(Status::Success, value));
    }
}

#[test]
fn no_clause_passes_where_every_call_is_refused() {
    for status in STATUSES.into_iter().filter(|status| *status != Status::Success) {
        no_clause_passes(&Answers::Always(status, None));
    }
}

#[test]
fn no_clause_passes_where_every_answer_is_random() {
    for seed in 1..=64 {
        no_clause_passes(&Answers::Random(Random::new(seed)));
    }
}
