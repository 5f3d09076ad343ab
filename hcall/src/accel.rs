// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How hypercalls that have [`Tiers`] are tried: from where a call starts outwards, until a tier
//! has an answer.
//!
//! [`TooHard`](Answer::TooHard) makes the whole call anew in the next tier. No guest sees it: what
//! is too hard for the outermost tier as well is H_HARDWARE.
//!
//! # Replacing a tier by a prototype
//!
//! A handler is a function of the caller and its registers. This one answers H_PUT_TCE in the real
//! tier only for window 0x80000000; everything else it leaves to the tiers further out.
//!
//! ```
//! use hcall::{Accel, Answer, Caller, Regs, Status, Tier, tokens};
//! use iommu::{Ioba, Liobn, RawTce};
//!
//! fn my_put_tce(on: &mut Caller<'_>, regs: &mut Regs) -> Answer {
//!     let [_, liobn, ioba, tce, ..] = *regs;
//!     if liobn != 0x8000_0000 {
//!         return Answer::TooHard;
//!     }
//!     match on.container.put(on.agent, Liobn(0x8000_0000), Ioba(ioba), RawTce(tce)) {
//!         Ok(()) => Answer::Done(Status::Success),
//!         Err(_) => Answer::TooHard, // nothing was changed; the next tier finds the right status
//!     }
//! }
//!
//! let accel = Accel::new(Tier::Real).metered();
//! let accel = accel.replace(tokens::H_PUT_TCE, Tier::Real, my_put_tce);
//! # use hcall::*;
//! # use iommu::*;
//! # struct Nothing;
//! # impl Machine for Nothing {
//! #     fn term_write(&mut self, _: u32, _: &[u8]) -> Result<(), Status> { Err(Status::Parameter) }
//! #     fn term_read(&mut self, _: u32, _: &mut [u8; 16]) -> Result<usize, Status> { Err(Status::Parameter) }
//! #     fn set_interrupts_little_endian(&mut self, _: bool) {}
//! #     fn set_sprg0(&mut self, _: u64) {}
//! #     fn cede(&mut self) {}
//! #     fn power_off(&mut self) {}
//! #     fn random(&mut self) -> Option<u64> { None }
//! #     fn now(&self) -> std::time::SystemTime { std::time::UNIX_EPOCH }
//! # }
//! # let container = Container::new(Frames::new(1 << 20).unwrap());
//! # let window = Window::bytes(Liobn(0x8000_0000), 0, 1 << 20, PageShift::K4).unwrap();
//! # container.add_window(window, IommuTable::new(window, Ioda2::default()).unwrap()).unwrap();
//! # let memory = Memory::from_ranges(&[(vm_memory::GuestAddress(0), 1 << 20)]).unwrap();
//! # let mut agent = container.agent();
//! # let (mut machine, mut meter) = (Nothing, Meter::default());
//! # let mut caller = Caller {
//! #     accel: &accel,
//! #     meter: Some(&mut meter),
//! #     ..Caller::new(&container, &memory, &mut agent, &mut machine)
//! # };
//! let mut put = |ioba, tce| {
//!     let mut regs = [tokens::H_PUT_TCE, 0x8000_0000, ioba, tce, 0, 0, 0, 0, 0, 0];
//!     dispatch(&mut caller, &mut regs).status
//! };
//! assert_eq!(put(0x1000, 0x2_0003), Status::Success); // the prototype
//! assert_eq!(put(0x1001, 0x2_0003), Status::Parameter); // too hard for it
//! let [real, virt, user] = meter.laps;
//! assert_eq!((real.calls, real.too_hard), (2, 1));
//! assert_eq!((virt.calls, user.calls), (1, 0));
//! ```

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

/// Makes a call from the tier on in which calls start. Inlined where the handlers are known.
#[inline(always)]
pub(crate) fn run(token: u64, tiers: &Tiers, caller: &mut Caller<'_>, regs: &mut Regs) -> Status {
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
