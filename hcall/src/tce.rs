// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! TCE access: H_GET_TCE, H_PUT_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT.
//!
//! Refusals change nothing. The checks and their order are those of [`iommu::Container`].

use crate::abi::{OneLiobn, hcalls};
use crate::machine::{Caller, Memory};
use crate::status::Status;
use iommu::{Gpa, Ioba, LIST_ENTRIES, Liobn, RawTce};
use vm_memory::{Be64, GuestAddress, GuestMemoryBackend, VolatileMemory};

/// Bytes of a list page, whatever the window's page.
const LIST_PAGE: usize = 8 * LIST_ENTRIES;

hcalls![
    Hcall {
        name: H_GET_TCE,
        call: h_get_tce(liobn, ioba),
        returns: [tce],
        set: Some("hcall-tce"),
        spec: "LoPAR 2.9, H_GET_TCE",
    },
    Hcall {
        name: H_PUT_TCE,
        call: h_put_tce(liobn, ioba, tce),
        returns: [],
        set: Some("hcall-tce"),
        spec: "LoPAR 2.9, H_PUT_TCE",
    },
    Hcall {
        name: H_STUFF_TCE,
        call: h_stuff_tce(liobn, ioba, tce, count),
        returns: [],
        set: Some("hcall-multi-tce"),
        spec: "LoPAR 2.9, H_STUFF_TCE",
    },
    Hcall {
        name: H_PUT_TCE_INDIRECT,
        call: h_put_tce_indirect(liobn, ioba, list, count),
        returns: [],
        set: Some("hcall-multi-tce"),
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT",
    },
];

/// Reads back what the guest wrote, as it wrote it.
fn h_get_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba) -> Result<RawTce, Status> {
    Ok(on.container.tce(on.agent, liobn, ioba)?)
}

/// Maps, replaces or clears one entry.
fn h_put_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Status> {
    Ok(on.container.put(on.agent, liobn, ioba, tce)?)
}

/// Stores one value in `count` entries.
fn h_stuff_tce(
    on: &mut Caller<'_>,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
    count: u64,
) -> Result<(), Status> {
    Ok(on.container.stuff(on.agent, liobn, ioba, tce, count)?)
}

/// Stores a list of big-endian TCEs from a page of guest memory. The list is copied once, so
/// that what is checked is what is stored (semantics 7).
fn h_put_tce_indirect(
    on: &mut Caller<'_>,
    liobn: OneLiobn,
    ioba: Ioba,
    list: Gpa,
    count: u64,
) -> Result<(), Status> {
    // Most lists are short, and clearing room for a whole page takes longer than such a call.
    match usize::try_from(count) {
        Ok(count @ ..=16) => put_list(on, liobn.0, ioba, list, &mut [0; 16][..count]),
        Ok(count @ ..=LIST_ENTRIES) => {
            put_list(on, liobn.0, ioba, list, &mut [0; LIST_ENTRIES][..count])
        }
        _ => Err(Status::Parameter),
    }
}

/// Stores the list at `list`, as long as `copy` is, by way of `copy`.
fn put_list(
    on: &mut Caller<'_>,
    liobn: Liobn,
    ioba: Ioba,
    list: Gpa,
    copy: &mut [u64],
) -> Result<(), Status> {
    read_list(on.memory, list, copy)?;
    Ok(on.container.put_list(on.agent, liobn, ioba, copy)?)
}

/// Copies the first entries of a list page. The page is big-endian whatever the guest's byte
/// order is (bugs 35 and 51 of papr-tce 6).
///
/// Errors: [`Status::Parameter`] when the page is not aligned or not memory (bug 54).
pub fn read_list(memory: &Memory, list: Gpa, copy: &mut [u64]) -> Result<(), Status> {
    if !list.0.is_multiple_of(LIST_PAGE as u64) {
        return Err(Status::Parameter);
    }
    let page = memory.get_slice(GuestAddress(list.0), LIST_PAGE);
    let page = page.map_err(|_| Status::Parameter)?;
    let entries = page.get_array_ref::<Be64>(0, LIST_ENTRIES).map_err(|_| Status::Parameter)?;
    for (i, tce) in copy.iter_mut().enumerate().take(LIST_ENTRIES) {
        *tce = entries.load(i).to_native();
    }
    Ok(())
}
