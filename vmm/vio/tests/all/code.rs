// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A DMA write of a device makes the code that it overwrites stale: the instruction cache of POWER9 snoops
//! DMA as it snoops stores.

use crate::rig::{Client, DATA, EVERYWHERE, Guest};

#[test]
fn a_disk_that_writes_over_decoded_code_makes_it_stale() {
    for behind in EVERYWHERE {
        let mut guest = Guest::with_disk(behind, &[7; 512 * 64], false);
        let changes = ram::watch_code(&guest.memory);
        let (watch, offset) = ram::code_at(&guest.memory, DATA + 0x40).expect("in memory");
        let (watch, page) = (std::sync::Arc::clone(watch), offset / ram::PAGE);
        let mut client = Client::connect(&mut guest);
        client.login(&guest);
        watch.mark(offset);
        watch.mark(offset + 2 * ram::PAGE);
        // READ(10) of 8 blocks: they go to the first page, of which a line holds code, and not to the third.
        let read = [0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        let (before, third) = (watch.generation(page), watch.generation(page + 2));
        let counted = changes.of_code();
        assert!(client.command(&guest, &read, 0, 8 * 512).is_good());
        assert_ne!(watch.generation(page), before, "{behind:?}");
        assert_eq!(watch.generation(page + 2), third, "{behind:?}");
        assert!(changes.of_code() > counted && watch.holds_code(page + 2));
    }
}
