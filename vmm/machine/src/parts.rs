// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The parts of a machine that have state, each of which can be reset. `Machine::parts` is the list.

use std::ops::Range;
use std::time::Instant;

use hcall::{Areas, Memory, SavedAreas};
use iommu::Gpa;
use vm_memory::{Bytes, GuestAddress};

use crate::boot::BootError;
use crate::console::Console;
use crate::control::Control;
use crate::devices::{Devices, Functions};
use crate::dirty;
use crate::nvram::NvramStore;
use crate::section::{LoadError, Reader, Saved, Section, Writer};
use crate::vcpu::Vcpu;
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::watcher::Watcher;
use crate::xics::Xics;

/// The bytes of a page of saved RAM.
const PAGE: usize = 4096;
/// The most values of a saved vCPU, and the longest name of one. No vCPU reaches either.
const MOST_VALUES: u32 = 4096;
const MOST_NAME: usize = 255;

/// A part of a machine that has state.
pub trait Part {
    /// Resets the part to its state at the start of the machine. No vCPU runs meanwhile.
    fn reset(&mut self) -> Result<(), BootError>;

    /// The state that is saved, if the part has any.
    fn saved(&mut self) -> Option<&mut dyn Section>;
}

/// Guest RAM. Its reset zeroes the pages that were written since they were loaded.
pub(crate) struct Ram<'a>(pub(crate) &'a Memory);

impl Part for Ram<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        Ok(dirty::zero(self.0)?)
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

/// The section has the pages that are not zero.
impl Saved for Ram<'_> {
    const NAME: &'static str = "ram";

    fn save(&mut self, to: &mut Writer<'_>) {
        let pages = dirty::pages(self.0);
        to.u64(pages);
        let mut page = [0; PAGE];
        for number in 0..pages {
            let at = GuestAddress(number * PAGE as u64);
            // Every page is in RAM, so no read fails.
            if self.0.read_slice(&mut page, at).is_ok() && page != [0; PAGE] {
                to.option(Some(number), Writer::u64);
                to.raw(&page);
            }
        }
        to.option(None, Writer::u64);
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let pages = dirty::pages(self.0);
        if from.u64()? != pages {
            return Err(LoadError::Other("the size of its RAM"));
        }
        let mut page = [0; PAGE];
        let mut next = 0;
        while let Some(number) = from.option(Reader::u64)? {
            if number < next || number >= pages {
                return Err(LoadError::Damaged);
            }
            from.fill(&mut page)?;
            self.zero(next..number)?;
            self.write(number, &page)?;
            next = number + 1;
        }
        self.zero(next..pages)
    }
}

impl Ram<'_> {
    fn write(&self, number: u64, page: &[u8; PAGE]) -> Result<(), LoadError> {
        let at = GuestAddress(number * PAGE as u64);
        self.0.write_slice(page, at).map_err(|_| LoadError::Other("the size of its RAM"))
    }

    /// Zeroes pages. A page that is zero already is not written, because it may have no memory of the host yet.
    fn zero(&self, pages: Range<u64>) -> Result<(), LoadError> {
        let mut page = [0; PAGE];
        for number in pages {
            let read = self.0.read_slice(&mut page, GuestAddress(number * PAGE as u64));
            if read.is_ok() && page != [0; PAGE] {
                self.write(number, &[0; PAGE])?;
            }
        }
        Ok(())
    }
}

/// The vCPUs.
pub(crate) struct Vcpus<'a, V>(pub(crate) Vec<&'a mut V>);

impl<V: Vcpu> Part for Vcpus<'_, V> {
    fn reset(&mut self) -> Result<(), BootError> {
        self.0.iter_mut().try_for_each(|vcpu| {
            vcpu.state().ok_or(BootError::Vcpu)?.reset();
            Ok(())
        })
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

/// The section has the values of each vCPU by their names, all at one point in time.
impl<V: Vcpu> Saved for Vcpus<'_, V> {
    const NAME: &'static str = "vcpu";

    fn save(&mut self, to: &mut Writer<'_>) {
        let now = Instant::now();
        to.u32(self.0.len() as u32);
        for vcpu in &mut self.0 {
            let saved = vcpu.state().map(|state| state.save(now)).unwrap_or_default();
            to.u32(saved.iter().count() as u32); // a few hundred
            for (name, value) in saved.iter() {
                to.bytes(name.as_bytes());
                to.u128(value);
            }
        }
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        if from.u32()? as usize != self.0.len() {
            return Err(LoadError::Other("its number of CPUs"));
        }
        let saved: Vec<power::CpuValues> =
            self.0.iter().map(|_| values(from)).collect::<Result<_, _>>()?;
        let now = Instant::now();
        self.0
            .iter_mut()
            .zip(saved)
            .try_for_each(|(vcpu, saved)| match vcpu.state() {
                Some(state) => state.load(&saved, now).map_err(|why| why.into()),
                None => Err("the vCPU has no state that can be loaded".into()),
            })
            .map_err(|why| LoadError::Refused { part: "a vCPU", why })
    }
}

/// The values of a vCPU, in the order of their names.
fn values(from: &mut Reader<'_>) -> Result<power::CpuValues, LoadError> {
    let count = from.u32()?;
    if count > MOST_VALUES {
        return Err(LoadError::Damaged);
    }
    let mut values: Vec<(String, u128)> = Vec::new();
    for _ in 0..count {
        let name = from.bytes(MOST_NAME)?;
        let name = String::from_utf8(name).map_err(|_| LoadError::Damaged)?;
        if values.last().is_some_and(|(last, _)| *last >= name) {
            return Err(LoadError::Damaged);
        }
        values.push((name, from.u128()?));
    }
    Ok(values.into_iter().collect())
}

/// The processor areas of all vCPUs.
pub(crate) struct ProcessorAreas<'a> {
    pub(crate) areas: &'a mut [Areas],
    pub(crate) memory: &'a Memory,
}

impl Part for ProcessorAreas<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        self.areas.fill_with(Areas::default);
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

/// The section has the state of each vCPU's areas. Their contents are in RAM.
impl Saved for ProcessorAreas<'_> {
    const NAME: &'static str = "areas";

    fn save(&mut self, to: &mut Writer<'_>) {
        to.u32(self.areas.len() as u32); // one for each vCPU
        for areas in &*self.areas {
            let SavedAreas { dispatches, stolen, processor, vpa, slb_shadow, log } = areas.save();
            to.u32(dispatches);
            to.u64(stolen);
            to.u16(processor);
            to.option(vpa, |to, area| to.u64(area.0));
            to.option(slb_shadow, |to, area| to.u64(area.0));
            to.option(log, |to, (area, entries)| {
                to.u64(area.0);
                to.u64(entries);
            });
        }
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        if from.u32()? as usize != self.areas.len() {
            return Err(LoadError::Other("its number of CPUs"));
        }
        let gpa = |from: &mut Reader<'_>| from.u64().map(Gpa);
        for areas in &*self.areas {
            let saved = SavedAreas {
                dispatches: from.u32()?,
                stolen: from.u64()?,
                processor: from.u16()?,
                vpa: from.option(gpa)?,
                slb_shadow: from.option(gpa)?,
                log: from.option(|from| Ok((gpa(from)?, from.u64()?)))?,
            };
            areas.load(self.memory, &saved).map_err(|_| LoadError::Damaged)?;
        }
        Ok(())
    }
}

impl Part for Option<&dyn Watcher> {
    fn reset(&mut self) -> Result<(), BootError> {
        if let Some(watcher) = self {
            watcher.reset();
        }
        Ok(())
    }

    /// An observer has no state of the machine.
    fn saved(&mut self) -> Option<&mut dyn Section> {
        None
    }
}

impl Part for &Devices {
    fn reset(&mut self) -> Result<(), BootError> {
        self.bus.reset();
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

impl Part for Functions<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        self.0.reset();
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        (!self.0.is_empty()).then_some(self as _)
    }
}

impl Part for &NvramStore {
    fn reset(&mut self) -> Result<(), BootError> {
        self.start();
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

impl Part for &Xics {
    fn reset(&mut self) -> Result<(), BootError> {
        Xics::reset(self);
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

impl Part for &Vty {
    fn reset(&mut self) -> Result<(), BootError> {
        Vty::reset(self);
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

/// The reset leaves a verdict of the guest as it is.
impl Part for &mut Console {
    fn reset(&mut self) -> Result<(), BootError> {
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

/// The reset leaves the clock alone, so a time that the guest set holds after a reboot.
impl Part for &WallClock {
    fn reset(&mut self) -> Result<(), BootError> {
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

impl Part for &Control {
    fn reset(&mut self) -> Result<(), BootError> {
        Control::reset(self);
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}
