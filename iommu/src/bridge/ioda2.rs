// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! IODA2 (POWER8's PHB3): kills by PE and bus address.

use super::chip::Chip;
use super::kill::{CacheKeys, Register, decode_ioda2};
use super::kind::BridgeKind;
use super::pes::PeSet;
use super::steps::StepValues;
use crate::sync::fence_after_swap;
use crate::table::MAX_LEVELS;
use crate::table::host_entries::HostEntries;
use crate::table::platform::{Exchange, Kill, Pe, Platform};
use crate::table::swinv::Swinv;
use crate::words::addr::HwEntry;
use crate::words::tce::Tce;
use crate::words::window::PageShift;
use std::fmt;
use std::sync::Arc;

pub(super) const KIND: BridgeKind = BridgeKind {
    name: "ioda2",
    about: "Caches entries, and kills them by PE and number",
    max_levels: MAX_LEVELS,
    flags: Swinv::BOTH,
    register: Register {
        keys: CacheKeys::Bus,
        bus: None,
        decode: |_, value, _| decode_ioda2(value),
    },
    platform: |site| {
        let page_shift = site.window.page_shift();
        let offset = site.window.start().0 >> page_shift.get();
        Arc::new(Ioda2::on(site.chip, site.flags, offset, page_shift))
    },
};

/// Called with the first entry and the number of entries of each kill.
type KillHook = Box<dyn Fn(HwEntry, u64) + Send + Sync>;

/// Kills one translation (IBM bit 2).
pub(crate) const KILL_ONE: u64 = 2 << 60;
/// Kills all translations of a PE (IBM bit 1).
pub(crate) const KILL_PE: u64 = 4 << 60;

/// The values to write for `count` entries of one PE from absolute entry number `index` on.
///
/// Linux: `pnv_pci_ioda2_tce_invalidate`; papr-tce 4.2.
pub(super) fn kill_values(pe: Pe, index: u64, count: u64, shift: PageShift) -> StepValues {
    if count == 0 {
        return StepValues::none();
    }
    let start = KILL_ONE | u64::from(pe.0);
    let address = |index: u64| start | index << shift.get();
    StepValues::new(address(index), address(index + count - 1), shift.bytes())
}

/// The value that kills all translations of a PE.
///
/// Linux: `pnv_pci_phb3_tce_invalidate_entire`; papr-tce 4.2.
pub(super) fn kill_pe_value(pe: Pe) -> u64 {
    KILL_PE | u64::from(pe.0)
}

/// IODA2: swaps, then kills the entry for every PE that is linked to the table.
///
/// Without a bridge nothing caches translations, and a kill only calls the hook, where a test
/// listens.
#[derive(Default)]
pub struct Ioda2 {
    on_kill: Option<KillHook>,
    bridge: Option<Link>,
}

#[derive(Debug)]
struct Link {
    chip: Arc<Chip>,
    pes: PeSet,
    flags: Swinv,
    /// Number of the table's first entry on the bus.
    offset: u64,
    page_shift: PageShift,
}

impl Ioda2 {
    /// A platform that calls `on_kill` for each kill.
    pub fn with_hook(on_kill: impl Fn(HwEntry, u64) + Send + Sync + 'static) -> Ioda2 {
        Ioda2 { on_kill: Some(Box::new(on_kill)), bridge: None }
    }

    /// A platform of a bridge, for a table whose first entry has this number on the bus.
    fn on(chip: Arc<Chip>, flags: Swinv, offset: u64, page_shift: PageShift) -> Ioda2 {
        let link = Link { chip, pes: PeSet::default(), flags, offset, page_shift };
        Ioda2 { on_kill: None, bridge: Some(link) }
    }

    /// True when a kill would be seen neither by a device nor by a hook.
    #[inline]
    fn is_idle(&self) -> bool {
        self.on_kill.is_none() && self.bridge.as_ref().is_none_or(Link::is_idle)
    }

    #[inline(never)]
    fn invalidate(&self, when: impl Fn(Swinv) -> bool, first: HwEntry, count: u64) {
        if let Some(on_kill) = &self.on_kill {
            on_kill(first, count);
        }
        if let Some(link) = &self.bridge
            && when(link.flags)
        {
            link.invalidate(first, count);
        }
    }
}

impl Link {
    #[inline]
    fn is_idle(&self) -> bool {
        self.pes.is_empty() && self.chip.is_idle()
    }

    fn invalidate(&self, first: HwEntry, count: u64) {
        if !self.pes.is_empty() {
            self.write_kills(first, count);
        }
        self.chip.sync();
    }

    fn write_kills(&self, first: HwEntry, count: u64) {
        for pe in self.pes.iter() {
            for value in kill_values(pe, self.offset + first.0, count, self.page_shift) {
                self.chip.write_kill(value);
            }
        }
    }
}

impl Platform for Ioda2 {
    fn name(&self) -> &'static str {
        KIND.name
    }

    fn max_levels(&self) -> u32 {
        KIND.max_levels
    }

    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::in_memory(self)
    }

    /// Linux: `pnv_ioda2_tce_build`.
    fn set(&self, entries: &mut HostEntries<'_>, tce: Tce) {
        entries.store(tce);
        self.invalidate(Swinv::on_set, entries.first(), entries.count());
    }

    /// Linux: `pnv_ioda2_tce_free`.
    fn clear(&self, entries: &mut HostEntries<'_>) {
        entries.clear();
        self.invalidate(Swinv::on_clear, entries.first(), entries.count());
    }

    /// Kills everything that each linked PE has cached.
    fn flush(&self) {
        if let Some(link) = &self.bridge {
            link.pes.iter().for_each(|pe| link.chip.write_kill(kill_pe_value(pe)));
            link.chip.sync();
        }
    }

    fn link(&self, pe: Pe, linked: bool) {
        if let Some(link) = &self.bridge {
            link.pes.set(pe, linked);
        }
    }
}

/// Linux: `pnv_ioda2_tce_xchg`.
impl Kill for Ioda2 {
    #[inline]
    fn kill(&self, first: HwEntry, count: u64) {
        fence_after_swap(); // before the search for PEs and devices
        if !self.is_idle() {
            self.invalidate(Swinv::on_exchange, first, count);
        }
    }
}

impl fmt::Debug for Ioda2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hooked = self.on_kill.is_some();
        f.debug_struct("Ioda2").field("hooked", &hooked).field("bridge", &self.bridge).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // papr-tce 4.2: (2 << 60) | PE | index << shift, step one page.
    #[test]
    fn one_value_for_each_entry_names_the_pe_and_the_bus_address() {
        let values: Vec<u64> = kill_values(Pe(0x1b), 5, 2, PageShift::K4).collect();
        assert_eq!(values, [0x2000_0000_0000_501b, 0x2000_0000_0000_601b]);
        // A window of 64 KiB pages at 2^59.
        let values: Vec<u64> = kill_values(Pe(1), 1 << (59 - 16), 1, PageShift::K64).collect();
        assert_eq!(values, [0x2800_0000_0000_0001]);
        assert_eq!(kill_values(Pe(1), 0, 0, PageShift::K4).count(), 0);
    }

    // papr-tce 4.2: (4 << 60) | PE.
    #[test]
    fn a_whole_pe_is_killed_by_one_value() {
        assert_eq!(kill_pe_value(Pe(0x1b)), 0x4000_0000_0000_001b);
    }
}
