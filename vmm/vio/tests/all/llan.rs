// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The logical LAN adapter after LoPAR's semantics, with the view and with each bridge.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::rig::{EVERYWHERE, Guest, PAGE, descriptor};
use hcall::Status;
use hcall::vio::{Descriptor, FilterChange, Multicast};
use iommu::Ioba;

/// Addresses of the driver's structures; guest and bus addresses are equal.
const LIST: u64 = 0x1_0000;
const FILTERS: u64 = 0x1_1000;
const QUEUE: u64 = 0x1_2000;
pub const BUFFERS: u64 = 0x2_0000;
const FRAME: u64 = 0x3_0000;
/// Entries of the receive queue.
pub const ENTRIES: u64 = 4;
pub const MAC: [u8; 6] = [0x52, 0x54, 0, 0x12, 0x34, 0x56];

/// Maps the driver's structures.
pub fn map(guest: &mut Guest) {
    for page in [LIST, FILTERS, QUEUE, BUFFERS, BUFFERS + PAGE, FRAME, FRAME + PAGE] {
        guest.map(page, page, 3);
    }
}

pub fn open(guest: &mut Guest) {
    map(guest);
    register(guest).unwrap();
}

fn register(guest: &Guest) -> Result<(), Status> {
    guest.lan().register(Ioba(LIST), descriptor(QUEUE, 16 * ENTRIES), Ioba(FILTERS), MAC)
}

/// A frame to this address.
pub fn frame(to: [u8; 6], len: usize) -> Vec<u8> {
    let body = (0..len - 12).map(|n| n as u8);
    to.into_iter().chain([2, 0, 0, 0, 0, 9]).chain(body).collect()
}

pub fn put(wire: &mut UnixStream, frame: &[u8]) {
    wire.write_all(&(frame.len() as u32).to_be_bytes()).unwrap();
    wire.write_all(frame).unwrap();
}

fn get(wire: &mut UnixStream) -> Vec<u8> {
    let mut len = [0; 4];
    wire.read_exact(&mut len).unwrap();
    let mut frame = vec![0; u32::from_be_bytes(len) as usize];
    wire.read_exact(&mut frame).unwrap();
    frame
}

fn one(buffer: Descriptor) -> [Descriptor; 6] {
    let mut buffers = [Descriptor::default(); 6];
    buffers[0] = buffer;
    buffers
}

/// Waits for an entry of the receive queue, numbered since the queue was opened.
pub fn entry(guest: &Guest, number: u64) -> [u8; 16] {
    let at = QUEUE + number % ENTRIES * 16;
    let valid = if (number / ENTRIES).is_multiple_of(2) { 0x80 } else { 0 };
    guest.wait_until("a message in the receive queue", |guest| {
        let [control, ..] = guest.read::<16>(at);
        control & 0x80 == valid && (control & 0x40 != 0 || number < ENTRIES && control != 0)
    });
    guest.read(at)
}

// LoPAR 2.9, H_REGISTER_LOGICAL_LAN: semantics 1 to 3, then "Initialize the one page buffer list".
#[test]
fn registration_wants_mapped_and_aligned_pages() {
    for behind in EVERYWHERE {
        let (mut guest, _wire) = Guest::with_net(behind);
        let register = |guest: &Guest, list, queue, filters| {
            guest.lan().register(Ioba(list), queue, Ioba(filters), MAC)
        };
        let queue = descriptor(QUEUE, 64);
        assert_eq!(register(&guest, LIST, queue, FILTERS), Err(Status::Parameter), "not mapped");
        guest.map(LIST, LIST, 3);
        guest.map(FILTERS, FILTERS, 3);
        assert_eq!(register(&guest, LIST, queue, FILTERS), Err(Status::Parameter), "no queue");
        guest.map(QUEUE, QUEUE, 1);
        assert_eq!(register(&guest, LIST, queue, FILTERS), Err(Status::Parameter), "read only");
        guest.map(QUEUE, QUEUE, 3);
        for (list, queue, filters) in [
            (LIST + 8, queue, FILTERS),
            (LIST, queue, FILTERS + 0x100),
            (LIST, descriptor(QUEUE, 60), FILTERS),
            (LIST, descriptor(QUEUE + 8, 64), FILTERS),
            (LIST, descriptor(QUEUE, 0), FILTERS),
            (LIST, descriptor(QUEUE, 0xff_fff0), FILTERS),
            (LIST, descriptor(0xffff_fff0, 0xff_fff0), FILTERS),
            (LIST, Descriptor(queue.0 & !Descriptor::VALID), FILTERS),
            (u64::MAX - 0xfff, queue, FILTERS),
        ] {
            assert_eq!(register(&guest, list, queue, filters), Err(Status::Parameter));
        }
        guest.write(LIST, &[7; 4096]);
        assert_eq!(register(&guest, LIST, queue, FILTERS), Ok(()));
        assert_eq!(guest.read(LIST), queue.0.to_be_bytes());
        assert_eq!(guest.bytes(LIST + 8, 4088), [0; 4088]);
        assert_eq!(register(&guest, LIST, queue, FILTERS), Err(Status::Resource), "twice");
        assert_eq!(guest.lan().free(), Ok(()));
        assert_eq!(register(&guest, LIST, queue, FILTERS), Ok(()));
    }
}

// LoPAR 2.9, H_SEND_LOGICAL_LAN: up to the first descriptor of length 0.
#[test]
fn a_frame_is_gathered_from_up_to_six_buffers() {
    for behind in EVERYWHERE {
        let (mut guest, mut wire) = Guest::with_net(behind);
        open(&mut guest);
        let whole = frame([0xff; 6], 3000);
        guest.write(FRAME + 100, &whole);
        let mut buffers = [Descriptor::default(); 6];
        let cuts = [0u64, 1, 14, 2000, 2500, 3000];
        for (buffer, cut) in buffers.iter_mut().zip(cuts.windows(2)) {
            *buffer = descriptor(FRAME + 100 + cut[0], cut[1] - cut[0]);
        }
        // The other end may not be connected yet: an adapter without a peer drops frames.
        guest.wait_until("the frame is sent", |guest| guest.lan().send(&buffers) == Ok(()));
        assert_eq!(get(&mut wire), whole);
        buffers[1] = Descriptor::default();
        assert_eq!(guest.lan().send(&buffers), Err(Status::Parameter), "one byte is no frame");
        let far = descriptor(FRAME + PAGE, PAGE + 1);
        assert_eq!(guest.lan().send(&one(far)), Err(Status::Parameter), "not all is mapped");
        let long = descriptor(FRAME, (128 << 10) + 1);
        assert_eq!(guest.lan().send(&one(long)), Err(Status::Parameter));
        assert_eq!(guest.counter("DMA faults"), 1);
        guest.map(FRAME, FRAME, 2);
        assert_eq!(guest.lan().send(&one(descriptor(FRAME, 60))), Err(Status::Parameter));
        guest.map(FRAME, FRAME, 1);
        assert_eq!(guest.lan().send(&one(descriptor(FRAME, 60))), Ok(()));
        guest.lan().free().unwrap();
        assert_eq!(guest.lan().send(&one(descriptor(FRAME, 60))), Err(Status::Dropped));
    }
}

// LoPAR 2.9, "Receive Queue": entries with the handle, a valid bit that changes with each turn, and the
// toggle in the buffer list.
#[test]
fn frames_arrive_in_the_buffers_that_were_given() {
    for behind in EVERYWHERE {
        let (mut guest, mut wire) = Guest::with_net(behind);
        open(&mut guest);
        guest.signal(true);
        for number in 0..3 * ENTRIES {
            let handle = 0x1122_3344_5566_0000 + number;
            guest.write(BUFFERS, &handle.to_be_bytes());
            guest.lan().add_buffer(descriptor(BUFFERS, 2048)).unwrap();
            let sent = frame(MAC, 60 + number as usize);
            put(&mut wire, &sent);
            let entry = entry(&guest, number);
            assert_eq!(entry[0] & 0x40, 0x40);
            let offset = u64::from(u16::from_be_bytes([entry[2], entry[3]]));
            let len = u32::from_be_bytes(entry[4..8].try_into().unwrap()) as usize;
            assert_eq!((offset, len), (8, sent.len()));
            assert_eq!(entry[8..], handle.to_be_bytes());
            assert_eq!(guest.bytes(BUFFERS + offset, len), sent);
            assert_eq!(guest.read::<8>(BUFFERS), handle.to_be_bytes(), "never modified");
            let turns = (number + 1) / ENTRIES;
            let toggle = if turns % 2 == 1 { 0xc0 } else { 0x80 };
            guest.wait_until("the toggle", |guest| guest.read::<1>(LIST) == [toggle]);
        }
        guest.wait_until("an interrupt for each", |guest| {
            guest.edges.0.lock().unwrap().iter().all(|source| *source == 0x1102)
                && guest.edges() == 3 * ENTRIES as usize
        });
    }
}

// LoPAR 2.9, "Logical LAN hcall()s": the modes Disabled and Enabled; "the effect is to interrupt on an empty to non-empty
// transition". H_REGISTER_LOGICAL_LAN: "Disable receive queue interrupts".
#[test]
fn enabling_signals_announces_what_came_meanwhile() {
    for behind in EVERYWHERE {
        let (mut guest, mut wire) = Guest::with_net(behind);
        guest.signal(true);
        open(&mut guest);
        guest.lan().add_buffer(descriptor(BUFFERS, 2048)).unwrap();
        put(&mut wire, &frame(MAC, 60));
        entry(&guest, 0);
        assert_eq!(guest.edges(), 0, "registering disables");
        guest.signal(true);
        guest.wait_until("an interrupt", |guest| guest.edges() == 1);
        guest.signal(false);
        guest.signal(true);
        assert_eq!(guest.edges(), 1, "nothing came");
        guest.signal(false);
        guest.lan().add_buffer(descriptor(BUFFERS, 2048)).unwrap();
        guest.lan().free_buffer(2048).unwrap();
        guest.lan().free().unwrap();
        register(&guest).unwrap();
        guest.signal(true);
        assert_eq!(guest.edges(), 1, "the queue is a new one");
        guest.lan().free().unwrap();
        register(&guest).unwrap();
        guest.lan().add_buffer(descriptor(BUFFERS, 2048)).unwrap();
        guest.lan().free_buffer(2048).unwrap();
        assert_eq!(guest.edges(), 1, "freeing and registering disable");
        guest.signal(true);
        assert_eq!(guest.edges(), 2);
    }
}

// LoPAR 2.9, H_ADD_LOGICAL_LAN_BUFFER, and R1 of "Interpartition Logical LAN Requirements", 24 to 26.
#[test]
fn a_buffer_must_be_mapped_aligned_and_16_bytes_long() {
    for behind in EVERYWHERE {
        let (mut guest, _wire) = Guest::with_net(behind);
        guest.map(BUFFERS, BUFFERS, 3);
        let add = |guest: &Guest, at, len| guest.lan().add_buffer(descriptor(at, len));
        assert_eq!(add(&guest, BUFFERS, 64), Err(Status::Resource), "not open");
        open(&mut guest);
        assert_eq!(add(&guest, BUFFERS, 15), Err(Status::Parameter));
        assert_eq!(add(&guest, BUFFERS + 2, 64), Err(Status::Parameter));
        assert_eq!(add(&guest, BUFFERS + PAGE, PAGE + 16), Err(Status::Parameter));
        assert_eq!(add(&guest, 0xffff_fff0, 64), Err(Status::Parameter));
        for _ in 0..ENTRIES {
            assert_eq!(add(&guest, BUFFERS, 16), Ok(()));
        }
        assert_eq!(add(&guest, BUFFERS, 16), Err(Status::Resource), "as many as the queue tells");
    }
}

// LoPAR 2.9, H_FREE_LOGICAL_LAN_BUFFER: an entry with control bit 1 = 0.
#[test]
fn a_buffer_comes_back_without_a_message() {
    let (mut guest, _wire) = Guest::with_net(crate::rig::Behind::Ioda2);
    open(&mut guest);
    assert_eq!(guest.lan().free_buffer(64), Err(Status::NotFound));
    guest.write(BUFFERS, b"handle64");
    guest.lan().add_buffer(descriptor(BUFFERS, 64)).unwrap();
    assert_eq!(guest.lan().free_buffer(32), Err(Status::NotFound));
    assert_eq!(guest.lan().free_buffer(64), Ok(()));
    let entry: [u8; 16] = guest.read(QUEUE);
    assert_eq!((entry[0], &entry[8..]), (0x80, &b"handle64"[..]));
    assert_eq!(guest.lan().free_buffer(64), Err(Status::NotFound));
}

// LoPAR 2.9, H_SEND_LOGICAL_LAN, the note: "mark the buffer as received in error in the receive queue".
#[test]
fn a_buffer_that_is_not_mapped_any_more_takes_no_frame() {
    for behind in EVERYWHERE {
        let (mut guest, mut wire) = Guest::with_net(behind);
        open(&mut guest);
        guest.write(BUFFERS + 8, b"handle 8");
        // The buffer reaches into a second page, which is unmapped then.
        guest.lan().add_buffer(descriptor(BUFFERS + 8, PAGE + 512)).unwrap();
        guest.unmap(BUFFERS + PAGE);
        put(&mut wire, &frame(MAC, 4200));
        let entry = entry(&guest, 0);
        assert_eq!((entry[0], &entry[8..]), (0x80, &b"handle 8"[..]));
        let report = guest.bus.reports().remove(0);
        assert_eq!(report.all_faults, 1);
        let (fault, count) = report.faults[0];
        assert_eq!(
            (fault.liobn.0, fault.ioba.0, fault.write),
            (crate::rig::UNIT, BUFFERS + PAGE, true)
        );
        assert_eq!(count, 1);
        assert_eq!(guest.bytes(BUFFERS + PAGE, 4096), [0; 4096]);
    }
}

#[test]
fn a_frame_waits_for_a_buffer_unless_none_was_ever_large_enough() {
    let (mut guest, mut wire) = Guest::with_net(crate::rig::Behind::View);
    open(&mut guest);
    guest.lan().add_buffer(descriptor(BUFFERS, 512)).unwrap();
    for len in [60, 61] {
        put(&mut wire, &frame(MAC, len));
    }
    entry(&guest, 0);
    put(&mut wire, &frame(MAC, 1000)); // fits no pool: lost, behind the frame that waits
    guest.lan().add_buffer(descriptor(BUFFERS, 512)).unwrap();
    assert_eq!(entry(&guest, 1)[7], 61);
    guest.wait_until("the counter in the buffer list", |guest| {
        guest.read(LIST + 4088) == 1u64.to_be_bytes()
    });
    assert_eq!(guest.counter("frames without a buffer"), 1);
}

#[test]
fn frames_of_others_are_not_received() {
    let (mut guest, mut wire) = Guest::with_net(crate::rig::Behind::View);
    open(&mut guest);
    for at in [0, 512, 1024] {
        guest.lan().add_buffer(descriptor(BUFFERS + at, 512)).unwrap();
    }
    let group = [1, 0, 0x5e, 0, 0, 1];
    put(&mut wire, &frame([2, 0, 0, 0, 0, 1], 60));
    put(&mut wire, &frame(group, 61));
    put(&mut wire, &frame([0xff; 6], 62));
    assert_eq!(entry(&guest, 0)[7], 62);
    let all = Multicast { receive: Some(true), filter: None };
    guest.lan().multicast(all, FilterChange::Keep);
    put(&mut wire, &frame(group, 63));
    assert_eq!(entry(&guest, 1)[7], 63);
    guest.lan().set_mac([2, 0, 0, 0, 0, 1]);
    put(&mut wire, &frame(MAC, 64));
    put(&mut wire, &frame([2, 0, 0, 0, 0, 1], 65));
    assert_eq!(entry(&guest, 2)[7], 65);
}

#[test]
fn a_hub_repeats_to_everybody_else() {
    let (mut guest, mut first) = Guest::with_net(crate::rig::Behind::View);
    open(&mut guest);
    guest.lan().add_buffer(descriptor(BUFFERS, 512)).unwrap();
    let mut second = UnixStream::connect(guest.directory().join("hub")).unwrap();
    second.set_read_timeout(first.read_timeout().unwrap()).unwrap();
    guest.write(FRAME, &frame([0xff; 6], 60));
    // Both machines are connected once both have got a frame.
    guest.wait_until("a frame to the first", |guest| {
        guest.lan().send(&one(descriptor(FRAME, 60))) == Ok(())
    });
    get(&mut first);
    put(&mut second, &frame([0xff; 6], 61));
    assert_eq!(entry(&guest, 0)[7], 61);
    let mut seen = get(&mut first);
    while seen.len() == 60 {
        seen = get(&mut first); // our frame, which was sent more than once
    }
    assert_eq!(seen, frame([0xff; 6], 61));
}

/// ILLAN attributes by their bit numbers (LoPAR 2.9, "ILLAN Attributes").
const fn attribute(bit: u32) -> u64 {
    1 << (63 - bit)
}
const NON_ZERO: u64 = attribute(46);
const PADDED: u64 = attribute(50);
const TCP6: u64 = attribute(61);
const TCP4: u64 = attribute(62);

// LoPAR 2.9, H_ILLAN_ATTRIBUTES, and R1 of "ILLAN Attributes", 2.
#[test]
fn attributes_are_what_is_implemented_and_change_while_closed() {
    use Status::{Constrained, Success};
    let (mut guest, _wire) = Guest::with_net(crate::rig::Behind::View);
    let ask = |guest: &Guest, reset, set| {
        let outcome = guest.lan().attributes(reset, set);
        (outcome.value, outcome.status)
    };
    let fixed = PADDED | NON_ZERO;
    assert_eq!(ask(&guest, 0, 0), (fixed, Success));
    // Large send, port disabled, buffer size control, trunk adapter and the reserved bits are not
    // implemented.
    let known = fixed | TCP4 | TCP6;
    assert_eq!(ask(&guest, !known, !known), (fixed, Success));
    assert_eq!(ask(&guest, 0, TCP4), (fixed | TCP4, Success));
    assert_eq!(ask(&guest, TCP4, TCP6), (fixed | TCP6, Success));
    assert_eq!(ask(&guest, PADDED, TCP4), (known, Constrained), "what can be changed is");
    open(&mut guest);
    assert_eq!(ask(&guest, TCP4, 0), (known, Constrained), "it is open");
    assert_eq!(ask(&guest, 0, TCP4 | PADDED), (known, Success), "nothing changes");
    guest.lan().free().unwrap();
    assert_eq!(ask(&guest, TCP4 | TCP6, 0), (fixed, Success));
    ask(&guest, 0, TCP4);
    guest.bus.reset();
    assert_eq!(ask(&guest, 0, 0), (fixed, Success));
}

/// A TCP segment over IPv4 from 10.0.0.1 to 10.0.0.2 without data and without its checksum, which is 9bdf: see
/// `llan/checksum.rs`. Padded to 60 bytes.
fn segment(to: [u8; 6], from: [u8; 6]) -> Vec<u8> {
    let ip = [0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let tcp = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 0, 0, 0xab, 0xcd, 0, 0];
    [&to[..], &from, &[8, 0], &ip, &tcp, &[7; 6]].concat()
}

// LoPAR 2.9, "Summary of H_SEND_LOGICAL_LAN Semantics with Checksum Offload": the receiver outside has not
// set the bits.
#[test]
fn a_checksum_that_the_guest_leaves_out_is_generated() {
    for behind in EVERYWHERE {
        let (mut guest, mut wire) = Guest::with_net(behind);
        let send = |guest: &Guest, frame: &[u8], no_checksum: bool, good: bool| {
            guest.write(FRAME, frame);
            let control = u64::from(no_checksum) << 57 | u64::from(good) << 56;
            let buffer = descriptor(FRAME, frame.len() as u64);
            guest.lan().send(&one(Descriptor(buffer.0 | control)))
        };
        let to = [2, 0, 0, 0, 0, 9];
        let (ours, others) = (segment(to, MAC), segment(to, to));
        let mut whole = ours.clone();
        whole[50..52].copy_from_slice(&[0x9b, 0xdf]);
        let mut udp = ours.clone();
        udp[23] = 17;
        let mut tcp6 = ours.clone();
        tcp6[12..15].copy_from_slice(&[0x86, 0xdd, 0x60]);

        open(&mut guest);
        assert_eq!(send(&guest, &ours, true, true), Err(Status::Parameter), "not enabled");
        assert_eq!(send(&guest, &ours, false, true), Err(Status::Parameter), "not enabled");
        guest.lan().free().unwrap();
        guest.lan().attributes(0, TCP4);
        register(&guest).unwrap();
        assert_eq!(send(&guest, &ours, true, false), Err(Status::Parameter));
        for frame in [&udp, &tcp6, &vec![0; 60]] {
            assert_eq!(send(&guest, frame, true, true), Err(Status::Parameter));
            assert_eq!(send(&guest, frame, false, true), Err(Status::Parameter));
        }
        // The hub accepts its peer on another thread.
        guest.wait_until("a peer", |guest| send(guest, &udp, false, false).is_ok());
        assert_eq!(get(&mut wire), udp);
        assert_eq!(send(&guest, &others, true, true), Err(Status::Dropped), "not our address");
        assert_eq!(send(&guest, &ours, true, true), Ok(()));
        assert_eq!(get(&mut wire), whole);
        assert_eq!(guest.bytes(FRAME, 60), ours, "the guest's memory is as it was");
        for (frame, good) in [(&ours, false), (&whole, true), (&udp, false), (&others, true)] {
            assert_eq!(send(&guest, frame, false, good), Ok(()));
            assert_eq!(get(&mut wire), *frame, "nothing to do");
        }
    }
}

// LoPAR 2.9, "Receive Queue Entry": control bit 7, Checksum Good.
#[test]
fn a_checksum_that_is_right_is_reported_to_those_who_asked() {
    let (mut guest, mut wire) = Guest::with_net(crate::rig::Behind::View);
    let mut whole = segment(MAC, [2, 0, 0, 0, 0, 9]);
    let bad = whole.clone();
    whole[50..52].copy_from_slice(&[0x9b, 0xdf]);
    let other = frame(MAC, 60);
    for (attributes, frame, control) in [
        (0, &whole, 0xc0),
        (TCP6, &whole, 0xc0),
        (TCP4, &whole, 0xc1),
        (TCP4, &bad, 0xc0),
        (TCP4, &other, 0xc0),
    ] {
        guest.lan().attributes(TCP4 | TCP6, attributes);
        guest.write(QUEUE, &[0; 64]);
        open(&mut guest);
        guest.lan().add_buffer(descriptor(BUFFERS, 2048)).unwrap();
        put(&mut wire, frame);
        assert_eq!(entry(&guest, 0)[0], control, "{attributes:#x}");
        assert_eq!(guest.bytes(BUFFERS + 8, frame.len()), *frame);
        guest.lan().free().unwrap();
    }
}
