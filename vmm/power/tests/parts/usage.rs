// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The time that a CPU used, and the time that the host took.

use power::testing::{GAP, Usage};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

fn spin(time: Duration) {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
    };
    let start = now();
    while now() - start < time {}
}

const SPAN: Duration = Duration::from_millis(20);

#[test]
fn running_is_used_waiting_is_stolen_and_being_away_is_neither() {
    let mut usage = Usage::default();
    usage.begin(0);
    spin(SPAN);
    usage.look();
    assert!(usage.used >= SPAN);
    let (used, stolen) = (usage.used, usage.stolen);
    std::thread::sleep(SPAN); // as if the host ran another thread
    usage.look();
    assert!(usage.stolen - stolen >= SPAN / 2 && usage.used - used < SPAN);
    usage.end();
    let counted = (usage.used, usage.stolen);
    std::thread::sleep(SPAN);
    usage.look();
    assert_eq!((usage.used, usage.stolen), counted);
}

#[test]
fn another_thread_goes_on_counting() {
    let mut usage = Usage::default();
    usage.begin(0);
    spin(SPAN);
    usage.end();
    let used = usage.used;
    let usage = std::thread::spawn(move || {
        let mut usage = usage;
        usage.begin(0); // its thread has used almost nothing
        spin(SPAN);
        usage.end();
        usage
    });
    assert!(usage.join().unwrap().used >= used + SPAN);
}

#[test]
fn a_gap_is_seen_once_and_only_by_who_watches() {
    let mut usage = Usage::default();
    usage.begin(1000);
    assert!(!usage.is_late(1000 + 2 * GAP));
    usage.watches = true;
    assert!(!usage.is_late(1000 + 3 * GAP));
    assert!(usage.is_late(1001 + 4 * GAP));
    assert!(!usage.is_late(1002 + 4 * GAP));
}
