// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A state that is saved and loaded into another CPU continues as the first one does.

use super::recorder::Rng;
use power::{
    Cpu, CpuValues, CpuValuesError, Exit, GuestMemory, ProcessTable, isa, msr, registers, spr,
    word::Word,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use vm_memory::{Bytes, GuestAddress};

const RAM: usize = 0x1_0000;
const AT: u64 = 0x1000;
/// `sc 1`: leaves the guest.
const LEAVE: u32 = 0x4400_0022;

struct Vocabulary {
    cpu: Cpu,
    ram: Arc<GuestMemory>,
}

impl Vocabulary {
    fn new(bytes: &[u8]) -> Vocabulary {
        let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("RAM");
        let ram = Arc::new(ram);
        ram.write_slice(bytes, GuestAddress(0)).expect("in RAM");
        Vocabulary { cpu: Cpu::new(Arc::clone(&ram)), ram }
    }

    /// A machine whose RAM has these words from AT on, and [`LEAVE`] elsewhere.
    fn with_code(words: &[u32]) -> Vocabulary {
        let mut bytes = LEAVE.to_be_bytes().repeat(RAM / 4);
        for (at, word) in (AT as usize..).step_by(4).zip(words) {
            bytes[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        let mut machine = Vocabulary::new(&bytes);
        machine.cpu.set_msr(msr::SF | msr::ME | msr::FP | msr::VEC | msr::VSX);
        machine.cpu.set_nip(AT);
        machine
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; RAM];
        self.ram.read_slice(&mut bytes, GuestAddress(0)).expect("in RAM");
        bytes
    }

    /// Another machine in the state of this one.
    fn copy(&mut self) -> Vocabulary {
        let (now, later) = (Instant::now(), Instant::now() + Duration::from_millis(20));
        let saved = self.cpu.save(now);
        let mut copy = Vocabulary::new(&self.bytes());
        copy.cpu.load(&saved, later).expect("a state that a CPU saved");
        assert_eq!(copy.cpu.save(later), saved, "nothing is lost");
        copy
    }

    /// Every register that does not move by itself. PMC6 counts cycles.
    fn registers(&mut self) -> Vec<(String, Option<u128>)> {
        let moves = |name: &str| {
            let spr = spr::by_name(name);
            spr.is_some_and(|spr| spr::MOVING.contains(&spr.number) || name.ends_with("pmc6"))
        };
        let names = registers::names().filter(|name| !moves(name));
        names.map(|name| (name.clone(), self.cpu.register(&name))).collect()
    }
}

/// True for an instruction whose result depends on the time or on chance, or that changes what is counted.
fn is_apart(name: &str, word: Word) -> bool {
    let number = word.spr() as usize;
    let spr = matches!(name, "mfspr" | "mtspr" | "mftb");
    name == "darn" || spr && (spr::MOVING.contains(&number) || (768..800).contains(&number))
}

/// The words of all examples of all rows.
fn examples() -> Vec<u32> {
    let words = isa::rows().flat_map(|row| row.cases.iter().map(move |case| (row.name, case)));
    let words = words.map(|(name, case)| {
        let word = case.split(' ').next().unwrap_or_default();
        (name, u32::from_str_radix(word, 16).expect("a case begins with the word"))
    });
    words.filter(|(name, word)| !is_apart(name, Word::new(*word))).map(|(_, word)| word).collect()
}

/// A machine in a random state before random code.
fn random(rng: &mut Rng, examples: &[u32]) -> Vocabulary {
    let words: Vec<u32> = (0..64).map(|_| examples[rng.next() as usize % examples.len()]).collect();
    let mut machine = Vocabulary::with_code(&words);
    let cpu = &mut machine.cpu;
    cpu.gpr = std::array::from_fn(|_| rng.value());
    for name in ["cr", "xer", "lr", "ctr", "vscr", "fpscr", "dec", "sprg1", "amr", "tar"] {
        cpu.set_register(name, rng.value().into()).expect("a register");
    }
    for n in 0..64 {
        cpu.set_vsr(n, u128::from(rng.next()) << 64 | u128::from(rng.next()));
    }
    if rng.next().is_multiple_of(2) {
        // PMC1 counts loads; PMC5 instructions. The counters run.
        cpu.set_register("mmcr1", 0xfc << 24).expect("a register");
        cpu.set_register("mmcr0", 0).expect("a register");
    }
    machine
}

#[test]
fn a_loaded_cpu_continues_as_the_saved_one() {
    let (examples, mut rng) = (examples(), Rng(0x7ce));
    let mut interrupted = 0;
    for program in 0..400 {
        let mut first = random(&mut rng, &examples);
        for _ in 0..rng.next() % 40 {
            first.cpu.step();
        }
        let mut second = first.copy();
        for step in 0..40 {
            let (a, b) = (first.cpu.step(), second.cpu.step());
            assert_eq!(a, b, "program {program}, step {step}");
            let (a, b) = (first.registers(), second.registers());
            let differs = a.iter().zip(&b).find(|(a, b)| a != b);
            assert!(differs.is_none(), "program {program}, step {step}: {differs:x?}");
        }
        assert!(first.bytes() == second.bytes(), "program {program}: RAM");
        assert_eq!(first.cpu.instructions(), second.cpu.instructions());
        interrupted += u32::from(first.cpu.register("srr0") != Some(0));
    }
    assert!((20..400).contains(&interrupted), "{interrupted} programs took an interrupt");
}

// lwarx r3,0,r4; stwcx. r5,0,r4
const RESERVE: [u32; 2] = [0x7c60_2028, 0x7ca0_212d];

#[test]
fn a_reservation_holds_in_the_loaded_cpu_until_its_storage_changes() {
    for (changed, stored) in [(false, 2), (true, 0)] {
        let mut first = Vocabulary::with_code(&RESERVE);
        (first.cpu.gpr[4], first.cpu.gpr[5]) = (0x8000, 7);
        first.cpu.step();
        let mut second = first.copy();
        if changed {
            second.ram.write_slice(&[1; 4], GuestAddress(0x8000)).expect("in RAM");
        }
        second.cpu.step();
        assert_eq!(second.cpu.register("cr0"), Some(stored), "changed: {changed}");
    }
}

#[test]
fn pending_interrupts_are_taken_by_the_loaded_cpu() {
    let mut first = Vocabulary::with_code(&[]);
    first.cpu.kicker().set_external(true);
    first.cpu.kicker().system_reset();
    let mut second = first.copy();
    second.cpu.set_msr(msr::SF | msr::ME | msr::EE);
    assert_eq!(second.cpu.run(), Exit::Hcall);
    assert_eq!(second.cpu.nip(), 0x104, "the system reset comes first");
    second.cpu.enable_external_interrupts();
    assert_eq!(second.cpu.run(), Exit::Hcall);
    assert_eq!(second.cpu.nip(), 0x504, "the line is still raised");
}

#[test]
fn the_cpus_of_a_machine_keep_one_timebase() {
    let mut first = Vocabulary::with_code(&[]);
    let mut sibling = first.cpu.sibling();
    let saved = [first.cpu.save(Instant::now()), sibling.save(Instant::now())];
    let now = Instant::now();
    let mut other = Vocabulary::with_code(&[]);
    let mut other_sibling = other.cpu.sibling();
    other.cpu.load(&saved[0], now).expect("a saved state");
    other_sibling.load(&saved[0], now).expect("a saved state");
    let [a, b] = [other.cpu.save(now), other_sibling.save(now)];
    assert_eq!(a, b);
    // The decrementer goes on towards the same tick: 0x8000 ticks are 64 microseconds.
    first.cpu.set_register("dec", 0x8000).expect("a register");
    let second = first.copy();
    std::thread::sleep(Duration::from_millis(1));
    assert!(first.cpu.interrupt_pending());
    std::thread::sleep(Duration::from_millis(20)); // `copy` let it go on this much later
    assert!(second.cpu.interrupt_pending());
}

#[test]
fn the_machine_s_settings_are_loaded() {
    let mut first = Vocabulary::with_code(&[]);
    first.cpu.set_interrupt_little_endian(true);
    first.cpu.set_alternate_interrupt_location(true);
    first.cpu.set_firmware_assisted(true);
    first.cpu.set_process_table(ProcessTable { base: 0x4000, size: 0x1000 });
    let mut second = first.copy();
    second.cpu.kicker().system_reset();
    assert_eq!(second.cpu.run(), Exit::SystemReset, "firmware assists");
    assert_ne!(second.cpu.msr() & msr::LE, 0);
}

#[test]
fn a_state_with_a_value_that_can_not_be_is_refused() {
    let saved = Vocabulary::with_code(&[]).cpu.save(Instant::now());
    let load = |change: &dyn Fn(&str, u128) -> Option<u128>, more: &[(&str, u128)]| {
        let kept = saved.iter().filter_map(|(name, v)| Some((name.to_owned(), change(name, v)?)));
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), *value));
        let changed: CpuValues = kept.chain(more).collect();
        let mut machine = Vocabulary::with_code(&[]);
        (machine.cpu.load(&changed, Instant::now()), machine)
    };
    let keep = |_: &str, value| Some(value);
    assert_eq!(load(&keep, &[]).0, Ok(()));
    assert_eq!(load(&keep, &[("r32", 0)]).0, Err(CpuValuesError::Unknown("r32".into())));
    for (name, _) in saved.iter() {
        let without = |n: &str, value| (n != name).then_some(value);
        assert_eq!(load(&without, &[]).0, Err(CpuValuesError::Missing(name.into())));
        for value in [u128::MAX, u64::MAX.into(), 1 << 63, 3] {
            // Any value is refused, or loaded and run.
            let (loaded, mut machine) = load(&|n, v| Some(if n == name { value } else { v }), &[]);
            match loaded {
                Ok(()) => {
                    for _ in 0..8 {
                        machine.cpu.step();
                    }
                }
                Err(error) => assert!(matches!(error, CpuValuesError::Range(_)), "{name}: {error}"),
            }
        }
    }
}
