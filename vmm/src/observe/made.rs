// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A hypercall that was made, as those who observe see it.

use std::time::{Duration, Instant};

use hcall::{Call, Hcall, Memory, Regs, Tier, rtas_tokens, tokens::H_RTAS};
use iommu::{Container, GuestEntry, Ioba, LIST_ENTRIES, Liobn, Window};
use vm_memory::{Be32, Bytes, GuestAddress};

/// The name under which calls with a token that PAPR does not know are counted together.
const UNKNOWN: &str = "unknown";

/// The call with all that is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// The number of the vCPU.
    pub server: u32,
    /// r3 to r12 as the guest set them.
    pub asked: &'a Regs,
    /// r3 to r12 as they were answered.
    pub answered: &'a Regs,
    /// What was called, and the status.
    pub call: &'a Call,
    /// The tier that answered, if the call has tiers and they are looked at.
    pub tier: Option<Tier>,
    /// When it began.
    pub start: Instant,
    /// What it took.
    pub time: Duration,
    /// How much of that the vCPU waited.
    pub idle: Duration,
}

impl Made<'_> {
    /// Its name, of which there are no more than PAPR has.
    pub fn name(&self) -> &'static str {
        let row = self.call.hcall.map(|row| row.name);
        row.or_else(|| hcall::token_name(self.asked[0])).unwrap_or(UNKNOWN)
    }

    /// The service that an H_RTAS asked for.
    pub(crate) fn rtas(&self, memory: &Memory) -> Option<&'static str> {
        (self.asked[0] == H_RTAS).then(|| rtas_name(self.asked[1], memory))?
    }
}

/// The name of the RTAS service that a parameter block asks for.
pub(crate) fn rtas_name(block: u64, memory: &Memory) -> Option<&'static str> {
    let token = memory.read_obj::<Be32>(GuestAddress(block)).ok()?.to_native();
    rtas_tokens().find(|(_, known)| *known == token).map(|(name, _)| name)
}

/// The value of a named argument.
fn arg(row: &Hcall, asked: &Regs, name: &str) -> Option<u64> {
    let at = row.args.iter().position(|arg| *arg == name)?;
    Some(asked[at + 1])
}

/// True for a call on an entry of a DMA window.
pub(crate) fn is_tce(row: &Hcall) -> bool {
    row.set.is_some_and(|set| set.ends_with("-tce"))
}

/// Entries that a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entries {
    pub(crate) window: Window,
    pub(crate) first: GuestEntry,
    pub(crate) count: u64,
}

impl Entries {
    /// Those that a TCE call writes; nothing when they are in no window or more than a call may write.
    pub(crate) fn of(asked: &Regs, container: &Container) -> Option<Entries> {
        let row = hcall::find(asked[0]).filter(|row| is_tce(row) && row.returns.is_empty())?;
        let liobn = u32::try_from(arg(row, asked, "liobn")?).ok()?;
        let window = *container.window(Liobn(liobn)).ok()?.window();
        let count = arg(row, asked, "count").unwrap_or(1);
        let first = window.range(Ioba(arg(row, asked, "ioba")?), count).ok()?;
        (count <= LIST_ENTRIES as u64).then_some(Entries { window, first, count })
    }
}
