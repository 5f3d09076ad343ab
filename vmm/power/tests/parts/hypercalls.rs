// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Hypercalls that are answered while the CPU runs: translated code has them answered and goes on, unless the answer has
//! changed what it relies on. Then both engines go on in the same way.

use power::{Cpu, Engine, Exit, GuestMemory, msr};
use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use vm_memory::{Bytes, GuestAddress};

const AT: u64 = 0x1000;
/// Counts calls in r3 and rounds in r30: addi r3,r3,1; sc 1; addi r30,r30,1; bdnz AT; sc 1; b .-4.
const LOOP: [u32; 6] =
    [0x3863_0001, 0x4400_0022, 0x3bde_0001, 0x4200_fff4, 0x4400_0022, 0x4bff_fffc];
/// addi r20,r20,1; sc 1.
const OTHER: [u32; 2] = [0x3a94_0001, 0x4400_0022];
const OTHER_AT: u64 = 0x2000;
/// The address behind the first `sc`.
const BEHIND: u64 = AT + 8;
const ROUNDS: u64 = 20;
/// The call in which an answer does something.
const THIRD: u64 = 3;

fn engines() -> impl Iterator<Item = Engine> {
    [Engine::Interpreter, Engine::Translator].into_iter().filter(|engine| engine.is_available())
}

fn bytes(words: &[u32], little: bool) -> Vec<u8> {
    let bytes = |word: &u32| if little { word.to_le_bytes() } else { word.to_be_bytes() };
    words.iter().flat_map(bytes).collect()
}

fn cpu(engine: Engine, little: bool) -> (Cpu, Arc<GuestMemory>) {
    let ram = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).expect("RAM"));
    for (at, words) in [(AT, &LOOP[..]), (OTHER_AT, &OTHER)] {
        ram.write_slice(&bytes(words, little), GuestAddress(at)).expect("in RAM");
    }
    let mut cpu = Cpu::new(Arc::clone(&ram));
    cpu.set_engine(engine);
    cpu.set_interrupt_little_endian(little);
    begin(&mut cpu, AT, little);
    cpu.set_ctr(ROUNDS);
    (cpu, ram)
}

fn begin(cpu: &mut Cpu, at: u64, little: bool) {
    cpu.set_msr(msr::SF | msr::ME | if little { msr::LE } else { 0 });
    cpu.set_nip(at);
}

/// The state of a CPU when it has come back.
#[derive(Debug, PartialEq)]
struct Outcome {
    exit: Exit,
    gpr: [u64; 32],
    nip: u64,
    msr: u64,
    srr0: u64,
    instructions: u64,
}

/// The effect of an answer in the third call; it says whether the run breaks off.
type Does = fn(&mut Cpu, &GuestMemory, bool) -> ControlFlow<()>;

/// Runs the loop; the second `sc` ends it.
fn run(engine: Engine, little: bool, does: Does) -> Outcome {
    let (mut cpu, ram) = cpu(engine, little);
    let mut calls = 0;
    let exit = cpu.run_with(|cpu| {
        calls += 1;
        match (calls, cpu.nip()) {
            (THIRD, _) => does(cpu, &ram, little),
            (5000.., _) => panic!("no end"),
            (_, BEHIND) => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    });
    let srr0 = cpu.register("srr0").expect("a register") as u64;
    let (gpr, nip, msr, instructions) = (cpu.gpr, cpu.nip(), cpu.msr(), cpu.instructions());
    Outcome { exit, gpr, nip, msr, srr0, instructions }
}

/// Runs it on both engines in both byte orders.
fn everywhere(does: Does, check: impl Fn(&Outcome)) {
    for little in [false, true] {
        let outcomes: Vec<_> = engines().map(|engine| run(engine, little, does)).collect();
        outcomes.iter().for_each(&check);
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:#?}");
    }
}

#[test]
fn calls_are_answered_in_order_with_exact_counts() {
    for engine in engines() {
        let (mut cpu, _) = cpu(engine, true);
        let mut calls = Vec::new();
        cpu.run_with(|cpu| {
            calls.push((cpu.gpr[3], cpu.gpr[30], cpu.instructions(), cpu.nip()));
            if cpu.nip() == BEHIND { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let expected = (0..ROUNDS).map(|n| (n + 1, n, 4 * n + 2, BEHIND));
        let last = (ROUNDS, ROUNDS, 4 * ROUNDS + 1, AT + 20);
        assert_eq!(calls, expected.chain([last]).collect::<Vec<_>>(), "{engine:?}");
    }
}

#[test]
fn translated_code_is_not_left_for_a_call() {
    if !Engine::Translator.is_available() {
        return; // nothing is translated
    }
    let (mut cpu, _) = cpu(Engine::Translator, false);
    let mut ran = Vec::new();
    cpu.run_with(|cpu| {
        ran.push(cpu.translation().ran); // grows when translated code is left
        if cpu.nip() == BEHIND { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    assert_eq!(ran, vec![ran[0]; ROUNDS as usize + 1]);
}

#[test]
fn an_answer_may_change_every_register() {
    everywhere(
        |cpu, _, _| {
            cpu.gpr = std::array::from_fn(|r| 100 * r as u64);
            cpu.set_ctr(2);
            ControlFlow::Continue(())
        },
        |end| {
            // This round and the next one.
            assert_eq!((end.gpr[3], end.gpr[30], end.gpr[31]), (301, 3002, 3100));
            assert_eq!(end.instructions, 4 * 4 + 1);
        },
    );
}

#[test]
fn an_answer_may_go_on_elsewhere() {
    everywhere(
        |cpu, _, _| {
            cpu.set_nip(OTHER_AT);
            ControlFlow::Continue(())
        },
        |end| assert_eq!((end.gpr[20], end.nip, end.instructions), (1, OTHER_AT + 8, 12)),
    );
}

#[test]
fn an_answer_may_break_off_and_the_run_go_on_later() {
    for engine in engines() {
        let (mut cpu, _) = cpu(engine, false);
        for n in 1..=ROUNDS {
            assert_eq!(cpu.run(), Exit::Hcall);
            assert_eq!((cpu.nip(), cpu.instructions()), (BEHIND, 4 * n - 2), "{engine:?}");
        }
        assert_eq!(cpu.run_with(|_| ControlFlow::Break(())), Exit::Hcall);
        assert_eq!((cpu.nip(), cpu.gpr[30]), (AT + 20, ROUNDS));
    }
}

#[test]
fn an_instruction_that_an_answer_has_stored_is_the_next_one() {
    everywhere(
        |_, ram, little| {
            // addi r30,r30,100
            ram.write_slice(&bytes(&[0x3bde_0064], little), GuestAddress(BEHIND)).expect("in RAM");
            ControlFlow::Continue(())
        },
        |end| assert_eq!(end.gpr[30], 2 + 18 * 100),
    );
}

#[test]
fn an_answer_may_enable_an_interrupt_that_comes_at_once() {
    everywhere(
        |cpu, ram, little| {
            ram.write_slice(&bytes(&OTHER, little), GuestAddress(0x500)).expect("in RAM");
            cpu.kicker().set_external(true);
            cpu.enable_external_interrupts();
            ControlFlow::Continue(())
        },
        |end| {
            assert_eq!((end.srr0, end.nip, end.gpr[20], end.instructions), (BEHIND, 0x508, 1, 12))
        },
    );
}

#[test]
fn an_answer_may_change_the_mode() {
    everywhere(
        |cpu, ram, little| {
            // The other byte order from here on.
            ram.write_slice(&bytes(&LOOP, !little), GuestAddress(AT)).expect("in RAM");
            cpu.set_msr(cpu.msr() ^ msr::LE);
            ControlFlow::Continue(())
        },
        |end| assert_eq!((end.gpr[30], end.nip), (ROUNDS, AT + 20)),
    );
    everywhere(
        |cpu, _, _| {
            cpu.set_msr(cpu.msr() | msr::PR); // `sc 1` asks in problem state, too
            ControlFlow::Continue(())
        },
        |end| assert!(end.msr & msr::PR != 0 && end.gpr[30] == ROUNDS),
    );
}

#[test]
fn a_kick_in_an_answer_is_seen_as_soon_on_both_engines() {
    everywhere(
        |cpu, _, _| {
            cpu.set_ctr(1 << 40);
            cpu.kicker().kick();
            ControlFlow::Continue(())
        },
        |end| assert_eq!(end.exit, Exit::Kicked),
    );
}

#[test]
fn an_answer_may_run_the_cpu_itself() {
    everywhere(
        |cpu, _, _| {
            for _ in 0..2 {
                cpu.set_nip(OTHER_AT);
                assert_eq!(cpu.run(), Exit::Hcall);
                cpu.set_nip(OTHER_AT);
                assert_eq!((cpu.step(), cpu.step()), (None, Some(Exit::Hcall)));
            }
            cpu.set_nip(BEHIND);
            ControlFlow::Continue(())
        },
        |end| {
            assert_eq!((end.gpr[20], end.gpr[30], end.nip), (4, ROUNDS, AT + 20));
            assert_eq!(end.instructions, 4 * ROUNDS + 1 + 8);
        },
    );
}

#[test]
fn an_answer_may_reset_the_cpu_or_put_another_one_in_its_place() {
    everywhere(
        |cpu, _, little| {
            cpu.reset();
            cpu.set_interrupt_little_endian(little);
            begin(cpu, OTHER_AT, little);
            ControlFlow::Continue(())
        },
        |end| assert_eq!((end.gpr[20], end.gpr[3], end.nip), (1, 0, OTHER_AT + 8)),
    );
    everywhere(
        |cpu, _, little| {
            let mut other = cpu.sibling();
            begin(&mut other, OTHER_AT, little);
            std::mem::swap(cpu, &mut other);
            ControlFlow::Continue(())
        },
        |end| assert_eq!((end.gpr[20], end.gpr[3], end.nip), (1, 0, OTHER_AT + 8)),
    );
}

#[test]
fn a_panic_in_an_answer_comes_out_of_the_run_which_can_go_on() {
    for engine in engines() {
        let (mut cpu, _) = cpu(engine, false);
        let mut calls = 0;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            cpu.run_with(|_| {
                calls += 1;
                if calls == THIRD {
                    std::panic::resume_unwind(Box::new("the third"));
                }
                ControlFlow::Continue(())
            })
        }));
        let panic = panicked.expect_err("it panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"the third"));
        assert_eq!((cpu.gpr[3], cpu.nip(), cpu.instructions()), (THIRD, BEHIND, 10), "{engine:?}");
        assert_eq!(cpu.run(), Exit::Hcall);
        assert_eq!((cpu.gpr[3], cpu.instructions()), (THIRD + 1, 14));
    }
}
