// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The side of the interrupt controller (XICS) that routes sources (LoPAR 2.9, "Interrupt Source Layer").

/// The external interrupt vector entry of a source (LoPAR 2.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xive {
    /// Interrupt server number of the processor that takes the interrupts.
    pub server: u32,
    /// Their priority; [`LEAST_FAVOURED`](super::presentation::LEAST_FAVOURED) masks.
    pub priority: u8,
}

/// Routes interrupt sources. `None`: there is no such source, or no such server.
pub trait SourceController {
    /// Routes a source.
    fn set_xive(&self, source: u32, xive: Xive) -> Option<()>;

    /// The route of a source.
    fn xive(&self, source: u32) -> Option<Xive>;

    /// Masks a source, or restores the priority that it had before.
    fn set_enabled(&self, source: u32, enabled: bool) -> Option<()>;
}
