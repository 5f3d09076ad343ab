// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A descriptor chain of a driver: buffers that the device reads, then buffers that it writes.

use vio::Buffers;

/// One request. It is reused from one request to the next, so that a request allocates nothing.
#[derive(Debug, Default)]
pub struct Chain {
    /// The index of its first descriptor.
    pub(super) head: u16,
    /// The epoch of its queue: the chain is void once the queue is reset.
    pub(super) epoch: u64,
    /// The buffers that the device reads.
    pub out: Buffers,
    /// The buffers that the device writes.
    pub data_in: Buffers,
}

impl Chain {
    pub(super) fn clear(&mut self) {
        self.out.clear();
        self.data_in.clear();
    }
}
