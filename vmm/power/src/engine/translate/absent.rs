// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Where no translator is: on hosts without an assembler of ours.

use super::{Found, HostCode, Refusal};
use crate::{Cpu, interrupt::Stop, word::Word};

/// There is none.
pub(crate) enum Translator {}

impl Translator {
    pub(crate) fn new(_: &Cpu) -> Option<Translator> {
        None
    }
    pub(crate) fn enter(&self, _: &mut Cpu) {
        match *self {}
    }
    pub(crate) fn complete(&self, _: &mut Cpu) {
        match *self {}
    }
    pub(crate) fn calls_of(&mut self, _: Word) -> Option<u32> {
        match *self {}
    }
    pub(crate) fn is_oldest(&self, _: u32) -> bool {
        match *self {}
    }
    pub(crate) fn is_hot(&self, _: u32) -> bool {
        match *self {}
    }
    pub(crate) fn begin_segment(&mut self, _: &mut Cpu) {
        match *self {}
    }
    pub(crate) fn known(&mut self, _: &mut Cpu, _: u64, _: u64) -> Option<Result<Found, Refusal>> {
        match *self {}
    }
    pub(crate) fn pieces(&self, _: u32) -> std::iter::Empty<u64> {
        match *self {}
    }
    pub(crate) fn translate(
        &mut self,
        _: &mut Cpu,
        _: u64,
        _: u64,
        _: impl Fn(&Cpu, u64) -> bool,
    ) -> Result<Found, Refusal> {
        match *self {}
    }
    pub(crate) fn link(&mut self, _: &mut Cpu, _: u64, _: Found) {
        match *self {}
    }
    pub(crate) fn code(&self) -> std::iter::Empty<HostCode> {
        match *self {}
    }
    pub(crate) fn is_current(&mut self, _: &mut Cpu, _: u32) -> bool {
        match *self {}
    }
}

/// Never called: nothing is translated.
pub(crate) fn enter(_: &mut Cpu, _: usize) -> Stop {
    Stop::Next
}
