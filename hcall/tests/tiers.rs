// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The three tiers: the guest cannot tell where its calls start, and never sees TooHard.

#[path = "rig/calls.rs"]
mod calls;
mod rig;

use calls::{Made, tce_call};
use hcall::Status::*;
use hcall::tokens::*;
use hcall::{Accel, Answer, Meter, Profile, Tier};
use iommu::{HwEntry, Tce};
use proptest::prelude::*;
use rig::*;

fn starting_at(tier: Tier) -> Rig {
    let mut rig = Rig::with(Accel::new(tier).metered());
    rig.meter = Some(Meter::default());
    rig
}

/// Calls and too hard ones, by tier.
fn tries(rig: &Rig) -> [(u64, u64); 3] {
    rig.meter.expect("counted").laps.map(|lap| (lap.calls, lap.too_hard))
}

/// All that tiers could do differently: view, hardware, pins and dirt.
type State = (Vec<u64>, Vec<Tce>, Vec<u32>, Vec<u64>);

fn state(rig: &Rig) -> State {
    let mut hardware = Vec::new();
    for window in rig.all.windows().iter() {
        for table in window.tables() {
            let entries = (0..table.window().size()).map(HwEntry);
            hardware.extend(entries.map(|entry| table.tce(entry).expect("in the table")));
        }
    }
    (rig.state().0, hardware, rig.all.frames().all_pins(), rig.all.frames().take_dirty())
}

fn make(rig: &mut Rig, made: &Made) -> (hcall::Status, u64) {
    rig.write_list(LIST, &made.list);
    let (status, out) = rig.hcall(made.token, &made.args);
    (status, out[0])
}

proptest! {
    #[test]
    fn every_tier_gives_the_same_answers_and_does_the_same(
        calls in prop::collection::vec(tce_call(), 1..40)
    ) {
        let mut rigs = Tier::ALL.map(starting_at);
        for made in &calls {
            let [real, virt, user] = rigs.each_mut().map(|rig| make(rig, made));
            prop_assert_ne!(real.0, TooHard);
            prop_assert_eq!(real, virt, "real and virtual: {:x?}", made);
            prop_assert_eq!(user, virt, "user and virtual: {:x?}", made);
        }
        let [real, virt, user] = rigs.each_ref().map(state);
        prop_assert!(real == virt, "real and virtual");
        prop_assert!(user == virt, "user and virtual");
        for rig in &rigs {
            prop_assert!(rig.all.audit().holds());
        }
    }
}

proptest! {
    // Whatever a profile lets in, no page is reachable that is not the guest's, and none is lost.
    #[test]
    fn every_profile_keeps_the_invariants_from_every_tier(
        start in prop::sample::select(Tier::ALL.to_vec()),
        profile in prop::sample::select(Profile::ALL.to_vec()),
        calls in prop::collection::vec(tce_call(), 1..40),
    ) {
        let mut rig = Rig::with(Accel::new(start).with_profile(profile));
        for made in &calls {
            let (status, _) = make(&mut rig, made);
            prop_assert_ne!(status, TooHard);
            let audit = rig.all.audit();
            prop_assert!(audit.holds(), "{:?} after {:x?} under {}", audit, made, profile.name);
        }
        rig.all.clear(&mut rig.agent);
        prop_assert_eq!(rig.all.audit(), iommu::Audit::default());
    }
}

// papr-tce 2.4: what needs a chunk of the view or a level of a table is too hard for the real
// tier, once
#[test]
fn the_real_tier_leaves_allocation_to_the_virtual_one() {
    let mut r = starting_at(Tier::Real);
    assert_eq!(r.status(H_PUT_TCE, &[L3, START3, 0]), Success);
    assert_eq!(r.status(H_STUFF_TCE, &[L3, START3, 0, 512]), Success);
    assert_eq!(tries(&r), [(2, 0), (0, 0), (0, 0)], "zero over nothing needs no memory");
    assert_eq!(r.status(H_PUT_TCE, &[L3, START3, A | RW]), Success);
    assert_eq!(tries(&r), [(3, 1), (1, 0), (0, 0)]);
    assert_eq!(r.status(H_PUT_TCE, &[L3, START3 + 0x1000, B | RW]), Success);
    r.write_list(LIST, &[A | R; 512]);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L3, START3, LIST, 512]), Success);
    assert_eq!(tries(&r), [(5, 1), (1, 0), (0, 0)]);
    // Another level of the hardware's table under the same chunk of the view, then the next chunk.
    let next_level = START3 + (512 << 12);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L3, next_level, LIST, 3]), Success);
    assert_eq!(tries(&r), [(6, 2), (2, 0), (0, 0)]);
    let next_chunk = START3 + (4096 << 12);
    assert_eq!(r.status(H_STUFF_TCE, &[L3, next_chunk, B | W, 3]), Success);
    assert_eq!(tries(&r), [(7, 3), (3, 0), (0, 0)]);
    r.assert_sound();
}

// LoPAR's refusals are decided at once, wherever the call is
#[test]
fn a_refusal_is_not_too_hard() {
    let mut r = starting_at(Tier::Real);
    for args in [[7, 0, A | RW], [L, 1, A | RW], [L, END, A], [L, 0, MEMORY | R], [L, 0, A | 5]] {
        assert_eq!(r.status(H_PUT_TCE, &args), Parameter);
    }
    assert_eq!(tries(&r), [(5, 0), (0, 0), (0, 0)]);
}

// Clause 7
#[test]
fn what_is_too_hard_for_every_tier_is_h_hardware() {
    let mut accel = Accel::new(Tier::Real);
    for tier in Tier::ALL {
        accel = accel.replace(H_PUT_TCE, tier, |_, _| Answer::TooHard);
    }
    let mut r = Rig::with(accel);
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Hardware);
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0, A | RW, 1]), Success, "only the one was replaced");
    let mut r = Rig::with(
        Accel::new(Tier::User).replace(H_GET_TCE, Tier::User, |_, _| Answer::Done(TooHard)),
    );
    assert_eq!(r.status(H_GET_TCE, &[L, 0]), Hardware);
}

// papr-tce 5.7: a tier that did half of a call and gives up has done no harm
#[test]
fn a_call_that_gave_up_half_way_is_made_anew_as_a_whole() {
    let half = |on: &mut hcall::Caller<'_>, _: &mut hcall::Regs| {
        let (liobn, tce) = (iommu::Liobn(0x8000_0000), iommu::RawTce(A | RW));
        on.container.stuff(on.agent, liobn, iommu::Ioba(0), tce, 256).expect("the first half");
        Answer::TooHard
    };
    let mut r = Rig::with(Accel::new(Tier::Virtual).replace(H_STUFF_TCE, Tier::Virtual, half));
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0, A | RW, 512]), Success);
    assert_eq!(r.pins(A), 512);
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, 0]), Success);
    assert_eq!(r.pins(A), 511);
    r.assert_sound();
}

#[test]
fn calls_without_tiers_are_not_counted() {
    let mut r = starting_at(Tier::User);
    assert_eq!(r.status(H_SET_SPRG0, &[1]), Success);
    assert_eq!(r.status(H_GET_TCE, &[L, 0]), Success);
    assert_eq!(tries(&r), [(0, 0), (0, 0), (1, 0)]);
}
