// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A platform that records the state at each kill, where the order exchange, kill, dirty, release becomes
//! visible.

use super::number::number;
use iommu::{Container, Exchange, Gpa, HostEntries, HwEntry, Kill, Liobn, Pe, Platform, Tce};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// The kills since the last [`Probe::forget`], and the state at the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// LIOBN, first entry and count of each kill.
    pub(super) kills: Vec<(Liobn, u64, u64)>,
    /// Address, pins and dirty mark of the watched pages at the first kill.
    pub(super) pages: Vec<(u64, u32, bool)>,
    /// Index and value of the hardware entries that the first kill covered, at most 16.
    pub(super) entries: Vec<(u64, u64)>,
}

/// Guest addresses of the pages whose pins and dirty marks are recorded.
pub(super) const WATCHED: [u64; 4] = [0x400_0000, 0x401_0000, 0x402_0000, 0x403_0000];

/// The observer, shared by the platforms of all tables.
#[derive(Debug, Default)]
pub(super) struct Probe {
    container: OnceLock<Weak<Container>>,
    seen: Mutex<Seen>,
}

impl Probe {
    /// Sets the container whose state is recorded.
    pub(super) fn watch(&self, container: &Arc<Container>) {
        let _ = self.container.set(Arc::downgrade(container)); // once, when the machine is made
    }

    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties the record; called before each hypercall.
    pub(super) fn forget(&self) {
        *self.seen() = Seen::default();
    }

    fn kill(&self, liobn: Liobn, first: HwEntry, count: u64) {
        let mut seen = self.seen();
        seen.kills.push((liobn, first.0, count));
        let Some(all) = self.container.get().and_then(Weak::upgrade) else { return };
        if seen.kills.len() > 1 {
            return;
        }
        let frames = all.frames();
        let page =
            |gpa| frames.hpa(Gpa(gpa)).map(|hpa| (gpa, frames.pins(hpa), frames.is_dirty(hpa)));
        seen.pages = WATCHED.into_iter().filter_map(|gpa| page(gpa).ok()).collect();
        let Ok(window) = all.window(liobn) else { return };
        let Some(table) = window.tables().first() else { return };
        let entry = |n| table.tce(HwEntry(n)).ok().map(|tce| (n, number(tce, frames)));
        seen.entries = (first.0..first.0 + count.min(16)).filter_map(entry).collect();
    }
}

/// The platform of one table, with the probe as its observer.
pub(super) struct Watched {
    pub(super) probe: Arc<Probe>,
    pub(super) liobn: Liobn,
    pub(super) inner: Arc<dyn Platform>,
}

impl Platform for Watched {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::in_memory(self)
    }

    fn max_levels(&self) -> u32 {
        self.inner.max_levels()
    }

    fn set(&self, entries: &mut HostEntries<'_>, tce: Tce) {
        self.inner.set(entries, tce);
    }

    fn clear(&self, entries: &mut HostEntries<'_>) {
        self.inner.clear(entries);
    }

    fn flush(&self) {
        self.inner.flush();
    }

    fn link(&self, pe: Pe, linked: bool) {
        self.inner.link(pe, linked);
    }
}

impl Kill for Watched {
    fn kill(&self, first: HwEntry, count: u64) {
        self.probe.kill(self.liobn, first, count);
        if let Some(exchange) = self.inner.clone().exchange() {
            exchange.kill(first, count);
        }
    }
}
