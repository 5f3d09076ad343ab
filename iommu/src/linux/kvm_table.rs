// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Tables as KVM makes them: created with a LIOBN and a charge, used by hypercalls, read by user
//! space, and closed at any time.
//!
//! Linux: `arch/powerpc/kvm/book3s_64_vio.c`.

use crate::guest::container::Container;
use crate::guest::guest_table::GuestTable;
use crate::guest::view::View;
use crate::linux::errno::Errno;
use crate::linux::memlock::{HOST_PAGE, MemLock};
use crate::table::IommuTable;
use crate::table::budget::Charge;
use crate::words::addr::{GuestEntry, Liobn};
use crate::words::error::Error;
use crate::words::window::{PageShift, Window};
use std::sync::Arc;

/// `struct kvm_create_spapr_tce_64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateTce64 {
    /// Name of the window.
    pub liobn: u64,
    /// log2 of a TCE page.
    pub page_shift: u32,
    /// Must be 0.
    pub flags: u32,
    /// First page of the bus.
    pub offset: u64,
    /// The number of entries.
    pub size: u64,
}

/// A virtual machine: a container, and the account of the process that it belongs to.
#[derive(Clone, Debug)]
pub struct Vm {
    container: Arc<Container>,
    lock: Arc<MemLock>,
}

impl Vm {
    /// A machine with these windows, for a process with this account.
    pub fn new(container: Arc<Container>, lock: Arc<MemLock>) -> Vm {
        Vm { container, lock }
    }

    /// The windows and page frames of the virtual machine.
    pub fn container(&self) -> &Arc<Container> {
        &self.container
    }

    /// `KVM_CREATE_SPAPR_TCE_64`.
    ///
    /// Errors, in order: [`Errno::Einval`] for flags; for a size of 0, a page shift outside
    /// 12..=34, an end beyond the bus, also where `offset + size` wraps (bug 50 of papr-tce 6.2),
    /// or a LIOBN of more than 32 bits; [`Errno::Enomem`] above the limit of locked memory;
    /// [`Errno::Ebusy`] for a LIOBN that exists (bug 12). The charge is then as it was.
    ///
    /// Linux: `kvm_vm_ioctl_create_spapr_tce`.
    pub fn create_spapr_tce_64(&self, args: &CreateTce64) -> Result<TceTable, Errno> {
        if args.flags != 0 {
            return Err(Errno::Einval);
        }
        let liobn = Liobn(u32::try_from(args.liobn).map_err(|_| Errno::Einval)?);
        let shift = PageShift::new(args.page_shift)?;
        let window = Window::new(liobn, shift, args.offset, args.size)?;
        let charge = self.lock.charge(pages(args.size))?;
        let window = self.container.add_view(window)?;
        Ok(TceTable { vm: self.clone(), window, _charge: charge })
    }

    /// A group goes away: one reference to each of its tables is taken from every LIOBN that has
    /// one (bug 15 of papr-tce 6.1: all of its tables, not the first).
    ///
    /// Linux: `kvm_spapr_tce_release_iommu_group`.
    pub fn release_group(&self, tables: &[Arc<IommuTable>]) {
        self.container.release_tables(tables);
    }

    /// `KVM_CREATE_SPAPR_TCE`: pages of 4 KiB from bus address 0 on. Errors: as above.
    pub fn create_spapr_tce(&self, liobn: u64, window_size: u32) -> Result<TceTable, Errno> {
        let size = u64::from(window_size >> 12);
        self.create_spapr_tce_64(&CreateTce64 { liobn, page_shift: 12, flags: 0, offset: 0, size })
    }
}

/// Pages of the host for a full table and its list of pages, charged up front though they are
/// allocated when they are used.
///
/// Linux: `kvmppc_tce_pages`, `kvmppc_stt_pages`.
fn pages(size: u64) -> u64 {
    let table = size.saturating_mul(8).div_ceil(HOST_PAGE);
    let list = table.saturating_mul(8).saturating_add(HEADER).div_ceil(HOST_PAGE);
    table.saturating_add(list)
}

/// Bytes of a table's own description.
const HEADER: u64 = 128;

/// A table, as long as its file descriptor is open. Dropping it closes it: the LIOBN is unknown
/// from then on, its hardware tables are detached and stay as they are, and the charge is
/// given back. A hypercall that is under way goes on with the table it found.
#[derive(Debug)]
pub struct TceTable {
    vm: Vm,
    window: Arc<GuestTable>,
    _charge: Charge,
}

impl TceTable {
    /// Its LIOBN.
    pub fn liobn(&self) -> Liobn {
        self.window.window().liobn()
    }

    /// The table for user space to read, also after it was closed.
    pub fn map(&self) -> TceMapping {
        TceMapping { view: self.window.view().clone(), size: self.window.window().size() }
    }

    /// Attaches the first table of a group that is compatible; a table that is attached gets
    /// another reference.
    ///
    /// Errors: [`Errno::Einval`] when none is compatible; [`Errno::Ebadf`] when this table was
    /// removed from the machine meanwhile.
    ///
    /// Linux: `KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE`, `kvm_spapr_tce_attach_iommu_group`.
    pub fn attach_group(&self, tables: &[Arc<IommuTable>]) -> Result<Arc<IommuTable>, Errno> {
        for table in tables {
            match self.vm.container.attach_to(&self.window, table.clone()) {
                Ok(()) => return Ok(table.clone()),
                Err(Error::Incompatible(_) | Error::NoExchange(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::Einval)
    }

    /// Takes one reference back. Errors: [`Errno::Enoent`], [`Errno::Ebadf`].
    ///
    /// Linux: `kvm_spapr_tce_release_iommu_group`.
    pub fn detach(&self, table: &Arc<IommuTable>) -> Result<(), Errno> {
        Ok(self.vm.container.detach_from(&self.window, table)?)
    }

    /// Closes the table.
    pub fn close(self) {}
}

impl Drop for TceTable {
    fn drop(&mut self) {
        self.vm.container.close_window(&self.window);
    }
}

/// A table that user space has mapped: the guest's values, in host byte order. It never dangles.
#[derive(Clone, Debug)]
pub struct TceMapping {
    view: Arc<View>,
    size: u64,
}

/// An access behind the end of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SIGBUS")]
pub struct Sigbus;

impl TceMapping {
    /// Bytes: the table, up to the end of its last page.
    pub fn bytes(&self) -> u64 {
        self.size.saturating_mul(8).next_multiple_of(HOST_PAGE)
    }

    /// Reads the number at an offset in bytes, rounded down to 8. Behind the table's last entry
    /// its last page is zero.
    ///
    /// Errors: [`Sigbus`] behind that page.
    pub fn read(&self, offset: u64) -> Result<u64, Sigbus> {
        match offset / 8 {
            entry if entry < self.size => Ok(self.view.load(GuestEntry(entry)).0),
            _ if offset < self.bytes() => Ok(0),
            _ => Err(Sigbus),
        }
    }
}
