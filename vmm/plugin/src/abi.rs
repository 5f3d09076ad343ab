// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The structures of `tcevm.h`, whose comments say what they mean. A test compares them with the header.

use std::ffi::{c_char, c_void};

/// The version of the interface.
pub const ABI: u32 = 1;

/// `struct kvm_vcpu`.
#[repr(C)]
#[derive(Debug)]
pub struct Vcpu {
    /// The guest, which no plug-in looks into.
    pub kvm: *const c_void,
    /// Server number of the vCPU.
    pub vcpu_id: u32,
    /// The tier of the try.
    pub tier: u32,
}

/// `struct kvmppc_spapr_tce_table`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Its name.
    pub liobn: u64,
    /// The first entry.
    pub offset: u64,
    /// The number of entries.
    pub size: u64,
    /// The page of an entry.
    pub page_shift: u32,
    /// The number of hardware tables.
    pub tables: u32,
}

/// `struct iommu_table`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The first entry.
    pub it_offset: u64,
    /// The number of entries.
    pub it_size: u64,
    /// The page of an entry.
    pub it_page_shift: u32,
    /// Its number among the tables of its window.
    pub it_index: u32,
}

impl Table {
    /// The table of a window, with its number.
    pub(crate) fn of(it_index: u32, window: &iommu::Window) -> Table {
        let it_page_shift = window.page_shift().get();
        let it_offset = window.start().0 >> it_page_shift;
        Table { it_offset, it_size: window.size(), it_page_shift, it_index }
    }
}

/// `struct tcevm_kernel`.
#[repr(C)]
#[allow(missing_docs)] // the header documents the functions
pub struct Kernel {
    pub find_table: extern "C" fn(*const c_void, u64) -> *const Window,
    pub table: extern "C" fn(*const Window, u32) -> *const Table,
    pub ioba_validate: extern "C" fn(*const Window, u64, u64) -> i64,
    pub tce_validate: extern "C" fn(*const Window, u64) -> i64,
    pub tce_to_hpa: unsafe extern "C" fn(*const Window, u64, *mut u64) -> i64,
    pub tce_put: extern "C" fn(*const Window, u64, u64) -> i64,
    pub tce_get: unsafe extern "C" fn(*const Window, u64, *mut u64) -> i64,
    pub mapped_inc: extern "C" fn(*const Table, u64) -> i64,
    pub mapped_dec: extern "C" fn(*const Table, u64) -> i64,
    pub mark_dirty: extern "C" fn(*const Table, u64) -> i64,
    pub xchg_no_kill: unsafe extern "C" fn(*const Table, u64, *mut u64, *mut u32) -> i64,
    pub tce_kill: extern "C" fn(*const Table, u64, u64) -> i64,
    pub read_guest: unsafe extern "C" fn(*const c_void, u64, *mut c_void, u64) -> i64,
    pub set_gpr: extern "C" fn(*const Vcpu, u32, u64),
    pub log: unsafe extern "C" fn(*const c_char),
    pub bridge_kill: extern "C" fn(*const c_void, u64, u64),
}

/// A function of a tier on two arguments.
pub type Get = extern "C" fn(*const Vcpu, u64, u64) -> i64;
/// A function of a tier on three arguments.
pub type Put = extern "C" fn(*const Vcpu, u64, u64, u64) -> i64;
/// A function of a tier on four arguments.
pub type Many = extern "C" fn(*const Vcpu, u64, u64, u64, u64) -> i64;

/// `struct tcevm_tier`.
#[repr(C)]
#[allow(missing_docs)] // the header documents the functions
pub struct TierPlugin {
    pub head: Head,
    pub h_get_tce: Option<Get>,
    pub h_put_tce: Option<Put>,
    pub h_put_tce_indirect: Option<Many>,
    pub h_stuff_tce: Option<Many>,
}

/// `struct tcevm_platform`.
#[repr(C)]
#[allow(missing_docs)] // the header documents the function
pub struct PlatformPlugin {
    pub head: Head,
    pub tce_kill: Option<extern "C" fn(*const c_void, *const Table, u64, u64)>,
}

/// The first fields of both.
#[repr(C)]
#[derive(Debug)]
pub struct Head {
    /// [`ABI`] of the plug-in.
    pub abi: u32,
    /// Size of the structure in bytes.
    pub size: u32,
    /// The plug-in's pointer to the [`Kernel`].
    pub kernel: *mut *const Kernel,
    /// The name that the plug-in gives itself.
    pub name: *const c_char,
}
