// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Faults on purpose: failures of a host, at chosen moments.
//!
//! A [`Spec`] is a fault and its moments. Faults of a call (too hard, H_HARDWARE, H_BUSY) happen around the
//! try of a tier; faults of the host (no memory, an unregistered page, a slow kill) happen where
//! `iommu` asks for them, before it has changed anything.

mod parse;
mod spec;

pub use spec::{Fault, HELP, Spec};

use crate::words::status::Status;
use crate::words::tier::{Answer, Tier};
use crate::words::tokens::token_name;
use iommu::{Faults, Gpa, Liobn};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// The faults of a run. Shared by all vCPUs; counts are over all of them.
#[derive(Debug)]
pub struct Injector {
    faults: Vec<Armed>,
}

/// A fault, its chances so far, and the times that it happened.
#[derive(Debug)]
struct Armed {
    spec: Spec,
    chances: AtomicU64,
    happened: AtomicU64,
}

/// The call and the tier in which a thread is; `None` outside of TCE calls.
type Place = Option<(u64, Tier)>;

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(None) };
}

impl Injector {
    /// These faults.
    pub fn new(specs: impl IntoIterator<Item = Spec>) -> Injector {
        let armed = |spec| Armed { spec, chances: AtomicU64::new(0), happened: AtomicU64::new(0) };
        Injector { faults: specs.into_iter().map(armed).collect() }
    }

    /// The number of faults that happened.
    pub fn happened(&self) -> u64 {
        self.faults.iter().map(|fault| fault.happened.load(Ordering::Relaxed)).sum()
    }

    /// Makes a try of a call in a tier, unless a fault happens instead.
    pub(crate) fn around(
        &self,
        token: u64,
        tier: Tier,
        liobn: u64,
        call: impl FnOnce() -> Answer,
    ) -> Answer {
        let place = Some((token, tier));
        let happens = |fault, answer| self.find(fault, liobn, place).map(|_| answer);
        let instead = happens(Fault::TooHard, Answer::TooHard)
            .or_else(|| happens(Fault::Hardware, Answer::Done(Status::Hardware)))
            .or_else(|| happens(Fault::Busy, Answer::Done(Status::Busy)));
        if let Some(answer) = instead {
            let name = token_name(token).unwrap_or_default();
            log::debug!("injected into {name} in the {tier} tier: {answer:?}");
            return answer;
        }
        let before = PLACE.replace(place);
        let answer = call();
        PLACE.set(before);
        answer
    }

    /// The first fault of this kind that happens now.
    fn find(&self, fault: Fault, liobn: u64, place: Place) -> Option<Fault> {
        let same = |spec: &Spec| match (spec.fault, fault) {
            (Fault::DelayedKill(_), Fault::DelayedKill(_)) => true,
            (a, b) => a == b,
        };
        let mut faults = self.faults.iter().filter(|armed| same(&armed.spec));
        faults.find(|armed| armed.happens(liobn, place)).map(|armed| armed.spec.fault)
    }
}

impl Armed {
    fn happens(&self, liobn: u64, place: Place) -> bool {
        let Spec { nth, every, prob, seed, count, .. } = self.spec;
        if !self.could(liobn, place) {
            return false;
        }
        let n = self.chances.fetch_add(1, Ordering::Relaxed) + 1;
        let now = nth.is_none_or(|nth| n == nth)
            && every.is_none_or(|every| n.is_multiple_of(every))
            && prob.is_none_or(|prob| chance(seed, n) < prob);
        let more = |happened| (happened < count).then_some(happened + 1);
        now && self.happened.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// True when it can happen here.
    fn could(&self, liobn: u64, place: Place) -> bool {
        let Spec { fault, liobn: of, tier, call, .. } = self.spec;
        let in_tier = |wanted| place.is_some_and(|(_, tier)| tier == wanted);
        let tier_fits = match (tier, fault) {
            (Some(wanted), _) => in_tier(wanted),
            // The VMM's own path maps what the kernel's does not find registered.
            (None, Fault::TooHard | Fault::Unregistered) => !in_tier(Tier::User),
            (None, _) => true,
        };
        tier_fits
            && of.is_none_or(|wanted| wanted == liobn)
            && call.is_none_or(|wanted| place.is_some_and(|(call, _)| call == wanted))
    }
}

/// A number from 0 to below 1 that depends on nothing but these two (splitmix64).
fn chance(seed: u64, n: u64) -> f64 {
    let mut z = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1u64 << 53) as f64
}

impl Faults for Injector {
    fn no_memory(&self, liobn: Liobn) -> bool {
        self.find(Fault::NoMemory, liobn.0.into(), PLACE.get()).is_some()
    }

    fn unregistered(&self, liobn: Liobn, _: Gpa) -> bool {
        self.find(Fault::Unregistered, liobn.0.into(), PLACE.get()).is_some()
    }

    fn before_kill(&self, liobn: Liobn) {
        let slow = Fault::DelayedKill(std::time::Duration::ZERO);
        if let Some(Fault::DelayedKill(time)) = self.find(slow, liobn.0.into(), PLACE.get()) {
            thread::sleep(time);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(spec: &str) -> Vec<u64> {
        let injector = Injector::new([spec.parse().expect(spec)]);
        (1..=100).filter(|_| injector.no_memory(Liobn(7))).collect()
    }

    #[test]
    fn a_fault_happens_when_its_spec_says() {
        assert_eq!(times("nomem").len(), 100);
        assert_eq!(times("nomem:nth=3"), [3]);
        assert_eq!(times("nomem:every=40"), [40, 80]);
        assert_eq!(times("nomem:every=40,count=1"), [40]);
        assert_eq!(times("nomem:count=2"), [1, 2]);
        assert_eq!(times("nomem:liobn=7,nth=9"), [9]);
        assert_eq!(times("nomem:prob=1").len(), 100);
        for none in ["nomem:prob=0", "nomem:liobn=8", "nomem:tier=real", "busy", "nomem:count=0"] {
            assert_eq!(times(none), [0; 0], "{none}");
        }
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed_and_near_its_probability() {
        let some = times("nomem:prob=0.3,seed=5");
        assert_eq!(some, times("nomem:prob=0.3,seed=5"));
        assert_ne!(some, times("nomem:prob=0.3,seed=6"));
        assert!((10..60).contains(&some.len()), "{}", some.len());
    }
}
