// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Firmware-assisted non-maskable interrupts as a guest sees them (LoPAR 2.9, "Firmware Assisted Non-Maskable
//! Interrupts Option"): the routine that is called, the area of r3, and the end of the run.

use crate::support::asm::{self, SC1, li, load, mr};
use crate::support::{Files, arg, code, run, stderr};

const SYSTEM_RESET: u64 = 0x11_0000;
const MACHINE_CHECK: u64 = 0x12_0000;
/// Argument blocks of RTAS calls.
const REGISTER: u64 = 0x19_0000;
const INTERLOCK: u64 = 0x19_0100;

/// The value of r3 at the interrupt.
const R3: [u8; 8] = *b"original";
/// An effective address that is not RAM.
const BEYOND: u64 = 0x2000_0000;

fn token(name: &str) -> u32 {
    hcall::rtas_tokens().find(|(known, _)| *known == name).expect("a service").1
}

/// ld RT,offset(RA).
fn ld(rt: u32, ra: u32, offset: u16) -> u32 {
    58 << 26 | rt << 21 | ra << 16 | u32::from(offset)
}

/// ld r4,0(r5): the load that faults.
const TRIES: u32 = 58 << 26 | 4 << 21 | 5 << 16;

/// Prints two doublewords of the area whose address is in r20.
fn print_area(first: u16, second: u16) -> Vec<u32> {
    vec![li(3, 0x58), li(4, 0), li(5, 16), ld(6, 20, first), ld(7, 20, second), SC1]
}

fn rtas(block: u64) -> Vec<u32> {
    asm::hcall(0xf000, &[block])
}

/// Runs a guest that registers its routines and continues with `body`. Returns exit code, stdout and stderr.
fn guest(body: &[u32], machine_check: &[u32], system_reset: &[u32]) -> (i32, Vec<u8>, String) {
    let mut elf = asm::guest([rtas(REGISTER), body.to_vec()].concat());
    let mut add = |address, words: &[u32]| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        elf = elf.clone().and_zeros(address, bytes.len() as u64);
        elf.segments.last_mut().expect("it was added").data = bytes;
    };
    let (reset, check) = (SYSTEM_RESET as u32, MACHINE_CHECK as u32);
    add(SYSTEM_RESET, system_reset);
    add(MACHINE_CHECK, machine_check);
    add(REGISTER, &[token("ibm,nmi-register"), 2, 1, reset, check, 9]);
    add(INTERLOCK, &[token("ibm,nmi-interlock"), 0, 1, 9]);
    let files = Files::new();
    let output = run([arg(&files.write("image", elf.bytes())), "-m", "16M"]);
    (code(&output), output.stdout.clone(), stderr(&output))
}

/// Loads from an address that is not RAM, with [`R3`] in r3.
fn machine_check() -> Vec<u32> {
    [load(3, u64::from_be_bytes(R3)), load(5, BEYOND), vec![TRIES]].concat()
}

// R1-13: r3 is the address of the old r3 and of the log. The first word of the log is version 6, ERROR_SYNC,
// NOT_RECOVERED, extended log present, CPU to memory, ADDR_INVALID. The second word is the length of the
// rest: header, Main-A, Main-B and the machine check section, which has the address at its byte 0x18.
#[test]
fn a_machine_check_is_told_at_its_routine_and_again_after_the_interlock() {
    let told = [vec![mr(20, 3)], print_area(0, 8), print_area(128, 0), rtas(INTERLOCK)].concat();
    // The first routine call repeats the load; the second one powers off.
    let again = [machine_check(), vec![asm::b(0)]].concat();
    let mut once = told.clone();
    once.extend([li(21, 0), 0x2c16_0000]); // cmpwi r22,0
    let off = asm::power_off();
    once.push(0x4182_0000 + 4 * (off.len() as u32 + 1)); // beq over the power-off
    once.extend(off);
    once.extend([vec![li(22, 1)], again].concat());
    let (code, printed, said) = guest(&[vec![li(22, 0)], machine_check()].concat(), &once, &[0]);
    let fixed = [6, 3 << 5 | 2 << 3 | 1 << 2, 0x14, 8, 0, 0, 0, 16 + 48 + 24 + 40];
    let one = [R3, fixed, BEYOND.to_be_bytes(), R3].concat();
    assert_eq!((code, printed), (0, [one.clone(), one].concat()), "{said}");
}

// "the firmware has no choice but to declare the condition fatal".
#[test]
fn a_second_machine_check_before_the_interlock_ends_the_run() {
    let (code, printed, said) = guest(&machine_check(), &machine_check(), &[0]);
    assert_eq!((code, printed), (4, Vec::new()), "{said}");
    assert!(said.contains("ibm,nmi-interlock") && said.contains("0x20000000"), "{said}");
}

// A fetch has its own code in the log; NIP is the address of the fetch.
#[test]
fn a_jump_outside_ram_is_told_too() {
    let jump = [load(3, u64::from_be_bytes(R3)), load(5, BEYOND), vec![asm::mtctr(5), asm::BCTR]];
    let told = [vec![mr(20, 3)], print_area(128, 0), asm::power_off()].concat();
    let (code, printed, said) = guest(&jump.concat(), &told, &[0]);
    assert_eq!((code, printed), (0, [BEYOND.to_be_bytes(), R3].concat()), "{said}");
}

// H_SIGNAL_SYS_RESET of the caller; the old r3 is H_SUCCESS, the status of the call.
#[test]
fn a_system_reset_is_told_at_its_routine() {
    let body = [asm::hcall(0x380, &[0]), vec![asm::b(0)]].concat();
    let told = [vec![mr(20, 3)], print_area(0, 0), asm::power_off()].concat();
    let (code, printed, said) = guest(&body, &[0], &told);
    assert_eq!((code, printed), (0, vec![0; 16]), "{said}");
}
