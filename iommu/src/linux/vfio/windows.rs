// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Dynamic windows of a container of version 2.

use super::params::{CreateWindow, RemoveWindow, Sized32};
use super::{Owned, State, TceContainer};
use crate::bridge::WINDOWS;
use crate::guest::agent::Agent;
use crate::guest::container::retire;
use crate::linux::errno::Errno;
use crate::linux::memlock::HOST_PAGE;
use crate::words::addr::Ioba;
use crate::words::window::PageShift;
use std::sync::MutexGuard;

impl TceContainer {
    /// `VFIO_IOMMU_SPAPR_TCE_CREATE`: a table of its own for every group, and where it begins. The
    /// first window begins at 0, the second at 2^59.
    ///
    /// Errors, in order: [`Errno::Enotty`] for version 1; [`Errno::Enxio`] without a group;
    /// [`Errno::Einval`] for size and flags of the arguments; those of the default window, if it
    /// is to be made still; [`Errno::Enospc`] when both windows are there; [`Errno::Einval`] for a page size that is not the group's, a size that is no power of
    /// two or smaller than a page, or levels that are not possible (bugs 61 and 62: no shift
    /// of the user's reaches an expression unchecked); [`Errno::Enomem`] when the table is
    /// above the limit of locked memory (bug 28).
    ///
    /// Linux: `tce_iommu_create_window`.
    pub fn create_window(&self, param: &CreateWindow) -> Result<Ioba, Errno> {
        let mut state = self.lock_for_windows()?;
        param.check_size()?;
        if param.flags != 0 {
            return Err(Errno::Einval);
        }
        self.create_default_in(&mut state)?;
        self.create_in(&mut state, param.page_shift, param.window_size, param.levels)
    }

    /// The state, for a call of version 2 that needs a group.
    fn lock_for_windows(&self) -> Result<MutexGuard<'_, State>, Errno> {
        self.check_version(2)?;
        let mut state = self.lock();
        state.used = true;
        if state.groups.is_empty() { Err(Errno::Enxio) } else { Ok(state) }
    }

    /// The window below 4 GiB, which a container of version 2 has from its first use on.
    ///
    /// Linux: `tce_iommu_create_default_window`.
    pub(super) fn create_default_window(&self) -> Result<(), Errno> {
        self.create_default_in(&mut self.lock())
    }

    fn create_default_in(&self, state: &mut State) -> Result<(), Errno> {
        if state.default_pending {
            let (_, size) = state.groups.first().ok_or(Errno::Enodev)?.window32();
            self.create_in(state, PageShift::K4.get(), size, 1)?;
            state.default_pending = false;
        }
        Ok(())
    }

    fn create_in(
        &self,
        state: &mut State,
        shift: u32,
        bytes: u64,
        levels: u32,
    ) -> Result<Ioba, Errno> {
        let group = state.groups.first().ok_or(Errno::Enodev)?.clone();
        let free = (0..WINDOWS).find(|&number| state.windows[number].is_none());
        let number = free.ok_or(Errno::Enospc)?;
        let table = group.create_table(number, shift, bytes, levels)?;
        let pages = table.window().size().saturating_mul(8).div_ceil(HOST_PAGE);
        let charge = self.process().memlock().charge(pages)?;
        for (done, group) in state.groups.iter().enumerate() {
            if let Err(error) = group.bridge().set_window(group.pe(), number, &table) {
                for group in &state.groups[..done] {
                    let _ = group.bridge().unset_window(group.pe(), number);
                }
                return Err(error.into());
            }
        }
        let start = table.window().start();
        state.windows[number] = Some(Owned { table, _charge: Some(charge) });
        Ok(start)
    }

    /// `VFIO_IOMMU_SPAPR_TCE_REMOVE`: clears and releases every entry of the window, and only
    /// then takes it from the groups (bug 30 of papr-tce 6.1). A map that is under way at that
    /// moment leaves nothing in it.
    ///
    /// Errors, in order: [`Errno::Enotty`] for version 1; [`Errno::Enxio`] without a group;
    /// [`Errno::Einval`] for size and flags of the arguments, or when no window begins there.
    ///
    /// Linux: `tce_iommu_remove_window`.
    pub fn remove_window(&self, by: &mut Agent, param: &RemoveWindow) -> Result<(), Errno> {
        let mut state = self.lock_for_windows()?;
        param.check_size()?;
        if param.flags != 0 {
            return Err(Errno::Einval);
        }
        if param.start_addr == 0 && state.default_pending {
            state.default_pending = false;
            return Ok(());
        }
        let starts = |window: &Option<Owned>| {
            window.as_ref().is_some_and(|w| w.table.window().start().0 == param.start_addr)
        };
        let number = state.windows.iter().position(starts).ok_or(Errno::Einval)?;
        self.remove_in(&mut state, by, number);
        Ok(())
    }

    pub(super) fn remove_in(&self, state: &mut State, by: &mut Agent, number: usize) {
        if let Some(window) = &state.windows[number] {
            retire(self.frames(), by, &window.table);
            for group in &state.groups {
                let unset = group.bridge().unset_window(group.pe(), number);
                debug_assert!(unset.is_ok());
            }
            state.windows[number] = None;
        }
    }
}
