// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A virtio device as a function of the bus: its description, and its model's place behind the transport.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use saved::{LoadError, Reader, Writer};
use vio::Port;

use super::chain::Chain;
use super::core::{Core, MOST_QUEUES};
use super::model::{Kind, Model};
use super::queue::RingError;
use super::transport::{BAR, BAR_BYTES, COMMON, DEVICE, ISR, NOTIFY, NOTIFY_STEP, Region};
use crate::description::{Bar, Capability, Description, Identity, Vectors, Width};
use crate::function::{Function, FunctionError};
use crate::slot::Slot;

/// The vendor of all virtio devices, and the first number of modern ones (virtio 1.3, 4.1.2).
const VENDOR: u16 = 0x1af4;
const FIRST_DEVICE: u16 = 0x1040;
/// Any subsystem: QEMU's.
const SUBSYSTEM: u16 = 0x1100;
/// The BAR of the MSI-X table, and the place of its pending bits (QEMU has the same).
const MSIX_BAR: u8 = 1;
const MSIX_BYTES: u64 = 0x1000;
const PENDING: u32 = 0x800;

/// Types of virtio's capabilities (virtio 1.3, 4.1.4).
const COMMON_CFG: u8 = 1;
const NOTIFY_CFG: u8 = 2;
const ISR_CFG: u8 = 3;
const DEVICE_CFG: u8 = 4;
const PCI_CFG: u8 = 5;
/// The identifier of a vendor's capability.
const VENDOR_SPECIFIC: u8 = 9;

/// The most chains of a queue before the next queue has its turn.
const TURN: usize = 256;

/// The facts about a device of this kind.
pub(super) fn describe(kind: Kind, queues: usize) -> Description {
    let queues = queues.min(MOST_QUEUES) as u16;
    let bar = |number, size, width, prefetchable| Bar { number, size, width, prefetchable };
    Description {
        name: kind.node,
        identity: Identity {
            vendor: VENDOR,
            device: FIRST_DEVICE + kind.number,
            class: kind.class,
            revision: 1,
            subsystem_vendor: VENDOR,
            subsystem: SUBSYSTEM,
        },
        bars: vec![
            bar(MSIX_BAR, MSIX_BYTES, Width::Bits32, false),
            bar(BAR, BAR_BYTES, Width::Bits64, true),
        ],
        vectors: Some(Vectors { count: queues + 1, bar: MSIX_BAR, table: 0, pending: PENDING }),
        intx: true,
        capabilities: vec![
            capability(COMMON_CFG, COMMON, &[]),
            capability(ISR_CFG, ISR, &[]),
            capability(DEVICE_CFG, DEVICE, &[]),
            capability(NOTIFY_CFG, NOTIFY, &NOTIFY_STEP.to_le_bytes()),
            window(),
        ],
    }
}

/// `struct virtio_pci_cap` behind identifier and next pointer: length, type, BAR, identifier and padding, offset, length.
fn capability(kind: u8, region: Region, more: &[u8]) -> Capability {
    let (start, len) = (region.start as u32, region.len as u32); // less than the BAR
    let head = [16 + more.len() as u8, kind, BAR, 0, 0, 0];
    let body = [&head[..], &start.to_le_bytes(), &len.to_le_bytes(), more].concat();
    Capability { id: VENDOR_SPECIFIC, body, writable: Vec::new() }
}

/// The access to BARs through config space (virtio 1.3, 4.1.4.9): BAR, offset, length and data are the driver's.
fn window() -> Capability {
    let none = Region { start: 0, len: 0 };
    let mut capability = capability(PCI_CFG, none, &[0; 4]);
    capability.writable = [&[0, 0, 0xff, 0, 0, 0][..], &[0xff; 12]].concat();
    capability
}

/// The number of [`window`] in the list, and the place of its data in the body.
const WINDOW: usize = 4;
const WINDOW_DATA: usize = 14;

/// A virtio device.
pub(super) struct Virtio {
    core: Arc<Core>,
    model: Arc<dyn Model>,
}

impl Virtio {
    /// Makes the device in its slot. `model` makes the model for its core.
    pub(super) fn build(
        slot: Slot,
        sizes: &[u16],
        model: impl FnOnce(&Arc<Core>) -> Result<Arc<dyn Model>, FunctionError>,
    ) -> Result<Arc<dyn Function>, FunctionError> {
        let (core, ports) = Core::new(slot, sizes)?;
        let model = model(&core)?;
        core.connect(Arc::downgrade(&model));
        let worker = core.worker.clone();
        let name = core.slot.description.name;
        let mut requests =
            Requests { core: core.clone(), model: model.clone(), ports, chain: Chain::default() };
        worker.start(name, move |queues| requests.serve(queues))?;
        Ok(Arc::new(Virtio { core, model }))
    }

    /// The BAR access that the driver has set up in config space: offset and length, if there is one.
    fn window(&self) -> Option<(u64, usize, [u8; 4])> {
        let body = self.core.slot.capability(WINDOW);
        let word =
            |at: usize| body.get(at..at + 4).and_then(|bytes| bytes.first_chunk::<4>().copied());
        let (offset, len) = (u32::from_le_bytes(word(6)?), u32::from_le_bytes(word(10)?));
        let whole = matches!(len, 1 | 2 | 4) && offset % len == 0 && u64::from(offset) < BAR_BYTES;
        (whole && body.get(2) == Some(&BAR)).then_some((
            offset.into(),
            len as usize,
            word(WINDOW_DATA)?,
        ))
    }
}

/// The requests of a device, served in its thread.
struct Requests {
    core: Arc<Core>,
    model: Arc<dyn Model>,
    ports: Vec<Port>,
    chain: Chain,
}

impl Requests {
    /// Serves these queues, each for one turn.
    fn serve(&mut self, queues: u64) {
        for queue in (0..self.ports.len()).filter(|queue| queues >> queue & 1 != 0) {
            if !self.drain(queue) {
                self.core.worker.notify(1 << queue);
            }
        }
    }

    /// Serves a queue. Returns false if it may have more.
    fn drain(&mut self, queue: usize) -> bool {
        self.core.quiet(queue);
        for _ in 0..TURN {
            if self.core.worker.pauses() {
                return false;
            }
            if self.core.pop(queue, &mut self.chain) {
                self.one(queue);
            } else if !self.core.listen(queue) {
                return true;
            }
        }
        false
    }

    fn one(&mut self, queue: usize) {
        let Requests { core, model, ports, chain } = self;
        let port = &mut ports[queue];
        port.admit(chain.epoch);
        // A model that panicked keeps itself from its back end; the driver sees a device that needs a reset.
        let served = catch_unwind(AssertUnwindSafe(|| model.serve(queue, chain, port)));
        match served.unwrap_or(Err(RingError::Failed)) {
            Ok(written) => {
                core.push(queue, chain, written);
                core.signal(queue);
            }
            Err(why) => core.refuse(queue, chain, &why),
        }
    }
}

impl Function for Virtio {
    fn slot(&self) -> &Slot {
        &self.core.slot
    }

    fn read(&self, bar: u8, offset: u64, to: &mut [u8]) {
        match bar {
            BAR => self.core.load(offset, to),
            _ => to.fill(0),
        }
    }

    fn write(&self, bar: u8, offset: u64, from: &[u8]) {
        if bar == BAR {
            self.core.store(offset, from);
        }
    }

    /// A read of the data makes the access.
    fn read_capability(&self, capability: usize, offset: usize, to: &mut [u8]) {
        let data = WINDOW_DATA..WINDOW_DATA + 4;
        let reads = offset < data.end && offset + to.len() > data.start;
        let Some((at, len, _)) = (capability == WINDOW && reads).then(|| self.window()).flatten()
        else {
            return;
        };
        let mut bytes = [0; 4];
        self.core.load(at, &mut bytes[..len]);
        for (n, byte) in to.iter_mut().enumerate() {
            if let Some(data) = (offset + n).checked_sub(data.start).and_then(|at| bytes.get(at)) {
                *byte = *data;
            }
        }
    }

    fn wrote_capability(&self, capability: usize, offset: usize, len: usize) {
        if capability == WINDOW
            && offset < WINDOW_DATA + 4
            && offset + len > WINDOW_DATA
            && let Some((at, len, data)) = self.window()
        {
            self.core.store(at, &data[..len]);
        }
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let mut counters = self.model.counters();
        counters.extend(self.core.counters());
        counters
    }

    fn reset(&self) {
        self.core.reset();
        self.resume();
    }

    fn rest(&self, until: Instant) -> io::Result<()> {
        self.core.worker.rest(until)?;
        self.model.rest(until)
    }

    fn resume(&self) {
        self.model.resume();
        self.core.worker.resume(self.core.all_queues());
    }

    fn save(&self, to: &mut Writer<'_>) {
        self.model.save(to);
        self.core.save(to);
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.model.load(from)?;
        let loaded = self.core.restore(from)?;
        let rest = self.rest(Instant::now() + super::PATIENCE);
        rest.map_err(LoadError::Read)?;
        self.core.replace(loaded);
        Ok(())
    }

    fn stop(&self) {
        self.core.worker.stop();
        self.model.stop();
    }
}
