// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One vCPU in its machine: it runs until it needs the machine, the machine answers, on and on.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hcall::{Areas, Call, Caller, Memory, Meter, Regs};
use iommu::Agent;

use crate::board::Board;
use crate::cpu_time;
use crate::dma::Dma;
use crate::exit::Outcome;
use crate::nmi;
use crate::observe::{self, Guest, Made, Notes, Observe};
use crate::platform::{Effects, Platform};
use crate::vcpu::{Exit, Vcpu};

/// What the vCPUs of a machine have in common.
pub(crate) struct Shared {
    pub(crate) memory: Arc<Memory>,
    pub(crate) dma: Dma,
    pub(crate) board: Board,
    /// Where RTAS is.
    pub(crate) rtas: Range<u64>,
    pub(crate) observe: Observe,
    /// Whether anything is: looked at in each hypercall.
    pub(crate) observed: bool,
}

/// A vCPU, and what belongs to it alone.
pub(crate) struct Processor<V> {
    pub(crate) vcpu: V,
    pub(crate) books: Books,
}

/// What is kept about a vCPU's hypercalls. Apart from the vCPU, so that it can be written while
/// the vCPU waits for the answer.
pub(crate) struct Books {
    /// The number of the vCPU (PAPR: interrupt server number).
    server: u32,
    pub(crate) agent: Agent,
    pub(crate) notes: Notes,
    pub(crate) meter: Meter,
    /// CPU time of its thread while it ran.
    pub(crate) cpu: Duration,
    effects: Effects,
}

impl<V: Vcpu> Processor<V> {
    pub(crate) fn new(server: u32, vcpu: V, agent: Agent) -> Processor<V> {
        let (notes, meter, cpu, effects) = Default::default();
        Processor { vcpu, books: Books { server, agent, notes, meter, cpu, effects } }
    }

    /// Runs from where the vCPU is to the end of the run, and ends it for all vCPUs. In between the
    /// vCPU may stop itself and be started again.
    pub(crate) fn run(&mut self, shared: &Shared) {
        let server = self.books.server;
        loop {
            let begun = cpu_time::of_thread();
            shared.observe.runs(&mut self.books.notes, true);
            self.areas(shared).dispatched(&shared.memory, None, self.vcpu.moment());
            let stopped = self.run_to_stop(shared);
            shared.observe.runs(&mut self.books.notes, false);
            self.books.cpu += cpu_time::of_thread().saturating_sub(begun);
            if let Some(outcome) = stopped {
                return shared.board.control.stop(outcome);
            }
            self.areas(shared).preempted(&shared.memory);
            shared.board.control.cpu_stopped(server);
            if !self.start(shared) {
                return;
            }
        }
    }

    /// Waits until another vCPU starts this one (RTAS start-cpu), then runs.
    pub(crate) fn run_when_started(&mut self, shared: &Shared) {
        if self.start(shared) {
            self.run(shared);
        }
    }

    /// Waits for start-cpu; false when the run ends first.
    fn start(&mut self, shared: &Shared) -> bool {
        let Books { server, agent, .. } = &mut self.books;
        let start = agent.rest(|| shared.board.control.wait_for_start(*server));
        if let Some(start) = start {
            self.vcpu.set_modes(&shared.board.control.modes());
            self.vcpu.start_at(start.entry, start.r3);
        }
        start.is_some()
    }

    fn areas<'a>(&self, shared: &'a Shared) -> &'a Areas {
        &shared.board.areas[self.books.server as usize] // there is one for each processor
    }

    /// Runs until the run ends, or until the vCPU stops itself.
    fn run_to_stop(&mut self, shared: &Shared) -> Option<Outcome> {
        let Processor { vcpu, books } = self;
        vcpu.watch_stolen();
        loop {
            match vcpu.run_with(|vcpu| books.hypercall(shared, vcpu)) {
                Exit::Hcall if std::mem::take(&mut books.effects.stopped) => return None,
                Exit::Hcall if std::mem::take(&mut books.effects.rebooted) => {
                    return Some(Outcome::Rebooted);
                }
                Exit::Hcall => return Some(shared.powered_off()),
                Exit::Kicked => {
                    if let Some(outcome) = shared.board.control.outcome() {
                        return Some(outcome);
                    }
                    vcpu.set_modes(&shared.board.control.modes());
                    books.agent.refresh();
                }
                Exit::Late => {
                    let areas = &shared.board.areas[books.server as usize];
                    areas.preempted_meanwhile(&shared.memory, vcpu.moment());
                }
                Exit::MachineCheck(check) => {
                    if let Err(outcome) = nmi::machine_check(shared, books.server, vcpu, &check) {
                        return Some(outcome);
                    }
                }
                Exit::SystemReset => nmi::system_reset(shared, books.server, vcpu),
                Exit::Crashed(why) => return Some(self.crashed(why)),
            }
        }
    }

    fn crashed(&self, why: String) -> Outcome {
        Outcome::Crashed(match self.books.server {
            0 => why,
            server => format!("CPU {server}: {why}"),
        })
    }

    /// Back to the state after a reset.
    pub(crate) fn reset(&mut self) {
        self.vcpu.reset();
    }

    /// How long it was idle.
    pub(crate) fn idle(&self) -> Duration {
        self.books.effects.idle
    }
}

impl Books {
    /// Answers a hypercall of the vCPU; breaks off when the guest has powered off, or the
    /// vCPU has stopped itself.
    fn hypercall<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V) -> ControlFlow<()> {
        let mut registers = vcpu.hcall_registers();
        let call = if shared.observed {
            self.observed(shared, vcpu, &mut registers)
        } else {
            self.dispatch(shared, vcpu, &mut registers)
        };
        vcpu.set_hcall_registers(&registers[..call.answers()]);
        let Effects { powered_off, rebooted, stopped, .. } = self.effects;
        let leaves = powered_off || rebooted || stopped;
        if leaves { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn dispatch<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V, registers: &mut Regs) -> Call {
        let problem_state = vcpu.problem_state();
        let mut platform = Platform {
            vcpu,
            server: self.server,
            board: &shared.board,
            phb: Some(&shared.dma.phb),
            effects: &mut self.effects,
        };
        let mut caller = Caller {
            container: &shared.dma.container,
            memory: &shared.memory,
            agent: &mut self.agent,
            machine: &mut platform,
            server: self.server,
            problem_state,
            accel: &shared.dma.accel,
            meter: Some(&mut self.meter),
        };
        hcall::dispatch(&mut caller, registers)
    }

    /// The same, recorded. Only here does a hypercall cost a look at the clock.
    #[cold]
    fn observed<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V, registers: &mut Regs) -> Call {
        let (asked, observe) = (*registers, &shared.observe);
        let guest = Guest { container: &shared.dma.container, memory: &shared.memory };
        let _order = observe.order(&asked);
        let before = observe.before(&asked, guest);
        let (meter, idle) = (self.meter, self.effects.idle);
        let start = Instant::now();
        let call = self.dispatch(shared, vcpu, registers);
        let made = Made {
            server: self.server,
            asked: &asked,
            answered: registers,
            call: &call,
            tier: observe::answered(&meter, &self.meter),
            start,
            time: start.elapsed(),
            idle: self.effects.idle - idle,
        };
        observe.after(before, &made, guest, self.agent.totals(), &mut self.notes);
        call
    }
}

impl Shared {
    /// The guest is off; whether that is a success is for what came before to say.
    fn powered_off(&self) -> Outcome {
        let verdict = self.board.console.lock().unwrap_or_else(PoisonError::into_inner).verdict();
        match (self.board.control.outcome(), verdict) {
            (Some(outcome), _) => outcome,
            (None, None | Some(0)) => Outcome::PoweredOff,
            (None, Some(code)) => Outcome::GuestFailed(code),
        }
    }
}
