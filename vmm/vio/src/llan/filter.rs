// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The frames that an adapter receives.

use hcall::Status;
use hcall::vio::{FilterChange, Mac, Multicast, Reply};
use saved::{LoadError, Reader, Writer};

/// The most addresses in the filter table; `ibm,mac-address-filters` reports it.
pub const FILTERS: usize = 64;

/// The address filter (LoPAR 2.9, H_MULTICAST_CTRL). Multicast frames are received when that is enabled. With
/// filtering enabled their address must also be in the table.
#[derive(Debug, Default)]
pub struct Filter {
    receive: bool,
    filter: bool,
    table: Vec<Mac>,
}

impl Filter {
    /// True if an adapter with the address `own` receives a frame to `to`.
    pub fn accepts(&self, to: Mac, own: Mac) -> bool {
        let group = to[0] & 1 != 0;
        match group {
            _ if to == [0xff; 6] => true,
            false => to == own,
            true => self.receive && (!self.filter || self.table.contains(&to)),
        }
    }

    /// Changes the filter. The answer has the enables in bits 46 and 47 and the number of filters in bits 48
    /// to 63. The enables change even when the change of the table fails.
    pub fn change(&mut self, enables: Multicast, change: FilterChange) -> Reply {
        self.receive = enables.receive.unwrap_or(self.receive);
        self.filter = enables.filter.unwrap_or(self.filter);
        let status = self.change_table(change);
        let value =
            u64::from(self.receive) << 17 | u64::from(self.filter) << 16 | self.table.len() as u64;
        Reply { value, status }
    }

    /// Writes the filter.
    pub fn save(&self, to: &mut Writer<'_>) {
        to.bool(self.receive);
        to.bool(self.filter);
        to.u8(self.table.len() as u8); // at most `FILTERS`
        self.table.iter().for_each(|mac| to.raw(mac));
    }

    /// Reads a filter. Errors: also a table that is too long or has an address twice.
    pub fn load(from: &mut Reader<'_>) -> Result<Filter, LoadError> {
        let mut loaded = Filter { receive: from.bool()?, filter: from.bool()?, table: Vec::new() };
        for len in 1..=usize::from(from.u8()?) {
            let added = loaded.change_table(FilterChange::Add(from.array()?));
            LoadError::unless(added == Status::Success && loaded.table.len() == len)?;
        }
        Ok(loaded)
    }

    fn change_table(&mut self, change: FilterChange) -> Status {
        match change {
            FilterChange::Keep => {}
            FilterChange::Clear => self.table.clear(),
            FilterChange::Add(mac) if self.table.contains(&mac) => {}
            FilterChange::Add(_) if self.table.len() >= FILTERS => return Status::Constrained,
            FilterChange::Add(mac) => self.table.push(mac),
            FilterChange::Remove(mac) => match self.table.iter().position(|&known| known == mac) {
                Some(at) => _ = self.table.swap_remove(at),
                None => return Status::NotFound,
            },
        }
        Status::Success
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Mac = [2, 0, 0, 0, 0, 1];
    const GROUP: Mac = [1, 0, 0x5e, 0, 0, 1];
    const NONE: Multicast = Multicast { receive: None, filter: None };

    fn set(receive: bool, filter: bool) -> Multicast {
        Multicast { receive: Some(receive), filter: Some(filter) }
    }

    #[test]
    fn broadcast_and_its_own_address_always_arrive() {
        let filter = Filter::default();
        assert!(filter.accepts(OWN, OWN));
        assert!(filter.accepts([0xff; 6], OWN));
        assert!(!filter.accepts([2, 0, 0, 0, 0, 2], OWN));
        assert!(!filter.accepts(GROUP, OWN));
    }

    // LoPAR 2.9, H_MULTICAST_CTRL, the algorithm in H_SEND_LOGICAL_LAN.
    #[test]
    fn multicast_arrives_as_enabled_and_filtered() {
        let mut filter = Filter::default();
        assert_eq!(filter.change(set(true, false), FilterChange::Keep).value, 2 << 16);
        assert!(filter.accepts(GROUP, OWN));
        assert_eq!(filter.change(set(true, true), FilterChange::Keep).value, 3 << 16);
        assert!(!filter.accepts(GROUP, OWN));
        assert_eq!(filter.change(NONE, FilterChange::Add(GROUP)).value, 3 << 16 | 1);
        assert!(filter.accepts(GROUP, OWN));
    }

    #[test]
    fn the_table_has_an_end_and_no_duplicates() {
        let mut filter = Filter::default();
        for n in 0..FILTERS {
            let outcome = filter.change(NONE, FilterChange::Add([1, 0, 0, 0, 0, n as u8]));
            assert_eq!((outcome.value, outcome.status), (n as u64 + 1, Status::Success));
        }
        let again = filter.change(NONE, FilterChange::Add([1, 0, 0, 0, 0, 0]));
        assert_eq!((again.value, again.status), (FILTERS as u64, Status::Success));
        let more = filter.change(NONE, FilterChange::Add(GROUP));
        assert_eq!((more.value, more.status), (FILTERS as u64, Status::Constrained));
        let other = filter.change(NONE, FilterChange::Remove(GROUP));
        assert_eq!((other.value, other.status), (FILTERS as u64, Status::NotFound));
        let one = filter.change(NONE, FilterChange::Remove([1, 0, 0, 0, 0, 0]));
        assert_eq!((one.value, one.status), (FILTERS as u64 - 1, Status::Success));
        assert_eq!(filter.change(NONE, FilterChange::Clear).value, 0);
    }
}
