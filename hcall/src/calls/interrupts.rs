// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! External interrupts as PAPR's legacy controller presents them (XICS): H_EOI, H_CPPR, H_IPI,
//! H_IPOLL, H_XIRR, H_XIRR_X (LoPAR 2.9, "Interrupt Controller" and "hcall-interrupt").

use crate::call::Caller;
use crate::call::args::Server;
use crate::call::rows::hcalls;
use crate::machine::Capabilities;
use crate::machine::presentation::PresentationController;
use crate::words::status::Status;

hcalls![
    family: "xics",
    Hcall {
        name: H_EOI,
        call: h_eoi(xirr),
        needs: [PresentationController],
        returns: [],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_EOI",
    },
    Hcall {
        name: H_CPPR,
        call: h_cppr(cppr),
        needs: [PresentationController],
        returns: [],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_CPPR",
    },
    Hcall {
        name: H_IPI,
        call: h_ipi(server, mfrr),
        needs: [PresentationController],
        returns: [],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_IPI",
    },
    Hcall {
        name: H_IPOLL,
        call: h_ipoll(server),
        needs: [PresentationController],
        returns: [xirr, mfrr],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_IPOLL",
    },
    Hcall {
        name: H_XIRR,
        call: h_xirr(),
        needs: [PresentationController],
        returns: [xirr],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_XIRR",
    },
    Hcall {
        name: H_XIRR_X,
        call: h_xirr_x(cppr),
        needs: [PresentationController, ProcessorTime],
        returns: [xirr, timestamp],
        set: Some("hcall-interrupt"),
        spec: "LoPAR 2.9, H_XIRR-X",
    },
];

fn controller(machine: &mut dyn Capabilities) -> Result<&dyn PresentationController, Status> {
    machine.presentation().ok_or(Status::Function)
}

fn h_eoi(on: &mut Caller<'_>, xirr: u64) -> Result<(), Status> {
    controller(on.machine)?.end(on.server, low_word(xirr)).ok_or(Status::Parameter)
}

fn h_cppr(on: &mut Caller<'_>, cppr: u64) -> Result<(), Status> {
    controller(on.machine)?.set_cppr(on.server, low_byte(cppr)).ok_or(Status::Parameter)
}

fn h_ipi(on: &mut Caller<'_>, server: Server, mfrr: u64) -> Result<(), Status> {
    controller(on.machine)?.set_mfrr(server.0, low_byte(mfrr)).ok_or(Status::Parameter)
}

fn h_ipoll(on: &mut Caller<'_>, server: Server) -> Result<[u64; 2], Status> {
    let (xirr, mfrr) = controller(on.machine)?.poll(server.0).ok_or(Status::Parameter)?;
    Ok([xirr.into(), mfrr.into()])
}

fn h_xirr(on: &mut Caller<'_>) -> Result<u64, Status> {
    controller(on.machine)?.accept(on.server).map(u64::from).ok_or(Status::Parameter)
}

/// As H_XIRR, with the time. The processor's own priority only says how long the interrupt
/// could have waited.
fn h_xirr_x(on: &mut Caller<'_>, _cppr: u64) -> Result<[u64; 2], Status> {
    let xirr = h_xirr(on)?;
    let time = on.machine.time().ok_or(Status::Function)?;
    Ok([xirr, time.moment().timebase])
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
