// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! At the beginning of each piece, some guest registers may differ from those in the CPU, and some are needed by the code.
//! A way out of the region stores the former, and an entry loads the latter.

use super::region::Region;
use crate::form::Then;

/// Guest registers at the beginning of each piece, a bit each.
pub(super) struct Flow {
    /// They may differ from what the CPU has.
    pub(super) dirty: Vec<u64>,
    /// They are needed.
    live: Vec<u64>,
    /// True for a piece that nothing goes to but the one before, when that does not branch.
    pub(super) follows: Vec<bool>,
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
    pub(super) fn of(region: &Region) -> Flow {
        let returns = &region.returns;
        let facts: Vec<Facts> = (0..region.pieces.len()).map(|i| Facts::of(region, i)).collect();
        let dirty = dirty(&facts, returns);
        let live = live(&facts, &dirty, returns);
        Flow { dirty, live, follows: follows(region, &facts, returns) }
    }

    /// The registers that each piece needs, if it can be entered from outside.
    pub(super) fn entered(self) -> Vec<Option<u64>> {
        self.live
            .into_iter()
            .zip(self.follows)
            .map(|(live, follows)| (!follows).then_some(live))
            .collect()
    }
}

fn follows(region: &Region, facts: &[Facts], returns: &[usize]) -> Vec<bool> {
    let mut come_from = vec![0; facts.len()];
    for facts in facts {
        facts.after(returns).for_each(|next| come_from[next] += 1);
    }
    (0..facts.len())
        .map(|i| {
            i > 0
                && come_from[i] == 1
                && facts[i - 1].after[0] == Some(i)
                && region.pieces[i].first == region.pieces[i - 1].first + region.pieces[i - 1].len
                && region.pieces[i].first != region.start
                && !facts[i - 1].links
        })
        .collect()
}

/// Forward, until nothing changes.
fn dirty(facts: &[Facts], returns: &[usize]) -> Vec<u64> {
    let mut dirty = vec![0; facts.len()];
    loop {
        let mut changed = false;
        for (i, facts) in facts.iter().enumerate() {
            let out = facts.dirty_after(dirty[i]);
            for next in facts.after(returns) {
                changed |= out & !dirty[next] != 0;
                dirty[next] |= out;
            }
        }
        if !changed {
            return dirty;
        }
    }
}

/// Backward, until nothing changes. Whatever is dirty is needed, for an instruction may stop anywhere.
fn live(facts: &[Facts], dirty: &[u64], returns: &[usize]) -> Vec<u64> {
    let mut live = dirty.to_vec();
    loop {
        let mut changed = false;
        for (i, facts) in facts.iter().enumerate().rev() {
            let mut out = if facts.leaves { facts.dirty_after(dirty[i]) } else { 0 };
            facts.after(returns).for_each(|next| out |= live[next]);
            let needed = facts.needs | out & !facts.sets | live[i];
            changed |= needed != live[i];
            live[i] = needed;
        }
        if !changed {
            return live;
        }
    }
}
