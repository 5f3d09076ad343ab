// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The virtual I/O bus (`/vdevice`): the devices by their unit addresses.
//!
//! The bus knows no kind of device: a [`DeviceConfig`] builds a [`Device`] in the next [`Slot`].

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::{Memory, VioDevice};
use iommu::bridge::Bridge;
use iommu::{Container, Error, Frames, Ioba, Liobn, PageShift, Pe, View, Window};
use saved::{LoadError, Reader, Writer};

use crate::dma::{Port, Traffic};
use crate::line::{IrqLine, IrqSink};
use crate::observe::Observer;
use crate::report::DeviceReport;

/// Unit address and interrupt source of slot 0, which is the console's (QEMU has the same).
const UNIT: u32 = 0x7100_0000;
const SOURCE: u32 = 0x1100;
/// The first slot of a device; slot 1 was a console's once (QEMU has the same).
const FIRST: u8 = 2;
/// The last slot.
const LAST: u8 = 63;
/// 256 MiB of 4 KiB pages at bus address 0, as QEMU gives them.
const WINDOW_BYTES: u64 = 256 << 20;

/// The most bytes of a device's name in a saved state.
const LONGEST_NAME: usize = 32;

/// Most devices of a bus.
pub const MOST_DEVICES: usize = (LAST - FIRST + 1) as usize;

/// The part of the machine that devices need.
#[derive(Clone)]
pub struct Host<'a> {
    /// The container of their windows.
    pub container: &'a Container,
    /// Guest memory.
    pub memory: &'a Arc<Memory>,
    /// The bridge in front of them; without one they walk the guest's view.
    pub bridge: Option<&'a Arc<Bridge>>,
    /// The interrupt controller.
    pub interrupts: &'a Arc<dyn IrqSink>,
}

/// Why a device could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum BusError {
    #[error("cannot make the DMA window of a device: {0}")]
    Window(#[from] Error),
    #[error("a bus has at most {MOST_DEVICES} devices; leave some away")]
    Full,
    #[error(transparent)]
    Device(DeviceError),
}

/// The node of a device in the device tree.
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

impl Node {
    /// With one more property.
    pub fn with(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Node {
        self.others.push((name, value.into()));
        self
    }
}

/// A place on the bus before there is a device: its addresses, its window and its IRQ line.
pub struct Slot {
    /// Its number, from 2 up.
    pub number: u8,
    /// The unit address.
    pub unit: u32,
    /// The DMA window.
    pub window: Window,
    /// The IRQ line of the device.
    pub line: IrqLine,
    /// The sums of its ports.
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
    fn new(host: &Host<'_>, number: u8) -> Result<Slot, Error> {
        let unit = UNIT + u32::from(number);
        let window = Window::bytes(Liobn(unit), 0, WINDOW_BYTES, PageShift::K4)?;
        let path = match host.bridge {
            None => SlotPath::View(host.container.add_view(window)?.view().clone()),
            Some(bridge) => {
                let pe = Pe(number);
                let table = bridge.create_table(window, 1)?;
                bridge.set_window(pe, 0, &table)?;
                host.container.add_window(window, table)?;
                SlotPath::Bridge(bridge.clone(), pe)
            }
        };
        Ok(Slot {
            number,
            unit,
            window,
            line: IrqLine::new(SOURCE + u32::from(number), host.interrupts.clone()),
            traffic: Arc::default(),
            frames: host.container.frames().clone(),
            memory: host.memory.clone(),
            path,
        })
    }

    /// A node of this slot, without other properties.
    pub fn node(
        &self,
        name: &'static str,
        device_type: &'static str,
        compatible: &'static str,
    ) -> Node {
        let (unit, source, window) = (self.unit, self.line.source(), self.window);
        Node { name, device_type, compatible, unit, source, window, others: Vec::new() }
    }

    /// A new port to guest memory, for one thread at a time; observers see its name.
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

    /// Checks that all of `len` bytes of a saved state's bus address are in the window. They need not be mapped: a guest
    /// may have unmapped them since it registered them.
    pub(crate) fn holds(&self, at: Ioba, len: u64) -> Result<(), LoadError> {
        let start = self.window.start().0;
        let end = start + self.window.len(); // a window does not wrap
        LoadError::unless(start <= at.0 && at.0.checked_add(len).is_some_and(|to| to <= end))
    }

    /// The report of its device, whose own counters come first.
    fn report(&self, name: &str, mut counters: Vec<(&'static str, u64)>) -> DeviceReport {
        let (read, written) = self.traffic.bytes();
        counters.extend([
            ("DMA bytes read", read),
            ("DMA bytes written", written),
            ("interrupts", self.line.pulses()),
        ]);
        let name = format!("{name}@{:x}", self.unit);
        let (faults, all_faults) = (self.traffic.kinds(), self.traffic.faults());
        DeviceReport { name, counters, faults, all_faults }
    }
}

/// A device of the bus.
pub trait Device: VioDevice + Send + Sync {
    /// Its place on the bus.
    fn slot(&self) -> &Slot;
    /// Its node in the device tree ([`Slot::node`]).
    fn node(&self) -> Node;
    /// Its own counters, for the statistics: a name and a count. Those of its DMA and its interrupt are added.
    fn counters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
    /// Back to the state at the start: nothing is registered, and no memory is touched afterwards.
    fn reset(&self);
    /// Completes the requests under way, at most until this time, then rests: no thread of the device touches guest
    /// memory or raises an interrupt until [`resume`](Self::resume) or a reset. No vCPU runs
    /// meanwhile. Errors: a request is still under way; the device cannot be saved now.
    fn rest(&self, until: Instant) -> io::Result<()>;
    /// Ends the rest. Until then whatever comes from outside waits or is lost, as the device's back end has it.
    fn resume(&self);
    /// Writes the state that hypercalls changed. The device rests. Neither its statistics nor its back end's data are
    /// a part of it.
    fn save(&self, to: &mut Writer<'_>);
    /// Replaces the state by the saved one; afterwards the device rests. A state that the hypercalls would not have
    /// accepted is an error, and changes nothing.
    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError>;
    /// Ends its threads; everything that the guest wrote is on the medium then.
    fn stop(&self) {}
}

/// The reason for which a device could not be made, as its folder defines it.
pub type DeviceError = Box<dyn std::error::Error + Send + Sync>;

/// The configuration of a device, which builds it.
pub trait DeviceConfig: fmt::Debug + Send + Sync {
    /// Makes the device in its place and starts its threads.
    fn build(&self, slot: Slot) -> Result<Arc<dyn Device>, DeviceError>;
}

/// The devices of the bus, in the order of their slots.
#[derive(Default)]
pub struct Bus {
    devices: Vec<Arc<dyn Device>>,
}

impl Bus {
    /// Adds a device in the next slot.
    pub fn add(&mut self, host: &Host<'_>, config: &dyn DeviceConfig) -> Result<(), BusError> {
        let number = u8::try_from(self.devices.len()).ok().and_then(|n| FIRST.checked_add(n));
        let number = number.filter(|&number| number <= LAST).ok_or(BusError::Full)?;
        let slot = Slot::new(host, number)?;
        self.devices.push(config.build(slot).map_err(BusError::Device)?);
        Ok(())
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

    /// The nodes of the device tree, in the order of unit addresses.
    pub fn nodes(&self) -> Vec<Node> {
        self.devices.iter().map(|device| device.node()).collect()
    }

    /// The sums of each device.
    pub fn reports(&self) -> Vec<DeviceReport> {
        let report =
            |device: &Arc<dyn Device>| device.slot().report(device.node().name, device.counters());
        self.devices.iter().map(report).collect()
    }

    /// Reports every access to this observer from now on. Once only.
    pub fn observe(&self, observer: &Arc<dyn Observer>) {
        for device in &self.devices {
            device.slot().traffic.observed.by(observer.clone());
        }
    }

    /// Puts the devices back to the state at the start. They touch no memory afterwards.
    pub fn reset(&self) {
        self.devices.iter().for_each(|device| device.reset());
    }

    /// Brings all devices to rest ([`Device::rest`]) within this time, and writes their states in the order of unit
    /// addresses. Before that they may write memory and raise interrupts, so the bus is saved before RAM and before
    /// the interrupt controller. Errors, which the writer reports at its end: a device has requests under way.
    ///
    /// The devices rest until [`resume`](Self::resume), which follows an error, too.
    pub fn save(&self, to: &mut Writer<'_>, within: Duration) {
        let until = Instant::now() + within;
        for device in &self.devices {
            if let Err(error) = device.rest(until) {
                return to.fail(error);
            }
        }
        to.u8(self.devices.len() as u8); // at most `MOST_DEVICES`
        for device in &self.devices {
            to.u32(device.slot().unit);
            to.bytes(device.node().name.as_bytes());
            device.save(to);
        }
    }

    /// Loads the states of the devices, which rest until [`resume`](Self::resume). Errors: also a bus with other
    /// devices. After an error the bus must be reset before it is used.
    pub fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        if usize::from(from.u8()?) != self.devices.len() {
            return Err(LoadError::Other("the number of its devices"));
        }
        for device in &self.devices {
            if from.u32()? != device.slot().unit {
                return Err(LoadError::Other("the unit address of a device"));
            }
            from.name(device.node().name, LONGEST_NAME)?;
            device.load(from)?;
        }
        Ok(())
    }

    /// Ends the rest that began with [`save`](Self::save) or [`load`](Self::load).
    pub fn resume(&self) {
        self.devices.iter().for_each(|device| device.resume());
    }

    /// Ends the devices' threads. Writes that were reported complete to the guest are on the medium whether or not this
    /// is called; afterwards all writes are.
    pub fn stop(&self) {
        self.devices.iter().for_each(|device| device.stop());
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.devices.iter().map(|device| device.slot().unit)).finish()
    }
}
