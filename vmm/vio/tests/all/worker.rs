// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Disks whose code hangs or panics: the guest gets I/O errors, and no reset waits for the disk.

use std::io;
use std::panic::panic_any;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::rig::{Behind, Client, DATA, EVERYWHERE, Guest, IU, PAGE, QUEUE, command};
use hcall::Status;
use iommu::Ioba;
use vio::vscsi::backend::Image;

pub const BYTES: u64 = 1 << 20;

/// A disk of zeros whose read first calls the function.
struct Disk<F>(F);

impl<F: FnMut() + Send> Image for Disk<F> {
    fn bytes(&self) -> u64 {
        BYTES
    }

    fn read(&mut self, _: u64, to: &mut [u8]) -> io::Result<()> {
        (self.0)();
        to.fill(0);
        Ok(())
    }

    fn write(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn discard(&mut self, _: u64, _: u64) -> io::Result<()> {
        Ok(())
    }
}

/// The payload of a panic. Dropping it panics this many times.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Bomb(self.0 - 1));
        }
    }
}

pub const READ: [u8; 10] = [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0];
const WRITE: [u8; 10] = [0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0];
/// SPC-3, annex D: HARDWARE ERROR, INTERNAL TARGET FAILURE.
const TARGET_FAILURE: [u8; 3] = [4, 0x44, 0];

pub fn connected(behind: Behind, images: Vec<Box<dyn Image>>) -> (Guest, Client) {
    let mut guest = Guest::with_images(behind, images);
    let mut client = Client::connect(&mut guest);
    client.login(&guest);
    (guest, client)
}

/// READ of a block of this target: status and sense.
fn read_of(target: u8, guest: &Guest, client: &mut Client) -> (u8, [u8; 3]) {
    let descriptor = [&DATA.to_be_bytes()[..], &[0; 4], &512u32.to_be_bytes()].concat();
    let mut iu = command(&READ, 1, &descriptor);
    iu[20] |= target;
    let answer = crate::rig::Answer::of(&client.ask(guest, 1, &iu));
    (answer.status, answer.sense)
}

#[test]
fn a_disk_whose_code_panics_is_an_error_for_the_guest_and_others_go_on() {
    let images: Vec<Box<dyn Image>> =
        vec![Box::new(Disk(|| panic!("a disk that fails on purpose"))), Box::new(Disk(|| {}))];
    let (guest, mut client) = connected(Behind::View, images);
    assert_eq!(read_of(1, &guest, &mut client), (0, [0; 3]));
    assert_eq!(read_of(0, &guest, &mut client), (2, TARGET_FAILURE));
    for cdb in [&[0; 6][..], &READ, &WRITE, &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
        let out = if cdb == WRITE { 512 } else { 0 };
        let answer = client.command(&guest, cdb, out, if out == 0 { 512 } else { 0 });
        assert_eq!((answer.status, answer.sense), (2, TARGET_FAILURE), "{cdb:x?}");
    }
    let inquiry = client.command(&guest, &[0x12, 0, 0, 0, 36, 0], 0, 36);
    assert!(inquiry.is_good(), "the target is there: {inquiry:?}");
    assert_eq!(read_of(1, &guest, &mut client), (0, [0; 3]));
    guest.bus.reset();
    client.register(&guest);
    client.login(&guest);
    assert_eq!(read_of(0, &guest, &mut client), (2, TARGET_FAILURE));
    assert_eq!(read_of(1, &guest, &mut client), (0, [0; 3]));
}

// LoPAR 2.9, R1 of "CRQ Facility Requirements", 13: "If the partner partition fails", FF01.
#[test]
fn a_request_that_cannot_be_served_ends_the_connection_and_the_next_one_works() {
    let images: Vec<Box<dyn Image>> =
        vec![Box::new(Disk(|| panic_any(Bomb(1)))), Box::new(Disk(|| {}))];
    let (guest, mut client) = connected(Behind::View, images);
    guest.write(
        IU,
        &command(&READ, 1, &[&DATA.to_be_bytes()[..], &[0, 0, 0, 0, 0, 0, 2, 0]].concat()),
    );
    client.send(&guest, 1, 256).unwrap();
    assert_eq!(client.next(&guest)[..2], [0xff, 1]);
    assert_eq!(client.send(&guest, 1, 256), Err(Status::Closed));
    guest.crq().free().unwrap();
    client.register(&guest);
    client.login(&guest);
    assert_eq!(read_of(0, &guest, &mut client), (2, TARGET_FAILURE));
    assert_eq!(read_of(1, &guest, &mut client), (0, [0; 3]));
}

// LoPAR 2.9, R1 of "CRQ Facility Requirements", 13, and H_REG_CRQ and H_SEND_CRQ: H_Closed without a partner.
#[test]
fn a_worker_that_ends_is_a_partner_that_failed_and_nothing_waits_for_it() {
    let (guest, mut client) = connected(Behind::View, vec![Box::new(Disk(|| panic_any(Bomb(2))))]);
    guest.write(
        IU,
        &command(&READ, 1, &[&DATA.to_be_bytes()[..], &[0, 0, 0, 0, 0, 0, 2, 0]].concat()),
    );
    client.send(&guest, 1, 256).unwrap();
    assert_eq!(client.next(&guest)[..2], [0xff, 1]);
    let hello = (0xc001u128 << 112).to_be_bytes();
    assert_eq!(guest.crq().send(hello), Err(Status::Closed));
    assert_eq!(guest.crq().free(), Ok(()));
    assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Err(Status::Closed));
    assert_eq!(guest.crq().send(hello), Err(Status::Closed));
    guest.bus.reset();
    guest.bus.stop();
}

/// A disk whose read reports that it was called, then waits for permission to go on.
pub fn hanging() -> (Box<dyn Image>, Receiver<()>, Sender<()>) {
    let ((called, calls), (go, wait)) = (channel(), channel());
    let image = Disk(move || {
        // After the end of the test nothing receives the report.
        let _ = called.send(());
        let _ = wait.recv();
    });
    (Box::new(image), calls, go)
}

#[test]
fn neither_freeing_the_queue_nor_a_reset_waits_for_a_disk_that_hangs() {
    for (behind, reset) in
        EVERYWHERE.into_iter().flat_map(|behind| [(behind, false), (behind, true)])
    {
        let (image, calls, go) = hanging();
        let (guest, mut client) = connected(behind, vec![image]);
        guest.write(DATA, &[7; 512]);
        guest.write(
            IU,
            &command(&READ, 1, &[&DATA.to_be_bytes()[..], &[0, 0, 0, 0, 0, 0, 2, 0]].concat()),
        );
        client.send(&guest, 1, 256).unwrap();
        calls.recv().unwrap();
        if reset {
            guest.bus.reset();
        } else {
            assert_eq!(guest.crq().free(), Ok(()));
        }
        let iu = guest.bytes(IU, 256);
        client.register(&guest);
        go.send(()).unwrap();
        // The login is served after the request that hung.
        client.login(&guest);
        assert_eq!(guest.bytes(DATA, 512), [7; 512], "nothing is touched afterwards");
        assert_eq!(iu[0], 2, "nor answered");
        assert_eq!(guest.counter("DMA faults"), 0);
        assert_eq!(client.command(&guest, &[0; 6], 0, 0).status, 0);
    }
}
