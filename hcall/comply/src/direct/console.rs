// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The capabilities of the machine around the DMA windows. TCE calls need none of them.

use hcall::machine::{
    PowerControl, ProcessorModes, Processors, RandomNumbers, Terminals, TimeOfDay,
};
use hcall::{Capabilities, HostBridge, Phb, ProcessTableRange, RtasError, Status};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unit address of the console of tcevm's machine.
const VTY: u32 = 0x7100_0000;

fn console(unit: u32) -> Result<(), Status> {
    if unit == 0 || unit == VTY { Ok(()) } else { Err(Status::Parameter) }
}

/// A machine with a bridge, a silent console and one processor that runs.
#[derive(Debug)]
pub(super) struct Silent<'a> {
    pub(super) phb: &'a Phb,
}

impl Capabilities for Silent<'_> {
    fn modes(&mut self) -> Option<&mut dyn ProcessorModes> {
        Some(self)
    }
    fn phb(&mut self) -> Option<&dyn HostBridge> {
        Some(self.phb)
    }
    fn power(&mut self) -> Option<&mut dyn PowerControl> {
        Some(self)
    }
    fn processors(&mut self) -> Option<&mut dyn Processors> {
        Some(self)
    }
    fn random(&mut self) -> Option<&mut dyn RandomNumbers> {
        Some(self)
    }
    fn terminals(&mut self) -> Option<&mut dyn Terminals> {
        Some(self)
    }
    fn time_of_day(&mut self) -> Option<&mut dyn TimeOfDay> {
        Some(self)
    }
}

impl Terminals for Silent<'_> {
    fn write(&mut self, unit: u32, _: &[u8]) -> Result<(), Status> {
        console(unit)
    }
    fn read(&mut self, unit: u32, _: &mut [u8; 16]) -> Result<usize, Status> {
        console(unit).map(|()| 0)
    }
}

impl ProcessorModes for Silent<'_> {
    fn set_sprg0(&mut self, _: u64) {}
    fn set_interrupts_little_endian(&mut self, _: bool) {}
    fn set_interrupts_relocated(&mut self, _: bool) {}
    fn set_process_table(&mut self, _: Option<ProcessTableRange>) {}
}

impl PowerControl for Silent<'_> {
    fn power_off(&mut self) {}
    fn reboot(&mut self) -> bool {
        false
    }
    fn os_terminated(&mut self, _: &str) {}
    fn is_ending(&self) -> bool {
        false
    }
}

impl Processors for Silent<'_> {
    fn count(&self) -> u32 {
        1
    }
    fn is_stopped(&self, server: u32) -> Option<bool> {
        (server == 0).then_some(false)
    }
    fn start(&mut self, _: u32, _: u64, _: u64) -> Result<(), RtasError> {
        Ok(())
    }
    fn stop_self(&mut self) {}
    fn kick(&mut self) {}
}

impl RandomNumbers for Silent<'_> {
    fn next(&mut self) -> Option<u64> {
        Some(4)
    }
}

impl TimeOfDay for Silent<'_> {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }
    fn set_now(&mut self, _: SystemTime) -> Result<(), RtasError> {
        Err(RtasError::Hardware)
    }
}
