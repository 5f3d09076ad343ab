// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The steps of a clause or a replay: calls with the expected answers, and the memory contents around them.
//! One line of text is one step.
//!
//! ```text
//! poke LIST A|RW B|R                              big-endian doublewords at an address
//! H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_SUCCESS      a hypercall, its arguments, its status
//! H_GET_TCE L 0x1000 -> H_SUCCESS B|R             ... and what is in r4 after it
//! H_PUT_TCE L 0x801 A|RW -> H_PARAMETER; allowed _   another profile's answer, here any
//! host pins A = 1                                 what only the host can see
//! ```
//!
//! | step | |
//! |---|---|
//! | `TOKEN arg... -> STATUS out...` | a hypercall, by name or number; `H_A/H_B`: either status; `_`: anything |
//! | `user`, `checked` before it | in problem state; with every register that must survive checked |
//! | `rtas NAME in... -> STATUS out...` | an RTAS call; its outputs are 32 bits each |
//! | `>L2`, `>S2.hi`, `>S2.lo` for an out | keeps it; the halves of an address come in two outs |
//! | `poke`, `poke.le`, `poke.32` | doublewords big-endian, little-endian, words big-endian |
//! | `fill ADDR COUNT VALUE` | COUNT big-endian doublewords; `I` counts them |
//! | `peek ADDR VALUE...`, `peek.32` | what must be there |
//! | `cpu N STEP` | from this vCPU, where there are several |
//! | `reset` | the machine is reset: every entry clear, the windows as at the start |
//! | `repeat N STEP` | N times; `I` is the number of the repetition, from 0 |
//! | `[qemu] STEP`, `[!qemu] STEP` | under this profile only; under all others only. `kvm` includes `kvm-6.1` |
//! | `host FACT arg... = VALUE` | see [`host::Fact`](crate::host::Fact) |
//! | `# ...` | a comment |
//!
//! A recording begins with the [machine](mod@machine) on which it was made.

pub mod machine;
mod parse;

pub use machine::Recorded;

use crate::host::Fact;
use crate::profile::SuiteProfile;
use crate::value::{Symbol, Value};
use hcall::Status;
use std::fmt;

/// A sequence of steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// The machine of the recording, if the script is one.
    pub machine: Option<Recorded>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The line of text.
    pub text: String,
    /// The profiles under which the step runs.
    pub only: Only,
    /// The number of repetitions.
    pub repeat: u64,
    /// The vCPU that makes the call.
    pub cpu: u32,
    /// The call or the check.
    pub action: Action,
}

/// The profiles under which a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// All profiles.
    Always,
    /// This profile only.
    Under(SuiteProfile),
    /// All profiles but this one.
    NotUnder(SuiteProfile),
}

impl Only {
    /// True if the step runs under a profile.
    pub fn holds(self, profile: SuiteProfile) -> bool {
        match self {
            Only::Always => true,
            Only::Under(only) => profile.is(only),
            Only::NotUnder(not) => !profile.is(not),
        }
    }
}

/// The action of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A hypercall with its token and its arguments from r4 up.
    Call {
        /// The state of the CPU for the call.
        how: How,
        /// r3.
        token: u64,
        /// r4 up.
        args: Vec<Value>,
        /// The expected answers.
        answers: Answers,
    },
    /// An RTAS call.
    Rtas {
        /// The property of `/rtas` with its token, or the beginning of that name.
        name: String,
        /// The inputs in their order, 32 bits each.
        inputs: Vec<Value>,
        /// The expected status, followed by the outputs.
        answers: Answers,
    },
    /// Stores values in memory.
    Poke {
        /// The address.
        at: Value,
        /// The form of the values.
        form: Form,
        /// The values from there on.
        values: Vec<Value>,
    },
    /// Stores `count` doublewords; `value` depends on the index `I`.
    Fill {
        /// The address.
        at: Value,
        /// The number of doublewords.
        count: u64,
        /// The value that is stored, or wanted.
        value: Value,
    },
    /// Compares memory with the expected values.
    Peek {
        /// The address.
        at: Value,
        /// The form of the values.
        form: Form,
        /// The expected values.
        values: Vec<Value>,
    },
    /// Resets the machine.
    Reset,
    /// Asks the host a question and compares the answer.
    Host {
        /// The fact that the host looks up.
        fact: Fact,
        /// The arguments of the fact.
        args: Vec<Value>,
        /// The expected answer.
        want: Value,
    },
}

/// The state of the CPU for a hypercall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// An ordinary call.
    Plainly,
    /// In problem state.
    User,
    /// With a pattern in every register that must survive; the registers are compared afterwards.
    Checked,
}

/// The form of numbers in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// 64 bits, big-endian.
    Big,
    /// 64 bits, little-endian.
    Little,
    /// 32 bits, big-endian.
    Word,
}

impl Form {
    /// The bytes of a number.
    pub fn bytes(self, value: u64) -> Vec<u8> {
        match self {
            Form::Big => value.to_be_bytes().to_vec(),
            Form::Little => value.to_le_bytes().to_vec(),
            Form::Word => value.to_be_bytes()[4..].to_vec(),
        }
    }
}

/// The expected answer, and the answers of profiles that differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    common: Answer,
    others: Vec<(SuiteProfile, Answer)>,
}

impl Answers {
    /// The answer under a profile.
    pub fn of(&self, profile: SuiteProfile) -> &Answer {
        let given = |wanted| self.others.iter().find(|(p, _)| *p == wanted);
        let other = given(profile).or_else(|| profile.base().and_then(given));
        other.map_or(&self.common, |(_, answer)| answer)
    }
}

/// An expected answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Codes of the accepted statuses; an empty list accepts any.
    pub statuses: Vec<i64>,
    /// The outputs from r4 up.
    pub outs: Vec<Out>,
}

impl Answer {
    /// True if a status is accepted.
    pub fn allows(&self, status: i64) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.statuses.is_empty() {
            f.write_str("any status")?;
        }
        for (i, status) in self.statuses.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { " or " }, Code(*status))?;
        }
        self.outs.iter().try_for_each(|out| match out {
            Out::Is(value) => write!(f, " {value}"),
            Out::Any | Out::Keep(..) => Ok(()),
        })
    }
}

/// The treatment of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Any value is accepted.
    Any,
    /// The output must have this value.
    Is(Value),
    /// The output is stored in a symbol.
    Keep(Symbol, Half),
}

/// The part of a symbol in which an output is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// All of it.
    Whole,
    /// Its high 32 bits; the low ones become 0.
    High,
    /// Its low 32 bits; the high ones stay.
    Low,
}

impl Half {
    /// The value of a symbol, `before`, with the output `out` in this part of it.
    pub fn keep(self, before: u64, out: u64) -> u64 {
        match self {
            Half::Whole => out,
            Half::High => out << 32,
            Half::Low => before | (out & 0xffff_ffff),
        }
    }
}

/// A status by its code; it prints as its name, if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i64);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Status::from_reg(self.0.cast_unsigned()) {
            // The name does not contain the number that the status carries.
            Some(Status::UnsupportedFlag(_)) | None => write!(f, "{}", self.0),
            Some(status) => write!(f, "{status}"),
        }
    }
}

impl Script {
    /// The tokens of the hypercalls in the script.
    pub fn tokens(&self) -> impl Iterator<Item = u64> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call { token, .. } => Some(*token),
            Action::Rtas { .. } => Some(hcall::tokens::H_RTAS),
            _ => None,
        })
    }

    /// The names of the RTAS calls in the script.
    pub fn rtas(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Rtas { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// True if a guest sees anything that the script checks: an answer other than a plain success.
    pub fn is_seen_by_guests(&self) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Call { how, answers, .. } => {
                let answer = answers.of(SuiteProfile::Lopar);
                let value = answer.outs.iter().any(|out| matches!(out, Out::Is(_)));
                *how == How::Checked || value || !answer.allows(0)
            }
            Action::Rtas { .. } | Action::Peek { .. } => true,
            Action::Poke { .. } | Action::Fill { .. } | Action::Reset | Action::Host { .. } => {
                false
            }
        })
    }

    /// A script with these calls that accepts every answer, to list all answers of an implementation.
    pub fn unjudged(&self, profile: SuiteProfile) -> Script {
        let mut script = self.clone();
        script.steps.retain(|step| step.only.holds(profile));
        script
            .steps
            .retain(|step| !matches!(step.action, Action::Host { .. } | Action::Peek { .. }));
        for step in &mut script.steps {
            step.only = Only::Always;
            if let Action::Call { answers, .. } | Action::Rtas { answers, .. } = &mut step.action {
                let mut any = answers.of(profile).clone();
                any.statuses.clear();
                let free = |out: &mut Out| {
                    if let Out::Is(_) = out {
                        *out = Out::Any;
                    }
                };
                any.outs.iter_mut().for_each(free);
                *answers = Answers { common: any, others: Vec::new() };
            }
        }
        script
    }

    /// The status codes that the script expects of hypercalls under a profile.
    pub fn statuses(&self, profile: SuiteProfile) -> impl Iterator<Item = i64> {
        let done = self.steps.iter().filter(move |step| step.only.holds(profile));
        done.flat_map(move |step| match &step.action {
            Action::Call { answers, .. } => answers.of(profile).statuses.clone(),
            _ => Vec::new(),
        })
    }
}

/// The text that parses to this script.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(machine) = &self.machine {
            write!(f, "{machine}")?;
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{}", step.text))
    }
}
