// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The real addresses at which PCI functions answer: the memory ranges of the host bridge.
//!
//! Every kind of vCPU comes here with an access outside RAM, and so do H_LOGICAL_CI_LOAD and H_LOGICAL_CI_STORE. On a
//! machine without functions no address is in a range.

use std::sync::Arc;

use hcall::machine::IoSpace;
use pci::Bus;

use crate::fdt::{MEMORY_32_RANGE, MEMORY_64_RANGE, Range};

/// The memory ranges of the bridge, with its functions.
#[derive(Clone, Debug, Default)]
pub struct PciSpace(Arc<Bus>);

impl PciSpace {
    /// The ranges in front of this bus.
    pub fn new(bus: Arc<Bus>) -> PciSpace {
        PciSpace(bus)
    }

    /// The bus address of a real address.
    fn bus_address(&self, ra: u64) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        let inside = |range: &Range| {
            let offset = ra.wrapping_sub(range.cpu);
            (offset < range.size).then(|| range.bus + offset)
        };
        [MEMORY_32_RANGE, MEMORY_64_RANGE].iter().find_map(inside)
    }
}

/// Ranges are whole pages, so an aligned access is wholly inside or outside.
impl power::Io for PciSpace {
    fn contains(&self, ra: u64) -> bool {
        self.bus_address(ra).is_some()
    }

    fn read(&self, ra: u64, to: &mut [u8]) {
        let _in_a_range = self.load(ra, to);
    }

    fn write(&self, ra: u64, from: &[u8]) {
        let _in_a_range = self.store(ra, from);
    }
}

impl IoSpace for PciSpace {
    fn load(&self, address: u64, to: &mut [u8]) -> Option<()> {
        self.0.read(self.bus_address(address)?, to);
        Some(())
    }

    fn store(&self, address: u64, from: &[u8]) -> Option<()> {
        self.0.write(self.bus_address(address)?, from);
        Some(())
    }
}
