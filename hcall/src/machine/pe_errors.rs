// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Errors of a PE and its recovery: enhanced I/O error handling (LoPAR 2.9, "EEH").
//!
//! A PE whose DMA fails is *stopped*: loads from it are all ones, stores and DMA are dropped. The guest finds that out by
//! loads of all ones, releases one or both of the two, or resets the PE.

use super::pci::ConfigAddress;

/// The state of a PE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeState {
    /// Its reset is asserted.
    pub in_reset: bool,
    /// Loads and stores are stopped.
    pub io_stopped: bool,
    /// DMA and messages are stopped.
    pub dma_stopped: bool,
    /// It is stopped when an error happens.
    pub enabled: bool,
}

/// A side of a PE that can be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Loads and stores.
    Io,
    /// DMA and messages.
    Dma,
}

/// The PEs, by the config address of their function. `None`: there is no PE.
pub trait PeErrors {
    /// The state of the PE.
    fn state(&self, at: ConfigAddress) -> Option<PeState>;

    /// Chooses whether the PE is stopped when an error happens.
    fn enable(&self, at: ConfigAddress, enabled: bool) -> Option<()>;

    /// Lets one side of a stopped PE go on.
    fn release(&self, at: ConfigAddress, side: Side) -> Option<()>;

    /// Asserts the reset of the PE, or takes it back. Afterwards nothing is stopped.
    fn set_reset(&self, at: ConfigAddress, asserted: bool) -> Option<()>;

    /// Takes the record of an error that stopped the PE. True: there was one since the last call.
    fn take_error(&self, at: ConfigAddress) -> Option<bool>;
}
