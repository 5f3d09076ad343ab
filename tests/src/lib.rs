// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Code that tests and benches share, so that no file is compiled by its path: settings for tests of `iommu`
//! ([`dma_rig`], [`fixture`]) and of `hcall` ([`rig`]), damaged disks ([`qcow2`]), running the `tcevm` binary,
//! checking what it wrote, and skipping a test whose tool is not there.
#![forbid(unsafe_code)]
#![allow(clippy::new_without_default)] // a setting of a test is made on purpose

pub mod browser;
pub mod debian;
pub mod directory;
pub mod dma_rig;
pub mod events;
pub mod fixture;
pub mod qcow2;
pub mod rig;
pub mod run_page;
pub mod skip;
pub mod tcevm;

pub use directory::Directory;
pub use skip::{skip, tool};
pub use tcevm::tcevm;
