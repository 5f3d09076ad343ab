// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! States that are cut, damaged, of another machine or made by hand, and machines without a state.

use hcall::Profile;
use iommu::bridge::KINDS;
use machine::section::LoadError;
use machine::state::{RestoreError, SaveError, Unsaved};
use machine::{Config, DmaConfig, Ending, Machine};

use crate::{Cpu, REPLACE, WINDOW64, config, fresh, load, name, saved, sections, stopped};

/// The state is refused, and the machine is unchanged: it is at its start, and runs.
fn refuses(machine: &mut Machine<Cpu>, of: &Config<'_>, state: &[u8], why: &str) -> LoadError {
    match load(machine, of, state) {
        Err(RestoreError::Refused(error)) => error,
        other => panic!("{why}: {other:?}"),
    }
}

fn unchanged(machine: &mut Machine<Cpu>) {
    assert_eq!(machine.control().ending(), None);
    assert_eq!(machine.summary().instructions, Some(0));
    assert_eq!(machine.container().audit().live, 0);
    assert_eq!(machine.run(), Ending::PoweredOff);
}

#[test]
fn a_state_that_is_cut_or_has_a_flipped_bit_is_refused_and_the_machine_is_unchanged() {
    let of = config(REPLACE);
    let state = saved(&mut stopped(&of, 100).0, &of);
    let (mut machine, _) = fresh(&of);
    let near_a_boundary = |at: usize| {
        let mut end = 0;
        sections(&state).iter().any(|section| {
            end += section.len();
            at.abs_diff(end) < 24
        })
    };
    for at in 0..state.len() {
        if at < 2048 || near_a_boundary(at) || at % 499 == 0 {
            refuses(&mut machine, &of, &state[..at], &format!("cut at {at}"));
            for bit in 0..8 {
                let mut damaged = state.clone();
                damaged[at] ^= 1 << bit;
                refuses(&mut machine, &of, &damaged, &format!("bit {bit} of {at}"));
            }
        }
    }
    unchanged(&mut machine);
}

#[test]
fn a_section_that_is_missing_doubled_or_misplaced_is_refused() {
    let of = config(REPLACE);
    let all = sections(&saved(&mut stopped(&of, 100).0, &of));
    assert!(all.len() > 10);
    let (mut machine, _) = fresh(&of);
    for n in 0..all.len() {
        let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
            let mut all = all.clone();
            change(&mut all);
            all.concat()
        };
        let why = name(&all[n]);
        refuses(&mut machine, &of, &with(&|all| drop(all.remove(n))), &why);
        refuses(&mut machine, &of, &with(&|all| all.insert(n, all[n].clone())), &why);
        refuses(
            &mut machine,
            &of,
            &with(&|all| {
                let next = (n + 1) % all.len();
                all.swap(n, next)
            }),
            &why,
        );
    }
    let mut longer = all.concat();
    longer.push(0);
    refuses(&mut machine, &of, &longer, "a byte behind the end");
    unchanged(&mut machine);
}

#[test]
fn a_state_of_another_configuration_names_the_difference() {
    let of = config(REPLACE);
    let state = saved(&mut stopped(&of, 100).0, &of);
    let dma = DmaConfig::default;
    let others = [
        ("the size of its RAM", Config { ram: "32M".parse().unwrap(), ..config(REPLACE) }),
        ("its number of CPUs", Config { cpus: 2, ..config(REPLACE) }),
        ("its image", config(WINDOW64)),
        ("its command line", Config { append: "quiet", ..config(REPLACE) }),
        (
            "its host bridge",
            Config { dma: DmaConfig { platform: Some(KINDS[0]), ..dma() }, ..config(REPLACE) },
        ),
        (
            "its profile",
            Config { dma: DmaConfig { profile: Profile::KVM, ..dma() }, ..config(REPLACE) },
        ),
        (
            "the memory for its DMA windows",
            Config { dma: DmaConfig { table_memory: Some(1), ..dma() }, ..config(REPLACE) },
        ),
    ];
    for (difference, other) in others {
        let (mut machine, _) = fresh(&other);
        match refuses(&mut machine, &other, &state, difference) {
            LoadError::Other(named) => assert_eq!(named, difference),
            error => panic!("{difference}: {error}"),
        }
    }
}

/// A section with another byte at a place of its only chunk, and the CRC of that.
fn forged(section: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let len = u32::from_le_bytes(section[..4].try_into().unwrap()) as usize;
    assert_eq!(section.len(), 8 + len + 8, "one chunk and the end");
    let mut bytes = section[8..8 + len].to_vec();
    bytes[at] = byte;
    let crc = crc32fast::hash(&bytes).to_le_bytes();
    [&section[..4], &crc, &bytes, &[0; 4], &crc].concat()
}

#[test]
fn a_machine_that_was_loaded_in_part_does_not_run() {
    let of = config(REPLACE);
    let mut all = sections(&saved(&mut stopped(&of, 100).0, &of));
    let windows = all.iter().position(|section| name(section) == "windows").unwrap();
    // Name, version and number of windows, then the owner of the first one.
    let owner = 8 + "windows".len() + 2 + 4;
    all[windows] = forged(&all[windows], owner, 9);
    let (mut machine, printed) = fresh(&of);
    let error = load(&mut machine, &of, &all.concat()).unwrap_err();
    assert!(matches!(error, RestoreError::Partly { part: "windows", .. }), "{error:?}");
    assert!(error.to_string().contains("make a new one"), "{error}");
    assert_eq!(machine.run(), Ending::Crashed(error.to_string()));
    assert!(printed.bytes().is_empty());
    let refused = machine.save(&of, &mut Vec::new());
    assert!(matches!(refused, Err(SaveError::Unsaved(Unsaved::Ended(_)))), "{refused:?}");
}

#[test]
fn entries_that_the_guest_could_not_have_written_are_refused_before_a_window_changes() {
    let of = config(REPLACE);
    let (mut first, _) = stopped(&of, 100);
    assert!(first.container().audit().live > 0);
    let mut all = sections(&saved(&mut first, &of));
    let windows = all.iter().position(|section| name(section) == "windows").unwrap();
    // Behind the owner are LIOBN, page, start, length and five counts of 8 bytes; then the mark of the first entry and its index.
    let index = 8 + "windows".len() + 2 + 4 + 1 + 4 + 4 + 8 + 8 + 5 * 8 + 1;
    all[windows] = forged(&all[windows], index + 7, 0x80);
    let (mut machine, _) = fresh(&of);
    let error = load(&mut machine, &of, &all.concat()).unwrap_err();
    assert!(matches!(error, RestoreError::Partly { part: "windows", .. }), "{error:?}");
    assert_eq!(machine.container().audit().live, 0);
    assert_eq!(machine.container().windows().len(), 1);
}

#[test]
fn a_machine_with_injected_faults_has_no_state() {
    let faults = vec!["nomem:nth=1000000".parse().unwrap()];
    let of = Config { dma: DmaConfig { faults, ..DmaConfig::default() }, ..config(REPLACE) };
    let (mut machine, _) = fresh(&of);
    let refused = machine.save(&of, &mut Vec::new());
    assert!(matches!(refused, Err(SaveError::Unsaved(Unsaved::Faults))), "{refused:?}");
}

#[test]
fn a_run_that_has_ended_is_neither_saved_nor_loaded() {
    let of = config(REPLACE);
    let (mut machine, _) = fresh(&of);
    let state = saved(&mut machine, &of);
    assert_eq!(machine.run(), Ending::PoweredOff);
    let refused = machine.save(&of, &mut Vec::new());
    let ended = Unsaved::Ended(Ending::PoweredOff);
    assert!(
        matches!(&refused, Err(SaveError::Unsaved(why)) if why.to_string() == ended.to_string())
    );
    let refused = load(&mut machine, &of, &state);
    assert!(matches!(refused, Err(RestoreError::Unsaved(Unsaved::HasRun))), "{refused:?}");
}
