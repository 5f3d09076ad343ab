// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Each part that is saved comes back from its section, and no damage to a section is taken for a state.

use std::sync::Arc;
use std::time::{Duration, Instant, UNIX_EPOCH};

use hcall::machine::sources::{SourceController as _, Xive};
use hcall::machine::{Nvram as _, PresentationController as _};
use hcall::{Areas, BridgeWindow, Memory, NmiHandlers, ProcessTableRange, SavedAreas, VioDevice};
use iommu::{Agent, Gpa, Ioba, Liobn, PageShift, RawTce, Window};
use proptest::prelude::*;
use vio::IrqSink;
use vm_memory::{Bytes, GuestAddress};

use super::chunks::ChunkWriter;
use super::{CHUNK, LoadError, Saved, Writer, load, save};
use crate::abilities::HypervisorRegisters as _;
use crate::control::{Control, Start};
use crate::devices::Devices;
use crate::dma::{Dma, DmaConfig};
use crate::modes::Modes;
use crate::nvram::NvramStore;
use crate::parts::{ProcessorAreas, Ram, Vcpus};
use crate::vcpu::Vcpu as _;
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::windows::DmaWindows;
use crate::xics::{ExternalLine, Xics};

fn saved<P: Saved>(part: &mut P) -> Vec<u8> {
    let mut bytes = Vec::new();
    save(part, &mut bytes).unwrap();
    bytes
}

/// Loads a part's section into a fresh part and saves that. The bytes must be equal, and differ from those of a fresh
/// part. A section that is cut anywhere, or has a bit flipped anywhere, must be refused.
fn round_trip<P: Saved, Q: Saved>(mut part: P, mut fresh: Q) {
    let bytes = saved(&mut part);
    assert_ne!(saved(&mut fresh), bytes, "the test has a state of its own");
    let step = (bytes.len() / 500).max(1);
    for at in (0..bytes.len()).step_by(step) {
        assert!(load(&mut fresh, &mut &bytes[..at]).is_err(), "cut at {at}");
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(load(&mut fresh, &mut &*damaged).is_err(), "a bit of {at}");
    }
    load(&mut fresh, &mut &*bytes).unwrap();
    assert_eq!(saved(&mut fresh), bytes);
}

struct Nowhere;

impl IrqSink for Nowhere {
    fn pulse(&self, _source: u32) {}
    fn set_level(&self, _source: u32, _high: bool) {}
}

fn control() -> Control {
    Control::new(vec![Box::new(|| ()), Box::new(|| ()), Box::new(|| ())])
}

fn xics(sources: &[u32]) -> Xics {
    let line = |_| -> ExternalLine { Box::new(|_| ()) };
    Xics::new((0..3).map(line).collect(), sources, Arc::new(control()))
}

#[test]
fn the_controller_comes_back_with_interrupts_pending_and_in_service() {
    let part = xics(&[0x1102, 0x1103]);
    part.set_xive(0x1102, Xive { server: 1, priority: 5 }).unwrap();
    part.set_cppr(1, 0xff).unwrap();
    part.pulse(0x1102);
    part.accept(1).unwrap();
    part.pulse(0x1102);
    part.set_level(0x1103, true);
    part.set_mfrr(2, 4).unwrap();
    let fresh = xics(&[0x1102, 0x1103]);
    round_trip(&part, &fresh);
    assert_eq!(fresh.poll(1), part.poll(1));
    let other = load(&mut &xics(&[0x1102]), &mut &*saved(&mut &part));
    assert!(matches!(other, Err(LoadError::Other(_))), "{other:?}");
}

#[test]
fn the_console_line_comes_back_closed() {
    let vty = || Vty::new(Arc::new(Nowhere));
    let part = vty();
    part.signal(false);
    part.input();
    round_trip(&part, &vty());
}

#[test]
fn the_clock_comes_back_as_far_from_the_hosts() {
    let part = WallClock::default();
    assert!(part.set(UNIX_EPOCH + Duration::from_secs(1)));
    round_trip(&part, &WallClock::default());
}

#[test]
fn the_nvram_comes_back() {
    let part = NvramStore::default();
    part.store(0x1000, b"kept").unwrap();
    round_trip(&part, &NvramStore::default());
}

#[test]
fn control_comes_back_with_modes_lives_and_input() {
    let part = control();
    part.change_modes(|modes| {
        modes.little_endian = true;
        modes.process_table = Some(ProcessTableRange { base: 1 << 20, bytes: 1 << 16 });
        modes.nmi = Some(NmiHandlers { system_reset: 0x100, machine_check: 0x200 });
    });
    part.start_cpu(1, Start { entry: 0x1000, r3: 7 }).unwrap();
    assert!(part.prod(2));
    assert!(part.push_input(b"typed", 16));
    part.hold_error_log(1).unwrap();
    round_trip(&part, &control());
}

#[test]
fn ram_comes_back_and_what_was_there_is_gone() {
    let ram = || Memory::from_ranges(&[(GuestAddress(0), 1 << 20)]).unwrap();
    let (part, fresh) = (ram(), ram());
    for page in [0, 1, 5, 255] {
        part.write_obj(page + 1, GuestAddress(page << 12 | 8)).unwrap();
    }
    fresh.write_obj(1_u64, GuestAddress(7 << 12)).unwrap();
    round_trip(Ram(&part), Ram(&fresh));
    assert_eq!(fresh.read_obj::<u64>(GuestAddress(7 << 12)).unwrap(), 0);
}

// `vmm/vio/tests/all/save.rs` has devices with a state.
#[test]
fn the_devices_of_another_bus_are_refused() {
    let devices = Devices::default();
    let bytes = saved(&mut &devices);
    load(&mut &devices, &mut &*bytes).unwrap();
    let other = load(&mut &devices, &mut &*saved(&mut Other));
    assert!(matches!(other, Err(LoadError::Other(_))), "{other:?}");
}

/// A section of devices, one of which no bus here has.
struct Other;

impl Saved for Other {
    const NAME: &'static str = "devices";

    fn save(&mut self, to: &mut super::Writer<'_>) {
        to.u8(1);
    }

    fn load(&mut self, _: &mut super::Reader<'_>) -> Result<(), LoadError> {
        Ok(())
    }
}

/// DMA with the default window and one of 64 KiB pages that the guest has made, without entries.
fn dma() -> (Dma, Agent) {
    let dma = DmaConfig::default().set_up("16M".parse().unwrap()).unwrap();
    let mut agent = dma.container.agent();
    let made = Window::bytes(Liobn(0x8000_0001), 1 << 59, 1 << 24, PageShift::K64).unwrap();
    let default = BridgeWindow { window: *dma.phb.default_window(), default: true };
    let windows = [default, BridgeWindow { window: made, default: false }];
    let claim = dma.phb.claim(&dma.container, &windows).unwrap();
    dma.phb.load(&dma.container, &mut agent, claim).unwrap();
    (dma, agent)
}

/// [`dma`] with entries of both windows, some of which were replaced, and with dirty frames.
fn used_dma() -> (Dma, Agent) {
    let (dma, mut agent) = dma();
    let low = [(0, 0x3003), (0, 0x5003), (7, 0x5001), (600, 0x9002), (601, 0x9000), (7, 0)];
    for (page, tce) in low {
        let (liobn, ioba) = (Liobn(0x8000_0000), Ioba(page << 12));
        dma.container.put(&mut agent, liobn, ioba, RawTce(tce)).unwrap();
    }
    let ioba = Ioba((1 << 59) + (3 << 16));
    dma.container.put(&mut agent, Liobn(0x8000_0001), ioba, RawTce(0x2_0003)).unwrap();
    (dma, agent)
}

fn windows<'a>(dma: &'a Dma, agent: &'a mut Agent) -> DmaWindows<'a> {
    DmaWindows { dma, agents: vec![agent] }
}

#[test]
fn windows_come_back_with_their_entries_pins_and_dirt() {
    let ((part, mut of_part), (other, mut of_other)) = (used_dma(), dma());
    round_trip(windows(&part, &mut of_part), windows(&other, &mut of_other));
    let containers = [&part.container, &other.container];
    let [one, two] = containers.map(|container| container.frames().all_pins());
    assert_eq!(one, two);
    let pinned = (0..).zip(&two).filter(|(_, pins)| **pins > 0).collect::<Vec<_>>();
    // Bus page 0, page 600 and the page of 64 KiB, which is pinned on its first frame.
    assert_eq!(pinned, [(5, &1), (9, &1), (0x20, &1)]);
    let [one, two] = containers.map(|container| container.frames().dirty().collect::<Vec<_>>());
    assert_eq!((one[0], &one), (1 << 3, &two), "a device could write the page that was replaced");
    assert!(other.container.audit().holds());
}

/// DMA behind an IODA2 with the PE of one function, which has both windows.
fn dma_of_a_function() -> (Dma, Agent) {
    let config = DmaConfig { platform: Some(iommu::BridgeKind::IODA2), ..DmaConfig::default() };
    let dma = config.set_up_with("16M".parse().unwrap(), 1).unwrap();
    let mut agent = dma.container.agent();
    let phb = &dma.pes[0].phb;
    let [_, second] = phb.liobns();
    let made = Window::bytes(second, 1 << 59, 1 << 24, PageShift::K64).unwrap();
    let default = BridgeWindow { window: *phb.default_window(), default: true };
    let windows = [default, BridgeWindow { window: made, default: false }];
    let claim = phb.claim(&dma.container, &windows).unwrap();
    phb.load(&dma.container, &mut agent, claim).unwrap();
    (dma, agent)
}

#[test]
fn windows_of_a_function_come_back_to_its_pe() {
    let ((part, mut of_part), (other, mut of_other)) = (dma_of_a_function(), dma_of_a_function());
    let high = Ioba((1 << 59) + (3 << 16));
    let [first, second] = part.pes[0].phb.liobns();
    part.container.put(&mut of_part, first, Ioba(0x7000), RawTce(0x3003)).unwrap();
    part.container.put(&mut of_part, second, high, RawTce(0x2_0003)).unwrap();
    round_trip(windows(&part, &mut of_part), windows(&other, &mut of_other));
    assert!(other.container.audit().holds());
    let mut device = other.pci_bridge.as_ref().unwrap().device(iommu::Pe(1));
    for (ioba, gpa) in [(Ioba(0x7000), 0x3000), (high, 0x2_0000)] {
        let to = device.translate(ioba, 8, iommu::Direction::ToDevice).unwrap();
        assert_eq!(other.container.frames().gpa(to.hpa), Some(iommu::Gpa(gpa)));
    }
    assert!(device.translate(Ioba(0), 8, iommu::Direction::ToDevice).is_err());
    other.phbs().for_each(|phb| phb.reset(&other.container, &mut of_other).unwrap());
    assert!(device.translate(high, 8, iommu::Direction::ToDevice).is_err());
}

// A section whose CRCs are right can still be made by hand.
#[test]
fn a_load_of_windows_changes_nothing_until_all_of_it_is_read_and_claimed() {
    let (part, mut of_part) = used_dma();
    let mut bytes = Vec::new();
    let mut to = Writer::new(&mut bytes);
    windows(&part, &mut of_part).save(&mut to);
    to.end().unwrap();
    let (other, mut of_other) = used_dma();
    let state =
        |dma: &Dma, agent: &Agent| (dma.container.stats([agent]), dma.phb.save(&dma.container));
    let before = state(&other, &of_other);
    let ids = |dma: &Dma| dma.container.windows().iter().map(Arc::as_ptr).collect::<Vec<_>>();
    let mut load = |dma: &Dma, bytes: &[u8]| {
        let charged = dma.container.budget().unwrap().charged();
        let there = ids(dma);
        let loaded = windows(dma, &mut of_other).load(&mut super::Reader::new(&mut &*bytes));
        if loaded.is_err() {
            assert_eq!(ids(dma), there, "no window was replaced");
            assert_eq!(dma.container.budget().unwrap().charged(), charged);
        }
        assert!(dma.container.audit().holds());
        loaded
    };
    for end in 0..bytes.len() {
        let cut = load(&other, &bytes[..end]);
        assert!(matches!(cut, Err(LoadError::Damaged)), "cut at {end}: {cut:?}");
    }
    for bit in 0..8 * bytes.len() {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let _either = load(&other, &damaged);
    }
    load(&other, &bytes).unwrap();
    assert_eq!(state(&other, &of_other), before);
}

fn cpus() -> Vec<power::Cpu> {
    let ram = Memory::from_ranges(&[(GuestAddress(0), 1 << 20)]).unwrap();
    let first = power::Cpu::new(Arc::new(ram));
    let second = first.sibling();
    vec![first, second]
}

fn vcpus(cpus: &mut [power::Cpu]) -> Vcpus<'_, power::Cpu> {
    Vcpus(cpus.iter_mut().collect())
}

#[test]
fn vcpus_come_back_with_one_timebase_for_all() {
    let (mut part, mut fresh) = (cpus(), cpus());
    for (cpu, nip) in part.iter_mut().zip([0x1000, 0x2000]) {
        cpu.start_at(nip, 0x3000);
        cpu.set_modes(&Modes { little_endian: true, ..Modes::default() });
    }
    let bytes = saved(&mut vcpus(&mut part));
    for at in (0..bytes.len()).step_by(bytes.len() / 200) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(load(&mut vcpus(&mut fresh), &mut &*damaged).is_err(), "a bit of {at}");
        assert!(load(&mut vcpus(&mut fresh), &mut &bytes[..at]).is_err(), "cut at {at}");
    }
    load(&mut vcpus(&mut fresh), &mut &*bytes).unwrap();
    let now = Instant::now();
    // The time that passed between save and load is not a part of the state.
    let values = |cpu: &mut power::Cpu| -> (Vec<_>, Vec<_>) {
        let saved = power::Cpu::save(cpu, now);
        let values = saved.iter().map(|(name, value)| (name.to_owned(), value));
        values.partition(|(name, _)| name.starts_with("timebase"))
    };
    let loaded: Vec<_> = fresh.iter_mut().map(values).collect();
    assert_eq!(loaded[0].0, loaded[1].0);
    for ((_, loaded), cpu) in loaded.iter().zip(&mut part) {
        assert_eq!(*loaded, values(cpu).1);
    }
}

#[test]
fn a_state_of_other_vcpus_or_with_odd_values_is_refused() {
    let (mut two, mut one) = (cpus(), cpus());
    let other = load(&mut vcpus(&mut one[..1]), &mut &*saved(&mut vcpus(&mut two)));
    assert!(matches!(other, Err(LoadError::Other(_))), "{other:?}");
    let section = |values: &[(&str, u128)], count: u32| {
        let mut bytes = Vec::new();
        let mut blob = Raw("vcpu", Vec::new());
        blob.1.extend(1_u32.to_le_bytes());
        blob.1.extend(count.to_le_bytes());
        for (name, value) in values {
            blob.1.extend((name.len() as u64).to_le_bytes());
            blob.1.extend(name.as_bytes());
            blob.1.extend(value.to_le_bytes());
        }
        blob.write(&mut bytes);
        bytes
    };
    let mut load = |bytes: Vec<u8>| load(&mut vcpus(&mut one[..1]), &mut &*bytes);
    let unknown = load(section(&[("r99", 1)], 1));
    assert!(matches!(unknown, Err(LoadError::Refused { part: "a vCPU", .. })), "{unknown:?}");
    for damaged in [
        section(&[("r1", 1), ("r1", 2)], 2),
        section(&[("r2", 1), ("r1", 2)], 2),
        section(&[], u32::MAX),
        section(&[(&"r".repeat(256), 1)], 1),
    ] {
        let refused = load(damaged);
        assert!(matches!(refused, Err(LoadError::Damaged)), "{refused:?}");
    }
}

/// A section with any contents: its name, and the bytes behind its version.
struct Raw(&'static str, Vec<u8>);

impl Raw {
    fn write(&self, to: &mut Vec<u8>) {
        let mut chunks = ChunkWriter::new(to);
        let mut writer = Writer::new(&mut chunks);
        writer.bytes(self.0.as_bytes());
        writer.u16(1);
        writer.raw(&self.1);
        writer.end().unwrap();
        chunks.end().unwrap();
    }
}

#[test]
fn areas_come_back_and_one_outside_of_ram_is_refused() {
    let ram = |bytes| Memory::from_ranges(&[(GuestAddress(0), bytes)]).unwrap();
    let (memory, small) = (ram(1 << 20), ram(1 << 16));
    let fresh = || [Areas::default(), Areas::default()];
    let (mut part, mut loaded, mut other) = (fresh(), fresh(), fresh());
    let state = SavedAreas {
        dispatches: 6,
        stolen: 9,
        processor: 2,
        vpa: Some(Gpa(0x8_0000)),
        slb_shadow: Some(Gpa(0x8_1000)),
        log: Some((Gpa(0x8_2000), 85)),
    };
    part[1].load(&memory, &state).unwrap();
    let mut part = ProcessorAreas { areas: &mut part, memory: &memory };
    let bytes = saved(&mut part);
    round_trip(part, ProcessorAreas { areas: &mut loaded, memory: &memory });
    assert_eq!(loaded[1].save(), state);
    let refused = load(&mut ProcessorAreas { areas: &mut other, memory: &small }, &mut &*bytes);
    assert!(matches!(refused, Err(LoadError::Damaged)), "{refused:?}");
}

/// A part whose state is bytes.
struct Blob(Vec<u8>);

impl Saved for Blob {
    const NAME: &'static str = "blob";

    fn save(&mut self, to: &mut super::Writer<'_>) {
        to.bytes(&self.0);
    }

    fn load(&mut self, from: &mut super::Reader<'_>) -> Result<(), LoadError> {
        self.0 = from.bytes(4 * CHUNK)?;
        Ok(())
    }
}

#[test]
fn a_section_of_several_chunks_is_whole_and_another_name_or_a_longer_one_is_refused() {
    let blob = || Blob((0..3 * CHUNK).map(|n| n as u8).collect());
    round_trip(blob(), Blob(Vec::new()));
    let wrong = load(&mut &WallClock::default(), &mut &*saved(&mut blob()));
    assert!(matches!(wrong, Err(LoadError::Name { want: "clock", .. })), "{wrong:?}");
    let long = load(&mut Blob(Vec::new()), &mut &*saved(&mut Blob(vec![0; 4 * CHUNK + 1])));
    assert!(matches!(long, Err(LoadError::Damaged)), "{long:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load(&mut &xics(&[1]), &mut &*bytes).is_err());
        prop_assert!(load(&mut Blob(Vec::new()), &mut &*bytes).is_err());
    }
}

#[test]
fn a_console_keeps_the_verdict_and_whether_the_guest_has_read() {
    let console = || crate::Console::new(Arc::new(control()), Box::new(std::io::sink()));
    let (mut first, mut second) = (console(), console());
    first.write(b"EXIT: STATUS=3\nEXIT: ");
    first.read(&mut [0; 4]);
    round_trip(&mut first, &mut second);
    second.write(b"STATUS=9\n");
    assert_eq!(second.verdict(), Some(4));
}
