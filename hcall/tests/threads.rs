// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A list that changes while a call reads it.

mod rig;

use hcall::tokens::*;
use hcall::{Caller, Status, dispatch};
use rig::*;
use std::sync::atomic::{AtomicBool, Ordering};
use vm_memory::{Bytes, GuestAddress};

// 54: each call sees one consistent copy: it stores entries that it has checked, or none
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
