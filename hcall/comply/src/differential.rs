// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A sequence on two machines: the first answer that differs, and the shortest sequence that shows it.

use crate::blob::Tell;
use crate::digest::Digest;
use crate::direct::{Direct, Setup};
use crate::profile::SuiteProfile;
use crate::rig::GuestRig;
use crate::run::{self, Done, Verdict};
use crate::script::{Action, Script};

/// Steps between digests that a guest prints.
const CHUNK: usize = 256;
/// The most attempts to make a sequence shorter.
const TRIES: usize = 400;

/// A machine that plays a sequence.
pub enum Player<'a> {
    /// The library itself, by this name and on this machine.
    Direct(&'a str, Setup),
    /// A machine that runs images.
    Guest(&'a GuestRig),
}

impl Player<'_> {
    /// The rig's name in reports.
    pub fn name(&self) -> &str {
        match self {
            Player::Direct(name, _) => name,
            Player::Guest(rig) => &rig.name,
        }
    }

    /// The answers of the steps from `from` on. Errors: the machine could not play, or an invariant does not
    /// hold.
    fn play(
        &self,
        script: &Script,
        profile: SuiteProfile,
        from: usize,
    ) -> Result<Vec<Done>, String> {
        match self {
            Player::Direct(_, setup) => {
                let setup = Setup { profile, ..setup.clone() };
                let outcome = run::run(&mut Direct::new(&setup)?, script, profile);
                match outcome.verdict {
                    Verdict::Pass => Ok(outcome.done),
                    other => Err(format!("{}: {}", self.name(), other.why())),
                }
            }
            Player::Guest(rig) => {
                let told = Tell::AnswersFrom(from as u64);
                let (report, why) = rig.run_scripts(&[("sequence", script)], profile, told)?;
                match report.outcomes.into_iter().next() {
                    Some(outcome) => Ok(outcome.done),
                    None => Err(format!("{}: the machine did not survive it: {why}", rig.name)),
                }
            }
        }
    }

    /// Digests of the answers of each chunk of steps.
    fn digests(&self, script: &Script, profile: SuiteProfile) -> Result<Vec<u64>, String> {
        match self {
            Player::Direct(..) => {
                let done = self.play(script, profile, 0)?;
                Ok(chunks(script, &done))
            }
            Player::Guest(rig) => {
                let tell = Tell::Digests(CHUNK as u64);
                let (report, why) = rig.run_scripts(&[("sequence", script)], profile, tell)?;
                if report.outcomes.is_empty() {
                    return Err(format!("{}: the machine did not survive it: {why}", rig.name));
                }
                Ok(report.digests.into_iter().map(|(_, digest)| digest).collect())
            }
        }
    }
}

/// The digests of chunks from those of steps, as the guest makes them.
fn chunks(script: &Script, done: &[Done]) -> Vec<u64> {
    let mut by_step = vec![None; script.steps.len()];
    for done in done {
        by_step[done.step] = done.digest;
    }
    let digest = |chunk: &[Option<u64>]| {
        let mut digest = Digest::default();
        chunk.iter().flatten().for_each(|&step| digest.add(step));
        digest.0
    };
    by_step.chunks(CHUNK).map(digest).collect()
}

/// The first difference between two players.
#[derive(Clone, Debug)]
pub struct Parting {
    /// The number of the step, from 0.
    pub step: usize,
    /// The answer of each at that step.
    pub answers: [String; 2],
}

/// Plays a sequence on both. Returns the first step that they answer differently, if there is one.
pub fn part(
    players: [&Player<'_>; 2],
    lines: &[String],
    profile: SuiteProfile,
) -> Result<Option<Parting>, String> {
    let script = Script::parse(&lines.join("\n"))?;
    let [left, right] = players.map(|player| player.digests(&script, profile));
    let (left, right) = (left?, right?);
    let Some(chunk) = (0..left.len().max(right.len())).find(|&n| left.get(n) != right.get(n))
    else {
        return Ok(None);
    };
    let (first, end) = (chunk * CHUNK, ((chunk + 1) * CHUNK).min(script.steps.len()));
    let shorter = Script { steps: script.steps[..end].to_vec(), machine: None };
    let [left, right] = players.map(|player| player.play(&shorter, profile, first));
    let (left, right) = (left?, right?);
    for step in first..end {
        let [l, r] = [&left, &right].map(|all| all.iter().find(|done| done.step == step));
        if l.and_then(|done| done.digest) != r.and_then(|done| done.digest) {
            let got = |done: Option<&Done>| done.map_or("nothing".into(), |done| done.got.clone());
            return Ok(Some(Parting { step, answers: [got(l), got(r)] }));
        }
    }
    Err(format!("the digests of steps {first} to {end} differ, but no answer does"))
}

/// The lines of the shortest sequence found to which two players still give different answers. The first
/// player's answers are the expected ones.
pub fn shrink(
    players: [&Player<'_>; 2],
    lines: &[String],
    profile: SuiteProfile,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<String>, String> {
    let parting = part(players, lines, profile)?.ok_or("there is nothing to shrink")?;
    let mut lines = unrolled(&lines[..=parting.step])?;
    let mut tries = 0;
    let mut piece = lines.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < lines.len() && tries < TRIES {
            tries += 1;
            let shorter = [&lines[..at], &lines[(at + piece).min(lines.len())..]].concat();
            let parted = if shorter.is_empty() { None } else { part(players, &shorter, profile)? };
            match parted {
                Some(parting) => {
                    lines = shorter;
                    lines.truncate(parting.step + 1);
                    progress(lines.len());
                }
                None => at += piece,
            }
        }
        piece /= 2;
    }
    expected(players[0], &lines, profile)
}

/// The lines with each repetition as a line of its own, so that a shorter sequence can drop any of them.
fn unrolled(lines: &[String]) -> Result<Vec<String>, String> {
    let script = Script::parse(&lines.join("\n"))?;
    let mut out = Vec::new();
    for (line, step) in lines.iter().zip(&script.steps) {
        match &step.action {
            Action::Call { token, args, .. } if step.repeat > 1 => {
                for i in 0..step.repeat {
                    let once = |value: &crate::value::Value| {
                        let add = value.add.wrapping_add(value.stride.wrapping_mul(i));
                        crate::value::Value { add, stride: 0, ..*value }.to_string()
                    };
                    let args: Vec<String> = args.iter().map(once).collect();
                    let name = hcall::token_name(*token).unwrap_or("0x4fc");
                    out.push(format!("{name} {} -> _ _", args.join(" ")));
                }
            }
            _ => out.push(line.clone()),
        }
    }
    Ok(out)
}

/// The lines with a player's answers in the place of open ones.
pub fn expected(
    player: &Player<'_>,
    lines: &[String],
    profile: SuiteProfile,
) -> Result<Vec<String>, String> {
    let script = Script::parse(&lines.join("\n"))?;
    let done = player.play(&script, profile, 0)?;
    let line = |(n, line): (usize, &String)| {
        let answer = done.iter().find(|done| done.step == n && done.digest.is_some());
        match (line.split_once("->"), answer) {
            (Some((asked, _)), Some(done)) => format!("{asked}-> {}", done.got),
            _ => line.clone(),
        }
    };
    Ok(lines.iter().enumerate().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn setup(faults: &str) -> Setup {
        let faults = faults.split_whitespace().map(|spec| spec.parse().expect(spec)).collect();
        Setup { faults, ..Setup::default() }
    }

    #[test]
    fn players_that_are_the_same_do_not_part() {
        let (a, b) =
            (Player::Direct("a", setup("")), Player::Direct("b", setup("toohard:prob=0.3")));
        let lines = random::sequence(3, 500);
        assert!(part([&a, &b], &lines, SuiteProfile::Lopar).expect("plays").is_none());
    }

    // The third H_STUFF_TCE is H_HARDWARE. Every other call can be dropped, and none of those three.
    #[test]
    fn a_sequence_that_fails_is_shrunk_to_what_it_needs() {
        let (a, b) = (
            Player::Direct("a", setup("")),
            Player::Direct("b", setup("hardware:call=H_STUFF_TCE,nth=3")),
        );
        let lines = random::sequence(3, 300);
        let parting = part([&a, &b], &lines, SuiteProfile::Lopar).expect("plays").expect("parts");
        assert!(lines[parting.step].starts_with("H_STUFF_TCE"));
        assert_eq!(parting.answers[1], "H_HARDWARE");
        let short = shrink([&a, &b], &lines, SuiteProfile::Lopar, &mut |_| {}).expect("shrinks");
        assert_eq!(short.len(), 3, "{short:?}");
        assert!(short.iter().all(|line| line.starts_with("H_STUFF_TCE")), "{short:?}");
        let again = Script::parse(&short.join("\n")).expect("replays");
        let outcome =
            run::run(&mut Direct::new(&setup("")).expect("a machine"), &again, SuiteProfile::Lopar);
        assert_eq!(outcome.verdict, Verdict::Pass, "the answers in it are those of the first");
    }
}
