// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The saved state of the adapter: its address, filter and attributes, the interrupt's mode, and while it is open its
//! receive queue and its buffers.
//!
//! Frames that wait in the back end are not saved, as a network may lose frames. The adapter rests by taking none.

use iommu::Ioba;
use saved::{LoadError, Reader, Writer};

use super::super::buffers::{Pools, ReceiveQueue};
use super::super::filter::Filter;
use super::{FIXED, Llan, OPTIONS, Open, PAGE};
use crate::bus::Slot;
use crate::line::Mode;

impl Open {
    fn save(&self, to: &mut Writer<'_>) {
        to.u64(self.list.0);
        self.queue.save(to);
        self.pools.save(to);
        to.u64(self.dropped);
    }

    fn load(from: &mut Reader<'_>, slot: &Slot) -> Result<Open, LoadError> {
        let list = Ioba(from.u64()?);
        slot.holds(list, PAGE)?;
        LoadError::unless(list.0.is_multiple_of(PAGE))?;
        let queue = ReceiveQueue::load(from, slot)?;
        let pools = Pools::load(from, slot, queue.entries())?;
        Ok(Open { list, queue, pools, dropped: from.u64()? })
    }
}

impl Llan {
    pub(super) fn save_state(&self, to: &mut Writer<'_>) {
        let state = self.state();
        self.slot.line.mode().save(to);
        to.raw(&state.mac);
        state.filter.save(to);
        to.u64(state.attributes);
        to.option(state.open.as_ref(), |to, open| open.save(to));
    }

    pub(super) fn load_state(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let mode = Mode::load(from)?;
        let mac = from.array()?;
        let filter = Filter::load(from)?;
        let attributes = from.u64()?;
        LoadError::unless(attributes & !OPTIONS == FIXED)?;
        let open = from.option(|from| Open::load(from, &self.slot))?;
        let mut state = self.state();
        (state.mac, state.filter, state.attributes) = (mac, filter, attributes);
        (state.open, state.waiting) = (open, None);
        (state.resting, state.unsignalled) = (true, false);
        self.slot.line.set_mode(mode);
        Ok(())
    }
}
