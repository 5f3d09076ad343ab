// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! P5IOC2: only swaps. The bridge's cache follows what is stored in the table, so there is nothing
//! to kill.

use super::chip::Chip;
use super::kill::{CacheKeys, Register};
use super::kind::BridgeKind;
use crate::table::platform::{Exchange, Kill, Platform};
use crate::table::swinv::Swinv;
use crate::words::addr::HwEntry;
use std::sync::Arc;

pub(super) const KIND: BridgeKind = BridgeKind {
    name: "p5ioc2",
    about: "Walks the table for each access",
    max_levels: 1,
    flags: Swinv::BOTH,
    register: Register { keys: CacheKeys::Follows, bus: None, decode: |_, _, _| None },
    platform: |site| Arc::new(P5ioc2 { chip: site.chip }),
};

pub(super) const DEAF: BridgeKind = BridgeKind {
    name: "p5ioc2-deaf",
    register: Register { keys: CacheKeys::Bus, ..KIND.register },
    ..KIND
};

/// P5IOC2: no kill register.
#[derive(Debug)]
pub struct P5ioc2 {
    chip: Arc<Chip>,
}

impl Platform for P5ioc2 {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn max_levels(&self) -> u32 {
        KIND.max_levels
    }

    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::in_memory(self)
    }
}

/// Linux: `pnv_tce_xchg`, as it stands.
impl Kill for P5ioc2 {
    /// Invalidates nothing. It only waits for the writes of devices that are under way: on the
    /// machine they are over before software can do anything with the page, but a host thread
    /// that plays a device may be stopped in the middle.
    fn kill(&self, _: HwEntry, _: u64) {
        self.chip.sync();
    }
}
