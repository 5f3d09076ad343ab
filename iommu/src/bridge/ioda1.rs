// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! IODA1 (POWER7's P7IOC): kills by where an entry is in memory.

use super::chip::Chip;
use super::kill::{CacheKeys, Register, decode_ioda1};
use super::kind::BridgeKind;
use super::steps::StepValues;
use crate::table::host_entries::HostEntries;
use crate::table::platform::{Exchange, Kill, Platform};
use crate::table::swinv::Swinv;
use crate::words::addr::HwEntry;
use crate::words::tce::Tce;
use crate::words::window::PageShift;
use std::sync::Arc;

pub(super) const KIND: BridgeKind = BridgeKind {
    name: "ioda1",
    about: "Caches entries, and kills them by address",
    max_levels: 1,
    flags: Swinv::ALL,
    register: Register { keys: CacheKeys::Entry, bus: None, decode: decode_ioda1 },
    platform: |site| {
        let (form, page_shift) = (Form::of(site.bus, site.flags), site.window.page_shift());
        let (chip, flags, base) = (site.chip, site.flags, site.address);
        Arc::new(Ioda1 { chip, form, flags, base, page_shift })
    },
};

/// Bytes of an entry.
const ENTRY: u64 = 8;
/// Bytes that one write kills: a cache line of 16 entries.
const LINE: u64 = 128;
/// Bytes that one write of the pair form kills: two entries.
const PAIR: u64 = 16;
/// Marks the pair form.
const PAIR_FLAG: u64 = 1 << 63;

/// How the kill register is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The address of an entry; its cache line is killed.
    Line,
    /// The address of an entry with the top bit set; its pair is killed.
    Pair,
    /// The address shifted left by the page shift, and the number of the bus in the bits that
    /// this frees; the entry's cache line is killed.
    Bus(u8),
}

impl Form {
    /// The form for a table with these flags, under a bridge with this bus number if it has one
    /// (papr-tce 4.2): the bus number first, then [`Swinv::PAIR`].
    pub(super) const fn of(bus: Option<u8>, flags: Swinv) -> Form {
        match bus {
            Some(bus) => Form::Bus(bus),
            None if flags.has(Swinv::PAIR) => Form::Pair,
            None => Form::Line,
        }
    }
}

/// The values to write for `count` entries, the first of which is at `address`. The end is
/// rounded up to just before a step, so that it differs from the start.
///
/// Linux: `pnv_pci_ioda1_tce_invalidate`; papr-tce 4.2.
pub(super) fn kill_values(form: Form, address: u64, count: u64, shift: PageShift) -> StepValues {
    if count == 0 {
        return StepValues::none();
    }
    let last = address + (count - 1) * ENTRY;
    match form {
        Form::Line => StepValues::new(address, last | (LINE - 1), LINE),
        Form::Pair => StepValues::new(address | PAIR_FLAG, last | PAIR_FLAG | (PAIR - 1), PAIR),
        Form::Bus(bus) => {
            let (shift, bus) = (shift.get(), u64::from(bus));
            let step = LINE << shift;
            StepValues::new(address << shift | bus, last << shift | bus | (step - 1), step)
        }
    }
}

/// IODA1: swaps, then kills by the address of the entry, whichever PE cached it.
#[derive(Debug)]
pub struct Ioda1 {
    chip: Arc<Chip>,
    form: Form,
    flags: Swinv,
    /// Where the table is in host memory.
    base: u64,
    page_shift: PageShift,
}

impl Ioda1 {
    fn invalidate(&self, first: HwEntry, count: u64) {
        for value in kill_values(self.form, self.base + first.0 * ENTRY, count, self.page_shift) {
            self.chip.write_kill(value);
        }
        self.chip.sync();
    }
}

impl Platform for Ioda1 {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn max_levels(&self) -> u32 {
        KIND.max_levels
    }

    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::in_memory(self)
    }

    /// Linux: `pnv_ioda1_tce_build`.
    fn set(&self, entries: &mut HostEntries<'_>, tce: Tce) {
        entries.store(tce);
        if self.flags.on_set() {
            self.invalidate(entries.first(), entries.count());
        }
    }

    /// Linux: `pnv_ioda1_tce_free`.
    fn clear(&self, entries: &mut HostEntries<'_>) {
        entries.clear();
        if self.flags.on_clear() {
            self.invalidate(entries.first(), entries.count());
        }
    }
}

/// Linux: `pnv_ioda1_tce_xchg`.
impl Kill for Ioda1 {
    fn kill(&self, first: HwEntry, count: u64) {
        if self.flags.on_exchange() {
            self.invalidate(first, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(form: Form, address: u64, count: u64) -> Vec<u64> {
        kill_values(form, address, count, PageShift::K4).collect()
    }

    // papr-tce 4.2, IODA1: "if a bus number is set", "else with PAIR", "else".
    #[test]
    fn the_flags_of_the_table_choose_the_form() {
        assert_eq!(Form::of(None, Swinv::BOTH), Form::Line);
        assert_eq!(Form::of(None, Swinv::ALL), Form::Pair);
        for flags in [Swinv::BOTH, Swinv::ALL] {
            assert_eq!(Form::of(Some(7), flags), Form::Bus(7));
        }
    }

    // papr-tce 4.2: step 128 bytes, the end rounded up to the step less one.
    #[test]
    fn the_line_form_writes_an_address_for_each_cache_line() {
        assert_eq!(values(Form::Line, 0x1_0000_0000, 1), [0x1_0000_0000]);
        assert_eq!(values(Form::Line, 0x1_0000_0000, 16), [0x1_0000_0000]);
        assert_eq!(values(Form::Line, 0x1_0000_0000, 17), [0x1_0000_0000, 0x1_0000_0080]);
        // The last entry of a line and the first of the next one.
        assert_eq!(values(Form::Line, 0x1_0000_0078, 2), [0x1_0000_0078, 0x1_0000_00f8]);
        assert!(values(Form::Line, 0x1_0000_0000, 0).is_empty());
    }

    // papr-tce 4.2: bit 63 set, step 16 bytes, two entries per write.
    #[test]
    fn the_pair_form_sets_the_top_bit_and_steps_by_two_entries() {
        let top = 1 << 63;
        assert_eq!(values(Form::Pair, 0x1_0000_0010, 1), [top | 0x1_0000_0010]);
        assert_eq!(
            values(Form::Pair, 0x1_0000_0010, 3),
            [top | 0x1_0000_0010, top | 0x1_0000_0020]
        );
        // An odd first entry: its address is kept, and the second pair is written too.
        assert_eq!(
            values(Form::Pair, 0x1_0000_0018, 2),
            [top | 0x1_0000_0018, top | 0x1_0000_0028]
        );
    }

    // papr-tce 4.2: start, end and step shifted by the page shift, the bus number or'ed in.
    #[test]
    fn the_bus_form_shifts_the_address_and_carries_the_bus() {
        assert_eq!(values(Form::Bus(7), 0x1_0000_0000, 1), [0x1000_0000_0007]);
        assert_eq!(
            values(Form::Bus(7), 0x1_0000_0000, 17),
            [0x1000_0000_0007, 0x1000_0000_0007 + (128 << 12)]
        );
    }
}
