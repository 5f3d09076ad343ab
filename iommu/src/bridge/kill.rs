// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The kill register as a bridge reads it. The values that a platform writes are computed in the
//! platform's file. The two are separate so that a wrong value has its effect.

use crate::table::platform::Pe;

/// A kill register, and by what the cache behind it is searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Register {
    pub(crate) keys: CacheKeys,
    /// The bus number that it wants beside the address, if it has one.
    pub(crate) bus: Option<u8>,
    /// Reads a value that was stored: bus number, value, and the page shift of the bridge's tables.
    pub(crate) decode: fn(Option<u8>, u64, u32) -> Option<Killed>,
}

/// By what a bridge caches translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheKeys {
    /// The cache follows the table, so that it equals a walk for each access. There is nothing to
    /// model.
    Follows,
    /// The address of the entry in memory.
    Entry,
    /// The PE and the bus address.
    Bus,
}

/// The translations that a value kills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Killed {
    /// Table entries, from this address in memory on.
    Entries { address: u64, count: u64 },
    /// The translation of this bus address that this PE has cached.
    One { pe: Pe, ioba: u64 },
    /// All translations that this PE has cached.
    Pe(Pe),
}

/// P7IOC and its elders (papr-tce 4.2, IODA1): the address of an entry kills the two entries (with
/// the top bit set), or the cache line of sixteen, that it is in. A bridge that has a bus number wants
/// it beside the address.
pub(crate) fn decode_ioda1(bus: Option<u8>, value: u64, page_shift: u32) -> Option<Killed> {
    let entries =
        |address: u64, count: u64| Killed::Entries { address: address & !(8 * count - 1), count };
    match bus {
        Some(bus) => {
            let ours = value & ((1 << page_shift) - 1) == u64::from(bus);
            ours.then(|| entries(value >> page_shift, 16))
        }
        None if value >> 63 == 1 => Some(entries(value & !(1 << 63), 2)),
        None => Some(entries(value, 16)),
    }
}

/// PHB3 (papr-tce 4.2, IODA2): the operation in the top four bits, the PE in the low eight.
pub(crate) fn decode_ioda2(value: u64) -> Option<Killed> {
    let pe = Pe((value & 0xff) as u8);
    match value >> 60 {
        2 => Some(Killed::One { pe, ioba: value & 0x0fff_ffff_ffff_f000 }),
        4 => Some(Killed::Pe(pe)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // papr-tce 4.2.
    #[test]
    fn ioda1_kills_the_pair_or_line_of_the_address() {
        let killed = |bus, value| decode_ioda1(bus, value, 12);
        let entries = |address, count| Some(Killed::Entries { address, count });
        assert_eq!(killed(None, 1 << 63 | 0x1018), entries(0x1010, 2));
        assert_eq!(killed(None, 0x10f8), entries(0x1080, 16));
        assert_eq!(killed(Some(7), 0x10f8 << 12 | 7), entries(0x1080, 16));
        assert_eq!(killed(Some(7), 0x10f8 << 12 | 6), None, "another bus");
    }

    // papr-tce 4.2.
    #[test]
    fn ioda2_kills_a_page_of_a_pe_or_all_of_it() {
        let one = |pe, ioba| Some(Killed::One { pe: Pe(pe), ioba });
        assert_eq!(decode_ioda2(0x2000_0000_0000_501b), one(0x1b, 0x5000));
        assert_eq!(decode_ioda2(0x2800_0000_0000_0001), one(1, 1 << 59));
        assert_eq!(decode_ioda2(0x4000_0000_0000_001b), Some(Killed::Pe(Pe(0x1b))));
        assert_eq!(decode_ioda2(0x501b), None);
    }
}
