// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The subject of a call: its list, its RTAS call, and the entries that it replaces.

use hcall::Regs;
use hcall::tokens::{H_PUT_TCE_INDIRECT, H_RTAS};
use machine::watcher::Guest;

use super::made::{self, Entries};
use super::rtas::Rtas;

/// The subject of a call, besides its registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    /// The entries of the call's list, before the call.
    pub(crate) list: Option<Vec<u64>>,
    /// The entries that the call replaces or clears, before the call.
    pub(crate) displaced: Vec<u64>,
    /// The RTAS call, with its outputs once it is made.
    pub(crate) rtas: Option<Rtas>,
    /// True when the guest rewrote the list or the RTAS call during the call.
    pub(crate) raced: bool,
}

impl Detail {
    pub(super) fn before(asked: &Regs, guest: Guest<'_>) -> Detail {
        let written = Entries::of(asked, guest.container);
        Detail {
            displaced: written.map_or(Vec::new(), |entries| entries.load(guest.container)),
            ..Detail::of(asked, guest)
        }
    }

    fn of(asked: &Regs, guest: Guest<'_>) -> Detail {
        let list = || made::list(asked, guest.memory);
        let rtas = || Rtas::read(asked[1], guest.memory);
        Detail {
            list: (asked[0] == H_PUT_TCE_INDIRECT).then(list).flatten(),
            rtas: (asked[0] == H_RTAS).then(rtas).flatten(),
            ..Detail::default()
        }
    }

    pub(super) fn after(self, asked: &Regs, guest: Guest<'_>) -> Detail {
        let after = Detail::of(asked, guest);
        let same = match (&self.rtas, &after.rtas) {
            (Some(before), Some(after)) => before.asks_the_same(after),
            (before, after) => before.is_none() && after.is_none(),
        };
        Detail { raced: !same || self.list != after.list, rtas: after.rtas, ..self }
    }
}
