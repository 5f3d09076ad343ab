// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run loop: the vCPU runs until it needs the machine, the machine answers, on and on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::{Call, Caller, Memory, Regs};
use iommu::{Agent, Container};

use crate::boot::Ready;
use crate::console::Console;
use crate::control::Control;
use crate::exit::Outcome;
use crate::platform::{Effects, Platform};
use crate::stats::{Calls, Report};
use crate::trace;
use crate::vcpu::{Exit, Vcpu};

/// A machine with one vCPU.
pub struct Machine<V> {
    vcpu: V,
    memory: Arc<Memory>,
    container: Container,
    agent: Agent,
    console: Console,
    control: Arc<Control>,
    effects: Effects,
    observe: Observe,
    calls: Calls,
}

/// What is recorded about each hypercall; nothing unless the user asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observe {
    /// Write a line for each.
    pub trace: bool,
    /// Count and time each.
    pub stats: bool,
}

impl Observe {
    fn any(self) -> bool {
        self.trace || self.stats
    }
}

impl<V: Vcpu> Machine<V> {
    /// Puts a vCPU at the entry of a machine that is ready.
    pub fn new(ready: Ready, mut vcpu: V, control: Arc<Control>, console: Console) -> Machine<V> {
        vcpu.start_at(ready.entry, ready.told.start);
        Machine {
            vcpu,
            memory: ready.memory,
            agent: ready.container.agent(),
            container: ready.container,
            console,
            control,
            effects: Effects::default(),
            observe: Observe::default(),
            calls: Calls::default(),
        }
    }

    /// Chooses what is recorded.
    pub fn observe(&mut self, observe: Observe) {
        self.observe = observe;
    }

    /// Runs the guest to its end.
    pub fn run(&mut self) -> Outcome {
        loop {
            match self.vcpu.run() {
                Exit::Hcall => {
                    self.hypercall();
                    if self.effects.powered_off {
                        return self.powered_off();
                    }
                }
                Exit::Kicked => {
                    if let Some(outcome) = self.control.outcome() {
                        return outcome;
                    }
                }
                Exit::Crashed(why) => return Outcome::Crashed(why),
            }
        }
    }

    fn hypercall(&mut self) {
        let mut registers = self.vcpu.hcall_registers();
        if self.observe.any() {
            self.observed(&mut registers);
        } else {
            self.dispatch(&mut registers);
        }
        self.vcpu.set_hcall_registers(&registers);
    }

    fn dispatch(&mut self, registers: &mut Regs) -> Call {
        let problem_state = self.vcpu.problem_state();
        let mut platform = Platform {
            vcpu: &mut self.vcpu,
            console: &mut self.console,
            control: &self.control,
            effects: &mut self.effects,
        };
        let mut caller = Caller {
            container: &self.container,
            memory: &self.memory,
            agent: &mut self.agent,
            machine: &mut platform,
            problem_state,
        };
        hcall::dispatch(&mut caller, registers)
    }

    /// The same, recorded. Only here does a hypercall cost a look at the clock.
    #[cold]
    fn observed(&mut self, registers: &mut Regs) {
        let asked = *registers;
        let start = Instant::now();
        let call = self.dispatch(registers);
        let time = start.elapsed();
        if self.observe.trace {
            trace::Line { asked: &asked, answered: registers, call: &call }.write();
        }
        if self.observe.stats {
            self.calls.record(asked[0], &call, time);
        }
    }

    /// The guest is off; whether that is a success is for what came before to say.
    fn powered_off(&mut self) -> Outcome {
        match (self.control.outcome(), self.console.verdict()) {
            (Some(outcome), _) => outcome,
            (None, None | Some(0)) => Outcome::PoweredOff,
            (None, Some(code)) => Outcome::GuestFailed(code),
        }
    }

    /// What was recorded, for a run that took `elapsed`.
    pub fn report(&self, elapsed: Duration) -> Report<'_> {
        Report {
            instructions: self.vcpu.instructions(),
            elapsed,
            idle: self.effects.idle,
            calls: self.calls.rows(),
            dma: self.container.stats([&self.agent]),
        }
    }

    /// The registers of the vCPU, for a person to read.
    pub fn dump(&mut self) -> String {
        self.vcpu.dump()
    }
}
