// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest without a CPU, and a bus with one small function.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hcall::Memory;
use iommu::bridge::Bridge;
use iommu::{Agent, BridgeKind, Container, Frames, Ioba, Liobn, PageShift, RawTce, Window};
use pci::interrupts::Sources;
use pci::slot::Place;
use pci::{
    Bar, Bus, Capability, Description, Function, FunctionConfig, FunctionError, Identity, Slot,
    Vectors, Width,
};
use saved::{LoadError, Reader, Writer};
use vio::{Fault, Host, IrqSink, Port};
use vm_memory::{Bytes, GuestAddress};

/// Bytes of guest RAM.
pub const RAM: u64 = 8 << 20;
/// LIOBNs of the PE: its first window, and the second one.
pub const LIOBNS: [Liobn; 2] = [Liobn(0x8000_0100), Liobn(0x8000_0101)];
pub const SOURCES: Sources = Sources { messages: 0x1340, count: 3, pin: 0x1201 };

/// The signals that reached the interrupt controller: the source, and the level if it is one.
#[derive(Default)]
pub struct Signals(Mutex<Vec<(u32, Option<bool>)>>);

impl IrqSink for Signals {
    fn pulse(&self, source: u32) {
        self.0.lock().unwrap().push((source, None));
    }

    fn set_level(&self, source: u32, high: bool) {
        self.0.lock().unwrap().push((source, Some(high)));
    }
}

impl Signals {
    pub fn take(&self) -> Vec<(u32, Option<bool>)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// A function with 16 bytes of registers in BAR 0.
#[derive(Debug)]
pub struct Scratch;

pub struct ScratchFunction {
    slot: Slot,
    registers: Mutex<[u8; 16]>,
    wrote: Mutex<Vec<(usize, usize, usize)>>,
}

impl FunctionConfig for Scratch {
    fn describe(&self) -> Description {
        Description {
            name: "scratch",
            identity: Identity {
                vendor: 0x1234,
                device: 0x5678,
                class: 0xff_0000,
                revision: 3,
                subsystem_vendor: 0x1234,
                subsystem: 1,
            },
            bars: vec![
                Bar { number: 0, size: 0x1000, width: Width::Bits32, prefetchable: false },
                Bar { number: 2, size: 0x10_0000, width: Width::Bits64, prefetchable: true },
            ],
            vectors: Some(Vectors { count: 3, bar: 0, table: 0x800, pending: 0x900 }),
            intx: true,
            capabilities: vec![Capability { id: 9, body: vec![4, 0xaa], writable: vec![0, 0xff] }],
        }
    }

    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError> {
        let (registers, wrote) = (Mutex::default(), Mutex::default());
        Ok(Arc::new(ScratchFunction { slot, registers, wrote }))
    }
}

impl Function for ScratchFunction {
    fn slot(&self) -> &Slot {
        &self.slot
    }

    fn read(&self, bar: u8, offset: u64, to: &mut [u8]) {
        let registers = self.registers.lock().unwrap();
        for (n, byte) in to.iter_mut().enumerate() {
            *byte = match bar {
                0 => registers.get(offset as usize + n).copied().unwrap_or(0),
                _ => bar,
            };
        }
    }

    fn write(&self, bar: u8, offset: u64, from: &[u8]) {
        let mut registers = self.registers.lock().unwrap();
        for (n, byte) in from.iter().enumerate() {
            if let (0, Some(to)) = (bar, registers.get_mut(offset as usize + n)) {
                *to = *byte;
            }
        }
    }

    fn read_capability(&self, _: usize, offset: usize, to: &mut [u8]) {
        if let (0, Some(byte)) = (offset, to.first_mut()) {
            *byte ^= 0x80;
        }
    }

    fn wrote_capability(&self, capability: usize, offset: usize, len: usize) {
        self.wrote.lock().unwrap().push((capability, offset, len));
    }

    fn reset(&self) {
        *self.registers.lock().unwrap() = [0; 16];
    }

    fn rest(&self, _: Instant) -> io::Result<()> {
        Ok(())
    }

    fn resume(&self) {}

    fn save(&self, to: &mut Writer<'_>) {
        to.raw(&*self.registers.lock().unwrap());
        to.u8(self.wrote.lock().unwrap().len() as u8);
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        *self.registers.lock().unwrap() = from.array()?;
        *self.wrote.lock().unwrap() = vec![(0, 1, 1); from.u8()?.into()];
        Ok(())
    }
}

/// The guest.
pub struct Guest {
    pub memory: Arc<Memory>,
    pub container: Container,
    pub agent: Agent,
    pub bridge: Option<Arc<Bridge>>,
    pub signals: Arc<Signals>,
    pub bus: Bus,
    /// A port of the function.
    pub port: Port,
}

/// The sources of translations: the views, and each bridge.
pub fn everywhere() -> impl Iterator<Item = Option<BridgeKind>> {
    let bridges = [BridgeKind::P5IOC2, BridgeKind::IODA1, BridgeKind::IODA2];
    [None].into_iter().chain(bridges.map(Some))
}

impl Guest {
    /// A guest with the small function.
    pub fn new(behind: Option<BridgeKind>) -> Guest {
        Guest::with(behind, &Scratch)
    }

    /// A guest whose function has this configuration.
    pub fn with(behind: Option<BridgeKind>, config: &dyn FunctionConfig) -> Guest {
        let memory = Memory::from_ranges(&[(GuestAddress(0), RAM as usize)]).unwrap();
        let memory = Arc::new(memory);
        let container = Container::new(Frames::new(RAM).unwrap());
        let signals = Arc::new(Signals::default());
        let interrupts: Arc<dyn IrqSink> = signals.clone();
        let bridge = behind.map(Bridge::new);
        let host = Host {
            container: &container,
            memory: &memory,
            bridge: bridge.as_ref(),
            interrupts: &interrupts,
        };
        let window = Window::bytes(LIOBNS[0], 0, 1 << 20, PageShift::K4).unwrap();
        let place = Place { number: 1, liobns: LIOBNS.to_vec(), window, sources: SOURCES };
        let mut bus = Bus::default();
        bus.add(&host, &place, config).unwrap();
        let port = bus.find(1).unwrap().slot().port("other");
        let agent = container.agent();
        let mut guest = Guest { memory, container, agent, bridge, signals, bus, port };
        guest.add_window(0, window);
        guest
    }

    /// Adds a window of the PE.
    pub fn add_window(&mut self, number: usize, window: Window) {
        match &self.bridge {
            None => _ = self.container.add_view(window).unwrap(),
            Some(bridge) => {
                let table = bridge.create_table(window, 1).unwrap();
                bridge.set_window(iommu::Pe(1), number, &table).unwrap();
                self.container.add_window(window, table).unwrap();
            }
        }
    }

    /// Removes one.
    pub fn remove_window(&mut self, number: usize) {
        self.container.remove_window(&mut self.agent, LIOBNS[number]).unwrap();
        if let Some(bridge) = &self.bridge {
            bridge.unset_window(iommu::Pe(1), number).unwrap();
        }
    }

    pub fn put(&mut self, number: usize, ioba: u64, tce: u64) {
        self.container.put(&mut self.agent, LIOBNS[number], Ioba(ioba), RawTce(tce)).unwrap();
    }

    pub fn function(&self) -> &dyn Function {
        self.bus.find(1).unwrap()
    }

    pub fn config(&self, offset: usize) -> u32 {
        let mut bytes = [0; 4];
        self.bus.read_config(self.function(), offset, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    pub fn set_config(&self, offset: usize, value: u32) {
        self.bus.write_config(self.function(), offset, &value.to_le_bytes());
    }

    pub fn load(&self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        self.bus.read(address, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    pub fn store(&self, address: u64, value: u32) {
        self.bus.write(address, &value.to_le_bytes());
    }

    /// Reads 8 bytes as the device.
    pub fn dma_read(&mut self, at: u64) -> Result<[u8; 8], Fault> {
        let mut bytes = [0; 8];
        self.port.read(Ioba(at), &mut bytes).map(|()| bytes)
    }

    /// Checks that guest memory was never written there.
    pub fn memory_is_zero(&self, at: u64, len: u64) {
        let mut bytes = vec![0; len as usize];
        self.memory.read_slice(&mut bytes, GuestAddress(at)).unwrap();
        assert!(bytes.iter().all(|&byte| byte == 0), "a byte from {at:#x} on was written");
    }

    pub fn bytes<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.memory.read_slice(&mut bytes, GuestAddress(at)).unwrap();
        bytes
    }

    pub fn fill(&self, at: u64, bytes: &[u8]) {
        self.memory.write_slice(bytes, GuestAddress(at)).unwrap();
    }
}
