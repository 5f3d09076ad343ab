// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! States of virtio devices that are saved and loaded.

use std::time::{Duration, Instant};

use saved::{LoadError, Reader, Writer};

use super::blk::{DATA, HEADER, Platter, STATUS, header, request, slow, status};
use super::driver::{Driver, wait};

fn save(driver: &Driver) -> Vec<u8> {
    let function = driver.guest.function();
    function.rest(Instant::now() + Duration::from_secs(20)).unwrap();
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    function.slot().save(&mut writer);
    function.save(&mut writer);
    writer.end().unwrap();
    bytes
}

fn load(driver: &Driver, bytes: &[u8]) -> Result<(), LoadError> {
    let (function, mut bytes) = (driver.guest.function(), bytes);
    let mut reader = Reader::new(&mut bytes);
    function.slot().load(&mut reader)?;
    function.load(&mut reader)
}

/// A driver of another machine, which goes on where the first one was.
fn other(of: &mut Driver, with: &Platter) -> Driver {
    let mut other = Driver::new(None, &with.disk());
    let ram = of.bytes(0, super::driver::MAPPED as usize);
    other.fill(0, &ram);
    other.follow(of);
    other
}

#[test]
fn a_loaded_device_goes_on_where_the_saved_one_was() {
    let platter = Platter::new();
    let mut driver = Driver::new(None, &platter.disk());
    driver.start(1 << 9, 2);
    for first in 0..20 {
        assert_eq!(request(&mut driver, 0, first, &[(DATA, 512)], false), (0, 513));
    }
    let state = save(&driver);
    // A request that comes while it rests is served later, by the loaded one as well.
    header(&driver, 0, 63);
    driver.chain(0, 0, &[(HEADER, 16, false), (DATA, 512, true), (STATUS, 1, true)]);
    driver.offer(0, 0);
    driver.notify(0);
    let mut other = other(&mut driver, &platter);
    load(&other, &state).unwrap();
    assert_eq!(save(&other), state);
    assert_eq!((status(&driver), status(&other)), (0xee, 0xee));
    for driver in [&mut driver, &mut other] {
        driver.guest.function().resume();
        assert_eq!(driver.used(0), (0, 513));
        assert_eq!(driver.bytes(DATA, 1), [63]);
        assert_eq!(request(driver, 4, 0, &[], true), (0, 1));
    }
}

#[test]
fn damaged_states_and_those_of_others_are_refused_and_change_nothing() {
    let platter = Platter::new();
    let mut driver = Driver::new(None, &platter.disk());
    driver.start(1 << 9, 2);
    assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
    let state = save(&driver);
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    driver.guest.function().slot().save(&mut writer);
    writer.end().unwrap();
    let own = bytes.len(); // the slot's part is not this test's
    for cut in own..state.len() {
        assert!(load(&driver, &state[..cut]).is_err(), "{cut}");
    }
    for at in own..own + 8 {
        let mut other = state.clone();
        other[at] ^= 1;
        assert!(matches!(load(&driver, &other), Err(LoadError::Other(_))), "{at}");
    }
    // Anything else is refused, or is a state that a driver could have made.
    for at in own + 8..state.len() {
        for bit in 0..8 {
            let mut damaged = state.clone();
            damaged[at] ^= 1 << bit;
            if load(&driver, &damaged).is_ok() {
                assert_eq!(save(&driver)[own..], damaged[own..], "{}", at - own);
            }
        }
    }
    load(&driver, &state).unwrap();
    driver.guest.function().resume();
    assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
}

#[test]
fn a_device_with_a_request_under_way_does_not_rest() {
    let (disk, began, go) = slow();
    let mut driver = Driver::new(None, &disk);
    driver.start(1 << 9, 1);
    header(&driver, 0, 1);
    driver.chain(0, 0, &[(HEADER, 16, false), (DATA, 512, true), (STATUS, 1, true)]);
    driver.offer(0, 0);
    driver.notify(0);
    began.recv().unwrap();
    let function = driver.guest.function();
    assert!(function.rest(Instant::now() + Duration::from_millis(5)).is_err());
    go.send(()).unwrap();
    function.rest(Instant::now() + Duration::from_secs(20)).unwrap();
    assert_eq!(status(&driver), 0);
    function.resume();
    wait("the thread", || driver.counter("requests") == 1);
}
