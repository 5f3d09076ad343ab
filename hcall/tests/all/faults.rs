// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Injected faults: whatever fails, the invariants hold, and a call that returns the status of a fault has
//! changed nothing.

use crate::calls::{Made, tce_call};
use hcall::Status::*;
use hcall::tokens::*;
use hcall::{Meter, Spec, Tier};
use proptest::prelude::*;
use tests::rig::*;

fn spec(text: &str) -> Spec {
    text.parse().expect(text)
}

fn with(start: Tier, faults: &[&str]) -> Rig {
    let mut rig = Rig::with_faults(start, faults.iter().map(|text| spec(text)));
    rig.meter = Some(Meter::default());
    rig
}

/// Specs as a user may write them. Delayed kills have a delay of 0, so that the test takes no time.
fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let fault = prop::sample::select(vec![
        "toohard",
        "hardware",
        "busy",
        "nomem",
        "unregistered",
        "delayed-kill:us=0",
    ]);
    let key = prop_oneof![
        (1..20u64).prop_map(|n| format!("nth={n}")),
        (1..9u64).prop_map(|n| format!("every={n}")),
        (0..10u64, any::<u64>()).prop_map(|(p, seed)| format!("prob=0.{p},seed={seed}")),
        prop::sample::select(vec![L, L2, L3, 7]).prop_map(|liobn| format!("liobn={liobn:#x}")),
        prop::sample::select(vec!["real", "virtual"]).prop_map(|tier| format!("tier={tier}")),
        prop::sample::select(vec!["H_PUT_TCE", "H_STUFF_TCE", "H_PUT_TCE_INDIRECT", "H_GET_TCE"])
            .prop_map(|call| format!("call={call}")),
        (0..5u64).prop_map(|n| format!("count={n}")),
    ];
    let one = (fault, prop::collection::vec(key, 0..3)).prop_map(|(fault, keys)| {
        let name = |key: &String| key.split('=').next().map(str::to_owned);
        let first = |at: usize| !keys[..at].iter().any(|key| name(key) == name(&keys[at]));
        let keys: Vec<_> = (0..keys.len()).filter(|&at| first(at)).map(|at| &*keys[at]).collect();
        let joint = if fault.contains(':') || keys.is_empty() { "," } else { ":" };
        let keys = keys.join(",");
        spec(format!("{fault}{joint}{keys}").trim_end_matches([',', ':']))
    });
    prop::collection::vec(one, 1..4)
}

/// Makes the call, and checks that a status of a fault comes without any change.
fn step(rig: &mut Rig, made: &Made) -> Result<(), TestCaseError> {
    rig.write_list(LIST, &made.list);
    let before = (rig.state().0, rig.all.frames().all_pins());
    let (status, _) = rig.hcall(made.token, &made.args);
    prop_assert_ne!(status, TooHard);
    if status != Success {
        let after = (rig.state().0, rig.all.frames().all_pins());
        prop_assert!(after == before, "{} and a change: {:x?}", status, made);
    }
    let audit = rig.all.audit();
    prop_assert!(audit.holds(), "{:?} after {:x?}", audit, made);
    Ok(())
}

proptest! {
    #[test]
    fn any_faults_keep_every_invariant(
        start in prop::sample::select(Tier::ALL.to_vec()),
        faults in specs(),
        calls in prop::collection::vec(tce_call(), 1..40),
    ) {
        let mut rig = Rig::with_faults(start, faults);
        for made in &calls {
            step(&mut rig, made)?;
        }
        // At the end of the guest nothing stays pinned.
        rig.all.clear(&mut rig.agent);
        prop_assert_eq!(rig.all.audit(), iommu::Audit::default());
        prop_assert!(rig.all.frames().all_pins().iter().all(|&pins| pins == 0));
    }
}

// Bug 14: a page that the kernel's path cannot map is mapped by user space, and the guest sees no failure
#[test]
fn bug_14_an_unregistered_page_is_mapped_by_the_user_tier() {
    for start in [Tier::Real, Tier::Virtual] {
        let mut r = with(start, &["unregistered"]);
        assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
        assert_eq!((r.pins(A), r.get(L, 0)), (1, A | RW));
        let laps = r.meter.expect("counted").laps;
        assert_eq!((laps[1].too_hard, laps[2].calls), (1, 1));
        r.assert_sound();
    }
}

// Bugs 16 and 64: a mapping that fails is not reported as a success
#[test]
fn bug_16_and_64_a_mapping_that_fails_is_told() {
    let mut r = with(Tier::Virtual, &["unregistered:tier=virtual", "unregistered:tier=user"]);
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Hardware);
    assert_eq!((r.pins(A), r.get(L, 0)), (0, 0));
    r.assert_sound();
}

// Bug 49 and papr-tce 7.75: without memory for the view no value is lost silently
#[test]
fn bug_49_what_is_read_is_what_was_last_put_with_success() {
    let mut r = with(Tier::Virtual, &["nomem:count=2"]);
    assert_eq!(r.status(H_PUT_TCE, &[L3, START3, A | RW]), Hardware, "neither tier had memory");
    assert_eq!((r.get(L3, START3), r.pins(A)), (0, 0));
    assert_eq!(r.status(H_PUT_TCE, &[L3, START3, A | RW]), Success);
    assert_eq!((r.get(L3, START3), r.pins(A)), (A | RW, 1));
    r.assert_sound();
}

// Bug 8: a call that ends in the middle of a list holds no resource that a later call needs
#[test]
fn bug_8_calls_go_on_after_a_list_that_ended_early() {
    for fault in ["nomem:nth=1", "toohard:nth=1", "hardware:nth=1", "unregistered:nth=300"] {
        let mut r = with(Tier::Virtual, &[fault]);
        r.write_list(LIST, &[A | RW; 512]);
        let first = r.status(H_PUT_TCE_INDIRECT, &[L3, START3, LIST, 512]);
        assert_eq!(first == Hardware, fault.starts_with("hardware"), "{fault}");
        assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L3, START3, LIST, 512]), Success);
        assert_eq!(r.pins(A), 512);
        r.assert_sound();
    }
}

// LoPAR 2.9: H_HARDWARE and H_BUSY change nothing that the partition sees
#[test]
fn h_hardware_and_h_busy_change_nothing_and_the_next_try_succeeds() {
    for (fault, status) in [("hardware:nth=2", Hardware), ("busy:nth=2", Busy)] {
        for start in Tier::ALL {
            let mut r = with(start, &[&format!("{fault},call=H_STUFF_TCE,liobn={L:#x}")]);
            // The tier of the second failure depends on the attempts of the first.
            assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
            assert_eq!(r.status(H_STUFF_TCE, &[L, 0, B | RW, 3]), Success);
            let before = r.state();
            assert_eq!(r.status(H_STUFF_TCE, &[L, 0, 0, 3]), status, "{fault} from {start}");
            assert_eq!(r.state(), before);
            assert_eq!(r.status(H_STUFF_TCE, &[L, 0, 0, 3]), Success);
            assert_eq!((r.pins(A), r.pins(B)), (0, 0));
        }
    }
}

#[test]
fn too_hard_goes_one_tier_out_and_no_further() {
    let mut r = with(Tier::Real, &["toohard:tier=real"]);
    assert_eq!(r.status(H_GET_TCE, &[L, 0]), Success);
    let laps = r.meter.expect("counted").laps;
    assert_eq!(laps.map(|lap| (lap.calls, lap.too_hard)), [(1, 1), (1, 0), (0, 0)]);
    let mut r = with(Tier::Real, &["toohard"]);
    assert_eq!(r.status(H_GET_TCE, &[L, 0]), Success);
    let laps = r.meter.expect("counted").laps;
    assert_eq!(laps.map(|lap| (lap.calls, lap.too_hard)), [(1, 1), (1, 1), (1, 0)]);
}
