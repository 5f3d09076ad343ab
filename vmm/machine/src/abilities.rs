// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Abilities of a vCPU that not every kind has. [`Vcpu`](crate::vcpu::Vcpu) has a method for each, which returns `None`
//! where the ability is absent; a capability that rests on it is then absent, too
//! ([`capabilities`](crate::capabilities)).

use std::time::{Duration, Instant};

use hcall::Moment;

use crate::control::Kick;
use crate::modes::Modes;
use crate::xics::ExternalLine;

/// Registers of POWER that belong to the hypervisor, and SPRG0.
pub trait HypervisorRegisters {
    /// Takes the modes of the machine.
    fn set_modes(&mut self, modes: &Modes);
    /// Writes SPRG0.
    fn set_sprg0(&mut self, value: u64);
}

/// External interrupts and the decrementer.
pub trait Interrupts {
    /// The external interrupt line.
    fn line(&self) -> ExternalLine;
    /// Sets MSR\[EE\].
    fn enable_external_interrupts(&mut self);
    /// True when external interrupts are enabled (MSR\[EE\]).
    fn takes_interrupts(&self) -> bool;
    /// The longest time that an idle vCPU may sleep until it has an interrupt to take.
    fn time_to_interrupt(&self) -> Duration;
}

/// System resets and machine checks.
pub trait NonMaskable {
    /// The call by which other threads make the vCPU take a system reset.
    fn system_reset(&self) -> Kick;
    /// Sets the address of the next instruction.
    fn set_nip(&mut self, nip: u64);
}

/// The timebase, and the share of it that the vCPU had.
pub trait Timed {
    /// The present moment: the timebase, and the place in the program.
    fn moment(&self) -> Moment;
    /// The use of the host's processors by the vCPU, in ticks of the timebase.
    fn purr(&mut self) -> u64;
    /// Adds time that the host stole: the vCPU waited although its event had come.
    fn add_stolen(&mut self, time: Duration);
    /// Makes a run end with [`VcpuExit::Late`](crate::vcpu::VcpuExit::Late) when time was stolen.
    fn watch_stolen(&mut self);
    /// Takes a pause out of the vCPU's time. All vCPUs of a machine skip the same one.
    fn skip_time(&mut self, pause: Duration);
}

/// State that can be reset, saved and loaded.
pub trait Stateful {
    /// Resets the vCPU. Its memory and its kick stay.
    fn reset(&mut self);
    /// The state at the time `now`, which is one for all vCPUs of a machine.
    fn save(&mut self, now: Instant) -> power::CpuValues;
    /// Takes a saved state on, which goes on at the time `now`. Errors: the first value that is missing, unknown or out of
    /// range. After an error the vCPU must be reset.
    fn load(&mut self, saved: &power::CpuValues, now: Instant)
    -> Result<(), power::CpuValuesError>;
}
