// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A set of PEs that each kill reads without a lock.

use crate::sync::{AtomicU64, Ordering, fence};
use crate::table::platform::Pe;

/// The PEs that are linked to a table.
#[derive(Debug, Default)]
pub(crate) struct PeSet([AtomicU64; 4]);

impl PeSet {
    pub(crate) fn set(&self, pe: Pe, linked: bool) {
        let word = &self.0[usize::from(pe.0 / 64)];
        let bit = 1 << (pe.0 % 64);
        if linked {
            word.fetch_or(bit, Ordering::AcqRel);
            // Before the PE's first translation. A thread that exchanges has a fence between its swap and
            // its search for PEs, so that either the PE is found and killed, or the PE finds the new entry.
            fence(Ordering::SeqCst);
        } else {
            word.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    /// True when no PE is in it, which is quicker to see than by [`iter`](Self::iter).
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().fold(0, |all, word| all | word.load(Ordering::Acquire)) == 0
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Pe> + '_ {
        (0..4u8).flat_map(|word| {
            let mut bits = self.0[usize::from(word)].load(Ordering::Acquire);
            std::iter::from_fn(move || {
                let bit = u8::try_from(bits.trailing_zeros()).ok().filter(|&bit| bit < 64)?;
                bits &= bits - 1;
                Some(Pe(word * 64 + bit))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_pes_lists_what_is_linked() {
        let pes = PeSet::default();
        for pe in [0, 5, 63, 64, 200, 255] {
            pes.set(Pe(pe), true);
        }
        pes.set(Pe(5), false);
        let linked: Vec<u8> = pes.iter().map(|pe| pe.0).collect();
        assert_eq!(linked, [0, 63, 64, 200, 255]);
    }
}
