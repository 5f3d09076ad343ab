// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Devices that are saved and loaded: a loaded one goes on where the saved one was, and no bytes are taken for a state that
//! a guest could not have made.

use std::io::ErrorKind;
use std::time::Duration;

use hcall::vio::{FilterChange, Multicast};
use saved::{LoadError, Reader, Writer};
use tests::Directory;
use vio::Bus;
use vio::llan::NetSpec;
use vio::llan::backend::To;
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::Format;

use crate::llan::{self, BUFFERS, ENTRIES, MAC};
use crate::rig::{Behind, Client, DATA, EVERYWHERE, Guest, IU, PAGE, RAM, command, descriptor};
use crate::worker::{self, BYTES, READ};

fn save(bus: &Bus, within: Duration) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut to = Writer::new(&mut bytes);
    bus.save(&mut to, within);
    to.end().map(|()| bytes)
}

fn saved(guest: &Guest) -> Vec<u8> {
    save(&guest.bus, Duration::from_secs(20)).unwrap()
}

/// Loads all bytes, as a section does.
fn load(guest: &Guest, mut bytes: &[u8]) -> Result<(), LoadError> {
    guest.bus.load(&mut Reader::new(&mut bytes))?;
    LoadError::unless(bytes.is_empty())
}

/// Loads a state into another guest, over the memory of the one that was saved. The state is equal when it is saved again.
fn transfer(guest: &Guest, fresh: &Guest, bytes: &[u8]) {
    assert_ne!(saved(fresh), bytes, "the test has a state of its own");
    fresh.write(0, &guest.bytes(0, RAM as usize));
    load(fresh, bytes).unwrap();
    assert_eq!(saved(fresh), bytes);
}

/// A state that is cut anywhere is refused. One with a flipped bit is refused, or is that state exactly, and then the
/// calls of a guest find it valid.
fn damage(guest: &Guest, bytes: &[u8], calls: impl Fn(&Guest)) {
    for end in 0..bytes.len() {
        assert!(load(guest, &bytes[..end]).is_err(), "cut at {end}");
    }
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if load(guest, &damaged).is_ok() {
            assert_eq!(saved(guest), damaged, "bit {bit}");
            calls(guest);
        }
    }
}

#[test]
fn a_loaded_network_adapter_receives_into_the_buffers_of_the_saved_one() {
    const GROUP: [u8; 6] = [1, 0, 0x5e, 0, 0, 1];
    for behind in EVERYWHERE {
        let (mut guest, mut wire) = Guest::with_net(behind);
        guest.lan().attributes(0, u64::MAX);
        llan::open(&mut guest);
        guest.signal(true);
        let number = ENTRIES + 1; // the queue has turned
        for number in 0..number {
            guest.lan().add_buffer(descriptor(BUFFERS, 2048)).unwrap();
            llan::put(&mut wire, &llan::frame(MAC, 60));
            llan::entry(&guest, number);
        }
        guest.wait_until("all interrupts", |guest| guest.edges() as u64 == number);
        guest.signal(false);
        let enable = Multicast { receive: Some(true), filter: Some(true) };
        guest.lan().multicast(enable, FilterChange::Add(GROUP));
        guest.write(BUFFERS + PAGE, b"handle 1");
        guest.lan().add_buffer(descriptor(BUFFERS, 512)).unwrap();
        guest.lan().add_buffer(descriptor(BUFFERS + PAGE, 2048)).unwrap();
        let bytes = saved(&guest);

        let (mut fresh, mut other) = Guest::with_net(behind);
        llan::map(&mut fresh);
        transfer(&guest, &fresh, &bytes);
        let sent = llan::frame(GROUP, 600);
        llan::put(&mut other, &sent);
        assert_eq!(saved(&fresh), bytes, "it rests");
        fresh.bus.resume();
        let entry = llan::entry(&fresh, number);
        assert_eq!((entry[0], &entry[8..]), (0x40, &b"handle 1"[..]));
        assert_eq!(fresh.bytes(BUFFERS + PAGE + 8, 600), sent);
        assert_eq!(fresh.edges(), 0, "the line is closed");
        fresh.signal(true);
        fresh.wait_until("the interrupt", |guest| guest.edges() == 1);

        guest.bus.resume();
        llan::put(&mut wire, &sent);
        assert_eq!(llan::entry(&guest, number)[..8], entry[..8], "the saved one goes on, too");

        damage(&fresh, &bytes, |guest| {
            guest.signal(true);
            let _any = guest.lan().add_buffer(descriptor(BUFFERS, 512));
            for size in [512, 2048] {
                let _any = guest.lan().free_buffer(size);
            }
        });
    }
}

#[test]
fn a_loaded_scsi_adapter_serves_the_connection_of_the_saved_one() {
    let content: Vec<u8> = (0..BYTES).map(|n| ((n / 512) as u8).wrapping_add(1)).collect();
    for behind in EVERYWHERE {
        let mut guest = Guest::with_disk(behind, &content, false);
        let mut client = Client::connect(&mut guest);
        client.login(&guest);
        assert!(client.command(&guest, &[0; 6], 0, 0).is_good());
        guest.signal(true);
        let bytes = saved(&guest);

        let mut fresh = Guest::with_disk(behind, &content, false);
        Client::map(&mut fresh);
        transfer(&guest, &fresh, &bytes);
        fresh.bus.resume();
        assert!(client.command(&fresh, &READ, 0, 512).is_good());
        assert_eq!(fresh.bytes(DATA, 512), [1; 512]);
        fresh.wait_until("the interrupt", |guest| guest.edges() == 1);

        damage(&fresh, &bytes, |guest| {
            guest.signal(true);
            for message in [0xc001_0000_u128, 0xc002_0000, 0x8006_00f5] {
                let _any = guest.crq().send((message << 96).to_be_bytes());
            }
        });
        let other = Guest::with_disk(behind, &content[512..], false);
        assert!(matches!(load(&other, &bytes), Err(LoadError::Other("its disks"))));
    }
}

#[test]
fn a_save_waits_for_requests_and_fails_when_a_disk_hangs() {
    let (image, calls, go) = worker::hanging();
    let (guest, mut client) = worker::connected(Behind::View, vec![image]);
    let data = [&DATA.to_be_bytes()[..], &[0, 0, 0, 0, 0, 0, 2, 0]].concat();
    guest.write(IU, &command(&READ, 1, &data));
    client.send(&guest, 1, 256).unwrap();
    calls.recv().unwrap();
    let hangs = save(&guest.bus, Duration::from_millis(1)).unwrap_err();
    assert_eq!(hangs.kind(), ErrorKind::TimedOut, "{hangs}");
    // The queue is given up, but the request may still change the disk.
    guest.crq().free().unwrap();
    save(&guest.bus, Duration::ZERO).unwrap_err();
    client.register(&guest);
    std::thread::scope(|scope| {
        let bus = &guest.bus;
        let saving = scope.spawn(move || save(bus, Duration::from_secs(20)).unwrap());
        go.send(()).unwrap();
        load(&guest, &saving.join().unwrap()).unwrap();
    });
    guest.bus.resume();
    client.login(&guest);
    assert!(client.command(&guest, &[0; 6], 0, 0).is_good());
}

#[test]
fn a_bus_with_other_devices_is_refused_by_name_or_number() {
    let (net, _wire) = Guest::with_net(Behind::View);
    let disk = Guest::with_disk(Behind::View, &[0; 512], false);
    let wrong = load(&disk, &saved(&net));
    assert!(matches!(wrong, Err(LoadError::Name { want: "v-scsi", .. })), "{wrong:?}");
    let directory = Directory::new();
    std::fs::write(directory.0.join("disk"), [0; 512]).unwrap();
    let hub = NetSpec { to: To::Hub(directory.0.join("hub")), mac: None };
    let image = DiskSpec { format: Some(Format::Raw), ..DiskSpec::new(directory.0.join("disk")) };
    let both = Guest::new(Behind::View, &[hub], &[image], directory);
    let wrong = load(&both, &saved(&net));
    assert!(matches!(wrong, Err(LoadError::Other("the number of its devices"))), "{wrong:?}");
    let mut bytes = saved(&both);
    load(&both, &bytes).unwrap();
    bytes[1] += 1;
    let wrong = load(&both, &bytes);
    assert!(matches!(wrong, Err(LoadError::Other("the unit address of a device"))), "{wrong:?}");
}
