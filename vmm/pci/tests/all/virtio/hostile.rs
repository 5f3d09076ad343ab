// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Drivers that write anything anywhere. The device never panics, comes back after a reset, and writes no byte of RAM that it
//! cannot reach by its window.

use proptest::prelude::*;

use super::blk::{DATA, HEADER, Platter, STATUS, request};
use super::driver::{Driver, ENTRIES, MAPPED, SHIFT};
use crate::rig::RAM;

/// One act of the driver.
#[derive(Clone, Debug)]
enum Act {
    /// Any store to the BAR, of this size.
    Store(u64, u64, u8),
    Load(u64, u8),
    /// A store to the configuration of queue 0, so that acts often meet a queue that runs.
    Common(u64, u64, u8),
    /// Two bytes of the rings' page.
    Ring(u64, u16),
    /// A descriptor: number, place, length, flags, next.
    Descriptor(u16, u64, u32, u16, u16),
    Offer(u16),
    Map(u64, u64),
    Start(u64),
}

fn place() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(HEADER), 3 => Just(DATA), 2 => Just(STATUS), 1 => Just(MAPPED - 7),
        1 => 0..MAPPED, 1 => any::<u64>(),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let size = prop_oneof![Just(1u8), Just(2), Just(4), Just(8), 1..9u8];
    prop_oneof![
        1 => (0..0x4000u64, any::<u64>(), size.clone()).prop_map(|(at, value, size)| Act::Store(at, value, size)),
        1 => (0..0x4000u64, size.clone()).prop_map(|(at, size)| Act::Load(at, size)),
        2 => (0..64u64, prop_oneof![0..17u64, any::<u64>()], size).prop_map(|(at, value, size)| Act::Common(at, value, size)),
        3 => (0..0x500u64, prop_oneof![0..18u16, any::<u16>()]).prop_map(|(at, value)| Act::Ring(2 * at, value)),
        8 => (0..ENTRIES, place(), prop_oneof![Just(16u32), Just(1), Just(512), any::<u32>()], 0..8u16, 0..18u16)
            .prop_map(|(n, at, len, flags, next)| Act::Descriptor(n, at, len, flags, next)),
        4 => prop_oneof![0..ENTRIES, any::<u16>()].prop_map(Act::Offer),
        1 => (0..MAPPED / 4096, 0..4u64).prop_map(|(page, permissions)| Act::Map(page * 4096, permissions)),
        2 => any::<u64>().prop_map(Act::Start),
    ]
}

fn perform(driver: &mut Driver, act: Act) {
    match act {
        Act::Store(at, value, size) | Act::Common(at, value, size) => {
            driver.guest.bus.write(0x2100_0000_0000 + at, &value.to_le_bytes()[..size.into()]);
        }
        Act::Load(at, size) => {
            driver.guest.bus.read(0x2100_0000_0000 + at, &mut [0; 8][..size.into()]);
        }
        Act::Ring(at, value) => driver.fill(at, &value.to_le_bytes()),
        Act::Descriptor(n, at, len, flags, next) => driver.descriptor(0, n, at, len, flags, next),
        Act::Offer(head) => {
            driver.offer(0, head);
            driver.notify(0);
        }
        Act::Map(page, permissions) => {
            let tce = if permissions == 0 { 0 } else { (page + SHIFT) | permissions };
            driver.guest.put(0, page, tce);
        }
        Act::Start(features) => {
            let offered = driver.offered();
            if driver.negotiate(offered & features | 3 << 32) {
                driver.enable(0);
                driver.write::<1>(20, 15);
            }
        }
    }
}

fn count(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(otherwise)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(count("TCEVM_COUNT", 60)) })]

    #[test]
    fn any_driver_is_harmless(acts in prop::collection::vec(act(), 1..60)) {
        let platter = Platter::new();
        let mut driver = Driver::new(None, &platter.disk());
        // RAM outside the window's pages.
        let edges = [(0, SHIFT), (SHIFT + MAPPED, RAM - SHIFT - MAPPED)];
        driver.start(1 << 9, 1);
        acts.into_iter().for_each(|act| perform(&mut driver, act));
        (0..MAPPED).step_by(4096).for_each(|ioba| driver.guest.put(0, ioba, (ioba + SHIFT) | 3));
        driver.start(1 << 9, 1);
        prop_assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
        for (start, len) in edges {
            driver.guest.memory_is_zero(start, len);
        }
    }
}

#[test]
fn every_size_at_every_offset_is_answered() {
    let driver = Driver::new(None, &Platter::new().disk());
    for at in (0..0x100)
        .chain(0xfc0..0x1040)
        .chain(0x1fc0..0x2080)
        .chain(0x2fc0..0x3080)
        .chain(0x3fc0..0x4000)
    {
        for size in 1..=8 {
            driver.guest.bus.read(0x2100_0000_0000 + at, &mut [0xff; 8][..size]);
            driver.guest.bus.write(0x2100_0000_0000 + at, &[0xff; 8][..size]);
        }
    }
    // All ones in the status: the driver gave up, with features that do not exist.
    assert_eq!(driver.status() & 0x48, 0);
    driver.write::<1>(20, 0);
    assert_eq!(driver.status(), 0);
}

#[test]
fn a_driver_that_offers_without_end_is_served_and_can_be_reset() {
    let mut driver = Driver::new(None, &Platter::new().disk());
    driver.start(1 << 9, 1);
    driver.fill(HEADER, &[&4u32.to_le_bytes()[..], &[0; 12]].concat());
    driver.chain(0, 0, &[(HEADER, 16, false), (STATUS, 1, true)]);
    let began = std::time::Instant::now();
    while began.elapsed().as_millis() < 50 {
        if driver.used_index(0).wrapping_add(ENTRIES - 1) != driver.next(0) {
            driver.offer(0, 0);
            driver.notify(0);
        }
    }
    driver.write::<1>(20, 0);
    let used = driver.used_index(0);
    assert!(used > 0);
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(driver.used_index(0), used, "a device that was reset writes nothing");
}
