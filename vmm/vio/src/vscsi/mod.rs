// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! v-scsi: the client's SCSI adapter and the server behind it with its disks, which Linux drives with
//! ibmvscsi.
//!
//! LoPAR 2.9, "Virtual SCSI (VSCSI)" and the appendix "A Protocol for VSCSI Communications"; SRP
//! revision 16a; SPC-3 and SBC-3. Read `device.rs` (the CRQ's hypercalls and the state of the
//! connection), [`crq`] (the guest's queue), `worker.rs` (the thread that serves requests), [`srp`],
//! `mad.rs` and [`data`] (what the requests look like), [`scsi`] (what the commands do), [`backend`] (where
//! the blocks are).

pub mod backend;
pub mod crq;
pub mod data;
mod device;
mod mad;
pub mod scsi;
pub mod srp;
mod worker;

pub use backend::DiskSpec;
pub use device::Vscsi;

/// Most disks: target identifiers that Linux scans.
pub const MOST_DISKS: usize = 64;

/// Requests that the client may have outstanding (SRP: the request limit).
pub const REQUEST_LIMIT: u32 = 64;

/// Bytes of the largest information unit, both ways.
pub const MOST_IU: usize = 256;

/// Bytes of the largest transfer of a request that the client is told (`port_max_txu`); LoPAR wants at
/// least 256 KiB, QEMU says 2 MiB.
pub const MOST_TRANSFER: u32 = 2 << 20;
