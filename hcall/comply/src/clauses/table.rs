// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Tables as KVM makes them and as the host uses them: creation, attaching, ownership, levels.

use super::exchange::why;
use crate::clause::Check::{Host, Once};
use crate::clause::Clause;
use crate::direct::Setup;
use crate::expect;
use iommu::errno::Errno;
use iommu::host::HostTable;
use iommu::kvm_table::{CreateTce64, Vm};
use iommu::memlock::MemLock;
use iommu::*;
use std::slice;
use std::sync::Arc;
use std::thread;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "table/create",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce; papr-tce 5.1 and 7.88; bug 50",
        says: "Creating a table is EINVAL for flags, for no entries, for page shifts outside 12 to 34, and for an end that leaves the bus or wraps; nothing is charged then.",
        check: Once(create),
    },
    Clause {
        id: "table/create-twice",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce; papr-tce 5.1 and 7.88; bug 12",
        says: "A LIOBN that exists is EBUSY and the charge does not change; of two calls that race, one creates the table.",
        check: Once(create_twice),
    },
    Clause {
        id: "table/create-over-limit",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce, account_locked_vm; papr-tce 5.1 and 7.88; bug 28",
        says: "A table above the limit of locked memory is ENOMEM and is not charged. The limit is checked before the duplicate.",
        check: Once(create_over_limit),
    },
    Clause {
        id: "table/create-huge",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce, kvm_spapr_get_tce_page; papr-tce 5.1; bug 29",
        says: "A table of 2^28 entries takes memory only for the parts that are written.",
        check: Once(create_huge),
    },
    Clause {
        id: "table/mapped",
        spec: "Linux: kvm_spapr_tce_mmap, kvm_spapr_tce_fault; papr-tce 5.1 and 7.90",
        says: "User space reads the guest's values in the mapping of a table; an access behind the table's last page is SIGBUS.",
        check: Once(mapped),
    },
    Clause {
        id: "table/closed",
        spec: "Linux: kvm_spapr_tce_release; papr-tce 5.1 and 7.91; bugs 9 and 11",
        says: "Closing a table makes its LIOBN unknown and returns its charge; the LIOBN can be used again.",
        check: Once(closed),
    },
    Clause {
        id: "table/closed-in-use",
        spec: "Linux: kvm_spapr_tce_release (SRCU); papr-tce 7.91; bugs 9, 10 and 11",
        says: "While tables are created and closed, another vCPU's calls on them each succeed or are refused.",
        check: Once(closed_in_use),
    },
    Clause {
        id: "table/attach-twice",
        spec: "Linux: kvm_spapr_tce_attach_iommu_group; papr-tce 5.2 and 7.92; bug 15",
        says: "A hardware table that is attached twice is written once, and stays until it was detached twice.",
        check: Host(attach_twice),
    },
    Clause {
        id: "table/attach-no-replay",
        spec: "Linux: kvm_spapr_tce_attach_iommu_group; papr-tce 5.2 and 7.93",
        says: "Attaching replays nothing: an entry that was in the view before reaches the new hardware table when it is written the next time.",
        check: Host(attach_no_replay),
    },
    Clause {
        id: "table/ownership",
        spec: "Linux: iommu_take_ownership; papr-tce 4.1; bug 3",
        says: "A table is taken from the host only while the host has nothing mapped; a refusal leaves the host's bitmap unchanged.",
        check: Host(ownership),
    },
    Clause {
        id: "table/ownership-first-entry",
        spec: "Linux: iommu_init_table, iommu_release_ownership; papr-tce 4.1",
        says: "The host never gives out bus address 0, also after it got the table back.",
        check: Host(first_entry),
    },
    Clause {
        id: "table/levels",
        spec: "Linux: pnv_tce, pnv_tce_free; papr-tce 3.3 and 7.78",
        says: "In a table of several levels, clearing absent entries allocates nothing; every entry has its own place.",
        check: Host(levels),
    },
    Clause {
        id: "table/levels-race",
        spec: "Linux: pnv_tce; papr-tce 3.3 and 7.79; bug 22",
        says: "First writes of two vCPUs below one absent level are both present.",
        check: Host(levels_race),
    },
    Clause {
        id: "table/removed-releases",
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window; Linux: tce_iommu_clear; papr-tce 7.82; bugs 30 and 67",
        says: "Removing a window with live entries first releases every page; then its LIOBN names no window.",
        check: Host(removed_releases),
    },
    Clause {
        id: "table/removed-in-use",
        spec: "Linux: kvm_spapr_tce_release; papr-tce 6.4, table lifetime",
        says: "Removing a window while another vCPU maps into it leaves nothing pinned.",
        check: Host(removed_in_use),
    },
];

const L: Liobn = Liobn(0x8000_0000);
const A: u64 = 0x1_0000;
const RW: u64 = 3;

fn vm(limit: u64) -> Result<(Vm, Arc<MemLock>), String> {
    let lock = MemLock::new(limit);
    let container = Arc::new(Container::new(Frames::new(4 << 20).map_err(why)?));
    Ok((Vm::new(container, lock.clone()), lock))
}

fn no(errno: Errno) -> String {
    format!("refused with {errno}")
}

const GOOD: CreateTce64 =
    CreateTce64 { liobn: 0x8000_0000, page_shift: 12, flags: 0, offset: 0, size: 1024 };

fn pins(all: &Container, gpa: u64) -> u32 {
    all.frames().hpa(Gpa(gpa)).map_or(0, |hpa| all.frames().pins(hpa))
}

fn create() -> Result<(), String> {
    let (vm, lock) = vm(u64::MAX)?;
    for wrong in [
        CreateTce64 { flags: 1, ..GOOD },
        CreateTce64 { size: 0, ..GOOD },
        CreateTce64 { page_shift: 11, ..GOOD },
        CreateTce64 { page_shift: 35, ..GOOD },
        CreateTce64 { page_shift: 64, ..GOOD },
        CreateTce64 { offset: 1 << 52, ..GOOD },
        CreateTce64 { offset: u64::MAX, size: 2, ..GOOD },
        CreateTce64 { offset: 2, size: u64::MAX, ..GOOD },
        CreateTce64 { liobn: 1 << 32, ..GOOD },
    ] {
        expect!(vm.create_spapr_tce_64(&wrong).map(drop), Err(Errno::Einval));
        expect!(lock.locked(), 0);
    }
    let old = vm.create_spapr_tce(0x8000_0001, 1 << 20).map_err(no)?;
    expect!(old.map().bytes(), 4096);
    expect!(vm.create_spapr_tce(0x8000_0002, 0x800).map(drop), Err(Errno::Einval));
    Ok(())
}

fn create_twice() -> Result<(), String> {
    let (vm, lock) = vm(u64::MAX)?;
    let table = vm.create_spapr_tce_64(&GOOD).map_err(no)?;
    let charged = lock.locked();
    expect!(vm.create_spapr_tce_64(&GOOD).map(drop), Err(Errno::Ebusy));
    expect!(lock.locked(), charged);
    table.close();
    for _ in 0..100 {
        let race = || vm.create_spapr_tce_64(&GOOD).ok();
        let made = thread::scope(|scope| {
            let threads = [scope.spawn(race), scope.spawn(race)];
            threads.map(|thread| thread.join().ok().flatten())
        });
        expect!(made.iter().flatten().count(), 1);
    }
    expect!(lock.locked(), 0);
    Ok(())
}

fn create_over_limit() -> Result<(), String> {
    let (vm, lock) = vm(4)?;
    let big = CreateTce64 { size: 1 << 20, ..GOOD };
    expect!(vm.create_spapr_tce_64(&big).map(drop), Err(Errno::Enomem));
    expect!(lock.locked(), 0);
    let _table = vm.create_spapr_tce_64(&GOOD).map_err(no)?;
    let charged = lock.locked();
    expect!(vm.create_spapr_tce_64(&big).map(drop), Err(Errno::Enomem));
    expect!(lock.locked(), charged);
    Ok(())
}

fn create_huge() -> Result<(), String> {
    let (vm, _) = vm(u64::MAX)?;
    let huge = CreateTce64 { size: 1 << 28, ..GOOD };
    let table = vm.create_spapr_tce_64(&huge).map_err(no)?;
    let mut agent = vm.container().agent();
    let last = ((1 << 28) - 1) << 12;
    vm.container().put(&mut agent, L, Ioba(last), RawTce(A)).map_err(why)?;
    expect!(table.map().read(((1 << 28) - 1) * 8), Ok(A));
    expect!(table.map().read(0), Ok(0));
    Ok(())
}

fn mapped() -> Result<(), String> {
    let (vm, _) = vm(u64::MAX)?;
    let table = vm.create_spapr_tce_64(&CreateTce64 { size: 600, ..GOOD }).map_err(no)?;
    let mut agent = vm.container().agent();
    vm.container().put(&mut agent, L, Ioba(0x5000), RawTce(A | RW)).map_err(why)?;
    let map = table.map();
    expect!(map.read(5 * 8), Ok(A | RW));
    expect!((map.read(599 * 8), map.read(600 * 8)), (Ok(0), Ok(0)));
    expect!(map.read(1024 * 8).is_err(), true);
    expect!(map.read(u64::MAX).is_err(), true);
    Ok(())
}

fn closed() -> Result<(), String> {
    let (vm, lock) = vm(u64::MAX)?;
    let table = vm.create_spapr_tce_64(&GOOD).map_err(no)?;
    let map = table.map();
    let mut agent = vm.container().agent();
    vm.container().put(&mut agent, L, Ioba(0), RawTce(A | RW)).map_err(why)?;
    table.close();
    expect!(vm.container().put(&mut agent, L, Ioba(0), RawTce(0)), Err(Error::NoWindow(L)));
    expect!((lock.locked(), map.read(0)), (0, Ok(A | RW)));
    let again = vm.create_spapr_tce_64(&GOOD).map_err(no)?;
    expect!(again.map().read(0), Ok(0));
    Ok(())
}

fn closed_in_use() -> Result<(), String> {
    let (vm, lock) = vm(u64::MAX)?;
    let calls = || {
        let mut agent = vm.container().agent();
        for n in 0..3000u64 {
            match vm.container().put(&mut agent, L, Ioba((n % 16) << 12), RawTce(A | (n % 4))) {
                Ok(()) | Err(Error::NoWindow(_)) => {}
                Err(error) => return Err(why(error)),
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let caller = scope.spawn(calls);
        for _ in 0..300 {
            drop(vm.create_spapr_tce_64(&GOOD).map_err(no)?);
        }
        caller.join().unwrap_or_else(|_| Err("a call panicked".into()))
    })?;
    expect!(lock.locked(), 0);
    Ok(())
}

fn hardware(setup: &Setup, shift: PageShift) -> Result<Arc<IommuTable>, String> {
    let window = Window::bytes(L, 0, 4 << 20, shift).map_err(why)?;
    Bridge::new(setup.platform).create_table(window, 1).map_err(why)
}

fn attach_twice(setup: &Setup) -> Result<(), String> {
    let (vm, _) = vm(u64::MAX)?;
    let table = vm.create_spapr_tce_64(&GOOD).map_err(no)?;
    let hw = hardware(setup, PageShift::K4)?;
    table.attach_group(slice::from_ref(&hw)).map_err(no)?;
    table.attach_group(slice::from_ref(&hw)).map_err(no)?;
    let mut agent = vm.container().agent();
    vm.container().put(&mut agent, L, Ioba(0), RawTce(A | RW)).map_err(why)?;
    expect!(pins(vm.container(), A), 1);
    expect!(table.detach(&hw), Ok(()));
    vm.container().put(&mut agent, L, Ioba(0), RawTce(0)).map_err(why)?;
    expect!(pins(vm.container(), A), 0);
    expect!((table.detach(&hw), table.detach(&hw)), (Ok(()), Err(Errno::Enoent)));
    Ok(())
}

fn attach_no_replay(setup: &Setup) -> Result<(), String> {
    let (vm, _) = vm(u64::MAX)?;
    let table = vm.create_spapr_tce_64(&GOOD).map_err(no)?;
    let mut agent = vm.container().agent();
    vm.container().put(&mut agent, L, Ioba(0), RawTce(A | RW)).map_err(why)?;
    expect!(pins(vm.container(), A), 0);
    let hw = hardware(setup, PageShift::K4)?;
    table.attach_group(slice::from_ref(&hw)).map_err(no)?;
    expect!(hw.tce(HwEntry(0)).map_err(why)?.is_live(), false);
    vm.container().put(&mut agent, L, Ioba(0), RawTce(A | RW)).map_err(why)?;
    expect!((hw.tce(HwEntry(0)).map_err(why)?.is_live(), pins(vm.container(), A)), (true, 1));
    Ok(())
}

fn ownership(setup: &Setup) -> Result<(), String> {
    let host = HostTable::new(hardware(setup, PageShift::K4)?);
    let page = Hpa(1 << 45);
    let at = host.map(0, page, 1, Direction::Bidirectional).map_err(no)?;
    expect!(host.take_ownership(), Err(Errno::Ebusy));
    host.unmap(at, 1).map_err(no)?;
    expect!(host.take_ownership(), Ok(()));
    expect!(host.take_ownership(), Err(Errno::Ebusy));
    expect!(host.map(0, page, 1, Direction::ToDevice), Err(Errno::Enomem));
    host.release_ownership();
    expect!(host.map(0, page, 1, Direction::ToDevice).is_ok(), true);
    Ok(())
}

fn first_entry(setup: &Setup) -> Result<(), String> {
    let host = HostTable::new(hardware(setup, PageShift::K4)?);
    for _ in 0..2 {
        // The second turn begins after a refused take-over.
        for _ in 0..2 {
            let mut all = Vec::new();
            while let Ok(at) = host.map(0, Hpa(1 << 45), 1, Direction::ToDevice) {
                expect!(at.0 == 0, false);
                all.push(at);
            }
            expect!(host.take_ownership(), Err(Errno::Ebusy));
            all.into_iter().try_for_each(|at| host.unmap(at, 1)).map_err(no)?;
        }
        host.take_ownership().map_err(no)?;
        host.release_ownership();
    }
    Ok(())
}

/// A window of 2^20 entries over a table of 3 levels, or of 1 on a platform that does not walk 3.
fn deep(setup: &Setup) -> Result<(Container, Arc<IommuTable>), String> {
    let all = Container::new(Frames::new(4 << 20).map_err(why)?);
    let window = Window::new(L, PageShift::K4, 0, 1 << 20).map_err(why)?;
    let bridge = Bridge::new(setup.platform);
    let table = bridge.create_table(window, 3).or_else(|_| bridge.create_table(window, 1));
    let table = table.map_err(why)?;
    all.add_window(window, table.clone()).map_err(why)?;
    Ok((all, table))
}

fn levels(setup: &Setup) -> Result<(), String> {
    let (all, table) = deep(setup)?;
    let mut agent = all.agent();
    let before = table.allocated_levels();
    all.stuff(&mut agent, L, Ioba(0), RawTce(0), 512).map_err(why)?;
    all.put(&mut agent, L, Ioba(0xffff_f000), RawTce(0)).map_err(why)?;
    expect!(table.allocated_levels(), before);
    for n in 0..20u64 {
        all.put(&mut agent, L, Ioba(1 << n << 12), RawTce((n << 12) | RW)).map_err(why)?;
    }
    for n in 0..20u64 {
        let tce = table.tce(HwEntry(1 << n)).map_err(why)?;
        expect!(all.frames().gpa(tce.hpa()), Some(Gpa(n << 12)));
    }
    expect!(all.audit().holds(), true);
    Ok(())
}

fn levels_race(setup: &Setup) -> Result<(), String> {
    for _ in 0..50 {
        let (all, table) = deep(setup)?;
        let puts = |odd: u64| {
            let mut agent = all.agent();
            let put = |n: u64| all.put(&mut agent, L, Ioba((2 * n + odd) << 12), RawTce(A | RW));
            (0..16).try_for_each(put)
        };
        let ended = thread::scope(|scope| {
            let threads = [0, 1].map(|odd| scope.spawn(move || puts(odd)));
            threads.map(|thread| thread.join())
        });
        for end in ended {
            end.map_err(|_| "a put panicked")?.map_err(why)?;
        }
        for n in 0..32 {
            expect!(table.tce(HwEntry(n)).map_err(why)?.is_live(), true);
        }
        expect!((pins(&all, A), all.audit().holds()), (32, true));
    }
    Ok(())
}

fn removed_releases(setup: &Setup) -> Result<(), String> {
    let (all, table) = deep(setup)?;
    let mut agent = all.agent();
    for n in [0, 7, 0xf_ffff] {
        all.put(&mut agent, L, Ioba(n << 12), RawTce(A | RW)).map_err(why)?;
    }
    all.remove_window(&mut agent, L).map_err(why)?;
    expect!(pins(&all, A), 0);
    expect!(all.put(&mut agent, L, Ioba(0), RawTce(0)), Err(Error::NoWindow(L)));
    expect!(table.tce(HwEntry(7)).map_err(why)?.is_live(), false);
    Ok(())
}

fn removed_in_use(setup: &Setup) -> Result<(), String> {
    for _ in 0..50 {
        let (all, _) = deep(setup)?;
        let maps = || {
            let mut agent = all.agent();
            (0..200u64).for_each(|n| {
                // The put is refused once the window is gone.
                let _ = all.put(&mut agent, L, Ioba((n % 8) << 12), RawTce(A | RW));
            });
        };
        let ended = thread::scope(|scope| {
            let mapper = scope.spawn(maps);
            let removed = all.remove_window(&mut all.agent(), L).map_err(why);
            mapper.join().map_err(|_| "a put panicked".to_owned()).and(removed)
        });
        ended?;
        expect!(pins(&all, A), 0);
    }
    Ok(())
}
