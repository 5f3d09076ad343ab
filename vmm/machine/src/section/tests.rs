// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Each part that is saved comes back from its section, and no damage to a section is taken for a state.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use hcall::machine::sources::{SourceController as _, Xive};
use hcall::machine::{Nvram as _, PresentationController as _};
use hcall::{Memory, NmiHandlers, ProcessTableRange, VioDevice};
use proptest::prelude::*;
use vio::IrqSink;
use vm_memory::{Bytes, GuestAddress};

use super::{CHUNK, LoadError, Saved, load, save};
use crate::control::{Control, Start};
use crate::nvram::Nvram;
use crate::parts::{Part, Ram};
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::xics::{ExternalLine, Xics};

fn saved<P: Saved>(part: &P) -> Vec<u8> {
    let mut bytes = Vec::new();
    save(part, &mut bytes).unwrap();
    bytes
}

/// Loads a part's section into a fresh part and saves that. The bytes must be equal, and differ from those of a fresh
/// part. A section that is cut anywhere, or has a bit flipped anywhere, must be refused.
fn round_trip<P: Saved, Q: Saved>(part: &P, mut fresh: Q) {
    let bytes = saved(part);
    assert_ne!(saved(&fresh), bytes, "the test has a state of its own");
    let step = (bytes.len() / 500).max(1);
    for at in (0..bytes.len()).step_by(step) {
        assert!(load(&mut fresh, &mut &bytes[..at]).is_err(), "cut at {at}");
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(load(&mut fresh, &mut &*damaged).is_err(), "a bit of {at}");
    }
    load(&mut fresh, &mut &*bytes).unwrap();
    assert_eq!(saved(&fresh), bytes);
}

struct Nowhere;

impl IrqSink for Nowhere {
    fn pulse(&self, _source: u32) {}
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
    round_trip(&&part, &fresh);
    assert_eq!(fresh.poll(1), part.poll(1));
    let other = load(&mut &xics(&[0x1102]), &mut &*saved(&&part));
    assert!(matches!(other, Err(LoadError::Other(_))), "{other:?}");
}

#[test]
fn the_console_line_comes_back_closed() {
    let vty = || Vty::new(Arc::new(Nowhere));
    let part = vty();
    part.signal(false);
    part.input();
    round_trip(&&part, &vty());
}

#[test]
fn the_clock_comes_back_as_far_from_the_hosts() {
    let part = WallClock::default();
    assert!(part.set(UNIX_EPOCH + Duration::from_secs(1)));
    round_trip(&&part, &WallClock::default());
}

#[test]
fn the_nvram_comes_back() {
    let part = Nvram::default();
    part.store(0x1000, b"kept").unwrap();
    round_trip(&&part, &Nvram::default());
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
    round_trip(&&part, &control());
}

#[test]
fn ram_comes_back_and_what_was_there_is_gone() {
    let ram = || Memory::from_ranges(&[(GuestAddress(0), 1 << 20)]).unwrap();
    let (part, fresh) = (ram(), ram());
    for page in [0, 1, 5, 255] {
        part.write_obj(page + 1, GuestAddress(page << 12 | 8)).unwrap();
    }
    fresh.write_obj(1_u64, GuestAddress(7 << 12)).unwrap();
    round_trip(&Ram(&part), Ram(&fresh));
    assert_eq!(fresh.read_obj::<u64>(GuestAddress(7 << 12)).unwrap(), 0);
}

/// A part whose state is bytes.
struct Blob(Vec<u8>);

impl Part for Blob {
    fn reset(&mut self) -> Result<(), crate::boot::BootError> {
        self.0.clear();
        Ok(())
    }
}

impl Saved for Blob {
    const NAME: &'static str = "blob";

    fn save(&self, to: &mut super::Writer<'_>) {
        to.bytes(&self.0);
    }

    fn load(&mut self, from: &mut super::Reader<'_>) -> Result<(), LoadError> {
        self.0 = from.bytes(4 * CHUNK)?;
        Ok(())
    }
}

#[test]
fn a_section_of_several_chunks_is_whole_and_another_name_or_a_longer_one_is_refused() {
    let blob = Blob((0..3 * CHUNK).map(|n| n as u8).collect());
    round_trip(&blob, Blob(Vec::new()));
    let wrong = load(&mut &WallClock::default(), &mut &*saved(&blob));
    assert!(matches!(wrong, Err(LoadError::Name { want: "clock", .. })), "{wrong:?}");
    let long = load(&mut Blob(Vec::new()), &mut &*saved(&Blob(vec![0; 4 * CHUNK + 1])));
    assert!(matches!(long, Err(LoadError::Damaged)), "{long:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(load(&mut &xics(&[1]), &mut &*bytes).is_err());
        prop_assert!(load(&mut Blob(Vec::new()), &mut &*bytes).is_err());
    }
}
