// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Hostile drivers: whatever they do, no device panics or hangs. No device accesses a page that was never
//! mapped for it, or writes a page that was never mapped for writing.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::net::UnixStream;

use crate::rig::{Behind, EVERYWHERE, Guest, PAGE, RAM};
use hcall::vio::{Descriptor, FilterChange, Multicast};
use iommu::{Ioba, Liobn, RawTce};
use proptest::prelude::*;
use tests::Directory;
use vio::llan::NetSpec;
use vio::llan::backend::To;
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::Format;

const LAN: u32 = crate::rig::UNIT;
const SCSI: u32 = crate::rig::UNIT + 1;
/// Number of pages that are mapped and used; it is small, so that accesses overlap.
const PAGES: u64 = 12;
const WINDOW: u64 = 256 << 20;
const DISK: usize = 1 << 16;

/// An action of a driver.
#[derive(Clone, Debug)]
enum Act {
    Map { of: u32, ioba: u64, page: u64, permissions: u64 },
    Register { list: u64, queue: u64, len: u64, filters: u64 },
    FreeLan,
    AddBuffer { at: u64, len: u64 },
    FreeBuffer { len: u64 },
    Send { buffers: [(u64, u64); 6] },
    Multicast { add: bool, address: u8 },
    Receive { len: usize },
    RegisterCrq { at: u64, len: u64 },
    FreeCrq,
    Message { header: u8, format: u8, len: u16, at: u64 },
    Unit { at: u64, unit: Vec<u8> },
    Signal { of: u32, enabled: bool },
}

/// An address that is mapped or nearly mapped, at an end of the window, or arbitrary.
fn address() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => (0..PAGES).prop_map(|page| page * PAGE),
        4 => 0..PAGES * PAGE,
        1 => (0..64u64).prop_map(|n| WINDOW - 32 + n),
        1 => (0..64u64).prop_map(|n| u64::from(u32::MAX) - 32 + n),
        1 => (0..64u64).prop_map(|n| u64::MAX - n),
        1 => any::<u64>(),
    ]
}

fn length() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(16u64),
        3 => (0..8u64).prop_map(|n| n * 64),
        3 => Just(PAGE),
        2 => 0..3 * PAGE,
        1 => 0..0x100_0000u64,
        1 => any::<u64>(),
    ]
}

/// A mostly valid request, with some bytes changed.
fn unit() -> impl Strategy<Value = Vec<u8>> {
    let login = Just({
        let mut iu = vec![0; 64];
        iu[18] = 1;
        iu[25] = 6;
        iu
    });
    let opcodes = prop::sample::select(vec![
        0u8, 3, 8, 0x0a, 0x12, 0x1a, 0x25, 0x28, 0x2a, 0x35, 0x42, 0x88, 0x8a, 0x91, 0x9e, 0xa0,
        0xa8, 0xaa,
    ]);
    let cdb = (opcodes, any::<[u8; 15]>(), any::<bool>()).prop_map(|(opcode, mut rest, small)| {
        if small {
            // A range of few blocks with a low start.
            rest = [0, 0, 0, 0, rest[4] & 0x3f, 0, 0, rest[7] & 0x1f, 0, 0, 0, 0, rest[12], 0, 0];
        }
        [&[opcode], &rest[..]].concat()
    });
    let descriptors = prop::collection::vec((address(), length()), 0..6).prop_map(|all| {
        let bytes = |(at, len): (u64, u64)| {
            [&at.to_be_bytes()[..], &[0; 4], &(len as u32).to_be_bytes()].concat()
        };
        all.into_iter().flat_map(bytes).collect::<Vec<u8>>()
    });
    let formats = prop::sample::select(vec![0u8, 1, 2, 0x10, 0x20, 0x11, 0x22, 0x12, 0x33]);
    let command = (cdb, descriptors, formats, any::<[u8; 2]>()).prop_map(
        |(cdb, descriptors, format, [out, data_in])| {
            let mut iu = crate::rig::command(&cdb, format, &descriptors);
            (iu[6], iu[7]) = (out & 3, data_in & 3);
            iu
        },
    );
    let whole =
        prop_oneof![1 => login, 6 => command, 1 => prop::collection::vec(any::<u8>(), 16..256)];
    let changes = prop::collection::vec((0..256usize, any::<u8>()), 0..3);
    (whole, changes, any::<bool>()).prop_map(|(mut iu, changes, change)| {
        iu.resize(256, 0);
        if change {
            changes.into_iter().for_each(|(at, byte)| iu[at] = byte);
        }
        iu
    })
}

fn act() -> impl Strategy<Value = Act> {
    let of = || prop::sample::select(vec![LAN, SCSI]);
    prop_oneof![
        6 => (of(), 0..PAGES, 0..PAGES, 0..4u64).prop_map(|(of, ioba, page, permissions)| {
            Act::Map { of, ioba: ioba * PAGE, page: page * PAGE, permissions }
        }),
        2 => (address(), address(), length(), address()).prop_map(|(list, queue, len, filters)| {
            Act::Register { list, queue, len, filters }
        }),
        1 => Just(Act::FreeLan),
        4 => (address(), length()).prop_map(|(at, len)| Act::AddBuffer { at, len }),
        1 => length().prop_map(|len| Act::FreeBuffer { len }),
        2 => prop::array::uniform6((address(), length())).prop_map(|buffers| Act::Send { buffers }),
        1 => (any::<bool>(), any::<u8>()).prop_map(|(add, address)| Act::Multicast { add, address }),
        3 => (14..9000usize).prop_map(|len| Act::Receive { len }),
        2 => (address(), length()).prop_map(|(at, len)| Act::RegisterCrq { at, len }),
        1 => Just(Act::FreeCrq),
        6 => (
            prop::sample::select(vec![0xc0u8, 0xc0, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0xff, 0x90]),
            prop::sample::select(vec![1u8, 1, 1, 2, 6, 0]),
            prop::sample::select(vec![256u16, 256, 64, 0, 15, 257, u16::MAX]),
            address(),
        )
            .prop_map(|(header, format, len, at)| Act::Message { header, format, len, at }),
        6 => (0..PAGES * 16, unit()).prop_map(|(at, unit)| Act::Unit { at: at * 256, unit }),
        1 => (of(), any::<bool>()).prop_map(|(of, enabled)| Act::Signal { of, enabled }),
    ]
}

/// The guest, the other end of its cable, and the pages that devices may write.
struct Mad {
    guest: Guest,
    wire: UnixStream,
    writable: BTreeSet<u64>,
}

impl Mad {
    fn new(behind: Behind) -> Mad {
        let directory = Directory::new();
        let (hub, disk) = (directory.0.join("hub"), directory.0.join("disk"));
        std::fs::write(&disk, vec![0xd5; DISK]).unwrap();
        let net = NetSpec { to: To::Hub(hub.clone()), mac: None };
        let disk = DiskSpec { format: Some(Format::Raw), ..DiskSpec::new(disk) };
        let guest = Guest::new(behind, &[net], &[disk], directory);
        let wire = UnixStream::connect(hub).unwrap();
        wire.set_nonblocking(true).unwrap();
        for page in 0..RAM / PAGE {
            guest.write(page * PAGE, &canary(page));
        }
        Mad { guest, wire, writable: BTreeSet::new() }
    }

    fn act(&mut self, act: &Act) {
        let guest = &mut self.guest;
        match *act {
            Act::Map { of, ioba, page, permissions } => {
                if permissions & 2 != 0 {
                    self.writable.insert(page / PAGE);
                }
                let tce = RawTce(page | permissions);
                guest.container.put(&mut guest.agent, Liobn(of), Ioba(ioba), tce).unwrap();
            }
            Act::Register { list, queue, len, filters } => {
                let (list, filters) = (Ioba(list), Ioba(filters));
                let _any = guest.lan().register(list, descriptor(queue, len), filters, [2; 6]);
            }
            Act::FreeLan => guest.lan().free().unwrap(),
            Act::AddBuffer { at, len } => _ = guest.lan().add_buffer(descriptor(at, len)),
            Act::FreeBuffer { len } => _ = guest.lan().free_buffer(len),
            Act::Send { buffers } => {
                _ = guest.lan().send(&buffers.map(|(at, len)| descriptor(at, len)));
            }
            Act::Multicast { add, address } => {
                let mac = [1, 0, 0, 0, 0, address];
                let change = if add { FilterChange::Add(mac) } else { FilterChange::Remove(mac) };
                let on = Multicast { receive: Some(true), filter: Some(add) };
                let outcome = guest.lan().multicast(on, change);
                assert!(outcome.value & 0xffff <= 64);
            }
            Act::Receive { len } => {
                let mut frame = vec![0xab; 4 + len];
                frame[..4].copy_from_slice(&(len as u32).to_be_bytes());
                frame[4..10].fill(0xff);
                // The write is all or nothing, or else the stream is garbled; the socket's buffer is far
                // larger.
                let _full = self.wire.write(&frame);
            }
            Act::RegisterCrq { at, len } => _ = self.crq().register(Ioba(at), len),
            Act::FreeCrq => self.free(),
            Act::Message { header, format, len, at } => {
                let mut message = [0; 16];
                message[..2].copy_from_slice(&[header, format]);
                message[6..8].copy_from_slice(&len.to_be_bytes());
                message[8..].copy_from_slice(&at.to_be_bytes());
                let _any = self.crq().send(message);
            }
            Act::Unit { at, ref unit } => {
                // The driver writes only pages that devices may write.
                if self.writable.contains(&(at / PAGE)) {
                    guest.write(at, unit);
                }
            }
            Act::Signal { of, enabled } => guest.bus.find(of).unwrap().signal(enabled),
        }
    }

    fn crq(&self) -> &dyn hcall::vio::CommandQueue {
        self.guest.bus.find(SCSI).unwrap().crq().unwrap()
    }

    fn free(&self) {
        while self.crq().free().is_err() {}
    }

    /// Stops all devices, and checks that every page that no device could write is unchanged.
    fn check(&self) {
        self.guest.lan().free().unwrap();
        self.free();
        for page in (0..RAM / PAGE).filter(|page| !self.writable.contains(page)) {
            let bytes = self.guest.bytes(page * PAGE, PAGE as usize);
            assert!(bytes == canary(page), "page {page} was written");
        }
        assert_eq!(self.guest.disk().len(), DISK);
        let audit = self.guest.container.audit();
        assert!(audit.holds(), "{audit:?}");
    }
}

fn canary(page: u64) -> Vec<u8> {
    (0..PAGE).map(|at| (page * 31 + at * 7) as u8).collect()
}

fn descriptor(at: u64, len: u64) -> Descriptor {
    Descriptor(Descriptor::VALID | (len & 0xff_ffff) << 32 | at & 0xffff_ffff)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_but_mapped_pages_is_touched(
        behind in prop::sample::select(EVERYWHERE.to_vec()),
        acts in prop::collection::vec(act(), 1..120),
    ) {
        let mut mad = Mad::new(behind);
        acts.iter().for_each(|act| mad.act(act));
        mad.check();
    }
}

// Entries come and go while the devices work: each access reaches a page that was mapped there, or faults.
#[test]
fn entries_that_are_replaced_meanwhile_lead_to_mapped_pages_only() {
    for behind in EVERYWHERE {
        let mut mad = Mad::new(behind);
        let map = |mad: &mut Mad, of, ioba: u64, page: u64| {
            let permissions = 3;
            mad.act(&Act::Map { of, ioba: ioba * PAGE, page: page * PAGE, permissions });
        };
        for page in 0..8 {
            map(&mut mad, SCSI, page, page);
        }
        mad.guest.write(0, &[0; 4096]);
        mad.act(&Act::RegisterCrq { at: 0, len: PAGE });
        mad.act(&Act::Message { header: 0xc0, format: 1, len: 0, at: 0 });
        let mut login = vec![0; 64];
        (login[18], login[25]) = (1, 6);
        mad.guest.write(PAGE, &login);
        mad.act(&Act::Message { header: 0x80, format: 1, len: 256, at: PAGE });
        mad.guest.wait_until("the login", |guest| guest.read::<1>(PAGE) == [0xc0]);
        let data =
            [&(2 * PAGE).to_be_bytes()[..], &[0; 4], &(6 * PAGE as u32).to_be_bytes()].concat();
        let read = crate::rig::command(&[0x28, 0, 0, 0, 0, 0, 0, 0, 48, 0], 1, &data);
        for round in 0..300 {
            mad.guest.write(PAGE, &read);
            mad.guest.write(0, &[0; 4096]);
            mad.act(&Act::Message { header: 0x80, format: 1, len: 256, at: PAGE });
            for page in 2..8 {
                map(&mut mad, SCSI, page, 2 + (page + round) % 6);
                if round % 5 == 0 {
                    mad.act(&Act::Map { of: SCSI, ioba: page * PAGE, page: 0, permissions: 0 });
                }
            }
        }
        mad.check();
    }
}
