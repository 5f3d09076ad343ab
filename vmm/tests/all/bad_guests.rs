// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guests that break themselves: the run ends with exit code 4 and a line that names the cause, whatever the
//! other vCPUs do.

use crate::support::asm::{self, SC1, b, cede, hcall, li, load};
use crate::support::{Files, arg, code, run, stderr, stdout};

/// Addresses of the second vCPU's code, of the arguments of RTAS start-cpu, and of page tables.
const SECOND: u64 = 0x11_0000;
const START_CPU: u64 = 0x19_0000;
const TABLE: u64 = 0x20_0000;

/// The words at all interrupt vectors are not instructions.
const NO_HANDLERS: (u64, &[u32]) = (0x100, &[0; 0x400]);

/// Runs a guest of these instructions, with words at other places. Expects a crash, and returns stderr.
fn crashes(words: &[u32], places: &[(u64, &[u32])], args: &[&str]) -> String {
    let mut elf = asm::guest(words.to_vec());
    for (address, words) in places {
        elf = elf.and_zeros(*address, 4 * words.len() as u64);
        let data = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        elf.segments.last_mut().expect("it was added").data = data;
    }
    let files = Files::new();
    let image = files.write("guest", elf.bytes());
    let output = run([&["-m", "16M"], args, &[arg(&image)]].concat());
    assert_eq!((code(&output), stdout(&output).as_str()), (4, ""), "{output:?}");
    let said = stderr(&output);
    assert!(said.starts_with("tcevm: the guest crashed: "), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Starts the second vCPU at [`SECOND`], then goes on with `first`.
fn with_second(first: Vec<u32>, second: &[u32], places: &[(u64, &[u32])]) -> String {
    let (_, token) = ::hcall::rtas_tokens().find(|(name, _)| *name == "start-cpu").expect("a row");
    let start = [token, 3, 1, 1, SECOND as u32, 0, 0];
    let places = [places, &[(SECOND, second), (START_CPU, &start)]].concat();
    crashes(&[hcall(0xf000, &[START_CPU]), first].concat(), &places, &["--smp", "2"])
}

// The other vCPU never leaves a loop, or sleeps in H_CEDE.
#[test]
fn an_interrupt_loop_of_one_vcpu_stops_the_others() {
    for first in [vec![b(0)], cede()] {
        let said = with_second(first, &[0], &[NO_HANDLERS]);
        let first_line = said.lines().next().expect("a line");
        for text in ["CPU 1", "interrupt loop", "Program", "0x700"] {
            assert!(first_line.contains(text), "{text:?} is not in {said}");
        }
    }
}

// LoPAR 2.9, stop-self: no vCPU remains that could start another one.
#[test]
fn a_guest_that_stops_its_last_vcpu_is_told() {
    let (_, token) = ::hcall::rtas_tokens().find(|(name, _)| *name == "stop-self").expect("a row");
    let said = crashes(&hcall(0xf000, &[START_CPU]), &[(START_CPU, &[token, 0, 1, 0])], &[]);
    assert!(said.contains("stopped its last CPU"), "{said}");
}

/// H_REGISTER_PROC_TBL of a table of 4 KiB, then translation on.
fn translates(table: u64) -> Vec<u32> {
    let on = [load(10, 0x8000_0000_0000_1030), vec![0x7d40_0164]]; // mtmsrd r10: SF, ME, IR, DR
    [hcall(0x37c, &[0x1d, table, 0, 0]), on.concat(), vec![li(3, 0), SC1, b(0)]].concat()
}

#[test]
fn a_process_table_outside_ram_is_refused_or_ends_in_an_interrupt_loop() {
    for table in [16 << 20, 1 << 30, (1 << 50) + 0x1000] {
        let said = crashes(&translates(table), &[NO_HANDLERS], &[]);
        assert!(said.contains("interrupt loop"), "{said}");
    }
}

/// An entry of a process table: a tree for 52 address bits with its root at `root`, which indexes this many
/// bits.
const fn process(root: u64, bits: u64) -> [u32; 2] {
    let entry = 2 << 61 | 5 << 5 | root | bits;
    [(entry >> 32) as u32, entry as u32]
}

#[test]
fn page_tables_that_are_broken_end_in_an_interrupt_loop() {
    let itself = process(TABLE, 13);
    let outside = process(1 << 40, 13);
    let wide = process(TABLE, 31);
    for table in [[0; 2], [u32::MAX; 2], itself, outside, wide] {
        let said = crashes(&translates(TABLE), &[NO_HANDLERS, (TABLE, &table)], &[]);
        assert!(said.contains("interrupt loop"), "{said}");
    }
}
