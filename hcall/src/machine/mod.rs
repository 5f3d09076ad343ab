// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Everything that a hypercall may ask of the machine besides DMA windows and memory: capabilities, one
//! small trait and one file each, of which a machine has some.
//!
//! A row says which capabilities it `needs`. On a machine that lacks one the call does not exist: it
//! answers H_FUNCTION and its function set is not promised; an RTAS service has no token.

pub mod areas;
pub mod bare;
pub mod error_log;
pub mod io_space;
pub mod modes;
pub mod nmi;
pub mod nvram;
pub mod pci;
pub mod pe_errors;
pub mod phb;
pub mod power_control;
pub mod presentation;
pub mod processors;
pub mod random;
pub mod sharing;
pub mod sources;
pub mod terminals;
pub mod time;
pub mod time_of_day;
pub mod vio;

use crate::words::status::Status;
pub use io_space::IoSpace;
pub use modes::ProcessorModes;
pub use nmi::Nmi;
pub use nvram::Nvram;
pub use pci::PciBus;
pub use pe_errors::PeErrors;
pub use phb::HostBridge;
pub use power_control::PowerControl;
pub use presentation::PresentationController;
pub use processors::Processors;
pub use random::RandomNumbers;
pub use sharing::SharedProcessors;
pub use sources::SourceController;
pub use terminals::Terminals;
pub use time::ProcessorTime;
pub use time_of_day::TimeOfDay;
pub use vio::VioBus;

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident, $method:ident: $access:ty;)*) => {
        /// The names of the capabilities.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Capability {
            $($(#[$doc])* $name,)*
        }

        /// A machine, as the list of capabilities that it has. `None`: it lacks that one.
        pub trait Capabilities {
            $($(#[$doc])* fn $method(&mut self) -> Option<$access> {
                None
            })*
        }

        impl Capability {
            /// Every capability.
            pub const ALL: &[Capability] = &[$(Capability::$name),*];

            /// True when the machine has it.
            #[inline]
            pub fn is_in(self, machine: &mut dyn Capabilities) -> bool {
                match self {
                    $(Capability::$name => machine.$method().is_some(),)*
                }
            }

            /// Errors: [`Status::Function`] when the machine lacks it.
            #[inline]
            pub(crate) fn check(self, machine: &mut dyn Capabilities) -> Result<(), Status> {
                if self.is_in(machine) { Ok(()) } else { Err(Status::Function) }
            }
        }
    };
}

capabilities! {
    /// Storage at which devices answer, and no RAM is.
    IoSpace, io_space: &dyn IoSpace;
    /// Registers of processors that belong to the hypervisor.
    ProcessorModes, modes: &mut dyn ProcessorModes;
    /// System resets and machine checks.
    Nmi, nmi: &mut dyn Nmi;
    /// Non-volatile memory.
    Nvram, nvram: &dyn Nvram;
    /// The functions behind the PCI host bridge.
    PciBus, pci: &dyn PciBus;
    /// The errors of their PEs (EEH).
    PeErrors, pe_errors: &dyn PeErrors;
    /// The PCI host bridge whose DMA windows the guest may change.
    Phb, phb: &dyn HostBridge;
    /// Power-off, reboot, and the end of the operating system.
    PowerControl, power: &mut dyn PowerControl;
    /// Interrupt presentation.
    PresentationController, presentation: &dyn PresentationController;
    /// The set of vCPUs.
    Processors, processors: &mut dyn Processors;
    /// Random numbers.
    RandomNumbers, random: &mut dyn RandomNumbers;
    /// Waits of vCPUs, and their areas.
    SharedProcessors, sharing: &mut dyn SharedProcessors;
    /// Interrupt sources.
    SourceController, sources: &dyn SourceController;
    /// Virtual terminals.
    Terminals, terminals: &mut dyn Terminals;
    /// The time that a vCPU had.
    ProcessorTime, time: &mut dyn ProcessorTime;
    /// The wall clock.
    TimeOfDay, time_of_day: &mut dyn TimeOfDay;
    /// Devices for virtual I/O.
    VioBus, vio: &dyn VioBus;
}
