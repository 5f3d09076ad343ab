// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guest memory, a bridge and devices: the setting of tests that observe from the device's side.
#![allow(missing_docs)] // names of the field

use iommu::bridge::{BridgeKind, DmaFault, Ram};
use iommu::*;
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress, GuestMemoryMmap};

pub const L: Liobn = Liobn(0x8000_0000);
pub const PE: Pe = Pe(0x1b);
pub const MEMORY: u64 = 0x100_0000;
pub const A: u64 = 0x10000;
pub const B: u64 = 0x20000;
pub const R: u64 = 1;
pub const W: u64 = 2;
pub const RW: u64 = 3;

/// Every kind of bridge with the flags of its tables, which covers every form of the kill register.
pub const KINDS: [(&str, BridgeKind, Swinv); 5] = [
    ("p5ioc2", BridgeKind::P5IOC2, Swinv::BOTH),
    ("ioda1, pair", BridgeKind::IODA1, Swinv::ALL),
    ("ioda1, line", BridgeKind::IODA1, Swinv::BOTH),
    ("ioda1, bus", BridgeKind::IODA1.with_bus(7), Swinv::BOTH),
    ("ioda2", BridgeKind::IODA2, Swinv::BOTH),
];

pub struct DmaRig {
    pub memory: GuestMemoryMmap<()>,
    pub all: Container,
    pub bridge: Arc<Bridge>,
    pub agent: Agent,
    pub table: Arc<IommuTable>,
}

impl DmaRig {
    /// A window of 4 KiB pages at bus address 0, as large as memory.
    pub fn new(bridge: &Arc<Bridge>) -> DmaRig {
        let window = Window::bytes(L, 0, MEMORY, PageShift::K4).expect("a window");
        DmaRig::with(bridge, window, window, 1)
    }

    pub fn with(bridge: &Arc<Bridge>, window: Window, hw: Window, levels: u32) -> DmaRig {
        let table = bridge.create_table(hw, levels).expect("a table");
        bridge.set_window(PE, 0, &table).expect("free");
        let frames = Frames::new(MEMORY).expect("memory");
        DmaRig::over(bridge, frames, window, table)
    }

    pub fn over(
        bridge: &Arc<Bridge>,
        frames: impl Into<Arc<Frames>>,
        window: Window,
        table: Arc<IommuTable>,
    ) -> DmaRig {
        let all = Container::new(frames);
        all.add_window(window, table.clone()).expect("a new LIOBN");
        let memory = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), MEMORY as usize)]);
        let memory = memory.expect("memory");
        // Each page contains its own address.
        for page in (0..MEMORY).step_by(0x1000) {
            memory.write_obj(page, GuestAddress(page)).expect("in memory");
        }
        DmaRig { memory, agent: all.agent(), all, bridge: bridge.clone(), table }
    }

    pub fn put(&mut self, ioba: u64, tce: u64) {
        self.all.put(&mut self.agent, L, Ioba(ioba), RawTce(tce)).expect("put");
    }

    pub fn device(&self) -> bridge::Device {
        self.bridge.device(PE)
    }

    pub fn ram(&self) -> Ram<'_, GuestMemoryMmap<()>> {
        Ram { frames: self.all.frames(), memory: &self.memory }
    }

    /// The page that the device reads at a bus address, by the address in its content.
    pub fn read(&self, device: &mut bridge::Device, ioba: u64) -> Result<u64, DmaFault> {
        let mut bytes = [0; 8];
        device.read(&self.ram(), Ioba(ioba), &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub fn write(
        &self,
        device: &mut bridge::Device,
        ioba: u64,
        value: u64,
    ) -> Result<(), DmaFault> {
        device.write(&self.ram(), Ioba(ioba), &value.to_le_bytes())
    }

    pub fn in_memory(&self, gpa: u64) -> u64 {
        self.memory.read_obj(GuestAddress(gpa)).expect("in memory")
    }

    pub fn pins(&self, gpa: u64) -> u32 {
        self.all.frames().pins(self.all.frames().hpa(Gpa(gpa)).expect("owned"))
    }
}

/// A platform whose kill is the function `kill`.
pub struct Faulty {
    pub inner: Arc<dyn Platform>,
    pub kill: fn(&Exchange, HwEntry, u64),
}

impl Platform for Faulty {
    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::in_memory(self)
    }
    fn set(&self, entries: &mut HostEntries<'_>, tce: Tce) {
        self.inner.set(entries, tce);
    }
    fn clear(&self, entries: &mut HostEntries<'_>) {
        self.inner.clear(entries);
    }
    fn link(&self, pe: Pe, linked: bool) {
        self.inner.link(pe, linked);
    }
}

impl Kill for Faulty {
    fn kill(&self, first: HwEntry, count: u64) {
        let inner = self.inner.clone().exchange().expect("every bridge exchanges");
        (self.kill)(&inner, first, count);
    }
}
