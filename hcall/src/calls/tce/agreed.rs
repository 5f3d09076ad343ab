// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Calls that are valid by the rules of every profile, done at once: nearly all calls. All others go on to
//! `by_rules`, which checks each rule.
//!
//! The library's checks are as strict as those of any implementation, and a refusal changes nothing. So a call that
//! the library accepts has the same effect in all of them.

use super::{by_rules, list};
use crate::call::Caller;
use crate::call::args::{Found, ListLiobn};
use crate::words::tier::{Answer, Tier};
use iommu::{Gpa, Ioba, LIST_ENTRIES, Liobn, RawTce};

#[inline(always)]
pub(super) fn get(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
) -> Result<Found, Answer> {
    match on.container.tce(on.agent, liobn, ioba) {
        Ok(tce) if !tce.is_live() || tce.address() < on.container.frames().bytes() => {
            Ok(Found::Whole(tce))
        }
        Ok(_) => by_rules::get(on, tier, liobn, ioba),
        Err(why) => {
            by_rules::refused(on, tier, why)?;
            by_rules::get(on, tier, liobn, ioba)
        }
    }
}

#[inline(always)]
pub(super) fn put(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
) -> Result<(), Answer> {
    match on.container.put(on.agent, liobn, ioba, tce) {
        Ok(()) => Ok(()),
        Err(why) => {
            by_rules::refused(on, tier, why)?;
            by_rules::put(on, tier, liobn, ioba, tce)
        }
    }
}

#[inline(always)]
pub(super) fn stuff(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
    count: u64,
) -> Result<(), Answer> {
    let agreed = (1..=LIST_ENTRIES as u64).contains(&count)
        && (on.accel.rules(tier).stuff_maps || !tce.is_live());
    if agreed {
        match on.container.stuff(on.agent, liobn, ioba, tce, count) {
            Ok(()) => return Ok(()),
            Err(why) => by_rules::refused(on, tier, why)?,
        }
    }
    by_rules::stuff(on, tier, liobn, ioba, tce, count)
}

#[inline(always)]
pub(super) fn put_list(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: ListLiobn,
    ioba: Ioba,
    list: Gpa,
    count: u64,
) -> Result<(), Answer> {
    let rules = on.accel.rules(tier);
    let liobn = liobn.window(rules)?;
    list::with_room(count, |copy| {
        let read = list::read_list(on.memory, list, copy);
        let agreed = count > 0 && !(rules.clears_own && by_rules::clears_foreign(on, copy));
        if let (true, Ok(())) = (agreed, read) {
            match on.container.put_list(on.agent, liobn, ioba, copy) {
                Ok(()) => return Ok(()),
                Err(why) => by_rules::refused(on, tier, why)?,
            }
        }
        by_rules::put_list(on, tier, liobn, ioba, (list, read), copy)
    })
}
