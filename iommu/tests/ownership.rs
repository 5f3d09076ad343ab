// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The host's allocator of DMA pages, and the transfer of a table's ownership and back (papr-tce 4.1).

use iommu::*;
use std::sync::Arc;

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

// papr-tce 4.1: without an exchange operation the result is EINVAL, before all other checks.
#[test]
fn a_platform_that_cannot_exchange_keeps_its_tables() {
    struct Old;
    impl Platform for Old {
        fn exchanges(&self) -> bool {
            false
        }
        fn kill(&self, _: HwEntry, _: u64) {}
    }
    let host = host_table(Old, 0, 1 << 20);
    host.map(0, PAGE, 1, Direction::ToDevice).expect("the host may");
    assert_eq!(host.take_ownership(), Err(Errno::Einval));
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
