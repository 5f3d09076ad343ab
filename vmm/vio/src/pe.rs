// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The way of a PCI function's DMA: through the windows of its PE (partitionable endpoint), which the guest makes and removes
//! while the device runs, and past the host bridge, which may drop it.

use std::fmt;
use std::sync::Arc;

use iommu::{Container, GuestTable, Ioba, Liobn, Window, WindowList};

use crate::fault::Fault;

/// The host bridge, as DMA of a PE meets it. Its methods run in the thread that makes the access.
pub trait Upstream: Send + Sync {
    /// False while the bridge drops all DMA of the PE.
    fn passes(&self) -> bool;
    /// An access was refused.
    fn faulted(&self, fault: &Fault);
}

/// The windows of a PE, and the bridge behind them.
#[derive(Clone)]
pub struct PePath {
    list: WindowList,
    liobns: Arc<[Liobn]>,
    upstream: Arc<dyn Upstream>,
}

impl PePath {
    /// The way of a PE whose windows have these LIOBNs whenever they are there.
    pub fn new(container: &Container, liobns: &[Liobn], upstream: Arc<dyn Upstream>) -> PePath {
        PePath { list: container.window_list(), liobns: liobns.into(), upstream }
    }

    /// Calls `look` with the PE's window that has this bus address.
    pub(crate) fn with<R>(&self, at: Ioba, look: impl FnOnce(Option<&GuestTable>) -> R) -> R {
        self.list.with(|windows| {
            let found = windows.iter().find(|table| {
                let window = table.window();
                window.contains(at) && self.liobns.contains(&window.liobn())
            });
            look(found.map(|table| &**table))
        })
    }

    /// The window that has this bus address now.
    pub(crate) fn window(&self, at: Ioba) -> Option<Window> {
        self.with(at, |table| table.map(|table| *table.window()))
    }

    pub(crate) fn passes(&self) -> bool {
        self.upstream.passes()
    }

    pub(crate) fn faulted(&self, fault: &Fault) {
        self.upstream.faulted(fault);
    }
}

impl fmt::Debug for PePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PePath").field("liobns", &self.liobns).finish_non_exhaustive()
    }
}
