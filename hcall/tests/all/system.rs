// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Terminal, processor and page services, and RTAS, through registers. Expected values are those of LoPAR
//! 2.9.

use hcall::Status::*;
use hcall::tokens::*;
use hcall::{ProcessTableRange, rtas_tokens};
use std::time::{Duration, UNIX_EPOCH};
use tests::rig::*;
use vm_memory::{Bytes, GuestAddress};

#[test]
fn characters_lie_in_two_registers_from_the_high_byte_on() {
    let mut r = Rig::new();
    let args = [0, 10, u64::from_be_bytes(*b"Hello, w"), u64::from_be_bytes(*b"or------")];
    assert_eq!(r.status(H_PUT_TERM_CHAR, &args), Success);
    assert_eq!(r.machine.written, [(0, b"Hello, wor".to_vec())]);

    r.machine.typed = b"0123456789abcdefXY".to_vec();
    let (status, out) = r.hcall(H_GET_TERM_CHAR, &[UNIT]);
    let expected = [16, u64::from_be_bytes(*b"01234567"), u64::from_be_bytes(*b"89abcdef")];
    assert_eq!((status, &out[..3]), (Success, &expected[..]));
    let (_, out) = r.hcall(H_GET_TERM_CHAR, &[UNIT]);
    assert_eq!(out[..3], [2, u64::from_be_bytes(*b"XY\0\0\0\0\0\0"), 0]);
    assert_eq!(r.hcall(H_GET_TERM_CHAR, &[UNIT]).1[0], 0);
}

#[test]
fn a_put_of_0_to_16_characters_is_taken_and_more_is_h_parameter() {
    let mut r = Rig::new();
    for len in 0..=16 {
        assert_eq!(r.status(H_PUT_TERM_CHAR, &[0, len, 0, 0]), Success);
    }
    assert_eq!(r.machine.written.len(), 17);
    for len in [17, 1 << 32, 1 << 63, u64::MAX] {
        assert_eq!(r.status(H_PUT_TERM_CHAR, &[0, len, 0, 0]), Parameter);
    }
    assert_eq!(r.machine.written.len(), 17);
}

#[test]
fn a_terminal_that_is_not_there_is_h_parameter_and_its_state_is_told() {
    let mut r = Rig::new();
    for unit in [1, 0x7100_0001, 1 << 32, u64::MAX] {
        assert_eq!(r.status(H_PUT_TERM_CHAR, &[unit, 1, 0, 0]), Parameter);
        assert_eq!(r.status(H_GET_TERM_CHAR, &[unit]), Parameter);
    }
    for status in [Busy, Closed, Hardware] {
        r.machine.terminal = Err(status);
        assert_eq!(r.status(H_PUT_TERM_CHAR, &[0, 1, 0, 0]), status);
        assert_eq!(r.status(H_GET_TERM_CHAR, &[0]), status);
    }
}

#[test]
fn h_set_mode_sets_the_byte_order_of_interrupts() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_SET_MODE, &[1, 4, 0, 0]), Success);
    assert_eq!(r.machine.little_endian, Some(true));
    assert_eq!(r.status(H_SET_MODE, &[0, 4, 0, 0]), Success);
    assert_eq!(r.machine.little_endian, Some(false));
}

// LPCR[AIL] 0 and 3; 1 is reserved, and POWER9 does not have 2 (Power ISA 3.0B, Book III, LPCR).
#[test]
fn h_set_mode_sets_where_interrupts_are_taken() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_SET_MODE, &[3, 3, 0, 0]), Success);
    assert_eq!(r.machine.relocated, Some(true));
    assert_eq!(r.status(H_SET_MODE, &[0, 3, 0, 0]), Success, "with translation off");
    assert_eq!(r.machine.relocated, Some(false));
}

// LoPAR 2.9, H_REGISTER_PROCESS_TABLE.
#[test]
fn a_process_table_is_registered_changed_and_taken_away() {
    let mut r = Rig::new();
    let call = |r: &mut Rig, args: [u64; 4]| r.status(H_REGISTER_PROC_TBL, &args);
    assert_eq!(call(&mut r, [0x1d, 0x10_0000, 0, 12]), Success);
    let table = Some(ProcessTableRange { base: 0x10_0000, bytes: 16 << 20 });
    assert_eq!(r.machine.process_table, Some(table));
    for (args, status) in [
        ([0x3d, 0x10_0000, 0, 12], Parameter), // reserved flag
        ([0x19, 0x10_0000, 0, 12], Parameter), // hash
        ([0x1d, 0x10_0010, 1, 25], P2),
        ([0x1d, 1 << 60, 1, 25], P2),
        ([0x1d, 0x10_0000, 1, 25], P3),
        ([0x1d, 0x10_0000, 0, 25], P4),
        ([0x1d, 0x10_0000, 0, u64::MAX], P4),
        ([0x05, 1, 1, 99], Success), // keeps the registered table
    ] {
        assert_eq!(call(&mut r, args), status, "{args:x?}");
        assert_eq!(r.machine.process_table, Some(table));
    }
    assert_eq!(call(&mut r, [0x10, 0, 0, 0]), Success);
    assert_eq!(r.machine.process_table, Some(None));
}

#[test]
fn h_set_mode_refuses_resource_then_values_then_flags() {
    let mut r = Rig::new();
    for (args, status) in [
        ([9, 0, 9, 9], P2),
        ([9, 1, 9, 9], P2),
        ([9, 5, 9, 9], P2),
        ([9, u64::MAX, 0, 0], P2),
        ([9, 4, 9, 9], P3),
        ([9, 4, 0, 9], P4),
        ([2, 4, 0, 0], UnsupportedFlag(62)),
        ([1 << 63, 4, 0, 0], UnsupportedFlag(0)),
        ([1, 3, 0, 0], UnsupportedFlag(63)),
        ([2, 3, 0, 0], UnsupportedFlag(62)),
        ([0, 3, 1, 0], P3),
        ([0, 3, 0, 1], P4),
    ] {
        assert_eq!(r.status(H_SET_MODE, &args), status, "{args:x?}");
    }
    assert_eq!(r.machine.little_endian, None);
}

// Guests take H_PRIVILEGE here as the sign of a `sc 1` that does not reach a hypervisor.
#[test]
fn h_set_dabr_is_refused_but_not_with_h_privilege() {
    let mut r = Rig::new();
    for value in [0, 4, u64::MAX] {
        assert_eq!(r.status(H_SET_DABR, &[value]), Hardware);
    }
}

#[test]
fn h_set_sprg0_h_cede_and_h_random_reach_the_machine() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_SET_SPRG0, &[0x0123_4567_89ab_cdef]), Success);
    assert_eq!(r.machine.sprg0, Some(0x0123_4567_89ab_cdef));
    assert_eq!(r.status(H_CEDE, &[]), Success);
    assert_eq!(r.machine.ceded, 1);
    assert_eq!(r.status(H_RANDOM, &[]), Hardware);
    r.machine.random = Some(0xfeed);
    let (status, out) = r.hcall(H_RANDOM, &[]);
    assert_eq!((status, out[0], out[1]), (Success, 0xfeed, 0x5555_5555_5555_5555));
}

/// LoPAR 2.9, "Page Frame Table Access flags field definition": bit n from the left.
const fn flag(bit: u32) -> u64 {
    1 << (63 - bit)
}
const INVALIDATE: u64 = flag(40);
const SYNCHRONIZE: u64 = flag(41);
const ZERO: u64 = flag(48);
const COPY: u64 = flag(49);

/// A page of one byte, and the first and last byte of a page.
fn fill(r: &Rig, at: u64, byte: u8) {
    r.memory.write_slice(&[byte; 4096], GuestAddress(at)).expect("in memory");
}
fn page(r: &Rig, at: u64) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    r.memory.read_slice(&mut bytes, GuestAddress(at)).expect("in memory");
    bytes
}

#[test]
fn h_page_init_zeroes_or_copies_one_page() {
    let mut r = Rig::new();
    for at in [A - 0x1000, A, A + 0x1000] {
        fill(&r, at, 0xaa);
    }
    fill(&r, B, 0xbb);
    assert_eq!(r.status(H_PAGE_INIT, &[COPY, A, B]), Success);
    assert_eq!(page(&r, A), [0xbb; 4096]);
    assert_eq!(r.status(H_PAGE_INIT, &[ZERO | COPY, A, A + 0x1000]), Success);
    assert_eq!(page(&r, A), [0xaa; 4096]);
    assert_eq!(r.status(H_PAGE_INIT, &[ZERO, A, 0x123]), Success, "the source does not count");
    assert_eq!(page(&r, A), [0; 4096]);
    assert_eq!(r.status(H_PAGE_INIT, &[INVALIDATE, B, 0]), Success);
    assert_eq!(r.status(H_PAGE_INIT, &[SYNCHRONIZE, B, 0]), Success);
    assert_eq!(page(&r, B), [0xbb; 4096]);
    assert_eq!((page(&r, A - 0x1000), page(&r, A + 0x1000)), (vec![0xaa; 4096], vec![0xaa; 4096]));
}

// The instruction cache of POWER9 is coherent: code becomes stale when a hypercall writes over it, without an
// icbi.
#[test]
fn decoded_code_that_a_hypercall_writes_over_becomes_stale() {
    const BUFFER: u64 = B + 0x100;
    let nvram_fetch = rtas_tokens().find(|(name, _)| *name == "nvram-fetch").expect("a row").1;
    for (token, args, at) in [
        (H_PAGE_INIT, vec![ZERO, A, 0], A),
        (H_PAGE_INIT, vec![COPY, A, B], A),
        (H_LOGICAL_CACHE_STORE, vec![4, A + 8, 0], A + 8),
        (H_RTAS, vec![A], BUFFER),
        (H_RTAS, vec![A], A + 24), // its status is written, too
    ] {
        let mut r = Rig::new();
        r.machine.nvram = Some(Kept { bytes: vec![0; 16].into(), broken: false });
        let block = [nvram_fetch, 3, 2, 0, BUFFER as u32, 8, 0, 0];
        let block: Vec<u8> = block.iter().flat_map(|word: &u32| word.to_be_bytes()).collect();
        r.memory.write_slice(&block, GuestAddress(A)).expect("in memory");
        ram::watch_code(&r.memory);
        let (watch, offset) = ram::code_at(&r.memory, at).expect("in memory");
        watch.mark(offset);
        let before = watch.generation(offset / ram::PAGE);
        assert_eq!(r.status(token, &args), Success);
        let (watch, _) = ram::code_at(&r.memory, at).expect("in memory");
        assert_ne!(watch.generation(offset / ram::PAGE), before, "{token:x} {args:x?}");
    }
}

#[test]
fn h_page_init_refuses_a_page_that_is_unaligned_or_no_memory_and_writes_nothing() {
    let mut r = Rig::new();
    fill(&r, A, 0xaa);
    for args in [
        [ZERO, A + 8, 0],
        [ZERO, MEMORY, 0],
        [ZERO, 0xffff_ffff_ffff_f000, 0],
        [COPY, A, B + 1],
        [COPY, A, MEMORY],
        [ZERO | COPY, A, u64::MAX],
        [ZERO | 1, A, B],
        [ZERO | flag(28), A, B],
        [u64::MAX, A, B],
    ] {
        assert_eq!(r.status(H_PAGE_INIT, &args), Parameter, "{args:x?}");
    }
    assert_eq!(page(&r, A), [0xaa; 4096]);
}

/// The token of a service, from the list that the device tree has.
fn token(name: &str) -> u32 {
    rtas_tokens().find(|service| service.0 == name).expect("a service").1
}

#[test]
fn rtas_power_off_ends_the_run() {
    let mut r = Rig::new();
    r.write_words(LIST, &[token("power-off"), 2, 1, 0xffff_ffff, 0xffff_ffff, 77]);
    assert_eq!(r.status(H_RTAS, &[LIST]), Success);
    assert!(r.machine.powered_off);
    assert_eq!(r.words::<6>(LIST)[5], 0);
}

// LoPAR 2.9, get-time-of-day: eight outputs.
#[test]
fn rtas_get_time_of_day_gives_the_date_in_utc() {
    let mut r = Rig::new();
    r.write_words(LIST, &[token("get-time-of-day"), 0, 8]);
    assert_eq!(r.status(H_RTAS, &[LIST]), Success);
    let block = r.words::<12>(LIST);
    assert_eq!(block[3..11], [0, 2000, 2, 29, 0, 0, 0, 123_456_789]);
    assert_eq!(block[11], 0, "no word behind the outputs is written");

    r.machine.now = UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(r.status(H_RTAS, &[LIST]), Success);
    assert_eq!(r.words::<4>(LIST)[3], (-1i32).cast_unsigned());
}

#[test]
fn rtas_set_time_of_day_takes_a_date_in_utc_and_nothing_else() {
    let mut r = Rig::new();
    let before = r.machine.now;
    for (date, status) in [([2001, 2, 29, 0, 0, 0, 0], -3), ([2001, 9, 9, 1, 46, 40, 5], 0)] {
        assert_eq!(r.machine.now, before);
        r.write_words(LIST, &[&[token("set-time-of-day"), 7, 1][..], &date].concat());
        assert_eq!(r.status(H_RTAS, &[LIST]), Success);
        assert_eq!(r.words::<11>(LIST)[10].cast_signed(), status, "{date:?}");
    }
    assert_eq!(r.machine.now, UNIX_EPOCH + Duration::new(1_000_000_000, 5));
}

#[test]
fn rtas_display_character_writes_to_the_first_terminal() {
    let mut r = Rig::new();
    let block = [token("display-character"), 1, 1, u32::from(b'x'), 9];
    for (terminal, status) in [(Ok(()), 0), (Err(Busy), -2), (Err(Closed), -1)] {
        r.machine.terminal = terminal;
        r.write_words(LIST, &block);
        assert_eq!(r.status(H_RTAS, &[LIST]), Success);
        assert_eq!(r.words::<5>(LIST)[4].cast_signed(), status);
    }
    assert_eq!(r.machine.written, [(0, b"x".to_vec())]);
}

#[test]
fn rtas_answers_parameter_error_to_an_unknown_token_and_to_wrong_counts() {
    let mut r = Rig::new();
    let off = token("power-off");
    for (call, inputs, outputs) in
        [(0, 0, 1), (off + 1000, 2, 1), (off, 1, 1), (off, 3, 1), (off, 2, 2), (off, 16, 16)]
    {
        let mut block = vec![0u32; 3 + 32];
        block[..3].copy_from_slice(&[call, inputs, outputs]);
        r.write_words(LIST, &block);
        assert_eq!(r.status(H_RTAS, &[LIST]), Success);
        let status = r.words::<35>(LIST)[3 + usize::try_from(inputs).expect("small")];
        assert_eq!(status.cast_signed(), -3, "{call:#x} {inputs} {outputs}");
    }
    assert!(!r.machine.powered_off);
}

#[test]
fn rtas_refuses_a_block_that_is_no_memory_or_has_no_room_for_a_status() {
    let mut r = Rig::new();
    let off = token("power-off");
    for (inputs, outputs) in [(2, 0), (17, 1), (2, 17), (u32::MAX, 1), (2, u32::MAX)] {
        r.write_words(LIST, &[off, inputs, outputs]);
        assert_eq!(r.status(H_RTAS, &[LIST]), Parameter, "{inputs} {outputs}");
    }
    // The block ends at the end of memory, so that the status would be behind it.
    let end = MEMORY - 20;
    r.write_words(end, &[off, 2, 1, 0, 0]);
    for block in [end, MEMORY - 4, MEMORY, u64::MAX, u64::MAX - 11] {
        assert_eq!(r.status(H_RTAS, &[block]), Parameter, "{block:#x}");
    }
    assert!(!r.machine.powered_off);
}

// QEMU: h_logical_load and h_logical_store; LoPAR's H_LOGICAL_CI_LOAD has the rules for size and
// address.
#[test]
fn cached_loads_and_stores_are_big_endian_and_stay_in_ram() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_LOGICAL_CACHE_STORE, &[8, 0x1000, 0x0102_0304_0506_0708]), Success);
    for (size, address, value) in [
        (8, 0x1000, 0x0102_0304_0506_0708),
        (4, 0x1004, 0x0506_0708),
        (2, 0x1002, 0x0304),
        (1, 0x1007, 8),
    ] {
        let (status, out) = r.hcall(H_LOGICAL_CACHE_LOAD, &[size, address]);
        assert_eq!((status, out[0]), (Success, value));
    }
    assert_eq!(r.status(H_LOGICAL_CACHE_STORE, &[1, 0x1001, 0xffff]), Success);
    assert_eq!(r.hcall(H_LOGICAL_CACHE_LOAD, &[4, 0x1000]).1[0], 0x01ff_0304);
    for (size, address) in
        [(3, 0x1000), (0, 0x1000), (16, 0x1000), (8, 0x1004), (8, 1 << 60), (8, u64::MAX - 7)]
    {
        assert_eq!(r.status(H_LOGICAL_CACHE_LOAD, &[size, address]), Parameter);
        assert_eq!(r.status(H_LOGICAL_CACHE_STORE, &[size, address, 0]), Parameter);
        assert_eq!(r.status(H_LOGICAL_CI_LOAD, &[size, address]), Parameter);
    }
    assert_eq!(r.status(H_LOGICAL_CI_STORE, &[8, 0x1000, 0]), Parameter, "RAM is cached");
    assert_eq!(r.status(H_LOGICAL_DCBF, &[u64::MAX]), Success);
    assert_eq!(r.status(H_LOGICAL_ICBI, &[u64::MAX]), Success);
}

// LoPAR 2.9: a machine without the controller has none of its calls.
#[test]
fn without_an_interrupt_controller_its_calls_are_h_function() {
    let mut r = Rig::new();
    for token in [H_XIRR, H_XIRR_X, H_EOI, H_CPPR, H_IPI, H_IPOLL] {
        assert_eq!(r.status(token, &[0, 0]), Function);
    }
}
