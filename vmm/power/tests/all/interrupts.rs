// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Interrupts: their vectors, and the registers that they set (Power ISA 3.0B, Book III, chapter 6). IBM bit
//! n of a register is `1 << (63 - n)`.

use crate::guest::{AT, DATA, END, Guest, LEAVE, NOP};
use power::{
    Exit, GuestMemory,
    interrupt::{MACHINE_CHECK, PROGRAM},
    msr,
};
use std::sync::Arc;
use vm_memory::GuestAddress;

/// MSR of a new guest: 64-bit, machine checks enabled.
const MSR: u64 = msr::SF | msr::ME;

const fn bit(n: u32) -> u64 {
    1 << (63 - n)
}

/// Runs `code` and checks the interrupt it takes at its instruction number `at`.
fn takes(guest: &mut Guest, vector: u64, at: u64, srr1: u64) {
    assert_eq!(guest.run(), vector, "vector");
    assert_eq!(guest.spr("srr0"), AT + 4 * at, "SRR0");
    assert_eq!(guest.spr("srr1"), srr1, "SRR1");
}

#[test]
fn an_interrupt_saves_the_msr_and_keeps_only_me() {
    // Figure 51: all of these become 0, SF becomes 1. SRR1 bits 33:36 and 42:47 are the
    // interrupt's; for a system call they are 0.
    let flags = msr::FP | msr::VEC | msr::VSX | msr::FE0 | msr::FE1 | msr::PMM | msr::RI;
    let before = msr::ME | msr::EE | flags;
    let mut guest = Guest::in_mode(before, &[0x4400_0002]); // sc 0, in 32-bit mode
    takes(&mut guest, 0xc00, 1, before);
    assert_eq!(guest.cpu.msr(), MSR);
}

#[test]
fn interrupts_are_taken_in_the_endianness_that_the_machine_chose() {
    for mode in [MSR, MSR | msr::LE] {
        let mut guest = Guest::in_mode(mode, &[0x4400_0002]);
        takes(&mut guest, 0xc00, 1, mode);
        assert_eq!(guest.cpu.msr(), mode);
    }
    let mut guest = Guest::new(&[0x4400_0002]);
    guest.cpu.set_interrupt_little_endian(true);
    guest.ram_little_handler(0xc00);
    takes(&mut guest, 0xc00, 1, MSR);
    assert_eq!(guest.cpu.msr(), MSR | msr::LE);
}

impl Guest {
    /// A handler in little-endian code in a big-endian guest.
    fn ram_little_handler(&mut self, vector: u64) {
        self.code(vector, &[LEAVE.swap_bytes()]);
    }
}

#[test]
fn a_system_reset_goes_to_0x100() {
    let mut guest = Guest::new(&[NOP]);
    guest.cpu.kicker().system_reset();
    takes(&mut guest, 0x100, 0, MSR);
}

#[test]
fn a_load_outside_ram_is_a_machine_check_at_its_instruction() {
    // addi r3,0,1; lbz r5,0(r6); addi r4,0,1
    let mut guest = Guest::new(&[0x3860_0001, 0x88a6_0000, 0x3880_0001]);
    guest.cpu.gpr[6] = END;
    takes(&mut guest, 0x200, 1, MSR | bit(42));
    assert_eq!((guest.spr("dar"), guest.spr("dsisr")), (END, bit(57)));
    assert_eq!((guest.cpu.gpr[3], guest.cpu.gpr[4]), (1, 0), "what ran before and after");
}

#[test]
fn a_store_outside_ram_is_a_machine_check() {
    let mut guest = Guest::new(&[NOP, 0x98a6_0000]); // stb r5,0(r6)
    guest.cpu.gpr[6] = u64::MAX;
    takes(&mut guest, 0x200, 1, MSR | bit(36) | bit(43) | bit(45));
    assert_eq!(guest.spr("dar"), u64::MAX);
}

#[test]
fn a_jump_outside_ram_is_a_machine_check_at_the_target() {
    for target in [END, u64::MAX - 3, 1 << 59, 1 << 44] {
        let mut guest = Guest::new(&[0x7cc9_03a6, 0x4e80_0420]); // mtctr r6; bctr
        guest.cpu.gpr[6] = target;
        assert_eq!(guest.run(), 0x200);
        assert_eq!(guest.spr("srr0"), target);
        assert_eq!(guest.spr("srr1"), MSR | bit(36) | bit(44) | bit(45));
    }
}

#[test]
fn running_off_the_end_of_ram_is_a_machine_check() {
    let mut guest = Guest::new(&[]);
    guest.code(END - 8, &[NOP, NOP]);
    guest.cpu.set_nip(END - 8);
    assert_eq!(guest.run(), 0x200);
    assert_eq!(guest.spr("srr0"), END);
}

#[test]
fn relocated_data_without_tables_is_a_data_storage_interrupt() {
    // mtmsrd r6; lwz r5,0(0): DSISR bit 33, no translation
    let mut guest = Guest::new(&[0x80a0_0000, 0x7cc0_0164, 0x80a0_0000]);
    guest.cpu.gpr[6] = MSR | msr::DR;
    takes(&mut guest, 0x300, 2, MSR | msr::DR);
    assert_eq!((guest.spr("dar"), guest.spr("dsisr")), (0, bit(33)));
    // the same with bit 38, for a store
    let mut guest = Guest::new(&[0x7cc0_0164, 0x98a6_0000]); // stb r5,0(r6)
    guest.cpu.gpr[6] = MSR | msr::DR;
    takes(&mut guest, 0x300, 1, MSR | msr::DR);
    assert_eq!((guest.spr("dar"), guest.spr("dsisr")), (MSR | msr::DR, bit(33) | bit(38)));
}

#[test]
fn relocated_code_without_tables_is_an_instruction_storage_interrupt() {
    let mut guest = Guest::new(&[0x7cc0_0164, NOP]); // mtmsrd r6
    guest.cpu.gpr[6] = MSR | msr::IR;
    takes(&mut guest, 0x400, 1, MSR | msr::IR | bit(33));
}

#[test]
fn an_external_interrupt_waits_for_ee_and_stays_while_the_line_is_high() {
    let mut guest = Guest::new(&[NOP, 0x7cc1_0164, NOP]); // mtmsrd r6,1
    guest.cpu.kicker().set_external(true);
    guest.cpu.gpr[6] = msr::EE;
    takes(&mut guest, 0x500, 2, MSR | msr::EE);
    guest.cpu.set_nip(AT);
    takes(&mut guest, 0x500, 2, MSR | msr::EE);
    guest.cpu.kicker().set_external(false);
    guest.cpu.set_nip(AT);
    assert_eq!(guest.run(), AT + 12, "no interrupt any more");
}

#[test]
fn an_unaligned_lwarx_is_an_alignment_interrupt() {
    let mut guest = Guest::new(&[NOP, 0x7ca0_3028]); // lwarx r5,0,r6
    guest.cpu.gpr[6] = DATA + 2;
    takes(&mut guest, 0x600, 1, MSR);
    assert_eq!(guest.spr("dar"), DATA + 2);
}

#[test]
fn an_illegal_instruction_is_a_program_interrupt_with_bit_44() {
    takes(&mut Guest::new(&[NOP, 0]), 0x700, 1, MSR | bit(44));
}

#[test]
fn a_privileged_instruction_is_a_program_interrupt_with_bit_45() {
    let mut guest = Guest::in_mode(MSR | msr::PR, &[NOP, 0x7ca0_00a6]); // mfmsr r5
    takes(&mut guest, 0x700, 1, MSR | msr::PR | bit(45));
}

#[test]
fn a_trap_is_a_program_interrupt_with_bit_46() {
    takes(&mut Guest::new(&[NOP, 0x7fe0_0008]), 0x700, 1, MSR | bit(46)); // trap
}

/// ZX and ZE of FPSCR with FX and FEX.
const ZERO_DIVIDE: u64 = 0xc400_0010;

#[test]
fn an_enabled_floating_point_exception_is_a_program_interrupt_with_bit_43() {
    for mode in [msr::FE0, msr::FE1, msr::FE0 | msr::FE1] {
        let mode = MSR | msr::FP | mode;
        let mut guest = Guest::in_mode(mode, &[NOP, 0xfc63_2024, NOP]); // fdiv f3,f3,f4
        guest.cpu.set_vsr(3, 0x3ff0 << 112);
        guest.cpu.set_fpscr(0x10);
        takes(&mut guest, 0x700, 1, mode | bit(43));
        assert_eq!(guest.cpu.fpscr(), ZERO_DIVIDE);
        assert_eq!(guest.cpu.vsr(3), 0x3ff0 << 112, "the target is as it was");
    }
    let mut guest = Guest::in_mode(MSR | msr::FP, &[NOP, 0xfc63_2024]);
    guest.cpu.set_vsr(3, 0x3ff0 << 112);
    guest.cpu.set_fpscr(0x10);
    assert_eq!(guest.run(), AT + 8, "no interrupt");
    assert_eq!(guest.cpu.fpscr(), ZERO_DIVIDE);
}

#[test]
fn an_enabled_floating_point_exception_waits_for_the_msr() {
    // mtmsrd r6; rfid: SRR0 is the next instruction, and bit 47 marks that
    let mode = MSR | msr::FP | msr::FE0;
    let mut guest = Guest::new(&[0x7cc0_0164, NOP]);
    guest.cpu.set_fpscr(ZERO_DIVIDE);
    guest.cpu.gpr[6] = mode;
    takes(&mut guest, 0x700, 1, mode | bit(43) | bit(47));
    let mut guest = Guest::new(&[0x4c00_0024, NOP, NOP]);
    guest.cpu.set_fpscr(ZERO_DIVIDE);
    guest.set_spr("srr0", AT + 8);
    guest.set_spr("srr1", mode);
    takes(&mut guest, 0x700, 2, mode | bit(43) | bit(47));
}

#[test]
fn a_facility_that_msr_turns_off_takes_its_unavailable_interrupt() {
    // lfd, lvx, xxlxor
    for (word, vector) in [(0xc826_0000, 0x800), (0x7c20_30ce, 0xf20), (0xf021_0cd0, 0xf40)] {
        takes(&mut Guest::new(&[NOP, word]), vector, 1, MSR);
    }
}

#[test]
fn a_facility_that_fscr_turns_off_tells_which_it_is() {
    // bctar in problem state (8), scv (12), tbegin. (5)
    let facilities = [(0x4e80_0460, 8, msr::PR), (0x4400_0061, 12, 0), (0x7c00_051d, 5, 0)];
    for (word, code, mode) in facilities {
        let mut guest = Guest::in_mode(MSR | mode, &[NOP, word]);
        takes(&mut guest, 0xf60, 1, MSR | mode);
        assert_eq!(guest.spr("fscr") >> 56, code, "FSCR[IC]");
    }
}

#[test]
fn the_decrementer_waits_for_ee_and_stays_while_it_is_negative() {
    let code = [0x7cd6_03a6, NOP, 0x7cc1_0164, NOP]; // mtdec r6; nop; mtmsrd r6,1
    let mut guest = Guest::new(&code);
    guest.cpu.gpr[6] = u64::MAX; // -1, and EE and RI
    takes(&mut guest, 0x900, 3, MSR | msr::EE | msr::RI);
    guest.cpu.set_nip(AT + 8);
    takes(&mut guest, 0x900, 3, MSR | msr::EE | msr::RI);
    guest.cpu.gpr[6] = msr::EE << 32 | msr::EE; // far away
    guest.cpu.set_nip(AT);
    assert_eq!(guest.run(), AT + 16, "no interrupt any more");
}

#[test]
fn a_doorbell_waits_for_ee_and_rings_once() {
    let code = [0x7c00_311c, NOP, 0x7ca1_0164, NOP]; // msgsndp r6; nop; mtmsrd r5,1
    let mut guest = Guest::new(&code);
    (guest.cpu.gpr[5], guest.cpu.gpr[6]) = (msr::EE, 5 << 27);
    takes(&mut guest, 0xa00, 3, MSR | msr::EE);
    guest.cpu.set_nip(AT + 4);
    assert_eq!(guest.run(), AT + 16, "no interrupt any more");
}

#[test]
fn a_system_call_returns_behind_itself() {
    takes(&mut Guest::new(&[NOP, 0x4400_0002, NOP]), 0xc00, 2, MSR);
}

#[test]
fn a_vectored_system_call_saves_into_lr_and_ctr() {
    let mut guest = Guest::in_mode(MSR | msr::RI, &[NOP, 0x4400_0061]); // scv 3
    guest.set_spr("fscr", bit(51)); // SCV
    guest.code(0x1_7060, &[LEAVE]);
    assert_eq!(guest.run(), 0x1_7060);
    assert_eq!((guest.cpu.lr(), guest.cpu.ctr()), (AT + 8, MSR | msr::RI));
    assert_eq!(guest.cpu.msr(), MSR | msr::RI, "EE and RI stay");
}

#[test]
fn single_step_traces_each_instruction() {
    let mut guest = Guest::new(&[0x7cc0_0164, NOP, 0x4800_0008, NOP, NOP]); // mtmsrd r6; b .+8
    guest.cpu.gpr[6] = MSR | msr::SE;
    takes(&mut guest, 0xd00, 2, MSR | msr::SE | bit(33));
    assert_eq!(guest.spr("siar"), AT + 4);
    guest.cpu.set_msr(MSR | msr::SE);
    guest.cpu.set_nip(AT + 8);
    takes(&mut guest, 0xd00, 4, MSR | msr::SE | bit(33));
    assert_eq!(guest.spr("siar"), AT + 8);
}

#[test]
fn branch_trace_traces_branches_taken_or_not() {
    let code = [NOP, 0x4082_0008, NOP, 0x4182_0008, NOP, NOP]; // bne .+8; beq .+8
    let mut guest = Guest::in_mode(MSR | msr::BE, &code);
    guest.cpu.set_cr(0x2000_0000);
    takes(&mut guest, 0xd00, 2, MSR | msr::BE | bit(33));
    guest.cpu.set_msr(MSR | msr::BE);
    guest.cpu.set_nip(AT + 8);
    takes(&mut guest, 0xd00, 5, MSR | msr::BE | bit(33));
}

#[test]
fn rfid_and_system_calls_are_not_traced() {
    let mut guest = Guest::in_mode(MSR | msr::SE, &[0x4c00_0024, NOP]); // rfid
    guest.set_spr("srr0", AT + 4);
    guest.set_spr("srr1", MSR);
    assert_eq!(guest.run(), AT + 8);
    takes(&mut Guest::in_mode(MSR | msr::SE, &[0x4400_0002]), 0xc00, 1, MSR | msr::SE);
}

#[test]
fn a_hypercall_leaves_with_nip_behind_it() {
    let mut guest = Guest::in_mode(MSR | msr::PR, &[]);
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!((guest.cpu.nip(), guest.cpu.msr()), (AT + 4, MSR | msr::PR));
    assert_eq!(guest.cpu.instructions(), 1);
}

#[test]
fn a_kick_stops_an_endless_loop() {
    let mut guest = Guest::new(&[0x4800_0000]); // b .
    let kicker = guest.cpu.kicker();
    let kick = std::thread::spawn(move || kicker.kick());
    assert_eq!(guest.cpu.run(), Exit::Kicked);
    assert_eq!(guest.cpu.nip(), AT);
    kick.join().expect("the other thread ends");
}

#[test]
fn an_interrupt_whose_handler_is_no_code_is_a_loop() {
    let mut guest = Guest::new(&[0]);
    guest.code(PROGRAM.vector, &[0]);
    let exit = guest.cpu.run();
    assert_eq!(exit, Exit::InterruptLoop { interrupt: PROGRAM, nip: PROGRAM.vector });
    assert_eq!(guest.cpu.run(), exit, "and it stays so");
    let text = exit.to_string();
    assert!(text.contains("Program") && text.contains("0x700"), "{text}");
}

#[test]
fn a_jump_outside_ram_of_a_guest_without_handlers_is_a_loop() {
    let mut guest = Guest::new(&[0x7cc9_03a6, 0x4e80_0420]); // mtctr r6; bctr
    guest.code(MACHINE_CHECK.vector, &[0]);
    guest.code(PROGRAM.vector, &[0]);
    guest.cpu.gpr[6] = END;
    assert_eq!(guest.cpu.run(), Exit::InterruptLoop { interrupt: PROGRAM, nip: PROGRAM.vector });
}

#[test]
fn a_guest_whose_vectors_are_not_in_ram_is_a_loop_of_machine_checks() {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0x1_0000), 0x1_0000)]).expect("RAM");
    let mut cpu = crate::tool::cpu(Arc::new(ram));
    let vector = MACHINE_CHECK.vector;
    assert_eq!(cpu.run(), Exit::InterruptLoop { interrupt: MACHINE_CHECK, nip: vector });
}

#[test]
fn a_machine_check_while_they_are_disabled_is_a_checkstop() {
    let mut guest = Guest::in_mode(msr::SF, &[NOP, 0x88a6_0000]); // lbz r5,0(r6)
    guest.cpu.gpr[6] = END;
    let exit = guest.cpu.run();
    assert_eq!(exit, Exit::Checkstop { nip: AT + 4 });
    assert_eq!(guest.cpu.run(), exit, "and it stays so");
    assert!(exit.to_string().contains("machine check at 0x4004"), "{exit}");
}

#[test]
fn with_firmware_machine_checks_and_system_resets_leave_after_they_are_delivered() {
    for (word, ea, fetch) in [
        (0x88a6_0000, END + 1, false), // lbz r5,0(r6)
        (0x98a6_0000, END + 1, false), // stb r5,0(r6)
        (0x4e80_0420, END, true),      // bctr
    ] {
        let mut guest = Guest::new(&[NOP, word]);
        guest.cpu.set_firmware_assisted(true);
        guest.cpu.gpr[6] = END + 1;
        guest.cpu.set_ctr(END);
        assert_eq!(guest.cpu.run(), Exit::MachineCheck { ea, fetch });
        assert_eq!(guest.cpu.nip(), MACHINE_CHECK.vector);
        let at = if fetch { END } else { AT + 4 };
        assert_eq!(guest.spr("srr0"), at);
        assert_eq!(guest.run(), MACHINE_CHECK.vector, "it goes on where NIP is");
    }
    let mut guest = Guest::new(&[]);
    guest.cpu.set_firmware_assisted(true);
    guest.cpu.kicker().system_reset();
    assert_eq!(guest.cpu.run(), Exit::SystemReset);
    assert_eq!((guest.cpu.nip(), guest.spr("srr0")), (0x100, AT));
    // Any other interrupt is taken as before.
    let mut guest = Guest::new(&[0x7fe0_0008]); // trap
    guest.cpu.set_firmware_assisted(true);
    assert_eq!(guest.run(), 0x700);
}
