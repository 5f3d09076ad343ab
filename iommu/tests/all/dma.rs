// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Device accesses through a bridge, on every platform, and the detection of a kill that is missing, wrong or
//! late.

use crate::stop::Stop;
use iommu::bridge::{BridgeKind, DmaFault};
use iommu::*;
use tests::dma_rig::*;
use vm_memory::{Bytes, GuestAddress};

fn on_every_platform(test: impl Fn(&str, &mut DmaRig)) {
    for (name, kind, flags) in KINDS {
        test(name, &mut DmaRig::new(&Bridge::with(kind, flags, None)));
    }
}

// papr-tce 7.8, 7.11, 7.15: B is reached only after the replacement; after the clear the access faults.
#[test]
fn a_device_reaches_the_new_page_after_each_exchange() {
    on_every_platform(|name, m| {
        let mut device = m.device();
        m.put(0x3000, A | RW);
        for _ in 0..2 {
            assert_eq!(m.read(&mut device, 0x3000), Ok(A), "{name}");
        }
        m.put(0x3000, B | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(B), "{name}");
        m.put(0x3000, 0);
        let fault = Err(DmaFault::NotMapped(Ioba(0x3000)));
        assert_eq!(m.read(&mut device, 0x3000), fault, "{name}");
    });
}

// papr-tce 7.59, 7.69: after the call returns, accesses to the cleared entries fault.
#[test]
fn a_batch_kills_each_of_its_entries() {
    on_every_platform(|name, m| {
        let mut device = m.device();
        let list: Vec<u64> = (0..300).map(|n| (n << 12) | RW).collect();
        m.all.put_list(&mut m.agent, L, Ioba(0x7000), &list).expect("list");
        for n in 0..300 {
            assert_eq!(m.read(&mut device, 0x7000 + (n << 12)), Ok(n << 12), "{name}");
        }
        m.all.stuff(&mut m.agent, L, Ioba(0x8000), RawTce(A | R), 298).expect("stuff");
        for n in 1..299 {
            assert_eq!(m.read(&mut device, 0x7000 + (n << 12)), Ok(A), "{name}, {n}");
        }
        assert_eq!(m.read(&mut device, 0x7000), Ok(0));
        assert_eq!(m.read(&mut device, 0x7000 + (299 << 12)), Ok(299 << 12));
        m.all.stuff(&mut m.agent, L, Ioba(0x7000), RawTce(0), 300).expect("stuff");
        for n in 0..300 {
            assert!(m.read(&mut device, 0x7000 + (n << 12)).is_err(), "{name}, {n}");
        }
        assert_eq!(m.all.audit(), Audit::default());
    });
}

// papr-tce 7.9, 7.10, 7.13: permissions, also after they were cached.
#[test]
fn permissions_are_checked_on_a_hit_and_on_a_miss() {
    on_every_platform(|name, m| {
        let mut device = m.device();
        let ioba = Ioba(0x3000);
        let refused = |allowed| Err(DmaFault::NotAllowed { ioba, allowed });
        m.put(0x3000, A | R);
        for _ in 0..2 {
            let fault = refused(Direction::ToDevice);
            assert_eq!(m.write(&mut device, 0x3000, 7), fault, "{name}");
            assert_eq!(m.read(&mut device, 0x3000), Ok(A));
        }
        assert_eq!(m.in_memory(A), A, "untouched");
        m.put(0x3000, A | W);
        for _ in 0..2 {
            let fault = refused(Direction::FromDevice).map(|()| 0);
            assert_eq!(m.read(&mut device, 0x3000), fault, "{name}");
            m.write(&mut device, 0x3000, 7).expect("write-only");
        }
        assert_eq!(m.in_memory(A), 7);
    });
}

#[test]
fn an_access_over_pages_goes_to_each_of_them_and_one_outside_faults() {
    on_every_platform(|name, m| {
        let mut device = m.device();
        m.put(0x3000, A | RW);
        m.put(0x4000, B | RW);
        device.write(&m.ram(), Ioba(0x3ffc), &[1, 2, 3, 4, 5, 6, 7, 8]).expect("both mapped");
        assert_eq!(m.in_memory(A + 0xff8) >> 32, 0x0403_0201, "{name}");
        assert_eq!(m.in_memory(B) & 0xffff_ffff, 0x0807_0605);
        let mut bytes = [0; 8];
        device.read(&m.ram(), Ioba(0x3ffc), &mut bytes).expect("both mapped");
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6, 7, 8]);
        let outside = device.read(&m.ram(), Ioba(MEMORY), &mut bytes);
        assert_eq!(outside, Err(DmaFault::NoWindow(Ioba(MEMORY))));
        let end = device.read(&m.ram(), Ioba(u64::MAX - 3), &mut bytes);
        assert!(end.is_err(), "{name}");
        let part = device.translate(Ioba(0x3ff0), 0x1000, Direction::ToDevice).expect("mapped");
        assert_eq!(part.len, 0x10, "to the end of the page");
    });
}

// papr-tce 7.31; bug 7: each of the hardware entries under a guest entry is killed, and no other.
#[test]
fn bug_7_all_entries_of_a_large_guest_page_are_killed() {
    for (name, kind, flags) in KINDS {
        let window = |shift| Window::bytes(L, 0, MEMORY, shift).expect("a window");
        let (guest, hw) = (window(PageShift::K64), window(PageShift::K4));
        let mut m = DmaRig::with(&Bridge::with(kind, flags, None), guest, hw, 1);
        let mut device = m.device();
        m.put(0x1_0000, 0x3_0000 | RW);
        m.put(0x2_0000, 0x3_0000 | RW);
        for n in 0..32 {
            let page = 0x3_0000 + ((n % 16) << 12);
            assert_eq!(m.read(&mut device, 0x1_0000 + (n << 12)), Ok(page), "{name}");
        }
        m.put(0x1_0000, 0x5_0000 | RW);
        for n in 0..16 {
            let read = m.read(&mut device, 0x1_0000 + (n << 12));
            assert_eq!(read, Ok(0x5_0000 + (n << 12)), "{name}");
            assert_eq!(m.read(&mut device, 0x2_0000 + (n << 12)), Ok(0x3_0000 + (n << 12)));
        }
    }
}

// papr-tce 4.2: without the flags nothing is killed, and a cached translation stays valid.
#[test]
fn without_the_flags_a_device_goes_on_to_the_old_page() {
    for (name, kind, _) in KINDS {
        let mut m = DmaRig::new(&Bridge::with(kind, Swinv::NONE, None));
        let mut device = m.device();
        m.put(0x3000, A | RW);
        assert_eq!(m.read(&mut device, 0x3000), Ok(A));
        m.put(0x3000, B | RW);
        let stale = kind != BridgeKind::P5IOC2;
        assert_eq!(m.read(&mut device, 0x3000), Ok(if stale { A } else { B }), "{name}");
        assert_eq!(m.bridge.kills(), 0, "{name}");
    }
}

// papr-tce 4.2: set kills with CREATE, clear with FREE, exchange with either.
#[test]
fn each_operation_kills_by_its_flags() {
    for (flags, by_set, by_clear, by_exchange) in [
        (Swinv::CREATE, 1, 0, 1),
        (Swinv::FREE, 0, 1, 1),
        (Swinv::BOTH, 1, 1, 1),
        (Swinv::NONE, 0, 0, 0),
    ] {
        for (kind, more) in [
            (BridgeKind::IODA1, Swinv::NONE),
            (BridgeKind::IODA1, Swinv::PAIR),
            (BridgeKind::IODA1.with_bus(7), Swinv::NONE),
            (BridgeKind::IODA2, Swinv::NONE),
        ] {
            let mut m = DmaRig::new(&Bridge::with(kind, flags | more, None));
            let page = m.all.frames().page(Gpa(A), PageShift::K4).expect("a page");
            let tce = Tce::new(page, Direction::ToDevice);
            let kills = || m.bridge.kills();
            let before = kills();
            m.table.set(HwEntry(8), 1, tce).expect("in the table");
            assert_eq!(kills() - before, by_set, "set with {flags:?}");
            let before = kills();
            m.table.clear(HwEntry(8), 1).expect("in the table");
            assert_eq!(kills() - before, by_clear, "clear with {flags:?}");
            let before = kills();
            m.put(0x8000, A | R);
            assert_eq!(m.bridge.kills() - before, by_exchange, "exchange with {flags:?}");
        }
    }
}

// papr-tce 4.2: P5IOC2 exchanges without any invalidate.
#[test]
fn p5ioc2_never_writes_a_kill_register() {
    let mut m = DmaRig::new(&Bridge::new(BridgeKind::P5IOC2));
    m.put(0x3000, A | RW);
    m.put(0x3000, B | RW);
    m.all.clear(&mut m.agent);
    assert_eq!(m.bridge.kills(), 0);
}

// papr-tce 4.2: IODA2 kills for every linked PE; a PE that is not linked keeps its translation.
#[test]
fn ioda2_kills_for_every_pe_that_is_linked() {
    let mut m = DmaRig::new(&Bridge::new(BridgeKind::IODA2));
    m.bridge.set_window(Pe(3), 0, &m.table).expect("free");
    let mut devices = [PE, Pe(3)].map(|pe| m.bridge.device(pe));
    m.put(0x3000, A | RW);
    for device in &mut devices {
        assert_eq!(m.read(device, 0x3000), Ok(A));
    }
    let before = m.bridge.kills();
    m.put(0x3000, B | RW);
    assert_eq!(m.bridge.kills() - before, 2);
    for device in &mut devices {
        assert_eq!(m.read(device, 0x3000), Ok(B));
    }
    m.bridge.unset_window(Pe(3), 0).expect("set");
    let before = m.bridge.kills();
    m.put(0x3000, A | RW);
    assert_eq!(m.bridge.kills() - before, 1);
    assert_eq!(m.read(&mut devices[1], 0x3000), Err(DmaFault::NoWindow(Ioba(0x3000))));
}

// A kill for the wrong PE, which the detector must find.
#[test]
fn a_kill_of_another_pe_leaves_the_translation() {
    let mut m = DmaRig::new(&Bridge::with(BridgeKind::IODA2, Swinv::NONE, None));
    let mut device = m.device();
    m.put(0x3000, A | RW);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A));
    m.put(0x3000, B | RW);
    m.bridge.write_kill_register(0x2000_0000_0000_301c);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A), "PE 0x1c is not PE 0x1b");
    m.bridge.write_kill_register(0x2000_0000_0000_301b);
    assert_eq!(m.read(&mut device, 0x3000), Ok(B));
    m.put(0x3000, A | RW);
    m.bridge.write_kill_register(0x4000_0000_0000_001c);
    assert_eq!(m.read(&mut device, 0x3000), Ok(B), "the whole of PE 0x1c");
    m.bridge.write_kill_register(0x4000_0000_0000_001b);
    assert_eq!(m.read(&mut device, 0x3000), Ok(A), "the whole of PE 0x1b");
}

// papr-tce 3.4: bit 59 of the bus address selects the second window.
#[test]
fn a_pe_has_two_windows_of_different_pages() {
    let mut m = DmaRig::new(&Bridge::new(BridgeKind::IODA2));
    let start = 1 << 59;
    let second = Window::bytes(Liobn(L.0 | 1), start, 1 << 40, PageShift::K64).expect("a window");
    let table = m.bridge.create_table(second, 2).expect("a table");
    m.bridge.set_window(PE, 1, &table).expect("free");
    assert_eq!(m.bridge.set_window(PE, 1, &table), Err(Error::WindowNumber(1)));
    assert_eq!(m.bridge.set_window(PE, 2, &table), Err(Error::WindowNumber(2)));
    m.all.add_window(second, table).expect("a new LIOBN");
    let mut device = m.device();
    let top = start + (1 << 40) - 0x1_0000;
    m.put(0x3000, A | RW);
    m.all.put(&mut m.agent, Liobn(L.0 | 1), Ioba(top), RawTce(0x3_0000 | RW)).expect("put");
    assert_eq!(m.read(&mut device, 0x3000), Ok(A));
    assert_eq!(m.read(&mut device, top + 0x7000), Ok(0x3_7000));
    m.all.put(&mut m.agent, Liobn(L.0 | 1), Ioba(top), RawTce(0x5_0000 | RW)).expect("put");
    assert_eq!(m.read(&mut device, top + 0x7000), Ok(0x5_7000));
}

// No device accesses a page after its release. Between its release and its next mapping the page holds a
// value that no device may read, and a device's write must not appear in it.
#[test]
fn what_is_in_a_page_after_its_release_is_seen_by_no_device_and_written_by_none() {
    const SECRET: u64 = 0x5ec2e7;
    on_every_platform(|name, m| {
        let done = std::sync::atomic::AtomicBool::new(false);
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        let mut agent = m.all.agent();
        let (m, done) = (&*m, &done);
        std::thread::scope(|scope| {
            let stop = Stop(done);
            for _ in 0..2 {
                scope.spawn(move || {
                    let mut device = m.device();
                    while !done.load(relaxed) {
                        let read = m.read(&mut device, 0x3000);
                        assert!(read != Ok(SECRET), "{name}: read from a released page");
                        let _ = m.write(&mut device, 0x3800, 1);
                    }
                });
            }
            let set = |gpa: u64, value: u64| {
                m.memory.write_obj(value, GuestAddress(gpa)).expect("in memory");
            };
            for round in 0..1000u64 {
                let (page, other) = if round % 2 == 0 { (A, B) } else { (B, A) };
                set(page, page);
                m.all.put(&mut agent, L, Ioba(0x3000), RawTce(page | RW)).expect("put");
                // The other page is released now, and only the guest uses it.
                set(other, SECRET);
                set(other + 0x800, SECRET);
                std::thread::yield_now();
                assert_eq!(m.in_memory(other + 0x800), SECRET, "{name}: written after its release");
            }
            drop(stop);
        });
    });
}
