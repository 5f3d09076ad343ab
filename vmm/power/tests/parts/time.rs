// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Timebase and decrementer.

use power::{
    TIMEBASE_HZ,
    testing::{Clock, ticks},
};
use std::time::Duration;

#[test]
fn ticks_run_at_512_mhz() {
    assert_eq!(ticks(Duration::from_secs(1)), TIMEBASE_HZ);
    assert_eq!(ticks(Duration::from_nanos(1000)), 512);
}

#[test]
fn the_decrementer_is_a_signed_56_bit_number() {
    let mut clock = Clock::new();
    assert!(!clock.expired(), "it starts as far away as it can");
    clock.set_decrementer(0x00ff_ffff_ffff_ffff); // -1 in 56 bits
    assert!(clock.expired());
    assert_eq!(clock.decrementer() >> 56, 0xff, "reads sign-extended");
    clock.set_decrementer(1 << 54);
    assert!(!clock.expired());
}
