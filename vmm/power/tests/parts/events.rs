// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The events of the performance monitor by their selectors.

use power::testing::{Counted as Kind, of_counter, selected};

#[test]
fn a_selector_is_put_together_of_its_fields() {
    // Unit d of PMC4 in bits 12:15, its combine in 30:31, its selector in 56:63.
    assert_eq!(selected(0x000d_0001_0000_005e, 4), 0xd45e);
    assert_eq!(selected(0x1000_0080_fc00_0000, 1), 0x18fc);
    assert_eq!(selected(0x0200_0010_00f0_0000, 2), 0x24f0);
}

#[test]
fn an_event_of_one_counter_is_of_no_other() {
    let mmcr1 = |counter: u32, select: u64| select << (8 * (4 - counter));
    for counter in 1..=4 {
        let loads = of_counter(counter, mmcr1(counter, 0xfc)).map(|event| event.kind);
        let expected = [Some(Kind::Loads), None, Some(Kind::DataWalks), Some(Kind::FetchWalks)];
        assert_eq!(loads, expected[counter as usize - 1], "PMC{counter}");
        let cycles = of_counter(counter, mmcr1(counter, 0x1e)).map(|event| event.kind);
        assert_eq!(cycles, Some(Kind::Cycles), "PMC{counter}");
        assert!(of_counter(counter, 0).is_none(), "0 is off");
    }
}
