// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Dynamic DMA windows through RTAS: papr-tce 3.5, 7.82 to 7.87. Expected values are those of LoPAR 2.9, and
//! those of QEMU where LoPAR leaves a number open.

use hcall::Status::*;
use hcall::rtas::ddw;
use hcall::tokens::*;
use hcall::{Accel, BridgeWindow, Phb, Profile, Tier, rtas_tokens};
use iommu::{Budget, Container, Error, Frames, Ioda2, IommuTable, Liobn, PageShift, Window};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use tests::rig::*;

const BUID: u64 = 0x0800_0000_2000_0000;
const HI: u32 = 0x0800_0000;
const LO: u32 = 0x2000_0000;
/// The default window: LIOBN, bytes.
const D: u32 = 0x9000_0000;
const D_BYTES: u64 = 1 << 30;
/// The second LIOBN of the bridge.
const E: u32 = 0x9000_0001;
/// 2^59 as two cells.
const HIGH: [u32; 2] = [0x0800_0000, 0];

const OK: u32 = 0;
const HARDWARE: u32 = -1i32 as u32;
const PARAMETER: u32 = -3i32 as u32;

fn bridge() -> Rig {
    bridge_of(Rig::new())
}

fn bridge_of(mut rig: Rig) -> Rig {
    let default = Window::bytes(Liobn(D), 0, D_BYTES, PageShift::K4).expect("a window");
    let make = |window: Window| {
        let levels = if window.size() > 1 << 18 { 2 } else { 1 };
        IommuTable::with_levels(window, levels, Ioda2::default()).map(Arc::new)
    };
    let phb = Phb::new(BUID, default, ddw::DEFAULT_PAGE_SIZES, Box::new(make));
    phb.reset(&rig.all, &mut rig.agent).expect("the default window");
    rig.machine.phb = Some(phb);
    rig
}

/// The outputs of a call. The first is the status; an output that the call does not write is 0x55.
fn rtas<const N: usize>(r: &mut Rig, name: &str, inputs: &[u32]) -> [u32; N] {
    let (_, token) = rtas_tokens().find(|(known, _)| *known == name).expect(name);
    let outputs = u32::try_from(N).expect("few");
    let mut block = vec![token, u32::try_from(inputs.len()).expect("few"), outputs];
    block.extend(inputs);
    let at = LIST + 4 * block.len() as u64;
    block.extend([0x55; N]);
    r.write_words(LIST, &block);
    assert_eq!(r.status(H_RTAS, &[LIST]), Success);
    r.words(at)
}

const QUERY: &str = "ibm,query-pe-dma-window";
const CREATE: &str = "ibm,create-pe-dma-window";
const REMOVE: &str = "ibm,remove-pe-dma-window";
const RESET: &str = "ibm,reset-pe-dma-windows";

fn available(r: &mut Rig) -> u32 {
    let [status, available, ..] = rtas::<5>(r, QUERY, &[0, HI, LO]);
    assert_eq!(status, OK);
    available
}

fn create(r: &mut Rig, page_shift: u32, window_shift: u32) -> [u32; 4] {
    rtas(r, CREATE, &[0, HI, LO, page_shift, window_shift])
}

fn remove(r: &mut Rig, liobn: u32) -> u32 {
    rtas::<1>(r, REMOVE, &[liobn])[0]
}

fn put(r: &mut Rig, liobn: u32, ioba: u64, tce: u64) -> hcall::Status {
    r.status(H_PUT_TCE, &[liobn.into(), ioba, tce])
}

// papr-tce 7.86
#[test]
fn a_query_has_five_or_six_outputs_that_agree() {
    let mut r = bridge();
    let [s5, windows5, max, mask5, _] = rtas::<5>(&mut r, QUERY, &[0, HI, LO]);
    let [s6, windows6, max_hi, max_lo, mask6, _] = rtas::<6>(&mut r, QUERY, &[0, HI, LO]);
    assert_eq!((s5, windows5, mask5), (OK, 1, 0x107));
    assert_eq!((s6, windows6, mask6), (OK, 1, 0x107));
    assert_eq!(u64::from(max_hi) << 32 | u64::from(max_lo), u64::from(max));
    assert!(max >= 1 << 30, "a window for 4 TiB of 4 KiB pages");
}

// papr-tce 7.86; LoPAR: config_addr has the register fields 0
#[test]
fn wrong_counts_and_other_bridges_are_minus_3() {
    let mut r = bridge();
    assert_eq!(rtas::<4>(&mut r, QUERY, &[0, HI, LO])[0], PARAMETER);
    assert_eq!(rtas::<7>(&mut r, QUERY, &[0, HI, LO])[0], PARAMETER);
    assert_eq!(rtas::<5>(&mut r, QUERY, &[HI, LO])[0], PARAMETER);
    for (config, hi, lo) in [(0, HI + 1, LO), (0, HI, LO + 1), (1, HI, LO), (1 << 24, HI, LO)] {
        let expected = [PARAMETER, 0x55, 0x55, 0x55, 0x55];
        assert_eq!(rtas::<5>(&mut r, QUERY, &[config, hi, lo]), expected);
        assert_eq!(rtas::<4>(&mut r, CREATE, &[config, hi, lo, 16, 28])[0], PARAMETER);
        assert_eq!(rtas::<1>(&mut r, RESET, &[config, hi, lo])[0], PARAMETER);
    }
    assert_eq!(rtas::<5>(&mut r, QUERY, &[0x00ff_f800, HI, LO])[0], OK, "bus, device, function");
    r.machine.phb = None;
    assert_eq!(rtas::<5>(&mut r, QUERY, &[0, HI, LO])[0], PARAMETER);
    assert_eq!(remove(&mut r, D), PARAMETER);
}

// papr-tce 7.28 and 7.85
#[test]
fn a_second_window_is_at_2_to_the_59_and_a_third_is_refused() {
    let mut r = bridge();
    assert_eq!(create(&mut r, 16, 28), [OK, E, HIGH[0], HIGH[1]]);
    let start = 1 << 59;
    assert_eq!(put(&mut r, E, start, A | RW), Success);
    assert_eq!(put(&mut r, E, start + (1 << 28) - 0x1_0000, B | RW), Success);
    for outside in [start - 0x1_0000, start + (1 << 28), 0] {
        assert_eq!(put(&mut r, E, outside, A | RW), Parameter);
    }
    assert_eq!(available(&mut r), 0);
    assert_eq!(create(&mut r, 16, 28), [PARAMETER, 0x55, 0x55, 0x55]);
    assert_eq!(available(&mut r), 0);
    assert_eq!(r.get(E.into(), start), A | RW);
    r.assert_sound();
}

// papr-tce 7.84; bugs 61 and 62
#[test]
fn bug_61_and_62_shifts_that_cannot_be_are_refused_time_after_time() {
    let mut r = bridge();
    for _ in 0..2 {
        for (page, window) in [
            (13, 28),
            (0, 28),
            (11, 28),
            (34, 40), // a page size that this bridge does not offer
            (63, 70),
            (64, 70),
            (255, 255),
            (u32::MAX, u32::MAX),
            (16, 15), // smaller than its page
            (12, 44), // 2^32 entries
            (12, 64),
            (16, 255),
            (24, 60), // reaches behind the bus addresses for it
            (16, u32::MAX),
        ] {
            let refused = [PARAMETER, 0x55, 0x55, 0x55];
            assert_eq!(create(&mut r, page, window), refused, "{page} {window}");
        }
    }
    assert_eq!(available(&mut r), 1);
    assert_eq!(r.all.windows().len(), 4, "three of the rig, and the default one");
    assert_eq!(create(&mut r, 16, 16)[0], OK, "one page");
}

// Bug 59
#[test]
fn bug_59_a_window_of_more_than_4_gib_has_entries_to_its_end() {
    let mut r = bridge();
    assert_eq!(create(&mut r, 12, 43)[0], OK); // the most entries of a window
    let last = (1 << 59) + (1 << 43) - 0x1000;
    assert_eq!(put(&mut r, E, last, A | RW), Success);
    assert_eq!((r.get(E.into(), last), r.get(E.into(), last - 0x1000)), (A | RW, 0));
    assert_eq!(put(&mut r, E, last + 0x1000, A | RW), Parameter);
    r.assert_sound();
}

// papr-tce 7.82; bug 30: the entries are cleared and released first
#[test]
fn bug_30_a_removed_window_has_released_everything() {
    let mut r = bridge();
    assert_eq!(create(&mut r, 16, 28)[0], OK);
    assert_eq!(put(&mut r, E, 1 << 59, A | RW), Success);
    assert_eq!(r.pins(A), 1);
    assert_eq!(remove(&mut r, E), OK);
    assert_eq!((r.pins(A), r.dirty(A)), (0, true));
    assert_eq!(put(&mut r, E, 1 << 59, A | RW), Parameter);
    assert_eq!(remove(&mut r, E), PARAMETER);
    assert_eq!(create(&mut r, 16, 28)[0], OK);
    assert_eq!(r.get(E.into(), 1 << 59), 0, "a new one is empty");
    r.assert_sound();
}

#[test]
fn what_is_not_a_window_of_the_bridge_is_not_removed() {
    let mut r = bridge();
    for liobn in [0, E, 0x8000_0000, 0x8000_0002, u32::MAX] {
        assert_eq!(remove(&mut r, liobn), PARAMETER, "{liobn:#x}");
    }
    assert_eq!(r.get(L, 0), 0);
}

#[test]
fn the_default_window_gives_its_place_to_one_of_larger_pages() {
    let mut r = bridge();
    assert_eq!(put(&mut r, D, 0, A | RW), Success);
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(r.pins(A), 0);
    assert_eq!(available(&mut r), 2);
    assert_eq!(create(&mut r, 16, 30), [OK, D, 0, 0], "the free LIOBN at the free place");
    assert_eq!(put(&mut r, D, 0x1000, A | RW), Parameter, "pages are of 64 KiB now");
    assert_eq!(put(&mut r, D, 0x1_0000, A | RW), Success);
    assert_eq!(create(&mut r, 21, 30), [OK, E, HIGH[0], HIGH[1]]);
    r.assert_sound();
}

// papr-tce 7.83; bug 60
#[test]
fn bug_60_the_default_window_is_back_when_the_last_other_one_goes() {
    let mut r = bridge();
    assert_eq!(put(&mut r, D, 0, A | RW), Success);
    assert_eq!(create(&mut r, 16, 28)[0], OK);
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(put(&mut r, D, 0, A | RW), Parameter);
    assert_eq!(remove(&mut r, E), OK);
    assert_eq!(r.get(D.into(), 0), 0, "empty");
    assert_eq!(put(&mut r, D, D_BYTES - 0x1000, A | RW), Success);
    assert_eq!(available(&mut r), 1);
    // A window with the place and LIOBN of the default window is not the default window.
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(create(&mut r, 16, 28), [OK, D, 0, 0]);
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(put(&mut r, D, 0x1000, A | RW), Success, "pages are of 4 KiB again");
}

// papr-tce 7.83: removing the default window itself does not restore it
#[test]
fn the_default_window_does_not_come_back_by_itself() {
    let mut r = bridge();
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(put(&mut r, D, 0, A | RW), Parameter);
    assert_eq!(remove(&mut r, D), PARAMETER);
    assert_eq!(available(&mut r), 2);
}

// papr-tce 7.87; bugs 56 and 67
#[test]
fn bug_56_a_reset_leaves_the_default_window_empty_and_alone() {
    let mut r = bridge();
    for removed in [&[][..], &[D], &[D, E]] {
        assert_eq!(create(&mut r, 16, 28)[0], OK);
        assert_eq!(put(&mut r, D, 0, A | RW), Success);
        assert_eq!(put(&mut r, E, 1 << 59, B | RW), Success);
        removed.iter().for_each(|&liobn| assert_eq!(remove(&mut r, liobn), OK));
        assert_eq!(rtas::<1>(&mut r, RESET, &[0, HI, LO]), [OK]);
        assert_eq!((r.pins(A), r.pins(B)), (0, 0));
        assert_eq!(put(&mut r, E, 1 << 59, B | RW), Parameter);
        assert_eq!((r.get(D.into(), 0), available(&mut r)), (0, 1));
        r.assert_sound();
    }
}

/// A bridge that cannot make a table after that of the default window.
#[test]
fn a_table_that_cannot_be_made_is_minus_1_and_leaves_nothing() {
    let mut r = Rig::new();
    let default = Window::bytes(Liobn(D), 0, D_BYTES, PageShift::K4).expect("a window");
    let make = |window: Window| match window.page_shift() {
        PageShift::K4 => IommuTable::new(window, Ioda2::default()).map(Arc::new),
        _ => Err(iommu::Error::NoMemory),
    };
    let phb = Phb::new(BUID, default, ddw::DEFAULT_PAGE_SIZES, Box::new(make));
    phb.reset(&r.all, &mut r.agent).expect("the default window");
    r.machine.phb = Some(phb);
    for _ in 0..2 {
        assert_eq!(create(&mut r, 16, 28), [HARDWARE, 0x55, 0x55, 0x55]);
        assert_eq!(available(&mut r), 1);
    }
    assert_eq!(create(&mut r, 12, 28)[0], OK);
}

// papr-tce 3.5: a window of the size that a query offers can be created, and no larger one
#[test]
fn a_bridge_that_walks_less_says_so() {
    let mut r = bridge();
    r.machine.phb = r.machine.phb.take().map(|phb| phb.with_most_entries(1 << 20));
    let [status, _, max, ..] = rtas::<5>(&mut r, QUERY, &[0, HI, LO]);
    assert_eq!((status, max), (OK, 1 << 20));
    let [.., hi, lo, _, _] = rtas::<6>(&mut r, QUERY, &[0, HI, LO]);
    assert_eq!((hi, lo), (0, 1 << 20));
    assert_eq!(create(&mut r, 12, 33)[0], PARAMETER);
    assert_eq!(create(&mut r, 16, 37)[0], PARAMETER);
    assert_eq!(create(&mut r, 16, 36)[0], OK);
}

// Bug 57: a bridge that was never reset can be dropped
#[test]
fn bug_57_a_bridge_that_was_never_reset_answers_and_can_be_dropped() {
    let mut r = Rig::new();
    let default = Window::bytes(Liobn(D), 0, D_BYTES, PageShift::K4).expect("a window");
    let make = |_| Err(iommu::Error::NoMemory);
    drop(Phb::new(BUID, default, ddw::DEFAULT_PAGE_SIZES, Box::new(make)));
    r.machine.phb = Some(Phb::new(BUID, default, ddw::DEFAULT_PAGE_SIZES, Box::new(make)));
    assert_eq!(available(&mut r), 2);
    assert_eq!(remove(&mut r, D), PARAMETER);
    assert_eq!(create(&mut r, 16, 28)[0], HARDWARE);
    assert_eq!(rtas::<1>(&mut r, RESET, &[0, HI, LO]), [HARDWARE]);
    drop(r.machine.phb.take());
    r.assert_sound();
}

/// A bridge with a budget of `limit` bytes for the guest's windows.
fn with_budget(limit: u64, accel: Accel) -> (Rig, Arc<Budget>) {
    let budget = Budget::new(limit);
    let all = Container::new(Frames::new(MEMORY).expect("memory")).with_budget(budget.clone());
    (bridge_of(Rig::over(all, accel)), budget)
}

// LoPAR 2.9, ibm,query-pe-dma-window, R1-2, and the note of ibm,create-pe-dma-window: a window of the offered
// size can be made. A window beyond the resources is a parameter error, and nothing is made.
#[test]
fn a_window_above_the_budget_is_minus_3_and_leaves_nothing() {
    let (mut r, budget) = with_budget(1 << 20, Accel::default());
    let [status, windows, max, ..] = rtas::<5>(&mut r, QUERY, &[0, HI, LO]);
    assert_eq!((status, windows), (OK, 1));
    assert!(max.is_power_of_two() && (1 << 14..1 << 16).contains(&max), "{max}");
    for _ in 0..2 {
        assert_eq!(create(&mut r, 12, 12 + 18), [PARAMETER, 0x55, 0x55, 0x55]);
        assert_eq!((available(&mut r), budget.charged()), (1, 0));
        assert_eq!(r.all.windows().len(), 4, "three of the rig, and the default one");
    }
    assert_eq!(create(&mut r, 12, 12 + max.trailing_zeros())[0], OK);
    let entries = (0..u64::from(max)).map(|entry| (1 << 59) + (entry << 12));
    entries.for_each(|ioba| assert_eq!(put(&mut r, E, ioba, A | RW), Success));
    assert_eq!(remove(&mut r, E), OK);
    assert_eq!((budget.charged(), r.pins(A)), (0, 0));
    assert_eq!(rtas::<5>(&mut r, QUERY, &[0, HI, LO])[2], max);
}

fn saved_window(liobn: u32, start: u64, len: u64, shift: PageShift, default: bool) -> BridgeWindow {
    let window = Window::bytes(Liobn(liobn), start, len, shift).expect("a window");
    BridgeWindow { window, default }
}

/// Loads windows into the bridge as a saved machine has them.
fn load(r: &mut Rig, saved: &[BridgeWindow]) -> Result<(), Error> {
    let phb = r.machine.phb.as_ref().expect("a bridge");
    let claim = phb.claim(&r.all, saved)?;
    phb.load(&r.all, &mut r.agent, claim)
}

fn saved(r: &Rig) -> Vec<BridgeWindow> {
    r.machine.phb.as_ref().expect("a bridge").save(&r.all)
}

#[test]
fn windows_that_the_guest_made_come_back_empty_in_another_bridge() {
    let (mut r, mut other) = (bridge(), bridge());
    let default = saved_window(D, 0, D_BYTES, PageShift::K4, true);
    assert_eq!(saved(&r), [default]);
    assert_eq!(create(&mut r, 16, 28)[0], OK);
    let high = saved_window(E, 1 << 59, 1 << 28, PageShift::K64, false);
    assert_eq!(saved(&r), [default, high]);
    assert_eq!(put(&mut other, D, 0, A | RW), Success);
    load(&mut other, &saved(&r)).expect("claimed");
    assert_eq!((saved(&other), other.pins(A)), (saved(&r), 0));
    // A window of the guest's in the default one's place, with its size and its pages, is not the default one.
    assert_eq!((remove(&mut r, D), remove(&mut r, E)), (OK, OK));
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(saved(&r), []);
    assert_eq!(create(&mut r, 12, 30)[0], OK);
    let made = BridgeWindow { default: false, ..default };
    assert_eq!(saved(&r), [made]);
    load(&mut other, &saved(&r)).expect("claimed");
    assert_eq!(remove(&mut other, D), OK);
    assert_eq!(saved(&other), [default], "it comes back when the guest's own goes");
    load(&mut other, &[]).expect("claimed");
    assert_eq!((saved(&other), available(&mut other)), (vec![], 2));
    other.assert_sound();
}

#[test]
fn windows_that_no_guest_of_the_bridge_has_are_not_claimed() {
    let (mut r, budget) = with_budget(1 << 20, Accel::default());
    let (default, high) = (saved_window(D, 0, D_BYTES, PageShift::K4, true), 1 << 59);
    let made = |liobn, start, len, shift| saved_window(liobn, start, len, shift, false);
    let page = |shift| PageShift::new(shift).expect("a page");
    let refused = [
        vec![
            default,
            made(E, high, 1 << 24, PageShift::K64),
            made(E, high, 1 << 24, PageShift::K64),
        ],
        vec![default, made(D, high, 1 << 24, PageShift::K64)],
        vec![default, made(E, 0, 1 << 24, PageShift::K64)],
        vec![default, default],
        vec![made(E + 1, high, 1 << 24, PageShift::K64)],
        vec![made(E, 1 << 58, 1 << 24, PageShift::K64)],
        vec![made(E, high, 3 << 24, PageShift::K64)],
        vec![made(E, high, 1 << 25, page(25))],
        vec![saved_window(D, 0, 1 << 24, PageShift::K4, true)],
        vec![saved_window(E, high, 1 << 24, PageShift::K64, true)],
    ];
    for windows in refused {
        let before = saved(&r);
        assert_eq!(load(&mut r, &windows), Err(Error::Incompatible(Liobn(D))), "{windows:?}");
        assert_eq!((saved(&r), budget.charged()), (before, 0));
    }
    let large = [default, made(E, high, 1 << 30, PageShift::K4)];
    assert_eq!(load(&mut r, &large), Err(Error::OverBudget));
    assert_eq!((saved(&r), budget.charged()), (vec![default], 0));
}

// LoPAR 2.9, H_NOT_ENOUGH_RESOURCES; papr-tce 2.9: Linux undoes its mapping on no other status.
#[test]
fn entries_above_the_budget_get_the_resource_status_and_change_nothing() {
    for (start, profile) in Tier::ALL.into_iter().flat_map(|t| Profile::ALL.map(|p| (t, p))) {
        let (mut r, budget) = with_budget(2 << 20, Accel::new(start).with_profile(profile));
        assert_eq!(create(&mut r, 12, 12 + 21)[0], OK, "its top levels fit");
        let at = |entry: u64| (1u64 << 59) + (entry << 12);
        let mut steps = (0..1u64 << 21).step_by(4096);
        let refused = steps.find(|&entry| put(&mut r, E, at(entry), A | RW) != Success);
        let refused = refused.expect("the budget ends before the window");
        let (state, charged) = (r.state(), budget.charged());
        let liobn = u64::from(E);
        r.write_list(LIST, &[B | RW; 200]);
        for (token, args) in [
            (H_PUT_TCE, vec![liobn, at(refused), B | RW]),
            (H_PUT_TCE_INDIRECT, vec![liobn, at(refused - 100), LIST, 200]),
            // KVM stuffs no mapping.
            (H_STUFF_TCE, vec![liobn, at(refused - 100), B, 200]),
        ] {
            let status = r.status(token, &args);
            assert_eq!(status, NotEnoughResources, "{token:#x} from {start}, {}", profile.name);
            assert_eq!((r.state(), budget.charged()), (state.clone(), charged));
        }
        assert_eq!(put(&mut r, E, at(refused), 0), Success, "clearing needs no memory");
        assert_eq!(
            put(&mut r, D, 0x5000, A | RW),
            Success,
            "the default window is the machine's own"
        );
        assert!(budget.charged() <= budget.limit());
        r.assert_sound();
        assert_eq!(rtas::<1>(&mut r, RESET, &[0, HI, LO]), [OK]);
        assert_eq!(budget.charged(), 0);
        r.assert_sound();
    }
}

// The rules of QEMU and KVM accept more entries than a list has at once; such a call is all or nothing, too.
#[test]
fn stuffing_a_long_range_is_refused_before_its_first_entry() {
    for (profile, tce) in [(Profile::QEMU, A | RW), (Profile::KVM, 0x5a5a_0000)] {
        let (mut r, budget) = with_budget(1 << 20, Accel::default().with_profile(profile));
        assert_eq!(create(&mut r, 12, 43)[0], OK);
        assert_eq!(put(&mut r, E, 1 << 59, A | RW), Success);
        let count = 200_000;
        let status = r.status(H_STUFF_TCE, &[E.into(), 1 << 59, tce, count]);
        assert_eq!(status, NotEnoughResources, "{}", profile.name);
        assert_eq!(r.get(E.into(), 1 << 59), A | RW);
        assert!((1..count).step_by(997).all(|n| r.get(E.into(), (1 << 59) + (n << 12)) == 0));
        assert!(budget.charged() <= budget.limit());
        r.assert_sound();
    }
}

/// The host no longer has memory for the default window's table.
#[test]
fn a_window_stays_when_the_default_one_cannot_come_back() {
    let mut r = Rig::new();
    let default = Window::bytes(Liobn(D), 0, D_BYTES, PageShift::K4).expect("a window");
    let left = std::sync::atomic::AtomicU32::new(1);
    let make = move |window: Window| {
        let made = left.fetch_update(SeqCst, SeqCst, |left| match window.page_shift() {
            PageShift::K4 => left.checked_sub(1),
            _ => Some(left),
        });
        made.map_err(|_| iommu::Error::NoMemory)?;
        IommuTable::new(window, Ioda2::default()).map(Arc::new)
    };
    let phb = Phb::new(BUID, default, ddw::DEFAULT_PAGE_SIZES, Box::new(make));
    phb.reset(&r.all, &mut r.agent).expect("the default window");
    r.machine.phb = Some(phb);
    assert_eq!(remove(&mut r, D), OK);
    assert_eq!(create(&mut r, 16, 28)[0], OK);
    assert_eq!(put(&mut r, D, 0x1_0000, A | RW), Success);
    assert_eq!(remove(&mut r, D), HARDWARE);
    assert_eq!(rtas::<1>(&mut r, RESET, &[0, HI, LO]), [HARDWARE]);
    assert_eq!((r.get(D.into(), 0x1_0000), r.pins(A)), (A | RW, 1), "nothing was changed");
    r.assert_sound();
}

/// An operation of a guest on its windows.
#[derive(Clone, Debug)]
enum Op {
    Create(u32, u32),
    Remove(u32),
    Reset,
    Put(u32, u64, u64),
}

fn op() -> impl Strategy<Value = Op> {
    let liobn = || prop::sample::select(vec![D, D, E, E, 7, 0x8000_0000]);
    let shift = || prop::sample::select(vec![12, 16, 21, 24, 13, 28, 30, 34, 43, 44, 59, 64, 255]);
    let ioba =
        prop::sample::select(vec![0, 0x1000, 0x1_0000, 1 << 30, 1 << 59, (1 << 59) + 0x1_0000]);
    prop_oneof![
        3 => (shift(), shift()).prop_map(|(page, window)| Op::Create(page, window)),
        2 => liobn().prop_map(Op::Remove),
        1 => Just(Op::Reset),
        6 => (liobn(), ioba, 0..8u64, 0..4u64)
            .prop_map(|(liobn, ioba, page, rw)| Op::Put(liobn, ioba, page << 16 | rw)),
    ]
}

/// The windows of the bridge by papr-tce 3.5. Index: the last digit of the LIOBN. Fields: start, page shift,
/// bytes, true for the default window.
#[derive(Default)]
struct Model([Option<(u64, u32, u64, bool)>; 2]);

impl Model {
    fn reset(&mut self) {
        self.0 = [Some((0, 12, D_BYTES, true)), None];
    }

    fn create(&mut self, page: u32, window: u32) -> [u32; 4] {
        let no = |status| [status, 0x55, 0x55, 0x55];
        let fits = window >= page && window - page <= 31 && window <= 59;
        if ![12, 16, 21, 24].contains(&page) || !fits {
            return no(PARAMETER);
        }
        let Some(free) = self.0.iter().position(Option::is_none) else { return no(PARAMETER) };
        let low = self.0.iter().flatten().all(|window| window.0 != 0);
        let start = if low { 0 } else { 1 << 59 };
        self.0[free] = Some((start, page, 1 << window, false));
        let [hi, lo] = if low { [0, 0] } else { HIGH };
        [OK, [D, E][free], hi, lo]
    }

    fn remove(&mut self, liobn: u32) -> u32 {
        let found = [D, E].iter().position(|&known| known == liobn);
        let gone = found.and_then(|at| self.0[at].take());
        match gone {
            None => return PARAMETER,
            Some((.., false)) if self.0.iter().all(Option::is_none) => self.reset(),
            Some(_) => {}
        }
        OK
    }

    fn takes(&self, liobn: u32, ioba: u64, tce: u64) -> bool {
        let at = [D, E].iter().position(|&known| known == liobn);
        at.and_then(|at| self.0[at]).is_some_and(|(start, page, bytes, _)| {
            let inside = ioba.checked_sub(start).is_some_and(|at| at < bytes);
            let size = 1u64 << page;
            let owned = (tce & !3).is_multiple_of(size) && (tce & !3) + size <= MEMORY;
            inside && ioba.is_multiple_of(size) && (tce & 3 == 0 || owned)
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    // papr-tce 3.5, 7.82 to 7.87: calls in any order; the invariants hold after each
    #[test]
    fn any_windows_come_and_go_as_the_rules_say(ops in prop::collection::vec(op(), 1..60)) {
        let mut r = bridge();
        let mut model = Model::default();
        model.reset();
        for op in &ops {
            match *op {
                Op::Create(page, window) => {
                    prop_assert_eq!(create(&mut r, page, window), model.create(page, window));
                }
                Op::Remove(liobn) => prop_assert_eq!(remove(&mut r, liobn), model.remove(liobn)),
                Op::Reset => {
                    prop_assert_eq!(rtas::<1>(&mut r, RESET, &[0, HI, LO]), [OK]);
                    model.reset();
                }
                Op::Put(liobn, ioba, tce) if liobn != 0x8000_0000 => {
                    let taken = put(&mut r, liobn, ioba, tce) == Success;
                    prop_assert_eq!(taken, model.takes(liobn, ioba, tce), "{:x?}", op);
                }
                Op::Put(..) => {}
            }
            let there = model.0.iter().flatten().count();
            prop_assert_eq!(available(&mut r), 2 - there as u32);
            prop_assert_eq!(r.all.windows().len(), 3 + there);
            prop_assert!(r.all.audit().holds(), "{:?} after {:x?}", r.all.audit(), op);
        }
        rtas::<1>(&mut r, RESET, &[0, HI, LO]);
        prop_assert_eq!(r.all.audit(), iommu::Audit::default());
    }
}

// LoPAR 2.9, ibm,ddw-applicable and ibm,ddw-extensions; QEMU: the same three cells
#[test]
fn the_device_tree_gives_the_tokens_of_the_rows() {
    let token = |name| rtas_tokens().find(|(known, _)| *known == name).expect("a row").1;
    assert_eq!(ddw::applicable(), [QUERY, CREATE, REMOVE].map(token));
    assert_eq!(ddw::extensions(), [2, token(RESET), 1]);
}

// A window comes and goes while another vCPU uses it: each call finds the window or is refused
#[test]
fn windows_come_and_go_under_calls() {
    let mut r = bridge();
    let mut other = Rig::new();
    let (all, memory) = (r.all.clone(), r.memory.clone());
    let vcpu = std::thread::spawn(move || {
        let mut agent = all.agent();
        let mut mapped = 0;
        while mapped < 2_000 {
            let mut regs = [H_PUT_TCE, E.into(), 1 << 59, A | RW, 0, 0, 0, 0, 0, 0];
            let mut caller = hcall::Caller::new(&all, &memory, &mut agent, &mut other.machine);
            match hcall::dispatch(&mut caller, &mut regs).status {
                Success => mapped += 1,
                status => assert_eq!(status, Parameter),
            }
        }
    });
    while !vcpu.is_finished() {
        assert_eq!(create(&mut r, 16, 28)[0], OK);
        std::thread::yield_now();
        assert_eq!(remove(&mut r, E), OK);
    }
    vcpu.join().expect("no assertion failed");
    assert_eq!(r.pins(A), 0);
    r.assert_sound();
}
