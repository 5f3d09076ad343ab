// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A loaded machine continues as the saved one does: equal console output, endings and sums of DMA.

use iommu::bridge::KINDS;
use iommu::{Gpa, Ioba, Liobn, RawTce, Stats};
use machine::{Config, DmaConfig, Ending, Machine};
use tests::Directory;
use vio::vscsi::backend::{Backing, Format};
use vio::vscsi::{Adapter, DiskSpec};

use crate::{CHAOS, Cpu, REPLACE, WINDOW64, config, fresh, load, name, saved, sections, stopped};

/// The sections that are equal whenever a state is saved: they hold no time.
const TIMELESS: [&str; 8] =
    ["nvram", "windows", "ram", "areas", "xics", "vty", "console", "control"];

/// Both machines have equal windows, pins and dirt.
fn equal(one: &Machine<Cpu>, two: &Machine<Cpu>) {
    let audits = [one, two].map(|machine| machine.container().audit());
    assert!(audits[1].holds(), "{:?}", audits[1]);
    assert_eq!(audits[0], audits[1]);
    assert_eq!(one.summary().dma, two.summary().dma);
    let frames = [one, two].map(|machine| machine.container().frames());
    assert_eq!(frames[0].all_pins(), frames[1].all_pins());
    let dirt = frames.map(|frames| frames.dirty().collect::<Vec<_>>());
    assert_eq!(dirt[0], dirt[1]);
    let budgets = [one, two].map(|machine| machine.container().budget().unwrap().charged());
    assert_eq!(budgets[0], budgets[1]);
}

/// Runs a machine to its end and removes its windows. Returns the sums of its DMA.
fn finish(machine: &mut Machine<Cpu>) -> (Ending, Stats) {
    let ending = machine.run();
    assert!(machine.container().audit().holds());
    machine.tear_down();
    let summary = machine.summary();
    assert_eq!(summary.tear_down.unwrap().pins_left, 0);
    (ending, summary.dma)
}

/// Stops a machine, loads its state into a second one, and runs both to the end. Returns the pins at the stop.
fn continues(config: &Config<'_>, hypercalls: u64) -> u64 {
    let (mut first, printed) = stopped(config, hypercalls);
    let before = printed.bytes().len();
    let state = saved(&mut first, config);
    let (mut second, later) = fresh(config);
    load(&mut second, config, &state).unwrap();
    equal(&first, &second);
    for (one, two) in sections(&state).iter().zip(sections(&saved(&mut second, config))) {
        assert!(!TIMELESS.contains(&&*name(one)) || *one == two, "{}", name(one));
    }
    let pins = first.container().audit().live;
    assert!(first.control().resume());
    assert_eq!(finish(&mut first), finish(&mut second));
    let rest = printed.bytes().split_off(before);
    assert_eq!(String::from_utf8_lossy(&rest), String::from_utf8_lossy(&later.bytes()));
    assert!(!later.bytes().is_empty(), "the guest printed something after the stop");
    pins
}

fn with_ram<'a>(image: &'a [u8], ram: &str) -> Config<'a> {
    Config { ram: ram.parse().unwrap(), ..config(image) }
}

#[test]
fn a_guest_that_replaces_mappings_continues() {
    let pins: u64 = [1, 10, 100].map(|stop| continues(&config(REPLACE), stop)).iter().sum();
    assert!(pins > 0, "some stop has live entries");
}

#[test]
fn a_guest_that_makes_windows_continues_on_every_platform() {
    for platform in KINDS {
        let dma = DmaConfig { platform: Some(platform), ..DmaConfig::default() };
        let config = Config { dma, ..with_ram(WINDOW64, "64M") };
        let pins: u64 = [10, 30, 60].map(|stop| continues(&config, stop)).iter().sum();
        assert!(pins > 0, "{platform:?}");
    }
}

#[test]
fn a_guest_of_random_calls_continues() {
    for append in ["seed=1 calls=600", "seed=2 calls=600"] {
        let config = Config { append, ..config(CHAOS) };
        let pins: u64 = [50, 300, 500].map(|stop| continues(&config, stop)).iter().sum();
        assert!(pins > 0, "some stop has live entries");
    }
}

// Two CPUs race, so only what holds in every order is compared.
#[test]
fn a_machine_of_two_cpus_continues() {
    let config = Config { cpus: 2, append: "calls=3000", ..config(CHAOS) };
    let (mut first, _) = stopped(&config, 1000);
    let state = saved(&mut first, &config);
    let (mut second, printed) = fresh(&config);
    load(&mut second, &config, &state).unwrap();
    equal(&first, &second);
    assert_eq!(finish(&mut second).0, Ending::PoweredOff);
    let printed = String::from_utf8(printed.bytes()).unwrap();
    assert!(printed.contains("2 CPUs made 6000 calls"), "{printed}");
}

#[test]
fn a_machine_that_has_not_run_is_loaded_into_another() {
    let config = config(REPLACE);
    let (mut first, one) = fresh(&config);
    let state = saved(&mut first, &config);
    let (mut second, two) = fresh(&config);
    load(&mut second, &config, &state).unwrap();
    assert_eq!(finish(&mut first), finish(&mut second));
    assert_eq!(one.bytes(), two.bytes());
}

#[test]
fn the_windows_of_devices_keep_their_entries_and_their_order() {
    let directory = Directory::new();
    let path = directory.0.join("disk");
    std::fs::write(&path, vec![0; 1 << 20]).unwrap();
    for platform in [None, Some(KINDS[0])] {
        let disk = DiskSpec {
            path: path.clone(),
            readonly: true,
            format: Some(Format::Raw),
            backing: Backing::default(),
        };
        let dma = DmaConfig { platform, ..DmaConfig::default() };
        let devices = vec![Box::new(Adapter(vec![disk])) as _];
        let config = Config { dma, devices, ..with_ram(WINDOW64, "64M") };
        let (mut first, _) = stopped(&config, 30);
        let (container, window) = (first.container(), first.devices().virtual_io[0].window);
        for (page, bits) in [(0, 3), (7, 1), (9, 0), (1, 2)] {
            let tce = RawTce(page << 12 | bits);
            container.put(&mut container.agent(), window.liobn(), Ioba(page << 12), tce).unwrap();
        }
        let state = saved(&mut first, &config);
        let (mut second, _) = fresh(&config);
        load(&mut second, &config, &state).unwrap();
        let order = |machine: &Machine<Cpu>| -> Vec<Liobn> {
            machine.container().windows().iter().map(|table| table.window().liobn()).collect()
        };
        assert_eq!(order(&first), order(&second));
        let container = second.container();
        let entry =
            |page: u64| container.tce(&mut container.agent(), window.liobn(), Ioba(page << 12));
        assert_eq!(entry(7), Ok(RawTce(7 << 12 | 1)));
        assert_eq!(entry(9), Ok(RawTce(9 << 12)), "stored verbatim without permissions");
        let pins = |page: u64| {
            let frames = container.frames();
            frames.pins(frames.hpa(Gpa(page << 12)).unwrap())
        };
        // Without a bridge the devices walk the view, and an entry pins no page.
        assert_eq!([0, 7, 9].map(pins), if platform.is_some() { [1, 1, 0] } else { [0; 3] });
        assert!(container.audit().holds());
        assert_eq!(second.run(), Ending::PoweredOff, "its disk no longer rests");
    }
}
