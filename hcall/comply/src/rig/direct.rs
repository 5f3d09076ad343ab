// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Direct calls: each clause runs on a machine of its own.

use super::{Progress, Rig};
use crate::clause::{Check, Clause};
use crate::direct::{Direct, Setup};
use crate::profile::SuiteProfile;
use crate::run::{Outcome, Verdict, run};
use crate::script::Script;
use hcall::Tier;
use iommu::BridgeKind;
use std::time::Instant;

/// The library itself, called with register values.
#[derive(Clone, Debug)]
pub struct DirectRig {
    /// The rig's name in reports.
    pub name: String,
    /// The machine that the calls are made on.
    pub setup: Setup,
}

impl DirectRig {
    /// The rigs of direct calls: each tier, each platform.
    pub fn all() -> Vec<DirectRig> {
        let rig = |name: &str, tier, platform| DirectRig {
            name: name.into(),
            setup: Setup { tier, platform, ..Setup::default() },
        };
        vec![
            rig("direct", Tier::Virtual, BridgeKind::IODA2),
            rig("direct-real", Tier::Real, BridgeKind::IODA2),
            rig("direct-user", Tier::User, BridgeKind::IODA2),
            rig("direct-ioda1", Tier::Virtual, BridgeKind::IODA1),
            rig("direct-p5ioc2", Tier::Virtual, BridgeKind::P5IOC2),
        ]
    }

    fn clause(&self, clause: &Clause, profile: SuiteProfile) -> Result<Outcome, String> {
        if profile.is(SuiteProfile::Kvm) && self.setup.tier == Tier::Real {
            return Ok(Outcome::skip("the rows have KVM's answers as they are without real mode"));
        }
        let (setup, usual) = (Setup { profile, ..self.setup.clone() }, Setup::default());
        match clause.check {
            Check::Host(check) => {
                let verdict = check(&setup).map_or_else(Verdict::Fail, |()| Verdict::Pass);
                Ok(Outcome::of(verdict))
            }
            Check::Once(_) if (setup.tier, setup.platform) != (usual.tier, usual.platform) => Ok(
                Outcome::skip("it knows neither tiers nor bridges, and the rig `direct` runs it"),
            ),
            Check::Once(check) => {
                Ok(Outcome::of(check().map_or_else(Verdict::Fail, |()| Verdict::Pass)))
            }
            Check::Script(text) => script(clause, text, &setup),
            Check::Faults(faults, text) => {
                script(clause, text, &Setup { faults: vec![faults.parse()?], ..setup })
            }
        }
    }
}

fn script(clause: &Clause, text: &str, setup: &Setup) -> Result<Outcome, String> {
    let script = Script::parse(text).map_err(|why| format!("{}: {why}", clause.id))?;
    Ok(run(&mut Direct::new(setup)?, &script, setup.profile))
}

impl Rig for DirectRig {
    fn name(&self) -> &str {
        &self.name
    }

    fn what(&self) -> String {
        format!("direct calls of the library: {}", self.setup)
    }

    fn profile(&self) -> SuiteProfile {
        SuiteProfile::Lopar
    }

    fn run(
        &self,
        clauses: &[&'static Clause],
        profile: SuiteProfile,
        progress: Progress<'_>,
    ) -> Result<Vec<Outcome>, String> {
        let one = |(n, clause): (usize, &&'static Clause)| {
            progress(n);
            let start = Instant::now();
            let outcome = self.clause(clause, profile)?;
            Ok(Outcome { time: start.elapsed(), ..outcome })
        };
        clauses.iter().enumerate().map(one).collect()
    }
}
