// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A VFIO container of version 2: registered memory and dynamic windows.

use crate::stop::Stop;
use crate::user::*;
use iommu::kvm_table::CreateTce64;
use iommu::vfio::*;
use iommu::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

// papr-tce 5.3
#[test]
fn registering_checks_charges_and_enables() {
    let mut u = User::new(2, &Bridge::new(BridgeKind::IODA2));
    u.container.attach_group(&u.group).expect("free");
    assert_eq!(u.map(0, SMALL, 0x1000, RW), Err(Errno::Eperm), "not enabled");
    for (vaddr, size) in
        [(SMALL + 1, 0x1000), (SMALL, 0x801), (SMALL, 0), (u64::MAX - 0xfff, 0x1000)]
    {
        assert_eq!(u.register(vaddr, size), Err(Errno::Einval));
        assert_eq!(u.unregister(vaddr, size), Err(Errno::Einval));
    }
    assert_eq!(u.register(0x1000, 0x1000), Err(Errno::Efault), "no memory there");
    assert_eq!(u.register(READ_ONLY, 0x1000), Err(Errno::Efault), "pinned for writing");
    assert_eq!(u.locked(), 0);
    u.register(SMALL, 0x10_0000).expect("free");
    assert_eq!(u.locked(), 0x100);
    // papr-tce 7.94
    assert_eq!(u.register(SMALL, 0x10_0000), Err(Errno::Ebusy), "the same again");
    assert_eq!(u.register(SMALL + 0x8000, 0x10_0000), Err(Errno::Einval), "overlaps");
    assert_eq!(u.locked(), 0x100);
    u.map(0, SMALL, 0x1000, RW).expect("enabled, and the default window is there");
    assert_eq!(u.unregister(SMALL, 0x8000), Err(Errno::Enoent), "not that region");
}

#[test]
fn registering_above_the_limit_is_refused_and_charges_nothing() {
    let frames = Arc::new(Frames::unregistered(MEMORY).expect("memory"));
    let process = process(&frames, 0x100);
    let container = vfio::TceContainer::v2(&process, &frames, &Arc::default());
    let param = |size| RegisterMemory { vaddr: SMALL, size, ..RegisterMemory::new() };
    assert_eq!(container.register_memory(&param(0x10_1000)), Err(Errno::Enomem));
    assert_eq!(process.memlock().locked(), 0);
    container.register_memory(&param(0x10_0000)).expect("up to the limit");
    drop(container);
    assert_eq!(process.memlock().locked(), 0);
}

// bug 50': EBUSY while mapped, and the region still belongs to the container
#[test]
fn bug_50_prime_unregistering_mapped_memory_is_busy_and_keeps_the_region() {
    let mut u = User::v2();
    let baseline = u.locked();
    u.map(0x3000, SMALL, 0x1000, RW).expect("map");
    assert_eq!(u.unregister(SMALL, 0x100_0000), Err(Errno::Ebusy));
    u.map(0x4000, SMALL + 0x1000, 0x1000, RW).expect("registered still");
    u.unmap(0x3000, 0x2000).expect("unmap");
    u.unregister(SMALL, 0x100_0000).expect("nothing maps it");
    // The other region and the table of the default window stay charged.
    assert_eq!(baseline - u.locked() + WINDOW32 / 4096 * 8 / 4096, 0x1000);
    assert_eq!(u.map(0x3000, SMALL, 0x1000, RW), Err(Errno::Einval), "not registered");
    assert_eq!(u.unregister(SMALL, 0x100_0000), Err(Errno::Enoent));
    assert_eq!(u.all_pins(), 0);
}

// papr-tce 5.3: a region that another container of the process knows gets one more user
#[test]
fn containers_of_one_process_share_a_region() {
    let mut u = User::v2();
    let other = vfio::TceContainer::v2(&u.process, &u.frames, &u.registrations);
    let charged = u.locked();
    let param = RegisterMemory { vaddr: SMALL, size: 0x100_0000, ..RegisterMemory::new() };
    other.register_memory(&param).expect("known");
    assert_eq!(u.locked(), charged, "charged once");
    u.map(0, SMALL, 0x1000, RW).expect("map");
    other.unregister_memory(&param).expect("this one has not mapped it");
    assert_eq!(u.unregister(SMALL, 0x100_0000), Err(Errno::Ebusy));
}

// bug 48: huge pages first, small pages later, in one region
#[test]
fn bug_48_the_smallest_page_of_a_region_decides() {
    let mut u = User::new(2, &Bridge::new(BridgeKind::IODA2));
    let shift = |shift| PageShift::new(shift).expect("a shift");
    let (ua, hpa) = (0x7100_0000_0000, |gpa| u.frames.hpa(Gpa(gpa)).expect("memory"));
    for (offset, page_shift) in [(0, shift(24)), (0x100_0000, shift(12))] {
        let (ua, hpa) = (Ua(ua + offset), hpa(0x400_0000 + offset));
        let mapping = Mapping { ua, len: 0x100_0000, hpa, page_shift, writable: true };
        u.process.map(mapping).expect("free");
    }
    u.container.attach_group(&u.group).expect("free");
    u.register(ua, 0x200_0000).expect("free");
    u.remove(0).expect("the default one");
    u.create(24, 1 << 30, 1).expect("a window");
    assert_eq!(u.map(0, ua + 0x100_0000, 0x100_0000, RW), Err(Errno::Einval));
    assert_eq!(u.all_pins(), 0);
}

// bug 6: pages of 64 KiB on memory that is partly in huge pages of 2 MiB
#[test]
fn bug_6_a_tce_page_within_a_huge_page_maps() {
    let mut u = User::new(2, &Bridge::new(BridgeKind::IODA2));
    let (ua, hpa) = (0x7100_0000_0000, u.frames.hpa(Gpa(0x400_0000)).expect("memory"));
    let page_shift = PageShift::new(21).expect("a shift");
    let mapping = Mapping { ua: Ua(ua), len: 0x40_0000, hpa, page_shift, writable: true };
    u.process.map(mapping).expect("free");
    u.container.attach_group(&u.group).expect("free");
    // The region begins and ends within a huge page.
    u.register(ua + 0x1_0000, 0x22_0000).expect("free");
    u.remove(0).expect("the default one");
    u.create(16, 1 << 30, 1).expect("a window");
    u.map(0, ua + 0x1_0000, 0x22_0000, RW).expect("contained");
    u.assert_sound();
    assert_eq!(u.all_pins(), 0x22);
}

// bug 42: a map of memory that is being unregistered is an error, and no partial success
#[test]
fn bug_42_a_map_that_races_with_unregistering_is_whole_or_an_error() {
    let u = User::v2();
    let done = AtomicBool::new(false);
    let (container, frames) = (&u.container, &u.frames);
    std::thread::scope(|scope| {
        let stop = Stop(&done);
        let mapper = scope.spawn(|| {
            let mut by = container.agent();
            let (mut ok, mut refused) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let size = 0x8000;
                let map = MapDma { flags: RW, vaddr: SMALL, iova: 0, size, ..MapDma::new() };
                match container.map_dma(&mut by, &map) {
                    Ok(()) => {
                        let table = container.tables()[0].clone();
                        let live = (0..8).filter(|&n| table.tce(HwEntry(n)).expect("in").is_live());
                        assert_eq!(live.count(), 8, "success is the whole");
                        ok += 1;
                    }
                    Err(errno) => {
                        assert!([Errno::Einval, Errno::Enxio].contains(&errno), "{errno}");
                        refused += 1;
                    }
                }
                let unmap = UnmapDma { iova: 0, size, ..UnmapDma::new() };
                container.unmap_dma(&mut by, &unmap).expect("unmap");
            }
            (ok, refused)
        });
        let (mut ok, mut busy) = (0, 0);
        for _ in 0..2000 {
            match u.unregister(SMALL, 0x100_0000) {
                Ok(()) => {
                    ok += 1;
                    u.register(SMALL, 0x100_0000).expect("free");
                }
                Err(errno) => {
                    assert_eq!(errno, Errno::Ebusy);
                    busy += 1;
                }
            }
        }
        drop(stop);
        let (mapped, _refused) = mapper.join().expect("no panic");
        assert!(mapped > 0 && ok + busy == 2000);
    });
    assert_eq!(frames.all_pins().into_iter().max(), Some(0));
}

// bug 47: two mappers of one entry with pages of two regions
#[test]
fn bug_47_two_mappers_of_one_entry_count_right_for_both_regions() {
    let u = User::v2();
    let container = &u.container;
    let small = RegisterMemory { vaddr: SMALL, size: 0x100_0000, ..RegisterMemory::new() };
    let map = |by: &mut Agent, vaddr| {
        let map = MapDma { flags: RW, vaddr, iova: 0x5000, size: 0x1000, ..MapDma::new() };
        container.map_dma(by, &map).expect("map");
    };
    std::thread::scope(|scope| {
        for vaddr in [SMALL, HUGE] {
            scope.spawn(move || {
                let mut by = container.agent();
                for n in 0..20_000 {
                    map(&mut by, vaddr + ((n % 4) << 12));
                }
            });
        }
    });
    assert_eq!(u.all_pins(), 1, "one live entry");
    u.assert_sound();
    map(&mut container.agent(), SMALL);
    assert_eq!(container.unregister_memory(&small), Err(Errno::Ebusy));
    map(&mut container.agent(), HUGE);
    container.unregister_memory(&small).expect("nothing maps it");
}

// bugs 61 and 62, and papr-tce 3.3
#[test]
fn bug_62_impossible_windows_are_refused_twice_in_a_row_and_charge_nothing() {
    let mut u = User::v2();
    u.remove(0).expect("the default one");
    let charged = u.locked();
    for (shift, size, levels) in [
        (64, 1 << 40, 1),
        (255, 1 << 40, 1),
        (63, 1 << 63, 1),
        (11, 1 << 30, 1),
        (13, 1 << 30, 1),
        (16, 1 << 15, 1),
        (12, (1 << 30) + 0x1000, 1),
        (12, 0, 1),
        (12, 1 << 63, 5),
        (12, 1 << 44, 1),
        (12, 1 << 30, 0),
        (12, 1 << 30, 6),
    ] {
        for _ in 0..2 {
            assert_eq!(u.create(shift, size, levels), Err(Errno::Einval), "{shift} {size:#x}");
        }
        assert_eq!(u.locked(), charged);
    }
    assert_eq!(u.create(12, 1 << 43, 2), Err(Errno::Enomem), "above the limit");
    assert_eq!(u.locked(), charged);
}

#[test]
fn two_windows_are_made_and_used_and_a_third_is_not_possible() {
    let mut u = User::v2();
    u.map(0x1000, SMALL, 0x1000, RW).expect("the default window");
    assert_eq!(u.create(24, 1 << 40, 2), Ok(Ioba(1 << 59)));
    assert_eq!(u.create(12, 1 << 30, 1), Err(Errno::Enospc));
    let top = (1 << 59) + (1 << 40) - 0x100_0000;
    u.map(top, HUGE, 0x100_0000, RW).expect("map");
    assert_eq!(u.map(top + 0x100_0000, HUGE, 0x100_0000, RW), Err(Errno::Enxio));
    u.assert_sound();
    assert_eq!(u.pins(HUGE), 1);
    assert_eq!(u.remove(0x1000), Err(Errno::Einval), "no window begins there");
    u.remove(1 << 59).expect("remove");
    assert_eq!((u.pins(HUGE), u.pins(SMALL)), (0, 1));
    assert_eq!(u.map(top, HUGE, 0x100_0000, RW), Err(Errno::Enxio));
    assert_eq!(u.create(16, 1 << 30, 1), Ok(Ioba(1 << 59)), "free again");
}

// bug 30: every entry is cleared and released before the window is unset
#[test]
fn bug_30_a_window_is_cleared_before_it_is_taken_away() {
    let mut u = User::v2();
    u.map(0, SMALL, 0x10_0000, RW).expect("map");
    let mut device = u.bridge.device(u.group.pe());
    let reaches = |device: &mut bridge::Device| device.translate(Ioba(0), 8, Direction::ToDevice);
    assert!(reaches(&mut device).is_ok());
    let table = u.container.tables()[0].clone();
    u.remove(0).expect("remove");
    assert_eq!(reaches(&mut device), Err(bridge::DmaFault::NoWindow(Ioba(0))));
    let mut live = 0;
    table.for_each_live(&mut |_, _| live += 1);
    assert_eq!((live, u.all_pins()), (0, 0));
}

#[test]
fn a_map_that_races_with_the_removal_of_its_window_leaves_nothing() {
    let u = User::v2();
    let (container, frames) = (&u.container, &u.frames);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = Stop(&done);
        for n in 0..2u64 {
            let done = &done;
            scope.spawn(move || {
                let mut by = container.agent();
                while !done.load(Ordering::Relaxed) {
                    let (vaddr, iova) = (SMALL + (n << 16), n << 14);
                    let map = MapDma { flags: RW, vaddr, iova, size: 0x8000, ..MapDma::new() };
                    let mapped = container.map_dma(&mut by, &map);
                    assert!([Ok(()), Err(Errno::Enxio)].contains(&mapped), "{mapped:?}");
                }
            });
        }
        let mut by = container.agent();
        for _ in 0..300 {
            let remove = RemoveWindow { start_addr: 0, ..RemoveWindow::new() };
            container.remove_window(&mut by, &remove).expect("there");
            let window = CreateWindow {
                page_shift: 12,
                window_size: 1 << 28,
                levels: 2,
                ..CreateWindow::new()
            };
            container.create_window(&window).expect("free");
        }
        drop(stop);
    });
    u.assert_sound();
    let User { container, by, .. } = u;
    drop((container, by));
    assert_eq!(u.frames.all_pins().into_iter().max(), Some(0));
    assert_eq!(u.process.memlock().locked(), 0);
    let _ = frames;
}

// bug 15: each of several groups has its windows, and loses all of them
#[test]
fn bug_15_groups_that_come_and_go_have_all_windows() {
    let mut u = User::v2();
    let second = Group::new(&u.bridge, Pe(2), Liobn(0x200), WINDOW32).expect("a group");
    let second = Arc::new(second);
    u.map(0, SMALL, 0x1000, RW).expect("map");
    u.create(16, 1 << 30, 1).expect("a window");
    u.container.attach_group(&second).expect("the same bridge");
    let numbers = |pe| u.bridge.windows_of(pe).into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    assert_eq!((numbers(Pe(1)), numbers(Pe(2))), (vec![0, 1], vec![0, 1]));
    let mut device = u.bridge.device(Pe(2));
    assert!(device.translate(Ioba(0), 8, Direction::ToDevice).is_ok());
    u.container.detach_group(&mut u.by, &second).expect("attached");
    assert_eq!(numbers(Pe(2)), [0], "the host's");
    assert!(device.translate(Ioba(0), 8, Direction::ToDevice).is_err());
    assert_eq!(u.pins(SMALL), 1, "the first group has it still");
    let other = Group::new(&Bridge::new(BridgeKind::IODA2), Pe(3), Liobn(0x300), WINDOW32)
        .expect("a group");
    assert_eq!(u.container.attach_group(&Arc::new(other)), Err(Errno::Eperm), "another bridge");
    assert_eq!(u.container.attach_group(&u.group), Err(Errno::Ebusy), "attached already");
}

// bug 27, with a group whose window 1 is in use already
#[test]
fn bug_27_a_group_that_cannot_have_all_windows_gets_none_and_the_host_goes_on() {
    let mut u = User::v2();
    u.map(0, SMALL, 0x1000, RW).expect("the default window");
    assert_eq!(u.create(16, 1 << 30, 1), Ok(Ioba(1 << 59)));
    let second = Group::new(&u.bridge, Pe(2), Liobn(0x200), WINDOW32).expect("a group");
    let second = Arc::new(second);
    u.bridge.set_window(Pe(2), 1, &u.container.tables()[1]).expect("free");
    assert!(u.container.attach_group(&second).is_err());
    let page = u.frames.hpa(Gpa(0)).expect("memory");
    second.host().map(0, page, 1, Direction::ToDevice).expect("the host has its window");
    let of_second = u.bridge.windows_of(Pe(2));
    assert!(
        of_second.iter().any(|(n, table)| *n == 0 && Arc::ptr_eq(table, second.host().table()))
    );
    u.map(0x1000, SMALL, 0x1000, RW).expect("the container goes on");
    u.assert_sound();
}

// papr-tce 4.3 and Linux 6.1: without a group the result is ENXIO, before the arguments are checked. A
// container without a process has nothing to unregister
#[test]
fn windows_want_a_group_first_and_unregistering_a_process() {
    let mut u = User::new(2, &Bridge::new(BridgeKind::IODA2));
    assert_eq!(u.unregister(SMALL + 1, 0x1000), Err(Errno::Eperm));
    let create = CreateWindow { argsz: 39, flags: 1, ..CreateWindow::new() };
    assert_eq!(u.container.create_window(&create), Err(Errno::Enxio));
    assert_eq!(u.remove(0x1000), Err(Errno::Enxio));
    assert_eq!(u.unregister(SMALL + 1, 0x1000), Err(Errno::Einval));
    u.container.attach_group(&u.group).expect("free");
    assert_eq!(u.container.create_window(&create), Err(Errno::Einval));
    assert_eq!(u.remove(0x1000), Err(Errno::Einval), "no window begins there");
    // Both windows are in use: that check comes before the one of the page size.
    u.create(16, 1 << 30, 1).expect("the second window");
    assert_eq!(u.create(64, 1 << 30, 1), Err(Errno::Enospc));
}

// bug 26: a failed call keeps no lock, and the next call of any kind works
#[test]
fn bug_26_every_call_works_after_a_window_that_could_not_be_made() {
    let mut u = User::v2();
    u.remove(0).expect("the default one");
    for (shift, size, levels, errno) in
        [(13, 1 << 30, 1, Errno::Einval), (12, 1 << 43, 2, Errno::Enomem)]
    {
        assert_eq!(u.create(shift, size, levels), Err(errno));
        assert_eq!(u.create(12, 1 << 28, 1), Ok(Ioba(0)));
        u.map(0, SMALL, 0x4000, RW).expect("map");
        assert_eq!(u.unregister(SMALL, 0x100_0000), Err(Errno::Ebusy));
        u.unmap(0, 0x4000).expect("unmap");
        u.container.info(32).expect("a group");
        u.remove(0).expect("remove");
    }
}

// bug 31: a user address whose bytes all differ comes back unchanged
#[test]
fn bug_31_a_page_with_an_asymmetric_user_address_is_released() {
    let mut u = User::v2();
    let (ua, hpa) = (0x0000_1234_5678_9000, u.frames.hpa(Gpa(0x400_0000)).expect("memory"));
    let mapping =
        Mapping { ua: Ua(ua), len: 0x4000, hpa, page_shift: PageShift::K4, writable: true };
    u.process.map(mapping).expect("free");
    u.register(ua, 0x4000).expect("free");
    u.map(0, ua + 0x1000, 0x2000, RW).expect("map");
    assert_eq!(u.unregister(ua, 0x4000), Err(Errno::Ebusy));
    u.map(0, SMALL, 0x1000, RW).expect("replaces the first");
    assert_eq!((u.pins(ua + 0x1000), u.pins(ua + 0x2000)), (0, 1));
    u.unmap(0, 0x2000).expect("unmap");
    u.unregister(ua, 0x4000).expect("nothing maps it");
}

/// A virtual machine of the process, with a table over the whole default window.
fn machine(u: &User) -> (Vm, TceTable) {
    let container = Arc::new(iommu::Container::new(u.frames.clone()));
    let vm = Vm::new(container, MemLock::new(u64::MAX));
    let (page_shift, size) = (12, WINDOW32 >> 12);
    let args = CreateTce64 { liobn: 7, page_shift, flags: 0, offset: 0, size };
    let table = vm.create_spapr_tce_64(&args).expect("free");
    (vm, table)
}

// papr-tce 5: the guest's hypercalls write to the window that VFIO made, and pin the memory that VFIO
// registered
#[test]
fn a_guest_maps_registered_memory_in_a_containers_window() {
    let mut u = User::v2();
    u.map(0, SMALL, 0x1000, RW).expect("the default window is made");
    u.unmap(0, 0x1000).expect("unmap");
    let (vm, table) = machine(&u);
    table.attach_group(&u.container.tables()).expect("fits");
    let mut vcpu = vm.container().agent();
    let mut put = |ioba, tce| vm.container().put(&mut vcpu, Liobn(7), Ioba(ioba), RawTce(tce));
    put(0x1000, 0x2003).expect("registered");
    put(0x2000, 0x100_0001).expect("registered, in huge pages");
    let outside = Err(Error::NotRegistered(Gpa(0x300_0000)));
    assert_eq!(put(0x1000, 0x300_0003), outside, "the memory that is not registered");
    assert_eq!((u.pins(SMALL + 0x2000), u.pins(HUGE)), (1, 1));
    let mut device = u.bridge.device(u.group.pe());
    let to = device.translate(Ioba(0x1008), 8, Direction::FromDevice).expect("mapped");
    assert_eq!(u.frames.gpa(to.hpa), Some(Gpa(0x2008)));
    assert_eq!(u.unregister(SMALL, 0x100_0000), Err(Errno::Ebusy));
    assert!(vm.container().audit().holds());
    // The window is removed first, as when a VMM unplugs a device: the pages that the guest mapped are
    // released.
    u.remove(0).expect("remove");
    assert!(device.translate(Ioba(0x1008), 8, Direction::FromDevice).is_err());
    assert_eq!(u.all_pins(), 0);
    assert!(u.frames.is_dirty(u.frames.hpa(Gpa(0x2000)).expect("memory")));
    put(0x3000, 0x2003).expect("the view is there still");
    assert_eq!(u.all_pins(), 0, "and nothing stays in the table");
    u.unregister(SMALL, 0x100_0000).expect("nothing maps it");
    table.close();
}

// Guests map while windows come and go and memory is unregistered
#[test]
fn guests_that_race_with_a_container_leave_nothing() {
    let mut u = User::v2();
    u.remove(0).expect("the default one");
    let (vm, table) = machine(&u);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = Stop(&done);
        for n in 0..2u64 {
            let (vm, done) = (&vm, &done);
            scope.spawn(move || {
                let mut vcpu = vm.container().agent();
                for k in n.. {
                    let tce = RawTce([0x2003, 0x3001, 0, 0x100_0003][k as usize % 4]);
                    let put = vm.container().put(&mut vcpu, Liobn(7), Ioba((k % 8) << 12), tce);
                    assert!(matches!(put, Ok(()) | Err(Error::NotRegistered(_))), "{put:?}");
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        for _ in 0..300 {
            assert_eq!(u.create(12, WINDOW32, 1), Ok(Ioba(0)));
            let hw = table.attach_group(&u.container.tables()).expect("fits");
            std::thread::yield_now();
            match u.unregister(SMALL, 0x100_0000) {
                Ok(()) => u.register(SMALL, 0x100_0000).expect("free"),
                Err(errno) => assert_eq!(errno, Errno::Ebusy),
            }
            table.detach(&hw).expect("attached");
            u.remove(0).expect("remove");
        }
        drop(stop);
    });
    assert_eq!(u.all_pins(), 0);
    u.unregister(SMALL, 0x100_0000).expect("nothing maps it");
    u.unregister(HUGE, 0x200_0000).expect("nothing maps it");
    assert_eq!(u.locked(), 0);
}

// papr-tce 4.6: levels that do not exist are skipped, and no kill is sent for entries that were never mapped
#[test]
fn unmapping_a_large_window_costs_what_is_mapped_in_it() {
    let mut u = User::v2();
    u.remove(0).expect("the default one");
    let bytes = 1 << 39; // 2^27 entries, whose table is within the limit of locked memory
    for levels in [2, 5] {
        assert_eq!(u.create(12, bytes, levels), Ok(Ioba(0)));
        for iova in [0, 0x100_0000, bytes / 2, bytes - 0x2000] {
            u.map(iova, SMALL, 0x2000, RW).expect("map");
        }
        assert_eq!(u.pins(SMALL), 4);
        let kills = u.bridge.kills();
        u.unmap(0x1000, bytes - 0x1000).expect("all but the first page");
        assert_eq!((u.pins(SMALL), u.pins(SMALL + 0x1000)), (1, 0));
        // One kill for each of seven entries, and one of the whole PE by the flush.
        assert_eq!(u.bridge.kills() - kills, 7 + 1);
        u.assert_sound();
        u.remove(0).expect("remove");
        assert_eq!(u.all_pins(), 0);
    }
}

// bug 36: a group that is removed with windows and live entries
#[test]
fn bug_36_nothing_refers_to_the_tables_of_a_group_that_is_gone() {
    let mut u = User::v2();
    u.map(0, SMALL, 0x1000, RW).expect("the default window");
    u.create(16, 1 << 30, 1).expect("a window");
    let tables: Vec<_> = u.container.tables().iter().map(Arc::downgrade).collect();
    assert_eq!(tables.len(), 2);
    u.container.detach_group(&mut u.by, &u.group).expect("attached");
    assert!(tables.iter().all(|table| table.upgrade().is_none()), "a table is left");
    assert_eq!(u.all_pins(), 0);
    u.container.attach_group(&u.group).expect("free");
    u.map(0, SMALL, 0x1000, RW).expect("a new default window");
}

// papr-tce 7.97
#[test]
fn dropping_a_container_of_version_2_gives_everything_back() {
    let mut u = User::v2();
    u.map(0, SMALL, 0x80_0000, RW).expect("map");
    u.create(24, 1 << 40, 3).expect("a window");
    u.map(1 << 59, HUGE, 0x200_0000, RW).expect("map");
    let User { container, frames, process, by, group, .. } = u;
    drop((container, by));
    assert_eq!(frames.all_pins().into_iter().max(), Some(0));
    assert_eq!(process.memlock().locked(), 0);
    let page = frames.hpa(Gpa(0)).expect("memory");
    group.host().map(0, page, 1, Direction::ToDevice).expect("the host has its window again");
}
