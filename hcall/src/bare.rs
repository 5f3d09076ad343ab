// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine with nothing in it but DMA windows, for tests and prototypes.

use std::time::SystemTime;

use crate::{Machine, Status};

/// No console, no clock, no random numbers; what a call would do to the vCPU is not done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Machine for Bare {
    fn term_write(&mut self, _unit: u32, _bytes: &[u8]) -> Result<(), Status> {
        Err(Status::Parameter)
    }

    fn term_read(&mut self, _unit: u32, _buf: &mut [u8; 16]) -> Result<usize, Status> {
        Err(Status::Parameter)
    }

    fn set_interrupts_little_endian(&mut self, _little: bool) {}

    fn set_sprg0(&mut self, _value: u64) {}

    fn cede(&mut self) {}

    fn power_off(&mut self) {}

    fn random(&mut self) -> Option<u64> {
        None
    }

    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}
