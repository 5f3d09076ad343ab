// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The host's view of its tables and frames.

use super::number::number;
use super::probe::Probe;
use crate::digest::Digest;
use crate::host::Fact;
use iommu::{Container, Gpa, GuestEntry, HwEntry, Ioba, Liobn, Totals};

/// The number of entries compared at each end of a window; a window of ordinary size is compared completely.
const COMPARED: u64 = 1 << 18;

/// Answers a question about the host. Errors: the reason why this rig cannot answer.
pub(super) fn ask(
    all: &Container,
    probe: &Probe,
    totals: Totals,
    fact: Fact,
    args: &[u64],
) -> Result<u64, String> {
    let arg = |n: usize| args.get(n).copied().unwrap_or(0);
    let liobn = || u32::try_from(arg(0)).map(Liobn).map_err(|_| "not a LIOBN".to_owned());
    let no = |error: iommu::Error| error.to_string();
    let page = || all.frames().hpa(Gpa(arg(0))).map_err(no);
    Ok(match fact {
        Fact::Pins => all.frames().pins(page()?).into(),
        Fact::Dirty => all.frames().is_dirty(page()?).into(),
        Fact::Hw => {
            let (window, entry) =
                (all.window(liobn()?).map_err(no)?, hw_entry(all, liobn()?, arg(1))?);
            let table = window.tables().first().ok_or("the window has no hardware table")?;
            number(table.tce(HwEntry(entry)).map_err(no)?, all.frames())
        }
        Fact::HwForeign => all.audit().foreign,
        Fact::Live => all.window(liobn()?).map_err(no)?.live(),
        Fact::View => crate::host::view(&*all.window(liobn()?).map_err(no)?),
        Fact::Windows => all.windows().len() as u64,
        Fact::Kills => probe.seen().kills.len() as u64,
        Fact::Killed => {
            let (liobn, entry) = (liobn()?, hw_entry(all, liobn()?, arg(1))?);
            let covers = |&&(l, first, count): &&(Liobn, u64, u64)| {
                l == liobn && entry.checked_sub(first).is_some_and(|n| n < count)
            };
            probe.seen().kills.iter().filter(covers).count() as u64
        }
        Fact::PinsAtKill | Fact::DirtyAtKill => {
            let seen = probe.seen();
            let page = seen.pages.iter().find(|(gpa, ..)| *gpa == arg(0));
            let &(_, pins, dirty) = page.ok_or("no kill came, or the page is not watched")?;
            if fact == Fact::PinsAtKill { pins.into() } else { dirty.into() }
        }
        Fact::HwAtKill => {
            let entry = hw_entry(all, liobn()?, arg(1))?;
            let seen = probe.seen();
            let found = seen.entries.iter().find(|(n, _)| *n == entry);
            found.ok_or("the first kill was not of that entry")?.1
        }
        // Only the machine has a device.
        Fact::DeviceRead | Fact::DeviceWrite => return Err("there is no device".into()),
        Fact::Taken => totals.pinned,
        Fact::Released => totals.released,
    })
}

/// The first hardware entry of a bus address.
fn hw_entry(all: &Container, liobn: Liobn, ioba: u64) -> Result<u64, String> {
    let no = |error: iommu::Error| error.to_string();
    let window = all.window(liobn).map_err(no)?;
    let table = window.tables().first().ok_or("the window has no hardware table")?;
    // The hardware's pages may be smaller than the guest's.
    table.window().entry(Ioba(ioba)).map(|entry| entry.0).map_err(no)
}

/// A digest of views, hardware entries, pins and dirt.
pub(super) fn state(all: &Container) -> u64 {
    let mut digest = Digest::default();
    for window in all.windows().iter() {
        let size = window.window().size();
        digest.add(size);
        for n in (0..size.min(COMPARED)).chain(size.saturating_sub(COMPARED).max(COMPARED)..size) {
            let raw = window.view().load(GuestEntry(n)).0;
            if raw != 0 {
                digest.add(n);
                digest.add(raw);
            }
        }
        for table in window.tables() {
            for n in 0..table.window().size().min(COMPARED) {
                if let Ok(tce) = table.tce(HwEntry(n))
                    && tce.is_live()
                {
                    digest.add(n);
                    digest.add(number(tce, all.frames()));
                }
            }
        }
    }
    let pins = all.frames().all_pins();
    for (frame, pins) in (0u64..).zip(pins) {
        let hpa = all.frames().hpa(Gpa(frame << 12));
        let dirty = hpa.is_ok_and(|hpa| all.frames().is_dirty(hpa));
        if pins != 0 || dirty {
            digest.add(frame << 33 | u64::from(pins) << 1 | u64::from(dirty));
        }
    }
    digest.0
}
