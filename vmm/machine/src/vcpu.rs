// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A virtual CPU as the run loop needs it, whatever executes its instructions.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hcall::machine::error_log::ProcessorUnit;
use hcall::{MachineCheck, Moment, Regs};

use crate::boot::Ready;
use crate::control::Kick;
use crate::modes::Modes;
use crate::xics::ExternalLine;

/// The reason for which a vCPU came back.
#[derive(Debug)]
pub enum Exit {
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
    fn run(&mut self) -> Exit;
    /// Runs like [`run`](Vcpu::run), and answers hypercalls on the way by `answer`. Returns [`Exit::Hcall`] when
    /// `answer` breaks off.
    fn run_with(&mut self, mut answer: impl FnMut(&mut Self) -> ControlFlow<()>) -> Exit {
        loop {
            match self.run() {
                Exit::Hcall if answer(self).is_continue() => {}
                exit => return exit,
            }
        }
    }
    /// The values of r3 to r12 at a hypercall.
    fn hcall_registers(&self) -> Regs;
    /// Sets r3 and the registers after it, one for each value, at most to r12.
    fn set_hcall_registers(&mut self, registers: &[u64]);
    /// True when the guest is in problem state.
    fn problem_state(&self) -> bool;
    /// Sets the state at entry: the vCPU starts at `nip` with the address of the device tree in r3.
    fn start_at(&mut self, nip: u64, device_tree: u64);
    /// Sets the address of the next instruction.
    fn set_nip(&mut self, _nip: u64) {}
    /// Takes the modes of the machine.
    fn set_modes(&mut self, modes: &Modes);
    /// Sets whether the vCPU waits in a hypercall. While it waits it runs no code of the guest, so no other vCPU has to
    /// wait for it.
    fn set_away(&mut self, _away: bool) {}
    /// True when [`reset`](Vcpu::reset) works.
    const RESETS: bool = false;
    /// Resets the vCPU. Its memory and its kick stay.
    fn reset(&mut self) {}
    /// True when [`save`](Vcpu::save) and [`load`](Vcpu::load) work.
    ///
    /// For vCPUs of KVM they do not. The kernel holds their state, and hands it out in pieces that differ between hosts (FPU
    /// and extended state, MSRs, pending events, clock). A state that lacks one of them would load without an error, and
    /// the guest would go on wrongly.
    const SAVES: bool = false;
    /// The state at the time `now`, which is one for all vCPUs of a machine.
    fn save(&mut self, _now: Instant) -> power::Saved {
        power::Saved::default()
    }
    /// Takes a saved state on, which goes on at the time `now`. Errors: the first value that is missing, unknown or out of
    /// range. After an error the vCPU must be reset.
    fn load(&mut self, _saved: &power::Saved, _now: Instant) -> Result<(), power::LoadError> {
        Err(power::LoadError::Missing("state that can be loaded".into()))
    }
    /// The external interrupt line of the vCPU, if it has one.
    fn line(&self) -> Option<ExternalLine> {
        None
    }
    /// The call by which other threads make the vCPU take a system reset, if it can.
    fn system_reset(&self) -> Option<Kick> {
        None
    }
    /// Writes SPRG0.
    fn set_sprg0(&mut self, value: u64);
    /// Sets MSR\[EE\].
    fn enable_external_interrupts(&mut self);
    /// True when external interrupts are enabled (MSR\[EE\]).
    fn takes_interrupts(&self) -> bool {
        true
    }
    /// The present moment: the timebase, and the place in the program.
    fn moment(&self) -> Moment {
        Moment::default()
    }
    /// The use of the host's processors by the vCPU, in ticks of the timebase.
    fn purr(&mut self) -> u64 {
        0
    }
    /// Adds time that the host stole: the vCPU waited although its event had come.
    fn add_stolen(&mut self, _time: Duration) {}
    /// Makes [`run`](Vcpu::run) return [`Exit::Late`] when time was stolen, if the vCPU can detect that.
    fn watch_stolen(&mut self) {}
    /// The longest time that an idle vCPU may sleep until it has an interrupt to take.
    fn time_to_interrupt(&self) -> Duration;
    /// The number of instructions completed so far, if they are counted.
    fn instructions(&self) -> Option<u64>;
    /// The engine that runs the instructions, if it is software.
    fn engine(&self) -> Option<power::Engine> {
        None
    }
    /// The work of the translator, if there is one.
    fn translation(&self) -> Option<power::Translation> {
        None
    }
    /// The host's code for guest code that is translated now.
    fn translated_code(&self) -> Vec<power::HostCode> {
        Vec::new()
    }
    /// Words that the vCPU met and that are no instruction, with the number of times of each, if
    /// they are counted.
    fn illegal(&self) -> Vec<(u32, u64)> {
        Vec::new()
    }
    /// The call by which other threads make [`run`](Vcpu::run) come back.
    fn kick(&self) -> Kick;
    /// The registers as lines for people.
    fn dump(&mut self) -> String;
}

impl From<power::Exit> for Exit {
    fn from(exit: power::Exit) -> Exit {
        match exit {
            power::Exit::Hcall => Exit::Hcall,
            power::Exit::Kicked => Exit::Kicked,
            power::Exit::Late => Exit::Late,
            power::Exit::MachineCheck { ea, fetch } => {
                let unit = if fetch { ProcessorUnit::Fetch } else { ProcessorUnit::LoadStore };
                Exit::MachineCheck(MachineCheck { unit, effective: ea })
            }
            power::Exit::SystemReset => Exit::SystemReset,
            crash => Exit::Crashed(crash.to_string()),
        }
    }
}

impl Vcpu for power::Cpu {
    fn run(&mut self) -> Exit {
        power::Cpu::run(self).into()
    }

    fn run_with(&mut self, answer: impl FnMut(&mut Self) -> ControlFlow<()>) -> Exit {
        power::Cpu::run_with(self, answer).into()
    }

    fn hcall_registers(&self) -> Regs {
        self.gprs(3)
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

    fn set_nip(&mut self, nip: u64) {
        power::Cpu::set_nip(self, nip);
    }

    fn set_modes(&mut self, modes: &Modes) {
        self.set_firmware_assisted(modes.nmi.is_some());
        self.set_interrupt_little_endian(modes.little_endian);
        self.set_alternate_interrupt_location(modes.relocated);
        let table = modes.process_table.map(|table| (table.base, table.bytes));
        let (base, size) = table.unwrap_or_default();
        self.set_process_table(power::ProcessTable { base, size });
    }

    fn set_away(&mut self, away: bool) {
        power::Cpu::set_away(self, away);
    }

    const RESETS: bool = true;

    fn reset(&mut self) {
        power::Cpu::reset(self);
    }

    const SAVES: bool = true;

    fn save(&mut self, now: Instant) -> power::Saved {
        power::Cpu::save(self, now)
    }

    fn load(&mut self, saved: &power::Saved, now: Instant) -> Result<(), power::LoadError> {
        power::Cpu::load(self, saved, now)
    }

    fn line(&self) -> Option<ExternalLine> {
        let kicker = self.kicker();
        Some(Box::new(move |level| kicker.set_external(level)))
    }

    fn system_reset(&self) -> Option<Kick> {
        let kicker = self.kicker();
        Some(Box::new(move || kicker.system_reset()))
    }

    fn set_sprg0(&mut self, value: u64) {
        power::Cpu::set_sprg0(self, value);
    }

    fn enable_external_interrupts(&mut self) {
        power::Cpu::enable_external_interrupts(self);
    }

    fn takes_interrupts(&self) -> bool {
        self.msr() & power::msr::EE != 0
    }

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

    fn time_to_interrupt(&self) -> Duration {
        // A pending interrupt may be one of the performance monitor, for which nothing else would end a wait.
        if self.interrupt_pending() { Duration::ZERO } else { self.time_to_decrementer() }
    }

    fn instructions(&self) -> Option<u64> {
        Some(power::Cpu::instructions(self))
    }

    fn engine(&self) -> Option<power::Engine> {
        Some(power::Cpu::engine(self))
    }

    fn translation(&self) -> Option<power::Translation> {
        let translates = power::Cpu::engine(self) != power::Engine::Interpreter
            && power::Engine::Translator.is_available();
        translates.then(|| power::Cpu::translation(self))
    }

    fn translated_code(&self) -> Vec<power::HostCode> {
        power::Cpu::translated_code(self)
    }

    fn illegal(&self) -> Vec<(u32, u64)> {
        power::Cpu::illegal(self).words().collect()
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

/// The software CPUs of a machine, at least one.
pub fn power_cpus(ready: &Ready, count: u32) -> Vec<power::Cpu> {
    let mut first = power::Cpu::new(Arc::clone(&ready.memory));
    first.set_engine(ready.engine);
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
