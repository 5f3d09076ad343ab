// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The detector: silent when all is right, and it names what is wrong.

mod machine;
mod stop;

use iommu::bridge::Kind;
use iommu::detector::{Report, Tag, tag};
use iommu::*;
use machine::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use stop::Stop;

/// A machine that is watched, with a platform that kills as `kill` says.
fn watched(kind: Kind, kill: fn(&dyn Platform, HwEntry, u64)) -> (Machine, Arc<Detector>) {
    let frames = Arc::new(Frames::new(MEMORY).expect("memory"));
    let detector = Detector::new(frames.clone());
    let bridge = Bridge::with(kind, Swinv::BOTH, Some(detector.clone()));
    let window = Window::bytes(L, 0, MEMORY, PageShift::K4).expect("a window");
    let wrap = |inner| -> Box<dyn Platform> { Box::new(Faulty { inner, kill }) };
    let table = bridge.create_table_with(window, 1, wrap).expect("a table");
    bridge.set_window(PE, 0, &table).expect("free");
    (Machine::over(&bridge, frames, window, table), detector)
}

fn right(inner: &dyn Platform, first: HwEntry, count: u64) {
    inner.kill(first, count);
}

#[test]
fn nothing_is_reported_when_the_platform_kills() {
    for (name, kind) in KINDS {
        let (mut m, detector) = watched(kind, right);
        let mut device = m.device();
        for n in 0..100u64 {
            m.put(0x3000, [A | RW, B | RW, A | R, 0][n as usize % 4]);
            let _ = m.read(&mut device, 0x3000);
            let _ = m.write(&mut device, 0x3000, n);
        }
        assert_eq!(detector.reports(), [], "{name}");
    }
}

#[test]
fn a_missing_kill_is_reported_with_window_address_page_and_call() {
    let (mut m, detector) = watched(Kind::Ioda2, |_, _, _| {});
    let mut device = m.device();
    tag(Tag { name: "H_PUT_TCE", number: 1 });
    m.put(0x3000, A | RW);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A));
    assert_eq!(detector.reports(), []);
    tag(Tag { name: "H_PUT_TCE", number: 2 });
    m.put(0x3000, B | RW);
    tag(Tag::default());
    assert_eq!(m.read(&mut device, 0x3000), Ok(A), "stale");
    let stale = Report {
        released: false,
        write: false,
        liobn: L,
        ioba: Ioba(0x3000),
        page: m.all.frames().hpa(Gpa(A)).expect("owned"),
        replaced_by: Tag { name: "H_PUT_TCE", number: 2 },
    };
    assert_eq!(detector.reports(), [stale]);
    m.write(&mut device, 0x3000, 7).expect("stale");
    let write = Report { released: true, write: true, ..stale };
    assert_eq!(detector.reports(), [stale, write]);
    let text = write.to_string();
    for part in ["0x3000", "0x80000000", "H_PUT_TCE #2", "released"] {
        assert!(text.contains(part), "{text}");
    }
}

// Off by one: the neighbour is killed.
#[test]
fn a_wrong_kill_is_reported() {
    for (name, kind) in KINDS.into_iter().filter(|(_, kind)| *kind != Kind::P5ioc2) {
        let (mut m, detector) =
            watched(kind, |inner, first, count| inner.kill(HwEntry(first.0 + 16), count));
        let mut device = m.device();
        m.put(0x3000, A | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(A));
        m.put(0x3000, B | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(A), "{name}");
        assert_eq!(detector.count(), 1, "{name}");
    }
}

// 10^5 exchanges while devices read and write, on every platform: a device sees only pages that
// are or were just mapped, and none that was released.
#[test]
fn devices_that_race_with_exchanges_never_use_a_dead_translation() {
    for (name, kind) in KINDS {
        let (mut m, detector) = watched(kind, right);
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
                            // Page offset 8 is the devices' own.
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
        assert_eq!(detector.reports(), [], "{name}");
        assert!(m.all.audit().holds(), "{name}: {:?}", m.all.audit());
    }
}
