// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of a virtual processor's areas as plain values, for a snapshot. The contents of the areas are in RAM.

use super::{Areas, LOG_ENTRY, Log, SLB_SHADOW_MIN, State, VPA_MIN, in_memory, whole};
use crate::calls::vpa::CACHE_LINE;
use crate::words::status::Status;
use iommu::Gpa;
use ram::GuestMemory as Memory;

/// The saved state of [`Areas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedAreas {
    /// The dispatch count.
    pub dispatches: u32,
    /// Ticks of the timebase that were stolen until the last dispatch.
    pub stolen: u64,
    /// The physical processor of the last dispatch.
    pub processor: u16,
    /// The address of the VPA, if it is registered.
    pub vpa: Option<Gpa>,
    /// The address of the SLB shadow buffer, if it is registered.
    pub slb_shadow: Option<Gpa>,
    /// The address and the number of entries of the dispatch trace log, if it is registered.
    pub log: Option<(Gpa, u64)>,
}

impl Areas {
    /// The state as it is now.
    pub fn save(&self) -> SavedAreas {
        let State { dispatches, stolen, processor, vpa, slb_shadow, log } = *self.state();
        let [vpa, slb_shadow] = [vpa, slb_shadow].map(|area| area.map(|area| Gpa(area.0)));
        let log = log.map(|log| (Gpa(log.start.0), log.entries));
        SavedAreas { dispatches, stolen, processor, vpa, slb_shadow, log }
    }

    /// Replaces the state. The areas pass the checks of their registration, except that a length field may have
    /// changed since: of an area without a fixed length, the smallest one counts. Nothing is written to RAM.
    ///
    /// Errors: [`Status::Parameter`] for an area that cannot be registered, [`Status::Resource`] when the VPA is
    /// missing; nothing was changed.
    pub fn load(&self, memory: &Memory, saved: &SavedAreas) -> Result<(), Status> {
        let fixed = |area: Option<Gpa>, min| {
            area.map(|area| whole(memory, aligned(area)?, min, min)).transpose()
        };
        let SavedAreas { dispatches, stolen, processor, .. } = *saved;
        let vpa = fixed(saved.vpa, VPA_MIN)?;
        let slb_shadow = fixed(saved.slb_shadow, SLB_SHADOW_MIN)?;
        let log = saved.log.map(|(area, entries)| loaded_log(memory, area, entries)).transpose()?;
        if vpa.is_none() && (slb_shadow.is_some() || log.is_some()) {
            return Err(Status::Resource);
        }
        *self.state() = State { dispatches, stolen, processor, vpa, slb_shadow, log };
        Ok(())
    }
}

fn aligned(area: Gpa) -> Result<Gpa, Status> {
    let good = area.0 != 0 && area.0.is_multiple_of(CACHE_LINE);
    if good { Ok(area) } else { Err(Status::Parameter) }
}

/// A log whose length in bytes fits the length field of an area.
fn loaded_log(memory: &Memory, area: Gpa, entries: u64) -> Result<Log, Status> {
    let fits = (1..=u64::from(u32::MAX) / LOG_ENTRY).contains(&entries);
    let size = fits.then(|| entries * LOG_ENTRY).ok_or(Status::Parameter)?;
    let start = in_memory(memory, aligned(area)?, size).ok_or(Status::Parameter)?;
    Ok(Log { start, entries })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_memory::GuestAddress;

    const RAM: u64 = 1 << 20;
    const SAVED: SavedAreas = SavedAreas {
        dispatches: 7,
        stolen: 5,
        processor: 3,
        vpa: Some(Gpa(0x1000)),
        slb_shadow: Some(Gpa(0x2000)),
        log: Some((Gpa(0x3000), 85)),
    };

    fn memory() -> Memory {
        Memory::from_ranges(&[(GuestAddress(0), RAM as usize)]).unwrap()
    }

    #[test]
    fn loaded_areas_are_saved_as_they_were() {
        let (areas, memory) = (Areas::default(), memory());
        areas.load(&memory, &SAVED).unwrap();
        assert_eq!(areas.save(), SAVED);
        let unregistered = Areas::default().save();
        areas.load(&memory, &unregistered).unwrap();
        assert_eq!(areas.save(), unregistered);
    }

    // LoPAR 2.9, H_REGISTER_VPA: an area is aligned, in memory, and (but for the log) inside one page.
    #[test]
    fn an_area_that_cannot_be_registered_is_refused_and_nothing_changes() {
        let (areas, memory) = (Areas::default(), memory());
        let before = areas.save();
        let parameter = [
            SavedAreas { vpa: Some(Gpa(0)), ..SAVED },
            SavedAreas { vpa: Some(Gpa(0x1040)), ..SAVED },
            SavedAreas { vpa: Some(Gpa(0x1e00)), ..SAVED },
            SavedAreas { vpa: Some(Gpa(RAM)), ..SAVED },
            SavedAreas { vpa: Some(Gpa(u64::MAX - 127)), ..SAVED },
            SavedAreas { slb_shadow: Some(Gpa(RAM)), ..SAVED },
            SavedAreas { log: Some((Gpa(0x3000), 0)), ..SAVED },
            SavedAreas { log: Some((Gpa(0x3000), u64::MAX)), ..SAVED },
            SavedAreas { log: Some((Gpa(RAM - 128), 3)), ..SAVED },
        ];
        for saved in parameter {
            assert_eq!(areas.load(&memory, &saved), Err(Status::Parameter), "{saved:?}");
        }
        for saved in [
            SavedAreas { vpa: None, log: None, ..SAVED },
            SavedAreas { vpa: None, slb_shadow: None, ..SAVED },
        ] {
            assert_eq!(areas.load(&memory, &saved), Err(Status::Resource), "{saved:?}");
        }
        assert_eq!(areas.save(), before);
    }
}
