// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! States whose RAM is in a file beside them, at random moments of small guests: RAM is mapped from the file, and the
//! guest goes on as the saved one does.

use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use machine::memory;
use machine::ram_file::RamFile;
use machine::vm_memory::{Bytes, GuestAddress};
use machine::{Config, Ending, Machine};
use tests::Directory;

use crate::{
    CHAOS, Cpu, Printed, REPLACE, StopAfter, WINDOW64, config, fresh, load, saved, stopped,
};

/// The moments that the test tries; `TCEVM_COUNT` has another number, and `TCEVM_SEED` other moments.
const MOMENTS: u64 = 12;
const OFFSET: u64 = 64 << 10;

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

fn create(path: &Path) -> File {
    File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

/// The state of a stopped machine, with RAM in this file.
fn save_beside(machine: &mut Machine<Cpu>, config: &Config<'_>, path: &Path) -> Vec<u8> {
    let (file, mut state) = (create(path), Vec::new());
    file.set_len(OFFSET + config.ram.bytes()).unwrap();
    machine.save_beside(config, &mut RamFile::new(file, OFFSET), &mut state).unwrap();
    state
}

/// A machine that goes on from a state and a file.
fn restored(config: &Config<'_>, path: &Path, state: &[u8]) -> (Machine<Cpu>, Printed, RamFile) {
    let memory = memory::map_file(config.ram, File::open(path).unwrap(), OFFSET).unwrap();
    let (devices, functions, dma) = (Vec::new(), Vec::new(), config.dma.clone());
    let without = Config { image: &[], devices, functions, dma, ..*config };
    let ready = without.restored(memory).unwrap();
    let printed = Printed::default();
    let mut machine = Machine::power(ready, config.cpus, Box::new(printed.clone()));
    let mut ram = RamFile::new(File::open(path).unwrap(), OFFSET);
    machine.load_beside(&without, &mut ram, &mut Cursor::new(state)).unwrap();
    (machine, printed, ram)
}

/// A generator of random numbers (Vigna, `splitmix64`).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn a_snapshot_at_any_moment_gives_the_same_rest_of_the_run() {
    let directory = Directory::new();
    let path = directory.0.join("ram");
    let mut seed = variable("TCEVM_SEED", 1);
    let appends: Vec<String> = (1..20).map(|n| format!("seed={n} calls=600")).collect();
    let guests = [(REPLACE, "16M", 300), (WINDOW64, "64M", 60), (CHAOS, "16M", 550)];
    let mut moments = 0;
    let mut pins = 0;
    while moments < variable("TCEVM_COUNT", MOMENTS) {
        let (image, ram, calls) = guests[(next(&mut seed) % 3) as usize];
        let append = appends[(next(&mut seed) % 19) as usize].as_str();
        let append = if image == CHAOS { append } else { "" };
        let config = Config { append, ram: ram.parse().unwrap(), ..config(image) };
        let stop = 1 + next(&mut seed) % calls;
        let (mut first, printed) = fresh(&config);
        // Behind a hypercall, or wherever the guest is after some time.
        let by_time = next(&mut seed).is_multiple_of(2);
        let control = Arc::clone(first.control());
        let stopper = by_time.then(|| {
            thread::spawn(move || {
                thread::sleep(Duration::from_micros(stop * 10));
                control.stop(Ending::Quit);
            })
        });
        if !by_time {
            first.observe(Arc::new(StopAfter(Arc::clone(first.control()), stop)));
        }
        let ending = first.run();
        if let Some(stopper) = stopper {
            stopper.join().unwrap();
        }
        if ending != Ending::Quit {
            continue; // the guest had ended before that
        }
        moments += 1;
        let before = printed.bytes().len();
        let state = save_beside(&mut first, &config, &path);
        let (mut second, later, ram) = restored(&config, &path, &state);
        ram.check(|| true).unwrap();
        let audit = second.container().audit();
        assert!(audit.holds(), "{append:?} {stop}: {audit:?}");
        assert_eq!(audit, first.container().audit());
        pins += audit.live;
        assert!(first.control().resume());
        let endings = [first.run(), second.run()];
        assert_eq!(endings[0], endings[1], "{append:?} {stop}");
        let rest = printed.bytes().split_off(before);
        assert_eq!(
            String::from_utf8_lossy(&rest),
            String::from_utf8_lossy(&later.bytes()),
            "{append:?} {stop}"
        );
        assert_eq!(first.summary().dma, second.summary().dma, "{append:?} {stop}");
        assert_eq!(first.summary().instructions, second.summary().instructions);
    }
    assert!(pins > 0, "some moment has live entries");
    println!("{moments} moments, {pins} live entries in all");
}

#[test]
fn the_file_is_sparse_and_a_restored_guest_does_not_write_to_it() {
    let directory = Directory::new();
    let path = directory.0.join("ram");
    let of = config(REPLACE);
    let (mut first, _) = stopped(&of, 100);
    let state = save_beside(&mut first, &of, &path);
    let about = std::fs::metadata(&path).unwrap();
    assert_eq!(about.len(), OFFSET + (16 << 20));
    assert!(about.blocks() * 512 < 4 << 20, "{} blocks", about.blocks());
    let before = std::fs::read(&path).unwrap();
    let (mut second, _, _) = restored(&of, &path, &state);
    assert_eq!(second.run(), Ending::PoweredOff);
    assert_eq!(before, std::fs::read(&path).unwrap());
}

#[test]
fn a_damaged_page_is_found_whether_it_was_written_or_a_hole() {
    let directory = Directory::new();
    let path = directory.0.join("ram");
    let of = config(REPLACE);
    let (mut first, _) = stopped(&of, 100);
    let state = save_beside(&mut first, &of, &path);
    let (_, _, ram) = restored(&of, &path, &state);
    ram.check(|| true).unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let image = 4 << 20; // where the image is; a hole is behind it
    for at in [OFFSET + image + 100, OFFSET + (12 << 20)] {
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 1], at).unwrap();
        assert!(ram.check(|| true).is_err(), "at {at:#x}");
        file.write_all_at(&byte, at).unwrap();
        ram.check(|| true).unwrap();
    }
    file.set_len(OFFSET + (8 << 20)).unwrap();
    assert!(ram.check(|| true).is_err(), "cut");
}

#[test]
fn a_reboot_zeroes_what_was_written_before_the_snapshot() {
    let directory = Directory::new();
    let path = directory.0.join("ram");
    let of = config(REPLACE);
    let (mut first, _) = stopped(&of, 100);
    let place = GuestAddress(12 << 20);
    first.memory().write_slice(b"written", place).unwrap();
    let state = save_beside(&mut first, &of, &path);
    let (mut second, printed, _) = restored(&of, &path, &state);
    second.control().stop(Ending::Rebooted);
    let load = |memory: &_, window: &_, nodes: &_| of.load(memory, window, nodes);
    assert!(second.restart(load).unwrap());
    let mut bytes = [1; 7];
    second.memory().read_slice(&mut bytes, place).unwrap();
    assert_eq!(bytes, [0; 7]);
    assert_eq!(second.run(), Ending::PoweredOff);
    let (mut fresh, whole) = fresh(&of);
    assert_eq!(fresh.run(), Ending::PoweredOff);
    assert_eq!(printed.bytes(), whole.bytes());
}

#[test]
fn a_pause_is_no_end() {
    let of = config(REPLACE);
    let (mut first, _) = fresh(&of);
    let control = Arc::clone(first.control());
    control.stop(Ending::Paused);
    assert_eq!(first.run(), Ending::Paused);
    assert!(control.push_input(b"x", 1), "input of a paused guest waits");
    let state = saved(&mut first, &of);
    control.unpause();
    assert_eq!(control.ending(), None);
    control.stop(Ending::Paused);
    control.stop(Ending::Signal(15));
    control.unpause();
    assert_eq!(control.ending(), Some(Ending::Signal(15)), "a pause is replaced by an end");
    let (mut second, _) = fresh(&of);
    load(&mut second, &of, &state).unwrap();
    assert_eq!(second.run(), Ending::PoweredOff);
}
