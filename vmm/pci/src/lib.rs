// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! PCI functions behind a PAPR host bridge.
//!
//! A [`Bus`] has up to [`MOST_FUNCTIONS`] functions on bus 0, each as function 0 of a device number from 1 up. A function is a
//! PE (partitionable endpoint) of its own: it has DMA windows of its own, which the guest makes and removes while the device
//! runs. A [`FunctionConfig`] describes a function ([`Description`]: identity, BARs, MSI-X vectors, capabilities) and builds
//! its model, a [`Function`], in a [`Slot`]. The slot has everything that all functions have in common: config space, the
//! MSI-X table, the INTx line, ports to guest memory. The model sees accesses to its BARs and nothing else of PCI.
//!
//! The guest reaches config space by RTAS calls and BARs by loads and stores, both of which end in the [`Bus`]. Any write of a
//! guest is harmless: bits that a function does not have are read-only, a BAR that is out of every range of the bridge is
//! unreachable, and where BARs overlap the function of the lowest number answers.
//!
//! Read the files in this order: [`description`], [`function`], [`slot`], [`config`], [`msix`], [`interrupts`], `pe.rs`, [`bus`],
//! `firmware.rs` (RTAS' side of it), then [`exerciser`], a function.
//!
//! Sources: PCI Local Bus Specification 3.0 (config space, MSI-X); LoPAR 2.9, "RTAS Call Definition" and "PCI"; Linux'
//! arch/powerpc/platforms/pseries for the way in which a guest uses them.

pub mod bus;
pub mod config;
pub mod description;
pub mod exerciser;
mod firmware;
pub mod function;
pub mod interrupts;
pub mod msix;
mod pe;
pub mod slot;
pub mod virtio;

pub use bus::{Bus, BusError, MOST_FUNCTIONS, Node};
pub use config::{Config, ConfigError};
pub use description::{Bar, Capability, Description, Identity, Vectors, Width};
pub use exerciser::Exerciser;
pub use function::{Function, FunctionConfig, FunctionError};
pub use interrupts::Interrupts;
pub use slot::Slot;
