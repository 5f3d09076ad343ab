// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual I/O devices whose every access to guest memory goes through TCEs: [`llan`], an Ethernet
//! adapter, and [`vscsi`], a SCSI adapter with disks.
//!
//! A [`Bus`] knows the devices by their unit addresses. Each has a DMA window of its own, whose LIOBN is
//! its unit address, and an interrupt source. `hcall`'s rows call a device through the traits of
//! [`hcall::vio`]; a device reaches memory through [`Port`] alone, and its interrupt through [`IrqLine`].
//! This crate knows no vCPU, no interrupt controller and no device tree.
//!
//! Read the files in this order: [`bus`], [`dma`], [`observe`], [`line`](mod@line), [`report`] (what devices
//! share); then a device's folder. Both folders have a `device.rs` (state, and what the hypercalls do), a
//! `backend/` (where the data really is) and between them what the device's protocol needs.
//!
//! What a guest hands to a device is checked where it is used. A refused call has changed nothing; a
//! fault of a device is counted with its LIOBN and bus address, told to the guest as LoPAR
//! says, and never more than that.

pub mod bus;
pub mod commas;
pub mod dma;
pub mod line;
pub mod llan;
pub mod observe;
pub mod report;
pub mod vscsi;

pub use bus::{Bus, BusError, Device, DeviceConfig, DeviceError, Host, Node, Slot};
pub use dma::{Fault, Port};
pub use line::{IrqLine, IrqSink};
pub use observe::{Access, Observer};
pub use report::DeviceReport;
