// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The lock-free parts under a model checker. It tries every interleaving, up to a number of preemptions, and
//! every value that the memory model lets a load return.
//!
//! The files of the crate are compiled here a second time, over the checker's atomics, so that the code
//! itself is checked. The test has its own `main`, because the crate's unit tests cannot run over these
//! atomics.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs)]

/// The replacement of `src/sync.rs`. The checker treats a sequentially consistent operation as an acquiring
/// and releasing one, but it knows fences. So a fence comes before each such load here, as compilers for
/// weaker processors place it.
mod sync {
    pub(crate) use loom::sync::atomic::{AtomicI64, AtomicU32, Ordering, fence};

    pub(crate) fn fence_after_swap() {
        fence(Ordering::SeqCst);
    }

    #[derive(Debug, Default)]
    pub(crate) struct AtomicU64(loom::sync::atomic::AtomicU64);

    impl AtomicU64 {
        pub(crate) fn new(value: u64) -> Self {
            Self(loom::sync::atomic::AtomicU64::new(value))
        }

        pub(crate) fn load(&self, order: Ordering) -> u64 {
            if order == Ordering::SeqCst {
                fence(Ordering::SeqCst);
            }
            self.0.load(order)
        }
    }

    impl std::ops::Deref for AtomicU64 {
        type Target = loom::sync::atomic::AtomicU64;
        fn deref(&self) -> &Self::Target {
            &self.0
        }
    }

    /// The replacement of `once_cell::race::OnceBox`: a box that is set once. Of several threads that set it
    /// at once one wins, and the others use its box. Here the losers keep their boxes, unused, instead of
    /// freeing them.
    #[derive(Debug)]
    pub(crate) struct OnceBox<T> {
        /// 0, or one more than the number of the winner.
        winner: AtomicU64,
        made: [std::sync::OnceLock<Box<T>>; 3],
        next: std::sync::atomic::AtomicUsize,
    }

    impl<T> OnceBox<T> {
        pub(crate) fn new() -> Self {
            let made = std::array::from_fn(|_| std::sync::OnceLock::new());
            Self { winner: AtomicU64::new(0), made, next: Default::default() }
        }

        pub(crate) fn get(&self) -> Option<&T> {
            self.of(self.winner.load(Ordering::Acquire))
        }

        fn of(&self, winner: u64) -> Option<&T> {
            self.made.get((winner as usize).wrapping_sub(1))?.get().map(|made| &**made)
        }

        pub(crate) fn get_or_try_init<E>(
            &self,
            make: impl FnOnce() -> Result<Box<T>, E>,
        ) -> Result<&T, E> {
            if let Some(made) = self.get() {
                return Ok(made);
            }
            let me = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            assert!(self.made[me].set(make()?).is_ok(), "a number of its own");
            let mine = me as u64 + 1;
            let order = (Ordering::AcqRel, Ordering::Acquire);
            let winner = self.winner.compare_exchange(0, mine, order.0, order.1);
            Ok(self.of(winner.err().unwrap_or(mine)).expect("somebody won"))
        }

        pub(crate) fn get_or_init(&self, make: impl FnOnce() -> Box<T>) -> &T {
            let made: Result<&T, std::convert::Infallible> = self.get_or_try_init(|| Ok(make()));
            match made {
                Ok(made) => made,
            }
        }
    }
}

macro_rules! files {
    ($($path:literal $name:ident)*) => { $( #[path = $path] pub mod $name; )* };
}

files! {
    "../src/words/mod.rs" words
    "../src/frames/mod.rs" frames
    "../src/table/mod.rs" table
    "../src/exchange/mod.rs" exchange
    "../src/guest/mod.rs" guest
    "../src/bridge/mod.rs" bridge
}
const LIST_ENTRIES: usize = 512;
pub use bridge::Ioda2;
pub use exchange::xchg::Batch;
pub use frames::Frames;
pub use guest::{agent::Agent, audit, container::Container, guest_table::GuestTable};
pub use table::IommuTable;
pub use words::{addr::*, error::Error, tce::RawTce, window::*};

use bridge::cache::TceCache;
use bridge::inflight::{Devices, InFlight};
use bridge::pes::PeSet;
use frames::registered::Registered;
use loom::sync::Arc;
use loom::thread;
use sync::{AtomicU64, Ordering};

fn main() {
    let models: [(&str, fn()); 16] = [
        ("two who need a missing level both keep their entries", two_make_one_level),
        ("view and hardware agree where a level appears", a_put_makes_a_level_under_a_clear),
        ("two puts that need a missing level leave one page pinned", two_puts_make_one_level),
        ("a fill that races with a kill leaves nothing stale", a_fill_races_with_a_kill),
        ("a fill that misses another's slot is killed with its PE", a_fill_races_with_a_pe),
        ("two fills and a kill leave nothing stale", two_fills_race_with_a_kill),
        ("no page is written after it was released", a_write_races_with_a_release),
        ("nor by a device that comes at that moment", a_device_comes_during_a_release),
        ("nor by a PE that is linked at that moment", a_pe_is_linked_during_a_release),
        ("nor read, by the epoch", a_read_by_the_epoch_races_with_a_release),
        ("nor read, by the cache", a_read_by_the_cache_races_with_a_release),
        ("of a pin and an unregistration at most one succeeds", a_pin_races_with_unregistering),
        ("view and hardware agree after two puts", two_puts_race),
        ("view and hardware agree after a put and a batch", a_put_races_with_a_batch),
        ("nothing stays in a window that is removed during a put", a_put_races_with_removal),
        ("nor in a level that appears at that moment", a_put_makes_a_level_while_it_is_removed),
    ];
    for (name, model) in models {
        let mut checker = loom::model::Builder::new();
        checker.preemption_bound = Some(3);
        checker.check(model);
        println!("model: {name}: ok");
    }
}

const OLD: u64 = 0x1003;
const NEW: u64 = 0x2003;

/// A device's translation: the cached entry, or else the table's, which is then cached.
fn translate(cache: &TceCache, table: &AtomicU64) -> u64 {
    let (cached, ticket) = cache.lookup(1);
    cached.unwrap_or_else(|| {
        let tce = table.load(Ordering::Acquire);
        cache.fill(1, tce, ticket);
        tce
    })
}

/// A platform's replacement: swap, then kill.
fn replace(cache: &TceCache, table: &AtomicU64) {
    assert_eq!(table.swap(NEW, Ordering::AcqRel), OLD);
    cache.kill(1);
}

fn a_fill_races_with_a_kill() {
    let (cache, table) = (Arc::new(TceCache::new(1)), Arc::new(AtomicU64::new(OLD)));
    let device = {
        let (cache, table) = (cache.clone(), table.clone());
        thread::spawn(move || translate(&cache, &table))
    };
    replace(&cache, &table);
    let after = translate(&cache, &table);
    assert_eq!(after, NEW, "the exchange is complete");
    device.join().expect("no panic");
    assert_eq!(translate(&cache, &table), NEW, "nothing stale was filled");
}

fn a_fill_races_with_a_pe() {
    let (cache, table) = (Arc::new(TceCache::new(1)), Arc::new(AtomicU64::new(OLD)));
    // Another PE has the slot; its entry may stay.
    let (_, ticket) = cache.lookup(2);
    cache.fill(2, 0x9003, ticket).expect("nobody else is there");
    let device = {
        let (cache, table) = (cache.clone(), table.clone());
        thread::spawn(move || translate(&cache, &table))
    };
    assert_eq!(table.swap(NEW, Ordering::AcqRel), OLD);
    cache.kill_if(|key| key == 1);
    assert_eq!(translate(&cache, &table), NEW, "the exchange is complete");
    device.join().expect("no panic");
    assert_eq!(translate(&cache, &table), NEW, "nothing stale was filled");
}

fn two_fills_race_with_a_kill() {
    let (cache, table) = (Arc::new(TceCache::new(1)), Arc::new(AtomicU64::new(OLD)));
    let devices = [0, 1].map(|_| {
        let (cache, table) = (cache.clone(), table.clone());
        thread::spawn(move || translate(&cache, &table))
    });
    replace(&cache, &table);
    for device in devices {
        device.join().expect("no panic");
    }
    assert_eq!(translate(&cache, &table), NEW);
}

fn a_device_comes_during_a_release() {
    let (cache, table) = (Arc::new(TceCache::new(1)), Arc::new(AtomicU64::new(OLD)));
    let (devices, released) = (Arc::new(Devices::new()), Arc::new(AtomicU64::new(0)));
    // Cached by an earlier device.
    assert_eq!(translate(&cache, &table), OLD);
    let device = {
        let (cache, table) = (cache.clone(), table.clone());
        let (devices, released) = (devices.clone(), released.clone());
        thread::spawn(move || {
            let writes = devices.at(devices.take()).expect("taken");
            writes.begin();
            let page = translate(&cache, &table);
            let gone = released.load(Ordering::Relaxed) == 1;
            assert!(!(gone && page == OLD), "written after it was released");
            writes.end();
        })
    };
    replace(&cache, &table);
    devices.wait(thread::yield_now);
    released.store(1, Ordering::Relaxed);
    device.join().expect("no panic");
}

fn a_pe_is_linked_during_a_release() {
    let (cache, table) = (Arc::new(TceCache::new(1)), Arc::new(AtomicU64::new(OLD)));
    let pes = Arc::new(PeSet::default());
    let bridge = {
        let (cache, table, pes) = (cache.clone(), table.clone(), pes.clone());
        thread::spawn(move || {
            pes.set(table::platform::Pe(3), true);
            translate(&cache, &table)
        })
    };
    // The platform's kill: nothing to do while no PE is linked.
    assert_eq!(table.swap(NEW, Ordering::SeqCst), OLD);
    sync::fence_after_swap();
    if !pes.is_empty() {
        cache.kill(1);
    }
    bridge.join().expect("no panic");
    assert_eq!(translate(&cache, &table), NEW, "nothing stale was filled");
}

fn a_write_races_with_a_release() {
    let (cache, table) = (Arc::new(TceCache::new(1)), Arc::new(AtomicU64::new(OLD)));
    let (writes, released) = (Arc::new(InFlight::new()), Arc::new(AtomicU64::new(0)));
    let device = {
        let (cache, table) = (cache.clone(), table.clone());
        let (writes, released) = (writes.clone(), released.clone());
        thread::spawn(move || {
            for _ in 0..2 {
                writes.begin();
                let page = translate(&cache, &table);
                let gone = released.load(Ordering::Relaxed) == 1;
                assert!(!(gone && page == OLD), "written after it was released");
                writes.end();
            }
        })
    };
    replace(&cache, &table);
    writes.wait(thread::yield_now);
    released.store(1, Ordering::Relaxed);
    device.join().expect("no panic");
}

/// A device's read counts only if no kill happened meanwhile. `read` loads an entry, then the page, and
/// returns the entry and the content if the read counts.
fn a_read_races(
    chip: bridge::Chip,
    read: fn(&bridge::Chip, &AtomicU64, &AtomicU64) -> Option<(u64, u64)>,
) {
    let chip = Arc::new(chip);
    let (table, page) = (Arc::new(AtomicU64::new(OLD)), Arc::new(AtomicU64::new(0)));
    let device = {
        let (chip, table, page) = (chip.clone(), table.clone(), page.clone());
        thread::spawn(move || {
            // The old page contains 1 once it has another owner.
            assert_ne!(read(&chip, &table, &page), Some((OLD, 1)), "read from a released page");
        })
    };
    assert_eq!(table.swap(NEW, Ordering::SeqCst), OLD);
    if let Some(cache) = chip.cache() {
        cache.kill(1);
    }
    chip.sync();
    page.store(1, Ordering::Relaxed);
    device.join().expect("no panic");
}

fn a_read_by_the_epoch_races_with_a_release() {
    a_read_races(bridge::Chip::new(bridge::BridgeKind::P5IOC2.register), |chip, table, page| {
        let epoch = chip.epoch();
        let tce = table.load(Ordering::Acquire);
        let read = page.load(Ordering::Relaxed);
        chip.is_epoch(epoch).then_some((tce, read))
    });
}

fn a_read_by_the_cache_races_with_a_release() {
    a_read_races(bridge::Chip::new(bridge::BridgeKind::IODA2.register), |chip, table, page| {
        let cache = chip.cache()?;
        let (cached, ticket) = cache.lookup(1);
        assert_eq!(cached, None, "nothing was filled");
        let tce = table.load(Ordering::Acquire);
        let ticket = cache.fill(1, tce, ticket)?;
        let read = page.load(Ordering::Relaxed);
        cache.is_current(ticket).then_some((tce, read))
    });
}

#[allow(clippy::single_range_in_vec_init)]
fn a_pin_races_with_unregistering() {
    let frames = Arc::new(Registered::new(2));
    let region = frames.register(vec![0..2]).expect("free");
    let put = {
        let frames = frames.clone();
        thread::spawn(move || frames.pin(0, 1, 1))
    };
    let unregistered = frames.unregister(&region).is_ok();
    let pinned = put.join().expect("no panic");
    assert!(!(pinned && unregistered), "both succeeded");
    assert_eq!(frames.pins(0), u32::from(pinned));
    if pinned {
        frames.unpin(0, 1);
    }
    if !unregistered {
        frames.unregister(&region).expect("nothing maps it");
    }
    assert!(!frames.pin(0, 1, 1));
}

// Bug 22 of papr-tce 6.1.
fn two_make_one_level() {
    let tree: table::radix::Radix<AtomicU64> = table::radix::Radix::new(4, 2, 1).expect("memory");
    let tree = Arc::new(tree);
    let store = |tree: &table::radix::Radix<AtomicU64>, at: u64| {
        let (leaf, place) = tree.leaf_or_new(at, &mut || true).expect("memory");
        leaf[place].store(at + 7, Ordering::Release);
    };
    let other = {
        let tree = tree.clone();
        thread::spawn(move || store(&tree, 2))
    };
    store(&tree, 3);
    other.join().expect("no panic");
    let load = |at| tree.get(at).map(|entry| entry.load(Ordering::Acquire));
    assert_eq!((load(2), load(3), tree.allocated()), (Some(9), Some(10), 2));
}

const L: Liobn = Liobn(1);

/// A window over two pages of memory.
fn container(entries: u64) -> Arc<Container> {
    let window = Window::new(L, PageShift::K4, 0, entries).expect("a window");
    let all = Container::new(Frames::new(0x2000).expect("memory"));
    let table = IommuTable::new(window, Ioda2::default()).expect("a table");
    all.add_window(window, table).expect("a window");
    Arc::new(all)
}

/// A window over a table of two levels, of which the lower one does not exist yet.
fn two_levels() -> Arc<Container> {
    let window = Window::new(L, PageShift::K4, 0, 2).expect("a window");
    let all = Container::new(Frames::new(0x2000).expect("memory"));
    let table = IommuTable::with_levels(window, 2, Ioda2::default()).expect("a table");
    all.add_window(window, table).expect("a window");
    Arc::new(all)
}

/// Puts `tce` into an entry without a level while another thread puts `others` there. Returns the audit
/// afterwards.
fn puts_where_no_level_is(tce: u64, others: u64) -> audit::Audit {
    let all = two_levels();
    let (mut a, mut b) = (all.agent(), all.agent());
    let other = {
        let all = all.clone();
        thread::spawn(move || {
            put(&all, &mut b, others);
            b
        })
    };
    put(&all, &mut a, tce);
    let _agents = (a, other.join().expect("no panic"));
    all.audit()
}

fn a_put_makes_a_level_under_a_clear() {
    let clear = 0x1000; // finds no level, so there is nothing to clear
    let audit = puts_where_no_level_is(0x0003, clear);
    assert!(audit.holds(), "{audit:?}");
}

fn two_puts_make_one_level() {
    let audit = puts_where_no_level_is(0x0003, 0x1002);
    assert!(audit.holds() && audit.live == 1, "{audit:?}");
}

fn put(all: &Container, by: &mut Agent, tce: u64) {
    all.put(by, L, Ioba(0), RawTce(tce)).expect("in the window");
}

fn two_puts_race() {
    let all = container(1);
    let (mut a, mut b) = (all.agent(), all.agent());
    let other = {
        let all = all.clone();
        thread::spawn(move || {
            put(&all, &mut b, 0x1002);
            b
        })
    };
    put(&all, &mut a, 0x0003);
    let _agents = (a, other.join().expect("no panic"));
    let audit = all.audit();
    assert!(audit.holds() && audit.live == 1, "{audit:?}");
}

fn a_put_races_with_a_batch() {
    let all = container(2);
    let (mut a, mut b) = (all.agent(), all.agent());
    let other = {
        let all = all.clone();
        thread::spawn(move || {
            // The call may find the entry clear, and must not stop there.
            all.stuff(&mut b, L, Ioba(0), RawTce(0), 1).expect("in the window");
            b
        })
    };
    put(&all, &mut a, 0x0003);
    let _agents = (a, other.join().expect("no panic"));
    let audit = all.audit();
    assert!(audit.holds(), "{audit:?}");
}

fn a_put_races_with_removal() {
    let all = container(1);
    let mut a = all.agent();
    put(&all, &mut a, 0x1003);
    removal_races(&all, a);
}

fn a_put_makes_a_level_while_it_is_removed() {
    let all = two_levels();
    let a = all.agent();
    removal_races(&all, a);
}

fn removal_races(all: &Arc<Container>, mut a: Agent) {
    let mut b = all.agent();
    let table = all.windows()[0].tables()[0].clone();
    // The checker does not see the list of windows, so the window is looked up before the race.
    let window = all.window(L).expect("there");
    let other = {
        let all = all.clone();
        thread::spawn(move || {
            let (entry, tce) = (GuestEntry(0), RawTce(0x0003));
            window.write_one(all.frames(), &mut b.work, entry, tce).expect("memory");
            b
        })
    };
    all.remove_window(&mut a, L).expect("there");
    let _agents = (a, other.join().expect("no panic"));
    assert_eq!(all.frames().all_pins(), [0, 0]);
    table.for_each_live(&mut |entry, tce| panic!("{entry} is {tce}"));
}
