// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The host's allocator of DMA pages, and the transfer of a table's ownership and back (papr-tce 4.1).

use iommu::*;
use std::sync::{Arc, Mutex};

const L: Liobn = Liobn(1);

fn host_table(platform: impl Platform + 'static, start: u64, bytes: u64) -> HostTable {
    let window = Window::bytes(L, start, bytes, PageShift::K4).expect("a window");
    HostTable::new(IommuTable::new(window, platform).expect("a table"))
}

fn host() -> HostTable {
    host_table(Ioda2::default(), 0, 1 << 30)
}

const PAGE: Hpa = Hpa(0x7_0000_0000);

#[test]
fn the_host_maps_and_unmaps_and_address_0_is_never_given_out() {
    let host = host();
    for cpu in 0..8 {
        let ioba = host.map(cpu, PAGE, 1, Direction::ToDevice).expect("room");
        assert_ne!(ioba, Ioba(0));
        let entry = HwEntry(ioba.0 >> 12);
        let tce = host.table().tce(entry).expect("in the table");
        assert_eq!((tce.hpa(), tce.direction()), (PAGE, Direction::ToDevice));
        host.unmap(ioba, 1).expect("mapped");
        assert_eq!(host.table().tce(entry), Ok(Tce::CLEAR));
        assert_eq!(host.unmap(ioba, 1), Err(Errno::Einval), "twice");
    }
}

// A quarter of the table is for requests of more than 15 pages, and CPUs have their pools.
#[test]
fn requests_go_to_the_pool_of_their_cpu_or_to_the_large_one() {
    let host = host();
    let quarter = (1u64 << 30) / 16 * 3; // three quarters in four pools
    let first = |cpu, pages| host.map(cpu, PAGE, pages, Direction::ToDevice).expect("room").0;
    assert_eq!(first(0, 1), 0x1000);
    for cpu in 1..4 {
        assert_eq!(first(cpu, 1), cpu as u64 * quarter);
    }
    assert_eq!(first(5, 1), quarter + 16 * 0x1000, "the next block of CPU 1's pool");
    assert_eq!(first(2, 16), 4 * quarter);
    assert_eq!(first(2, 15), 2 * quarter + 16 * 0x1000);
}

#[test]
fn a_full_pool_borrows_from_the_others_and_a_full_table_is_no_memory() {
    let host = host_table(Ioda2::default(), 1 << 32, 1 << 20); // 256 entries, one pool of 192
    let one = || host.map(0, PAGE, 1, Direction::Bidirectional);
    let all: Vec<Ioba> = std::iter::from_fn(|| one().ok()).collect();
    assert_eq!(all.len(), 256, "no entry is reserved: the window does not begin at 0");
    assert_eq!(one(), Err(Errno::Enomem));
    host.unmap(all[77], 1).expect("mapped");
    assert_eq!(one(), Ok(all[77]));
}

#[test]
fn nonsense_of_a_driver_is_refused() {
    let host = host();
    assert_eq!(host.map(0, PAGE, 1, Direction::None), Err(Errno::Einval));
    assert_eq!(host.map(0, PAGE, 0, Direction::ToDevice), Err(Errno::Einval));
    assert_eq!(host.map(0, Hpa(0x800), 1, Direction::ToDevice), Err(Errno::Einval));
    assert_eq!(host.map(0, PAGE, 1 << 40, Direction::ToDevice), Err(Errno::Enomem));
    assert_eq!(host.unmap(Ioba(0x5000), 1), Err(Errno::Einval), "never mapped");
    assert_eq!(host.unmap(Ioba(1 << 30), 1), Err(Errno::Einval));
}

/// A platform without an exchange operation.
struct HostOnly;
impl Platform for HostOnly {}

// papr-tce 4.1: the exchange operation is absent, EINVAL, before all else.
#[test]
fn a_platform_that_cannot_exchange_keeps_its_tables() {
    let host = host_table(HostOnly, 0, 1 << 20);
    host.map(0, PAGE, 1, Direction::ToDevice).expect("the host may");
    assert_eq!(host.take_ownership(), Err(Errno::Einval));
}

// The commit: a table without the operation is refused because "the guest can write new TCEs on top of existing
// ones". A guest's window over such a table would do so, too.
#[test]
fn a_guest_gets_no_window_over_a_platform_that_cannot_exchange() {
    let window = Window::bytes(L, 0, 1 << 20, PageShift::K4).expect("a window");
    let table = || Arc::new(IommuTable::new(window, HostOnly).expect("a table"));
    let budget = Budget::new(1 << 20);
    let all = Container::new(Frames::new(1 << 20).expect("memory")).with_budget(budget.clone());
    let refused = Err(Error::NoExchange(L));
    assert_eq!(Errno::from(Error::NoExchange(L)), Errno::Einval);

    assert_eq!(all.add_window(window, table()), refused);
    assert_eq!(all.add_guest_window(window, table()), refused);
    assert_eq!((all.windows().len(), budget.charged()), (0, 0), "nothing was changed");

    // A window that exists keeps what it has.
    all.add_view(window).expect("a view needs no platform");
    assert_eq!(all.attach(L, table()), refused);
    assert_eq!(all.windows()[0].tables().len(), 0);
    all.attach(L, IommuTable::new(window, Ioda2::default()).expect("a table")).expect("exchanges");
}

// Linux: `kvm_spapr_tce_attach_iommu_group`, which takes the first compatible table.
#[test]
fn a_group_whose_tables_cannot_exchange_is_einval_for_kvm() {
    let all = Arc::new(Container::new(Frames::new(1 << 20).expect("memory")));
    let vm = Vm::new(all, MemLock::new(u64::MAX));
    let tce_table = vm.create_spapr_tce(1, 1 << 20).expect("a new LIOBN");
    let window = Window::bytes(L, 0, 1 << 20, PageShift::K4).expect("a window");
    let host_only = Arc::new(IommuTable::new(window, HostOnly).expect("a table"));
    let exchanges = Arc::new(IommuTable::new(window, Ioda2::default()).expect("a table"));
    let refused = tce_table.attach_group(std::slice::from_ref(&host_only));
    assert_eq!(refused.err(), Some(Errno::Einval));
    let attached = tce_table.attach_group(&[host_only, exchanges.clone()]).expect("the second");
    assert!(Arc::ptr_eq(&attached, &exchanges));
}

// The library's own functions refuse such a table, too.
#[test]
fn an_exchange_by_a_platform_that_has_none_is_refused() {
    let window = Window::bytes(L, 0, 1 << 20, PageShift::K4).expect("a window");
    let table = IommuTable::new(window, HostOnly).expect("a table");
    let frames = Frames::new(1 << 20).expect("memory");
    let page = frames.page(Gpa(0x1000), PageShift::K4).expect("a page");
    let (mut agent, tce) = (frames.agent(), Tce::new(page, Direction::Bidirectional));
    let refused = tce_xchg(&table, &frames, &mut agent, HwEntry(5), tce);
    assert_eq!(refused, Err(Error::NoExchange(L)));
    assert_eq!(Batch::new(&table, &frames, &mut agent).err(), Some(Error::NoExchange(L)));
    assert_eq!((frames.pins(page.hpa()), table.tce(HwEntry(5))), (0, Ok(Tce::CLEAR)));
}

/// A platform that swaps in its own way, and records each operation.
#[derive(Default)]
struct Own(Mutex<Vec<(&'static str, u64, u64)>>);

impl Own {
    fn record(&self, done: &'static str, first: HwEntry, count: u64) {
        self.0.lock().expect("no panics").push((done, first.0, count));
    }

    fn take(&self) -> Vec<(&'static str, u64, u64)> {
        std::mem::take(&mut *self.0.lock().expect("no panics"))
    }
}

impl Platform for Own {
    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::own(self)
    }
}

impl Kill for Own {
    fn kill(&self, first: HwEntry, count: u64) {
        self.record("kill", first, count);
    }
}

impl Swap for Own {
    fn swap(&self, entry: HwEntry, slot: &AtomicTce, new: Tce) -> Tce {
        self.record("swap", entry, 1);
        slot.swap(new)
    }
}

// Linux: `iommu_tce_xchg` calls the platform's exchange, which kills. Since 5.4 a batch calls xchg_no_kill for
// each entry and then tce_kill once.
#[test]
fn puts_lists_and_stuffs_end_in_the_exchange_of_the_platform() {
    let window = Window::bytes(L, 0, 1 << 20, PageShift::K4).expect("a window");
    let platform = Arc::new(Own::default());
    let table = IommuTable::over(window, 1, platform.clone()).expect("a table");
    let all = Container::new(Frames::new(1 << 20).expect("memory"));
    all.add_window(window, table).expect("exchanges");
    let mut agent = all.agent();
    all.put(&mut agent, L, Ioba(0x5000), RawTce(0x1003)).expect("put");
    assert_eq!(platform.take(), [("swap", 5, 1), ("kill", 5, 1)]);
    all.put_list(&mut agent, L, Ioba(0x5000), &[0x2003, 0x3003]).expect("list");
    assert_eq!(platform.take(), [("swap", 5, 1), ("swap", 6, 1), ("kill", 5, 2)]);
    all.stuff(&mut agent, L, Ioba(0x6000), RawTce(0), 1).expect("stuff");
    assert_eq!(platform.take(), [("swap", 6, 1), ("kill", 6, 1)]);
    assert_eq!(all.audit(), Audit { live: 1, ..Audit::default() });
}

// bug 3
#[test]
fn bug_3_a_table_in_use_is_busy_and_its_first_entry_stays_reserved() {
    let host = host();
    let ioba = host.map(3, PAGE, 1, Direction::ToDevice).expect("room");
    assert_eq!(host.take_ownership(), Err(Errno::Ebusy));
    host.unmap(ioba, 1).expect("still the host's");
    assert_eq!(host.map(0, PAGE, 1, Direction::ToDevice), Ok(Ioba(0x1000)), "not 0");
}

#[test]
fn an_owned_table_gives_the_host_nothing_until_it_comes_back() {
    let host = host();
    host.take_ownership().expect("empty");
    assert_eq!(host.take_ownership(), Err(Errno::Ebusy));
    for (cpu, pages) in [(0, 1), (3, 1), (0, 100)] {
        assert_eq!(host.map(cpu, PAGE, pages, Direction::ToDevice), Err(Errno::Enomem));
    }
    assert_eq!(host.unmap(Ioba(0x5000), 1), Err(Errno::Einval));
    host.release_ownership();
    assert_eq!(host.map(0, PAGE, 1, Direction::ToDevice), Ok(Ioba(0x1000)), "not 0");
}

// The commit: exchange needs no pool lock. All pool locks are held here.
#[test]
fn an_exchange_takes_no_lock_of_the_allocator() {
    let host = host();
    host.take_ownership().expect("empty");
    let frames = Arc::new(Frames::new(1 << 20).expect("memory"));
    let all = Container::new(frames.clone());
    all.add_window(*host.table().window(), host.table().clone()).expect("a window");
    let (done, wait) = std::sync::mpsc::channel();
    host.with_pools_locked(|| {
        // The exchange runs on another thread, so that one that waits for a lock does not hang the test.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut agent = all.agent();
                for page in [0x1003, 0x2003, 0, 0x3001] {
                    all.put(&mut agent, L, Ioba(0x5000), RawTce(page)).expect("put");
                    all.stuff(&mut agent, L, Ioba(0), RawTce(page), 512).expect("stuff");
                }
                done.send(()).expect("somebody waits");
            });
            wait.recv_timeout(std::time::Duration::from_secs(60)).expect("it took a lock");
        });
    });
    assert_eq!(all.audit(), Audit { live: 512, ..Audit::default() });
}

#[test]
fn threads_of_the_host_never_get_one_entry_twice() {
    let host = host_table(Ioda2::default(), 0, 1 << 30);
    std::thread::scope(|scope| {
        for cpu in 0..4usize {
            let host = &host;
            scope.spawn(move || {
                let mine = Hpa(((cpu as u64) + 1) << 32);
                for round in 0..200 {
                    let pages = 1 + round % 20;
                    let ioba = host.map(cpu / 2, mine, pages, Direction::ToDevice).expect("room");
                    for n in 0..pages {
                        let entry = HwEntry((ioba.0 >> 12) + n);
                        let tce = host.table().tce(entry).expect("in the table");
                        assert_eq!(tce.hpa().0, mine.0 + (n << 12));
                    }
                    host.unmap(ioba, pages).expect("mapped");
                }
            });
        }
    });
    let mut live = 0;
    host.table().for_each_live(&mut |_, _| live += 1);
    assert_eq!(live, 0);
}
