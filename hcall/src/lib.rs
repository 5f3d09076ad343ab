// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The PAPR hypercall interface: one row per hypercall, beside the function that does it.
//!
//! [`dispatch()`] takes r3 to r12 of a vCPU that executed `sc 1`, finds the row of the token in r3,
//! turns registers into typed arguments, and writes answers and status back. The guest's DMA
//! windows are `iommu`'s; consoles, clocks and the vCPU itself are [`Capabilities`] of the machine. This crate
//! knows no vCPU and no hypervisor of the host.
//!
//! The rooms, in the order of reading; a file uses only rooms above its own:
//!
//! | room | |
//! |---|---|
//! | [`words`] | statuses, tokens, tiers, and the differences between implementations |
//! | [`machine`] | the capabilities of a machine, one trait and one file each |
//! | [`call`] | a hypercall and its caller, types of arguments, and the macros of rows |
//! | [`calls`] | the hypercalls: rows and their functions |
//! | [`run`] | dispatch, tries in tiers, faults on purpose, counts |
//!
//! (`call` holds references to an injector and a meter, which are in `run` and use only words.)
//!
//! [`guide`] shows how to use it; [`Bare`] is a machine for tests and prototypes.
//!
//! To add a hypercall, write its function and its row into a file of [`calls`]; its token is in
//! [`tokens`]. Dispatch, `ibm,hypertas-functions` and traces follow.
#![forbid(unsafe_code)]

pub mod call;
pub mod calls;
pub mod machine;
pub mod run;
pub mod words;

#[doc = include_str!("../GUIDE.md")]
pub mod guide {}

/// The C interface of prototypes, `tcevm.h`. The crate `tcevm-plugin` loads what is compiled with it.
pub const PLUGIN_HEADER: &str = include_str!("../include/tcevm.h");

pub use call::args::Regs;
pub use call::{Accel, Caller, Hcall, Prototype};
pub use calls::rtas::rtas_tokens;
pub use calls::{HCALLS, function_sets, rtas, tce};
pub use machine::areas::{Areas, Moment, SavedAreas};
pub use machine::bare::Bare;
pub use machine::error_log::MachineCheck;
pub use machine::modes::ProcessTableRange;
pub use machine::nmi::NmiHandlers;
pub use machine::pci::ConfigAddress;
pub use machine::phb::{BridgeClaim, BridgeWindow, HostBridge, Phb};
pub use machine::vio::VioDevice;
pub use machine::{Capabilities, Capability, vio};
/// Guest memory. A write to it is logged, and makes decoded code stale that came from there.
pub use ram::GuestMemory as Memory;
pub use run::dispatch::{Call, answer, dispatch, find, row};
pub use run::inject::{self, Injector, Spec};
pub use run::meter::{Lap, Meter};
pub use run::{accel, meter};
/// Guest RAM in public interfaces is of this version of vm-memory.
pub use vm_memory;
pub use words::number::number;
pub use words::profile::Profile;
pub use words::rtas_error::RtasError;
pub use words::status::Status;
pub use words::tier::{Answer, Tier};
pub use words::tokens::token_name;
pub use words::{calendar, profile, status, tier, tokens};
