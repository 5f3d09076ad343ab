// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The functions of the virtual tier, which may allocate and pin.
//!
//! Linux: `book3s_64_vio.c`.

use super::agreed;
use crate::call::Caller;
use crate::call::args::{Found, ListLiobn};
use crate::words::tier::{Answer, Tier};
use iommu::{Gpa, Ioba, Liobn, RawTce};

const VIRTUAL: Tier = Tier::Virtual;

/// Linux: `kvmppc_h_get_tce`.
pub fn h_get_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba) -> Result<Found, Answer> {
    agreed::get(on, VIRTUAL, liobn, ioba)
}

/// Linux: `kvmppc_h_put_tce`.
#[inline(always)]
pub fn h_put_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Answer> {
    agreed::put(on, VIRTUAL, liobn, ioba, tce)
}

/// Linux: `kvmppc_h_stuff_tce`.
pub fn h_stuff_tce(
    on: &mut Caller<'_>,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
    count: u64,
) -> Result<(), Answer> {
    agreed::stuff(on, VIRTUAL, liobn, ioba, tce, count)
}

/// Linux: `kvmppc_h_put_tce_indirect`.
pub fn h_put_tce_indirect(
    on: &mut Caller<'_>,
    liobn: ListLiobn,
    ioba: Ioba,
    list: Gpa,
    count: u64,
) -> Result<(), Answer> {
    agreed::put_list(on, VIRTUAL, liobn, ioba, list, count)
}
