// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Entries in a tree of levels that exist once something is stored under them.
//!
//! Upper levels hold pointers to lower ones, null where nothing was stored yet. A missing level
//! is made at its first use, without a lock: the new level is compare-and-swapped into
//! its parent, and the loser of a race frees its own and uses the winner's, so that no entry written to
//! either is lost (bug 22 of papr-tce 6.1). One level is a flat array.
//!
//! Linux: `pnv_tce` and `pnv_alloc_tce_level`.

use crate::sync::OnceBox;
use crate::table::budget::{Budget, Charge};
use crate::words::error::Error;
use crate::words::zeroed::{Zero, atomics};
use std::sync::{Arc, OnceLock};
use zerocopy::FromZeros;

/// A place for a level. A box of one can be allocated by way of a `Vec`, which reports that there is no
/// memory; `Box::new` aborts.
type Place<T> = OnceBox<[Level<T>; 1]>;

#[derive(Debug)]
enum Node<T> {
    Upper(Box<[Place<T>]>),
    Leaf(Box<[T]>),
}

/// A level below the top one, with what it was charged.
#[derive(Debug)]
struct Level<T> {
    node: Node<T>,
    _charge: Option<Charge>,
}

/// The budget of a tree's levels, and the charge for those that were there when it began to pay.
#[derive(Debug)]
struct Payer {
    budget: Arc<Budget>,
    _charge: Charge,
}

/// `size` entries below `levels` levels of `2^shift` entries each.
#[derive(Debug)]
pub(crate) struct Radix<T> {
    root: Node<T>,
    size: u64,
    levels: u32,
    shift: u32,
    /// The shift of the top level.
    top_shift: u32,
    payer: OnceLock<Payer>,
}

impl<T: Zero> Radix<T> {
    /// One level. Its memory is zeroes that the host provides when they are touched.
    /// Errors: [`Error::NoMemory`].
    pub(crate) fn flat(size: u64) -> Result<Radix<T>, Error> {
        Ok(Radix::over(zeroes(size)?, size, 1, 0))
    }

    /// Levels of `2^shift` entries; only the top one exists. `levels * shift` reaches `size`.
    /// Errors: [`Error::NoMemory`].
    pub(crate) fn new(size: u64, levels: u32, shift: u32) -> Result<Radix<T>, Error> {
        let top = size.div_ceil(1 << (shift * (levels - 1)));
        debug_assert!(top <= 1 << shift);
        // The top level is at most one level long, as all others.
        let root = if levels == 1 { zeroes(size)? } else { places(top)? };
        Ok(Radix::over(root, size, levels, shift))
    }

    fn over(root: Node<T>, size: u64, levels: u32, shift: u32) -> Radix<T> {
        let (top_shift, payer) = (shift * (levels - 1), OnceLock::new());
        Radix { root, size, levels, shift, top_shift, payer }
    }

    /// Charges the levels that exist, and from now on each new one, to a budget. Before the tree is
    /// shared; once only. Errors: [`Error::OverBudget`]; nothing is charged.
    pub(crate) fn charge_to(&self, budget: &Arc<Budget>) -> Result<(), Error> {
        let charge = budget.charge(bytes(&self.root))?;
        let payer = Payer { budget: budget.clone(), _charge: charge };
        let first = self.payer.set(payer).is_ok();
        debug_assert!(first, "it has a payer");
        Ok(())
    }

    /// True when a budget pays for it.
    pub(crate) fn is_charged(&self) -> bool {
        self.payer.get().is_some()
    }

    /// Levels, 1 for a flat array.
    pub(crate) fn levels(&self) -> u32 {
        self.levels
    }

    /// The leaf of an entry and the entry's place in it, if the leaf exists.
    ///
    /// An index beyond the size is not masked in the top level and finds nothing there
    /// (papr-tce 4.5.12).
    #[inline(always)]
    pub(crate) fn leaf(&self, mut index: u64) -> Option<(&[T], usize)> {
        let mut node = &self.root;
        let mut shift = self.top_shift;
        loop {
            match node {
                Node::Leaf(leaf) => return Some((leaf, index as usize)),
                Node::Upper(nodes) => {
                    let [level] = nodes.get((index >> shift) as usize)?.get()?;
                    node = &level.node;
                    index &= (1 << shift) - 1;
                    shift -= self.shift;
                }
            }
        }
    }

    /// Entries from `index` to the end of its leaf.
    #[inline]
    pub(crate) fn left_in_leaf(&self, index: u64) -> usize {
        match &self.root {
            Node::Leaf(leaf) => leaf.len().saturating_sub(index as usize),
            Node::Upper(_) => {
                let len = 1 << self.shift;
                (len - (index & (len - 1))) as usize
            }
        }
    }

    /// The entry, if its leaf exists.
    #[inline(always)]
    pub(crate) fn get(&self, index: u64) -> Option<&T> {
        let (leaf, at) = self.leaf(index)?;
        leaf.get(at)
    }

    /// The leaf of an entry below the size; levels that are missing are made, each if `allowed`
    /// says so and the budget has room. Errors: [`Error::NoMemory`], [`Error::OverBudget`]; levels
    /// that were made stay, and are empty.
    pub(crate) fn leaf_or_new(
        &self,
        mut index: u64,
        allowed: &mut dyn FnMut() -> bool,
    ) -> Result<(&[T], usize), Error> {
        let mut node = &self.root;
        let mut shift = self.top_shift;
        loop {
            match node {
                Node::Leaf(leaf) => return Ok((leaf, index as usize)),
                Node::Upper(nodes) => {
                    let below = nodes.get((index >> shift) as usize).ok_or(Error::NoMemory)?;
                    index &= (1 << shift) - 1;
                    shift -= self.shift;
                    let [level] = match below.get() {
                        Some(level) => level,
                        None if !allowed() => return Err(Error::NoMemory),
                        None => below.get_or_try_init(|| self.new_level(shift))?,
                    };
                    node = &level.node;
                }
            }
        }
    }

    /// Makes the leaves of those among `count` entries from `first` on that are `needed(n)`, n from
    /// 0 up. Errors: as [`leaf_or_new`](Self::leaf_or_new).
    #[inline]
    pub(crate) fn reserve(
        &self,
        first: u64,
        count: u64,
        needed: impl Fn(u64) -> bool,
        allowed: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        let mut done = 0;
        while done < count {
            let here = (count - done).min(self.left_in_leaf(first + done) as u64);
            if self.leaf(first + done).is_none() && (done..done + here).any(&needed) {
                self.leaf_or_new(first + done, allowed)?;
            }
            done += here;
        }
        Ok(())
    }

    /// Charged before it is allocated. The loser of a race for its place drops it, and so gives the
    /// charge back.
    fn new_level(&self, shift: u32) -> Result<Box<[Level<T>; 1]>, Error> {
        let len = 1 << self.shift;
        let entries = if shift == 0 { size_of::<T>() } else { size_of::<Place<T>>() };
        let bytes = len * entries as u64 + size_of::<Level<T>>() as u64;
        let charge = self.payer.get().map(|payer| payer.budget.charge(bytes)).transpose()?;
        let node = if shift == 0 { zeroes(len)? } else { places(len)? };
        one(Level { node, _charge: charge })
    }

    /// Calls `with` for each leaf that exists: the index of its first entry, and those of its
    /// entries that are below the size.
    pub(crate) fn for_each_leaf(&self, with: &mut dyn FnMut(u64, &[T])) {
        self.visit(&self.root, self.levels - 1, 0, with);
    }

    fn visit(&self, node: &Node<T>, below: u32, first: u64, with: &mut dyn FnMut(u64, &[T])) {
        match node {
            Node::Leaf(leaf) => {
                let len = (self.size - first).min(leaf.len() as u64) as usize;
                with(first, &leaf[..len]);
            }
            Node::Upper(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    if let Some([level]) = node.get() {
                        let first = first + ((i as u64) << (self.shift * below));
                        self.visit(&level.node, below - 1, first, with);
                    }
                }
            }
        }
    }

    /// Levels that exist, the top one too.
    pub(crate) fn allocated(&self) -> usize {
        let mut levels = 1;
        for_each_below(&self.root, &mut |_| levels += 1);
        levels
    }
}

fn for_each_below<T>(node: &Node<T>, with: &mut dyn FnMut(&Node<T>)) {
    let Node::Upper(places) = node else { return };
    for [level] in places.iter().filter_map(|place| place.get()) {
        with(&level.node);
        for_each_below(&level.node, with);
    }
}

/// Bytes of a level and those below it.
fn bytes<T>(node: &Node<T>) -> u64 {
    let own = |node: &Node<T>| match node {
        Node::Leaf(leaf) => size_of_val(&**leaf),
        Node::Upper(places) => size_of_val(&**places),
    };
    let mut sum = own(node);
    for_each_below(node, &mut |below| sum += own(below) + size_of::<Level<T>>());
    sum as u64
}

/// A leaf, or the news that there is no memory for it. The host provides its pages when they are touched.
fn zeroes<T: Zero>(len: u64) -> Result<Node<T>, Error> {
    let len = usize::try_from(len).map_err(|_| Error::NoMemory)?;
    let zeroes = u64::new_vec_zeroed(len).map_err(|_| Error::NoMemory)?;
    Ok(Node::Leaf(atomics(zeroes, T::zero)))
}

fn places<T>(len: u64) -> Result<Node<T>, Error> {
    let len = usize::try_from(len).map_err(|_| Error::NoMemory)?;
    let mut places = Vec::new();
    places.try_reserve_exact(len).map_err(|_| Error::NoMemory)?;
    places.resize_with(len, OnceBox::new);
    Ok(Node::Upper(places.into_boxed_slice()))
}

/// `Box::new`, or the news that there is no memory.
fn one<T>(value: T) -> Result<Box<[T; 1]>, Error> {
    let mut one = Vec::new();
    one.try_reserve_exact(1).map_err(|_| Error::NoMemory)?;
    one.push(value);
    one.into_boxed_slice().try_into().map_err(|_| Error::NoMemory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::{AtomicU64, Ordering};

    fn yes() -> bool {
        true
    }

    fn store(tree: &Radix<AtomicU64>, index: u64, value: u64) {
        let (leaf, at) = tree.leaf_or_new(index, &mut yes).expect("memory");
        leaf[at].store(value, Ordering::Relaxed);
    }

    fn load(tree: &Radix<AtomicU64>, index: u64) -> Option<u64> {
        tree.get(index).map(|entry| entry.load(Ordering::Relaxed))
    }

    #[test]
    fn every_number_of_levels_finds_what_was_stored() {
        for (size, levels, shift) in
            [(1 << 18, 1, 18), (1 << 18, 2, 9), (1 << 27, 3, 9), (1 << 36, 4, 9), (1 << 40, 5, 9)]
        {
            let tree: Radix<AtomicU64> = Radix::new(size, levels, shift).expect("memory");
            for index in [0, 1, 511, 512, size / 2 + 77, size - 1] {
                store(&tree, index, index ^ 0xabcd);
            }
            for index in [0, 1, 511, 512, size / 2 + 77, size - 1] {
                assert_eq!(load(&tree, index), Some(index ^ 0xabcd), "{levels} levels");
            }
        }
    }

    #[test]
    fn only_the_path_to_what_is_touched_exists() {
        let tree: Radix<AtomicU64> = Radix::new(1 << 40, 5, 9).expect("memory");
        assert_eq!(tree.allocated(), 1);
        assert_eq!(load(&tree, 12345), None);
        store(&tree, 12345, 1);
        assert_eq!(tree.allocated(), 5);
        store(&tree, 12346, 1);
        assert_eq!(tree.allocated(), 5);
        store(&tree, (1 << 40) - 1, 1);
        assert_eq!(tree.allocated(), 9, "all but the top again");
    }

    #[test]
    fn an_index_beyond_the_size_finds_nothing() {
        let tree: Radix<AtomicU64> = Radix::new(1 << 18, 2, 9).expect("memory");
        store(&tree, 5, 1);
        assert_eq!(load(&tree, (1 << 18) + 5), None);
        assert_eq!(load(&tree, u64::MAX), None);
        assert!(tree.leaf_or_new(1 << 18, &mut yes).is_err());
    }

    #[test]
    fn a_refused_level_is_no_memory_and_what_was_there_stays() {
        let tree: Radix<AtomicU64> = Radix::new(1 << 27, 3, 9).expect("memory");
        store(&tree, 0, 7);
        for allowed in 0..2 {
            let mut left = allowed;
            let mut some = || {
                left -= 1;
                left >= 0
            };
            let refused = tree.leaf_or_new(1 << 20, &mut some).err();
            assert_eq!(refused, Some(Error::NoMemory), "after {allowed} levels");
        }
        assert_eq!(load(&tree, 0), Some(7));
        assert_eq!(load(&tree, 1 << 20), None);
    }

    #[test]
    fn leaves_are_visited_with_their_place_and_cut_at_the_size() {
        let tree: Radix<AtomicU64> = Radix::new((1 << 18) - 3, 2, 9).expect("memory");
        store(&tree, 600, 1);
        store(&tree, (1 << 18) - 4, 1);
        let mut seen = Vec::new();
        tree.for_each_leaf(&mut |first, leaf| seen.push((first, leaf.len())));
        assert_eq!(seen, [(512, 512), ((1 << 18) - 512, 509)]);
    }

    // Bug 22; papr-tce 7.79.
    #[test]
    fn bug_22_first_stores_into_one_missing_level_are_all_kept() {
        for _ in 0..50 {
            let tree: Radix<AtomicU64> = Radix::new(1 << 27, 3, 9).expect("memory");
            let start = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for n in 0..4 {
                    let (tree, start) = (&tree, &start);
                    scope.spawn(move || {
                        start.wait();
                        store(tree, 0x12_3000 + n, n + 1);
                    });
                }
            });
            for n in 0..4 {
                assert_eq!(load(&tree, 0x12_3000 + n), Some(n + 1));
            }
            assert_eq!(tree.allocated(), 3);
        }
    }
}
