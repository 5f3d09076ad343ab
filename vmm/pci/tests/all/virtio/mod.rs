// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! virtio devices, driven as the specification says, and otherwise.

mod blk;
mod driver;
mod hostile;
mod net;
mod saved;
