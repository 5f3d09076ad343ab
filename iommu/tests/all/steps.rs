// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The steps of an exchange one by one, as a prototype takes them. In the right order they are a put. A step that is left out
//! shows in the audit, in the dirt or in the detector.

use iommu::bridge::BridgeKind;
use iommu::*;
use std::sync::Arc;
use tests::dma_rig::*;

/// The steps behind a swap, in the order of the commit.
const ALL: &[&str] = &["kill", "dirty", "release"];

/// A bridge with a detector, and a guest's window of this page over hardware pages of 4 KiB.
fn rig(page: PageShift) -> (DmaRig, Arc<Detector>) {
    let frames = Arc::new(Frames::new(MEMORY).expect("memory"));
    let detector = Detector::new(frames.clone());
    let bridge = Bridge::with(BridgeKind::IODA2, Swinv::BOTH, Some(detector.clone()));
    let hw = Window::bytes(L, 0, MEMORY, PageShift::K4).expect("a window");
    let window = Window::bytes(L, 0, MEMORY, page).expect("a window");
    let table = bridge.create_table(hw, 1).expect("a table");
    bridge.set_window(PE, 0, &table).expect("free");
    (DmaRig::over(&bridge, frames, window, table), detector)
}

/// A put by steps, of which only these follow the swap.
fn put_by_steps(m: &mut DmaRig, ioba: u64, tce: u64, behind: &[&str]) -> Result<(), Error> {
    let (frames, by) = (m.all.frames(), &mut m.agent);
    let mut steps = m.all.steps(by, L)?;
    let entry = steps.ioba_validate(Ioba(ioba), 1)?;
    steps.tce_validate(frames, RawTce(tce))?;
    steps.put_view(by, entry, RawTce(tce))?;
    let more = steps.window().page_shift().get() - 12;
    for n in 0..1 << more {
        let new = steps.translate(frames, RawTce(tce)).further(n << 12);
        if new.is_live() {
            steps.pin(frames, by, 0, new.hpa())?;
        }
        let at = HwEntry((entry.0 << more) + n);
        let old = steps.xchg_no_kill(frames, by, 0, at, new)?;
        if behind.contains(&"kill") {
            steps.kill(by, 0, at, 1)?;
        }
        if behind.contains(&"dirty") && old.device_writes() {
            steps.dirty(frames, by, 0, old.hpa())?;
        }
        if behind.contains(&"release") && old.is_live() {
            steps.release(frames, by, 0, old.hpa())?;
        }
    }
    steps.end(frames, by);
    Ok(())
}

/// Values that map, replace (also by itself and by other permissions) and clear.
const VALUES: [u64; 7] = [A | RW, B | R, B | R, A | W, 0, B | RW, 0];

#[test]
fn steps_in_the_right_order_are_a_put() {
    for page in [PageShift::K4, PageShift::K64] {
        let ((mut put, _), (mut stepped, detector)) = (rig(page), rig(page));
        let (mut device, ioba) = (stepped.device(), 0x3_0000);
        for tce in VALUES {
            put.put(ioba, tce);
            put_by_steps(&mut stepped, ioba, tce, ALL).expect("a put");
            let same = |m: &DmaRig| {
                let frames = m.all.frames();
                let window = m.all.window(L).expect("there");
                let tally = m.agent.tally(&window);
                let mut dirty: Vec<u64> = frames.dirty().collect();
                dirty.truncate(4);
                (frames.all_pins(), dirty, m.all.audit(), tally, window.live())
            };
            assert_eq!(same(&stepped), same(&put), "{page:?} {tce:#x}");
            assert!(stepped.all.audit().holds());
            let read = stepped.read(&mut device, ioba).ok();
            assert_eq!(
                read,
                (tce & R != 0).then_some(tce & !RW),
                "the device reaches the new page"
            );
        }
        let (one, other) = (stepped.agent.totals(), put.agent.totals());
        assert_eq!(
            (one.pinned, one.released, one.dirtied),
            (other.pinned, other.released, other.dirtied)
        );
        assert_eq!(detector.count(), 0, "{:?}", detector.reports());
    }
}

#[test]
fn a_release_that_is_left_out_is_a_leak() {
    let (mut m, _) = rig(PageShift::K4);
    put_by_steps(&mut m, 0, A | RW, ALL).expect("a put");
    put_by_steps(&mut m, 0, B | RW, &["kill", "dirty"]).expect("a put");
    assert_eq!(m.all.audit().leaked, 1);
}

#[test]
fn a_release_too_many_is_a_difference_of_one() {
    let (mut m, _) = rig(PageShift::K4);
    let page = m.all.frames().hpa(Gpa(A)).expect("owned");
    let mut steps = m.all.steps(&mut m.agent, L).expect("a window");
    steps.release(m.all.frames(), &mut m.agent, 0, page).expect("a page");
    steps.end(m.all.frames(), &mut m.agent);
    assert_eq!(m.all.audit().leaked, 1);
}

#[test]
fn dirt_that_is_left_out_is_missing() {
    let (mut m, _) = rig(PageShift::K4);
    put_by_steps(&mut m, 0, A | RW, ALL).expect("a put");
    put_by_steps(&mut m, 0, B | RW, &["kill", "release"]).expect("a put");
    assert!(!m.all.frames().is_dirty(m.all.frames().hpa(Gpa(A)).expect("owned")));
}

#[test]
fn a_kill_that_is_left_out_is_a_stale_translation() {
    let (mut m, detector) = rig(PageShift::K4);
    let mut device = m.device();
    put_by_steps(&mut m, 0, A | RW, ALL).expect("a put");
    assert_eq!(m.read(&mut device, 0), Ok(A));
    put_by_steps(&mut m, 0, B | RW, &["dirty", "release"]).expect("a put");
    assert_eq!(m.read(&mut device, 0), Ok(A), "the bridge still has the old page");
    let reports = detector.reports();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_eq!((reports[0].liobn, reports[0].ioba), (L, Ioba(0)));
}

#[test]
fn a_wrong_argument_changes_nothing() {
    let (mut m, _) = rig(PageShift::K4);
    let frames = m.all.frames().clone();
    let (page, end) = (frames.hpa(Gpa(A)).expect("owned"), MEMORY >> 12);
    let mut steps = m.all.steps(&mut m.agent, L).expect("a window");
    let new = steps.translate(&frames, RawTce(A | RW));
    let by = &mut m.agent;
    assert!(steps.pin(&frames, by, 1, page).is_err(), "there is one table");
    assert!(steps.pin(&frames, by, 0, Hpa(page.0 + 8)).is_err());
    assert!(steps.dirty(&frames, by, 0, Hpa(8 << 40)).is_err());
    assert!(steps.release(&frames, by, 0, Hpa(0)).is_err());
    assert!(steps.xchg_no_kill(&frames, by, 1, HwEntry(0), new).is_err());
    assert!(steps.xchg_no_kill(&frames, by, 0, HwEntry(end), new).is_err());
    assert!(steps.kill(by, 0, HwEntry(1), u64::MAX).is_err());
    assert!(steps.put_view(by, GuestEntry(end), RawTce(A | RW)).is_err());
    assert!(steps.view(GuestEntry(u64::MAX)).is_err());
    steps.end(&frames, by);
    assert_eq!(m.all.audit(), Audit::default());
    assert!(m.all.steps(&mut m.agent, Liobn(7)).is_err());
}

/// A window that is removed between two steps leaves nothing behind, whatever the steps stored.
#[test]
fn a_table_that_is_given_up_meanwhile_keeps_no_entry() {
    let (mut m, _) = rig(PageShift::K4);
    let frames = m.all.frames().clone();
    let mut other = m.all.agent();
    let mut steps = m.all.steps(&mut m.agent, L).expect("a window");
    m.all.remove_window(&mut other, L).expect("there");
    let new = steps.translate(&frames, RawTce(A | RW));
    steps.pin(&frames, &mut m.agent, 0, new.hpa()).expect("a page");
    steps.xchg_no_kill(&frames, &mut m.agent, 0, HwEntry(3), new).expect("an entry");
    steps.kill(&mut m.agent, 0, HwEntry(3), 1).expect("an entry");
    steps.end(&frames, &mut m.agent);
    let audit = Audit::tables(&frames, [&*m.table]);
    assert_eq!((audit.live, audit.leaked), (0, 0));
}
