// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! l-lan: the logical LAN adapter, which Linux drives with ibmveth.
//!
//! LoPAR 2.9, "Interpartition Logical LAN (ILLAN) Option". Read `device.rs` (the hypercalls, and the arrival
//! of frames), [`buffers`] (receive buffers and the receive queue), [`filter`] (the frames that are
//! received), [`checksum`] (TCP checksums that the guest leaves out), [`backend`] (the outside).

pub mod backend;
pub mod buffers;
pub mod checksum;
mod device;
pub mod filter;

pub use backend::NetSpec;
pub use device::Llan;
