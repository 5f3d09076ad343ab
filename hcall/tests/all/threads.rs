// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Several processors at once: a list that changes during a call, and an entry that all processors write.

use hcall::tokens::*;
use hcall::{Accel, Caller, Profile, Status, Tier, dispatch};
use std::sync::atomic::{AtomicBool, Ordering};
use tests::rig::*;
use vm_memory::{Bytes, GuestAddress};

// papr-tce 7.54: each call works on one consistent copy: it stores entries that it has checked, or none
#[test]
fn a_list_that_another_processor_changes_is_checked_and_stored_as_one_copy() {
    let mut r = Rig::new();
    let (memory, done) = (r.memory.clone(), AtomicBool::new(false));
    r.write_list(LIST, &[A | RW; 512]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let at = GuestAddress(LIST + 8 * 300);
            while !done.load(Ordering::Relaxed) {
                for tce in [MEMORY | RW, A | RW, A | 4 | RW, B | RW, u64::MAX, B | R] {
                    memory.store(tce.to_be(), at, Ordering::Relaxed).expect("in memory");
                }
            }
        });
        let mut stored = 0;
        for _ in 0..20_000 {
            let mut regs = [H_PUT_TCE_INDIRECT, L, 0, LIST, 512, 0, 0, 0, 0, 0];
            let mut caller = Caller::new(&r.all, &r.memory, &mut r.agent, &mut r.machine);
            match dispatch(&mut caller, &mut regs).status {
                Status::Success => stored += 1,
                status => assert_eq!(status, Status::Parameter),
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(stored > 0, "the list was good some of the time");
    });
    assert!([A | RW, B | RW, B | R].contains(&r.get(L, 300 << 12)));
    r.assert_sound();
}

// papr-tce 7.70 to 7.72; bug 47: two processors on one entry, also with values that map nothing
#[test]
fn bug_47_two_processors_on_one_entry_agree_at_rest_under_every_profile() {
    for (profile, start) in
        [(Profile::LOPAR, Tier::Real), (Profile::KVM, Tier::Virtual), (Profile::QEMU, Tier::User)]
    {
        let accel = Accel::new(start).with_profile(profile);
        let mut r = Rig::new();
        std::thread::scope(|scope| {
            for values in [[A | RW, MEMORY | RW, 0], [B | W, A | 4 | R, 0xd000]] {
                let (accel, all, memory) = (&accel, &r.all, &r.memory);
                scope.spawn(move || {
                    let (mut agent, mut machine) = (all.agent(), Rig::new().machine);
                    for n in 0..10_000 {
                        let mut regs = [H_PUT_TCE, L, 0, values[n % 3], 0, 0, 0, 0, 0, 0];
                        let caller = Caller::new(all, memory, &mut agent, &mut machine);
                        dispatch(&mut Caller { accel, ..caller }, &mut regs);
                    }
                });
            }
        });
        r.assert_sound();
        assert_eq!(r.status(H_PUT_TCE, &[L, 0, 0]), Status::Success);
        assert_eq!((r.pins(A), r.pins(B)), (0, 0), "{}", profile.name);
    }
}
