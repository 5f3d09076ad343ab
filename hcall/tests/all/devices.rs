// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Hypercalls with devices behind a bridge. Whatever fails, no device reaches a page after the call that took
//! it away is complete. The detector names the call whose kill is missing.

use crate::calls::{Made, tce_call};
use hcall::Status::*;
use hcall::tokens::*;
use hcall::{Accel, Injector, Profile, Spec, Tier};
use iommu::bridge::{Device, Ram};
use iommu::detector::Tag;
use iommu::*;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tests::rig::*;
use vm_memory::{Bytes, GuestAddress};

const PE: Pe = Pe(3);

const KINDS: [(BridgeKind, Swinv); 5] = [
    (BridgeKind::P5IOC2, Swinv::BOTH),
    (BridgeKind::IODA1, Swinv::ALL),
    (BridgeKind::IODA1, Swinv::BOTH),
    (BridgeKind::IODA1.with_bus(7), Swinv::BOTH),
    (BridgeKind::IODA2, Swinv::BOTH),
];

/// A rig whose first two windows belong to a PE of a bridge with a detector.
struct Watched {
    rig: Rig,
    bridge: Arc<Bridge>,
    detector: Arc<Detector>,
}

impl Watched {
    fn new((kind, flags): (BridgeKind, Swinv), accel: Accel, faults: &[Spec]) -> Watched {
        let frames = Arc::new(Frames::new(MEMORY).expect("memory"));
        let detector = Detector::new(frames.clone());
        let bridge = Bridge::with(kind, flags, Some(detector.clone()));
        let injector = Arc::new(Injector::new(faults.iter().copied()));
        let all = Container::new(frames).with_faults(injector.clone());
        let accel = accel.with_faults(injector).tagged();
        let rig = Rig::over_tables(all, accel, |window, levels| {
            bridge.create_table(window, levels.min(kind.max_levels))
        });
        for (number, window) in rig.all.windows()[..2].iter().enumerate() {
            bridge.set_window(PE, number, &window.tables()[0]).expect("free");
        }
        for page in (0..MEMORY).step_by(0x1000) {
            rig.memory.write_obj(page, GuestAddress(page)).expect("in memory");
        }
        Watched { rig, bridge, detector }
    }

    fn make(&mut self, made: &Made) -> hcall::Status {
        self.rig.write_list(LIST, &made.list);
        self.rig.hcall(made.token, &made.args).0
    }

    /// The number that the device reads at a bus address, which is 4 KiB aligned. Each page contains its own
    /// guest address, except for the list page.
    fn reads(&self, device: &mut Device, ioba: u64) -> Option<u64> {
        let ram = Ram { frames: self.rig.all.frames(), memory: &self.rig.memory };
        let mut bytes = [0; 8];
        device.read(&ram, Ioba(ioba), &mut bytes).ok().map(|()| u64::from_le_bytes(bytes))
    }

    /// The device reaches the page of the guest's last value, for some entries of both windows.
    fn check(&self, device: &mut Device) -> Result<(), TestCaseError> {
        let windows = self.rig.all.windows();
        for (window, entries) in windows[..2].iter().zip([40u64, 8]) {
            for entry in 0..entries {
                let shift = window.window().page_shift();
                let ioba = window.window().start().0 + (entry << shift.get());
                let raw = window.view().load(GuestEntry(entry)).0;
                let page = raw & !3 & !shift.low_bits();
                let owned = page.checked_add(shift.bytes()).is_some_and(|end| end <= MEMORY);
                let expected = (raw & 1 == 1 && owned).then_some(page);
                let read = self.reads(device, ioba);
                if expected == Some(LIST) {
                    prop_assert!(read.is_some());
                } else {
                    prop_assert_eq!(read, expected, "{:#x} at {:#x}", raw, ioba);
                }
            }
        }
        prop_assert_eq!(self.bridge.stale(), 0, "a dead translation is cached");
        prop_assert_eq!(self.detector.reports(), []);
        prop_assert!(self.rig.all.audit().holds(), "{:?}", self.rig.all.audit());
        Ok(())
    }
}

fn faults() -> Vec<Spec> {
    let texts = ["toohard:prob=0.2,seed=1", "hardware:prob=0.1,seed=2", "busy:prob=0.1,seed=3"];
    let of_host =
        ["nomem:prob=0.3,seed=4", "unregistered:prob=0.05,seed=5", "delayed-kill:prob=0.5,us=1"];
    texts.iter().chain(&of_host).map(|text| text.parse().expect(text)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn after_every_fault_a_device_reaches_what_the_guest_mapped_and_nothing_else(
        kind in prop::sample::select(KINDS.to_vec()),
        start in prop::sample::select(Tier::ALL.to_vec()),
        profile in prop::sample::select(Profile::ALL.to_vec()),
        calls in prop::collection::vec(tce_call(), 1..30),
    ) {
        let accel = Accel::new(start).with_profile(profile);
        let mut w = Watched::new(kind, accel, &faults());
        let mut device = w.bridge.device(PE);
        for made in &calls {
            let status = w.make(made);
            prop_assert_ne!(status, TooHard);
            w.check(&mut device)?;
        }
    }
}

// Two vCPUs with injected faults and slow kills, and devices that read and write all the time.
#[test]
fn devices_never_use_a_dead_translation_while_faults_are_injected() {
    for kind in KINDS {
        let mut faults = faults();
        faults.push("delayed-kill:every=50,us=100".parse().expect("a spec"));
        let w = Watched::new(kind, Accel::new(Tier::Real), &faults);
        let (rig, done) = (&w.rig, AtomicBool::new(false));
        let reached: u64 = std::thread::scope(|scope| {
            let devices = [0u64, 1].map(|n| {
                let (w, done) = (&w, &done);
                scope.spawn(move || {
                    let mut device = w.bridge.device(PE);
                    let ram = Ram { frames: rig.all.frames(), memory: &rig.memory };
                    let mut reached = 0;
                    while !done.load(Ordering::Relaxed) {
                        for entry in 0..4 {
                            let written = device.write(&ram, Ioba(entry << 12 | 8 << n), &[7; 8]);
                            let read = w.reads(&mut device, entry << 12);
                            assert!(read.is_none_or(|page| [A, B].contains(&page)), "{read:x?}");
                            reached += u64::from(read.is_some() || written.is_ok());
                        }
                    }
                    reached
                })
            });
            let vcpus = [0usize, 1].map(|n| {
                scope.spawn(move || {
                    let (mut agent, mut machine) = (rig.all.agent(), Rig::new().machine);
                    for k in 0..1000 {
                        let tce = [A | RW, B | RW, 0, B | R, A | W][(k + n) % 5];
                        let (ioba, count) = ((k as u64 % 4) << 12, 1 + k as u64 % 3);
                        let mut regs = match k % 3 {
                            0 => [H_STUFF_TCE, L, ioba, tce, count, 0, 0, 0, 0, 0],
                            _ => [H_PUT_TCE, L, ioba, tce, 0, 0, 0, 0, 0, 0],
                        };
                        let caller =
                            hcall::Caller::new(&rig.all, &rig.memory, &mut agent, &mut machine);
                        let mut caller = hcall::Caller { accel: &rig.accel, ..caller };
                        let status = hcall::dispatch(&mut caller, &mut regs).status;
                        assert!([Success, Hardware, Busy].contains(&status), "{status}");
                    }
                })
            });
            let vcpus = vcpus.map(|vcpu| vcpu.join());
            done.store(true, Ordering::Relaxed);
            let reached = devices.map(|device| device.join().expect("no panic")).iter().sum();
            vcpus.into_iter().for_each(|vcpu| vcpu.expect("no panic"));
            reached
        });
        assert!(reached > 0, "{kind:?}: the devices did nothing");
        assert_eq!((w.detector.reports(), w.bridge.stale()), (vec![], 0), "{kind:?}");
        w.rig.assert_sound();
    }
}

// The report names LIOBN, IOBA, page, and the hypercall by its name and number.
#[test]
fn a_report_names_the_hypercall_that_replaced_the_entry() {
    let mut w = Watched::new((BridgeKind::IODA2, Swinv::NONE), Accel::new(Tier::Real), &[]);
    let mut device = w.bridge.device(PE);
    let page = |w: &Watched, gpa| w.rig.all.frames().hpa(Gpa(gpa)).expect("owned");
    assert_eq!(w.rig.status(H_PUT_TCE, &[L, 0x3000, A | RW]), Success);
    assert_eq!(w.reads(&mut device, 0x3000), Some(A));
    assert_eq!(w.rig.status(H_GET_TCE, &[L, 0x3000]), Success);
    w.rig.write_list(LIST, &[B | RW, B | RW]);
    assert_eq!(w.rig.status(H_PUT_TCE_INDIRECT, &[L, 0x2000, LIST, 2]), Success);
    assert_eq!(w.reads(&mut device, 0x3000), Some(A), "there was no kill");
    let [report] = w.detector.reports()[..] else { panic!("one report") };
    assert_eq!((report.liobn, report.ioba), (Liobn(0x8000_0000), Ioba(0x3000)));
    assert_eq!(report.page, page(&w, A));
    assert_eq!(report.replaced_by, Tag { name: "H_PUT_TCE_INDIRECT", number: 3 });
    let text = report.to_string();
    for part in ["0x80000000", "0x3000", "H_PUT_TCE_INDIRECT #3"] {
        assert!(text.contains(part), "{text}");
    }
}
