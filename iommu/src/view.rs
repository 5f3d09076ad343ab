// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's view of a window: what it wrote, verbatim, in host byte order.
//!
//! H_GET_TCE answers from here. Chunks are allocated on the first value that is not zero, so a
//! large window costs what is used of it and clearing what was never written allocates nothing.

use crate::addr::GuestEntry;
use crate::table::atomics;
use crate::tce::RawTce;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of a chunk (32 KiB).
const CHUNK: usize = 4096;

type Chunk = Box<[AtomicU64]>;

/// What the guest wrote, one number per entry.
#[derive(Debug)]
pub struct View {
    chunks: Box<[OnceLock<Chunk>]>,
}

impl View {
    /// A view of `entries` entries, all zero.
    pub fn new(entries: u64) -> View {
        let chunks = entries.div_ceil(CHUNK as u64);
        View { chunks: (0..chunks).map(|_| OnceLock::new()).collect() }
    }

    /// What was stored last; 0 where nothing ever was.
    ///
    /// Sequentially consistent: this is the re-read that follows an exchange
    /// ([`guest_table`](crate::guest_table)). On x86 it is a plain load.
    #[inline]
    pub fn load(&self, entry: GuestEntry) -> RawTce {
        let (chunk, at) = place(entry);
        match self.chunks[chunk].get() {
            Some(chunk) => RawTce(chunk[at].load(Ordering::SeqCst)),
            None => RawTce(0),
        }
    }

    /// Stores into one entry, which the caller has checked. Relaxed, as [`store`](Self::store).
    #[inline]
    pub(crate) fn store_one(&self, entry: GuestEntry, raw: RawTce) {
        let (chunk, at) = place(entry);
        if let Some(chunk) = self.chunk(chunk, || raw.0 != 0) {
            chunk[at].store(raw.0, Ordering::Relaxed);
        }
    }

    /// Stores `raw(0)`, `raw(1)` and so on into `count` entries from `first` on, which the caller
    /// has checked.
    ///
    /// Relaxed: the exchange or the fence that follows publishes it.
    #[inline]
    pub(crate) fn store(&self, first: GuestEntry, count: usize, raw: impl Fn(usize) -> RawTce) {
        let mut done = 0;
        while done < count {
            let (chunk, at) = place(GuestEntry(first.0 + done as u64));
            let here = (count - done).min(CHUNK - at);
            if let Some(chunk) = self.chunk(chunk, || (done..done + here).any(|i| raw(i).0 != 0)) {
                for (i, slot) in chunk[at..at + here].iter().enumerate() {
                    slot.store(raw(done + i).0, Ordering::Relaxed);
                }
            }
            done += here;
        }
    }

    /// Calls `differs` for each entry that [`load`](Self::load)s other than what was
    /// [`store`](Self::store)d.
    #[inline]
    pub(crate) fn differing(
        &self,
        first: GuestEntry,
        count: usize,
        raw: impl Fn(usize) -> RawTce,
        mut differs: impl FnMut(usize),
    ) {
        let mut done = 0;
        while done < count {
            let (chunk, at) = place(GuestEntry(first.0 + done as u64));
            let here = (count - done).min(CHUNK - at);
            if let Some(chunk) = self.chunks[chunk].get() {
                for (i, slot) in chunk[at..at + here].iter().enumerate() {
                    if slot.load(Ordering::SeqCst) != raw(done + i).0 {
                        differs(done + i);
                    }
                }
            }
            done += here;
        }
    }

    /// The chunk; one that does not exist yet is made only if `needed`.
    #[inline]
    fn chunk(&self, index: usize, needed: impl Fn() -> bool) -> Option<&Chunk> {
        let cell = &self.chunks[index];
        match cell.get() {
            None if needed() => Some(cell.get_or_init(|| atomics(vec![0; CHUNK], AtomicU64::new))),
            chunk => chunk,
        }
    }

    #[cfg(test)]
    fn chunks_in_use(&self) -> usize {
        self.chunks.iter().filter(|c| c.get().is_some()).count()
    }
}

/// Chunk and index in the chunk. Entries are below the size given to [`View::new`], a host size.
#[inline]
fn place(entry: GuestEntry) -> (usize, usize) {
    let entry = entry.0 as usize;
    (entry / CHUNK, entry % CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Clause 35.
    #[test]
    fn a_never_written_entry_reads_zero() {
        assert_eq!(View::new(1 << 18).load(GuestEntry(0x3ffff)), RawTce(0));
    }

    // Clause 36: any value, also one with high address bits.
    #[test]
    fn a_value_is_kept_verbatim() {
        let view = View::new(1);
        for raw in [u64::MAX, 0x0123_4567_89ab_cdef, 0xdead_0000, 2] {
            view.store(GuestEntry(0), 1, |_| RawTce(raw));
            assert_eq!(view.load(GuestEntry(0)), RawTce(raw));
        }
    }

    // Clause 68.
    #[test]
    fn storing_zero_where_nothing_was_allocates_nothing() {
        let view = View::new(1 << 18);
        view.store(GuestEntry(4000), 512, |_| RawTce(0));
        assert_eq!(view.chunks_in_use(), 0);
        view.store(GuestEntry(4000), 512, |i| RawTce(u64::from(i == 500) * 0x1003));
        assert_eq!(view.chunks_in_use(), 1, "only the chunk with the value");
        assert_eq!(view.load(GuestEntry(4500)), RawTce(0x1003));
    }

    #[test]
    fn a_store_over_a_chunk_boundary_is_whole() {
        let view = View::new(10_000);
        view.store(GuestEntry(4090), 512, |i| RawTce(i as u64 + 1));
        for i in 0..512 {
            assert_eq!(view.load(GuestEntry(4090 + i)), RawTce(i + 1));
        }
        assert_eq!(view.load(GuestEntry(4089)), RawTce(0));
        assert_eq!(view.load(GuestEntry(4602)), RawTce(0));
    }
}
