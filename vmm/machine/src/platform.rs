// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine as a hypercall sees it: the console, the calling vCPU, power and time.

use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hcall::interrupts::Interrupts;
use hcall::{Areas, Moment, NmiHandlers, ProcessTable, RtasError, Status, VioDevice};
use rustix::rand::{GetRandomFlags, getrandom};

use crate::board::Board;
use crate::console::Console;
use crate::control::{Control, Start};
use crate::exit::Outcome;
use crate::fdt::VTY_UNIT;
use crate::modes::Modes;
use crate::vcpu::Vcpu;

/// The devices and the vCPU, for the time of one hypercall.
pub struct Platform<'a, V> {
    /// The vCPU that called.
    pub vcpu: &'a mut V,
    /// Its number.
    pub server: u32,
    /// What is around it.
    pub board: &'a Board,
    /// What the call did to the run.
    pub effects: &'a mut Effects,
}

/// What hypercalls did that the run loop has to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Effects {
    /// The guest powered off.
    pub powered_off: bool,
    /// The machine starts anew.
    pub rebooted: bool,
    /// The vCPU stopped itself.
    pub stopped: bool,
    /// How long it was idle.
    pub idle: Duration,
}

/// Unit 0 is the first console (QEMU: `vty_lookup`), which is the only one.
fn is_console(unit: u32) -> Result<(), Status> {
    if unit == 0 || unit == VTY_UNIT { Ok(()) } else { Err(Status::Parameter) }
}

impl<V> Platform<'_, V> {
    /// A vCPU that panicked while it printed has left the console as usable as it was.
    fn console(&self) -> MutexGuard<'_, Console> {
        self.board.console.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Vcpu> Platform<'_, V> {
    /// Waits. Until there is something to do that is idle; from then on, for as long as `wait` returns,
    /// the host let it wait.
    fn wait(&mut self, wait: impl FnOnce(&Control, u32) -> Duration) {
        let start = Instant::now();
        self.vcpu.set_away(true);
        let late = wait(&self.board.control, self.server);
        self.vcpu.set_away(false);
        self.vcpu.add_stolen(late);
        self.effects.idle += start.elapsed().saturating_sub(late);
    }

    /// The calling vCPU follows at once, the others when they are kicked.
    fn change_modes(&mut self, change: impl FnOnce(&mut Modes)) {
        let modes = self.board.control.change_modes(change);
        self.vcpu.set_modes(&modes);
    }
}

impl<V: Vcpu> hcall::Machine for Platform<'_, V> {
    fn term_write(&mut self, unit: u32, bytes: &[u8]) -> Result<(), Status> {
        is_console(unit)?;
        self.console().write(bytes);
        Ok(())
    }

    fn term_read(&mut self, unit: u32, buf: &mut [u8; 16]) -> Result<usize, Status> {
        is_console(unit)?;
        Ok(self.console().read(buf))
    }

    fn set_interrupts_little_endian(&mut self, little: bool) {
        self.change_modes(|modes| modes.little_endian = little);
    }

    fn set_interrupts_relocated(&mut self, relocated: bool) {
        self.change_modes(|modes| modes.relocated = relocated);
    }

    fn set_process_table(&mut self, table: Option<ProcessTable>) -> bool {
        self.change_modes(|modes| modes.process_table = table);
        true
    }

    fn interrupts(&self) -> Option<&dyn Interrupts> {
        self.board.xics.as_deref().map(|xics| xics as &dyn Interrupts)
    }

    fn vio(&self, unit: u32) -> Option<&dyn VioDevice> {
        match unit {
            VTY_UNIT => self.board.vty.as_deref().map(|vty| vty as &dyn VioDevice),
            _ => self.board.devices.bus.find(unit),
        }
    }

    fn windows_removed(&mut self) {
        self.board.control.kick();
    }

    fn set_sprg0(&mut self, value: u64) {
        self.vcpu.set_sprg0(value);
    }

    /// LoPAR 2.9, H_CEDE: enables interrupts, then waits for one. A wake-up cannot be lost: what
    /// ends the wait is looked at under the lock under which it is told.
    fn cede(&mut self) {
        self.vcpu.enable_external_interrupts();
        let limit = self.vcpu.time_to_interrupt();
        self.wait(|control, server| control.idle(server, limit));
    }

    fn power_off(&mut self) {
        self.effects.powered_off = true;
    }

    fn reboot(&mut self) -> bool {
        self.effects.rebooted = V::RESETS;
        V::RESETS
    }

    fn gave_up(&mut self, why: &str) {
        let why = why.escape_debug();
        self.board.control.stop(Outcome::Crashed(format!("its operating system gave up: {why}")));
    }

    fn nvram(&self) -> Option<&dyn hcall::Nvram> {
        Some(&self.board.nvram)
    }

    fn register_nmi(&mut self, handlers: NmiHandlers) -> Result<(), RtasError> {
        self.change_modes(|modes| modes.nmi = Some(handlers));
        Ok(())
    }

    fn release_error_log(&mut self) -> bool {
        self.board.control.release_error_log(self.server)
    }

    /// One that waits is woken to take it.
    fn signal_system_reset(&mut self, server: u32) -> bool {
        let reset = self.board.resets.get(server as usize).and_then(Option::as_ref);
        reset.is_some_and(|reset| {
            reset();
            self.board.control.prod(server)
        })
    }

    fn start_cpu(&mut self, server: u32, entry: u64, r3: u64) -> Result<(), RtasError> {
        self.board.control.start_cpu(server, Start { entry, r3 })
    }

    fn stop_self(&mut self) {
        self.effects.stopped = true;
    }

    fn is_stopped(&self, server: u32) -> Option<bool> {
        self.board.control.is_stopped(server)
    }

    fn server(&self) -> u32 {
        self.server
    }

    fn servers(&self) -> u32 {
        u32::try_from(self.board.areas.len()).unwrap_or(u32::MAX)
    }

    fn areas(&self, server: u32) -> Option<&Areas> {
        self.board.areas.get(usize::try_from(server).ok()?)
    }

    fn moment(&self) -> Moment {
        self.vcpu.moment()
    }

    fn purr(&mut self) -> u64 {
        self.vcpu.purr()
    }

    fn prod(&mut self, server: u32) -> Result<(), Status> {
        if self.board.control.prod(server) { Ok(()) } else { Err(Status::Parameter) }
    }

    fn wait_for_prod(&mut self) {
        let limit = match self.vcpu.takes_interrupts() {
            true => self.vcpu.time_to_interrupt(),
            false => Duration::MAX,
        };
        self.wait(|control, server| control.wait_for_prod(server, limit));
    }

    fn yield_processor(&mut self) {
        self.vcpu.set_away(true);
        std::thread::yield_now();
        self.vcpu.set_away(false);
    }

    fn is_ending(&self) -> bool {
        self.board.control.outcome().is_some()
    }

    fn random(&mut self) -> Option<u64> {
        let mut bytes = [0; 8];
        let len = getrandom(&mut bytes, GetRandomFlags::empty()).ok()?;
        (len == bytes.len()).then_some(u64::from_ne_bytes(bytes))
    }

    fn now(&self) -> SystemTime {
        self.board.clock.now()
    }

    fn set_now(&mut self, now: SystemTime) -> Result<(), RtasError> {
        if self.board.clock.set(now) { Ok(()) } else { Err(RtasError::Parameter) }
    }
}
