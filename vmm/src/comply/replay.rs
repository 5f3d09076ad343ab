// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm replay`: plays a script that was recorded or printed, up to the first answer that differs.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use comply::direct::{Platform, Setup};
use comply::{Outcome, Profile, Script, Verdict, replay};
use hcall::Tier;

use super::{FAILED, Failure, PASSED, peers, print};

/// What `tcevm replay` takes.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// What `tcevm run --record` wrote, or `tcevm comply --random` printed.
    pub file: PathBuf,
    /// Where to play it: direct, power-le, power-be, kvm, qemu-le, qemu-be.
    #[arg(long, value_name = "NAME", default_value = "direct")]
    pub rig: String,
    /// Where TCE calls start (direct only).
    #[arg(long, value_name = "TIER", default_value_t)]
    #[arg(value_parser = PossibleValuesParser::new(Tier::ALL.map(Tier::name)).try_map(|name| name.parse::<Tier>()))]
    pub tier: Tier,
    /// Whose answers the machine gives (direct only).
    #[arg(long, value_name = "NAME", default_value = "lopar")]
    #[arg(value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|name| name.parse::<Profile>()))]
    pub profile: Profile,
    /// The bridge under the tables (direct only).
    #[arg(long, value_name = "NAME", default_value = "ioda2")]
    #[arg(value_parser = PossibleValuesParser::new(Platform::ALL.map(Platform::name)).try_map(|name| name.parse::<Platform>()))]
    pub platform: Platform,
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
    let ReplayArgs { tier, profile, platform, .. } = *args;
    if args.rig != "direct" {
        let rig = peers::guest(&args.rig).map_err(|failure| failure.to_string())?;
        return replay::guest(script, &rig, profile);
    }
    let ram = replay::ram(text).unwrap_or(Setup::default().ram);
    replay::direct(script, &Setup { ram, profile, tier, platform, faults: Vec::new() })
}
