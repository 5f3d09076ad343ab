// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Tables of several levels under a guest's window.

use iommu::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tests::dma_rig::{A, B, L, MEMORY, RW};

const TIB: u64 = 1 << 40;

fn window(bytes: u64, shift: u32) -> Window {
    Window::bytes(L, 0, bytes, PageShift::new(shift).expect("a shift")).expect("a window")
}

fn over(window: Window, table: IommuTable) -> (Container, Arc<IommuTable>) {
    let table = Arc::new(table);
    let all = Container::new(Frames::new(MEMORY).expect("memory"));
    all.add_window(window, table.clone()).expect("a window");
    (all, table)
}

fn levels(window: Window, levels: u32) -> Result<IommuTable, Error> {
    IommuTable::with_levels(window, levels, Ioda2::default())
}

// bug 29: a window of 2^40 bytes takes memory only for the parts that are used, in the table and in the view.
#[test]
fn bug_29_a_window_of_2_to_40_bytes_costs_what_is_touched() {
    for n in 2..=5 {
        let window = window(TIB, 12);
        let (all, table) = over(window, levels(window, n).expect("possible"));
        let mut agent = all.agent();
        for ioba in [0, 0x1000, TIB / 2, TIB - 0x1000] {
            all.put(&mut agent, L, Ioba(ioba), RawTce(A | RW)).expect("put");
            assert_eq!(all.tce(&mut agent, L, Ioba(ioba)), Ok(RawTce(A | RW)));
        }
        // The top level, and for each of three places at most all levels below it.
        let levels = table.allocated_levels();
        assert!((3 + 1..=1 + 3 * (n as usize - 1)).contains(&levels), "{levels}");
        assert!(all.windows()[0].view().allocated_chunks() <= 1 + 3 * 2);
        assert_eq!(all.audit(), Audit { live: 4, ..Audit::default() });
        all.clear(&mut agent);
        assert_eq!(all.audit(), Audit::default());
    }
}

// papr-tce 7.78, 7.68: clearing allocates nothing.
#[test]
fn clearing_what_no_level_exists_for_is_success_and_allocates_nothing() {
    let window = window(TIB, 12);
    let (all, table) = over(window, levels(window, 3).expect("possible"));
    let mut agent = all.agent();
    all.put(&mut agent, L, Ioba(TIB / 2), RawTce(0)).expect("clear");
    all.stuff(&mut agent, L, Ioba(0x1000), RawTce(0), 512).expect("clear");
    all.put_list(&mut agent, L, Ioba(0x7000_0000), &[0; 512]).expect("clear");
    assert_eq!((table.allocated_levels(), agent.totals().released), (1, 0));
    let mut batch = Batch::new(&table, all.frames(), &mut agent).expect("it exchanges");
    assert_eq!(batch.tce_xchg(HwEntry(12345), Tce::CLEAR), Ok(Tce::CLEAR));
    drop(batch);
    assert_eq!(table.allocated_levels(), 1);
}

// Linux: `pnv_pci_ioda2_table_alloc_pages`; papr-tce 3.3.
#[test]
fn impossible_numbers_of_levels_are_refused() {
    let ok = window(TIB, 12);
    for n in [0, 6, 100] {
        assert_eq!(levels(ok, n).err(), Some(Error::Levels(n)));
    }
    let odd = Window::new(L, PageShift::K4, 0, (1 << 20) + 1).expect("a window");
    assert_eq!(levels(odd, 2).err(), Some(Error::Levels(2)), "not a power of two");
    // 43 bits of entry and 12 bits of page are 55, however they are split.
    for n in 2..=5 {
        assert_eq!(levels(window(1 << 55, 12), n).err(), Some(Error::Levels(n)));
    }
    assert!(levels(window(1 << 50, 12), 5).is_ok());
    for bridge in [Bridge::new(BridgeKind::P5IOC2), Bridge::new(BridgeKind::IODA1)] {
        assert_eq!(bridge.create_table(ok, 2).err(), Some(Error::Levels(2)), "walks one level");
    }
    assert_eq!(IommuTable::new(ok, Ioda2::default()).err(), Some(Error::TooLarge(1 << 28)));
}

#[test]
fn every_page_size_maps_and_a_batch_crosses_levels() {
    for shift in [12, 16, 21] {
        let window = window(1 << 40, shift);
        let (all, _) = over(window, levels(window, 2).expect("possible"));
        let mut agent = all.agent();
        let page = 1u64 << shift;
        let leaf = (1u64 << ((40 - shift).div_ceil(2))) * page;
        let list: Vec<u64> = (0..64).map(|n| ((n * page) % MEMORY) | RW).collect();
        let first = Ioba(leaf - 32 * page);
        all.put_list(&mut agent, L, first, &list).expect("list");
        for (n, &raw) in (0..).zip(&list) {
            assert_eq!(all.tce(&mut agent, L, Ioba(first.0 + n * page)), Ok(RawTce(raw)));
        }
        assert_eq!(all.audit(), Audit { live: 64, ..Audit::default() });
        all.stuff(&mut agent, L, first, RawTce(0), 64).expect("clear");
        assert_eq!(all.audit(), Audit::default());
    }
}

// Windows of large pages, 16 MiB and 1 GiB, over memory of two such pages.
#[test]
fn large_pages_map_where_memory_is_large_enough() {
    for (shift, memory) in [(24, 1u64 << 25), (30, 1 << 31)] {
        let window = window(1 << 44, shift);
        let all = Container::new(Frames::new(memory).expect("memory"));
        all.add_window(window, levels(window, 2).expect("possible")).expect("a window");
        let mut agent = all.agent();
        let page = 1u64 << shift;
        all.put(&mut agent, L, Ioba((1 << 44) - page), RawTce(page | RW)).expect("put");
        let outside = all.put(&mut agent, L, Ioba(0), RawTce(memory | RW));
        assert_eq!(outside, Err(Error::NotOwned(Gpa(memory))));
        assert_eq!(all.audit(), Audit { live: 1, ..Audit::default() });
    }
}

/// Refuses memory from the nth request on.
struct NoMemory(AtomicI64);

impl Faults for NoMemory {
    fn no_memory(&self, _: Liobn) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) <= 0
    }
}

// papr-tce 7.75, and bug 49: without memory for a level or for the view nothing changes.
#[test]
fn bug_49_without_memory_a_call_fails_and_changes_nothing() {
    for allowed in 0..6 {
        let window = window(TIB, 12);
        let faults = Arc::new(NoMemory(AtomicI64::new(i64::MAX)));
        let all = Container::new(Frames::new(MEMORY).expect("memory")).with_faults(faults.clone());
        all.add_window(window, levels(window, 3).expect("possible")).expect("a window");
        let mut agent = all.agent();
        all.put(&mut agent, L, Ioba(0), RawTce(A | RW)).expect("put");
        faults.0.store(allowed, Ordering::Relaxed);
        // The second half is in another leaf, and in another chunk of the view.
        let ioba = Ioba((1 << 34) - 0x100_000);
        let (pinned, list) = (agent.totals().pinned, [B | RW; 512]);
        let result = all.put_list(&mut agent, L, ioba, &list);
        // The view needs two chunks and a level above each half, the table two leaves and levels.
        if allowed < 4 {
            assert_eq!(result, Err(Error::NoMemory), "{allowed} levels");
        }
        let live = if result.is_ok() { 513 } else { 1 };
        assert_eq!(agent.totals().pinned - pinned, live - 1);
        assert_eq!(all.audit(), Audit { live, ..Audit::default() }, "{allowed} levels");
        faults.0.store(i64::MAX, Ordering::Relaxed);
        all.put_list(&mut agent, L, ioba, &list).expect("memory again");
        assert_eq!(all.audit(), Audit { live: 513, ..Audit::default() });
    }
}

// papr-tce 7.33: there is no memory for a level of the second of two hardware tables
#[test]
fn a_failure_in_the_second_table_leaves_the_first_one_and_the_view_as_they_were() {
    let small = window(1 << 30, 12);
    let all = Container::new(Frames::new(MEMORY).expect("memory"));
    let first = Arc::new(IommuTable::new(small, Ioda2::default()).expect("a table"));
    let second = Arc::new(levels(window(TIB, 12), 2).expect("possible"));
    all.add_window(small, first.clone()).expect("a window");
    all.attach(L, second.clone()).expect("larger");
    let mut agent = all.agent();
    let end = 1 << 26; // of the first level of the second table
    all.put(&mut agent, L, Ioba(end - 0x1000), RawTce(A | RW)).expect("put");
    agent.set_may_allocate(false);
    let list = [B | RW, B | RW];
    let failed = all.put_list(&mut agent, L, Ioba(end - 0x1000), &list);
    assert_eq!(failed, Err(Error::NoMemory));
    let page = all.frames().page(Gpa(A), PageShift::K4).expect("a page");
    for table in [&first, &second] {
        let entries = [(end >> 12) - 1, end >> 12].map(|n| table.tce(HwEntry(n)).expect("in it"));
        assert_eq!(entries, [Tce::new(page, Direction::Bidirectional), Tce::CLEAR]);
    }
    assert_eq!(all.tce(&mut agent, L, Ioba(end - 0x1000)), Ok(RawTce(A | RW)));
    assert_eq!(all.audit(), Audit { live: 2, ..Audit::default() });
    agent.set_may_allocate(true);
    all.put_list(&mut agent, L, Ioba(end - 0x1000), &list).expect("memory again");
    assert_eq!(all.audit(), Audit { live: 4, ..Audit::default() });
}

// bug 58: a table that is attached later to a window with an offset
#[test]
fn bug_58_a_table_that_is_attached_later_has_the_windows_offset() {
    let start = 1 << 59;
    let window = Window::bytes(L, start, 1 << 30, PageShift::K64).expect("a window");
    let all = Container::new(Frames::new(MEMORY).expect("memory"));
    all.add_view(window).expect("a new LIOBN");
    let mut agent = all.agent();
    let ioba = Ioba(start + 0x7_0000);
    all.put(&mut agent, L, ioba, RawTce(A | RW)).expect("only the view");
    let table = Arc::new(levels(window, 2).expect("possible"));
    all.attach(L, table.clone()).expect("compatible");
    assert_eq!(table.allocated_levels(), 1, "nothing is replayed (papr-tce 5.2)");
    // The process that attached the table replays the values that the guest reads back.
    let tce = all.tce(&mut agent, L, ioba).expect("in the window");
    all.put(&mut agent, L, ioba, tce).expect("put");
    let page = all.frames().page(Gpa(A), PageShift::K64).expect("a page");
    let mapped = Tce::new(page, Direction::Bidirectional);
    assert_eq!(table.tce(HwEntry(7)), Ok(mapped));
    assert_eq!(all.audit(), Audit { live: 1, ..Audit::default() });
}

// papr-tce 4.6: the mask of a page of 16 GiB has 34 bits, not 31
#[test]
fn a_page_of_16_gib_is_masked_in_all_its_bits() {
    let window = Window::bytes(L, 0, 1 << 36, PageShift::new(34).expect("a shift"));
    let window = window.expect("a window");
    for bit in 0..34 {
        assert_eq!(window.check_address(1 << bit), Err(Error::LowBits(1 << bit)));
        assert_eq!(window.entry(Ioba(1 << bit)), Err(Error::Unaligned(Ioba(1 << bit))));
    }
    assert_eq!(window.check_address(3 << 34), Ok(()));
    assert_eq!(window.entry(Ioba(3 << 34)), Ok(GuestEntry(3)));
}

// papr-tce 7.79; bug 22 through the whole path
#[test]
fn bug_22_threads_that_need_one_missing_level_all_see_their_entries() {
    for _ in 0..20 {
        let window = window(TIB, 12);
        let (all, _) = over(window, levels(window, 3).expect("possible"));
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for n in 0..4u64 {
                let (all, start) = (&all, &start);
                scope.spawn(move || {
                    let mut agent = all.agent();
                    start.wait();
                    for k in 0..32 {
                        let ioba = Ioba(TIB / 2 + ((4 * k + n) << 12));
                        all.put(&mut agent, L, ioba, RawTce(A | RW)).expect("put");
                    }
                });
            }
        });
        assert_eq!(all.audit(), Audit { live: 128, ..Audit::default() });
    }
}
