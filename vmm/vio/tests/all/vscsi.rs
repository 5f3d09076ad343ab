// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The virtual SCSI adapter: the queue after LoPAR's semantics, SRP, and the answers of its disks.

use crate::rig::{
    Answer, Behind, Client, DATA, DATA_LEN, EVERYWHERE, Guest, IU, PAGE, QUEUE, command,
};
use hcall::Status;
use iommu::Ioba;

const BLOCK: usize = 512;
const BLOCKS: u64 = 6000;

fn content() -> Vec<u8> {
    (0..BLOCKS as usize * BLOCK).map(|at| (at / BLOCK * 7 + at) as u8).collect()
}

fn connected(behind: Behind) -> (Guest, Client) {
    let mut guest = Guest::with_disk(behind, &content(), false);
    let mut client = Client::connect(&mut guest);
    client.login(&guest);
    (guest, client)
}

fn ten(opcode: u8, first: u32, count: u16) -> Vec<u8> {
    [&[opcode, 0], &first.to_be_bytes()[..], &[0], &count.to_be_bytes(), &[0]].concat()
}

fn sixteen(opcode: u8, first: u64, count: u32) -> Vec<u8> {
    [&[opcode, 0], &first.to_be_bytes()[..], &count.to_be_bytes(), &[0, 0]].concat()
}

// LoPAR 2.9, H_REG_CRQ, H_SEND_CRQ, H_FREE_CRQ.
#[test]
fn the_queue_is_registered_once_and_only_if_mapped() {
    for behind in EVERYWHERE {
        let mut guest = Guest::with_disk(behind, &content(), false);
        let hello = 0xc001u128 << 112;
        assert_eq!(guest.crq().send(hello.to_be_bytes()), Err(Status::Closed));
        assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Err(Status::Parameter));
        guest.map(QUEUE, QUEUE, 3);
        for (at, len) in [
            (QUEUE + 16, PAGE),
            (QUEUE, PAGE - 16),
            (QUEUE, 0),
            (QUEUE, 2 * PAGE),
            (QUEUE, u64::MAX - 0xfff),
            (u64::MAX - 0xfff, PAGE),
        ] {
            let refused = guest.crq().register(Ioba(at), len);
            assert_eq!(refused, Err(Status::Parameter), "{at:#x} {len:#x}");
        }
        assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Ok(()));
        assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Err(Status::Resource));
        for header in [0x00, 0x7f, 0xff] {
            let message = u128::from(header as u8) << 120;
            assert_eq!(guest.crq().send(message.to_be_bytes()), Err(Status::Parameter));
        }
        let request = 0x8001u128 << 112;
        assert_eq!(guest.crq().send(request.to_be_bytes()), Err(Status::Closed), "no handshake");
        assert_eq!(guest.crq().send(hello.to_be_bytes()), Ok(()));
        assert_eq!(guest.read::<16>(QUEUE), (0xc002u128 << 112).to_be_bytes());
        assert_eq!(guest.crq().enable(), Ok(()));
        assert_eq!(guest.crq().free(), Ok(()));
        assert_eq!(guest.crq().send(hello.to_be_bytes()), Err(Status::Closed));
        assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Ok(()));
    }
}

#[test]
fn an_entry_interrupts_when_that_is_enabled() {
    let (guest, mut client) = connected(Behind::Ioda1);
    assert_eq!(guest.edges(), 0);
    guest.signal(true);
    assert!(client.command(&guest, &[0; 6], 0, 0).is_good());
    guest.wait_until("an interrupt", |guest| *guest.edges.0.lock().unwrap() == [0x1102]);
}

/// Sends the initialization to a newly registered queue. Its answer is in the queue on return.
fn hello(guest: &Guest) {
    guest.write(QUEUE, &[0; PAGE as usize]);
    assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Ok(()));
    assert_eq!(guest.crq().send((0xc001u128 << 112).to_be_bytes()), Ok(()));
    assert_eq!(guest.read::<2>(QUEUE), [0xc0, 2]);
}

// LoPAR 2.9, H_REG_CRQ and H_FREE_CRQ: "Disable CRQ interrupts". Linux: `ibmvscsi_do_work` frees, registers
// and sends the initialization before it enables the interrupt, and then waits for the answer.
#[test]
fn enabling_signals_announces_what_is_queued() {
    for behind in EVERYWHERE {
        let mut guest = Guest::with_disk(behind, &content(), false);
        guest.map(QUEUE, QUEUE, 3);
        guest.signal(true);
        hello(&guest);
        assert_eq!(guest.edges(), 0, "registering disables");
        guest.signal(true);
        assert_eq!(guest.edges(), 1);
        guest.signal(true);
        assert_eq!(guest.edges(), 1, "it was enabled");
        guest.crq().free().unwrap();
        hello(&guest);
        assert_eq!(guest.edges(), 1, "freeing disables, and so does registering");
        guest.signal(true);
        assert_eq!(guest.edges(), 2);
        guest.signal(false);
        guest.signal(true);
        assert_eq!(guest.edges(), 3, "the answer is still there");
        guest.write(QUEUE, &[0]);
        guest.signal(false);
        guest.signal(true);
        assert_eq!(guest.edges(), 3, "the answer was taken");
        guest.unmap(QUEUE);
        guest.signal(false);
        guest.signal(true);
        guest.bus.reset();
        guest.signal(true);
        assert_eq!(guest.edges(), 3, "there is no queue");
    }
}

#[test]
fn a_ping_is_answered() {
    let (guest, mut client) = connected(Behind::View);
    let mut ping = [0; 16];
    ping[..4].copy_from_slice(&[0x80, 6, 0, 0xf5]);
    guest.crq().send(ping).unwrap();
    assert_eq!(client.next(&guest)[..4], [0x80, 6, 0, 0xf6]);
}

// LoPAR 2.9, "VSCSI Management Datagrams (MADs)".
#[test]
fn datagrams_are_answered() {
    let mut guest = Guest::with_disk(Behind::Ioda2, &content(), false);
    let mut client = Client::connect(&mut guest);
    let datagram = |kind: u32, len: u16| {
        let mut mad = [0; 24];
        mad[..4].copy_from_slice(&kind.to_be_bytes());
        mad[6..8].copy_from_slice(&len.to_be_bytes());
        mad[16..].copy_from_slice(&DATA.to_be_bytes());
        mad
    };
    let mut ask =
        |guest: &Guest, kind, len| client.ask(guest, 2, &datagram(kind, len))[4..6].to_vec();
    assert_eq!(ask(&guest, 3, 148), [0, 0]);
    assert_eq!(guest.bytes(DATA, 5), *b"16.a\0");
    assert_eq!(guest.bytes(DATA + 116, 4), (2u32 << 20).to_be_bytes());
    assert_eq!(ask(&guest, 3, 147), [0, 0xf7]);
    assert_eq!(ask(&guest, 8, 16), [0, 0]);
    // Flags, names, a migration capability of 12 bytes, and one with length 0.
    let mut list = vec![0; 84];
    list[3] = 4;
    list[68..76].copy_from_slice(&[0, 0, 0, 1, 0, 12, 0, 1]);
    guest.write(DATA, &list);
    assert_eq!(ask(&guest, 5, 84), [0, 0]);
    assert_eq!((guest.bytes(DATA, 4), guest.bytes(DATA + 72, 4)), (vec![0; 4], vec![0, 12, 0, 0]));
    assert_eq!(ask(&guest, 5, 10), [0, 0xf7]);
    assert_eq!(ask(&guest, 1, 24), [0, 0xf1]);
    assert_eq!(ask(&guest, 0x99, 24), [0, 0xf1]);
    guest.unmap(DATA);
    assert_eq!(ask(&guest, 3, 148), [0, 0xf7]);
}

#[test]
fn what_breaks_the_protocol_ends_the_connection() {
    for (format, iu, len) in [
        (1, [2u8, 0, 0, 0, 0], 256), // a command before the login
        (1, [0x41, 0, 0, 0, 0], 256),
        (1, [0, 0, 0, 0, 0], 8),
        (1, [0, 0, 0, 0, 0], 257),
        (1, [0, 0, 0, 0, 0], 0),
    ] {
        let mut guest = Guest::with_disk(Behind::View, &content(), false);
        let mut client = Client::connect(&mut guest);
        guest.write(IU, &iu);
        client.send(&guest, format, len).unwrap();
        assert_eq!(client.next(&guest)[..2], [0xff, 2]);
        assert_eq!(client.send(&guest, 1, 256), Err(Status::Closed));
        assert_eq!(guest.counter("violations of the protocol"), 1);
        guest.crq().free().unwrap();
        client.register(&guest);
        client.login(&guest);
        assert!(client.command(&guest, &[0; 6], 0, 0).is_good());
    }
}

#[test]
fn an_unreadable_unit_a_second_login_and_a_logout_end_it_too() {
    let (mut guest, mut client) = connected(Behind::Ioda2);
    guest.unmap(IU);
    client.send(&guest, 1, 256).unwrap();
    assert_eq!(client.next(&guest)[..2], [0xff, 2]);
    let (fault, _) = guest.bus.reports()[0].faults[0];
    assert_eq!((fault.liobn.0, fault.ioba.0, fault.write), (crate::rig::UNIT, IU, false));
    guest.map(IU, IU, 3);
    for kind in [0, 3] {
        guest.crq().free().unwrap();
        client.register(&guest);
        client.login(&guest);
        let mut iu = [0; 64];
        iu[0] = kind;
        guest.write(IU, &iu);
        client.send(&guest, 1, 256).unwrap();
        assert_eq!(client.next(&guest)[..2], [0xff, 2]);
    }
    assert_eq!(guest.counter("violations of the protocol"), 2);
}

#[test]
fn task_management_finds_everything_done() {
    let (guest, mut client) = connected(Behind::View);
    for (function, code) in [(1, 0), (2, 0), (8, 0), (3, 4)] {
        let mut iu = [0; 64];
        (iu[0], iu[30]) = (1, function);
        let answer = client.ask(&guest, 1, &iu);
        assert_eq!((answer[0], answer[18], answer[39]), (0xc1, 1, code));
    }
}

#[test]
fn blocks_are_read_and_written_where_the_cdb_says() {
    for behind in EVERYWHERE {
        let (guest, mut client) = connected(behind);
        let mut disk = content();
        let at = |first: usize, count: usize| first * BLOCK..(first + count) * BLOCK;
        let six = |opcode, first: u8, count| vec![opcode, 0, 0, first, count, 0];
        let twelve =
            |opcode, first: u8, count: u8| vec![opcode, 0, 0, 0, 0, first, 0, 0, 0, count, 0, 0];
        for (read, first, count) in [
            (six(0x08, 5, 3), 5, 3),
            (six(0x08, 1, 0), 1, 256),
            (ten(0x28, 7, 16), 7, 16),
            (twelve(0xa8, 9, 2), 9, 2),
            (sixteen(0x88, 2040, 8), 2040, 8),
            (ten(0x28, 0, 0), 0, 0),
        ] {
            let len = (count * BLOCK) as u32;
            guest.write(DATA, &vec![0; len as usize]);
            let answer = client.command(&guest, &read, 0, len);
            assert!(answer.is_good() && answer.flags == 0, "{read:x?}: {answer:?}");
            assert_eq!(guest.bytes(DATA, len as usize), disk[at(first, count)]);
        }
        for (write, first, count) in [
            (six(0x0a, 5, 3), 5, 3),
            (ten(0x2a, 100, 511), 100, 511),
            (twelve(0xaa, 9, 2), 9, 2),
            (sixteen(0x8a, 2047, 1), 2047, 1),
        ] {
            let data: Vec<u8> = (0..count * BLOCK).map(|n| (n * 3 + first) as u8).collect();
            guest.write(DATA, &data);
            disk[at(first, count)].copy_from_slice(&data);
            let answer = client.command(&guest, &write, data.len() as u32, 0);
            assert!(answer.is_good() && answer.flags == 0, "{write:x?}: {answer:?}");
        }
        assert_eq!(guest.disk(), disk);
        assert!(client.command(&guest, &ten(0x35, 0, 0), 0, 0).is_good());
        assert!(client.command(&guest, &sixteen(0x91, 0, 0), 0, 0).is_good());
        assert_eq!(guest.counter("flushes"), 2);
    }
}

/// The descriptors of these segments.
fn segments(of: &[(u64, u32)]) -> Vec<u8> {
    let bytes =
        |(at, len): &(u64, u32)| [&at.to_be_bytes()[..], &[0; 4], &len.to_be_bytes()].concat();
    of.iter().flat_map(bytes).collect()
}

// SRP revision 16a: an indirect descriptor names its table; descriptors that are also in the unit may be
// taken from there.
#[test]
fn indirect_descriptors_are_in_the_unit_or_in_a_table() {
    for behind in [Behind::View, Behind::Ioda2] {
        let (guest, mut client) = connected(behind);
        let list = segments(&[(DATA + 0x1001, 1000), (DATA + 0x8ff0, 24), (DATA, 512)]);
        let table = DATA + DATA_LEN - 64;
        let head = |at: u64| {
            [&at.to_be_bytes()[..], &[0; 4], &48u32.to_be_bytes(), &1536u32.to_be_bytes()].concat()
        };
        let want = content()[..1536].to_vec();
        for (head, inline, count) in [(head(IU + 68), list.clone(), 3), (head(table), vec![], 0)] {
            guest.write(DATA, &[0; 0x9100]);
            guest.write(table, &list);
            let mut iu = command(&ten(0x28, 0, 3), 2, &[head, inline].concat());
            iu[7] = count;
            assert!(Answer::of(&client.ask(&guest, 1, &iu)).is_good());
            let parts = [(0x1001, 1000), (0x8ff0, 24), (0, 512)];
            let got = parts.map(|(at, len)| guest.bytes(DATA + at, len)).concat();
            assert_eq!(got, want);
        }
        // Invalid tables.
        for (at, bytes) in [(table, 47u32), (table, 1 << 30), (u64::MAX - 7, 48), (0, 48)] {
            let head =
                [&at.to_be_bytes()[..], &[0; 4], &bytes.to_be_bytes(), &[0, 0, 6, 0]].concat();
            let iu = command(&ten(0x28, 0, 3), 2, &head);
            let answer = Answer::of(&client.ask(&guest, 1, &iu));
            assert_eq!((answer.status, answer.sense[0]), (2, 0xb), "{at:#x} {bytes:#x}");
        }
        // More descriptors than the unit has bytes for, and an unknown format.
        let mut iu = command(&ten(0x28, 0, 3), 2, &[0; 20]);
        iu[7] = 200;
        assert_eq!(Answer::of(&client.ask(&guest, 1, &iu)).sense, [0xb, 0x0e, 0x03]);
        guest.write(IU, &command(&ten(0x28, 0, 3), 7, &[]));
        client.send(&guest, 1, 256).unwrap();
        assert_eq!(client.next(&guest)[..2], [0xff, 2]);
    }
}

#[test]
fn refusals_have_their_sense_data() {
    let (guest, mut client) = connected(Behind::View);
    let end = BLOCKS as u32;
    let before = guest.disk();
    for (cdb, sense) in [
        (vec![0xff; 10], [5, 0x20, 0]),
        (ten(0x28, end, 1), [5, 0x21, 0]),
        (ten(0x28, end - 1, 2), [5, 0x21, 0]),
        (ten(0x28, u32::MAX, u16::MAX), [5, 0x21, 0]),
        (sixteen(0x88, u64::MAX, u32::MAX), [5, 0x21, 0]),
        (ten(0x28, 0, 4097), [5, 0x24, 0]), // more than 2 MiB
        (ten(0x2a, 0, 4097), [5, 0x24, 0]),
        (vec![0x28, 0x20, 0, 0, 0, 0, 0, 0, 1, 0], [5, 0x24, 0]),
        (vec![0x12, 1, 0x77, 0, 255, 0], [5, 0x24, 0]),
        (vec![0x12, 0, 0x80, 0, 255, 0], [5, 0x24, 0]),
        (vec![0x1a, 0, 0x08 | 3 << 6, 0, 255, 0], [5, 0x39, 0]),
        (vec![0x1a, 0, 0x1c, 0, 255, 0], [5, 0x24, 0]),
        (vec![0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], [5, 0x24, 0]),
        (vec![0x9e, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0], [5, 0x24, 0]),
    ] {
        let answer = client.command(&guest, &cdb, 0, 4096);
        assert_eq!((answer.status, answer.sense), (2, sense), "{cdb:x?}");
        assert_eq!((answer.flags, answer.in_residual), (1 << 1 | 1 << 5, 4096));
    }
    // A write without all its data.
    let answer = client.command(&guest, &ten(0x2a, 0, 2), 1023, 0);
    assert_eq!((answer.status, answer.sense), (2, [0xb, 0x0e, 0x03]));
    assert_eq!(guest.disk(), before);
}

#[test]
fn data_that_cannot_be_reached_is_a_data_phase_error() {
    for behind in EVERYWHERE {
        let (mut guest, mut client) = connected(behind);
        guest.unmap(DATA + 0x3000);
        let answer = client.command(&guest, &ten(0x28, 0, 64), 0, 64 * 512);
        assert_eq!((answer.status, answer.sense), (2, [0xb, 0x4b, 0]));
        let answer = client.command(&guest, &ten(0x2a, 0, 64), 64 * 512, 0);
        assert_eq!((answer.status, answer.sense), (2, [0xb, 0x4b, 0]));
        assert_eq!(guest.disk(), content(), "nothing was written");
        guest.map(DATA + 0x3000, DATA + 0x3000, 1); // the device may only read it
        let answer = client.command(&guest, &ten(0x28, 0, 64), 0, 64 * 512);
        assert_eq!((answer.status, answer.sense), (2, [0xb, 0x4b, 0]));
        let report = guest.bus.reports().remove(0);
        assert_eq!(report.all_faults, 3);
        assert!(report.faults.iter().all(|(fault, _)| fault.ioba.0 == DATA + 0x3000));
        assert!(client.command(&guest, &ten(0x2a, 0, 64), 64 * 512, 0).is_good());
    }
}

#[test]
fn what_the_client_has_more_or_less_than_the_command_is_told() {
    let (guest, mut client) = connected(Behind::View);
    let answer = client.command(&guest, &ten(0x28, 0, 2), 0, 4096);
    assert_eq!((answer.flags, answer.in_residual), (1 << 5, 3072));
    guest.write(DATA, &[0x55; 2048]);
    let answer = client.command(&guest, &ten(0x28, 0, 4), 0, 1000);
    assert_eq!((answer.flags, answer.in_residual), (1 << 4, 1048));
    assert_eq!(guest.bytes(DATA, 1000), content()[..1000]);
    assert_eq!(guest.bytes(DATA + 1000, 1048), [0x55; 1048]);
}

#[test]
fn a_readonly_disk_is_not_written() {
    let mut guest = Guest::with_disk(Behind::View, &content(), true);
    let mut client = Client::connect(&mut guest);
    client.login(&guest);
    for (cdb, len) in [
        (ten(0x2a, 0, 1), 512),
        (vec![0x0a, 0, 0, 0, 1, 0], 512),
        (vec![0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0], 24),
    ] {
        let answer = client.command(&guest, &cdb, len, 0);
        assert_eq!((answer.status, answer.sense), (2, [7, 0x27, 0]));
    }
    assert!(client.command(&guest, &[0x1a, 0, 0x3f, 0, 255, 0], 0, 255).is_good());
    assert_eq!(guest.bytes(DATA + 2, 1)[0] & 0x80, 0x80, "write protected");
    assert!(client.command(&guest, &ten(0x35, 0, 0), 0, 0).is_good());
    assert_eq!(guest.disk(), content());
}

#[test]
fn the_disk_tells_what_it_is() {
    let (guest, mut client) = connected(Behind::View);
    let mut ask = |cdb: &[u8], len: u32| {
        guest.write(DATA, &[0xee; 512]);
        let answer = client.command(&guest, cdb, 0, len);
        assert!(answer.is_good(), "{cdb:x?}: {answer:?}");
        let len = len - if answer.flags & 1 << 5 != 0 { answer.in_residual } else { 0 };
        guest.bytes(DATA, len as usize)
    };
    let inquiry = ask(&[0x12, 0, 0, 0, 36, 0], 36);
    assert_eq!((inquiry[0], inquiry[2], inquiry[4]), (0, 5, 31));
    assert_eq!(inquiry[8..16], *b"tcevm   ");
    assert_eq!(ask(&[0x12, 0, 0, 0, 5, 0], 36), inquiry[..5], "as much as was allocated");
    assert_eq!(ask(&[0x12, 1, 0, 0, 255, 0], 255), [0, 0, 0, 6, 0, 0x80, 0x83, 0xb0, 0xb1, 0xb2]);
    assert_eq!(ask(&[0x12, 1, 0x80, 0, 255, 0], 255), *b"\0\x80\0\x0btcevm-disk0");
    let limits = ask(&[0x12, 1, 0xb0, 0, 255, 0], 255);
    assert_eq!((limits.len(), &limits[8..12]), (64, &4096u32.to_be_bytes()[..]));
    // SBC-3, READ CAPACITY: the last block, and the length of one.
    assert_eq!(ask(&ten(0x25, 0, 0), 8), [0, 0, 0x17, 0x6f, 0, 0, 2, 0]);
    let long = ask(&[0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0], 32);
    assert_eq!((&long[..12], long[14]), (&[0, 0, 0, 0, 0, 0, 0x17, 0x6f, 0, 0, 2, 0][..], 0xc0));
    // SPC-3, MODE SENSE: header, block descriptor, caching page with the write cache.
    let mode = ask(&[0x1a, 0, 8, 0, 255, 0], 255);
    assert_eq!(mode[..4], [31, 0, 0x10, 8]);
    assert_eq!(mode[12..15], [8, 18, 4]);
    let mode = ask(&[0x5a, 8, 0x3f, 0, 0, 0, 0, 0, 255, 0], 255);
    assert_eq!((mode[1] as usize, mode[3], mode[7]), (mode.len() - 2, 0x10, 0));
    let changeable = ask(&[0x1a, 8, 8 | 1 << 6, 0, 255, 0], 255);
    assert_eq!(changeable[6..], [0; 18]);
    assert_eq!(ask(&[0x03, 0, 0, 0, 18, 0], 18)[..3], [0x70, 0, 0]);
    assert_eq!(ask(&[0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0], 16)[..8], [0, 0, 0, 8, 0, 0, 0, 0]);
    ask(&[0x1b, 0, 0, 0, 0, 0], 0);
}

#[test]
fn a_target_that_is_not_there_says_so() {
    let (guest, mut client) = connected(Behind::View);
    let mut ask = |cdb: &[u8]| {
        let descriptor = [&DATA.to_be_bytes()[..], &[0; 4], &255u32.to_be_bytes()].concat();
        let mut iu = command(cdb, 1, &descriptor);
        iu[20] = 0x83;
        Answer::of(&client.ask(&guest, 1, &iu))
    };
    assert!(ask(&[0x12, 0, 0, 0, 36, 0]).is_good());
    assert_eq!(guest.bytes(DATA, 1), [0x7f]);
    for cdb in [vec![0; 6], ten(0x28, 0, 1), ten(0x25, 0, 0), ten(0x35, 0, 0)] {
        assert_eq!(ask(&cdb).sense, [5, 0x25, 0], "{cdb:x?}");
    }
}

// SBC-3, UNMAP: all ranges or none; unmapped blocks read as zeros.
#[test]
fn unmapped_blocks_read_as_zeros() {
    let (guest, mut client) = connected(Behind::Ioda2);
    let list = |ranges: &[(u64, u32)]| {
        let bytes = |(first, count): &(u64, u32)| {
            [&first.to_be_bytes()[..], &count.to_be_bytes(), &[0; 4]].concat()
        };
        let ranges: Vec<u8> = ranges.iter().flat_map(bytes).collect();
        let len = |extra: usize| ((ranges.len() + extra) as u16).to_be_bytes();
        [&len(6)[..], &len(0), &[0; 4], &ranges].concat()
    };
    let mut unmap = |ranges: &[(u64, u32)]| {
        let list = list(ranges);
        guest.write(DATA, &list);
        let cdb = [0x42, 0, 0, 0, 0, 0, 0, 0, list.len() as u8, 0];
        client.command(&guest, &cdb, list.len() as u32, 0)
    };
    assert_eq!(unmap(&[(0, 8), (BLOCKS, 1)]).sense, [5, 0x21, 0]);
    assert_eq!(unmap(&[(0, 8), (u64::MAX, u32::MAX)]).sense[0], 5);
    assert_eq!(guest.disk(), content());
    assert!(unmap(&[(8, 8), (24, 8)]).is_good());
    let mut want = content();
    for first in [8, 24] {
        want[first * BLOCK..(first + 8) * BLOCK].fill(0);
    }
    assert_eq!(guest.disk(), want);
}

#[test]
fn many_requests_are_outstanding_and_all_are_answered() {
    let (guest, mut client) = connected(Behind::Ioda2);
    let mut open = std::collections::BTreeSet::new();
    for n in 0..60u64 {
        let descriptor = [&(DATA + n * 512).to_be_bytes()[..], &[0; 4], &512u32.to_be_bytes()];
        let iu = command(&ten(0x28, n as u32, 1), 1, &descriptor.concat());
        let at = IU + n % 8 * 256;
        let mut whole = [0; 256];
        whole[..iu.len()].copy_from_slice(&iu);
        whole[8..16].copy_from_slice(&(1000 + n).to_be_bytes());
        if n >= 8 {
            let entry = client.next(&guest);
            assert!(open.remove(&u64::from_be_bytes(entry[8..].try_into().unwrap())));
        }
        guest.write(at, &whole);
        let mut message = [0; 16];
        message[..8].copy_from_slice(&[0x80, 1, 0, 0, 0, 0, 1, 0]);
        message[8..].copy_from_slice(&at.to_be_bytes());
        guest.crq().send(message).unwrap();
        open.insert(1000 + n);
    }
    while !open.is_empty() {
        let entry = client.next(&guest);
        assert!(open.remove(&u64::from_be_bytes(entry[8..].try_into().unwrap())));
    }
    assert_eq!(guest.bytes(DATA, 60 * 512), content()[..60 * 512]);
}

#[test]
fn nothing_is_touched_after_the_queue_is_freed() {
    let (guest, client) = connected(Behind::View);
    for _ in 0..50 {
        // The requests overwrite each other's unit; their content does not matter here.
        let _dropped_when_full = client.send(&guest, 1, 256);
    }
    guest.crq().free().unwrap();
    let before = guest.bytes(0, crate::rig::RAM as usize);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(guest.bytes(0, crate::rig::RAM as usize) == before);
    assert_eq!(client.send(&guest, 1, 256), Err(Status::Closed));
}

#[test]
fn a_full_queue_loses_answers_and_counts_them() {
    let (guest, client) = connected(Behind::View);
    guest.write(QUEUE, &[0x80; PAGE as usize]);
    guest.write(IU, &command(&[0; 6], 0, &[]));
    client.send(&guest, 1, 256).unwrap();
    guest.wait_until("a lost answer", |guest| guest.counter("responses without room") == 1);
}
