// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Invalidations of translations for every CPU, and the wait until every CPU has seen them (Power
//! ISA 3.0B, Book III, 5.9.3.3 and 5.10.1: tlbie, then tlbsync and ptesync).
//!
//! A CPU that runs guest code looks at the count of invalidations before each block and publishes, at
//! its post, the last one that it has seen. A CPU that runs none says so, and is not waited for.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*, fence};
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Cpu, state::interrupt::Stop};

/// At a post: the CPU runs no guest code. Without it: the last invalidation that it has seen.
pub const AWAY: u64 = 1 << 32;

/// Looks at the others before the host may run something else in between.
const SPINS: u32 = 200;

/// The invalidations of a machine.
#[derive(Default)]
pub struct Shootdown {
    /// How many there were, wrapping.
    count: AtomicU32,
    /// How many CPUs have joined.
    joined: AtomicU32,
    /// One for each CPU.
    posts: RwLock<Vec<Arc<AtomicU64>>>,
}

impl Shootdown {
    /// That of a machine that has had `count` of them.
    pub fn after(count: u32) -> Shootdown {
        Shootdown { count: AtomicU32::new(count), ..Shootdown::default() }
    }

    /// How many invalidations there were. Relaxed: a CPU reads it after `Bus::changes`, which acquires.
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// One more; returns the new count.
    pub fn invalidate(&self) -> u32 {
        self.count.fetch_add(1, SeqCst).wrapping_add(1)
    }

    /// True if there has been more than one CPU. Relaxed: the second CPU is made from a borrow of the first
    /// ([`Cpu::sibling`]), which therefore does not run, and runs next in or after the thread that made it.
    pub(crate) fn has_others(&self) -> bool {
        self.joined.load(Relaxed) > 1
    }

    /// The post of a new CPU, which is away.
    pub fn join(&self) -> Post {
        let post = Arc::new(AtomicU64::new(AWAY));
        self.joined.fetch_add(1, Relaxed);
        let mut posts = self.posts.write().unwrap_or_else(PoisonError::into_inner);
        posts.retain(|post| Arc::strong_count(post) > 1); // those of CPUs that are gone
        posts.push(Arc::clone(&post));
        drop(posts);
        Post(post)
    }

    /// True if every CPU has seen an invalidation, or is away and will see it first when it is back.
    pub fn is_seen(&self, invalidation: u32) -> bool {
        fence(SeqCst);
        let posts = self.posts.read().unwrap_or_else(PoisonError::into_inner);
        posts.iter().all(|post| {
            let seen = post.load(Acquire);
            seen == AWAY || (seen as u32).wrapping_sub(invalidation).cast_signed() >= 0
        })
    }
}

/// The place where one CPU publishes the last invalidation that it has seen.
pub struct Post(Arc<AtomicU64>);

impl Post {
    /// Publishes that the CPU is [`AWAY`], or the last invalidation that it has seen.
    pub fn publish(&self, state: u64) {
        self.0.store(state, SeqCst);
    }

    /// The place itself.
    pub(crate) fn cell(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0)
    }

    /// It has seen the invalidations up to this one: what it loaded by older translations is loaded.
    pub fn seen(&self, invalidation: u32) {
        if self.0.load(Relaxed) != AWAY {
            self.0.store(invalidation.into(), Release);
        }
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        self.0.store(AWAY, Release);
    }
}

impl Cpu {
    /// Announces that this CPU runs no guest code for now, so that no other CPU waits for it, or that it does
    /// again. A CPU is away by itself while it is not in [`run`](Cpu::run); a CPU that waits inside must announce it.
    pub fn set_away(&mut self, away: bool) {
        if self.monitoring {
            self.monitor_away(away);
        }
        self.use_away(away);
        let seen = if away { AWAY } else { self.seen_invalidation().into() };
        self.post.publish(seen);
        // Whoever has not seen us come back has counted before, and we see that before a block.
        fence(SeqCst);
    }

    /// Completes the invalidations of this CPU: waits until every CPU has seen them. A kick ends
    /// the wait; the instruction is then executed again.
    pub(crate) fn await_invalidation(&mut self) -> Result<(), Stop> {
        let Some(invalidation) = self.awaited_invalidation() else { return Ok(()) };
        for spins in 0u32.. {
            if self.translations_stale() {
                self.forget_translations(); // others may wait for us
            }
            if self.bus.shootdown().is_seen(invalidation) {
                break;
            }
            if self.signals.is_kicked() {
                return Err(Stop::Again);
            }
            if spins < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
        self.invalidation_is_seen();
        Ok(())
    }
}
