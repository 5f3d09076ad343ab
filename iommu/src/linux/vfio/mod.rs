// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The interface through which a process gives devices its memory: VFIO's container of sPAPR
//! windows, in both versions.
//!
//! Version 1 uses the window that the host had: the container takes ownership of the host's table,
//! [`enable`](TceContainer::enable) charges all of it to the process, and each map pins a page. In
//! version 2 memory is [registered](TceContainer::register_memory) first, which pins and charges it
//! once, and the container makes its [own windows](TceContainer::create_window).
//!
//! The container holds everything it took, and gives all of it back when it is dropped, with
//! entries live or not: pages, memory charged, windows, the host's tables (bug 25 of papr-tce
//! 6.1).
//!
//! Read [`process`] (what user memory is), [`params`] (arguments), [`map`], [`memory`],
//! [`windows`] (calls); [`group`] is what a container attaches.
//!
//! Linux: `drivers/vfio/vfio_iommu_spapr_tce.c`, as the exchange commit left it for version 1
//! and with the checks of 6.1.

pub mod group;
pub mod map;
pub mod memory;
pub mod params;
pub mod process;
pub mod windows;

pub use group::Group;
pub use params::{CreateWindow, DdwInfo, Info, MapDma, RegisterMemory, RemoveWindow, UnmapDma};
pub use process::{Mapping, Process};

use crate::bridge::WINDOWS;
use crate::frames::Frames;
use crate::guest::agent::Agent;
use crate::guest::container::retire;
use crate::linux::errno::Errno;
use crate::linux::memlock::HOST_PAGE;
use crate::table::IommuTable;
use crate::table::budget::Charge;
use crate::words::addr::{Hpa, Ioba, Ua};
use crate::words::window::PageShift;
use memory::{Registration, Registrations};
use params::Sized32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of the oldest form of `VFIO_IOMMU_SPAPR_TCE_GET_INFO`.
const INFO_MIN: u32 = 16;
/// Bytes of the form with dynamic windows.
const INFO_DDW: u32 = 32;

/// A VFIO container.
#[derive(Debug)]
pub struct TceContainer {
    version: u32,
    process: Arc<Process>,
    frames: Arc<Frames>,
    registrations: Arc<Registrations>,
    state: Mutex<State>,
}

/// The part that changes. The lock is held while windows and groups are changed and while a table is looked
/// up, not while entries are.
#[derive(Debug, Default)]
struct State {
    enabled: bool,
    /// Version 1: the whole window.
    charge: Option<Charge>,
    groups: Vec<Arc<Group>>,
    windows: [Option<Owned>; WINDOWS],
    /// Version 2: the window below 4 GiB is to be made at the first use.
    default_pending: bool,
    /// Version 2: the container knows its process (Linux: `tce_iommu_mm_set`).
    used: bool,
    registered: Vec<Arc<Registration>>,
}

/// A table of the container's.
#[derive(Debug)]
struct Owned {
    table: Arc<IommuTable>,
    _charge: Option<Charge>,
}

impl TceContainer {
    /// A container of version 1 for a process whose pages are these frames.
    pub fn v1(process: &Arc<Process>, frames: &Arc<Frames>) -> TceContainer {
        TceContainer::new(1, process, frames, &Arc::default())
    }

    /// A container of version 2. The frames are [`Frames::unregistered`]; containers of one process
    /// share its registrations.
    pub fn v2(
        process: &Arc<Process>,
        frames: &Arc<Frames>,
        registrations: &Arc<Registrations>,
    ) -> TceContainer {
        TceContainer::new(2, process, frames, registrations)
    }

    fn new(
        version: u32,
        process: &Arc<Process>,
        frames: &Arc<Frames>,
        registrations: &Arc<Registrations>,
    ) -> TceContainer {
        TceContainer {
            version,
            process: process.clone(),
            frames: frames.clone(),
            registrations: registrations.clone(),
            state: Mutex::default(),
        }
    }

    /// The page frames that the container maps.
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// The process whose locked memory is charged.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// An agent for a thread that makes calls.
    pub fn agent(&self) -> Agent {
        self.frames.agent()
    }

    /// The tables of the windows, in the order of their numbers.
    pub fn tables(&self) -> Vec<Arc<IommuTable>> {
        self.lock().tables().map(|(_, table)| table.clone()).collect()
    }

    /// Attaches a group: its tables are taken from the host.
    ///
    /// Errors: [`Errno::Ebusy`] for a second group in version 1; [`Errno::Eperm`] for a group that
    /// cannot have the tables of those attached; [`Errno::Einval`] when the platform cannot
    /// exchange; [`Errno::Ebusy`] while the host has pages mapped, or when a container has the
    /// group. Nothing was changed then (bug 27 of papr-tce 6.1).
    ///
    /// Linux: `tce_iommu_attach_group`, `tce_iommu_take_ownership`.
    pub fn attach_group(&self, group: &Arc<Group>) -> Result<(), Errno> {
        let mut state = self.lock();
        if self.version == 1 {
            if !state.groups.is_empty() {
                return Err(Errno::Ebusy);
            }
            group.host().take_ownership()?;
            let table = group.host().table().clone();
            state.windows[0] = Some(Owned { table, _charge: None });
        } else {
            let first = state.groups.first();
            if first.is_some_and(|first| !Arc::ptr_eq(first.bridge(), group.bridge())) {
                return Err(Errno::Eperm);
            }
            group.take_windows()?;
            if let Err(errno) = group.set_windows(state.tables()) {
                group.release_windows();
                return Err(errno);
            }
            state.default_pending |= state.groups.is_empty();
        }
        state.groups.push(group.clone());
        Ok(())
    }

    /// Detaches a group. With the last one the windows go: every entry is cleared and released.
    ///
    /// Errors: [`Errno::Enodev`] when it is not attached.
    ///
    /// Linux: `tce_iommu_detach_group`, `tce_iommu_release_ownership`.
    pub fn detach_group(&self, by: &mut Agent, group: &Arc<Group>) -> Result<(), Errno> {
        let mut state = self.lock();
        let at = state.groups.iter().position(|attached| Arc::ptr_eq(attached, group));
        self.detach_in(&mut state, by, at.ok_or(Errno::Enodev)?);
        Ok(())
    }

    fn detach_in(&self, state: &mut State, by: &mut Agent, at: usize) {
        if self.version == 1 {
            if let Some(window) = state.windows[0].take() {
                retire(&self.frames, by, &window.table);
            }
            state.groups.remove(at).host().release_ownership();
            return;
        }
        if state.groups.len() == 1 {
            (0..WINDOWS).for_each(|number| self.remove_in(state, by, number));
            state.default_pending = false;
        }
        let group = state.groups.remove(at);
        for number in (0..WINDOWS).filter(|&number| state.windows[number].is_some()) {
            let unset = group.bridge().unset_window(group.pe(), number);
            debug_assert!(unset.is_ok());
        }
        group.release_windows();
    }

    /// `VFIO_IOMMU_ENABLE`: charges the whole window to the process.
    ///
    /// Errors, in order: [`Errno::Enotty`] for version 2; [`Errno::Ebusy`] when enabled;
    /// [`Errno::Enodev`] without a group; [`Errno::Eperm`] when the group has no window below
    /// 4 GiB; [`Errno::Enomem`] above the limit. (At 00663d4ee05d, before the exchange commit, Linux answered ENXIO
    /// without a group, and did so before EBUSY.)
    ///
    /// Linux: `tce_iommu_enable`.
    pub fn enable(&self) -> Result<(), Errno> {
        self.check_version(1)?;
        let mut state = self.lock();
        if state.enabled {
            return Err(Errno::Ebusy);
        }
        let (_, size) = state.groups.first().ok_or(Errno::Enodev)?.window32();
        if size == 0 {
            return Err(Errno::Eperm);
        }
        state.charge = Some(self.process.memlock().charge(size / HOST_PAGE)?);
        state.enabled = true;
        Ok(())
    }

    /// `VFIO_IOMMU_DISABLE`: gives the charge back. Mappings stay until the group is detached.
    ///
    /// Errors: [`Errno::Enotty`] for version 2. Linux: `tce_iommu_disable`.
    pub fn disable(&self) -> Result<(), Errno> {
        self.check_version(1)?;
        let mut state = self.lock();
        state.enabled = false;
        state.charge = None;
        Ok(())
    }

    /// `VFIO_IOMMU_SPAPR_TCE_GET_INFO`, as much of it as `argsz` bytes hold: dynamic windows from
    /// 32 on. Errors: [`Errno::Enxio`] without a group; [`Errno::Einval`] when `argsz` is below 16.
    pub fn info(&self, argsz: u32) -> Result<Info, Errno> {
        let state = self.lock();
        let group = state.groups.first().ok_or(Errno::Enxio)?;
        if argsz < INFO_MIN {
            return Err(Errno::Einval);
        }
        let (start, size) = group.window32();
        let ddw = DdwInfo {
            page_sizes: group.page_sizes(),
            max_windows: WINDOWS as u32,
            levels: group.max_levels(),
        };
        Ok(Info {
            dma32_window_start: start.0,
            dma32_window_size: size,
            ddw: (self.version == 2 && argsz >= INFO_DDW).then_some(ddw),
        })
    }

    /// `VFIO_IOMMU_SPAPR_REGISTER_MEMORY`: pins and charges user memory, which can then be mapped.
    /// The first success enables the container.
    ///
    /// Errors, in order: [`Errno::Enotty`] for version 1; [`Errno::Einval`] for size and flags of
    /// the arguments, for what is not whole host pages, is empty or wraps; [`Errno::Ebusy`] when
    /// this container has it; [`Errno::Einval`] when it overlaps another region;
    /// [`Errno::Enomem`]; [`Errno::Efault`].
    ///
    /// Linux: `tce_iommu_register_pages`.
    pub fn register_memory(&self, param: &RegisterMemory) -> Result<(), Errno> {
        self.check_version(2)?;
        let mut state = self.lock();
        state.used = true;
        let (ua, size) = check_memory(param)?;
        if state.registered.iter().any(|known| known.is(ua, size)) {
            return Err(Errno::Ebusy);
        }
        let new = self.registrations.register(&self.process, &self.frames, ua, size)?;
        state.registered.push(new);
        state.enabled = true;
        Ok(())
    }

    /// `VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY`.
    ///
    /// Errors, in order: [`Errno::Enotty`] for version 1; [`Errno::Eperm`] when nothing was
    /// registered and no window asked for yet; [`Errno::Einval`] as for registering;
    /// [`Errno::Enoent`] when this container has not registered it; [`Errno::Ebusy`] while it is
    /// mapped, and nothing was changed.
    ///
    /// Linux: `tce_iommu_unregister_pages`.
    pub fn unregister_memory(&self, param: &RegisterMemory) -> Result<(), Errno> {
        self.check_version(2)?;
        let mut state = self.lock();
        if !state.used {
            return Err(Errno::Eperm);
        }
        let (ua, size) = check_memory(param)?;
        let at = state.registered.iter().position(|known| known.is(ua, size));
        let at = at.ok_or(Errno::Enoent)?;
        self.registrations.unregister(&self.frames, &state.registered[at])?;
        state.registered.remove(at);
        Ok(())
    }

    /// The host page of a user's TCE page.
    fn tce_page(&self, ua: Ua, shift: PageShift, write: bool) -> Result<Hpa, Errno> {
        if self.version == 1 {
            return self.process.tce_page(ua, shift, write);
        }
        let state = self.lock();
        let known = state.registered.iter().find(|known| known.covers(ua, shift.bytes()));
        known.ok_or(Errno::Einval)?.tce_page(ua, shift)
    }

    /// The table of the window that a bus address is in.
    fn table_at(&self, iova: Ioba) -> Option<Arc<IommuTable>> {
        let inside = |table: &Arc<IommuTable>| {
            let window = table.window();
            window.entry(Ioba(iova.0 & !window.page_shift().low_bits())).is_ok()
        };
        self.lock().tables().map(|(_, table)| table).find(|table| inside(table)).cloned()
    }

    fn check_enabled(&self) -> Result<(), Errno> {
        if self.lock().enabled { Ok(()) } else { Err(Errno::Eperm) }
    }

    /// A call of the other version is not a call here (bug 32 of papr-tce 6.1).
    fn check_version(&self, version: u32) -> Result<(), Errno> {
        if self.version == version { Ok(()) } else { Err(Errno::Enotty) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The windows that are there, with their numbers.
    fn tables(&self) -> impl Iterator<Item = (usize, &Arc<IommuTable>)> + Clone {
        let numbered = self.windows.iter().enumerate();
        numbered.filter_map(|(number, window)| Some((number, &window.as_ref()?.table)))
    }
}

fn check_memory(param: &RegisterMemory) -> Result<(u64, u64), Errno> {
    param.check_size()?;
    let whole = (param.vaddr | param.size).is_multiple_of(HOST_PAGE) && param.size > 0;
    if param.flags != 0 || !whole || param.vaddr.checked_add(param.size).is_none() {
        return Err(Errno::Einval);
    }
    Ok((param.vaddr, param.size))
}

impl Drop for TceContainer {
    fn drop(&mut self) {
        let mut by = self.agent();
        let mut state = self.lock();
        while !state.groups.is_empty() {
            self.detach_in(&mut state, &mut by, 0);
        }
        for registration in std::mem::take(&mut state.registered) {
            // Another container of the process may map it still; then it keeps it.
            let _ = self.registrations.unregister(&self.frames, &registration);
        }
    }
}
