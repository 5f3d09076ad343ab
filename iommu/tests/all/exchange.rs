// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One thread: an entry, the pins of a page and its dirty mark after each kind of call. Numbers are those of
//! papr-tce 7, and so are the expected values.

use crate::rig::*;
use iommu::*;
use std::sync::{Arc, Mutex, OnceLock};

// papr-tce 7.8
#[test]
fn a_put_maps_the_page_and_pins_it_once() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    assert_eq!((r.get(0), r.hw(0)), (A | 3, r.tce(A, Direction::Bidirectional)));
    assert_eq!((r.pins(A), r.dirty(A)), (1, false));
    r.assert_sound();
}

// papr-tce 7.9 and 7.16
#[test]
fn a_read_only_page_is_never_dirtied() {
    let mut r = Rig::new();
    r.put(0x1000, A | R).expect("put");
    assert_eq!(r.hw(0x1000).direction(), Direction::ToDevice);
    r.put(0x1000, 0).expect("clear");
    assert_eq!((r.pins(A), r.dirty(A)), (0, false));
}

// papr-tce 7.10; bug 66
#[test]
fn write_only_stays_write_only_and_dirties() {
    let mut r = Rig::new();
    r.put(0x1000, A | W).expect("put");
    assert_eq!((r.get(0x1000), r.hw(0x1000)), (A | 2, r.tce(A, Direction::FromDevice)));
    r.put(0x1000, 0).expect("clear");
    assert!(r.dirty(A));
}

// papr-tce 7.11; bugs 1 and 4 of papr-tce 6.1: no EBUSY, the old page is released and dirty
#[test]
fn bug_4_a_live_entry_is_replaced_without_a_clear() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    r.put(0, B | RW).expect("replace");
    assert_eq!((r.pins(A), r.dirty(A)), (0, true));
    assert_eq!((r.pins(B), r.dirty(B)), (1, false));
    assert_eq!((r.get(0), r.hw(0)), (B | 3, r.tce(B, Direction::Bidirectional)));
    r.assert_sound();
}

// papr-tce 7.12
#[test]
fn replacing_a_page_by_itself_leaves_one_pin_and_dirt() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    r.put(0, A | RW).expect("again");
    assert_eq!((r.pins(A), r.dirty(A)), (1, true));
    r.assert_sound();
}

// papr-tce 7.12 for the batch, which omits the swap
#[test]
fn replacing_a_batch_by_itself_leaves_one_pin_each_and_dirt() {
    let mut r = Rig::new();
    let list = [A | RW, B | R, 0];
    r.list(0, &list).expect("list");
    r.list(0, &list).expect("again");
    assert_eq!((r.pins(A), r.dirty(A)), (1, true));
    assert_eq!((r.pins(B), r.dirty(B)), (1, false));
    r.assert_sound();
}

// papr-tce 7.13 and 7.14; bug 1: the old direction decides, not the new one
#[test]
fn bug_1_the_old_direction_decides_what_is_dirty() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    r.put(0, A | R).expect("less");
    assert!(r.dirty(A));

    r.put(0, B | R).expect("put");
    r.put(0, B | RW).expect("more");
    assert!(!r.dirty(B));
    r.put(0, 0).expect("clear");
    assert!(r.dirty(B));
}

// papr-tce 7.15
#[test]
fn a_clear_releases_and_dirties() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    r.put(0, 0).expect("clear");
    assert_eq!((r.pins(A), r.dirty(A), r.get(0), r.hw(0)), (0, true, 0, Tce::CLEAR));
}

// papr-tce 7.17; bug 2: a cleared entry is not released again
#[test]
fn bug_2_clearing_what_is_clear_releases_nothing() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    for _ in 0..1000 {
        r.put(0, 0).expect("clear");
        r.stuff(0, 0, 512).expect("clear");
    }
    assert_eq!(r.pins(A), 0);
    assert_eq!(r.agent.totals().released, 1);
    r.assert_sound();
}

// papr-tce 7.18 and 7.65; bug 53
#[test]
fn bug_53_an_address_without_permissions_is_stored_and_maps_nothing() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    r.put(0, 0xdead_0000).expect("clear");
    assert_eq!((r.get(0), r.hw(0), r.pins(A)), (0xdead_0000, Tce::CLEAR, 0));
    r.stuff(0x1000, !3, 3).expect("any value without permissions");
    assert_eq!((r.get(0x3000), r.hw(0x3000)), (!3, Tce::CLEAR));
    r.put(0, 0).expect("clear");
    assert_eq!(r.agent.totals().released, 1);
    r.assert_sound();
}

// papr-tce 7.19 and 7.20; bug 65: no device reaches A after the guest wrote another page to the entry
#[test]
fn bug_65_an_address_outside_memory_is_refused_and_nothing_changes() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("put");
    let before = r.state();
    for address in [MEMORY, 0x000f_ffff_ffff_f000, 0xffff_ffff_ffff_f000] {
        let refused = Err(Error::NotOwned(Gpa(address)));
        assert_eq!(r.put(0, address | RW), refused);
        assert_eq!(r.stuff(0, address | R, 512), refused);
        assert_eq!(r.list(0, &[B | RW, address | W]), refused);
        assert_eq!(r.state(), before);
    }
    r.put(0, (MEMORY - 0x1000) | RW).expect("the last page is owned");
}

// papr-tce 7.21, 7.53, 7.29; bug 38: bits below the page never reach the exchange
#[test]
fn bug_38_reserved_bits_are_refused_with_permissions_and_ignored_without() {
    let mut r = Rig::new();
    for bit in 2..12 {
        let before = r.state();
        let address = A | 1 << bit;
        assert_eq!(r.put(0, address | RW), Err(Error::LowBits(address)));
        assert_eq!(r.list(0, &[B | RW, address | R]), Err(Error::LowBits(address)));
        assert_eq!(r.state(), before);
        r.list(0, &[address]).expect("a clear");
        assert_eq!(r.hw(0), Tce::CLEAR);
        r.put(0, 0).expect("a clear");
    }
    let large = r.all.put(&mut r.agent, L2, Ioba(START2), RawTce(0x11000 | RW));
    assert_eq!(large, Err(Error::LowBits(0x11000)));
}

// papr-tce 7.22 to 7.26
#[test]
fn an_entry_outside_any_window_is_refused_and_nothing_changes() {
    let mut r = Rig::new();
    let before = r.state();
    assert_eq!(r.put(0x801, A | RW), Err(Error::Unaligned(Ioba(0x801))));
    for ioba in [0x4000_0000, 0xffff_ffff_ffff_f000] {
        let ioba = Ioba(ioba);
        assert_eq!(r.put(ioba.0, A | RW), Err(Error::Outside { ioba, count: 1 }));
        assert_eq!(r.all.tce(&mut r.agent, L, ioba), Err(Error::Outside { ioba, count: 1 }));
    }
    let unknown = r.all.put(&mut r.agent, Liobn(7), Ioba(0), RawTce(A | RW));
    assert_eq!(unknown, Err(Error::NoWindow(Liobn(7))));
    assert_eq!(r.state(), before);
    r.put(0x3fff_f000, A | RW).expect("the last entry");
}

// papr-tce 7.31; bug 7: guest and hardware indices are kept apart
#[test]
fn bug_7_a_large_guest_page_is_all_of_its_hardware_entries_and_no_other() {
    let kills = Arc::new(Mutex::new(Vec::new()));
    let seen = kills.clone();
    let mut r = Rig::with(|w| {
        let seen = seen.clone();
        let hw = Window::bytes(w.liobn(), w.start().0, w.len(), PageShift::K4).expect("a window");
        let hook =
            move |first: HwEntry, count| seen.lock().expect("one thread").push((first.0, count));
        IommuTable::new(hw, Ioda2::with_hook(hook)).expect("a table")
    });
    let e = 5;
    let ioba = Ioba(START2 + (e << 16));
    r.all.put(&mut r.agent, L2, ioba, RawTce(0x30000 | RW)).expect("put");
    let hw = |r: &Rig, n| r.all.windows()[1].tables()[0].tce(HwEntry(n)).expect("in the table");
    for n in 0..16 {
        assert_eq!(hw(&r, 16 * e + n), r.tce(0x30000 + (n << 12), Direction::Bidirectional));
        assert_eq!(r.pins(0x30000 + (n << 12)), 1);
    }
    assert_eq!((hw(&r, 16 * e - 1), hw(&r, 16 * e + 16)), (Tce::CLEAR, Tce::CLEAR));
    assert_eq!(*kills.lock().expect("one thread"), [(16 * e, 16)]);
    r.assert_sound();

    r.all.stuff(&mut r.agent, L2, ioba, RawTce(0), 2).expect("clear");
    for n in 0..16 {
        assert_eq!((hw(&r, 16 * e + n), r.pins(0x30000 + (n << 12))), (Tce::CLEAR, 0));
        assert!(r.dirty(0x30000 + (n << 12)));
    }
    assert_eq!(r.all.audit(), Audit::default());
}

#[test]
fn a_large_hardware_page_is_pinned_once_and_dirties_all_of_it() {
    let mut r = Rig::new();
    r.all.put(&mut r.agent, L2, Ioba(START2), RawTce(0x30000 | RW)).expect("put");
    assert_eq!((r.pins(0x30000), r.pins(0x31000)), (1, 0));
    r.assert_sound();
    r.all.put(&mut r.agent, L2, Ioba(START2), RawTce(0)).expect("clear");
    assert!((0..16).all(|n| r.dirty(0x30000 + (n << 12))));
    assert!(!r.dirty(0x2f000) && !r.dirty(0x40000));
}

// papr-tce 7.32
#[test]
fn two_hardware_tables_under_one_window_hold_the_same() {
    let mut r = Rig::new();
    let window = *r.all.windows()[0].window();
    let second = IommuTable::new(window, Ioda2::default()).expect("a table");
    r.all.attach(L, second).expect("compatible");
    r.put(0, A | RW).expect("put");
    assert_eq!(r.pins(A), 2);
    r.assert_sound();
    r.list(0, &[B | R, A | R]).expect("list");
    assert_eq!((r.pins(A), r.pins(B)), (2, 2));
    r.assert_sound();
    r.stuff(0, 0, 2).expect("clear");
    assert_eq!((r.pins(A), r.pins(B)), (0, 0));
    assert_eq!(r.all.audit(), Audit::default());
}

// papr-tce 7.92; bug 18
#[test]
fn bug_18_a_hardware_table_that_does_not_cover_the_window_is_refused() {
    let r = Rig::new();
    let refused = Err(Error::Incompatible(L2));
    for (start, len, shift) in [
        (START2, 0x1000_0000, 24),            // larger pages
        (START2 + 0x1_0000, 0x1000_0000, 16), // begins elsewhere
        (START2, 0x0800_0000, 16),            // smaller
    ] {
        let shift = PageShift::new(shift).expect("a shift");
        let window = Window::bytes(L2, start, len, shift).expect("a window");
        let table = IommuTable::new(window, Ioda2::default()).expect("a table");
        assert_eq!(r.all.attach(L2, table), refused);
    }
    let window = Window::bytes(L2, START2, 0x2000_0000, PageShift::K4).expect("a window");
    let larger = IommuTable::new(window, Ioda2::default()).expect("a table");
    assert_eq!(r.all.attach(L2, larger), Ok(()));
}

// bug 55
#[test]
fn bug_55_two_windows_cannot_have_one_liobn() {
    let r = Rig::new();
    let window = *r.all.windows()[0].window();
    let table = IommuTable::new(window, Ioda2::default()).expect("a table");
    assert_eq!(r.all.add_window(window, table), Err(Error::Duplicate(L)));
}

// papr-tce 7.42 and 7.55
#[test]
fn a_full_list_maps_all_and_a_second_one_replaces_all() {
    let mut r = Rig::new();
    let list = |base: u64| -> Vec<u64> { (0..512).map(|n| (base + (n << 12)) | RW).collect() };
    r.list(0, &list(0x100_0000)).expect("list");
    assert!((0..512).all(|n| r.get(n << 12) == list(0x100_0000)[n as usize]));
    assert_eq!(r.all.audit(), Audit { live: 512, ..Audit::default() });
    r.list(0, &list(0x200_0000)).expect("list");
    for n in 0..512 {
        assert_eq!((r.pins(0x100_0000 + (n << 12)), r.pins(0x200_0000 + (n << 12))), (0, 1));
        assert!(r.dirty(0x100_0000 + (n << 12)) && !r.dirty(0x200_0000 + (n << 12)));
    }
    let totals = Totals { pinned: 1024, released: 512, dirtied: 512, kills: 2 };
    assert_eq!(r.agent.totals(), totals);
}

// papr-tce 7.43, 7.49, 7.50, 7.51; bug 17
#[test]
fn bug_17_a_bad_entry_anywhere_in_a_list_leaves_every_entry_as_it_was() {
    let mut r = Rig::new();
    r.list(0, &[A | RW; 512]).expect("list");
    let before = r.state();
    for bad in [0, 1, 255, 511] {
        let mut list = [B | RW; 512];
        list[bad] = MEMORY | R;
        assert_eq!(r.list(0, &list), Err(Error::NotOwned(Gpa(MEMORY))), "at {bad}");
        assert_eq!(r.state(), before);
        assert!((0..512).all(|n| r.get(n << 12) == A | RW));
    }
    assert_eq!(r.list(0, &[B | RW; 513]), Err(Error::TooMany(513)));
    let ioba = Ioba(0x3fff_f000);
    assert_eq!(r.list(ioba.0, &[B | RW; 2]), Err(Error::Outside { ioba, count: 2 }));
    assert_eq!((r.state(), r.get(ioba.0)), (before, 0));
}

// papr-tce 7.45 and 7.62
#[test]
fn nothing_is_a_valid_number_of_entries() {
    let mut r = Rig::new();
    let before = r.state();
    r.list(0, &[]).expect("none");
    r.stuff(0, A | RW, 0).expect("none");
    assert_eq!(r.state(), before);
}

// papr-tce 7.52; bug 37: an entry of a list without permissions is a clear
#[test]
fn bug_37_a_mixed_list_maps_clears_and_replaces() {
    let mut r = Rig::new();
    r.put(0x1000, 0x5000 | RW).expect("put");
    r.list(0, &[A | RW, 0x7777_7000, B | R]).expect("list");
    assert_eq!((r.pins(A), r.pins(0x5000), r.pins(B)), (1, 0, 1));
    assert!(r.dirty(0x5000));
    assert_eq!((r.hw(0x1000), r.get(0x1000)), (Tce::CLEAR, 0x7777_7000));
    r.assert_sound();
}

// papr-tce 7.59 and 7.66
#[test]
fn a_stuff_maps_or_clears_all_of_its_entries_with_one_kill() {
    let mut r = Rig::new();
    r.stuff(0x1000, A | RW, 512).expect("stuff");
    assert_eq!((r.pins(A), r.get(0), r.get(0x1000), r.get(0x20_0000)), (512, 0, A | 3, A | 3));
    assert_eq!(r.get(0x20_1000), 0);
    r.assert_sound();
    r.stuff(0x1000, 0, 512).expect("stuff");
    assert_eq!((r.pins(A), r.agent.totals().kills), (0, 2));
    assert_eq!(r.all.audit(), Audit::default());
}

// papr-tce 7.60, 7.61, 7.63, 7.64, and LoPAR's order of checks: address, count, range
#[test]
fn a_stuff_that_is_too_long_is_refused_by_count_before_range_and_after_address() {
    let mut r = Rig::new();
    let before = r.state();
    let end = 0x4000_0000;
    assert_eq!(r.stuff(0, 0, 513), Err(Error::TooMany(513)));
    assert_eq!(r.stuff(end - 0x1000, 0, 513), Err(Error::TooMany(513)));
    assert_eq!(r.stuff(0x1000, 0, u64::MAX), Err(Error::TooMany(u64::MAX)));
    assert_eq!(r.stuff(end, 0, 513), Err(Error::Outside { ioba: Ioba(end), count: 1 }));
    let ioba = Ioba(end - 0x1000);
    assert_eq!(r.stuff(ioba.0, 0, 2), Err(Error::Outside { ioba, count: 2 }));
    assert_eq!(r.state(), before);
}

// papr-tce 7.73; bug 45: exchange < kill < dirty, release
#[test]
fn bug_45_a_page_is_killed_before_it_is_dirtied_and_released() {
    let world: Arc<OnceLock<Arc<Container>>> = Arc::default();
    let at_kill = Arc::new(Mutex::new(Vec::new()));
    let (in_hook, seen) = (world.clone(), at_kill.clone());
    let r = Rig::with(move |window| {
        let (world, seen) = (in_hook.clone(), seen.clone());
        let hook = move |first, count| {
            let all = world.get().expect("set before any call");
            let a = all.frames().hpa(Gpa(A)).expect("owned");
            let entry = all.windows()[0].tables()[0].tce(first).expect("in the table");
            let state = (entry, count, all.frames().pins(a), all.frames().is_dirty(a));
            seen.lock().expect("one thread").push(state);
        };
        IommuTable::new(window, Ioda2::with_hook(hook)).expect("a table")
    });
    let all = Arc::new(r.all);
    world.set(all.clone()).expect("once");
    let mut agent = all.agent();
    let page = |gpa| all.frames().page(Gpa(gpa), PageShift::K4).expect("a page");
    let (a, b) = (page(A), page(B));
    let (a, b) = (Tce::new(a, Direction::Bidirectional), Tce::new(b, Direction::ToDevice));

    all.put(&mut agent, L, Ioba(0), RawTce(A | RW)).expect("put");
    all.put(&mut agent, L, Ioba(0), RawTce(B | R)).expect("replace");
    // At the kill the entry is new, and the old page is still pinned and not marked.
    let expected = [(a, 1, 1, false), (b, 1, 1, false)];
    assert_eq!(*at_kill.lock().expect("one thread"), expected);
    assert!(all.frames().is_dirty(a.hpa()));

    let _ = all.frames().take_dirty();
    at_kill.lock().expect("one thread").clear();
    all.stuff(&mut agent, L, Ioba(0), RawTce(A | RW), 300).expect("stuff");
    all.stuff(&mut agent, L, Ioba(0), RawTce(0), 300).expect("clear");
    let expected = [(a, 300, 300, false), (Tce::CLEAR, 300, 300, false)];
    assert_eq!(*at_kill.lock().expect("one thread"), expected);
    assert_eq!((all.frames().pins(a.hpa()), all.frames().is_dirty(a.hpa())), (0, true));
}

#[test]
fn a_batch_of_a_library_user_checks_and_cannot_forget() {
    let mut r = Rig::new();
    let (a, foreign) = (r.tce(A, Direction::Bidirectional), AlignedHpa::new(Hpa(A)));
    let foreign = Tce::new(foreign.expect("aligned"), Direction::ToDevice);
    let table = r.all.windows()[0].tables()[0].clone();
    let mut batch = Batch::new(&table, r.all.frames(), &mut r.agent).expect("it exchanges");
    assert_eq!(batch.tce_xchg(HwEntry(0x40000), a), Err(Error::NoEntry(HwEntry(0x40000))));
    assert_eq!(batch.tce_xchg(HwEntry(1), foreign), Err(Error::Foreign(Hpa(A))));
    assert_eq!(batch.tce_xchg(HwEntry(1), a), Ok(Tce::CLEAR));
    for _ in 0..2000 {
        assert_eq!(batch.tce_xchg(HwEntry(1), a), Ok(a));
    }
    assert_eq!(batch.tce_xchg(HwEntry(1), Tce::CLEAR), Ok(a));
    drop(batch);
    assert_eq!((r.pins(A), r.dirty(A)), (0, true));
    r.assert_sound();
}

// The exchange of the commit by itself, on a plain table and on one that needs the steps of a batch.
#[test]
fn one_exchange_is_a_batch_of_one() {
    let list =
        [(A, Direction::Bidirectional), (B, Direction::ToDevice), (A, Direction::FromDevice)];
    let window = Window::bytes(L, 0, 1 << 40, PageShift::K4).expect("a window");
    let frames = Arc::new(Frames::new(MEMORY).expect("memory"));
    let detector = Detector::new(frames.clone());
    let new = || IommuTable::with_levels(window, 2, Ioda2::default()).expect("a table");
    for table in [new(), new().watched(detector.watch(&window))] {
        let mut by = frames.agent();
        let mut xchg = |entry, tce| tce_xchg(&table, &frames, &mut by, HwEntry(entry), tce);
        let page = |gpa| frames.page(Gpa(gpa), PageShift::K4).expect("a page");
        assert_eq!(xchg(7, Tce::CLEAR), Ok(Tce::CLEAR), "no level, and none is made");
        let mut last = Tce::CLEAR;
        for (gpa, direction) in list {
            let tce = Tce::new(page(gpa), direction);
            assert_eq!(xchg(7, tce), Ok(last));
            assert_eq!(frames.pins(tce.hpa()), 1);
            last = tce;
        }
        assert_eq!((frames.pins(page(B).hpa()), frames.is_dirty(page(B).hpa())), (0, false));
        assert!(frames.is_dirty(page(A).hpa()), "by the first direction");
        assert_eq!(xchg(1 << 28, last), Err(Error::NoEntry(HwEntry(1 << 28))));
        let foreign = Tce::new(AlignedHpa::new(Hpa(A)).expect("aligned"), Direction::ToDevice);
        assert_eq!(xchg(7, foreign), Err(Error::Foreign(Hpa(A))));
        assert_eq!(xchg(7, Tce::CLEAR), Ok(last));
        assert_eq!(
            by.totals(),
            Totals { pinned: 3, released: 3, dirtied: 2, kills: by.totals().kills }
        );
        assert_eq!(Audit::tables(&frames, [&table]), Audit::default());
        frames.take_dirty();
    }
}

// papr-tce 7.87; bugs 56 and 67
#[test]
fn bug_67_a_reset_clears_view_and_hardware_and_releases_all() {
    let mut r = Rig::new();
    r.stuff(0x1000, A | RW, 512).expect("stuff");
    r.put(0x3fff_f000, 0xdead_0000).expect("put");
    r.all.put(&mut r.agent, L2, Ioba(START2), RawTce(0x30000 | RW)).expect("put");
    r.all.clear(&mut r.agent);
    assert_eq!((r.get(0x1000), r.get(0x3fff_f000)), (0, 0));
    assert_eq!(r.all.audit(), Audit::default());
    assert_eq!((r.pins(A), r.pins(0x30000)), (0, 0));
}

#[test]
fn the_summary_counts_what_was_done() {
    let mut r = Rig::new();
    r.put(0, A | RW).expect("map");
    r.put(0, B | RW).expect("replace");
    r.stuff(0x1000, A | R, 10).expect("map");
    r.stuff(0, 0, 5).expect("clear");
    r.put(0x801, 0).expect_err("refused, not counted");
    let stats = r.all.stats([&r.agent]);
    let window = stats.windows[0];
    let tally = Tally { puts: 17, replaced: 1, cleared: 5, mapped: 11 };
    assert_eq!((window.liobn, window.tally, window.live, window.max_live), (L, tally, 6, 11));
    let totals = Totals { pinned: 12, released: 6, dirtied: 2, kills: 4 };
    assert_eq!((stats.totals, stats.leaked), (totals, 0));
}
