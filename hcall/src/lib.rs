// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The PAPR hypercall interface: one row per hypercall, beside the function that does it.
//!
//! [`dispatch()`] takes r3 to r12 of a vCPU that executed `sc 1`, finds the row of the token in r3,
//! turns registers into typed arguments, and puts answers and status back. The guest's DMA
//! windows are `iommu`'s; consoles, clocks and the vCPU itself are behind [`Machine`]. This crate
//! knows no vCPU and no hypervisor of the host.
//!
//! Read the files in this order: [`status`], [`tokens`], [`tier`] (words); [`abi`], [`machine`],
//! [`mod@dispatch`], [`accel`] (mechanism); [`profile`], [`tce`], [`term`], [`system`], [`splpar`] with
//! [`areas`], [`vio`], [`rtas`] with [`error_log`] (the calls); [`inject`] (faults).
//!
//! [`guide`] shows how to use it; [`bare`] is a machine for tests and prototypes.
//!
//! To add a hypercall, write its function and its row into one of the last five; its token is in
//! [`tokens`]. Dispatch, `ibm,hypertas-functions` and traces follow.
#![forbid(unsafe_code)]

pub mod call;
pub mod calls;
pub mod machine;
pub mod run;
pub mod words;

#[doc = include_str!("../GUIDE.md")]
pub mod guide {}

pub use call::args::Regs;
pub use call::{Accel, Caller, Hcall};
pub use calls::rtas::rtas_tokens;
pub use calls::{HCALLS, function_sets, rtas, tce};
pub use machine::areas::{Areas, Moment};
pub use machine::bare::Bare;
pub use machine::error_log::MachineCheck;
pub use machine::modes::ProcessTableRange;
pub use machine::nmi::NmiHandlers;
pub use machine::phb::Phb;
pub use machine::vio::VioDevice;
pub use machine::{Capabilities, Capability, vio};
/// Guest memory. A write to it is logged, and makes decoded code stale that came from there.
pub use ram::GuestMemory as Memory;
pub use run::dispatch::{Call, dispatch, find};
pub use run::inject::{self, Injector, Spec};
pub use run::meter::{Lap, Meter};
pub use run::{accel, meter};
/// Guest RAM in public interfaces is of this version of vm-memory.
pub use vm_memory;
pub use words::profile::Profile;
pub use words::rtas_error::RtasError;
pub use words::status::Status;
pub use words::tier::{Answer, Tier};
pub use words::tokens::token_name;
pub use words::{calendar, profile, status, tier, tokens};
