// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a clause does, and what a replay does: calls with the answers that are expected, and what
//! lies in memory around them. One line of text is one step.
//!
//! ```text
//! poke LIST A|RW B|R                              big-endian doublewords at an address
//! H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_SUCCESS      a hypercall, its arguments, its status
//! H_GET_TCE L 0x1000 -> H_SUCCESS B|R             ... and what is in r4 after it
//! H_PUT_TCE L 0x801 A|RW -> H_PARAMETER; papr _   somebody else's answer, here any
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
//! | `[qemu] STEP`, `[!qemu] STEP` | under this profile only; under all others only |
//! | `host FACT arg... = VALUE` | see [`host::Fact`](crate::host::Fact) |
//! | `# ...` | a comment |
//!
//! A recording begins with the [machine](mod@machine) that it was made on.

pub mod machine;
mod parse;

pub use machine::Recorded;

use crate::host::Fact;
use crate::profile::Profile;
use crate::value::{Symbol, Value};
use hcall::Status;
use std::fmt;

/// Steps in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The steps.
    pub steps: Vec<Step>,
    /// The machine that it was recorded on, if it is a recording.
    pub machine: Option<Recorded>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The line it was read from.
    pub text: String,
    /// The profiles under which it is done.
    pub only: Only,
    /// How often.
    pub repeat: u64,
    /// The vCPU that does it.
    pub cpu: u32,
    /// What is done.
    pub action: Action,
}

/// Under which profiles a step is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// All.
    Always,
    /// This one.
    Under(Profile),
    /// All but this one.
    NotUnder(Profile),
}

impl Only {
    /// Whether the step is done under a profile.
    pub fn holds(self, profile: Profile) -> bool {
        match self {
            Only::Always => true,
            Only::Under(only) => profile == only,
            Only::NotUnder(not) => profile != not,
        }
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A hypercall with its token and its arguments from r4 up.
    Call {
        /// How it is made.
        how: How,
        /// r3.
        token: u64,
        /// r4 up.
        args: Vec<Value>,
        /// What is expected.
        answers: Answers,
    },
    /// An RTAS call.
    Rtas {
        /// The property of `/rtas` with its token, or a beginning of that name.
        name: String,
        /// The inputs.
        inputs: Vec<Value>,
        /// The status and the outputs behind it.
        answers: Answers,
    },
    /// Stores.
    Poke {
        /// Where.
        at: Value,
        /// In which form.
        form: Form,
        /// What.
        values: Vec<Value>,
    },
    /// Stores `count` doublewords of which the `I`th is `value`.
    Fill {
        /// Where.
        at: Value,
        /// How many.
        count: u64,
        /// What.
        value: Value,
    },
    /// Compares memory.
    Peek {
        /// Where.
        at: Value,
        /// In which form.
        form: Form,
        /// What must be there.
        values: Vec<Value>,
    },
    /// Resets the machine.
    Reset,
    /// Compares what only the host can see.
    Host {
        /// What is asked.
        fact: Fact,
        /// About what.
        args: Vec<Value>,
        /// What must come.
        want: Value,
    },
}

/// How a hypercall is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// As any.
    Plainly,
    /// In problem state.
    User,
    /// With a pattern in every register that must survive, which is compared.
    Checked,
}

/// How numbers lie in memory.
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

/// The expected answer, and those of profiles that differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    common: Answer,
    others: Vec<(Profile, Answer)>,
}

impl Answers {
    /// The answer under a profile.
    pub fn of(&self, profile: Profile) -> &Answer {
        let other = self.others.iter().find(|(p, _)| *p == profile);
        other.map_or(&self.common, |(_, answer)| answer)
    }
}

/// An answer that is expected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Codes of the statuses that will do; none: any will.
    pub statuses: Vec<i64>,
    /// From r4 up.
    pub outs: Vec<Out>,
}

impl Answer {
    /// Whether a status is what was expected.
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

/// What becomes of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Out {
    /// Anything is right.
    Any,
    /// It must be this.
    Is(Value),
    /// It is kept.
    Keep(Symbol, Half),
}

/// Which part of a symbol is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// All of it.
    Whole,
    /// Its high 32 bits; the others become 0.
    High,
    /// Its low 32 bits; the others stay.
    Low,
}

impl Half {
    /// The symbol after the output was kept in this part of it.
    pub fn keep(self, before: u64, out: u64) -> u64 {
        match self {
            Half::Whole => out,
            Half::High => out << 32,
            Half::Low => before | (out & 0xffff_ffff),
        }
    }
}

/// A status by its code: prints its name, if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i64);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Status::from_reg(self.0.cast_unsigned()) {
            // That name does not tell the number that it carries.
            Some(Status::UnsupportedFlag(_)) | None => write!(f, "{}", self.0),
            Some(status) => write!(f, "{status}"),
        }
    }
}

impl Script {
    /// Reads steps, one a line. Errors: what is wrong, with its line.
    pub fn parse(text: &str) -> Result<Script, String> {
        parse::script(text)
    }

    /// The tokens of the hypercalls that are made.
    pub fn tokens(&self) -> impl Iterator<Item = u64> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call { token, .. } => Some(*token),
            Action::Rtas { .. } => Some(hcall::tokens::H_RTAS),
            _ => None,
        })
    }

    /// The RTAS calls that are made.
    pub fn rtas(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Rtas { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether a guest sees anything of what is checked: an answer other than a plain success.
    pub fn is_seen_by_guests(&self) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Call { how, answers, .. } => {
                let answer = answers.of(Profile::Lopar);
                let value = answer.outs.iter().any(|out| matches!(out, Out::Is(_)));
                *how == How::Checked || value || !answer.allows(0)
            }
            Action::Rtas { .. } | Action::Peek { .. } => true,
            Action::Poke { .. } | Action::Fill { .. } | Action::Reset | Action::Host { .. } => {
                false
            }
        })
    }

    /// The same calls with every answer right: to see what somebody answers, all of it.
    pub fn unjudged(&self, profile: Profile) -> Script {
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

    /// The codes that are expected of hypercalls under a profile.
    pub fn statuses(&self, profile: Profile) -> impl Iterator<Item = i64> {
        let done = self.steps.iter().filter(move |step| step.only.holds(profile));
        done.flat_map(move |step| match &step.action {
            Action::Call { answers, .. } => answers.of(profile).statuses.clone(),
            _ => Vec::new(),
        })
    }
}

/// As it is read again.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(machine) = &self.machine {
            write!(f, "{machine}")?;
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{}", step.text))
    }
}
