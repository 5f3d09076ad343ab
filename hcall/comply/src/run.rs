// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Runs a script step by step on a target that makes hypercalls, and judges each step.

use crate::digest::Digest;
use crate::host::Fact;
use crate::profile::SuiteProfile;
use crate::script::{Action, Answer, Code, Form, Half, How, Out, Script, Step};
use crate::value::{Symbol, Value};
use hcall::tokens::{H_GET_TCE, H_PUT_TCE, H_PUT_TCE_INDIRECT, H_RTAS, H_STUFF_TCE};
use hcall::{Regs, Status};
use std::collections::BTreeMap;
use std::time::Duration;

/// A machine that runs a script. An error is the reason why a step cannot be done or seen here.
pub trait Target {
    /// The value of a symbol on this machine.
    fn symbol(&self, symbol: Symbol) -> Option<u64>;
    /// Makes the following calls from this vCPU, on a machine with several.
    fn on_cpu(&mut self, _cpu: u32) {}
    /// Resets the machine. Errors: it cannot be reset.
    fn reset(&mut self) -> Result<(), String> {
        Err("this machine is not reset while a script runs".into())
    }
    /// The address at which RTAS blocks are written.
    fn block(&self) -> u64 {
        BLOCK
    }
    /// Makes a hypercall with r3 to r12.
    fn hcall(&mut self, how: How, regs: &mut Regs) -> Result<(), String>;
    /// The token of an RTAS call, by the beginning of its name.
    fn rtas_token(&self, name: &str) -> Option<u32>;
    /// Writes memory of the guest. Errors: the address is not memory.
    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), String>;
    /// Reads memory of the guest.
    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, String>;
    /// Answers a question that only the host can answer.
    fn host(&mut self, fact: Fact, args: &[u64]) -> Result<u64, String>;
    /// A digest of the state that a refused call must not change, or `None` where it cannot be observed.
    fn state(&mut self) -> Option<u64>;
    /// Checks the invariants that hold after every script. Errors: the one that does not hold.
    fn sound(&mut self) -> Result<(), String>;
}

/// The verdict of a clause on a rig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All answers were as expected.
    Pass,
    /// An answer was not as expected; the sentence says which.
    Fail(String),
    /// The clause could not be tried here; the sentence gives the reason.
    Skip(String),
}

impl Verdict {
    /// `PASS`, `FAIL` or `SKIP`.
    pub const fn word(&self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Fail(_) => "FAIL",
            Verdict::Skip(_) => "SKIP",
        }
    }

    /// The sentence, if there is one.
    pub fn why(&self) -> &str {
        match self {
            Verdict::Pass => "",
            Verdict::Fail(why) | Verdict::Skip(why) => why,
        }
    }
}

/// A step that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its number in the script, from 0.
    pub step: usize,
    /// The line of the script.
    pub text: String,
    /// The answer expected under the profile; empty where none is.
    pub want: String,
    /// The answer of the last repetition.
    pub got: String,
    /// A digest of the answers of all repetitions, to compare rigs. A question to the host has none.
    pub digest: Option<u64>,
    /// True if the answer was as expected.
    pub ok: bool,
}

/// The verdict of a clause, and the steps that were carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Pass, fail or skip.
    pub verdict: Verdict,
    /// The steps, up to the one that failed.
    pub done: Vec<Done>,
    /// The time that it took; 0 where that is not known.
    pub time: Duration,
}

impl Outcome {
    /// An outcome without any step.
    pub fn of(verdict: Verdict) -> Outcome {
        Outcome { verdict, done: Vec::new(), time: Duration::ZERO }
    }

    /// A clause that was not tried.
    pub fn skip(why: impl Into<String>) -> Outcome {
        Outcome::of(Verdict::Skip(why.into()))
    }
}

/// The step that went wrong: its text, the expected answer, and the answer that came.
pub(crate) fn wrong(outcome: &Outcome) -> Option<(&str, &str, &str)> {
    let done = outcome.done.iter().find(|done| !done.ok)?;
    Some((&done.text, &done.want, &done.got))
}

/// The address of RTAS blocks, in a machine that has memory there.
pub(crate) const BLOCK: u64 = 0x40f_0000;

/// The reason why a step ended the script.
enum Stop {
    Fail(String),
    Skip(String),
}

/// The answer of one repetition of a step.
struct Got {
    /// The status and outputs, for the digest.
    numbers: Vec<u64>,
    text: String,
    wrong: Option<String>,
}

/// The answer that a step expects under a profile, as text.
pub(crate) fn want(step: &Step, profile: SuiteProfile) -> String {
    match &step.action {
        Action::Call { answers, .. } | Action::Rtas { answers, .. } => {
            answers.of(profile).to_string()
        }
        Action::Host { want, .. } => want.to_string(),
        Action::Poke { .. } | Action::Fill { .. } | Action::Peek { .. } | Action::Reset => {
            String::new()
        }
    }
}

/// Runs a script on a target under a profile, to its end or its first failure.
pub fn run(target: &mut dyn Target, script: &Script, profile: SuiteProfile) -> Outcome {
    let mut run = Run { target, profile, kept: BTreeMap::new() };
    let mut done = Vec::new();
    for (number, step) in script.steps.iter().enumerate() {
        if !step.only.holds(profile) {
            continue;
        }
        if let Err(stop) = run.step(number, step, &mut done) {
            let verdict = match stop {
                Stop::Fail(why) => Verdict::Fail(format!("{}: {why}", step.text)),
                Stop::Skip(why) => Verdict::Skip(why),
            };
            return Outcome { done, ..Outcome::of(verdict) };
        }
    }
    let verdict = match run.target.sound() {
        Ok(()) => Verdict::Pass,
        Err(why) => Verdict::Fail(why),
    };
    Outcome { done, ..Outcome::of(verdict) }
}

struct Run<'a> {
    target: &'a mut dyn Target,
    profile: SuiteProfile,
    kept: BTreeMap<Symbol, u64>,
}

impl Run<'_> {
    fn step(&mut self, number: usize, step: &Step, done: &mut Vec<Done>) -> Result<(), Stop> {
        let mut digest = Digest::default();
        self.target.on_cpu(step.cpu);
        let before = self.before(step);
        for i in 0..step.repeat {
            let got = self.once(step, i)?;
            got.numbers.iter().for_each(|number| digest.add(*number));
            let last = i + 1 == step.repeat;
            let wrong = got.wrong.or_else(|| if last { self.after(before) } else { None });
            if last || wrong.is_some() {
                let digest = (!got.numbers.is_empty()).then_some(digest.0);
                let (text, ok) = (step.text.clone(), wrong.is_none());
                let want = want(step, self.profile);
                done.push(Done { step: number, text, want, got: got.text, digest, ok });
            }
            if let Some(why) = wrong {
                return Err(Stop::Fail(why));
            }
        }
        Ok(())
    }

    /// The state before a TCE call that must be refused and must not change it. Under QEMU's profile there is
    /// none: QEMU applies a refused list up to its bad entry.
    fn before(&mut self, step: &Step) -> Option<u64> {
        let Action::Call { token, answers, .. } = &step.action else { return None };
        let tce = [H_GET_TCE, H_PUT_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT].contains(token);
        let answer = answers.of(self.profile);
        let refused = !answer.statuses.is_empty() && !answer.allows(0);
        if tce && refused && self.profile != SuiteProfile::Qemu {
            self.target.state()
        } else {
            None
        }
    }

    fn after(&mut self, before: Option<u64>) -> Option<String> {
        let changed = before.is_some() && self.target.state() != before;
        changed.then(|| "the call was refused and yet changed something".into())
    }

    fn once(&mut self, step: &Step, i: u64) -> Result<Got, Stop> {
        match &step.action {
            Action::Call { how, token, args, answers } => {
                let args = self.numbers(args, i)?;
                let mut regs: Regs = [PATTERN; 10];
                regs[0] = *token;
                regs[1..=args.len()].copy_from_slice(&args);
                self.target.hcall(*how, &mut regs).map_err(Stop::Skip)?;
                self.judge(answers.of(self.profile), regs[0], &regs[1..], i)
            }
            Action::Rtas { name, inputs, answers } => {
                self.rtas(name, inputs, answers.of(self.profile), i)
            }
            Action::Poke { at, form, values } => {
                let bytes: Vec<u8> =
                    self.numbers(values, i)?.iter().flat_map(|&value| form.bytes(value)).collect();
                self.write(*at, i, &bytes)
            }
            Action::Fill { at, count, value } => {
                let list = (0..*count).map(|n| self.number(*value, n).map(u64::to_be_bytes));
                let list: Vec<_> = list.collect::<Result<_, _>>()?;
                self.write(*at, i, list.as_flattened())
            }
            Action::Peek { at, form, values } => {
                let want: Vec<u8> =
                    self.numbers(values, i)?.iter().flat_map(|&value| form.bytes(value)).collect();
                let at = self.number(*at, i)?;
                let got = self.target.read(at, want.len()).map_err(Stop::Skip)?;
                let wrong = (got != want).then(|| "other bytes are there".into());
                Ok(Got { numbers: Vec::new(), text: hex(&got), wrong })
            }
            Action::Reset => {
                self.target.reset().map_err(Stop::Skip)?;
                Ok(Got { numbers: Vec::new(), text: String::new(), wrong: None })
            }
            Action::Host { fact, args, want } => {
                let (args, want) = (self.numbers(args, i)?, self.number(*want, i)?);
                let got = self.target.host(*fact, &args).map_err(Stop::Skip)?;
                let wrong = (got != want).then(|| format!("it is {got:#x}"));
                Ok(Got { numbers: Vec::new(), text: format!("{got:#x}"), wrong })
            }
        }
    }

    fn write(&mut self, at: Value, i: u64, bytes: &[u8]) -> Result<Got, Stop> {
        let at = self.number(at, i)?;
        self.target.write(at, bytes).map_err(Stop::Skip)?;
        Ok(Got { numbers: Vec::new(), text: String::new(), wrong: None })
    }

    fn rtas(&mut self, name: &str, ins: &[Value], want: &Answer, i: u64) -> Result<Got, Stop> {
        let token = self.target.rtas_token(name);
        let token = token.ok_or_else(|| Stop::Skip(format!("the machine has no RTAS {name}")))?;
        let inputs = self.numbers(ins, i)?;
        let outs = want.outs.len();
        let mut block = vec![u64::from(token), inputs.len() as u64, outs as u64 + 1];
        block.extend(inputs);
        let answered = block.len() * 4;
        block.resize(block.len() + outs + 1, 0);
        let bytes: Vec<u8> = block.iter().flat_map(|&cell| Form::Word.bytes(cell)).collect();
        let at = self.target.block();
        self.target.write(at, &bytes).map_err(Stop::Skip)?;
        let mut regs: Regs = [PATTERN; 10];
        (regs[0], regs[1]) = (H_RTAS, at);
        self.target.hcall(How::Plainly, &mut regs).map_err(Stop::Skip)?;
        if regs[0] != 0 {
            return Err(Stop::Fail(format!("H_RTAS itself: {}", Code(regs[0].cast_signed()))));
        }
        let answer = self.target.read(at + answered as u64, 4 * (outs + 1));
        let answer = answer.map_err(Stop::Skip)?;
        let mut cells = answer
            .chunks_exact(4)
            .map(|cell| cell.iter().fold(0u64, |word, &byte| word << 8 | u64::from(byte)));
        // The status is a signed word.
        let status = cells.next().unwrap_or(0);
        let status = if status >> 31 == 1 { status | !0xffff_ffff } else { status };
        let cells: Vec<u64> = cells.collect();
        self.judge(want, status, &cells, i)
    }

    fn judge(&mut self, want: &Answer, status: u64, outs: &[u64], i: u64) -> Result<Got, Stop> {
        let mut text = Code(status.cast_signed()).to_string();
        let mut numbers = vec![status];
        let mut right = want.allows(status.cast_signed());
        // After a failed call the content of r4 has no meaning.
        let answered = if status == 0 { want.outs.len() } else { 0 };
        for (out, &got) in want.outs.iter().zip(outs).take(answered) {
            text += &format!(" {got:#x}");
            match *out {
                Out::Any => numbers.push(got),
                Out::Is(value) => {
                    numbers.push(got);
                    right &= got == self.number(value, i)?;
                }
                Out::Keep(symbol, half) => {
                    let before = self.kept.get(&symbol).copied().unwrap_or(0);
                    let before = if half == Half::Low { before } else { 0 };
                    self.kept.insert(symbol, half.keep(before, got));
                }
            }
        }
        let wrong = (!right).then(|| format!("got {text}"));
        Ok(Got { numbers, text, wrong })
    }

    fn numbers(&self, values: &[Value], i: u64) -> Result<Vec<u64>, Stop> {
        values.iter().map(|&value| self.number(value, i)).collect()
    }

    fn number(&self, value: Value, i: u64) -> Result<u64, Stop> {
        let fact = match value.symbol {
            Symbol::Zero => Some(0),
            symbol => self.kept.get(&symbol).copied().or_else(|| self.target.symbol(symbol)),
        };
        let missing = || Stop::Skip(format!("the machine has no {}", value.symbol.text()));
        fact.map(|fact| value.resolve(|_| fact, i)).ok_or_else(missing)
    }
}

/// The content of registers that are no arguments.
const PATTERN: u64 = 0x5555_5555_5555_5555;

fn hex(bytes: &[u8]) -> String {
    let word = |chunk: &[u8]| chunk.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    bytes.chunks(8).take(8).map(word).collect::<Vec<_>>().join(" ")
}

/// True if PAPR defines the status in this register.
pub fn known_status(r3: u64) -> bool {
    Status::from_reg(r3).is_some()
}
