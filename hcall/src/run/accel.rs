// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Tries of a hypercall that has [`Tiers`]: from the tier in which calls start outwards, until one
//! has an answer.
//!
//! A tier that cannot finish a call returns [`TooHard`](Answer::TooHard), and the whole call is retried in
//! the next tier out. The guest cannot see the retry: a call that is too hard for the outermost tier as well is
//! H_HARDWARE.
//!
//! [`guide`](crate::guide) shows how to replace a tier by a prototype.

use super::inject::Injector;
use crate::call::args::Regs;
use crate::call::{Accel, Caller, Prototype, Tiers, Try};
use crate::words::profile::{Profile, Rules};
use crate::words::status::Status;
use crate::words::tier::{Answer, Tier};
use crate::words::tokens::token_name;
use iommu::detector::{self, Tag};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Accel {
    /// By the rules of this profile.
    pub fn with_profile(self, profile: &'static Profile) -> Accel {
        Accel { profile, ..self }
    }

    /// With faults. The container must have the same injector, for those that happen there.
    pub fn with_faults(self, injector: Arc<Injector>) -> Accel {
        Accel { injector: Some(injector), ..self }.settled()
    }

    /// With tries that are counted and timed, in the [`Meter`](super::meter::Meter) of each [`Caller`].
    pub fn metered(self) -> Accel {
        Accel { metered: true, ..self }.settled()
    }

    /// With calls that report their name and number to [`iommu::detector`], whose reports then name
    /// the call that replaced an entry. Numbers count the TCE calls and the removals of windows.
    pub fn tagged(self) -> Accel {
        Accel { tagged: true, ..self }.settled()
    }

    /// With another function for the call of this token in one tier. Without effect on calls that have no
    /// tiers.
    pub fn replace(
        self,
        token: u64,
        tier: Tier,
        by: impl Fn(&mut Caller<'_>, &mut Regs) -> Answer + Send + Sync + 'static,
    ) -> Accel {
        self.with_prototype(Prototype::new(token, tier, by))
    }

    /// With a prototype, which comes before earlier ones of the same call and tier.
    pub fn with_prototype(mut self, prototype: Prototype) -> Accel {
        self.prototypes.insert(0, prototype);
        self.settled()
    }

    fn settled(mut self) -> Accel {
        let special =
            self.metered || self.tagged || self.injector.is_some() || !self.prototypes.is_empty();
        self.plain = (!special).then_some(self.start);
        self
    }

    /// The tier in which calls start.
    pub fn start(&self) -> Tier {
        self.start
    }

    /// The profile by whose rules calls are answered.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// The rules by which a tier answers.
    #[inline]
    pub(crate) fn rules(&self, tier: Tier) -> &'static Rules {
        self.profile.rules(tier)
    }

    /// Reports to the detector that the calling thread is in this call from now on.
    pub(crate) fn tag(&self, name: &'static str) {
        if self.tagged {
            let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
            detector::tag(Tag { name, number });
        }
    }

    /// One try in a tier, by the row's function or by a prototype.
    fn attempt(
        &self,
        (token, tiers, tier): (u64, &Tiers, Tier),
        caller: &mut Caller<'_>,
        regs: &mut Regs,
    ) -> Answer {
        let stands_in = |by: &&Prototype| (by.token, by.tier) == (token, tier);
        match self.prototypes.iter().find(stands_in) {
            Some(prototype) => (prototype.run)(caller, regs),
            None => tiers.of(tier)(caller, regs),
        }
    }
}

impl Default for Accel {
    fn default() -> Accel {
        Accel::new(Tier::default())
    }
}

impl Tiers {
    fn of(&self, tier: Tier) -> Try {
        match tier {
            Tier::Real => self.real,
            Tier::Virtual => self.virt,
            Tier::User => self.user,
        }
    }
}

/// Runs a call, starting at the configured tier. Inlined into the dispatcher: a call that its first tier answers
/// costs one indirect call.
#[inline(always)]
pub(super) fn run(token: u64, tiers: &Tiers, caller: &mut Caller<'_>, regs: &mut Regs) -> Status {
    let start = match caller.accel.plain {
        None => return run_watched(token, tiers, caller, regs),
        Some(start) => start,
    };
    let mut answer = Answer::TooHard;
    if start == Tier::Real {
        answer = (tiers.real)(caller, regs);
    }
    if start != Tier::User && answer == Answer::TooHard {
        answer = (tiers.virt)(caller, regs);
    }
    if answer == Answer::TooHard {
        answer = (tiers.user)(caller, regs);
    }
    outermost(answer)
}

/// Runs a call with faults, prototypes, tags and a meter.
#[cold]
#[inline(never)]
fn run_watched(token: u64, tiers: &Tiers, caller: &mut Caller<'_>, regs: &mut Regs) -> Status {
    let accel = caller.accel;
    accel.tag(token_name(token).unwrap_or_default());
    let mut answer = Answer::TooHard;
    for tier in accel.start.outwards() {
        let started = accel.metered.then(Instant::now);
        let liobn = regs[1];
        let mut attempt = || accel.attempt((token, tiers, tier), caller, regs);
        answer = match &accel.injector {
            None => attempt(),
            Some(injector) => injector.around(token, tier, liobn, attempt),
        };
        if let (Some(meter), Some(started)) = (&mut caller.meter, started) {
            meter.record(tier, answer, started.elapsed());
        }
        if answer != Answer::TooHard {
            break;
        }
    }
    outermost(answer)
}

/// No tier is further out than the user tier: a host that lacks something is not the guest's mistake.
#[inline]
fn outermost(answer: Answer) -> Status {
    match answer {
        Answer::Done(Status::TooHard) | Answer::TooHard => Status::Hardware,
        Answer::Done(status) => status,
    }
}
