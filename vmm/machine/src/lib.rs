// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine: builds, runs, resets and describes a guest's machine from plain configuration structs.
//!
//! A guest image is loaded into guest RAM beside a device tree, a vCPU runs it, and each hypercall goes to the
//! crate `hcall` and back. Hypercalls, TCE tables and instructions belong to `hcall`, `iommu` and `power`; command
//! lines, files of a run and signals belong to the command `tcevm`. An observer of a run implements [`Watcher`].
//!
//! Read in this order: [`boot`] (from a configuration to a machine that is ready; with [`image`], [`map`],
//! [`memory`], [`dma`], [`devices`] and [`fdt`]), [`machine`] and `processor` (the run loop; with [`vcpu`], its [`abilities`] and
//! [`capabilities`]), `kvm` (the vCPU of x86-64 guests), then the devices around them: [`control`], [`console`],
//! [`xics`], [`vty`], [`nvram`], [`wall_clock`]; and [`watcher`], [`summary`] and [`dirty`], which describe a run. [`parts`],
//! [`section`], [`state`] and [`ram_file`] save and load a machine.

pub mod abilities;
pub mod board;
pub mod boot;
pub mod capabilities;
pub mod console;
pub mod control;
pub mod cpu_time;
pub mod devices;
pub mod dirty;
pub mod dma;
pub mod ending;
pub mod fdt;
mod identity;
pub mod image;
pub mod io;
#[cfg(target_arch = "x86_64")]
pub mod kvm;
pub mod machine;
pub mod map;
pub mod memory;
pub mod modes;
mod nmi;
pub mod nvram;
pub mod parts;
mod processor;
pub mod ram_file;
pub mod section;
mod shared;
pub mod state;
pub mod summary;
pub mod vcpu;
pub mod vty;
pub mod wall_clock;
pub mod watcher;
mod windows;
pub mod xics;

pub use boot::{Config, Ready};
pub use console::Console;
pub use control::Control;
pub use dma::DmaConfig;
pub use ending::Ending;
pub use machine::Machine;
/// The version of vm-memory whose guest RAM is in public interfaces.
pub use vm_memory;
pub use watcher::Watcher;
