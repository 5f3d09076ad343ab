// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Prototypes in C: tiers of the TCE hypercalls, and platforms of host bridges, as shared objects.
//!
//! The interface is the header [`HEADER`], `tcevm.h`. [`load_tier`] makes prototypes of a shared object for
//! [`hcall::Accel`], and [`load_platform`] a maker of platforms for tables. A shared object that is loaded runs as a part of this
//! process, so it is not a guest: it can crash the process, and the crash names it ([`report_crashes`]). Its mistakes
//! in the protocol of an exchange harm the guest's accounting alone, and the tools find them.
//!
//! Read the files in this order: [`abi`] (structures), `place` (the function in which a thread is), `call` (steps of a call),
//! `kernel` (functions for plug-ins), `load` (shared objects), `crash`.

pub mod abi;
mod call;
mod crash;
mod kernel;
mod load;
mod place;

pub use crash::report_crashes;
pub use load::{LoadError, load_platform, load_tier};
pub use place::busy;

/// The header of the interface.
pub use hcall::PLUGIN_HEADER as HEADER;
