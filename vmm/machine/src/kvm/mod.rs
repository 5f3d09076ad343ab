// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! x86-64 guests on the virtualization hardware of the host: a [`Vcpu`](crate::vcpu::Vcpu) whose
//! instructions KVM executes.
//!
//! Such a guest makes the hypercalls of a POWER guest, by one `out` to the [`gate`]. Nothing above the
//! trait depends on the difference. The interface of guest and machine is `guest-images/X86-GATE.md`,
//! below. This module knows no hypercall and no TCE table.
//!
//! Read in this order: [`host`] (the KVM of the host), [`vm`] (guest RAM, dirty log),
//! [`boot_area`] (boot block, GDT, page tables), [`cpu`] (the vCPU, with [`gate`] and [`kick`]),
//! [`machine`] (all together), [`probe`] (the cost of an exit).
//! `unsafe` is opened in `vm`, `kick` and `cpu`, for one fact each.
//!
#![doc = include_str!("../../X86-GATE.md")]

pub mod boot_area;
pub mod cpu;
pub mod gate;
pub mod host;
pub mod kick;
pub mod machine;
pub mod probe;
pub mod vm;

pub use cpu::KvmCpu;
pub use host::KvmError;
pub use vm::Vm;
