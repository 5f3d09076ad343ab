// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Scripts in the form that a guest reads. They have one source; no script is written a second time in C.
//!
//! The form is big-endian doublewords. A text is its length and its bytes, padded to a multiple of 8. The
//! reader is `guest-images/guests/comply`.
//!
//! ```text
//! blob:   magic, version, least RAM, answers-from, chunk, title text, number of scripts, scripts
//! script: its length in doublewords, texts of id, sentence and source, number of steps, steps
//! step:   kind | how << 4 | args << 8 | statuses << 16 | outs << 24 | length << 32,
//!         number, repeat, texts of the line and of the expected answer, then by kind
//!   call: token, args, statuses, outs             how: 0 plainly, 1 user, 2 checked
//!   rtas: name text, args, statuses, outs
//!   poke, peek: address, values                   how: 0 big-endian, 1 little-endian, 2 words
//!   fill: address, count, value
//! value:  symbol << 56 | stride, what is added
//! out:    0, or 1 and a value, or 2 | symbol << 8 | half << 16
//! ```

use crate::clause::Clause;
use crate::profile::SuiteProfile;
use crate::run::want;
use crate::script::{Action, Answer, Form, Half, How, Out, Script, Step};
use crate::value::{LEAST_RAM, Value};

const MAGIC: u64 = u64::from_be_bytes(*b"TCECOMPL");
const VERSION: u64 = 2;

/// The output of the guest beside the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Nothing beside the verdicts.
    Verdicts,
    /// The answer of each step, from this step of each script on.
    AnswersFrom(u64),
    /// One digest for the answers of this many steps.
    Digests(u64),
}

/// The texts about a script that a guest prints. Sentence and source are printed after a failure, unless they are empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// The clause's name, for example `put/liobn-unknown`.
    pub id: &'a str,
    /// The sentence that must hold.
    pub says: &'a str,
    /// The place of the specification that it is from.
    pub spec: &'a str,
}

impl<'a> Head<'a> {
    /// A name alone, for a reader that knows the rest.
    pub fn id(id: &'a str) -> Head<'a> {
        Head { id, ..Head::default() }
    }

    /// The texts of a clause.
    pub fn of(clause: &Clause) -> Head<'static> {
        Head { id: clause.id, says: clause.says, spec: clause.spec }
    }
}

/// Scripts with their names, as data for the guest. Checks that only a host can make are left out, and so are
/// the steps of other profiles.
pub fn blob<'a>(
    title: &str,
    scripts: impl IntoIterator<Item = (Head<'a>, &'a Script)>,
    profile: SuiteProfile,
    tell: Tell,
) -> Vec<u8> {
    let (from, chunk) = match tell {
        Tell::Verdicts => (u64::MAX, 0),
        Tell::AnswersFrom(step) => (step, 0),
        Tell::Digests(chunk) => (u64::MAX, chunk),
    };
    let mut blob = Words(vec![MAGIC, VERSION, LEAST_RAM, from, chunk]);
    blob.text(title);
    let bodies: Vec<Words> =
        scripts.into_iter().map(|(head, script)| body(head, script, profile)).collect();
    blob.0.push(bodies.len() as u64);
    for body in bodies {
        blob.0.push(body.0.len() as u64);
        blob.0.extend(body.0);
    }
    blob.0.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The approximate size of a script in a blob, in bytes.
pub fn size(script: &Script, profile: SuiteProfile) -> u64 {
    8 * body(Head::default(), script, profile).0.len() as u64
}

/// The steps that a guest carries out, with their numbers in the script.
pub fn visible(script: &Script, profile: SuiteProfile) -> impl Iterator<Item = (usize, &Step)> {
    let steps = script.steps.iter().enumerate();
    steps.filter(move |(_, step)| {
        step.only.holds(profile) && !matches!(step.action, Action::Host { .. } | Action::Reset)
    })
}

fn body(head: Head<'_>, script: &Script, profile: SuiteProfile) -> Words {
    let mut body = Words(Vec::new());
    body.text(head.id);
    body.quoted(head.says);
    body.quoted(head.spec);
    let steps: Vec<_> = visible(script, profile).collect();
    body.0.push(steps.len() as u64);
    for (number, each) in steps {
        let want = if head.says.is_empty() { String::new() } else { want(each, profile) };
        step(&mut body, number, each, &want, profile);
    }
    body
}

struct Words(Vec<u64>);

/// Kinds of steps.
const CALL: u64 = 0;
const RTAS: u64 = 1;
const POKE: u64 = 2;
const FILL: u64 = 3;
const PEEK: u64 = 4;

fn step(to: &mut Words, number: usize, step: &Step, want: &str, profile: SuiteProfile) {
    let mut body = Words(vec![number as u64, step.repeat]);
    body.text(&step.text);
    body.quoted(want);
    let head = match &step.action {
        Action::Call { how, token, args, answers } => {
            let how = match how {
                How::Plainly => 0,
                How::User => 1,
                How::Checked => 2,
            };
            body.0.push(*token);
            CALL | how << 4 | body.call(args, answers.of(profile))
        }
        Action::Rtas { name, inputs, answers } => {
            body.text(name);
            RTAS | body.call(inputs, answers.of(profile))
        }
        Action::Poke { at, form, values } => POKE | body.memory(*at, *form, values),
        Action::Peek { at, form, values } => PEEK | body.memory(*at, *form, values),
        Action::Fill { at, count, value } => {
            body.value(*at);
            body.0.push(*count);
            body.value(*value);
            FILL
        }
        Action::Host { .. } | Action::Reset => return, // left out by `visible`
    };
    to.0.push(head | (body.0.len() as u64) << 32);
    to.0.extend(body.0);
}

impl Words {
    fn text(&mut self, text: &str) {
        self.0.push(text.len() as u64);
        self.0.extend(text.as_bytes().chunks(8).map(|chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_be_bytes(word)
        }));
    }

    /// A text that the guest prints in double quotes.
    fn quoted(&mut self, text: &str) {
        self.text(&text.replace('"', "'"));
    }

    fn value(&mut self, value: Value) {
        self.0.push((value.symbol as u64) << 56 | value.stride);
        self.0.push(value.add);
    }

    /// Writes arguments and answer; returns their counts as the head of the step has them.
    fn call(&mut self, args: &[Value], answer: &Answer) -> u64 {
        args.iter().for_each(|&arg| self.value(arg));
        self.0.extend(answer.statuses.iter().map(|status| status.cast_unsigned()));
        for out in &answer.outs {
            match *out {
                Out::Any => self.0.push(0),
                Out::Is(value) => {
                    self.0.push(1);
                    self.value(value);
                }
                Out::Keep(symbol, half) => {
                    let half = match half {
                        Half::Whole => 0,
                        Half::High => 1,
                        Half::Low => 2,
                    };
                    self.0.push(2 | (symbol as u64) << 8 | half << 16);
                }
            }
        }
        let (statuses, outs) = (answer.statuses.len() as u64, answer.outs.len() as u64);
        (args.len() as u64) << 8 | statuses << 16 | outs << 24
    }

    fn memory(&mut self, at: Value, form: Form, values: &[Value]) -> u64 {
        self.value(at);
        values.iter().for_each(|&value| self.value(value));
        let form = match form {
            Form::Big => 0,
            Form::Little => 1,
            Form::Word => 2,
        };
        form << 4 | (values.len() as u64) << 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_is_laid_out_as_the_guest_reads_it() {
        let script =
            Script::parse("host kills = 0\nH_PUT_TCE L 0x1000 A|RW -> H_SUCCESS").expect("parses");
        let head = Head { id: "put", says: "It \"maps\".", spec: "" };
        let blob = blob("t", [(head, &script)], SuiteProfile::Lopar, Tell::Verdicts);
        let words: Vec<u64> = blob
            .chunks(8)
            .map(|word| u64::from_be_bytes(word.try_into().expect("8 bytes")))
            .collect();
        assert_eq!(words[..6], [MAGIC, 2, LEAST_RAM, u64::MAX, 0, 1]);
        assert_eq!(words[7], 1, "one script behind the title");
        let body = &words[9..];
        assert_eq!(words[8], body.len() as u64);
        assert_eq!(body[..2], [3, u64::from_be_bytes(*b"put\0\0\0\0\0")]);
        let says = [u64::from_be_bytes(*b"It 'maps"), u64::from_be_bytes(*b"'.\0\0\0\0\0\0")];
        assert_eq!(body[2..5], [10, says[0], says[1]], "the guest prints it in double quotes");
        let body = &body[5..];
        assert_eq!(body[..3], [0, 1, body[2]]);
        // A call with three arguments and one status; number 1 of the script.
        assert_eq!(
            (body[2] & 0xffff_ffff, body[2] >> 32),
            (3 << 8 | 1 << 16, body.len() as u64 - 3)
        );
        assert_eq!(body[3..5], [1, 1]);
        let call = &body[body.len() - 8..];
        assert_eq!(call, [0x20, 1 << 56, 0, 0, 0x1000, 0, 0x400_0003, 0]);
    }
}
