// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Windows that come and go during calls, and memory that is unregistered meanwhile.

use crate::rig::*;
use crate::stop::Stop;
use iommu::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

fn dynamic() -> Window {
    Window::bytes(Liobn(9), 1 << 59, 1 << 30, PageShift::K4).expect("a window")
}

fn table(window: Window) -> IommuTable {
    IommuTable::with_levels(window, 2, Ioda2::default()).expect("a table")
}

// papr-tce 7.82
#[test]
fn a_removed_window_is_unknown_and_its_pages_are_released() {
    let mut r = Rig::new();
    let (window, ioba) = (dynamic(), dynamic().start());
    for _ in 0..3 {
        r.all.add_window(window, table(window)).expect("a new LIOBN");
        r.all.stuff(&mut r.agent, Liobn(9), ioba, RawTce(A | RW), 300).expect("stuff");
        assert_eq!(r.pins(A), 300);
        r.all.remove_window(&mut r.agent, Liobn(9)).expect("there");
        assert_eq!((r.pins(A), r.dirty(A)), (0, true));
        let unknown = Err(Error::NoWindow(Liobn(9)));
        assert_eq!(r.all.put(&mut r.agent, Liobn(9), ioba, RawTce(0)), unknown);
        assert_eq!(r.all.remove_window(&mut r.agent, Liobn(9)), unknown);
        r.assert_sound();
    }
    let tally = Tally { puts: 1, mapped: 1, ..Tally::default() };
    r.put(0, A | RW).expect("the other windows are as they were");
    assert_eq!(r.agent.tally(&r.all.windows()[0]), tally);
}

// bug 30 of papr-tce 6.1: cleared and released before the LIOBN disappears
#[test]
fn bug_30_the_liobn_is_known_until_every_entry_is_cleared() {
    let world: Arc<OnceLock<Arc<Container>>> = Arc::default();
    let known = Arc::new(Mutex::new(Vec::new()));
    let (in_hook, seen) = (world.clone(), known.clone());
    let hook = move |_, _| {
        let all = in_hook.get().expect("set before any call");
        seen.lock().expect("one thread").push(all.window(Liobn(9)).is_ok());
    };
    let all = Arc::new(Container::new(Frames::new(MEMORY).expect("memory")));
    world.set(all.clone()).expect("once");
    let table = IommuTable::new(dynamic(), Ioda2::with_hook(hook)).expect("a table");
    all.add_window(dynamic(), table).expect("a window");
    let mut agent = all.agent();
    all.put(&mut agent, Liobn(9), dynamic().start(), RawTce(A | RW)).expect("put");
    all.remove_window(&mut agent, Liobn(9)).expect("there");
    // One kill for the put, one for the clear.
    assert_eq!(*known.lock().expect("one thread"), [true, true]);
    assert!(all.window(Liobn(9)).is_err());
}

// Invariant: calls that race the removal of their window leave nothing mapped
#[test]
fn calls_that_race_with_the_removal_of_their_window_leave_nothing() {
    let r = Rig::new();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = Stop(&done);
        for n in 0..2u64 {
            let (all, done) = (&r.all, &done);
            scope.spawn(move || {
                let mut by = all.agent();
                let (start, unknown) = (dynamic().start().0, Err(Error::NoWindow(Liobn(9))));
                let list = [A | RW, B | RW, 0, A | R];
                for k in 0.. {
                    let ioba = Ioba(start + (((k + n) % 8) << 12));
                    let put = all.put(&mut by, Liobn(9), ioba, RawTce(list[k as usize % 4]));
                    assert!(put == Ok(()) || put == unknown, "{put:?}");
                    let put = all.put_list(&mut by, Liobn(9), ioba, &list);
                    assert!(put == Ok(()) || put == unknown, "{put:?}");
                    all.put(&mut by, L, Ioba(0), RawTce(A | RW)).expect("stays");
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        let mut by = r.all.agent();
        for _ in 0..2000 {
            r.all.add_window(dynamic(), table(dynamic())).expect("removed before");
            std::thread::yield_now();
            r.all.remove_window(&mut by, Liobn(9)).expect("there");
        }
        drop(stop);
    });
    assert_eq!(r.all.audit(), Audit { live: 1, ..Audit::default() });
}

// papr-tce 7.34: unregister races put
#[test]
fn of_a_put_and_an_unregistration_at_most_one_succeeds() {
    let all = Container::new(Frames::unregistered(0x10_0000).expect("memory"));
    let window = Window::bytes(L, 0, 0x10_0000, PageShift::K4).expect("a window");
    all.add_window(window, IommuTable::new(window, Ioda2::default()).expect("a table"))
        .expect("a window");
    let frames = all.frames();
    let range = frames.hpa(Gpa(0)).expect("memory")..frames.hpa(Gpa(0x8000)).expect("memory");
    let register = || frames.register(std::slice::from_ref(&range)).expect("free");
    let mut by = all.agent();
    let refused = Err(Error::NotRegistered(Gpa(0x3000)));
    assert_eq!(all.put(&mut by, L, Ioba(0), RawTce(0x3003)), refused);
    let mut region = register();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = Stop(&done);
        for n in 0..2u64 {
            let (all, done) = (&all, &done);
            scope.spawn(move || {
                let mut by = all.agent();
                while !done.load(Ordering::Relaxed) {
                    for tce in [0x3003, 0x4003, 0] {
                        let ioba = Ioba(n << 12);
                        let before = all.window(L).expect("there").view().load(GuestEntry(n));
                        match all.put(&mut by, L, ioba, RawTce(tce)) {
                            Ok(()) => {}
                            Err(Error::NotRegistered(_)) => {
                                let after = all.tce(&mut by, L, ioba);
                                assert_eq!(after, Ok(before), "nothing was changed");
                            }
                            Err(other) => panic!("{other}"),
                        }
                    }
                    let _ = all.put_list(&mut by, L, Ioba(0x10_000), &[0x3003, 0, 0x5003, 0x6001]);
                    all.stuff(&mut by, L, Ioba(0x10_000), RawTce(0), 4).expect("clears always");
                }
            });
        }
        for _ in 0..3000 {
            match frames.unregister(&region) {
                Ok(()) => {
                    // Nothing maps the region, and nothing can map it.
                    region = register();
                }
                Err(error) => assert!(matches!(error, Error::Mapped(_)), "{error}"),
            }
        }
        drop(stop);
    });
    assert!(all.audit().holds(), "{:?}", all.audit());
    all.clear(&mut by);
    frames.unregister(&region).expect("nothing maps it");
    assert_eq!(all.audit(), Audit::default());
}

// bug 39 of papr-tce 6.2: of a large guest page only the first half is registered
#[test]
fn bug_39_a_sub_page_that_cannot_be_mapped_leaves_counts_and_entries_alone() {
    let all = Container::new(Frames::unregistered(0x10_0000).expect("memory"));
    let window = |shift| Window::bytes(L, 0, 0x10_0000, shift).expect("a window");
    let hw = IommuTable::new(window(PageShift::K4), Ioda2::default()).expect("a table");
    all.add_window(window(PageShift::K64), hw).expect("a window");
    let hpa = |gpa| all.frames().hpa(Gpa(gpa)).expect("memory");
    all.frames().register(&[hpa(0)..hpa(0x1_8000)]).expect("free");
    let mut by = all.agent();
    all.put(&mut by, L, Ioba(0), RawTce(RW)).expect("wholly registered");
    let refused = all.put(&mut by, L, Ioba(0), RawTce(0x1_0000 | RW));
    assert_eq!(refused, Err(Error::NotRegistered(Gpa(0x1_8000))));
    assert_eq!(all.tce(&mut by, L, Ioba(0)), Ok(RawTce(RW)));
    assert_eq!(all.audit(), Audit { live: 16, ..Audit::default() });
}

/// Injected faults: one page counts as not registered, and kills are late.
struct Injected;

impl Faults for Injected {
    fn unregistered(&self, _: Liobn, gpa: Gpa) -> bool {
        gpa == Gpa(B)
    }
    fn before_kill(&self, _: Liobn) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

// papr-tce 7.49 with an injected fault: all or nothing
#[test]
fn injected_faults_change_nothing() {
    let frames = Frames::new(0x10_0000).expect("memory");
    let all = Container::new(frames).with_faults(Arc::new(Injected));
    let window = Window::bytes(L, 0, 0x10_0000, PageShift::K4).expect("a window");
    all.add_window(window, table(window)).expect("a window");
    let mut by = all.agent();
    let refused = Err(Error::NotRegistered(Gpa(B)));
    all.put(&mut by, L, Ioba(0), RawTce(A | RW)).expect("put");
    assert_eq!(all.put(&mut by, L, Ioba(0), RawTce(B | RW)), refused);
    assert_eq!(all.put_list(&mut by, L, Ioba(0), &[0, A | RW, B | R]), refused);
    assert_eq!(all.stuff(&mut by, L, Ioba(0), RawTce(B | W), 5), refused);
    assert_eq!(all.tce(&mut by, L, Ioba(0)), Ok(RawTce(A | RW)));
    assert_eq!(all.audit(), Audit { live: 1, ..Audit::default() });
    assert_eq!(by.totals(), Totals { pinned: 1, released: 0, dirtied: 0, kills: 1 });
}

#[test]
fn live_entries_of_a_window_without_a_table_are_those_of_its_view() {
    let window = Window::bytes(Liobn(7), 0, 1 << 20, PageShift::K4).unwrap();
    let container = Container::new(Frames::new(1 << 20).unwrap());
    container.add_view(window).unwrap();
    let mut agent = container.agent();
    let puts = [(0x1000, 3), (0x2000, 0x5001), (0x3000, 0x4000), (0x1000, 0x6003), (0x2000, 0)];
    for (ioba, tce) in puts {
        container.put(&mut agent, Liobn(7), Ioba(ioba), RawTce(tce)).unwrap();
    }
    container.stuff(&mut agent, Liobn(7), Ioba(0), RawTce(0x7002), 8).unwrap();
    container.stuff(&mut agent, Liobn(7), Ioba(0x7000), RawTce(0), 100).unwrap();
    let table = container.window(Liobn(7)).unwrap();
    assert_eq!((table.live(), table.max_live()), (7, 8));
    let tally = Tally { puts: 113, replaced: 2, cleared: 2, mapped: 9 };
    assert_eq!(agent.tally(&table), tally);
}

#[test]
fn a_new_window_gets_the_memory_for_an_entry_before_it_is_the_guests() {
    let mut r = Rig::new();
    let new = r.all.new_window(dynamic(), table(dynamic())).expect("a window");
    r.all.make_room_in(&r.agent, &new, GuestEntry(5), RawTce(A | RW)).expect("memory");
    let window = r.all.publish(new).expect("a new LIOBN");
    r.agent.set_may_allocate(false);
    let ioba = |entry: u64| Ioba(dynamic().start().0 + (entry << 12));
    r.all.put(&mut r.agent, Liobn(9), ioba(5), RawTce(A | RW)).expect("its memory is there");
    let far = ioba(dynamic().size() - 1);
    let refused = r.all.put(&mut r.agent, Liobn(9), far, RawTce(A | RW));
    assert_eq!(refused, Err(Error::NoMemory));
    r.agent.set_may_allocate(true);
    assert_eq!((window.live(), r.pins(A)), (1, 1));
    r.assert_sound();
}

#[test]
fn windows_are_arranged_in_the_order_of_their_liobns_and_keep_their_tallies() {
    let mut r = Rig::new();
    r.all.add_window(dynamic(), table(dynamic())).expect("a new LIOBN");
    let ioba = dynamic().start();
    r.all.put(&mut r.agent, Liobn(9), ioba, RawTce(A | RW)).expect("put");
    let order = || -> Vec<Liobn> { r.all.windows().iter().map(|w| w.window().liobn()).collect() };
    let mut backwards = order();
    backwards.reverse();
    assert_ne!(backwards, order());
    r.all.arrange(&backwards);
    assert_eq!(order(), backwards);
    let tally = Tally { puts: 1, mapped: 1, ..Tally::default() };
    assert_eq!(r.agent.tally(&r.all.window(Liobn(9)).expect("there")), tally);
    r.all.put(&mut r.agent, Liobn(9), ioba, RawTce(0)).expect("put");
    assert_eq!(r.pins(A), 0);
    r.assert_sound();
}
