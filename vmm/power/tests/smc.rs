// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Self-modifying code (Power ISA 3.0B, Book II, 1.8): after dcbst, sync, icbi, sync, isync the
//! stored instruction runs. Without them either may; that is not asserted.

mod guest;

use guest::{AT, Guest};
use power::msr;

const BE: u64 = msr::SF | msr::ME;
const LE: u64 = BE | msr::LE;

/// `addi r3,r3,1`, the old instruction.
const OLD: u32 = 0x3863_0001;
/// `addi r3,r3,100`, the new one.
const NEW: u32 = 0x3863_0064;
/// dcbst 0,r6; sync; icbi 0,r6; sync; isync
const FLUSH: [u32; 5] = [0x7c00_306c, 0x7c00_04ac, 0x7c00_37ac, 0x7c00_04ac, 0x4c00_012c];
/// `stw r5,0(r6)`
const STORE: u32 = 0x90a6_0000;
/// `bctrl`: calls the code at CTR.
const CALL: u32 = 0x4e80_0421;
/// `blr`
const RETURN: u32 = 0x4e80_0020;

/// A guest that runs `code`; the modified word at `target` holds OLD at first.
fn guest(mode: u64, code: &[u32], target: u64) -> Guest {
    let mut guest = Guest::in_mode(mode, code);
    guest.code(target, &[OLD, RETURN]);
    guest.cpu.set_ctr(target);
    (guest.cpu.gpr[5], guest.cpu.gpr[6]) = (NEW.into(), target);
    guest
}

#[test]
fn a_new_instruction_runs_after_the_flush_in_another_page() {
    for mode in [BE, LE] {
        let code = [&[CALL, STORE], &FLUSH[..], &[CALL]].concat();
        let mut guest = guest(mode, &code, 0x2_0000);
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 101, "the old once, then the new");
    }
}

#[test]
fn a_new_instruction_runs_after_the_flush_in_the_page_being_executed() {
    for mode in [BE, LE] {
        let code = [&[CALL, STORE], &FLUSH[..], &[CALL]].concat();
        let mut guest = guest(mode, &code, AT + 0x800);
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 101);
    }
}

#[test]
fn a_new_instruction_runs_after_the_flush_in_the_block_being_executed() {
    for mode in [BE, LE] {
        // The word behind isync was decoded neither before nor after the store by the book's
        // rules; then the whole loop runs once more with the block in the cache.
        let code = [&[STORE], &FLUSH[..], &[OLD]].concat();
        let target = AT + 4 * 6;
        let mut guest = guest(mode, &code, target);
        guest.code(AT, &code);
        guest.code(target + 4, &[guest::LEAVE]);
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 100, "the new one");
        guest.cpu.gpr[5] = OLD.into();
        guest.cpu.set_nip(AT);
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 101, "and the old one again");
    }
}

#[test]
fn a_loop_may_rewrite_its_own_first_instruction() {
    for mode in [BE, LE] {
        // target: addi r3,r3,1; stw; flush; bdnz target
        let bdnz = 0x4200_0000 | (-4i32 * 7) as u32 & 0xfffc;
        let code = [&[OLD, STORE], &FLUSH[..], &[bdnz]].concat();
        let mut guest = Guest::in_mode(mode, &code);
        guest.cpu.set_ctr(3);
        (guest.cpu.gpr[5], guest.cpu.gpr[6]) = (NEW.into(), AT);
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 201, "old, new, new");
    }
}

#[test]
fn code_that_the_machine_wrote_before_the_first_run_needs_no_flush() {
    let mut guest = guest(BE, &[CALL], 0x2_0000);
    guest.code(0x2_0000, &[NEW]);
    guest.run();
    assert_eq!(guest.cpu.gpr[3], 100);
}

#[test]
fn the_same_words_are_other_instructions_in_the_other_endianness() {
    // `addi r3,r3,1` read backwards is `.long 0x01006338`, no instruction.
    let mut guest = Guest::new(&[OLD]);
    guest.run();
    assert_eq!(guest.cpu.gpr[3], 1);
    guest.cpu.set_msr(LE);
    guest.cpu.set_nip(AT);
    assert_eq!(guest.run(), 0x700);
    assert_eq!(guest.cpu.illegal().last, OLD.swap_bytes());
}

/// `bdnz` by so many instructions.
fn bdnz(by: i32) -> u32 {
    0x4200_0000 | (4 * by) as u32 & 0xfffc
}

/// A loop that has run is one whose blocks know each other.
#[test]
fn an_invalidation_by_another_cpu_reaches_a_loop_that_has_run() {
    for mode in [BE, LE] {
        // bl target; bdnz -1; sc 1; target: addi r3,r3,1; blr
        let target = AT + 4 * 3;
        let mut guest = Guest::in_mode(mode, &[0x4800_000d, bdnz(-1), guest::LEAVE, OLD, RETURN]);
        let mut other = guest.cpu.sibling();
        let sum = |guest: &mut Guest, turns| {
            guest.cpu.set_nip(AT);
            guest.cpu.set_ctr(turns);
            guest.cpu.gpr[3] = 0;
            guest.run();
            guest.cpu.gpr[3]
        };
        for (word, adds) in [(OLD, 1), (NEW, 100), (OLD, 1)] {
            guest.code(target, &[word]);
            other.invalidate_instructions(target, 4);
            assert_eq!(sum(&mut guest, 1), adds);
            assert_eq!(sum(&mut guest, 1000), 1000 * adds);
        }
    }
}

#[test]
fn code_of_more_blocks_than_are_kept_runs_again_and_again() {
    const NEXT: u32 = 0x4800_0004; // b +4
    let blocks = (guest::END - AT) / 4 - 1;
    let mut guest = Guest::new(&vec![NEXT; blocks as usize]);
    for turn in 1..=3 {
        guest.cpu.set_nip(AT);
        assert_eq!(guest.run(), guest::END - 4);
        assert_eq!(guest.cpu.instructions(), turn * (blocks + 1));
    }
}
