// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! P5IOC2: only swaps. The bridge's cache follows what is stored in the table, so there is nothing
//! to kill.

use super::Platform;
use crate::addr::HwEntry;
use crate::bridge::Chip;
use std::sync::Arc;

/// P5IOC2: no kill register.
#[derive(Debug)]
pub struct P5ioc2 {
    pub(crate) chip: Arc<Chip>,
}

impl Platform for P5ioc2 {
    fn name(&self) -> &'static str {
        "p5ioc2"
    }

    fn max_levels(&self) -> u32 {
        self.chip.kind().max_levels()
    }

    /// Invalidates nothing. It only waits for the writes of devices that are under way: on the
    /// machine they are over before software can do anything with the page, but a host thread
    /// that plays a device may be stopped in the middle.
    fn kill(&self, _: HwEntry, _: u64) {
        self.chip.sync();
    }
}
