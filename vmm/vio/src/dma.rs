// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The one path from a device to guest memory: through the TCEs of its window.
//!
//! The machine chooses where the translations come from. Without a platform the device walks the guest's
//! *view*, as the VMM's own devices do under KVM. With a platform the device is behind the bridge model of
//! that platform: it uses the *hardware table*, through the bridge's cache. A missing kill then has the
//! effect that it has on hardware, and the detector sees each use.
//!
//! On both paths each page of an access is translated separately, and its permissions are checked there. A
//! write marks the memory's dirty bitmap itself.

mod ring;

pub use ring::RingMemory;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hcall::{Memory, Status};
use iommu::bridge::{Device, DmaFault, Ram, update};
use iommu::{Direction, Frames, Gpa, Ioba, View, Window};
use vm_memory::{Bytes, GuestAddress};

use crate::fault::Fault;
use crate::observe::{DmaAccess, Observed, Observer};
use crate::pe::PePath;

/// The most kinds of faults that are kept with their addresses; others are only counted.
const KEPT: usize = 16;

/// The bytes moved by the ports of one device, and their faults.
#[derive(Debug, Default)]
pub struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
    faults: AtomicU64,
    kinds: Mutex<Vec<(Fault, u64)>>,
    pub(crate) observed: Observed,
}

impl Traffic {
    /// Bytes that the device read and wrote.
    pub fn bytes(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.written.load(Ordering::Relaxed))
    }

    /// Reports every access to this observer from now on. Once only.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.observed.by(observer);
    }

    /// The number of faults.
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// The first kinds of faults, and the number of times that each happened.
    pub fn kinds(&self) -> Vec<(Fault, u64)> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[cold]
    fn record(&self, fault: Fault) {
        self.faults.fetch_add(1, Ordering::Relaxed);
        log::debug!("DMA {fault}");
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = kinds.iter_mut().find(|(known, _)| *known == fault) {
            *count += 1;
        } else if kinds.len() < KEPT {
            kinds.push((fault, 1));
        }
    }
}

/// A gate by which one thread ends another thread's access to memory.
///
/// A port behind a gate is admitted to one epoch. Once the gate is at another epoch, each access of the port
/// fails before it begins. Changing the epoch waits for the access under way, which only moves bytes within
/// this process. It does not wait for the thread, which may wait for a disk.
#[derive(Debug, Default)]
pub struct Gate(Mutex<u64>);

impl Gate {
    /// Begins another epoch.
    pub fn begin(&self, epoch: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
    }

    /// The lock for the duration of an access, or `None` when the epoch is over.
    fn pass(&self, epoch: u64) -> Option<MutexGuard<'_, u64>> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (*current == epoch).then_some(current)
    }
}

/// The source of translations.
enum Path {
    /// The values that the guest wrote.
    View(Arc<View>),
    /// The hardware table behind a bridge.
    Bridge(Device),
    /// The views of a PE's windows.
    Views,
}

/// A thread's access to the memory behind a device's window.
pub struct Port {
    name: &'static str,
    path: Path,
    /// The window; of a PE's port, the window of the last access that was in one.
    window: Window,
    frames: Arc<Frames>,
    memory: Arc<Memory>,
    traffic: Arc<Traffic>,
    /// The gate in front of the port, and the epoch to which the port is admitted.
    gate: Option<(Arc<Gate>, u64)>,
    /// The bridge's part of the way, for the port of a PCI function.
    pe: Option<PePath>,
}

impl Port {
    pub(crate) fn view(
        name: &'static str,
        view: Arc<View>,
        window: Window,
        frames: Arc<Frames>,
        memory: Arc<Memory>,
        traffic: Arc<Traffic>,
    ) -> Port {
        let path = Path::View(view);
        Port { name, path, window, frames, memory, traffic, gate: None, pe: None }
    }

    pub(crate) fn bridge(
        name: &'static str,
        device: Device,
        window: Window,
        frames: Arc<Frames>,
        memory: Arc<Memory>,
        traffic: Arc<Traffic>,
    ) -> Port {
        let path = Path::Bridge(device);
        Port { name, path, window, frames, memory, traffic, gate: None, pe: None }
    }

    /// A port of a PCI function: each access goes through the window of its PE that has the bus address. `device` is the
    /// PE's device behind the bridge; without one the port walks the views. `window` is the one that reports name before the
    /// first access.
    pub fn of_pe(
        name: &'static str,
        pe: PePath,
        device: Option<Device>,
        window: Window,
        host: (Arc<Frames>, Arc<Memory>),
        traffic: Arc<Traffic>,
    ) -> Port {
        let path = device.map_or(Path::Views, Path::Bridge);
        let (frames, memory) = host;
        Port { name, path, window, frames, memory, traffic, gate: None, pe: Some(pe) }
    }

    /// Asks the bridge whether it passes an access on, and finds the window that reports of the access name.
    #[inline]
    fn enter(&mut self, at: Ioba) -> Result<(), DmaFault> {
        let Some(pe) = &self.pe else { return Ok(()) };
        if !self.window.contains(at)
            && let Some(window) = pe.window(at)
        {
            self.window = window;
        }
        if pe.passes() { Ok(()) } else { Err(DmaFault::Dropped(at)) }
    }

    /// Puts the port behind a gate.
    pub fn behind(self, gate: Arc<Gate>) -> Port {
        Port { gate: Some((gate, 0)), ..self }
    }

    /// Admits a port that is behind a gate to this epoch.
    pub fn admit(&mut self, epoch: u64) {
        if let Some((_, admitted)) = &mut self.gate {
            *admitted = epoch;
        }
    }

    /// The fault of an access after the end of its epoch. It is not counted, because the guest did not cause
    /// it.
    #[cold]
    fn shut(&self, ioba: Ioba, write: bool) -> Fault {
        Fault { liobn: self.window.liobn(), ioba, write, why: DmaFault::NoWindow(ioba) }
    }

    /// Reads guest memory. On a fault, which is counted, part of `to` may have been filled.
    pub fn read(&mut self, from: Ioba, to: &mut [u8]) -> Result<(), Fault> {
        let (start, len) = (self.traffic.observed.now(), to.len() as u64);
        if let Err(why) = self.enter(from) {
            return self.ended(start, from, len, false, Err(why));
        }
        let Some(passed) = pass(&self.gate) else { return Err(self.shut(from, false)) };
        let done = match &mut self.path {
            Path::Bridge(device) => {
                let ram = Ram { frames: &self.frames, memory: &*self.memory };
                device.read(&ram, from, to)
            }
            Path::Views => {
                walk_pe(&self.pe, from, len, Direction::ToDevice, &mut |at, gpa, len| {
                    self.memory.read_slice(&mut to[at..at + len], GuestAddress(gpa.0)).is_ok()
                })
            }
            Path::View(view) => {
                let memory = &self.memory;
                let mut each = |at: usize, gpa: Gpa, len: usize| {
                    memory.read_slice(&mut to[at..at + len], GuestAddress(gpa.0)).is_ok()
                };
                walk(view, &self.window, from, len, Direction::ToDevice, &mut each)
            }
        };
        drop(passed);
        self.ended(start, from, len, false, done)
    }

    /// Writes guest memory. On a fault, which is counted, part may have been written.
    ///
    /// Up to 8 bytes that are aligned to their size are stored at once.
    pub fn write(&mut self, to: Ioba, from: &[u8]) -> Result<(), Fault> {
        let (start, len) = (self.traffic.observed.now(), from.len() as u64);
        if let Err(why) = self.enter(to) {
            return self.ended(start, to, len, true, Err(why));
        }
        let Some(passed) = pass(&self.gate) else { return Err(self.shut(to, true)) };
        let done = match &mut self.path {
            Path::Bridge(device) => {
                let ram = Ram { frames: &self.frames, memory: &*self.memory };
                device.write(&ram, to, from)
            }
            Path::Views => {
                walk_pe(&self.pe, to, len, Direction::FromDevice, &mut |at, gpa, len| {
                    self.memory.write_slice(&from[at..at + len], GuestAddress(gpa.0)).is_ok()
                })
            }
            Path::View(view) => {
                let memory = &self.memory;
                let mut each = |at: usize, gpa: Gpa, len: usize| {
                    memory.write_slice(&from[at..at + len], GuestAddress(gpa.0)).is_ok()
                };
                walk(view, &self.window, to, len, Direction::FromDevice, &mut each)
            }
        };
        drop(passed);
        self.ended(start, to, len, true, done)
    }

    /// Changes 4 or 8 bytes of guest memory, aligned to their number, by one atomic operation, as a little-endian number (PCIe:
    /// AtomicOp). Returns the number before. A fault is counted as that of a write.
    pub fn update(
        &mut self,
        at: Ioba,
        bytes: usize,
        change: &dyn Fn(u64) -> u64,
    ) -> Result<u64, Fault> {
        let (start, len) = (self.traffic.observed.now(), bytes as u64);
        let mut before = 0;
        let done = match self.enter(at) {
            Err(why) => Err(why),
            Ok(()) => {
                let Some(_passed) = pass(&self.gate) else { return Err(self.shut(at, true)) };
                let memory = &self.memory;
                let mut each = |_, gpa: Gpa, len| {
                    let old = update(&**memory, GuestAddress(gpa.0), len, change);
                    before = old.unwrap_or(0);
                    old.is_some()
                };
                let both = Direction::Bidirectional;
                match &mut self.path {
                    Path::View(view) => walk(view, &self.window, at, len, both, &mut each),
                    Path::Views => walk_pe(&self.pe, at, len, both, &mut each),
                    Path::Bridge(device) => {
                        let ram = Ram { frames: &self.frames, memory: &*self.memory };
                        device.update(&ram, at, bytes, change).map(|old| before = old)
                    }
                }
            }
        };
        self.ended(start, at, len, true, done).map(|()| before)
    }

    /// Checks that all of `len` bytes could be accessed now, without an access. Nothing is counted, because
    /// this is the check of an argument. Bytes beyond 2^64 are in no window.
    pub fn check(&mut self, at: Ioba, len: u64, access: Direction) -> Result<(), DmaFault> {
        match &mut self.path {
            Path::View(view) => walk(view, &self.window, at, len, access, &mut |_, _, _| true),
            Path::Views => walk_pe(&self.pe, at, len, access, &mut |_, _, _| true),
            Path::Bridge(device) => {
                at.0.checked_add(len).ok_or(DmaFault::NoWindow(at))?;
                let mut done = 0;
                while done < len {
                    let left = usize::try_from(len - done).unwrap_or(usize::MAX);
                    done += device.translate(Ioba(at.0 + done), left, access)?.len as u64;
                }
                Ok(())
            }
        }
    }

    /// [`check`](Self::check) for an argument: H_PARAMETER unless all of it can be accessed.
    pub(crate) fn whole(&mut self, at: Ioba, len: u64, access: Direction) -> Result<(), Status> {
        self.check(at, len, access).map_err(|_| Status::Parameter)
    }

    /// [`whole`](Self::whole) for `len` bytes that are aligned to their length and that the device reads and
    /// writes.
    pub(crate) fn page(&mut self, at: Ioba, len: u64) -> Result<(), Status> {
        if at.0.is_multiple_of(len) {
            self.whole(at, len, Direction::Bidirectional)
        } else {
            Err(Status::Parameter)
        }
    }

    /// Counts an access and reports it to the observer.
    fn ended(
        &self,
        start: Option<Instant>,
        ioba: Ioba,
        len: u64,
        write: bool,
        done: Result<(), DmaFault>,
    ) -> Result<(), Fault> {
        let done = done.map_err(|why| self.fault(ioba, write, why));
        if done.is_ok() {
            let moved = if write { &self.traffic.written } else { &self.traffic.read };
            moved.fetch_add(len, Ordering::Relaxed);
        }
        if let (Some(observer), Some(start)) = (self.traffic.observed.get(), start) {
            let (window, port, time) = (self.window, self.name, start.elapsed());
            let fault = done.err();
            observer.accessed(&DmaAccess { window, port, ioba, len, write, start, time, fault });
        }
        done
    }

    #[cold]
    fn fault(&self, at: Ioba, write: bool, why: DmaFault) -> Fault {
        let ioba = match why {
            DmaFault::NoWindow(ioba) | DmaFault::NotMapped(ioba) => ioba,
            DmaFault::NotAllowed { ioba, .. } => ioba,
            DmaFault::NoMemory(_) | DmaFault::Dropped(_) => at,
        };
        let fault = Fault { liobn: self.window.liobn(), ioba, write, why };
        self.traffic.record(fault);
        if let Some(pe) = &self.pe
            && !matches!(why, DmaFault::Dropped(_))
        {
            pe.faulted(&fault);
        }
        fault
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port").field("window", &self.window).finish_non_exhaustive()
    }
}

/// Passes the gate, if there is one. Returns the lock for the duration of the access, or `None` when the gate
/// is shut.
fn pass(gate: &Option<(Arc<Gate>, u64)>) -> Option<Option<MutexGuard<'_, u64>>> {
    match gate {
        None => Some(None),
        Some((gate, epoch)) => gate.pass(*epoch).map(Some),
    }
}

/// [`walk`] in the view of the PE's window that has the address.
fn walk_pe(
    pe: &Option<PePath>,
    at: Ioba,
    len: u64,
    access: Direction,
    each: &mut dyn FnMut(usize, Gpa, usize) -> bool,
) -> Result<(), DmaFault> {
    let Some(pe) = pe else { return Err(DmaFault::NoWindow(at)) };
    pe.with(at, |table| match table {
        Some(table) => walk(table.view(), table.window(), at, len, access, each),
        None => Err(DmaFault::NoWindow(at)),
    })
}

/// Walks over the pages of an access in the view. Calls `each` with the offset in the access, the guest
/// address, and the bytes in that page; `each` returns false where there is no memory.
fn walk(
    view: &View,
    window: &Window,
    at: Ioba,
    len: u64,
    access: Direction,
    each: &mut dyn FnMut(usize, Gpa, usize) -> bool,
) -> Result<(), DmaFault> {
    let low_bits = window.page_shift().low_bits();
    at.0.checked_add(len).ok_or(DmaFault::NoWindow(at))?;
    let mut done = 0;
    while done < len {
        let ioba = Ioba(at.0 + done);
        let offset = ioba.0 & low_bits;
        let entry = window.entry(Ioba(ioba.0 - offset)).map_err(|_| DmaFault::NoWindow(ioba))?;
        let tce = view.load(entry);
        if !tce.is_live() {
            return Err(DmaFault::NotMapped(ioba));
        }
        let allowed = tce.direction();
        if access.permissions() & !allowed.permissions() != 0 {
            return Err(DmaFault::NotAllowed { ioba, allowed });
        }
        let here = (low_bits + 1 - offset).min(len - done);
        let gpa = Gpa((tce.address() & !low_bits) + offset);
        // Both are at most the length of a slice.
        if !each(done as usize, gpa, here as usize) {
            return Err(DmaFault::NoMemory(iommu::Hpa(gpa.0)));
        }
        done += here;
    }
    Ok(())
}
