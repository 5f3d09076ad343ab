// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Each pair of instructions that is one function, compared with the two instructions in sequence.

use power::{
    Cpu, Exit, GuestMemory, msr, spr,
    testing::{CLOSE, Close, OFTEN, Often, SIZE, Words},
    word::Word,
};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const RAM: u64 = 0x1_0000;
const AT: u64 = 0x1000;
/// `sc 1`: leaves the guest.
const LEAVE: u32 = 0x4400_0022;

/// A CPU before these two words, in RAM that is otherwise full of [`LEAVE`].
fn machine(words: [u32; 2], values: impl Fn(u64) -> u64) -> (Cpu, Arc<GuestMemory>) {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM as usize)]).expect("RAM");
    let ram = Arc::new(ram);
    let leave = LEAVE.to_be_bytes().repeat(RAM as usize / 4);
    ram.write_slice(&leave, GuestAddress(0)).expect("in RAM");
    for (at, word) in (AT..).step_by(4).zip(words) {
        ram.write_slice(&word.to_be_bytes(), GuestAddress(at)).expect("in RAM");
    }
    let mut cpu = Cpu::new(Arc::clone(&ram));
    cpu.set_msr(msr::SF | msr::ME);
    cpu.set_nip(AT);
    cpu.gpr = std::array::from_fn(|r| values(r as u64));
    cpu.set_lr(AT + 0x100);
    cpu.set_ctr(values(40));
    cpu.set_cr(values(41) as u32);
    (cpu, ram)
}

/// Everything that a pair may change.
fn state((mut cpu, ram): (Cpu, Arc<GuestMemory>)) -> impl PartialEq + std::fmt::Debug {
    let mut bytes = vec![0; RAM as usize];
    ram.read_slice(&mut bytes, GuestAddress(0)).expect("in RAM");
    let sprs = [spr::SRR0, spr::SRR1, spr::DAR, spr::DSISR];
    let sprs = sprs.map(|n| spr::spr(n).map(|spr| spr.value(&mut cpu)));
    let special = (cpu.lr(), cpu.ctr(), cpu.cr(), cpu.xer(), cpu.nip(), cpu.msr());
    let special = (special, cpu.instructions());
    (cpu.gpr, special, sprs, bytes)
}

/// The words of the examples of an entry.
fn words(often: &Often) -> Vec<u32> {
    let words = often.row.cases.iter().map(|case| {
        u32::from_str_radix(case.split(' ').next().unwrap_or_default(), 16).expect(case)
    });
    let words: Vec<_> = words.filter(|w| often.matches(Word::new(*w))).collect();
    assert!(!words.is_empty(), "{} {:08x}", often.row.name, often.value);
    words
}

/// Asserts that the words as a pair have the effect of the words in sequence.
fn assert_same(a: u32, b: u32) {
    let addresses = |n: u64| 0x8000 + 0x108 * n;
    let outside = |n: u64| 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(n + 1);
    let small = |n: u64| n % 3;
    for values in [&addresses as &dyn Fn(u64) -> u64, &outside, &small] {
        let mut paired = machine([a, b], values);
        assert_eq!(paired.0.run(), Exit::Hcall);
        let mut stepped = machine([a, b], values);
        let left = (0..8).find_map(|_| stepped.0.step());
        assert_eq!(left, Some(Exit::Hcall));
        let (paired, stepped) = (state(paired), state(stepped));
        assert!(paired == stepped, "{a:08x} {b:08x}: {paired:?}\n{stepped:?}");
    }
}

#[test]
fn a_pair_does_what_its_two_instructions_do_one_after_the_other() {
    for first in &OFTEN[..SIZE.0] {
        for second in &OFTEN[..SIZE.1] {
            for (a, b) in words(first).into_iter().zip(words(second).into_iter().cycle()) {
                assert_same(a, b);
            }
        }
    }
}

#[test]
fn so_does_a_pair_whose_second_reads_what_the_first_wrote() {
    for Close { first, second, .. } in CLOSE.into_iter().flatten() {
        let words = |of: &Words| {
            let words = words(&OFTEN[usize::from(of.kind)]);
            words.into_iter().map(|w| w & !of.mask | of.value).collect::<Vec<_>>()
        };
        for a in words(first) {
            // Each bit of the field, in turn.
            for b in words(second)
                .into_iter()
                .flat_map(|b| (0..4).map(move |bi| b & !(3 << 16) | bi << 16))
            {
                assert_same(a, b);
            }
        }
    }
}
