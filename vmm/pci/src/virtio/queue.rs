// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A virtqueue: rust-vmm's split ring over the device's DMA windows.
//!
//! Every access to the ring happens under the queue's lock, so a vCPU that resets the queue waits for one such access at
//! most. A chain carries the epoch of the queue that it came from: after a reset the buffers are out of reach, by the
//! [`Gate`] of the data port, and the chain is not returned to the ring.
//!
//! virtio-queue ends a chain silently where it cannot go on, so the last descriptor is looked at: one that has a successor
//! was cut off, by a loop, an index, a length or a fault. It suppresses interrupts by the event index only, and returns one
//! chain at a time; the flag and the return of several chains at once are here.

use std::num::Wrapping;
use std::sync::atomic::{AtomicU16, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iommu::Ioba;
use saved::Writer;
use vio::Fault;
use vio::dma::{Gate, RingMemory};
use virtio_bindings::virtio_ring::VRING_AVAIL_F_NO_INTERRUPT;
use virtio_queue::{Queue, QueueOwnedT, QueueT};
use vm_memory::{Bytes, GuestAddress};

use super::chain::Chain;

/// The reason why a ring cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum RingError {
    #[error("its ring: {0}")]
    Fault(Fault),
    #[error("its ring: {0}")]
    Ring(virtio_queue::Error),
    #[error("a chain that begins with descriptor {0} and has no end, or leaves its table")]
    Cut(u16),
    #[error("a chain of descriptor {0} with a buffer to read behind one to write")]
    Order(u16),
    #[error("a chain of descriptor {0} that is longer than the queue")]
    Long(u16),
    #[error("a request that is not one of this device: {0}")]
    Request(&'static str),
    #[error("its device has failed")]
    Failed,
}

/// The addresses of a ring, as the driver wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) size: u16,
    pub(super) descriptors: u64,
    pub(super) available: u64,
    pub(super) used: u64,
}

/// A queue of a device.
#[derive(Debug)]
pub struct VirtQueue {
    ring: Mutex<Ring>,
    /// The gate in front of the data ports of its chains.
    pub(super) gate: Arc<Gate>,
    /// The MSI-X vector of its interrupts.
    pub(super) vector: AtomicU16,
    /// The most entries.
    pub(super) most: u16,
}

#[derive(Debug)]
struct Ring {
    queue: Queue,
    memory: RingMemory,
    epoch: u64,
    /// True when the driver broke it. A reset comes first then.
    broken: bool,
    /// True once the device knows that.
    reported: bool,
    /// The index of the used ring when the driver's wish for an interrupt was last looked at.
    seen: Wrapping<u16>,
}

impl VirtQueue {
    /// A queue of at most `most` entries, a power of two, whose ring is in this memory.
    pub(super) fn new(most: u16, memory: RingMemory) -> Result<VirtQueue, virtio_queue::Error> {
        let (queue, seen) = (Queue::new(most)?, Wrapping(0));
        let ring = Ring { queue, memory, epoch: 0, broken: false, reported: false, seen };
        let vector = AtomicU16::new(super::transport::NO_VECTOR);
        Ok(VirtQueue { ring: Mutex::new(ring), gate: Arc::default(), vector, most })
    }

    /// The ring, also after a panic elsewhere: each field is valid at any time.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the ring. An error breaks the ring.
    fn with<R>(&self, act: impl FnOnce(&mut Ring) -> Result<R, RingError>) -> Result<R, RingError> {
        let mut ring = self.ring();
        let done = act(&mut ring);
        ring.broken |= done.is_err();
        done
    }

    /// [`with`](Self::with) for a ring that is in use; without one nothing is done.
    fn if_ready<R: Default>(
        &self,
        act: impl FnOnce(&mut Ring) -> Result<R, virtio_queue::Error>,
    ) -> Result<R, RingError> {
        self.with(|ring| match ring.queue.ready() {
            true => act(ring).map_err(|error| ring.error(error)),
            false => Ok(R::default()),
        })
    }

    /// Begins to use a ring. Errors: its size or alignment is not one of a ring.
    pub(super) fn enable(&self, place: Place, event_index: bool) -> Result<(), RingError> {
        self.with(|ring| {
            ring.reset();
            ring.place(place, event_index).map_err(RingError::Ring)?;
            ring.queue.set_ready(true);
            Ok(())
        })
    }

    /// Drops the ring. Afterwards no thread reaches it or the buffers of its chains.
    pub(super) fn reset(&self) {
        let mut ring = self.ring();
        ring.epoch += 1;
        self.gate.begin(ring.epoch);
        (ring.broken, ring.reported) = (false, false);
        ring.reset();
    }

    /// True once for each break: several threads may find one, and a reset ends it.
    pub(super) fn is_to_be_reported(&self) -> bool {
        let mut ring = self.ring();
        ring.broken && !std::mem::replace(&mut ring.reported, true)
    }

    /// Breaks the ring because of one of its chains, if that is not of an earlier epoch.
    pub(super) fn refuse(&self, chain: &Chain) {
        let mut ring = self.ring();
        ring.broken |= ring.epoch == chain.epoch;
    }

    /// Takes the next chain that the driver made available. Returns false when there is none.
    pub(super) fn pop(&self, chain: &mut Chain) -> Result<bool, RingError> {
        self.with(|ring| {
            chain.epoch = ring.epoch;
            if ring.queue.ready() { ring.pop(chain) } else { Ok(false) }
        })
    }

    /// Puts the last `count` chains of an epoch back. Nothing was returned meanwhile.
    pub(super) fn put_back(&self, count: usize, epoch: u64) {
        let mut ring = self.ring();
        if ring.epoch == epoch {
            (0..count).for_each(|_| ring.queue.go_to_previous_position());
        }
    }

    /// Returns chains to the driver, with the number of bytes that were written to each. The driver sees all of them at
    /// once. Those of an earlier epoch are dropped.
    pub(super) fn push<'a>(
        &self,
        mut chains: impl ExactSizeIterator<Item = (&'a Chain, u32)>,
    ) -> Result<(), RingError> {
        self.if_ready(|ring| {
            while let Some((chain, written)) = chains.next() {
                match chain.epoch == ring.epoch {
                    false => break,
                    true if chains.len() > 0 => ring.stage(chain.head, written)?,
                    true => ring.finish(chain.head, written)?,
                }
            }
            Ok(())
        })
    }

    /// True if the driver wants an interrupt for what was returned since the last call.
    pub(super) fn wants_interrupt(&self) -> Result<bool, RingError> {
        self.if_ready(|ring| ring.wants_interrupt().map_err(virtio_queue::Error::GuestMemory))
    }

    /// Asks the driver for no notifications, as chains are looked for anyway.
    pub(super) fn quiet(&self) -> Result<(), RingError> {
        self.if_ready(|Ring { queue, memory, .. }| queue.disable_notification(memory))
    }

    /// Asks the driver for notifications. Returns true if a chain came meanwhile.
    pub(super) fn listen(&self) -> Result<bool, RingError> {
        self.if_ready(|Ring { queue, memory, .. }| queue.enable_notification(memory))
    }

    /// Writes the positions in the ring.
    pub(super) fn save(&self, to: &mut Writer<'_>) {
        let ring = self.ring();
        to.u16(ring.queue.next_avail());
        to.u16(ring.queue.next_used());
        to.u16(ring.seen.0);
    }

    /// Goes to saved positions in the ring, which is in use.
    pub(super) fn go_to(&self, [next, used, seen]: [u16; 3]) {
        let mut ring = self.ring();
        ring.queue.set_next_avail(next);
        ring.queue.set_next_used(used);
        ring.seen = Wrapping(seen);
    }
}

impl Ring {
    fn reset(&mut self) {
        self.queue.reset();
        self.seen = Wrapping(0);
    }

    fn place(&mut self, place: Place, event_index: bool) -> Result<(), virtio_queue::Error> {
        self.queue.try_set_size(place.size)?;
        self.queue.try_set_desc_table_address(GuestAddress(place.descriptors))?;
        self.queue.try_set_avail_ring_address(GuestAddress(place.available))?;
        self.queue.try_set_used_ring_address(GuestAddress(place.used))?;
        self.queue.set_event_idx(event_index);
        Ok(())
    }

    fn error(&self, error: virtio_queue::Error) -> RingError {
        self.memory.take_fault().map_or(RingError::Ring(error), RingError::Fault)
    }

    fn pop(&mut self, chain: &mut Chain) -> Result<bool, RingError> {
        chain.clear();
        let _of_before = self.memory.take_fault();
        let next = match self.queue.iter(&self.memory) {
            Ok(mut chains) => chains.next(),
            Err(error) => return Err(self.error(error)),
        };
        let Some(mut descriptors) = next else {
            return self
                .memory
                .take_fault()
                .map_or(Ok(false), |fault| Err(RingError::Fault(fault)));
        };
        chain.head = descriptors.head_index();
        let most = usize::from(self.queue.size());
        let mut goes_on = true;
        for descriptor in &mut descriptors {
            let (at, len) = (Ioba(descriptor.addr().0), descriptor.len());
            if !descriptor.is_write_only() && chain.data_in.count() > 0 {
                return Err(RingError::Order(chain.head));
            }
            let to = if descriptor.is_write_only() { &mut chain.data_in } else { &mut chain.out };
            to.add(at, len);
            if chain.out.count() + chain.data_in.count() > most {
                return Err(RingError::Long(chain.head));
            }
            goes_on = descriptor.has_next();
        }
        match self.memory.take_fault() {
            Some(fault) => Err(RingError::Fault(fault)),
            None if goes_on => Err(RingError::Cut(chain.head)),
            None => Ok(true),
        }
    }

    /// Writes an element of the used ring that the driver does not see before [`finish`](Self::finish).
    fn stage(&mut self, head: u16, written: u32) -> Result<(), virtio_queue::Error> {
        let next = self.queue.next_used();
        // Flags and index come before the elements; a ring's size is not 0.
        let offset = 4 + 8 * u64::from(next % self.queue.size());
        let at = self.queue.used_ring().checked_add(offset);
        let at = GuestAddress(at.ok_or(virtio_queue::Error::AddressOverflow)?);
        // `struct virtq_used_elem`: index, then length.
        let element = u64::from(written) << 32 | u64::from(head);
        self.memory.write_obj(element.to_le(), at).map_err(virtio_queue::Error::GuestMemory)?;
        self.queue.set_next_used(next.wrapping_add(1));
        Ok(())
    }

    fn finish(&mut self, head: u16, written: u32) -> Result<(), virtio_queue::Error> {
        self.queue.add_used(&self.memory, head, written)
    }

    fn wants_interrupt(&mut self) -> Result<bool, vm_memory::GuestMemoryError> {
        let now = Wrapping(self.queue.next_used());
        let before = std::mem::replace(&mut self.seen, now);
        if now == before {
            return Ok(false);
        }
        // Linux: `vring_need_event`. The elements come before the driver's wish is read, as the driver writes its wish
        // before it looks at the elements.
        fence(Ordering::SeqCst);
        if !self.queue.event_idx_enabled() {
            let flags: u16 =
                self.memory.load(GuestAddress(self.queue.avail_ring()), Ordering::Relaxed)?;
            return Ok(u32::from(u16::from_le(flags)) & VRING_AVAIL_F_NO_INTERRUPT == 0);
        }
        let offset = 4 + 2 * u64::from(self.queue.size());
        let at = GuestAddress(self.queue.avail_ring().wrapping_add(offset));
        let event: u16 = self.memory.load(at, Ordering::Relaxed)?;
        Ok(now - Wrapping(u16::from_le(event)) - Wrapping(1) < now - before)
    }
}
