// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The registers of a modern virtio device on PCI (virtio 1.3, 4.1): common configuration, ISR status, device
//! configuration and notifications, in BAR 4 at the offsets that QEMU has; MSI-X in BAR 1.
//!
//! A driver may read and write any size at any offset. A write that is not of a whole register, or of one half of a 64-bit
//! one, is ignored, and so is one to a register that cannot change now. A device whose ring is broken sets
//! DEVICE_NEEDS_RESET and does nothing until its reset, which waits for nothing: chains that are under way lose their
//! buffers (`queue.rs`).

use std::sync::atomic::Ordering;

use virtio_bindings::virtio_config::{
    VIRTIO_CONFIG_S_ACKNOWLEDGE, VIRTIO_CONFIG_S_DRIVER, VIRTIO_CONFIG_S_DRIVER_OK,
    VIRTIO_CONFIG_S_FAILED, VIRTIO_CONFIG_S_FEATURES_OK, VIRTIO_CONFIG_S_NEEDS_RESET,
    VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_RING_RESET, VIRTIO_F_VERSION_1,
};
use virtio_bindings::virtio_ring::{VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC};

use super::core::Core;
use super::queue::Place;

/// The BAR of the registers, and its regions: offset and size in bytes.
pub(super) const BAR: u8 = 4;
pub(super) const COMMON: Region = Region { start: 0, len: 0x1000 };
pub(super) const ISR: Region = Region { start: 0x1000, len: 0x1000 };
pub(super) const DEVICE: Region = Region { start: 0x2000, len: 0x1000 };
pub(super) const NOTIFY: Region = Region { start: 0x3000, len: 0x1000 };
pub(super) const BAR_BYTES: u64 = 0x4000;
/// Bytes between the notification addresses of two queues.
pub(super) const NOTIFY_STEP: u32 = 4;

/// No MSI-X vector.
pub(super) const NO_VECTOR: u16 = 0xffff;

/// Bits of the device status.
pub(super) const ACKNOWLEDGE: u8 = VIRTIO_CONFIG_S_ACKNOWLEDGE as u8;
pub(super) const DRIVER: u8 = VIRTIO_CONFIG_S_DRIVER as u8;
pub(super) const DRIVER_OK: u8 = VIRTIO_CONFIG_S_DRIVER_OK as u8;
pub(super) const FEATURES_OK: u8 = VIRTIO_CONFIG_S_FEATURES_OK as u8;
pub(super) const NEEDS_RESET: u8 = VIRTIO_CONFIG_S_NEEDS_RESET as u8;
pub(super) const FAILED: u8 = VIRTIO_CONFIG_S_FAILED as u8;

/// Without these a driver does not know of DMA windows, and cannot use the device.
pub(super) const NEEDED: u64 = bit(VIRTIO_F_VERSION_1) | bit(VIRTIO_F_ACCESS_PLATFORM);
/// The features of the transport.
pub(super) const FEATURES: u64 =
    NEEDED | bit(VIRTIO_F_RING_RESET) | EVENT_INDEX | bit(VIRTIO_RING_F_INDIRECT_DESC);

pub(super) const EVENT_INDEX: u64 = bit(VIRTIO_RING_F_EVENT_IDX);

/// The mask of a feature's number.
pub(super) const fn bit(number: u32) -> u64 {
    1 << number
}

/// A region of the BAR.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) start: u64,
    pub(super) len: u64,
}

impl Region {
    fn holds(self, offset: u64) -> Option<usize> {
        let at = offset.checked_sub(self.start).filter(|&at| at < self.len)?;
        usize::try_from(at).ok()
    }
}

/// The registers that the driver sets, but for status and vectors of queues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Registers {
    pub(super) device_select: u32,
    pub(super) driver_select: u32,
    pub(super) driver_features: u64,
    pub(super) config_vector: u16,
    pub(super) queue_select: u16,
    pub(super) queues: Vec<QueueRegisters>,
}

/// The registers of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct QueueRegisters {
    pub(super) place: Place,
    pub(super) enabled: bool,
}

/// Bytes of the common configuration.
const COMMON_BYTES: usize = 64;

/// The register of the common configuration at an offset, with a length; the names are those of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    DeviceFeatureSelect,
    DriverFeatureSelect,
    DriverFeature,
    ConfigVector,
    Status,
    QueueSelect,
    QueueSize,
    QueueVector,
    QueueEnable,
    QueueDesc,
    QueueDriver,
    QueueDevice,
    QueueReset,
}

/// The registers that a driver may write: offset, length, name.
const FIELDS: [(usize, usize, Field); 13] = [
    (0, 4, Field::DeviceFeatureSelect),
    (8, 4, Field::DriverFeatureSelect),
    (12, 4, Field::DriverFeature),
    (16, 2, Field::ConfigVector),
    (20, 1, Field::Status),
    (22, 2, Field::QueueSelect),
    (24, 2, Field::QueueSize),
    (26, 2, Field::QueueVector),
    (28, 2, Field::QueueEnable),
    (32, 8, Field::QueueDesc),
    (40, 8, Field::QueueDriver),
    (48, 8, Field::QueueDevice),
    (58, 2, Field::QueueReset),
];

impl Core {
    /// Answers a load from the BAR.
    pub(super) fn load(&self, offset: u64, to: &mut [u8]) {
        to.fill(0);
        if let Some(at) = COMMON.holds(offset) {
            copy(&self.common(), at, to);
        } else if let Some(at) = ISR.holds(offset) {
            if let (0, Some(first)) = (at, to.first_mut()) {
                *first = self.take_isr();
            }
        } else if let Some(at) = DEVICE.holds(offset) {
            copy(&self.model().map_or(Vec::new(), |model| model.config()), at, to);
        }
    }

    /// Takes a store to the BAR.
    pub(super) fn store(&self, offset: u64, from: &[u8]) {
        if let Some(at) = NOTIFY.holds(offset) {
            self.notified(at / NOTIFY_STEP as usize);
        } else if let Some(at) = COMMON.holds(offset) {
            self.store_common(at, from);
        }
    }

    /// The common configuration, as the driver reads it.
    fn common(&self) -> [u8; COMMON_BYTES] {
        let registers = self.registers();
        let mut bytes = [0; COMMON_BYTES];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        let half = |features: u64, select: u32| match select {
            0 => features as u32,
            1 => (features >> 32) as u32,
            _ => 0,
        };
        put(0, &registers.device_select.to_le_bytes());
        put(4, &half(self.offered(), registers.device_select).to_le_bytes());
        put(8, &registers.driver_select.to_le_bytes());
        put(12, &half(registers.driver_features, registers.driver_select).to_le_bytes());
        put(16, &registers.config_vector.to_le_bytes());
        put(18, &(registers.queues.len() as u16).to_le_bytes()); // at most `MOST_QUEUES`
        put(20, &[self.status()]);
        put(22, &registers.queue_select.to_le_bytes());
        let selected = usize::from(registers.queue_select);
        if let (Some(queue), Some(of)) =
            (self.queues().get(selected), registers.queues.get(selected))
        {
            put(24, &of.place.size.to_le_bytes());
            put(26, &queue.vector.load(Ordering::Relaxed).to_le_bytes());
            put(28, &u16::from(of.enabled).to_le_bytes());
            put(30, &registers.queue_select.to_le_bytes()); // queue_notify_off
            put(32, &of.place.descriptors.to_le_bytes());
            put(40, &of.place.available.to_le_bytes());
            put(48, &of.place.used.to_le_bytes());
        }
        bytes
    }

    fn store_common(&self, at: usize, from: &[u8]) {
        let hit = FIELDS.iter().find(|&&(start, len, _)| {
            let half = len == 8 && from.len() == 4 && (at == start || at == start + 4);
            half || (at == start && from.len() == len)
        });
        let Some(&(start, _, field)) = hit else { return };
        let mut bytes = [0; 8];
        bytes[..from.len()].copy_from_slice(from); // a register has at most 8 bytes
        let value = u64::from_le_bytes(bytes);
        match field {
            Field::Status => self.set_status(value as u8),
            Field::QueueEnable if value == 1 => self.enable_queue(),
            Field::QueueReset if value == 1 => self.reset_queue(),
            Field::QueueEnable | Field::QueueReset => {}
            field => self.set(field, value, at - start, from.len()),
        }
    }

    /// Sets a register that has no other effect. `at` and `len` select the half of a 64-bit one.
    fn set(&self, field: Field, value: u64, at: usize, len: usize) {
        let (status, vectors) = (self.status(), self.vectors());
        let vector = |value: u64| match u16::try_from(value) {
            Ok(vector) if vector < vectors => vector,
            _ => NO_VECTOR,
        };
        let mut registers = self.registers();
        let selected = usize::from(registers.queue_select);
        match field {
            Field::DeviceFeatureSelect => registers.device_select = value as u32,
            Field::DriverFeatureSelect => registers.driver_select = value as u32,
            Field::DriverFeature if status & FEATURES_OK == 0 && registers.driver_select < 2 => {
                let shift = 32 * registers.driver_select;
                let others = registers.driver_features & !(0xffff_ffff << shift);
                registers.driver_features = others | value << shift;
            }
            Field::ConfigVector => registers.config_vector = vector(value),
            Field::QueueSelect => registers.queue_select = value as u16,
            Field::QueueVector => {
                if let Some(queue) = self.queues().get(selected) {
                    queue.vector.store(vector(value), Ordering::Relaxed);
                }
            }
            field => {
                let most = self.queues().get(selected).map_or(0, |queue| queue.most);
                let queue = registers.queues.get_mut(selected).filter(|queue| !queue.enabled);
                if let Some(queue) = queue {
                    queue.place.set(field, value, at, len, most);
                }
            }
        }
    }

    /// A write of the device status (virtio 1.3, 2.1). 0 is a reset; no bit is cleared otherwise. FEATURES_OK stays 0
    /// unless the driver's features can be served.
    fn set_status(&self, value: u8) {
        if value == 0 {
            return self.reset();
        }
        let features = self.registers().driver_features;
        let good = features & !self.offered() == 0 && features & NEEDED == NEEDED;
        let mut allowed = value & (ACKNOWLEDGE | DRIVER | FAILED);
        if value & FEATURES_OK != 0 && good {
            allowed |= FEATURES_OK;
        }
        let before = self.add_status(allowed);
        let ready = value & DRIVER_OK != 0 && (before | allowed) & FEATURES_OK != 0;
        if ready && self.add_status(DRIVER_OK) & DRIVER_OK == 0 {
            self.started(features);
        }
    }

    fn enable_queue(&self) {
        let mut registers = self.registers();
        let event_index = registers.driver_features & EVENT_INDEX != 0;
        let number = usize::from(registers.queue_select);
        let (Some(queue), Some(of)) = (self.queues().get(number), registers.queues.get_mut(number))
        else {
            return;
        };
        if of.enabled || self.status() & FEATURES_OK == 0 {
            return;
        }
        let done = queue.enable(of.place, event_index);
        of.enabled = done.is_ok();
        drop(registers);
        match done {
            // A queue that comes back after its own reset may have chains already.
            Ok(()) => self.notified(number),
            Err(why) => self.broken(number, &why),
        }
    }

    /// Resets the selected queue alone (virtio 1.3, 2.6.1); it is done when this returns.
    fn reset_queue(&self) {
        let mut registers = self.registers();
        if registers.driver_features & bit(VIRTIO_F_RING_RESET) == 0 {
            return;
        }
        let number = usize::from(registers.queue_select);
        if let (Some(queue), Some(of)) =
            (self.queues().get(number), registers.queues.get_mut(number))
        {
            queue.reset();
            queue.vector.store(NO_VECTOR, Ordering::Relaxed);
            *of = QueueRegisters::new(queue.most);
        }
    }
}

impl QueueRegisters {
    /// The registers of a queue after a reset.
    pub(super) fn new(most: u16) -> QueueRegisters {
        QueueRegisters { place: Place { size: most, ..Place::default() }, enabled: false }
    }
}

impl Place {
    fn set(&mut self, field: Field, value: u64, at: usize, len: usize, most: u16) {
        let put = |register: &mut u64| {
            let (shift, mask) = (8 * at as u32, if len == 8 { u64::MAX } else { 0xffff_ffff });
            *register = *register & !(mask << shift) | (value & mask) << shift;
        };
        match field {
            Field::QueueSize => match value as u16 {
                size if size.is_power_of_two() && size <= most => self.size = size,
                _ => {}
            },
            Field::QueueDesc => put(&mut self.descriptors),
            Field::QueueDriver => put(&mut self.available),
            Field::QueueDevice => put(&mut self.used),
            _ => {}
        }
    }
}

/// Copies the bytes from `at` on; those behind the end stay.
fn copy(from: &[u8], at: usize, to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from.iter().skip(at)) {
        *to = *from;
    }
}
