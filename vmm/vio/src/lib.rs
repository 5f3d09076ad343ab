// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual I/O devices whose every access to guest memory goes through TCEs: [`llan`], an Ethernet
//! adapter, and [`vscsi`], a SCSI adapter with disks.
//!
//! A [`Bus`] finds the devices by their unit addresses. Each has a DMA window of its own, whose LIOBN is its
//! unit address, and an interrupt source. `hcall`'s rows call a device through the traits of [`hcall::vio`];
//! a device reaches memory through [`Port`] alone, and signals its interrupt through [`IrqLine`]. This crate
//! does not depend on a vCPU, an interrupt controller or a device tree.
//!
//! Read the files in this order: [`bus`], [`dma`], [`buffers`], [`fault`], [`observe`], [`line`](mod@line), [`report`] (the parts
//! that devices share); then a device's folder. Both folders have a `device.rs` (state, and the hypercalls), a `device/save.rs` (that state, saved and loaded),
//! a `backend/` (the host's end of the data) and between them the device's protocol.
//!
//! The arguments of a guest are checked where they are used. A refused call has changed nothing. A fault of a
//! device is counted with its LIOBN and bus address, reported to the guest as LoPAR specifies, and has no
//! other effect.

pub mod buffers;
pub mod bus;
pub mod commas;
pub mod dma;
pub mod fault;
pub mod line;
pub mod llan;
pub mod observe;
pub mod pe;
pub mod report;
pub mod vscsi;

pub use buffers::Buffers;
pub use bus::{Bus, BusError, Device, DeviceConfig, DeviceError, Host, Node, Slot};
pub use dma::{Port, Traffic};
pub use fault::Fault;
pub use line::{IrqLine, IrqSink};
pub use observe::{DmaAccess, Observer};
pub use pe::{PePath, Upstream};
pub use report::DeviceReport;
