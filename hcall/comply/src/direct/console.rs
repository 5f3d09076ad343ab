// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The capabilities of a machine that TCE calls do not need.

use hcall::{RtasError, Status};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unit address of the console of tcevm's machine.
const VTY: u32 = 0x7100_0000;

fn console(unit: u32) -> Result<(), Status> {
    if unit == 0 || unit == VTY { Ok(()) } else { Err(Status::Parameter) }
}

/// A machine with a silent console.
#[derive(Debug, Default)]
pub(super) struct Silent;

impl hcall::Machine for Silent {
    fn term_write(&mut self, unit: u32, _: &[u8]) -> Result<(), Status> {
        console(unit)
    }
    fn term_read(&mut self, unit: u32, _: &mut [u8; 16]) -> Result<usize, Status> {
        console(unit).map(|()| 0)
    }
    fn set_interrupts_little_endian(&mut self, _: bool) {}
    fn set_sprg0(&mut self, _: u64) {}
    fn cede(&mut self) {}
    fn power_off(&mut self) {}
    fn start_cpu(&mut self, _: u32, _: u64, _: u64) -> Result<(), RtasError> {
        Ok(())
    }
    fn random(&mut self) -> Option<u64> {
        Some(4)
    }
    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }
}
