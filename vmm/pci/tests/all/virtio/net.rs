// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! virtio-net (virtio 1.3, 5.1): frames over a cable to this test.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use iommu::BridgeKind;
use pci::virtio::{Net, Rng};
use tests::Directory;
use vio::llan::NetSpec;
use vio::llan::backend::To;

use super::driver::{DEVICE, Driver, MAPPED, SHIFT, wait};
use crate::rig::everywhere;

const CSUM: u64 = 1;
const GUEST_CSUM: u64 = 2;
const TSO4: u64 = 1 << 11;
const MERGEABLE: u64 = 1 << 15;
const RECEIVE: u16 = 0;
const SEND: u16 = 1;
const HEADER: usize = 12;
const TO_SEND: u64 = 0x8000;
const BUFFERS: u64 = 0x4_0000;

/// Length of the frame that comes before there is a driver.
const LOST: usize = 30;

struct Net1 {
    driver: Driver,
    peer: UnixStream,
    _directory: Directory,
}

fn net(behind: Option<BridgeKind>) -> Net1 {
    let directory = Directory::new();
    let path = directory.0.join("hub");
    let spec = NetSpec { to: To::Hub(path.clone()), mac: Some([2, 0, 0, 0, 0, 7]) };
    let driver = Driver::new(behind, &Net(spec));
    let peer = UnixStream::connect(path).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut net = Net1 { driver, peer, _directory: directory };
    // The hub has taken this test as a peer once a frame has come, for which there is no driver yet.
    net.deliver(&frame(LOST));
    wait("the cable", || net.driver.counter("frames dropped") == 1);
    net
}

impl Net1 {
    /// Sends a frame with this header.
    fn send(&mut self, header: [u8; HEADER], frame: &[u8]) {
        self.driver.fill(TO_SEND, &[&header[..], frame].concat());
        let chain = [(TO_SEND, 5, false), (TO_SEND + 5, (HEADER + frame.len() - 5) as u32, false)];
        assert_eq!(self.driver.run(SEND, &chain), 0);
    }

    fn arrived(&mut self) -> Vec<u8> {
        let mut len = [0; 4];
        self.peer.read_exact(&mut len).unwrap();
        let mut frame = vec![0; u32::from_be_bytes(len) as usize];
        self.peer.read_exact(&mut frame).unwrap();
        frame
    }

    fn deliver(&mut self, frame: &[u8]) {
        let wired = [&(frame.len() as u32).to_be_bytes()[..], frame].concat();
        self.peer.write_all(&wired).unwrap();
    }

    /// Offers a buffer of this length, the nth.
    fn buffer(&mut self, n: u16, len: u32) {
        self.driver.chain(RECEIVE, n, &[(BUFFERS + u64::from(n) * 0x1000, len, true)]);
        self.driver.offer(RECEIVE, n);
        self.driver.notify(RECEIVE);
    }
}

fn frame(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

#[test]
fn frames_go_both_ways_behind_every_bridge() {
    for behind in everywhere() {
        let mut net = net(behind);
        net.driver.start(MERGEABLE, 2);
        assert_eq!(net.driver.read::<8>(DEVICE), 0x1_0700_0000_0002);
        net.send([0; HEADER], &frame(100));
        assert_eq!(net.arrived(), frame(100), "{behind:?}");
        net.buffer(0, 0x800);
        net.deliver(&frame(300));
        assert_eq!(net.driver.used(RECEIVE), (0, 312));
        let got = net.driver.bytes(BUFFERS, 312);
        assert_eq!(
            (&got[..HEADER], &got[HEADER..]),
            (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0][..], &frame(300)[..])
        );
    }
}

// virtio 1.3, 5.1.6.4: num_buffers, and all of them are returned at once.
#[test]
fn a_large_frame_takes_several_buffers_or_waits_for_them() {
    let mut net = net(None);
    net.driver.start(MERGEABLE, 2);
    net.buffer(3, 0x400);
    net.deliver(&frame(2500));
    net.deliver(&frame(20));
    // Two are not enough.
    net.buffer(4, 0x400);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(net.driver.used_index(RECEIVE), 0);
    net.buffer(5, 0x400);
    let used: Vec<_> = (0..3).map(|_| net.driver.used(RECEIVE)).collect();
    assert_eq!(used, [(3, 0x400), (4, 0x400), (5, 2512 - 0x800)]);
    let got = [3, 4, 5].map(|n| net.driver.bytes(BUFFERS + n * 0x1000, 0x400)).concat();
    assert_eq!(got[10..12], [3, 0]);
    assert_eq!(got[HEADER..2512], frame(2500));
    net.buffer(6, 0x400);
    assert_eq!(net.driver.used(RECEIVE), (6, 32));
    assert_eq!(net.driver.counter("frames received"), 2);
}

#[test]
fn without_merging_a_frame_fits_one_buffer_or_is_dropped() {
    let mut net = net(None);
    net.driver.start(0, 2);
    net.buffer(0, 0x400);
    net.deliver(&frame(0x400 - 11));
    net.deliver(&frame(0x400 - 12));
    assert_eq!(net.driver.used(RECEIVE), (0, 0x400));
    wait("the counter", || net.driver.counter("frames received") == 1);
    assert_eq!(net.driver.counter("frames dropped"), 2);
}

#[test]
fn a_fault_loses_a_frame_and_no_more() {
    for behind in everywhere() {
        let mut net = net(behind);
        net.driver.start(MERGEABLE, 2);
        net.driver.guest.put(0, BUFFERS, (BUFFERS + SHIFT) | 1);
        net.buffer(0, 0x400);
        net.buffer(1, 0x400);
        net.deliver(&frame(100));
        net.deliver(&frame(200));
        assert_eq!(net.driver.used(RECEIVE), (0, 0));
        assert_eq!(net.driver.used(RECEIVE), (1, 212));
        net.driver.chain(SEND, 0, &[(MAPPED - 50, 100, false)]);
        net.driver.offer(SEND, 0);
        net.driver.notify(SEND);
        assert_eq!(net.driver.used(SEND), (0, 0));
        net.send([0; HEADER], &frame(64));
        assert_eq!(net.arrived(), frame(64), "{behind:?}");
        wait("the counter", || net.driver.counter("frames not sent") == 1);
        assert_eq!(net.driver.guest.function().slot().traffic.faults(), 2);
    }
}

/// An IPv4 frame with a TCP segment of this much data. The field of the checksum has the sum of the pseudo-header.
fn tcp(data: usize) -> Vec<u8> {
    let len = (40 + data) as u16;
    let [high, low] = len.to_be_bytes();
    let ip = [0x45, 0, high, low, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let pseudo = (0x0a00 + 1 + 0x0a00 + 2 + 6 + 20 + data as u16).to_be_bytes();
    let header = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 9, pseudo[0], pseudo[1], 0, 0];
    [&[2; 12][..], &[8, 0], &ip, &header, &frame(data)].concat()
}

#[test]
fn the_guest_leaves_checksums_and_segmentation_to_the_device() {
    let mut net = net(None);
    net.driver.start(CSUM | GUEST_CSUM | TSO4 | MERGEABLE, 2);
    // gso_size 1448 = 0x5a8, csum_start 34, csum_offset 16.
    net.send([1, 1, 54, 0, 0xa8, 5, 34, 0, 16, 0, 0, 0], &tcp(3000));
    let frames: Vec<_> = (0..3).map(|_| net.arrived()).collect();
    assert_eq!(frames.iter().map(|frame| frame.len() - 54).collect::<Vec<_>>(), [1448, 1448, 104]);
    let good = |frame: &Vec<u8>| vio::llan::checksum::Segment::of(frame).unwrap().is_good();
    assert!(frames.iter().all(good));
    assert_eq!(
        frames.iter().flat_map(|frame| frame[54..].to_vec()).collect::<Vec<u8>>(),
        frame(3000)
    );
    // Frames that come back are verified for the guest.
    net.buffer(0, 0x800);
    net.buffer(1, 0x800);
    net.deliver(&frames[0]);
    let mut wrong = frames[0].clone();
    wrong[60] ^= 1;
    net.deliver(&wrong);
    let _both = (net.driver.used(RECEIVE), net.driver.used(RECEIVE));
    let flags = [0, 1].map(|n| net.driver.bytes(BUFFERS + 0x1000 * n, 1)[0]);
    assert_eq!(flags, [2, 0]); // VIRTIO_NET_HDR_F_DATA_VALID
    for header in
        [[1, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0], [1, 4, 0, 0, 1, 0, 34, 0, 16, 0, 0, 0]]
    {
        net.send(header, &tcp(100));
    }
    assert_eq!(net.driver.counter("frames not sent"), 2);
}

// The queue that was reset has no buffers, so frames are for nothing until the driver is back.
#[test]
fn a_reset_while_frames_wait_loses_them() {
    let mut net = net(None);
    net.driver.start(MERGEABLE, 2);
    net.deliver(&frame(100));
    assert_eq!(net.driver.status(), 15);
    net.driver.write::<1>(20, 0);
    wait("the dropped frame", || net.driver.counter("frames dropped") == 2);
    net.driver.start(MERGEABLE, 2);
    net.buffer(0, 0x400);
    net.deliver(&frame(50));
    assert_eq!(net.driver.used(RECEIVE), (0, 62));
}

#[test]
fn random_bytes_fill_a_buffer_and_are_others_each_time() {
    let mut driver = Driver::new(None, &Rng);
    driver.start(0, 1);
    assert_eq!(driver.run(0, &[(0x9000, 64, true)]), 64);
    let first = driver.bytes(0x9000, 64);
    assert_eq!(driver.run(0, &[(0x9000, 0xffff_ffff, true)]), 4096);
    assert_ne!(driver.bytes(0x9000, 64), first);
    assert_eq!(driver.run(0, &[(MAPPED, 8, true)]), 0);
}
