// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! At the beginning of each piece, some guest registers may differ from those in the CPU, and some are needed by the code.
//! A way out of the region stores the former, and an entry loads the latter.

use super::region::Region;
use crate::form::Then;

/// Guest registers at the beginning of each piece, a bit each.
#[derive(Default)]
pub(super) struct Flow {
    facts: Vec<Facts>,
    /// They may differ from what the CPU has.
    pub(super) dirty: Vec<u64>,
    /// They are needed.
    live: Vec<u64>,
    /// True for a piece that nothing goes to but the one before, when that does not branch.
    pub(super) follows: Vec<bool>,
    /// For each piece, how many go there.
    come_from: Vec<u32>,
}

/// A piece, as far as registers go.
struct Facts {
    /// Read before they are written.
    needs: u64,
    /// Written in all cases.
    sets: u64,
    /// Written since the CPU had all of them.
    dirty: u64,
    /// The CPU gets all of them on the way.
    cleans: bool,
    /// Pieces that come after it; all that is dirty at its end is stored if it also leaves.
    after: [Option<usize>; 2],
    /// So do the pieces behind calls.
    returns: bool,
    leaves: bool,
    /// It ends in a call, after which nothing is known.
    links: bool,
}

impl Facts {
    fn of(region: &Region, i: usize) -> Facts {
        let piece = &region.pieces[i];
        let (mut needs, mut sets, mut dirty, mut cleans) = (0, 0, 0, false);
        for slot in piece.first..piece.first + piece.len {
            let scan = region.insn(slot).scan;
            needs |= scan.reads & !sets;
            if scan.calls {
                // All pinned registers are loaded again.
                (dirty, cleans, sets) = (0, true, u64::MAX);
            }
            sets |= scan.writes;
            dirty |= scan.writes;
        }
        let (after, leaves) = after(region, i);
        let last = region.insn(piece.first + piece.len - 1);
        let links = !matches!(last.then, Then::Next) && last.word.lk() || last.stops;
        let returns = matches!(last.then, Then::Anything);
        Facts { needs, sets, dirty, cleans, after, returns, leaves, links }
    }

    /// The pieces after it, of those behind calls too if it returns.
    fn after<'a>(&'a self, returns: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        let returns = if self.returns { returns } else { &[] };
        self.after.into_iter().flatten().chain(returns.iter().copied())
    }

    fn dirty_after(&self, before: u64) -> u64 {
        if self.cleans { self.dirty } else { before | self.dirty }
    }
}

/// The pieces after one; whether it may also leave the region.
fn after(region: &Region, i: usize) -> ([Option<usize>; 2], bool) {
    let piece = &region.pieces[i];
    let last = piece.first + piece.len - 1;
    let behind = region.piece_at(region.page + 4 * (last as u64 + 1));
    let then = region.insn(last).then;
    let target = region.branch_target(last).and_then(|target| region.piece_at(target));
    let leaves = match then {
        Then::Next => behind.is_none(),
        Then::Fork(_) => behind.is_none() || target.is_none(),
        Then::Anything => true,
    };
    ([behind, target], leaves)
}

impl Flow {
    /// Becomes that of a region.
    pub(super) fn follow(&mut self, region: &Region) {
        self.facts.clear();
        self.facts.extend((0..region.pieces.len()).map(|i| Facts::of(region, i)));
        self.find_dirty(&region.returns);
        self.find_live(&region.returns);
        self.find_follows(region);
    }

    /// The registers that a piece needs, if it can be entered from outside.
    pub(super) fn entered(&self, piece: usize) -> Option<u64> {
        (!self.follows[piece]).then_some(self.live[piece])
    }

    /// Forward, until nothing changes.
    fn find_dirty(&mut self, returns: &[usize]) {
        let dirty = &mut self.dirty;
        dirty.clear();
        dirty.resize(self.facts.len(), 0);
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (i, facts) in self.facts.iter().enumerate() {
                let out = facts.dirty_after(dirty[i]);
                for next in facts.after(returns) {
                    changed |= out & !dirty[next] != 0;
                    dirty[next] |= out;
                }
            }
        }
    }

    /// Backward, until nothing changes. Whatever is dirty is needed, for an instruction may stop anywhere.
    fn find_live(&mut self, returns: &[usize]) {
        self.live.clone_from(&self.dirty);
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (i, facts) in self.facts.iter().enumerate().rev() {
                let mut out = if facts.leaves { facts.dirty_after(self.dirty[i]) } else { 0 };
                facts.after(returns).for_each(|next| out |= self.live[next]);
                let needed = facts.needs | out & !facts.sets | self.live[i];
                changed |= needed != self.live[i];
                self.live[i] = needed;
            }
        }
    }

    fn find_follows(&mut self, region: &Region) {
        self.come_from.clear();
        self.come_from.resize(self.facts.len(), 0);
        for facts in &self.facts {
            facts.after(&region.returns).for_each(|next| self.come_from[next] += 1);
        }
        let (facts, come_from) = (&self.facts, &self.come_from);
        self.follows.clear();
        self.follows.extend((0..facts.len()).map(|i| {
            i > 0
                && come_from[i] == 1
                && facts[i - 1].after[0] == Some(i)
                && region.pieces[i].first == region.pieces[i - 1].first + region.pieces[i - 1].len
                && region.pieces[i].first != region.start
                && !facts[i - 1].links
        }));
    }
}
