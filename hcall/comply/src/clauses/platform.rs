// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The operations that the library calls on a platform: each operation, when, and for which entries.

use super::exchange::why;
use crate::clause::Check::{Host, Once};
use crate::clause::Clause;
use crate::direct::Setup;
use crate::expect;
use iommu::bridge::{Bridge, Device};
use iommu::errno::Errno;
use iommu::host::HostTable;
use iommu::*;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "platform/set-and-clear",
        spec: "Linux: iommu_table_ops, set and clear; papr-tce 4.2",
        says: "The host's map and unmap call the platform's set and clear for exactly the entries that changed, and flush.",
        check: Once(set_and_clear),
    },
    Clause {
        id: "platform/kill",
        spec: "Linux: iommu_tce_xchg_no_kill, iommu_tce_kill; papr-tce 4.2",
        says: "A call swaps its entries and kills them once, also an entry that was clear before; set and clear are not called.",
        check: Once(kill),
    },
    Clause {
        id: "platform/link",
        spec: "Linux: pnv_pci_link_table_and_group; papr-tce 4.2",
        says: "A table is linked to a PE before the PE uses it, and unlinked when its last window is gone.",
        check: Host(link),
    },
    Clause {
        id: "platform/no-exchange",
        spec: "Linux: the exchange commit, iommu_take_ownership; papr-tce 4.1",
        says: "A table whose platform has no exchange is not taken from the host, nor used for a guest's window: EINVAL.",
        check: Once(no_exchange),
    },
    Clause {
        id: "platform/levels",
        spec: "Linux: pnv_pci_ioda2_table_alloc_pages; papr-tce 4.1",
        says: "A table has at most as many levels as its platform walks; its name is the platform's.",
        check: Once(levels),
    },
    Clause {
        id: "platform/several-pes",
        spec: "Linux: pnv_pci_ioda2_tce_invalidate (each PE of the table's group list); papr-tce 4.2",
        says: "A table of several PEs is killed for each of them: no device keeps a translation that was replaced.",
        check: Host(several_pes),
    },
    Clause {
        id: "platform/one-flag",
        spec: "Linux: pnv_ioda1_tce_xchg, TCE_PCI_SWINV_CREATE, TCE_PCI_SWINV_FREE; papr-tce 4.2, exchange: either flag",
        says: "An exchange invalidates if either flag is set, the one for created entries or the one for freed entries.",
        check: Host(one_flag),
    },
];

/// The operations that were called, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// A platform that records the operations called on it.
struct Asked {
    log: Log,
    exchanges: bool,
    max_levels: u32,
}

impl Asked {
    fn told(&self, what: String) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

impl Platform for Asked {
    fn name(&self) -> &'static str {
        "asked"
    }
    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        if self.exchanges { Exchange::own(self) } else { None }
    }
    fn max_levels(&self) -> u32 {
        self.max_levels
    }
    fn set(&self, entries: &mut HostEntries<'_>, tce: Tce) {
        self.told(format!("set {} {}", entries.first().0, entries.count()));
        entries.store(tce);
    }
    fn clear(&self, entries: &mut HostEntries<'_>) {
        self.told(format!("clear {} {}", entries.first().0, entries.count()));
        entries.clear();
    }
    fn flush(&self) {
        self.told("flush".into());
    }
    fn link(&self, pe: Pe, linked: bool) {
        self.told(format!("link {} {linked}", pe.0));
    }
}

impl Kill for Asked {
    fn kill(&self, first: HwEntry, count: u64) {
        self.told(format!("kill {} {count}", first.0));
    }
}

impl Swap for Asked {
    fn swap(&self, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        self.told(format!("swap {}", entry.0));
        slot.swap(new)
    }
}

const L: Liobn = Liobn(7);

fn window() -> Result<Window, String> {
    Window::bytes(L, 0, 1 << 20, PageShift::K4).map_err(why)
}

fn asked(exchanges: bool, max_levels: u32) -> (Log, Asked) {
    let log = Log::default();
    (log.clone(), Asked { log, exchanges, max_levels })
}

fn table() -> Result<(Log, Arc<IommuTable>), String> {
    let (log, platform) = asked(true, 5);
    Ok((log, Arc::new(IommuTable::new(window()?, platform).map_err(why)?)))
}

/// The operations since the last call of this function.
fn taken(log: &Log) -> Vec<String> {
    mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner))
}

fn set_and_clear() -> Result<(), String> {
    let (log, table) = table()?;
    let host = HostTable::new(table);
    let at = host.map(0, Hpa(1 << 45), 2, Direction::ToDevice).map_err(|e| e.to_string())?;
    let first = at.0 >> 12;
    expect!(taken(&log), [format!("set {first} 2"), "flush".to_owned()]);
    host.unmap(at, 2).map_err(|e| e.to_string())?;
    expect!(taken(&log), [format!("clear {first} 2"), "flush".to_owned()]);
    Ok(())
}

fn kill() -> Result<(), String> {
    let (log, table) = table()?;
    let frames = Arc::new(Frames::new(1 << 20).map_err(|e| e.to_string())?);
    let all = Container::new(frames);
    all.add_window(window()?, table).map_err(why)?;
    let mut agent = all.agent();
    all.put(&mut agent, L, Ioba(0x5000), RawTce(0x1003)).map_err(why)?;
    expect!(taken(&log), ["swap 5", "kill 5 1"]);
    all.put(&mut agent, L, Ioba(0x5000), RawTce(0x2003)).map_err(why)?;
    expect!(taken(&log), ["swap 5", "kill 5 1"]);
    all.put_list(&mut agent, L, Ioba(0x5000), &[0x1003, 0x3001]).map_err(why)?;
    expect!(taken(&log), ["swap 5", "swap 6", "kill 5 2"]);
    all.stuff(&mut agent, L, Ioba(0x6000), RawTce(0), 2).map_err(why)?;
    expect!(taken(&log), ["swap 6", "kill 6 2"]);
    Ok(())
}

fn link(setup: &Setup) -> Result<(), String> {
    let (log, table) = table()?;
    let bridge = Bridge::new(setup.platform);
    bridge.set_window(Pe(3), 0, &table).map_err(why)?;
    expect!(taken(&log), ["link 3 true"]);
    bridge.set_window(Pe(3), 1, &table).map_err(why)?;
    taken(&log);
    bridge.unset_window(Pe(3), 0).map_err(why)?;
    expect!(taken(&log), Vec::<String>::new());
    bridge.unset_window(Pe(3), 1).map_err(why)?;
    expect!(taken(&log), ["link 3 false"]);
    Ok(())
}

fn no_exchange() -> Result<(), String> {
    for exchanges in [false, true] {
        let (log, platform) = asked(exchanges, 5);
        let host = HostTable::new(IommuTable::new(window()?, platform).map_err(why)?);
        expect!(host.take_ownership(), if exchanges { Ok(()) } else { Err(Errno::Einval) });
        let frames = Frames::new(1 << 20).map_err(why)?;
        let all = Container::new(frames);
        let added = all.add_window(window()?, host.table().clone());
        expect!(added, if exchanges { Ok(()) } else { Err(Error::NoExchange(L)) });
        expect!(Errno::from(Error::NoExchange(L)), Errno::Einval);
        expect!((all.windows().len(), taken(&log).len()), (usize::from(exchanges), 0));
    }
    Ok(())
}

fn levels() -> Result<(), String> {
    for max_levels in 1..=2 {
        let make = |levels| {
            IommuTable::with_levels(window()?, levels, asked(true, max_levels).1).map_err(why)
        };
        expect!(make(max_levels)?.platform().name(), "asked");
        expect!(make(max_levels + 1).is_err(), true);
    }
    Ok(())
}

/// A window of 1 MiB whose table is window 0 of these PEs, and a device of each.
fn shared(
    setup: &Setup,
    flags: Swinv,
    pes: &[u8],
) -> Result<(Arc<Bridge>, Container, Vec<Device>), String> {
    let bridge = Bridge::with(setup.platform, flags, None);
    let table = bridge.create_table(window()?, 1).map_err(why)?;
    let all = Container::new(Frames::new(1 << 20).map_err(why)?);
    all.add_window(window()?, table.clone()).map_err(why)?;
    for &pe in pes {
        bridge.set_window(Pe(pe), 0, &table).map_err(why)?;
    }
    let devices = pes.iter().map(|&pe| bridge.device(Pe(pe))).collect();
    Ok((bridge, all, devices))
}

/// The guest address that a device reads at a bus address; `None` when it faults.
fn reads(all: &Container, device: &mut Device, ioba: u64) -> Option<Gpa> {
    let to = device.translate(Ioba(ioba), 1, Direction::ToDevice).ok()?;
    all.frames().gpa(to.hpa)
}

fn several_pes(setup: &Setup) -> Result<(), String> {
    let (bridge, all, mut devices) = shared(setup, setup.platform.flags, &[2, 5, 9])?;
    let mut agent = all.agent();
    let mut all_read = |ioba, page| {
        devices.iter_mut().try_for_each(|device| {
            expect!(reads(&all, device, ioba), page);
            Ok(())
        })
    };
    for page in [0x1000, 0x2000] {
        all.put(&mut agent, L, Ioba(0x5000), RawTce(page | 3)).map_err(why)?;
        all_read(0x5000, Some(Gpa(page)))?;
    }
    all.put_list(&mut agent, L, Ioba(0x4000), &[0x7003, 0x8003]).map_err(why)?;
    all_read(0x5000, Some(Gpa(0x8000)))?;
    all.stuff(&mut agent, L, Ioba(0x4000), RawTce(0), 2).map_err(why)?;
    all_read(0x5000, None)?;
    expect!(bridge.stale(), 0);
    all.put(&mut agent, L, Ioba(0x5000), RawTce(0x1003)).map_err(why)?;
    all_read(0x5000, Some(Gpa(0x1000)))?;
    bridge.unset_window(Pe(5), 0).map_err(why)?;
    all.put(&mut agent, L, Ioba(0x5000), RawTce(0x2003)).map_err(why)?;
    for (n, page) in [(0, Some(Gpa(0x2000))), (1, None), (2, Some(Gpa(0x2000)))] {
        expect!(reads(&all, &mut devices[n], 0x5000), page);
    }
    expect!(bridge.stale(), 0);
    Ok(())
}

fn one_flag(setup: &Setup) -> Result<(), String> {
    let pairs = if setup.platform.flags.has(Swinv::PAIR) { Swinv::PAIR } else { Swinv::NONE };
    for flag in [Swinv::CREATE, Swinv::FREE] {
        let (bridge, all, mut devices) = shared(setup, flag | pairs, &[3])?;
        let mut agent = all.agent();
        expect!(reads(&all, &mut devices[0], 0x5000), None);
        for page in [0x1000, 0x2000] {
            all.put(&mut agent, L, Ioba(0x5000), RawTce(page | 3)).map_err(why)?;
            expect!(reads(&all, &mut devices[0], 0x5000), Some(Gpa(page)));
        }
        all.put(&mut agent, L, Ioba(0x5000), RawTce(0)).map_err(why)?;
        expect!(reads(&all, &mut devices[0], 0x5000), None);
        expect!(bridge.stale(), 0);
    }
    Ok(())
}
