// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random programs end in the same state on both engines: registers, storage, the count of completed instructions and the way
//! out are the same whether code is interpreted or translated.
//!
//! `TCEVM_SEED` and `TCEVM_COUNT` choose other programs, or more.

use super::recorder::Rng;
use power::{
    Cpu, Engine, Exit, GuestMemory, form::Then, isa, msr, registers, row::Row, spr, word::Word,
};
use std::{sync::Arc, time::Duration};
use vm_memory::{Bytes, GuestAddress};

const RAM: usize = 0x1_0000;
/// Where programs begin: near the end of a block, so that many cross it.
const AT: u64 = 0x10c0;
/// `sc 1`: leaves the guest. It is wherever no program is.
const LEAVE: u32 = 0x4400_0022;
/// Counts the rounds of a program: SPRG2.
const ROUNDS: u32 = 274;

/// A program, and the state before it.
struct Program {
    words: Vec<u32>,
    msr: u64,
    gpr: [u64; 32],
    vsr: [u128; 64],
    others: Vec<(&'static str, u64)>,
    rounds: u64,
}

/// True for an instruction whose result depends on the time or on chance, that counts, or that may go back.
fn is_apart(row: &Row, word: Word) -> bool {
    let number = word.spr();
    let of_spr = matches!(row.name, "mfspr" | "mtspr" | "mftb");
    let apart = number == ROUNDS
        || spr::MOVING.contains(&(number as usize))
        || (768..800).contains(&number);
    let goes_anywhere =
        matches!(row.form.then, Then::Anything) && !matches!(row.name, "isync" | "mtmsrd");
    row.name == "darn" || of_spr && apart || goes_anywhere
}

/// A word of the row of an example, with other operands.
fn varied(rng: &mut Rng, row: &Row, example: u32, left: usize) -> Option<u32> {
    let operands = !row.form.mask;
    let mut word = example;
    if !rng.next().is_multiple_of(4) {
        let bits = rng.next() as u32 & rng.next() as u32 & operands;
        word ^= bits;
    }
    if let Then::Fork(_) = row.form.then {
        // Forward, inside the program.
        let ahead = 4 * (1 + rng.next() as u32 % left.min(12) as u32);
        let field = if word >> 26 == 18 { 0x03ff_fffc } else { 0xfffc };
        word = word & !field & !2 | ahead;
    }
    let same = isa::decode(Word::new(word)).is_some_and(|found| found.name == row.name);
    (same && !is_apart(row, Word::new(word))).then_some(word)
}

/// The end of a program: it begins again until its rounds are over.
fn tail(len: usize) -> Vec<u32> {
    let (r31, halves) = (31 << 21, |n: u32| (n & 31) << 16 | (n >> 5) << 11);
    let back = (4 * (len as u32 + 4)).wrapping_neg() & 0xfffc;
    vec![
        31 << 26 | r31 | halves(ROUNDS) | 339 << 1, // mfspr r31,SPRG2
        14 << 26 | r31 | 31 << 16 | 0xffff,         // addi r31,r31,-1
        31 << 26 | r31 | halves(ROUNDS) | 467 << 1, // mtspr SPRG2,r31
        10 << 26 | 5 << 23 | 1 << 21 | 31 << 16,    // cmpldi cr5,r31,0
        16 << 26 | 4 << 21 | (4 * 5 + 2) << 16 | back, // bne cr5
    ]
}

/// FPSCR with VX and FEX as its exceptions and enables have them (Book I, 4.2.2): no instruction leaves them otherwise.
fn summarized(fpscr: u64) -> u64 {
    const INVALID: u64 = 0x01f8_0700;
    const VX: u64 = 1 << 29;
    const FEX: u64 = 1 << 30;
    let fpscr = fpscr & !(VX | FEX);
    let fpscr = if fpscr & INVALID != 0 { fpscr | VX } else { fpscr };
    // VX, OX, UX, ZX and XX, above VE, OE, UE, ZE and XE.
    let enabled = (fpscr >> 25 & 0x1f) & (fpscr >> 3 & 0x1f);
    if enabled != 0 { fpscr | FEX } else { fpscr }
}

impl Program {
    fn random(rng: &mut Rng, examples: &[(&'static Row, u32)]) -> Program {
        let len = 4 + rng.next() as usize % 60;
        let mut words = Vec::new();
        while words.len() < len {
            let (row, example) = examples[rng.next() as usize % examples.len()];
            words.extend(varied(rng, row, example, len - words.len()));
        }
        words.extend(tail(len));
        let width = if rng.next().is_multiple_of(4) { 0 } else { msr::SF };
        let order = if rng.next().is_multiple_of(2) { 0 } else { msr::LE };
        let facilities =
            if rng.next().is_multiple_of(16) { 0 } else { msr::FP | msr::VEC | msr::VSX };
        let traps = if rng.next().is_multiple_of(4) { msr::FE0 | msr::FE1 } else { 0 };
        let names = ["cr", "xer", "lr", "ctr", "vscr", "fpscr", "sprg1", "tar"];
        Program {
            words,
            msr: msr::ME | width | order | facilities | traps,
            gpr: std::array::from_fn(|_| rng.value()),
            vsr: std::array::from_fn(|_| u128::from(rng.next()) << 64 | u128::from(rng.value())),
            others: names
                .map(|name| (name, rng.value()))
                .map(|(name, v)| (name, if name == "fpscr" { summarized(v) } else { v }))
                .to_vec(),
            rounds: 1 + rng.next() % 40,
        }
    }

    /// A CPU before the program.
    fn cpu(&self, engine: Engine) -> (Cpu, Arc<GuestMemory>) {
        let little = self.msr & msr::LE != 0;
        let bytes = |word: u32| if little { word.to_le_bytes() } else { word.to_be_bytes() };
        let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("RAM");
        let ram = Arc::new(ram);
        ram.write_slice(&bytes(LEAVE).repeat(RAM / 4), GuestAddress(0)).expect("in RAM");
        let code: Vec<u8> = self.words.iter().flat_map(|word| bytes(*word)).collect();
        ram.write_slice(&code, GuestAddress(AT)).expect("in RAM");
        let mut cpu = Cpu::new(Arc::clone(&ram));
        cpu.set_engine(engine);
        cpu.set_interrupt_little_endian(little);
        cpu.gpr = self.gpr;
        for (n, v) in self.vsr.iter().enumerate() {
            cpu.set_vsr(n, *v);
        }
        for (name, value) in &self.others {
            cpu.set_register(name, u128::from(*value)).expect("a register");
        }
        cpu.set_register("sprg2", self.rounds.into()).expect("a register");
        cpu.set_msr(self.msr);
        cpu.set_nip(AT);
        (cpu, ram)
    }
}

/// All that a program can leave behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    exit: Exit,
    instructions: u64,
    registers: Vec<(String, Option<u128>)>,
    changed: Vec<(usize, u8)>,
}

/// The time after which a program is said to have no end.
const ENDLESS: Duration = Duration::from_millis(500);
/// The time for a program that has one: it matters on a busy host.
const PATIENT: Duration = Duration::from_secs(60);

/// Runs a CPU, and kicks it when the time is over.
fn bounded(cpu: &mut Cpu, time: Duration) -> Exit {
    let (done, finished) = std::sync::mpsc::channel::<()>();
    let kicker = cpu.kicker();
    let watch = std::thread::spawn(move || {
        if finished.recv_timeout(time).is_err() {
            kicker.kick();
        }
    });
    let exit = cpu.run();
    let _ = done.send(());
    watch.join().expect("the watch ends");
    exit
}

fn run(program: &Program, engine: Engine, time: Duration) -> (Outcome, u64) {
    let (mut cpu, ram) = program.cpu(engine);
    let mut before = vec![0; RAM];
    ram.read_slice(&mut before, GuestAddress(0)).expect("in RAM");
    let exit = bounded(&mut cpu, time);
    let mut after = vec![0; RAM];
    ram.read_slice(&mut after, GuestAddress(0)).expect("in RAM");
    let moves =
        |name: &str| spr::by_name(name).is_some_and(|spr| spr::MOVING.contains(&spr.number));
    let registers = registers::names().filter(|name| !moves(name) && !name.ends_with("pmc6"));
    let registers = registers.map(|name| (name.clone(), cpu.register(&name))).collect();
    let changed = before.iter().zip(&after).enumerate();
    let changed = changed.filter(|(_, (a, b))| a != b).map(|(at, (_, b))| (at, *b)).collect();
    let outcome = Outcome { exit, instructions: cpu.instructions(), registers, changed };
    (outcome, cpu.translation().ran)
}

/// The examples of all rows, each with its row.
fn examples() -> Vec<(&'static Row, u32)> {
    let cases = isa::rows().flat_map(|row| row.cases.iter().map(move |case| (row, case)));
    let words = cases.map(|(row, case)| {
        let word = case.split(' ').next().unwrap_or_default();
        (row, u32::from_str_radix(word, 16).expect("a case begins with the word"))
    });
    words.filter(|(row, word)| !is_apart(row, Word::new(*word))).collect()
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn random_programs_end_in_the_same_state_on_both_engines() {
    if !Engine::Translator.is_available() {
        return; // the other engine is all that there is
    }
    let (seed, count) = (number("TCEVM_SEED", 0x7ce), number("TCEVM_COUNT", 3000));
    let (examples, mut rng) = (examples(), Rng(seed));
    let (mut instructions, mut translated, mut endless) = (0, 0, 0);
    for n in 0..count {
        let program = Program::random(&mut rng, &examples);
        let (interpreted, _) = run(&program, Engine::Interpreter, ENDLESS);
        if interpreted.exit == Exit::Kicked {
            endless += 1;
            continue;
        }
        let (other, ran) = run(&program, Engine::Translator, PATIENT);
        if interpreted != other {
            let words: Vec<String> = program
                .words
                .iter()
                .map(|w| format!("{w:08x} {}", power::text::disassemble(*w, 0)))
                .collect();
            let registers = interpreted.registers.iter().zip(&other.registers);
            let differ: Vec<_> = registers.filter(|(a, b)| a != b).collect();
            panic!(
                "program {n} of seed {seed}: {differ:x?}, {:?} {:?}, instructions {} {}, storage {:x?} {:x?}, msr {:x}\n{}",
                interpreted.exit,
                other.exit,
                interpreted.instructions,
                other.instructions,
                interpreted.changed,
                other.changed,
                program.msr,
                words.join("\n"),
            );
        }
        instructions += interpreted.instructions;
        translated += ran;
    }
    assert!(100 * endless <= count, "{endless} programs have no end");
    assert!(
        2 * translated > instructions,
        "{translated} of {instructions} instructions ran translated"
    );
}

#[test]
fn code_stored_in_front_of_an_instruction_apart_is_seen_there() {
    const STORE: u32 = 0x90a4_0000; // stw r5,0(r4)
    const COUNT: u32 = 0x3863_0001; // addi r3,r3,1
    const ILLEGAL: u32 = 0;
    const ISYNC: u32 = 0x4c00_012c;
    const RFID: u32 = 0x4c00_0024;
    let engines = [Engine::Interpreter, Engine::Translator];
    for engine in engines.into_iter().filter(|engine| engine.is_available()) {
        for apart in [ILLEGAL, ISYNC, RFID] {
            let mut gpr = [0; 32];
            (gpr[4], gpr[5]) = (AT + 8, COUNT.into());
            let program = Program {
                words: vec![STORE, COUNT, apart, LEAVE],
                msr: msr::ME | msr::SF,
                gpr,
                vsr: [0; 64],
                others: Vec::new(),
                rounds: 0,
            };
            let (mut cpu, _) = program.cpu(engine);
            assert_eq!(bounded(&mut cpu, PATIENT), Exit::Hcall);
            assert_eq!((cpu.gpr[3], cpu.nip()), (2, AT + 16), "{engine:?} {apart:08x}");
        }
    }
}

#[test]
fn a_kick_ends_a_loop_after_code_was_stored_near_the_end_of_a_slice() {
    const ENTER: [u32; 3] = [0x7cc9_03a6, 0x4200_0000, 0x90a4_0000]; // mtctr r6; bdnz .; stw r5,0(r4): itself
    const NOP: u32 = 0x6000_0000;
    const LOOP: u32 = 0x4800_0000; // b .
    let (done, finished) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Events are looked at every 256 instructions, or 4096 in a release.
        for rounds in (230..=256).chain(4070..=4096) {
            let mut gpr = [0; 32];
            (gpr[4], gpr[5], gpr[6]) = (AT + 8, ENTER[2].into(), rounds);
            let program = Program {
                words: [&ENTER[..], &[NOP; 7], &[LOOP]].concat(),
                msr: msr::ME | msr::SF,
                gpr,
                vsr: [0; 64],
                others: Vec::new(),
                rounds: 0,
            };
            let engines = [Engine::Interpreter, Engine::Translator];
            for engine in engines.into_iter().filter(|engine| engine.is_available()) {
                let (mut cpu, _) = program.cpu(engine);
                let _ = done.send((bounded(&mut cpu, Duration::from_millis(3)), rounds, engine));
            }
        }
    });
    let mut ends = 0;
    loop {
        match finished.recv_timeout(PATIENT) {
            Ok((exit, rounds, engine)) => {
                assert_eq!(exit, Exit::Kicked, "{rounds} {engine:?}");
                ends += 1;
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            Err(late) => panic!("after {ends} loops: {late}"),
        }
    }
    assert!(ends >= 54, "{ends}");
}
