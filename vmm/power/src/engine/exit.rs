// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Why a CPU stopped running.

use crate::interrupt::Interrupt;
use std::fmt;

/// Why [`Cpu::run`](crate::Cpu::run) came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The guest made a hypercall: `sc 1`. NIP is after the instruction.
    Hcall,
    /// A thread used the [`Kicker`](super::signals::Kicker).
    Kicked,
    /// The host let the CPU wait although it had work, and [`Cpu::watch_stolen`](crate::Cpu::watch_stolen) was called.
    Late,
    /// A machine check was delivered, and [`Cpu::set_firmware_assisted`](crate::Cpu::set_firmware_assisted) is on:
    /// NIP is its vector.
    MachineCheck {
        /// Effective address that is not RAM.
        ea: u64,
        /// An instruction was fetched there.
        fetch: bool,
    },
    /// A system reset was delivered, and [`Cpu::set_firmware_assisted`](crate::Cpu::set_firmware_assisted) is on:
    /// NIP is its vector.
    SystemReset,
    /// A machine check while MSR\[ME\] was 0: the CPU stopped.
    Checkstop {
        /// Address of the instruction that caused it.
        nip: u64,
    },
    /// The guest takes an interrupt again and again without completing an instruction.
    InterruptLoop {
        /// The interrupt that repeats.
        interrupt: Interrupt,
        /// Where it returns to.
        nip: u64,
    },
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Hcall => write!(f, "the guest made a hypercall"),
            Exit::Kicked => write!(f, "the CPU was stopped from outside"),
            Exit::Late => write!(f, "the host took time from the CPU"),
            Exit::MachineCheck { ea, .. } => write!(f, "machine check at {ea:#x}"),
            Exit::SystemReset => write!(f, "system reset"),
            Exit::Checkstop { nip } => {
                write!(f, "checkstop: a machine check at {nip:#x} while MSR[ME] was 0")
            }
            Exit::InterruptLoop { interrupt, nip } => write!(
                f,
                "interrupt loop: {} interrupts (vector {:#x}) for ever, the last at {nip:#x}",
                interrupt.name, interrupt.vector
            ),
        }
    }
}
