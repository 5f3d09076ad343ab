// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The list page of H_PUT_TCE_INDIRECT.
//!
//! The page is copied once, so that the checked values are the stored ones (LoPAR 2.9, H_PUT_TCE_INDIRECT,
//! semantics 7), in every tier and by every profile's rules.

use crate::words::status::Status;
use iommu::{Gpa, LIST_ENTRIES};
use ram::GuestMemory as Memory;
use vm_memory::{Be64, GuestAddress, GuestMemoryBackend, VolatileMemory};

/// Bytes of a list page, whatever the window's page.
const LIST_PAGE: usize = 8 * LIST_ENTRIES;

/// Refuses a list that begins in the middle of a page, as all implementations do (bug 54 of papr-tce 6.3).
#[inline]
pub(super) fn check_aligned(list: Gpa) -> Result<(), Status> {
    if list.0.is_multiple_of(LIST_PAGE as u64) { Ok(()) } else { Err(Status::Parameter) }
}

/// Calls `with` with room for `count` entries. Most lists are short, and clearing room for a whole
/// page takes longer than such a call.
///
/// Errors: [`Status::Parameter`] for more entries than a list has.
#[inline(always)]
pub(super) fn with_room<T, E: From<Status>>(
    count: u64,
    with: impl FnOnce(&mut [u64]) -> Result<T, E>,
) -> Result<T, E> {
    match usize::try_from(count) {
        Ok(count @ ..=16) => with(&mut [0; 16][..count]),
        Ok(count @ ..=LIST_ENTRIES) => with(&mut [0; LIST_ENTRIES][..count]),
        _ => Err(Status::Parameter.into()),
    }
}

/// Copies the first entries of a list page. The page is big-endian whatever the guest's byte
/// order is (bugs 35 and 51 of papr-tce 6).
///
/// Errors: [`Status::Parameter`] when the page is not aligned or not memory.
pub fn read_list(memory: &Memory, list: Gpa, copy: &mut [u64]) -> Result<(), Status> {
    check_aligned(list)?;
    let page = memory.get_slice(GuestAddress(list.0), LIST_PAGE);
    let page = page.map_err(|_| Status::Parameter)?;
    let entries = page.get_array_ref::<Be64>(0, LIST_ENTRIES).map_err(|_| Status::Parameter)?;
    for (i, tce) in copy.iter_mut().enumerate().take(LIST_ENTRIES) {
        *tce = entries.load(i).to_native();
    }
    Ok(())
}
