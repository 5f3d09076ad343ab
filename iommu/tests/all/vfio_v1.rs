// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A VFIO container of version 1: the calls, the order of their checks, and the state after a failure.

use crate::user::*;
use iommu::vfio::*;
use iommu::*;
use std::sync::Arc;

// papr-tce 7.95: R, W, RW to directions; the commit's MAP_DMA
#[test]
fn a_map_pins_and_maps_with_the_direction_of_its_flags() {
    let mut u = User::v1();
    let (r, w) = (params::MAP_READ, params::MAP_WRITE);
    u.map(0x1000, SMALL, 0x1000, r).expect("map");
    u.map(0x2000, SMALL + 0x1000, 0x1000, w).expect("map");
    u.map(0x3000, SMALL + 0x2000, 0x2000, RW).expect("map");
    assert_eq!(u.entry(0x1000), Some((0, Direction::ToDevice)));
    assert_eq!(u.entry(0x2000), Some((0x1000, Direction::FromDevice)));
    assert_eq!(u.entry(0x3000), Some((0x2000, Direction::Bidirectional)));
    assert_eq!(u.entry(0x4000), Some((0x3000, Direction::Bidirectional)));
    assert_eq!(u.map(0, SMALL, 0x1000, 0), Err(Errno::Einval), "neither");
    u.assert_sound();
}

// bug 4: the purpose of the commit
#[test]
fn bug_4_a_map_over_live_entries_replaces_and_releases_them() {
    let mut u = User::v1();
    u.map(0, SMALL, 0x4000, RW).expect("map");
    u.map(0, SMALL + 0x10000, 0x4000, RW).expect("no EBUSY");
    for n in 0..4 {
        assert_eq!((u.pins(SMALL + (n << 12)), u.pins(SMALL + 0x10000 + (n << 12))), (0, 1));
        assert!(u.frames.is_dirty(u.process.page(Ua(SMALL + (n << 12)), false).expect("there").0));
    }
    u.unmap(0, 0x4000).expect("unmap");
    u.unmap(0, 0x4000).expect("what is clear is skipped");
    assert_eq!(u.all_pins(), 0);
}

#[test]
fn bug_34_a_container_that_is_not_enabled_maps_nothing() {
    let mut u = User::new(1, &Bridge::new(BridgeKind::IODA2));
    assert_eq!(u.map(0, SMALL, 0x1000, RW), Err(Errno::Eperm));
    assert_eq!(u.unmap(0, 0x1000), Err(Errno::Eperm));
    assert_eq!(u.container.enable(), Err(Errno::Enodev));
    u.container.attach_group(&u.group).expect("free");
    assert_eq!(u.map(0, SMALL, 0x1000, RW), Err(Errno::Eperm));
    u.container.enable().expect("a group");
    assert_eq!(u.container.enable(), Err(Errno::Ebusy), "95: twice");
    u.map(0, SMALL, 0x1000, RW).expect("map");
    u.container.disable().expect("v1");
    assert_eq!(u.map(0, SMALL, 0x1000, RW), Err(Errno::Eperm));
    assert_eq!(u.pins(SMALL), 1, "disabling leaves mappings");
}

// papr-tce 4.3, MAP_DMA: the mistakes of a call are corrected one by one
#[test]
fn checks_come_in_their_order() {
    let mut u = User::new(1, &Bridge::new(BridgeKind::IODA2));
    let worst = MapDma { argsz: 31, flags: 4, vaddr: 1, iova: WINDOW32 + 1, size: 1 };
    let map = |u: &mut User, param| u.container.map_dma(&mut u.by, &param);
    assert_eq!(map(&mut u, worst), Err(Errno::Eperm));
    u.container.attach_group(&u.group).expect("free");
    u.container.enable().expect("a group");
    assert_eq!(map(&mut u, worst), Err(Errno::Einval), "argsz");
    let worst = MapDma { argsz: 32, ..worst };
    assert_eq!(map(&mut u, worst), Err(Errno::Einval), "flags");
    let worst = MapDma { flags: 0, ..worst };
    assert_eq!(map(&mut u, worst), Err(Errno::Enxio), "before size, vaddr and direction");
    let worst = MapDma { iova: 0x801, ..worst };
    assert_eq!(map(&mut u, worst), Err(Errno::Einval));
    let unmap = |u: &mut User, param| u.container.unmap_dma(&mut u.by, &param);
    let worst = UnmapDma { argsz: 23, flags: 1, iova: WINDOW32, size: 1 };
    assert_eq!(unmap(&mut u, worst), Err(Errno::Einval));
    assert_eq!(unmap(&mut u, UnmapDma { argsz: 24, ..worst }), Err(Errno::Einval));
    assert_eq!(unmap(&mut u, UnmapDma { argsz: 24, flags: 0, ..worst }), Err(Errno::Enxio));
    assert_eq!(u.unmap(0x1000, 0x801), Err(Errno::Einval));
    assert_eq!(u.unmap(0x801, 0x1000), Err(Errno::Einval));
    assert_eq!(u.unmap(WINDOW32 - 0x1000, 0x2000), Err(Errno::Einval));
}

#[test]
fn bug_40_map_dma_past_the_window_end_is_refused() {
    let mut u = User::v1();
    let last = WINDOW32 - 0x1000;
    assert_eq!(u.map(last, SMALL, 0x2000, RW), Err(Errno::Einval));
    assert_eq!(u.map(last, SMALL, u64::MAX - 0xfff, RW), Err(Errno::Einval));
    assert_eq!((u.entry(last), u.all_pins()), (None, 0));
    u.map(last, SMALL, 0x1000, RW).expect("the last page");
}

#[test]
fn bug_43_an_unaligned_iova_is_einval_and_not_1() {
    let mut u = User::v1();
    let refused = u.map(0x801, SMALL, 0x1000, RW).expect_err("unaligned");
    assert_eq!((refused, refused.code()), (Errno::Einval, 22));
    for (vaddr, size) in [(SMALL + 1, 0x1000), (SMALL, 0x1001), (SMALL + 0x800, 0x800)] {
        assert_eq!(u.map(0, vaddr, size, RW), Err(Errno::Einval));
    }
}

#[test]
fn bug_44_a_read_only_page_can_be_mapped_for_reading() {
    let mut u = User::v1();
    u.map(0, READ_ONLY, 0x1000, params::MAP_READ).expect("the device only reads");
    for flags in [params::MAP_WRITE, RW] {
        assert_eq!(u.map(0x1000, READ_ONLY, 0x1000, flags), Err(Errno::Efault));
    }
    assert_eq!(u.all_pins(), 1);
}

/// A container of version 1 over a host's table of 16 MiB pages, enabled.
fn large_pages() -> User {
    let shift = PageShift::new(24).expect("a shift");
    let window = Window::bytes(Liobn(0x100), 0, WINDOW32, shift).expect("a window");
    User::over(1, window, |platform| platform).enabled()
}

#[test]
fn bug_5_a_tce_page_larger_than_what_backs_it_is_refused() {
    let mut u = large_pages();
    assert_eq!(u.map(0, SMALL, 0x100_0000, RW), Err(Errno::Eperm), "4 KiB pages");
    u.map(0, HUGE, 0x200_0000, RW).expect("16 MiB pages");
    u.assert_sound();
}

#[test]
fn bug_41_a_page_that_is_refused_is_not_left_pinned() {
    let mut u = large_pages();
    assert_eq!(u.map(0, SMALL, 0x100_0000, RW), Err(Errno::Eperm), "not contained");
    assert_eq!(u.map_whole(0, SMALL, 0x100_0000), Err(Errno::Eperm));
    assert_eq!(u.all_pins(), 0);
}

// bug 33: memory without page frames, such as a device's own
#[test]
fn bug_33_memory_that_has_no_frames_is_neither_mapped_nor_pinned_nor_dirtied() {
    let device = Mapping {
        ua: Ua(0x7200_0000_0000),
        len: 0x10_0000,
        hpa: Hpa(1 << 50),
        page_shift: PageShift::K4,
        writable: true,
    };
    for mut u in [User::v1(), User::v2()] {
        u.process.map(device).expect("free");
        let refused = [Err(Errno::Efault), Err(Errno::Einval)];
        assert!(refused.contains(&u.map(0, device.ua.0, 0x1000, RW)));
        assert!(refused.contains(&u.map_whole(0, device.ua.0, 0x1000)));
        assert_eq!((u.entry(0), u.all_pins()), (None, 0));
        assert!(u.frames.take_dirty().iter().all(|&word| word == 0));
    }
    let u = User::v2();
    u.process.map(device).expect("free");
    let locked = u.locked();
    assert_eq!(u.register(device.ua.0, 0x10_0000), Err(Errno::Efault));
    assert_eq!(u.locked(), locked);
}

// bug 27: after the obstacle is removed, the same call succeeds
#[test]
fn bug_27_attaching_fails_cleanly_and_can_be_tried_again() {
    for version in [1, 2] {
        let u = User::new(version, &Bridge::new(BridgeKind::IODA2));
        let page = u.frames.hpa(Gpa(0)).expect("memory");
        let ioba = u.group.host().map(0, page, 1, Direction::ToDevice).expect("room");
        for _ in 0..2 {
            assert_eq!(u.container.attach_group(&u.group), Err(Errno::Ebusy));
            assert_eq!(u.container.info(16).err(), Some(Errno::Enxio), "no group");
        }
        u.group.host().unmap(ioba, 1).expect("still the host's");
        u.container.attach_group(&u.group).expect("free now");
    }
}

// papr-tce 4.1 and 4.5.10: without an exchange operation there is no VFIO
#[test]
fn a_group_whose_platform_cannot_exchange_is_not_attached() {
    struct NoExchange;
    impl Platform for NoExchange {}
    let window = Window::bytes(Liobn(0x100), 0, WINDOW32, PageShift::K4).expect("a window");
    for version in [1, 2] {
        let u = User::over(version, window, |_| Arc::new(NoExchange));
        assert_eq!(u.container.attach_group(&u.group), Err(Errno::Einval));
        let page = u.frames.hpa(Gpa(0)).expect("memory");
        u.group.host().map(0, page, 1, Direction::ToDevice).expect("the host goes on");
    }
}

// papr-tce 4.3, ENABLE: the 32-bit window has size 0
#[test]
fn a_group_without_a_window_below_4_gib_cannot_be_enabled() {
    let window = Window::bytes(Liobn(0x100), 1 << 32, WINDOW32, PageShift::K4).expect("a window");
    let u = User::over(1, window, |platform| platform);
    u.container.attach_group(&u.group).expect("free");
    assert_eq!(u.container.enable(), Err(Errno::Eperm));
    assert_eq!((u.locked(), u.container.info(16).expect("a group").dma32_window_size), (0, 0));
}

// papr-tce 7.75, 7.76; papr-tce 4.6: there is no memory for the second level of the table
#[test]
fn an_exchange_without_memory_for_a_level_gives_the_new_page_back() {
    let level = 512 * 0x1000; // 2 MiB of bus
    for whole in [false, true] {
        let mut u = User::v2();
        u.remove(0).expect("the default one");
        u.create(12, 1 << 30, 2).expect("two levels");
        u.map(level - 0x2000, HUGE, 0x2000, RW).expect("in the first level");
        u.by.set_may_allocate(false);
        let (first, size) = (level - 0x2000, 0x4000);
        let failed =
            if whole { u.map_whole(first, SMALL, size) } else { u.map(first, SMALL, size, RW) };
        assert_eq!(failed, Err(Errno::Enomem));
        u.by.set_may_allocate(true);
        // The commit's loop leaves a hole; the all-or-nothing variant changes nothing.
        let old = |n: u64| whole.then_some((0x100_0000 + (n << 12), Direction::Bidirectional));
        assert_eq!((u.entry(first), u.entry(first + 0x1000)), (old(0), old(1)));
        assert_eq!(u.all_pins(), if whole { 2 } else { 0 });
        u.assert_sound();
        u.map(first, SMALL, size, RW).expect("memory again");
        assert_eq!((u.pins(HUGE), u.all_pins()), (0, 4));
    }
}

// papr-tce 7.76; papr-tce 4.5.4: entries before the failure are cleared, the others are unchanged
#[test]
fn a_map_that_fails_in_the_middle_leaves_a_hole_and_balanced_pins() {
    let mut u = User::v1();
    u.map(0, SMALL + 0x10_0000, 0x4000, RW).expect("map");
    // The range begins with the last two pages of READ_ONLY, and no memory follows them.
    let end = READ_ONLY + 0x100_0000 - 0x2000;
    assert_eq!(u.map(0, end, 0x4000, params::MAP_READ), Err(Errno::Efault));
    assert_eq!((u.entry(0), u.entry(0x1000)), (None, None));
    assert_eq!(u.entry(0x2000), Some((0x10_2000, Direction::Bidirectional)));
    assert_eq!((u.pins(SMALL + 0x10_0000), u.pins(SMALL + 0x10_2000), u.pins(end)), (0, 1, 0));
    u.assert_sound();
}

#[test]
fn a_whole_map_that_fails_changes_nothing() {
    let mut u = User::v1();
    u.map(0, SMALL + 0x10_0000, 0x4000, RW).expect("map");
    let before: Vec<_> = (0..5).map(|n| u.entry(n << 12)).collect();
    assert_eq!(u.map_whole(0, HUGE + 0x200_0000 - 0x2000, 0x4000), Err(Errno::Efault));
    assert_eq!(before, (0..5).map(|n| u.entry(n << 12)).collect::<Vec<_>>());
    u.assert_sound();
    u.map_whole(0, SMALL, 0x4000).expect("map");
    assert_eq!((u.entry(0), u.pins(SMALL + 0x10_0000)), (Some((0, Direction::Bidirectional)), 0));
    u.assert_sound();
}

// papr-tce 7.97; bugs 25 and 28: the window is charged at once, and everything is returned however the
// container ends
#[test]
fn bug_25_dropping_a_container_with_live_mappings_gives_everything_back() {
    let mut u = User::v1();
    assert_eq!(u.locked(), WINDOW32 / 4096);
    u.map(0x10_0000, SMALL, 0x80_0000, RW).expect("map");
    assert_eq!(u.all_pins(), 0x800);
    let User { container, frames, process, group, by, .. } = u;
    drop((container, by));
    assert_eq!(frames.all_pins().into_iter().max(), Some(0));
    assert_eq!(process.memlock().locked(), 0);
    assert!(frames.is_dirty(frames.hpa(Gpa(0x1000)).expect("memory")));
    let page = frames.hpa(Gpa(0)).expect("memory");
    group.host().map(0, page, 1, Direction::ToDevice).expect("the host has its table again");
}

#[test]
fn bug_28_a_window_above_the_limit_of_locked_memory_is_refused() {
    let frames = std::sync::Arc::new(Frames::new(MEMORY).expect("memory"));
    let process = process(&frames, WINDOW32 / 4096 - 1);
    let group = Group::new(&Bridge::new(BridgeKind::IODA1), Pe(1), Liobn(0x100), WINDOW32)
        .expect("a group");
    let container = vfio::TceContainer::v1(&process, &frames);
    container.attach_group(&std::sync::Arc::new(group)).expect("free");
    assert_eq!(container.enable(), Err(Errno::Enomem));
    assert_eq!(process.memlock().locked(), 0);
}

#[test]
fn bug_32_calls_of_version_2_are_none_of_version_1() {
    let mut u = User::v1();
    assert_eq!(u.register(SMALL, 0x1000), Err(Errno::Enotty));
    assert_eq!(u.unregister(SMALL, 0x1000), Err(Errno::Enotty));
    assert_eq!(u.create(12, 1 << 20, 1), Err(Errno::Enotty));
    assert_eq!(u.remove(0), Err(Errno::Enotty));
    let u = User::v2();
    assert_eq!(u.container.enable(), Err(Errno::Enotty));
    assert_eq!(u.container.disable(), Err(Errno::Enotty));
}

// papr-tce 4.3, GET_INFO
#[test]
fn the_information_is_of_the_window_below_4_gib() {
    let u = User::new(1, &Bridge::new(BridgeKind::IODA2));
    assert_eq!(u.container.info(16), Err(Errno::Enxio));
    u.container.attach_group(&u.group).expect("free");
    assert_eq!(u.container.info(15), Err(Errno::Einval));
    let info = u.container.info(16).expect("a group");
    assert_eq!((info.dma32_window_start, info.dma32_window_size), (0, WINDOW32));
    assert_eq!(info.ddw, None);
    let v2 = User::v2();
    assert_eq!(v2.container.info(31).expect("a group").ddw, None, "no room for it");
    let ddw = v2.container.info(32).expect("a group").ddw.expect("version 2");
    assert_eq!((ddw.page_sizes, ddw.max_windows, ddw.levels), (0x4121_1000, 2, 5));
}

#[test]
fn a_group_belongs_to_one_container() {
    let u = User::v1();
    let other = vfio::TceContainer::v1(&u.process, &u.frames);
    assert_eq!(other.attach_group(&u.group), Err(Errno::Ebusy));
    let second = Group::new(&u.bridge, Pe(2), Liobn(0x200), WINDOW32).expect("a group");
    assert_eq!(u.container.attach_group(&std::sync::Arc::new(second)), Err(Errno::Ebusy));
    let mut by = u.container.agent();
    u.container.detach_group(&mut by, &u.group).expect("attached");
    other.attach_group(&u.group).expect("free again");
}

// Every platform maps, replaces and releases.
#[test]
fn version_1_works_on_every_bridge() {
    for bridge in [
        Bridge::new(BridgeKind::P5IOC2),
        Bridge::new(BridgeKind::IODA1),
        Bridge::new(BridgeKind::IODA2),
    ] {
        let mut u = User::new(1, &bridge);
        u.container.attach_group(&u.group).expect("free");
        u.container.enable().expect("a group");
        for round in 0..3 {
            u.map(0x1_0000, SMALL + round * 0x1000, 0x10_0000, RW).expect("map");
            u.assert_sound();
        }
        u.unmap(0, WINDOW32).expect("all");
        assert_eq!(u.all_pins(), 0);
    }
}
