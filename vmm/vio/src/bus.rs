// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The virtual I/O bus (`/vdevice`): which device is at which unit address.

use std::sync::Arc;

use hcall::{Memory, VioDevice};
use iommu::bridge::Bridge;
use iommu::{Container, Error, Frames, Liobn, PageShift, Pe, View, Window};

use crate::dma::{Port, Traffic};
use crate::line::{Interrupts, Line};
use crate::llan::{Llan, NetSpec};
use crate::observe::Observer;
use crate::report::Report;
use crate::vscsi::backend::Image;
use crate::vscsi::{DiskSpec, Vscsi};

/// Unit address and interrupt source of slot 0, which is the console's (QEMU: the same).
const UNIT: u32 = 0x7100_0000;
const SOURCE: u32 = 0x1100;
/// The first slot that devices get; the one before was a console's once (QEMU: the same).
const FIRST: u32 = 2;
/// 256 MiB of 4 KiB pages at bus address 0, as QEMU gives them.
const WINDOW_BYTES: u64 = 256 << 20;

/// Most network adapters.
pub const MOST_NETS: usize = 8;

/// What devices need of the machine.
#[derive(Clone)]
pub struct Host<'a> {
    /// Where their windows go.
    pub container: &'a Container,
    /// Guest memory.
    pub memory: &'a Arc<Memory>,
    /// The bridge that they are behind; without one they walk the guest's view.
    pub bridge: Option<&'a Arc<Bridge>>,
    /// The interrupt controller.
    pub interrupts: &'a Arc<dyn Interrupts>,
}

/// Why a device could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum BusError {
    #[error("cannot make the DMA window of a device: {0}")]
    Window(#[from] Error),
    #[error("at most {MOST_NETS} --net; leave some away")]
    TooManyNets,
    #[error("at most {} --disk; leave some away", crate::vscsi::MOST_DISKS)]
    TooManyDisks,
    #[error(transparent)]
    Net(#[from] crate::llan::backend::NetError),
    #[error(transparent)]
    Disk(#[from] crate::vscsi::backend::DiskError),
}

/// What the device tree says about a device.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name without the unit address.
    pub name: &'static str,
    /// `device_type`.
    pub device_type: &'static str,
    /// `compatible`.
    pub compatible: &'static str,
    /// `reg`.
    pub unit: u32,
    /// First cell of `interrupts`.
    pub source: u32,
    /// The window of `ibm,my-dma-window`.
    pub window: Window,
    /// Its other properties, as they lie in the tree.
    pub others: Vec<(&'static str, Vec<u8>)>,
}

/// A place on the bus before there is a device: its addresses, its window and its line.
pub struct Slot {
    /// The unit address.
    pub unit: u32,
    /// The DMA window.
    pub window: Window,
    /// The interrupt.
    pub line: Line,
    /// What its ports moved.
    pub traffic: Arc<Traffic>,
    frames: Arc<Frames>,
    memory: Arc<Memory>,
    path: SlotPath,
}

enum SlotPath {
    View(Arc<View>),
    Bridge(Arc<Bridge>, Pe),
}

impl Slot {
    /// A slot by its number. Errors: those of the window.
    fn new(host: &Host<'_>, number: u32) -> Result<Slot, Error> {
        let unit = UNIT + number;
        let window = Window::bytes(Liobn(unit), 0, WINDOW_BYTES, PageShift::K4)?;
        let path = match host.bridge {
            None => SlotPath::View(host.container.add_view(window)?.view().clone()),
            Some(bridge) => {
                // There are few devices.
                let pe = Pe(number as u8);
                let table = bridge.create_table(window, 1)?;
                bridge.set_window(pe, 0, &table)?;
                host.container.add_window(window, table)?;
                SlotPath::Bridge(bridge.clone(), pe)
            }
        };
        Ok(Slot {
            unit,
            window,
            line: Line::new(SOURCE + number, host.interrupts.clone()),
            traffic: Arc::default(),
            frames: host.container.frames().clone(),
            memory: host.memory.clone(),
            path,
        })
    }

    /// A new way to memory, for one thread at a time; the name is for those who observe.
    pub fn port(&self, name: &'static str) -> Port {
        let (window, frames) = (self.window, self.frames.clone());
        let (memory, traffic) = (self.memory.clone(), self.traffic.clone());
        match &self.path {
            SlotPath::View(view) => Port::view(name, view.clone(), window, frames, memory, traffic),
            SlotPath::Bridge(bridge, pe) => {
                Port::bridge(name, bridge.device(*pe), window, frames, memory, traffic)
            }
        }
    }

    /// What is reported of it beside the device's own counters, which come first.
    pub(crate) fn report(&self, name: &str, mut counters: Vec<(&'static str, u64)>) -> Report {
        let (read, written) = self.traffic.bytes();
        counters.extend([
            ("DMA bytes read", read),
            ("DMA bytes written", written),
            ("interrupts", self.line.pulses()),
        ]);
        let name = format!("{name}@{:x}", self.unit);
        let (faults, all_faults) = (self.traffic.kinds(), self.traffic.faults());
        Report { name, counters, faults, all_faults }
    }
}

/// A device of the bus.
pub(crate) trait OnBus: VioDevice + Send + Sync {
    fn slot(&self) -> &Slot;
    fn node(&self) -> Node;
    fn report(&self) -> Report;
    /// Back to the state at the start: nothing is registered.
    fn reset(&self);
    /// Ends its threads; what the guest wrote is on the medium then.
    fn stop(&self);
}

/// The devices.
#[derive(Default)]
pub struct Bus {
    devices: Vec<Arc<dyn OnBus>>,
}

impl Bus {
    /// A bus with an adapter for each of `nets`, and one with all of `disks`.
    pub fn new(host: &Host<'_>, nets: &[NetSpec], disks: &[DiskSpec]) -> Result<Bus, BusError> {
        if nets.len() > MOST_NETS {
            return Err(BusError::TooManyNets);
        }
        let mut bus = Bus::default();
        let mut number = FIRST;
        for net in nets {
            let slot = Slot::new(host, number)?;
            bus.devices.push(Llan::start(slot, net, number)?);
            number += 1;
        }
        if !disks.is_empty() {
            bus.devices.push(Vscsi::start(Slot::new(host, number)?, disks)?);
        }
        Ok(bus)
    }

    /// A bus with a SCSI adapter whose disks are these images, which may be written.
    pub fn with_images(host: &Host<'_>, images: Vec<Box<dyn Image>>) -> Result<Bus, BusError> {
        let adapter = Vscsi::with_images(Slot::new(host, FIRST)?, images)?;
        Ok(Bus { devices: vec![adapter] })
    }

    /// The device at a unit address.
    pub fn find(&self, unit: u32) -> Option<&dyn VioDevice> {
        let device = self.devices.iter().find(|device| device.slot().unit == unit)?;
        Some(&**device)
    }

    /// True when there is no device.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// What the device tree says, in the order of unit addresses.
    pub fn nodes(&self) -> Vec<Node> {
        self.devices.iter().map(|device| device.node()).collect()
    }

    /// What the devices did.
    pub fn reports(&self) -> Vec<Report> {
        self.devices.iter().map(|device| device.report()).collect()
    }

    /// Tells this observer of every access from now on. Once only.
    pub fn observe(&self, observer: &Arc<dyn Observer>) {
        for device in &self.devices {
            device.slot().traffic.eye.open(observer.clone());
        }
    }

    /// Puts the devices back to the state at the start. They touch no memory afterwards.
    pub fn reset(&self) {
        self.devices.iter().for_each(|device| device.reset());
    }

    /// Ends the devices' threads. What a guest was told is on a disk is there, whether or not this is
    /// called; afterwards everything that it wrote is.
    pub fn stop(&self) {
        self.devices.iter().for_each(|device| device.stop());
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.devices.iter().map(|device| device.slot().unit)).finish()
    }
}
