// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The functions of the real tier: no allocation, no lock, no wait.
//!
//! A call that needs a new chunk of the view or a new level of a table, or a page that is not
//! registered, is too hard here. By LoPAR's rules no other call is.
//!
//! Linux: `book3s_64_vio_hv.c`, until 5.19.

use super::agreed;
use crate::call::Caller;
use crate::call::args::{Found, ListLiobn};
use crate::words::tier::{Answer, Tier};
use iommu::{Gpa, Ioba, Liobn, RawTce};

const REAL: Tier = Tier::Real;

/// Linux: `kvmppc_h_get_tce`.
pub fn h_get_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba) -> Result<Found, Answer> {
    agreed::get(on, REAL, liobn, ioba)
}

/// Linux: `kvmppc_rm_h_put_tce`.
pub fn h_put_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Answer> {
    without_memory(on, |on| agreed::put(on, REAL, liobn, ioba, tce))
}

/// Linux: `kvmppc_rm_h_stuff_tce`.
pub fn h_stuff_tce(
    on: &mut Caller<'_>,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
    count: u64,
) -> Result<(), Answer> {
    without_memory(on, |on| agreed::stuff(on, REAL, liobn, ioba, tce, count))
}

/// Linux: `kvmppc_rm_h_put_tce_indirect`. The list page is guest memory, which is there for the
/// whole run: no page has to be found to read it.
pub fn h_put_tce_indirect(
    on: &mut Caller<'_>,
    liobn: ListLiobn,
    ioba: Ioba,
    list: Gpa,
    count: u64,
) -> Result<(), Answer> {
    without_memory(on, |on| agreed::put_list(on, REAL, liobn, ioba, list, count))
}

/// Calls the function while the agent may not allocate: a call that would have to ends as
/// [`NoMemory`](iommu::Error::NoMemory) before anything is changed.
#[inline(always)]
fn without_memory<T>(on: &mut Caller<'_>, call: impl FnOnce(&mut Caller<'_>) -> T) -> T {
    on.agent.set_may_allocate(false);
    let answer = call(on);
    on.agent.set_may_allocate(true);
    answer
}
