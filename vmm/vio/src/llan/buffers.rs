// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Receive buffers in pools by size, and the queue that reports filled buffers to the guest.

use hcall::vio::Descriptor;
use iommu::{Ioba, LIST_ENTRIES};

use super::checksum;
use crate::dma::{Fault, Port};

/// The most pools: LoPAR 2.9, "Interpartition Logical LAN (ILLAN) Option", "an architected maximum of 254".
const MOST_POOLS: usize = 254;
const _: () = assert!(MOST_POOLS + 3 <= LIST_ENTRIES); // the pools are descriptors in a page of 8-byte ones

/// Size in bytes of the guest's handle at the start of a buffer.
pub const HANDLE: u64 = 8;

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
pub enum Place {
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
    pub fn take(&mut self, bytes: u64, patient: bool) -> Place {
        let first = self.find(bytes).unwrap_or_else(|at| at);
        let Some(fitting) = self.pools.get_mut(first) else { return Place::Nowhere };
        if fitting.buffers.is_empty() && fitting.lent > 0 {
            if patient {
                return Place::Later;
            }
            fitting.lent = 0;
        }
        let taken = self.pools[first..].iter_mut().find_map(|pool| {
            let buffer = pool.buffers.pop()?;
            pool.lent += 1;
            Some(buffer)
        });
        self.count -= usize::from(taken.is_some());
        taken.map_or(Place::Later, Place::Buffer)
    }

    /// Takes a buffer of exactly this size.
    pub fn take_exactly(&mut self, bytes: u64) -> Option<Ioba> {
        let at = self.find(bytes).ok()?;
        let buffer = self.pools[at].buffers.pop()?;
        self.count -= 1;
        Some(buffer)
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
    /// A queue in this buffer, whose length is a multiple of [`ENTRY`] and not 0.
    pub fn new(buffer: Descriptor) -> ReceiveQueue {
        ReceiveQueue { start: buffer.address(), len: buffer.len(), at: 0, toggle: false }
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
        assert_eq!(pools.take(512, false), Place::Buffer(Ioba(0x2000)));
        assert_eq!(pools.take(512, false), Place::Buffer(Ioba(0x3000)));
        assert_eq!(pools.take_exactly(512), None);
        assert_eq!(pools.take_exactly(2047), None);
        assert_eq!(pools.take_exactly(2048), Some(Ioba(0x1000)));
        assert_eq!(pools.take(60000, false), Place::Buffer(Ioba(0x10000)));
        assert_eq!(pools.take(1, false), Place::Later);
        assert_eq!(pools.take(65537, false), Place::Nowhere);
        assert_eq!(pools.count(), 0);
    }

    #[test]
    fn a_patient_frame_waits_for_a_buffer_of_its_size() {
        let mut pools = pools(&[(512, 0x1000), (512, 0x1200), (512, 0x1400), (2048, 0x2000)]);
        for at in [0x1400, 0x1200, 0x1000] {
            assert_eq!(pools.take(512, true), Place::Buffer(Ioba(at)));
        }
        assert_eq!(pools.take(512, true), Place::Later);
        // One is back, two are not; after the next one two are back and one is not.
        assert_eq!(pools.add(buffer(512, 0x1000)), Ok(false));
        assert_eq!(pools.add(buffer(512, 0x1200)), Ok(true));
        assert_eq!(pools.take(512, true), Place::Buffer(Ioba(0x1200)));
        assert_eq!(pools.take(512, true), Place::Buffer(Ioba(0x1000)));
        assert_eq!(pools.take(512, true), Place::Later);
        assert_eq!(pools.take(512, false), Place::Buffer(Ioba(0x2000)));
    }

    #[test]
    fn after_an_impatient_frame_nobody_waits_for_what_does_not_come() {
        let mut pools = pools(&[(512, 0x1000), (2048, 0x2000), (2048, 0x3000), (2048, 0x4000)]);
        assert_eq!(pools.take(512, true), Place::Buffer(Ioba(0x1000)));
        assert_eq!(pools.take(512, false), Place::Buffer(Ioba(0x4000)));
        assert_eq!(pools.take(512, true), Place::Buffer(Ioba(0x3000)));
        pools.add(buffer(512, 0x1000)).unwrap();
        assert_eq!(pools.take(512, true), Place::Buffer(Ioba(0x1000)));
        assert_eq!(pools.take(512, true), Place::Later);
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
        let mut queue = ReceiveQueue::new(buffer(64, 0x8000));
        assert_eq!(queue.entries(), 4);
        assert_eq!(queue.descriptor().0, 0x8000_0040_0000_8000);
        queue.toggle = true;
        assert_eq!(queue.descriptor().0, 0xc000_0040_0000_8000);
    }
}
