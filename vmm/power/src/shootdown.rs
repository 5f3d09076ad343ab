// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Invalidations of translations for every CPU, and the wait until every CPU has seen them (Power
//! ISA 3.0B, Book III, 5.9.3.3 and 5.10.1: tlbie, then tlbsync and ptesync).
//!
//! A CPU that runs guest code looks at the count of invalidations before each block and tells, at
//! its post, how far it has seen them. A CPU that runs none says so, and nobody waits for it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*, fence};
use std::sync::{Arc, PoisonError, RwLock};

use crate::{Cpu, interrupt::Stop};

/// At a post: the CPU runs no guest code. Without it: the last invalidation that it has seen.
const AWAY: u64 = 1 << 32;

/// Looks at the others before the host may run something else in between.
const SPINS: u32 = 200;

/// The invalidations of a machine.
#[derive(Default)]
pub(crate) struct Shootdown {
    /// How many there were, wrapping.
    count: AtomicU32,
    /// How many CPUs have joined.
    joined: AtomicU32,
    /// One for each CPU.
    posts: RwLock<Vec<Arc<AtomicU64>>>,
}

impl Shootdown {
    /// How many invalidations there were.
    #[inline(always)]
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// One more; returns the new count.
    pub(crate) fn invalidate(&self) -> u32 {
        self.count.fetch_add(1, SeqCst).wrapping_add(1)
    }

    /// Whether there has been more than one CPU.
    pub(crate) fn has_others(&self) -> bool {
        self.joined.load(Relaxed) > 1
    }

    /// The post of a new CPU, which is away.
    pub(crate) fn join(&self) -> Post {
        let post = Arc::new(AtomicU64::new(AWAY));
        self.joined.fetch_add(1, Relaxed);
        let mut posts = self.posts.write().unwrap_or_else(PoisonError::into_inner);
        posts.retain(|post| Arc::strong_count(post) > 1); // those of CPUs that are gone
        posts.push(Arc::clone(&post));
        drop(posts);
        Post(post)
    }

    /// Whether every CPU has seen an invalidation, or is away and will see it first when it is back.
    fn is_seen(&self, invalidation: u32) -> bool {
        fence(SeqCst);
        let posts = self.posts.read().unwrap_or_else(PoisonError::into_inner);
        posts.iter().all(|post| {
            let told = post.load(Acquire);
            told == AWAY || (told as u32).wrapping_sub(invalidation).cast_signed() >= 0
        })
    }
}

/// Where one CPU tells what it has seen.
pub(crate) struct Post(Arc<AtomicU64>);

impl Post {
    /// It has seen the invalidations up to this one: what it loaded by older translations is loaded.
    pub(crate) fn seen(&self, invalidation: u32) {
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
    /// Tells whether this CPU runs no guest code for now, so that no other CPU waits for it. It is
    /// away by itself while it is not in [`run`](Cpu::run); one that waits inside has to say so.
    pub fn set_away(&mut self, away: bool) {
        if self.monitoring {
            self.monitor_away(away);
        }
        self.use_away(away);
        let told = if away { AWAY } else { self.seen_invalidation().into() };
        self.post.0.store(told, SeqCst);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exit, GuestMemory, msr};
    use std::ops::ControlFlow;
    use std::sync::mpsc;
    use std::thread;
    use vm_memory::{Bytes, GuestAddress};

    /// Of the CPU that invalidates: tlbie r5,r0,0,1,1; tlbsync; sc 1.
    const INVALIDATE: [u32; 3] = [0x7c03_2a64, 0x7c00_046c, 0x4400_0022];
    const TLBSYNC: u64 = FIRST + 4;
    const FIRST: u64 = 0x1000;
    /// Of the other one: sc 1, then a branch to itself.
    const OTHER: [u32; 2] = [0x4400_0022, 0x4800_0000];
    const SECOND: u64 = 0x2000;

    /// A CPU that is about to invalidate, and another of its machine.
    fn machine() -> (Cpu, Cpu) {
        let ram = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).unwrap());
        for (at, words) in [(FIRST, &INVALIDATE[..]), (SECOND, &OTHER)] {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            ram.write_slice(&bytes, GuestAddress(at)).unwrap();
        }
        let first = Cpu::new(ram);
        let second = first.sibling();
        let start = |mut cpu: Cpu, nip| {
            cpu.set_msr(msr::SF | msr::ME);
            cpu.set_nip(nip);
            cpu
        };
        (start(first, FIRST), start(second, SECOND))
    }

    /// Runs the second CPU on a thread: in its hypercall it does what is wanted and tells; it runs on
    /// when it is told to, until it is kicked.
    fn in_hypercall(
        mut cpu: Cpu,
        act: fn(&mut Cpu),
    ) -> (thread::JoinHandle<Cpu>, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (tell, told) = mpsc::channel();
        let (go, may_go) = mpsc::channel();
        let runs = thread::spawn(move || {
            let exit = cpu.run_with(|cpu| {
                act(cpu);
                tell.send(()).unwrap();
                may_go.recv().unwrap();
                cpu.set_away(false);
                ControlFlow::Continue(())
            });
            assert_eq!(exit, Exit::Kicked);
            cpu
        });
        (runs, told, go)
    }

    #[test]
    fn a_cpu_that_runs_has_to_see_an_invalidation_and_one_that_is_away_need_not() {
        let shootdown = Shootdown::default();
        let posts = [shootdown.join(), shootdown.join()];
        let first = shootdown.invalidate();
        assert!(shootdown.is_seen(first), "both are away");
        posts[0].0.store(0, SeqCst); // it runs
        assert!(!shootdown.is_seen(first));
        posts[0].seen(first);
        assert!(shootdown.is_seen(first));
        let second = shootdown.invalidate();
        assert!(shootdown.is_seen(first) && !shootdown.is_seen(second));
        drop(posts);
        assert!(shootdown.is_seen(second), "CPUs that are gone");
    }

    #[test]
    fn the_count_may_wrap() {
        let shootdown = Shootdown::default();
        shootdown.count.store(u32::MAX, SeqCst);
        let post = shootdown.join();
        post.0.store(u32::MAX.into(), SeqCst);
        let wrapped = shootdown.invalidate();
        assert_eq!(wrapped, 0);
        assert!(shootdown.is_seen(u32::MAX) && !shootdown.is_seen(wrapped));
        post.seen(wrapped);
        assert!(shootdown.is_seen(wrapped));
    }

    // Book III, 5.9.3.3, tlbsync: it completes when all tlbie have completed on other threads.
    #[test]
    fn tlbsync_completes_after_a_cpu_that_runs_has_seen_the_invalidation() {
        let (mut first, second) = machine();
        let (stop, post) = (second.kicker(), Arc::clone(&second.post.0));
        let (runs, told, go) = in_hypercall(second, |_| ());
        told.recv().unwrap();
        // It is between two blocks and not away: the wait has no end but a kick.
        first.kicker().kick();
        first.look_at = u64::MAX; // the kick is for the wait, not for the loop before it
        assert_eq!(first.run(), Exit::Kicked);
        assert_eq!(first.nip(), TLBSYNC, "to be executed again");
        let invalidation = first.awaited_invalidation().expect("it still waits");
        go.send(()).unwrap();
        assert_eq!(first.run(), Exit::Hcall);
        assert_eq!(first.awaited_invalidation(), None);
        assert_eq!(post.load(SeqCst), u64::from(invalidation), "seen, and it still runs");
        stop.kick();
        runs.join().unwrap();
    }

    #[test]
    fn tlbsync_does_not_wait_for_a_cpu_that_waits_in_a_hypercall_which_sees_it_when_it_is_back() {
        let (mut first, second) = machine();
        let stop = second.kicker();
        let (runs, told, go) = in_hypercall(second, |cpu| cpu.set_away(true));
        told.recv().unwrap();
        assert_eq!(first.run(), Exit::Hcall);
        go.send(()).unwrap();
        stop.kick();
        let mut second = runs.join().unwrap();
        assert_eq!(second.step(), None);
        assert_eq!(second.seen_invalidation(), first.seen_invalidation());
        assert_eq!(second.seen_invalidation(), 1);
    }
}
