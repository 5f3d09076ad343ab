// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A device's window as `vm-memory`'s [`GuestMemory`]: the memory behind an IOMMU, for code that reads rings in place.
//!
//! An access translates each page when it reaches the page, by the path of its [`Port`], and checks the page's permissions.
//! Behind a bridge, kills wait until the access ends. The slices are those of guest RAM, so a write marks the dirty
//! bitmap. The access is counted and observed when it ends, as one of [`Port::read`] is.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::Instant;

use hcall::Memory;
use iommu::bridge::DmaFault;
use iommu::{Direction, Gpa, Ioba, View, Window};
use vm_memory::bitmap::BS;
use vm_memory::guest_memory::GuestMemorySliceIterator;
use vm_memory::{
    GuestAddress, GuestMemory, GuestMemoryBackend, GuestMemoryError, Permissions, VolatileSlice,
};

use super::{Fault, Path, Port};

/// The window of a port as memory. One access is under way at a time: an access that begins within another is refused.
pub struct RingMemory {
    port: RefCell<Port>,
    memory: Arc<Memory>,
    busy: Cell<bool>,
    /// The first fault since [`take_fault`](Self::take_fault).
    fault: Cell<Option<Fault>>,
}

type Slice<'a> = VolatileSlice<'a, BS<'a, <Memory as GuestMemory>::Bitmap>>;

impl RingMemory {
    /// The memory behind this port.
    pub fn new(port: Port) -> RingMemory {
        let memory = port.memory.clone();
        RingMemory {
            port: RefCell::new(port),
            memory,
            busy: Cell::default(),
            fault: Cell::default(),
        }
    }

    /// The first fault since the last call. Code behind vm-memory's traits sees an error without the reason, or none.
    pub fn take_fault(&self) -> Option<Fault> {
        self.fault.take()
    }
}

impl fmt::Debug for RingMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingMemory").finish_non_exhaustive()
    }
}

impl GuestMemory for RingMemory {
    type PhysicalMemory = Memory;
    type Bitmap = <Memory as GuestMemory>::Bitmap;

    fn check_range(&self, addr: GuestAddress, count: usize, access: Permissions) -> bool {
        let checked = self.port.borrow_mut().check(Ioba(addr.0), count as u64, direction(access));
        checked.is_ok()
    }

    fn get_slices<'a>(
        &'a self,
        addr: GuestAddress,
        count: usize,
        access: Permissions,
    ) -> Result<impl GuestMemorySliceIterator<'a, BS<'a, Self::Bitmap>>, GuestMemoryError> {
        let wraps = addr.0.checked_add(count as u64).is_none();
        if wraps || self.busy.replace(true) {
            return Err(GuestMemoryError::InvalidGuestAddress(addr));
        }
        Ok(Slices::begin(self, Ioba(addr.0), count, direction(access)))
    }
}

fn direction(access: Permissions) -> Direction {
    match access {
        Permissions::No => Direction::None,
        Permissions::Read => Direction::ToDevice,
        Permissions::Write => Direction::FromDevice,
        Permissions::ReadWrite => Direction::Bidirectional,
    }
}

/// An access: its pages, one after the other.
struct Slices<'a> {
    of: &'a RingMemory,
    at: Ioba,
    len: usize,
    done: usize,
    access: Direction,
    start: Option<Instant>,
    fault: Option<DmaFault>,
}

impl<'a> Slices<'a> {
    fn begin(of: &'a RingMemory, at: Ioba, len: usize, access: Direction) -> Slices<'a> {
        let port = of.port.borrow();
        if let Path::Bridge(device) = &port.path {
            device.begin();
        }
        let start = port.traffic.observed.now();
        Slices { of, at, len, done: 0, access, start, fault: None }
    }

    fn page(&mut self) -> Result<Slice<'a>, DmaFault> {
        let (ioba, left) = (Ioba(self.at.0 + self.done as u64), self.len - self.done);
        let (gpa, len) = self.of.port.borrow_mut().locate(ioba, left, self.access)?;
        let here = GuestAddress(gpa.0);
        // A page may lie across the border of two regions.
        let first = GuestMemoryBackend::get_slices(&*self.of.memory, here, len).next();
        first.and_then(Result::ok).ok_or(DmaFault::NoMemory(iommu::Hpa(gpa.0)))
    }
}

impl<'a> Iterator for Slices<'a> {
    type Item = Result<Slice<'a>, GuestMemoryError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.done == self.len || self.fault.is_some() {
            return None;
        }
        match self.page() {
            Ok(slice) => {
                self.done += slice.len();
                Some(Ok(slice))
            }
            Err(why) => {
                self.fault = Some(why);
                Some(Err(GuestMemoryError::InvalidGuestAddress(GuestAddress(self.at.0))))
            }
        }
    }
}

impl FusedIterator for Slices<'_> {}
impl<'a> GuestMemorySliceIterator<'a, BS<'a, <Memory as GuestMemory>::Bitmap>> for Slices<'a> {}

impl Drop for Slices<'_> {
    fn drop(&mut self) {
        let port = self.of.port.borrow();
        if let Path::Bridge(device) = &port.path {
            device.end();
        }
        self.of.busy.set(false);
        let write = self.access == Direction::FromDevice;
        let done = self.fault.map_or(Ok(()), Err);
        let ended = port.ended(self.start, self.at, self.len as u64, write, done);
        if let (Err(fault), None) = (ended, self.of.fault.get()) {
            self.of.fault.set(Some(fault));
        }
    }
}

impl Port {
    /// The guest address of a bus address, and the bytes from there that are in the same page and in the access.
    fn locate(
        &mut self,
        at: Ioba,
        len: usize,
        access: Direction,
    ) -> Result<(Gpa, usize), DmaFault> {
        self.enter(at)?;
        match &mut self.path {
            Path::View(view) => in_view(view, &self.window, at, len, access),
            Path::Views => match &self.pe {
                Some(pe) => pe.with(at, |table| match table {
                    Some(table) => in_view(table.view(), table.window(), at, len, access),
                    None => Err(DmaFault::NoWindow(at)),
                }),
                None => Err(DmaFault::NoWindow(at)),
            },
            Path::Bridge(device) => {
                let to = device.locate(at, len, access)?;
                let gpa = self.frames.gpa(to.hpa).ok_or(DmaFault::NoMemory(to.hpa))?;
                Ok((gpa, to.len))
            }
        }
    }
}

fn in_view(
    view: &View,
    window: &Window,
    at: Ioba,
    len: usize,
    access: Direction,
) -> Result<(Gpa, usize), DmaFault> {
    let low_bits = window.page_shift().low_bits();
    let here = (low_bits - (at.0 & low_bits) + 1).min(len as u64);
    let mut found = Gpa(0);
    super::walk(view, window, at, here, access, &mut |_, gpa, _| {
        found = gpa;
        true
    })?;
    Ok((found, here as usize)) // at most `len`
}
