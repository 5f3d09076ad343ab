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

#[path = "../machine/src/board.rs"]
pub mod board;
#[path = "../machine/src/boot.rs"]
pub mod boot;
pub mod cli;
pub mod comply;
#[path = "../machine/src/console/mod.rs"]
pub mod console;
#[path = "../machine/src/control.rs"]
pub mod control;
#[path = "../machine/src/cpu_time.rs"]
mod cpu_time;
pub mod demo;
#[path = "../machine/src/devices.rs"]
pub mod devices;
#[path = "../machine/src/dirty.rs"]
pub mod dirty;
#[path = "../machine/src/dma.rs"]
pub mod dma;
pub mod doctor;
pub mod exit;
#[path = "../machine/src/fdt/mod.rs"]
pub mod fdt;
#[path = "../machine/src/image/mod.rs"]
pub mod image;
#[path = "../machine/src/kvm/mod.rs"]
pub mod kvm;
pub mod log_limit;
#[path = "../machine/src/machine.rs"]
pub mod machine;
#[path = "../machine/src/map.rs"]
pub mod map;
#[path = "../machine/src/memory.rs"]
pub mod memory;
#[path = "../machine/src/modes.rs"]
pub mod modes;
#[path = "../machine/src/nmi.rs"]
mod nmi;
#[path = "../machine/src/nvram/mod.rs"]
pub mod nvram;
pub mod observe;
mod outlet;
mod outputs;
#[path = "../machine/src/platform.rs"]
pub mod platform;
#[path = "../machine/src/processor.rs"]
mod processor;
pub mod qemu;
pub mod record;
pub mod run;
pub mod stats;
pub mod trace;
#[path = "../machine/src/vcpu.rs"]
pub mod vcpu;
#[path = "../machine/src/vty.rs"]
pub mod vty;
#[path = "../machine/src/wall_clock.rs"]
pub mod wall_clock;
pub mod watch;
#[path = "../machine/src/xics.rs"]
pub mod xics;
