// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cost of a hypercall of an x86-64 guest, and of a bare exit to the process, in one run.
//!
//! Each number is the best of many short rounds. The cases take turns, so that other load on the host
//! affects them alike. The guest is two instructions, so the preparation of a call is not measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::{Caller, Memory, Regs};
use iommu::{Agent, Container, Frames, Ioda2, IommuTable, Liobn, PageShift, Window};
use machine::Control;
use machine::board::Board;
use machine::capabilities::{CallView, Effects};
use machine::console::Console;
use machine::kvm::cpu::Registers;
use machine::kvm::probe::{Probe, ProbeError};
use machine::memory;
use machine::vcpu::Vcpu;
use vm_memory::{Bytes, GuestAddress};

const LIOBN: Liobn = Liobn(0x8000_0000);
const LIST: u64 = 0x10_0000;
const ENTRIES: u64 = 512;
const ROUNDS: u32 = 60;
const CALLS: u32 = 100;

/// The machine that answers, built as `tcevm run` builds it.
struct Machine {
    memory: Memory,
    container: Container,
    agent: Agent,
    board: Board,
    effects: Effects,
}

impl Machine {
    fn new() -> Machine {
        let ram = "64M".parse().expect("a size");
        let memory = memory::map(ram).expect("memory");
        for n in 0..ENTRIES {
            let tce = (16 << 20 | n << 12 | 3_u64).to_be();
            memory.write_obj(tce, GuestAddress(LIST + 8 * n)).expect("in RAM");
        }
        let window = Window::bytes(LIOBN, 0, 1 << 30, PageShift::K4).expect("a window");
        let container = Container::new(Frames::new(ram.bytes()).expect("frames"));
        let table = IommuTable::new(window, Ioda2::default()).expect("a table");
        container.add_window(window, table).expect("the only window");
        let control = Arc::new(Control::new(Vec::new()));
        let console = Console::new(Arc::clone(&control), Box::new(std::io::sink()));
        let agent = container.agent();
        let board = Board::new(console, control);
        Machine { memory, container, agent, board, effects: Effects::default() }
    }

    /// Runs from one exit to the next: the guest calls with these registers and gets its answer.
    fn call(&mut self, probe: &mut Probe, asked: &Regs) -> Result<(), ProbeError> {
        probe.cpu.set_hcall_registers(asked); // as the guest would; sent with the same system call
        probe.exit()?;
        let mut registers = probe.cpu.hcall_registers();
        let problem_state = probe.cpu.problem_state();
        let mut view = CallView {
            vcpu: &mut probe.cpu,
            server: 0,
            board: &self.board,
            phb: None,
            effects: &mut self.effects,
        };
        let mut caller = Caller {
            problem_state,
            ..Caller::new(&self.container, &self.memory, &mut self.agent, &mut view)
        };
        hcall::dispatch(&mut caller, &mut registers);
        probe.cpu.set_hcall_registers(&registers);
        Ok(())
    }
}

fn regs(values: &[u64]) -> Regs {
    let mut regs = Regs::default();
    regs[..values.len()].copy_from_slice(values);
    regs
}

fn round(
    mut one: impl FnMut() -> Result<(), ProbeError>,
    best: &mut Duration,
) -> Result<(), ProbeError> {
    let start = Instant::now();
    for _ in 0..CALLS {
        one()?;
    }
    *best = (*best).min(start.elapsed() / CALLS);
    Ok(())
}

/// Measures each case and prints its row.
pub(crate) fn measure() -> Result<(), ProbeError> {
    let mut bare = Probe::new(Registers::Left)?;
    let mut synced = Probe::new(Registers::Synced)?;
    let mut machine = Machine::new();
    let liobn = u64::from(LIOBN.0);
    let rows = [
        ("a hypercall that nobody knows", regs(&[0x4fc]), "1.05"),
        ("H_PUT_TCE", regs(&[0x20, liobn, 0, 16 << 20 | 3]), "1.05"),
        ("H_PUT_TCE_INDIRECT of 512", regs(&[0x13c, liobn, 0, LIST, ENTRIES]), "2.2"),
        ("H_STUFF_TCE of 512", regs(&[0x138, liobn, 0, 0, ENTRIES]), "2.2"),
    ];
    let mut exit = Duration::MAX;
    let mut bests = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        round(|| bare.exit(), &mut exit)?;
        for ((_, asked, _), best) in rows.iter().zip(&mut bests) {
            round(|| machine.call(&mut synced, asked), best)?;
        }
    }
    let row = |name: &str, time: Duration, target: &str| {
        let ratio = time.as_secs_f64() / exit.as_secs_f64();
        println!("{name:<32}{:>10} ns{ratio:>8.2}   {target}", time.as_nanos());
    };
    println!("{:<32}{:>13}{:>8}   target", "", "best", "ratio");
    row("a bare exit", exit, "");
    for ((name, _, target), best) in rows.iter().zip(bests) {
        row(name, best, &format!("<= {target}"));
    }
    Ok(())
}
