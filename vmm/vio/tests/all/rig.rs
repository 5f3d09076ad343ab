// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest in front of the devices: memory, windows, and the calls of a driver.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hcall::{Memory, Status};
use iommu::bridge::Bridge;
use iommu::{Agent, BridgeKind, Container, Frames, Ioba, Liobn, RawTce};
use tests::Directory;
use vio::llan::NetSpec;
use vio::llan::backend::To;
use vio::vscsi::backend::{Format, Image};
use vio::vscsi::{Adapter, DiskSpec, Images};
use vio::{Bus, DeviceConfig, Host, IrqSink};
use vm_memory::{Bytes, GuestAddress};

pub const RAM: u64 = 4 << 20;
pub const PAGE: u64 = 4096;
/// Unit address of the first device.
pub const UNIT: u32 = 0x7100_0002;

/// Counts the edges of each source.
#[derive(Default)]
pub struct Edges(pub Mutex<Vec<u32>>);

impl IrqSink for Edges {
    fn pulse(&self, source: u32) {
        self.0.lock().unwrap().push(source);
    }

    fn set_level(&self, _: u32, _: bool) {
        unreachable!("interrupts of virtual I/O are edges");
    }
}

/// The source of translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    View,
    P5ioc2,
    Ioda1,
    Ioda2,
}

pub const EVERYWHERE: [Behind; 4] = [Behind::View, Behind::P5ioc2, Behind::Ioda1, Behind::Ioda2];

impl Behind {
    fn bridge(self) -> Option<Arc<Bridge>> {
        match self {
            Behind::View => None,
            Behind::P5ioc2 => Some(Bridge::new(BridgeKind::P5IOC2)),
            Behind::Ioda1 => Some(Bridge::new(BridgeKind::IODA1)),
            Behind::Ioda2 => Some(Bridge::new(BridgeKind::IODA2)),
        }
    }
}

pub struct Guest {
    pub memory: Arc<Memory>,
    pub container: Container,
    pub agent: Agent,
    pub edges: Arc<Edges>,
    pub bus: Bus,
    directory: Directory,
}

impl Guest {
    pub fn new(
        behind: Behind,
        nets: &[NetSpec],
        disks: &[DiskSpec],
        directory: Directory,
    ) -> Guest {
        let adapter = Adapter(disks.to_vec());
        let adapter = (!disks.is_empty()).then_some(&adapter as &dyn DeviceConfig);
        let nets = nets.iter().map(|net| net as &dyn DeviceConfig);
        Guest::with_bus(behind, directory, nets.chain(adapter).collect())
    }

    /// A guest with a SCSI adapter over these images.
    pub fn with_images(behind: Behind, images: Vec<Box<dyn Image>>) -> Guest {
        Guest::with_bus(behind, Directory::new(), vec![&Images::new(images)])
    }

    fn with_bus(behind: Behind, directory: Directory, devices: Vec<&dyn DeviceConfig>) -> Guest {
        let memory = Memory::from_ranges(&[(GuestAddress(0), RAM as usize)]).unwrap();
        let memory = Arc::new(memory);
        let container = Container::new(Frames::new(RAM).unwrap());
        let edges = Arc::new(Edges::default());
        let interrupts: Arc<dyn IrqSink> = edges.clone();
        let bridge = behind.bridge();
        let host = Host {
            container: &container,
            memory: &memory,
            bridge: bridge.as_ref(),
            interrupts: &interrupts,
        };
        let mut bus = Bus::default();
        devices.into_iter().for_each(|device| bus.add(&host, device).unwrap());
        let agent = container.agent();
        Guest { memory, container, agent, edges, bus, directory }
    }

    /// A guest with a network adapter, and the other end of its cable.
    pub fn with_net(behind: Behind) -> (Guest, UnixStream) {
        let directory = Directory::new();
        let path = directory.0.join("hub");
        let net = NetSpec { to: To::Hub(path.clone()), mac: None };
        let guest = Guest::new(behind, &[net], &[], directory);
        let peer = UnixStream::connect(path).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (guest, peer)
    }

    /// A guest with a raw disk of this content.
    pub fn with_disk(behind: Behind, content: &[u8], readonly: bool) -> Guest {
        let directory = Directory::new();
        let path = directory.0.join("disk");
        std::fs::write(&path, content).unwrap();
        let disk = DiskSpec { readonly, format: Some(Format::Raw), ..DiskSpec::new(path) };
        Guest::new(behind, &[], &[disk], directory)
    }

    pub fn disk(&self) -> Vec<u8> {
        std::fs::read(self.directory.0.join("disk")).unwrap()
    }

    pub fn directory(&self) -> &Path {
        &self.directory.0
    }

    /// Maps a page of the first device's window.
    pub fn map(&mut self, ioba: u64, page: u64, permissions: u64) {
        let (liobn, tce) = (Liobn(UNIT), RawTce(page | permissions));
        self.container.put(&mut self.agent, liobn, Ioba(ioba), tce).unwrap();
    }

    pub fn unmap(&mut self, ioba: u64) {
        self.container.put(&mut self.agent, Liobn(UNIT), Ioba(ioba), RawTce(0)).unwrap();
    }

    pub fn lan(&self) -> &dyn hcall::vio::LogicalLan {
        self.bus.find(UNIT).unwrap().lan().unwrap()
    }

    pub fn crq(&self) -> &dyn hcall::vio::CommandQueue {
        self.bus.find(UNIT).unwrap().crq().unwrap()
    }

    pub fn signal(&self, enabled: bool) {
        self.bus.find(UNIT).unwrap().signal(enabled);
    }

    pub fn read<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.memory.read_slice(&mut bytes, GuestAddress(at)).unwrap();
        bytes
    }

    pub fn bytes(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.memory.read_slice(&mut bytes, GuestAddress(at)).unwrap();
        bytes
    }

    pub fn write(&self, at: u64, bytes: &[u8]) {
        self.memory.write_slice(bytes, GuestAddress(at)).unwrap();
    }

    /// A counter of the first device.
    pub fn counter(&self, name: &str) -> u64 {
        let report = self.bus.reports().remove(0);
        let mut counters = report.counters.into_iter().chain([("DMA faults", report.all_faults)]);
        counters.find(|(known, _)| *known == name).unwrap().1
    }

    /// Waits for the effect of another thread. A test that waits without end fails.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Guest) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < Duration::from_secs(20), "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn edges(&self) -> usize {
        self.edges.0.lock().unwrap().len()
    }
}

/// A buffer descriptor.
pub fn descriptor(at: u64, len: u64) -> hcall::vio::Descriptor {
    hcall::vio::Descriptor(1 << 63 | len << 32 | at)
}

/// The structures of a v-scsi driver: a queue, and a page for information units.
pub struct Client {
    at: u64,
    tag: AtomicU64,
}

/// Addresses of the client's structures; guest and bus addresses are equal.
pub const QUEUE: u64 = 0x10_0000;
pub const IU: u64 = 0x11_0000;
pub const DATA: u64 = 0x12_0000;
/// Number of mapped bytes from [`DATA`] on.
pub const DATA_LEN: u64 = 0x4_0000;

impl Client {
    /// Maps everything.
    pub fn map(guest: &mut Guest) {
        for page in [QUEUE, IU] {
            guest.map(page, page, 3);
        }
        for offset in (0..DATA_LEN).step_by(PAGE as usize) {
            guest.map(DATA + offset, DATA + offset, 3);
        }
    }

    /// Maps everything, registers the queue, and completes the handshake.
    pub fn connect(guest: &mut Guest) -> Client {
        Client::map(guest);
        let mut client = Client { at: 0, tag: AtomicU64::new(1) };
        client.register(guest);
        client
    }

    pub fn register(&mut self, guest: &Guest) {
        guest.write(QUEUE, &[0; PAGE as usize]);
        self.at = 0;
        assert_eq!(guest.crq().register(Ioba(QUEUE), PAGE), Ok(()));
        let mut hello = [0; 16];
        hello[..2].copy_from_slice(&[0xc0, 1]);
        assert_eq!(guest.crq().send(hello), Ok(()));
        assert_eq!(self.next(guest)[..2], [0xc0, 2]);
    }

    /// Takes the next entry of the queue and frees it.
    pub fn next(&mut self, guest: &Guest) -> [u8; 16] {
        let at = QUEUE + self.at;
        guest.wait_until("an entry in the queue", |guest| guest.read::<1>(at) != [0]);
        let entry = guest.read(at);
        guest.write(at, &[0]);
        self.at = (self.at + 16) % PAGE;
        entry
    }

    /// Sends the information unit at [`IU`]; returns the tag.
    pub fn send(&self, guest: &Guest, format: u8, len: u16) -> Result<u64, Status> {
        let tag = self.tag.fetch_add(1, Ordering::Relaxed);
        guest.write(IU + 8, &tag.to_be_bytes());
        let mut message = [0; 16];
        message[..2].copy_from_slice(&[0x80, format]);
        message[6..8].copy_from_slice(&len.to_be_bytes());
        message[8..].copy_from_slice(&IU.to_be_bytes());
        guest.crq().send(message).map(|()| tag)
    }

    /// Sends an information unit and waits for its answer, which replaces it in memory.
    pub fn ask(&mut self, guest: &Guest, format: u8, iu: &[u8]) -> Vec<u8> {
        let mut whole = [0; 256];
        whole[..iu.len()].copy_from_slice(iu);
        guest.write(IU, &whole);
        let tag = self.send(guest, format, 256).unwrap();
        let entry = self.next(guest);
        assert_eq!(entry[..4], [0x80, format, 0, 0]);
        assert_eq!(entry[8..], tag.to_be_bytes());
        guest.bytes(IU, 256)
    }

    pub fn login(&mut self, guest: &Guest) {
        let mut iu = [0; 64];
        iu[16..20].copy_from_slice(&256u32.to_be_bytes());
        iu[24..26].copy_from_slice(&6u16.to_be_bytes());
        assert_eq!(self.ask(guest, 1, &iu)[0], 0xc0);
    }

    /// A command with data at [`DATA`], in one direct descriptor: status, sense key and code, residuals.
    pub fn command(&mut self, guest: &Guest, cdb: &[u8], out: u32, data_in: u32) -> Answer {
        let descriptor = |len: u32| [&DATA.to_be_bytes()[..], &[0; 4], &len.to_be_bytes()].concat();
        let data = match (out, data_in) {
            (0, 0) => vec![],
            (0, len) | (len, _) => descriptor(len),
        };
        let format = u8::from(out > 0) << 4 | u8::from(out == 0 && data_in > 0);
        let response = self.ask(guest, 1, &command(cdb, format, &data));
        Answer::of(&response)
    }
}

/// A command's information unit for target 0.
pub fn command(cdb: &[u8], format: u8, descriptors: &[u8]) -> Vec<u8> {
    let mut iu = vec![0; 48];
    (iu[0], iu[5], iu[20]) = (2, format, 0x80);
    iu[32..32 + cdb.len()].copy_from_slice(cdb);
    [iu, descriptors.to_vec()].concat()
}

/// The fields of a response.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u8,
    /// Key, code, qualifier.
    pub sense: [u8; 3],
    pub flags: u8,
    pub out_residual: u32,
    pub in_residual: u32,
}

impl Answer {
    pub fn of(iu: &[u8]) -> Answer {
        assert_eq!(iu[0], 0xc1, "a response");
        let word = |at: usize| u32::from_be_bytes(iu[at..at + 4].try_into().unwrap());
        let sense = if word(28) > 0 { [iu[36 + 2], iu[36 + 12], iu[36 + 13]] } else { [0; 3] };
        let (status, flags) = (iu[19], iu[18]);
        Answer { status, sense, flags, out_residual: word(20), in_residual: word(24) }
    }

    pub fn is_good(&self) -> bool {
        self.status == 0 && self.sense == [0; 3]
    }
}
