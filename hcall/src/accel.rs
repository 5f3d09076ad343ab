// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How hypercalls that have [`Tiers`] are tried: from where a call starts outwards, until a tier
//! has an answer.
//!
//! [`TooHard`](Answer::TooHard) makes the whole call anew in the next tier. No guest sees it: what
//! is too hard for the outermost tier as well is H_HARDWARE.
//!
//! [`guide`](crate::guide) shows how to replace a tier by a prototype.

use crate::abi::{Regs, Tiers, Try};
use crate::inject::Injector;
use crate::machine::Caller;
use crate::profile::{Profile, Rules};
use crate::status::Status;
use crate::tier::{Answer, Tier};
use crate::tokens::token_name;
use iommu::detector::{self, Tag};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How the hypercalls of a machine are tried. The same for all of its vCPUs.
#[derive(Debug)]
pub struct Accel {
    start: Tier,
    profile: &'static Profile,
    injector: Option<Arc<Injector>>,
    prototypes: Vec<(u64, Tier, Try)>,
    metered: bool,
    tagged: bool,
    /// Calls that were told to the detector.
    calls: AtomicU64,
    /// Where calls start, if there is nothing to look for at each try.
    plain: Option<Tier>,
}

/// What [`Caller::new`] takes.
pub(crate) static ORDINARY: Accel = Accel::new(Tier::Virtual);

impl Accel {
    /// By LoPAR's rules, from this tier on.
    pub const fn new(start: Tier) -> Accel {
        Accel {
            start,
            profile: Profile::LOPAR,
            injector: None,
            prototypes: Vec::new(),
            metered: false,
            tagged: false,
            calls: AtomicU64::new(0),
            plain: Some(start),
        }
    }

    /// By the rules of this profile.
    pub fn with_profile(self, profile: &'static Profile) -> Accel {
        Accel { profile, ..self }
    }

    /// With faults. The container must have the same injector, for those that happen there.
    pub fn with_faults(self, injector: Arc<Injector>) -> Accel {
        Accel { injector: Some(injector), ..self }.settled()
    }

    /// With tries that are counted and timed, in the [`Meter`] of each [`Caller`].
    pub fn metered(self) -> Accel {
        Accel { metered: true, ..self }.settled()
    }

    /// With calls that tell their name and number to [`iommu::detector`], whose reports then say
    /// which one replaced an entry. Numbers count the TCE calls and the removals of windows.
    pub fn tagged(self) -> Accel {
        Accel { tagged: true, ..self }.settled()
    }

    /// Tells the detector who the calling thread is from now on.
    pub(crate) fn tag(&self, name: &'static str) {
        if self.tagged {
            let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
            detector::tag(Tag { name, number });
        }
    }

    fn settled(mut self) -> Accel {
        let special =
            self.metered || self.tagged || self.injector.is_some() || !self.prototypes.is_empty();
        self.plain = (!special).then_some(self.start);
        self
    }

    /// With another handler for the call of this token in one tier. Calls that have no tiers have
    /// none to replace.
    pub fn replace(mut self, token: u64, tier: Tier, by: Try) -> Accel {
        self.prototypes.insert(0, (token, tier, by));
        self.settled()
    }

    /// Where calls start.
    pub fn start(&self) -> Tier {
        self.start
    }

    /// By whose rules calls are answered.
    pub fn profile(&self) -> &'static Profile {
        self.profile
    }

    /// By which rules a tier answers.
    #[inline]
    pub(crate) fn rules(&self, tier: Tier) -> &'static Rules {
        self.profile.rules(tier)
    }

    fn handler(&self, token: u64, tiers: &Tiers, tier: Tier) -> Try {
        let mut prototypes = self.prototypes.iter();
        match prototypes.find(|(of, at, _)| (*of, *at) == (token, tier)) {
            Some((_, _, prototype)) => *prototype,
            None => tiers.of(tier),
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

/// What the tries of one vCPU were and took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// By [`Tier::index`].
    pub laps: [Lap; 3],
}

/// The tries in one tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lap {
    /// How many.
    pub calls: u64,
    /// How many of them were too hard.
    pub too_hard: u64,
    /// What all of them took.
    pub time: Duration,
}

impl Lap {
    /// What one try took.
    pub fn mean(&self) -> Duration {
        self.time.div_f64(self.calls.max(1) as f64)
    }
}

impl Meter {
    /// Adds what another vCPU's were.
    pub fn add(&mut self, more: &Meter) {
        for (lap, more) in self.laps.iter_mut().zip(&more.laps) {
            lap.calls += more.calls;
            lap.too_hard += more.too_hard;
            lap.time = lap.time.saturating_add(more.time);
        }
    }

    fn record(&mut self, tier: Tier, answer: Answer, time: Duration) {
        let lap = &mut self.laps[tier.index()];
        lap.calls += 1;
        lap.too_hard += u64::from(answer == Answer::TooHard);
        lap.time = lap.time.saturating_add(time);
    }
}

/// Makes a call from the tier on in which calls start. Inlined where the handlers are known, with
/// `virt` once more: calls start there unless told otherwise, and so it is a part of this function.
#[inline(always)]
pub(crate) fn run(
    token: u64,
    tiers: &Tiers,
    virt: impl FnOnce(&mut Caller<'_>, &mut Regs) -> Answer,
    caller: &mut Caller<'_>,
    regs: &mut Regs,
) -> Status {
    let start = match caller.accel.plain {
        None => return run_watched(token, tiers, caller, regs),
        Some(start) => start,
    };
    let mut answer = Answer::TooHard;
    if start == Tier::Real {
        answer = (tiers.real)(caller, regs);
    }
    if start != Tier::User && answer == Answer::TooHard {
        answer = virt(caller, regs);
    }
    if answer == Answer::TooHard {
        answer = (tiers.user)(caller, regs);
    }
    outermost(answer)
}

/// The same with faults, prototypes and a meter.
#[cold]
#[inline(never)]
fn run_watched(token: u64, tiers: &Tiers, caller: &mut Caller<'_>, regs: &mut Regs) -> Status {
    let accel = caller.accel;
    accel.tag(token_name(token).unwrap_or_default());
    let mut answer = Answer::TooHard;
    for tier in accel.start.outwards() {
        let started = accel.metered.then(Instant::now);
        let handler = accel.handler(token, tiers, tier);
        answer = match &accel.injector {
            None => handler(caller, regs),
            Some(injector) => injector.around(token, tier, regs[1], || handler(caller, regs)),
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

/// Nobody is left to ask after the user tier: what the host lacks is not the guest's mistake.
#[inline]
fn outermost(answer: Answer) -> Status {
    match answer {
        Answer::Done(Status::TooHard) | Answer::TooHard => Status::Hardware,
        Answer::Done(status) => status,
    }
}
