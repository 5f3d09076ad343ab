// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Stores of several CPUs to one page of code.

use power::{Cpu, Exit, GuestMemory, msr, testing::mark_code, vocabulary::Vocabulary};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const CODE: u64 = 0x1000;
const PATCHED: u64 = 0x2000;
const LI_R3: u32 = 0x3860_0000;
/// stw r5,0(r4); sync; sc 1
const STORE: [u32; 3] = [0x90a4_0000, 0x7c00_04ac, 0x4400_0022];

fn put(ram: &GuestMemory, at: u64, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    ram.write_slice(&bytes, GuestAddress(at)).unwrap();
}

/// Two CPUs of a machine with `li r3,1; sc 1` at PATCHED.
fn machine() -> (Arc<GuestMemory>, Cpu, Cpu) {
    let ram = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).unwrap());
    put(&ram, CODE, &STORE);
    put(&ram, PATCHED, &[LI_R3 | 1, 0x4400_0022]);
    let first = Cpu::new(Arc::clone(&ram));
    let second = first.sibling();
    (ram, first, second)
}

fn run(cpu: &mut Cpu, nip: u64) {
    cpu.set_msr(msr::SF | msr::ME);
    cpu.set_nip(nip);
    assert_eq!(cpu.run(), Exit::Hcall);
}

/// Stores `word` at `at`, syncs, and makes a hypercall.
fn store(cpu: &mut Cpu, at: u64, word: u32) {
    cpu.set_gpr(4, at);
    cpu.set_gpr(5, word.into());
    run(cpu, CODE);
}

fn result(cpu: &mut Cpu) -> u64 {
    run(cpu, PATCHED);
    cpu.gpr(3)
}

// The host may run other threads between the two steps of the CPU that decodes first.
#[test]
fn a_cpu_that_decodes_beside_the_first_one_sees_its_own_stores() {
    let (_ram, mut cpu, other) = machine();
    store(&mut cpu, PATCHED + 0x800, 0); // from now on stores to the page are plain
    assert!(mark_code(&other, PATCHED), "and is about to announce that");
    assert_eq!(result(&mut cpu), 1);
    store(&mut cpu, PATCHED, LI_R3 | 2);
    assert_eq!(result(&mut cpu), 2);
}

#[test]
fn a_cpu_that_decodes_beside_the_first_one_sees_stores_of_a_third() {
    let (_ram, mut cpu, other) = machine();
    let mut third = cpu.sibling();
    store(&mut third, PATCHED + 0x800, 0);
    assert!(mark_code(&other, PATCHED), "and is about to announce that");
    assert_eq!(result(&mut cpu), 1);
    store(&mut third, PATCHED, LI_R3 | 3);
    assert_eq!(result(&mut cpu), 3);
}
