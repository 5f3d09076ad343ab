// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! v-scsi: the client's SCSI adapter and the server behind it with its disks, which Linux drives with
//! ibmvscsi.
//!
//! LoPAR 2.9, "Virtual SCSI (VSCSI)" and the appendix "A Protocol for VSCSI Communications"; SRP revision
//! 16a; SPC-3 and SBC-3. Read `device.rs` (the CRQ's hypercalls and the state of the connection), [`crq`]
//! (the guest's queue), `worker.rs` (the thread that serves requests), [`srp`], `mad.rs` and [`data`] (the
//! requests), [`scsi`] (the commands), [`backend`] (the storage of blocks).

mod adapter;
pub mod backend;
pub mod crq;
pub mod data;
mod device;
mod mad;
pub mod scsi;
pub mod srp;
mod worker;

pub use adapter::{Adapter, Images};
pub use backend::DiskSpec;
pub use device::Vscsi;

/// The most disks: as many target identifiers as Linux scans.
pub const MOST_DISKS: usize = 64;

/// The most outstanding requests of the client (SRP: the request limit).
pub const REQUEST_LIMIT: u32 = 64;

/// Size in bytes of the largest information unit, both ways.
pub const MOST_IU: usize = 256;

/// Size in bytes of the largest transfer of a request, as reported to the client (`port_max_txu`). LoPAR
/// requires at least 256 KiB, QEMU has 2 MiB.
pub const MOST_TRANSFER: u32 = 2 << 20;
