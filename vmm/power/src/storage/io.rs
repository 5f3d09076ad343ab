// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Accesses to registers of devices, which are storage that is caching inhibited.

use crate::{
    Cpu,
    state::{interrupt::Stop, spr},
    storage::radix::Access,
    vocabulary::Size,
};

/// DSISR of a reservation or quadword in caching inhibited storage, and of a store (Power ISA 3.0B, Book III, 6.5.3: bits 37
/// and 38).
const INHIBITED: u64 = 1 << (63 - 37);
const STORE: u64 = 1 << (63 - 38);

/// Why an access has no place in RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Miss {
    /// It takes an interrupt.
    Stop(Stop),
    /// Devices answer at this real address.
    Io(u64),
}

impl From<Stop> for Miss {
    fn from(stop: Stop) -> Miss {
        Miss::Stop(stop)
    }
}

impl Cpu {
    /// An aligned load from devices.
    #[cold]
    pub(super) fn load_io(&mut self, ra: u64, size: Size) -> u64 {
        let (mut bytes, len) = ([0; 8], size.bytes() as usize);
        if let Some(io) = self.bus.io(ra) {
            io.read(ra, &mut bytes[..len]);
        }
        if self.little {
            u64::from_le_bytes(bytes)
        } else {
            u64::from_be_bytes(bytes) >> (64 - 8 * size.bytes())
        }
    }

    /// An aligned store to devices.
    #[cold]
    pub(super) fn store_io(&mut self, ra: u64, size: Size, v: u64) {
        let len = size.bytes() as usize;
        let little = v.to_le_bytes();
        let big = v.to_be_bytes();
        let bytes = if self.little { &little[..len] } else { &big[8 - len..] };
        if let Some(io) = self.bus.io(ra) {
            io.write(ra, bytes);
        }
    }

    /// The interrupt of a reservation or a quadword that found no RAM.
    #[cold]
    pub(super) fn ram_only(&mut self, miss: Miss, ea: u64, access: Access) -> Stop {
        match miss {
            Miss::Stop(stop) => stop,
            Miss::Io(_) => {
                self.sprs[spr::DAR] = ea & self.ea_mask;
                let store = if access == Access::Store { STORE } else { 0 };
                self.sprs[spr::DSISR] = INHIBITED | store;
                Stop::DataStorage
            }
        }
    }
}
