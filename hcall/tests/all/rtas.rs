// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! RTAS services with buffers, and those for non-maskable interrupts, with good and bad addresses and
//! lengths. Expected values are those of LoPAR 2.9.

use hcall::Status::Success;
use hcall::tokens::H_RTAS;
use hcall::{NmiHandlers, rtas_tokens};
use std::sync::Mutex;
use tests::rig::*;
use vm_memory::{Bytes, GuestAddress};

/// 4 MiB of memory fit into 32 bits.
const RAM: u32 = MEMORY as u32;
const BUFFER: u32 = A as u32;
const NVRAM: u32 = 256;

/// The content of each output before a call.
const UNTOUCHED: u32 = 0x7777_7777;

/// Calls a service with these inputs and `N` outputs; returns the status and the other outputs.
fn call<const N: usize>(r: &mut Rig, name: &str, inputs: &[u32]) -> (i32, [u32; N]) {
    let (_, token) = rtas_tokens().find(|service| service.0 == name).expect(name);
    let counts = [token, inputs.len() as u32, N as u32 + 1];
    r.write_words(LIST, &[&counts, inputs, &[UNTOUCHED; 16][..N + 1]].concat());
    assert_eq!(r.status(H_RTAS, &[LIST]), Success);
    let at = LIST + 4 * (3 + inputs.len() as u64);
    (r.words::<1>(at)[0].cast_signed(), r.words(at + 4))
}

fn with_nvram() -> Rig {
    let mut r = Rig::new();
    r.machine.nvram = Some(Kept { bytes: Mutex::new((0..=255).collect()), broken: false });
    r
}

fn nvram(r: &Rig) -> Vec<u8> {
    r.machine.nvram.as_ref().expect("there is one").bytes.lock().expect("no panic").clone()
}

fn bytes(r: &Rig, at: u32, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    r.memory.read_slice(&mut bytes, GuestAddress(at.into())).expect("in memory");
    bytes
}

/// Index, buffer and length that leave the NVRAM or memory, or wrap.
const OUT_OF_RANGE: [[u32; 3]; 11] = [
    [NVRAM, BUFFER, 1],
    [NVRAM - 1, BUFFER, 2],
    [0, BUFFER, NVRAM + 1],
    [u32::MAX, BUFFER, 1],
    [u32::MAX, BUFFER, u32::MAX],
    [1, BUFFER, u32::MAX],
    [0, RAM, 1],
    [0, RAM - 1, 2],
    [0, u32::MAX, 1],
    [0, u32::MAX, 2],
    [0, u32::MAX - 7, 16],
];

// nvram-fetch: 0 and the number of bytes; -3: parameter out of range.
#[test]
fn nvram_fetch_copies_what_is_there_and_nothing_else() {
    let mut r = with_nvram();
    r.memory.write_slice(&[0xee; 20], GuestAddress(A)).expect("in memory");
    assert_eq!(call(&mut r, "nvram-fetch", &[0x10, BUFFER + 1, 5]), (0, [5]));
    let expected = [&[0xee][..], &[0x10, 0x11, 0x12, 0x13, 0x14], &[0xee; 14]].concat();
    assert_eq!(bytes(&r, BUFFER, 20), expected);
    assert_eq!(call(&mut r, "nvram-fetch", &[NVRAM - 1, RAM - 1, 1]), (0, [1]), "the last bytes");
    assert_eq!(bytes(&r, RAM - 1, 1), [0xff]);
    for inputs in OUT_OF_RANGE {
        let (status, _) = call::<1>(&mut r, "nvram-fetch", &inputs);
        assert_eq!(status, -3, "{inputs:x?}");
    }
    assert_eq!(bytes(&r, BUFFER, 20), expected);
    assert_eq!(nvram(&r), (0..=255).collect::<Vec<u8>>());
}

#[test]
fn nvram_store_changes_what_it_is_told_and_nothing_else() {
    let mut r = with_nvram();
    r.memory.write_slice(b"kept", GuestAddress(A)).expect("in memory");
    assert_eq!(call(&mut r, "nvram-store", &[0x20, BUFFER, 4]), (0, [4]));
    let mut expected: Vec<u8> = (0..=255).collect();
    expected[0x20..0x24].copy_from_slice(b"kept");
    assert_eq!(nvram(&r), expected);
    for inputs in OUT_OF_RANGE {
        let (status, _) = call::<1>(&mut r, "nvram-store", &inputs);
        assert_eq!(status, -3, "{inputs:x?}");
    }
    assert_eq!(nvram(&r), expected);
    assert_eq!(call(&mut r, "nvram-fetch", &[0x20, BUFFER + 8, 4]), (0, [4]));
    assert_eq!(bytes(&r, BUFFER + 8, 4), b"kept");
}

// As a token that RTAS does not have: -3, and the outputs are not written.
#[test]
fn without_nvram_its_services_do_not_exist() {
    let mut r = Rig::new();
    for name in ["nvram-fetch", "nvram-store"] {
        assert_eq!(call::<1>(&mut r, name, &[0, BUFFER, 1]), (-3, [UNTOUCHED]));
    }
}

// -1: hardware error. The guest's buffer is unchanged.
#[test]
fn nvram_whose_medium_fails_is_a_hardware_error() {
    let mut r = with_nvram();
    r.machine.nvram.as_mut().expect("there is one").broken = true;
    r.memory.write_slice(b"mine", GuestAddress(A)).expect("in memory");
    for name in ["nvram-fetch", "nvram-store"] {
        assert_eq!(call::<1>(&mut r, name, &[0, BUFFER, 4]).0, -1, "{name}");
    }
    assert_eq!(bytes(&r, BUFFER, 4), b"mine");
    assert_eq!(nvram(&r), (0..=255).collect::<Vec<u8>>());
}

/// SPLPAR characteristics: 4 MiB of memory and three processors, each with an entitlement of one whole
/// processor.
const CHARACTERISTICS: &[u8] = b"MaxEntCap=300,DesMem=4,DesProcs=3,MaxPlatProcs=3\0";

// "The first two bytes ... are the length of the returned data, not counting these ... includes the
// length of the NULL. If the buffer length is less ... the data is truncated at the end of the buffer."
#[test]
fn a_system_parameter_has_its_length_before_it_and_is_cut_at_the_end_of_the_buffer() {
    let whole = [&[0, CHARACTERISTICS.len() as u8], CHARACTERISTICS].concat();
    for len in [4002, whole.len(), whole.len() - 1, 3, 2, 1] {
        let mut r = Rig::new();
        r.memory.write_slice(&[0xee; 64], GuestAddress(A)).expect("in memory");
        let name = "ibm,get-system-parameter";
        assert_eq!(call(&mut r, name, &[20, BUFFER, len as u32]), (0, []));
        let mut expected = whole[..len.min(whole.len())].to_vec();
        expected.resize(64, 0xee);
        assert_eq!(bytes(&r, BUFFER, 64), expected, "{len}");
    }
}

// -3: not supported; -9999: parameter error.
#[test]
fn a_system_parameter_that_is_not_there_and_a_buffer_that_is_no_memory_are_told_apart() {
    let mut r = Rig::new();
    let name = "ibm,get-system-parameter";
    for parameter in [0, 19, 21, u32::MAX] {
        assert_eq!(call(&mut r, name, &[parameter, BUFFER, 4002]), (-3, []));
    }
    for (buffer, length) in
        [(RAM, 1), (RAM - 1, 2), (RAM - 1, 4002), (u32::MAX, 2), (BUFFER, u32::MAX)]
    {
        assert_eq!(call(&mut r, name, &[20, buffer, length]), (-9999, []), "{buffer:#x}");
    }
    assert_eq!(bytes(&r, RAM - 1, 1), [0]);
}

// "NULL terminated string"; the call always returns with success, as the property ibm,extended-os-term
// promises.
#[test]
fn the_last_word_of_an_operating_system_ends_at_its_null_or_at_the_end_of_memory() {
    let mut r = Rig::new();
    r.memory.write_slice(b"panic: no init\0behind", GuestAddress(A)).expect("in memory");
    r.memory.write_slice(b"end", GuestAddress(MEMORY - 3)).expect("in memory");
    r.memory.write_slice(&[b'x'; 5000], GuestAddress(B)).expect("in memory");
    for string in [BUFFER, RAM - 3, RAM, u32::MAX, B as u32] {
        assert_eq!(call(&mut r, "ibm,os-term", &[string]), (0, []), "{string:#x}");
    }
    let said: Vec<_> = r.machine.os_terminated.iter().map(String::as_str).collect();
    assert_eq!(said[..4], ["panic: no init", "end", "", ""]);
    assert_eq!((said.len(), said[4].chars().all(|c| c == 'x')), (5, true));
    assert!(said[4].len() < 5000, "a string without end is cut");
}

// Status 1: no errors found, for every request; the buffer for a log is not checked.
#[test]
fn no_event_is_ever_found() {
    let mut r = Rig::new();
    for inputs in
        [[0xf000_0000, 0, BUFFER, 2048], [u32::MAX, 1, RAM, 1], [0, 0, u32::MAX, u32::MAX]]
    {
        assert_eq!(call(&mut r, "event-scan", &inputs), (1, []), "{inputs:x?}");
    }
}

// "(in the first 32 MB of memory)"; -3: parameter error. The rig has 4 MiB.
#[test]
fn routines_for_non_maskable_interrupts_are_instructions_in_low_memory() {
    let mut r = Rig::new();
    let name = "ibm,nmi-register";
    for bad in [RAM, RAM - 2, 0x1002, 32 << 20, (32 << 20) - 4, u32::MAX, u32::MAX - 3] {
        assert_eq!(call(&mut r, name, &[bad, 0x2000]), (-3, []), "{bad:#x}");
        assert_eq!(call(&mut r, name, &[0x2000, bad]), (-3, []), "{bad:#x}");
    }
    assert_eq!(r.machine.nmi, None);
    for (system_reset, machine_check) in [(0, RAM - 4), (0x1000, 0x2000)] {
        assert_eq!(call(&mut r, name, &[system_reset, machine_check]), (0, []));
        let [system_reset, machine_check] = [system_reset, machine_check].map(u64::from);
        assert_eq!(r.machine.nmi, Some(NmiHandlers { system_reset, machine_check }));
    }
}

// Status 0: success; -1: hardware error.
#[test]
fn the_interlock_gives_back_what_the_caller_has() {
    let mut r = Rig::new();
    assert_eq!(call(&mut r, "ibm,nmi-interlock", &[]), (-1, []));
    r.machine.holds_error_log = true;
    assert_eq!(call(&mut r, "ibm,nmi-interlock", &[]), (0, []));
    assert_eq!(call(&mut r, "ibm,nmi-interlock", &[]), (-1, []));
}
