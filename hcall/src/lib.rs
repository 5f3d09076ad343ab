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

pub mod abi;
pub mod accel;
pub mod areas;
pub mod bare;
pub mod calendar;
pub mod dispatch;
pub mod error_log;
pub mod inject;
pub mod interrupts;
pub mod machine;
pub mod mmu;
pub mod processor;
pub mod profile;
pub mod rtas;
pub mod splpar;
pub mod status;
pub mod system;
pub mod tce;
pub mod term;
pub mod tier;
pub mod tokens;
pub mod vio;

#[doc = include_str!("../GUIDE.md")]
pub mod guide {}

pub use abi::{Hcall, Regs};
pub use accel::{Accel, Lap, Meter};
pub use areas::{Areas, Moment};
pub use bare::Bare;
pub use dispatch::{Call, HCALLS, dispatch, find, function_sets};
pub use error_log::MachineCheck;
pub use inject::{Injector, Spec};
pub use machine::{Caller, Machine, Memory, Nvram, ProcessTable};
pub use profile::Profile;
pub use rtas::ddw::Phb;
pub use rtas::nmi::NmiHandlers;
pub use rtas::{RtasError, rtas_tokens};
pub use status::Status;
pub use tier::{Answer, Tier};
pub use tokens::token_name;
pub use vio::VioDevice;
/// Guest RAM in public interfaces is of this version of vm-memory.
pub use vm_memory;
