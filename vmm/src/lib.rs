// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine and the `tcevm` command.
//!
//! A guest image is loaded into guest RAM beside a device tree, a vCPU runs it, and each
//! hypercall goes to the crate `hcall` and back. Hypercalls, TCE tables and instructions are not
//! known here: `hcall`, `iommu` and `power` know them.
//!
//! Read in this order: [`boot`] (from files to a machine; with [`image`], [`map`], [`memory`] and
//! [`fdt`]), [`machine`] and `processor` (the run loop; with [`vcpu`] and [`platform`]), [`kvm`]
//! (the vCPU of x86-64 guests), then what surrounds them: [`control`] and [`watch`] (how a run
//! ends), `outlet` (outputs whose reader may stall), [`console`], [`observe`] (with
//! [`trace`], [`stats`] and [`record`]) and [`dirty`], and the command line: [`cli`], [`run`],
//! [`exit`], [`doctor`], [`qemu`] (QEMU's command line).

pub mod board;
pub mod boot;
pub mod cli;
pub mod comply;
pub mod console;
pub mod control;
mod cpu_time;
pub mod demo;
pub mod devices;
pub mod dirty;
pub mod dma;
pub mod doctor;
pub mod exit;
pub mod fdt;
pub mod image;
pub mod kvm;
pub mod log_limit;
pub mod machine;
pub mod map;
pub mod memory;
pub mod modes;
mod nmi;
pub mod nvram;
pub mod observe;
mod outlet;
mod outputs;
pub mod platform;
mod processor;
pub mod qemu;
pub mod record;
pub mod run;
pub mod stats;
pub mod trace;
pub mod vcpu;
pub mod vty;
pub mod wall_clock;
pub mod watch;
pub mod xics;
