// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One vCPU in its machine. It runs until it needs the machine, the machine answers, and the vCPU continues.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use hcall::{Areas, Call, Caller, Hcall, MachineCheck, Meter, Regs};
use iommu::Agent;

use crate::capabilities::{CallView, Effects};
use crate::cpu_time;
use crate::ending::Ending;
use crate::nmi;
use crate::shared::Shared;
use crate::vcpu::{Vcpu, VcpuExit};
use crate::watcher::{self, CpuWatcher, Guest, Made};

/// A vCPU with its accounts.
pub(crate) struct Processor<V> {
    pub(crate) vcpu: V,
    pub(crate) books: Books,
}

/// The accounts of a vCPU's hypercalls. They are separate from the vCPU, so that they can be written while
/// the vCPU waits for the answer.
pub(crate) struct Books {
    /// The number of the vCPU (PAPR: interrupt server number).
    server: u32,
    pub(crate) agent: Agent,
    /// The observer of the vCPU. Without one, a hypercall costs a test of this pointer.
    pub(crate) watcher: Option<Box<dyn CpuWatcher>>,
    pub(crate) meter: Meter,
    /// The CPU time of the vCPU's thread while the vCPU ran.
    pub(crate) cpu: Duration,
    effects: Effects,
    /// A machine check that waited for the area of another vCPU when the run was paused.
    pub(crate) check: Option<MachineCheck>,
}

impl<V: Vcpu> Processor<V> {
    pub(crate) fn new(server: u32, vcpu: V, agent: Agent) -> Processor<V> {
        let (watcher, meter, cpu, effects, check) = Default::default();
        Processor { vcpu, books: Books { server, agent, watcher, meter, cpu, effects, check } }
    }

    /// Runs the vCPU from where it is to the end of the run, and ends the run for all vCPUs. Meanwhile the
    /// vCPU may stop itself and be started again.
    fn run_started(&mut self, shared: &Shared) {
        let server = self.books.server;
        loop {
            let begun = cpu_time::of_thread();
            self.books.runs(true);
            let now = self.vcpu.time().map(|time| time.moment());
            self.areas(shared).dispatched(&shared.memory, None, now);
            let stopped = self.run_to_stop(shared);
            self.books.runs(false);
            self.books.cpu += cpu_time::of_thread().saturating_sub(begun);
            if let Some(ending) = stopped {
                return shared.board.control.stop(ending);
            }
            self.areas(shared).preempted(&shared.memory);
            shared.board.control.cpu_stopped(server);
            if !self.start(shared) {
                return;
            }
        }
    }

    /// Runs a vCPU that is started. One that is stopped waits until another vCPU starts it (RTAS start-cpu).
    pub(crate) fn run(&mut self, shared: &Shared) {
        if shared.board.control.is_running(self.books.server) || self.start(shared) {
            self.run_started(shared);
        }
    }

    /// Waits for start-cpu. False when the run ends first.
    fn start(&mut self, shared: &Shared) -> bool {
        let Books { server, agent, .. } = &mut self.books;
        let start = agent.rest(|| shared.board.control.wait_for_start(*server));
        if let Some(start) = start {
            take_modes(shared, &mut self.vcpu);
            self.vcpu.start_at(start.entry, start.r3);
        }
        start.is_some()
    }

    fn areas<'a>(&self, shared: &'a Shared) -> &'a Areas {
        &shared.board.areas[self.books.server as usize] // there is one for each processor
    }

    /// Runs the vCPU until the run ends or the vCPU stops itself.
    fn run_to_stop(&mut self, shared: &Shared) -> Option<Ending> {
        let Processor { vcpu, books } = self;
        if let Some(time) = vcpu.time() {
            time.watch_stolen();
        }
        if let Some(check) = books.check.take()
            && let Err(ending) = books.machine_check(shared, vcpu, check)
        {
            return Some(ending);
        }
        loop {
            match vcpu.run_with(|vcpu| books.hypercall(shared, vcpu)) {
                VcpuExit::Hcall if std::mem::take(&mut books.effects.stopped) => return None,
                VcpuExit::Hcall if std::mem::take(&mut books.effects.rebooted) => {
                    return Some(Ending::Rebooted);
                }
                VcpuExit::Hcall => return Some(shared.powered_off()),
                VcpuExit::Kicked => {
                    // Also at the end of the run, because it may be resumed.
                    take_modes(shared, vcpu);
                    books.agent.refresh();
                    if let Some(ending) = shared.board.control.ending() {
                        return Some(ending);
                    }
                }
                VcpuExit::Late => {
                    let areas = &shared.board.areas[books.server as usize];
                    if let Some(time) = vcpu.time() {
                        areas.preempted_meanwhile(&shared.memory, time.moment());
                    }
                }
                VcpuExit::MachineCheck(check) => {
                    if let Err(ending) = books.machine_check(shared, vcpu, check) {
                        return Some(ending);
                    }
                }
                VcpuExit::SystemReset => nmi::system_reset(shared, books.server, vcpu),
                VcpuExit::Crashed(why) => return Some(self.crashed(why)),
            }
        }
    }

    fn crashed(&self, why: String) -> Ending {
        Ending::Crashed(match self.books.server {
            0 => why,
            server => format!("CPU {server}: {why}"),
        })
    }

    /// The time that the vCPU was idle.
    pub(crate) fn idle(&self) -> Duration {
        self.books.effects.idle
    }
}

/// Gives the vCPU the modes of the machine, if it has the registers for them.
fn take_modes<V: Vcpu>(shared: &Shared, vcpu: &mut V) {
    if let Some(registers) = vcpu.registers() {
        registers.set_modes(&shared.board.control.modes());
    }
}

impl Books {
    /// Notifies the observer that the vCPU begins to run guest code, or stops.
    fn runs(&mut self, running: bool) {
        if let Some(watcher) = &mut self.watcher {
            watcher.runs(running);
        }
    }

    /// Reports a machine check to the guest. A pause leaves it waiting for the next run.
    fn machine_check<V: Vcpu>(
        &mut self,
        shared: &Shared,
        vcpu: &mut V,
        check: MachineCheck,
    ) -> Result<(), Ending> {
        let reported = nmi::machine_check(shared, self.server, vcpu, &check);
        self.check = (reported == Err(Ending::Paused)).then_some(check);
        reported
    }

    /// Answers a hypercall of the vCPU. Breaks off when the guest has powered off or reboots, or the
    /// vCPU has stopped itself.
    fn hypercall<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V) -> ControlFlow<()> {
        if self.watcher.is_some() {
            self.observed(shared, vcpu);
        } else {
            match hcall::row(vcpu.hcall_token(), vcpu.problem_state()) {
                Ok(hcall) => {
                    let mut registers = vcpu.hcall_registers();
                    let call = self.answer(hcall, shared, vcpu, &mut registers);
                    vcpu.set_hcall_registers(&registers[..call.answers()]);
                }
                // Such a call has no need of the machine.
                Err(status) => vcpu.set_hcall_registers(&[status.to_reg()]),
            }
        }
        let Effects { powered_off, rebooted, stopped, .. } = self.effects;
        let leaves = powered_off || rebooted || stopped;
        if leaves { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Has a call's row answer it.
    #[inline(always)]
    fn answer<V: Vcpu>(
        &mut self,
        hcall: &'static Hcall,
        shared: &Shared,
        vcpu: &mut V,
        registers: &mut Regs,
    ) -> Call {
        let mut view = CallView {
            vcpu,
            server: self.server,
            board: &shared.board,
            phb: Some(&shared.dma),
            effects: &mut self.effects,
        };
        let mut caller = Caller {
            container: &shared.dma.container,
            memory: &shared.memory,
            agent: &mut self.agent,
            machine: &mut view,
            server: self.server,
            problem_state: false,
            accel: &shared.dma.accel,
            meter: Some(&mut self.meter),
        };
        hcall::answer(hcall, &mut caller, registers)
    }

    /// Answers a hypercall through the vCPU's observer. Only an observed hypercall costs readings of the clock.
    #[cold]
    #[inline(never)]
    fn observed<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V) {
        let Some(mut watcher) = self.watcher.take() else { return };
        let mut registers = vcpu.hcall_registers();
        let guest = Guest { container: &shared.dma.container, memory: &shared.memory };
        let asked = registers;
        let mut made = None;
        let mut make = || *made.get_or_insert_with(|| self.made(shared, vcpu, &mut registers));
        watcher.hypercall(&asked, guest, &mut make);
        let call = make().call; // the guest gets its answer even if the observer made no call
        vcpu.set_hcall_registers(&registers[..call.answers()]);
        self.watcher = Some(watcher);
    }

    /// Answers a hypercall and measures its time.
    fn made<V: Vcpu>(&mut self, shared: &Shared, vcpu: &mut V, registers: &mut Regs) -> Made {
        let (asked, meter, idle) = (*registers, self.meter, self.effects.idle);
        let start = Instant::now();
        let call = match hcall::row(registers[0], vcpu.problem_state()) {
            Ok(hcall) => self.answer(hcall, shared, vcpu, registers),
            Err(status) => Call::refused(registers, status),
        };
        let time = start.elapsed();
        Made {
            server: self.server,
            asked,
            answered: *registers,
            call,
            tier: watcher::answered(&meter, &self.meter),
            pages: self.agent.totals(),
            start,
            time,
            idle: self.effects.idle - idle,
        }
    }
}
