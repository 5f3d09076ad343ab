// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The entries, the list and the RTAS service of a hypercall.

use hcall::{Hcall, Memory, Regs, rtas_tokens, tokens::H_RTAS};
use iommu::{Container, GuestEntry, Ioba, LIST_ENTRIES, Liobn, Window};
use machine::watcher::Made;
use vm_memory::{Be32, Be64, Bytes, GuestAddress};

/// The service that an H_RTAS asked for.
pub(crate) fn rtas(made: &Made, memory: &Memory) -> Option<&'static str> {
    (made.asked[0] == H_RTAS).then(|| rtas_name(made.asked[1], memory))?
}

/// The name of the RTAS service that a parameter block asks for.
pub(crate) fn rtas_name(block: u64, memory: &Memory) -> Option<&'static str> {
    let token = memory.read_obj::<Be32>(GuestAddress(block)).ok()?.to_native();
    rtas_tokens().find(|(_, known)| *known == token).map(|(name, _)| name)
}

/// True for a call on an entry of a DMA window.
pub(crate) fn is_tce(row: &Hcall) -> bool {
    row.set.is_some_and(|set| set.ends_with("-tce"))
}

/// The entries of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entries {
    pub(crate) window: Window,
    pub(crate) first: GuestEntry,
    pub(crate) count: u64,
}

impl Entries {
    /// The entries that a TCE call writes; none when they are in no window, or more than a call may write.
    pub(crate) fn of(asked: &Regs, container: &Container) -> Option<Entries> {
        let row = hcall::find(asked[0]).filter(|row| is_tce(row) && row.returns.is_empty())?;
        let liobn = u32::try_from(row.arg(asked, "liobn")?).ok()?;
        let window = *container.window(Liobn(liobn)).ok()?.window();
        let count = row.arg(asked, "count").unwrap_or(1);
        let first = window.range(Ioba(row.arg(asked, "ioba")?), count).ok()?;
        (count <= LIST_ENTRIES as u64).then_some(Entries { window, first, count })
    }

    /// The entries as the guest's view has them; empty when the window is gone.
    pub(crate) fn load(&self, container: &Container) -> Vec<u64> {
        let Ok(table) = container.window(self.window.liobn()) else { return Vec::new() };
        let entries = self.first.0..self.first.0 + self.count;
        entries.map(|entry| table.view().load(GuestEntry(entry)).0).collect()
    }
}

/// The list of an H_PUT_TCE_INDIRECT; none when it is longer than a list may be, or not in memory.
pub(crate) fn list(asked: &Regs, memory: &Memory) -> Option<Vec<u64>> {
    let [_, _, _, list, count, ..] = *asked;
    let entry = |n| {
        let at = GuestAddress(list.checked_add(8 * n)?);
        memory.read_obj::<Be64>(at).ok().map(|tce| tce.to_native())
    };
    (count <= LIST_ENTRIES as u64).then(|| (0..count).map(entry).collect())?
}
