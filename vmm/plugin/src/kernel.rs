// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The functions that plug-ins call: `struct tcevm_kernel`.
//!
//! Each finds the call, or the bridge, of its thread. Outside a call it answers H_HARDWARE or NULL. Values that the functions
//! write are the plug-in's own memory, whose pointers are followed as they are: a wrong one is a crash of the plug-in.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::slice;

use hcall::{Caller, Regs, Status};
use iommu::{Exchange, HwEntry};

use crate::abi::{Kernel, Table, Vcpu, Window};
use crate::call::Call;
use crate::place::Place;

/// The functions, whose address the loader stores in each plug-in.
pub(crate) static KERNEL: Kernel = Kernel {
    find_table,
    table,
    ioba_validate,
    tce_validate,
    tce_to_hpa,
    tce_put,
    tce_get,
    mapped_inc,
    mapped_dec,
    mark_dirty,
    xchg_no_kill,
    tce_kill,
    read_guest,
    set_gpr,
    log: log_text,
    bridge_kill,
};

/// The most bytes of one read of guest memory, and of a line of the log.
const MOST_READ: u64 = 1 << 20;
const MOST_TEXT: usize = 1024;

thread_local! {
    /// The call that this thread makes, while a plug-in answers it and none of our functions runs.
    static CALL: Cell<*mut c_void> = const { Cell::new(ptr::null_mut()) };
    /// The bridge that this thread kills for, likewise.
    static BRIDGE: Cell<*const Behind> = const { Cell::new(ptr::null()) };
}

/// The bridge behind a table, for the plug-in that is its platform.
pub(crate) struct Behind {
    pub(crate) exchange: Exchange,
    pub(crate) table: Table,
}

/// Has a plug-in answer a call of the guest.
pub(crate) fn answer(
    place: &'static Place,
    on: &mut Caller<'_>,
    regs: &mut Regs,
    plugin: impl FnOnce(&mut Regs) -> i64,
) -> i64 {
    let mut arguments = *regs;
    let mut call = Call::new(on, regs);
    let outer = CALL.replace((&raw mut call).cast());
    let status = place.during(|| plugin(&mut arguments));
    CALL.set(outer);
    call.end();
    status
}

/// Has a plug-in kill.
pub(crate) fn killing(place: &'static Place, bridge: &Behind, plugin: impl FnOnce()) {
    let outer = BRIDGE.replace(bridge);
    place.during(plugin);
    BRIDGE.set(outer);
}

/// Does something on the call of this thread. Meanwhile the thread has none, so that a platform that is a plug-in, too, cannot
/// reach the call from its kill.
fn with<T>(does: impl FnOnce(&mut Call<'_, '_>) -> T) -> Option<T> {
    let call = CALL.replace(ptr::null_mut());
    if call.is_null() {
        log::error!("a plug-in calls a function of tcevm outside a call of the guest");
        return None;
    }
    // SAFETY: `answer` stored the address of its own `call`, and takes it back before it uses or ends that. Only this thread sees
    // the address, and the null pointer above keeps it from being followed a second time meanwhile.
    let done = does(unsafe { &mut *call.cast() });
    CALL.set(call);
    Some(done)
}

/// The status of a step.
fn status(done: impl FnOnce(&mut Call<'_, '_>) -> Result<(), i64>) -> i64 {
    match with(done) {
        Some(Ok(())) => Status::Success.code(),
        Some(Err(status)) => status,
        None => Status::Hardware.code(),
    }
}

extern "C" fn find_table(_kvm: *const c_void, liobn: u64) -> *const Window {
    with(|call| call.find(liobn)).flatten().unwrap_or(ptr::null())
}

extern "C" fn table(window: *const Window, number: u32) -> *const Table {
    with(|call| call.table(window, number)).flatten().unwrap_or(ptr::null())
}

extern "C" fn ioba_validate(window: *const Window, ioba: u64, count: u64) -> i64 {
    status(|call| call.ioba_validate(window, ioba, count))
}

extern "C" fn tce_validate(window: *const Window, tce: u64) -> i64 {
    status(|call| call.tce_validate(window, tce))
}

/// # Safety
/// `hpa` is a pointer of the plug-in to a number of its own.
unsafe extern "C" fn tce_to_hpa(window: *const Window, tce: u64, hpa: *mut u64) -> i64 {
    // SAFETY: by the caller.
    status(|call| call.tce_to_hpa(window, tce).map(|found| unsafe { hpa.write(found) }))
}

extern "C" fn tce_put(window: *const Window, entry: u64, tce: u64) -> i64 {
    status(|call| call.tce_put(window, entry, tce))
}

/// # Safety
/// `tce` is a pointer of the plug-in to a number of its own.
unsafe extern "C" fn tce_get(window: *const Window, entry: u64, tce: *mut u64) -> i64 {
    // SAFETY: by the caller.
    status(|call| call.tce_get(window, entry).map(|found| unsafe { tce.write(found) }))
}

extern "C" fn mapped_inc(table: *const Table, hpa: u64) -> i64 {
    status(|call| call.pin(table, hpa))
}

extern "C" fn mapped_dec(table: *const Table, hpa: u64) -> i64 {
    status(|call| call.release(table, hpa))
}

extern "C" fn mark_dirty(table: *const Table, hpa: u64) -> i64 {
    status(|call| call.dirty(table, hpa))
}

/// # Safety
/// `hpa` and `direction` are pointers of the plug-in to numbers of its own.
unsafe extern "C" fn xchg_no_kill(
    table: *const Table,
    entry: u64,
    hpa: *mut u64,
    direction: *mut u32,
) -> i64 {
    // SAFETY: by the caller.
    let (new, way) = unsafe { (hpa.read(), direction.read()) };
    status(|call| {
        let (old, way) = call.xchg_no_kill(table, entry, new, way)?;
        // SAFETY: by the caller.
        unsafe { (hpa.write(old), direction.write(way)) };
        Ok(())
    })
}

extern "C" fn tce_kill(table: *const Table, entry: u64, pages: u64) -> i64 {
    status(|call| call.kill(table, entry, pages))
}

/// # Safety
/// `data` is a pointer of the plug-in to `len` bytes of its own.
unsafe extern "C" fn read_guest(_: *const c_void, gpa: u64, data: *mut c_void, len: u64) -> i64 {
    if len > MOST_READ {
        return Status::Parameter.code();
    }
    // SAFETY: by the caller, and `len` is small.
    let to = unsafe { slice::from_raw_parts_mut(data.cast::<u8>(), len as usize) };
    status(|call| call.read_guest(gpa, to))
}

extern "C" fn set_gpr(_: *const Vcpu, number: u32, value: u64) {
    if status(|call| call.set_gpr(number, value)) != 0 {
        log::error!("a plug-in sets r{number}; an answer is in r4 to r12");
    }
}

/// # Safety
/// `text` is a string of C.
unsafe extern "C" fn log_text(text: *const c_char) {
    if text.is_null() {
        return;
    }
    // SAFETY: by the caller.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    log::warn!(
        "plug-in: {}",
        String::from_utf8_lossy(&text[..text.len().min(MOST_TEXT)]).escape_debug()
    );
}

extern "C" fn bridge_kill(_: *const c_void, entry: u64, pages: u64) {
    let bridge = BRIDGE.get();
    if bridge.is_null() {
        log::error!("a plug-in kills entries of a bridge outside a kill");
        return;
    }
    // SAFETY: `killing` stored the address of a bridge that it borrows until it takes the address back, on this thread.
    let Behind { exchange, table } = unsafe { &*bridge };
    let first = entry.checked_sub(table.it_offset);
    let end = first.and_then(|first| first.checked_add(pages));
    match (first, end) {
        (Some(first), Some(end)) if end <= table.it_size => exchange.kill(HwEntry(first), pages),
        _ => log::error!("a plug-in kills {pages} entries from {entry:#x}, which the table lacks"),
    }
}
