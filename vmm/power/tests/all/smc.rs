// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Self-modifying code (Power ISA 3.0B, Book II, 1.8): after dcbst, sync, icbi, sync, isync the stored
//! instruction runs. The caches of POWER9 are coherent, and Linux relies on that: after a context
//! synchronization the new instruction runs without any icbi, whichever CPU or device wrote it.

use crate::guest::{AT, DATA, Guest};
use power::{Cpu, Exit, msr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vm_memory::{Bytes, GuestAddress};

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

/// A guest that runs `code`; the word at `target` is OLD at first.
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
        // The word behind isync was decoded neither before nor after the store by the book's rules; then the
        // whole loop runs a second time with the block in the cache.
        let code = [&[STORE], &FLUSH[..], &[OLD]].concat();
        let target = AT + 4 * 6;
        let mut guest = guest(mode, &code, target);
        guest.code(AT, &code);
        guest.code(target + 4, &[crate::guest::LEAVE]);
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

/// `bdnz` with a displacement in instructions.
fn bdnz(by: i32) -> u32 {
    0x4200_0000 | (4 * by) as u32 & 0xfffc
}

/// `isync`
const ISYNC: u32 = 0x4c00_012c;
/// Address of the callee of the following tests, `addi r3,r3,1; blr`, in a page of its own.
const CALLEE: u64 = 0x2_0000;
/// Address of the code that stores.
const WRITER: u64 = 0x3000;

/// Instructions that store NEW at r6. The byte, the halfword and the doubleword differ by byte order; r7 and
/// r10 || r11 hold the callee with the new instruction.
fn ways(little: bool) -> [(&'static str, &'static [u32]); 10] {
    let by_order = |big: &'static [u32], end: &'static [u32]| if little { end } else { big };
    [
        ("stb", by_order(&[0x98a6_0003], &[0x98a6_0000])),
        ("sth", by_order(&[0xb0a6_0002], &[0xb0a6_0000])),
        ("stw", &[STORE]),
        ("std", &[0xf8e6_0000]),
        ("std of r14, half of it before the callee", &[0xf9c6_fffc]),
        ("lwarx, stwcx.", &[0x7d20_3028, 0x7ca0_312d]),
        ("stvx", &[0x7c40_31ce]),
        ("stq", &[0xf946_0002]),
        ("lqarx, stqcx.", &[0x7d80_3228, 0x7d40_316d]),
        ("dcbz, stw, stw", &[0x7c00_37ec, STORE, 0x9106_0004]),
    ]
}

/// Sets the registers whose values the ways store, for a callee at `at`.
fn give_values(cpu: &mut Cpu, little: bool, at: u64) {
    let (new, back) = (u64::from(NEW), u64::from(RETURN));
    let callee = if little { back << 32 | new } else { new << 32 | back };
    (cpu.gpr[5], cpu.gpr[6], cpu.gpr[7], cpu.gpr[8]) = (new, at, callee, back);
    (cpu.gpr[10], cpu.gpr[11]) = if little { (0, callee) } else { (callee, 0) };
    cpu.gpr[14] = if little { new << 32 } else { new };
    let quad = if little { u128::from(callee) } else { u128::from(callee) << 64 };
    cpu.set_vsr(34, quad);
}

/// The callee has run, so it is decoded. Then one CPU stores into it in each way, at its address or at
/// another address of the same page, and a CPU that ran it before runs it again.
#[test]
fn code_that_any_cpu_stores_in_any_way_runs_after_isync_without_icbi() {
    const ALIAS: u64 = CALLEE | 1 << 60; // real mode ignores the four high bits
    for mode in [BE | msr::VEC, LE | msr::VEC] {
        let little = mode & msr::LE != 0;
        for (name, store) in ways(little) {
            for (by_sibling, at) in [(false, CALLEE), (false, ALIAS), (true, CALLEE), (true, ALIAS)]
            {
                let mut guest = guest(mode, &[CALL, crate::guest::LEAVE, ISYNC, CALL], CALLEE);
                guest.code(WRITER, &[store, &[crate::guest::LEAVE]].concat());
                let mut sibling = guest.cpu.sibling();
                sibling.set_msr(mode);
                // Both CPUs have stored there before the page has code, so both treat it as a page for plain
                // stores.
                for cpu in [&mut guest.cpu, &mut sibling] {
                    let nip = cpu.nip();
                    give_values(cpu, little, at);
                    cpu.set_nip(WRITER);
                    assert_eq!(cpu.run(), Exit::Hcall);
                    cpu.set_nip(nip);
                }
                guest.code(CALLEE, &[OLD, RETURN]);
                guest.run();
                assert_eq!(guest.cpu.gpr[3], 1);
                let back = guest.cpu.nip();
                let writer = if by_sibling { &mut sibling } else { &mut guest.cpu };
                give_values(writer, little, at);
                writer.set_nip(WRITER);
                assert_eq!(writer.run(), Exit::Hcall);
                guest.cpu.set_nip(back);
                guest.run();
                assert_eq!(guest.cpu.gpr[3], 101, "{name} {mode:x} {by_sibling} {at:x}");
            }
        }
    }
}

#[test]
fn a_block_of_code_that_dcbz_made_zero_is_no_instruction() {
    let mut guest = guest(BE, &[CALL, 0x7c00_37ec, ISYNC, CALL], CALLEE);
    assert_eq!(guest.run(), 0x700);
    assert_eq!((guest.cpu.gpr[3], guest.spr("srr0")), (1, CALLEE));
}

/// Unequal words at two addresses of one page: the rest of the page's decoded code is kept, and the stored
/// word runs.
#[test]
fn a_store_to_one_function_leaves_the_others_of_its_page_as_they_are() {
    for mode in [BE, LE] {
        // The code calls the function at CTR, stores into another function of its page, and calls again.
        let mut guest = guest(mode, &[CALL, STORE, ISYNC, CALL], CALLEE);
        guest.code(CALLEE + 0x100, &[OLD, RETURN]);
        guest.cpu.gpr[6] = CALLEE + 0x100;
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 2, "the old one, twice");
        guest.cpu.set_ctr(CALLEE + 0x100);
        guest.cpu.set_nip(AT);
        guest.run();
        assert_eq!(guest.cpu.gpr[3], 2 + 200, "the new one, twice");
    }
}

#[test]
fn a_trace_interrupt_follows_the_instruction_that_was_stored() {
    let mut guest = guest(BE, &[CALL, STORE, ISYNC, CALL], CALLEE);
    guest.cpu.set_msr(BE | msr::BE);
    let mut traced = 0;
    while guest.run() == 0xd00 {
        traced += 1;
        let srr0 = guest.spr("srr0");
        guest.cpu.set_nip(srr0);
        guest.cpu.set_msr(BE | msr::BE);
    }
    assert_eq!(traced, 4, "to the callee and back, twice");
    assert_eq!(guest.cpu.gpr[3], 101);
}

/// The blocks of a loop that has run are chained. Here the machine, a device or a hypercall writes to such a
/// loop.
#[test]
fn a_write_by_the_machine_reaches_a_loop_that_has_run() {
    for mode in [BE, LE] {
        // bl target; bdnz -1; sc 1; target: addi r3,r3,1; blr
        let target = AT + 4 * 3;
        let mut guest =
            Guest::in_mode(mode, &[0x4800_000d, bdnz(-1), crate::guest::LEAVE, OLD, RETURN]);
        let sum = |guest: &mut Guest, turns| {
            guest.cpu.set_nip(AT);
            guest.cpu.set_ctr(turns);
            guest.cpu.gpr[3] = 0;
            guest.run();
            guest.cpu.gpr[3]
        };
        for (word, adds) in [(OLD, 1), (NEW, 100), (OLD, 1)] {
            guest.code(target, &[word]);
            assert_eq!(sum(&mut guest, 1), adds);
            assert_eq!(sum(&mut guest, 1000), 1000 * adds);
        }
    }
}

/// One CPU writes `li r3,n` into the callee and then n into a word; the other waits for n, synchronizes its
/// context, and calls. When the words are in the callee's page, each of them is also data beside code.
#[test]
fn a_cpu_runs_what_another_one_patches_while_both_run() {
    const ROUNDS: u64 = 300;
    let patches = [
        0x3880_0000, // li r4,0
        0x3884_0001, // addi r4,r4,1
        0x7d45_2378, // or r5,r10,r4
        0x90a6_0000, // stw r5,0(r6)
        0x7c00_04ac, // sync
        0x9087_0000, // stw r4,0(r7)
        0x8068_0000, // lwz r3,0(r8)
        0x7c03_2000, // cmpw r3,r4
        0x4082_fff8, // bne -8
        0x4c00_012c, // isync
        0x7c04_4800, // cmpw r4,r9
        0x4180_ffd8, // blt -40
        crate::guest::LEAVE,
    ];
    let runs = [
        0x3880_0000, // li r4,0
        0x3884_0001, // addi r4,r4,1
        0x80a7_0000, // lwz r5,0(r7)
        0x7c05_2000, // cmpw r5,r4
        0x4082_fff8, // bne -8
        0x4c00_012c, // isync
        CALL,        // r3 <- n
        0x7c03_2000, // cmpw r3,r4
        0x4082_0014, // bne to the end
        0x7c00_04ac, // sync
        0x9068_0000, // stw r3,0(r8)
        0x7c04_4800, // cmpw r4,r9
        0x4180_ffd4, // blt -44
        crate::guest::LEAVE,
    ];
    for mode in [BE, LE] {
        for words in [DATA, CALLEE + 0x800, CALLEE + 8] {
            let mut guest = guest(mode, &runs, CALLEE);
            guest.code(WRITER, &patches);
            let mut other = guest.cpu.sibling();
            other.set_msr(mode);
            other.set_nip(WRITER);
            for cpu in [&mut guest.cpu, &mut other] {
                (cpu.gpr[6], cpu.gpr[7], cpu.gpr[8]) = (CALLEE, words, words + 4);
                (cpu.gpr[9], cpu.gpr[10]) = (ROUNDS, 0x3860_0000);
            }
            let stop = other.kicker();
            let patching = std::thread::spawn(move || other.run());
            assert_eq!(guest.cpu.run(), Exit::Hcall);
            stop.kick();
            let (ran, last) = (guest.cpu.gpr[3], guest.cpu.gpr[4]);
            assert_eq!((ran, last), (ROUNDS, ROUNDS), "{mode:x}, words at {words:x}");
            patching.join().expect("no panic");
        }
    }
}

/// Another thread of the machine writes, as a device does, and announces it through memory.
#[test]
fn a_cpu_that_runs_sees_what_the_machine_writes() {
    const ROUNDS: u32 = 300;
    // wait: lwz r4,0(r7); cmpw r4,r3; beq wait; isync; bctrl; stw r3,4(r7); cmpw r3,r9; bne wait; sc 1
    let code =
        [0x8087_0000, 0x7c04_1800, 0x4182_fff8, ISYNC, CALL, 0x9067_0004, 0x7c03_4800, 0x4082_ffe4];
    let mut guest = guest(BE, &code, CALLEE);
    (guest.cpu.gpr[7], guest.cpu.gpr[9]) = (DATA, ROUNDS.into());
    guest.cpu.gpr[3] = 0;
    let ram = Arc::clone(&guest.ram);
    let runs = std::thread::spawn(move || {
        assert_eq!(guest.cpu.run(), Exit::Hcall);
        guest.cpu.gpr[3]
    });
    for n in 1..=ROUNDS {
        ram.write_slice(&(0x3860_0000 | n).to_be_bytes(), GuestAddress(CALLEE)).expect("RAM");
        ram.store(n.to_be(), GuestAddress(DATA), Ordering::Release).expect("RAM");
        loop {
            let ran: u32 = ram.load(GuestAddress(DATA + 4), Ordering::Acquire).expect("RAM");
            if u32::from_be(ran) == n || runs.is_finished() {
                break;
            }
            std::thread::yield_now();
        }
    }
    assert_eq!(runs.join().expect("no panic"), u64::from(ROUNDS));
}

#[test]
fn code_of_more_blocks_than_are_kept_runs_again_and_again() {
    const NEXT: u32 = 0x4800_0004; // b +4
    let blocks = (crate::guest::END - AT) / 4 - 1;
    let mut guest = Guest::new(&vec![NEXT; blocks as usize]);
    for turn in 1..=3 {
        guest.cpu.set_nip(AT);
        assert_eq!(guest.run(), crate::guest::END - 4);
        assert_eq!(guest.cpu.instructions(), turn * (blocks + 1));
    }
}
