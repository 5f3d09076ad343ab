// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The driver's side of a virtio device: registers in BAR 4, and split rings at bus addresses (virtio 1.3, 2.7 and 4.1).
//!
//! Bus address b of the first window is guest page b + [`SHIFT`], so that an access without a translation is noticed.

use std::time::{Duration, Instant};

use iommu::BridgeKind;
use pci::FunctionConfig;
use vm_memory::{Bytes, GuestAddress};

use crate::rig::{Guest, SOURCES};

/// Guest address less bus address.
pub const SHIFT: u64 = 0x20_0000;
/// Bytes at bus address 0 that are mapped at first.
pub const MAPPED: u64 = 0x8_0000;
const PAGE: u64 = 4096;
/// Permissions of a TCE: device reads, device writes.
pub const RO: u64 = 1;
pub const WO: u64 = 2;
pub const RW: u64 = 3;

const BAR_1: u64 = 0x8000_0000;
const BAR_4: u64 = 0x2100_0000_0000;
/// Offsets in BAR 4, and in the common configuration.
pub const ISR: u64 = 0x1000;
pub const DEVICE: u64 = 0x2000;
pub const NOTIFY: u64 = 0x3000;
pub const STATUS: u64 = 20;
pub const NEEDS_RESET: u8 = 64;
pub const VERSION_1: u64 = 1 << 32;
pub const PLATFORM: u64 = 1 << 33;
pub const EVENT_INDEX: u64 = 1 << 29;

pub const ENTRIES: u16 = 16;
/// Bus addresses of the parts of a queue's ring, from its page on.
const AVAILABLE: u64 = 0x400;
const USED: u64 = 0x800;

/// Flags of a descriptor.
pub const NEXT: u16 = 1;
pub const WRITE: u16 = 2;
pub const INDIRECT: u16 = 4;

/// A driver and its guest.
pub struct Driver {
    pub guest: Guest,
    /// The index of each queue's available ring, and how far its used ring was read.
    at: Vec<(u16, u16)>,
}

impl Driver {
    /// A driver whose device has its BARs and its window, and no more.
    pub fn new(behind: Option<BridgeKind>, config: &dyn FunctionConfig) -> Driver {
        let mut guest = Guest::with(behind, config);
        for (at, value) in [(0x14, BAR_1 as u32), (0x20, 0), (0x24, 0x2100), (0x04, 6)] {
            guest.set_config(at, value);
        }
        (0..MAPPED).step_by(PAGE as usize).for_each(|ioba| guest.put(0, ioba, (ioba + SHIFT) | RW));
        let slot = guest.function().slot();
        assert_eq!(slot.set_messages(3), 3);
        (0..3).for_each(|vector| guest.store(BAR_1 + 16 * vector + 12, 0));
        Driver { guest, at: vec![(0, 0); 16] }
    }

    pub fn read<const N: usize>(&self, offset: u64) -> u64 {
        let mut bytes = [0; 8];
        self.guest.bus.read(BAR_4 + offset, &mut bytes[..N]);
        u64::from_le_bytes(bytes)
    }

    pub fn write<const N: usize>(&self, offset: u64, value: u64) {
        self.guest.bus.write(BAR_4 + offset, &value.to_le_bytes()[..N]);
    }

    pub fn status(&self) -> u8 {
        self.read::<1>(STATUS) as u8
    }

    pub fn offered(&self) -> u64 {
        self.write::<4>(0, 0);
        let low = self.read::<4>(4);
        self.write::<4>(0, 1);
        low | self.read::<4>(4) << 32
    }

    /// The initialization (virtio 1.3, 3.1.1) up to FEATURES_OK. Returns true if the device accepts the features.
    pub fn negotiate(&self, features: u64) -> bool {
        self.write::<1>(STATUS, 0);
        assert_eq!(self.status(), 0);
        self.write::<1>(STATUS, 1);
        self.write::<1>(STATUS, 3);
        for half in 0..2 {
            self.write::<4>(8, half);
            self.write::<4>(12, features >> (32 * half) & 0xffff_ffff);
        }
        self.write::<1>(STATUS, 11);
        self.status() & 8 != 0
    }

    /// The bus address of a queue's ring.
    pub fn ring(queue: u16) -> u64 {
        u64::from(queue) * PAGE
    }

    pub fn enable(&mut self, queue: u16) {
        let ring = Driver::ring(queue);
        self.fill(ring, &[0; PAGE as usize]);
        self.at[usize::from(queue)] = (0, 0);
        self.write::<2>(22, queue.into());
        self.write::<2>(24, ENTRIES.into());
        self.write::<2>(26, queue.into());
        self.write::<8>(32, ring);
        // The halves of a register can be written apart.
        self.write::<4>(40, ring + AVAILABLE);
        self.write::<4>(44, 0);
        self.write::<8>(48, ring + USED);
        self.write::<2>(28, 1);
    }

    /// The whole initialization, with these features beside those that are needed.
    pub fn start(&mut self, features: u64, queues: u16) {
        assert!(self.negotiate(features | VERSION_1 | PLATFORM));
        self.write::<2>(16, 2);
        (0..queues).for_each(|queue| self.enable(queue));
        self.write::<1>(STATUS, 15);
        assert_eq!(self.status(), 15);
    }

    /// Writes guest memory at a bus address of the shift.
    pub fn fill(&self, at: u64, bytes: &[u8]) {
        self.guest.fill(at + SHIFT, bytes);
    }

    pub fn bytes(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.guest.memory.read_slice(&mut bytes, GuestAddress(at + SHIFT)).unwrap();
        bytes
    }

    pub fn descriptor(&self, table: u64, n: u16, at: u64, len: u32, flags: u16, next: u16) {
        let to = table + 16 * u64::from(n);
        self.fill(to, &at.to_le_bytes());
        self.fill(to + 8, &len.to_le_bytes());
        self.fill(to + 12, &flags.to_le_bytes());
        self.fill(to + 14, &next.to_le_bytes());
    }

    /// Writes a chain from descriptor `first` on: address, length, and true if the device writes.
    pub fn chain(&self, queue: u16, first: u16, buffers: &[(u64, u32, bool)]) {
        for (n, &(at, len, write)) in buffers.iter().enumerate() {
            let number = first + n as u16;
            let next = if n + 1 < buffers.len() { NEXT } else { 0 };
            let flags = next | if write { WRITE } else { 0 };
            self.descriptor(Driver::ring(queue), number, at, len, flags, number + 1);
        }
    }

    /// Makes a chain available without a notification.
    pub fn offer(&mut self, queue: u16, head: u16) {
        let ring = Driver::ring(queue) + AVAILABLE;
        let (next, _) = &mut self.at[usize::from(queue)];
        let place = ring + 4 + 2 * u64::from(*next % ENTRIES);
        *next = next.wrapping_add(1);
        let next = *next;
        self.fill(place, &head.to_le_bytes());
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        self.fill(ring + 2, &next.to_le_bytes());
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    }

    /// The index of a queue's available ring.
    pub fn next(&self, queue: usize) -> u16 {
        self.at[queue].0
    }

    /// Goes on where another driver is, whose memory this one has.
    pub fn follow(&mut self, other: &Driver) {
        self.at.clone_from(&other.at);
    }

    pub fn notify(&self, queue: u16) {
        self.write::<2>(NOTIFY + 4 * u64::from(queue), queue.into());
    }

    pub fn used_index(&self, queue: u16) -> u16 {
        let bytes = self.bytes(Driver::ring(queue) + USED + 2, 2);
        u16::from_le_bytes([bytes[0], bytes[1]])
    }

    /// Waits for the next element of the used ring: head and length.
    pub fn used(&mut self, queue: u16) -> (u32, u32) {
        let (_, seen) = self.at[usize::from(queue)];
        wait("a used buffer", || self.used_index(queue) != seen);
        self.at[usize::from(queue)].1 = seen.wrapping_add(1);
        let element = self.bytes(Driver::ring(queue) + USED + 4 + 8 * u64::from(seen % ENTRIES), 8);
        let word = |at: usize| u32::from_le_bytes(element[at..at + 4].try_into().unwrap());
        (word(0), word(4))
    }

    /// Runs a chain from descriptor 0 on. Returns the length that the device reports.
    pub fn run(&mut self, queue: u16, buffers: &[(u64, u32, bool)]) -> u32 {
        self.chain(queue, 0, buffers);
        self.offer(queue, 0);
        self.notify(queue);
        let (head, len) = self.used(queue);
        assert_eq!(head, 0);
        len
    }

    /// The messages that came since the last call: the vectors.
    pub fn messages(&self) -> Vec<u32> {
        self.guest.signals.take().into_iter().map(|(source, _)| source - SOURCES.messages).collect()
    }

    /// The messages, once this many have arrived. A message is counted by the device before it arrives.
    pub fn arrived(&self, count: usize) -> Vec<u32> {
        let mut arrived = Vec::new();
        wait("messages", || {
            arrived.extend(self.messages());
            arrived.len() >= count
        });
        arrived
    }

    /// The named counter.
    pub fn counter(&self, name: &str) -> u64 {
        let counters = self.guest.function().counters();
        counters.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no {name}")).1
    }
}

/// Waits until something holds.
pub fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "waited for {what}");
        std::thread::yield_now();
    }
}
