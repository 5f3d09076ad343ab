// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exerciser by its description.

use std::time::{Duration, Instant};

use pci::Exerciser;
use proptest::prelude::*;
use saved::{Reader, Writer};

use crate::rig::{Guest, SOURCES, everywhere};

const BAR_0: u64 = 0x8000_0000;
const BAR_2: u64 = 0x2100_0000_0000;
const ADDRESS: u64 = 0x00;
const LENGTH: u64 = 0x08;
const OPERAND: u64 = 0x10;
const SECOND: u64 = 0x18;
const STEP: u64 = 0x20;
const PERIOD: u64 = 0x28;
const INTERRUPT: u64 = 0x30;
const COMMAND: u64 = 0x38;
const STATUS: u64 = 0x40;
const RESULT: u64 = 0x48;
const SUM: u64 = 0x50;
const DONE: u64 = 0x58;
const FAILED: u64 = 0x60;
const CHANGES: u64 = 0x68;

const READ: u64 = 1;
const WRITE: u64 = 2;
const ADD: u64 = 3;
const SWAP: u64 = 4;

fn guest(behind: Option<iommu::BridgeKind>) -> Guest {
    let mut guest = Guest::with(behind, &Exerciser);
    guest.set_config(0x10, BAR_0 as u32);
    guest.set_config(0x18, BAR_2 as u32);
    guest.set_config(0x1c, (BAR_2 >> 32) as u32);
    guest.set_config(0x04, 6);
    guest.put(0, 0x3000, 0x5003);
    guest.put(0, 0x4000, 0x7001); // read only
    guest
}

impl Guest {
    fn set(&self, requester: u64, register: u64, value: u64) {
        self.bus.write(BAR_0 + 0x100 * (requester + 1) + register, &value.to_le_bytes());
    }

    fn get(&self, requester: u64, register: u64) -> u64 {
        let mut bytes = [0; 8];
        self.bus.read(BAR_0 + 0x100 * (requester + 1) + register, &mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn make(&self, command: u64, at: u64, len: u64, operand: u64) -> u64 {
        for (register, value) in
            [(ADDRESS, at), (LENGTH, len), (OPERAND, operand), (COMMAND, command)]
        {
            self.set(1, register, value);
        }
        self.get(1, STATUS)
    }
}

#[test]
fn each_command_reaches_the_page_that_is_mapped() {
    for behind in everywhere() {
        let mut guest = guest(behind);
        assert_eq!(guest.load(BAR_0), 0x4358_4554);
        assert_eq!(guest.load(BAR_0 + 4), 4 << 16 | 1);
        guest.fill(0x5010, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(guest.make(READ, 0x3010, 9, 0), 1);
        assert_eq!((guest.get(1, RESULT), guest.get(1, SUM)), (0x0807_0605_0403_0201, 45));
        assert_eq!(guest.make(WRITE, 0x3ff0, 16, 0x1122_3344_5566_7788), 1);
        let bytes: [u8; 16] = guest.bytes(0x5ff0);
        assert_eq!(bytes, *[0x1122_3344_5566_7788u64.to_le_bytes(); 2].as_flattened());
        assert_eq!(guest.make(ADD, 0x3010, 8, 3), 1);
        assert_eq!(guest.get(1, RESULT), 0x0807_0605_0403_0201);
        guest.set(1, SECOND, 77);
        assert_eq!(guest.make(SWAP, 0x3010, 4, 0x0403_0204), 1);
        assert_eq!(guest.bytes::<8>(0x5010), [77, 0, 0, 0, 5, 6, 7, 8]);
        assert_eq!(guest.make(SWAP, 0x3010, 4, 78), 1);
        assert_eq!((guest.get(1, RESULT), guest.bytes::<1>(0x5010)), (77, [77]));
        // Refused by the bridge, and impossible.
        assert_eq!(guest.make(READ, 0x6000, 1, 0), 2);
        assert_eq!(guest.make(WRITE, 0x4000, 1, 0), 2);
        assert_eq!(guest.make(ADD, 0x4000, 8, 1), 2);
        assert_eq!(guest.make(READ, 0x4000, 1, 0), 1);
        assert_eq!(guest.make(ADD, 0x3004, 8, 1), 3);
        assert_eq!(guest.make(READ, 0x3000, 0, 0), 3);
        assert_eq!(guest.make(READ, 0x3000, 0x1_0001, 0), 3);
        assert_eq!(guest.make(9, 0x3000, 8, 0), 3);
        assert_eq!((guest.get(1, DONE), guest.get(1, FAILED)), (6, 7));
        // A replaced translation is followed at once.
        guest.put(0, 0x3000, 0x9003);
        guest.fill(0x9010, &[9; 8]);
        assert_eq!(guest.make(READ, 0x3010, 8, 0), 1);
        assert_eq!((guest.get(1, RESULT), guest.get(1, CHANGES)), (0x0909_0909_0909_0909, 2));
    }
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn clocks_of_several_requesters_run_until_they_are_stopped() {
    let guest = guest(None);
    for requester in 0..4 {
        guest.set(requester, ADDRESS, 0x3000);
        guest.set(requester, LENGTH, 8);
        guest.set(requester, OPERAND, 1);
        guest.set(requester, PERIOD, 1);
        guest.set(requester, COMMAND, ADD);
    }
    wait_until("each requester to work", || (0..4).all(|n| guest.get(n, DONE) > 20));
    (0..4).for_each(|requester| guest.set(requester, COMMAND, 0));
    let made: u64 = (0..4).map(|requester| guest.get(requester, DONE)).sum();
    assert_eq!(u64::from_le_bytes(guest.bytes(0x5000)), made, "each addition counts");
    guest.set(0, COMMAND, ADD);
    wait_until("the clock to go on", || guest.get(0, DONE) > 100);
    guest.bus.reset();
    let left: [u8; 8] = guest.bytes(0x5000);
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(guest.bytes::<8>(0x5000), left, "no memory is touched after a reset");
}

#[test]
fn the_end_of_an_operation_is_signalled_by_its_vector_or_by_the_pin() {
    let guest = guest(None);
    guest.set(1, INTERRUPT, 1);
    guest.make(READ, 0x3000, 8, 0);
    assert_eq!(guest.signals.take(), [(SOURCES.pin, Some(true))]);
    assert_eq!(guest.load(BAR_0 + 8), 2);
    guest.store(BAR_0 + 8, 2);
    assert_eq!(guest.signals.take(), [(SOURCES.pin, Some(false))]);
    guest.function().slot().set_messages(3);
    guest.store(BAR_2 + 0x1c, 0);
    guest.make(READ, 0x3000, 8, 0);
    assert_eq!(guest.signals.take(), [(SOURCES.messages + 1, None)]);
    guest.set(1, INTERRUPT, 2);
    guest.make(READ, 0x3000, 8, 0);
    assert_eq!(guest.signals.take(), []);
    guest.make(READ, 0x6000, 8, 0);
    assert_eq!(guest.signals.take(), [(SOURCES.messages + 1, None)]);
}

#[test]
fn a_saved_exerciser_goes_on_elsewhere() {
    let first = guest(None);
    first.make(WRITE, 0x3000, 8, 5);
    first.set(2, ADDRESS, 0x3100);
    first.set(2, LENGTH, 8);
    first.set(2, STEP, 1);
    first.set(2, PERIOD, 1);
    first.set(2, COMMAND, WRITE);
    wait_until("the clock to run", || first.get(2, DONE) > 3);
    let save = |guest: &Guest| {
        let mut bytes = Vec::new();
        let mut to = Writer::new(&mut bytes);
        guest.bus.save(&mut to, Duration::from_secs(20));
        to.end().unwrap();
        bytes
    };
    let bytes = save(&first);
    let second = guest(None);
    second.bus.load(&mut Reader::new(&mut &*bytes)).unwrap();
    assert_eq!(save(&second), bytes);
    let done = second.get(2, DONE);
    second.bus.resume();
    wait_until("the clock to go on", || second.get(2, DONE) > done);
    second.bus.stop();
    let number: u64 = u64::from_le_bytes(second.bytes(0x5100));
    assert!(number >= done, "{number} after {done} operations");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    // Whatever a driver writes, only mapped pages change.
    #[test]
    fn any_registers_are_harmless(
        writes in proptest::collection::vec((0u64..0x600, prop_oneof![0u64..10, 0x2ff0u64..0x4010, any::<u64>()]), 1..80)
    ) {
        let guest = guest(None);
        guest.fill(0x6000, &[0x5a; 0x1000]);
        guest.fill(0x7000, &[0x5a; 0x1000]);
        for (offset, value) in writes {
            guest.bus.write(BAR_0 + (offset & !7), &value.to_le_bytes());
            guest.bus.write(BAR_0 + offset, &value.to_le_bytes()[..(value % 8 + 1) as usize]);
        }
        guest.bus.reset();
        prop_assert_eq!(guest.bytes::<0x2000>(0x6000), [0x5a; 0x2000]);
    }
}
