// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The functions of the user tier: the VMM's own, by the rules, and the last to be tried.
//!
//! QEMU: `h_get_tce`, `h_put_tce`, `h_stuff_tce`, `h_put_tce_indirect`.

use super::{by_rules, list};
use crate::call::Caller;
use crate::call::args::{Found, ListLiobn};
use crate::words::tier::{Answer, Tier};
use iommu::{Gpa, Ioba, Liobn, RawTce};

const USER: Tier = Tier::User;

/// QEMU: `get_tce_emu`.
pub fn h_get_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba) -> Result<Found, Answer> {
    by_rules::get(on, USER, liobn, ioba)
}

/// QEMU: `put_tce_emu`.
pub fn h_put_tce(on: &mut Caller<'_>, liobn: Liobn, ioba: Ioba, tce: RawTce) -> Result<(), Answer> {
    by_rules::put(on, USER, liobn, ioba, tce)
}

/// QEMU: `h_stuff_tce`.
pub fn h_stuff_tce(
    on: &mut Caller<'_>,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
    count: u64,
) -> Result<(), Answer> {
    by_rules::stuff(on, USER, liobn, ioba, tce, count)
}

/// QEMU: `h_put_tce_indirect`.
pub fn h_put_tce_indirect(
    on: &mut Caller<'_>,
    liobn: ListLiobn,
    ioba: Ioba,
    list: Gpa,
    count: u64,
) -> Result<(), Answer> {
    let liobn = liobn.window(on.accel.rules(USER))?;
    list::with_room(count, |copy| {
        let read = list::read_list(on.memory, list, copy);
        by_rules::put_list(on, USER, liobn, ioba, (list, read), copy)
    })
}
