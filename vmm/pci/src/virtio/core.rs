// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of a virtio device that its transport, its threads and its model share: status, registers, queues.
//!
//! Locks: the registers' lock comes before a queue's. The model is called without either.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use saved::{LoadError, Reader, Writer};
use vio::Port;
use vio::dma::RingMemory;

use super::chain::Chain;
use super::model::Model;
use super::queue::{Place, RingError, VirtQueue};
use super::transport::{
    ACKNOWLEDGE, DRIVER, DRIVER_OK, FAILED, FEATURES, FEATURES_OK, NEEDED, NEEDS_RESET, NO_VECTOR,
    QueueRegisters, Registers,
};
use super::worker::Worker;
use crate::slot::Slot;

/// The most queues of a device.
pub(super) const MOST_QUEUES: usize = 16;

/// Interrupt causes in the ISR status.
const ISR_QUEUE: u8 = 1;
const ISR_CONFIG: u8 = 2;

/// A device but for its model.
pub(super) struct Core {
    pub(super) slot: Slot,
    queues: Vec<VirtQueue>,
    registers: Mutex<Registers>,
    status: AtomicU8,
    isr: AtomicU8,
    breaks: AtomicU64,
    pub(super) worker: Arc<Worker>,
    model: OnceLock<Weak<dyn Model>>,
}

impl Core {
    /// A device in this slot with queues of these sizes. Returns the data ports of the queues, too.
    pub(super) fn new(
        slot: Slot,
        sizes: &[u16],
    ) -> Result<(Arc<Core>, Vec<Port>), virtio_queue::Error> {
        let (mut queues, mut ports) = (Vec::new(), Vec::new());
        for &most in sizes.iter().take(MOST_QUEUES) {
            let queue = VirtQueue::new(most, RingMemory::new(slot.port("ring")))?;
            ports.push(slot.port("buffers").behind(queue.gate.clone()));
            queues.push(queue);
        }
        let core = Core {
            slot,
            registers: Mutex::new(after_reset(&queues)),
            queues,
            status: AtomicU8::new(0),
            isr: AtomicU8::new(0),
            breaks: AtomicU64::new(0),
            worker: Arc::default(),
            model: OnceLock::new(),
        };
        Ok((Arc::new(core), ports))
    }

    /// Connects the model. Once only.
    pub(super) fn connect(&self, model: Weak<dyn Model>) {
        let _only_once = self.model.set(model);
    }

    pub(super) fn model(&self) -> Option<Arc<dyn Model>> {
        self.model.get().and_then(Weak::upgrade)
    }

    /// Another data port for a queue's buffers.
    pub(super) fn gated_port(&self, queue: usize, name: &'static str) -> Port {
        let port = self.slot.port(name);
        match self.queues.get(queue) {
            Some(queue) => port.behind(queue.gate.clone()),
            None => port,
        }
    }

    /// The registers, also after a panic elsewhere: each field is valid at any time.
    pub(super) fn registers(&self) -> MutexGuard<'_, Registers> {
        self.registers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn queues(&self) -> &[VirtQueue] {
        &self.queues
    }

    /// The mask of all queues.
    pub(super) fn all_queues(&self) -> u64 {
        (1 << self.queues.len()) - 1
    }

    pub(super) fn offered(&self) -> u64 {
        FEATURES | self.model().map_or(0, |model| model.features())
    }

    /// The number of MSI-X vectors.
    pub(super) fn vectors(&self) -> u16 {
        self.queues.len() as u16 + 1 // at most `MOST_QUEUES`
    }

    pub(super) fn status(&self) -> u8 {
        self.status.load(Ordering::SeqCst)
    }

    /// Sets bits of the status; returns the status before.
    pub(super) fn add_status(&self, bits: u8) -> u8 {
        self.status.fetch_or(bits, Ordering::SeqCst)
    }

    pub(super) fn take_isr(&self) -> u8 {
        let isr = self.isr.swap(0, Ordering::SeqCst);
        self.slot.interrupts.set_pin(false);
        isr
    }

    /// True while the driver uses the device.
    pub(super) fn is_running(&self) -> bool {
        self.status() & (DRIVER_OK | NEEDS_RESET) == DRIVER_OK
    }

    /// Back to the state at the start. Afterwards no thread reaches the guest's memory.
    pub(super) fn reset(&self) {
        let mut registers = self.registers();
        self.status.store(0, Ordering::SeqCst);
        for queue in &self.queues {
            queue.reset();
            queue.vector.store(NO_VECTOR, Ordering::Relaxed);
        }
        *registers = after_reset(&self.queues);
        drop(registers);
        self.take_isr();
        if let Some(model) = self.model() {
            model.reset();
        }
    }

    /// The driver has set DRIVER_OK.
    pub(super) fn started(&self, features: u64) {
        if let Some(model) = self.model() {
            model.start(features);
        }
        (0..self.queues.len()).for_each(|queue| self.notified(queue));
    }

    /// The driver has notified a queue, if it exists.
    pub(super) fn notified(&self, queue: usize) {
        if queue >= self.queues.len() || !self.is_running() {
            return;
        }
        if self.model().is_some_and(|model| model.takes(queue)) {
            return;
        }
        self.worker.notify(1 << queue);
    }

    /// A driver that broke a ring must reset the device (virtio 1.3, 2.1.2).
    pub(super) fn broken(&self, queue: usize, why: &RingError) {
        let registers = self.registers();
        // A reset may have come meanwhile; it takes the same lock.
        if !self.queues.get(queue).is_some_and(VirtQueue::is_to_be_reported) {
            return;
        }
        self.breaks.fetch_add(1, Ordering::Relaxed);
        let before = self.add_status(NEEDS_RESET);
        let vector = registers.config_vector;
        drop(registers);
        let (name, number) = (self.slot.description.name, self.slot.number);
        log::warn!("{name}@{number:x}: queue {queue} has {why}; the device waits for a reset");
        if before & (DRIVER_OK | NEEDS_RESET) == DRIVER_OK {
            self.interrupt(ISR_CONFIG, vector);
        }
    }

    /// A driver that sent a request which is none must reset the device, unless it has done so.
    pub(super) fn refuse(&self, queue: usize, chain: &Chain, why: &RingError) {
        if let Some(of) = self.queues.get(queue) {
            of.refuse(chain);
            self.broken(queue, why);
        }
    }

    /// An interrupt: a message if the guest uses messages, else the pin until the guest reads the ISR status.
    fn interrupt(&self, cause: u8, vector: u16) {
        if !self.slot.interrupts.uses_messages() {
            self.isr.fetch_or(cause, Ordering::SeqCst);
            self.slot.interrupts.set_pin(true);
        } else if vector != NO_VECTOR {
            self.slot.interrupts.notify(vector);
        }
    }

    /// Counts for the statistics.
    pub(super) fn counters(&self) -> [(&'static str, u64); 1] {
        [("broken rings", self.breaks.load(Ordering::Relaxed))]
    }

    /// Takes the next chain of a queue. Returns false when there is none, and when the device does not run.
    pub(super) fn pop(&self, queue: usize, chain: &mut Chain) -> bool {
        self.is_running() && self.of(queue, |of| of.pop(chain))
    }

    /// Returns a chain with this many bytes written to it.
    pub(super) fn push(&self, queue: usize, chain: &Chain, written: u32) {
        self.push_all(queue, std::iter::once((chain, written)));
    }

    /// Returns several chains, which the driver sees at once.
    pub(super) fn push_all<'a>(
        &self,
        queue: usize,
        chains: impl ExactSizeIterator<Item = (&'a Chain, u32)>,
    ) {
        self.of(queue, |of| of.push(chains).map(|()| false));
    }

    /// Puts chains back that were taken last, of which none was returned.
    pub(super) fn put_back(&self, queue: usize, chains: &[Chain]) {
        if let (Some(queue), Some(first)) = (self.queues.get(queue), chains.first()) {
            queue.put_back(chains.len(), first.epoch);
        }
    }

    /// Asks for no notifications of a queue.
    pub(super) fn quiet(&self, queue: usize) {
        self.of(queue, |of| of.quiet().map(|()| false));
    }

    /// Asks for notifications of a queue. Returns true if a chain came meanwhile.
    pub(super) fn listen(&self, queue: usize) -> bool {
        self.is_running() && self.of(queue, VirtQueue::listen)
    }

    /// Raises the interrupt of a queue if the driver wants one for what was returned.
    pub(super) fn signal(&self, queue: usize) {
        if self.of(queue, VirtQueue::wants_interrupt) {
            let vector = self.queues[queue].vector.load(Ordering::Relaxed);
            self.interrupt(ISR_QUEUE, vector);
        }
    }

    fn of(&self, queue: usize, act: impl FnOnce(&VirtQueue) -> Result<bool, RingError>) -> bool {
        let Some(of) = self.queues.get(queue) else { return false };
        act(of).unwrap_or_else(|why| {
            self.broken(queue, &why);
            false
        })
    }

    /// Writes status, registers and the positions in the rings.
    pub(super) fn save(&self, to: &mut Writer<'_>) {
        let registers = self.registers();
        to.u8(self.status());
        to.u8(self.isr.load(Ordering::SeqCst));
        to.u32(registers.device_select);
        to.u32(registers.driver_select);
        to.u64(registers.driver_features);
        to.u16(registers.config_vector);
        to.u16(registers.queue_select);
        for (queue, QueueRegisters { place, enabled }) in self.queues.iter().zip(&registers.queues)
        {
            to.u16(queue.vector.load(Ordering::Relaxed));
            to.bool(*enabled);
            to.u16(place.size);
            [place.descriptors, place.available, place.used].into_iter().for_each(|at| to.u64(at));
            queue.save(to);
        }
    }

    /// Reads what [`save`](Self::save) wrote.
    pub(super) fn restore(&self, from: &mut Reader<'_>) -> Result<Loaded, LoadError> {
        const ALL: u8 = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | NEEDS_RESET | FAILED;
        let (status, isr) = (from.u8()?, from.u8()?);
        LoadError::unless(status & !ALL == 0 && isr & !(ISR_QUEUE | ISR_CONFIG) == 0)?;
        let mut registers = Registers {
            device_select: from.u32()?,
            driver_select: from.u32()?,
            driver_features: from.u64()?,
            config_vector: self.vector(from)?,
            queue_select: from.u16()?,
            queues: Vec::new(),
        };
        let features = registers.driver_features;
        let chosen = features & !self.offered() == 0 && features & NEEDED == NEEDED;
        LoadError::unless(status & FEATURES_OK == 0 || chosen)?;
        LoadError::unless(status & (DRIVER_OK | FEATURES_OK) != DRIVER_OK)?;
        let mut queues = Vec::new();
        for queue in &self.queues {
            let vector = self.vector(from)?;
            let enabled = from.bool()?;
            let size = from.u16()?;
            let [descriptors, available, used] = [from.u64()?, from.u64()?, from.u64()?];
            LoadError::unless(size.is_power_of_two() && size <= queue.most)?;
            LoadError::unless(!enabled || (status & FEATURES_OK != 0 && descriptors % 16 == 0))?;
            LoadError::unless(!enabled || (available % 2 == 0 && used % 4 == 0))?;
            let place = Place { size, descriptors, available, used };
            registers.queues.push(QueueRegisters { place, enabled });
            let at = [from.u16()?, from.u16()?, from.u16()?];
            LoadError::unless(enabled || at == [0; 3])?;
            queues.push((vector, at));
        }
        Ok(Loaded { status, isr, registers, queues })
    }

    fn vector(&self, from: &mut Reader<'_>) -> Result<u16, LoadError> {
        let vector = from.u16()?;
        LoadError::unless(vector < self.vectors() || vector == NO_VECTOR)?;
        Ok(vector)
    }

    /// Replaces the state by a loaded one.
    pub(super) fn replace(&self, loaded: Loaded) {
        self.reset();
        let event_index = loaded.registers.driver_features & super::transport::EVENT_INDEX != 0;
        for ((queue, of), (vector, at)) in
            self.queues.iter().zip(&loaded.registers.queues).zip(loaded.queues)
        {
            queue.vector.store(vector, Ordering::Relaxed);
            // The place was checked.
            if of.enabled && queue.enable(of.place, event_index).is_ok() {
                queue.go_to(at);
            }
        }
        let features = loaded.registers.driver_features;
        *self.registers() = loaded.registers;
        self.isr.store(loaded.isr, Ordering::SeqCst);
        self.slot.interrupts.set_pin(loaded.isr != 0);
        self.status.store(loaded.status, Ordering::SeqCst);
        if let Some(model) = self.model().filter(|_| self.is_running()) {
            model.start(features);
        }
    }
}

/// A state that was read and checked.
pub(super) struct Loaded {
    status: u8,
    isr: u8,
    registers: Registers,
    queues: Vec<(u16, [u16; 3])>,
}

fn after_reset(queues: &[VirtQueue]) -> Registers {
    let of = queues.iter().map(|queue| QueueRegisters::new(queue.most));
    Registers { config_vector: NO_VECTOR, queues: of.collect(), ..Registers::default() }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("queues", &self.queues.len()).finish_non_exhaustive()
    }
}
