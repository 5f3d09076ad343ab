// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine as a hypercall sees it: the console, the calling vCPU, power and time.

use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hcall::machine::{
    IoSpace, Nmi, Nvram, PciBus, PeErrors, PowerControl, PresentationController, ProcessorModes,
    ProcessorTime, Processors, RandomNumbers, SharedProcessors, SourceController, Terminals,
    TimeOfDay, VioBus,
};
use hcall::{
    Areas, Capabilities, HostBridge, Moment, NmiHandlers, ProcessTableRange, RtasError, Status,
    VioDevice,
};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::board::Board;
use crate::console::Console;
use crate::control::{Control, Start};
use crate::ending::Ending;
use crate::fdt::VTY_UNIT;
use crate::modes::Modes;
use crate::vcpu::Vcpu;

/// The capabilities that one hypercall has: the devices and the vCPU that called.
pub struct CallView<'a, V> {
    /// The vCPU that called.
    pub vcpu: &'a mut V,
    /// The number of the vCPU.
    pub server: u32,
    /// The parts of the machine around the vCPU.
    pub board: &'a Board,
    /// The bridge whose DMA windows the guest may change, if there is one.
    pub phb: Option<&'a dyn HostBridge>,
    /// The effects of the call on the run.
    pub effects: &'a mut Effects,
}

/// The effects of hypercalls that the run loop handles.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effects {
    /// True when the guest powered off.
    pub powered_off: bool,
    /// True when the guest reboots.
    pub rebooted: bool,
    /// True when the vCPU stopped itself.
    pub stopped: bool,
    /// The time that the vCPU was idle.
    pub idle: Duration,
}

/// Checks the unit of a console call. Unit 0 is the first console (QEMU: `vty_lookup`), which is the only one.
fn is_console(unit: u32) -> Result<(), Status> {
    if unit == 0 || unit == VTY_UNIT { Ok(()) } else { Err(Status::Parameter) }
}

impl<V> CallView<'_, V> {
    /// The console under its lock. A vCPU that panicked while it printed has left the console usable.
    fn console(&self) -> MutexGuard<'_, Console> {
        self.board.console.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Vcpu> CallView<'_, V> {
    /// Waits by `wait`, which returns the time from the event that ended the wait until the vCPU ran again. That time
    /// is stolen by the host; the time before it is idle.
    fn wait(&mut self, wait: impl FnOnce(&Control, u32) -> Duration) {
        let start = Instant::now();
        self.vcpu.set_away(true);
        let late = wait(&self.board.control, self.server);
        self.vcpu.set_away(false);
        if let Some(time) = self.vcpu.time() {
            time.add_stolen(late);
        }
        self.effects.idle += start.elapsed().saturating_sub(late);
    }

    /// Changes the modes. The calling vCPU takes them at once, the others when they are kicked.
    fn change_modes(&mut self, change: impl FnOnce(&mut Modes)) {
        let modes = self.board.control.change_modes(change);
        if let Some(registers) = self.vcpu.registers() {
            registers.set_modes(&modes);
        }
    }
}

/// Modes, non-maskable interrupts and time exist where the vCPU has the ability.
impl<V: Vcpu> Capabilities for CallView<'_, V> {
    fn io_space(&mut self) -> Option<&dyn IoSpace> {
        Some(&self.board.devices.io)
    }

    fn modes(&mut self) -> Option<&mut dyn ProcessorModes> {
        if self.vcpu.registers().is_some() { Some(self) } else { None }
    }

    fn nmi(&mut self) -> Option<&mut dyn Nmi> {
        if self.vcpu.nmi().is_some() { Some(self) } else { None }
    }

    fn nvram(&mut self) -> Option<&dyn Nvram> {
        Some(&self.board.nvram)
    }

    fn pci(&mut self) -> Option<&dyn PciBus> {
        Some(&*self.board.devices.pci)
    }

    fn pe_errors(&mut self) -> Option<&dyn PeErrors> {
        Some(&*self.board.devices.pci)
    }

    fn phb(&mut self) -> Option<&dyn HostBridge> {
        self.phb
    }

    fn power(&mut self) -> Option<&mut dyn PowerControl> {
        Some(self)
    }

    fn presentation(&mut self) -> Option<&dyn PresentationController> {
        self.board.xics.as_deref().map(|xics| xics as &dyn PresentationController)
    }

    fn processors(&mut self) -> Option<&mut dyn Processors> {
        Some(self)
    }

    fn random(&mut self) -> Option<&mut dyn RandomNumbers> {
        Some(self)
    }

    fn sharing(&mut self) -> Option<&mut dyn SharedProcessors> {
        Some(self)
    }

    fn sources(&mut self) -> Option<&dyn SourceController> {
        self.board.xics.as_deref().map(|xics| xics as &dyn SourceController)
    }

    fn terminals(&mut self) -> Option<&mut dyn Terminals> {
        Some(self)
    }

    fn time(&mut self) -> Option<&mut dyn ProcessorTime> {
        if self.vcpu.time().is_some() { Some(self) } else { None }
    }

    fn time_of_day(&mut self) -> Option<&mut dyn TimeOfDay> {
        Some(self)
    }

    fn vio(&mut self) -> Option<&dyn VioBus> {
        Some(self)
    }
}

impl<V> Terminals for CallView<'_, V> {
    fn write(&mut self, unit: u32, bytes: &[u8]) -> Result<(), Status> {
        is_console(unit)?;
        self.console().write(bytes);
        Ok(())
    }

    fn read(&mut self, unit: u32, buf: &mut [u8; 16]) -> Result<usize, Status> {
        is_console(unit)?;
        Ok(self.console().read(buf))
    }
}

impl<V: Vcpu> ProcessorModes for CallView<'_, V> {
    fn set_sprg0(&mut self, value: u64) {
        if let Some(registers) = self.vcpu.registers() {
            registers.set_sprg0(value);
        }
    }

    fn set_interrupts_little_endian(&mut self, little: bool) {
        self.change_modes(|modes| modes.little_endian = little);
    }

    fn set_interrupts_relocated(&mut self, relocated: bool) {
        self.change_modes(|modes| modes.relocated = relocated);
    }

    fn set_process_table(&mut self, table: Option<ProcessTableRange>) {
        self.change_modes(|modes| modes.process_table = table);
    }
}

impl<V> VioBus for CallView<'_, V> {
    fn device(&self, unit: u32) -> Option<&dyn VioDevice> {
        match unit {
            VTY_UNIT => self.board.vty.as_deref().map(|vty| vty as &dyn VioDevice),
            _ => self.board.devices.bus.find(unit),
        }
    }
}

impl<V: Vcpu> PowerControl for CallView<'_, V> {
    fn power_off(&mut self) {
        self.effects.powered_off = true;
    }

    fn reboot(&mut self) -> bool {
        self.effects.rebooted = self.vcpu.state().is_some();
        self.effects.rebooted
    }

    fn os_terminated(&mut self, why: &str) {
        let why = why.escape_debug();
        self.board.control.stop(Ending::Crashed(format!("its operating system gave up: {why}")));
    }

    fn is_ending(&self) -> bool {
        self.board.control.ending().is_some()
    }
}

impl<V: Vcpu> Nmi for CallView<'_, V> {
    fn register(&mut self, handlers: NmiHandlers) {
        self.change_modes(|modes| modes.nmi = Some(handlers));
    }

    fn release_error_log(&mut self) -> bool {
        self.board.control.release_error_log(self.server)
    }

    /// Signals a system reset. A vCPU that waits is woken to take it.
    fn signal_system_reset(&mut self, server: u32) -> Result<(), Status> {
        let resets = self.board.resets.get(server as usize).and_then(Option::as_ref);
        resets.ok_or(Status::Hardware)?();
        if self.board.control.prod(server) { Ok(()) } else { Err(Status::Hardware) }
    }
}

impl<V> Processors for CallView<'_, V> {
    fn count(&self) -> u32 {
        u32::try_from(self.board.areas.len()).unwrap_or(u32::MAX)
    }

    fn is_stopped(&self, server: u32) -> Option<bool> {
        self.board.control.is_stopped(server)
    }

    fn start(&mut self, server: u32, entry: u64, r3: u64) -> Result<(), RtasError> {
        self.board.control.start_cpu(server, Start { entry, r3 })
    }

    fn stop_self(&mut self) {
        self.effects.stopped = true;
    }

    fn kick(&mut self) {
        self.board.control.kick();
    }
}

impl<V: Vcpu> SharedProcessors for CallView<'_, V> {
    fn areas(&self, server: u32) -> Option<&Areas> {
        self.board.areas.get(usize::try_from(server).ok()?)
    }

    /// Enables interrupts, then waits for one (LoPAR 2.9, H_CEDE). No wake-up is lost, because the condition
    /// that ends the wait is set and examined under one lock.
    fn cede(&mut self) {
        let limit = match self.vcpu.interrupts() {
            Some(interrupts) => {
                interrupts.enable_external_interrupts();
                interrupts.time_to_interrupt()
            }
            None => Duration::MAX,
        };
        self.wait(|control, server| control.idle(server, limit));
    }

    fn wait_for_prod(&mut self) {
        let limit = match self.vcpu.interrupts() {
            Some(interrupts) if interrupts.takes_interrupts() => interrupts.time_to_interrupt(),
            _ => Duration::MAX,
        };
        self.wait(|control, server| control.wait_for_prod(server, limit));
    }

    fn yield_processor(&mut self) {
        self.vcpu.set_away(true);
        std::thread::yield_now();
        self.vcpu.set_away(false);
    }

    fn prod(&mut self, server: u32) -> Result<(), Status> {
        if self.board.control.prod(server) { Ok(()) } else { Err(Status::Parameter) }
    }
}

/// `Capabilities::time` gives this out only where the vCPU has a time.
impl<V: Vcpu> ProcessorTime for CallView<'_, V> {
    fn moment(&mut self) -> Moment {
        self.vcpu.time().map(|time| time.moment()).unwrap_or_default()
    }

    fn purr(&mut self) -> u64 {
        self.vcpu.time().map(|time| time.purr()).unwrap_or_default()
    }
}

impl<V> RandomNumbers for CallView<'_, V> {
    fn next(&mut self) -> Option<u64> {
        let mut bytes = [0; 8];
        let len = getrandom(&mut bytes, GetRandomFlags::empty()).ok()?;
        (len == bytes.len()).then_some(u64::from_ne_bytes(bytes))
    }
}

impl<V> TimeOfDay for CallView<'_, V> {
    fn now(&self) -> SystemTime {
        self.board.clock.now()
    }

    fn set_now(&mut self, now: SystemTime) -> Result<(), RtasError> {
        if self.board.clock.set(now) { Ok(()) } else { Err(RtasError::Parameter) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hcall::rtas::ddw::DEFAULT_PAGE_SIZES;
    use hcall::{Capability, Phb};
    use iommu::{Ioda2, IommuTable, Liobn, PageShift, Window};

    use super::*;
    use crate::control::Kick;
    use crate::vcpu::VcpuExit;
    use crate::xics::Xics;

    /// A vCPU that only makes hypercalls.
    struct Plain;

    impl Vcpu for Plain {
        fn run(&mut self) -> VcpuExit {
            VcpuExit::Hcall
        }
        fn hcall_registers(&self) -> hcall::Regs {
            [0; 10]
        }
        fn set_hcall_registers(&mut self, _: &[u64]) {}
        fn problem_state(&self) -> bool {
            false
        }
        fn start_at(&mut self, _: u64, _: u64) {}
        fn set_away(&mut self, _: bool) {}
        fn kick(&self) -> Kick {
            Box::new(|| {})
        }
        fn dump(&mut self) -> String {
            String::new()
        }
    }

    // LoPAR 2.9, "Hypervisor Call Function Table": a call that the platform does not have is H_FUNCTION.
    #[test]
    fn a_vcpu_without_an_ability_has_no_capability_that_rests_on_it() {
        let control = Arc::new(Control::new(Vec::new()));
        let console = Console::new(Arc::clone(&control), Box::new(std::io::sink()));
        let board = Board::new(console, control);
        let (vcpu, effects) = (&mut Plain, &mut Effects::default());
        let mut view = CallView { vcpu, server: 0, board: &board, phb: None, effects };
        for lacking in [Capability::ProcessorModes, Capability::Nmi, Capability::ProcessorTime] {
            assert!(!lacking.is_in(&mut view), "{lacking:?}");
        }
        for had in [Capability::SharedProcessors, Capability::Processors, Capability::PowerControl]
        {
            assert!(had.is_in(&mut view), "{had:?}");
        }
        assert!(!PowerControl::reboot(&mut view), "no state that can be reset");
    }

    #[test]
    fn a_machine_has_each_capability_that_its_device_tree_promises() {
        let control = Arc::new(Control::new(Vec::new()));
        let console = Console::new(Arc::clone(&control), Box::new(std::io::sink()));
        let xics = Some(Arc::new(Xics::new(Vec::new(), &[], Arc::clone(&control))));
        let board = Board { xics, ..Board::new(console, control) };
        let window = Window::bytes(Liobn(0x8000_0000), 0, 1 << 20, PageShift::K4).unwrap();
        let table = |window| IommuTable::new(window, Ioda2::default()).map(Arc::new);
        let phb = Phb::new(1, window, DEFAULT_PAGE_SIZES, Box::new(table));
        let memory = hcall::Memory::from_ranges(&[(vm_memory::GuestAddress(0), 1 << 16)]);
        let mut vcpu = power::Cpu::new(Arc::new(memory.unwrap()));
        let (server, phb, mut effects) = (0, Some(&phb as &dyn HostBridge), Effects::default());
        let effects = &mut effects;
        let mut view = CallView { vcpu: &mut vcpu, server, board: &board, phb, effects };
        for capability in crate::fdt::CAPABILITIES {
            assert!(capability.is_in(&mut view), "{capability:?}");
        }
    }
}
