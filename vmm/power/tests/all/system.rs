// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Behaviour that takes more than one instruction or row to show: reservations, storage access at every
//! alignment, the dirty log, invalid forms, special-purpose registers.

use crate::guest::{AT, DATA, END, Guest, NOP};
use power::{
    form, isa, msr,
    spr::{self, Keep, SprAccess},
    word::Word,
};
use std::ops::Deref;
use vm_memory::bitmap::Bitmap;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryRegion};

const BE: u64 = msr::SF | msr::ME;
const LE: u64 = BE | msr::LE;

/// CR0[EQ] in the condition register.
const EQ: u32 = 0x2000_0000;

/// `larx r3,r4,r5`, `stcx. r6,r4,r5` and bytes of their operand. For 16 bytes r8 and r6.
const RESERVATIONS: &[(u32, u32, usize)] = &[
    (0x7c64_2868, 0x7cc4_2d6d, 1),
    (0x7c64_28e8, 0x7cc4_2dad, 2),
    (0x7c64_2828, 0x7cc4_292d, 4),
    (0x7c64_28a8, 0x7cc4_29ad, 8),
    (0x7d04_2a28, 0x7cc4_296d, 16),
];

/// A guest that is about to run `code` with r4 + r5 = DATA and r6, r7 to be stored.
fn reserving(mode: u64, code: &[u32]) -> Guest {
    let mut guest = Guest::in_mode(mode, code);
    (guest.cpu.gpr[4], guest.cpu.gpr[5]) = (DATA - 16, 16);
    (guest.cpu.gpr[6], guest.cpu.gpr[7]) = (0x1112_1314_1516_1718, 0x2122_2324_2526_2728);
    guest.ram.write_slice(&[0xee; 16], GuestAddress(DATA)).expect("in RAM");
    guest
}

fn stored(guest: &Guest) -> [u8; 16] {
    let mut bytes = [0; 16];
    guest.ram.read_slice(&mut bytes, GuestAddress(DATA)).expect("in RAM");
    bytes
}

#[test]
fn a_store_conditional_stores_once_after_its_load() {
    for (mode, little) in [(BE, false), (LE, true)] {
        for &(larx, stcx, bytes) in RESERVATIONS {
            let mut guest = reserving(mode, &[larx, stcx]);
            guest.run();
            assert_eq!(guest.cpu.cr(), EQ, "{bytes} bytes were stored");
            // The low bytes of r6, or all of r6 || r7, most significant first or last.
            let pair = u128::from(guest.cpu.gpr[6]) << 64 | u128::from(guest.cpu.gpr[7]);
            let value = if bytes == 16 { pair } else { guest.cpu.gpr[6].into() };
            let (be, le) = (value.to_be_bytes(), value.to_le_bytes());
            let want = if little { &le[..bytes] } else { &be[16 - bytes..] };
            let got = stored(&guest);
            assert_eq!(got[..bytes], *want, "{bytes} bytes");
            assert!(got[bytes..].iter().all(|b| *b == 0xee), "and no more");

            guest.cpu.set_nip(AT + 4);
            guest.cpu.gpr[6] = 0;
            guest.run();
            assert_eq!(guest.cpu.cr(), 0, "the reservation is used up");
            assert_eq!(stored(&guest), got);
        }
    }
}

#[test]
fn a_store_conditional_fails_after_another_store_to_its_operand() {
    for &(larx, stcx, bytes) in RESERVATIONS {
        let mut guest = reserving(BE, &[larx, crate::guest::LEAVE, stcx]);
        guest.run();
        guest.ram.write_slice(&[0x77], GuestAddress(DATA)).expect("in RAM");
        guest.run();
        assert_eq!(guest.cpu.cr(), 0, "{bytes} bytes");
        assert_eq!(stored(&guest)[..2], [0x77, 0xee]);
    }
}

#[test]
fn a_store_conditional_to_another_place_or_of_another_size_fails() {
    for (i, &(larx, _, _)) in RESERVATIONS.iter().enumerate() {
        let (_, other, _) = RESERVATIONS[(i + 1) % RESERVATIONS.len()];
        let mut guest = reserving(BE, &[larx, other]);
        guest.run();
        assert_eq!(guest.cpu.cr(), 0);
    }
    let (larx, stcx, _) = RESERVATIONS[2];
    let mut guest = reserving(BE, &[larx, 0x38a5_0010, stcx]); // addi r5,r5,16
    guest.run();
    assert_eq!(guest.cpu.cr(), 0);
    assert_eq!(stored(&guest), [0xee; 16]);
}

/// `lXzx r3,r4,r5` and `stXx r6,r4,r5` by the length of their operand.
const ACCESSES: &[(u32, u32, usize)] = &[
    (0x7c64_28ae, 0x7cc4_29ae, 1),
    (0x7c64_2a2e, 0x7cc4_2b2e, 2),
    (0x7c64_282e, 0x7cc4_292e, 4),
    (0x7c64_282a, 0x7cc4_292a, 8),
];

#[test]
fn loads_and_stores_work_at_every_alignment_and_across_pages() {
    for (mode, little) in [(BE, false), (LE, true)] {
        for &(load, store, bytes) in ACCESSES {
            for address in (1..24).chain(0x8fe8..0x9018) {
                // A fresh guest, whose TLB is empty.
                let mut guest = Guest::in_mode(mode, &[load, crate::guest::LEAVE, store, load]);
                let before: Vec<u8> = (0..32).map(|i| 0x80 + i).collect();
                guest.ram.write_slice(&before, GuestAddress(address - 1)).expect("in RAM");
                guest.cpu.gpr[4] = address;
                guest.cpu.gpr[6] = 0x0102_0304_0506_0708;

                let word = |operand: &[u8]| {
                    let place = |i: usize| if little { i } else { operand.len() - 1 - i };
                    let byte = |(i, b): (usize, &u8)| u64::from(*b) << (8 * place(i));
                    operand.iter().enumerate().map(byte).sum::<u64>()
                };
                guest.run();
                assert_eq!(guest.cpu.gpr[3], word(&before[1..=bytes]), "{bytes} at {address:#x}");

                guest.run();
                let low = guest.cpu.gpr[6] & u64::MAX >> (64 - 8 * bytes);
                assert_eq!(guest.cpu.gpr[3], low, "{bytes} at {address:#x}");
                let mut after = [0; 32];
                guest.ram.read_slice(&mut after, GuestAddress(address - 1)).expect("in RAM");
                assert_eq!(after[0], before[0]);
                assert_eq!(word(&after[1..=bytes]), low);
                assert_eq!(after[1 + bytes..], before[1 + bytes..]);
            }
        }
    }
}

#[test]
fn a_store_across_the_end_of_ram_changes_nothing() {
    let mut guest = Guest::new(&[0x7cc4_292a]); // stdx r6,r4,r5
    guest.cpu.gpr[4] = END - 4;
    guest.cpu.gpr[6] = u64::MAX;
    assert_eq!(guest.run(), 0x200);
    let mut bytes = [0; 4];
    guest.ram.read_slice(&mut bytes, GuestAddress(END - 4)).expect("in RAM");
    assert_eq!(bytes, [0; 4]);
}

#[test]
fn a_store_marks_its_page_dirty_once_in_each_period_of_the_log() {
    let dirty = |guest: &Guest, at: u64| {
        let region = guest.ram.find_region(GuestAddress(at)).expect("in RAM");
        region.bitmap().dirty_at(at as usize)
    };
    let clear = |guest: &Guest| {
        guest.ram.iter().for_each(|region| region.deref().bitmap().dirty().reset());
    };
    // lbz r5,0(r6); sc 1; stb r5,0(r6); sc 1; stb r5,0(r6)
    let code = [0x88a6_0000, crate::guest::LEAVE, 0x98a6_0000, crate::guest::LEAVE, 0x98a6_0000];
    let mut guest = Guest::new(&code);
    guest.cpu.gpr[6] = DATA;
    clear(&guest);
    guest.run();
    assert!(!dirty(&guest, DATA), "a load writes nothing");
    guest.run();
    assert!(dirty(&guest, DATA));
    assert!(!dirty(&guest, DATA + 0x1000), "nothing else");
    clear(&guest);
    guest.cpu.flush_translations();
    guest.run();
    assert!(dirty(&guest, DATA), "in the next period too");
}

/// Runs one word and returns the program interrupt's reason in SRR1.
fn refused(mode: u64, word: u32) -> u64 {
    let mut guest = Guest::in_mode(mode, &[word]);
    assert_eq!(guest.run(), 0x700, "{word:08x}");
    guest.spr("srr1") & 0xf_0000
}

const ILLEGAL: u64 = 1 << (63 - 44);
const PRIVILEGED: u64 = 1 << (63 - 45);

#[test]
fn invalid_forms_are_illegal_instructions() {
    let words = [
        0x8c63_0008,            // lbzu r3,8(r3): RA=RT
        0x8c60_0008,            // lbzu r3,8(0)
        0x7c63_28ee,            // lbzux r3,r3,r5
        0x9c60_0008,            // stbu r3,8(0)
        0xf860_0009,            // stdu r3,8(0)
        0xe0e4_0010,            // lq r7: odd
        0xe084_0010,            // lq r4,16(r4): RA=RT
        0xf8e4_0012,            // stq r7: odd
        0xbba0_0008 | 30 << 16, // lmw r29,8(r30): RA is loaded
        0x7fe1_54aa,            // lswi r31,r1,10: RA is loaded
        0x7ca5_342a,            // lswx r5,r5,r6: RA=RT
        0x7ce4_2a28,            // lqarx r7: odd
        0x7ce4_296d,            // stqcx. r7: odd
        0x4c00_0420,            // bcctr 0,0: decrements CTR
        0x7c60_04ac,            // sync 3: reserved
        0x7c93_0120,            // mtocrf with two fields
        0x0000_0200,            // attn
    ];
    for word in words {
        assert_eq!(refused(BE, word), ILLEGAL, "{word:08x}");
    }
}

#[test]
fn hypervisor_instructions_are_privileged_in_every_state_of_a_guest() {
    let words = [
        0x4c00_0224, // hrfid
        0x4c00_02e4, // stop
        0x7c00_199c, // msgsnd r3
        0x7c00_19dc, // msgclr r3
        0x7c00_06ec, // msgsync
        0x7c64_2eaa, // lbzcix r3,r4,r5
        0x7c64_2fea, // stdcix r3,r4,r5
    ];
    for word in words {
        assert_eq!(refused(BE, word), PRIVILEGED, "{word:08x}");
        assert_eq!(refused(BE | msr::PR, word), PRIVILEGED, "{word:08x}");
    }
}

#[test]
fn facilities_that_are_off_are_refused_before_anything_else() {
    // One instruction of each kind, with the vector of its interrupt.
    let words = [
        (0xc064_0008, 0x800), // lfs f3,8(r4)
        (0xd864_0008, 0x800), // stfd f3,8(r4)
        (0x7c64_2c2e, 0x800), // lfsx f3,r4,r5
        (0xec64_282a, 0x800), // fadds f3,f4,f5
        (0xfc64_282a, 0x800), // fadd f3,f4,f5
        (0xe464_0000, 0x800), // lfdp f3,0(r4)
        (0x7c64_0066, 0x800), // mfvsrd r4,vs3
        (0x1064_2800, 0xf20), // vaddubm v3,v4,v5
        (0x7c64_280c, 0xf20), // lvsl v3,r4,r5
        (0x7c64_29ce, 0xf20), // stvx v3,r4,r5
        (0xe464_0002, 0xf20), // lxsd v3,0(r4)
        (0x7c64_0067, 0xf20), // mfvsrd r4,vs35
        (0xf464_0009, 0xf20), // lxv vs35,0(r4)
        (0xf464_0001, 0xf40), // lxv vs3,0(r4)
        (0x7c64_2e98, 0xf40), // lxvd2x vs3,r4,r5
        (0x7c64_2a18, 0xf40), // lxvx vs3,r4,r5
        (0xfc64_2808, 0xf40), // xsaddqp v3,v4,v5
        (0xf064_2800, 0xf40), // xsaddsp vs3,vs4,vs5
    ];
    for (word, vector) in words {
        let mut guest = Guest::new(&[NOP, word]);
        assert_eq!(guest.run(), vector, "{word:08x}");
        assert_eq!(guest.spr("srr0"), AT + 4, "{word:08x}");
    }
}

#[test]
fn every_special_purpose_register_has_one_number_and_one_name() {
    for (i, a) in spr::SPRS.iter().enumerate() {
        for b in &spr::SPRS[i + 1..] {
            assert!(a.number != b.number && a.name != b.name, "{} and {}", a.name, b.name);
        }
        if let Keep::Alias(number) = a.keep {
            let other = spr::spr(number).expect("an alias names a register");
            assert!(!matches!(other.keep, Keep::Alias(_)), "{}", a.name);
        }
    }
}

/// `mfspr r3,n` and `mtspr n,r3`.
fn moves(number: usize) -> [u32; 2] {
    let field = (number as u32 & 31) << 16 | (number as u32 >> 5) << 11;
    [0x7c60_02a6 | field, 0x7c60_03a6 | field]
}

#[test]
fn registers_answer_by_privilege() {
    for row in spr::SPRS {
        let facility = matches!(row.name, "udscr" | "tar") || row.name.contains("bescr");
        let facility = facility || matches!(row.name, "ebbhr" | "ebbrr");
        for (access, word) in [row.read, row.write].into_iter().zip(moves(row.number)) {
            // Book III, 9.4.4: MMCR0[PMCC] is 0b00 after a reset, and lets problem state only read.
            let refused = (768..784).contains(&row.number) && word == moves(row.number)[1];
            let mut guest = Guest::new(&[word]);
            assert_eq!(guest.run(), AT + 4, "{} in supervisor state", row.name);

            let mut guest = Guest::in_mode(BE | msr::PR, &[word]);
            let end = guest.run();
            let reason = guest.spr("srr1") & 0xf_0000;
            match access {
                SprAccess::Problem if facility => assert_eq!(end, 0xf60, "{}", row.name),
                SprAccess::Problem if refused => {
                    assert_eq!((end, reason), (0x700, ILLEGAL), "{}", row.name);
                }
                SprAccess::Problem => assert_eq!(end, AT + 4, "{}", row.name),
                _ if row.number & 0x10 != 0 => {
                    assert_eq!((end, reason), (0x700, PRIVILEGED), "{}", row.name);
                }
                _ => assert_eq!((end, reason), (0x700, ILLEGAL), "{}", row.name),
            }
        }
    }
}

#[test]
fn registers_hold_what_was_written_in_their_width() {
    let holds = |keep: &Keep| matches!(keep, Keep::Value | Keep::Alias(_) | Keep::Monitor(_));
    for row in spr::SPRS.iter().filter(|row| holds(&row.keep)) {
        if (row.read, row.write) == (SprAccess::None, SprAccess::Supervisor)
            || row.write == SprAccess::None
        {
            continue;
        }
        let [read, write] = moves(row.number);
        let mut guest = Guest::new(&[write, 0x3860_0000, read]); // li r3,0 in between
        guest.cpu.gpr[3] = u64::MAX;
        guest.run();
        assert_eq!(guest.cpu.gpr[3], u64::MAX >> (64 - row.width), "{}", row.name);
    }
}

#[test]
fn the_timebase_goes_on_and_the_decrementer_back() {
    // mftb r3; mfspr r4,dec; mftb r5; mfspr r6,dec
    let mut guest = Guest::new(&[0x7c6c_42a6, 0x7c96_02a6, 0x7cac_42a6, 0x7cd6_02a6]);
    guest.run();
    let gpr = &guest.cpu.gpr;
    assert!(gpr[3] <= gpr[5] && gpr[4] >= gpr[6]);
}

#[test]
fn loads_and_stores_are_known_as_such_and_nothing_else_is() {
    // By their names in the book; lvsl and lvsr load nothing, dcbz is treated as a store (Book II, 4.3.2).
    for row in isa::rows() {
        let has_address = row.asm.contains("RA") && !matches!(row.name, "lvsl" | "lvsr");
        let expected = match row.name {
            "dcbz" => form::Access::Store,
            name if has_address && name.starts_with("st") => form::Access::Store,
            name if has_address && name.starts_with('l') => form::Access::Load,
            _ => form::Access::None,
        };
        assert_eq!(row.form.access, expected, "{}", row.name);
    }
}

#[test]
fn every_row_names_the_book() {
    for row in isa::rows() {
        assert!(row.book.starts_with("Book "), "{}: {}", row.name, row.book);
        let word = Word::new(row.form.value);
        assert!(row.form.value & !row.form.mask == 0, "{}: {word:?}", row.name);
    }
}
