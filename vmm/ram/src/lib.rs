// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guest RAM as every part of a machine sees it: vm-memory's mapping, and for each page what a write to it means.
//!
//! A page has a dirty bit ([`WriteLog`]) and, once a CPU of the machine decodes instructions, marks on the lines
//! whose code was decoded ([`CodeWatch`]). vm-memory reports every write to the log, so a hypercall, a device, the
//! loader and a debugger invalidate decoded code by the write itself. This crate knows no CPU, no hypercall and no
//! device.

mod code;
mod log;
mod sync;

pub use code::{Changes, CodeWatch, LINE, UNSETTLED, is_settled};
pub use log::WriteLog;
/// Guest RAM in public interfaces is of this version of vm-memory.
pub use vm_memory;

use std::sync::Arc;
use vm_memory::{GuestMemoryBackend, GuestMemoryMmap, GuestMemoryRegion, MmapRegion};

/// Bytes of the page that logs and watches are kept for.
pub const PAGE: usize = 4096;

/// Guest RAM with its logs.
pub type GuestMemory = GuestMemoryMmap<WriteLog>;

/// Watches all of RAM for writes to decoded code from now on, and returns the counter in which they are seen. RAM
/// that is watched already keeps its counter.
pub fn watch_code(memory: &GuestMemory) -> Arc<Changes> {
    let logs = || memory.iter().map(|region| MmapRegion::bitmap(region));
    let known = logs().find_map(|log| log.code()).map(|watch| Arc::clone(watch.changes()));
    let changes = known.unwrap_or_default();
    for log in logs() {
        log.watch_code(&changes);
    }
    changes
}

/// The watch over the region that holds a guest address, and the address's offset in it. `None` outside RAM, and
/// before [`watch_code`].
pub fn code_at(memory: &GuestMemory, address: u64) -> Option<(&Arc<CodeWatch>, usize)> {
    let address = vm_memory::GuestAddress(address);
    let region = memory.find_region(address)?;
    let offset = region.to_region_addr(address)?;
    let watch = MmapRegion::bitmap(region).code()?;
    Some((watch, usize::try_from(vm_memory::Address::raw_value(&offset)).ok()?))
}
