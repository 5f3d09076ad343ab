// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A virtual CPU as the run loop needs it, whatever executes its instructions.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::machine::error_log::ProcessorUnit;
use hcall::{MachineCheck, Moment, Regs};

use crate::abilities::{HypervisorRegisters, Interrupts, NonMaskable, Stateful, Timed};
use crate::boot::Ready;
use crate::control::Kick;
use crate::modes::Modes;
use crate::xics::ExternalLine;

/// The reason for which a vCPU came back.
#[derive(Debug)]
pub enum VcpuExit {
    /// A hypercall: its registers are in [`Vcpu::hcall_registers`].
    Hcall,
    /// Another thread used the kick.
    Kicked,
    /// The host delayed the vCPU although it had work.
    Late,
    /// The vCPU has taken a machine check, which the guest takes at its routine.
    MachineCheck(MachineCheck),
    /// The vCPU has taken a system reset, which the guest takes at its routine.
    SystemReset,
    /// The vCPU cannot continue; the sentence says why.
    Crashed(String),
}

/// A virtual CPU.
pub trait Vcpu {
    /// Runs until an exit that the machine must handle.
    fn run(&mut self) -> VcpuExit;
    /// Runs like [`run`](Vcpu::run), and answers hypercalls on the way by `answer`. Returns [`VcpuExit::Hcall`] when
    /// `answer` breaks off.
    fn run_with(&mut self, mut answer: impl FnMut(&mut Self) -> ControlFlow<()>) -> VcpuExit {
        loop {
            match self.run() {
                VcpuExit::Hcall if answer(self).is_continue() => {}
                exit => return exit,
            }
        }
    }
    /// The values of r3 to r12 at a hypercall.
    fn hcall_registers(&self) -> Regs;
    /// The first of them.
    fn hcall_token(&self) -> u64 {
        self.hcall_registers()[0]
    }
    /// Sets r3 and the registers after it, one for each value, at most to r12.
    fn set_hcall_registers(&mut self, registers: &[u64]);
    /// True when the guest is in problem state.
    fn problem_state(&self) -> bool;
    /// Sets the state at entry: the vCPU starts at `nip` with the address of the device tree in r3.
    fn start_at(&mut self, nip: u64, device_tree: u64);
    /// Sets whether the vCPU waits in a hypercall. While it waits it runs no code of the guest, so no other vCPU has to
    /// wait for it.
    fn set_away(&mut self, away: bool);
    /// The hypervisor's registers of POWER, if it has them.
    fn registers(&mut self) -> Option<&mut dyn HypervisorRegisters> {
        None
    }
    /// Its interrupts, if any can reach it.
    fn interrupts(&mut self) -> Option<&mut dyn Interrupts> {
        None
    }
    /// Its system resets and machine checks, if it takes them.
    fn nmi(&mut self) -> Option<&mut dyn NonMaskable> {
        None
    }
    /// Its time, if that is known.
    fn time(&mut self) -> Option<&mut dyn Timed> {
        None
    }
    /// Its state, if that can be reset, saved and loaded.
    fn state(&mut self) -> Option<&mut dyn Stateful> {
        None
    }
    /// The software CPU that it is, which counts instructions and may translate them.
    fn software(&self) -> Option<&power::Cpu> {
        None
    }
    /// The call by which other threads make [`run`](Vcpu::run) come back.
    fn kick(&self) -> Kick;
    /// The registers as lines for people.
    fn dump(&mut self) -> String;
}

impl From<power::Exit> for VcpuExit {
    fn from(exit: power::Exit) -> VcpuExit {
        match exit {
            power::Exit::Hcall => VcpuExit::Hcall,
            power::Exit::Kicked => VcpuExit::Kicked,
            power::Exit::Late => VcpuExit::Late,
            power::Exit::MachineCheck { ea, fetch } => {
                let unit = if fetch { ProcessorUnit::Fetch } else { ProcessorUnit::LoadStore };
                VcpuExit::MachineCheck(MachineCheck { unit, effective: ea })
            }
            power::Exit::SystemReset => VcpuExit::SystemReset,
            crash => VcpuExit::Crashed(crash.to_string()),
        }
    }
}

impl Vcpu for power::Cpu {
    fn run(&mut self) -> VcpuExit {
        power::Cpu::run(self).into()
    }

    fn run_with(&mut self, answer: impl FnMut(&mut Self) -> ControlFlow<()>) -> VcpuExit {
        power::Cpu::run_with(self, answer).into()
    }

    fn hcall_registers(&self) -> Regs {
        self.gprs(3)
    }

    fn hcall_token(&self) -> u64 {
        self.gpr[3]
    }

    fn set_hcall_registers(&mut self, registers: &[u64]) {
        self.set_gprs(3, registers);
    }

    fn problem_state(&self) -> bool {
        power::Cpu::problem_state(self)
    }

    fn start_at(&mut self, nip: u64, device_tree: u64) {
        self.set_msr(power::msr::ME); // real mode, 32-bit, big-endian, as at reset
        self.set_nip(nip);
        self.gpr = [0; 32];
        self.gpr[3] = device_tree;
    }

    fn set_away(&mut self, away: bool) {
        power::Cpu::set_away(self, away);
    }

    fn registers(&mut self) -> Option<&mut dyn HypervisorRegisters> {
        Some(self)
    }

    fn interrupts(&mut self) -> Option<&mut dyn Interrupts> {
        Some(self)
    }

    fn nmi(&mut self) -> Option<&mut dyn NonMaskable> {
        Some(self)
    }

    fn time(&mut self) -> Option<&mut dyn Timed> {
        Some(self)
    }

    fn state(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }

    fn software(&self) -> Option<&power::Cpu> {
        Some(self)
    }

    fn kick(&self) -> Kick {
        let kicker = self.kicker();
        Box::new(move || kicker.kick())
    }

    fn dump(&mut self) -> String {
        let general = (0..32).map(|n| format!("r{n}"));
        let names: Vec<String> = DUMPED.map(str::to_owned).into_iter().chain(general).collect();
        names.chunks(4).map(|names| line(self, names)).collect()
    }
}

impl HypervisorRegisters for power::Cpu {
    fn set_modes(&mut self, modes: &Modes) {
        self.set_firmware_assisted(modes.nmi.is_some());
        self.set_interrupt_little_endian(modes.little_endian);
        self.set_alternate_interrupt_location(modes.relocated);
        let table = modes.process_table.map(|table| (table.base, table.bytes));
        let (base, size) = table.unwrap_or_default();
        self.set_process_table(power::ProcessTable { base, size });
    }

    fn set_sprg0(&mut self, value: u64) {
        power::Cpu::set_sprg0(self, value);
    }
}

impl Interrupts for power::Cpu {
    fn line(&self) -> ExternalLine {
        let kicker = self.kicker();
        Box::new(move |level| kicker.set_external(level))
    }

    fn enable_external_interrupts(&mut self) {
        power::Cpu::enable_external_interrupts(self);
    }

    fn takes_interrupts(&self) -> bool {
        self.msr() & power::msr::EE != 0
    }

    fn time_to_interrupt(&self) -> Duration {
        // A pending interrupt may be one of the performance monitor, for which nothing else would end a wait.
        if self.interrupt_pending() { Duration::ZERO } else { self.time_to_decrementer() }
    }
}

impl NonMaskable for power::Cpu {
    fn system_reset(&self) -> Kick {
        let kicker = self.kicker();
        Box::new(move || kicker.system_reset())
    }

    fn set_nip(&mut self, nip: u64) {
        power::Cpu::set_nip(self, nip);
    }
}

impl Timed for power::Cpu {
    fn moment(&self) -> Moment {
        Moment {
            timebase: self.timebase(),
            stolen: self.stolen(),
            processor: u16::try_from(rustix::thread::sched_getcpu()).unwrap_or(u16::MAX),
            srr0: self.nip(),
            srr1: self.msr(),
        }
    }

    fn purr(&mut self) -> u64 {
        power::Cpu::purr(self)
    }

    fn add_stolen(&mut self, time: Duration) {
        power::Cpu::add_stolen(self, time);
    }

    fn watch_stolen(&mut self) {
        power::Cpu::watch_stolen(self);
    }

    fn skip_time(&mut self, pause: Duration) {
        power::Cpu::skip_time(self, pause);
    }
}

impl Stateful for power::Cpu {
    fn reset(&mut self) {
        power::Cpu::reset(self);
    }

    fn save(&mut self, now: Instant) -> power::CpuValues {
        power::Cpu::save(self, now)
    }

    fn load(
        &mut self,
        saved: &power::CpuValues,
        now: Instant,
    ) -> Result<(), power::CpuValuesError> {
        power::Cpu::load(self, saved, now)
    }
}

/// The software CPUs of a machine, at least one.
pub fn power_cpus(ready: &Ready, count: u32) -> Vec<power::Cpu> {
    let mut first = power::Cpu::new(Arc::clone(&ready.memory));
    first.set_engine(ready.engine);
    if let Some(io) = ready.devices.io() {
        first.set_io(io);
    }
    let others: Vec<_> = (1..count).map(|_| first.sibling()).collect();
    [first].into_iter().chain(others).collect()
}

/// The registers that show most of a crash, besides the general-purpose ones. They are printed in rows of four.
const DUMPED: [&str; 12] =
    ["nip", "msr", "srr0", "srr1", "lr", "ctr", "xer", "dar", "dsisr", "sprg0", "sprg1", "cr"];

/// A line with some registers.
fn line(cpu: &mut power::Cpu, names: &[String]) -> String {
    let mut show = |name: &String| {
        let value = cpu.register(name).unwrap_or_default();
        format!("{name:<6}{value:016x}")
    };
    names.iter().map(&mut show).collect::<Vec<_>>().join("  ") + "\n"
}
