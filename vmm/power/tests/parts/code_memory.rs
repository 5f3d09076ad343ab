// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Code memory is bounded, and what is hot stays translated while colder code is thrown away.

use power::{Cpu, Engine, Exit, GuestMemory, msr};
use std::{collections::HashSet, sync::Arc};
use vm_memory::{Bytes, GuestAddress};

/// Bytes of code memory: room for some forty of the pages below.
const BOUND: usize = 128 << 10;
/// Pages with code, each of which runs until it is translated.
const PAGES: u64 = 120;
const COLD: u64 = 0x1_0000;
const HOT: u64 = 0x1000;
const DATA: u64 = 0x2000;
const RAM: usize = 0x10_0000;

/// A loop of 40 loads, and `sc 1`.
fn code(at: u64, ram: &GuestMemory) {
    let load = |n: u32| 32 << 26 | (3 + n % 20) << 21 | 2 << 16 | n << 2; // lwz
    let back = 16 << 26 | 16 << 21 | 0xff60; // bdnz -160
    let words = (0..40).map(load).chain([back, 0x4400_0022]);
    let bytes: Vec<u8> = words.flat_map(u32::to_be_bytes).collect();
    ram.write_slice(&bytes, GuestAddress(at)).expect("in RAM");
}

fn visit(cpu: &mut Cpu, at: u64, turns: u64) {
    cpu.gpr[2] = DATA;
    cpu.set_register("ctr", turns.into()).expect("a register");
    cpu.set_nip(at);
    let before = cpu.instructions();
    assert_eq!(cpu.run(), Exit::Hcall);
    assert_eq!(cpu.instructions() - before, 41 * turns + 1);
}

fn translated(cpu: &Cpu) -> HashSet<u64> {
    cpu.translated_code().iter().map(|code| code.ea).collect()
}

#[test]
fn code_that_runs_stays_translated_while_other_code_is_thrown_away() {
    if !Engine::Translator.is_available() {
        return; // nothing is translated
    }
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("RAM");
    let ram = Arc::new(ram);
    let cold = |page: u64| COLD + 0x1000 * page;
    (0..PAGES).map(cold).chain([HOT]).for_each(|at| code(at, &ram));
    let mut cpu = Cpu::new(Arc::clone(&ram));
    cpu.set_engine(Engine::Auto);
    cpu.set_code_memory(BOUND);
    cpu.set_msr(msr::ME | msr::SF);
    visit(&mut cpu, HOT, 2000);
    for page in 0..PAGES {
        visit(&mut cpu, cold(page), 2000);
        // Too short to become hot by itself.
        visit(&mut cpu, HOT, 1);
        let now = translated(&cpu);
        assert!(now.contains(&HOT) && now.contains(&cold(page)), "page {page}: {now:x?}");
        let bytes: usize = cpu.translated_code().iter().map(|code| code.bytes).sum();
        assert!(bytes <= BOUND, "{bytes} bytes of code");
    }
    let (now, counts) = (translated(&cpu), cpu.translation());
    assert!(!now.contains(&cold(0)), "the oldest code is still there: {now:x?}");
    assert!(counts.dropped > PAGES / 2, "{counts:?}");
    // The hot region was translated again each time that its turn came: once in a round of eight segments.
    assert_eq!(counts.regions - counts.dropped, now.len() as u64);
    assert!((PAGES + 1..PAGES + PAGES / 10).contains(&counts.regions), "{counts:?}");
}
