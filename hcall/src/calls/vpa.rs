// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Areas of a virtual processor: H_REGISTER_VPA (LoPAR 2.9, "Virtual Processor Areas").

use crate::call::Caller;
use crate::call::args::Server;
use crate::call::rows::hcalls;
use crate::words::status::Status;
use iommu::Gpa;

hcalls![
    family: "areas",
    Hcall {
        name: H_REGISTER_VPA,
        call: h_register_vpa(flags, proc, area),
        needs: [SharedProcessors, Processors, ProcessorTime],
        returns: [],
        set: Some("hcall-splpar"),
        spec: "LoPAR 2.9, H_REGISTER_VPA",
    },
];

/// Areas are aligned to cache lines.
pub(crate) const CACHE_LINE: u64 = 128;

/// The subfunctions, bits 16:18 of the flags.
mod subfunction {
    pub(super) const REGISTER_VPA: u64 = 1;
    pub(super) const REGISTER_LOG: u64 = 2;
    pub(super) const REGISTER_SLB_SHADOW: u64 = 3;
    pub(super) const DEREGISTER_VPA: u64 = 5;
    pub(super) const DEREGISTER_LOG: u64 = 6;
    pub(super) const DEREGISTER_SLB_SHADOW: u64 = 7;
}
use subfunction::*;

/// Registers an area of a processor, or forgets it. The reserved subfunctions, and other bits
/// in the flags, are refused.
///
/// The SLB shadow buffer is only remembered: what it saves, the SLB, a radix guest does not have.
fn h_register_vpa(on: &mut Caller<'_>, flags: u64, proc: Server, area: Gpa) -> Result<(), Status> {
    let function = flags >> (63 - 18);
    if flags != function << (63 - 18) || matches!(function, 0 | 4 | 8..) {
        return Err(Status::Parameter);
    }
    let processors = on.machine.processors().ok_or(Status::Function)?;
    let stopped = processors.is_stopped(proc.0).ok_or(Status::Parameter)?;
    let sharing = on.machine.sharing().ok_or(Status::Function)?;
    let areas = sharing.areas(proc.0).ok_or(Status::Parameter)?;
    let registers = function <= REGISTER_SLB_SHADOW;
    if registers && (area.0 == 0 || !area.0.is_multiple_of(CACHE_LINE)) {
        return Err(Status::Parameter);
    }
    if proc.0 != on.server && !stopped && !matches!(function, REGISTER_LOG | DEREGISTER_LOG) {
        return Err(Status::State);
    }
    match function {
        REGISTER_VPA => areas.register_vpa(on.memory, area),
        REGISTER_LOG => areas.register_log(on.memory, area),
        REGISTER_SLB_SHADOW => areas.register_slb_shadow(on.memory, area),
        DEREGISTER_VPA => areas.deregister_vpa(),
        DEREGISTER_LOG => areas.deregister_log(),
        DEREGISTER_SLB_SHADOW => areas.deregister_slb_shadow(),
        _ => Err(Status::Parameter),
    }
}
