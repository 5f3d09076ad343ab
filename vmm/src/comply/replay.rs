// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm replay`: plays a recorded or printed script, up to the first answer that differs.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use comply::direct::Setup;
use comply::replay::{self, Plan};
use comply::rig::{GuestRig, Rig, qemu};
use comply::{Script, SuiteProfile, Verdict};
use hcall::Tier;
use iommu::BridgeKind;
use iommu::bridge::KINDS;

use super::rigs::Ours;
use super::{FAILED, Failure, MOST_READ, PASSED, peers, print, rigs};
use crate::inlet;
use crate::options::engine::EngineArgs;
use crate::outlet::say;

/// The exit code when the rig cannot have the recorded machine.
const CANNOT: u8 = 4;
/// The name of the rig of direct calls.
const DIRECT: &str = "direct";

pub(crate) const EXIT_CODES: &str = "\
The machine is that of the recording: its memory, its windows, its tier, its platform, whose answers it gives. Before
anything is played, stderr has what a rig does otherwise. A rig of guests makes the calls of all CPUs from one.

Exit codes: 0 every answer is the same; 1 one is not; 2 the command line was wrong; 3 the file cannot be read or has nothing
to play, or the rig is not here; 4 the rig cannot have the recorded machine, stderr says why.
";

/// The arguments of `tcevm replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// A script that `tcevm run --record` wrote or `tcevm comply --random` printed (- is stdin).
    pub file: PathBuf,
    /// The rig to play it on: direct, power-le, power-be, kvm, qemu-le, qemu-be.
    #[arg(long, value_name = "NAME", default_value = DIRECT, value_parser = a_rig)]
    pub rig: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub engine: EngineArgs,
    /// List for each rig whether it can play the script and how it differs, and play nothing.
    #[arg(long, conflicts_with_all = ["rig", "engine"])]
    pub list: bool,
    /// The tier in which TCE calls start; without it as recorded (not QEMU).
    #[arg(long, value_name = "TIER")]
    #[arg(value_parser = PossibleValuesParser::new(Tier::ALL.map(Tier::name)).try_map(|name| name.parse::<Tier>()))]
    pub tier: Option<Tier>,
    /// The profile of the expected answers, and of machines of ours; without it as recorded.
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(SuiteProfile::ALL.map(SuiteProfile::name)).try_map(|name| name.parse::<SuiteProfile>()))]
    pub profile: Option<SuiteProfile>,
    /// The bridge under the tables; without it as recorded (not QEMU).
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(KINDS.map(|kind| kind.name)).try_map(|name| name.parse::<BridgeKind>()))]
    pub platform: Option<BridgeKind>,
}

fn a_rig(name: &str) -> Result<String, String> {
    let guests: Vec<_> = rigs::guest_names().collect();
    match name == DIRECT || guests.iter().any(|guest| guest == name) {
        true => Ok(name.into()),
        false => Err(format!("no such rig; there are {DIRECT}, {}", guests.join(", "))),
    }
}

impl ReplayArgs {
    /// Refuses an option that the rig cannot honour.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.engine.engine.is_some() {
            rigs::with_engine(std::slice::from_ref(&self.rig))?;
        }
        let set = [("--tier", self.tier.is_some()), ("--platform", self.platform.is_some())];
        let peer = qemu::KINDS.map(qemu::name).contains(&self.rig);
        match set.iter().find(|(_, is_set)| *is_set && peer) {
            Some((option, _)) => {
                Err(format!("{option}: {} has none to choose; leave it away", self.rig))
            }
            None => Ok(()),
        }
    }
}

/// Runs the command; returns the exit code.
pub fn run(args: &ReplayArgs) -> Result<u8, Failure> {
    let text = inlet::text(&args.file, MOST_READ);
    let text = text.map_err(|source| Failure::Read { path: args.file.clone(), source })?;
    let wrong = |why| Failure::Replay(format!("{}: {why}", args.file.display()));
    let script = Script::parse(&text).map_err(wrong)?;
    if script.steps.is_empty() && script.machine.is_none() {
        return Err(wrong("there is nothing to play; give a script of tcevm run --record".into()));
    }
    if args.list {
        list(args, &script);
        return Ok(PASSED);
    }
    let rig = match args.rig.as_str() {
        DIRECT => None,
        name => Some(peers::guest(
            name,
            &Ours { engine: args.engine.chosen().map_err(Failure::Together)?, ..Ours::default() },
        )?),
    };
    let plan = match plan(args, &script, rig.as_ref()) {
        Ok(plan) => plan,
        Err(problems) => {
            problems.iter().for_each(|why| say(&format!("{} cannot play it: {why}", args.rig)));
            return Ok(CANNOT);
        }
    };
    plan.remarks.iter().for_each(|remark| say(&format!("{}: {remark}", args.rig)));
    let played = match &rig {
        None => replay::direct(&plan),
        Some(rig) => replay::guest(&plan, rig),
    };
    let played = played.map_err(wrong)?;
    match &played.verdict {
        Verdict::Pass => {
            let (steps, rig) = (played.steps, &args.rig);
            print(&format!("{steps} steps played on {rig}: every answer is the same\n"));
            Ok(PASSED)
        }
        verdict => {
            print(&format!("{} at step {}: {}\n", verdict.word(), played.steps, verdict.why()));
            Ok(FAILED)
        }
    }
}

/// The plan for a rig. Without a rig it is the plan for direct calls.
fn plan(args: &ReplayArgs, script: &Script, rig: Option<&GuestRig>) -> Result<Plan, Vec<String>> {
    let recorded = script.machine.as_ref().map_or_else(Setup::default, |it| it.setup.clone());
    let setup = Setup {
        tier: args.tier.unwrap_or(recorded.tier),
        profile: args.profile.unwrap_or(recorded.profile),
        platform: args.platform.unwrap_or(recorded.platform),
        ..recorded
    };
    match rig {
        None => replay::for_direct(script, setup),
        Some(rig) => replay::for_guest(script, setup, rig),
    }
}

/// Lists the rigs that can play the script, and the reasons of those that cannot.
fn list(args: &ReplayArgs, script: &Script) {
    let guests = rigs::guests(&Ours::default());
    for rig in [None].into_iter().chain(guests.iter().map(Some)) {
        let name = rig.map_or(DIRECT, |rig| rig.name());
        let says = match (rig.and_then(Rig::missing), plan(args, script, rig)) {
            (Some(why), _) => format!("no: {why}"),
            (None, Err(problems)) => format!("no: {}", problems.join("; ")),
            (None, Ok(plan)) if plan.remarks.is_empty() => "yes".into(),
            (None, Ok(plan)) => format!("yes: {}", plan.remarks.join("; ")),
        };
        print(&format!("{name:<10}{says}\n"));
    }
}
