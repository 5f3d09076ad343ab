// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The bridge's state of a PE: whether it passes loads, stores, DMA and messages on.
//!
//! A refused access of the function stops the PE, as IODA does, if the guest has enabled error handling (EEH). A stopped PE
//! drops stores and DMA, and loads are all ones, until the guest releases or resets it.

use std::sync::atomic::{AtomicU8, Ordering};

use hcall::machine::pe_errors::{PeState, Side};
use saved::{LoadError, Reader, Writer};
use vio::{Fault, Upstream};

/// Loads and stores are stopped.
const IO: u8 = 1;
/// DMA and messages are stopped.
const DMA: u8 = 1 << 1;
/// The reset is asserted.
const RESET: u8 = 1 << 2;
/// Errors stop the PE.
const ENABLED: u8 = 1 << 3;
/// There was an error that has not been reported yet.
const ERROR: u8 = 1 << 4;
/// The function is no bus master. It follows config space, and is not saved.
const NO_MASTER: u8 = 1 << 7;

/// The state of a PE. Each change is one atomic operation.
#[derive(Debug)]
pub(crate) struct PeControl(AtomicU8);

impl Default for PeControl {
    fn default() -> PeControl {
        PeControl(AtomicU8::new(NO_MASTER))
    }
}

impl PeControl {
    fn bits(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, bits: u8, on: bool) {
        if on {
            self.0.fetch_or(bits, Ordering::AcqRel);
        } else {
            self.0.fetch_and(!bits, Ordering::AcqRel);
        }
    }

    pub(crate) fn state(&self) -> PeState {
        let bits = self.bits();
        let has = |bit| bits & bit != 0;
        PeState {
            in_reset: has(RESET),
            io_stopped: has(IO),
            dma_stopped: has(DMA),
            enabled: has(ENABLED),
        }
    }

    /// True while loads and stores, and accesses to config space, reach the function.
    pub(crate) fn passes_io(&self) -> bool {
        self.bits() & (IO | RESET) == 0
    }

    pub(crate) fn set_master(&self, master: bool) {
        self.set(NO_MASTER, !master);
    }

    pub(crate) fn enable(&self, enabled: bool) {
        self.set(ENABLED, enabled);
    }

    pub(crate) fn release(&self, side: Side) {
        self.set(if side == Side::Io { IO } else { DMA }, false);
    }

    /// Stops the PE. True if it was not stopped before.
    pub(crate) fn stop(&self) -> bool {
        self.0.fetch_or(IO | DMA | ERROR, Ordering::AcqRel) & (IO | DMA) == 0
    }

    /// Takes the record of an error.
    pub(crate) fn take_error(&self) -> bool {
        self.0.fetch_and(!ERROR, Ordering::AcqRel) & ERROR != 0
    }

    /// Asserts the reset or takes it back. Nothing is stopped afterwards.
    pub(crate) fn set_reset(&self, asserted: bool) {
        self.set(IO | DMA, false);
        self.set(RESET, asserted);
    }

    /// The state at the start, but for the bus master.
    pub(crate) fn clear(&self) {
        self.set(!NO_MASTER, false);
    }

    pub(crate) fn save(&self, to: &mut Writer<'_>) {
        to.u8(self.bits() & !NO_MASTER);
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Result<u8, LoadError> {
        let bits = from.u8()?;
        LoadError::unless(bits & !(IO | DMA | RESET | ENABLED | ERROR) == 0)?;
        Ok(bits)
    }

    pub(crate) fn loaded(&self, bits: u8) {
        self.clear();
        self.set(bits, true);
    }
}

impl Upstream for PeControl {
    fn passes(&self) -> bool {
        self.bits() & (DMA | RESET | NO_MASTER) == 0
    }

    fn faulted(&self, fault: &Fault) {
        if self.bits() & ENABLED != 0 && self.stop() {
            log::info!("a PE is stopped by {fault}");
        }
    }
}
