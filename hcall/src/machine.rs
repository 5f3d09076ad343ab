// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a hypercall may ask of the machine and of the calling vCPU.

use crate::accel::{self, Accel, Meter};
use crate::areas::{Areas, Moment};
use crate::interrupts::Interrupts;
use crate::rtas::RtasError;
use crate::rtas::ddw::Phb;
use crate::rtas::nmi::NmiHandlers;
use crate::status::Status;
use crate::vio::VioDevice;
use iommu::{Agent, Container};
use std::time::SystemTime;

/// Guest memory. A write to it is logged, and makes decoded code stale that came from there.
pub use ram::GuestMemory as Memory;

/// Where the trees of each process are: a table of 16-byte entries in guest memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessTable {
    /// Guest real address of entry 0.
    pub base: u64,
    /// Size.
    pub bytes: u64,
}

/// Memory that keeps its contents while the machine is off (LoPAR 2.9, "Non-Volatile Memory"). Ranges
/// are within its size.
pub trait Nvram: Sync {
    /// Size in bytes.
    fn size(&self) -> usize;

    /// Copies the bytes from `index` on.
    ///
    /// Errors: [`RtasError::Hardware`] when they cannot be read.
    fn fetch(&self, index: usize, into: &mut [u8]) -> Result<(), RtasError>;

    /// Replaces the bytes from `index` on. They survive the end of the machine from then on.
    ///
    /// Errors: [`RtasError::Hardware`] when they cannot be kept.
    fn store(&self, index: usize, bytes: &[u8]) -> Result<(), RtasError>;
}

/// The machine and the calling vCPU, as far as hypercalls need them.
pub trait Machine {
    /// Queues up to 16 bytes on a virtual terminal: all of them or none. `unit` 0 is the first
    /// console, else it is the terminal's unit address. No bytes only tests the connection.
    ///
    /// Errors: [`Status::Parameter`] when there is no such terminal, [`Status::Closed`] when
    /// nobody is there, [`Status::Busy`] when there is no room.
    fn term_write(&mut self, unit: u32, bytes: &[u8]) -> Result<(), Status>;

    /// Takes up to 16 bytes that were typed; returns how many. Errors: as
    /// [`term_write`](Self::term_write).
    fn term_read(&mut self, unit: u32, buf: &mut [u8; 16]) -> Result<usize, Status>;

    /// Sets LPCR\[ILE\] of all vCPUs: the byte order in which interrupts are taken.
    fn set_interrupts_little_endian(&mut self, little: bool);

    /// Sets LPCR\[AIL\] of all vCPUs: whether interrupts are taken with relocation on, at
    /// 0xc000000000004000, where they can.
    fn set_interrupts_relocated(&mut self, _relocated: bool) {}

    /// Sets the process table of all vCPUs, or takes it away; false when they have none.
    fn set_process_table(&mut self, _table: Option<ProcessTable>) -> bool {
        false
    }

    /// The interrupt controller, if there is one.
    fn interrupts(&self) -> Option<&dyn Interrupts> {
        None
    }

    /// Sets SPRG0 of the calling vCPU.
    fn set_sprg0(&mut self, value: u64);

    /// Sets MSR\[EE\] of the calling vCPU and lets it idle until an interrupt.
    fn cede(&mut self);

    /// Ends the run.
    fn power_off(&mut self);

    /// Starts the machine anew; false when it cannot.
    fn reboot(&mut self) -> bool {
        false
    }

    /// The guest's operating system has given up, for this reason.
    fn gave_up(&mut self, _why: &str) {}

    /// The non-volatile memory, if there is one.
    fn nvram(&self) -> Option<&dyn Nvram> {
        None
    }

    /// Has system resets and machine checks of every vCPU told to these routines.
    ///
    /// Errors: [`RtasError::Hardware`] when this machine cannot.
    fn register_nmi(&mut self, _handlers: NmiHandlers) -> Result<(), RtasError> {
        Err(RtasError::Hardware)
    }

    /// The area in which the calling vCPU was told its machine check is free; false when it was told
    /// none.
    fn release_error_log(&mut self) -> bool {
        false
    }

    /// Has a vCPU take a system reset interrupt; false when this machine cannot.
    fn signal_system_reset(&mut self, _server: u32) -> bool {
        false
    }

    /// Starts a stopped vCPU, by its server number, at a real address with a value in r3.
    ///
    /// Errors: [`RtasError::Parameter`] when there is no such vCPU, [`RtasError::Hardware`] when it is
    /// not stopped. A machine of one vCPU need not implement it.
    fn start_cpu(&mut self, _server: u32, _entry: u64, _r3: u64) -> Result<(), RtasError> {
        Err(RtasError::Parameter)
    }

    /// Stops the calling vCPU until another one starts it; the call does not return to the guest.
    fn stop_self(&mut self) {}

    /// Whether a vCPU is stopped; `None` when there is no such vCPU.
    fn is_stopped(&self, server: u32) -> Option<bool> {
        (server == self.server()).then_some(false)
    }

    /// The server number of the calling vCPU.
    fn server(&self) -> u32 {
        0
    }

    /// How many vCPUs there are.
    fn servers(&self) -> u32 {
        1
    }

    /// The areas of a vCPU; `None` when there is no such vCPU, or when this machine keeps none.
    fn areas(&self, _server: u32) -> Option<&Areas> {
        None
    }

    /// Where the calling vCPU is in time and in its program.
    fn moment(&self) -> Moment {
        Moment::default()
    }

    /// PURR: for how many ticks of the timebase the calling vCPU has run.
    fn purr(&mut self) -> u64 {
        self.moment().timebase
    }

    /// Ends the wait of a vCPU, or the next one if it does not wait now.
    ///
    /// Errors: [`Status::Parameter`] when there is no such vCPU.
    fn prod(&mut self, server: u32) -> Result<(), Status> {
        self.is_stopped(server).map(drop).ok_or(Status::Parameter)
    }

    /// Lets the calling vCPU idle until it is prodded, or until an interrupt if it takes those.
    fn wait_for_prod(&mut self) {}

    /// Lets other vCPUs run for a moment.
    fn yield_processor(&mut self) {}

    /// A random number; `None` when the host has none to give.
    fn random(&mut self) -> Option<u64>;

    /// The wall clock.
    fn now(&self) -> SystemTime;

    /// Sets the wall clock.
    ///
    /// Errors: [`RtasError::Parameter`] when it cannot show that time, [`RtasError::Hardware`] when it
    /// cannot be set.
    fn set_now(&mut self, _now: SystemTime) -> Result<(), RtasError> {
        Err(RtasError::Hardware)
    }

    /// DMA windows were removed: every vCPU that still holds them lets go of them soon
    /// ([`Agent::refresh`]), so that their memory is free.
    fn windows_removed(&mut self) {}

    /// The virtual I/O device at a unit address.
    fn vio(&self, _unit: u32) -> Option<&dyn VioDevice> {
        None
    }

    /// True when the run is ending, so that a long call may stop where it is: the guest does not
    /// run on.
    fn is_ending(&self) -> bool {
        false
    }
}

/// Who calls, and what the call may touch.
pub struct Caller<'a> {
    /// The guest's DMA windows.
    pub container: &'a Container,
    /// The guest's memory.
    pub memory: &'a Memory,
    /// The calling thread's side of the accounting.
    pub agent: &'a mut Agent,
    /// The machine.
    pub machine: &'a mut dyn Machine,
    /// True when the vCPU is in problem state (MSR\[PR\] = 1).
    pub problem_state: bool,
    /// How calls are tried.
    pub accel: &'a Accel,
    /// Where a metered [`Accel`] counts.
    pub meter: Option<&'a mut Meter>,
    /// The PCI host bridge whose DMA windows the guest may change, if there is one.
    pub phb: Option<&'a Phb>,
}

impl<'a> Caller<'a> {
    /// A call in supervisor state of a machine without PCI host bridge, tried in the ordinary way
    /// and not counted.
    pub fn new(
        container: &'a Container,
        memory: &'a Memory,
        agent: &'a mut Agent,
        machine: &'a mut dyn Machine,
    ) -> Caller<'a> {
        let (problem_state, accel, meter, phb) = (false, &accel::ORDINARY, None, None);
        Caller { container, memory, agent, machine, problem_state, accel, meter, phb }
    }
}
