// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One vCPU in its machine: it runs until it needs the machine, the machine answers, on and on.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hcall::{Call, Caller, Memory, Meter, Regs};
use iommu::Agent;

use crate::console::Console;
use crate::control::Control;
use crate::dma::Dma;
use crate::exit::Outcome;
use crate::machine::Observe;
use crate::platform::{Effects, Platform};
use crate::stats::Calls;
use crate::trace;
use crate::vcpu::{Exit, Vcpu};

/// What the vCPUs of a machine have in common. Only console calls take the console's lock.
pub(crate) struct Shared {
    pub(crate) memory: Arc<Memory>,
    pub(crate) dma: Dma,
    pub(crate) console: Mutex<Console>,
    pub(crate) control: Arc<Control>,
    pub(crate) observe: Observe,
}

/// A vCPU, and what belongs to it alone.
pub(crate) struct Processor<V> {
    /// Its number (PAPR: interrupt server number).
    server: u32,
    pub(crate) vcpu: V,
    pub(crate) books: Books,
}

/// What is kept about a vCPU's hypercalls. Apart from the vCPU, so that it can be written while
/// the vCPU waits for the answer.
pub(crate) struct Books {
    pub(crate) agent: Agent,
    pub(crate) calls: Calls,
    pub(crate) meter: Meter,
    effects: Effects,
}

impl<V: Vcpu> Processor<V> {
    pub(crate) fn new(server: u32, vcpu: V, agent: Agent) -> Processor<V> {
        let (calls, meter, effects) = Default::default();
        Processor { server, vcpu, books: Books { agent, calls, meter, effects } }
    }

    /// Runs from where the vCPU is to the end of the run, and ends it for all vCPUs.
    pub(crate) fn run(&mut self, shared: &Shared) {
        let outcome = self.run_to_end(shared);
        shared.control.stop(outcome);
    }

    /// Waits until another vCPU starts this one (RTAS start-cpu), then runs.
    pub(crate) fn run_when_started(&mut self, shared: &Shared) {
        if let Some(start) = shared.control.wait_for_start(self.server) {
            self.vcpu.start_at(start.entry, start.r3);
            self.run(shared);
        }
    }

    fn run_to_end(&mut self, shared: &Shared) -> Outcome {
        let Processor { vcpu, books, .. } = self;
        loop {
            match vcpu.run_with(|vcpu| books.hypercall(shared, vcpu)) {
                Exit::Hcall => return shared.powered_off(),
                Exit::Kicked => {
                    if let Some(outcome) = shared.control.outcome() {
                        return outcome;
                    }
                }
                Exit::Crashed(why) => return self.crashed(why),
            }
        }
    }

    fn crashed(&self, why: String) -> Outcome {
        Outcome::Crashed(match self.server {
            0 => why,
            server => format!("CPU {server}: {why}"),
        })
    }

    /// How long it was idle.
    pub(crate) fn idle(&self) -> Duration {
        self.books.effects.idle
    }
}

impl Books {
    /// Answers a hypercall of the vCPU; breaks off when the guest has powered off.
    fn hypercall<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V) -> ControlFlow<()> {
        let mut registers = vcpu.hcall_registers();
        if shared.observe.any() {
            self.observed(shared, vcpu, &mut registers);
        } else {
            self.dispatch(shared, vcpu, &mut registers);
        }
        vcpu.set_hcall_registers(&registers);
        if self.effects.powered_off { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn dispatch<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V, registers: &mut Regs) -> Call {
        let problem_state = vcpu.problem_state();
        let mut platform = Platform {
            vcpu,
            console: &shared.console,
            control: &shared.control,
            effects: &mut self.effects,
        };
        let mut caller = Caller {
            container: &shared.dma.container,
            memory: &shared.memory,
            agent: &mut self.agent,
            machine: &mut platform,
            problem_state,
            accel: &shared.dma.accel,
            meter: Some(&mut self.meter),
            phb: Some(&shared.dma.phb),
        };
        hcall::dispatch(&mut caller, registers)
    }

    /// The same, recorded. Only here does a hypercall cost a look at the clock.
    #[cold]
    fn observed<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V, registers: &mut Regs) {
        let asked = *registers;
        let record = shared.observe.record.as_deref();
        let _order = record.and_then(|record| record.order(&asked));
        let before = record.map(|record| record.before(&asked, &shared.memory));
        let start = Instant::now();
        let call = self.dispatch(shared, vcpu, registers);
        let time = start.elapsed();
        if let (Some(record), Some(before)) = (record, &before) {
            record.after(before, &asked, registers, &call, &shared.memory);
        }
        if shared.observe.trace {
            trace::Line { asked: &asked, answered: registers, call: &call }.write();
        }
        if shared.observe.stats {
            self.calls.record(asked[0], &call, time);
        }
    }
}

impl Shared {
    /// The guest is off; whether that is a success is for what came before to say.
    fn powered_off(&self) -> Outcome {
        let verdict = self.console.lock().unwrap_or_else(PoisonError::into_inner).verdict();
        match (self.control.outcome(), verdict) {
            (Some(outcome), _) => outcome,
            (None, None | Some(0)) => Outcome::PoweredOff,
            (None, Some(code)) => Outcome::GuestFailed(code),
        }
    }
}
