// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Modern virtio devices on PCI, on rust-vmm's queues over the DMA windows of their PEs: [`blk`], [`net`], [`rng`].
//!
//! virtio 1.3. Every access to a ring or a buffer goes through the windows as they are at that moment; a driver must
//! accept VIRTIO_F_ACCESS_PLATFORM, so that it maps what it gives us. Read [`queue`], [`chain`], [`model`],
//! `transport.rs` (the registers), `core.rs` (what all share), `worker.rs`, `device.rs` (the function of the bus), then a
//! kind of device.

pub mod blk;
pub mod chain;
mod core;
mod device;
pub mod model;
pub mod net;
mod offload;
pub mod queue;
pub mod rng;
mod transport;
mod worker;

use std::time::Duration;

pub use self::blk::Blk;
pub use self::net::Net;
pub use self::rng::Rng;

/// The time in which a device comes to rest before its state is loaded.
const PATIENCE: Duration = Duration::from_secs(10);
