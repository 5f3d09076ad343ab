// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! External interrupts as PAPR's legacy controller presents them (XICS): H_EOI, H_CPPR, H_IPI,
//! H_IPOLL, H_XIRR, H_XIRR_X (LoPAR 2.9, "Interrupt Controller" and "hcall-interrupt").
//!
//! A priority is a byte; a smaller one is more favoured, 0xff is least favoured and masks a source.
//! The XIRR is the CPPR in the upper byte and the number of a source in the lower three.

use crate::abi::{Server, hcalls};
use crate::machine::Caller;
use crate::status::Status;

/// The source number of the interrupt between processors.
pub const IPI: u32 = 2;
/// The priority that masks a source, and that of an IPI which nobody asks for.
pub const LEAST_FAVOURED: u8 = 0xff;

/// Which processor takes the interrupts of a source, and at which priority (LoPAR 2.9, the
/// external interrupt vector entry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xive {
    /// The processor's interrupt server number.
    pub server: u32,
    /// The priority; [`LEAST_FAVOURED`] masks.
    pub priority: u8,
}

/// The interrupt controller of a machine. Servers and sources that are not there are told by
/// `None`.
pub trait Interrupts {
    /// Accepts the most favoured interrupt: returns the XIRR and raises the CPPR to its priority.
    fn accept(&self, server: u32) -> Option<u32>;
    /// The XIRR and the MFRR, with no effect.
    fn poll(&self, server: u32) -> Option<(u32, u8)>;
    /// Sets the priority that an interrupt must be more favoured than.
    fn set_cppr(&self, server: u32, cppr: u8) -> Option<()>;
    /// Ends an interrupt: takes back the CPPR, which may not be more favoured than it is, and
    /// allows the source to interrupt again.
    fn end(&self, server: u32, xirr: u32) -> Option<()>;
    /// Asks for the IPI of a server at this priority; [`LEAST_FAVOURED`] takes the wish back.
    fn set_mfrr(&self, server: u32, mfrr: u8) -> Option<()>;
    /// Says where the interrupts of a source go.
    fn set_xive(&self, source: u32, xive: Xive) -> Option<()>;
    /// Where the interrupts of a source go.
    fn xive(&self, source: u32) -> Option<Xive>;
    /// Masks a source, or gives it back the priority it had.
    fn set_enabled(&self, source: u32, enabled: bool) -> Option<()>;
}

hcalls![
    family: "xics",
    Hcall {
        name: H_EOI,
        call: h_eoi(xirr),
        returns: [],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_EOI",
    },
    Hcall {
        name: H_CPPR,
        call: h_cppr(cppr),
        returns: [],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_CPPR",
    },
    Hcall {
        name: H_IPI,
        call: h_ipi(server, mfrr),
        returns: [],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_IPI",
    },
    Hcall {
        name: H_IPOLL,
        call: h_ipoll(server),
        returns: [xirr, mfrr],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_IPOLL",
    },
    Hcall {
        name: H_XIRR,
        call: h_xirr(),
        returns: [xirr],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_XIRR",
    },
    Hcall {
        name: H_XIRR_X,
        call: h_xirr_x(cppr),
        returns: [xirr, timestamp],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_XIRR-X",
    },
];

/// The controller, or H_FUNCTION where there is none.
fn controller<'a>(on: &'a Caller<'_>) -> Result<&'a dyn Interrupts, Status> {
    on.machine.interrupts().ok_or(Status::Function)
}

fn h_eoi(on: &mut Caller<'_>, xirr: u64) -> Result<(), Status> {
    controller(on)?.end(on.machine.server(), low_word(xirr)).ok_or(Status::Parameter)
}

fn h_cppr(on: &mut Caller<'_>, cppr: u64) -> Result<(), Status> {
    controller(on)?.set_cppr(on.machine.server(), low_byte(cppr)).ok_or(Status::Parameter)
}

fn h_ipi(on: &mut Caller<'_>, server: Server, mfrr: u64) -> Result<(), Status> {
    controller(on)?.set_mfrr(server.0, low_byte(mfrr)).ok_or(Status::Parameter)
}

fn h_ipoll(on: &mut Caller<'_>, server: Server) -> Result<[u64; 2], Status> {
    let (xirr, mfrr) = controller(on)?.poll(server.0).ok_or(Status::Parameter)?;
    Ok([xirr.into(), mfrr.into()])
}

fn h_xirr(on: &mut Caller<'_>) -> Result<u64, Status> {
    controller(on)?.accept(on.machine.server()).map(u64::from).ok_or(Status::Parameter)
}

/// As H_XIRR, and tells the time. The processor's own priority only says how long the interrupt
/// could have waited.
fn h_xirr_x(on: &mut Caller<'_>, _cppr: u64) -> Result<[u64; 2], Status> {
    let xirr = h_xirr(on)?;
    Ok([xirr, on.machine.moment().timebase])
}

/// LoPAR defines the low-order bytes of these arguments only.
fn low_byte(value: u64) -> u8 {
    let [.., byte] = value.to_be_bytes();
    byte
}

fn low_word(value: u64) -> u32 {
    let [.., a, b, c, d] = value.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
