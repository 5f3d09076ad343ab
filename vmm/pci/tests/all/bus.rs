// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The bus as a guest sees it: BARs that answer where they are assigned, messages, DMA through windows that come and go, and
//! states that are saved.

use std::time::Duration;

use hcall::ConfigAddress;
use hcall::machine::PeErrors;
use hcall::machine::pe_errors::{PeState, Side};
use iommu::bridge::DmaFault;
use iommu::{Ioba, PageShift, Window};
use pci::interrupts::MESSAGES;
use proptest::prelude::*;
use saved::{LoadError, Reader, Writer};

use crate::rig::{Guest, LIOBNS, SOURCES, everywhere};

const BAR_0: u64 = 0x8000_0000;
const COMMAND: usize = 0x04;
const MEMORY: u32 = 2;
const MASTER: u32 = 4;

fn assigned() -> Guest {
    let guest = Guest::new(None);
    guest.set_config(0x10, BAR_0 as u32);
    guest.set_config(0x18, 0);
    guest.set_config(0x1c, 0x2100);
    guest.set_config(COMMAND, MEMORY | MASTER);
    guest
}

#[test]
fn a_bar_answers_where_the_guest_put_it_and_only_with_memory_space_on() {
    let guest = assigned();
    guest.store(BAR_0 + 4, 0x1234_5678);
    assert_eq!(guest.load(BAR_0 + 4), 0x1234_5678);
    assert_eq!(guest.load(0x2100_0000_0000), 0x0202_0202);
    assert_eq!(guest.load(BAR_0 + 0x1000), u32::MAX);
    guest.set_config(0x10, 0x9000_0000);
    assert_eq!(guest.load(BAR_0 + 4), u32::MAX);
    assert_eq!(guest.load(0x9000_0004), 0x1234_5678);
    guest.set_config(COMMAND, 0);
    assert_eq!(guest.load(0x9000_0004), u32::MAX);
    guest.bus.reset();
    guest.set_config(COMMAND, MEMORY);
    assert_eq!(guest.load(4), 0); // the model is reset, and BAR 0 is at 0 again
}

// The function and BAR of the lowest numbers answer; bytes beyond are those of the next one, or all ones.
#[test]
fn overlapping_wrapping_and_half_reached_bars_are_harmless() {
    let guest = assigned();
    guest.set_config(0x18, BAR_0 as u32);
    guest.set_config(0x1c, 0);
    assert_eq!(guest.load(BAR_0), 0);
    assert_eq!(guest.load(BAR_0 + 0xffe), 0x0202_0000);
    assert_eq!(guest.load(BAR_0 + 0x10_0000 - 2), 0xffff_0202);
    guest.set_config(0x18, u32::MAX);
    guest.set_config(0x1c, u32::MAX);
    assert_eq!(guest.load(u64::MAX - 1), 0xffff_0202);
    guest.store(u64::MAX - 1, 0);
}

#[test]
fn messages_reach_the_functions_own_sources_only() {
    let guest = assigned();
    let slot = guest.function().slot();
    assert_eq!(slot.set_messages(9), 3);
    assert_eq!(guest.load(BAR_0 + 0x810), MESSAGES as u32);
    assert_eq!(guest.load(BAR_0 + 0x818), SOURCES.messages + 1);
    slot.interrupts.notify(1);
    assert_eq!(guest.signals.take(), []);
    assert_eq!(guest.load(BAR_0 + 0x900), 2);
    guest.store(BAR_0 + 0x81c, 0);
    assert_eq!(guest.signals.take(), [(SOURCES.messages + 1, None)]);
    for (data, address) in [(SOURCES.messages + 3, MESSAGES), (SOURCES.pin, MESSAGES), (0x1341, 0)]
    {
        guest.bus.write(BAR_0 + 0x810, &address.to_le_bytes());
        guest.store(BAR_0 + 0x818, data);
        slot.interrupts.notify(1);
    }
    assert_eq!(guest.signals.take(), []);
    assert_eq!(slot.interrupts.counts(), (1, 3));
    // No bus master, no message.
    guest.store(BAR_0 + 0x818, SOURCES.messages);
    guest.bus.write(BAR_0 + 0x810, &MESSAGES.to_le_bytes());
    guest.set_config(COMMAND, MEMORY);
    slot.interrupts.notify(1);
    assert_eq!(guest.signals.take(), []);
    assert_eq!(slot.set_messages(0), 0);
    assert!(!slot.interrupts.uses_messages());
}

// PCI 3.0, 6.2.2: the status bit says that the function wants its pin raised, whether that is disabled or not.
#[test]
fn the_pin_is_a_level_that_the_guest_can_disable() {
    let guest = assigned();
    let interrupts = &guest.function().slot().interrupts;
    interrupts.set_pin(true);
    interrupts.set_pin(true);
    assert_eq!(guest.signals.take(), [(SOURCES.pin, Some(true))]);
    guest.set_config(COMMAND, 0x400);
    assert_eq!(guest.signals.take(), [(SOURCES.pin, Some(false))]);
    assert_eq!(guest.config(COMMAND), 0x0018_0400);
    guest.set_config(COMMAND, 0);
    assert_eq!(guest.signals.take(), [(SOURCES.pin, Some(true))]);
    guest.function().slot().set_messages(1);
    assert_eq!(guest.signals.take(), [(SOURCES.pin, Some(false))]);
    guest.function().slot().set_messages(0);
    interrupts.set_pin(false);
    let levels = [(SOURCES.pin, Some(true)), (SOURCES.pin, Some(false))];
    assert_eq!(guest.signals.take(), levels);
    assert_eq!(guest.config(COMMAND), 0x0010_0000);
}

#[test]
fn the_model_sees_accesses_to_its_capabilities() {
    let guest = assigned();
    assert_eq!(guest.config(0x40), 0xaa84_4409); // its own bit in the first byte
    guest.set_config(0x40, 0x5500_0000);
    assert_eq!(guest.config(0x40), 0x5584_4409);
    assert_eq!(guest.function().slot().capability(0), [4, 0x55]);
}

// papr-tce 3.4: the windows of a PE are at 0 and at 2^59; they come and go while the device runs.
#[test]
fn an_access_goes_through_the_window_that_has_its_address_at_that_moment() {
    const HIGH: u64 = 1 << 59;
    for behind in everywhere() {
        let mut guest = Guest::new(behind);
        guest.fill(0x5000, b"low page");
        guest.fill(0x4_2000, b"highpage");
        guest.put(0, 0x3000, 0x5003);
        let dropped = guest.dma_read(0x3000).unwrap_err();
        assert_eq!(dropped.why, DmaFault::Dropped(Ioba(0x3000)));
        guest.set_config(COMMAND, MASTER);
        assert_eq!(guest.dma_read(0x3000).unwrap(), *b"low page");
        let none = guest.dma_read(HIGH + 0x2000).unwrap_err();
        assert_eq!(none.why, DmaFault::NoWindow(Ioba(HIGH + 0x2000)));
        let shift = PageShift::new(16).unwrap();
        guest.add_window(1, Window::bytes(LIOBNS[1], HIGH, 1 << 20, shift).unwrap());
        guest.put(1, HIGH, 0x4_0003);
        assert_eq!(guest.dma_read(HIGH + 0x2000).unwrap(), *b"highpage");
        guest.port.write(Ioba(HIGH + 0x2000), b"from dev").unwrap();
        assert_eq!(guest.dma_read(HIGH + 0x2000).unwrap(), *b"from dev");
        assert_eq!(guest.dma_read(0x3000).unwrap(), *b"low page");
        guest.remove_window(1);
        let gone = guest.dma_read(HIGH + 0x2000).unwrap_err();
        assert_eq!(gone.why, DmaFault::NoWindow(Ioba(HIGH + 0x2000)));
        guest.put(0, 0x3000, 0);
        let fault = guest.dma_read(0x3000).unwrap_err();
        assert_eq!((fault.why, fault.liobn), (DmaFault::NotMapped(Ioba(0x3000)), LIOBNS[0]));
    }
}

// LoPAR 2.9, EEH: a stopped PE reads as all ones, and drops stores, DMA and messages; it goes on side by side, or after a reset.
#[test]
fn a_fault_stops_the_pe_and_the_guest_recovers_it() {
    let at = ConfigAddress::parse(ConfigAddress::of_device(1)).unwrap();
    for behind in everywhere() {
        let mut guest = Guest::new(behind);
        guest.set_config(0x10, BAR_0 as u32);
        guest.set_config(COMMAND, MEMORY | MASTER);
        guest.put(0, 0x3000, 0x5003);
        // Without EEH, an error is the device's alone.
        assert!(guest.dma_read(0x4000).is_err());
        assert_eq!(guest.bus.state(at).unwrap(), PeState::default());
        guest.bus.enable(at, true).unwrap();
        guest.function().slot().set_messages(1);
        guest.store(BAR_0 + 0x80c, 0);
        assert!(guest.dma_read(0x3000).is_ok());
        assert_eq!(guest.dma_read(0x4000).unwrap_err().why, DmaFault::NotMapped(Ioba(0x4000)));
        let stopped =
            PeState { io_stopped: true, dma_stopped: true, enabled: true, ..Default::default() };
        assert_eq!(guest.bus.state(at).unwrap(), stopped);
        assert_eq!(guest.dma_read(0x3000).unwrap_err().why, DmaFault::Dropped(Ioba(0x3000)));
        assert_eq!((guest.load(BAR_0), guest.config(0)), (u32::MAX, u32::MAX));
        guest.store(BAR_0, 1);
        guest.set_config(COMMAND, 0);
        guest.function().slot().interrupts.notify(0);
        assert_eq!(guest.signals.take(), []);
        guest.bus.release(at, Side::Io).unwrap();
        assert_eq!((guest.load(BAR_0), guest.config(COMMAND)), (0, 0x0010_0006));
        assert!(guest.dma_read(0x3000).is_err());
        guest.bus.release(at, Side::Dma).unwrap();
        assert!(guest.dma_read(0x3000).is_ok());
        assert_eq!([guest.bus.take_error(at), guest.bus.take_error(at)], [Some(true), Some(false)]);
        guest.store(BAR_0, 7);
        guest.function().slot().freeze();
        guest.bus.set_reset(at, true).unwrap();
        let in_reset = PeState { in_reset: true, enabled: true, ..Default::default() };
        assert_eq!(guest.bus.state(at).unwrap(), in_reset);
        assert_eq!(guest.config(0), u32::MAX);
        guest.bus.set_reset(at, false).unwrap();
        assert_eq!(guest.config(COMMAND), 0x0010_0000);
        guest.set_config(COMMAND, MEMORY);
        assert_eq!(guest.load(0), 0);
    }
}

fn saved(guest: &Guest) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut to = Writer::new(&mut bytes);
    guest.bus.save(&mut to, Duration::from_secs(20));
    to.end().unwrap();
    bytes
}

/// Loads all bytes, as a section does.
fn load(guest: &Guest, mut bytes: &[u8]) -> Result<(), LoadError> {
    guest.bus.load(&mut Reader::new(&mut bytes))?;
    LoadError::unless(bytes.is_empty())
}

#[test]
fn a_loaded_function_is_the_saved_one() {
    let guest = assigned();
    guest.store(BAR_0, 0x0102_0304);
    guest.function().slot().set_messages(2);
    guest.function().slot().interrupts.notify(0);
    guest.function().slot().interrupts.set_pin(true);
    let bytes = saved(&guest);
    let fresh = Guest::new(None);
    load(&fresh, &bytes).unwrap();
    assert_eq!(saved(&fresh), bytes);
    assert_eq!(fresh.load(BAR_0), 0x0102_0304);
    assert_eq!(fresh.signals.take(), []);
    fresh.store(BAR_0 + 0x80c, 0);
    assert_eq!(fresh.signals.take(), [(SOURCES.messages, None)]);
    for end in 0..bytes.len() {
        assert!(load(&fresh, &bytes[..end]).is_err(), "cut at {end}");
    }
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if load(&fresh, &damaged).is_ok() {
            assert_eq!(saved(&fresh), damaged, "bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    // Whatever a guest writes, config space keeps its identity, and every access ends.
    #[test]
    fn any_writes_are_harmless(
        writes in proptest::collection::vec((any::<bool>(), 0u64..0x1_0000, any::<u64>(), 1usize..=8), 1..60)
    ) {
        let guest = assigned();
        let slot = guest.function().slot();
        for (config, at, value, len) in writes {
            let bytes = &value.to_le_bytes()[..len];
            if config {
                guest.bus.write_config(guest.function(), (at % 300) as usize, bytes);
            } else {
                guest.bus.write(BAR_0.wrapping_add(at).wrapping_sub(64), bytes);
                guest.bus.write(value, bytes);
            }
            (0..4).for_each(|vector| slot.interrupts.notify(vector));
            slot.interrupts.set_pin(value & 1 != 0);
            let mut out = [0; 8];
            guest.bus.read(value, &mut out[..len]);
        }
        prop_assert_eq!(guest.config(0), 0x5678_1234);
        prop_assert_eq!(guest.config(0x34) & 0xff, 0x40);
        let own = |(source, level): (u32, Option<bool>)| match level {
            None => source.wrapping_sub(SOURCES.messages) < 3,
            Some(_) => source == SOURCES.pin,
        };
        prop_assert!(guest.signals.take().into_iter().all(own));
    }
}
