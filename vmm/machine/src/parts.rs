// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The parts of a machine that have state, each of which can be reset. `Machine::parts` is the list.

use std::ops::Range;

use hcall::{Areas, Memory};
use iommu::Agent;
use vm_memory::{Bytes, GuestAddress};

use crate::boot::BootError;
use crate::control::Control;
use crate::devices::Devices;
use crate::dirty;
use crate::dma::Dma;
use crate::nvram::Nvram;
use crate::section::{LoadError, Reader, Saved, Writer};
use crate::vcpu::Vcpu;
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::watcher::Watcher;
use crate::xics::Xics;

/// The bytes of a page of saved RAM.
const PAGE: usize = 4096;

/// A part of a machine that has state.
pub trait Part {
    /// Resets the part to its state at the start of the machine. No vCPU runs meanwhile.
    fn reset(&mut self) -> Result<(), BootError>;
}

/// The DMA windows with the agents of all vCPUs.
pub(crate) struct Windows<'a> {
    pub(crate) dma: &'a Dma,
    pub(crate) agents: Vec<&'a mut Agent>,
}

impl Part for Windows<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        let Dma { container, phb, .. } = self.dma;
        if let Some(first) = self.agents.first_mut() {
            container.clear(first);
            phb.reset(container, first)?;
        }
        self.agents.iter_mut().for_each(|agent| agent.refresh());
        Ok(())
    }
}

/// Guest RAM. Its reset zeroes the pages that were written since they were loaded.
pub(crate) struct Ram<'a>(pub(crate) &'a Memory);

impl Part for Ram<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        Ok(dirty::zero(self.0)?)
    }
}

/// The section has the pages that are not zero.
impl Saved for Ram<'_> {
    const NAME: &'static str = "ram";

    fn save(&self, to: &mut Writer<'_>) {
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
        self.0.iter_mut().for_each(|vcpu| vcpu.reset());
        Ok(())
    }
}

impl Part for &mut [Areas] {
    fn reset(&mut self) -> Result<(), BootError> {
        self.fill_with(Areas::default);
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
}

impl Part for &Devices {
    fn reset(&mut self) -> Result<(), BootError> {
        self.bus.reset();
        Ok(())
    }
}

impl Part for &Nvram {
    fn reset(&mut self) -> Result<(), BootError> {
        self.start();
        Ok(())
    }
}

impl Part for &Xics {
    fn reset(&mut self) -> Result<(), BootError> {
        Xics::reset(self);
        Ok(())
    }
}

impl Part for &Vty {
    fn reset(&mut self) -> Result<(), BootError> {
        Vty::reset(self);
        Ok(())
    }
}

/// The reset leaves the clock alone, so a time that the guest set holds after a reboot.
impl Part for &WallClock {
    fn reset(&mut self) -> Result<(), BootError> {
        Ok(())
    }
}

impl Part for &Control {
    fn reset(&mut self) -> Result<(), BootError> {
        Control::reset(self);
        Ok(())
    }
}
