// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A bridge's cache of translations: direct mapped, read without a lock.
//!
//! A fill races with an exchange: a reader misses and loads the entry, a writer exchanges it and
//! kills, and then the reader fills what it loaded, which would stay. So a lookup that
//! misses hands out a [`Ticket`], the state of the slot from *before* the entry is loaded. A kill
//! moves the slot to a new generation, and a fill with an old ticket does nothing:
//!
//! * the kill came after the ticket: the ticket is old, nothing is filled;
//! * the kill came before the ticket: taking it acquired the kill, hence the exchange before the
//!   kill, and the load that follows finds the new entry.
//!
//! A slot that is being filled belongs to its filler until that is done, also if a kill comes
//! meanwhile: otherwise a second fill could begin, and the first one store its old value into what
//! the second has made valid.
//!
//! A hit is read as under a sequence lock. Key and value are stored with release after the state
//! says that they change, and loaded with acquire before the state is read again; if it is the
//! same, both belong to it.

use crate::sync::{AtomicU64, Ordering, fence};

/// Low bits of a state: what the slot holds. Above them its generation.
const EMPTY: u64 = 0;
const FILLING: u64 = 1;
const VALID: u64 = 2;
const KIND: u64 = 3;

#[derive(Debug)]
struct Slot {
    state: AtomicU64,
    key: AtomicU64,
    value: AtomicU64,
}

/// The state of a slot when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    slot: usize,
    state: u64,
}

/// Cached translations: from a key, which the bridge chooses, to a decoded entry.
#[derive(Debug)]
pub(crate) struct TceCache {
    slots: Box<[Slot]>,
}

impl TceCache {
    /// An empty cache of a power of two of slots.
    pub(crate) fn new(slots: usize) -> TceCache {
        debug_assert!(slots.is_power_of_two());
        let new = |_| Slot {
            state: AtomicU64::new(EMPTY),
            key: AtomicU64::new(0),
            value: AtomicU64::new(0),
        };
        TceCache { slots: (0..slots).map(new).collect() }
    }

    /// The cached value, if there is one, and the ticket: to fill with after a miss, to ask
    /// [`is_current`](Self::is_current) with after a hit.
    #[inline]
    pub(crate) fn lookup(&self, key: u64) -> (Option<u64>, Ticket) {
        let at = self.place(key);
        let slot = &self.slots[at];
        let state = slot.state.load(Ordering::Acquire);
        let ticket = Ticket { slot: at, state };
        if state & KIND != VALID {
            return (None, ticket);
        }
        let found = slot.key.load(Ordering::Acquire);
        let value = slot.value.load(Ordering::Acquire);
        let hit = found == key && slot.state.load(Ordering::Relaxed) == state;
        (hit.then_some(value), ticket)
    }

    /// Caches what was loaded after the ticket was taken. Returns the ticket of what is cached
    /// now, or `None` if a kill or another fill came between: then it is not cached.
    #[cold]
    pub(crate) fn fill(&self, key: u64, value: u64, ticket: Ticket) -> Option<Ticket> {
        let slot = &self.slots[ticket.slot];
        // A fill is a new generation, too: a reader of the slot's old content must notice.
        let filling = generation_after(ticket.state) | FILLING;
        if ticket.state & KIND == FILLING || !step(slot, ticket.state, filling) {
            return None;
        }
        slot.key.store(key, Ordering::Release);
        slot.value.store(value, Ordering::Release);
        let state = (filling & !KIND) | VALID;
        if step(slot, filling, state) {
            return Some(Ticket { slot: ticket.slot, state });
        }
        // Killed meanwhile.
        change(slot, |state| generation_after(state) | EMPTY);
        None
    }

    /// True while what the ticket's lookup found is cached still, and was all the time since then:
    /// a generation never comes again. The fence keeps what was read through the translation
    /// before the question.
    #[inline]
    pub(crate) fn is_current(&self, ticket: Ticket) -> bool {
        fence(Ordering::Acquire);
        self.slots[ticket.slot].state.load(Ordering::Acquire) == ticket.state
    }

    /// Forgets a translation, and makes every fill under way that may be of it come to nothing.
    /// Another key in the same slot is forgotten too, as a cache may at any time.
    pub(crate) fn kill(&self, key: u64) {
        kill(&self.slots[self.place(key)]);
    }

    /// Forgets every translation whose key is `of` what is killed. Another one stays, but as a new
    /// generation: a fill that missed it may be `of` what is killed.
    pub(crate) fn kill_if(&self, of: impl Fn(u64) -> bool) {
        for slot in &self.slots {
            change(slot, |state| match state & KIND {
                VALID if !of(slot.key.load(Ordering::Acquire)) => generation_after(state) | VALID,
                _ => killed(state),
            });
        }
    }

    /// Forgets everything.
    pub(crate) fn kill_all(&self) {
        self.slots.iter().for_each(kill);
    }

    /// Calls `with` for each key and value that is cached.
    pub(crate) fn for_each(&self, with: &mut dyn FnMut(u64, u64)) {
        for slot in &self.slots {
            let key = slot.key.load(Ordering::Acquire);
            if let (Some(value), _) = self.lookup(key) {
                with(key, value);
            }
        }
    }

    /// Neighbouring keys have neighbouring slots; the upper half, where a key names its device,
    /// is folded in so that devices do not fight for the same ones.
    #[inline]
    fn place(&self, key: u64) -> usize {
        (key ^ (key >> 48)) as usize & (self.slots.len() - 1)
    }
}

fn generation_after(state: u64) -> u64 {
    (state | KIND).wrapping_add(1)
}

/// Moves a slot from one state to another, if nothing else has moved it.
fn step(slot: &Slot, from: u64, to: u64) -> bool {
    slot.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

/// Moves a slot to a new generation, empty unless it is being filled. Release: a ticket taken from
/// the new state comes with the exchange that made the kill needed.
fn kill(slot: &Slot) {
    change(slot, killed);
}

fn killed(state: u64) -> u64 {
    generation_after(state) | if state & KIND == FILLING { FILLING } else { EMPTY }
}

/// Acquire: what a valid state is of is read before the state is changed.
fn change(slot: &Slot, to: impl Fn(u64) -> u64) {
    let mut state = slot.state.load(Ordering::Acquire);
    while let Err(now) =
        slot.state.compare_exchange(state, to(state), Ordering::AcqRel, Ordering::Acquire)
    {
        state = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_is_found_until_it_is_killed() {
        let cache = TceCache::new(4);
        let (found, ticket) = cache.lookup(6);
        assert_eq!(found, None);
        let ticket = cache.fill(6, 0x1003, ticket).expect("nothing came between");
        assert_eq!(cache.lookup(6), (Some(0x1003), ticket));
        assert!(cache.is_current(ticket));
        cache.kill(6);
        assert_eq!(cache.lookup(6).0, None);
        assert!(!cache.is_current(ticket));
    }

    #[test]
    fn a_fill_whose_ticket_is_from_before_a_kill_does_nothing() {
        let cache = TceCache::new(4);
        let (_, ticket) = cache.lookup(6);
        cache.kill(6);
        assert_eq!(cache.fill(6, 0x1003, ticket), None);
        assert_eq!(cache.lookup(6).0, None);
    }

    #[test]
    fn keys_of_one_slot_evict_each_other_and_are_never_mixed_up() {
        let cache = TceCache::new(4);
        for (key, value) in [(2, 0x2003), (6, 0x6003), (2, 0x2001)] {
            let (found, ticket) = cache.lookup(key);
            assert_eq!(found, None, "evicted by the other");
            assert!(cache.fill(key, value, ticket).is_some());
            assert_eq!(cache.lookup(key).0, Some(value));
        }
    }

    #[test]
    fn killing_some_leaves_the_others_and_no_ticket() {
        let cache = TceCache::new(4);
        for key in [0, 1, 2] {
            let (_, ticket) = cache.lookup(key);
            cache.fill(key, key + 10, ticket);
        }
        let of_others = [4, 5, 3].map(|key| cache.lookup(key).1); // all miss
        cache.kill_if(|key| key % 2 == 1);
        assert_eq!([0, 1, 2].map(|key| cache.lookup(key).0), [Some(10), None, Some(12)]);
        for (key, ticket) in [4, 5, 3].into_iter().zip(of_others) {
            assert_eq!(cache.fill(key, 99, ticket), None, "a fill from before the kill");
        }
    }

    #[test]
    fn killing_everything_leaves_nothing() {
        let cache = TceCache::new(4);
        for key in 0..4 {
            let (_, ticket) = cache.lookup(key);
            cache.fill(key, key, ticket);
        }
        let mut all = Vec::new();
        cache.for_each(&mut |key, value| all.push((key, value)));
        assert_eq!(all, [(0, 0), (1, 1), (2, 2), (3, 3)]);
        cache.kill_all();
        cache.for_each(&mut |key, _| panic!("{key} is cached"));
        assert!((0..4).all(|key| cache.lookup(key).0.is_none()));
    }
}
