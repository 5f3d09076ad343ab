// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The detector: it reports nothing while all is right, and names a fault.

use crate::stop::Stop;
use iommu::bridge::{BridgeKind, DmaMemory};
use iommu::detector::{Misuse, Tag, tag};
use iommu::*;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tests::dma_rig::*;

/// A machine with a detector, whose platform kills by `kill`.
fn watched(
    kind: BridgeKind,
    flags: Swinv,
    kill: fn(&Exchange, HwEntry, u64),
) -> (DmaRig, Arc<Detector>) {
    watched_with(kind, flags, |inner| Arc::new(Faulty { inner, kill }))
}

fn watched_with(
    kind: BridgeKind,
    flags: Swinv,
    wrap: impl FnOnce(Arc<dyn Platform>) -> Arc<dyn Platform>,
) -> (DmaRig, Arc<Detector>) {
    let frames = Arc::new(Frames::new(MEMORY).expect("memory"));
    let detector = Detector::new(frames.clone());
    let bridge = Bridge::with(kind, flags, Some(detector.clone()));
    let window = Window::bytes(L, 0, MEMORY, PageShift::K4).expect("a window");
    let table = bridge.create_table_with(window, 1, wrap).expect("a table");
    bridge.set_window(PE, 0, &table).expect("free");
    (DmaRig::over(&bridge, frames, window, table), detector)
}

fn right(inner: &Exchange, first: HwEntry, count: u64) {
    inner.kill(first, count);
}

fn missing(_: &Exchange, _: HwEntry, _: u64) {}

/// An entry without a history has no known past, and nothing is reported about it.
#[test]
fn a_history_of_so_many_entries_is_kept_and_the_others_are_counted() {
    let frames = Arc::new(Frames::new(MEMORY).expect("memory"));
    let detector = Detector::with_room(frames.clone(), 4);
    let bridge = Bridge::with(BridgeKind::IODA2, Swinv::BOTH, Some(detector.clone()));
    let window = Window::bytes(L, 0, MEMORY, PageShift::K4).expect("a window");
    let table = |bridge: &Arc<Bridge>| {
        let deaf = |inner| Arc::new(Faulty { inner, kill: missing }) as Arc<dyn Platform>;
        bridge.create_table_with(window, 1, deaf).expect("a table")
    };
    let first = table(&bridge);
    bridge.set_window(PE, 0, &first).expect("free");
    let mut m = DmaRig::over(&bridge, frames.clone(), window, first);
    let mut device = m.device();
    for entry in 0..6 {
        m.put(entry << 12, A | RW);
        m.read(&mut device, entry << 12).expect("mapped");
    }
    assert_eq!(detector.unwatched(), 2);
    // The platform drops the kill. That is reported for the first four entries. Nothing is reported for the
    // others, not even when a page replaces itself.
    for tce in [B | RW, B | RW, A | RW] {
        (0..6).for_each(|entry| m.put(entry << 12, tce));
    }
    (0..6).for_each(|entry| m.put(entry << 12, B | RW));
    let before = detector.count();
    (0..6).for_each(|entry| _ = m.read(&mut device, entry << 12));
    assert_eq!(detector.count() - before, 4, "{:?}", detector.reports());
    // A table that is gone leaves its room for others.
    bridge.unset_window(PE, 0).expect("set");
    drop((m, device));
    let second = table(&bridge);
    bridge.set_window(PE, 0, &second).expect("free");
    let (mut m, unwatched) = (DmaRig::over(&bridge, frames, window, second), detector.unwatched());
    (0..4).for_each(|entry| m.put(entry << 12, A | RW));
    assert_eq!(detector.unwatched(), unwatched);
}

#[test]
fn nothing_is_reported_when_the_platform_kills() {
    for (name, kind, flags) in KINDS {
        let (mut m, detector) = watched(kind, flags, right);
        let mut device = m.device();
        for n in 0..100u64 {
            m.put(0x3000, [A | RW, B | RW, A | R, 0][n as usize % 4]);
            let _ = m.read(&mut device, 0x3000);
            let _ = m.write(&mut device, 0x3000, n);
        }
        assert_eq!((detector.reports(), m.bridge.stale()), (vec![], 0), "{name}");
    }
}

#[test]
fn a_missing_kill_is_reported_with_window_address_page_and_call() {
    let (mut m, detector) = watched(BridgeKind::IODA2, Swinv::BOTH, missing);
    let mut device = m.device();
    tag(Tag { name: "H_PUT_TCE", number: 1 });
    m.put(0x3000, A | RW);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A));
    assert_eq!(detector.reports(), []);
    tag(Tag { name: "H_PUT_TCE", number: 2 });
    m.put(0x3000, B | RW);
    tag(Tag::default());
    assert_eq!(m.read(&mut device, 0x3000), Ok(A), "stale");
    let stale = Misuse {
        released: false,
        write: false,
        liobn: L,
        ioba: Ioba(0x3000),
        page: m.all.frames().hpa(Gpa(A)).expect("owned"),
        replaced_by: Tag { name: "H_PUT_TCE", number: 2 },
    };
    assert_eq!((detector.reports(), m.bridge.stale()), (vec![stale], 1));
    m.write(&mut device, 0x3000, 7).expect("stale");
    let write = Misuse { released: true, write: true, ..stale };
    assert_eq!(detector.reports(), [stale, write]);
    let text = write.to_string();
    for part in ["0x3000", "0x80000000", "H_PUT_TCE #2", "released"] {
        assert!(text.contains(part), "{text}");
    }
}

// Off by one: the neighbour is killed.
#[test]
fn a_wrong_kill_is_reported() {
    for (name, kind, flags) in KINDS.into_iter().filter(|(_, kind, _)| *kind != BridgeKind::P5IOC2)
    {
        let (mut m, detector) =
            watched(kind, flags, |inner, first, count| inner.kill(HwEntry(first.0 + 16), count));
        let mut device = m.device();
        m.put(0x3000, A | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(A));
        m.put(0x3000, B | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(A), "{name}");
        assert_eq!(detector.count(), 1, "{name}");
    }
}

// 10^5 exchanges while devices read and write, on every platform: a device sees only pages that are mapped or
// just were, and no page that was released.
#[test]
fn devices_that_race_with_exchanges_never_use_a_dead_translation() {
    for (name, kind, flags) in KINDS {
        let (mut m, detector) = watched(kind, flags, right);
        let done = AtomicBool::new(false);
        let mut agents = [m.all.agent(), m.all.agent()];
        m.put(0x3000, A | RW);
        std::thread::scope(|scope| {
            let stop = Stop(&done);
            let (m, done) = (&m, &done);
            let devices: Vec<_> = (0..2)
                .map(|n| {
                    scope.spawn(move || {
                        let mut device = m.device();
                        let mut reached = 0u64;
                        while !done.load(Ordering::Relaxed) {
                            // Page offset 8 is for the devices' writes.
                            let written = m.write(&mut device, 0x3008 + 8 * n, reached);
                            let read = m.read(&mut device, 0x3000);
                            assert!(read.is_err() || [Ok(A), Ok(B)].contains(&read), "{read:?}");
                            reached += u64::from(written.is_ok() || read.is_ok());
                        }
                        reached
                    })
                })
                .collect();
            let guests: Vec<_> = agents
                .iter_mut()
                .zip([[A | RW, B | RW, 0], [B | RW, A | R, A | RW]])
                .map(|(agent, tces)| {
                    scope.spawn(move || {
                        for n in 0..10_000 {
                            let tce = RawTce(tces[n % 3]);
                            m.all.put(agent, L, Ioba(0x3000), tce).expect("put");
                        }
                    })
                })
                .collect();
            guests.into_iter().for_each(|guest| guest.join().expect("no panic"));
            drop(stop);
            let reached: u64 = devices.into_iter().map(|d| d.join().expect("no panic")).sum();
            assert!(reached > 0, "{name}: the devices did nothing");
        });
        assert_eq!((detector.reports(), m.bridge.stale()), (vec![], 0), "{name}");
        assert!(m.all.audit().holds(), "{name}: {:?}", m.all.audit());
    }
}

// Without any kill, on every bridge with a cache that needs kills.
#[test]
fn a_missing_kill_is_reported_on_every_platform() {
    let deaf = ("p5ioc2, deaf", BridgeKind::P5IOC2_DEAF, Swinv::BOTH);
    for (name, kind, flags) in KINDS.into_iter().chain([deaf]) {
        let (mut m, detector) = watched(kind, flags, missing);
        let mut device = m.device();
        m.put(0x3000, A | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(A), "{name}");
        m.put(0x3000, B | RW);
        // The cache of P5IOC2 follows the table, and needs no kill.
        let follows = kind == BridgeKind::P5IOC2;
        assert_eq!(m.read(&mut device, 0x3000), Ok(if follows { B } else { A }), "{name}");
        m.write(&mut device, 0x3008, 7).expect("mapped, or stale");
        let reports: Vec<_> = detector.reports().iter().map(|r| (r.write, r.released)).collect();
        let expected = [(false, false), (true, true)];
        assert_eq!(reports, if follows { &[][..] } else { &expected }, "{name}");
    }
}

// papr-tce 4.2, P5IOC2: "no invalidate at all". Here its platform is on a bridge that needs kills.
#[test]
fn the_swap_of_p5ioc2_is_not_enough_for_a_cache_that_does_not_follow_the_table() {
    let (mut m, detector) = watched(BridgeKind::P5IOC2_DEAF, Swinv::BOTH, right);
    let mut device = m.device();
    m.put(0x3000, A | RW);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A));
    m.put(0x3000, 0);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A), "cleared, and reached");
    assert_eq!((detector.count(), m.bridge.stale(), m.bridge.kills()), (1, 1, 0));
}

/// Memory that runs a function right before a device's write arrives.
struct Slow<'a, M, F>(M, &'a F);

impl<M: DmaMemory, F: Fn()> DmaMemory for Slow<'_, M, F> {
    fn read(&self, from: Hpa, to: &mut [u8]) -> Option<()> {
        self.0.read(from, to)
    }
    fn write(&self, to: Hpa, from: &[u8]) -> Option<()> {
        (self.1)();
        self.0.write(to, from)
    }
}

// A late kill: the exchange is complete while a write through the old translation is under way.
#[test]
fn a_kill_that_does_not_wait_is_reported_on_every_platform() {
    for (name, kind, flags) in KINDS {
        let (mut m, detector) = watched(kind, flags, missing);
        m.put(0x3000, A | RW);
        let (agent, mut device) = (RefCell::new(m.all.agent()), m.device());
        let clear = || {
            tag(Tag { name: "H_STUFF_TCE", number: 77 });
            m.all.put(&mut agent.borrow_mut(), L, Ioba(0x3000), RawTce(0)).expect("clear");
            tag(Tag::default());
        };
        let slow = Slow(m.ram(), &clear);
        device.write(&slow, Ioba(0x3008), &[7; 8]).expect("mapped when it began");
        let [report] = detector.reports()[..] else { panic!("{name}: one report") };
        assert!(report.write && report.released, "{name}");
        assert_eq!((report.liobn, report.ioba), (L, Ioba(0x3000)), "{name}");
        assert_eq!(Ok(report.page), m.all.frames().hpa(Gpa(A)), "{name}");
        assert_eq!(report.replaced_by, Tag { name: "H_STUFF_TCE", number: 77 }, "{name}");
    }
}

// A page that an entry held long ago, before more values than are remembered one by one.
#[test]
fn a_translation_of_long_ago_is_reported_too() {
    let (mut m, detector) = watched(BridgeKind::IODA2, Swinv::BOTH, missing);
    let mut device = m.device();
    m.put(0x3000, A | RW);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A));
    for n in 0..100 {
        tag(Tag { name: "H_PUT_TCE", number: n });
        m.put(0x3000, (B + (n << 12)) | RW);
    }
    tag(Tag::default());
    assert_eq!(m.read(&mut device, 0x3000), Ok(A), "stale");
    let [report] = detector.reports()[..] else { panic!("one report") };
    assert_eq!((report.page, report.released), (m.all.frames().hpa(Gpa(A)).expect("owned"), false));
    assert_eq!(report.replaced_by.name, "H_PUT_TCE");
}

// The host's own mappings, made by set and removed by clear.
#[test]
fn a_translation_that_the_host_cleared_without_a_kill_is_reported() {
    for (flags, expected) in [(Swinv::BOTH, 0), (Swinv::CREATE, 1)] {
        let (m, detector) = watched_with(BridgeKind::IODA2, flags, |inner| inner);
        let mut device = m.device();
        let page = m.all.frames().page(Gpa(A), PageShift::K4).expect("a page");
        m.table.set(HwEntry(3), 1, Tce::new(page, Direction::ToDevice)).expect("in the table");
        assert_eq!(m.read(&mut device, 0x3000), Ok(A));
        assert_eq!(detector.count(), 0);
        m.table.clear(HwEntry(3), 1).expect("in the table");
        let stale = m.read(&mut device, 0x3000).is_ok();
        assert_eq!((stale, detector.count()), (expected == 1, expected), "{flags:?}");
    }
}
