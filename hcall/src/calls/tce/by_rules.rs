// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every TCE call by the rules of a profile: each check in its order, then the change.

use super::list;
use crate::call::Caller;
use crate::call::args::Found;
use crate::words::profile::{Crossing, Odd, Rules, StuffLimit};
use crate::words::status::Status;
use crate::words::tier::{Answer, Tier};
use iommu::{Error, Gpa, Ioba, LIST_ENTRIES, Liobn, RawTce, Window};

/// The part of an address that H_GET_TCE hides of a page that is not the guest's.
const PAGE_NUMBER: u64 = !0xfff;

/// H_GET_TCE. Linux: `kvmppc_h_get_tce`.
#[cold]
pub(super) fn get(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
) -> Result<Found, Answer> {
    let rules = on.accel.rules(tier);
    let at = At::find(on, rules, liobn, ioba, 1)?;
    let tce = on.container.tce(on.agent, liobn, at.ioba).map_err(Status::from)?;
    let foreign = tce.is_live() && !owned(on, tce.address());
    Ok(match foreign && rules.hides_foreign {
        true => Found::Partial(RawTce(tce.0 | PAGE_NUMBER)),
        false => Found::Whole(tce),
    })
}

/// H_PUT_TCE. Linux: `kvmppc_h_put_tce`.
#[cold]
pub(super) fn put(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
) -> Result<(), Answer> {
    let rules = on.accel.rules(tier);
    let at = At::find(on, rules, liobn, ioba, 1)?;
    let how = how(on, rules, &at.window, tce)?;
    write_one(on, tier, &at, 0, tce, how)
}

/// H_STUFF_TCE. Linux: `kvmppc_h_stuff_tce`.
#[cold]
pub(super) fn stuff(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
    tce: RawTce,
    count: u64,
) -> Result<(), Answer> {
    let rules = on.accel.rules(tier);
    let at = At::find(on, rules, liobn, ioba, count)?;
    match rules.stuff_limit {
        StuffLimit::List if count > LIST_ENTRIES as u64 => return Err(Status::P4.into()),
        StuffLimit::Window if count > at.window.size() => return Err(Status::Parameter.into()),
        _ => {}
    }
    let fits = at.fitting(rules, count)?;
    if tce.is_live() && !rules.stuff_maps {
        return Err(Status::Parameter.into());
    }
    let how = how(on, rules, &at.window, tce)?;
    if count == 0 {
        return nothing(rules);
    }
    make_room(on, tier, &at, fits, |_| tce)?;
    match how {
        How::Checked => stuff_checked(on, tier, &at, tce, fits)?,
        odd => {
            for n in 0..fits {
                not_ending(on, n)?;
                write_one(on, tier, &at, n, tce, odd)?;
            }
        }
    }
    ended(rules, fits, count)
}

/// H_PUT_TCE_INDIRECT, with a list page that was read, or could not be, into `copy`.
///
/// Linux: `kvmppc_h_put_tce_indirect`.
#[cold]
pub(super) fn put_list(
    on: &mut Caller<'_>,
    tier: Tier,
    liobn: Liobn,
    ioba: Ioba,
    (list, read): (Gpa, Result<(), Status>),
    copy: &[u64],
) -> Result<(), Answer> {
    let rules = on.accel.rules(tier);
    let count = copy.len() as u64;
    find(on, rules, liobn)?;
    list::check_aligned(list)?;
    let at = At::find(on, rules, liobn, ioba, count)?;
    let mut fits = at.fitting(rules, count)?;
    if let (Err(_), Odd::Refuse(answer)) = (read, rules.list_outside) {
        return Err(answer);
    }
    if count == 0 {
        return nothing(rules);
    }
    let mut checked = true;
    for &tce in copy {
        checked &= how(on, rules, &at.window, RawTce(tce))? == How::Checked;
    }
    let own = match rules.clears_own {
        true => copy.iter().take_while(|&&tce| !clears_foreign(on, &[tce])).count() as u64,
        false => count,
    };
    fits = fits.min(own);
    // At most as long as the list.
    let fitting = &copy[..fits as usize];
    if checked {
        on.container
            .put_list(on.agent, liobn, at.ioba, fitting)
            .map_err(|why| failed(tier, why))?;
    } else {
        make_room(on, tier, &at, fits, |n| RawTce(fitting[n]))?;
        for (n, &tce) in (0..).zip(fitting) {
            let how = how(on, rules, &at.window, RawTce(tce))?;
            write_one(on, tier, &at, n, RawTce(tce), how)?;
        }
    }
    if own < count { Err(Status::Parameter.into()) } else { ended(rules, fits, count) }
}

/// True when one of these entries has no permissions and an address that is not the guest's.
pub(super) fn clears_foreign(on: &Caller<'_>, list: &[u64]) -> bool {
    list.iter().any(|&tce| !RawTce(tce).is_live() && !owned(on, RawTce(tce).address()))
}

/// Ends a call that the library refused, if these rules refuse it too: the library checks in the order of all
/// implementations, so that its first refusal is theirs. Otherwise the call goes on by the rules.
#[inline(always)]
pub(super) fn refused(on: &Caller<'_>, tier: Tier, why: Error) -> Result<(), Answer> {
    match on.accel.rules(tier).refusal(&why) {
        Some(answer) => Err(answer),
        None => host_failed(tier, why),
    }
}

#[cold]
fn host_failed(tier: Tier, why: Error) -> Result<(), Answer> {
    match why {
        Error::NoMemory | Error::OverBudget | Error::NotRegistered(_) => Err(failed(tier, why)),
        _ => Ok(()),
    }
}

/// A resource that the host lacks in this tier may exist in the next one out.
fn failed(tier: Tier, why: Error) -> Answer {
    match why {
        Error::NoMemory | Error::OverBudget | Error::NotRegistered(_) if tier != Tier::User => {
            Answer::TooHard
        }
        why => Answer::Done(why.into()),
    }
}

/// The place where a call begins.
struct At {
    window: Window,
    /// Aligned to the window's page.
    ioba: Ioba,
    /// Entries from there to the window's end.
    room: u64,
}

impl At {
    /// Finds the window and the first of `count` entries.
    fn find(
        on: &Caller<'_>,
        rules: &Rules,
        liobn: Liobn,
        ioba: Ioba,
        count: u64,
    ) -> Result<At, Answer> {
        let window = find(on, rules, liobn)?;
        let offset = ioba.0 & window.page_shift().low_bits();
        if let (1.., Odd::Refuse(answer)) = (offset, rules.unaligned_ioba) {
            return Err(answer);
        }
        let ioba = Ioba(ioba.0 - offset);
        let end = Ioba(window.start().0 + window.len());
        if count == 0 && rules.none_at_end && ioba == end {
            return Ok(At { window, ioba, room: 0 });
        }
        let entry = window.entry(ioba).map_err(Status::from)?;
        Ok(At { window, ioba, room: window.size() - entry.0 })
    }

    /// The number of entries of `count` that are written.
    fn fitting(&self, rules: &Rules, count: u64) -> Result<u64, Answer> {
        if count <= self.room || rules.crossing != Crossing::Refuse {
            Ok(count.min(self.room))
        } else {
            Err(Status::Parameter.into())
        }
    }

    /// The bus address of an entry further on, which is in the window.
    fn further(&self, entries: u64) -> Ioba {
        Ioba(self.ioba.0 + (entries << self.window.page_shift().get()))
    }
}

fn find(on: &Caller<'_>, rules: &Rules, liobn: Liobn) -> Result<Window, Answer> {
    on.container.window(liobn).map(|table| *table.window()).map_err(|_| rules.no_window)
}

fn nothing(rules: &Rules) -> Result<(), Answer> {
    match rules.none {
        Status::Success => Ok(()),
        status => Err(status.into()),
    }
}

/// The end of a call that wrote the first `fits` of `count` entries: all of them, or those inside the window.
fn ended(rules: &Rules, fits: u64, count: u64) -> Result<(), Answer> {
    match rules.crossing {
        Crossing::WriteInside(status) if fits < count && status != Status::Success => {
            Err(status.into())
        }
        _ => Ok(()),
    }
}

fn owned(on: &Caller<'_>, address: u64) -> bool {
    address < on.container.frames().bytes()
}

/// The way in which a value may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Valid in all implementations.
    Checked,
    /// Invalid in some, and accepted as it is.
    Verbatim,
}

/// Checks a value that the guest writes. Linux: `kvmppc_tce_validate`.
fn how(on: &Caller<'_>, rules: &Rules, window: &Window, tce: RawTce) -> Result<How, Answer> {
    if !tce.is_live() {
        return Ok(How::Checked);
    }
    let odd = match on.container.frames().page(Gpa(tce.address()), window.page_shift()) {
        Ok(_) => return Ok(How::Checked),
        Err(Error::LowBits(_)) => rules.low_bits,
        Err(_) => rules.not_owned,
    };
    match odd {
        Odd::Refuse(answer) => Err(answer),
        Odd::Accept => Ok(How::Verbatim),
    }
}

/// Allocates the memory for `count` entries, so that a call which writes them one after the other
/// is not refused half-way.
fn make_room(
    on: &mut Caller<'_>,
    tier: Tier,
    at: &At,
    count: u64,
    tce: impl Fn(usize) -> RawTce + Copy,
) -> Result<(), Answer> {
    let made = on.container.make_room(on.agent, at.window.liobn(), at.ioba, count, tce);
    made.map_err(|why| failed(tier, why))
}

/// Writes the entry at this distance from the first.
#[inline(never)]
fn write_one(
    on: &mut Caller<'_>,
    tier: Tier,
    at: &At,
    n: u64,
    tce: RawTce,
    how: How,
) -> Result<(), Answer> {
    let (liobn, ioba) = (at.window.liobn(), at.further(n));
    let written = match how {
        How::Checked => on.container.put(on.agent, liobn, ioba, tce),
        How::Verbatim => on.container.put_verbatim(on.agent, liobn, ioba, tce),
    };
    written.map_err(|why| failed(tier, why))
}

/// Writes a value that was checked to all of a range, a list's length at a time (bug 46 of
/// papr-tce 6.2: one call can walk a whole window, which must not hold up the end of the run).
fn stuff_checked(
    on: &mut Caller<'_>,
    tier: Tier,
    at: &At,
    tce: RawTce,
    count: u64,
) -> Result<(), Answer> {
    let step = LIST_ENTRIES as u64;
    for done in (0..count).step_by(LIST_ENTRIES) {
        not_ending(on, done)?;
        let (liobn, ioba) = (at.window.liobn(), at.further(done));
        let stuffed = on.container.stuff(on.agent, liobn, ioba, tce, (count - done).min(step));
        stuffed.map_err(|why| failed(tier, why))?;
    }
    Ok(())
}

/// Stops a long call when the run is ending; checked once for each length of a list. The guest does not run on, so
/// it does not see the answer.
fn not_ending(on: &mut Caller<'_>, done: u64) -> Result<(), Answer> {
    let asks = done.is_multiple_of(LIST_ENTRIES as u64);
    if asks && on.machine.power().is_some_and(|power| power.is_ending()) {
        return Err(Status::Busy.into());
    }
    Ok(())
}
