// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm replay`: plays a script that was recorded or printed, up to the first answer that differs.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use comply::direct::{Platform, Setup};
use comply::{Outcome, Profile, Script, Verdict, replay};
use hcall::Tier;

use super::{FAILED, Failure, PASSED, peers, print, rigs};

/// What `tcevm replay` takes.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// What `tcevm run --record` wrote, or `tcevm comply --random` printed.
    pub file: PathBuf,
    /// Where to play it: direct, power-le, power-be, kvm, qemu-le, qemu-be.
    #[arg(long, value_name = "NAME", default_value = DIRECT, value_parser = a_rig)]
    pub rig: String,
    /// Where TCE calls start (direct only; virtual without it).
    #[arg(long, value_name = "TIER")]
    #[arg(value_parser = PossibleValuesParser::new(Tier::ALL.map(Tier::name)).try_map(|name| name.parse::<Tier>()))]
    pub tier: Option<Tier>,
    /// Whose answers the machine gives (direct only; lopar without it).
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|name| name.parse::<Profile>()))]
    pub profile: Option<Profile>,
    /// The bridge under the tables (direct only; ioda2 without it).
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(Platform::ALL.map(Platform::name)).try_map(|name| name.parse::<Platform>()))]
    pub platform: Option<Platform>,
}

/// The rig of direct calls.
const DIRECT: &str = "direct";

fn a_rig(name: &str) -> Result<String, String> {
    let guests: Vec<_> = rigs::guest_names().collect();
    match name == DIRECT || guests.iter().any(|guest| guest == name) {
        true => Ok(name.into()),
        false => Err(format!("no such rig; there are {DIRECT}, {}", guests.join(", "))),
    }
}

impl ReplayArgs {
    /// Errors: an option that the rig cannot honour.
    pub(crate) fn check(&self) -> Result<(), String> {
        let set = [
            ("--tier", self.tier.is_some()),
            ("--profile", self.profile.is_some()),
            ("--platform", self.platform.is_some()),
        ];
        match set.iter().find(|(_, is_set)| *is_set && self.rig != DIRECT) {
            Some((option, _)) => {
                Err(format!("{option} is for --rig {DIRECT}; leave it away with {}", self.rig))
            }
            None => Ok(()),
        }
    }
}

/// Runs the command; returns the exit code.
pub fn run(args: &ReplayArgs) -> Result<u8, Failure> {
    let read = fs::read_to_string(&args.file);
    let text = read.map_err(|source| Failure::Read { path: args.file.clone(), source })?;
    let wrong = |why| Failure::Replay(format!("{}: {why}", args.file.display()));
    let script = Script::parse(&text).map_err(wrong)?;
    let outcome = play(args, &script, &text).map_err(wrong)?;
    let steps = outcome.done.len();
    match (&outcome.verdict, outcome.done.last()) {
        (Verdict::Pass, _) => {
            print(&format!("{steps} steps played on {}: every answer is the same\n", args.rig));
            Ok(PASSED)
        }
        (verdict, last) => {
            let line = last.map_or(0, |last| last.step + 1);
            print(&format!("{} at step {line}: {}\n", verdict.word(), verdict.why()));
            Ok(FAILED)
        }
    }
}

fn play(args: &ReplayArgs, script: &Script, text: &str) -> Result<Outcome, String> {
    let profile = args.profile.unwrap_or(Profile::Lopar);
    if args.rig != DIRECT {
        let rig = peers::guest(&args.rig).map_err(|failure| failure.to_string())?;
        return replay::guest(script, &rig, profile);
    }
    let tier = args.tier.unwrap_or_default();
    let platform = args.platform.unwrap_or(Platform::Ioda2);
    let ram = replay::ram(text).unwrap_or(Setup::default().ram);
    replay::direct(script, &Setup { ram, profile, tier, platform, faults: Vec::new() })
}
