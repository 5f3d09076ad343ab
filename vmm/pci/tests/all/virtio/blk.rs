// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! virtio-blk and the transport (virtio 1.3, 4.1 and 5.2).

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use iommu::bridge::DmaFault;
use pci::virtio::blk::ImageDisk;
use vio::vscsi::backend::Image;

use super::driver::{
    DEVICE, Driver, EVENT_INDEX, INDIRECT, ISR, MAPPED, NEEDS_RESET, NEXT, PLATFORM, RO, SHIFT,
    VERSION_1, WO, WRITE, wait,
};
use crate::rig::everywhere;

pub const BLOCKS: u64 = 64;
const FLUSH: u64 = 1 << 9;
/// Bus addresses of header, data and status.
pub const HEADER: u64 = 0x8000;
pub const DATA: u64 = 0x9000;
pub const STATUS: u64 = 0xf000;

/// A disk in memory that tests can look at.
#[derive(Clone, Default)]
pub struct Platter {
    pub bytes: Arc<Mutex<Vec<u8>>>,
    pub flushes: Arc<Mutex<u32>>,
}

impl Platter {
    pub fn new() -> Platter {
        let bytes = (0..BLOCKS * 512).map(|n| (n / 512 + n) as u8).collect();
        Platter { bytes: Arc::new(Mutex::new(bytes)), ..Platter::default() }
    }

    pub fn disk(&self) -> ImageDisk {
        ImageDisk(Mutex::new(Some(Box::new(self.clone()))))
    }
}

impl Image for Platter {
    fn bytes(&self) -> u64 {
        BLOCKS * 512
    }

    fn read(&mut self, at: u64, to: &mut [u8]) -> io::Result<()> {
        to.copy_from_slice(&self.bytes.lock().unwrap()[at as usize..][..to.len()]);
        Ok(())
    }

    fn write(&mut self, at: u64, from: &[u8]) -> io::Result<()> {
        self.bytes.lock().unwrap()[at as usize..][..from.len()].copy_from_slice(from);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        *self.flushes.lock().unwrap() += 1;
        Ok(())
    }

    fn discard(&mut self, at: u64, len: u64) -> io::Result<()> {
        self.bytes.lock().unwrap()[at as usize..][..len as usize].fill(0);
        Ok(())
    }
}

pub fn header(driver: &Driver, kind: u32, first: u64) {
    driver.fill(HEADER, &[&kind.to_le_bytes()[..], &[0; 4], &first.to_le_bytes()].concat());
    driver.fill(STATUS, &[0xee]);
}

pub fn status(driver: &Driver) -> u8 {
    driver.bytes(STATUS, 1)[0]
}

/// Runs a request whose data the device reads (`out`) or writes.
pub fn request(
    driver: &mut Driver,
    kind: u32,
    first: u64,
    data: &[(u64, u32)],
    out: bool,
) -> (u8, u32) {
    header(driver, kind, first);
    let mut chain = vec![(HEADER, 16, false)];
    chain.extend(data.iter().map(|&(at, len)| (at, len, !out)));
    chain.push((STATUS, 1, true));
    let len = driver.run(0, &chain);
    (status(driver), len)
}

#[test]
fn requests_move_blocks_through_the_windows_behind_every_bridge() {
    for behind in everywhere() {
        let platter = Platter::new();
        let mut driver = Driver::new(behind, &platter.disk());
        driver.start(FLUSH, 2);
        let all = platter.bytes.lock().unwrap().clone();
        // Data in three pieces, over a page's border.
        let read = request(
            &mut driver,
            0,
            3,
            &[(DATA + 0xf00, 0x180), (DATA + 0x2000, 1), (DATA + 0x3001, 0x27f)],
            false,
        );
        assert_eq!(read, (0, 0x401), "{behind:?}");
        let got = [
            driver.bytes(DATA + 0xf00, 0x180),
            driver.bytes(DATA + 0x2000, 1),
            driver.bytes(DATA + 0x3001, 0x27f),
        ];
        assert_eq!(got.concat(), all[3 * 512..5 * 512]);
        driver.fill(DATA, &[7; 1024]);
        assert_eq!(request(&mut driver, 1, 62, &[(DATA, 1024)], true), (0, 1));
        assert_eq!(platter.bytes.lock().unwrap()[62 * 512..], [7; 1024]);
        assert_eq!(platter.flushes.lock().unwrap().to_owned(), 0);
        assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
        assert_eq!(platter.flushes.lock().unwrap().to_owned(), 1);
        assert_eq!(request(&mut driver, 8, 0, &[(DATA, 20)], false), (0, 21));
        assert_eq!(driver.bytes(DATA, 20), b"tcevm-vd0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(driver.arrived(4), [0; 4]);
        assert_eq!(driver.counter("requests"), 4);
        let (dma_read, written) = driver.guest.function().slot().traffic.bytes();
        assert!(dma_read > 1024 && written > 1024, "{dma_read} {written}");
    }
}

// virtio 1.3, 5.2.6: the last block is reached, the one behind is not; parts of blocks and unknown types are refused.
#[test]
fn requests_that_cannot_be_served_have_a_status() {
    let platter = Platter::new();
    let mut driver = Driver::new(None, &platter.disk());
    driver.start(FLUSH, 1);
    let before = platter.bytes.lock().unwrap().clone();
    let cases = [
        (0, 63, 512, 0),
        (0, 64, 512, 1),
        (0, 63, 1024, 1),
        (0, u64::MAX, 512, 1),
        (0, u64::MAX / 512, 512, 1),
        (0, 0, 511, 1),
        (99, 0, 512, 2),
    ];
    for (kind, first, len, want) in cases {
        let (status, _) = request(&mut driver, kind, first, &[(DATA, len)], false);
        assert_eq!(status, want, "{kind} {first} {len}");
    }
    for (first, len) in [(64, 512), (0, 513), (u64::MAX, 512)] {
        assert_eq!(request(&mut driver, 1, first, &[(DATA, len)], true).0, 1);
    }
    assert_eq!(*platter.bytes.lock().unwrap(), before);
    assert_eq!(driver.counter("requests refused"), 9);
}

#[test]
fn ranges_are_discarded_and_zeroed_all_or_none() {
    let platter = Platter::new();
    let mut driver = Driver::new(None, &platter.disk());
    driver.start(FLUSH, 1);
    let range = |first: u64, count: u32, flags: u32| {
        [&first.to_le_bytes()[..], &count.to_le_bytes(), &flags.to_le_bytes()].concat()
    };
    let mut run = |kind: u32, ranges: Vec<u8>| {
        driver.fill(DATA, &ranges);
        request(&mut driver, kind, 0, &[(DATA, ranges.len() as u32)], true).0
    };
    let before = platter.bytes.lock().unwrap().clone();
    assert_eq!(run(11, [range(0, 1, 0), range(64, 1, 0)].concat()), 1);
    assert_eq!(run(11, range(0, 1, 1)), 2);
    assert_eq!(run(13, range(0, 1, 2)), 2);
    assert_eq!(run(13, range(0, 0xffff_ffff, 0)), 1);
    assert_eq!(run(13, vec![0; 15]), 1);
    assert_eq!(run(11, vec![0; 16 * 65]), 1);
    assert_eq!(*platter.bytes.lock().unwrap(), before);
    assert_eq!(run(11, [range(2, 2, 0), range(60, 0, 0)].concat()), 0);
    assert_eq!(run(13, [range(8, 1, 0), range(10, 1, 1)].concat()), 0);
    let now = platter.bytes.lock().unwrap().clone();
    let zero = |n: usize| now[n * 512..][..512] == [0; 512];
    let zeroes: Vec<_> = (0..64).filter(|&n| zero(n)).collect();
    assert_eq!(zeroes, [2, 3, 8, 10]);
}

// virtio 1.3, 5.2.6.2: without VIRTIO_BLK_F_FLUSH a complete write is on the medium.
#[test]
fn without_flush_every_write_is_flushed() {
    let platter = Platter::new();
    let mut driver = Driver::new(None, &platter.disk());
    driver.start(0, 1);
    assert_eq!(request(&mut driver, 1, 0, &[(DATA, 512)], true), (0, 1));
    assert_eq!(platter.flushes.lock().unwrap().to_owned(), 1);
}

#[test]
fn a_buffer_that_is_not_mapped_so_fails_the_request_and_is_counted() {
    for behind in everywhere() {
        let platter = Platter::new();
        let mut driver = Driver::new(behind, &platter.disk());
        driver.start(FLUSH, 1);
        driver.guest.put(0, DATA, (DATA + SHIFT) | RO);
        driver.guest.put(0, DATA + 0x1000, (DATA + 0x1000 + SHIFT) | WO);
        driver.guest.put(0, DATA + 0x2000, 0);
        let read = request(&mut driver, 0, 0, &[(DATA, 512)], false);
        assert_eq!(read.0, 1, "{behind:?}");
        let before = platter.bytes.lock().unwrap().clone();
        for at in [DATA + 0x1000, DATA + 0x2000, DATA + 0x1e00, MAPPED, u64::MAX - 511, 1 << 59] {
            assert_eq!(request(&mut driver, 1, 0, &[(at, 512)], true).0, 1, "{behind:?} {at:#x}");
        }
        // Of two blocks the second of which is not mapped, the first may be written and no other.
        assert_eq!(request(&mut driver, 1, 0, &[(DATA, 512), (MAPPED, 512)], true).0, 1);
        assert_eq!(platter.bytes.lock().unwrap()[1024..], before[1024..]);
        let traffic = &driver.guest.function().slot().traffic;
        assert_eq!(traffic.faults(), 8);
        let kinds: Vec<_> = traffic.kinds().into_iter().map(|(fault, _)| fault.why).collect();
        let page = |at: u64| iommu::Ioba(at);
        assert!(kinds.contains(&DmaFault::NotMapped(page(DATA + 0x2000))), "{kinds:?}");
        assert!(
            kinds
                .iter()
                .any(|why| matches!(why, DmaFault::NotAllowed { ioba, .. } if ioba.0 == DATA))
        );
        assert_eq!(driver.status(), 15);
    }
}

#[test]
fn a_ring_that_is_not_mapped_needs_a_reset_and_works_after_one() {
    for behind in everywhere() {
        let mut driver = Driver::new(behind, &Platter::new().disk());
        for part in 0..2 {
            driver.start(FLUSH, 1);
            let _of_before = driver.messages();
            // Not readable, then not writable.
            driver.guest.put(0, 0, if part == 0 { 0 } else { SHIFT | RO });
            driver.notify(0);
            header(&driver, 4, 0);
            driver.chain(0, 0, &[(HEADER, 16, false), (STATUS, 1, true)]);
            driver.offer(0, 0);
            driver.notify(0);
            wait("the broken ring", || driver.status() & NEEDS_RESET != 0);
            assert_eq!(driver.arrived(1), [2], "the configuration's vector");
            driver.guest.put(0, 0, SHIFT | 3);
            driver.notify(0);
            assert_eq!(driver.used_index(0), 0);
        }
        driver.start(FLUSH, 1);
        assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
        assert_eq!(driver.counter("broken rings"), 2);
    }
}

/// The end of the machine puts everything that was written on the medium, as on the bus of virtual I/O devices.
#[test]
fn a_bus_that_is_dropped_flushes_its_disks() {
    let platter = Platter::new();
    let mut driver = Driver::new(None, &platter.disk());
    driver.start(FLUSH, 1);
    assert_eq!(request(&mut driver, 1, 3, &[(DATA, 512)], true), (0, 1));
    assert_eq!(*platter.flushes.lock().unwrap(), 0, "the guest asked for none");
    drop(driver);
    assert_eq!(*platter.flushes.lock().unwrap(), 1);
}

#[test]
fn chains_that_are_none_break_the_ring() {
    // Descriptors: number, address, length, flags, next; then the head.
    type Descriptors<'a> = &'a [(u16, u64, u32, u16, u16)];
    let cases: [(&str, Descriptors<'_>, u16); 10] = [
        ("a loop", &[(0, HEADER, 16, NEXT, 0)], 0),
        ("a loop of two", &[(0, HEADER, 16, NEXT, 1), (1, HEADER, 16, NEXT, 0)], 0),
        ("a head behind the table", &[], 16),
        ("the last head", &[], u16::MAX),
        ("a next behind the table", &[(0, HEADER, 16, NEXT, 16)], 0),
        (
            "a buffer to read after one to write",
            &[(0, STATUS, 1, NEXT | WRITE, 1), (1, HEADER, 16, 0, 0)],
            0,
        ),
        ("a table of no whole descriptor", &[(0, DATA, 17, INDIRECT, 0)], 0),
        ("a table that is empty", &[(0, DATA, 0, INDIRECT, 0)], 0),
        ("a table that is not mapped", &[(0, MAPPED, 32, INDIRECT, 0)], 0),
        ("no room for the status", &[(0, HEADER, 16, 0, 0)], 0),
    ];
    let mut driver = Driver::new(None, &Platter::new().disk());
    for (n, (what, descriptors, head)) in cases.into_iter().enumerate() {
        driver.start(FLUSH, 1);
        header(&driver, 4, 0);
        for &(n, at, len, flags, next) in descriptors {
            driver.descriptor(0, n, at, len, flags, next);
        }
        driver.offer(0, head);
        driver.notify(0);
        wait(what, || driver.status() & NEEDS_RESET != 0);
        assert_eq!(driver.counter("broken rings"), n as u64 + 1, "{what}");
        assert_eq!(driver.used_index(0), 0, "{what}");
    }
    // An index that jumps over more than the ring.
    driver.start(FLUSH, 1);
    driver.fill(0x402, &17u16.to_le_bytes());
    driver.notify(0);
    wait("the index", || driver.status() & NEEDS_RESET != 0);
    driver.start(FLUSH, 1);
    assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
}

#[test]
fn an_indirect_table_is_read_through_the_window() {
    let mut driver = Driver::new(None, &Platter::new().disk());
    driver.start(FLUSH | 1 << 28, 1);
    header(&driver, 0, 1);
    let table = 0x5010;
    driver.descriptor(table, 0, HEADER, 16, NEXT, 2);
    driver.descriptor(table, 2, DATA, 512, NEXT | WRITE, 1);
    driver.descriptor(table, 1, STATUS, 1, WRITE, 0);
    driver.descriptor(0, 5, table, 48, INDIRECT, 0);
    driver.offer(0, 5);
    driver.notify(0);
    assert_eq!(driver.used(0), (5, 513));
    assert_eq!(driver.bytes(DATA, 2), [1, 2]);
    // One that leads to a table is none.
    driver.descriptor(table, 0, table, 48, INDIRECT, 0);
    driver.offer(0, 5);
    driver.notify(0);
    wait("the table in a table", || driver.status() & NEEDS_RESET != 0);
}

// virtio 1.3, 2.7.7 and 2.7.10: by the flag, or by the index.
#[test]
fn interrupts_come_when_the_driver_wants_them() {
    for features in [FLUSH, FLUSH | EVENT_INDEX] {
        let mut driver = Driver::new(None, &Platter::new().disk());
        driver.start(features, 1);
        let event = features & EVENT_INDEX != 0;
        // The event index is behind the available ring; the flag is before it.
        let (at, never, always) = if event { (0x404 + 32, 9u16, 0u16) } else { (0x400, 1, 0) };
        driver.fill(at, &never.to_le_bytes());
        assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
        let next = if event { 1 } else { always };
        driver.fill(at, &next.to_le_bytes());
        assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
        assert_eq!(driver.arrived(1), [0], "{event}");
    }
}

#[test]
fn features_are_those_offered_and_none_without_windows() {
    let driver = Driver::new(None, &Platter::new().disk());
    let offered = driver.offered();
    let wanted = VERSION_1
        | PLATFORM
        | EVENT_INDEX
        | 1 << 28
        | 1 << 40
        | FLUSH
        | 1 << 12
        | 1 << 13
        | 1 << 14;
    assert_eq!(offered & wanted, wanted);
    assert!(driver.negotiate(offered));
    assert!(!driver.negotiate(offered & !PLATFORM));
    assert!(!driver.negotiate(offered & !VERSION_1));
    assert!(!driver.negotiate(offered | 1 << 34));
    // DRIVER_OK means nothing without FEATURES_OK.
    driver.write::<1>(20, 15);
    assert_eq!(driver.status(), 3);
    assert!(driver.negotiate(VERSION_1 | PLATFORM));
    driver.write::<4>(12, 0);
    driver.write::<4>(8, 1);
    assert_eq!(driver.read::<4>(12), 3, "features are fixed now");
    assert_eq!(driver.read::<8>(DEVICE), BLOCKS);
    assert_eq!(driver.read::<2>(DEVICE + 34), 2);
    assert_eq!(driver.read::<2>(18), 2);
    driver.write::<2>(22, 7);
    assert_eq!(driver.read::<2>(24), 0, "there is no queue 7");
}

// virtio 1.3, 4.1.4: the list of capabilities leads to each region; the last one reaches the BAR through config space.
#[test]
fn capabilities_name_the_regions_and_one_reaches_them() {
    let driver = Driver::new(None, &Platter::new().disk());
    let guest = &driver.guest;
    assert_eq!(guest.config(0), 0x1042_1af4);
    let mut found = Vec::new();
    let mut at = guest.config(0x34) as usize & 0xff;
    while at != 0 {
        let head = guest.config(at);
        if head & 0xff == 9 {
            let (kind, bar) = (head >> 24, guest.config(at + 4) & 0xff);
            found.push((kind, bar, guest.config(at + 8), guest.config(at + 12), at));
        }
        at = head as usize >> 8 & 0xff;
    }
    let of = |kind: u32| *found.iter().find(|(known, ..)| *known == kind).unwrap();
    for (kind, offset) in [(1, 0), (2, 0x3000), (3, 0x1000), (4, 0x2000)] {
        assert_eq!((of(kind).1, of(kind).2, of(kind).3), (4, offset, 0x1000), "{kind}");
    }
    assert_eq!(guest.config(of(2).4 + 16), 4, "notify_off_multiplier");
    let window = of(5).4;
    guest.set_config(window + 4, 4);
    guest.set_config(window + 8, 0x2000);
    guest.set_config(window + 12, 4);
    assert_eq!(guest.config(window + 16), BLOCKS as u32);
    guest.set_config(window + 8, 22);
    guest.set_config(window + 12, 2);
    guest.set_config(window + 16, 1);
    assert_eq!(driver.read::<2>(22), 1);
    for (bar, offset, len) in [(1, 0, 4), (4, 0x4000, 4), (4, 0, 3), (4, 1, 4), (4, u32::MAX, 4)] {
        guest.set_config(window + 4, bar);
        guest.set_config(window + 8, offset);
        guest.set_config(window + 12, len);
        guest.set_config(window + 16, 0xffff_ffff);
        let _anything = guest.config(window + 16);
    }
    assert_eq!(driver.read::<4>(0), 0);
}

#[test]
fn without_messages_the_pin_is_raised_until_the_isr_is_read() {
    let mut driver = Driver::new(None, &Platter::new().disk());
    driver.guest.function().slot().set_messages(0);
    driver.start(FLUSH, 1);
    assert_eq!(request(&mut driver, 4, 0, &[], true), (0, 1));
    wait("the pin", || driver.guest.function().slot().interrupts.is_raised());
    assert_eq!(driver.read::<1>(ISR), 1);
    assert_eq!(driver.read::<1>(ISR), 0);
    assert!(!driver.guest.function().slot().interrupts.is_raised());
}

/// A disk whose reads wait.
pub struct Slow(Platter, Sender<()>, Receiver<()>);

impl Image for Slow {
    fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn read(&mut self, at: u64, to: &mut [u8]) -> io::Result<()> {
        self.1.send(()).unwrap();
        self.2.recv().unwrap();
        self.0.read(at, to)
    }

    fn write(&mut self, at: u64, from: &[u8]) -> io::Result<()> {
        assert!(from[0] != 0xbb, "a disk that fails");
        self.0.write(at, from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }

    fn discard(&mut self, at: u64, len: u64) -> io::Result<()> {
        self.0.discard(at, len)
    }
}

pub fn slow() -> (ImageDisk, Receiver<()>, Sender<()>) {
    let ((began, begins), (go, goes)) = (channel(), channel());
    let image: Box<dyn Image> = Box::new(Slow(Platter::new(), began, goes));
    (ImageDisk(Mutex::new(Some(image))), begins, go)
}

// A device that is reset, or one queue of it, writes nothing for the requests under way, and waits for none.
#[test]
fn a_reset_takes_the_buffers_of_requests_under_way() {
    for behind in everywhere() {
        for whole in [true, false] {
            let (disk, began, go) = slow();
            let mut driver = Driver::new(behind, &disk);
            driver.start(FLUSH | 1 << 40, 1);
            header(&driver, 0, 1);
            driver.fill(DATA, &[0x55; 512]);
            driver.chain(0, 0, &[(HEADER, 16, false), (DATA, 512, true), (STATUS, 1, true)]);
            driver.offer(0, 0);
            driver.notify(0);
            began.recv().unwrap();
            if whole {
                driver.write::<1>(20, 0);
                assert_eq!(driver.status(), 0);
                driver.start(FLUSH, 1);
            } else {
                driver.write::<2>(58, 1);
                assert_eq!((driver.read::<2>(58), driver.read::<2>(28)), (0, 0));
                driver.enable(0);
            }
            let faults = driver.guest.function().slot().traffic.faults();
            go.send(()).unwrap();
            // The next request is served after the one that was cut off.
            header(&driver, 4, 0);
            driver.chain(0, 0, &[(HEADER, 16, false), (STATUS, 1, true)]);
            driver.offer(0, 0);
            driver.notify(0);
            assert_eq!(driver.used(0), (0, 1));
            assert_eq!(driver.used_index(0), 1);
            assert_eq!(driver.bytes(DATA, 512), [0x55; 512]);
            assert_eq!(driver.guest.function().slot().traffic.faults(), faults);
        }
    }
}

#[test]
fn a_disk_that_panics_has_failed_and_no_more() {
    let (disk, _began, _go) = slow();
    let mut driver = Driver::new(None, &disk);
    driver.start(FLUSH, 1);
    driver.fill(DATA, &[0xbb; 512]);
    header(&driver, 1, 0);
    driver.chain(0, 0, &[(HEADER, 16, false), (DATA, 512, false), (STATUS, 1, true)]);
    driver.offer(0, 0);
    driver.notify(0);
    wait("the failed device", || driver.status() & NEEDS_RESET != 0);
    driver.start(FLUSH, 1);
    assert_eq!(request(&mut driver, 4, 0, &[], true).0, 1);
    assert_eq!(request(&mut driver, 8, 0, &[(DATA, 20)], false).0, 0);
}
