// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Receive buffers in pools by size, and the queue that reports filled buffers to the guest.

use std::io;

use hcall::vio::Descriptor;
use iommu::{Ioba, LIST_ENTRIES};
use saved::{LoadError, Reader, Writer};

use super::checksum;
use crate::bus::Slot;
use crate::dma::Port;
use crate::fault::Fault;

/// LoPAR 2.9, R1 of "Interpartition Logical LAN Requirements": the least buffer, and its alignment.
const LEAST_BUFFER: u64 = 16;
const BUFFER_ALIGN: u64 = 4;
/// The most bytes that a descriptor's length can have.
const MOST_BUFFER: u64 = 0xff_ffff;

/// The most pools: LoPAR 2.9, "Interpartition Logical LAN (ILLAN) Option", "an architected maximum of 254".
const MOST_POOLS: usize = 254;
const _: () = assert!(MOST_POOLS + 3 <= LIST_ENTRIES); // the pools are descriptors in a page of 8-byte ones

/// Size in bytes of the guest's handle at the start of a buffer.
pub const HANDLE: u64 = 8;

/// True if a descriptor is one of a receive buffer: valid, aligned, and long enough.
pub fn is_receive_buffer(buffer: Descriptor) -> bool {
    buffer.is_valid() && buffer.len() >= LEAST_BUFFER && is_aligned(buffer.address())
}

fn is_aligned(buffer: Ioba) -> bool {
    buffer.0.is_multiple_of(BUFFER_ALIGN)
}

/// The buffers that the guest gave, in pools of one size each, the smallest first.
#[derive(Debug, Default)]
pub struct Pools {
    pools: Vec<Pool>,
    count: usize,
}

#[derive(Debug)]
struct Pool {
    size: u64,
    buffers: Vec<Ioba>,
    /// Buffers that the guest got back filled, and has not added again.
    lent: usize,
}

/// There is no room for another buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The place for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferPlace {
    /// Into this buffer.
    Buffer(Ioba),
    /// A buffer is expected to come.
    Later,
    /// The guest never gave a buffer of this size.
    Nowhere,
}

impl Pools {
    /// The number of buffers.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a buffer. Returns true when frames that wait for its size should be tried again. That is when at
    /// least half of the buffers are back, because each try costs a switch of threads. Errors: the buffer has
    /// one size more than there can be pools, or the host has no memory.
    pub fn add(&mut self, buffer: Descriptor) -> Result<bool, Full> {
        let at = match self.find(buffer.len()) {
            Ok(at) => at,
            Err(_) if self.pools.len() >= MOST_POOLS => return Err(Full),
            Err(at) => {
                let pool = Pool { size: buffer.len(), buffers: Vec::new(), lent: 0 };
                self.pools.insert(at, pool);
                at
            }
        };
        let pool = &mut self.pools[at];
        pool.buffers.try_reserve(1).map_err(|_| Full)?;
        pool.buffers.push(buffer.address());
        pool.lent = pool.lent.saturating_sub(1);
        self.count += 1;
        Ok(pool.buffers.len() >= pool.lent)
    }

    /// Takes a buffer of the smallest size that holds this many bytes. The buffer that was added last is
    /// taken first, because it is the likeliest to be in a cache.
    ///
    /// When the guest has all buffers of that size, a patient frame waits until they come back: a larger
    /// buffer costs the guest more, because the guest has to map and clear a whole new one. An impatient
    /// frame takes the larger buffer, and so do the frames after it until buffers of the right size come
    /// again.
    pub fn take(&mut self, bytes: u64, patient: bool) -> BufferPlace {
        let first = self.find(bytes).unwrap_or_else(|at| at);
        let Some(fitting) = self.pools.get_mut(first) else { return BufferPlace::Nowhere };
        if fitting.buffers.is_empty() && fitting.lent > 0 {
            if patient {
                return BufferPlace::Later;
            }
            fitting.lent = 0;
        }
        let taken = self.pools[first..].iter_mut().find_map(|pool| {
            let buffer = pool.buffers.pop()?;
            pool.lent += 1;
            Some(buffer)
        });
        self.count -= usize::from(taken.is_some());
        taken.map_or(BufferPlace::Later, BufferPlace::Buffer)
    }

    /// Takes a buffer of exactly this size.
    pub fn take_exactly(&mut self, bytes: u64) -> Option<Ioba> {
        let at = self.find(bytes).ok()?;
        let buffer = self.pools[at].buffers.pop()?;
        self.count -= 1;
        Some(buffer)
    }

    /// Writes the pools.
    pub fn save(&self, to: &mut Writer<'_>) {
        to.u8(self.pools.len() as u8); // at most `MOST_POOLS`
        for Pool { size, buffers, lent } in &self.pools {
            to.u32(*size as u32); // a descriptor's length has 24 bits
            to.u32(*lent as u32); // buffers and lent buffers are at most the queue's entries
            to.u32(buffers.len() as u32);
            buffers.iter().for_each(|buffer| to.u64(buffer.0));
        }
    }

    /// Reads the pools of an adapter whose queue has this many entries. Errors: also pools that no calls make.
    pub fn load(from: &mut Reader<'_>, slot: &Slot, entries: u64) -> Result<Pools, LoadError> {
        let mut loaded = Pools::default();
        let count = usize::from(from.u8()?);
        LoadError::unless(count <= MOST_POOLS)?;
        for _ in 0..count {
            let size = u64::from(from.u32()?);
            let larger = loaded.pools.last().is_none_or(|last| last.size < size);
            LoadError::unless(larger && (LEAST_BUFFER..=MOST_BUFFER).contains(&size))?;
            let (lent, len) = (from.u32()?, from.u32()?);
            LoadError::unless(u64::from(lent) + u64::from(len) <= entries)?;
            LoadError::unless(loaded.count as u64 + u64::from(len) <= entries)?;
            loaded.pools.push(Pool { size, buffers: Vec::new(), lent: lent as usize });
            for _ in 0..len {
                let buffer = Ioba(from.u64()?);
                slot.holds(buffer, size)?;
                LoadError::unless(is_aligned(buffer))?;
                loaded.push(buffer)?;
            }
        }
        Ok(loaded)
    }

    /// Adds a saved buffer to the last pool.
    fn push(&mut self, buffer: Ioba) -> Result<(), LoadError> {
        let Some(pool) = self.pools.last_mut() else { return Err(LoadError::Damaged) };
        let reserved = pool.buffers.try_reserve(1);
        reserved.map_err(|_| LoadError::Read(io::ErrorKind::OutOfMemory.into()))?;
        pool.buffers.push(buffer);
        self.count += 1;
        Ok(())
    }

    fn find(&self, bytes: u64) -> Result<usize, usize> {
        self.pools.binary_search_by_key(&bytes, |pool| pool.size)
    }
}

/// Size in bytes of an entry of the receive queue.
pub const ENTRY: u64 = 16;

/// The receive queue: a ring of entries in guest memory whose valid bit changes its meaning at each turn
/// (LoPAR 2.9, "Receive Queue").
#[derive(Debug)]
pub struct ReceiveQueue {
    start: Ioba,
    len: u64,
    at: u64,
    /// Bit 1 of its descriptor: set when an entry is valid with a valid bit of 0.
    toggle: bool,
}

/// The message in a filled buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its length in bytes.
    pub len: u32,
    /// True if its checksum was verified.
    pub good: bool,
}

/// An entry's control byte, bit 1: the buffer contains a message.
const MESSAGE: u8 = 0x40;
const VALID: u8 = 0x80;
/// Bit 1 of a descriptor's control byte.
const TOGGLE: u64 = 1 << 62;

impl ReceiveQueue {
    /// A queue in this buffer, which is valid, aligned to [`ENTRY`], and of at least one whole entry.
    pub fn new(buffer: Descriptor) -> Option<ReceiveQueue> {
        let (start, len) = (buffer.address(), buffer.len());
        let good = buffer.is_valid() && len != 0 && (len | start.0).is_multiple_of(ENTRY);
        good.then_some(ReceiveQueue { start, len, at: 0, toggle: false })
    }

    /// Writes the queue: its descriptor, and the offset of the next entry.
    pub fn save(&self, to: &mut Writer<'_>) {
        to.u64(self.descriptor().0);
        to.u32(self.at as u32); // less than a descriptor's length
    }

    /// Reads a queue. Errors: also a queue that cannot be registered, or a place that no entry has.
    pub fn load(from: &mut Reader<'_>, slot: &Slot) -> Result<ReceiveQueue, LoadError> {
        let descriptor = Descriptor(from.u64()?);
        let mut queue = ReceiveQueue::new(descriptor).ok_or(LoadError::Damaged)?;
        queue.toggle = descriptor.0 & TOGGLE != 0;
        queue.at = u64::from(from.u32()?);
        slot.holds(queue.start, queue.len)?;
        let valid = queue.at < queue.len && queue.at.is_multiple_of(ENTRY);
        LoadError::unless(valid && queue.descriptor() == descriptor)?;
        Ok(queue)
    }

    /// The number of entries.
    pub fn entries(&self) -> u64 {
        self.len / ENTRY
    }

    /// The descriptor in the form that the buffer list has.
    pub fn descriptor(&self) -> Descriptor {
        let toggle = if self.toggle { TOGGLE } else { 0 };
        Descriptor(Descriptor::VALID | toggle | self.len << 32 | self.start.0)
    }

    /// Reports a buffer to the guest: its message, if it has one, and its handle. The control byte is stored
    /// last. Returns true if the queue has turned.
    pub fn put(
        &mut self,
        port: &mut Port,
        handle: [u8; 8],
        message: Option<Message>,
    ) -> Result<bool, Fault> {
        let at = Ioba(self.start.0 + self.at);
        let valid = if self.toggle { 0 } else { VALID };
        let good = |message: Message| if message.good { checksum::GOOD } else { 0 };
        let control = valid | message.map_or(0, |message| MESSAGE | good(message));
        let [a, b, c, d] = message.map_or(0, |message| message.len).to_be_bytes();
        port.write(Ioba(at.0 + 8), &handle)?;
        std::sync::atomic::fence(std::sync::atomic::Ordering::Release);
        // One store of 8 aligned bytes: the guest sees all of them or none.
        port.write(at, &[control, 0, 0, HANDLE as u8, a, b, c, d])?;
        self.at += ENTRY;
        let turned = self.at >= self.len;
        if turned {
            self.at = 0;
            self.toggle = !self.toggle;
        }
        Ok(turned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(len: u64, at: u64) -> Descriptor {
        Descriptor(Descriptor::VALID | len << 32 | at)
    }

    fn pools(of: &[(u64, u64)]) -> Pools {
        let mut pools = Pools::default();
        for (len, at) in of {
            pools.add(buffer(*len, *at)).unwrap();
        }
        pools
    }

    // LoPAR 2.9: "looking for the first available buffer that is equal to or greater than".
    #[test]
    fn the_smallest_that_fits_is_taken() {
        let mut pools = pools(&[(2048, 0x1000), (512, 0x2000), (2048, 0x3000), (65536, 0x10000)]);
        assert_eq!(pools.take(512, false), BufferPlace::Buffer(Ioba(0x2000)));
        assert_eq!(pools.take(512, false), BufferPlace::Buffer(Ioba(0x3000)));
        assert_eq!(pools.take_exactly(512), None);
        assert_eq!(pools.take_exactly(2047), None);
        assert_eq!(pools.take_exactly(2048), Some(Ioba(0x1000)));
        assert_eq!(pools.take(60000, false), BufferPlace::Buffer(Ioba(0x10000)));
        assert_eq!(pools.take(1, false), BufferPlace::Later);
        assert_eq!(pools.take(65537, false), BufferPlace::Nowhere);
        assert_eq!(pools.count(), 0);
    }

    #[test]
    fn a_patient_frame_waits_for_a_buffer_of_its_size() {
        let mut pools = pools(&[(512, 0x1000), (512, 0x1200), (512, 0x1400), (2048, 0x2000)]);
        for at in [0x1400, 0x1200, 0x1000] {
            assert_eq!(pools.take(512, true), BufferPlace::Buffer(Ioba(at)));
        }
        assert_eq!(pools.take(512, true), BufferPlace::Later);
        // One is back, two are not; after the next one two are back and one is not.
        assert_eq!(pools.add(buffer(512, 0x1000)), Ok(false));
        assert_eq!(pools.add(buffer(512, 0x1200)), Ok(true));
        assert_eq!(pools.take(512, true), BufferPlace::Buffer(Ioba(0x1200)));
        assert_eq!(pools.take(512, true), BufferPlace::Buffer(Ioba(0x1000)));
        assert_eq!(pools.take(512, true), BufferPlace::Later);
        assert_eq!(pools.take(512, false), BufferPlace::Buffer(Ioba(0x2000)));
    }

    #[test]
    fn after_an_impatient_frame_nobody_waits_for_what_does_not_come() {
        let mut pools = pools(&[(512, 0x1000), (2048, 0x2000), (2048, 0x3000), (2048, 0x4000)]);
        assert_eq!(pools.take(512, true), BufferPlace::Buffer(Ioba(0x1000)));
        assert_eq!(pools.take(512, false), BufferPlace::Buffer(Ioba(0x4000)));
        assert_eq!(pools.take(512, true), BufferPlace::Buffer(Ioba(0x3000)));
        pools.add(buffer(512, 0x1000)).unwrap();
        assert_eq!(pools.take(512, true), BufferPlace::Buffer(Ioba(0x1000)));
        assert_eq!(pools.take(512, true), BufferPlace::Later);
    }

    #[test]
    fn there_are_254_sizes() {
        let mut pools = Pools::default();
        for size in 0..254 {
            pools.add(buffer(16 + size, 0)).unwrap();
        }
        assert_eq!(pools.add(buffer(1000, 0)), Err(Full));
        pools.add(buffer(16, 0)).unwrap();
        assert_eq!(pools.count(), 255);
    }

    #[test]
    fn the_descriptor_of_the_queue_has_its_toggle_in_bit_1() {
        let mut queue = ReceiveQueue::new(buffer(64, 0x8000)).unwrap();
        assert_eq!(queue.entries(), 4);
        assert_eq!(queue.descriptor().0, 0x8000_0040_0000_8000);
        queue.toggle = true;
        assert_eq!(queue.descriptor().0, 0xc000_0040_0000_8000);
    }
}
