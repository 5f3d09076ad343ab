// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! When software must invalidate: the type flags of a table.

use std::ops::BitOr;

/// Type flags of a hardware table (Linux: `it_type` and the `TCE_PCI_SWINV_*` flags).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swinv(u32);

impl Swinv {
    /// The bridge never needs an invalidation.
    pub const NONE: Swinv = Swinv(0);
    /// Invalidate when an entry is created (Linux: `TCE_PCI_SWINV_CREATE`).
    pub const CREATE: Swinv = Swinv(2);
    /// Invalidate when an entry is freed (Linux: `TCE_PCI_SWINV_FREE`).
    pub const FREE: Swinv = Swinv(4);
    /// The kill register takes pairs of entries (Linux: `TCE_PCI_SWINV_PAIR`).
    pub const PAIR: Swinv = Swinv(8);
    /// When created and when freed: what a caching bridge needs.
    pub const BOTH: Swinv = Swinv(2 | 4);

    /// [`BOTH`](Self::BOTH), with a kill register that takes pairs.
    pub const ALL: Swinv = Swinv(2 | 4 | 8);

    /// The flags as Linux numbers them.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// True when all of `flags` are set.
    pub const fn has(self, flags: Swinv) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The set operation invalidates: only with [`CREATE`](Self::CREATE).
    pub const fn on_set(self) -> bool {
        self.has(Swinv::CREATE)
    }

    /// The clear operation invalidates: only with [`FREE`](Self::FREE).
    pub const fn on_clear(self) -> bool {
        self.has(Swinv::FREE)
    }

    /// The exchange operation invalidates: with either, for it may be both at once.
    pub const fn on_exchange(self) -> bool {
        self.on_set() || self.on_clear()
    }
}

impl BitOr for Swinv {
    type Output = Swinv;
    fn bitor(self, more: Swinv) -> Swinv {
        Swinv(self.0 | more.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // papr-tce 4.2, "Path" and "Condition".
    #[test]
    fn set_clear_and_exchange_invalidate_by_their_flags() {
        for (flags, set, clear, exchange) in [
            (Swinv::NONE, false, false, false),
            (Swinv::PAIR, false, false, false),
            (Swinv::CREATE, true, false, true),
            (Swinv::FREE, false, true, true),
            (Swinv::BOTH, true, true, true),
        ] {
            let asked = (flags.on_set(), flags.on_clear(), flags.on_exchange());
            assert_eq!(asked, (set, clear, exchange), "{flags:?}");
        }
        assert_eq!(Swinv::BOTH | Swinv::PAIR, Swinv::ALL);
        assert_eq!(Swinv::ALL.bits(), 14);
    }
}
