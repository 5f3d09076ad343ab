// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest image that runs the scripts: on our vCPUs, on QEMU, anywhere.

use super::{Progress, Rig};
use crate::blob::{Tell, blob};
use crate::clause::{Check, Clause};
use crate::direct::Setup;
use crate::image;
use crate::profile::Profile;
use crate::run::{Outcome, Verdict};
use crate::script::Script;
use crate::tap;
use iommu::Window;

/// How a guest's run ended.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// What it printed.
    pub printed: String,
    /// Why the machine ended before the guest powered off, if it did.
    pub died: Option<String>,
    /// What is wrong with the host's accounting after it, where somebody can see that.
    pub unsound: Option<String>,
}

/// Runs an image on such a machine to its end. Errors: it could not be run.
pub type Boot = Box<dyn Fn(&[u8], &Setup) -> Result<Ran, String> + Send + Sync>;

/// The limits of a machine that runs images.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Its memory is a multiple of this.
    pub ram_unit: u64,
    /// The most memory.
    pub most_ram: u64,
    /// True for a window that a device can have.
    pub device: fn(&Window) -> bool,
    /// Its tier, its platform and its profile can be chosen.
    pub chooses: bool,
    /// Its guests find the RTAS calls that change windows.
    pub rtas: bool,
    /// Where in memory the scripts begin.
    pub steps_at: u64,
}

/// A machine that runs images.
pub struct GuestRig {
    /// Its name.
    pub name: String,
    /// What it is.
    pub what: String,
    /// Whose answers are expected of it.
    pub profile: Profile,
    /// Which of the runners it takes.
    pub runner: &'static [u8],
    /// Why it is not there, if it is not.
    pub missing: Option<String>,
    /// The limits of the machine.
    pub room: Room,
    /// Runs an image.
    pub boot: Boot,
}

/// The checks that a guest can do.
fn script_for_guest(clause: &Clause) -> Result<Script, Outcome> {
    match clause.check {
        Check::Host(_) => Err(Outcome::skip("no guest makes these calls")),
        Check::Faults(..) => Err(Outcome::skip("no guest makes its host fail")),
        Check::Script(text) => {
            let failed = |why| Outcome { verdict: Verdict::Fail(why), done: Vec::new() };
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
    /// Runs scripts in one run of the guest. There may be fewer outcomes than scripts; then the
    /// second says why.
    pub fn run_scripts(
        &self,
        scripts: &[(&str, &Script)],
        profile: Profile,
        tell: Tell,
    ) -> Result<(tap::Report, String), String> {
        self.run_scripts_on(&Setup::default(), scripts, profile, tell)
    }

    /// The same on a machine that is not the usual one.
    pub fn run_scripts_on(
        &self,
        setup: &Setup,
        scripts: &[(&str, &Script)],
        profile: Profile,
        tell: Tell,
    ) -> Result<(tap::Report, String), String> {
        let title = format!("tcevm comply, profile {profile}");
        let blob = blob(&title, scripts.iter().copied(), profile, tell);
        let image = image::with_blob(self.runner, &blob).map_err(|error| error.to_string())?;
        let ran = (self.boot)(&image, setup)?;
        let only: Vec<&Script> = scripts.iter().map(|(_, script)| *script).collect();
        let mut report = tap::read(&ran.printed, &only, profile);
        if let (Some(why), Some(last)) = (ran.unsound, report.outcomes.last_mut()) {
            last.verdict = Verdict::Fail(format!("after all clauses: {why}"));
        }
        let last = format!("its last line was: {}", report.last);
        let why = ran.died.map_or(last.clone(), |died| format!("{died}; {last}"));
        Ok((report, why))
    }

    /// Runs all scripts. When the machine dies at one, that one has failed, and the others run on
    /// a new machine.
    pub fn run_all(
        &self,
        scripts: &[(&str, &Script)],
        profile: Profile,
        tell: Tell,
    ) -> Result<Vec<Outcome>, String> {
        let mut outcomes = Vec::new();
        while outcomes.len() < scripts.len() {
            let rest = &scripts[outcomes.len()..];
            let (report, why) = self.run_scripts(rest, profile, tell)?;
            outcomes.extend(report.outcomes);
            if outcomes.len() < scripts.len() {
                let verdict = Verdict::Fail(format!("the machine did not survive it: {why}"));
                outcomes.push(Outcome { verdict, done: report.partial });
            }
        }
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

    fn profile(&self) -> Profile {
        self.profile
    }

    fn missing(&self) -> Option<String> {
        self.missing.clone()
    }

    fn run(
        &self,
        clauses: &[&'static Clause],
        profile: Profile,
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
