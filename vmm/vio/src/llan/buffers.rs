// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Receive buffers in pools by size, and the queue that tells the guest which were filled.

use hcall::vio::Descriptor;
use iommu::{Ioba, LIST_ENTRIES};

use crate::dma::{Fault, Port};

/// Most pools: LoPAR 2.9, "Interpartition Logical LAN (ILLAN) Option", "an architected maximum of 254".
const MOST_POOLS: usize = 254;
const _: () = assert!(MOST_POOLS + 3 <= LIST_ENTRIES); // they are descriptors in a page of 8-byte ones

/// Bytes of a buffer that are the guest's handle.
pub const HANDLE: u64 = 8;

/// The buffers that the guest gave, in pools of one size each, the smallest first.
#[derive(Debug, Default)]
pub struct Pools {
    pools: Vec<(u64, Vec<Ioba>)>,
    count: usize,
}

/// There is no room for a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Pools {
    /// How many buffers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a buffer. Errors when it is of one size more than there can be.
    pub fn add(&mut self, buffer: Descriptor) -> Result<(), Full> {
        let at = match self.find(buffer.len()) {
            Ok(at) => at,
            Err(_) if self.pools.len() >= MOST_POOLS => return Err(Full),
            Err(at) => {
                self.pools.insert(at, (buffer.len(), Vec::new()));
                at
            }
        };
        self.pools[at].1.push(buffer.address());
        self.count += 1;
        Ok(())
    }

    /// Takes a buffer of the smallest size that holds so many bytes and has one. The last that came
    /// goes first: it is the likeliest to be in a cache.
    pub fn take(&mut self, bytes: u64) -> Option<Ioba> {
        let first = self.find(bytes).unwrap_or_else(|at| at);
        let buffer = self.pools[first..].iter_mut().find_map(|(_, buffers)| buffers.pop())?;
        self.count -= 1;
        Some(buffer)
    }

    /// Whether there is or was a buffer that holds so many bytes.
    pub fn has_had(&self, bytes: u64) -> bool {
        self.pools.last().is_some_and(|(size, _)| *size >= bytes)
    }

    /// Takes a buffer of exactly this size.
    pub fn take_exactly(&mut self, bytes: u64) -> Option<Ioba> {
        let at = self.find(bytes).ok()?;
        let buffer = self.pools[at].1.pop()?;
        self.count -= 1;
        Some(buffer)
    }

    fn find(&self, bytes: u64) -> Result<usize, usize> {
        self.pools.binary_search_by_key(&bytes, |(size, _)| *size)
    }
}

/// Bytes of an entry of the receive queue.
pub const ENTRY: u64 = 16;

/// The receive queue: a ring of entries in guest memory whose valid bit changes its meaning at each
/// turn (LoPAR 2.9, "Receive Queue").
#[derive(Debug)]
pub struct ReceiveQueue {
    start: Ioba,
    len: u64,
    at: u64,
    /// Bit 1 of its descriptor: set when an entry is valid with a valid bit of 0.
    toggle: bool,
}

/// An entry's control byte, bit 1: the buffer has a message.
const MESSAGE: u8 = 0x40;
const VALID: u8 = 0x80;
/// Bit 1 of a descriptor's control byte.
const TOGGLE: u64 = 1 << 62;

impl ReceiveQueue {
    /// A queue in this buffer, whose length is a multiple of [`ENTRY`] and not 0.
    pub fn new(buffer: Descriptor) -> ReceiveQueue {
        ReceiveQueue { start: buffer.address(), len: buffer.len(), at: 0, toggle: false }
    }

    /// How many entries it has.
    pub fn entries(&self) -> u64 {
        self.len / ENTRY
    }

    /// The descriptor as it lies in the buffer list.
    pub fn descriptor(&self) -> Descriptor {
        let toggle = if self.toggle { TOGGLE } else { 0 };
        Descriptor(Descriptor::VALID | toggle | self.len << 32 | self.start.0)
    }

    /// Tells the guest of a buffer: the message's length, if it has one, and the buffer's handle. The
    /// control byte is stored last. Returns whether the queue has turned.
    pub fn put(
        &mut self,
        port: &mut Port,
        handle: [u8; 8],
        message: Option<u32>,
    ) -> Result<bool, Fault> {
        let at = Ioba(self.start.0 + self.at);
        let valid = if self.toggle { 0 } else { VALID };
        let control = valid | message.map_or(0, |_| MESSAGE);
        let [a, b, c, d] = message.unwrap_or(0).to_be_bytes();
        port.write(Ioba(at.0 + 8), &handle)?;
        std::sync::atomic::fence(std::sync::atomic::Ordering::Release);
        // 8 aligned bytes: the guest sees all of them or none.
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

    // LoPAR 2.9: "looking for the first available buffer that is equal to or greater than".
    #[test]
    fn the_smallest_that_fits_is_taken() {
        let mut pools = Pools::default();
        for (len, at) in [(2048, 0x1000), (512, 0x2000), (2048, 0x3000), (65536, 0x10000)] {
            pools.add(buffer(len, at)).unwrap();
        }
        assert_eq!(pools.take(512), Some(Ioba(0x2000)));
        assert_eq!(pools.take(512), Some(Ioba(0x3000)));
        assert_eq!(pools.take_exactly(512), None);
        assert_eq!(pools.take_exactly(2047), None);
        assert_eq!(pools.take_exactly(2048), Some(Ioba(0x1000)));
        assert_eq!(pools.take(60000), Some(Ioba(0x10000)));
        assert_eq!(pools.take(1), None);
        assert_eq!(pools.count(), 0);
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
