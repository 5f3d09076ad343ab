// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The side of the interrupt controller (XICS) that a processor sees (LoPAR 2.9, "Interrupt Presentation
//! Layer").
//!
//! A priority is a byte; a smaller one is more favoured, 0xff is least favoured and masks a source.
//! The XIRR is the CPPR in the upper byte and the number of a source in the lower three.

/// The source number of the interrupt between processors.
pub const IPI: u32 = 2;
/// The priority that masks a source, and that of an IPI which no processor asks for.
pub const LEAST_FAVOURED: u8 = 0xff;

/// Presents interrupts to processors. `None`: there is no such server or source.
pub trait PresentationController {
    /// Accepts the most favoured interrupt: returns the XIRR and raises the CPPR to its priority.
    fn accept(&self, server: u32) -> Option<u32>;

    /// The XIRR and the MFRR, with no effect.
    fn poll(&self, server: u32) -> Option<(u32, u8)>;

    /// Sets the priority that an interrupt must be more favoured than.
    fn set_cppr(&self, server: u32, cppr: u8) -> Option<()>;

    /// Ends an interrupt: restores the CPPR in `xirr`, which may not be more favoured than the present one,
    /// and allows the source to interrupt again.
    fn end(&self, server: u32, xirr: u32) -> Option<()>;

    /// Requests the IPI of a server at this priority; [`LEAST_FAVOURED`] withdraws the request.
    fn set_mfrr(&self, server: u32, mfrr: u8) -> Option<()>;
}
