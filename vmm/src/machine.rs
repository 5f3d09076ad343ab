// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run loop: the vCPU runs until it needs the machine, the machine answers, on and on.

use std::sync::Arc;
use std::time::Instant;

use hcall::{Call, Caller, Memory};
use iommu::{Agent, Container};

use crate::boot::Ready;
use crate::console::Console;
use crate::control::Control;
use crate::exit::Outcome;
use crate::platform::Platform;
use crate::stats::Calls;
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

impl<V: Vcpu> Machine<V> {
    /// Puts a vCPU at the entry of a machine that is ready.
    pub fn new(ready: Ready, mut vcpu: V, control: Arc<Control>, console: Console) -> Machine<V> {
        vcpu.start_at(ready.entry, ready.device_tree);
        Machine {
            vcpu,
            memory: ready.memory,
            agent: ready.container.agent(),
            container: ready.container,
            console,
            control,
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
                    if self.hypercall() {
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

    /// Answers a hypercall; true when it was the last.
    fn hypercall(&mut self) -> bool {
        let mut registers = self.vcpu.hcall_registers();
        let mut off = false;
        if self.observe.trace || self.observe.stats {
            self.observed(&mut registers, &mut off);
        } else {
            self.dispatch(&mut registers, &mut off);
        }
        self.vcpu.set_hcall_registers(&registers);
        off
    }

    fn dispatch(&mut self, registers: &mut [u64; 10], off: &mut bool) -> Call {
        let problem_state = self.vcpu.problem_state();
        let mut platform = Platform {
            vcpu: &mut self.vcpu,
            console: &mut self.console,
            control: &self.control,
            off,
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
    fn observed(&mut self, registers: &mut [u64; 10], off: &mut bool) {
        let asked = *registers;
        let start = Instant::now();
        let call = self.dispatch(registers, off);
        let time = start.elapsed();
        if self.observe.trace {
            trace::write(&asked, registers, &call);
        }
        if self.observe.stats {
            self.calls.record(asked[0], &call, time);
        }
    }

    fn powered_off(&mut self) -> Outcome {
        match self.console.verdict() {
            None | Some(0) => Outcome::PoweredOff,
            Some(code) => Outcome::GuestFailed(code),
        }
    }
}
