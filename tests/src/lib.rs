// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Code that tests and benches share, so that no file is compiled by its path: settings for tests of `iommu`
//! ([`machine`], [`fixture`]) and of `hcall` ([`rig`]), running the `tcevm` binary, checking what it wrote, and skipping a test
//! whose tool is not there.
#![forbid(unsafe_code)]

pub mod browser;
pub mod debian;
pub mod events;
pub mod fixture;
pub mod machine;
pub mod rig;
pub mod run_page;
pub mod skip;
pub mod tcevm;

pub use skip::{skip, tool};
pub use tcevm::tcevm;
