// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest image that runs the scripts: on our vCPUs, on QEMU, or on another machine.

use super::{Progress, Rig, Transcript};
use crate::blob::{Head, Tell, blob};
use crate::clause::{Check, Clause};
use crate::direct::Setup;
use crate::image;
use crate::profile::SuiteProfile;
use crate::run::{Outcome, Verdict};
use crate::script::Script;
use crate::tap;
use iommu::Window;
use std::time::Duration;

/// The result of a guest's run.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// The output of the guest.
    pub printed: String,
    /// The time from the start to the end of each line.
    pub times: Vec<Duration>,
    /// The reason why the machine ended before the guest powered off.
    pub died: Option<String>,
    /// The fault found in the host's accounting after the run, on machines that expose it.
    pub unsound: Option<String>,
}

impl Ran {
    /// A run that ended well, with this output.
    pub fn of(transcript: &Transcript) -> Ran {
        Ran { printed: transcript.text(), times: transcript.times(), ..Ran::default() }
    }
}

/// The most machines that are started for a list of scripts: each time that one dies a script fails.
const MOST_DEATHS: usize = 16;

/// Runs an image on the described machine to its end. Errors: it could not be run.
pub type Boot = Box<dyn Fn(&[u8], &Setup) -> Result<Ran, String> + Send + Sync>;

/// The limits of a machine that runs images.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// The unit of memory size, in bytes.
    pub ram_unit: u64,
    /// The most memory, in bytes.
    pub most_ram: u64,
    /// True for a window that a device can have.
    pub device: fn(&Window) -> bool,
    /// True if tier, platform and profile can be chosen.
    pub chooses: bool,
    /// True if the device tree offers the RTAS calls that change windows.
    pub rtas: bool,
    /// Address of the scripts in memory.
    pub steps_at: u64,
}

/// A machine that runs images.
pub struct GuestRig {
    /// The rig's name in reports.
    pub name: String,
    /// A description of the machine.
    pub what: String,
    /// The profile of the answers expected of it.
    pub profile: SuiteProfile,
    /// The image of its runner.
    pub runner: &'static [u8],
    /// The reason why this host does not have it.
    pub missing: Option<String>,
    /// The limits of the machine.
    pub room: Room,
    /// Runs an image.
    pub boot: Boot,
}

/// The script of a clause if a guest can run it, or the outcome that skips the clause.
fn script_for_guest(clause: &Clause) -> Result<Script, Outcome> {
    match clause.check {
        Check::Host(_) | Check::Once(_) => Err(Outcome::skip("no guest makes these calls")),
        Check::Faults(..) => Err(Outcome::skip("no guest makes its host fail")),
        Check::Script(text) => {
            let failed = |why| Outcome::of(Verdict::Fail(why));
            let script = Script::parse(text).map_err(failed)?;
            if script.is_seen_by_guests() {
                Ok(script)
            } else {
                Err(Outcome::skip("only the host can see what it checks"))
            }
        }
    }
}

impl GuestRig {
    /// Runs scripts in one run of the guest. There may be fewer outcomes than scripts; then the string gives
    /// the reason.
    pub fn run_scripts(
        &self,
        scripts: &[(&str, &Script)],
        profile: SuiteProfile,
        tell: Tell,
    ) -> Result<(tap::TapReport, String), String> {
        self.run_scripts_on(&Setup::default(), scripts, profile, tell)
    }

    /// Runs scripts like [`GuestRig::run_scripts`], on a machine other than the usual one.
    pub fn run_scripts_on(
        &self,
        setup: &Setup,
        scripts: &[(&str, &Script)],
        profile: SuiteProfile,
        tell: Tell,
    ) -> Result<(tap::TapReport, String), String> {
        let title = format!("tcevm comply, profile {profile}");
        let heads = scripts.iter().map(|(id, script)| (Head::id(id), *script));
        let blob = blob(&title, heads, profile, tell);
        let image = image::with_blob(self.runner, &blob).map_err(|error| error.to_string())?;
        let ran = (self.boot)(&image, setup)?;
        let mut report = tap::read(&ran.printed, &ran.times, scripts, profile);
        if let (Some(why), Some(last)) = (ran.unsound, report.outcomes.last_mut()) {
            last.verdict = Verdict::Fail(format!("after all clauses: {why}"));
        }
        let last = format!("its last line was: {}", report.last);
        let why = ran.died.map_or(last.clone(), |died| format!("{died}; {last}"));
        Ok((report, why))
    }

    /// Runs all scripts. When the machine ends during a script, that script fails, and the others run on a
    /// new machine. After sixteen ends the rest is skipped. Errors: the image does not begin to run.
    pub fn run_all(
        &self,
        scripts: &[(&str, &Script)],
        profile: SuiteProfile,
        tell: Tell,
    ) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        let mut deaths = 0;
        while outcomes.len() < scripts.len() && deaths < MOST_DEATHS {
            let rest = &scripts[outcomes.len()..];
            let (report, why) = self.run_scripts(rest, profile, tell)?;
            if deaths == 0 && !report.began {
                return Err(format!("the image does not run: {why}"));
            }
            outcomes.extend(report.outcomes);
            if outcomes.len() < scripts.len() {
                deaths += 1;
                let verdict = Verdict::Fail(format!("the machine did not survive it: {why}"));
                outcomes.push(Outcome { done: report.partial, ..Outcome::of(verdict) });
            }
        }
        let left = || Outcome::skip(format!("not tried: {MOST_DEATHS} machines died before"));
        outcomes.resize_with(scripts.len(), left);
        Ok(outcomes)
    }
}

impl Rig for GuestRig {
    fn name(&self) -> &str {
        &self.name
    }

    fn what(&self) -> String {
        self.what.clone()
    }

    fn profile(&self) -> SuiteProfile {
        self.profile
    }

    fn missing(&self) -> Option<String> {
        self.missing.clone()
    }

    fn run(
        &self,
        clauses: &[&'static Clause],
        profile: SuiteProfile,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, String> {
        progress(0);
        let all: Vec<_> = clauses.iter().map(|clause| script_for_guest(clause)).collect();
        let ids = clauses.iter().zip(&all);
        let scripts: Vec<(&str, &Script)> =
            ids.filter_map(|(clause, script)| Some((clause.id, script.as_ref().ok()?))).collect();
        if scripts.is_empty() {
            return Ok(all.into_iter().filter_map(Result::err).collect());
        }
        let mut ran = self.run_all(&scripts, profile, Tell::AnswersFrom(0))?.into_iter();
        let gone = || Outcome::skip("the guest said nothing of it");
        let outcome = |script: Result<Script, Outcome>| match script {
            Ok(_) => ran.next().unwrap_or_else(gone),
            Err(outcome) => outcome,
        };
        Ok(all.into_iter().map(outcome).collect())
    }
}
