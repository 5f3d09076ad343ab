// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The three tiers: the guest cannot see where its calls start, and never gets H_TOO_HARD.

use crate::calls::{Made, tce_call};
use hcall::Status::*;
use hcall::tokens::*;
use hcall::{Accel, Answer, Meter, Profile, Tier};
use iommu::{HwEntry, Tce};
use proptest::prelude::*;
use tests::rig::*;

fn starting_at(tier: Tier) -> Rig {
    let mut rig = Rig::with(Accel::new(tier).metered());
    rig.meter = Some(Meter::default());
    rig
}

/// For each tier the attempts, and those that were too hard.
fn tries(rig: &Rig) -> [(u64, u64); 3] {
    rig.meter.expect("counted").laps.map(|lap| (lap.calls, lap.too_hard))
}

/// The state that tiers could treat differently: view, hardware, pins and dirty marks.
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
    // Whatever a profile accepts, only pages of the guest are reachable, and no page is lost.
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

// papr-tce 2.4: a call that needs a chunk of the view or a level of a table is too hard for the real tier,
// once
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
    // The entries need another level of the hardware table under the same chunk of the view, and then the
    // next chunk.
    let next_level = START3 + (512 << 12);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L3, next_level, LIST, 3]), Success);
    assert_eq!(tries(&r), [(6, 2), (2, 0), (0, 0)]);
    let next_chunk = START3 + (4096 << 12);
    assert_eq!(r.status(H_STUFF_TCE, &[L3, next_chunk, B | W, 3]), Success);
    assert_eq!(tries(&r), [(7, 3), (3, 0), (0, 0)]);
    r.assert_sound();
}

/// A rig with the real tier only. Either all memory is registered, or the lower half.
fn real_only(registered: bool) -> Rig {
    let mut accel = Accel::new(Tier::Real);
    for token in [H_PUT_TCE, H_GET_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT] {
        for tier in [Tier::Virtual, Tier::User] {
            accel = accel.replace(token, tier, |_, _| Answer::TooHard);
        }
    }
    if registered {
        return Rig::with(accel);
    }
    let frames = iommu::Frames::unregistered(MEMORY).expect("memory");
    let hpa = |gpa| frames.hpa(iommu::Gpa(gpa)).expect("memory");
    frames.register(&[hpa(0)..hpa(MEMORY / 2)]).expect("free");
    Rig::over(iommu::Container::new(frames), accel)
}

proptest! {
    // papr-tce 2.4: real mode cannot allocate memory.
    #[test]
    fn the_real_tier_never_allocates(
        registered in any::<bool>(),
        calls in prop::collection::vec(tce_call(), 1..40),
    ) {
        let mut rig = real_only(registered);
        let mut prepared = Rig::new();
        for made in &calls {
            rig.write_list(LIST, &made.list);
            let mut regs = [0; 10];
            regs[0] = made.token;
            regs[1..=made.args.len()].copy_from_slice(&made.args);
            let allocated = allocation_counter::measure(|| _ = rig.call(&mut regs));
            prop_assert_eq!(allocated.count_total, 0, "{:x?}", made);
            // It leaves calls that need memory to the other tiers.
            let (status, _) = make(&mut prepared, made);
            prop_assert!(status != Success || [0, Hardware.to_reg()].contains(&regs[0]));
        }
    }
}

// Bug 20: the real tier marks a large page dirty, and the whole of it (papr-tce 5.4: Linux marked the first 4
// KiB only)
#[test]
fn bug_20_a_large_page_that_is_replaced_in_the_real_tier_is_dirty_as_a_whole() {
    let frames = iommu::Frames::new(1 << 26).expect("memory");
    let all = iommu::Container::new(frames);
    let (liobn, shift) = (iommu::Liobn(9), iommu::PageShift::new(24).expect("a shift"));
    let window = iommu::Window::bytes(liobn, 0, 1 << 28, shift).expect("a window");
    let table = iommu::IommuTable::new(window, iommu::Ioda2::default()).expect("a table");
    all.add_window(window, table).expect("a new LIOBN");
    let (mut agent, mut machine, r) = (all.agent(), Rig::new().machine, Rig::new());
    let accel = Accel::new(Tier::Real).metered();
    let mut meter = Meter::default();
    let page = 1 << 24;
    for tce in [page | RW, (2 * page) | R, 0] {
        let mut regs = [H_PUT_TCE, 9, 0, tce, 0, 0, 0, 0, 0, 0];
        let caller = hcall::Caller::new(&all, &r.memory, &mut agent, &mut machine);
        let mut caller = hcall::Caller { accel: &accel, meter: Some(&mut meter), ..caller };
        assert_eq!(hcall::dispatch(&mut caller, &mut regs).status, Success);
    }
    assert_eq!(meter.laps.map(|lap| lap.calls), [3, 0, 0]);
    let dirty = |at: u64| all.frames().is_dirty(all.frames().hpa(iommu::Gpa(at)).expect("memory"));
    for at in (page..2 * page).step_by(0x1000) {
        assert!(dirty(at), "{at:#x}");
    }
    assert!(!dirty(page - 0x1000) && !dirty(2 * page), "its neighbours");
}

// Bug 21: no call waits for a lock that another thread may hold; here the bridge's lock is held
#[test]
fn bug_21_calls_go_on_while_the_lock_of_the_bridge_is_held() {
    use std::sync::mpsc::channel;
    let mut r = Rig::new();
    let (all, memory) = (r.all.clone(), r.memory.clone());
    let default = iommu::Window::bytes(iommu::Liobn(0x9000_0000), 0, 1 << 20, iommu::PageShift::K4);
    // The table is made while the bridge is locked.
    let make = move |window| {
        let (all, memory) = (all.clone(), memory.clone());
        let (done, wait) = channel();
        std::thread::spawn(move || {
            let (mut agent, mut machine) = (all.agent(), Rig::new().machine);
            for tier in Tier::ALL {
                let accel = Accel::new(tier);
                for regs in [
                    [H_PUT_TCE, L, 0, A | RW, 0, 0, 0, 0, 0, 0],
                    [H_GET_TCE, L, 0, 0, 0, 0, 0, 0, 0, 0],
                    [H_PUT_TCE_INDIRECT, L, 0, LIST, 9, 0, 0, 0, 0, 0],
                    [H_STUFF_TCE, L, 0, 0, 9, 0, 0, 0, 0, 0],
                ] {
                    let caller = hcall::Caller::new(&all, &memory, &mut agent, &mut machine);
                    let mut caller = hcall::Caller { accel: &accel, ..caller };
                    assert_eq!(hcall::dispatch(&mut caller, &mut regs.clone()).status, Success);
                }
            }
            done.send(()).expect("somebody waits");
        });
        wait.recv_timeout(std::time::Duration::from_secs(60)).expect("a call took the lock");
        iommu::IommuTable::new(window, iommu::Ioda2::default()).map(std::sync::Arc::new)
    };
    let phb = hcall::Phb::new(1, default.expect("a window"), 1, Box::new(make));
    phb.reset(&r.all, &mut r.agent).expect("the default window");
    r.assert_sound();
}

// LoPAR's refusals are decided at once, in every tier
#[test]
fn a_refusal_is_not_too_hard() {
    let mut r = starting_at(Tier::Real);
    for args in [[7, 0, A | RW], [L, 1, A | RW], [L, END, A], [L, 0, MEMORY | R], [L, 0, A | 5]] {
        assert_eq!(r.status(H_PUT_TCE, &args), Parameter);
    }
    assert_eq!(tries(&r), [(5, 0), (0, 0), (0, 0)]);
}

// papr-tce 7.7
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

// papr-tce 5.7: a tier that gives up half way through a call has changed nothing
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
